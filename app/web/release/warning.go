package release

import (
	"sportello/app/desk/release"
	"sportello/app/web"
	"sportello/app/web/show"
	"sportello/store"
)

// warnings say what show.UnluckyDays returns.
func (a pages) warnings(r *web.Request, p *web.Page, one *store.Release, seen *release.Preview) ([]string, error) {
	days, err := show.UnluckyDays(a.Site, r, one, seen)
	if err != nil {
		return nil, err
	}
	what := map[string]string{"test": p.T("releases.warn-test"), "production": p.T("releases.warn-production"), "stop": p.T("releases.warn-stop")}
	var out []string
	for _, d := range days {
		day := show.Weekday(p, d.Day)
		switch d.Why {
		case "holiday":
			out = append(out, p.T("releases.warn-holiday", "what", what[d.What], "day", day))
		case "weekend":
			out = append(out, p.T("releases.warn-weekend", "what", what[d.What], "day", day))
		default:
			out = append(out, p.T("releases.warn-freeze", "what", what[d.What], "day", day, "freeze", d.Freeze.In(p.Lang), "organisation", d.Organisation.Name))
		}
	}
	return out, nil
}
