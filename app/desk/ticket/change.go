package ticket

import (
	"sportello/app/desk/policy"
	"sportello/store"
	"sportello/store/act"
	"sportello/store/db"
	"sportello/store/fault"
)

// Change is a change of one ticket in a running transaction. It is the only way to change a ticket: for people's steps,
// the API and mail. Flush writes what has changed, as a step of its own in the history.
type Change struct {
	ts     *Tickets
	tx     *db.Tx
	a      policy.Actor
	t      *store.Ticket
	s      Step
	set    *store.Settings
	stand  policy.Standing
	act    act.Act // the act under which the final write appears in the history
	dirty  bool    // the ticket has changes that are not written yet
	public bool    // the changes concern the requester's side
	said   *store.Message
	files  []*store.File // of what was said
}

// Begin starts a change of the ticket by the actor. It checks nothing; each method checks its own part.
func (ts *Tickets) Begin(tx *db.Tx, a policy.Actor, t *store.Ticket) *Change {
	return &Change{ts: ts, tx: tx, a: a, t: t, set: store.CurrentSettings(tx), stand: ts.rights.Stand(tx, a, t)}
}

// Ticket returns the changed ticket; after Speak that may be a new one that follows a closed one.
func (w *Change) Ticket() *store.Ticket { return w.t }

func (w *Change) need(act policy.Act) error {
	if w.t.IsSpam() && !w.stand.Allows(policy.Arrange) {
		return fault.New(fault.NotFound, "error.not-found")
	}
	if !w.stand.Allows(act) {
		return fault.New(fault.Denied, "error.denied")
	}
	return nil
}

// changed records that the ticket must be written under the act. A later, more important act names the whole change.
// The table of acts says whom it concerns.
func (w *Change) changed(act act.Act) { w.changedFor(act, act.Public()) }

// changedFor is changed for an act that concerns the requester's side or not, as it happens.
func (w *Change) changedFor(act act.Act, public bool) {
	w.act, w.dirty, w.public = act, true, w.public || public
}

// Flush writes the changes so far as a step of its own.
func (w *Change) Flush() error {
	if !w.dirty {
		return nil
	}
	if w.public {
		Touch(w.tx, w.t)
	}
	w.ts.due.Schedule(w.set, w.t)
	w.tx.Act(w.act)
	w.tx.Because(w.s.Reason)
	w.tx.Internally(!w.public)
	w.dirty, w.public = false, false
	return store.Tickets.Put(w.tx, w.t)
}

// hatOf returns the hat of somebody who wrote in the ticket: the ticket's own if it is theirs too.
func (w *Change) hatOf(author *store.Person) store.Hat {
	if author.ID == w.t.Requester {
		return w.t.Hat()
	}
	return author.HatNear(w.t.Hat(), w.tx.Now())
}

// Relocate moves the ticket to where its organisation or unit has gone, and writes it.
func (w *Change) Relocate(to store.Hat) error {
	w.t.Wear(to)
	w.changed(act.Relocate)
	return w.Flush()
}
