package sample

import (
	"testing"
	"time"

	"sportello/app/version"
)

// TestALaterQuarterHasALaterVersion goes through every quarter a demo can speak of: a year before the earliest moment
// allowed to a year after the latest.
func TestALaterQuarterHasALaterVersion(t *testing.T) {
	for _, module := range []string{"u-gov/contabilita", "csa", "cia"} {
		last := ""
		for at := time.Date(1998, 1, 1, 0, 0, 0, 0, time.UTC); at.Year() < 2102; at = at.AddDate(0, 3, 0) {
			for nth := range 3 {
				v := nthVersion(module, at, nth)
				if last != "" && version.Compare(last, v) >= 0 {
					t.Errorf("%s: %q of %s is not after %q", module, v, at.Format(time.DateOnly), last)
				}
				last = v
			}
			if was, is := versionAt(module, at, -1), versionAt(module, at.AddDate(0, -3, 0), 0); was != is {
				t.Errorf("%s: a step back from %s is %q, not %q", module, at.Format(time.DateOnly), was, is)
			}
		}
	}
}
