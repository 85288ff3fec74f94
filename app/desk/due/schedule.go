package due

import (
	"strconv"
	"time"

	"sportello/app/worktime"
	"sportello/store"
)

// calendar returns the working time from the settings.
func (ck *Clock) calendar(s *store.Settings) worktime.Calendar {
	c := worktime.Calendar{Begin: 8, End: 18, Location: ck.loc}
	if s.DayEnds > s.DayBegins {
		c.Begin, c.End = s.DayBegins, s.DayEnds
	}
	return c
}

// Schedule sets the fields that follow from the ticket's others: the priority from the matrix, when it is due, and when
// something happens to it automatically.
//
// Due is the date the requester gave or, without one, the opening plus the working hours of the priority. It moves on
// by the working time the ticket spent waiting and planned.
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
	spamDays = 30 // days until spam is removed
	warnDays = 2  // days before the automatic closing on which the requester is warned
)

// Enter moves the ticket into the state and records its dates: when it was taken, resolved and closed, and how long its
// clock was paused.
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
