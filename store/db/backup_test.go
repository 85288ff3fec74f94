package db

import (
	"errors"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"sportello/store/fault"
	"strings"
	"testing"
	"time"
)

// TestACopyIsOfOneMoment writes all the while the rows are copied: the copy is sound, and has at least what was there
// when it was begun.
func TestACopyIsOfOneMoment(t *testing.T) {
	st := fresh(t, quick)
	fill := func(n int) error {
		return st.Update(By{}, func(tx *Tx) error {
			for range n {
				if err := items.Put(tx, &item{Group: 2, Secret: strings.Repeat("s", 500)}); err != nil {
					return err
				}
			}
			return nil
		})
	}
	must(t, fill(2000))
	must(t, st.Update(By{}, func(tx *Tx) error { return items.Delete(tx, 7) }))
	for round := range 10 {
		dir := t.TempDir()
		path := filepath.Join(dir, "desk.db")
		f, err := os.Create(path)
		must(t, err)
		stop, ended := make(chan struct{}), make(chan error, 1)
		go func() {
			for {
				select {
				case <-stop:
					ended <- nil
					return
				default:
				}
				if err := fill(5); err != nil {
					ended <- err
					return
				}
			}
		}()
		before := st.Last()
		_, n, err := st.CopyRows(t.Context(), f, func(int64, int) error { runtime.Gosched(); return nil })
		close(stop)
		must(t, errors.Join(err, f.Close(), <-ended))
		if info, err := os.Stat(path); err != nil || info.Size() != n {
			t.Errorf("%v, says %d: %v", info.Size(), n, err)
		}
		var inv Inventory
		must(t, tested.Inspect(path, func(tx *Tx) (err error) {
			if inv, err = tx.Inventory(t.Context()); err == nil {
				_, err = items.Peek(tx, 1)
			}
			return err
		}))
		if got := uint64(inv.Rows["changes"]); got < before || got > st.Last() {
			t.Errorf("round %d: the copy has %d changes, there were %d to %d", round, got, before, st.Last())
		}
		other := reopened(t, dir, quick)
		sound(t, other)
		must(t, other.View(func(tx *Tx) error {
			got, err := tx.Inventory(t.Context())
			if got.Rows["test.items"] != inv.Rows["test.items"] || got.Rows["test.items"] < 1999 {
				t.Errorf("the copy has %v, counted %v", got.Rows, inv.Rows)
			}
			return err
		}))
	}
}

type writerFunc func([]byte) (int, error)

func (f writerFunc) Write(b []byte) (int, error) { return f(b) }

func TestAPictureEnds(t *testing.T) {
	st := fresh(t, quick)
	broken := errors.New("the other disk is full")
	for name, c := range map[string]struct {
		w    io.Writer
		want func(error) bool
	}{
		"with the error of what it is written to": {writerFunc(func([]byte) (int, error) { return 0, broken }), func(err error) bool { return errors.Is(err, broken) }},
		"when the store stops writing": {writerFunc(func(b []byte) (int, error) { st.fault.Store(&faultBox{broken}); return len(b), nil }), func(err error) bool {
			st.fault.Store(nil)
			return fault.KindOf(err) == fault.Unavailable && errors.Is(err, broken)
		}},
	} {
		if _, err := st.Picture(t.Context(), c.w); !c.want(err) {
			t.Errorf("it does not end %s: %v", name, err)
		}
	}
}

func TestSweepLeavesFilesThatAreHeld(t *testing.T) {
	st := fresh(t, quick)
	b, err := st.PutBlob(strings.NewReader("no row names it any more"), 0)
	must(t, err)
	then := time.Now().Add(-2 * time.Hour)
	must(t, os.Chtimes(st.blobs.Path(b.Sum), then, then))
	release := st.HoldBlobs()
	if n, err := st.Sweep(); n != 0 || err != nil {
		t.Errorf("held: removed %d, %v", n, err)
	}
	release()
	if n, err := st.Sweep(); n != 1 || err != nil {
		t.Errorf("released: removed %d, %v", n, err)
	}
}

func TestAnInventoryNamesEachFileOnce(t *testing.T) {
	st := fresh(t, quick)
	one, err := st.PutBlob(strings.NewReader("one"), 0)
	must(t, err)
	two, err := st.PutBlob(strings.NewReader("two"), 0)
	must(t, err)
	must(t, st.Update(By{}, func(tx *Tx) error {
		for _, sum := range []string{one.Sum, two.Sum, one.Sum} {
			if err := papers.Put(tx, &paper{Sum: sum}); err != nil {
				return err
			}
		}
		return plains.Put(tx, &plain{Sum: two.Sum})
	}))
	must(t, st.View(func(tx *Tx) error {
		inv, err := tx.Inventory(t.Context())
		if len(inv.Blobs) != 2 || inv.Rows["test.papers"] != 3 || inv.Rows["test.plains"] != 1 {
			t.Errorf("%+v", inv)
		}
		return err
	}))
}
