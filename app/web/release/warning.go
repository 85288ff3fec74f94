package release

import (
	"time"

	"sportello/app/desk/release"
	"sportello/app/web"
	"sportello/app/web/show"
	"sportello/app/worktime"
	"sportello/store"
)

// mostStopDays is for how many days of a stop is looked whether they are a bad choice.
const mostStopDays = 31

// warnings say what is unlucky about the days of the update, for the organisations that it tells: weekends, national
// holidays, and freezes of their plans. They forbid nothing.
func (a pages) warnings(r *web.Request, p *web.Page, one *store.Release, seen *release.Preview) ([]string, error) {
	type day struct {
		what string
		at   time.Time
	}
	var days []day
	if d := one.InstallBy.Test; !d.IsZero() {
		days = append(days, day{p.T("releases.warn-test"), d})
	}
	if d := one.InstallBy.Production; !d.IsZero() {
		days = append(days, day{p.T("releases.warn-production"), d})
	}
	if !one.Stop.From.IsZero() {
		last := one.Stop.Until
		if one.Stop.Latest.After(last) {
			last = one.Stop.Latest
		}
		y, m, d := one.Stop.From.In(a.Desk.Location()).Date()
		at := time.Date(y, m, d, 0, 0, 0, 0, time.UTC)
		y, m, d = last.In(a.Desk.Location()).Date()
		for n := 0; n < mostStopDays && !at.After(time.Date(y, m, d, 0, 0, 0, 0, time.UTC)); n++ {
			days = append(days, day{p.T("releases.warn-stop"), at})
			at = at.AddDate(0, 0, 1)
		}
	}
	var out []string
	var asked []time.Time
	what := map[time.Time][]string{}
	for _, d := range days {
		what[d.at] = append(what[d.at], d.what)
		if len(what[d.at]) == 1 {
			asked = append(asked, d.at)
		}
		switch {
		case worktime.Calendar{}.Holiday(d.at):
			out = append(out, p.T("releases.warn-holiday", "what", d.what, "day", show.Weekday(p, d.at)))
		case d.at.Weekday() == time.Saturday || d.at.Weekday() == time.Sunday:
			out = append(out, p.T("releases.warn-weekend", "what", d.what, "day", show.Weekday(p, d.at)))
		}
	}
	organisations := make([]uint64, len(seen.Organisations))
	for i, o := range seen.Organisations {
		organisations[i] = o.ID
	}
	frozen, err := a.Desk.Plans.Frozen(r.Actor(), organisations, asked)
	if err != nil {
		return nil, err
	}
	for _, f := range frozen {
		for _, w := range what[f.Day] {
			out = append(out, p.T("releases.warn-freeze", "what", w, "day", show.Weekday(p, f.Day), "freeze", f.Freeze.Name.In(p.Lang), "organisation", f.Organisation.Name))
		}
	}
	return out, nil
}
