package store

import (
	"math/rand/v2"
	"reflect"
	"strings"
	"testing"
)

// TestARowThatIsKeptIsTheRowOfItsTransaction changes rows at random and reads them, kept and anew, from the newest
// transaction and from one that was open before: each sees its own.
func TestARowThatIsKeptIsTheRowOfItsTransaction(t *testing.T) {
	st := fresh(t, Options{NoSync: true, Log: quick.Log, Prove: true})
	r := rand.New(rand.NewPCG(1, 2))
	const many = 40
	must(t, st.Update(By{}, func(tx *Tx) error {
		for i := range many {
			if err := Articles.Put(tx, &Article{Slug: "s" + strings.Repeat("x", i)}); err != nil {
				return err
			}
		}
		return nil
	}))
	same := func(tx *Tx) error {
		for range 5 {
			id := 1 + r.Uint64N(many)
			want, err := Articles.Get(tx, id)
			if err != nil {
				return err
			}
			peeked, err := Articles.Peek(tx, id)
			if err != nil {
				return err
			}
			glanced, err := Articles.Glance(tx, id)
			if err != nil {
				return err
			}
			if !reflect.DeepEqual(want, peeked) || !reflect.DeepEqual(want, glanced) {
				t.Fatalf("article %d is %+v, kept as %+v and %+v", id, want, peeked, glanced)
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
				row, err := Articles.Get(tx, 1+r.Uint64N(many))
				if err != nil {
					return err
				}
				row.Module, row.Audience = 0, Audience(1+r.IntN(3))
				if err := Articles.Put(tx, row); err != nil {
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
	must(t, st.Update(By{}, func(tx *Tx) error { return Groups.Put(tx, &Group{Code: "g"}) }))
	defer func() {
		if fault := recover(); fault == nil {
			t.Error("nobody noticed")
		}
	}()
	must(t, st.View(func(tx *Tx) error {
		g, err := Groups.Peek(tx, 1)
		if err != nil {
			return err
		}
		g.Code = "other"
		_, err = Groups.Peek(tx, 1)
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
