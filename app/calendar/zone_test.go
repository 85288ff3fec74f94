package calendar

import (
	"math/rand/v2"
	"testing"
	"time"
)

func TestATimeOnTheWallIsOneInstantOrTwoOrNone(t *testing.T) {
	for _, c := range []struct {
		zone, day    string
		hour, minute int
		at           []string
		next         string
	}{
		{"Europe/Rome", "2026-11-24", 18, 0, []string{"2026-11-24T18:00:00+01:00"}, ""},
		{"Europe/Rome", "2026-07-24", 18, 0, []string{"2026-07-24T18:00:00+02:00"}, ""},
		{"Europe/Rome", "2026-03-29", 1, 59, []string{"2026-03-29T01:59:00+01:00"}, ""},
		{"Europe/Rome", "2026-03-29", 2, 0, nil, "2026-03-29T03:00:00+02:00"},
		{"Europe/Rome", "2026-03-29", 2, 30, nil, "2026-03-29T03:00:00+02:00"},
		{"Europe/Rome", "2026-03-29", 2, 59, nil, "2026-03-29T03:00:00+02:00"},
		{"Europe/Rome", "2026-03-29", 3, 0, []string{"2026-03-29T03:00:00+02:00"}, ""},
		{"Europe/Rome", "2026-10-25", 1, 59, []string{"2026-10-25T01:59:00+02:00"}, ""},
		{"Europe/Rome", "2026-10-25", 2, 0, []string{"2026-10-25T02:00:00+02:00", "2026-10-25T02:00:00+01:00"}, ""},
		{"Europe/Rome", "2026-10-25", 2, 30, []string{"2026-10-25T02:30:00+02:00", "2026-10-25T02:30:00+01:00"}, ""},
		{"Europe/Rome", "2026-10-25", 3, 0, []string{"2026-10-25T03:00:00+01:00"}, ""},
		{"Europe/Rome", "2026-12-31", 24, 0, []string{"2027-01-01T00:00:00+01:00"}, ""},
		{"Europe/Rome", "2040-12-31", 12, 0, []string{"2040-12-31T12:00:00+01:00"}, ""}, // the last day of a leap year to come
		{"UTC", "2026-03-29", 2, 30, []string{"2026-03-29T02:30:00Z"}, ""},
		{"Asia/Kathmandu", "2026-03-29", 2, 30, []string{"2026-03-29T02:30:00+05:45"}, ""},
		{"Australia/Lord_Howe", "2026-04-05", 1, 45, []string{"2026-04-05T01:45:00+11:00", "2026-04-05T01:45:00+10:30"}, ""}, // half an hour
		{"Australia/Lord_Howe", "2026-10-04", 2, 15, nil, "2026-10-04T02:30:00+11:00"},
		{"Africa/Cairo", "2026-04-24", 0, 30, nil, "2026-04-24T01:00:00+03:00"}, // at midnight
		{"Pacific/Apia", "2011-12-30", 12, 0, nil, "2011-12-31T00:00:00+14:00"}, // a day that Samoa never had
		{"America/New_York", "2026-11-01", 1, 30, []string{"2026-11-01T01:30:00-04:00", "2026-11-01T01:30:00-05:00"}, ""},
	} {
		loc := location(t, c.zone)
		for _, day := range []time.Time{at(t, c.day+"T00:00:00Z"), at(t, c.day+"T23:59:00-11:00"), at(t, c.day+"T00:00:00+14:00")} {
			got := Local(day, c.hour, c.minute, loc)
			var list []string
			for _, m := range got.At {
				list = append(list, m.Format(time.RFC3339))
			}
			next := ""
			if !got.Next.IsZero() {
				next = got.Next.Format(time.RFC3339)
			}
			if len(list) != len(c.at) || next != c.next {
				t.Errorf("%s %s %d:%02d: %v, next %s", c.zone, c.day, c.hour, c.minute, list, next)
				continue
			}
			for i := range list {
				if list[i] != c.at[i] {
					t.Errorf("%s %s %d:%02d: %s, not %s", c.zone, c.day, c.hour, c.minute, list[i], c.at[i])
				}
			}
		}
	}
}

// TestEachInstantIsAmongThoseThatItsOwnTimeStandsFor: whatever clocks show at an instant stands for it, and for nothing
// else that clocks show differently.
func TestEachInstantIsAmongThoseThatItsOwnTimeStandsFor(t *testing.T) {
	r := rand.New(rand.NewPCG(16, 2026))
	for _, name := range []string{"Europe/Rome", "UTC", "Australia/Lord_Howe", "Pacific/Apia", "America/St_Johns", "Africa/Casablanca", "Antarctica/Troll"} {
		loc := location(t, name)
		twice := 0
		for range 3000 {
			on := time.Unix(r.Int64N(4e9), 0).In(loc)
			if r.IntN(2) == 0 { // near a change
				on = lastSunday(on.Year(), []time.Month{time.March, time.October}[r.IntN(2)]).Add(time.Duration(r.IntN(6*60)-3*60) * time.Minute).In(loc)
			}
			on = on.Truncate(time.Minute).In(loc)
			got := Local(on, on.Hour(), on.Minute(), loc)
			found := false
			for i, m := range got.At {
				found = found || m.Equal(on)
				if m.Format("2006-01-02 15:04") != on.Format("2006-01-02 15:04") || i > 0 && !m.After(got.At[i-1]) {
					t.Fatalf("%s: %v stands for %v", name, on, got)
				}
			}
			if !found || !got.Next.IsZero() {
				t.Fatalf("%s: %v is not among %v", name, on, got)
			}
			if len(got.At) == 2 {
				twice++
			}
		}
		if name == "Europe/Rome" && twice == 0 {
			t.Error("no time was met that stands for two instants")
		}
	}
}
