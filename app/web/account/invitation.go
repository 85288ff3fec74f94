package account

import (
	"net/url"

	"sportello/app/address"
	"sportello/app/credential"
	"sportello/app/desk"
	"sportello/app/web"
	"sportello/app/web/show"
	"sportello/store"
)

// offer is an invitation as its reader sees it.
type offer struct {
	ID       uint64
	Hat      string // where, as what, and from when until when
	By, Ends string
}

func (a pages) offer(r *web.Request, p *web.Page, i *store.Invitation) (out offer, err error) {
	err = a.Desk.Names(func(n desk.Names) {
		h := i.Gives()
		out = offer{ID: i.ID, Hat: show.HatWords(p, show.WholePlace(n, h), r.Settings().Positions, h), Ends: p.Date(i.Ends.Add(-1))}
		if by := n.Person(i.By); by != nil {
			out.By = by.Name
		}
	})
	return out, err
}

// invitationsPage lists the invitations that the reader can answer.
type invitationsPage struct {
	web.Page
	Offers []offer
}

func (a pages) getInvitations(r *web.Request) error {
	list, err := a.Desk.People.Invited(r.Actor())
	if err != nil {
		return err
	}
	v := &invitationsPage{Page: r.Page("invitations.yours")}
	v.Crumb(v.T("nav.home"), "/")
	v.Crumb(v.Title, "")
	for _, i := range list {
		one, err := a.offer(r, &v.Page, i)
		if err != nil {
			return err
		}
		v.Offers = append(v.Offers, one)
	}
	if err := show.House(a.Site, r, &v.Page, address.OwnInvitations); err != nil {
		return err
	}
	return r.Render("page/own-invitations", v)
}

func (a pages) postAcceptInvitation(r *web.Request) error  { return a.answer(r, true) }
func (a pages) postDeclineInvitation(r *web.Request) error { return a.answer(r, false) }

func (a pages) answer(r *web.Request, accept bool) error {
	id, err := r.Number()
	if err != nil {
		return err
	}
	if err := a.Desk.People.AnswerInvitation(r.Actor(), id, accept); err != nil {
		return err
	}
	flash := "flash.invitation-declined"
	if accept {
		flash = "flash.invitation-accepted"
	}
	return r.Done(flash, address.OwnInvitations)
}

// invitedPage is the page of the link in the letter of an invitation. Showing it answers nothing.
type invitedPage struct {
	web.Page
	Offer   offer
	Email   string
	SignsIn bool   // the reader answers after signing in
	There   string // where
	Decline string
	Least   int
}

func (a pages) getInvited(r *web.Request) error { return a.invitedPage(r, nil, nil) }

func (a pages) invitedPage(r *web.Request, f *web.Form, wrong error) error {
	secret := r.Param("secret")
	i, err := a.Desk.People.LinkedInvitation(secret)
	if err != nil {
		return err
	}
	v := &invitedPage{Page: r.Page("invitations.offer"), Email: i.Email, SignsIn: i.SignsIn, There: address.OwnInvitations, Decline: address.Invited(secret) + "/decline",
		Least: credential.MinPassword}
	v.Layout, v.Path = "plain", "/invited"
	if v.Offer, err = a.offer(r, &v.Page, i.Invitation); err != nil {
		return err
	}
	if f == nil {
		v.Fill(url.Values{"name": {i.Name}})
	} else if err := v.Refill(f, wrong); err != nil {
		return err
	}
	return r.Render("page/invited", v)
}

func (a pages) postInvited(r *web.Request) error {
	f := r.Form()
	name, password := f.Text("name", store.Most("people.name")), f.Raw("password")
	f.Need("name")
	err := samePassword(f, password)
	var who *store.Person
	if err == nil {
		who, err = a.Desk.People.AcceptLinked(r.Param("secret"), name, password)
	}
	if err != nil {
		return a.invitedPage(r, f, err)
	}
	a.knowBrowser(r, who) // as with a link for a password
	return r.Done("flash.invitation-in", "/sign-in")
}

func (a pages) postDeclineInvited(r *web.Request) error {
	if err := a.Desk.People.DeclineLinked(r.Param("secret")); err != nil {
		return err
	}
	return r.Done("flash.invitation-declined", "/sign-in")
}
