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

// How many rows of a table, and of how many bytes, the newer half of what Peek remembers may have.
const (
	maxPeeked      = 2200
	maxPeekedBytes = 1536 << 10
	maxPeekedRow   = 32 << 10 // a longer row is decoded each time
)

// peeked holds the rows of one table that one store has decoded for Table.Peek, or for Table.Glance. When the newer half
// is full it becomes the older one, whose rows come forward when they are asked for again; the others are forgotten.
type peeked struct {
	mu    sync.RWMutex
	newer map[uint64]peek
	older map[uint64]peek
	bytes int // of newer
}

// rowsKept are the decoded rows of one table.
type rowsKept struct{ whole, near peeked }

// newPeeked makes one for each table.
func (s *Schema) newPeeked() map[string]*rowsKept {
	m := map[string]*rowsKept{}
	for _, t := range s.Tables {
		m[t.Name()] = &rowsKept{}
	}
	return m
}

// Forget drops every decoded row that is kept, so that each is decoded again.
func (s *Store) Forget() {
	for _, of := range s.peeked {
		of.whole.forget()
		of.near.forget()
	}
}

func (p *peeked) forget() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.newer, p.older, p.bytes = nil, nil, 0
}

func (p *peeked) get(id uint64, raw []byte) (any, bool) {
	p.mu.RLock()
	row, ok := p.newer[id]
	old := false
	if !ok {
		row, old = p.older[id]
	}
	p.mu.RUnlock()
	if !ok && !old || !bytes.Equal(row.raw, raw) {
		return nil, false
	}
	if old {
		p.put(id, row)
	}
	return row.row, true
}

func (p *peeked) put(id uint64, row peek) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.newer == nil || len(p.newer) >= maxPeeked || p.bytes >= maxPeekedBytes {
		p.older, p.newer, p.bytes = p.newer, map[uint64]peek{}, 0
	}
	p.newer[id] = row
	p.bytes += len(row.raw)
}

// kept returns the decoded row for the bytes, which are all of the row or its nearer part: one that was decoded before,
// or a new one.
func (t *Table[T]) kept(tx *Tx, id uint64, raw []byte, near bool) (*T, error) {
	of := tx.store.peeked[t.name]
	rows := &of.whole
	if near {
		rows = &of.near
	}
	row, ok := rows.get(id, raw)
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
		rows.put(id, peek{bytes.Clone(raw), r})
	}
	return r, nil
}
