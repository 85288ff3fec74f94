package policy

import (
	"sportello/store"
	"sportello/store/db"
	"sportello/store/fault"
)

// MayMerge returns nil when the actor may merge the ticket into another one: they may arrange and work it, and it is
// not finished. It returns a NotFound error when they may not see it, a Denied error for what they may not do, and an
// Invalid error for a ticket that is finished.
func (rs *Rights) MayMerge(tx *db.Tx, a Actor, t *store.Ticket) error {
	for _, act := range []Act{Arrange, Work, Write} {
		if err := rs.May(tx, a, act, t); err != nil {
			return err
		}
	}
	if !t.State.Active() {
		return fault.New(fault.Invalid, "error.merge-finished").At("state")
	}
	return nil
}

// MayTakeIn returns nil when the actor may merge other tickets into the ticket: it is no spam, they may arrange it, and
// it is no duplicate itself. It returns a NotFound error when they may not see it, a Denied error when they may not
// arrange it, and an Invalid error for a duplicate.
func (rs *Rights) MayTakeIn(tx *db.Tx, a Actor, t *store.Ticket) error {
	if t.IsSpam() {
		return fault.New(fault.NotFound, "error.not-found")
	}
	if err := rs.May(tx, a, Arrange, t); err != nil {
		if fault.KindOf(err) == fault.Denied {
			return fault.New(fault.Denied, "error.duplicate-denied")
		}
		return err
	}
	if t.DuplicateOf != 0 {
		return fault.New(fault.Invalid, "error.duplicate-chain", "number", t.DuplicateOf)
	}
	return nil
}
