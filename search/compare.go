package search

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"maps"
	"strings"
	"unicode/utf8"

	"github.com/RoaringBitmap/roaring/v2"
	"github.com/RoaringBitmap/roaring/v2/roaring64"

	"sportello/search/analysis"
	"sportello/search/query"
	"sportello/search/record"
	"sportello/search/segment"
	"sportello/store/db"
)

const (
	maxCompared = 2000   // documents that are made again from their rows
	newCompared = 500    // of them, the newest of each type
	maxLacking  = 20_000 // rows without a document that are looked at: those that are no matter for search, as spam
	maxFindings = 20
)

// traits are the fields that few terms share out among all documents: who may see what is decided by them, so what
// stands in them and should not is looked for as well. Of the texts that is told by the text in short.
var traits = []string{fieldAccess, fieldTag, fieldNumber, fieldDay, fieldWhen, fieldKey}

// ErrBehind is returned by Compare while the index is too far behind the store to be compared with it.
var ErrBehind = errors.New("search: the index is too far behind the store")

// Compare reports where the index differs from the rows it was made of: which document is lacking, which should not be
// there, and which does not say what its row says. Every row has to have its document; the documents themselves are
// made again, with the very analysis that made them, of the newest rows and of some from one end of the store to the
// other, in a small desk of all. Rows that changed since the index last came forward are left out. Compared is how many
// documents were made again.
func (ix *Index) Compare(ctx context.Context) (compared int, findings []string, err error) {
	h := ix.acquire()
	if h == nil {
		return 0, nil, errNoIndex
	}
	defer h.mu.RUnlock()
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("search: panic while comparing: %v", p)
		}
	}()
	snap, err := segment.Take(h.index, &h.memory)
	if err != nil {
		return 0, nil, err
	}
	defer func() { err = errors.Join(err, snap.Close()) }()
	c := comparison{ix: ix, snap: snap, ctx: ctx, places: make([]places, len(sources))}
	if err := c.readIDs(); err != nil {
		return 0, nil, err
	}
	err = ix.st.View(c.compare)
	return c.compared, c.findings, err
}

// place is where a document lies.
type place struct {
	part int
	doc  uint32
}

// places are those of all documents of one type: which there are, and where the ones lie that are compared.
type places struct {
	there roaring64.Bitmap
	at    map[uint64]place
}

type comparison struct {
	ctx      context.Context
	ix       *Index
	snap     *segment.Snapshot
	places   []places // as sources has their types
	compared int
	findings []string
}

func (c *comparison) find(format string, args ...any) {
	switch len(c.findings) {
	case maxFindings:
		c.findings = append(c.findings, "and more")
	default:
		if len(c.findings) < maxFindings {
			c.findings = append(c.findings, fmt.Sprintf(format, args...))
		}
	}
}

// documentName is how people call what a document is of.
func documentName(row source) string {
	if sources[row.kind].name == query.TypeArticle {
		return fmt.Sprintf("the article's version %d", row.id)
	}
	if _, is := record.Of(sources[row.kind].name); is {
		number, language := record.Row(row.id)
		return fmt.Sprintf("%s %d (%s)", sources[row.kind].name, number, language)
	}
	return fmt.Sprintf("%s %d", sources[row.kind].name, row.id)
}

// each calls fn for every document that is not taken out.
func (c *comparison) each(fn func(row source, at place)) error {
	for k, p := range c.snap.Segments {
		for doc := range uint32(p.Segment.Count()) { // #nosec G115 -- documents are counted in 32 bits
			if p.Deleted != nil && p.Deleted.Contains(doc) {
				continue
			}
			if doc%4096 == 0 && c.ctx.Err() != nil {
				return c.ctx.Err()
			}
			name, id, err := rowID(p, doc)
			if err != nil {
				return err
			}
			for kind := range sources {
				if sources[kind].name == name {
					fn(source{kind, id}, place{k, doc})
				}
			}
		}
	}
	return nil
}

func (c *comparison) readIDs() error {
	return c.each(func(row source, _ place) {
		if !c.places[row.kind].there.CheckedAdd(row.id) {
			c.find("%s stands in the index twice", documentName(row))
		}
	})
}

func (c *comparison) compare(tx *db.Tx) error {
	tx.PastDamage()
	late, err := c.changedSince(tx)
	if err != nil {
		return err
	}
	chosen := make([]map[uint64]bool, len(sources))
	for kind := range sources {
		last := sources[kind].last(tx)
		chosen[kind] = chooseRows(last)
		for id := range late[kind] {
			delete(chosen[kind], id)
		}
		if there := &c.places[kind].there; !there.IsEmpty() && there.Maximum() > last && !has(late[kind], there.Maximum()) {
			c.find("the index has %s, which is not there", documentName(source{kind, there.Maximum()}))
		}
		c.places[kind].at = map[uint64]place{}
	}
	if err := c.each(func(row source, at place) {
		if chosen[row.kind][row.id] {
			c.places[row.kind].at[row.id] = at
		}
	}); err != nil {
		return err
	}
	m, n := c.ix.maker(tx), 0
	again := func(row source) (*draft, error) {
		if n++; n%500 == 0 { // the words it has met need not all be kept
			m = c.ix.maker(tx)
		}
		return sources[row.kind].make(m, row.id)
	}
	made := newMadeAgain(len(c.snap.Segments))
	for kind := range sources {
		for _, id := range sortedKeys(chosen[kind]) {
			if err := c.ctx.Err(); err != nil {
				return err
			}
			row := source{kind, id}
			d, err := again(row)
			if err != nil {
				continue // a row that cannot be read has no document; that it cannot is the store's to tell
			}
			at, there := c.places[kind].at[id]
			switch {
			case d.doc == nil && there:
				c.find("the index has %s, which is not to be found", documentName(row))
			case d.doc != nil && !there:
				c.find("the index lacks %s", documentName(row))
			case there:
				c.compared++
				if err := c.document(d, at, documentName(row), made); err != nil {
					return err
				}
			}
		}
		if err := c.lacking(kind, sources[kind].last(tx), late[kind], chosen[kind], again); err != nil {
			return err
		}
	}
	return c.beyond(made)
}

func has(m map[uint64]struct{}, id uint64) bool { _, ok := m[id]; return ok }

// changedSince returns the rows that the index need not know yet.
func (c *comparison) changedSince(tx *db.Tx) (late []map[uint64]struct{}, err error) {
	raw, err := c.snap.Reader.GetInternal(keySeq)
	if err != nil || len(raw) != 8 {
		return late, errors.Join(errors.New("search: the index does not say how far it came"), err)
	}
	for range sources {
		late = append(late, map[uint64]struct{}{})
	}
	for seq, n := binary.BigEndian.Uint64(raw), 0; seq < tx.LastChange(); n++ {
		if n == 5 {
			return late, ErrBehind
		}
		w, err := c.ix.readChanges(tx, seq)
		if err != nil {
			return late, err
		}
		for kind, ids := range w.rows() {
			maps.Copy(late[kind], ids)
		}
		seq = w.last
	}
	return late, nil
}

// chooseRows returns all rows up to the last, or where there are many the newest and some of all others.
func chooseRows(last uint64) map[uint64]bool {
	out := map[uint64]bool{}
	step := max(1, last/(maxCompared-newCompared))
	for id := uint64(1); id <= last; id += step {
		out[id] = true
	}
	for id := last - min(last, newCompared) + 1; id <= last; id++ {
		out[id] = true
	}
	return out
}

// lacking looks for rows that have no document and should, the newest first.
func (c *comparison) lacking(kind int, last uint64, late map[uint64]struct{}, chosen map[uint64]bool, again func(source) (*draft, error)) error {
	looked := 0
	for id := last; id > 0 && looked < maxLacking; id-- {
		if c.places[kind].there.Contains(id) || chosen[id] || has(late, id) {
			continue
		}
		if err := c.ctx.Err(); err != nil {
			return err
		}
		looked++
		if d, err := again(source{kind, id}); err == nil && d.doc != nil {
			c.find("the index lacks %s", documentName(source{kind, id}))
		}
	}
	return nil
}

// madeAgain remembers of the documents that were compared how many terms they have in each trait.
type madeAgain struct {
	docs  []*roaring.Bitmap // in each segment
	names map[place]string
	terms map[string]map[place]int // by trait
}

func newMadeAgain(segments int) *madeAgain {
	m := &madeAgain{names: map[place]string{}, terms: map[string]map[place]int{}}
	for range segments {
		m.docs = append(m.docs, roaring.New())
	}
	for _, name := range traits {
		m.terms[name] = map[place]int{}
	}
	return m
}

// document looks whether what was made again stands in the index.
func (c *comparison) document(d *draft, at place, name string, made *madeAgain) error {
	p := c.snap.Segments[at.part]
	made.docs[at.part].Add(at.doc)
	made.names[at] = name
	var short, kept []byte
	for _, f := range d.doc.Fields {
		w, ok := f.(*wordField)
		if !ok {
			short = f.Value() // fieldNear, the only one that is no words
			continue
		}
		if trait, is := made.terms[w.name]; is {
			trait[at] = len(w.words)
		}
		for _, n := range w.words {
			term := w.from.words[n].text
			docs, err := p.Docs(w.name, term)
			if err != nil {
				return err
			}
			if !docs.Contains(at.doc) {
				c.find("%s is not found by what stands in it (%s %q)", name, w.name, term)
				return nil
			}
		}
	}
	if err := p.Segment.VisitStoredFields(uint64(at.doc), func(field string, _ byte, value []byte, _ []uint64) bool {
		if field == fieldNear {
			kept = bytes.Clone(value)
		}
		return true
	}); err != nil {
		return fmt.Errorf("search: read stored fields: %w", err)
	}
	if !bytes.Equal(kept, short) {
		c.find("the index knows another text of %s", name)
	}
	return nil
}

// beyond looks whether the compared documents have terms in their traits that they should not have.
func (c *comparison) beyond(made *madeAgain) error {
	for _, name := range traits {
		has := map[place]int{}
		for k, p := range c.snap.Segments {
			if made.docs[k].IsEmpty() {
				continue
			}
			if err := c.ctx.Err(); err != nil {
				return err
			}
			var fail error
			err := p.Prefixed(name, "", func(term string) bool {
				var docs *roaring.Bitmap
				if docs, fail = p.Docs(name, term); fail != nil {
					return false
				}
				for it := roaring.And(docs, made.docs[k]).Iterator(); it.HasNext(); {
					has[place{k, it.Next()}]++
				}
				return true
			})
			if err := errors.Join(fail, err); err != nil {
				return err
			}
		}
		for at, n := range has {
			if n != made.terms[name][at] {
				c.find("%s has more under %s in the index than it should", made.names[at], name)
			}
		}
	}
	return nil
}

// Words returns up to n words of the text as they stand there, the first ones that mean something: a question made of
// them finds the text, whatever it is written in, for they are taken out of it as the index takes them.
func Words(text string, n int) []string {
	var out []string
	seen := map[string]bool{}
	text = analysis.CutBytes(strings.ToValidUTF8(text, " "), query.MaxQuestion)
	analysis.Scan(text, func(t analysis.Token) {
		word := text[t.Start:t.End]
		small := analysis.ItalianStops[t.Term] || analysis.EnglishStops[t.Term] || utf8.RuneCountInString(t.Term) < 3
		if t.Parts > 0 || small && !isIdeographText(word) || seen[t.Term] || len(out) == n || len(word) > analysis.MaxTerm {
			return
		}
		// Asked alone, a word has to be the word it was beside its neighbours.
		if again := analysis.Tokens(word); len(again) == 1 && again[0].Term == t.Term {
			seen[t.Term] = true
			out = append(out, word)
		}
	})
	return out
}

func isIdeographText(word string) bool {
	r, _ := utf8.DecodeRuneInString(word)
	return analysis.IsIdeograph(r)
}
