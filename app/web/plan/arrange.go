package plan

import (
	"net/url"
	"strings"
	"time"

	"sportello/app/address"
	"sportello/app/desk/plan"
	"sportello/app/web"
	"sportello/app/web/show"
	"sportello/store"
	"sportello/store/fault"
)

// arrangePage changes the days and the people of a plan.
type arrangePage struct {
	web.Page
	Action, Back string
	Rev          uint64
	Groups       []show.Choice
	Rows         []personRow
	Changes      []string // what would move
	Tried        bool     // it was only looked at
}

// personRow is somebody of the organisation with their role, or room for one more.
type personRow struct {
	N, Email string
	Roles    []show.Choice
}

// moreRows is how many people more can be named at a time.
const moreRows = 3

func arranges(v *plan.View) bool {
	return v.MayArrange && v.Plan.State != store.PlanClosed && v.Plan.State != store.PlanCancelled
}

func (a pages) getArrange(r *web.Request) error {
	one, err := a.plan(r, arranges)
	if err != nil {
		return err
	}
	return a.arrangePage(r, one, nil, nil)
}

func (a pages) arrangePage(r *web.Request, one *plan.View, f *web.Form, wrong error) error {
	here := address.Plan(one.Plan.ID)
	v := &arrangePage{Page: a.begin(r, one, "plan.arrange-page"), Action: here + "/arrange", Back: here, Rev: one.Plan.Rev}
	p := &v.Page
	switch {
	case f != nil:
		if err := v.Refill(f, wrong); err != nil {
			return err
		}
	case v.Resume(r):
	default:
		first := url.Values{"name": {one.Plan.Name}, "start": {one.Plan.Start.Format(time.DateOnly)}, "go_live": {one.Plan.GoLive.Format(time.DateOnly)}, "group": {one.Group.Code}}
		if one.Lead != nil {
			first.Set("lead", one.Lead.Email)
		}
		for _, x := range one.People {
			first.Add("email", x.Email)
			first.Add("role", x.Role)
		}
		v.Fill(first)
	}
	groups, err := a.Desk.People.Groups(r.Actor())
	if err != nil {
		return err
	}
	for _, g := range groups {
		if !g.Retired || g.ID == one.Group.ID {
			v.Groups = append(v.Groups, show.Choice{Value: g.Code, Label: g.Name.In(p.Lang), Chosen: v.Chosen("group", g.Code)})
		}
	}
	emails, roles := v.Form.Values["email"], v.Form.Values["role"]
	n := 0
	add := func(email, role string) {
		n++
		x := personRow{N: p.Number(n), Email: email}
		for _, o := range one.Course.Roles {
			if o.Side == store.OfOrganisation {
				x.Roles = append(x.Roles, show.Choice{Value: o.Code, Label: o.Name.In(p.Lang), Chosen: o.Code == role})
			}
		}
		v.Rows = append(v.Rows, x)
	}
	for i, email := range emails {
		if email = strings.TrimSpace(email); email == "" {
			continue
		}
		role := ""
		if i < len(roles) {
			role = roles[i]
		}
		add(email, role)
	}
	for range moreRows {
		add("", "")
	}
	if f != nil && wrong == nil {
		c, err := a.Desk.Plans.Moved(r.Actor(), one.Plan.ID, dayOf(f.Time("start")), dayOf(f.Time("go_live")))
		if err != nil {
			if err := v.Refill(f, err); err != nil {
				return err
			}
		} else {
			v.Tried, v.Changes = true, changes(p, one, c)
		}
	}
	if err := show.House(a.Site, r, p, address.Plans); err != nil {
		return err
	}
	return r.Render("page/plan-arrange", v)
}

func (a pages) postArrange(r *web.Request) error {
	one, err := a.plan(r, arranges)
	if err != nil {
		return err
	}
	f := r.Form()
	name, group, lead, start, live := f.Raw("name"), f.Raw("group"), f.Raw("lead"), dayOf(f.Time("start")), dayOf(f.Time("go_live"))
	if err = f.Err(); err == nil && f.Raw("act") == "look" {
		return a.arrangePage(r, one, f, nil) // nothing is written
	}
	people, roles := []plan.Named{}, f.Values["role"]
	for i, email := range f.Values["email"] {
		if email = strings.TrimSpace(email); email == "" {
			continue
		}
		x := plan.Named{Email: email}
		if i < len(roles) {
			x.Role = roles[i]
		}
		people = append(people, x)
	}
	if err == nil {
		c := plan.Change{Rev: f.ID("rev"), Name: &name, Start: &start, GoLive: &live, Lead: &lead, People: &people}
		if group != "" {
			c.Group = &group
		}
		_, err = a.Desk.Plans.Arrange(r.Actor(), one.Plan.ID, c)
	}
	if err != nil {
		return a.again(r, f, err, "go_live", a.arrangePage)
	}
	if _, err := a.plan(r, nil); fault.KindOf(err) == fault.NotFound && err != nil {
		return r.Done("flash.plan-arranged", address.Plans) // it is of a group that is not one's own by now
	}
	return r.Done("flash.plan-arranged", address.Plan(one.Plan.ID))
}
