package ticket

import (
	"sportello/app/desk/policy"
	"sportello/store"
	"sportello/store/act"
	"sportello/store/db"
	"sportello/store/door"
	"sportello/store/fault"
)

// GiveBack takes an active ticket from somebody who may not hold it, so that it is its group's again, and returns whom it
// was taken from, 0 when nothing was to be done.
func (ts *Tickets) GiveBack(tx *db.Tx, id uint64) (from uint64, err error) {
	t, err := store.Tickets.Get(tx, id)
	if err != nil {
		return 0, err
	}
	held, err := ts.heldWrongly(tx, t)
	if err != nil || !held {
		return 0, err
	}
	from = t.Assignee
	return from, ts.assign(tx, policy.Actor{System: true, Via: door.Desk}, t, 0, act.GiveBack)
}

// HeldWrongly reports whether GiveBack would take the ticket from somebody.
func (ts *Tickets) HeldWrongly(tx *db.Tx, id uint64) (bool, error) {
	t, err := store.Tickets.Glance(tx, id)
	if err != nil {
		return false, err
	}
	return ts.heldWrongly(tx, t)
}

func (ts *Tickets) heldWrongly(tx *db.Tx, t *store.Ticket) (bool, error) {
	if t.Assignee == 0 || !t.State.Active() {
		return false, nil
	}
	p, err := store.People.Peek(tx, t.Assignee)
	if err != nil {
		return false, err
	}
	return !ts.rights.MayHold(tx, p, t), nil
}

// HandOn gives an active ticket of somebody who leaves to another person, or back to its group: with 0, and where that
// person may not hold it. by is who hands it on.
func (ts *Tickets) HandOn(tx *db.Tx, by, id, to uint64) error {
	t, err := store.Tickets.Get(tx, id)
	if err != nil {
		return err
	}
	if to != 0 {
		p, err := store.People.Peek(tx, to)
		if err != nil {
			return err
		}
		if !ts.rights.MayHold(tx, p, t) {
			to = 0
		}
	}
	p, err := store.People.Peek(tx, by)
	if fault.IgnoreNotFound(err) != nil {
		return err
	}
	return ts.assign(tx, policy.Actor{Person: p, System: true, Via: door.Page}, t, to, act.HandOn)
}

// assign writes whose the ticket is, 0 for its group's, under the act.
func (ts *Tickets) assign(tx *db.Tx, a policy.Actor, t *store.Ticket, to uint64, did act.Act) error {
	w := ts.Begin(tx, a, t)
	w.t.Assignee = to
	w.changed(did)
	return w.Flush()
}
