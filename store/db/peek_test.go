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
	r := rand.New(rand.NewPCG(5, 6))
	key := func(id uint64) peekKey { return peekKey{id / 3, uint16(id % 3), id%2 == 0} }
	var p peeked
	for range 20 * maxPeeked {
		p.put(key(r.Uint64N(4*maxPeeked)), peek{raw: make([]byte, r.IntN(2000)), row: 1})
		held := 0
		if r.IntN(500) == 0 {
			for _, row := range p.newer {
				held += len(row.raw)
			}
			if held != p.bytes {
				t.Fatalf("%d bytes are counted, %d are kept", p.bytes, held)
			}
		}
		if len(p.newer) > maxPeeked || len(p.older) > maxPeeked || p.bytes > maxPeekedBytes+2000 {
			t.Fatalf("%d and %d rows are kept, of %d bytes", len(p.newer), len(p.older), p.bytes)
		}
	}
	p = peeked{}
	one := peekKey{1, 1, false}
	p.put(one, peek{raw: []byte("a"), row: "row"})
	for id := range uint64(maxPeeked) {
		p.put(peekKey{10 + id, 2, false}, peek{raw: []byte("b")})
	}
	if row, ok := p.get(one, []byte("a")); !ok || row != "row" {
		t.Error("a row of the older half is not found")
	}
	if _, ok := p.newer[one]; !ok {
		t.Error("a row that was asked for does not come forward")
	}
	if _, ok := p.get(one, []byte("b")); ok {
		t.Error("a row with other bytes is found")
	}
	for _, k := range []peekKey{{1, 1, true}, {1, 2, false}, {2, 1, false}} {
		if _, ok := p.get(k, []byte("a")); ok {
			t.Errorf("%v is found, which was never kept", k)
		}
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
