package admin

import (
	"net/url"
	"strconv"
	"strings"

	"sportello/app/address"
	"sportello/app/desk/catalogue"
	"sportello/app/desk/people"
	"sportello/app/web"
	"sportello/app/web/show"
	"sportello/store"
	"sportello/store/fault"
	"sportello/store/spelling"
)

// adminGroupsPage lists the support groups; supervisors see the groups they manage.
type adminGroupsPage struct {
	show.AdminPage
	Groups []adminGroupLine
}

type adminGroupLine struct {
	Name, Address, Members, Modules, Contact string
	General, Confidential, Retired           bool
}

// adminGroupPage is one group: its form and its members.
type adminGroupPage struct {
	show.AdminPage
	New       bool
	ID        uint64
	Full      bool // the reader may change the group itself
	General   bool
	Code      string
	About     string
	Contact   string
	Members   []adminMember
	Modules   []web.Link
	MayMember bool   // people can be added
	Next      string // address of the next page of members
	First     string // address of the first page, set on later pages
}

type adminMember struct {
	ID            uint64
	Name, Address string
	Email         string
	Supervisor    bool
	Disabled      bool
	MayRemove     bool
	MayRank       bool // may be made supervisor or agent
}

func (a pages) getGroups(r *web.Request) error {
	v := &adminGroupsPage{AdminPage: show.Admin(a.Site, r, "groups", "admin-groups.title")}
	v.Top()
	who := r.Actor()
	groups, err := a.Desk.People.Groups(who)
	if err != nil {
		return err
	}
	levels, err := a.Desk.Catalogue.Levels()
	if err != nil {
		return err
	}
	for _, g := range groups {
		if !who.IsAdministrator() && !who.Person.Supervises(g.ID) {
			continue
		}
		members, err := a.Desk.People.GroupMembers(who, g.ID)
		if err != nil {
			return err
		}
		line := adminGroupLine{Name: g.Name.In(v.Lang), Address: address.Admin("groups", g.ID), Members: v.Number(len(members)),
			Modules: v.Number(len(servedBy(levels, g.ID))), General: g.Code == store.GeneralGroup, Confidential: g.Confidential, Retired: g.Retired,
			Contact: contactOf(g)}
		v.Groups = append(v.Groups, line)
	}
	return r.Render("page/admin-groups", v)
}

func contactOf(g *store.Group) string {
	var parts []string
	for _, s := range []string{g.Email, g.Phone} {
		if s != "" {
			parts = append(parts, s)
		}
	}
	return strings.Join(parts, ", ")
}

// servedBy returns the levels in use whose tickets go to the group.
func servedBy(levels []catalogue.Level, group uint64) []catalogue.Level {
	var out []catalogue.Level
	for _, l := range levels {
		if l.Group == group && l.Here() && !l.Retired {
			out = append(out, l)
		}
	}
	return out
}

func (a pages) getNewGroup(r *web.Request) error { return a.newGroupPage(r, nil, nil) }

func (a pages) newGroupPage(r *web.Request, f *web.Form, err error) error {
	v := &adminGroupPage{AdminPage: show.Admin(a.Site, r, "groups", "admin-groups.new"), New: true, Full: true}
	v.End(v.Title)
	if f == nil && !v.Resume(r) {
		v.Fill(nil)
	}
	if f != nil {
		if err := v.Refill(f, err); err != nil {
			return err
		}
	}
	return r.Render("page/admin-group", v)
}

// GroupValues returns the initial values of a group's form.
func GroupValues(g *store.Group) url.Values {
	v := url.Values{"email": {g.Email}, "phone": {g.Phone}, "confidential": show.Boxed(g.Confidential), "retired": show.Boxed(g.Retired), "rev": {strconv.FormatUint(g.Rev, 10)}}
	setWords(v, "name", g.Name)
	setWords(v, "description", g.Description)
	setWords(v, "hours", g.Hours)
	setWords(v, "signature", g.Signature)
	return v
}

var groupFields = []show.AdminField{{Name: "name-it", Key: "admin.name-it"}, {Name: "name-en", Key: "admin.name-en"}, {Name: "description-it", Key: "admin.description-it"},
	{Name: "description-en", Key: "admin.description-en"}, {Name: "email", Key: "admin-groups.email"}, {Name: "phone", Key: "admin-groups.phone"}, {Name: "hours-it", Key: "admin-groups.hours-it"},
	{Name: "hours-en", Key: "admin-groups.hours-en"}, {Name: "signature-it", Key: "admin-groups.signature-it"}, {Name: "signature-en", Key: "admin-groups.signature-en"}}

func (a pages) getGroup(r *web.Request) error {
	g, err := a.groupInHand(r)
	if err != nil {
		return err
	}
	return a.groupPage(r, g, nil, nil)
}

// groupInHand returns the group of the address. For a supervisor who does not manage it, it is a NotFound error.
func (a pages) groupInHand(r *web.Request) (*store.Group, error) {
	n, err := r.Number()
	if err != nil {
		return nil, err
	}
	who := r.Actor()
	if !who.IsAdministrator() && !who.Person.Supervises(n) {
		return nil, fault.New(fault.NotFound, "error.not-found")
	}
	return a.Desk.People.Group(n)
}

// groupPage shows the group; f is the posted form, which may be any form of the page.
func (a pages) groupPage(r *web.Request, g *store.Group, f *web.Form, err error) error {
	v := &adminGroupPage{AdminPage: show.Admin(a.Site, r, "groups", "admin-groups.group", "name", g.Name.In(r.Lang()))}
	v.End(g.Name.In(v.Lang))
	v.Path = address.Admin("groups", g.ID)
	now := GroupValues(g)
	if f == nil {
		v.Begin(r, now, "name-it")
	}
	if f != nil {
		if f.Has("member") || f.Has("person") || f.Has("remove") {
			show.FieldUnder(f, now)
		}
		if err := v.Again(f, err, now, groupFields); err != nil {
			return err
		}
	}
	who := r.Actor()
	v.ID, v.Full, v.General, v.Code, v.About, v.Contact = g.ID, who.IsAdministrator(), g.Code == store.GeneralGroup, g.Code, g.Description.In(v.Lang), contactOf(g)
	v.MayMember = !g.Retired
	after := r.QueryForm().Raw("after")
	members, err := a.Desk.People.List(who, people.Query{Group: g.ID, After: after})
	if err != nil {
		return err
	}
	for _, m := range members.People {
		supervisor := m.Supervises(g.ID)
		v.Members = append(v.Members, adminMember{ID: m.ID, Name: m.Name, Address: address.Person(m.ID), Email: m.Email, Supervisor: supervisor, Disabled: m.Disabled,
			MayRemove: v.Full || !supervisor, MayRank: v.Full})
	}
	if members.Next != "" {
		v.Next = v.Path + "?after=" + url.QueryEscape(members.Next)
	}
	if after != "" {
		v.First = v.Path
	}
	levels, err := a.Desk.Catalogue.Levels()
	if err != nil {
		return err
	}
	for _, l := range servedBy(levels, g.ID) {
		link := web.Link{Label: l.Path.In(v.Lang)}
		if v.Full {
			link.Address = address.Admin("catalogue", l.ID)
		}
		v.Modules = append(v.Modules, link)
	}
	return r.Render("page/admin-group", v)
}

func readGroup(f *web.Form) people.GroupForm {
	return people.GroupForm{Code: f.Text("code", store.Most("groups.code")), Name: wordsIn(f, "name", store.Most("groups.name.it")), Description: textsIn(f, "description"), Email: f.Text("email", store.Most("groups.email")),
		Phone: f.Text("phone", store.Most("groups.phone")), Hours: wordsIn(f, "hours", store.Most("groups.hours.it")), Signature: textsIn(f, "signature"), Confidential: f.Bool("confidential"), Retired: f.Bool("retired")}
}

func (a pages) postNewGroup(r *web.Request) error {
	f := r.Form()
	form := readGroup(f)
	err := f.Err()
	var g *store.Group
	if err == nil {
		g, err = a.Desk.People.AddGroup(r.Actor(), form)
	}
	if err != nil {
		return a.newGroupPage(r, f, err)
	}
	return r.Done("flash.group-added", address.Admin("groups", g.ID), "name", g.Name.In(r.Lang()))
}

func (a pages) postGroup(r *web.Request) error {
	g, err := a.groupInHand(r)
	if err != nil {
		return err
	}
	f := r.Form()
	form := readGroup(f)
	if err = f.Err(); err == nil {
		_, err = a.Desk.People.ChangeGroup(r.Actor(), g.ID, f.ID("rev"), form)
	}
	if err != nil {
		return a.groupPage(r, g, f, err)
	}
	return r.Done("flash.group-saved", address.Admin("groups", g.ID), "name", form.Name.In(r.Lang()))
}

// postMember adds a person to the group by address or name, or changes a member's rank.
func (a pages) postMember(r *web.Request) error {
	g, err := a.groupInHand(r)
	if err != nil {
		return err
	}
	f := r.Form()
	person := f.ID("person")
	if person == 0 {
		person = a.findMember(r, f)
	}
	if err = f.Err(); err == nil {
		err = a.Desk.People.PutMember(r.Actor(), g.ID, person, f.Raw("rank") == "supervisor")
	}
	if err != nil {
		return a.groupPage(r, g, f, moveProblems(err, func(field string) string {
			if field == "person" {
				return "member"
			}
			return field
		}))
	}
	return r.Done("flash.member-saved", address.Admin("groups", g.ID))
}

// findMember returns the person meant by a full address, or by a name that only one person has.
func (a pages) findMember(r *web.Request, f *web.Form) uint64 {
	text := f.Text("member", store.Most("people.email"))
	if text == "" {
		f.Refuse("member", "error.required")
		return 0
	}
	page, err := a.Desk.People.List(r.Actor(), people.Query{Text: text, Limit: 20})
	if err != nil {
		f.Fault = err
		return 0
	}
	for _, p := range page.People {
		if p.Email == spelling.Address(text) {
			return p.ID
		}
	}
	switch {
	case len(page.People) == 1 && page.Next == "":
		return page.People[0].ID
	case len(page.People) > 1:
		f.Refuse("member", "admin-groups.member-which")
	default:
		f.Refuse("member", "admin-groups.member-unknown")
	}
	return 0
}

func (a pages) postRemoveMember(r *web.Request) error {
	g, err := a.groupInHand(r)
	if err != nil {
		return err
	}
	f := r.Form()
	person := f.ID("person")
	if err := f.Err(); err != nil {
		return a.groupPage(r, g, f, err)
	}
	if err := a.Desk.People.RemoveMember(r.Actor(), g.ID, person); err != nil {
		return err
	}
	to := address.Admin("groups", g.ID)
	if person == r.Actor().ID() && !r.Actor().IsAdministrator() {
		to = "/admin"
	}
	return a.doneLeaving(r, person, "flash.member-removed", to)
}

func (a pages) postRemoveGroup(r *web.Request) error {
	g, err := a.groupInHand(r)
	if err != nil {
		return err
	}
	f := r.Form()
	if err := a.Desk.People.RemoveGroup(r.Actor(), g.ID); err != nil {
		return a.groupPage(r, g, f, err)
	}
	return r.Done("flash.group-removed", "/admin/groups", "name", g.Name.In(r.Lang()))
}
