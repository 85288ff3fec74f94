package plan

import (
	"slices"
	"strings"
	"time"

	"sportello/app/condition"
	"sportello/app/desk/template"
	"sportello/app/timeline"
	"sportello/store"
)

// Walk is a plan as its facts and answers make it: what of its template is there, what is recommended, and on which days.
type Walk struct {
	Course *template.Course
	Phases []Phase
	Asks   []string // facts that nobody knows and something rests on, each once
	Ends   timeline.Day

	decisions map[string]*Decision
	steps     map[string]*Step
}

// Phase is a part of the plan. One that is not shown has nothing in it.
type Phase struct {
	*template.Phase
	Shown     bool
	Asks      []string
	Decisions []*Decision
	Steps     []*Step
	Freezes   []Freeze
}

// Decision is a decision of the plan.
type Decision struct {
	*template.DecisionForm
	Phase   string
	Shown   bool
	Asks    []string // facts that would tell whether it is there at all
	Options []Option
	Last    *store.Decision // what was said last; nil: nothing
	State   store.DecisionState
	Touched []string     // facts and decisions that changed since it was decided; it has to be looked at again
	Before  []string     // decisions that it needs first and that are not decided
	By      timeline.Day // the last day on which what waits for it is still on time; none: nothing waits
	Halts   []string     // steps that stand still as long as it is open
	Passed  bool         // its point of no return
}

// Option is an option of a decision.
type Option struct {
	*template.Option
	Offered     bool
	Recommended condition.Truth // Unknown: facts are missing
	Asks        []string
}

// Step is a step of the plan, of its template or added by hand.
type Step struct {
	*template.StepForm
	Phase    string
	Shown    bool
	Asks     []string
	Own      bool
	Side     store.Side
	Progress *store.Progress // nil: nobody touched it
	State    store.StepState
	timeline.Place
	Opens []string // decisions and steps that it still waits for
}

// Freeze is a time in which something stands still.
type Freeze struct {
	*template.FreezeForm
	From, Until timeline.Day
}

// material is what a walk is made from. answers and progress are by code.
type material struct {
	*template.Published
	course   *template.Course
	plan     *store.Plan
	given    map[string]condition.Fact // what the desk itself knows, where nobody said otherwise
	answers  map[string]*store.Decision
	progress map[string]*store.Progress
	calendar *timeline.Calendar
	today    timeline.Day
}

// with returns the material as it is when one decision has another last answer.
func (m material) with(d *store.Decision) material {
	answers := make(map[string]*store.Decision, len(m.answers)+1)
	for code, a := range m.answers {
		answers[code] = a
	}
	answers[d.Code] = d
	m.answers = answers
	return m
}

// walker judges the conditions of a course from its beginning to its end.
type walker struct {
	material
	out    *Walk
	chosen map[string]string // option of each decision that is there and decided
	asked  map[string]bool   // codes of decisions
}

// walk computes the plan. The errors are those of timeline.Plan.Days: a step by hand may have closed a circle.
func walk(m material) (*Walk, error) {
	w := &walker{material: m, out: &Walk{Course: m.course, decisions: map[string]*Decision{}, steps: map[string]*Step{}},
		chosen: map[string]string{}, asked: map[string]bool{}}
	for _, p := range m.course.Phases {
		for _, d := range p.Decisions {
			w.asked[d.Code] = true
		}
	}
	for i := range m.course.Phases {
		p := &m.course.Phases[i]
		phase := Phase{Phase: p}
		phase.Shown, phase.Asks = w.holds(p.When)
		for j := range p.Decisions {
			if phase.Shown {
				phase.Decisions = append(phase.Decisions, w.decision(p.Code, &p.Decisions[j]))
			}
		}
		w.out.Phases = append(w.out.Phases, phase)
	}
	for i := range w.out.Phases { // a step may rest on any decision
		phase := &w.out.Phases[i]
		for j := range phase.Phase.Steps {
			w.step(phase, &phase.Phase.Steps[j])
		}
	}
	w.ownSteps()
	if err := w.days(); err != nil {
		return nil, err
	}
	w.waiting()
	return w.out, nil
}

// fact returns what is known of a name. A decision that is open, or not there, has no value.
func (w *walker) fact(name string) condition.Fact {
	if w.asked[name] {
		if option := w.chosen[name]; option != "" {
			return condition.Known(option)
		}
		return condition.Missing()
	}
	f, said := w.plan.Facts[name]
	switch {
	case !said:
		return w.given[name]
	case len(f.Values) == 0:
		return condition.Missing()
	}
	return condition.Known(f.Values...)
}

// judge judges a condition of the template; one that can no longer be read is unknown and asks for nothing.
func (w *walker) judge(text string) (condition.Truth, []string) {
	if text == "" || text == "yes" {
		return condition.True, nil
	}
	c, ok := w.Condition(text)
	if !ok {
		return condition.Unknown, nil
	}
	truth := c.Judge(w.fact)
	var asks []string
	if truth == condition.Unknown {
		for _, name := range c.Names() {
			if w.fact(name).Unknown() {
				asks = append(asks, name)
				if !slices.Contains(w.out.Asks, name) {
					w.out.Asks = append(w.out.Asks, name)
				}
			}
		}
	}
	return truth, asks
}

// holds reports whether something is there: as long as a fact is unknown it is, and asks.
func (w *walker) holds(text string) (bool, []string) {
	truth, asks := w.judge(text)
	return truth != condition.False, asks
}

func (w *walker) decision(phase string, f *template.DecisionForm) *Decision {
	d := &Decision{DecisionForm: f, Phase: phase, State: store.DecisionOpen}
	d.Shown, d.Asks = w.holds(f.When)
	if d.Last = w.answers[f.Code]; d.Last != nil {
		d.State = d.Last.State
	}
	for i := range f.Options {
		o := Option{Option: &f.Options[i], Recommended: condition.False}
		var offered condition.Truth
		offered, o.Asks = w.judge(o.When)
		o.Offered = offered != condition.False
		if o.Offered && o.Option.Recommended != "" {
			var asks []string
			o.Recommended, asks = w.judge(o.Option.Recommended)
			o.Asks = append(o.Asks, asks...)
		}
		d.Options = append(d.Options, o)
	}
	for _, code := range f.After {
		if before := w.out.decisions[code]; before != nil && before.Shown && before.State != store.DecisionDecided && before.State != store.DecisionNotNeeded {
			d.Before = append(d.Before, code)
		}
	}
	if d.Shown && d.State == store.DecisionDecided {
		w.chosen[f.Code] = d.Last.Option
		d.Touched = w.touched(d)
	}
	w.out.decisions[f.Code] = d
	return d
}

// known returns what a decision rests on as it is now: the facts and decisions that its conditions ask for, and those that
// it needs first.
func (w *walker) known(f *template.DecisionForm) map[string]string {
	out := map[string]string{}
	for _, code := range f.After {
		out[code] = w.chosen[code]
	}
	texts := []string{f.When}
	for i := range f.Options {
		texts = append(texts, f.Options[i].When, f.Options[i].Recommended)
	}
	for _, text := range texts {
		if c, ok := w.Condition(text); ok {
			for _, name := range c.Names() {
				if w.asked[name] {
					out[name] = w.chosen[name]
				} else if v, ok := w.plan.Facts[name]; ok {
					out[name] = strings.Join(v.Values, ",")
				}
			}
		}
	}
	return out
}

func (w *walker) touched(d *Decision) []string {
	var out []string
	now := w.known(d.DecisionForm)
	for name, was := range d.Last.Known {
		if now[name] != was {
			out = append(out, name)
		}
	}
	for name, is := range now {
		if _, there := d.Last.Known[name]; !there && is != "" && !slices.Contains(out, name) {
			out = append(out, name)
		}
	}
	slices.Sort(out)
	return out
}

func (w *walker) step(phase *Phase, f *template.StepForm) {
	s := &Step{StepForm: f, Phase: phase.Code, State: store.StepOpen, Progress: w.progress[f.Code], Side: w.side(f.Who)}
	if s.Progress != nil {
		s.State = s.Progress.State
	}
	if s.Shown = phase.Shown; s.Shown {
		s.Shown, s.Asks = w.holds(f.When)
	}
	phase.Steps = append(phase.Steps, s)
	w.out.steps[f.Code] = s
}

func (w *walker) side(who []string) store.Side {
	for _, code := range who {
		for _, r := range w.course.Roles {
			if r.Code == code {
				return r.Side
			}
		}
	}
	return store.OfOrganisation
}

// ownSteps adds the steps that somebody added by hand, each at the end of its phase.
func (w *walker) ownSteps() {
	codes := make([]string, 0)
	for code, p := range w.progress {
		if p.Own.Name != "" {
			codes = append(codes, code)
		}
	}
	slices.Sort(codes)
	for _, code := range codes {
		p := w.progress[code]
		form := &template.StepForm{Code: code, Name: store.Words{IT: p.Own.Name, EN: p.Own.Name}, Text: store.Words{IT: p.Own.Text, EN: p.Own.Text},
			Day: p.Own.Day, Takes: p.Own.Takes, Waits: p.Own.Waits}
		s := &Step{StepForm: form, Own: true, Shown: true, Side: p.Own.Side, Progress: p, State: p.State, Phase: p.Own.Phase}
		at := slices.IndexFunc(w.out.Phases, func(x Phase) bool { return x.Code == p.Own.Phase })
		if at < 0 {
			at = len(w.out.Phases) - 1
		}
		if at >= 0 {
			w.out.Phases[at].Steps = append(w.out.Phases[at].Steps, s)
		}
		w.out.steps[code] = s
	}
}

// there reports whether a step is in the plan and somebody has to do it.
func (s *Step) there() bool { return s.Shown && s.State != store.StepNotNeeded }

// day returns the expression that counts for a step.
func (w *walker) day(s *Step) string {
	for _, m := range s.Moved {
		if truth, _ := w.judge(m.When); truth == condition.True {
			return m.Day
		}
	}
	return s.Day
}

// days puts the steps on days. What waits for a step that is not there waits for what that one would have waited for.
func (w *walker) days() error {
	p := timeline.Plan{Start: dayOf(w.plan.Start), GoLive: dayOf(w.plan.GoLive), Today: w.today}
	var steps []*Step
	for _, phase := range w.out.Phases {
		steps = append(steps, phase.Steps...)
	}
	for _, s := range steps {
		t, _ := template.DayOf(w.day(s))
		t.Code, t.Takes, t.Aside = s.Code, s.Takes, !s.there()
		t.Fixed = s.Milestone != (store.Words{}) || t.Anchor == timeline.Law
		if w.out.steps[t.Of] == nil && t.Anchor == timeline.After {
			t.Anchor, t.Of = timeline.Start, "" // it was counted from a step by hand that is gone
		}
		if !t.Aside {
			t.Waits = w.waits(s)
			if s.State == store.StepDone {
				t.Done = dayOf(s.Progress.Done)
			}
		}
		p.Steps = append(p.Steps, t)
	}
	places, err := p.Days(w.calendar)
	if err != nil {
		return err
	}
	for i, s := range steps {
		if s.Place = places[i]; s.there() {
			w.out.Ends = max(w.out.Ends, s.Expected)
		}
	}
	for i := range w.out.Phases {
		phase := &w.out.Phases[i]
		for j := range phase.Phase.Freezes {
			f := &phase.Phase.Freezes[j]
			if shown, _ := w.holds(f.When); phase.Shown && shown {
				phase.Freezes = append(phase.Freezes, Freeze{f, w.dayOf(f.From), w.dayOf(f.Until)})
			}
		}
	}
	return nil
}

// waits returns the steps that are there and that the step waits for.
func (w *walker) waits(s *Step) []string {
	var out []string
	through := map[string]bool{} // each that is not there is gone through once, however many ways lead to it
	var follow func(codes []string)
	follow = func(codes []string) {
		for _, code := range codes {
			on := w.out.steps[code]
			switch {
			case on == nil || through[code]: // a decision, or something gone
			case on.there():
				out = append(out, code)
			default:
				through[code] = true
				follow(on.Waits)
			}
		}
	}
	follow(s.Waits)
	slices.Sort(out)
	return slices.Compact(out)
}

// dayOf returns the day of an expression beside the steps.
func (w *walker) dayOf(text string) timeline.Day {
	t, ok := template.DayOf(text)
	if !ok {
		return 0
	}
	switch t.Anchor {
	case timeline.Start:
		return w.calendar.Add(dayOf(w.plan.Start), t.Offset)
	case timeline.GoLive:
		return w.calendar.Add(dayOf(w.plan.GoLive), -t.Offset)
	case timeline.Law:
		return timeline.Date(w.plan.GoLive.Year()+t.Offset, t.Month, t.Date)
	default:
		if s := w.out.steps[t.Of]; s != nil {
			return w.calendar.Add(s.Due, t.Offset)
		}
		return 0
	}
}

// waiting says of each step what it still waits for, and of each decision by when and for whom it is needed.
func (w *walker) waiting() {
	for _, phase := range w.out.Phases {
		for _, s := range phase.Steps {
			if !s.there() || s.State == store.StepDone {
				continue
			}
			for _, code := range s.Waits {
				if d := w.out.decisions[code]; d != nil && d.Shown && d.State != store.DecisionDecided && d.State != store.DecisionNotNeeded {
					s.Opens = append(s.Opens, code)
					w.need(d, w.working(w.calendar.Last(s.Due, s.Takes)), s.Code)
				}
			}
			for _, code := range w.waits(s) {
				if w.out.steps[code].State != store.StepDone {
					s.Opens = append(s.Opens, code)
				}
			}
		}
		for _, d := range phase.Decisions {
			if d.Until == "" {
				continue
			}
			on := w.out.steps[d.Until]
			d.Passed = on != nil && on.State == store.StepDone || w.dayOf(d.Until) != 0 && w.dayOf(d.Until) < w.today
		}
	}
}

// working returns the day, or the last working day before it: nobody decides on a Sunday.
func (w *walker) working(d timeline.Day) timeline.Day {
	for range 30 { // more than stand still one after the other anywhere
		if w.calendar.Works(d) {
			break
		}
		d--
	}
	return d
}

// need marks a decision, and what it needs first, as needed by the day.
func (w *walker) need(d *Decision, by timeline.Day, step string) {
	if slices.Contains(d.Halts, step) {
		return // by another way: one step needs all that it needs by the same day
	}
	d.Halts = append(d.Halts, step)
	if d.By == 0 || by < d.By {
		d.By = by
	}
	for _, code := range d.Before { // decisions stand in their order, so this comes to an end
		w.need(w.out.decisions[code], by, step)
	}
}

func dayOf(t time.Time) timeline.Day {
	if t.IsZero() {
		return 0
	}
	return timeline.Date(t.Date())
}

// Changes is what becomes of a plan when a decision is taken: codes of phases, decisions and steps that come and go, and
// steps whose day moves.
type Changes struct {
	Appear, Disappear []string
	Move              []Moved
}

// Moved is a step whose day moves.
type Moved struct {
	Code     string
	From, To timeline.Day
}

// shown returns the codes of what is there.
func (w *Walk) shown() []string {
	var out []string
	for _, p := range w.Phases {
		if !p.Shown {
			continue
		}
		out = append(out, p.Code)
		for _, d := range p.Decisions {
			if d.Shown {
				out = append(out, d.Code)
			}
		}
		for _, s := range p.Steps {
			if s.Shown {
				out = append(out, s.Code)
			}
		}
	}
	return out
}

// differ compares two walks of a plan.
func differ(before, after *Walk) Changes {
	var out Changes
	was, is := before.shown(), after.shown()
	less := func(codes, others []string) (out []string) {
		in := make(map[string]bool, len(others))
		for _, code := range others {
			in[code] = true
		}
		return slices.DeleteFunc(codes, func(code string) bool { return in[code] })
	}
	out.Appear, out.Disappear = less(slices.Clone(is), was), less(was, is)
	for _, p := range after.Phases {
		for _, s := range p.Steps {
			if old := before.steps[s.Code]; s.there() && old != nil && old.there() && old.Due != s.Due {
				out.Move = append(out.Move, Moved{s.Code, old.Due, s.Due})
			}
		}
	}
	return out
}
