package ticket

import (
	"context"
	"errors"
	"time"

	"sportello/store"
	"sportello/store/act"
	"sportello/store/db"
	"sportello/store/door"
	"sportello/store/fault"
	"sportello/store/key"
)

// RunClock does what happens automatically as time passes: it warns that a resolved ticket will be closed, closes it,
// removes spam after thirty days, and removes unused uploads after a day. It checks every minute until the context
// ends.
func (ts *Tickets) RunClock(ctx context.Context) error {
	tick := time.NewTicker(time.Minute)
	defer tick.Stop()
	for {
		if err := ts.Elapse(); err != nil {
			return err
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-tick.C:
		}
	}
}

// Elapse does everything that is due by the desk's clock, in batches of a hundred.
func (ts *Tickets) Elapse() error {
	for {
		n := 0
		err := ts.st.Update(db.By{Via: door.Desk}, func(tx *db.Tx) error {
			n = 0
			var due []uint64
			for e := range store.TicketsByWake.Entries(tx, db.Span{High: key.Of(tx.Now())}) {
				if due = append(due, e.ID); len(due) == 100 {
					break
				}
			}
			for _, id := range due {
				if err := ts.wake(tx, id); err != nil {
					return err
				}
				n++
			}
			var stale []uint64
			for e := range store.FilesPending.Entries(tx, db.Span{High: key.Of(tx.Now().Add(-24 * time.Hour))}) {
				if stale = append(stale, e.ID); len(stale) == 100 {
					break
				}
			}
			tx.Act(act.ForgetUpload)
			for _, id := range stale {
				if err := store.DeleteFile(tx, id); err != nil {
					return err
				}
				n++
			}
			return nil
		})
		if err != nil || n == 0 {
			return err
		}
	}
}

func (ts *Tickets) wake(tx *db.Tx, id uint64) error {
	t, err := store.Tickets.Get(tx, id)
	if err != nil {
		return err
	}
	set := store.CurrentSettings(tx)
	now := tx.Now()
	switch {
	case t.IsSpam():
		tx.Act(act.RemoveSpam)
		return removeTicket(tx, t)
	case t.State == store.StateResolved && now.Before(t.Resolved.AddDate(0, 0, set.CloseAfter)):
		tx.Act(act.Remind)
		t.Warned = true
	case t.State == store.StateResolved:
		if err := (attempt{from: t.State, to: store.StateClosed, by: itself}).legal(); err != nil {
			return err
		}
		tx.Act(act.Close)
		outcome, dup := t.Outcome, t.DuplicateOf
		ts.due.Enter(set, t, store.StateClosed, now)
		t.Outcome, t.DuplicateOf = outcome, dup
		Touch(tx, t)
	}
	ts.due.Schedule(set, t)
	return store.Tickets.Put(tx, t)
}

// removeTicket removes a ticket with everything that belongs to it; its number is not used again. It first removes what
// other tickets say about it.
func removeTicket(tx *db.Tx, t *store.Ticket) error {
	for _, other := range t.Links {
		o, err := store.Tickets.Get(tx, other)
		if errors.Is(err, fault.ErrNotFound) {
			continue
		}
		if err != nil {
			return err
		}
		o.Links = db.Without(o.Links, t.ID)
		if o.DuplicateOf == t.ID {
			o.DuplicateOf = 0
		}
		if err := store.Tickets.Put(tx, o); err != nil {
			return err
		}
	}
	files, err := store.FilesByTicket.Find(tx, t.ID)
	if err != nil {
		return err
	}
	for _, f := range files {
		if err := store.DeleteFile(tx, f.ID); err != nil {
			return err
		}
	}
	messages, err := store.MessagesByTicket.Find(tx, t.ID)
	if err != nil {
		return err
	}
	for _, m := range messages {
		if err := store.Messages.Delete(tx, m.ID); err != nil {
			return err
		}
	}
	notices, err := store.NoticesByTicket.Find(tx, t.ID)
	if err != nil {
		return err
	}
	for _, n := range notices {
		if err := store.Notices.Delete(tx, n.ID); err != nil {
			return err
		}
	}
	if err := removeMail(tx, t.ID); err != nil {
		return err
	}
	moved, err := store.MessagesByOrigin.Find(tx, t.ID)
	if err != nil {
		return err
	}
	for _, m := range moved {
		m.Origin = 0
		if err := store.Messages.Put(tx, m); err != nil {
			return err
		}
	}
	return store.Tickets.Delete(tx, t.ID)
}
