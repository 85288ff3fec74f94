package plan

import (
	"cmp"
	"slices"
	"time"

	"sportello/app/desk/entry"
	"sportello/app/desk/policy"
	"sportello/app/desk/template"
	"sportello/app/timeline"
	"sportello/store"
	"sportello/store/act"
	"sportello/store/db"
	"sportello/store/fault"
	"sportello/store/key"
)

// Frozen is a day that falls into a time in which something stands still at an organisation.
type Frozen struct {
	Plan         *store.Plan
	Organisation *store.Organisation
	Freeze       *template.FreezeForm
	Day          time.Time // one of those that were asked about
}

// Frozen returns which of the days fall into freezes of plans of the organisations, of plans that are being prepared or
// done and that the actor may see: by plan, then by day. A day is its year, month and day, wherever it is.
func (ps *Plans) Frozen(a policy.Actor, organisations []uint64, days []time.Time) ([]Frozen, error) {
	var out []Frozen
	if len(days) == 0 {
		return nil, nil
	}
	err := ps.st.View(func(tx *db.Tx) error {
		out = nil
		for _, o := range organisations {
			for _, state := range []store.PlanState{store.PlanPrepared, store.PlanRunning, store.PlanPaused} {
				for p, err := range store.PlansByOrganisation.Rows(tx, db.Span{Prefix: key.Of(o, state)}) {
					if err != nil {
						return err
					}
					if policy.MayPlan(tx, a, policy.SeePlan, p) != nil {
						continue
					}
					found, err := ps.frozen(tx, p, days)
					if err != nil {
						return err
					}
					out = append(out, found...)
				}
			}
		}
		slices.SortStableFunc(out, func(x, y Frozen) int { return cmp.Or(cmp.Compare(x.Plan.ID, y.Plan.ID), x.Day.Compare(y.Day)) })
		return nil
	})
	return out, err
}

// Readers is who said that they read of a freeze as it is now.
type Readers struct {
	Mine    bool     // the actor did
	Read    []string // for the desk: who did
	Missing []string // for the desk: who did not, of those who have to do with the plan on the other side
}

// Readers returns who read of the freezes of the plan, by code. Who takes part in it learns of themselves alone.
func (ps *Plans) Readers(a policy.Actor, number uint64) (map[string]Readers, error) {
	out := map[string]Readers{}
	err := ps.st.View(func(tx *db.Tx) error {
		clear(out)
		v, err := ps.read(tx, a, number, policy.SeePlan)
		if err != nil {
			return err
		}
		c, err := crowdOf(tx, v.Plan)
		if err != nil {
			return err
		}
		for _, phase := range v.Phases {
			for _, f := range phase.Freezes {
				row, err := progressOf(tx, v.Plan.ID, f.Code)
				if err != nil {
					return err
				}
				r := Readers{Mine: readOf(row, a.ID(), f.From)}
				for _, x := range c.all {
					if !v.OfDesk || c.keeps(x) {
						continue
					}
					if readOf(row, x.ID, f.From) {
						r.Read = append(r.Read, x.Name)
					} else {
						r.Missing = append(r.Missing, x.Name)
					}
				}
				out[f.Code] = r
			}
		}
		return nil
	})
	return out, err
}

// readOf reports whether the person read of a freeze that begins on the day.
func readOf(row *store.Progress, person uint64, from timeline.Day) bool {
	return slices.ContainsFunc(row.Read, func(x store.PlanRead) bool { return x.Person == person && dayOf(x.From) == from })
}

// ReadFreeze writes down that the actor read of the freeze of the code as it is now; a second time it changes nothing.
func (ps *Plans) ReadFreeze(a policy.Actor, number uint64, code string) error {
	if a.Person == nil {
		return policy.Denied(a)
	}
	return ps.st.Update(a.By(act.ReadPlanFreeze), func(tx *db.Tx) error {
		v, err := ps.read(tx, a, number, policy.SeePlan)
		if err != nil {
			return err
		}
		for _, phase := range v.Phases {
			for _, f := range phase.Freezes {
				if f.Code != code {
					continue
				}
				if v.Plan.State == store.PlanClosed || v.Plan.State == store.PlanCancelled {
					return entry.Conflict("error.plan-ended")
				}
				row, err := progressOf(tx, v.Plan.ID, code)
				if err != nil || readOf(row, a.ID(), f.From) {
					return err
				}
				row.Read = slices.DeleteFunc(row.Read, func(x store.PlanRead) bool { return x.Person == a.ID() })
				row.Read = append(row.Read, store.PlanRead{Person: a.ID(), At: tx.Now(), From: f.From.Time()})
				return store.Progresses.Put(tx, row)
			}
		}
		return fault.New(fault.NotFound, "error.not-found")
	})
}

func (ps *Plans) frozen(tx *db.Tx, p *store.Plan, days []time.Time) ([]Frozen, error) {
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
	var out []Frozen
	for _, phase := range w.Phases {
		for _, f := range phase.Freezes {
			for _, day := range days {
				if at := timeline.Date(day.Date()); at >= f.From && at <= f.Until {
					out = append(out, Frozen{p, o, f.FreezeForm, day})
				}
			}
		}
	}
	return out, nil
}
