package ticket

import (
	"time"

	"sportello/app/desk/entry"
	"sportello/app/desk/policy"
	"sportello/store"
	"sportello/store/act"
	"sportello/store/db"
	"sportello/store/door"
	"sportello/store/fault"
)

// Known is what a known problem makes of a ticket of its.
type Known struct {
	To      store.State // planned, resolved or open again; StateNone leaves the state
	Version string      // that mends it
	Text    string      // a public message in Markdown; empty: none
	Author  uint64      // who wrote it; 0: the desk, in the name of the ticket's group
	Errand  uint64      // the message to all cases of the problem that it is, 0 for none
}

// Follow has the ticket follow a known problem: the desk's own moves, from the one table of them. It asks no right and takes
// nobody in charge. Errors: Invalid for a move that the table lacks, before anything is written.
func (ts *Tickets) Follow(tx *db.Tx, t *store.Ticket, k Known) error {
	w := ts.Begin(tx, policy.Actor{System: true}, t)
	moves := k.To != store.StateNone && k.To != t.State
	if moves {
		m := attempt{kind: t.Kind, from: t.State, to: k.To, by: itself, message: k.Text != "", outcome: store.Solved, version: k.Version != ""}
		if err := m.legal(); err != nil {
			return err
		}
	}
	if k.Text != "" {
		m := &store.Message{Author: k.Author, Errand: k.Errand, At: tx.Now(), Body: k.Text, Agent: true, Via: door.Desk}
		entry.Phrase(m)
		tx.Act(act.Reply)
		tx.Internally(false)
		tx.Because("")
		if err := ts.AppendMessage(tx, t, m, nil); err != nil {
			return err
		}
		w.changed(act.Reply)
	}
	if moves {
		ts.due.Enter(w.set, t, k.To, tx.Now())
	}
	switch {
	case k.To == store.StatePlanned && (moves || t.Version != k.Version):
		t.Version, t.PlannedFor = k.Version, time.Time{}
		w.changed(act.Plan)
	case k.To == store.StateResolved && moves:
		t.Outcome, t.Version = store.Solved, k.Version
		w.changed(act.Resolve)
	case k.To == store.StateOpen && moves:
		t.Version, t.PlannedFor = "", time.Time{}
		w.changed(act.Resume)
	}
	return w.Flush()
}

// TakeBack takes a message of a known problem out of its ticket, as if nobody had written it.
func (ts *Tickets) TakeBack(tx *db.Tx, m *store.Message) error {
	t, err := store.Tickets.Get(tx, m.Ticket)
	if err != nil {
		return fault.IgnoreNotFound(err)
	}
	tx.Act(act.TakeBack)
	tx.Internally(false)
	if err := store.Messages.Delete(tx, m.ID); err != nil {
		return err
	}
	rest, err := store.MessagesByTicket.Find(tx, t.ID)
	if err != nil {
		return err
	}
	w := ts.Begin(tx, policy.Actor{System: true}, t)
	if t.Messages--; t.Answered.Equal(m.At) {
		t.Answered = time.Time{}
	}
	for _, m := range rest {
		if m.Internal {
			continue
		}
		if t.LastBy, t.LastAgent = m.Author, m.Agent; t.Answered.IsZero() && m.Agent && m.Author != 0 {
			t.Answered = m.At
		}
	}
	w.changed(act.TakeBack)
	return w.Flush()
}
