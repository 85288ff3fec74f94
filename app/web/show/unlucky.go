package show

import (
	"time"

	"sportello/app/desk/release"
	"sportello/app/web"
	"sportello/app/worktime"
	"sportello/store"
)

// Unlucky is a day of an update that is badly chosen for the organisations that it tells.
type Unlucky struct {
	What         string // test and production, by when it is to be installed there; stop
	Day          time.Time
	Why          string      // holiday, weekend, freeze
	Freeze       store.Words // its name
	Organisation *store.Organisation
}

// mostStopDays is for how many days of a stop is looked whether they are a bad choice.
const mostStopDays = 31

// UnluckyDays returns what is unlucky about the days of the update, for the organisations that it tells: weekends, national
// holidays, and freezes of their plans that the reader may see. They forbid nothing.
func UnluckyDays(s *web.Site, r *web.Request, one *store.Release, seen *release.Preview) ([]Unlucky, error) {
	var days []Unlucky
	add := func(what string, at time.Time) { days = append(days, Unlucky{What: what, Day: at}) }
	if d := one.InstallBy.Test; !d.IsZero() {
		add("test", d)
	}
	if d := one.InstallBy.Production; !d.IsZero() {
		add("production", d)
	}
	if !one.Stop.From.IsZero() {
		last := one.Stop.Until
		if one.Stop.Latest.After(last) {
			last = one.Stop.Latest
		}
		y, m, d := one.Stop.From.In(s.Desk.Location()).Date()
		at := time.Date(y, m, d, 0, 0, 0, 0, time.UTC)
		y, m, d = last.In(s.Desk.Location()).Date()
		for n := 0; n < mostStopDays && !at.After(time.Date(y, m, d, 0, 0, 0, 0, time.UTC)); n++ {
			add("stop", at)
			at = at.AddDate(0, 0, 1)
		}
	}
	var out []Unlucky
	var asked []time.Time
	what := map[time.Time][]string{}
	for _, d := range days {
		what[d.Day] = append(what[d.Day], d.What)
		if len(what[d.Day]) == 1 {
			asked = append(asked, d.Day)
		}
		switch {
		case worktime.Calendar{}.Holiday(d.Day):
			d.Why = "holiday"
		case d.Day.Weekday() == time.Saturday || d.Day.Weekday() == time.Sunday:
			d.Why = "weekend"
		default:
			continue
		}
		out = append(out, d)
	}
	organisations := make([]uint64, len(seen.Organisations))
	for i, o := range seen.Organisations {
		organisations[i] = o.ID
	}
	frozen, err := s.Desk.Plans.Frozen(r.Actor(), organisations, asked)
	if err != nil {
		return nil, err
	}
	for _, f := range frozen {
		for _, w := range what[f.Day] {
			out = append(out, Unlucky{What: w, Day: f.Day, Why: "freeze", Freeze: f.Freeze.Name, Organisation: f.Organisation})
		}
	}
	return out, nil
}
