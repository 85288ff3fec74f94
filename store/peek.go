package store

import "sync"

// peek is a decoded row with the bytes it was decoded from.
type peek struct {
	raw []byte
	row any
}

// maxPeeked bounds how many rows of a table Peek remembers.
const maxPeeked = 4096

// peeked holds the rows of one table that one store has decoded for Table.Peek.
type peeked struct {
	mu   sync.RWMutex
	rows map[uint64]peek
}

// newPeeked makes one for each table.
func newPeeked() map[string]*peeked {
	m := map[string]*peeked{}
	for _, t := range tables {
		m[t.Name()] = &peeked{}
	}
	return m
}

func (p *peeked) get(id uint64) (peek, bool) {
	p.mu.RLock()
	defer p.mu.RUnlock()
	row, ok := p.rows[id]
	return row, ok
}

func (p *peeked) put(id uint64, row peek) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.rows == nil || len(p.rows) >= maxPeeked {
		p.rows = map[uint64]peek{}
	}
	p.rows[id] = row
}
