package plan

import (
	"fmt"
	"strings"

	"sportello/app/address"
	"sportello/app/desk/plan"
	"sportello/app/timeline"
	"sportello/app/web"
	"sportello/app/web/show"
	"sportello/store"
)

// planPage is a plan: where it stands, what waits for whom, and its phases.
type planPage struct {
	web.Page
	Marks  []show.Mark
	Meta   []term
	Next   *web.Link // the decision to take first
	Why    string    // of that decision
	Waits  string    // what is in whose court
	Asks   []string  // facts that nobody knows
	Facts  string    // address of the form for them; empty for whoever may not
	Change string    // address of the form for days and people; empty for whoever may not
	Record string
	Chart  *chart
	Phases []phase
	Moves  []show.Choice // states that the reader may give it
	Action string
	Rev    uint64
	Reason string // of the state it is in
}

// term is a line of a list of terms.
type term struct{ Label, Text string }

// phase is a part of the plan.
type phase struct {
	Key       string
	Name      string
	Decisions []row
	Steps     []row
	Freezes   []freeze
}

// freeze is a time in which something stands still, and who read of it.
type freeze struct {
	Name, Words string
	Read        string // address that says that the reader read of it; empty: they did, or the plan is over
	Mine        bool
	Who, Not    string // for the desk: who read of it, and who did not
}

// row is a decision or step in its phase.
type row struct {
	Name, Address string
	Mark          show.Mark
	More          []show.Mark
	Meta          string
	Due, Expected string // days
	Side          string
	Notes         []string // what a line says below the name
}

func (a pages) getPlan(r *web.Request) error {
	one, err := a.plan(r, nil)
	if wantsReason(err) {
		n, _ := r.Number() // it was read
		return a.reasonPage(r, n, nil, nil)
	}
	if err != nil {
		return err
	}
	return a.planPage(r, one, nil, nil)
}

func (a pages) planPage(r *web.Request, one *plan.View, f *web.Form, wrong error) error {
	v := &planPage{Page: a.begin(r, one, "plan.one", "name", one.Plan.Name)}
	p := &v.Page
	v.Marks = []show.Mark{stateMark(p, one.Plan.State)}
	v.Record, v.Reason = address.PlanRecord(one.Plan.ID), one.Plan.Reason
	v.Meta = meta(p, one)
	open := one.Plan.Goes() || one.Plan.State == store.PlanPaused
	if open {
		v.Marks = append(v.Marks, show.PlanMarks(p, one.Health)...)
		v.Waits = waits(p, one)
	}
	if one.MaySay && open {
		v.Facts = address.PlanFacts(one.Plan.ID)
		for _, name := range one.Asks {
			v.Asks = append(v.Asks, factName(p, one, name))
		}
	}
	readers, err := a.Desk.Plans.Readers(r.Actor(), one.Plan.ID)
	if err != nil {
		return err
	}
	for _, ph := range one.Phases {
		if ph.Shown && len(ph.Decisions)+len(ph.Steps)+len(ph.Freezes) > 0 {
			v.Phases = append(v.Phases, phaseOf(p, one, ph, readers))
		}
	}
	if d := one.First(); d != nil && (one.MayDecide || one.MayPropose) {
		v.Next = &web.Link{Label: d.Question.In(p.Lang), Address: address.Decision(one.Plan.ID, d.Code)}
		v.Why = d.Why.In(p.Lang)
	}
	if v.Chart = chartOf(p, one); arranges(one) {
		v.Change = address.Plan(one.Plan.ID) + "/arrange"
	}
	if one.MayArrange {
		v.Action, v.Rev = address.Plan(one.Plan.ID)+"/state", one.Plan.Rev
		for _, s := range one.Moves() {
			v.Moves = append(v.Moves, show.Choice{Value: s.String(), Label: p.T("plan.state-" + s.String()), Chosen: f != nil && f.Raw("state") == s.String()})
		}
	}
	if f != nil {
		if err := v.Refill(f, wrong); err != nil {
			return err
		}
	}
	if err := show.House(a.Site, r, p, address.Plans); err != nil {
		return err
	}
	return r.Render("page/plan", v)
}

func meta(p *web.Page, one *plan.View) []term {
	place := one.Organisation.Name
	if one.Unit != nil {
		place = show.Joined(", ", place, one.Unit.Name)
	}
	out := []term{{p.T("plan.organisation"), place}, {p.T("plan.start"), show.Weekday(p, one.Plan.Start)}, {p.T("plan.go-live"), show.Weekday(p, one.Plan.GoLive)}}
	if h := one.Health; h.Forecast > h.GoLive && one.Plan.Goes() {
		out = append(out, term{p.T("plan.forecast"), show.Weekday(p, h.Forecast.Time())})
	}
	lead := one.Group.Name.In(p.Lang)
	if one.Lead != nil {
		lead = show.Joined(", ", one.Lead.Name, lead)
	}
	out = append(out, term{p.T("plan.desk"), lead})
	names := ""
	for _, x := range one.People {
		name := x.Name
		for _, role := range one.Course.Roles {
			if role.Code == x.Role {
				name += " (" + role.Name.In(p.Lang) + ")"
			}
		}
		names = show.Joined(", ", names, name)
	}
	if names != "" {
		out = append(out, term{p.T("plan.people"), names})
	}
	return out
}

// waits says in whose court the plan is, as the reader sees it.
func waits(p *web.Page, one *plan.View) string {
	ours, theirs := one.Health.Ours, one.Health.Theirs
	if !one.OfDesk {
		ours, theirs = theirs, ours
	}
	some := func(key string, n int) string {
		if n == 0 {
			return ""
		}
		return p.Plural(key, n)
	}
	return show.Joined(" ", some("plan.ours", ours), some("plan.theirs", theirs))
}

func factName(p *web.Page, one *plan.View, code string) string {
	for _, f := range one.Course.Facts {
		if f.Code == code {
			return f.Name.In(p.Lang)
		}
	}
	if name := one.NameOf(code, p.Lang); name != "" {
		return name
	}
	return code
}

func phaseOf(p *web.Page, one *plan.View, of plan.Phase, readers map[string]plan.Readers) phase {
	out := phase{Key: of.Code, Name: of.Name.In(p.Lang)}
	for _, d := range of.Decisions {
		if !d.Shown {
			continue
		}
		x := row{Name: d.Question.In(p.Lang), Address: address.Decision(one.Plan.ID, d.Code), Mark: decisionMark(p, d.State)}
		if d.Last != nil {
			for _, o := range d.Options {
				if o.Code == d.Last.Option {
					x.Meta = o.Name.In(p.Lang)
				}
			}
		}
		if len(d.Touched) > 0 {
			x.More = append(x.More, show.Mark{Icon: "warn", Class: "badge-wait", Words: p.T("plan.look-again")})
		}
		if d.By != 0 {
			x.Notes = []string{p.T("plan.by-day", "date", show.Weekday(p, d.By.Time()))}
		}
		out.Decisions = append(out.Decisions, x)
	}
	for _, s := range of.Steps {
		if s.Shown {
			out.Steps = append(out.Steps, stepRow(p, one, s))
		}
	}
	for _, f := range of.Freezes {
		said := readers[f.Code]
		x := freeze{Name: f.Name.In(p.Lang), Mine: said.Mine, Who: strings.Join(said.Read, ", "), Not: strings.Join(said.Missing, ", "),
			Words: p.T("plan.freeze", "name", f.Name.In(p.Lang), "from", show.Weekday(p, f.From.Time()), "until", show.Weekday(p, f.Until.Time()), "stops", f.Stops.In(p.Lang))}
		if !said.Mine && one.Plan.State != store.PlanClosed && one.Plan.State != store.PlanCancelled {
			x.Read = address.Freeze(one.Plan.ID, f.Code)
		}
		out.Freezes = append(out.Freezes, x)
	}
	return out
}

func stepRow(p *web.Page, one *plan.View, s *plan.Step) row {
	x := row{Name: s.Name.In(p.Lang), Address: address.Step(one.Plan.ID, s.Code), Mark: stepMark(p, s.State), Meta: s.Milestone.In(p.Lang), Side: p.T("plan.side-" + s.Side.String()),
		Due: show.Weekday(p, s.Due.Time()), Expected: show.Weekday(p, s.Expected.Time())}
	if x.Notes = []string{x.Side, p.T("plan.by-day", "date", x.Due)}; x.Expected != x.Due {
		x.Notes = append(x.Notes, show.Joined(": ", p.T("plan.expected"), x.Expected))
	}
	if s.State == store.StepDone || s.State == store.StepNotNeeded {
		return x
	}
	if s.Late > 0 {
		x.More = append(x.More, show.Mark{Icon: "clock", Class: "badge-alarm", Words: p.Plural("plan.days-late", s.Late)})
	}
	if s.Critical {
		x.More = append(x.More, show.Mark{Icon: "warn", Class: "badge-wait", Words: p.T("plan.critical")})
	}
	return x
}

func (a pages) postState(r *web.Request) error {
	one, err := a.plan(r, func(v *plan.View) bool { return v.MayArrange })
	if err != nil {
		return err
	}
	f := r.Form()
	c := plan.Change{Rev: f.ID("rev"), State: web.FormCode[store.PlanState](f, "state"), Reason: f.Body("reason")}
	f.Need("state")
	if err = f.Err(); err == nil {
		_, err = a.Desk.Plans.Arrange(r.Actor(), one.Plan.ID, c)
	}
	if err != nil {
		return a.again(r, f, err, "state", a.planPage)
	}
	return r.Done("flash.plan-state", address.Plan(one.Plan.ID))
}

// chart is the plan over its days: a bar for each phase, from its first open or done step to its last, and lines for today
// and for going live. What it shows stands in a table below it, whose lines lead to the phases.
type chart struct {
	Height      int
	Bars        []chartBar
	Today, Live string // paths of the lines; empty: outside
	Words       string
}

type chartBar struct {
	X, Y, Wide, Done int
	TextY            int
	Key, Name        string
	From, Until      string
	Count            string // of steps done
}

// The chart is drawn in units of its own.
const (
	chartWide = 600
	chartRow  = 30
)

func chartOf(p *web.Page, one *plan.View) *chart {
	first, last := timeline.Date(one.Plan.Start.Date()), max(timeline.Date(one.Plan.GoLive.Date()), one.Ends)
	if last <= first {
		return nil
	}
	at := func(d timeline.Day) int { return int(d-first) * chartWide / int(last-first) }
	c := &chart{}
	for _, ph := range one.Phases {
		var from, until timeline.Day
		done, all := 0, 0
		for _, s := range ph.Steps {
			if !s.Shown || s.State == store.StepNotNeeded {
				continue
			}
			if all == 0 || s.Expected < from {
				from = s.Expected
			}
			until = max(until, s.Expected)
			if all++; s.State == store.StepDone {
				done++
			}
		}
		if all == 0 {
			continue
		}
		from, until = max(from, first), min(max(until, first), last)
		x := min(at(from), chartWide-6)
		wide := max(at(until)-x, 6)
		y := len(c.Bars) * chartRow
		c.Bars = append(c.Bars, chartBar{X: x, Y: y + 18, Wide: wide, Done: wide * done / all, TextY: y + 14, Key: ph.Code, Name: ph.Name.In(p.Lang),
			From: p.Date(from.Time()), Until: p.Date(until.Time()), Count: p.T("plan.steps-done", "done", p.Number(done), "all", p.Number(all))})
	}
	if len(c.Bars) == 0 {
		return nil
	}
	c.Height = len(c.Bars) * chartRow
	line := func(d timeline.Day) string { return fmt.Sprintf("M%d 0V%d", at(d), c.Height) }
	c.Live = line(timeline.Date(one.Plan.GoLive.Date()))
	if today := timeline.Date(p.Now.Date()); today >= first && today <= last {
		c.Today = line(today)
	}
	c.Words = p.T("plan.chart", "from", show.Weekday(p, first.Time()), "until", show.Weekday(p, last.Time()))
	return c
}
