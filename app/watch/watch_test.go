package watch

import (
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"testing"
	"time"
)

func TestErrorsOfTheLastDayAreRemembered(t *testing.T) {
	var printed strings.Builder
	mine := NewTroubles(time.Now)
	log := mine.Logger(slog.New(slog.NewTextHandler(&printed, &slog.HandlerOptions{Level: slog.LevelError})))
	log.Info("all is well")
	log.Warn("nearly")
	log.With("desk", "prova").WithGroup("request").Error("request failed", "reference", "ab12", "err", errors.New("broken\nat line 3"), "took", time.Second)
	log.With("desk", "prova").WithGroup("request").Error("request failed", "reference", "cd34", "err", errors.New("broken\nat line 7"), "took", time.Minute)
	got := mine.LastDay(time.Now())
	if len(got) != 1 || got[0].Times != 2 || got[0].Named != "cd34" || got[0].Text != "request failed desk=prova request.err=broken" {
		t.Errorf("%+v", got)
	}
	if strings.Count(printed.String(), "request failed") != 2 || strings.Contains(printed.String(), "nearly") {
		t.Errorf("printed %s", printed.String())
	}
	if got := mine.LastDay(time.Now().Add(25 * time.Hour)); len(got) != 0 {
		t.Errorf("a day later: %+v", got)
	}
	for i := range 3 * maxTroubles {
		log.Error(fmt.Sprint("another ", i))
		log.Error("the same again")
	}
	got = mine.LastDay(time.Now())
	if len(got) != maxTroubles || got[0].Text != "the same again" || got[0].Times != 3*maxTroubles {
		t.Errorf("%d are remembered, the last %+v", len(got), got[0])
	}
	slog.New(mine.Logger(slog.New(slog.DiscardHandler)).Handler()).Error("to a log that is discarded")
	if got := mine.LastDay(time.Now()); !strings.HasPrefix(got[0].Text, "to a log") {
		t.Errorf("%+v", got[0])
	}
}

func TestJobsAreWatched(t *testing.T) {
	l := NewJobs(time.Now)
	l.Began("sweep")
	l.Failed("sweep", "no room")
	now := time.Now()
	if j := l.All()[0]; !j.Troubled(now) || j.Failures != 1 || j.Err != "no room" {
		t.Errorf("after a failure: %+v", j)
	}
	if l.All()[0].Troubled(now.Add(2 * time.Hour)) {
		t.Error("a failure of long ago is still told of")
	}
	l.Ran("sweep", time.Second)
	if j := l.All()[0]; j.Troubled(now) || j.Runs != 1 {
		t.Errorf("after a run: %+v", j)
	}
}
