package release

import (
	"sportello/app/address"
	"sportello/app/web"
	"sportello/app/web/show"
)

// linkPage is an update for whoever has the link of a letter to a technical contact: without files, and with the buttons
// for the places of that contact.
type linkPage struct {
	web.Page
	First first
	State *show.Mark
	For   string
	Cards []card
}

func (a pages) getLink(r *web.Request) error { return a.linkPage(r, nil, nil) }

func (a pages) linkPage(r *web.Request, f *web.Form, wrong error) error {
	token := r.Param("token")
	l, err := a.Desk.Releases.OpenLink(token)
	if err != nil {
		return err
	}
	levels, err := a.Desk.Catalogue.Levels()
	if err != nil {
		return err
	}
	v := &linkPage{Page: r.Page("releases.title")}
	v.Layout, v.Path = "plain", "/releases/link"
	v.First = firstOf(&v.Page, l.Release, l.Modules, levels)
	v.Title = v.First.Name + ": " + v.First.Heading
	for _, row := range l.Receipts {
		v.Cards = append(v.Cards, cardOf(&v.Page, len(v.Cards)+1, row, address.ReleaseLink(token)))
		v.For = v.T("releases.link-for", "email", l.Contact.Email, "organisation", row.Organisation.Name)
	}
	if f != nil {
		if err := v.Refill(f, wrong); err != nil {
			return err
		}
		refuse(v.Cards, f, v.Errors)
	}
	return r.Render("page/release-link", v)
}

func (a pages) postLink(r *web.Request) error {
	token := r.Param("token")
	l, err := a.Desk.Releases.OpenLink(token)
	if err != nil {
		return err
	}
	organisation := ""
	for _, row := range l.Receipts {
		organisation = row.Organisation.Code
	}
	f := r.Form()
	reply, err := replyOf(f, organisation)
	if err != nil {
		return a.linkPage(r, f, err)
	}
	done, err := a.Desk.Releases.AnswerByLink(token, r.Actor(), reply)
	if err != nil {
		return a.linkPage(r, f, err)
	}
	return said(r, done, address.ReleaseLink(token))
}
