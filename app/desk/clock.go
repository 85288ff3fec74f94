package desk

import (
	"context"
	"errors"
	"strconv"
	"time"

	"sportello/store"
)

// schedule sets what follows from a ticket's other fields: its priority by the matrix, when it is due, and when
// something is to happen to it by itself.
//
// Due is the date the requester gave or, without one, opening plus the working hours of the priority; it moves on by
// the working time for which the ticket stood in waiting and planned.
func (d *Desk) schedule(set *store.Settings, t *store.Ticket) {
	cal := d.calendar(set)
	t.Priority = set.PriorityOf(t.Severity, t.Urgency)
	due := t.Deadline
	if due.IsZero() {
		due = cal.Add(t.Opened, time.Duration(set.WorkingHours[strconv.Itoa(t.Priority)])*time.Hour)
	}
	if t.Stood > 0 {
		due = cal.Add(due, time.Duration(t.Stood)*time.Second)
	}
	t.Due = due.UTC()
	t.Wake = time.Time{}
	switch {
	case t.IsSpam():
		t.Wake = t.SpamSince.AddDate(0, 0, spamDays)
	case t.State == store.StateResolved && !t.Resolved.IsZero():
		t.Wake = t.Resolved.AddDate(0, 0, set.CloseAfter)
		if warn := t.Wake.AddDate(0, 0, -warnDays); !t.Warned && warn.After(t.Resolved) {
			t.Wake = warn
		}
	}
}

const (
	spamDays = 30 // spam is kept that long and then removed
	warnDays = 2  // before closing by itself the requester is told
)

// enter moves the ticket into the state and keeps its dates: when it was taken, resolved, closed, and how long its
// clock stood.
func (d *Desk) enter(set *store.Settings, t *store.Ticket, to store.State, now time.Time) {
	stands := func(s store.State) bool { return s == store.StateWaiting || s == store.StatePlanned }
	if stands(t.State) && !stands(to) && !t.Stands.IsZero() {
		t.Stood += int64(d.calendar(set).Between(t.Stands, now) / time.Second)
		t.Stands = time.Time{}
	}
	if stands(to) && !stands(t.State) {
		t.Stands = now
	}
	t.State = to
	switch to {
	case store.StateResolved:
		t.Resolved, t.Warned = now, false
	case store.StateClosed:
		t.Closed = now
	default:
		t.Resolved, t.Closed, t.Outcome, t.DuplicateOf, t.Warned = time.Time{}, time.Time{}, store.OutcomeNone, 0, false
	}
}

// RunClock does what happens by itself when time has passed: tells that a resolved ticket will be closed, closes it,
// removes spam after thirty days and uploads that were never used after a day. It looks every minute and ends with
// the context.
func (d *Desk) RunClock(ctx context.Context) error {
	tick := time.NewTicker(time.Minute)
	defer tick.Stop()
	for {
		if err := d.Elapse(); err != nil {
			return err
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-tick.C:
		}
	}
}

// Elapse does all that is due by the desk's clock, in batches of a hundred.
func (d *Desk) Elapse() error {
	for {
		n := 0
		err := d.st.Update(store.By{Via: "desk"}, func(tx *store.Tx) error {
			n = 0
			var due []uint64
			for e := range store.TicketsByWake.Entries(tx, store.Span{High: store.Key(tx.Now())}) {
				if due = append(due, e.ID); len(due) == 100 {
					break
				}
			}
			for _, id := range due {
				if err := d.wake(tx, id); err != nil {
					return err
				}
				n++
			}
			var stale []uint64
			for e := range store.FilesPending.Entries(tx, store.Span{High: store.Key(tx.Now().Add(-24 * time.Hour))}) {
				if stale = append(stale, e.ID); len(stale) == 100 {
					break
				}
			}
			tx.Act("forget-upload")
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

func (d *Desk) wake(tx *store.Tx, id uint64) error {
	t, err := store.Tickets.Get(tx, id)
	if err != nil {
		return err
	}
	set := settings(tx)
	now := tx.Now()
	switch {
	case t.IsSpam():
		tx.Act("remove-spam")
		return removeTicket(tx, t)
	case t.State == store.StateResolved && now.Before(t.Resolved.AddDate(0, 0, set.CloseAfter)):
		tx.Act("remind")
		t.Warned = true
	case t.State == store.StateResolved:
		if err := (attempt{from: t.State, to: store.StateClosed, by: itself}).legal(); err != nil {
			return err
		}
		tx.Act("close")
		outcome, dup := t.Outcome, t.DuplicateOf
		d.enter(set, t, store.StateClosed, now)
		t.Outcome, t.DuplicateOf = outcome, dup
		touch(tx, t)
	}
	d.schedule(set, t)
	return store.Tickets.Put(tx, t)
}

// removeTicket takes a ticket and all that belongs to it out of the store; its number is not given again. What other
// tickets say of it is taken back first.
func removeTicket(tx *store.Tx, t *store.Ticket) error {
	for _, other := range t.Links {
		o, err := store.Tickets.Get(tx, other)
		if errors.Is(err, store.ErrNotFound) {
			continue
		}
		if err != nil {
			return err
		}
		o.Links = without(o.Links, t.ID)
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

func without(list []uint64, id uint64) []uint64 {
	var out []uint64
	for _, v := range list {
		if v != id {
			out = append(out, v)
		}
	}
	return out
}
