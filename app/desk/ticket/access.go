package ticket

import (
	"errors"

	"sportello/app/desk/entry"
	"sportello/app/desk/policy"
	"sportello/store"
	"sportello/store/act"
	"sportello/store/db"
	"sportello/store/door"
	"sportello/store/fault"
)

// A ticket of kind access stands for a request for credentials in a group's queue. What is decided of the request moves it:
// these are the desk's own moves, from the one table of them, in the name of whoever decided.

// AskBack asks whoever made the request, in the name of the person, who need not work in the group: the question is a public
// message, and the ticket waits. It asks no right over the ticket.
func (ts *Tickets) AskBack(tx *db.Tx, t *store.Ticket, by uint64, question string) error {
	w := ts.Begin(tx, policy.Actor{System: true}, t)
	moves := t.State != store.StateWaiting
	if moves {
		if err := (attempt{kind: store.Access, from: t.State, to: store.StateWaiting, by: itself, message: true}).legal(); err != nil {
			return err
		}
	}
	if err := ts.desksWord(tx, w, &store.Message{Author: by, Body: question, Format: store.Text, Via: door.Page}); err != nil {
		return err
	}
	if moves {
		ts.due.Enter(w.set, t, store.StateWaiting, tx.Now())
		w.changed(act.Wait)
	}
	return w.Flush()
}

// Conclude closes the ticket of a request of which nothing waits any more, with the outcome and a public message of the desk.
// One that was closed meanwhile stays as it is.
func (ts *Tickets) Conclude(tx *db.Tx, t *store.Ticket, outcome store.Outcome, text string) error {
	if !t.State.Active() {
		return nil
	}
	w := ts.Begin(tx, policy.Actor{System: true}, t)
	if err := (attempt{kind: store.Access, from: t.State, to: store.StateClosed, by: itself, message: text != "", outcome: outcome}).legal(); err != nil {
		return err
	}
	if err := ts.desksWord(tx, w, &store.Message{Body: text, Format: store.Text, Via: door.Desk}); err != nil {
		return err
	}
	ts.due.Enter(w.set, t, store.StateResolved, tx.Now())
	t.Outcome = outcome
	ts.due.Enter(w.set, t, store.StateClosed, tx.Now())
	w.changed(act.Close)
	return w.Flush()
}

// desksWord adds a public message on the agents' side.
func (ts *Tickets) desksWord(tx *db.Tx, w *Change, m *store.Message) error {
	m.At, m.Agent = tx.Now(), true
	entry.Phrase(m)
	tx.Act(act.Reply)
	tx.Internally(false)
	tx.Because("")
	if err := ts.AppendMessage(tx, w.t, m, nil); err != nil {
		return err
	}
	w.changed(act.Reply)
	return nil
}

// Forget removes the ticket with everything that belongs to it. One that is not there is no error.
func (ts *Tickets) Forget(tx *db.Tx, id uint64) error {
	t, err := store.Tickets.Get(tx, id)
	if errors.Is(err, fault.ErrNotFound) {
		return nil
	}
	if err != nil {
		return err
	}
	return removeTicket(tx, t)
}

// undecided returns Conflict "error.access-undecided" for the ticket of a request of which somebody has to decide yet: that ends
// it, not a move.
func undecided(tx *db.Tx, t *store.Ticket) error {
	if t.Access == 0 {
		return nil
	}
	r, err := store.AccessRequests.Get(tx, t.Access)
	if err != nil {
		return fault.IgnoreNotFound(err)
	}
	for _, k := range r.Asks {
		if k.Ticket == t.ID && k.State == store.AskWaits {
			return fault.New(fault.Conflict, "error.access-undecided").At("state")
		}
	}
	return nil
}
