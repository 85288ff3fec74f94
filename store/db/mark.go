package db

import (
	"fmt"
	"reflect"
	"sync"
)

// Mark tells states of a table apart: each write of a row gives another, and the same one never comes again, as long as
// the process runs. What was worked out from all rows of a table is the same as long as its mark is.
type Mark struct{ opened, changes uint64 }

// Mark returns the mark of the table as the transaction sees it; ok is false in an Update, for what it sees may never
// come to be.
func (t *Table[T]) Mark(tx *Tx) (m Mark, ok bool) {
	tx.live()
	return Mark{tx.store.opened.Load(), tx.bolt.Bucket([]byte(t.name)).Sequence()}, !tx.bolt.Writable()
}

// raise gives the table its next mark.
func (t *Table[T]) raise(tx *Tx) error {
	if _, err := tx.bolt.Bucket([]byte(t.name)).NextSequence(); err != nil {
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

func (r *results) forget() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.of = nil
}
