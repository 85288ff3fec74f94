package admin

import (
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"sportello/app/address"
	"sportello/app/desk/catalogue"
	"sportello/app/desk/people"
	"sportello/app/desk/policy"
	"sportello/app/web"
	"sportello/app/web/show"
	"sportello/app/words"
	"sportello/store"
)

// adminPeoplePage lists people by name.
type adminPeoplePage struct {
	show.AdminPage
	Roles         []show.Choice
	Groups        []show.Choice
	Organisations []show.Choice
	Access        []show.Choice
	People        []adminPersonLine
	Filtered      bool
	OneGroup      string // the only group the reader manages
	Next          string // address of the next page
	First         string // address of the first page, set on later pages
}

type adminPersonLine struct {
	Name, Address, Email, Place, Groups string
	Roles                               []adminBadge
	Disabled                            bool
	Seen                                words.Moment
}

// adminBadge is a word on a coloured background.
type adminBadge struct{ Label, Class string }

var adminRoles = []string{"administrator", "supervisor", "agent", "editor", "coordinator"}

var roleBadges = map[string]string{"administrator": "badge-alarm", "supervisor": "badge-inner", "agent": "badge-brand", "editor": "badge-calm"}

// roleBadgesOf returns the person's roles at the desk. It omits the obvious: everybody is a requester, and every
// supervisor an agent.
func roleBadgesOf(p *web.Page, who *store.Person) []adminBadge {
	is := map[string]bool{"administrator": who.Administrator, "supervisor": who.IsSupervisor(), "agent": who.IsAgent() && !who.IsSupervisor(), "editor": who.Editor,
		"coordinator": who.IsCoordinator(p.Now)}
	var out []adminBadge
	for _, role := range adminRoles {
		if is[role] {
			out = append(out, adminBadge{p.T("admin.role-" + role), roleBadges[role]})
		}
	}
	return out
}

// surroundings has the names that pages about people need: groups, organisations and units.
type surroundings struct {
	lang          string
	groups        []*store.Group
	organisations []people.OrganisationView
}

func (a pages) surroundings(r *web.Request) (*surroundings, error) {
	s := &surroundings{lang: r.Lang()}
	var err error
	if s.groups, err = a.Desk.People.Groups(r.Actor()); err != nil {
		return nil, err
	}
	s.organisations, err = a.Desk.People.Organisations(r.Actor())
	return s, err
}

func (s *surroundings) group(id uint64) string {
	for _, g := range s.groups {
		if g.ID == id {
			return g.Name.In(s.lang)
		}
	}
	return "#" + strconv.FormatUint(id, 10)
}

// place returns the name of an organisation or of one of its units, empty when there is none.
func (s *surroundings) place(organisation, unit uint64) string {
	for _, o := range s.organisations {
		if o.ID != organisation {
			continue
		}
		for _, u := range o.Units {
			if u.ID == unit {
				return o.Name + catalogue.PathSeparator + u.Name
			}
		}
		return o.Name
	}
	return ""
}

// placesOf returns where somebody belongs, the hat that counts first.
func (s *surroundings) placesOf(p *store.Person, now time.Time) string {
	var out []string
	for _, h := range p.Hats(now) {
		place := s.place(h.Organisation, h.Unit)
		if _, unit, ok := strings.Cut(place, catalogue.PathSeparator); ok {
			place = unit
		}
		if place != "" && !slices.Contains(out, place) {
			out = append(out, place)
		}
	}
	return strings.Join(out, ", ")
}

func (a pages) getAdminPeople(r *web.Request) error {
	v := &adminPeoplePage{AdminPage: show.Admin(a.Site, r, "people", "admin-people.title")}
	v.Top()
	s, err := a.surroundings(r)
	if err != nil {
		return err
	}
	f := r.QueryForm()
	v.Form = f
	who := r.Actor()
	q := people.Query{Text: f.Text("text", store.Most("people.name")), Role: f.Text("role", store.Most("views.queue")), Group: f.ID("group"), Organisation: f.ID("organisation"), After: f.Raw("after")}
	switch f.Raw("access") {
	case "active":
		q.Disabled = new(bool)
	case "disabled":
		yes := true
		q.Disabled = &yes
	}
	if !slices.Contains(adminRoles, q.Role) {
		q.Role = ""
	}
	v.Filtered = q.Text != "" || q.Role != "" || q.Group != 0 || q.Organisation != 0 || q.Disabled != nil
	v.peopleFilters(who, s, &q)
	page, err := a.Desk.People.List(who, q)
	if err != nil {
		return err
	}
	for _, p := range page.People {
		v.People = append(v.People, v.personLine(s, p))
	}
	if page.Next != "" {
		v.Next = withQuery(r, "after", page.Next)
	}
	if q.After != "" {
		v.First = withQuery(r, "after", "")
	}
	return r.Render("page/admin-people", v)
}

// peopleFilters fills in the filters of the list. A supervisor always sees one of the groups they manage.
func (v *adminPeoplePage) peopleFilters(who policy.Actor, s *surroundings, q *people.Query) {
	var own []show.Choice
	for _, g := range s.groups {
		if who.IsAdministrator() || who.Person.Supervises(g.ID) {
			own = append(own, show.Choice{Value: strconv.FormatUint(g.ID, 10), Label: g.Name.In(s.lang), Chosen: g.ID == q.Group})
		}
	}
	if !who.IsAdministrator() {
		if !slices.ContainsFunc(own, func(o show.Choice) bool { return o.Chosen }) {
			own[0].Chosen = true
			q.Group, _ = strconv.ParseUint(own[0].Value, 10, 64)
		}
		if len(own) == 1 {
			v.OneGroup = own[0].Label
		}
	}
	v.Groups = own
	for _, role := range adminRoles {
		v.Roles = append(v.Roles, show.Choice{Value: role, Label: v.T("admin.role-" + role), Chosen: role == q.Role})
	}
	for _, o := range s.organisations {
		v.Organisations = append(v.Organisations, show.Choice{Value: strconv.FormatUint(o.ID, 10), Label: o.Name, Chosen: o.ID == q.Organisation})
	}
	for _, code := range []string{"active", "disabled"} {
		v.Access = append(v.Access, show.Choice{Value: code, Label: v.T("admin-people.access-" + code), Chosen: v.Value("access") == code})
	}
}

func (v *adminPeoplePage) personLine(s *surroundings, p *store.Person) adminPersonLine {
	var groups []string
	for _, m := range p.Groups {
		groups = append(groups, s.group(m.Group))
	}
	return adminPersonLine{Name: p.Name, Address: address.Person(p.ID), Email: p.Email, Place: s.placesOf(p, v.Now), Groups: strings.Join(groups, ", "),
		Roles: roleBadgesOf(&v.Page, p), Disabled: p.Disabled, Seen: v.Moment(p.LastSeen)}
}

// withQuery returns the address of this page with one parameter changed, or removed when value is empty.
func withQuery(r *web.Request, name, value string) string {
	q := r.QueryValues()
	if value == "" {
		q.Del(name)
	} else {
		q.Set(name, value)
	}
	for k, all := range q {
		if len(all) == 1 && all[0] == "" {
			q.Del(k)
		}
	}
	if len(q) == 0 {
		return r.Path()
	}
	return r.Path() + "?" + q.Encode()
}

// PersonValues returns the form values that leave the person unchanged.
func PersonValues(p *store.Person, in *time.Location) url.Values {
	v := url.Values{"name": {p.Name}, "email": {p.Email}, "phone": {p.Phone}, "language": {p.Language},
		"administrator": show.Boxed(p.Administrator), "editor": show.Boxed(p.Editor), "rev": {strconv.FormatUint(p.Rev, 10)}}
	for _, m := range p.Groups {
		role := "agent"
		if m.Supervisor {
			role = "supervisor"
		}
		v.Set(MemberField(m.Group), role)
	}
	show.HatValues(v, slices.Collect(p.Open), in)
	return v
}

// MemberField returns the name of the field with a person's rank in the group.
func MemberField(group uint64) string { return "group-" + strconv.FormatUint(group, 10) }
