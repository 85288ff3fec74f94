package db

import (
	"errors"
	"testing"
)

func TestAMarkChangesWithEveryWriteOfItsTable(t *testing.T) {
	st := fresh(t, quick)
	mark := func() (m Mark) {
		must(t, st.View(func(tx *Tx) error {
			var ok bool
			if m, ok = plains.Mark(tx); !ok {
				t.Error("a View has no mark")
			}
			return nil
		}))
		return m
	}
	seen := map[Mark]bool{mark(): true}
	var id uint64
	for _, change := range []func(tx *Tx) error{
		func(tx *Tx) error { return plains.Put(tx, &plain{N: 1}) },
		func(tx *Tx) error {
			id = plains.Last(tx)
			r, err := plains.Get(tx, id)
			if err != nil {
				return err
			}
			r.N = 2
			return plains.Put(tx, r)
		},
		func(tx *Tx) error { return plains.Delete(tx, id) },
	} {
		must(t, st.Update(By{}, change))
		m := mark()
		if seen[m] {
			t.Errorf("the mark %v was there before", m)
		}
		seen[m] = true
	}
	last := mark()
	refused := errors.New("refused")
	if err := st.Update(By{}, func(tx *Tx) error {
		if err := plains.Put(tx, &plain{N: 3}); err != nil {
			return err
		}
		if _, ok := plains.Mark(tx); ok {
			t.Error("an Update has a mark")
		}
		return refused
	}); !errors.Is(err, refused) {
		t.Fatal(err)
	}
	if mark() != last {
		t.Error("a change that was refused changed the mark")
	}
	must(t, st.reopen())
	if mark() == last {
		t.Error("the file was opened again under the same mark")
	}
}

func TestWhatIsKeptIsWorkedOutOnceForEachStateOfItsTables(t *testing.T) {
	st := fresh(t, quick)
	kept := Keep[int, []int](plains, items)
	made := 0
	get := func(key int) (out []int) {
		must(t, st.View(func(tx *Tx) (err error) {
			out, err = kept.Get(tx, key, func() ([]int, error) { made++; return []int{key}, nil })
			return err
		}))
		return out
	}
	wants := func(n int) {
		t.Helper()
		made = 0
		for range 3 {
			if out := get(7); len(out) != 1 || out[0] != 7 {
				t.Fatalf("%v", out)
			}
		}
		if made != n {
			t.Errorf("worked out %d times, want %d", made, n)
		}
	}
	wants(1)
	wants(0)
	must(t, st.Update(By{}, func(tx *Tx) error { return plains.Put(tx, &plain{N: 1}) }))
	wants(1)
	must(t, st.Update(By{}, func(tx *Tx) error { return items.Put(tx, &item{Name: "a"}) }))
	wants(1)
	must(t, st.Update(By{}, func(tx *Tx) error { return requests.Put(tx, &request{Subject: "a"}) }))
	wants(0)
	for i := range 10 * mostHeld {
		get(i)
	}
	if h := st.results.of[kept].(*held[int, []int]); len(h.rows) > mostHeld {
		t.Errorf("%d are held", len(h.rows))
	}
	st.Forget()
	wants(1)
	must(t, st.Update(By{}, func(tx *Tx) error {
		made = 0
		_, err := kept.Get(tx, 7, func() ([]int, error) { made++; return []int{8}, nil })
		return err
	}))
	if made != 1 {
		t.Error("an Update is given what others keep")
	}
	wants(0)
}

// TestWhatSomebodyChangedOfWhatIsKeptIsFound holds Options.Prove to what is kept as to rows that are shared.
func TestWhatSomebodyChangedOfWhatIsKeptIsFound(t *testing.T) {
	st := fresh(t, Options{NoSync: true, Log: quick.Log, Prove: true})
	kept := Keep[int, []int](plains)
	must(t, st.View(func(tx *Tx) error {
		list, err := kept.Get(tx, 1, func() ([]int, error) { return []int{1}, nil })
		list[0] = 2
		return err
	}))
	defer func() {
		if recover() == nil {
			t.Error("a result that somebody changed is given to others")
		}
	}()
	_ = st.View(func(tx *Tx) error {
		_, err := kept.Get(tx, 1, func() ([]int, error) { return []int{1}, nil })
		return err
	})
}
