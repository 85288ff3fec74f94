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

// near writes a text in short: what stands in front of byte title, what stands behind, and notes.
func near(public *reading, title int, notes *reading, changed time.Time) []byte {
	out := make([]byte, nearHeader, nearHeader+2*len(public.tokens)+16)
	out[0] = byte(public.language) // #nosec G115 -- one of a few languages
	if !changed.IsZero() {
		binary.BigEndian.PutUint32(out[1:], uint32(min(max(1, changed.Unix()/60), 1<<32-1)))
	}
	n := public.count(title)
	out = public.short(out, 0, n)
	out = append(out, nearTitle)
	out = public.short(out, n, len(public.tokens))
	if notes != nil && len(notes.tokens) > 0 {
		out = append(out, nearNotes)
		out = notes.short(out, 0, len(notes.tokens))
	}
	return out
}

// short appends tokens from to to.
func (r *reading) short(out []byte, from, to int) []byte {
	end := uint32(0)
	for i := from; i < to && len(out) <= nearMax; i++ {
		t := &r.tokens[i]
		if t.form {
			continue
		}
		if i > from && t.start > end && strings.Contains(r.text[end:t.start], "\n\n") {
			out = append(out, nearBreak)
		}
		end = max(end, t.end)
		switch {
		case t.whole:
			out = nearPut(append(out, nearWhole), r.words[t.word].near)
		case t.stem == 0:
			out = append(out, nearSmall)
		default:
			out = nearPut(out, r.words[t.stem].near)
		}
	}
	return out
}

func nearPut(out []byte, h uint16) []byte { return append(out, 0x80|byte(h>>8), byte(h)) } // #nosec G115 -- the two bytes of h

// changedOf is the time that makes one ticket fresher than another.
func changedOf(t *store.Ticket) time.Time {
	if t.PublicUpdated.IsZero() {
		return t.Opened
	}
	return t.PublicUpdated
}
