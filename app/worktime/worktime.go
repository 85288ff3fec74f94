// Package worktime computes with the working hours of a desk: Monday to Friday, from one hour of the day to another,
// except on Italian national holidays. It hides time zones, changes of summer time and the holidays.
package worktime

import (
	"sync"
	"time"

	"github.com/rickar/cal/v2"
	"github.com/rickar/cal/v2/it"
)

// Calendar says when the desk works: from the hour Begin to the hour End (0 to 24) of the wall clock in Location.
// Without a Location it uses UTC. If End is not after Begin it uses 8 to 18, so that the zero Calendar is usable and no
// Calendar makes a computation endless.
type Calendar struct {
	Begin, End int
	Location   *time.Location
}

// Add returns the moment at which the working time d has passed since t. A moment outside working time counts as the
// next start of work; a span that ends with the working day ends on that evening, not on the next morning. With d = 0
// it returns t itself. With a negative d it returns the moment from which the working time -d passes until t.
func (c Calendar) Add(t time.Time, d time.Duration) time.Time {
	switch {
	case d > 0:
		return c.forward(t, d)
	case d < 0:
		return c.backward(t, -d)
	}
	return t
}

func (c Calendar) forward(t time.Time, d time.Duration) time.Time {
	for day := c.dayOf(t); ; day = day.next() {
		if !day.works() {
			continue
		}
		from, to := c.hours(day)
		if from.Before(t) {
			from = t
		}
		have := to.Sub(from)
		if have <= 0 {
			continue
		}
		if d <= have {
			return from.Add(d).In(t.Location())
		}
		d -= have
	}
}

func (c Calendar) backward(t time.Time, d time.Duration) time.Time {
	for day := c.dayOf(t); ; day = day.previous() {
		if !day.works() {
			continue
		}
		from, to := c.hours(day)
		if to.After(t) {
			to = t
		}
		have := to.Sub(from)
		if have <= 0 {
			continue
		}
		if d <= have {
			return to.Add(-d).In(t.Location())
		}
		d -= have
	}
}

// Between returns the working time from a to b, negative when b is before a.
func (c Calendar) Between(a, b time.Time) time.Duration {
	if b.Before(a) {
		return -c.Between(b, a)
	}
	var sum time.Duration
	for day, last := c.dayOf(a), c.dayOf(b); !day.after(last); day = day.next() {
		if !day.works() {
			continue
		}
		from, to := c.hours(day)
		if from.Before(a) {
			from = a
		}
		if to.After(b) {
			to = b
		}
		if to.After(from) {
			sum += to.Sub(from)
		}
	}
	return sum
}

// Working reports whether t is in working time.
func (c Calendar) Working(t time.Time) bool {
	day := c.dayOf(t)
	if !day.works() {
		return false
	}
	from, to := c.hours(day)
	return !t.Before(from) && t.Before(to)
}

// Holiday reports whether the day of t, in the calendar's Location, is an Italian national holiday. A holiday may
// fall on a Saturday or Sunday.
func (c Calendar) Holiday(t time.Time) bool {
	d := c.dayOf(t)
	return holidaysOf(d.year).has(d.month, d.day)
}

func (c Calendar) location() *time.Location {
	if c.Location == nil {
		return time.UTC
	}
	return c.Location
}

// hours returns when work begins and ends on the day. Both come from the wall clock, so that a day on which the clock
// changes has its real length.
func (c Calendar) hours(d date) (from, to time.Time) {
	begin, end := max(c.Begin, 0), min(c.End, 24)
	if end <= begin {
		begin, end = 8, 18
	}
	l := c.location()
	return time.Date(d.year, d.month, d.day, begin, 0, 0, 0, l), time.Date(d.year, d.month, d.day, end, 0, 0, 0, l)
}

func (c Calendar) dayOf(t time.Time) date {
	t = t.In(c.location())
	y, m, d := t.Date()
	return date{y, m, d, t.Weekday()}
}

// date is a day of the calendar with its weekday.
type date struct {
	year    int
	month   time.Month
	day     int
	weekday time.Weekday
}

func (d date) next() date {
	d.weekday = (d.weekday + 1) % 7
	if d.day++; d.day > 28 && d.day > daysIn(d.year, d.month) {
		d.day = 1
		if d.month++; d.month > time.December {
			d.month = time.January
			d.year++
		}
	}
	return d
}

func (d date) previous() date {
	d.weekday = (d.weekday + 6) % 7
	if d.day--; d.day == 0 {
		if d.month--; d.month == 0 {
			d.month = time.December
			d.year--
		}
		d.day = daysIn(d.year, d.month)
	}
	return d
}

func (d date) after(o date) bool {
	if d.year != o.year {
		return d.year > o.year
	}
	if d.month != o.month {
		return d.month > o.month
	}
	return d.day > o.day
}

func (d date) works() bool {
	return d.weekday != time.Saturday && d.weekday != time.Sunday && !holidaysOf(d.year).has(d.month, d.day)
}

func daysIn(year int, month time.Month) int {
	switch month {
	case time.April, time.June, time.September, time.November:
		return 30
	case time.February:
		if year%4 == 0 && (year%100 != 0 || year%400 == 0) {
			return 29
		}
		return 28
	}
	return 31
}

// sanFrancesco is a national holiday again from 2026 on (law 151 of 8 October 2025); the library does not have it.
var sanFrancesco = &cal.Holiday{Name: "San Francesco d'Assisi", Type: cal.ObservancePublic, StartYear: 2026,
	Month: time.October, Day: 4, Func: cal.CalcDayOfMonth}

// holidays are the holidays of one year: one bit per day for each month.
type holidays [13]uint32

func (h *holidays) has(m time.Month, day int) bool { return h[m]&(1<<day) != 0 }

// years caches the holidays of each requested year. A desk uses few years; distant ones are not cached, so that dates
// from outside cannot fill the memory.
var years sync.Map

func holidaysOf(year int) *holidays {
	if h, ok := years.Load(year); ok {
		return h.(*holidays)
	}
	h := new(holidays)
	for _, day := range append([]*cal.Holiday{sanFrancesco}, it.Holidays...) {
		// The actual day, not the observed one: Italy does not move holidays that fall on a Sunday.
		if actual, _ := day.Calc(year); !actual.IsZero() {
			h[actual.Month()] |= 1 << actual.Day()
		}
	}
	if year >= 1900 && year < 2200 {
		years.Store(year, h)
	}
	return h
}
