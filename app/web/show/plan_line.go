package show

import (
	"sportello/app/address"
	"sportello/app/desk/plan"
	"sportello/app/web"
)

// PlanLine is one plan in a list.
type PlanLine struct {
	Name, Address string
	Marks         []Mark
	Meta          string
}

// PlanLinesOf are the plans that somebody reads of first: what waits for the reader or their organisation, then those of
// their groups.
func PlanLinesOf(p *web.Page, g *plan.Glance) []PlanLine {
	var out []PlanLine
	for _, one := range g.Own {
		l := PlanLine{Name: one.Name, Address: address.Plan(one.ID), Meta: p.Plural("plan.waits-house", one.Count)}
		if one.Yours {
			l.Meta = p.Plural("plan.waits-you", one.Count)
		}
		if one.Late {
			l.Marks = []Mark{{Icon: "clock", Class: "badge-alarm", Words: p.T("plan.is-late")}}
		}
		if !one.Due.IsZero() {
			l.Meta = Joined(" · ", l.Meta, p.T("plan.first-day", "date", Weekday(p, one.Due)))
		}
		out = append(out, l)
	}
	for _, one := range g.Desk {
		l := PlanLine{Name: one.Name, Address: address.Plan(one.ID), Marks: PlanMarks(p, one.Health), Meta: one.Organisation.Name}
		if one.Health.Ours > 0 {
			l.Meta = Joined(" · ", l.Meta, p.Plural("plan.waits-desk", one.Health.Ours))
		}
		out = append(out, l)
	}
	return out
}

// PlanMarks say what is wrong with a plan, each in a sign and a word.
func PlanMarks(p *web.Page, h plan.Health) []Mark {
	var out []Mark
	add := func(n int, icon, class, words string) {
		if n > 0 {
			out = append(out, Mark{Icon: icon, Class: class, Words: words})
		}
	}
	add(h.Blocked, "warn", "badge-alarm", p.Plural("plan.blocked", h.Blocked))
	add(h.Late, "clock", "badge-alarm", p.Plural("plan.late", h.Late))
	add(h.Undecided, "clock", "badge-wait", p.Plural("plan.undecided", h.Undecided))
	if h.Forecast > h.GoLive {
		out = append(out, Mark{Icon: "clock", Class: "badge-alarm", Words: p.T("plan.slips", "date", Weekday(p, h.Forecast.Time()))})
	}
	return out
}
