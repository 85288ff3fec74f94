package plan

import (
	"time"

	"sportello/app/desk/policy"
	"sportello/store"
	"sportello/store/db"
	"sportello/store/fault"
)

// Moved returns what becomes of the plan when it starts and goes live on other days: which steps move, from when to when. It is
// computed by what computes plans, and changes nothing. Whoever may change the days may ask; days that a plan cannot have are
// refused as Arrange refuses them.
func (ps *Plans) Moved(a policy.Actor, number uint64, start, goLive time.Time) (Changes, error) {
	var out Changes
	err := ps.st.View(func(tx *db.Tx) error {
		p, err := store.Plans.Get(tx, number)
		if err != nil {
			return err
		}
		if err := policy.MayPlan(tx, a, policy.ArrangePlan, p); err != nil {
			return err
		}
		m, err := ps.material(tx, p)
		if err != nil {
			return err
		}
		before, err := walk(m)
		if err != nil {
			return err
		}
		moved := *p
		moved.Start, moved.GoLive = start, goLive
		var wrong fault.Problems
		if checkDays(&moved, &wrong); len(wrong) > 0 {
			return wrong.Err()
		}
		m.plan = &moved
		after, err := walk(m)
		if err != nil {
			return err
		}
		out = differ(before, after)
		return nil
	})
	return out, err
}
