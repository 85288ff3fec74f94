package calendar

import (
	"slices"
	"sort"
	"time"
)

const rome = "Europe/Rome"

// zoneOfRome is what a program must be told of the zone that a time names: Outlook takes a name alone for no zone at
// all. It holds since the summer time of 1996 was the first to last until October.
const zoneOfRome = `BEGIN:VTIMEZONE
TZID:Europe/Rome
BEGIN:STANDARD
DTSTART:19961027T030000
RRULE:FREQ=YEARLY;BYMONTH=10;BYDAY=-1SU
TZNAME:CET
TZOFFSETFROM:+0200
TZOFFSETTO:+0100
END:STANDARD
BEGIN:DAYLIGHT
DTSTART:19810329T020000
RRULE:FREQ=YEARLY;BYMONTH=3;BYDAY=-1SU
TZNAME:CEST
TZOFFSETFROM:+0100
TZOFFSETTO:+0200
END:DAYLIGHT
END:VTIMEZONE
`

const zoneOfUTC = `BEGIN:VTIMEZONE
TZID:Etc/UTC
BEGIN:STANDARD
DTSTART:19700101T000000
TZNAME:UTC
TZOFFSETFROM:+0000
TZOFFSETTO:+0000
END:STANDARD
END:VTIMEZONE
`

var since = time.Date(1996, 10, 27, 1, 0, 0, 0, time.UTC)

// saidByRule reports whether the time on the wall in Rome, with zoneOfRome beside it, says this instant. It does not
// before the rule, in the second of two hours that read alike, and if the machine knows of a law that the rule does not.
func saidByRule(t time.Time, loc *time.Location) bool {
	if t.Before(since) {
		return false
	}
	year := t.UTC().Year()
	offset := 3600
	if begin, end := lastSunday(year, time.March), lastSunday(year, time.October); !t.Before(begin) && t.Before(end) {
		offset = 7200
	}
	l := t.In(loc)
	if _, known := l.Zone(); known != offset {
		return false
	}
	on := Local(l, l.Hour(), l.Minute(), loc)
	return len(on.At) == 1 || len(on.At) == 2 && t.Before(on.At[1])
}

// lastSunday is when clocks change on the last Sunday of a month of 31 days.
func lastSunday(year int, month time.Month) time.Time {
	t := time.Date(year, month, 31, 1, 0, 0, 0, time.UTC)
	return t.AddDate(0, 0, -int(t.Weekday()))
}

// Moments are the instants at which clocks show a time: one on most days, none when they jump over it, two when they
// are put back.
type Moments struct {
	At   []time.Time // the earlier one first
	Next time.Time   // if there is none: when clocks jump, which is the first time they show after it
}

// Local returns the instants at which clocks in loc show the hour and minute on a day: that which day shows where it is,
// whatever its zone. Hours and minutes that no clock shows are carried over, as time.Date does.
func Local(day time.Time, hour, minute int, loc *time.Location) Moments {
	y, m, d := day.Date()
	shown := time.Date(y, m, d, hour, minute, 0, 0, time.UTC)
	offset := func(t time.Time) time.Duration {
		_, seconds := t.In(loc).Zone()
		return time.Duration(seconds) * time.Second
	}
	// No zone is further than a day from UTC. Hour by hour, and not by Time.ZoneBounds, which stands still at the end of
	// leap years to come.
	first, last := shown.Add(-36*time.Hour), shown.Add(36*time.Hour)
	tried := map[time.Duration]bool{}
	var out Moments
	for t := first; !t.After(last); t = t.Add(time.Hour) {
		o := offset(t)
		if at := shown.Add(-o); !tried[o] && offset(at) == o {
			out.At = append(out.At, at.In(loc))
		}
		tried[o] = true
	}
	if len(out.At) > 0 {
		slices.SortFunc(out.At, time.Time.Compare)
		return out
	}
	// Clocks show less at first and more at last, and never this: between two seconds they jump over it.
	seconds := sort.Search(int(last.Sub(first)/time.Second), func(n int) bool {
		t := first.Add(time.Duration(n) * time.Second)
		return t.Add(offset(t)).After(shown)
	})
	out.Next = first.Add(time.Duration(seconds) * time.Second).In(loc)
	return out
}
