package db

import (
	"math/rand/v2"
	"reflect"
	"testing"
	"time"
)

// TestARowThatIsKeptIsTheRowOfItsTransaction changes rows at random and reads them, kept and anew, from the newest
// transaction and from one that was open before: each sees its own.
func TestARowThatIsKeptIsTheRowOfItsTransaction(t *testing.T) {
	st := fresh(t, Options{NoSync: true, Log: quick.Log, Prove: true})
	r := rand.New(rand.NewPCG(1, 2))
	const many = 40
	must(t, st.Update(By{}, func(tx *Tx) error {
		for i := range many {
			if err := plains.Put(tx, &plain{N: i}); err != nil {
				return err
			}
		}
		return nil
	}))
	same := func(tx *Tx) error {
		for range 5 {
			id := 1 + r.Uint64N(many)
			want, err := plains.Get(tx, id)
			if err != nil {
				return err
			}
			peeked, err := plains.Peek(tx, id)
			if err != nil {
				return err
			}
			glanced, err := plains.Glance(tx, id)
			if err != nil {
				return err
			}
			if !reflect.DeepEqual(want, peeked) || !reflect.DeepEqual(want, glanced) {
				t.Fatalf("row %d is %+v, kept as %+v and %+v", id, want, peeked, glanced)
			}
		}
		return nil
	}
	for range 300 {
		must(t, st.View(func(before *Tx) error {
			if err := same(before); err != nil {
				return err
			}
			must(t, st.Update(By{}, func(tx *Tx) error {
				row, err := plains.Get(tx, 1+r.Uint64N(many))
				if err != nil {
					return err
				}
				row.N = r.IntN(3)
				if err := plains.Put(tx, row); err != nil {
					return err
				}
				return same(tx)
			}))
			must(t, st.View(same))
			return same(before)
		}))
	}
}

func TestAKeptRowThatSomebodyChangesIsFoundOut(t *testing.T) {
	st := fresh(t, Options{NoSync: true, Log: quick.Log, Prove: true})
	must(t, st.Update(By{}, func(tx *Tx) error { return plains.Put(tx, &plain{N: 1}) }))
	defer func() {
		if fault := recover(); fault == nil {
			t.Error("nobody noticed")
		}
	}()
	must(t, st.View(func(tx *Tx) error {
		row, err := plains.Peek(tx, 1)
		if err != nil {
			return err
		}
		row.N = 2
		_, err = plains.Peek(tx, 1)
		return err
	}))
}

func TestRowsAreKeptWithinBounds(t *testing.T) {
	var p peeked
	for id := range uint64(5 * maxPeeked) {
		p.put(id, peek{raw: make([]byte, 100), row: id})
		if len(p.newer) > maxPeeked || len(p.older) > maxPeeked {
			t.Fatalf("%d and %d rows are kept", len(p.newer), len(p.older))
		}
	}
	p = peeked{}
	for id := range uint64(200) {
		p.put(id, peek{raw: make([]byte, maxPeekedRow)})
		if p.bytes > maxPeekedBytes+maxPeekedRow {
			t.Fatalf("%d bytes are kept", p.bytes)
		}
	}
	p = peeked{}
	p.put(1, peek{raw: []byte("a"), row: "row"})
	for id := range uint64(maxPeeked) {
		p.put(10+id, peek{raw: []byte("b")})
	}
	if row, ok := p.get(1, []byte("a")); !ok || row != "row" {
		t.Error("a row of the older half is not found")
	}
	if _, ok := p.newer[1]; !ok {
		t.Error("a row that was asked for does not come forward")
	}
	if _, ok := p.get(1, []byte("b")); ok {
		t.Error("a row with other bytes is found")
	}
	if _, ok := p.get(2, nil); ok {
		t.Error("a row that was never kept is found")
	}
}

// TestStoresShareNoRows holds two open stores apart: the same bytes under the same number are each store's own row.
func TestStoresShareNoRows(t *testing.T) {
	var rows [2]*plain
	for i := range rows {
		st := fresh(t, Options{NoSync: true, Log: quick.Log, Clock: func() time.Time { return time.Unix(0, 0) }})
		must(t, st.Update(By{}, func(tx *Tx) error { return plains.Put(tx, &plain{N: 1}) }))
		must(t, st.View(func(tx *Tx) (err error) {
			rows[i], err = plains.Peek(tx, 1)
			if err != nil {
				return err
			}
			again, err := plains.Peek(tx, 1)
			if again != rows[i] {
				t.Error("a row that did not change is decoded again")
			}
			return err
		}))
	}
	if rows[0] == rows[1] {
		t.Error("two stores share a row")
	}
	if !reflect.DeepEqual(rows[0], rows[1]) {
		t.Errorf("the rows differ: %+v and %+v", rows[0], rows[1])
	}
}
