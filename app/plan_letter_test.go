package app_test

import (
	"strings"
	"testing"

	"sportello/app/desk/notice"
	"sportello/store"
	"sportello/store/db"
	"sportello/store/event"
)

// TestTheLetterOfTheDayNamesWhatWaitsInPlans: in the language of its reader, each plan with what waits by when, ten at most.
func TestTheLetterOfTheDayNamesWhatWaitsInPlans(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for lang, want := range map[string][]string{
		"it": {"Ateneo. Che cosa aspetta te nel piano «Avvio»", "- Quando? (in ritardo: era per lunedì 2 marzo)", "- Passo (entro martedì 3 marzo)", "e altre 2 cose", "- Fermo (dal mercoledì 4 marzo al giovedì 5 marzo)", "/plans/7"},
		"en": {"Ateneo. What waits for you in the plan “Avvio”", "- When? (late: it was due by Monday 2 March)", "- Step (by Tuesday 3 March)", "and 2 more things", "- Freeze (from Wednesday 4 March to Thursday 5 March)", "/plans/7"},
	} {
		p := *w.people["requester"]
		p.Language = lang
		line := func(e event.Event, lines ...notice.PlanLine) notice.OutgoingLine {
			of := &notice.OutgoingPlan{Plan: &store.Plan{Row: db.Row{ID: 7}, Name: "Avvio"}, Organisation: &store.Organisation{Name: "Ateneo"}, Lines: lines}
			return notice.OutgoingLine{Telling: store.Telling{Event: e, Plan: 7, At: day("2026-03-02")}, Plan: of}
		}
		waits := []notice.PlanLine{{Name: store.Words{IT: "Quando?", EN: "When?"}, Due: day("2026-03-02"), Late: true}}
		for range 11 {
			waits = append(waits, notice.PlanLine{Name: store.Words{IT: "Passo", EN: "Step"}, Due: day("2026-03-03")})
		}
		l, err := w.app.Mail.WriteLetter(&notice.Outgoing{Letter: &store.Letter{To: p.Email}, Person: &p, From: "desk@desk.example", ReplyTo: "desk@desk.example", Lines: []notice.OutgoingLine{line(event.PlanWaits, waits...),
			line(event.PlanFreeze, notice.PlanLine{Name: store.Words{IT: "Fermo", EN: "Freeze"}, From: day("2026-03-04"), Until: day("2026-03-05")})}})
		must(t, err)
		for _, text := range want {
			if !strings.Contains(l.Text, text) {
				t.Errorf("%s: %q is not in\n%s", lang, text, l.Text)
			}
		}
		if strings.Count(l.Text, "- ") > 12 {
			t.Errorf("%s: too much is named\n%s", lang, l.Text)
		}
	}
}
