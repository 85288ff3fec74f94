package timeline

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"reflect"
	"testing"
	"time"
)

// week is a calendar of Monday to Friday without the first days of January.
func week(d Day) bool {
	t := d.Time()
	return t.Weekday() == time.Saturday || t.Weekday() == time.Sunday || t.Month() == time.January && t.Day() <= 6
}

// plainAdd counts day by day.
func plainAdd(d Day, n int) Day {
	for n > 0 {
		if d++; !week(d) {
			n--
		}
	}
	for n < 0 {
		if d--; !week(d) {
			n++
		}
	}
	return d
}

func TestWorkingDaysAreCountedAsOneCountsOnACalendar(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	for range 300 {
		c := NewCalendar(week)
		for range 5 {
			d, n := Date(2020, 1, 1)+Day(r.IntN(4000)), r.IntN(600)-300
			got := c.Add(d, n)
			if want := plainAdd(d, n); got != want {
				t.Fatalf("%v and %d working days is %v, wanted %v", d, n, got, want)
			}
			e := d + Day(r.IntN(800)-400)
			want := 0
			for x := min(d, e) + 1; x <= max(d, e); x++ {
				if !week(x) {
					want++
				}
			}
			if e < d {
				want = -want
			}
			if got := c.Between(d, e); got != want {
				t.Fatalf("from %v to %v are %d working days, wanted %d", d, e, got, want)
			}
			if c.Works(d) == week(d) {
				t.Fatalf("%v is taken wrong", d)
			}
			n = r.IntN(40)
			last := c.Last(d, n)
			if plainAdd(last, n) > d || plainAdd(last+1, n) <= d {
				t.Fatalf("the last day from which %d lead to %v is not %v", n, d, last)
			}
		}
	}
	always := NewCalendar(func(Day) bool { return true })
	if a, b := always.Add(Date(2026, 1, 1), 1), always.Add(Date(2026, 1, 1), 2); b-a != 30 {
		t.Errorf("where nothing is open, one day of thirty is: %v %v", a, b)
	}
}

func TestADayIsReadAndWritten(t *testing.T) {
	for _, text := range []string{"2026-12-31", "2024-02-29", "1971-01-01", "2199-12-31"} {
		d, err := ParseDay(text)
		if err != nil || d.String() != text {
			t.Errorf("%s: %v %v", text, d, err)
		}
	}
	for _, text := range []string{"", "2026-02-29", "1970-12-31", "2200-01-01", "31/12/2026"} {
		if d, err := ParseDay(text); err == nil {
			t.Errorf("%s is %v", text, d)
		}
	}
	if Day(0).String() != "" {
		t.Error("no day is written as one")
	}
}

func TestStepsAreCountedFromWhatTheyName(t *testing.T) {
	p := Plan{Start: Date(2026, 9, 1), GoLive: Date(2027, 1, 1), Today: Date(2026, 9, 1), Steps: []Step{
		{Code: "group", Anchor: Start, Offset: 5},
		{Code: "stop", Anchor: GoLive, Offset: 11},
		{Code: "first", Anchor: GoLive, Offset: -5},
		{Code: "letter", Anchor: After, Of: "stop", Offset: -3},
		{Code: "budget", Anchor: Law, Month: time.December, Date: 31, Offset: -1},
		{Code: "accounts", Anchor: Law, Month: time.April, Date: 30, Offset: 1},
		{Code: "open", Anchor: GoLive},
	}}
	places, err := p.Days(NewCalendar(week))
	if err != nil {
		t.Fatal(err)
	}
	for i, want := range []string{"2026-09-08", "2026-12-17", "2027-01-13", "2026-12-14", "2026-12-31", "2028-04-30", "2027-01-01"} {
		if got := places[i].Due.String(); got != want {
			t.Errorf("%s is due on %s, wanted %s", p.Steps[i].Code, got, want)
		}
	}
}

func TestStepsInACircleOrOnNothingAreNamed(t *testing.T) {
	for _, c := range []struct {
		steps []Step
		want  error
	}{
		{[]Step{{Code: "a", Waits: []string{"b"}}}, &MissingError{"a", "b"}},
		{[]Step{{Code: "a", Anchor: After, Of: "c"}}, &MissingError{"a", "c"}},
		{[]Step{{Code: "a", Waits: []string{"a"}}}, &CircleError{[]string{"a"}}},
		{[]Step{{Code: "x", Waits: []string{"a"}}, {Code: "a", Waits: []string{"b"}}, {Code: "b", Waits: []string{"c"}}, {Code: "c", Waits: []string{"a"}}}, &CircleError{[]string{"a", "b", "c"}}},
		{[]Step{{Code: "a", Anchor: After, Of: "b"}, {Code: "b", Anchor: After, Of: "a"}}, &CircleError{[]string{"a", "b"}}},
	} {
		_, err := Plan{Start: 1, GoLive: 2, Steps: c.steps}.Days(NewCalendar(week))
		if !reflect.DeepEqual(err, c.want) {
			t.Errorf("%+v: %v, wanted %v", c.steps, err, c.want)
		}
	}
	var e *CircleError
	if err := error(&CircleError{}); !errors.As(err, &e) {
		t.Error("a circle is no error")
	}
}

// some returns a plan of a few steps, each of which rests on earlier ones alone.
func some(r *rand.Rand) Plan {
	p := Plan{Start: Date(2026, 1, 10), GoLive: Date(2026, 6, 1), Today: Date(2026, 3, 1)}
	for i := range 2 + r.IntN(8) {
		s := Step{Code: fmt.Sprint(i), Anchor: Anchor(r.IntN(4)), Offset: r.IntN(60), Takes: r.IntN(12), Fixed: r.IntN(4) == 0, Month: time.May, Date: 30}
		if s.Anchor == Law {
			s.Offset = 0
		}
		if s.Anchor == After {
			if i == 0 {
				s.Anchor = Start
			} else {
				s.Of = fmt.Sprint(r.IntN(i))
			}
		}
		for j := range i {
			if r.IntN(3) == 0 {
				s.Waits = append(s.Waits, fmt.Sprint(j))
			}
		}
		if r.IntN(5) == 0 {
			s.Done = Date(2026, 2, 1) + Day(r.IntN(28))
		}
		p.Steps = append(p.Steps, s)
	}
	r.Shuffle(len(p.Steps), func(i, j int) { p.Steps[i], p.Steps[j] = p.Steps[j], p.Steps[i] })
	return p
}

// plain expects each step by asking again for everything it waits for; the step slow is held up by some working days.
func plain(p Plan, places []Place, code, slow string, by int) Day {
	for i, s := range p.Steps {
		if s.Code != code {
			continue
		}
		if s.Done != 0 {
			return s.Done
		}
		d := max(places[i].Due, p.Today)
		for _, w := range s.Waits {
			d = max(d, plainAdd(plain(p, places, w, slow, by), s.Takes))
		}
		if code == slow {
			d = plainAdd(d, by)
		}
		return d
	}
	panic(code)
}

// TestRoomIsHowFarAStepMaySlip tries it: with as many days as the room says no promised day moves, with one more one does.
func TestRoomIsHowFarAStepMaySlip(t *testing.T) {
	r := rand.New(rand.NewPCG(18, 8))
	tried := 0
	for range 400 {
		p := some(r)
		places, err := p.Days(NewCalendar(week))
		if err != nil {
			t.Fatal(err)
		}
		last := map[string]bool{}
		for _, s := range p.Steps {
			last[s.Code] = true
		}
		for _, s := range p.Steps {
			for _, w := range s.Waits {
				last[w] = last[w] && s.Done != 0 // nothing that is open waits for it
			}
		}
		moved := func(slow string, by int) bool {
			for i, s := range p.Steps {
				if (s.Fixed || last[s.Code]) && plain(p, places, s.Code, slow, by) > max(places[i].Due, places[i].Expected) {
					return true
				}
			}
			return false
		}
		for i, s := range p.Steps {
			if got, want := places[i].Expected, plain(p, places, s.Code, "", 0); got != want {
				t.Fatalf("%s is expected on %v, wanted %v of %+v", s.Code, got, want, p)
			}
			if s.Done != 0 {
				if places[i].Room != 0 || places[i].Critical {
					t.Fatalf("%s is done and has room or is critical: %+v", s.Code, places[i])
				}
				continue
			}
			tried++
			room := places[i].Room
			if !moved(s.Code, room+1) {
				t.Fatalf("%s may slip by more than %d days: %+v", s.Code, room, p)
			}
			if room > 0 && moved(s.Code, room) || places[i].Critical != (room == 0) {
				t.Fatalf("%s may not slip by %d days: %+v", s.Code, room, p)
			}
		}
	}
	if tried < 1000 {
		t.Error("few steps were tried")
	}
}

// BenchmarkThousandSteps computes the days of a plan in which each of a thousand steps waits for three.
func BenchmarkThousandSteps(b *testing.B) {
	p := Plan{Start: Date(2026, 1, 10), GoLive: Date(2027, 6, 1), Today: Date(2026, 3, 1)}
	for i := range 1000 {
		s := Step{Code: fmt.Sprint(i), Anchor: Start, Offset: i / 3, Takes: 1}
		for j := max(0, i-3); j < i; j++ {
			s.Waits = append(s.Waits, fmt.Sprint(j))
		}
		p.Steps = append(p.Steps, s)
	}
	for b.Loop() {
		if _, err := p.Days(NewCalendar(week)); err != nil {
			b.Fatal(err)
		}
	}
}
