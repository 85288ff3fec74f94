package plan

import (
	"cmp"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"sportello/app/desk/entry"
	"sportello/app/desk/policy"
	"sportello/app/desk/template"
	"sportello/app/timeline"
	"sportello/store"
	"sportello/store/act"
	"sportello/store/db"
	"sportello/store/fault"
)

// Beginning is a plan as somebody begins it. Its texts are codes and names.
type Beginning struct {
	Template     string
	Organisation string
	Unit         string // name; empty: the whole organisation
	Name         string // empty: that of the template
	Start        time.Time
	GoLive       time.Time
	Facts        map[string][]string
	Lead         string // address; empty: the actor if they are of the group
	People       []Named
}

// Named is somebody of a plan, by address.
type Named struct {
	Email, Role string
}

// Begin begins a plan with the published version of a template. It returns what is wrong with the fields as fault.Problems.
func (ps *Plans) Begin(a policy.Actor, f Beginning) (*View, error) {
	if !a.System && !a.IsAgent() && !a.IsAdministrator() {
		return nil, policy.Denied(a)
	}
	var out *View
	err := ps.st.Update(a.By(act.BeginPlan), func(tx *db.Tx) error {
		var wrong fault.Problems
		p := &store.Plan{State: store.PlanPrepared, Start: f.Start, GoLive: f.GoLive}
		t, err := ps.templateOf(tx, a, f.Template, &wrong)
		if err != nil {
			return err
		}
		if err := place(tx, p, f, &wrong); err != nil {
			return err
		}
		if t != nil {
			p.Template, p.Version, p.Group, p.Modules = t.ID, t.Published, t.Group, slices.Clone(t.Modules)
			if err := policy.MayPlan(tx, a, policy.ArrangePlan, p); err != nil {
				return fault.New(fault.Denied, "error.plan-group").At("template")
			}
			p.Name = entry.CleanLine(&wrong, "name", cmp.Or(f.Name, t.Name.In(a.Lang())), store.Plans.Most("name"))
			file, err := ps.templates.VersionOf(tx, t.Published)
			if err != nil {
				return err
			}
			if err := ps.say(tx, a, p, &file.Course, f.Facts, &wrong); err != nil {
				return err
			}
			if err := ps.people(tx, p, &file.Course, f.People, &wrong); err != nil {
				return err
			}
		}
		checkDays(p, &wrong)
		if err := lead(tx, a, p, f.Lead, &wrong); err != nil {
			return err
		}
		if err := wrong.Err(); err != nil {
			return err
		}
		if err := store.Plans.Put(tx, p); err != nil {
			return err
		}
		out, err = ps.view(tx, a, p)
		return err
	})
	return out, err
}

// templateOf returns the published template of the code.
func (ps *Plans) templateOf(tx *db.Tx, a policy.Actor, code string, wrong *fault.Problems) (*store.Template, error) {
	if strings.TrimSpace(code) == "" {
		wrong.Add("template", "error.required")
		return nil, nil
	}
	t, err := store.TemplatesByCode.First(tx, strings.ToLower(strings.TrimSpace(code)))
	if err == nil {
		err = policy.FactsOfTemplate(t).May(tx, a, policy.SeeTemplate)
	}
	switch {
	case fault.KindOf(err) == fault.NotFound, err == nil && (t.Published == 0 || t.Retired):
		wrong.Add("template", "error.template-unknown")
		return nil, nil
	case err != nil:
		return nil, err
	}
	return t, nil
}

func place(tx *db.Tx, p *store.Plan, f Beginning, wrong *fault.Problems) error {
	o, err := store.OrganisationsByCode.PeekFirst(tx, strings.ToLower(strings.TrimSpace(f.Organisation)))
	if fault.KindOf(err) == fault.NotFound {
		wrong.Add("organisation", "error.organisation-unknown")
		return nil
	}
	if err != nil {
		return err
	}
	p.Organisation = o.ID
	if f.Unit == "" {
		return nil
	}
	units, err := store.UnitsByOrganisation.Find(tx, o.ID)
	if err != nil {
		return err
	}
	i := slices.IndexFunc(units, func(u *store.Unit) bool { return strings.EqualFold(u.Name, strings.TrimSpace(f.Unit)) })
	if i < 0 {
		wrong.Add("unit", "error.unit-unknown")
		return nil
	}
	p.Unit = units[i].ID
	return nil
}

// checkDays holds a plan to days that follow one another within ten years.
func checkDays(p *store.Plan, wrong *fault.Problems) {
	switch {
	case p.Start.IsZero():
		wrong.Add("start", "error.required")
	case p.GoLive.IsZero():
		wrong.Add("go_live", "error.required")
	case p.GoLive.Before(p.Start):
		wrong.Add("go_live", "error.live-before-start")
	case p.Start.Year() < 1990 || p.GoLive.Sub(p.Start) > 10*366*24*time.Hour:
		wrong.Add("go_live", "error.plan-too-long")
	}
}

// lead sets who answers for the plan at the desk: an agent of its group.
func lead(tx *db.Tx, a policy.Actor, p *store.Plan, email string, wrong *fault.Problems) error {
	if email == "" {
		if p.Lead == 0 && a.Person != nil && a.Person.InGroup(p.Group) {
			p.Lead = a.Person.ID
		}
		return nil
	}
	who, err := store.PeopleByEmail.PeekFirst(tx, strings.ToLower(strings.TrimSpace(email)))
	if fault.IgnoreNotFound(err) != nil {
		return err
	}
	if err != nil || !who.InGroup(p.Group) || who.Disabled {
		wrong.Add("lead", "error.lead-outside")
		return nil
	}
	p.Lead = who.ID
	return nil
}

// people sets the people of the plan: of its organisation, with roles of the template.
func (ps *Plans) people(tx *db.Tx, p *store.Plan, course *template.Course, named []Named, wrong *fault.Problems) error {
	p.People = nil
	for _, n := range named {
		if n.Role != "" && !slices.ContainsFunc(course.Roles, func(r template.Role) bool { return r.Code == n.Role }) {
			wrong.Add("people", "error.role-unknown", "role", n.Role)
			continue
		}
		who, err := store.PeopleByEmail.PeekFirst(tx, strings.ToLower(strings.TrimSpace(n.Email)))
		if fault.IgnoreNotFound(err) != nil {
			return err
		}
		if err != nil || who.Disabled || !slices.ContainsFunc(who.Affiliations, func(h store.Affiliation) bool { return h.Organisation == p.Organisation && h.Holds(tx.Now()) }) {
			wrong.Add("people", "error.person-outside", "email", n.Email)
			continue
		}
		if !slices.Contains(p.People, store.PlanPerson{Person: who.ID, Role: n.Role}) {
			p.People = append(p.People, store.PlanPerson{Person: who.ID, Role: n.Role})
		}
	}
	return nil
}

// say writes facts: nil forgets one, an empty list says that there is none.
func (ps *Plans) say(tx *db.Tx, a policy.Actor, p *store.Plan, course *template.Course, facts map[string][]string, wrong *fault.Problems) error {
	said := maps.Clone(p.Facts)
	if said == nil {
		said = map[string]store.KnownFact{}
	}
	fields := template.AllFields(course)
	for _, name := range slices.Sorted(maps.Keys(facts)) {
		values := facts[name]
		i := slices.IndexFunc(course.Facts, func(f template.FactKind) bool { return f.Code == name })
		if i < 0 {
			wrong.Add("facts", "error.fact-unknown", "fact", name)
			continue
		}
		if values == nil {
			delete(said, name)
			continue
		}
		field, _ := fields(name)
		for _, v := range values {
			if !field.Reads(v) {
				wrong.Add("facts", "error.fact-value", "fact", name, "value", v)
			}
		}
		if len(values) > 1 && course.Facts[i].Kind != "list" {
			wrong.Add("facts", "error.fact-value", "fact", name, "value", strings.Join(values, ", "))
		}
		said[name] = store.KnownFact{Values: values, AsOf: tx.Now(), By: a.ID()}
	}
	if len(facts) > 0 {
		p.Facts = said
	}
	return nil
}

// Values returns the values of a fact that a program gave as JSON, as its template compares them: a text, yes or no, a
// number with its digits, or a list of these. null is nil: nobody knows. It reports false for anything else.
func Values(v any) ([]string, bool) {
	switch v := v.(type) {
	case nil:
		return nil, true
	case string:
		return []string{v}, true
	case bool:
		return []string{map[bool]string{true: "yes", false: "no"}[v]}, true
	case fmt.Stringer: // a number
		return []string{v.String()}, true
	case []any:
		out, ok := []string{}, true
		for _, x := range v {
			values, fits := Values(x)
			out, ok = append(out, values...), ok && fits
		}
		return out, ok
	}
	return nil, false
}

// Change says what becomes different in a plan; nil leaves as it is.
type Change struct {
	Rev    uint64
	Name   *string
	Start  *time.Time
	GoLive *time.Time
	Group  *string // code; who leads it and is not of the new one leads it no more
	Lead   *string
	People *[]Named
	Facts  map[string][]string
	State  store.PlanState // 0: as it is
	Reason string          // of a state
}

// moves are the states that a plan may go to from each.
var moves = map[store.PlanState][]store.PlanState{
	store.PlanPrepared:  {store.PlanRunning, store.PlanCancelled},
	store.PlanRunning:   {store.PlanPaused, store.PlanClosed, store.PlanCancelled},
	store.PlanPaused:    {store.PlanRunning, store.PlanClosed, store.PlanCancelled},
	store.PlanCancelled: {store.PlanRunning},
	store.PlanClosed:    nil,
}

// Arrange changes a plan. Facts may be said by whoever takes part in it; everything else is arranged by the desk. It
// returns Conflict "error.changed-meanwhile" for another revision, and "error.plan-move" for a state that it cannot go to.
// A plan that is closed keeps its record for ever.
func (ps *Plans) Arrange(a policy.Actor, number uint64, c Change) (*View, error) {
	var out *View
	what := act.ArrangePlan
	facts := len(c.Facts) > 0
	arranges := c.Name != nil || c.Start != nil || c.GoLive != nil || c.Group != nil || c.Lead != nil || c.People != nil || c.State != 0
	if facts && !arranges {
		what = act.SayPlanFact
	}
	err := ps.st.Update(a.By(what), func(tx *db.Tx) error {
		p, err := store.Plans.Get(tx, number)
		if err != nil {
			return err
		}
		of := policy.FactsOfPlan(tx, p)
		if arranges || !facts {
			if err := of.May(tx, a, policy.ArrangePlan); err != nil {
				return err
			}
		}
		if facts {
			if err := of.May(tx, a, policy.SayFact); err != nil {
				return err
			}
		}
		if err := entry.SameRev(c.Rev, p.Rev); err != nil {
			return err
		}
		open := p.State != store.PlanClosed
		if err := ps.arrange(tx, a, p, c); err != nil {
			return err
		}
		if open && p.State == store.PlanClosed {
			if p.Record, err = ps.keepRecord(tx, a, p); err != nil {
				return err
			}
		}
		if err := store.Plans.Put(tx, p); err != nil {
			return err
		}
		out, err = ps.view(tx, a, p)
		return err
	})
	return out, err
}

func (ps *Plans) arrange(tx *db.Tx, a policy.Actor, p *store.Plan, c Change) error {
	var wrong fault.Problems
	if p.State == store.PlanClosed || p.State == store.PlanCancelled && c.State != store.PlanRunning {
		return entry.Conflict("error.plan-ended")
	}
	file, err := ps.templates.VersionOf(tx, p.Version)
	if err != nil {
		return err
	}
	if c.Name != nil {
		if p.Name = entry.CleanLine(&wrong, "name", *c.Name, store.Plans.Most("name")); p.Name == "" {
			wrong.Add("name", "error.required")
		}
	}
	if c.Start != nil {
		p.Start = *c.Start
	}
	if c.GoLive != nil {
		p.GoLive = *c.GoLive
	}
	checkDays(p, &wrong)
	if c.Group != nil {
		if err := hand(tx, p, *c.Group, &wrong); err != nil {
			return err
		}
	}
	if c.Lead != nil {
		p.Lead = 0
		if err := lead(tx, policy.Actor{}, p, *c.Lead, &wrong); err != nil {
			return err
		}
	}
	if c.People != nil {
		if err := ps.people(tx, p, &file.Course, *c.People, &wrong); err != nil {
			return err
		}
	}
	if err := ps.say(tx, a, p, &file.Course, c.Facts, &wrong); err != nil {
		return err
	}
	if c.State != 0 && c.State != p.State {
		if !slices.Contains(moves[p.State], c.State) {
			return entry.Conflict("error.plan-move", "from", p.State.String(), "to", c.State.String()).At("state")
		}
		p.Reason = entry.CleanLine(&wrong, "reason", c.Reason, store.Plans.Most("reason"))
		if p.Reason == "" && (c.State == store.PlanCancelled || c.State == store.PlanPaused) {
			wrong.Add("reason", "error.required")
		}
		p.State, p.Ended = c.State, time.Time{}
		if c.State == store.PlanClosed || c.State == store.PlanCancelled {
			p.Ended = tx.Now()
		}
		if c.State == store.PlanClosed {
			if err := ps.settle(tx, p); err != nil {
				return err
			}
		}
	}
	return wrong.Err()
}

// hand gives the plan to another group of the desk.
func hand(tx *db.Tx, p *store.Plan, code string, wrong *fault.Problems) error {
	g, err := store.GroupsByCode.PeekFirst(tx, strings.ToLower(strings.TrimSpace(code)))
	if fault.IgnoreNotFound(err) != nil {
		return err
	}
	if err != nil || g.Retired && g.ID != p.Group {
		wrong.Add("group", "error.group-unknown")
		return nil
	}
	p.Group = g.ID
	who, err := store.People.Peek(tx, p.Lead)
	if err == nil && !who.InGroup(g.ID) {
		p.Lead = 0
	}
	return fault.IgnoreNotFound(err)
}

// settle marks what a closed plan decided, so that later plans learn how others chose.
func (ps *Plans) settle(tx *db.Tx, p *store.Plan) error {
	m, err := ps.material(tx, p)
	if err != nil {
		return err
	}
	for _, code := range slices.Sorted(maps.Keys(m.answers)) { // the same plan leaves the same log
		if d := m.answers[code]; d.State == store.DecisionDecided {
			d.Closed, d.Of = tx.Now(), p.Template
			if err := store.Decisions.Put(tx, d); err != nil {
				return err
			}
		}
	}
	return nil
}

// Addition is a step that somebody adds to a plan by hand.
type Addition struct {
	Phase, Name, Text, Day string
	Side                   store.Side
	Takes                  int
	Waits                  []string
	On                     time.Time // counts instead of Day: a day, which becomes one counted from the start
	Ticket                 uint64    // that it stands for; 0: none
}

// Add adds a step to the plan and returns its code. A circle is refused beside "waits".
func (ps *Plans) Add(a policy.Actor, number uint64, f Addition) (v *View, code string, err error) {
	err = ps.st.Update(a.By(act.ArrangePlan), func(tx *db.Tx) error {
		p, err := store.Plans.Get(tx, number)
		if err != nil {
			return err
		}
		if err := policy.MayPlan(tx, a, policy.ArrangePlan, p); err != nil {
			return err
		}
		if p.State == store.PlanClosed || p.State == store.PlanCancelled {
			return entry.Conflict("error.plan-ended")
		}
		m, err := ps.material(tx, p)
		if err != nil {
			return err
		}
		var wrong fault.Problems
		own := store.OwnStep{Phase: f.Phase, Side: f.Side, Day: strings.TrimSpace(f.Day), Takes: min(max(f.Takes, 0), timeline.MaxOffset), Waits: f.Waits,
			Name: entry.CleanLine(&wrong, "name", f.Name, store.Progresses.Most("own.name")), Text: strings.TrimSpace(f.Text)}
		checkText(&wrong, "text", own.Text, store.Progresses.Most("own.text"))
		if own.Name == "" {
			wrong.Add("name", "error.required")
		}
		w, err := walk(m)
		if err != nil {
			return err
		}
		if !slices.ContainsFunc(w.Phases, func(x Phase) bool { return x.Code == f.Phase }) {
			wrong.Add("phase", "error.phase-unknown")
		}
		if !f.On.IsZero() {
			own.Day = fmt.Sprintf("start+%d", max(0, calendar(p.Facts).Between(dayOf(p.Start), dayOf(f.On))))
		}
		day, ok := template.DayOf(own.Day)
		if !ok || day.Anchor == timeline.After && w.steps[day.Of] == nil {
			wrong.Add("day", "template.day-expression", "field", "day", "value", own.Day)
		}
		for _, on := range own.Waits {
			if w.steps[on] == nil && w.decisions[on] == nil {
				wrong.Add("waits", "template.unknown", "field", "waits", "code", on)
			}
		}
		if f.Ticket != 0 && !ps.rights.Sees(tx, a, f.Ticket) {
			wrong.Add("ticket", "error.ticket-unknown", "number", f.Ticket)
		}
		if err := wrong.Err(); err != nil {
			return err
		}
		code = ""
		for n := 1; code == ""; n++ {
			if c := "own-" + entry.Digits(uint64(n)); m.progress[c] == nil && w.steps[c] == nil { // #nosec G115 -- counted from 1
				code = c
			}
		}
		if err := store.Progresses.Put(tx, &store.Progress{Plan: p.ID, Code: code, State: store.StepOpen, By: a.ID(), Own: own, Ticket: f.Ticket}); err != nil {
			return err
		}
		v, err = ps.view(tx, a, p)
		var circle *timeline.CircleError
		if errors.As(err, &circle) {
			return fault.Problems{fault.New(fault.Invalid, "template.circle", "codes", strings.Join(circle.Codes, ", ")).At("waits")}
		}
		return err
	})
	return v, code, err
}

// checkText holds a text that may be empty to its limit.
func checkText(wrong *fault.Problems, field, text string, most int) {
	if text != "" {
		entry.CheckText(wrong, field, text, most)
	}
}

// Moves returns the states that a plan may go to.
func (v *View) Moves() []store.PlanState { return moves[v.Plan.State] }
