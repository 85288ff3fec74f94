package db

import (
	"fmt"
	"hash/maphash"
	"reflect"
	"sync"

	"sportello/store/key"
)

// Mark tells states of a table apart: each write of a row gives another, and the same one never comes again, as long as
// the process runs. What was worked out from all rows of a table is the same as long as its mark is.
type Mark struct{ opened, changes uint64 }

// Mark returns the mark of the table as the transaction sees it; ok is false in an Update, for what it sees may never
// come to be.
func (t *Table[T]) Mark(tx *Tx) (m Mark, ok bool) {
	return Mark{tx.store.opened.Load(), tx.bucket(t.name, "").Sequence()}, !tx.bolt.Writable()
}

// raise gives the table its next mark.
func (t *Table[T]) raise(tx *Tx) error {
	if _, err := tx.bucket(t.name, "").NextSequence(); err != nil {
		return fmt.Errorf("store: mark %s: %w", t.name, err)
	}
	return nil
}

// marks are those of the tables that something was worked out from.
type marks [4]Mark

// Kept names what is worked out from whole tables, and for what: the store holds the results as long as the marks of the
// tables are the same. A result is shared and must not be changed.
type Kept[K comparable, V any] struct{ from []AnyTable }

// Keep returns a Kept for what is worked out from these tables alone, and from the key.
func Keep[K comparable, V any](from ...AnyTable) *Kept[K, V] {
	if len(from) > len(marks{}) {
		panic("store: what is kept rests on too many tables")
	}
	return &Kept[K, V]{from}
}

// results are what a store holds of all Kepts: of each the results under the latest marks.
type results struct {
	mu sync.Mutex
	of map[any]any // a *held[K, V] for each *Kept[K, V]
}

type held[K comparable, V any] struct {
	at   marks
	rows map[K]V
}

// mostHeld bounds how many results of one Kept are held; beyond it they are forgotten.
const mostHeld = 64

// Get returns the result for the key as the transaction sees it, which find works out where it is not held.
func (k *Kept[K, V]) Get(tx *Tx, key K, find func() (V, error)) (V, error) {
	var at marks
	for i, t := range k.from {
		m, ok := t.Mark(tx)
		if !ok {
			return find()
		}
		at[i] = m
	}
	v, ok := k.held(tx, at, key)
	if ok && !tx.store.prove {
		return v, nil
	}
	fresh, err := find()
	if err != nil {
		return fresh, err
	}
	if ok {
		if !reflect.DeepEqual(v, fresh) {
			panic(fmt.Sprintf("store: what is kept for %+v is %+v, and is %+v when it is worked out", key, v, fresh))
		}
		return v, nil
	}
	k.hold(tx, at, key, fresh)
	return fresh, nil
}

func (k *Kept[K, V]) held(tx *Tx, at marks, key K) (v V, ok bool) {
	all := &tx.store.results
	all.mu.Lock()
	defer all.mu.Unlock()
	if h, is := all.of[k].(*held[K, V]); is && h.at == at {
		v, ok = h.rows[key]
	}
	return v, ok
}

func (k *Kept[K, V]) hold(tx *Tx, at marks, key K, v V) {
	all := &tx.store.results
	all.mu.Lock()
	defer all.mu.Unlock()
	h, ok := all.of[k].(*held[K, V])
	if !ok || h.at != at || len(h.rows) >= mostHeld {
		h = &held[K, V]{at, map[K]V{}}
		if all.of == nil {
			all.of = map[any]any{}
		}
		all.of[k] = h
	}
	h.rows[key] = v
}

// Each names what is worked out for one thing at a time, each of which changes by itself: the store holds the result for
// an id as long as the stamp is the same. A result is shared and must not be changed.
type Each[S comparable, V any] struct{ _ byte } // so that no two are one

type each[S comparable, V any] struct {
	at S
	of V
}

// mostEach bounds how many results of one Each are held; beyond it they are forgotten.
const mostEach = 4096

// Get returns the result for the id as the transaction sees it, which find works out where none is held under the stamp.
// The stamp has to change with everything that find rests on; see Index.Stamp.
func (k *Each[S, V]) Get(tx *Tx, id uint64, stamp S, find func() (V, error)) (V, error) {
	tx.live()
	if tx.bolt.Writable() {
		return find() // what it sees may never come to be
	}
	all := &tx.store.results
	all.mu.Lock()
	rows, _ := all.of[k].(map[uint64]each[S, V])
	row, ok := rows[id]
	all.mu.Unlock()
	if ok = ok && row.at == stamp; ok && !tx.store.prove {
		return row.of, nil
	}
	fresh, err := find()
	if err != nil {
		return fresh, err
	}
	if ok {
		if !reflect.DeepEqual(row.of, fresh) {
			panic(fmt.Sprintf("store: what is kept for %d is %+v, and is %+v when it is worked out", id, row.of, fresh))
		}
		return row.of, nil
	}
	all.mu.Lock()
	defer all.mu.Unlock()
	if rows, _ = all.of[k].(map[uint64]each[S, V]); rows == nil || len(rows) >= mostEach {
		rows = map[uint64]each[S, V]{}
		if all.of == nil {
			all.of = map[any]any{}
		}
		all.of[k] = rows
	}
	rows[id] = each[S, V]{stamp, fresh}
	return fresh, nil
}

// stamps are sums of this process alone.
var stamps = maphash.MakeSeed()

// Stamp sums up the rows of the span as they are stored, which is much less work than reading them: it is another as soon
// as one of them changes, comes or goes.
func (ix *Index[T]) Stamp(tx *Tx, s Span) uint64 {
	var h maphash.Hash
	h.SetSeed(stamps)
	rows := ix.table.rows(tx)
	for e := range ix.Entries(tx, s) {
		id := key.ID(e.ID)
		_, _ = h.Write(id)
		_, _ = h.Write(rows.Get(id))
	}
	return h.Sum64()
}

func (r *results) forget() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.of = nil
}
