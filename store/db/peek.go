package db

import (
	"bytes"
	"fmt"
	"reflect"
	"sync"
)

// peek is a decoded row with the bytes it was decoded from. It is used again only while the transaction has the same
// bytes, so that it can never be stale, whatever happened to the row meanwhile.
type peek struct {
	raw []byte
	row any
}

// How many rows, and of how many bytes, the newer half of what a store remembers may have. A decoded row takes a few times
// its bytes.
const (
	maxPeeked      = 6000
	maxPeekedBytes = 2 << 20
	maxPeekedRow   = 32 << 10 // a longer row is decoded each time
)

// peekKey names a row of a table, whole or as Table.Glance has it.
type peekKey struct {
	id    uint64
	table uint16
	near  bool
}

// peeked holds the rows of all tables that one store has decoded for Table.Peek and Table.Glance: what is asked for most
// has the room, whichever table it is of. When the newer half is full it becomes the older one, whose rows come forward
// when they are asked for again; the others are forgotten.
type peeked struct {
	mu    sync.RWMutex
	newer map[peekKey]peek
	older map[peekKey]peek
	bytes int // of newer
}

// Forget drops every decoded row that is kept, so that each is decoded again, and all that was worked out from them.
func (s *Store) Forget() {
	s.results.forget()
	p := s.peeked
	p.mu.Lock()
	defer p.mu.Unlock()
	p.newer, p.older, p.bytes = nil, nil, 0
}

func (p *peeked) get(k peekKey, raw []byte) (any, bool) {
	p.mu.RLock()
	row, ok := p.newer[k]
	old := false
	if !ok {
		row, old = p.older[k]
	}
	p.mu.RUnlock()
	if !ok && !old || !bytes.Equal(row.raw, raw) {
		return nil, false
	}
	if old {
		p.put(k, row)
	}
	return row.row, true
}

func (p *peeked) put(k peekKey, row peek) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.newer == nil || len(p.newer) >= maxPeeked || p.bytes >= maxPeekedBytes {
		p.older, p.newer, p.bytes = p.newer, map[peekKey]peek{}, 0
	}
	p.bytes += len(row.raw) - len(p.newer[k].raw)
	p.newer[k] = row
}

// kept returns the decoded row for the bytes, which are all of the row or its nearer part: one that was decoded before,
// or a new one.
func (t *Table[T]) kept(tx *Tx, id uint64, raw []byte, near bool) (*T, error) {
	k := peekKey{id, t.number, near}
	row, ok := tx.store.peeked.get(k, raw)
	if ok && !tx.store.prove {
		return row.(*T), nil
	}
	r, err := t.read(tx, id, raw)
	if err != nil {
		return nil, err
	}
	rowOf(r).partial = near
	if ok {
		if !reflect.DeepEqual(row, r) {
			panic(fmt.Sprintf("store: a row that is shared was changed: %s %d is %+v, was read as %+v", t.name, id, row, r))
		}
		return row.(*T), nil
	}
	if len(raw) <= maxPeekedRow {
		tx.store.peeked.put(k, peek{bytes.Clone(raw), r})
	}
	return r, nil
}
