package app_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/chromedp/cdproto/network"

	"sportello/app/address"
)

// TestWhoSeesTicketsIsChosenAndExplained shares the tickets of an organisation, keeps one from it, and reads why somebody does
// not see it; the pages that a form leads to are looked at by axe as well.
func TestWhoSeesTicketsIsChosenAndExplained(t *testing.T) {
	t.Parallel()
	source := axeSource(t)
	inLanguages(t, func(t *testing.T, lang string, scripts bool) { shareTickets(t, source, lang, scripts) })
}

func shareTickets(t *testing.T, source, lang string, scripts bool) {
	w := newSharedWorld(t)
	say := func(key string, args ...any) string { return w.app.Words.Text(lang, key, args...) }
	as := func(role string) *walk {
		s := w.walkAs(t, role, scripts)
		s.run(network.SetExtraHTTPHeaders(network.Headers{"Accept-Language": lang}))
		return s
	}
	place, name := "Ateneo", w.people["unit-colleague"].Name
	_, many, _ := strings.Cut(say("sharing.opens", "n", 1000), " ")

	root := as("administrator")
	root.visit(fmt.Sprintf("/admin/organisations/%d", w.home))
	root.follow(say("sharing.short"))
	root.tick(say("sharing.with-everybody"))
	root.follow(say("sharing.look"))
	root.sees(say("sharing.before"), many, say("sharing.closes-none"))
	root.clean(source)
	root.follow(say("sharing.save"))
	root.sees(say("flash.sharing-saved"))

	colleague := as("unit-colleague")
	colleague.visit("/tickets")
	colleague.follow(say("own.colleagues"))
	colleague.follow(w.ticket.Subject)
	colleague.sees("non si aprono") // what the requester wrote
	colleague.misses(say("side.narrow"))
	colleague.clean(source)

	ada := as("requester")
	ada.visit(address.Ticket(w.ticket.ID))
	ada.in("#sight").sees(say("side.seen-everybody", "place", place))
	ada.in("#sight").follow(say("side.narrow"))
	ada.in("#sight").sees(say("side.seen-nobody"))
	ada.clean(source)
	colleague.visit("/tickets?of=organisation")
	colleague.misses(w.ticket.Subject)

	root.visit(fmt.Sprintf("/admin/people/%d", w.people["unit-colleague"].ID))
	root.follow(say("sight.go"))
	root.fill(say("sight.number"), fmt.Sprint(w.ticket.ID))
	root.follow(say("sight.ask"))
	root.sees(say("sight.no", "name", name, "number", w.ticket.ID), say("sight.bar-narrowed"))
	root.clean(source)
}
