package delivery

import (
	"slices"
	"strings"

	"sportello/app/address"
	"sportello/app/desk/notice"
	"sportello/store"
	"sportello/store/event"
)

type letterLink struct{ Name, Address, text string }

func (w *letterWriter) links(p *letterPage) {
	add := func(plain, with, address string, args ...any) {
		if slices.ContainsFunc(p.Lines, func(l letterLine) bool {
			return slices.ContainsFunc(l.Intro, func(s letterParagraph) bool { return s.leads == address })
		}) {
			return // the administrator's text already contains it
		}
		p.Links = append(p.Links, letterLink{Name: w.t(plain, args...), Address: address, text: w.t(with, append(args, "link", address)...)})
	}
	switch {
	case w.o.Account == event.AccessKnown:
		add("letter.access-more-plain", "letter.access-more", w.link())
	case w.o.Account == event.AccessNew:
		add("letter.access-decide-plain", "letter.access-decide", w.link())
	case w.o.Page != "":
		if w.o.Account.WithLink() {
			add("letter.password-plain", "letter.password", w.link())
		}
		add("letter.access-own-plain", "letter.access-own", w.base(address.OwnAccess(w.o.Page)))
	case w.o.Account == event.HatOffered:
		add("letter.invitation-plain", "letter.invitation", w.link())
	case w.o.Account.OfAccount() && w.o.Link != "":
		add("letter.password-plain", "letter.password", w.link())
	case w.o.Account.OfAccount():
		switch {
		case w.o.Account.OfService():
			add("letter.service-plain", "letter.service", w.link())
		case w.o.Account.OfList():
			add("letter.list-plain", "letter.list", w.base(address.Members(w.o.Lines[0].Code)))
		case w.o.Account.OfWork():
			add("letter.queue-plain", "letter.queue", w.link())
		default:
			add("letter.account-plain", "letter.account", w.link())
		}
	case w.o.Letter.Contact != 0: // whoever has no account chooses nothing
	case w.o.Ticket == nil:
		add("letter.choose-plain", "letter.choose", w.base("/me"))
	case w.o.Link != "":
		add("letter.read-plain", "letter.read", w.link(), "date", w.date(w.now.AddDate(0, 0, 30)))
	default:
		add("letter.open-plain", "letter.open", w.link())
	}
}

// access says what became of each module of a request for credentials, a line for each.
func (w *letterWriter) access(asks []notice.OutgoingAsk) string {
	var out []string
	for _, k := range asks {
		module := k.Module.In(w.lang)
		switch {
		case k.State == store.AskGranted && !k.Until.IsZero():
			out = append(out, w.t("letter.access-granted-until", "module", module, "date", w.date(k.Until.Add(-1))))
		case k.State == store.AskGranted:
			out = append(out, w.t("letter.access-granted", "module", module))
		case k.State == store.AskRefused:
			out = append(out, w.t("letter.access-refused", "module", module, "reason", k.Reason))
		case k.State == store.AskWaits:
			out = append(out, w.t("letter.access-waits", "module", module))
		default:
			out = append(out, w.t("letter.access-over", "module", module))
		}
	}
	return strings.Join(out, "\n")
}
