package admin

import (
	"strconv"
	"strings"

	"sportello/app/address"
	"sportello/app/desk"
	"sportello/app/desk/people"
	"sportello/app/desk/relocation"
	"sportello/app/web"
	"sportello/app/web/show"
	"sportello/store"
	"sportello/store/fault"
)

// relocationPage asks what is to go where, says who would see other tickets by that, and asks for the confirmation.
type relocationPage struct {
	show.AdminPage
	ID       uint64
	Units    []show.Choice
	Others   []show.Choice // the other organisations
	Shown    bool          // below is what would change
	Lead     string        // what would go where, in a sentence
	Facts    []string
	Eyes     []relocationEyes
	More     string // how many people more are not in the list
	Unit, To string
	Sum      string
	Do       string
	Running  string // what is under way, instead of the forms
}

type relocationEyes struct{ Name, Email, Address, Gained, Lost string }

// mostEyes limits how many people the page names; the sum of the preview is of all.
const mostEyes = 200

func (a pages) getRelocation(r *web.Request) error {
	n, err := r.Number()
	if err != nil {
		return err
	}
	f := r.QueryForm()
	from, to := store.Hat{Organisation: n, Unit: f.ID("unit")}, f.ID("to")
	v, err := a.relocationPage(r, from, to)
	if err != nil {
		return err
	}
	if to != 0 && v.Running == "" {
		seen, err := a.Desk.Relocations.Preview(r.Actor(), from, to)
		if err == nil {
			err = a.showRelocation(v, seen)
		}
		if err != nil && !v.Refuse(err) {
			return err
		}
	}
	return r.Render("page/admin-relocation", v)
}

func (a pages) postRelocation(r *web.Request) error {
	n, err := r.Number()
	if err != nil {
		return err
	}
	f := r.Form()
	from, to := store.Hat{Organisation: n, Unit: f.ID("unit")}, f.ID("to")
	v, err := a.relocationPage(r, from, to)
	if err != nil {
		return err
	}
	_, seen, err := a.Desk.Relocations.Begin(r.Actor(), from, to, f.Raw("sum"))
	if err == nil {
		return r.Done("flash.relocation-begun", "/admin/organisations")
	}
	if fault.KindOf(err) == fault.Conflict && seen.Sum != "" {
		if bad := a.showRelocation(v, seen); bad != nil {
			return bad
		}
	}
	if !v.Refuse(err) {
		return err
	}
	return r.Render("page/admin-relocation", v)
}

// relocationPage returns the page without what would change.
func (a pages) relocationPage(r *web.Request, from store.Hat, to uint64) (*relocationPage, error) {
	all, err := a.Desk.People.Organisations(r.Actor())
	if err != nil {
		return nil, err
	}
	o, err := a.organisation(r, func(o people.OrganisationView) bool { return o.ID == from.Organisation })
	if err != nil {
		return nil, err
	}
	v := &relocationPage{AdminPage: show.Admin(a.Site, r, "organisations", "relocation.title", "name", o.Name), ID: o.ID, Unit: number(from.Unit), To: number(to)}
	v.Crumb(o.Name, address.Admin("organisations", o.ID))
	v.End(v.T("relocation.crumb"))
	v.Path = address.Admin("organisations", o.ID) + "/move"
	v.Units = []show.Choice{{Value: "", Label: v.T("relocation.whole", "name", o.Name), Chosen: from.Unit == 0}}
	for _, u := range o.Units {
		v.Units = append(v.Units, show.Choice{Value: number(u.ID), Label: u.Name, Chosen: u.ID == from.Unit})
	}
	for _, other := range all {
		if other.ID != o.ID {
			v.Others = append(v.Others, show.Choice{Value: number(other.ID), Label: other.Name, Chosen: other.ID == to})
		}
	}
	v.Running, err = a.underWay(r, &v.Page)
	return v, err
}

func number(id uint64) string {
	if id == 0 {
		return ""
	}
	return strconv.FormatUint(id, 10)
}

// showRelocation adds what would change to the page.
func (a pages) showRelocation(v *relocationPage, p relocation.Preview) error {
	v.Shown, v.Sum = true, p.Sum
	err := a.Desk.Names(func(n desk.Names) {
		from, to := n.Place(p.From.Organisation, p.From.Unit), n.Place(p.To, 0)
		v.Lead, v.Do = v.T("relocation.moves", "from", from, "to", to), v.T("relocation.do-move", "from", from, "to", to)
		if p.From.Unit == 0 {
			v.Lead, v.Do = v.T("relocation.merges", "from", from, "to", to), v.T("relocation.do-merge", "from", from, "to", to)
		}
	})
	if err != nil {
		return err
	}
	v.Facts = []string{v.Plural("relocation.people", p.People), v.Plural("relocation.tickets", p.Tickets)}
	if len(p.Joined) > 0 {
		v.Facts = append(v.Facts, v.T("relocation.joined", "names", strings.Join(p.Joined, ", ")))
	}
	people := func(n int, key, nobody string) {
		if n == 0 {
			v.Facts = append(v.Facts, v.T(nobody))
		} else {
			v.Facts = append(v.Facts, v.Plural(key, n))
		}
	}
	people(p.Gaining(), "relocation.gaining", "relocation.gaining-nobody")
	people(p.Losing(), "relocation.losing", "relocation.losing-nobody")
	for _, e := range p.Eyes[:min(len(p.Eyes), mostEyes)] {
		v.Eyes = append(v.Eyes, relocationEyes{e.Name, e.Email, address.Person(e.Person), number(uint64(e.Gained)), number(uint64(e.Lost))}) // #nosec G115 -- counts
	}
	if more := len(p.Eyes) - mostEyes; more > 0 {
		v.More = v.Plural("relocation.more", more)
	}
	return nil
}

// underWay says what relocation is under way and how far it is, empty when there is none.
func (a pages) underWay(r *web.Request, p *web.Page) (string, error) {
	running, err := a.Desk.Relocations.UnderWay(r.Actor())
	if err != nil || running == nil {
		return "", err
	}
	out := ""
	err = a.Desk.Names(func(n desk.Names) {
		out = p.T("relocation.under-way", "from", n.Place(running.From.Organisation, running.From.Unit), "to", n.Place(running.To, 0),
			"people", running.People, "tickets", running.Tickets)
	})
	return out, err
}
