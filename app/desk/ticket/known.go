package ticket

import (
	"time"

	"sportello/app/desk/entry"
	"sportello/app/desk/policy"
	"sportello/store"
	"sportello/store/act"
	"sportello/store/db"
	"sportello/store/door"
)

// Known is what a known problem makes of a ticket of its.
type Known struct {
	To      store.State // planned, resolved or open again; StateNone leaves the state
	Version string      // that mends it
	Text    string      // a public message in Markdown; empty: none
	Author  uint64      // who wrote it; 0: the desk, in the name of the ticket's group
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
		m := &store.Message{Author: k.Author, At: tx.Now(), Body: k.Text, Agent: true, Via: door.Desk}
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
