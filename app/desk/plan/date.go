package plan

import (
	"maps"
	"slices"
	"time"

	"sportello/app/desk/policy"
	"sportello/app/timeline"
	"sportello/store"
	"sportello/store/db"
	"sportello/store/door"
)

// Date is a day of a plan in somebody's calendar: of a step, of the last day of a decision, or of going live. Kind and Code
// name it for ever.
type Date struct {
	Plan         *store.Plan
	Organisation *store.Organisation
	Kind         DateKind
	Code         string // of the step or decision; empty for going live
	Name         store.Words
	Day          timeline.Day
	Done         bool
	Cancelled    bool // it was there, and is so no longer
	Sequence     int  // grows whenever anything of the plan changes
	Changed      time.Time
}

// DateKind says what a date is of.
type DateKind string

// The kinds of dates.
const (
	StepDate     DateKind = "step"
	DecisionDate DateKind = "decision"
	LiveDate     DateKind = "live"
)

// How long the dates of a plan that ended stay in a calendar: those of a cancelled one until every program has heard of it.
const (
	keptClosed    = 366 * 24 * time.Hour
	keptCancelled = 30 * 24 * time.Hour
)

// Dates returns the days of the plans in which the person takes part, judged at this moment: those that they are named in,
// coordinate, or answer for at the desk, as far as they may see them.
func (ps *Plans) Dates(person uint64) ([]Date, error) {
	var out []Date
	err := ps.st.View(func(tx *db.Tx) error {
		out = nil
		p, err := store.People.Get(tx, person)
		if err != nil {
			return err
		}
		all, err := ps.within(tx, policy.Actor{Person: p, Via: door.Link})
		if err != nil {
			return err
		}
		for _, plan := range all {
			named := slices.ContainsFunc(plan.People, func(x store.PlanPerson) bool { return x.Person == p.ID })
			if plan.Lead != p.ID && !named && !p.Covers(plan.Organisation, plan.Unit, tx.Now()) {
				continue
			}
			kept := keptClosed
			if plan.State == store.PlanCancelled {
				kept = keptCancelled
			}
			if !plan.Ended.IsZero() && tx.Now().Sub(plan.Ended) > kept {
				continue
			}
			dates, err := ps.dates(tx, plan)
			if err != nil {
				return err
			}
			out = append(out, dates...)
		}
		return nil
	})
	return out, err
}

func (ps *Plans) dates(tx *db.Tx, p *store.Plan) ([]Date, error) {
	m, err := ps.material(tx, p)
	if err != nil {
		return nil, err
	}
	w, err := walk(m)
	if err != nil {
		return nil, err
	}
	o, err := store.Organisations.Peek(tx, p.Organisation)
	if err != nil {
		return nil, err
	}
	one := Date{Plan: p, Organisation: o, Kind: LiveDate, Day: dayOf(p.GoLive), Cancelled: p.State == store.PlanCancelled, Changed: p.Updated}
	sequence := p.Rev
	for _, d := range m.answers {
		sequence += uint64(d.Number) // #nosec G115 -- counted from 1; rows of before count with their last one
		if d.Updated.After(one.Changed) {
			one.Changed = d.Updated
		}
	}
	for _, s := range m.progress {
		sequence += s.Rev
		if s.Updated.After(one.Changed) {
			one.Changed = s.Updated
		}
	}
	one.Sequence = int(sequence) // #nosec G115 -- revisions of some rows
	out := []Date{one}
	add := func(kind DateKind, code string, name store.Words, day timeline.Day, done, cancelled bool) {
		next := one
		next.Kind, next.Code, next.Name, next.Day, next.Done, next.Cancelled = kind, code, name, day, done, one.Cancelled || cancelled
		if day != 0 {
			out = append(out, next)
		}
	}
	was := map[string]bool{}
	if m.today.Time().Sub(one.Changed) <= keptCancelled {
		if was, err = m.wasThere(); err != nil {
			return nil, err
		}
	}
	for _, phase := range w.Phases {
		for _, d := range phase.Decisions {
			day, over := d.By, !d.Shown || d.State == store.DecisionDecided || d.State == store.DecisionNotNeeded
			if day == 0 && d.Last != nil {
				day = dayOf(d.Last.At)
			}
			if !over || d.Last != nil && m.today-day <= timeline.Day(keptCancelled/(24*time.Hour)) {
				add(DecisionDate, d.Code, d.Question, day, false, over)
			}
		}
		for _, s := range phase.Steps {
			if s.there() || was[s.Code] {
				add(StepDate, s.Code, s.Name, s.Due, s.there() && s.State == store.StepDone, !s.there())
			}
		}
	}
	return out, nil
}

// wasThere returns the codes of steps that were in the plan before its last answers, each by itself or all, were given.
func (m material) wasThere() (map[string]bool, error) {
	out := map[string]bool{}
	look := func(answers map[string]*store.Decision) error {
		before := m
		before.answers = answers
		w, err := walk(before)
		if err != nil {
			return err
		}
		for code, s := range w.steps {
			if s.Shown {
				out[code] = true
			}
		}
		return nil
	}
	for code := range m.answers {
		without := maps.Clone(m.answers)
		delete(without, code)
		if err := look(without); err != nil {
			return nil, err
		}
	}
	return out, look(nil)
}
