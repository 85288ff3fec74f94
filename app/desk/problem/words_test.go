package problem

import (
	"strings"
	"testing"

	"sportello/store"
)

func TestNewsOfTwoVersionsSpeakOfTwo(t *testing.T) {
	p := &store.Problem{Audience: store.Agents}
	for n := range several {
		for lang, and := range map[string]string{"it": "24.01.02 e 25.01.05", "en": "24.01.02 and 25.01.05"} {
			one, two := Say(p, n, "24.01.02", lang), Say(p, n, "24.01.02, 25.01.05", lang)
			if !strings.Contains(one, "ersion") || strings.Contains(one, "ersioni 24") || strings.Contains(one, "ersions 24") {
				t.Errorf("%s in %s, of one: %s", n, lang, one)
			}
			if !strings.Contains(two, "ersioni "+and) && !strings.Contains(two, "ersions "+and) || strings.Contains(two, "{") {
				t.Errorf("%s in %s, of two: %s", n, lang, two)
			}
		}
	}
	for n, s := range sentences {
		if _, has := several[n]; strings.Contains(s.IT, "{version}") != has {
			t.Errorf("%s has no sentence of its own for several versions", n)
		}
	}
}
