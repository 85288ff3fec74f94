package db

import (
	"errors"
	"slices"
	"sportello/store/fault"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// TestGroup is the table of rules for writers that share a commit. Each writer is a word; each row of the store that
// is left in the end names the writer that wrote it.
func TestGroup(t *testing.T) {
	failure := errors.New("failure")
	for _, tc := range []struct {
		rule    string
		writers string
		left    string // the writers whose row is there
		runs    string // how often each ran
	}{
		{"all commit together", "good good good", "0 1 2", "1 1 1"},
		{"one that fails before its first write is dropped and its neighbours run once", "good early good", "0 2", "1 1 1"},
		{"one that fails after writing makes those before it run again, and nothing it wrote stays", "good good late good", "0 1 3", "2 2 2 1"},
		{"one that fails after writing in front is dropped alone", "late good good", "1 2", "1 1 1"},
		{"two in a row that fail after writing", "good late late good", "0 3", "2 2 1 1"},
		{"every one fails after writing", "late late late", "", "1 1 1"},
		{"a panic before its first write", "good panics good", "0 2", "1 1 1"},
		{"a panic after writing", "good good panicslate good", "0 1 3", "2 2 2 1"},
		{"early failures before a late one are judged again", "early good late good", "1 3", "2 2 2 1"},
		{"those who only read", "reads reads", "", "1 1"},
		{"a reader among writers", "good reads good", "0 2", "1 1 1"},
	} {
		t.Run(tc.rule, func(t *testing.T) {
			st := fresh(t, quick)
			var fns []func(*Tx) error
			words := strings.Fields(tc.writers)
			runs := make([]int, len(words))
			commits := make([]int, len(words))
			for i, word := range words {
				fns = append(fns, func(tx *Tx) error {
					runs[i]++
					commits[i] = tx.bolt.ID()
					write := func() error { return items.Put(tx, &item{Group: uint64(i), Name: word + string(rune('0'+i))}) }
					switch word {
					case "good":
						return write()
					case "late":
						if err := write(); err != nil {
							return err
						}
						return failure
					case "early":
						return failure
					case "panics":
						panic("p" + string(rune('0'+i)))
					case "panicslate":
						if err := write(); err != nil {
							return err
						}
						panic("p" + string(rune('0'+i)))
					}
					return nil
				})
			}
			ends := together(t, st, fns...)
			var left, ran []string
			must(t, st.View(func(tx *Tx) error {
				for r, err := range itemsByGroup.Rows(tx, Span{}) {
					if err != nil {
						return err
					}
					left = append(left, string(rune('0'+r.Group)))
				}
				return nil
			}))
			for i, word := range words {
				ran = append(ran, string(rune('0'+runs[i])))
				var err error
				var raised any
				switch word {
				case "early", "late":
					err = failure
				case "panics", "panicslate":
					raised = "p" + string(rune('0'+i))
				}
				if ends[i].err != err || ends[i].panic != raised {
					t.Errorf("writer %d (%s) ended with %v, panic %v", i, word, ends[i].err, ends[i].panic)
				}
			}
			if got := strings.Join(left, " "); got != tc.left {
				t.Errorf("left %q, want %q", got, tc.left)
			}
			if got := strings.Join(ran, " "); got != tc.runs {
				t.Errorf("ran %q, want %q", got, tc.runs)
			}
			if tc.writers == "good good good" && (commits[0] != commits[1] || commits[1] != commits[2]) {
				t.Errorf("committed in transactions %v", commits)
			}
		})
	}
}

func TestAWriterSeesItsNeighbour(t *testing.T) {
	st := fresh(t, quick)
	put := func(tx *Tx) error { return items.Put(tx, &item{Name: "same"}) }
	ends := together(t, st, put, put)
	if ends[0].err != nil {
		t.Error(ends[0].err)
	}
	wantKind(t, ends[1].err, fault.Conflict, "error.taken")
}

func TestAFailureIsJudgedAgainstWhatIsReallyThere(t *testing.T) {
	// The second writer wants the name that the first one had written before it fell away.
	st := fresh(t, quick)
	ends := together(t, st,
		func(tx *Tx) error {
			if err := items.Put(tx, &item{Name: "same"}); err != nil {
				return err
			}
			return errors.New("falls away")
		},
		func(tx *Tx) error { return items.Put(tx, &item{Name: "same"}) })
	if ends[0].err == nil || ends[1].err != nil {
		t.Errorf("ended with %v and %v", ends[0].err, ends[1].err)
	}
}

func TestNowNeverGoesBack(t *testing.T) {
	base := time.Date(2026, 11, 23, 9, 0, 0, 0, time.UTC)
	jumps := []time.Duration{0, 5, -100, 3, 50, -1000, 60, 59, 61}
	var n atomic.Int64
	st := fresh(t, Options{NoSync: true, Clock: func() time.Time {
		return base.Add(jumps[int(n.Add(1))%len(jumps)] * time.Second)
	}})
	var seen []time.Time
	note := func(tx *Tx) error {
		now := tx.Now()
		if again := tx.Now(); now != again || now.Location() != time.UTC {
			t.Error("the clock is not read once, in UTC")
		}
		seen = append(seen, tx.Now()) // one writer at a time, none fails: nothing runs twice
		return items.Put(tx, &item{Group: 1, At: tx.Now()})
	}
	for range 20 {
		must(t, st.Update(By{}, note))
	}
	together(t, st, note, note, note, note, note)
	if !slices.IsSortedFunc(seen, time.Time.Compare) || len(seen) != 25 {
		t.Errorf("%d readings, not in order: %v", len(seen), seen)
	}
}

func TestATransactionUsedAfterItsEndPanics(t *testing.T) {
	st := fresh(t, quick)
	add(t, st, &item{Group: 1})
	var view, update *Tx
	must(t, st.View(func(tx *Tx) error { view = tx; return nil }))
	must(t, st.Update(By{}, func(tx *Tx) error { update = tx; return nil }))
	for name, use := range map[string]func(*Tx){
		"get":     func(tx *Tx) { _, _ = items.Get(tx, 1) },
		"put":     func(tx *Tx) { _ = items.Put(tx, &item{}) },
		"delete":  func(tx *Tx) { _ = items.Delete(tx, 1) },
		"count":   func(tx *Tx) { items.Count(tx, "group", uint64(1)) },
		"last":    func(tx *Tx) { items.Last(tx) },
		"all":     func(tx *Tx) { items.All(tx, 0, false)(func(*item, error) bool { return true }) },
		"rows":    func(tx *Tx) { itemsByGroup.Rows(tx, Span{})(func(*item, error) bool { return true }) },
		"changes": func(tx *Tx) { tx.Changes(0)(func(*Change, error) bool { return true }) },
		"cursor":  func(tx *Tx) { tx.Cursor("x") },
	} {
		for kind, tx := range map[string]*Tx{"view": view, "update": update} {
			t.Run(name+" in "+kind, func(t *testing.T) {
				defer func() {
					if p, _ := recover().(string); !strings.HasPrefix(p, "store: transaction used after its end") {
						t.Errorf("panic %q", p)
					}
				}()
				use(tx)
			})
		}
	}
}

func TestAViewCannotWrite(t *testing.T) {
	st := fresh(t, quick)
	add(t, st, &item{Group: 1})
	must(t, st.View(func(tx *Tx) error {
		if items.Put(tx, &item{}) == nil || items.Delete(tx, 1) == nil || tx.SetCursor("x", 1) == nil {
			t.Error("a view wrote")
		}
		return nil
	}))
}

func TestUpdateAfterCloseIsUnavailable(t *testing.T) {
	st := fresh(t, quick)
	must(t, st.Close())
	wantKind(t, st.Update(By{}, func(*Tx) error { return nil }), fault.Unavailable, "error.stopping")
	must(t, st.Close())
}

func TestCloseWaitsForWhatWasHandedOver(t *testing.T) {
	dir := t.TempDir()
	st := reopened(t, dir, quick)
	var done atomic.Int64
	var wg sync.WaitGroup
	for range 50 {
		wg.Go(func() {
			if st.Update(By{}, func(tx *Tx) error { return items.Put(tx, &item{Group: 1}) }) == nil {
				done.Add(1)
			}
		})
	}
	must(t, st.Close())
	wg.Wait()
	st = reopened(t, dir, quick)
	must(t, st.View(func(tx *Tx) error {
		if n := items.Count(tx, "group", uint64(1)); n != int(done.Load()) {
			t.Errorf("%d rows, %d acknowledged", n, done.Load())
		}
		return nil
	}))
}
