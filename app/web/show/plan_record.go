package show

import (
	"time"

	"sportello/app/desk/plan"
	"sportello/app/web"
)

// RecordWords returns the headings of the record of a plan.
func RecordWords(s *web.Site, lang string) plan.Words {
	say := func(key string) string { return s.Words.Text(lang, key) }
	day := func(text string) string {
		at, err := time.Parse(time.DateOnly, text)
		if err != nil {
			return text
		}
		return s.Words.Date(lang, at)
	}
	return plan.Words{People: say("plan.people"), Facts: say("plan.facts"), Decisions: say("plan.decisions"), Open: say("plan.open-points"), Steps: say("plan.steps"), Files: say("plan.files"), Norms: say("plan.norms"),
		Weighed: say("plan.weighed"), Choice: say("plan.choice"), Reason: say("plan.reason"), By: say("plan.decided-by"), Deviates: say("plan.deviates"), Recommended: say("plan.recommended"),
		GoLive: say("plan.go-live"), Template: say("plan.template"), AsOf: say("plan.as-of"), Unverified: say("plan.unverified"),
		Version: func(n int) string { return s.Words.Text(lang, "template.version", "n", n) },
		Day:     day,
		Until: func(text string) string {
			if text == "" {
				return ""
			}
			return s.Words.Text(lang, "plan.by-day", "date", day(text))
		},
		State: func(noun, code string) string {
			switch noun {
			case "plan":
				return say("plan.state-" + code)
			case "decision":
				return say("plan.decision-" + code)
			}
			return say("plan.step-" + code)
		}}
}
