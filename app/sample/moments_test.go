package sample

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"os"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"sportello/app/desk"
	"sportello/store"
	"sportello/store/db"
)

// shortHistory is enough tickets for every kind of event to occur in some of them.
const shortHistory = 130

// nasty are moments at which invented times conflict with real ones, by the desk's wall clock.
var nasty = []string{
	"2026-01-01 00:00:00", // the turn of a year, on a holiday
	"2025-12-31 23:59:59",
	"2024-02-29 12:30:00", // leap day
	"2025-03-01 00:00:01",
	"2026-03-29 01:59:59", // the night without an hour from two to three
	"2026-03-29 03:00:00",
	"2026-10-25 02:30:00", // the night with that hour twice
	"2026-10-25 03:00:00",
	"2026-04-06 10:00:00", // Easter Monday
	"2026-08-15 17:59:59", // a holiday on a Saturday
	"2025-12-27 09:00:00", // three days without work, then a Saturday
	"2026-11-29 02:14:34",
	"2026-05-31 18:00:00",
	"2026-06-01 07:59:59",
	"2026-03-17 08:00:00",
	"2026-03-17 17:59:59",
	"2026-03-17 16:00:01",
	"2026-03-20 18:00:01", // the end of a week
	"2026-03-23 08:00:30", // and the beginning of one
	"2035-02-16 20:10:34", // a solution is confirmed after Christmas, when it counts as confirmed
	"2026-05-14 10:00:00", // and after the holidays of April
	"2000-01-01 01:00:00", // the earliest allowed
	"2100-01-01 00:59:59", // the latest
}

// moment returns a random moment: any second of thirty years, or one where calendars are odd.
func moment(r *rand.Rand, loc *time.Location) time.Time {
	year := 2015 + r.IntN(30)
	any := time.Date(year, 1, 1, 0, 0, r.IntN(365*24*3600), 0, loc)
	near := func(t time.Time) time.Time {
		t = t.AddDate(0, 0, []int{0, 0, 0, 1, -1, 10, 14, 30}[r.IntN(8)])
		return t.Add([]time.Duration{0, -time.Second, time.Second, 30 * time.Second, -30 * time.Second, time.Duration(r.IntN(7200)-3600) * time.Second}[r.IntN(6)])
	}
	sunday := func(m time.Month) time.Time {
		t := time.Date(year, m+1, 0, 0, 0, 0, 0, loc)
		return t.AddDate(0, 0, -int(t.Weekday())).Add(time.Duration(1+r.IntN(4)) * time.Hour)
	}
	hour := []int{0, 7, 8, 9, 12, 13, 16, 17, 18, 19, 23}[r.IntN(11)]
	switch r.IntN(10) {
	case 0: // holidays
		day := [][2]int{{1, 1}, {1, 6}, {4, 25}, {5, 1}, {6, 2}, {8, 15}, {10, 4}, {11, 1}, {12, 8}, {12, 25}, {12, 26}}[r.IntN(11)]
		return near(time.Date(year, time.Month(day[0]), day[1], hour, 0, 0, 0, loc))
	case 1:
		return near(sunday(time.March))
	case 2:
		return near(sunday(time.October))
	case 3: // the turns of months
		return near(time.Date(year, any.Month()+1, 1, 0, 0, 0, 0, loc))
	case 4: // the turn of a year, and leap day
		return near([]time.Time{time.Date(year+1, 1, 1, 0, 0, 0, 0, loc), time.Date(year&^3, 2, 29, hour, 0, 0, 0, loc)}[r.IntN(2)])
	case 5, 6: // near the beginning or end of working hours
		return near(time.Date(year, any.Month(), any.Day(), hour, 0, 0, 0, loc))
	}
	return any
}

// TestTheDemoStartsAtAnyMoment plays ten moments; SPORTELLO_DEMO_MOMENTS sets another number, SPORTELLO_DEMO_SEED which
// ones. Every fifth is the full demo; the others are short and use other seeds, to cover more stories.
func TestTheDemoStartsAtAnyMoment(t *testing.T) {
	n := 10
	if s := os.Getenv("SPORTELLO_DEMO_MOMENTS"); s != "" {
		var err error
		if n, err = strconv.Atoi(s); err != nil {
			t.Fatal(err)
		}
	}
	seed := rand.Uint64()
	if s := os.Getenv("SPORTELLO_DEMO_SEED"); s != "" {
		var err error
		if seed, err = strconv.ParseUint(s, 10, 64); err != nil {
			t.Fatal(err)
		}
	}
	t.Logf("%d moments, SPORTELLO_DEMO_SEED=%d", n, seed)
	loc, err := time.LoadLocation("Europe/Rome")
	if err != nil {
		t.Fatal(err)
	}
	r := rand.New(rand.NewPCG(seed, 16))
	var moments []time.Time
	for _, i := range r.Perm(len(nasty))[:min(len(nasty), (n+1)/2)] {
		at, err := time.ParseInLocation(time.DateTime, nasty[i], loc)
		if err != nil {
			t.Fatal(err)
		}
		moments = append(moments, at)
	}
	for len(moments) < n {
		moments = append(moments, moment(r, loc))
	}
	var failed atomic.Int64
	chosen := make([]atomic.Bool, len(moments))
	var workers sync.WaitGroup
	for range 2 {
		workers.Go(func() {
			drawn := map[Picture][]byte{}
			for i := range moments {
				if !chosen[i].CompareAndSwap(false, true) {
					continue
				}
				data, tickets := uint64(i), shortHistory
				if i%5 == 4 {
					data, tickets = 1, demoTickets // the full demo
				}
				if err := playAt(t, moments[i], data, tickets, drawn); err != nil {
					failed.Add(1)
					t.Errorf("%s, seed %d, %d tickets: %v", moments[i].Format(time.RFC3339), data, tickets, err)
				}
			}
		})
	}
	workers.Wait()
	t.Logf("%d of %d failed", failed.Load(), n)
}

// playAt creates a demo at the moment and returns its first fault.
func playAt(t *testing.T, now time.Time, seed uint64, tickets int, drawn map[Picture][]byte) (err error) {
	dir, err := os.MkdirTemp(t.TempDir(), "")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	quiet := slog.New(slog.DiscardHandler)
	clock := NewClock(Start(now))
	st, err := store.Open(dir, db.Options{Clock: clock.Now, NoSync: true, Log: quiet})
	if err != nil {
		return err
	}
	defer func() {
		if e := st.Close(); err == nil {
			err = e
		}
	}()
	d := desk.New(desk.Options{Store: st, Log: quiet})
	if err := d.Catalogue.Seed(context.Background()); err != nil {
		return err
	}
	s := newStage(context.Background(), d, clock, seed, now, tickets)
	s.drawn = drawn
	if err := s.fill(); err != nil {
		return err
	}
	for _, fault := range st.Check() {
		return fmt.Errorf("store: %s", fault)
	}
	if s.left*20 > s.played {
		return fmt.Errorf("%d steps of %d were left undone", s.left, s.played)
	}
	return s.looksAtWork()
}

// looksAtWork returns an error for anything a visitor would miss or find odd.
func (s *stage) looksAtWork() error {
	var wrong []error
	odd := func(format string, args ...any) { wrong = append(wrong, fmt.Errorf(format, args...)) }
	unassigned, states, active, overdue, today := map[uint64]int{}, map[store.State]int{}, 0, 0, 0
	err := s.d.Store().View(func(tx *db.Tx) error {
		var last time.Time
		for t, err := range store.Tickets.All(tx, 0, false) {
			if err != nil {
				return err
			}
			if t.Opened.Before(last) || t.Opened.After(s.now) {
				odd("#%d was opened %v, the one before it %v", t.ID, t.Opened, last)
			}
			last = t.Opened
			if !t.Deadline.IsZero() && t.Deadline.Before(t.Opened) {
				odd("#%d was to be done %v, before it was opened %v", t.ID, t.Deadline, t.Opened)
			}
			states[t.State]++
			if !t.State.Active() {
				continue
			}
			active++
			if t.Assignee == 0 {
				unassigned[t.Group]++
			}
			if t.Overdue(s.now) {
				overdue++
			} else if t.Due.Before(s.now.Add(30 * time.Hour)) {
				today++
			}
			if s.now.Sub(t.Opened) > 60*24*time.Hour {
				odd("#%d is %v since %v", t.ID, t.State, t.Opened)
			}
		}
		for c, err := range tx.Changes(0) {
			if err != nil {
				return err
			}
			if c.At.After(s.now) {
				odd("change %d is of %v", c.Seq, c.At)
			}
		}
		return nil
	})
	if active < 25 || active > 45 || len(unassigned) != len(s.groups) || overdue == 0 || today == 0 {
		odd("%d active, without assignee in %d groups, %d overdue, %d due soon", active, len(unassigned), overdue, today)
	}
	if states[store.StateWaiting] < 3 || states[store.StatePlanned] < 3 || states[store.StateResolved] < 3 {
		odd("states %v", states)
	}
	return errors.Join(append(wrong, err)...)
}
