package worktime

import (
	"math/rand/v2"
	"testing"
	"time"
	_ "time/tzdata"
)

func rome(t testing.TB) *time.Location {
	t.Helper()
	l, err := time.LoadLocation("Europe/Rome")
	if err != nil {
		t.Fatal(err)
	}
	return l
}

func at(t testing.TB, s string) time.Time {
	t.Helper()
	v, err := time.ParseInLocation("2006-01-02 15:04", s, rome(t))
	if err != nil {
		t.Fatal(err)
	}
	return v
}

func TestHolidays(t *testing.T) {
	c := Calendar{Location: rome(t)}
	for day, want := range map[string]bool{
		"2026-01-01": true, "2026-01-06": true, "2026-04-06": true, "2026-04-25": true, "2026-05-01": true,
		"2026-06-02": true, "2026-08-15": true, "2026-11-01": true, "2026-12-08": true, "2026-12-25": true,
		"2026-12-26": true, "2027-03-29": true, "2024-04-01": true,
		"2024-10-04": false, "2025-10-04": false, "2026-10-04": true, "2027-10-04": true,
		"2026-04-03": false, "2026-12-24": false, "2026-12-31": false, "2026-06-01": false, "2027-12-27": false,
	} {
		if got := c.Holiday(at(t, day+" 12:00")); got != want {
			t.Errorf("%s: holiday %v, want %v", day, got, want)
		}
	}
}

func TestAdd(t *testing.T) {
	c := Calendar{Begin: 8, End: 18, Location: rome(t)}
	for _, tc := range []struct {
		rule  string
		from  string
		hours float64
		want  string
	}{
		{"within the day", "2026-11-23 09:30", 4, "2026-11-23 13:30"},
		{"over the evening", "2026-11-23 16:00", 4, "2026-11-24 10:00"},
		{"over the weekend", "2026-11-20 16:00", 4, "2026-11-23 10:00"},
		{"from before work", "2026-11-23 05:00", 1, "2026-11-23 09:00"},
		{"from after work", "2026-11-23 22:00", 1, "2026-11-24 09:00"},
		{"from a Sunday", "2026-11-22 12:00", 8, "2026-11-23 16:00"},
		{"to the end of the day, not the next morning", "2026-11-23 08:00", 10, "2026-11-23 18:00"},
		{"over Christmas, which takes a Friday", "2026-12-24 16:00", 4, "2026-12-28 10:00"},
		{"over Easter Monday", "2026-04-03 16:00", 4, "2026-04-07 10:00"},
		{"over San Francesco", "2027-10-01 17:00", 2, "2027-10-05 09:00"},
		{"sixty hours are six days", "2026-11-23 08:00", 60, "2026-11-30 18:00"},
		{"over the change to summer time", "2026-03-27 17:00", 2, "2026-03-30 09:00"},
		{"over the change to winter time", "2026-10-23 17:00", 2, "2026-10-26 09:00"},
		{"nothing", "2026-11-22 12:00", 0, "2026-11-22 12:00"},
		{"backwards over the weekend", "2026-11-23 10:00", -4, "2026-11-20 16:00"},
		{"backwards from a Sunday", "2026-11-22 12:00", -10, "2026-11-20 08:00"},
	} {
		t.Run(tc.rule, func(t *testing.T) {
			got := c.Add(at(t, tc.from), time.Duration(tc.hours*float64(time.Hour)))
			if want := at(t, tc.want); !got.Equal(want) {
				t.Errorf("%s + %v h = %s, want %s", tc.from, tc.hours, got, want)
			}
		})
	}
}

func TestBetween(t *testing.T) {
	c := Calendar{Begin: 8, End: 18, Location: rome(t)}
	for _, tc := range []struct {
		rule  string
		a, b  string
		hours float64
	}{
		{"a weekend holds none", "2026-11-20 18:00", "2026-11-23 08:00", 0},
		{"a night holds none", "2026-11-23 19:00", "2026-11-24 07:00", 0},
		{"a week holds fifty hours", "2026-11-23 00:00", "2026-11-30 00:00", 50},
		{"parts of two days", "2026-11-23 17:30", "2026-11-24 08:30", 1},
		{"backwards is negative", "2026-11-24 09:00", "2026-11-23 17:00", -2},
		// 365 days, 104 at weekends, and 7 holidays on weekdays: 1 and 6 January, 6 April, 1 May, 2 June, 8 and 25 December.
		{"a year", "2026-01-01 00:00", "2027-01-01 00:00", (365 - 104 - 7) * 10},
	} {
		t.Run(tc.rule, func(t *testing.T) {
			if got := c.Between(at(t, tc.a), at(t, tc.b)); got != time.Duration(tc.hours*float64(time.Hour)) {
				t.Errorf("from %s to %s: %v, want %v h", tc.a, tc.b, got, tc.hours)
			}
		})
	}
}

func TestADayOfTheClockChangeIsAsLongAsItIs(t *testing.T) {
	// Cairo changes on a Friday, which is a working day of this calendar.
	cairo, err := time.LoadLocation("Africa/Cairo")
	if err != nil {
		t.Fatal(err)
	}
	c := Calendar{Begin: 0, End: 24, Location: cairo}
	day := time.Date(2023, 4, 28, 12, 0, 0, 0, cairo)
	if got := c.Between(day.AddDate(0, 0, -1), day.AddDate(0, 0, 1)); got != 12*time.Hour+23*time.Hour {
		t.Errorf("Thursday noon to the end of a Friday of 23 hours: %v", got)
	}
}

func TestHoursThatMakeNoDayStandForTheUsualOnes(t *testing.T) {
	for _, c := range []Calendar{{}, {Begin: 18, End: 8}, {Begin: 9, End: 9}, {Begin: 30, End: 40}} {
		if got := c.Between(time.Date(2026, 11, 23, 0, 0, 0, 0, time.UTC), time.Date(2026, 11, 24, 0, 0, 0, 0, time.UTC)); got != 10*time.Hour {
			t.Errorf("%+v: a Monday has %v", c, got)
		}
	}
}

// TestBetweenUndoesAdd checks the two against each other and against a count minute by minute.
func TestBetweenUndoesAdd(t *testing.T) {
	zones := []*time.Location{rome(t), time.UTC}
	for _, name := range []string{"Africa/Cairo", "America/New_York", "Asia/Kathmandu"} {
		l, err := time.LoadLocation(name)
		if err != nil {
			t.Fatal(err)
		}
		zones = append(zones, l)
	}
	r := rand.New(rand.NewPCG(1, 2))
	start := time.Date(2020, 1, 1, 0, 0, 0, 0, time.UTC)
	for i := range 20000 {
		c := Calendar{Begin: r.IntN(12), Location: zones[i%len(zones)]}
		c.End = c.Begin + 1 + r.IntN(24-c.Begin)
		from := start.Add(time.Duration(r.Int64N(int64(15 * 365 * 24 * time.Hour))))
		d := time.Duration(r.Int64N(int64(400 * time.Hour)))
		if i%10 == 0 {
			d *= 20
		}
		to := c.Add(from, d)
		if got := c.Between(from, to); got != d {
			t.Fatalf("%+v: %s + %v = %s, but between them are %v", c, from, d, to, got)
		}
		back := c.Add(to, -d)
		if got := c.Between(back, to); got != d {
			t.Fatalf("%+v: %s - %v = %s, but between them are %v", c, to, d, back, got)
		}
		if further := c.Add(from, d+time.Minute); !further.After(to) {
			t.Fatalf("%+v: a minute more leads from %s to %s", c, to, further)
		}
	}
	for range 200 {
		c := Calendar{Begin: 8, End: 18, Location: rome(t)}
		a := start.Add(time.Duration(r.IntN(15*365*24*60)) * time.Minute)
		b := a.Add(time.Duration(r.IntN(20*24*60)) * time.Minute)
		var slow time.Duration
		for m := a; m.Before(b); m = m.Add(time.Minute) {
			l := m.In(c.Location)
			if wd := l.Weekday(); wd != time.Saturday && wd != time.Sunday && !c.Holiday(m) && l.Hour() >= 8 && l.Hour() < 18 {
				slow += time.Minute
			}
		}
		if got := c.Between(a, b); got != slow {
			t.Fatalf("from %s to %s: %v, minute by minute %v", a, b, got, slow)
		}
	}
}

func BenchmarkBetweenTenYears(b *testing.B) {
	c := Calendar{Begin: 8, End: 18, Location: rome(b)}
	from := time.Date(2020, 1, 1, 0, 0, 0, 0, time.UTC)
	for b.Loop() {
		c.Between(from, from.AddDate(10, 0, 0))
	}
}

func BenchmarkAddFourHours(b *testing.B) {
	c := Calendar{Begin: 8, End: 18, Location: rome(b)}
	from := at(b, "2026-11-20 16:00")
	for b.Loop() {
		c.Add(from, 4*time.Hour)
	}
}
