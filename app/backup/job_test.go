package backup

import (
	"io"
	"testing"
	"time"
)

func TestWhenABackupIsDue(t *testing.T) {
	rome, err := time.LoadLocation("Europe/Rome")
	if err != nil {
		t.Fatal(err)
	}
	at := func(s string) time.Time {
		if s == "" {
			return time.Time{}
		}
		m, err := time.ParseInLocation("2006-01-02 15:04", s, rome)
		if err != nil {
			t.Fatal(err)
		}
		return m
	}
	for _, c := range []struct {
		name           string
		cfg            Plan
		newest, failed string
		attempts       int
		now, due       string
	}{
		{name: "none yet: at once", cfg: Plan{At: "02:30"}, now: "2026-11-23 09:00", due: "2026-11-23 09:00"},
		{name: "the next night", cfg: Plan{At: "02:30"}, newest: "2026-11-23 02:30", now: "2026-11-23 09:00", due: "2026-11-24 02:30"},
		{name: "one by hand in the evening is no night's", cfg: Plan{At: "02:30"}, newest: "2026-11-23 01:00", now: "2026-11-23 02:00", due: "2026-11-23 02:30"},
		{name: "a missed one is overdue", cfg: Plan{At: "02:30"}, newest: "2026-11-20 02:30", now: "2026-11-23 09:00", due: "2026-11-21 02:30"},
		{name: "the night that has no such hour", cfg: Plan{At: "02:30"}, newest: "2026-03-28 02:30", now: "2026-03-28 09:00", due: "2026-03-29 03:30"},
		{name: "every six hours", cfg: Plan{At: "02:30", Every: 6 * time.Hour}, newest: "2026-11-23 02:30", now: "2026-11-23 03:00", due: "2026-11-23 08:30"},
		{name: "a failed one soon again", cfg: Plan{At: "02:30"}, newest: "2026-11-22 02:30", failed: "2026-11-23 02:30", attempts: 1, now: "2026-11-23 02:31", due: "2026-11-23 02:35"},
		{name: "later each time", cfg: Plan{At: "02:30"}, newest: "2026-11-22 02:30", failed: "2026-11-23 02:30", attempts: 3, now: "2026-11-23 02:31", due: "2026-11-23 02:50"},
		{name: "within an hour always", cfg: Plan{At: "02:30"}, newest: "2026-11-22 02:30", failed: "2026-11-23 02:30", attempts: 30, now: "2026-11-23 02:31", due: "2026-11-23 03:30"},
		{name: "the clock was put back a year", cfg: Plan{At: "02:30"}, newest: "2027-11-22 02:30", now: "2026-11-23 02:31", due: "2026-11-23 02:31"},
		{name: "the clock was put back after a failure", cfg: Plan{At: "02:30"}, failed: "2027-11-23 02:30", attempts: 1, now: "2026-11-23 02:31", due: "2026-11-23 02:31"},
	} {
		t.Run(c.name, func(t *testing.T) {
			b := &Job{Plan: c.cfg, Zone: rome, failedAt: at(c.failed), attempts: c.attempts}
			if c.newest != "" {
				b.newest = &Manifest{At: at(c.newest)}
			}
			if c.failed != "" {
				b.failed = io.ErrShortWrite
			}
			if got := b.due(at(c.now)); !got.Equal(at(c.due)) {
				t.Errorf("due %v, want %v", got, at(c.due))
			}
		})
	}
}
