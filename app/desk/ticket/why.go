package ticket

import (
	"sportello/app/desk/policy"
	"sportello/store"
	"sportello/store/db"
	"sportello/store/fault"
)

// Why returns why the person may or may not see the ticket, rule by rule, for those who may see the person's record and the
// ticket themselves. NotFound for others, and Denied "error.reason-needed" for an administrator and a confidential ticket.
func (ts *Tickets) Why(a policy.Actor, person, number uint64) (*policy.Why, error) {
	var out policy.Why
	err := ts.st.View(func(tx *db.Tx) error {
		p, err := store.People.Get(tx, person)
		if err != nil {
			return err
		}
		if !policy.MaySeeAccount(a, p) {
			return fault.New(fault.NotFound, "error.not-found")
		}
		t, err := store.Tickets.Glance(tx, number)
		if err != nil {
			return err
		}
		if err := ts.rights.May(tx, a, policy.See, t); err != nil {
			return err
		}
		out = ts.rights.WhyOf(tx, p, t)
		return nil
	})
	return &out, err
}
