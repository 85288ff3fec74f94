package delivery

import (
	"fmt"
	"slices"
	"strings"

	"sportello/app/address"
	"sportello/app/desk/notice"
	"sportello/store"
	"sportello/store/event"
)

type letterLink struct{ Name, Address, text string }

// link returns the address where the reader can read the ticket.
func (w *letterWriter) link() string {
	switch {
	case w.o.Account == event.AccessKnown:
		return w.base(address.MoreAccess)
	case w.o.Account == event.AccessNew:
		return w.base(address.AccessRequest(w.o.Lines[0].Telling.Access))
	case w.o.Page != "" && !w.o.Account.WithLink():
		return w.base(address.OwnAccess(w.o.Page))
	case w.o.Account == event.HatOffered && w.o.Link != "":
		return w.base(address.Invited(w.o.Link))
	case w.o.Account == event.HatOffered:
		return w.base(address.OwnInvitations)
	case w.o.Letter.Contact != 0 && w.o.Release == nil:
		return w.base(address.Contact(w.o.Link))
	case w.o.Letter.Contact != 0:
		return w.base(address.ReleaseLink(w.o.Link))
	case w.o.Problem != nil:
		return w.base(fmt.Sprintf("/problems/%d", w.o.Problem.ID))
	case w.o.Release != nil:
		return w.base(address.Release(w.o.Release.ID))
	case w.o.Account.OfAccount() && w.o.Link != "":
		return w.base(address.Password(w.o.Link))
	case w.o.Account.OfService():
		return w.base(address.Service(w.o.Lines[0].Telling.Of))
	case w.o.Account.OfList():
		return w.base(address.Members(w.o.Lines[0].Code))
	case w.o.Account.OfWork():
		return w.base("/desk")
	case w.o.Account.OfAccount():
		return w.base("/me")
	case w.o.Ticket == nil:
		return w.base("/tickets")
	case w.o.Link != "":
		return w.base("/r/" + w.o.Link)
	}
	return w.base(address.Ticket(w.o.Ticket.ID))
}

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
			add("letter.list-plain", "letter.list", w.link())
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
