package search

import (
	"encoding/binary"
	"strings"
	"time"

	"sportello/store"
)

// Beside its terms a document keeps its text in short, to be read back for the best of what was found: for each word
// two bytes of a hash of its stem, in order. Which words stand in the title, how often, how early and how near to each
// other is told by that without positions in the index, which would make it two and a half times as large, and
// without reading the texts themselves. The two bytes are no proof: what matches is decided by terms alone.
//
//	1 byte   the language, as languages counts them
//	4 bytes  minutes since 1970 of a ticket's last public change, 0 for an article
//	title, nearTitle, text, nearNotes, notes
//
// and of each word the hash with its highest bit set, or nearSmall.
const (
	nearSmall = 0x00 // a word that carries no meaning of its own
	nearBreak = 0x01 // what follows stands in another paragraph
	nearTitle = 0x02 // the title ends
	nearNotes = 0x03 // what the reader may read ends, unless notes may be read
	nearWhole = 0x04 // the next hash is of a code whose parts follow
)

const (
	nearHeader = 5
	nearMax    = 48 << 10 // bytes; a text longer than a book's chapter is known by its beginning
	nearGap    = 3        // positions that a new paragraph is away
)

// nearHash is what a term is known by: 15 bits.
func nearHash(term string) uint16 {
	h := uint32(2166136261)
	for i := 0; i < len(term); i++ {
		h = (h ^ uint32(term[i])) * 16777619
	}
	return uint16(h>>17) ^ uint16(h&0x7fff)
}

// nearWriter writes a document's text in short.
type nearWriter struct {
	language string
	out      []byte
}

func newNear(language string, changed time.Time) *nearWriter {
	w := &nearWriter{language: language, out: make([]byte, nearHeader, 512)}
	for i, l := range languages {
		if l == language {
			w.out[0] = byte(i)
		}
	}
	if !changed.IsZero() {
		binary.BigEndian.PutUint32(w.out[1:], uint32(min(max(1, changed.Unix()/60), 1<<32-1)))
	}
	return w
}

// text adds a piece of text; paragraphs are told apart by an empty line.
func (w *nearWriter) text(s string) {
	for paragraph := range strings.SplitSeq(cutBytes(s, maxField), "\n\n") {
		if len(w.out) > nearMax {
			return
		}
		before := len(w.out)
		scan(paragraph, func(t token) {
			if t.parts > 0 {
				w.out = append(w.out, nearWhole)
				w.hash(t.term)
				return
			}
			if s := stem(w.language, t.term); s != "" {
				w.hash(s)
				return
			}
			w.out = append(w.out, nearSmall)
		})
		if len(w.out) > before {
			w.out = append(w.out, nearBreak)
		}
	}
}

func (w *nearWriter) hash(term string) {
	h := nearHash(term)
	w.out = append(w.out, 0x80|byte(h>>8), byte(h))
}

// document writes title, public text and notes. The first public piece is the title.
func (w *nearWriter) document(p pieces) string {
	w.text(p.public[0])
	w.out = append(w.out, nearTitle)
	for _, s := range p.public[1:] {
		w.text(s)
	}
	if len(p.notes) > 0 {
		w.out = append(w.out, nearNotes)
		for _, s := range p.notes {
			w.text(s)
		}
	}
	return string(w.out)
}

// changedOf is the time that makes one ticket fresher than another.
func changedOf(t *store.Ticket) time.Time {
	if t.PublicUpdated.IsZero() {
		return t.Opened
	}
	return t.PublicUpdated
}
