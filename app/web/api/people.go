package api

import (
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"sportello/app/desk"
	"sportello/app/desk/people"
	"sportello/app/desk/policy"
	"sportello/app/web"
	"sportello/app/web/program"
	"sportello/store"
	"sportello/store/fault"
)

// apiAffiliation is one affiliation. Source is the desk's to say: what a program sends there is not read.
type apiAffiliation struct {
	Organisation string   `json:"organisation"` // its code
	Unit         string   `json:"unit,omitempty"`
	Position     string   `json:"position,omitempty"`
	Modules      []string `json:"modules,omitempty"`
	Coordinator  bool     `json:"coordinator"`
	Named        bool     `json:"named,omitempty"` // answers for updates there
	From         string   `json:"from,omitempty"`  // a moment, or its first day
	Until        string   `json:"until,omitempty"` // the first moment at which it no longer holds, or its last day
	Source       string   `json:"source,omitempty"`
}

type apiMember struct {
	ID           uint64           `json:"id"`
	Email        string           `json:"email"`
	Name         string           `json:"name"`
	Affiliations []apiAffiliation `json:"affiliations"`
	Rev          uint64           `json:"rev"`
}

type apiMemberList struct {
	People []apiMember `json:"people"`
	Next   *string     `json:"next"`
}

// apiOrganisation is an organisation with the names of its units.
type apiOrganisation struct {
	Code    string   `json:"code"`
	Name    string   `json:"name"`
	Units   []string `json:"units"`
	Domains []string `json:"domains,omitempty"`
	Retired bool     `json:"retired,omitempty"` // it is no more
}

type apiOrganisationList struct {
	Organisations []apiOrganisation `json:"organisations"`
}

func (n names) affiliation(h store.Affiliation) apiAffiliation {
	out := apiAffiliation{Position: h.Position, Coordinator: h.Coordinator, Named: h.Named, From: written(h.From), Until: written(h.Until), Source: h.Source.String()}
	if o := n.Organisation(h.Organisation); o != nil {
		out.Organisation = o.Code
	}
	if u := n.Unit(h.Unit); u != nil {
		out.Unit = u.Name
	}
	for _, m := range h.Modules {
		if code := n.module(m); code != "" {
			out.Modules = append(out.Modules, code)
		}
	}
	return out
}

func written(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.UTC().Format(time.RFC3339)
}

// apiAffiliations answers with the affiliations of a person that the token's person may see.
func (a pages) apiAffiliations(r *web.Request) error {
	id, err := r.NumberOf("id")
	if err != nil {
		return err
	}
	return a.affiliationsDocument(r, id)
}

func (a pages) affiliationsDocument(r *web.Request, id uint64) error {
	_, hats, err := a.Desk.People.Affiliations(r.Actor(), id)
	if err != nil {
		return err
	}
	out := []apiAffiliation{}
	err = a.Desk.Names(func(n desk.Names) {
		for _, h := range hats {
			out = append(out, names{n}.affiliation(h))
		}
	})
	if err != nil {
		return err
	}
	return r.JSON(out)
}

// apiPutAffiliations gives a person exactly the affiliations of the body, of those that the token's person may see.
func (a pages) apiPutAffiliations(r *web.Request) error {
	id, err := r.NumberOf("id")
	if err != nil {
		return err
	}
	if err := a.Desk.People.MayGiveAffiliations(r.Actor(), id); err != nil {
		return err
	}
	var in []apiAffiliation
	if err := program.ReadJSON(r, &in); err != nil {
		return err
	}
	q := program.QueryOf(r)
	rev := uint64(q.Int("rev", 0, 1<<53, 0)) // #nosec G115 -- not negative
	var given []store.Affiliation
	err = a.Desk.Names(func(n desk.Names) {
		given = nil
		for _, h := range in {
			given = append(given, a.affiliationOf(q, n, h))
		}
	})
	if err != nil {
		return err
	}
	if err := q.Err(); err != nil {
		return err
	}
	if _, err := a.Desk.People.PutAffiliations(r.Actor(), id, rev, given); err != nil {
		return err
	}
	if err = a.affiliationsDocument(r, id); fault.KindOf(err) == fault.NotFound {
		return r.JSON([]apiAffiliation{}) // a coordinator ended what they saw of the person
	}
	return err
}

// affiliationOf reads an affiliation. What nobody knows becomes policy.Nowhere, which the desk refuses as it refuses what
// the person may not give.
func (a pages) affiliationOf(q program.Query, n desk.Names, in apiAffiliation) store.Affiliation {
	h := store.Affiliation{Organisation: policy.Nowhere, Position: strings.TrimSpace(in.Position), Coordinator: in.Coordinator, Named: in.Named}
	if o := n.OrganisationOf(in.Organisation); o != nil {
		h.Organisation = o.ID
	}
	if name := strings.TrimSpace(in.Unit); name != "" {
		h.Unit = policy.Nowhere
		if u := n.UnitOf(h.Organisation, name); u != nil {
			h.Unit = u.ID
		}
	}
	for _, code := range in.Modules {
		id := policy.Nowhere
		if m := n.ModuleOf(code); m != nil {
			id = m.ID
		}
		h.Modules = append(h.Modules, id)
	}
	var ok bool
	if h.From, ok = people.Begins(in.From, a.Desk.Location()); !ok {
		q.Refuse("from", "error.date")
	}
	if h.Until, ok = people.Ends(in.Until, a.Desk.Location()); !ok {
		q.Refuse("until", "error.date")
	}
	return h
}

// apiOrganisationPeople lists the people of an organisation by name, those whom the token's person may see there.
func (a pages) apiOrganisationPeople(r *web.Request) error {
	code, err := url.PathUnescape(r.Param("code"))
	if err != nil {
		return fault.New(fault.NotFound, "error.not-found")
	}
	id := policy.Nowhere
	if err := a.Desk.Names(func(n desk.Names) {
		if o := n.OrganisationOf(code); o != nil {
			id = o.ID
		}
	}); err != nil {
		return err
	}
	q := program.QueryOf(r)
	page, err := a.Desk.People.OfOrganisation(r.Actor(), id, people.Query{Text: q.Raw("q"), After: q.Raw("after"), Limit: q.Limit()})
	if err != nil {
		return err
	}
	if err := q.Err(); err != nil {
		return err
	}
	out := apiMemberList{People: []apiMember{}}
	if page.Next != "" {
		out.Next = &page.Next
	}
	now := a.Desk.Now()
	err = a.Desk.Names(func(n desk.Names) {
		for _, p := range page.People {
			m := apiMember{ID: p.ID, Email: p.Email, Name: p.Name, Affiliations: []apiAffiliation{}, Rev: p.Rev}
			hats, _ := policy.HatsSeen(r.Actor(), p, now)
			for _, h := range hats {
				if h.Organisation == id {
					m.Affiliations = append(m.Affiliations, names{n}.affiliation(h))
				}
			}
			out.People = append(out.People, m)
		}
	})
	if err != nil {
		return err
	}
	return r.JSON(out)
}

// apiInvitation asks somebody to belong to an organisation, or answers that they were asked.
type apiInvitation struct {
	Email    string   `json:"email"`
	Name     string   `json:"name"`
	Unit     string   `json:"unit,omitempty"`
	Position string   `json:"position,omitempty"`
	Modules  []string `json:"modules,omitempty"`
	From     string   `json:"from,omitempty"`  // a moment, or its first day
	Until    string   `json:"until,omitempty"` // the first moment at which it no longer holds, or its last day
	ID       uint64   `json:"id,omitempty"`
	State    string   `json:"state,omitempty"` // waiting, declined or ended; like the number and the end it is the desk's to say
	Ends     string   `json:"ends,omitempty"`
}

type apiInvitationList struct {
	Invitations []apiInvitation `json:"invitations"`
}

func (n names) invitation(i *store.Invitation, now time.Time) apiInvitation {
	h := n.affiliation(i.Gives())
	out := apiInvitation{Email: i.Email, Name: i.Name, Unit: h.Unit, Position: h.Position, Modules: h.Modules, From: h.From, Until: h.Until,
		ID: i.ID, State: "ended", Ends: written(i.Ends)}
	switch {
	case i.Waits(now):
		out.State = "waiting"
	case i.Answer == store.Declined:
		out.State = "declined"
	}
	return out
}

// invitedInto returns the invitations into the organisation of the address that the token's person may take back.
func (a pages) invitedInto(r *web.Request) ([]*store.Invitation, error) {
	code, err := url.PathUnescape(r.Param("code"))
	if err != nil {
		return nil, fault.New(fault.NotFound, "error.not-found")
	}
	id := policy.Nowhere
	if err := a.Desk.Names(func(n desk.Names) {
		if o := n.OrganisationOf(code); o != nil {
			id = o.ID
		}
	}); err != nil {
		return nil, err
	}
	list, err := a.Desk.People.Invitations(r.Actor(), id)
	if err != nil && fault.KindOf(err) == fault.Denied { // as the page: for who may not invite there is no list
		err = fault.New(fault.NotFound, "error.not-found")
	}
	return list, err
}

// apiInvitations lists the invitations into an organisation, the newest first.
func (a pages) apiInvitations(r *web.Request) error {
	list, err := a.invitedInto(r)
	if err != nil {
		return err
	}
	out := apiInvitationList{Invitations: []apiInvitation{}}
	err = a.Desk.Names(func(n desk.Names) {
		for _, i := range list {
			out.Invitations = append(out.Invitations, names{n}.invitation(i, a.Desk.Now()))
		}
	})
	if err != nil {
		return err
	}
	return r.JSON(out)
}

// apiTakeBackInvitation takes back an invitation into the organisation that waits for an answer.
func (a pages) apiTakeBackInvitation(r *web.Request) error {
	id, err := r.NumberOf("id")
	if err != nil {
		return err
	}
	list, err := a.invitedInto(r)
	if err != nil {
		return err
	}
	if !slices.ContainsFunc(list, func(i *store.Invitation) bool { return i.ID == id }) {
		return fault.New(fault.NotFound, "error.not-found")
	}
	if err := a.Desk.People.TakeInvitationBack(r.Actor(), id); err != nil {
		return err
	}
	return r.JSON(struct{}{})
}

// apiInvite invites somebody into the organisation. The answer is the same whether the desk knows the address or not.
func (a pages) apiInvite(r *web.Request) error {
	code, err := url.PathUnescape(r.Param("code"))
	if err != nil {
		return fault.New(fault.NotFound, "error.not-found")
	}
	id := policy.Nowhere
	if err := a.Desk.Names(func(n desk.Names) {
		if o := n.OrganisationOf(code); o != nil {
			id = o.ID
		}
	}); err != nil {
		return err
	}
	if err := a.Desk.People.MayInvite(r.Actor(), id); err != nil {
		return err
	}
	var in apiInvitation
	if err := program.ReadJSON(r, &in); err != nil {
		return err
	}
	q := program.QueryOf(r)
	form := people.InvitationForm{Email: in.Email, Name: in.Name}
	err = a.Desk.Names(func(n desk.Names) {
		form.Hat = a.affiliationOf(q, n, apiAffiliation{Organisation: code, Unit: in.Unit, Position: in.Position, Modules: in.Modules, From: in.From, Until: in.Until})
	})
	if err == nil {
		err = q.Err()
	}
	if err != nil {
		return err
	}
	i, err := a.Desk.People.Invite(r.Actor(), form)
	if err != nil {
		return err
	}
	var out apiInvitation
	if err := a.Desk.Names(func(n desk.Names) { out = names{n}.invitation(i, a.Desk.Now()) }); err != nil {
		return err
	}
	r.Status(http.StatusAccepted)
	return r.JSON(out)
}

// apiOrganisations lists the organisations that the token's person may see.
func (a pages) apiOrganisations(r *web.Request) error {
	list, err := a.Desk.People.Organisations(r.Actor())
	if err != nil {
		return err
	}
	out := apiOrganisationList{Organisations: []apiOrganisation{}}
	for _, o := range list {
		out.Organisations = append(out.Organisations, organisationAnswer(r.Actor(), o))
	}
	return r.JSON(out)
}

func organisationAnswer(actor policy.Actor, o people.OrganisationView) apiOrganisation {
	out := apiOrganisation{Code: o.Code, Name: o.Name, Units: []string{}, Retired: o.Retired}
	if actor.IsAdministrator() {
		out.Domains = o.Domains
	}
	for _, u := range o.Units {
		out.Units = append(out.Units, u.Name)
	}
	return out
}

// apiAddOrganisation adds an organisation with its units.
func (a pages) apiAddOrganisation(r *web.Request) error {
	if err := policy.MayAdminister(r.Actor()); err != nil {
		return err
	}
	var in apiOrganisation
	if err := program.ReadJSON(r, &in); err != nil {
		return err
	}
	o, err := a.Desk.People.AddOrganisation(r.Actor(), people.OrganisationForm{Code: in.Code, Name: in.Name, Domains: in.Domains, Units: in.Units, Retired: in.Retired})
	if err != nil {
		return err
	}
	list, err := a.Desk.People.Organisations(r.Actor())
	if err != nil {
		return err
	}
	for _, one := range list {
		if one.ID == o.ID {
			r.Status(http.StatusCreated)
			return r.JSON(organisationAnswer(r.Actor(), one))
		}
	}
	return fault.New(fault.NotFound, "error.not-found")
}
