package ticket

import (
	"fmt"
	"html/template"
	"net/url"
	"strings"

	"sportello/app/markup"
	"sportello/app/web"
	"sportello/app/web/show"
)

// linkedPage shows a ticket to a person without credentials, through the link in a mail. It shows what the requester's
// side sees, is read-only, and signs nobody in.
type linkedPage struct {
	sidePage
	For     string       // the person the link was sent to
	Until   string       // the last day of the link
	Answer  template.URL // mailto: address of the desk, empty when the desk takes no mail
	ReplyTo string
	Contact string // of the group, for requesting credentials
	Phone   string
	Email   string
}

// withoutTraces sets headers that keep the secret address from leaking: no search engine lists the page, no browser
// sends the address to another site, no cache stores the page.
func withoutTraces(r *web.Request) {
	r.SetHeader("X-Robots-Tag", "noindex, nofollow, noarchive")
	r.SetHeader("Referrer-Policy", "no-referrer")
	r.SetHeader("Cache-Control", "no-store")
}

func (a pages) getLinkedTicket(r *web.Request) error {
	withoutTraces(r)
	token := r.Param("token")
	tv, who, err := a.Desk.Notices.LinkedTicket(token, pieceOf(r.QueryForm()))
	if err != nil {
		return err
	}
	ends, replyTo, err := a.Desk.Notices.LinkFacts(token)
	if err != nil {
		return err
	}
	t := tv.Ticket
	v := &linkedPage{For: who.Name, ReplyTo: replyTo}
	v.Page = r.Page("side.title", "number", t.ID, "subject", t.Subject)
	v.Number, v.Rev, v.Subject, v.State = t.ID, t.PublicRev, t.Subject, t.State.String()
	v.Address = "/r/" + token
	reader := v.Person
	v.Person = who.ID // the sentences address the person the link was sent to
	v.Until = v.Day(ends)
	if replyTo != "" {
		v.Answer = mailTo(replyTo, fmt.Sprintf("Re: [#%d] %s", t.ID, t.Subject))
	}
	v.Contact, v.Phone, v.Email = tv.Group.Name.In(v.Lang), tv.Group.Phone, tv.Group.Email
	names, err := a.sideNames(tv)
	if err != nil {
		return err
	}
	levels, err := a.Desk.Catalogue.Levels()
	if err != nil {
		return err
	}
	v.Line = show.Joined(" · ", v.T("side.number", "number", t.ID), show.LevelPaths(levels, v.Lang)[t.Module], v.T("side.opened", "when", show.InSentence(&v.Page, t.Opened)))
	v.standing(tv)
	v.Next, v.SeeOther = "", nil // the next step is a button they do not have, and another ticket needs its own link
	v.thread(tv, names)
	v.attached(tv)
	v.solution(tv)
	v.readOnly(v.Address)
	v.facts(tv)
	v.people(tv)
	v.Person = reader
	return r.Render("page/ticket-linked", v)
}

// readOnly removes from the thread what only signed-in people can use, and moves the addresses of files below base.
func (v *linkedPage) readOnly(base string) {
	file := func(f *show.FileCard) {
		f.Address = base + f.Address
		if f.Picture != "" {
			f.Picture = f.Address
		}
	}
	for _, item := range v.Thread {
		if item.Gap != nil {
			item.Gap.Up.Piece, item.Gap.Down.Piece = "", "" // the page alone is theirs
		}
		if item.Message == nil {
			continue
		}
		for i := range item.Message.Files {
			file(&item.Message.Files[i])
		}
		if m := item.Message.Mail; m != nil {
			m.Original, m.File, m.Address = "", "", ""
		}
	}
	for i := range v.Files {
		file(&v.Files[i])
	}
	if v.Solution != nil {
		for i := range v.Solution.Files {
			file(&v.Solution.Files[i])
		}
	}
}

// mailTo returns an address that opens a new mail. html/template would escape plus signs in the address.
func mailTo(address, subject string) template.URL {
	return template.URL("mailto:" + strings.ReplaceAll(url.PathEscape(address), "%40", "@") + "?subject=" + url.PathEscape(markup.Line(subject))) // #nosec G203 -- both parts are escaped
}

// getLinkedFile answers with a file of the linked ticket.
func (a pages) getLinkedFile(r *web.Request) error {
	withoutTraces(r)
	id, err := r.Number()
	if err != nil {
		return err
	}
	row, f, err := a.Desk.Notices.OpenLinkedFile(r.Param("token"), id)
	if err != nil {
		return err
	}
	return r.SendFile(row, f)
}
