// Package timeline puts the steps of a plan on days: when each is due, when it can be expected as things stand, how much
// room it has before it moves what comes after, and which steps have none. It counts in working days of a calendar.
package timeline

import (
	"fmt"
	"time"
)

// Day is a day of the calendar: days since 1 January 1970. The zero Day stands for none.
type Day int32

// Date returns the day of a date; month and day may go beyond their ends as in time.Date.
func Date(year int, month time.Month, day int) Day {
	return Day(time.Date(year, month, day, 0, 0, 0, 0, time.UTC).Unix() / (24 * 60 * 60)) // #nosec G115 -- years of four digits
}

// ParseDay reads a day as 2006-01-02, of the years 1971 to 2199.
func ParseDay(text string) (Day, error) {
	t, err := time.Parse(time.DateOnly, text)
	if err == nil && (t.Year() < 1971 || t.Year() > 2199) {
		err = fmt.Errorf("timeline: the year %d is out of reach", t.Year())
	}
	if err != nil {
		return 0, err
	}
	return Date(t.Date()), nil
}

// Time returns the day at midnight in UTC.
func (d Day) Time() time.Time { return time.Unix(int64(d)*24*60*60, 0).UTC() }

// String writes the day as 2006-01-02, and nothing for none.
func (d Day) String() string {
	if d == 0 {
		return ""
	}
	return d.Time().Format(time.DateOnly)
}

// Calendar knows the working days around a plan. It is not safe for use by several goroutines at once.
type Calendar struct {
	closed func(Day) bool
	from   Day
	days   []Day // the working days from the day from on, in order
	before []int // of each day from the day from on: how many working days lie before it
}

// NewCalendar returns a calendar whose working days are those that closed does not name. At least one day of any thirty
// must be open; where more are closed the thirtieth counts as open, so that no computation is endless.
func NewCalendar(closed func(Day) bool) *Calendar { return &Calendar{closed: closed} }

// Fork returns a calendar of the same working days that begins with what this one knows of them. Several goroutines may
// fork one calendar as long as nobody asks it for anything else.
func (c *Calendar) Fork() *Calendar {
	out := *c
	return &out
}

// Know works out the days from the first to the last at once, so that forks need not.
func (c *Calendar) Know(first, last Day) { c.reach(first, last) }

// reach makes sure that the days from a to b are known, with room around them.
func (c *Calendar) reach(a, b Day) {
	const room = 400
	if len(c.before) > 0 && a >= c.from && b < c.from+Day(len(c.before)) { // #nosec G115 -- bounded below
		return
	}
	if len(c.before) > 0 {
		a, b = min(a, c.from), max(b, c.from+Day(len(c.before))-1) // #nosec G115
	}
	c.from = a - room
	n := int(b-a) + 2*room
	c.days, c.before = make([]Day, 0, n*5/7+room), make([]int, 0, n)
	idle := 0
	for d := c.from; len(c.before) < n; d++ {
		c.before = append(c.before, len(c.days))
		if idle++; idle >= 30 || !c.closed(d) {
			c.days = append(c.days, d)
			idle = 0
		}
	}
}

// upTo returns how many of the known working days lie on the day or before it.
func (c *Calendar) upTo(d Day) int {
	n := c.before[d-c.from]
	if n < len(c.days) && c.days[n] == d {
		n++
	}
	return n
}

// Works reports whether the day is a working day.
func (c *Calendar) Works(d Day) bool {
	c.reach(d, d)
	return c.upTo(d) > c.before[d-c.from]
}

// Add returns the nth working day after the day, with a negative n the nth before it, with none the day itself.
func (c *Calendar) Add(d Day, n int) Day {
	if n == 0 {
		return d
	}
	span := Day(min(max(n, -n), MaxOffset)*3 + 60) // #nosec G115 -- bounded: more than all the days there can be between
	n = min(max(n, -MaxOffset), MaxOffset)
	c.reach(d-span, d+span)
	if n > 0 {
		return c.days[c.upTo(d)+n-1]
	}
	return c.days[c.before[d-c.from]+n]
}

// MaxOffset is how many working days anything may lie from anything else: about ten years.
const MaxOffset = 2500

// Between returns how many working days after a the day b is: those later than a, up to b with it; with b before a the same
// the other way round, as a negative number.
func (c *Calendar) Between(a, b Day) int {
	c.reach(min(a, b), max(a, b))
	return c.upTo(b) - c.upTo(a)
}

// Last returns the latest day from which n working days, at most MaxOffset, still lead to the day d or earlier.
func (c *Calendar) Last(d Day, n int) Day {
	if n == 0 {
		return d
	}
	span := Day(n*3 + 60) // #nosec G115 -- a step takes at most MaxOffset
	c.reach(d-span, d)
	return c.days[c.upTo(d)-n] - 1
}
