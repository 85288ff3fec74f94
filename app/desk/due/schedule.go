package due

import (
	"strconv"
	"time"

	"sportello/app/worktime"
	"sportello/store"
)

// calendar is the working time as the settings have it.
func (ck *Clock) calendar(s *store.Settings) worktime.Calendar {
	c := worktime.Calendar{Begin: 8, End: 18, Location: ck.loc}
	if s.DayEnds > s.DayBegins {
		c.Begin, c.End = s.DayBegins, s.DayEnds
	}
	return c
}

// Schedule sets what follows from a ticket's other fields: its priority by the matrix, when it is due, and when
// something is to happen to it by itself.
//
// Due is the date the requester gave or, without one, opening plus the working hours of the priority; it moves on by
// the working time for which the ticket stood in waiting and planned.
func (ck *Clock) Schedule(set *store.Settings, t *store.Ticket) {
	cal := ck.calendar(set)
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

// Enter moves the ticket into the state and keeps its dates: when it was taken, resolved, closed, and how long its
// clock stood.
func (ck *Clock) Enter(set *store.Settings, t *store.Ticket, to store.State, now time.Time) {
	stands := func(s store.State) bool { return s == store.StateWaiting || s == store.StatePlanned }
	if stands(t.State) && !stands(to) && !t.Stands.IsZero() {
		t.Stood += int64(ck.calendar(set).Between(t.Stands, now) / time.Second)
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
