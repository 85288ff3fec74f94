package plan

import (
	"sportello/app/address"
	"sportello/app/desk/plan"
	"sportello/app/timeline"
	"sportello/app/web"
	"sportello/app/web/show"
	"sportello/store"
)

// overviewPage is how all plans stand that go on: for an organisation what waits for it, for the desk all by their health.
type overviewPage struct {
	web.Page
	Own    []own
	Groups []load
	Lines  []standing
	New    string
	May    bool // read figures
}

// own is a plan of the reader's organisation: where it is, what waits for them, the next date, whom to ask.
type own struct {
	Key           string
	Name, Address string
	Marks         []show.Mark
	Meta          []term
	Waits         []row
	Rest          string // how much more waits
}

// load is what a group has to do with plans.
type load struct {
	Name                                         string
	Plans, Troubled, Ours, Theirs, Late, Blocked string
}

// standing is a plan of the desk's.
type standing struct {
	Name, Address  string
	Place, Lead    string
	Marks          []show.Mark
	Waits          string
	Live, Forecast string
	Slips          bool
	Next           string
	Done           string
}

// mostWaiting is how much of what waits stands on the page of an organisation.
const mostWaiting = 8

func (a pages) getOverview(r *web.Request) error {
	o, err := a.Desk.Plans.Overview(r.Actor())
	if err != nil {
		return err
	}
	v := &overviewPage{Page: r.Page("plan.overview")}
	p := &v.Page
	p.Nav = "plans"
	p.Crumb(p.T("plan.title"), address.Plans)
	p.Crumb(p.Title, "")
	if p.IsAgent || p.IsAdministrator {
		v.New = address.Plans + "/new"
	}
	v.May = p.IsSupervisor || p.IsAdministrator
	for _, one := range o.Own {
		v.Own = append(v.Own, ownOf(p, one))
	}
	for _, l := range o.Groups {
		v.Groups = append(v.Groups, load{l.Name.In(p.Lang), p.Number(l.Plans), p.Number(l.Troubled), p.Number(l.Ours), p.Number(l.Theirs), p.Number(l.Late), p.Number(l.Blocked)})
	}
	for _, l := range o.Desk {
		v.Lines = append(v.Lines, standingOf(p, l))
	}
	if err := show.House(a.Site, r, p, address.Plans); err != nil {
		return err
	}
	return r.Render("page/plans-overview", v)
}

func standingOf(p *web.Page, l *plan.Line) standing {
	h := l.Health
	out := standing{Name: l.Plan.Name, Address: address.Plan(l.Plan.ID), Place: l.Organisation.Name, Marks: show.PlanMarks(p, h),
		Live: p.Date(l.Plan.GoLive), Forecast: dayText(p, h.Forecast), Slips: h.Forecast > h.GoLive, Next: dayText(p, h.Next), Done: p.T("plan.steps-done", "done", p.Number(h.Done), "all", p.Number(h.All))}
	if l.Unit != nil {
		out.Place = show.Joined(", ", out.Place, l.Unit.Name)
	}
	if l.Lead != nil {
		out.Lead = l.Lead.Name
	}
	if len(out.Marks) == 0 || l.Plan.State != store.PlanRunning {
		out.Marks = append([]show.Mark{stateMark(p, l.Plan.State)}, out.Marks...)
	}
	switch {
	case h.Ours > 0 && h.Theirs > 0:
		out.Waits = p.T("plan.on-both", "ours", p.Number(h.Ours), "theirs", p.Number(h.Theirs))
	case h.Ours > 0:
		out.Waits = p.T("plan.on-desk", "n", p.Number(h.Ours))
	case h.Theirs > 0:
		out.Waits = p.T("plan.on-them", "n", p.Number(h.Theirs))
	}
	return out
}

func dayText(p *web.Page, d timeline.Day) string {
	if d == 0 {
		return ""
	}
	return p.Date(d.Time())
}

func ownOf(p *web.Page, one *plan.View) own {
	out := own{Key: address.Plan(one.Plan.ID)[len(address.Plans)+1:], Name: one.Plan.Name, Address: address.Plan(one.Plan.ID), Marks: append([]show.Mark{stateMark(p, one.Plan.State)}, show.PlanMarks(p, one.Health)...)}
	if ph := one.Phase(); ph != nil {
		out.Meta = append(out.Meta, term{p.T("plan.where"), ph.Name.In(p.Lang)})
	}
	if one.Health.Next != 0 {
		out.Meta = append(out.Meta, term{p.T("plan.next-date"), show.Weekday(p, one.Health.Next.Time())})
	}
	for _, m := range meta(p, one) {
		if m.Label != p.T("plan.start") && m.Label != p.T("plan.people") {
			out.Meta = append(out.Meta, m)
		}
	}
	c := one.Waiting(store.OfOrganisation)
	for _, d := range c.Decisions {
		x := row{Name: d.Question.In(p.Lang), Address: address.Decision(one.Plan.ID, d.Code), Mark: decisionMark(p, d.State)}
		if d.By != 0 {
			x.Notes = []string{p.T("plan.by-day", "date", show.Weekday(p, d.By.Time()))}
		}
		out.Waits = append(out.Waits, x)
	}
	for _, s := range c.Steps {
		out.Waits = append(out.Waits, row{Name: s.Name.In(p.Lang), Address: address.Step(one.Plan.ID, s.Code), Mark: stepMark(p, s.State), Notes: []string{p.T("plan.by-day", "date", show.Weekday(p, s.Due.Time()))}})
	}
	if rest := len(out.Waits) - mostWaiting; rest > 0 {
		out.Waits, out.Rest = out.Waits[:mostWaiting], p.Plural("plan.and-more", rest)
	}
	return out
}
