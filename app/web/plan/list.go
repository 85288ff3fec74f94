package plan

import (
	"net/url"
	"strconv"
	"time"

	"sportello/app/address"
	"sportello/app/desk/plan"
	"sportello/app/web"
	"sportello/app/web/show"
	"sportello/store"
)

// perPage is how many plans a page of the list shows.
const perPage = 50

// listPage lists the plans that the reader may see.
type listPage struct {
	web.Page
	Lines    []show.PlanLine
	States   []show.Choice
	Filtered bool
	New      string // address of the form for a new one; empty for whoever may not
	From     string // address of the templates; empty for whoever may not read them
	First    string
	Next     string
}

func lineOf(p *web.Page, v *plan.Line) show.PlanLine {
	l := show.PlanLine{Name: v.Plan.Name, Address: address.Plan(v.Plan.ID), Marks: []show.Mark{stateMark(p, v.Plan.State)}}
	place := v.Organisation.Name
	if v.Unit != nil {
		place = show.Joined(", ", place, v.Unit.Name)
	}
	l.Meta = show.Joined(" · ", place, p.T("plan.live-on", "date", show.Weekday(p, v.Plan.GoLive)))
	if !v.Plan.Goes() {
		return l
	}
	h := v.Health
	l.Marks = append(l.Marks, show.PlanMarks(p, h)...)
	l.Meta = show.Joined(" · ", l.Meta, p.T("plan.steps-done", "done", p.Number(h.Done), "all", p.Number(h.All)))
	return l
}

func (a pages) getList(r *web.Request) error {
	v := &listPage{Page: r.Page("plan.title")}
	v.Nav = "plans"
	q := r.QueryForm()
	f := plan.Filter{Limit: perPage, State: web.FormCode[store.PlanState](q, "state"), Organisation: q.Raw("organisation"), After: q.ID("after")}
	list, more, err := a.Desk.Plans.List(r.Actor(), f)
	if err != nil {
		return err
	}
	for _, one := range list {
		v.Lines = append(v.Lines, lineOf(&v.Page, one))
	}
	for _, s := range []store.PlanState{store.PlanPrepared, store.PlanRunning, store.PlanPaused, store.PlanClosed, store.PlanCancelled} {
		v.States = append(v.States, show.Choice{Value: s.String(), Label: v.T("plan.state-" + s.String()), Chosen: f.State == s})
	}
	if v.IsAgent || v.IsAdministrator {
		v.New = address.Plans + "/new"
	}
	if v.IsWriter {
		v.From = address.Templates
	}
	filter := url.Values{}
	for _, name := range []string{"state", "organisation"} {
		if s := q.Raw(name); s != "" {
			filter.Set(name, s)
		}
	}
	v.Filtered = len(filter) > 0
	if f.After != 0 {
		v.First = show.JoinQuery(address.Plans, filter.Encode())
	}
	if more {
		filter.Set("after", strconv.FormatUint(list[len(list)-1].Plan.ID, 10))
		v.Next = show.JoinQuery(address.Plans, filter.Encode())
	}
	if err := show.House(a.Site, r, &v.Page, v.Path); err != nil {
		return err
	}
	return r.Render("page/plans", v)
}

// newPage is the form that begins a plan.
type newPage struct {
	web.Page
	Templates     []show.Choice
	Organisations []show.Choice
}

func (a pages) getNew(r *web.Request) error { return a.newPage(r, nil, nil) }

func (a pages) newPage(r *web.Request, f *web.Form, wrong error) error {
	v := &newPage{Page: r.Page("plan.new")}
	v.Nav = "plans"
	v.Crumb(v.T("plan.title"), address.Plans)
	v.Crumb(v.Title, "")
	if f != nil {
		if err := v.Refill(f, wrong); err != nil {
			return err
		}
	} else if !v.Resume(r) {
		v.Fill(url.Values{"start": {v.Now.Format(time.DateOnly)}, "organisation": {r.Query("organisation")}, "template": {r.Query("template")}})
	}
	templates, err := a.Desk.Templates.List(r.Actor())
	if err != nil {
		return err
	}
	for _, t := range templates {
		if t.Published != 0 && !t.Retired {
			v.Templates = append(v.Templates, show.Choice{Value: t.Code, Label: t.Name.In(v.Lang), Chosen: v.Chosen("template", t.Code)})
		}
	}
	organisations, err := a.Desk.People.Organisations(r.Actor())
	if err != nil {
		return err
	}
	for _, o := range organisations {
		v.Organisations = append(v.Organisations, show.Choice{Value: o.Code, Label: o.Name, Chosen: v.Chosen("organisation", o.Code)})
	}
	if err := show.House(a.Site, r, &v.Page, address.Plans); err != nil {
		return err
	}
	return r.Render("page/plan-new", v)
}

func (a pages) postNew(r *web.Request) error {
	f := r.Form()
	begin := plan.Beginning{Template: f.Raw("template"), Organisation: f.Raw("organisation"), Unit: f.Raw("unit"), Name: f.Raw("name"), Start: dayOf(f.Time("start")), GoLive: dayOf(f.Time("go_live"))}
	for _, email := range f.Lines("people") {
		begin.People = append(begin.People, plan.Named{Email: email})
	}
	err := f.Err()
	var v *plan.View
	if err == nil {
		v, err = a.Desk.Plans.Begin(r.Actor(), begin)
	}
	if err != nil {
		return a.newPage(r, f, err)
	}
	return r.Done("flash.plan-begun", address.Plan(v.Plan.ID))
}

// dayOf returns the day of a time at the desk, at its beginning in UTC.
func dayOf(t time.Time) time.Time {
	if t.IsZero() {
		return t
	}
	y, m, d := t.Date()
	return time.Date(y, m, d, 0, 0, 0, 0, time.UTC)
}
