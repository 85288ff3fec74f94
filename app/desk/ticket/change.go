package ticket

import (
	"sportello/app/desk/policy"
	"sportello/store"
)

// Change is a change of one ticket under way in its transaction: the one way to change a ticket, for people's steps, API
// and mail alike. What it changes is put by Flush, as a step of its own in the history.
type Change struct {
	ts     *Tickets
	tx     *store.Tx
	a      policy.Actor
	t      *store.Ticket
	s      Step
	set    *store.Settings
	stand  policy.Standing
	act    string // what the closing Put is called in the history
	dirty  bool   // the ticket has changes that are not put yet
	public bool   // they concern the requester's side
}

// Begin begins a change of the ticket by the actor. Nothing is checked yet: each method checks what it does.
func (ts *Tickets) Begin(tx *store.Tx, a policy.Actor, t *store.Ticket) *Change {
	return &Change{ts: ts, tx: tx, a: a, t: t, set: store.CurrentSettings(tx), stand: ts.rights.Stand(tx, a, t)}
}

// Ticket returns the ticket that is changed; after Speak it may be a new one that follows a closed one.
func (w *Change) Ticket() *store.Ticket { return w.t }

func (w *Change) need(act policy.Act) error {
	if w.t.IsSpam() && !w.stand.Allows(policy.Arrange) {
		return store.Fail(store.NotFound, "error.not-found")
	}
	if !w.stand.Allows(act) {
		return store.Fail(store.Denied, "error.denied")
	}
	return nil
}

// changed notes that the ticket is to be put under the act; a later, weightier act gives its name to the whole.
func (w *Change) changed(act string, public bool) {
	w.act, w.dirty, w.public = act, true, w.public || public
}

// Flush puts what has changed so far as a step of its own.
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
