package feed

import (
	"fmt"
	"strings"

	"sportello/app/address"
	"sportello/app/calendar"
	"sportello/app/desk/plan"
)

// planEvent is the entry of a day of a plan in a calendar.
func (v *reading) planEvent(d plan.Date) calendar.Event {
	e := calendar.Event{Sequence: d.Sequence, Changed: d.Changed, Created: d.Plan.Created, AllDay: true, Begin: d.Day.Time(), Link: v.site.BaseURL() + address.Plan(d.Plan.ID)}
	e.UID = fmt.Sprintf("plan-%d-%s@%s", d.Plan.ID, strings.TrimSuffix(string(d.Kind)+"-"+d.Code, "-"), v.site.Store.ID())
	name := d.Name.In(v.Lang)
	switch d.Kind {
	case plan.LiveDate:
		e.Summary = v.T("feed.plan-live", "name", d.Plan.Name)
	case plan.DecisionDate:
		e.Summary, e.Link = v.T("feed.plan-decide", "name", name), v.site.BaseURL()+address.Decision(d.Plan.ID, d.Code)
	default:
		e.Summary, e.Link = v.T("feed.plan-step", "name", name), v.site.BaseURL()+address.Step(d.Plan.ID, d.Code)
	}
	if d.Done {
		e.Summary = v.T("feed.plan-done", "what", e.Summary)
	}
	if d.Cancelled {
		e.Status, e.Summary = calendar.Cancelled, v.T("feed.cancelled", "what", e.Summary)
	}
	e.Description = strings.Join([]string{d.Plan.Name + ", " + d.Organisation.Name, e.Link}, "\n")
	return e
}
