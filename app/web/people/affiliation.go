package people

import (
	"net/url"
	"slices"
	"strconv"

	"sportello/app/address"
	"sportello/app/desk"
	"sportello/app/desk/people"
	"sportello/app/desk/policy"
	"sportello/app/web"
	"sportello/app/web/show"
	"sportello/store"
	"sportello/store/db"
	"sportello/store/fault"
)

// membersPage lists the people of an organisation whom the reader looks after, by name.
type membersPage struct {
	web.Page
	Path     string
	Versions string // address of what the organisation has installed
	Invites  string // address of the invitations, for those who may invite
	Waiting  string // how many wait
	Requests string // how many requests for credentials wait, for those who see them
	List     string // address of the list as a table, for those who keep it
	Check    listCheck
	Quiet    bool // only those who have not signed in for a year are listed
	Members  []member
	Next     string // address of the next page
	First    string // address of the first page, set on later pages
}

// listCheck says when the list was confirmed and until when it is to be confirmed again.
type listCheck struct {
	Said, Due   string
	Asked, Hint string // set where somebody is to confirm it now
	May         bool
}

func (a pages) checkInto(r *web.Request, v *membersPage, organisation uint64) error {
	s, err := a.Desk.People.ListState(r.Actor(), organisation)
	if err != nil {
		return err
	}
	v.Check.May = s.May
	if v.Check.Said = v.T("list.confirmed-never"); !s.Confirmed.IsZero() {
		v.Check.Said = v.T("list.confirmed", "date", v.Date(s.Confirmed))
	}
	last := v.Date(s.Until.Add(-1))
	switch {
	case s.Fading:
		v.Check.Asked, v.Check.Hint = v.T("list.confirm-fading"), v.T("list.confirm-fading-hint")
	case s.Asked:
		v.Check.Asked, v.Check.Hint = v.T("list.confirm-asked", "date", last), v.T("list.confirm-asked-hint")
	default:
		v.Check.Due = v.T("list.confirm-due", "date", last)
	}
	return nil
}

// postConfirmList records that the reader looked at the whole list and that it is right.
func (a pages) postConfirmList(r *web.Request) error {
	o, err := a.organisationOf(r)
	if err != nil {
		return err
	}
	if err := a.Desk.People.ConfirmList(r.Actor(), o.ID); err != nil {
		return err
	}
	return r.Done("flash.list-confirmed", address.Members(o.Code))
}

type member struct {
	Name, Email, Address string
	Hats                 []string // where the person belongs, and as what
	ID                   uint64   // set where the reader may take the person off the list
	Seen                 string   // when they last signed in, where only those who have not for long are listed
}

func (a pages) getMembers(r *web.Request) error {
	code, err := url.PathUnescape(r.Param("code"))
	if err != nil {
		return fault.New(fault.NotFound, "error.not-found")
	}
	q := r.QueryForm()
	o, page, err := a.membersOf(r, code, people.Query{Text: q.Text("text", store.Most("people.name")), After: q.Raw("after"), Quiet: q.Bool("quiet")})
	if err != nil {
		return err
	}
	v := &membersPage{Page: r.Page("people.title", "organisation", o.Name), Path: address.Members(o.Code), Versions: address.Installations(o.Code)}
	v.Nav, v.Form, v.Quiet = "tickets", q, q.Bool("quiet")
	v.Crumb(v.T("own.title"), "/tickets?of=organisation")
	v.Crumb(v.T("people.people"), "")
	err = a.Desk.Names(func(n desk.Names) {
		v.Members = nil
		for _, p := range page.People {
			m := member{Name: p.Name, Email: p.Email, Address: address.Affiliations(p.ID)}
			if a.Desk.People.MayLeave(r.Actor(), p, o.ID) {
				m.ID = p.ID
			}
			switch {
			case !v.Quiet:
			case p.LastSeen.IsZero():
				m.Seen = v.T("list.seen-never")
			default:
				m.Seen = v.T("list.seen", "date", v.Date(p.LastSeen))
			}
			hats, _ := policy.HatsSeen(r.Actor(), p, v.Now)
			for _, h := range hats {
				if h.Organisation == o.ID {
					m.Hats = append(m.Hats, show.HatWords(&v.Page, n.Place(h.Organisation, h.Unit), r.Settings().Positions, h))
				}
			}
			v.Members = append(v.Members, m)
		}
	})
	if err != nil {
		return err
	}
	if v.Invites, v.Waiting, err = a.invitesInto(r, &v.Page, o); err != nil {
		return err
	}
	if v.Invites != "" {
		v.List = address.List(o.Code)
	}
	if err := a.checkInto(r, v, o.ID); err != nil {
		return err
	}
	if v.Requests, err = a.requestsInto(r, &v.Page, o); err != nil {
		return err
	}
	with := func(after string) string {
		values := url.Values{}
		if text := v.Value("text"); text != "" {
			values.Set("text", text)
		}
		if v.Quiet {
			values.Set("quiet", "1")
		}
		if after != "" {
			values.Set("after", after)
		}
		if len(values) == 0 {
			return v.Path
		}
		return v.Path + "?" + values.Encode()
	}
	if page.Next != "" {
		v.Next = with(page.Next)
	}
	if q.Raw("after") != "" {
		v.First = with("")
	}
	if err := show.House(a.Site, r, &v.Page, v.Path); err != nil {
		return err
	}
	return r.Render("page/members", v)
}

// requestsInto says how many requests for credentials there wait, to those who see them; nothing where none does.
func (a pages) requestsInto(r *web.Request, p *web.Page, o *store.Organisation) (string, error) {
	list, err := a.Desk.Access.List(r.Actor(), o.ID)
	if err != nil {
		if fault.KindOf(err) == fault.NotFound {
			err = nil
		}
		return "", err
	}
	n := len(list.Waiting) + len(list.Folded)
	if n == 0 {
		return "", nil
	}
	return p.Plural("access.waiting", n), nil
}

// membersOf returns the organisation with the code, and a page of its people whom the reader may see.
func (a pages) membersOf(r *web.Request, code string, q people.Query) (*store.Organisation, people.Page, error) {
	o := &store.Organisation{Row: db.Row{ID: policy.Nowhere}}
	err := a.Desk.Names(func(n desk.Names) {
		if found := n.OrganisationOf(code); found != nil {
			o = found
		}
	})
	if err != nil {
		return o, people.Page{}, err
	}
	page, err := a.Desk.People.OfOrganisation(r.Actor(), o.ID, q)
	return o, page, err
}

// affiliationsPage shows a person's affiliations, and changes them for those who may.
type affiliationsPage struct {
	web.Page
	ID    uint64
	Email string
	Path  string
	Rev   string
	Fixed []string // those that the reader sees and does not change
	Hats  []show.HatRow
	May   bool
}

func (a pages) getAffiliations(r *web.Request) error { return a.affiliationsPage(r, nil, nil) }

// affiliationsPage shows the affiliations as they are, or the form as it was posted with its problems.
func (a pages) affiliationsPage(r *web.Request, f *web.Form, wrong error) error {
	n, err := r.Number()
	if err != nil {
		return err
	}
	p, hats, err := a.Desk.People.Affiliations(r.Actor(), n)
	if err != nil {
		return err
	}
	may := a.Desk.People.MayGiveAffiliations(r.Actor(), n)
	if kind := fault.KindOf(may); may != nil && kind != fault.Denied && kind != fault.NotFound {
		return may
	}
	v := &affiliationsPage{Page: r.Page("people.affiliations", "name", p.Name), ID: p.ID, Email: p.Email, Path: address.Affiliations(p.ID), Rev: strconv.FormatUint(p.Rev, 10),
		May: may == nil}
	v.Nav = "tickets"
	if err := a.wayTo(r, &v.Page, hats); err != nil {
		return err
	}
	v.Crumb(p.Name, "")
	given, fixed := a.changeable(r, hats)
	if !v.May {
		given, fixed = nil, hats
	}
	err = a.Desk.Names(func(names desk.Names) {
		v.Fixed = nil
		for _, h := range fixed {
			v.Fixed = append(v.Fixed, show.HatWords(&v.Page, show.WholePlace(names, h), r.Settings().Positions, h))
		}
	})
	if err != nil {
		return err
	}
	if f == nil && !v.Resume(r) {
		values := url.Values{}
		show.HatValues(values, given, a.Desk.Location())
		v.Fill(values)
	}
	if f != nil {
		if err := v.Refill(f, wrong); err != nil {
			return err
		}
	}
	if v.May {
		hats, err := a.hatForm(r)
		if err != nil {
			return err
		}
		v.Hats = hats.Rows(&v.Page)
	}
	if err := show.House(a.Site, r, &v.Page, v.Path); err != nil {
		return err
	}
	return r.Render("page/affiliations", v)
}

// wayTo begins the path of the page with the list that a coordinator comes from.
func (a pages) wayTo(r *web.Request, p *web.Page, hats []store.Affiliation) error {
	p.Crumb(p.T("own.title"), "/tickets")
	i := slices.IndexFunc(hats, func(h store.Affiliation) bool { return r.Actor().Person.Covers(h.Organisation, h.Unit, p.Now) })
	if i < 0 {
		return nil
	}
	var o *store.Organisation
	err := a.Desk.Names(func(n desk.Names) { o = n.Organisation(hats[i].Organisation) })
	if err == nil && o != nil {
		p.Crumb(p.T("people.title", "organisation", o.Name), address.Members(o.Code))
	}
	return err
}

// changeable parts the affiliations into those that the reader may change and the others: only an administrator changes
// what makes a coordinator.
func (a pages) changeable(r *web.Request, hats []store.Affiliation) (given, fixed []store.Affiliation) {
	for _, h := range hats {
		if h.Coordinator && !r.Actor().IsAdministrator() {
			fixed = append(fixed, h)
		} else {
			given = append(given, h)
		}
	}
	return given, fixed
}

// covered returns the organisations and units in which the reader may give affiliations.
func (a pages) covered(r *web.Request) ([]people.OrganisationView, error) {
	list, err := a.Desk.People.Organisations(r.Actor())
	if err != nil || r.Actor().IsAdministrator() {
		return list, err
	}
	now, who := a.Desk.Now(), r.Actor().Person
	var out []people.OrganisationView
	for _, o := range list {
		o.Units = slices.DeleteFunc(o.Units, func(u *store.Unit) bool { return !who.Covers(o.ID, u.ID, now) })
		if who.Covers(o.ID, 0, now) || len(o.Units) > 0 {
			out = append(out, o)
		}
	}
	return out, nil
}

// hatForm returns what the affiliations of the form are made from.
func (a pages) hatForm(r *web.Request) (show.HatForm, error) {
	places, err := a.covered(r)
	if err != nil {
		return show.HatForm{}, err
	}
	levels, err := a.Desk.Catalogue.Levels()
	return show.HatForm{Organisations: places, Positions: r.Settings().Positions, Levels: levels, Coordinators: r.Actor().IsAdministrator()}, err
}

func (a pages) postAffiliations(r *web.Request) error {
	n, err := r.Number()
	if err != nil {
		return err
	}
	if err := a.Desk.People.MayGiveAffiliations(r.Actor(), n); err != nil {
		return err
	}
	p, hats, err := a.Desk.People.Affiliations(r.Actor(), n)
	if err != nil {
		return err
	}
	form, err := a.hatForm(r)
	if err != nil {
		return err
	}
	f := r.Form()
	given, fixed := a.changeable(r, hats)
	given = form.Read(f, given)
	if !f.Has(show.HatField(1, "place")) {
		f.Refuse("affiliations", "error.choice") // a form without rows ends nothing
	}
	rev := f.ID("rev")
	err = f.Err()
	if err == nil {
		_, err = a.Desk.People.PutAffiliations(r.Actor(), n, rev, append(given, fixed...))
	}
	if err != nil {
		return a.affiliationsPage(r, f, err)
	}
	to := address.Affiliations(n)
	if _, _, err := a.Desk.People.Affiliations(r.Actor(), n); err != nil {
		to = "/tickets?of=organisation" // the reader no longer sees the person
	}
	return r.Done("flash.affiliations-saved", to, "name", p.Name)
}
