package plan

import (
	"sportello/app/desk/policy"
	"sportello/store"
	"sportello/store/db"
)

// Decision returns a decision of the plan, nil when it is not there.
func (v *View) Decision(code string) *Decision {
	if !v.HasDecision(code) {
		return nil
	}
	return v.decisions[code]
}

// Step returns a step of the plan, nil when there is none. One that was touched stays after a decision took it away.
func (v *View) Step(code string) *Step {
	if s := v.steps[code]; s != nil && (s.Shown || s.Progress != nil) {
		return s
	}
	return nil
}

// NameOf returns the question of a decision or the name of a step of the template, there or not; "" for neither.
func (v *View) NameOf(code, lang string) string {
	if s := v.steps[code]; s != nil {
		return s.Name.In(lang)
	}
	for _, p := range v.Course.Phases {
		for i := range p.Decisions {
			if p.Decisions[i].Code == code {
				return p.Decisions[i].Question.In(lang)
			}
		}
		for i := range p.Steps {
			if p.Steps[i].Code == code {
				return p.Steps[i].Name.In(lang)
			}
		}
		if p.Code == code {
			return p.Name.In(lang)
		}
	}
	return ""
}

// First returns the decision to be taken first: of those that are open and wait for no other one, the one with the
// nearest last day, then the first of the template. nil: none is open.
func (v *View) First() *Decision {
	var first *Decision
	for _, p := range v.Phases {
		for _, d := range p.Decisions {
			open := d.State == store.DecisionOpen || d.State == store.DecisionProposed || len(d.Touched) > 0
			if !d.Shown || !open || len(d.Before) > 0 {
				continue
			}
			if first == nil || d.By != 0 && (first.By == 0 || d.By < first.By) {
				first = d
			}
		}
	}
	return first
}

// Units returns the names of the units of the plan's organisation, for whoever sees the plan.
func (ps *Plans) Units(a policy.Actor, number uint64) ([]string, error) {
	var out []string
	err := ps.st.View(func(tx *db.Tx) error {
		p, err := store.Plans.Get(tx, number)
		if err != nil {
			return err
		}
		if err := policy.MayPlan(tx, a, policy.SeePlan, p); err != nil {
			return err
		}
		out, err = unitNames(tx, p.Organisation)
		return err
	})
	return out, err
}
