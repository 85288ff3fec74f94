package plan

import (
	"cmp"
	"slices"
	"time"

	"sportello/app/desk/policy"
	"sportello/app/desk/template"
	"sportello/app/timeline"
	"sportello/store"
	"sportello/store/db"
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
