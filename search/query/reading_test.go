package query

import (
	"testing"
	"time"
)

func TestMissingCountsWhatATextLacks(t *testing.T) {
	for _, c := range []struct {
		text, question string
		want           int
	}{
		{"Il verbale della seduta", "verbali seduta", 0},
		{"Il verbale", "verbali seduta", 1},
		{"niente", "verbali seduta", 2},
		{"pacchetti", `"pacchetti Debian"`, 1},
		{"pacchetti di Debian", `"pacchetti Debian"`, 0},
		{"niente", "", 0},
	} {
		if got := Missing(c.text, Parse(c.question, nil, time.UTC, time.Now(), false), "it"); got != c.want {
			t.Errorf("%q in %q: %d missing, want %d", c.question, c.text, got, c.want)
		}
	}
}
