package store

import (
	"errors"
	"fmt"
	"log/slog"
	"os"
	"os/exec"
	"runtime"
	"sync"
	"testing"
	"time"

	"sportello/store/act"
	"sportello/store/key"
	"sportello/store/limit"
)

// TestMain lets the test binary be its own child: a process that can be killed, limited or refused.
func TestMain(m *testing.M) {
	if play, ok := plays[os.Getenv("SPORTELLO_TEST_PLAY")]; ok {
		if err := play(os.Getenv("SPORTELLO_TEST_DIR")); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		os.Exit(0)
	}
	os.Exit(m.Run())
}

// plays are what a child does with a data folder.
var plays = map[string]func(dir string) error{
	"open":  playOpen,
	"write": playWrite,
	"fault": playFault,
}

// child returns the command that runs the play on the folder in a process of its own.
func child(t testing.TB, play, dir string) *exec.Cmd {
	t.Helper()
	exe, err := os.Executable()
	must(t, err)
	cmd := exec.CommandContext(t.Context(), exe)
	cmd.Env = append(os.Environ(), "SPORTELLO_TEST_PLAY="+play, "SPORTELLO_TEST_DIR="+dir)
	return cmd
}

// item is a row of a table that only the tests have, with every sort of index there is.
type item struct {
	Row
	Group  uint64    `json:"group"`
	Name   string    `json:"name,omitzero"`
	At     time.Time `json:"at"`
	Tags   []uint64  `json:"tags,omitempty"`
	Secret string    `json:"secret,omitzero"`
	Seen   int       `json:"seen,omitzero"`
}

var (
	items = declare(Table[item]{
		name:   "test.items",
		apart:  []string{"secret", "tags"},
		secret: []string{"secret"},
		quiet:  []string{"seen"},
		limits: limit.Fields{"name": limit.Text(10000), "text": limit.Bytes(64 << 20), "tags": limit.Entries(10000), "secret": limit.Text(1 << 20)},
		counts: func(i *item) [][]byte {
			out := key.One("group", i.Group)
			for _, tag := range i.Tags {
				out = append(out, key.Of("tag", tag))
			}
			return out
		},
	})
	itemsByGroup = items.index("group", func(i *item) [][]byte { return key.One(i.Group, i.At) })
	itemsByName  = items.uniqueIndex("name", func(i *item) [][]byte {
		if i.Name == "" {
			return nil
		}
		return key.One(i.Name)
	})
	itemsByTag = items.index("tag", func(i *item) [][]byte {
		var out [][]byte
		for _, tag := range i.Tags {
			out = append(out, key.Of(tag, i.At))
		}
		return out
	})
)

func init() { schema.Tables = append(tables, items, plans) }

// fresh opens an empty store that is checked and closed when the test ends.
func fresh(t testing.TB, o Options) *Store {
	t.Helper()
	return reopened(t, t.TempDir(), o)
}

func reopened(t testing.TB, dir string, o Options) *Store {
	t.Helper()
	st, err := Open(dir, o)
	must(t, err)
	t.Cleanup(func() {
		if !st.isClosed() {
			sound(t, st)
		}
		must(t, st.Close())
	})
	return st
}

// quick is for tests that are not about what a crash leaves.
var quick = Options{NoSync: true, Log: slog.New(slog.DiscardHandler)}

func sound(t testing.TB, st *Store) {
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

func wantKind(t testing.TB, err error, kind Kind, key string) {
	t.Helper()
	e, ok := errors.AsType[*Error](err)
	if !ok || e.Kind != kind || e.Key != key {
		t.Fatalf("error %v, want %s %s", err, kind, key)
	}
}

// add puts the rows in one transaction.
func add(t testing.TB, st *Store, rows ...*item) {
	t.Helper()
	must(t, st.Update(By{Act: act.AddPerson}, func(tx *Tx) error {
		for _, r := range rows {
			c := *r
			if err := items.Put(tx, &c); err != nil {
				return err
			}
			*r = c
		}
		return nil
	}))
}

// outcome is how one call of Update ended.
type outcome struct {
	err   error
	panic any
}

// together hands the closures over so that all of them stand in one group, in this order, and returns how each ended.
func together(t testing.TB, st *Store, fns ...func(*Tx) error) []outcome {
	t.Helper()
	begun, release := make(chan struct{}), make(chan struct{})
	var wg sync.WaitGroup
	wg.Go(func() {
		first := true
		_ = st.Update(By{}, func(*Tx) error {
			if first {
				first = false
				close(begun)
				<-release
			}
			return nil
		})
	})
	<-begun
	out := make([]outcome, len(fns))
	for i, fn := range fns {
		wg.Go(func() {
			defer func() { out[i].panic = recover() }()
			var by By
			by.Act.UnmarshalText(fmt.Append(nil, i))
			out[i].err = st.Update(by, fn)
		})
		for queued := 0; queued <= i; runtime.Gosched() {
			queued = st.Waiting()
		}
	}
	close(release)
	wg.Wait()
	return out
}
