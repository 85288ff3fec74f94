package store

import (
	"errors"
	"io"
	"os"
	"strings"
	"sync"
	"testing"
	"time"
)

// TestAPictureIsOfOneMoment writes while the picture is taken: what look saw is what the copy holds.
func TestAPictureIsOfOneMoment(t *testing.T) {
	st := fresh(t, quick)
	for range 50 {
		add(t, st, &item{Group: 1})
	}
	dir := t.TempDir()
	f, err := os.Create(dir + "/desk.db")
	must(t, err)
	var inv Inventory
	var writers sync.WaitGroup
	w := writerFunc(func(b []byte) (int, error) { // every piece of the copy is followed by a change
		writers.Go(func() {
			if err := st.Update(By{}, func(tx *Tx) error { return items.Put(tx, &item{Group: 2}) }); err != nil {
				t.Error(err)
			}
		})
		return f.Write(b)
	})
	_, err = st.Picture(t.Context(), w, func(tx *Tx) (err error) {
		inv, err = tx.Inventory(t.Context())
		return err
	})
	must(t, errors.Join(err, f.Close()))
	writers.Wait()
	if inv.Rows["test.items"] != 50 {
		t.Errorf("counted %v", inv.Rows)
	}
	other := reopened(t, dir, quick)
	must(t, other.View(func(tx *Tx) error {
		got, err := tx.Inventory(t.Context())
		if got.Rows["test.items"] != 50 || got.Rows["changes"] != inv.Rows["changes"] {
			t.Errorf("the copy has %v, the picture %v", got.Rows, inv.Rows)
		}
		return err
	}))
}

type writerFunc func([]byte) (int, error)

func (f writerFunc) Write(b []byte) (int, error) { return f(b) }

func TestAPictureEnds(t *testing.T) {
	st := fresh(t, quick)
	broken := errors.New("the other disk is full")
	for name, c := range map[string]struct {
		w    io.Writer
		look func(*Tx) error
		want func(error) bool
	}{
		"with the error of what it is written to": {writerFunc(func([]byte) (int, error) { return 0, broken }), nil, func(err error) bool { return errors.Is(err, broken) }},
		"with the error of who looks":             {io.Discard, func(*Tx) error { return broken }, func(err error) bool { return errors.Is(err, broken) }},
		"when the store stops writing": {io.Discard, func(*Tx) error { st.fault.Store(&faultBox{broken}); return nil }, func(err error) bool {
			st.fault.Store(nil)
			return KindOf(err) == Unavailable && errors.Is(err, broken)
		}},
	} {
		if _, err := st.Picture(t.Context(), c.w, c.look); !c.want(err) {
			t.Errorf("it does not end %s: %v", name, err)
		}
	}
}

func TestSweepLeavesFilesThatAreHeld(t *testing.T) {
	st := fresh(t, quick)
	b, err := st.PutBlob(strings.NewReader("no row names it any more"), 0)
	must(t, err)
	then := time.Now().Add(-2 * time.Hour)
	must(t, os.Chtimes(st.blobPath(b.Sum), then, then))
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
			if err := Files.Put(tx, &File{Sum: sum}); err != nil {
				return err
			}
		}
		return SettingsTable.Put(tx, &Settings{Logo: two.Sum})
	}))
	must(t, st.View(func(tx *Tx) error {
		inv, err := tx.Inventory(t.Context())
		if len(inv.Blobs) != 2 || inv.Rows["files"] != 3 || inv.Rows["settings"] != 1 {
			t.Errorf("%+v", inv)
		}
		return err
	}))
}
