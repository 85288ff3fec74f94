package people

import (
	"net/url"
	"slices"

	"sportello/app/address"
	"sportello/app/desk"
	"sportello/app/desk/people"
	"sportello/app/desk/policy"
	"sportello/app/web"
	"sportello/app/web/show"
	"sportello/store"
	"sportello/store/fault"
)

// invitationsPage lists the invitations into an organisation, and invites.
type invitationsPage struct {
	web.Page
	Path   string
	Listed []invitation
	Hats   []show.HatRow // one row
}

type invitation struct {
	ID          uint64
	Name, Email string
	Hat         string
	Waits       bool
	State       string // what became of it
	Ends        string
}

// getInvitations shows the page to those who may invite there; for the others there is none.
func (a pages) getInvitations(r *web.Request) error {
	err := a.invitationsPage(r, nil, nil)
	if fault.KindOf(err) == fault.Denied {
		return fault.New(fault.NotFound, "error.not-found")
	}
	return err
}

// organisationOf returns the organisation of the address, with a number that no organisation has when there is none.
func (a pages) organisationOf(r *web.Request) (o store.Organisation, err error) {
	o.ID = policy.Nowhere
	code, err := url.PathUnescape(r.Param("code"))
	if err != nil {
		return o, fault.New(fault.NotFound, "error.not-found")
	}
	err = a.Desk.Names(func(n desk.Names) {
		if found := n.OrganisationOf(code); found != nil {
			o = *found
		}
	})
	return o, err
}

func (a pages) invitationsPage(r *web.Request, f *web.Form, wrong error) error {
	o, err := a.organisationOf(r)
	if err != nil {
		return err
	}
	list, err := a.Desk.People.Invitations(r.Actor(), o.ID)
	if err != nil {
		return err
	}
	v := &invitationsPage{Page: r.Page("invitations.title", "organisation", o.Name), Path: address.Invitations(o.Code)}
	v.Nav = "tickets"
	v.Crumb(v.T("own.title"), "/tickets?of=organisation")
	v.Crumb(v.T("people.title", "organisation", o.Name), address.Members(o.Code))
	v.Crumb(v.T("invitations.short"), "")
	if f == nil {
		v.Resume(r)
	}
	if err := v.Refill(f, wrong); err != nil {
		return err
	}
	err = a.Desk.Names(func(n desk.Names) {
		v.Listed = nil
		for _, i := range list {
			v.Listed = append(v.Listed, a.listed(r, &v.Page, n, i))
		}
	})
	if err != nil {
		return err
	}
	form, err := a.invitationForm(r, o.ID)
	if err != nil {
		return err
	}
	v.Hats = form.Rows(&v.Page)[:1]
	v.Hats[0].Hint = v.T("hats.one-hint")
	if v.Value(show.HatField(1, "place")) == "" && len(form.Organisations) == 1 { // the first place that the reader may choose
		first := store.Hat{Organisation: o.ID}
		if units := form.Organisations[0].Units; !r.Actor().IsAdministrator() && !r.Actor().Person.Covers(o.ID, 0, v.Now) && len(units) > 0 {
			first.Unit = units[0].ID
		}
		v.Hats[0].Places = show.HatChoices(form.Organisations, show.HatValue(first))
	}
	if err := show.House(a.Site, r, &v.Page, v.Path); err != nil {
		return err
	}
	return r.Render("page/invitations", v)
}

// listed says what an invitation is and what became of it.
func (a pages) listed(r *web.Request, p *web.Page, n desk.Names, i *store.Invitation) invitation {
	out := invitation{ID: i.ID, Name: i.Name, Email: i.Email, Waits: i.Waits(p.Now), Ends: p.Date(i.Ends.Add(-1)),
		Hat: show.HatWords(p, n.Place(i.Organisation, i.Unit), r.Settings().Positions, i.Gives())}
	switch {
	case out.Waits:
		out.State = p.T("invitations.waits")
	case i.Answer == store.Declined:
		out.State = p.T("invitations.declined")
	default:
		out.State = p.T("invitations.ended")
	}
	return out
}

// invitationForm returns what the affiliation of an invitation is made from: places of the organisation alone.
func (a pages) invitationForm(r *web.Request, organisation uint64) (show.HatForm, error) {
	form, err := a.hatForm(r)
	form.Coordinators = false
	form.Organisations = slices.DeleteFunc(form.Organisations, func(o people.OrganisationView) bool { return o.ID != organisation })
	return form, err
}

func (a pages) postInvitation(r *web.Request) error {
	o, err := a.organisationOf(r)
	if err != nil {
		return err
	}
	if err := a.Desk.People.MayInvite(r.Actor(), o.ID); err != nil {
		return err
	}
	form, err := a.invitationForm(r, o.ID)
	if err != nil {
		return err
	}
	f := r.Form()
	in := people.InvitationForm{Email: f.Text("email", store.Most("invitations.email")), Name: f.Text("name", store.Most("invitations.name"))}
	f.Need("email", "name")
	if hats := form.Read(f, nil); len(hats) > 0 {
		in.Hat = hats[0]
	} else if len(f.Problems) == 0 {
		f.Refuse("affiliations", "error.required")
	}
	if err = f.Err(); err == nil {
		_, err = a.Desk.People.Invite(r.Actor(), in)
	}
	if err != nil {
		return a.invitationsPage(r, f, err)
	}
	return r.Done("flash.invited", address.Invitations(o.Code), "email", in.Email)
}

func (a pages) postTakeInvitationBack(r *web.Request) error {
	o, err := a.organisationOf(r)
	if err != nil {
		return err
	}
	id, err := r.Number()
	if err != nil {
		return err
	}
	if err := a.Desk.People.TakeInvitationBack(r.Actor(), id); err != nil {
		return err
	}
	return r.Done("flash.invitation-taken-back", address.Invitations(o.Code))
}

// invitesInto returns the address of the invitations into the organisation and says how many wait, for those who may invite.
func (a pages) invitesInto(r *web.Request, p *web.Page, o *store.Organisation) (to, waiting string, err error) {
	list, err := a.Desk.People.Invitations(r.Actor(), o.ID)
	if kind := fault.KindOf(err); err != nil {
		if kind == fault.Denied || kind == fault.NotFound {
			err = nil
		}
		return "", "", err
	}
	n := 0
	for _, i := range list {
		if i.Waits(p.Now) {
			n++
		}
	}
	if n > 0 {
		waiting = p.Plural("invitations.waiting", n)
	}
	return address.Invitations(o.Code), waiting, nil
}
