package app_test

import (
	"regexp"
	"strings"
	"testing"

	"github.com/chromedp/cdproto/network"

	"sportello/app/desk/ticket"
)

// TestRightsAreKeptInBothLanguages makes and ends a token, gives a program its account, hands on what belongs to somebody who
// leaves, invites somebody, who accepts, and keeps a ticket from colleagues. axe looks at each page on the way, light and
// dark. Each language goes once, one of them without scripts; SPORTELLO_JOURNEYS=all goes all four ways.
func TestRightsAreKeptInBothLanguages(t *testing.T) {
	t.Parallel()
	source := axeSource(t)
	inLanguages(t, func(t *testing.T, lang string, scripts bool) { keepRights(t, source, lang, scripts) })
}

func keepRights(t *testing.T, source, lang string, scripts bool) {
	w := sendingWorld(t)
	say := func(key string, args ...any) string { return w.app.Words.Text(lang, key, args...) }
	as := func(role string) *walk {
		s := w.walkAs(t, role, scripts)
		s.run(network.SetExtraHTTPHeaders(network.Headers{"Accept-Language": lang}))
		return s
	}
	clean := func(s *walk) { s.clean(source) }

	// A token that reads tickets, shown once and ended.
	w.password("requester")
	ada := as("requester")
	ada.visit("/me")
	ada.in("#tokens").fill(say("me.token-for"), "Cruscotto")
	ada.in("#tokens").choose(say("tokens.access"), say("tokens.access-read"))
	ada.in("#tokens").tick(say("tokens.noun-tickets"))
	ada.in("#tokens").fill(say("me.confirm"), testPassword)
	ada.in("#tokens").follow(say("me.make-token"))
	ada.sees(say("me.token-once"))
	clean(ada)
	ada.visit("/me")
	ada.misses(say("me.token-once"))
	ada.in("#tokens").sees("Cruscotto", say("tokens.reads", "what", strings.ToLower(say("tokens.noun-tickets"))))
	ada.in("#tokens").follow(say("me.revoke"))
	ada.in("#tokens").misses("Cruscotto")

	// A ticket kept from coordinators and colleagues, and shown to them again.
	kept := w.asks("requester", "Un conguaglio da tenere per me")
	ada.visit("/tickets/" + itoa(kept.ID))
	ada.in("#sight").follow(say("side.narrow"))
	clean(ada)
	ada.in("#sight").follow(say("side.widen"))
	ada.sees(say("flash.side-widened"))

	// The program's account belongs to two people.
	root := as("administrator")
	root.visit("/admin/service-accounts")
	clean(root)
	root.fill(say("services.name"), "Protocollo")
	root.fill(say("services.email"), "protocollo@example.it")
	root.fill(say("services.owner-1"), "mai.visto@example.it")
	root.fill(say("services.owner-2"), "agent@example.it")
	root.in("main form").follow(say("services.add"))
	root.refused(say("error.owner-unknown"))
	root.fill(say("services.owner-1"), "requester@example.it")
	root.in("main form").follow(say("services.add"))
	root.sees("Protocollo")
	ada.visit("/me")
	ada.in("#service-accounts").follow("Protocollo")
	ada.sees("Bruno Galli")
	clean(ada)

	// Somebody leaves the group; what is theirs goes to the supervisor.
	w.does("agent", kept.ID, ticket.Step{Take: true})
	root.visit("/admin/people/" + itoa(w.people["agent"].ID))
	root.follow(say("leave.go"))
	clean(root)
	root.choose(say("leave.tickets"), "Sara Responsabile")
	root.follow(say("leave.do"))
	root.sees(say("leave.tickets") + ": 0")
	if got := w.row(kept.ID); got.Assignee != w.people["supervisor"].ID {
		t.Errorf("the ticket is with %d", got.Assignee)
	}

	// Who may see the organisation's tickets is read before it is saved.
	root.visit("/admin/organisations/" + w.things["organisation"])
	root.follow(say("sharing.short"))
	root.tick(say("sharing.with-everybody"))
	root.follow(say("sharing.look"))
	clean(root)
	root.follow(say("sharing.save"))
	root.sees(say("flash.sharing-saved"))

	// A coordinator invites; the person chooses a password and is in.
	rita := as("coordinator")
	rita.visit("/organisations/" + w.code(w.things["organisation"]) + "/people/invitations")
	rita.fill(say("people.email"), "nuova@altrove.example")
	rita.fill(say("me.name"), "Nuova D'Angelo")
	rita.in("#invite").follow(say("invitations.do"))
	rita.sees("Nuova D'Angelo", say("invitations.waits"))
	clean(rita)
	_, text := w.letterText("nuova@altrove.example")
	link := regexp.MustCompile(`/invited/[\w-]+`).FindString(text)
	if link == "" {
		t.Fatalf("no link in %s", text)
	}
	nuova := w.walk(t, scripts)
	nuova.run(network.SetExtraHTTPHeaders(network.Headers{"Accept-Language": lang}))
	nuova.visit(link)
	clean(nuova)
	nuova.fill(say("password.new"), testPassword)
	nuova.fill(say("password.again"), testPassword)
	nuova.follow(say("invitations.accept"))
	nuova.sees(say("flash.invitation-in"))
	rita.visit("/organisations/" + w.code(w.things["organisation"]) + "/people")
	rita.sees("Nuova D'Angelo")
	clean(rita)
}
