package store

import (
	"log/slog"
	"testing"

	"sportello/store/db"
	"sportello/store/fault"
)

// fresh opens an empty store that is checked and closed when the test ends.
func fresh(t testing.TB, o db.Options) *db.Store {
	t.Helper()
	return reopened(t, t.TempDir(), o)
}

func reopened(t testing.TB, dir string, o db.Options) *db.Store {
	t.Helper()
	st, err := Open(dir, o)
	must(t, err)
	t.Cleanup(func() {
		if !closed(st) {
			sound(t, st)
		}
		must(t, st.Close())
	})
	return st
}

// closed reports whether the store was closed: then nothing is written any more.
func closed(st *db.Store) bool {
	return fault.KindOf(st.Update(db.By{}, func(*db.Tx) error { return nil })) == fault.Unavailable
}

// quick is for tests that are not about what a crash leaves.
var quick = db.Options{NoSync: true, Log: slog.New(slog.DiscardHandler), Prove: true}

func sound(t testing.TB, st *db.Store) {
	t.Helper()
	for _, finding := range st.Check() {
		t.Error(finding)
	}
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
