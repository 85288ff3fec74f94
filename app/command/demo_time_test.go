package command

import "testing"

func TestTheDemoStartsAtAnyTimeOfTheCentury(t *testing.T) {
	for _, at := range []string{"2000-01-01T00:00:00Z", "2099-12-31T23:59:59Z", "2100-01-01T00:59:59+01:00", "2026-03-17T09:40:00.5+01:00"} {
		if _, err := demoTime(at); err != nil {
			t.Error(err)
		}
	}
}
