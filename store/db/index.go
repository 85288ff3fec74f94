package db

import (
	"bytes"
	"container/heap"
	"fmt"
	"iter"

	"go.etcd.io/bbolt"

	"sportello/store/fault"
	"sportello/store/key"
)

// Span names a run of index entries: those whose key begins with Prefix, upwards or downwards, from Low (inclusive)
// to High (exclusive), both as the key bytes that follow the prefix; nil leaves that end open.
type Span struct {
	Prefix    []byte
	Low, High []byte
	Desc      bool
}

// Entry is one index entry: the key bytes behind the prefix of the span (the id last) and the id.
type Entry struct {
	Rest []byte
	ID   uint64
}

// Entries walks the index entries of the span without reading rows.
func (ix *Index[T]) Entries(tx *Tx, s Span) iter.Seq[Entry] {
	return func(yield func(Entry) bool) {
		w := newWalk(tx.bucket(ix.table.name, ix.name).Cursor(), s)
		for e, ok := w.first(); ok; e, ok = w.next() {
			if !yield(e) {
				return
			}
		}
	}
}

// Rows walks the rows of the span in the order of the index.
func (ix *Index[T]) Rows(tx *Tx, s Span) iter.Seq2[*T, error] { return ix.Merge(tx, []Span{s}) }

// PeekRows is Rows with Table.Peek.
func (ix *Index[T]) PeekRows(tx *Tx, s Span) iter.Seq2[*T, error] {
	return ix.merge(tx, []Span{s}, ix.table.Peek)
}

// GlanceRows is Rows with Table.Glance.
func (ix *Index[T]) GlanceRows(tx *Tx, s Span) iter.Seq2[*T, error] {
	return ix.merge(tx, []Span{s}, ix.table.Glance)
}

// Merge walks the rows of several spans as one list, ordered by what follows each span's prefix; all spans run in the
// direction of the first. A row in two spans is returned twice only when its keys differ.
func (ix *Index[T]) Merge(tx *Tx, spans []Span) iter.Seq2[*T, error] {
	return ix.merge(tx, spans, ix.table.Get)
}

func (ix *Index[T]) merge(tx *Tx, spans []Span, get func(*Tx, uint64) (*T, error)) iter.Seq2[*T, error] {
	return func(yield func(*T, error) bool) {
		for e := range ix.MergeEntries(tx, spans) {
			r, err := get(tx, e.ID)
			if err != nil {
				err = fmt.Errorf("store: index %s of %s names %d: %w", ix.name, ix.table.name, e.ID, err)
			}
			if !yield(r, err) || err != nil {
				return
			}
		}
	}
}

// MergeEntries is Merge without reading rows.
func (ix *Index[T]) MergeEntries(tx *Tx, spans []Span) iter.Seq[Entry] {
	return func(yield func(Entry) bool) {
		h := &walks{}
		for _, s := range spans {
			s.Desc = spans[0].Desc
			w := newWalk(tx.bucket(ix.table.name, ix.name).Cursor(), s)
			if e, ok := w.first(); ok {
				w.head = e
				h.list = append(h.list, w)
			}
			h.desc = s.Desc
		}
		heap.Init(h)
		var last []byte
		for len(h.list) > 0 {
			w := h.list[0]
			e := w.head
			if next, ok := w.next(); ok {
				w.head = next
				heap.Fix(h, 0)
			} else {
				heap.Pop(h)
			}
			if last != nil && bytes.Equal(last, e.Rest) {
				continue
			}
			last = e.Rest
			if !yield(e) {
				return
			}
		}
	}
}

// First returns the first row whose key begins with the parts, NotFound when there is none.
func (ix *Index[T]) First(tx *Tx, parts ...any) (*T, error) {
	if id := ix.find(tx, key.Of(parts...)); id != 0 {
		return ix.table.Get(tx, id)
	}
	return nil, &fault.Error{Kind: fault.NotFound, Key: "error.not-found", Err: fmt.Errorf("store: no %s by %s", ix.table.name, ix.name)}
}

// PeekFirst is First with Peek.
func (ix *Index[T]) PeekFirst(tx *Tx, parts ...any) (*T, error) {
	if id := ix.find(tx, key.Of(parts...)); id != 0 {
		return ix.table.Peek(tx, id)
	}
	return ix.First(tx, parts...)
}

// Has reports whether some row's key begins with the parts.
func (ix *Index[T]) Has(tx *Tx, parts ...any) bool { return ix.find(tx, key.Of(parts...)) != 0 }

// ID returns the number of the first row whose key begins with the parts, 0 when there is none.
func (ix *Index[T]) ID(tx *Tx, parts ...any) uint64 { return ix.find(tx, key.Of(parts...)) }

func (ix *Index[T]) find(tx *Tx, prefix []byte) uint64 {
	k, _ := tx.bucket(ix.table.name, ix.name).Cursor().Seek(prefix)
	if k == nil || !bytes.HasPrefix(k, prefix) {
		return 0
	}
	return key.LastID(k)
}

// Find returns all rows whose key begins with the parts, in key order. For short lists only.
func (ix *Index[T]) Find(tx *Tx, parts ...any) ([]*T, error) {
	var out []*T
	for r, err := range ix.Rows(tx, Span{Prefix: key.Of(parts...)}) {
		if err != nil {
			return nil, err
		}
		out = append(out, r)
	}
	return out, nil
}

// Peek is Find with Table.Peek.
func (ix *Index[T]) Peek(tx *Tx, parts ...any) ([]*T, error) {
	var out []*T
	for r, err := range ix.PeekRows(tx, Span{Prefix: key.Of(parts...)}) {
		if err != nil {
			return nil, err
		}
		out = append(out, r)
	}
	return out, nil
}

// Glance is Find with Table.Glance.
func (ix *Index[T]) Glance(tx *Tx, parts ...any) ([]*T, error) {
	var out []*T
	for r, err := range ix.GlanceRows(tx, Span{Prefix: key.Of(parts...)}) {
		if err != nil {
			return nil, err
		}
		out = append(out, r)
	}
	return out, nil
}

type walk struct {
	c    *bbolt.Cursor
	at   []byte // the key the cursor is on
	s    Span
	low  []byte
	high []byte
	head Entry
}

func newWalk(c *bbolt.Cursor, s Span) *walk {
	w := &walk{c: c, s: s, low: append(append([]byte{}, s.Prefix...), s.Low...)}
	if s.High != nil {
		w.high = append(append([]byte{}, s.Prefix...), s.High...)
	} else {
		w.high = key.After(s.Prefix)
	}
	return w
}

func (w *walk) first() (Entry, bool) {
	if !w.s.Desc {
		k, _ := w.c.Seek(w.low)
		return w.entry(k)
	}
	if w.high == nil {
		k, _ := w.c.Last()
		return w.entry(k)
	}
	k, _ := w.c.Seek(w.high)
	if k == nil {
		k, _ = w.c.Last()
		return w.entry(k)
	}
	k, _ = previous(w.c, k)
	return w.entry(k)
}

func (w *walk) next() (Entry, bool) {
	var k []byte
	if w.s.Desc {
		k, _ = previous(w.c, w.at)
	} else {
		k, _ = w.c.Next()
	}
	return w.entry(k)
}

func (w *walk) entry(k []byte) (Entry, bool) {
	if k == nil || bytes.Compare(k, w.low) < 0 || (w.high != nil && bytes.Compare(k, w.high) >= 0) {
		return Entry{}, false
	}
	w.at = k
	return Entry{Rest: bytes.Clone(k[len(w.s.Prefix):]), ID: key.LastID(k)}, true
}

type walks struct {
	list []*walk
	desc bool
}

func (h *walks) Len() int { return len(h.list) }
func (h *walks) Less(i, j int) bool {
	c := bytes.Compare(h.list[i].head.Rest, h.list[j].head.Rest)
	if h.desc {
		return c > 0
	}
	return c < 0
}
func (h *walks) Swap(i, j int) { h.list[i], h.list[j] = h.list[j], h.list[i] }
func (h *walks) Push(x any)    { h.list = append(h.list, x.(*walk)) }
func (h *walks) Pop() any {
	w := h.list[len(h.list)-1]
	h.list = h.list[:len(h.list)-1]
	return w
}
