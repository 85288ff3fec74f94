package db

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
	"sportello/store/fault"
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
	"open":        playOpen,
	"write":       playWrite,
	"fault":       playFault,
	"rewrite":     playRewrite,
	"rewritefull": playRewriteFull,
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
	items = Declare("test.items", Table[item]{
		Apart:  []string{"secret", "tags"},
		Secret: []string{"secret"},
		Quiet:  []string{"seen"},
		Limits: limit.Fields{"name": limit.Text(10000), "text": limit.Bytes(64 << 20), "tags": limit.Entries(10000), "secret": limit.Text(1 << 20)},
		Counts: func(i *item) [][]byte {
			out := key.One("group", i.Group)
			for _, tag := range i.Tags {
				out = append(out, key.Of("tag", tag))
			}
			return out
		},
	})
	itemsByGroup = items.Index("group", func(i *item) [][]byte { return key.One(i.Group, i.At) })
	itemsByName  = items.UniqueIndex("name", func(i *item) [][]byte {
		if i.Name == "" {
			return nil
		}
		return key.One(i.Name)
	})
	itemsByTag = items.Index("tag", func(i *item) [][]byte {
		var out [][]byte
		for _, tag := range i.Tags {
			out = append(out, key.Of(tag, i.At))
		}
		return out
	})
)

// Three tables that hang together as a ticket, its messages and its files do, and one without anything of its own.
type (
	request struct {
		Row
		Subject string `json:"subject"`
		Open    bool   `json:"open,omitzero"`
		Files   int    `json:"files,omitzero"`
		Secret  string `json:"secret,omitzero"`
	}
	line struct {
		Row
		Request uint64 `json:"request"`
		Text    string `json:"text,omitzero"`
	}
	paper struct {
		Row
		Request uint64   `json:"request,omitzero"`
		Sum     string   `json:"sum"`
		Lines   []uint64 `json:"lines,omitempty"`
	}
	plain struct {
		Row
		N     int               `json:"n"`
		Sum   string            `json:"sum,omitzero"`
		Text  string            `json:"text,omitzero"`
		List  []uint64          `json:"list,omitempty"`
		Words map[string]string `json:"words,omitempty"`
	}
)

var (
	requests = Declare("test.requests", Table[request]{
		Ticket: func(r *request) uint64 { return r.ID },
		Secret: []string{"secret"},
		Limits: limit.Fields{"subject": limit.Text(250), "secret": limit.Text(250)},
	})
	lines = Declare("test.lines", Table[line]{
		Ticket: func(l *line) uint64 { return l.Request },
		Refs:   func(l *line, to Refer) { to("request", "test.requests", l.Request) },
		Limits: limit.Fields{"text": limit.Text(10000)},
	})
	papers = Declare("test.papers", Table[paper]{
		Ticket: func(p *paper) uint64 { return p.Request },
		Refs: func(p *paper, to Refer) {
			to("request", "test.requests", p.Request)
			for _, l := range p.Lines {
				to("lines", "test.lines", l)
			}
		},
		Blobs:  func(p *paper) []string { return []string{p.Sum} },
		Limits: limit.Fields{"sum": limit.Text(128), "lines": limit.Entries(100)},
	})
	plains = Declare("test.plains", Table[plain]{
		Blobs: func(p *plain) []string {
			if p.Sum == "" {
				return nil
			}
			return []string{p.Sum}
		},
		Crowds: []Crowd[plain]{{Index: "n", Of: func(p *plain) []byte { return key.Of(uint64(p.N)) }, Most: 100, Field: "n"}},
		Limits: limit.Fields{"sum": limit.Text(128), "text": limit.Text(100), "list": limit.Entries(100), "words": limit.Named(50, 100, 100)},
	})

	linesByRequest  = lines.Index("request", func(l *line) [][]byte { return key.One(l.Request) })
	papersByRequest = papers.Index("request", func(p *paper) [][]byte { return key.One(p.Request) })
	_               = papers.Index("sum", func(p *paper) [][]byte { return key.One(p.Sum) })
	_               = plains.Index("n", func(p *plain) [][]byte { return key.One(uint64(p.N)) })
)

// tested is the schema of the tests.
var tested = Schema{Tables: []AnyTable{items, plans, requests, lines, papers, plains, UsedKeys}}

// fresh opens an empty store that is checked and closed when the test ends.
func fresh(t testing.TB, o Options) *Store {
	t.Helper()
	return reopened(t, t.TempDir(), o)
}

func reopened(t testing.TB, dir string, o Options) *Store {
	t.Helper()
	st, err := tested.Open(dir, o)
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

func wantKind(t testing.TB, err error, kind fault.Kind, key string) {
	t.Helper()
	e, ok := errors.AsType[*fault.Error](err)
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
