// Package segment reads the parts of an index below the engine's own searches: dictionaries, postings, stored values and
// frequencies of one part at a time. What the engine's interfaces leave open is settled here.
package segment

import (
	"fmt"
	"sync"

	"github.com/RoaringBitmap/roaring/v2"
	"github.com/blevesearch/bleve/v2"
	"github.com/blevesearch/bleve/v2/index/scorch"
	index "github.com/blevesearch/bleve_index_api"
	segment "github.com/blevesearch/scorch_segment_api/v2"
)

// The index is read segment by segment, and what matches is worked out as bitmaps of document numbers: who may see
// what, filters, words and counts are then a few ANDs of whole posting lists, and it all runs in the caller's
// goroutine, where a panic over a damaged file can be caught. Bleve's own searchers start goroutines of their own.

// Snapshot is the index as it stands at one moment. It must be closed.
type Snapshot struct {
	Reader   index.IndexReader
	Segments []*Part
	memory   *Memory
}

// Take returns the index as it is now, with what memory keeps of its segments; nil keeps nothing.
func Take(ix bleve.Index, memory *Memory) (*Snapshot, error) {
	inner, err := ix.Advanced()
	if err != nil {
		return nil, fmt.Errorf("search: reach index: %w", err)
	}
	reader, err := inner.Reader()
	if err != nil {
		return nil, fmt.Errorf("search: read index: %w", err)
	}
	snap, ok := reader.(*scorch.IndexSnapshot)
	if !ok {
		return nil, fmt.Errorf("search: index is a %T", reader)
	}
	s := &Snapshot{Reader: reader, memory: memory}
	for _, seg := range snap.Segments() {
		s.Segments = append(s.Segments, &Part{Segment: seg.Segment(), Deleted: seg.Deleted()})
	}
	memory.lend(s.Segments)
	return s, nil
}

func (s *Snapshot) Close() error {
	s.memory.take(s.Segments)
	return s.Reader.Close()
}

// Part is one segment of a snapshot.
type Part struct {
	Segment segment.Segment
	Deleted *roaring.Bitmap
	*found
}

// found is what was found out about a segment, which never changes. One Part at a time has it.
type found struct {
	dicts map[string]segment.TermDictionary
	lacks map[[2]string]bool // fields and terms that Lacks was asked for
}

// Memory keeps what questions found out about segments for those that come later. The zero value is ready.
type Memory struct {
	mu   sync.Mutex
	free map[segment.Segment][]*found // of the segments of the snapshot taken last
}

// mostFree bounds what is kept of each segment: as many questions at a time find everything there.
const mostFree = 8

// lend gives each part what is known of its segment, and forgets segments that are gone.
func (m *Memory) lend(parts []*Part) {
	if m != nil {
		m.mu.Lock()
		defer m.mu.Unlock()
		if len(m.free) > len(parts) || m.free == nil {
			old := m.free
			m.free = make(map[segment.Segment][]*found, len(parts))
			for _, p := range parts {
				m.free[p.Segment] = old[p.Segment]
			}
		}
	}
	for _, p := range parts {
		if m != nil {
			if free := m.free[p.Segment]; len(free) > 0 {
				p.found, m.free[p.Segment] = free[len(free)-1], free[:len(free)-1]
				continue
			}
			if _, is := m.free[p.Segment]; !is {
				m.free[p.Segment] = nil
			}
		}
		p.found = &found{map[string]segment.TermDictionary{}, map[[2]string]bool{}}
	}
}

// take receives back what was lent, unless the segment has gone meanwhile.
func (m *Memory) take(parts []*Part) {
	if m == nil {
		return
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, p := range parts {
		if free, is := m.free[p.Segment]; is && len(free) < mostFree {
			m.free[p.Segment] = append(free, p.found)
		}
	}
}

// Lacks reports whether the segment was made without the term in the field. It is asked for few terms, the same at every
// question, and costs nothing from the second time on.
func (p *Part) Lacks(field, term string) (bool, error) {
	at := [2]string{field, term}
	lacks, known := p.lacks[at]
	if known {
		return lacks, nil
	}
	d, err := p.Dict(field)
	if err != nil {
		return false, err
	}
	has, err := d.Contains([]byte(term))
	if err != nil {
		return false, fmt.Errorf("search: look up in %s: %w", field, err)
	}
	p.lacks[at] = !has
	return !has, nil
}

func (p *Part) Dict(field string) (segment.TermDictionary, error) {
	d, ok := p.dicts[field]
	if !ok {
		var err error
		if d, err = p.Segment.Dictionary(field); err != nil {
			return nil, fmt.Errorf("search: read dictionary of %s: %w", field, err)
		}
		p.dicts[field] = d
	}
	return d, nil
}

func (p *Part) postings(field, term string) (segment.PostingsList, error) {
	d, err := p.Dict(field)
	if err != nil {
		return nil, err
	}
	list, err := d.PostingsList([]byte(term), p.Deleted, nil)
	if err != nil {
		return nil, fmt.Errorf("search: read postings of %s: %w", field, err)
	}
	return list, nil
}

// Docs returns the documents with the term in the field. The bitmap may be a part of the file: it must not be changed
// nor kept longer than the snapshot.
func (p *Part) Docs(field, term string) (*roaring.Bitmap, error) {
	list, err := p.postings(field, term)
	if err != nil {
		return nil, err
	}
	return bitmapOf(list)
}

func bitmapOf(list segment.PostingsList) (*roaring.Bitmap, error) {
	it, ok := list.Iterator(false, false, false, nil).(segment.OptimizablePostingsIterator)
	if !ok {
		return nil, fmt.Errorf("search: postings of type %T have no bitmap", list)
	}
	if n, ok := it.DocNum1Hit(); ok {
		return roaring.BitmapOf(uint32(n)), nil // #nosec G115 -- documents are counted in 32 bits
	}
	if b := it.ActualBitmap(); b != nil {
		return b, nil
	}
	return roaring.New(), nil
}

// Any returns the documents with any of the terms in the field, as a bitmap of the caller's own.
func (p *Part) Any(field string, terms ...string) (*roaring.Bitmap, error) {
	var all []*roaring.Bitmap
	for _, t := range terms {
		b, err := p.Docs(field, t)
		if err != nil {
			return nil, err
		}
		if !b.IsEmpty() {
			all = append(all, b)
		}
	}
	switch len(all) {
	case 0:
		return roaring.New(), nil
	case 1:
		return all[0].Clone(), nil
	}
	return roaring.FastOr(all...), nil
}

// Only returns what takes from a bitmap the documents that lack all the terms of one of the lists, and leaves its error as
// it is. Without lists it takes nothing; otherwise the bitmap it returns is the caller's own.
func (p *Part) Only(field string, lists [][]string) func(*roaring.Bitmap, error) (*roaring.Bitmap, error) {
	return func(docs *roaring.Bitmap, err error) (*roaring.Bitmap, error) {
		for _, terms := range lists {
			if err != nil {
				return nil, err
			}
			var has *roaring.Bitmap
			if has, err = p.Any(field, terms...); err == nil {
				docs = roaring.And(docs, has)
			}
		}
		return docs, err
	}
}

// Prefixed calls fn for the terms of the field that begin with the prefix, in order, until fn returns false.
func (p *Part) Prefixed(field, prefix string, fn func(term string) bool) error {
	return p.Ranged(field, []byte(prefix), prefixEnd(prefix), fn)
}

// Ranged calls fn for the terms of the field from one term on up to another, which is left out, in order, until fn
// returns false. Without an end it goes on to the last.
func (p *Part) Ranged(field string, from, end []byte, fn func(term string) bool) error {
	d, err := p.Dict(field)
	if err != nil {
		return err
	}
	it := d.AutomatonIterator(nil, from, end)
	for {
		e, err := it.Next()
		if err != nil {
			return fmt.Errorf("search: walk dictionary of %s: %w", field, err)
		}
		if e == nil || !fn(e.Term) {
			return nil
		}
	}
}

// prefixEnd returns the first key behind all that begin with the prefix, nil when there is none.
func prefixEnd(prefix string) []byte {
	for i := len(prefix) - 1; i >= 0; i-- {
		if prefix[i] != 0xff {
			end := []byte(prefix[:i+1])
			end[i]++
			return end
		}
	}
	return nil
}

// Values reads the field back for documents, which must come in rising order.
func (p *Part) Values(field string, docs roaring.IntIterable, fn func(doc uint32, value string)) error {
	v, ok := p.Segment.(segment.DocValueVisitable)
	if !ok {
		return fmt.Errorf("search: segment of type %T has no values", p.Segment)
	}
	var state segment.DocVisitState
	names := []string{field}
	for docs.HasNext() {
		doc := docs.Next()
		var err error
		state, err = v.VisitDocValues(uint64(doc), names, func(_ string, value []byte) { fn(doc, string(value)) }, state)
		if err != nil {
			return fmt.Errorf("search: read values of %s: %w", field, err)
		}
	}
	return nil
}

// Freqs calls fn for those documents of only that have the term, with how often, and how many terms the field has.
func (p *Part) Freqs(field, term string, only *roaring.Bitmap, fn func(doc uint32, freq uint64, length float64)) error {
	list, err := p.postings(field, term)
	if err != nil {
		return err
	}
	it := list.Iterator(true, true, false, nil)
	o, ok := it.(segment.OptimizablePostingsIterator)
	if !ok {
		return nil
	}
	if n, one := o.DocNum1Hit(); one {
		if !only.Contains(uint32(n)) { // #nosec G115 -- documents are counted in 32 bits
			return nil
		}
	} else {
		actual := o.ActualBitmap()
		if actual == nil {
			return nil
		}
		wanted := roaring.And(actual, only)
		if wanted.IsEmpty() {
			return nil
		}
		o.ReplaceActual(wanted)
	}
	for {
		post, err := it.Next()
		if err != nil {
			return err
		}
		if post == nil {
			return nil
		}
		norm := post.Norm()
		length := 1.0
		if norm > 0 {
			length = 1 / (norm * norm)
		}
		fn(uint32(post.Number()), post.Frequency(), length) // #nosec G115 -- documents are counted in 32 bits
	}
}
