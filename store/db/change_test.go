package db

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"testing"

	"sportello/store/act"
	"sportello/store/door"
)

func changesAfter(t testing.TB, st *Store, after uint64) []*Change {
	t.Helper()
	var out []*Change
	must(t, st.View(func(tx *Tx) error {
		for c, err := range tx.Changes(after) {
			if err != nil {
				return err
			}
			out = append(out, c)
		}
		return nil
	}))
	return out
}

func TestAChangeSaysWhoDidWhat(t *testing.T) {
	st := fresh(t, quick)
	by := By{Person: 7, Via: door.Page, Act: act.Take, Why: "mine", Internal: true}
	must(t, st.Update(by, func(tx *Tx) error {
		if err := requests.Put(tx, &request{Subject: "Stampa"}); err != nil {
			return err
		}
		tx.Act(act.Reply)
		tx.Because("asked")
		tx.Internally(false)
		return lines.Put(tx, &line{Request: 1, Text: "Ecco"})
	}))
	got := changesAfter(t, st, 0)
	if len(got) != 2 {
		t.Fatalf("%d changes", len(got))
	}
	first, second := got[0], got[1]
	if first.Seq != 1 || first.By != 7 || first.Via != door.Page || first.Act != act.Take || first.Why != "mine" || !first.Internal ||
		first.Table != "test.requests" || first.ID != 1 || first.Ticket != 1 || first.Op != Insert || first.At.IsZero() {
		t.Errorf("first %+v", first)
	}
	if second.Act != act.Reply || second.Why != "asked" || second.Internal || second.Ticket != 1 || second.Table != "test.lines" {
		t.Errorf("second %+v", second)
	}
	must(t, st.View(func(tx *Tx) error {
		history, err := tx.TicketChanges(1)
		if len(history) != 2 {
			t.Errorf("history of %d changes", len(history))
		}
		for c := range tx.AuditChanges(0) {
			t.Errorf("a ticket's change in the audit: %+v", c)
		}
		return err
	}))
}

func TestDiff(t *testing.T) {
	long := strings.Repeat("x", maxFieldValue+1)
	for _, tc := range []struct{ rule, old, new, want string }{
		{"names what changed, with both values", `{"a":1,"b":2,"rev":1}`, `{"a":1,"b":3,"rev":2}`, "b:2>3"},
		{"says nothing of revision and update", `{"rev":1,"updated":"x"}`, `{"rev":2,"updated":"y"}`, ""},
		{"names what came and what went, in order of name", `{"b":2}`, `{"a":1}`, "a:>1 b:2>"},
		{"hides a secret but says that it changed", `{"secret":"old"}`, `{"secret":"new"}`, "secret:>"},
		{"hides a secret that came or went", `{"secret":"old"}`, `{}`, "secret:>"},
		{"leaves out what is long", `{"a":"` + long + `"}`, `{"a":"short"}`, `a:>"short"`},
		{"keeps what is told whole", `{"whole":"` + long + `"}`, `{}`, `whole:"` + long + `">`},
	} {
		t.Run(tc.rule, func(t *testing.T) {
			var got []string
			for _, f := range diff([]byte(tc.old), []byte(tc.new), []string{"secret"}, []string{"whole"}) {
				got = append(got, fmt.Sprintf("%s:%s>%s", f.Name, f.Old, f.New))
			}
			if s := strings.Join(got, " "); s != tc.want {
				t.Errorf("%s, want %s", s, tc.want)
			}
		})
	}
}

func TestSecretsNeverEnterTheChangeLog(t *testing.T) {
	st := fresh(t, quick)
	p := &request{Subject: "a", Secret: "hash-one"}
	for _, password := range []string{"hash-one", "hash-two", ""} {
		must(t, st.Update(By{}, func(tx *Tx) error {
			c := *p
			c.Secret = password
			if err := requests.Put(tx, &c); err != nil {
				return err
			}
			*p = c
			return nil
		}))
	}
	must(t, st.View(func(tx *Tx) error {
		c := tx.bucket("changes", "rows").Cursor()
		for k, v := c.First(); k != nil; k, v = c.Next() {
			if strings.Contains(string(v), "hash-") {
				t.Errorf("change %s", v)
			}
		}
		return nil
	}))
	if f, ok := changesAfter(t, st, 1)[0].Field("secret"); !ok || f.Old != nil || f.New != nil {
		t.Errorf("field %+v, %v", f, ok)
	}
}

func TestSilentTablesAndQuietFieldsMakeNoChange(t *testing.T) {
	st := fresh(t, quick)
	row := &item{Group: 1}
	add(t, st, row)
	before := st.Last()
	must(t, st.Update(By{}, func(tx *Tx) error { return plans.Put(tx, &planned{Seq: 1}) }))
	row.Seen = 1
	add(t, st, row)
	if st.Last() != before {
		t.Errorf("%d changes", st.Last()-before)
	}
	row.Seen, row.Group = 2, 2
	add(t, st, row)
	add(t, st, row) // nothing changed at all: still somebody's act
	if st.Last() != before+2 {
		t.Errorf("%d changes, want 2", st.Last()-before)
	}
}

func TestChangesGoNoFurtherThanWhatWasAnnounced(t *testing.T) {
	st := fresh(t, quick)
	add(t, st, &item{}, &item{}, &item{})
	must(t, st.Update(By{}, func(tx *Tx) error {
		if err := items.Put(tx, &item{}); err != nil {
			return err
		}
		for c, err := range tx.Changes(3) {
			t.Errorf("a transaction reads its own change %+v, %v", c, err)
		}
		return nil
	}))
	// bbolt shows a commit before its last sync has returned; what a reader may see of it is up to the announcement.
	st.last.Store(2)
	if n := len(changesAfter(t, st, 0)); n != 2 {
		t.Errorf("%d changes are seen, 2 were announced", n)
	}
	st.last.Store(4)
}

func TestFollowersMissNothing(t *testing.T) {
	st := fresh(t, quick)
	const writers, writes = 6, 40
	ctx := t.Context()
	var wg sync.WaitGroup
	for range 3 {
		wg.Go(func() {
			var at uint64
			for at < writers*writes {
				if err := st.Wait(ctx, at); err != nil {
					t.Error(err)
					return
				}
				got := changesAfter(t, st, at)
				if len(got) == 0 {
					t.Error("woken for nothing")
					return
				}
				for _, c := range got {
					if c.Seq != at+1 {
						t.Errorf("change %d after %d", c.Seq, at)
					}
					at = c.Seq
				}
			}
		})
	}
	for range writers {
		wg.Go(func() {
			for i := range writes {
				if err := st.Update(By{}, func(tx *Tx) error { return items.Put(tx, &item{Group: uint64(i)}) }); err != nil {
					t.Error(err)
				}
			}
		})
	}
	wg.Wait()
}

func TestWaitEndsWithItsContext(t *testing.T) {
	st := fresh(t, quick)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := st.Wait(ctx, 0); !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
	add(t, st, &item{})
	if err := st.Wait(ctx, 0); err != nil {
		t.Errorf("there is a change to be had: %v", err)
	}
}

func TestCursorsLiveWithWhatWasWritten(t *testing.T) {
	dir := t.TempDir()
	st := reopened(t, dir, quick)
	add(t, st, &item{}, &item{})
	must(t, st.Update(By{}, func(tx *Tx) error {
		if tx.Cursor("notices") != 0 {
			t.Error("a new consumer does not begin at 0")
		}
		return tx.SetCursor("notices", 2)
	}))
	failure := errors.New("failure")
	if err := st.Update(By{}, func(tx *Tx) error { return errors.Join(tx.SetCursor("notices", 1), failure) }); !errors.Is(err, failure) {
		t.Error(err)
	}
	must(t, st.Close())
	st = reopened(t, dir, quick)
	must(t, st.View(func(tx *Tx) error {
		if got := tx.Cursor("notices"); got != 2 {
			t.Errorf("cursor at %d", got)
		}
		return nil
	}))
	if st.Last() != 2 {
		t.Errorf("last change %d", st.Last())
	}
}

func TestAuditChangesComeNewestFirst(t *testing.T) {
	st := fresh(t, quick)
	r := rand.New(rand.NewPCG(1, 1))
	var audit []uint64
	must(t, st.Update(By{}, func(tx *Tx) error {
		audit = nil
		for seq := uint64(1); seq <= 50; seq++ {
			if r.IntN(2) == 0 {
				if err := requests.Put(tx, &request{}); err != nil {
					return err
				}
				continue
			}
			audit = append(audit, seq)
			if err := items.Put(tx, &item{}); err != nil {
				return err
			}
		}
		return nil
	}))
	slices.Reverse(audit)
	must(t, st.View(func(tx *Tx) error {
		for before := range uint64(52) {
			var got []uint64
			for c, err := range tx.AuditChanges(before) {
				if err != nil {
					return err
				}
				got = append(got, c.Seq)
			}
			want := slices.DeleteFunc(slices.Clone(audit), func(seq uint64) bool { return before != 0 && seq >= before })
			if !slices.Equal(got, want) {
				t.Errorf("before %d: %v, want %v", before, got, want)
			}
		}
		return nil
	}))
}
