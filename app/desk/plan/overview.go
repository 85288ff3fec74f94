package plan

import (
	"cmp"
	"slices"

	"sportello/app/desk/policy"
	"sportello/store"
	"sportello/store/db"
)

// Overview is how the plans stand that go on and that the actor may see.
type Overview struct {
	Groups []Load  // of the plans that the actor sees as somebody of the desk, by code
	Desk   []*Line // those plans, the worst first
	Own    []*View // those of the actor's organisations, the next date first; at most maxOwn
}

// Load is what a group has to do with plans.
type Load struct {
	Group    string      `json:"group"` // code
	Name     store.Words `json:"-"`
	Plans    int         `json:"plans"`
	Troubled int         `json:"troubled"` // plans with anything late, blocked or undecided
	Ours     int         `json:"ours"`     // steps, as in Health
	Theirs   int         `json:"theirs"`
	Late     int         `json:"late"`
	Blocked  int         `json:"blocked"`
}

// maxOwn is how many plans of one's own an overview has whole.
const maxOwn = 20

// Overview returns how the plans stand that the actor may see and that are prepared, running or paused.
func (ps *Plans) Overview(a policy.Actor) (*Overview, error) {
	if a.Person == nil && !a.System {
		return nil, policy.Denied(a)
	}
	var out *Overview
	err := ps.st.View(func(tx *db.Tx) error {
		out = &Overview{}
		all, err := ps.within(tx, a)
		if err != nil {
			return err
		}
		loads := map[uint64]*Load{}
		for _, p := range all {
			if p.State == store.PlanClosed || p.State == store.PlanCancelled {
				continue
			}
			if !policy.FactsOfPlan(tx, p).OfDesk(a) {
				if len(out.Own) < maxOwn {
					v, err := ps.view(tx, a, p)
					if err != nil {
						return err
					}
					out.Own = append(out.Own, v)
				}
				continue
			}
			l, err := line(tx, p)
			if err != nil {
				return err
			}
			if l.Health, err = ps.health(tx, p); err != nil {
				return err
			}
			out.Desk = append(out.Desk, &l)
			of := loads[p.Group]
			if of == nil {
				of = &Load{Group: l.Group.Code, Name: l.Group.Name}
				loads[p.Group] = of
			}
			of.add(l.Health)
		}
		for _, l := range loads {
			out.Groups = append(out.Groups, *l)
		}
		slices.SortFunc(out.Groups, func(x, y Load) int { return cmp.Compare(x.Group, y.Group) })
		slices.SortStableFunc(out.Desk, func(x, y *Line) int { return x.Health.worse(y.Health) })
		slices.SortStableFunc(out.Own, func(x, y *View) int { return cmp.Compare(later(x.Health), later(y.Health)) })
		return nil
	})
	return out, err
}

// Lines returns all plans of the overview: the desk's, then one's own.
func (o *Overview) Lines() []*Line {
	out := slices.Clone(o.Desk)
	for _, v := range o.Own {
		out = append(out, &v.Line)
	}
	return out
}

func (l *Load) add(h Health) {
	l.Plans++
	l.Ours, l.Theirs, l.Late, l.Blocked = l.Ours+h.Ours, l.Theirs+h.Theirs, l.Late+h.Late, l.Blocked+h.Blocked
	if h.Late+h.Blocked+h.Undecided > 0 {
		l.Troubled++
	}
}

// worse orders plans by how they stand: what is blocked before what slips past going live, then what is late or undecided,
// then by the next date.
func (h Health) worse(o Health) int {
	return cmp.Or(cmp.Compare(o.Blocked, h.Blocked), cmp.Compare(o.Forecast-o.GoLive, h.Forecast-h.GoLive), cmp.Compare(o.Late+o.Undecided, h.Late+h.Undecided), cmp.Compare(later(h), later(o)))
}

// later is the next date of a plan, after all others where there is none.
func later(h Health) int64 {
	if h.Next == 0 {
		return 1 << 40
	}
	return int64(h.Next)
}

// Court is what waits for one side of a plan: decisions that can be taken, and steps before which nothing stands.
type Court struct {
	Decisions []*Decision
	Steps     []*Step
}

// Waiting returns what waits for the side, in the order of its days.
func (w *Walk) Waiting(side store.Side) Court {
	var c Court
	for _, p := range w.Phases {
		if !p.Shown {
			continue
		}
		for _, d := range p.Decisions {
			if side == store.OfOrganisation && d.Shown && len(d.Before) == 0 && (d.State == store.DecisionOpen || d.State == store.DecisionProposed || d.State == store.DecisionPostponed) {
				c.Decisions = append(c.Decisions, d)
			}
		}
		for _, s := range p.Steps {
			on := s.Side
			if s.State == store.StepWaiting {
				on = s.Progress.On
			}
			if s.there() && s.State != store.StepDone && len(s.Opens) == 0 && on == side {
				c.Steps = append(c.Steps, s)
			}
		}
	}
	slices.SortStableFunc(c.Decisions, func(x, y *Decision) int {
		return cmp.Or(cmp.Compare(b2i(x.By == 0), b2i(y.By == 0)), cmp.Compare(x.By, y.By))
	})
	slices.SortStableFunc(c.Steps, func(x, y *Step) int { return cmp.Compare(x.Due, y.Due) })
	return c
}

func b2i(b bool) int {
	if b {
		return 1
	}
	return 0
}

// Phase returns the phase that the plan is in: the first in which something is still to be done; nil when nothing is.
func (w *Walk) Phase() *Phase {
	for i := range w.Phases {
		p := &w.Phases[i]
		if p.Shown && slices.ContainsFunc(p.Steps, func(s *Step) bool { return s.there() && s.State != store.StepDone }) {
			return p
		}
	}
	return nil
}
