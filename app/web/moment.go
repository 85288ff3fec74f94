package web

import (
	"net/url"
	"strings"
	"time"

	"sportello/app/calendar"
)

// What a field for a day and an hour is made of. Browsers send what clocks show, without a zone: in the night when clocks are put
// back they show an hour twice, and a second field says which of the two is meant.
const (
	momentLayout = "2006-01-02T15:04"
	whichOfTwo   = "-which"
	theSecond    = "2"
)

// Moment returns the instant at which clocks of the desk show the day and hour of the field, or what Time reads where there is no
// hour; the zero time when the field is blank. An hour that no clock shows is refused with the next one that they show; of an
// hour that they show twice the form asks which is meant, unless it says so.
func (f *Form) Moment(name string) time.Time {
	s := strings.TrimSpace(f.Values.Get(name))
	if s == "" {
		return time.Time{}
	}
	at, ok := f.shown(s)
	switch which := f.Values.Get(name + whichOfTwo); {
	case !ok:
		return f.Time(name)
	case len(at.At) == 0:
		f.Problems.Add(name, "error.no-such-hour", "clock", at.Next.In(f.Site.Desk.Location()).Format("15:04"))
	case len(at.At) == 1:
		return at.At[0]
	case which == theSecond:
		return at.At[1]
	case which != "":
		return at.At[0]
	default:
		f.Problems.Add(name, "error.hour-twice")
	}
	return time.Time{}
}

// shown returns the instants at which clocks of the desk show the text of a field, and whether it is a day and an hour.
func (f *Form) shown(s string) (calendar.Moments, bool) {
	shown, err := time.Parse(momentLayout, strings.TrimSpace(s))
	if err != nil || shown.Year() < 1900 || shown.Year() > 9999 {
		return calendar.Moments{}, false
	}
	return calendar.Local(shown, shown.Hour(), shown.Minute(), f.Site.Desk.Location()), true
}

// SetMoment gives a field for a day and an hour its initial value, unless the instant is the zero time.
func SetMoment(values url.Values, name string, t time.Time, loc *time.Location) {
	if t.IsZero() {
		return
	}
	shown := t.In(loc)
	values.Set(name, shown.Format(momentLayout))
	if two := calendar.Local(shown, shown.Hour(), shown.Minute(), loc); len(two.At) == 2 && !t.Before(two.At[1]) {
		values.Set(name+whichOfTwo, theSecond)
	}
}

// HourTwice asks which of two hours alike is meant, below a field for a day and an hour. It has no name where there is but one.
type HourTwice struct {
	Field, Label, First, Second string
	Later                       bool // the second is chosen
}

// HourTwice returns what is asked for {{template "part/hour-twice" (.HourTwice "from")}}.
func (p *Page) HourTwice(field string) HourTwice {
	if p.Form == nil {
		return HourTwice{}
	}
	at, ok := p.Form.shown(p.Value(field))
	if !ok || len(at.At) != 2 {
		return HourTwice{}
	}
	return HourTwice{field + whichOfTwo, p.T("form.hour-which"), p.T("form.hour-first"), p.T("form.hour-second"), p.Value(field+whichOfTwo) == theSecond}
}
