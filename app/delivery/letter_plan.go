package delivery

import (
	"strings"

	"sportello/app/address"
	"sportello/app/desk/notice"
)

// mostPlanLines is how many decisions and steps of a plan a letter names; the plan's page has them all.
const mostPlanLines = 10

// plan says in a daily mail what there is to tell of a plan: what happened, and by name what waits for the reader by when.
func (w *letterWriter) plan(l notice.OutgoingLine, who string) letterLine {
	said := []string{l.Plan.Organisation.Name + ". " + w.t(l.Event.InBell(), "plan", l.Plan.Name, "who", who)}
	if l.Why != "" {
		said = append(said, w.t("bell.why", "reason", l.Why))
	}
	for i, one := range l.Plan.Lines {
		if i == mostPlanLines {
			said = append(said, w.delivery.Words.Plural(w.lang, "letter.plan-more", len(l.Plan.Lines)-i))
			break
		}
		name := one.Name.In(w.lang)
		switch {
		case !one.From.IsZero():
			name = w.t("letter.plan-freeze", "name", name, "from", w.day(one.From), "until", w.day(one.Until))
		case one.Late:
			name = w.t("letter.plan-late", "name", name, "date", w.day(one.Due))
		case !one.Due.IsZero():
			name = w.t("letter.plan-by", "name", name, "date", w.day(one.Due))
		}
		said = append(said, "- "+name)
	}
	to := w.base(address.Plan(l.Plan.ID))
	return letterLine{Intro: []letterParagraph{w.paragraph(strings.Join(append(said, to), "\n"), to)}}
}
