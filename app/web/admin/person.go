package admin

import (
	"cmp"
	"slices"

	"sportello/app/address"
	"sportello/app/desk/people"
	"sportello/app/desk/policy"
	"sportello/app/web"
	"sportello/app/web/show"
	"sportello/app/words"
	"sportello/store"
	"sportello/store/db"
	"sportello/store/fault"
)

// adminPersonPage is one person: the form, the ways to sign in, and the link that was just created.
type adminPersonPage struct {
	show.AdminPage
	New      bool
	ID       uint64
	Full     bool // the reader may change everything, not only the groups
	HandsOn  bool // the reader may hand on what the person has
	Email    string
	Phone    string
	Place    string
	Roles    []adminBadge
	Hats     []show.HatRow
	Groups   []adminMembership
	Disabled bool
	Self     bool
	MayLink  bool   // a link can be mailed to the person's own address
	MayHand  bool   // a link can be shown, to be handed over
	NeedWhy  bool   // showing it requires a reason, because the person can get mail
	Link     string // shown once
	LinkNew  bool   // the person was just added
	Seen     words.Moment
	Password words.Moment
	Since    words.Moment
}

// adminMembership is a row of the groups: the person's rank in one group.
type adminMembership struct {
	Field, Name string
	Retired     bool
	Fixed       string // the rank in words when the reader cannot change it
	Choices     []show.Choice
}

func (a pages) getNewPerson(r *web.Request) error { return a.newPersonPage(r, nil, nil) }

func (a pages) newPersonPage(r *web.Request, f *web.Form, err error) error {
	v := &adminPersonPage{AdminPage: show.Admin(a.Site, r, "people", "admin-people.new"), New: true}
	v.End(v.Title)
	if f == nil && !v.Resume(r) {
		v.Fill(nil)
		if g := r.QueryForm().ID("group"); g != 0 {
			v.Fill(map[string][]string{MemberField(g): {"agent"}})
		}
	}
	if f != nil {
		if err := v.Refill(f, err); err != nil {
			return err
		}
	}
	return a.personPage(r, v, &store.Person{})
}

func (a pages) getAdminPerson(r *web.Request) error {
	p, err := a.personInHand(r)
	if err != nil {
		return err
	}
	return a.adminPersonPage(r, &adminPersonPage{}, p, nil, nil)
}

// personInHand returns the person of the address. For a supervisor who does not manage them, it is a NotFound error.
func (a pages) personInHand(r *web.Request) (*store.Person, error) {
	n, err := r.Number()
	if err != nil {
		return nil, err
	}
	p, err := a.Desk.People.Read(r.Actor(), n)
	if err == nil && !policy.MaySeeAccount(r.Actor(), p) {
		err = fault.New(fault.NotFound, "error.not-found")
	}
	return p, err
}

var personFields = []show.AdminField{{Name: "name", Key: "admin-people.name"}, {Name: "email", Key: "admin-people.email"}, {Name: "phone", Key: "admin-people.phone"}}

func (a pages) adminPersonPage(r *web.Request, v *adminPersonPage, p *store.Person, f *web.Form, err error) error {
	v.AdminPage = show.Admin(a.Site, r, "people", "admin-people.person", "name", p.Name)
	v.End(p.Name)
	v.Path = address.Person(p.ID)
	now := PersonValues(p, a.Desk.Location())
	if f == nil && !v.Resume(r) {
		v.Fill(now)
	}
	if f != nil {
		if err := v.Again(f, err, now, personFields); err != nil {
			return err
		}
	}
	return a.personPage(r, v, p)
}

// personPage fills in what the pages of new and existing people have in common.
func (a pages) personPage(r *web.Request, v *adminPersonPage, p *store.Person) error {
	s, err := a.surroundings(r)
	if err != nil {
		return err
	}
	who := r.Actor()
	v.ID, v.Full, v.HandsOn = p.ID, who.IsAdministrator(), who.IsAdministrator() || slices.ContainsFunc(policy.HandsOnOf(who, p), p.InGroup)
	v.Email, v.Phone, v.Place, v.Roles = p.Email, p.Phone, s.placesOf(p, v.Now), roleBadgesOf(&v.Page, p)
	hats, err := a.hatForm(r, s)
	if err != nil {
		return err
	}
	v.Hats = hats.Rows(&v.Page)
	reached, err := a.Desk.Post.MailReaches(p)
	if err != nil {
		return err
	}
	v.Disabled, v.Self, v.NeedWhy = p.Disabled, p.ID == who.ID(), reached
	v.MayLink, v.MayHand = a.Desk.People.MayLink(who, p)
	v.Seen, v.Password, v.Since = v.Moment(p.LastSeen), v.Moment(p.PasswordSet), v.Moment(p.Created)
	for _, g := range s.groups {
		if m, ok := v.membership(who, p, g); ok {
			v.Groups = append(v.Groups, m)
		}
	}
	return r.Render("page/admin-person", v)
}

// membership returns the row of one group, and false if the group cannot concern the person. In the groups they manage,
// supervisors may choose requester or agent.
func (v *adminPersonPage) membership(who policy.Actor, p *store.Person, g *store.Group) (adminMembership, bool) {
	in := p.InGroup(g.ID)
	own := who.IsAdministrator() || who.Person.Supervises(g.ID)
	if g.Retired && !in || !own && !in {
		return adminMembership{}, false
	}
	m := adminMembership{Field: MemberField(g.ID), Name: g.Name.In(v.Lang), Retired: g.Retired}
	if !own || !who.IsAdministrator() && p.Supervises(g.ID) {
		m.Fixed = v.T("admin.role-agent")
		if p.Supervises(g.ID) {
			m.Fixed = v.T("admin.role-supervisor")
		}
		return m, true
	}
	roles := []string{"", "agent", "supervisor"}
	if !who.IsAdministrator() {
		roles = roles[:2]
	}
	for _, role := range roles {
		label := v.T("admin-people.no-member")
		if role != "" {
			label = v.T("admin.role-" + role)
		}
		m.Choices = append(m.Choices, show.Choice{Value: role, Label: label, Chosen: v.Value(m.Field) == role})
	}
	return m, true
}

// hatForm returns what the affiliations of a person's form are made from.
func (a pages) hatForm(r *web.Request, s *surroundings) (show.HatForm, error) {
	levels, err := a.Desk.Catalogue.Levels()
	return show.HatForm{Organisations: s.organisations, Positions: r.Settings().Positions, Levels: levels, Coordinators: r.Actor().IsAdministrator()}, err
}

// readPerson returns the person with the changes of the form. A supervisor's form contains only the groups.
func (a pages) readPerson(r *web.Request, f *web.Form, p *store.Person) (people.Form, error) {
	s, err := a.surroundings(r)
	if err != nil {
		return people.Form{}, err
	}
	who := r.Actor()
	out := people.FormOf(p)
	if who.IsAdministrator() || p.ID == 0 {
		out.Name, out.Email, out.Phone, out.Language = f.Text("name", store.Most("people.name")), f.Text("email", store.Most("people.email")), f.Text("phone", store.Most("people.phone")), f.Text("language", store.Most("people.language"))
		hats, err := a.hatForm(r, s)
		if err != nil {
			return out, err
		}
		out.Affiliations = hats.Read(f, out.Affiliations)
	}
	if who.IsAdministrator() {
		out.Administrator, out.Editor = f.Bool("administrator"), f.Bool("editor")
	}
	for _, g := range s.groups {
		field := MemberField(g.ID)
		if !f.Has(field) {
			continue
		}
		out.Groups = slices.DeleteFunc(out.Groups, func(m store.Membership) bool { return m.Group == g.ID })
		switch f.Raw(field) {
		case "":
		case "agent", "supervisor":
			out.Groups = append(out.Groups, store.Membership{Group: g.ID, Supervisor: f.Raw(field) == "supervisor"})
		default:
			f.Refuse("groups", "error.choice")
		}
	}
	slices.SortFunc(out.Groups, func(x, y store.Membership) int { return cmp.Compare(x.Group, y.Group) })
	return out, f.Err()
}

// postNewPerson adds the person and mails them a link for choosing a password. If no mail can be sent, the page of this
// answer shows the link; it cannot be shown again.
func (a pages) postNewPerson(r *web.Request) error {
	f := r.Form()
	form, err := a.readPerson(r, f, &store.Person{})
	var p *store.Person
	var link string
	if err == nil {
		p, link, err = a.Desk.People.Add(r.Actor(), form)
	}
	if err != nil {
		return a.newPersonPage(r, f, err)
	}
	if link == "" {
		return r.Done("flash.person-added", address.Person(p.ID), "name", p.Name, "email", p.Email)
	}
	return a.adminPersonPage(r, &adminPersonPage{Link: a.BaseURL() + address.Password(link), LinkNew: true}, p, nil, nil)
}

func (a pages) postAdminPerson(r *web.Request) error {
	p, err := a.personInHand(r)
	if err != nil {
		return err
	}
	f := r.Form()
	form, err := a.readPerson(r, f, p)
	if err == nil {
		_, err = a.Desk.People.Change(r.Actor(), p.ID, f.ID("rev"), form)
	}
	if err != nil {
		return a.adminPersonPage(r, &adminPersonPage{}, p, f, err)
	}
	to := address.Person(p.ID)
	if !r.Actor().IsAdministrator() && !slices.ContainsFunc(form.Groups, func(m store.Membership) bool { return r.Actor().Person.Supervises(m.Group) }) {
		to = "/admin/people" // the person is no longer in the supervisor's groups
	}
	fewer := slices.ContainsFunc(p.Groups, func(m store.Membership) bool {
		return !slices.ContainsFunc(form.Groups, func(o store.Membership) bool { return o.Group == m.Group })
	})
	if fewer || p.Editor && !form.Editor || p.Administrator && !form.Administrator {
		return a.doneLeaving(r, p.ID, "flash.person-saved", to, "name", form.Name)
	}
	return r.Done("flash.person-saved", to, "name", form.Name)
}

// postPersonLink mails a link to the person's own address. With a reason, or if no mail can be sent, it shows the link
// on the page of this answer, to be handed over.
func (a pages) postPersonLink(r *web.Request) error {
	p, err := a.personInHand(r)
	if err != nil {
		return err
	}
	f := r.Form()
	reason := f.Text("reason", db.MaxReason)
	if err := f.Err(); err != nil {
		return a.refusedPerson(r, p, err)
	}
	reached, err := a.Desk.Post.MailReaches(p)
	if err != nil {
		return err
	}
	if !f.Bool("hand") && reason == "" && reached {
		if err := a.Desk.People.SendPasswordLink(r.Actor(), p.ID); err != nil {
			return a.refusedPerson(r, p, err)
		}
		return r.Done("flash.link-sent", address.Person(p.ID), "email", p.Email)
	}
	link, err := a.Desk.People.HandPasswordLink(r.Actor(), p.ID, reason)
	if err != nil {
		return a.refusedPerson(r, p, err)
	}
	return a.adminPersonPage(r, &adminPersonPage{Link: a.BaseURL() + address.Password(link)}, p, nil, nil)
}

func (a pages) postDisablePerson(r *web.Request) error { return a.setDisabled(r, true) }

func (a pages) postEnablePerson(r *web.Request) error { return a.setDisabled(r, false) }

func (a pages) setDisabled(r *web.Request, disabled bool) error {
	p, err := a.personInHand(r)
	if err != nil {
		return err
	}
	form := people.FormOf(p)
	form.Disabled = disabled
	if _, err := a.Desk.People.Change(r.Actor(), p.ID, r.Form().ID("rev"), form); err != nil {
		return a.refusedPerson(r, p, err)
	}
	if disabled {
		return a.doneLeaving(r, p.ID, "flash.person-disabled", address.Person(p.ID), "name", p.Name)
	}
	return r.Done("flash.person-enabled", address.Person(p.ID), "name", p.Name)
}

// refusedPerson shows the person's page with the reason for a refusal.
func (a pages) refusedPerson(r *web.Request, p *store.Person, err error) error {
	v := &adminPersonPage{}
	v.AdminPage = show.Admin(a.Site, r, "people", "admin-people.person", "name", p.Name)
	v.End(p.Name)
	v.Path = address.Person(p.ID)
	v.Fill(PersonValues(p, a.Desk.Location()))
	if !v.Refuse(err) {
		return err
	}
	return a.personPage(r, v, p)
}
