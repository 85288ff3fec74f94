// Package short writes and reads texts in short, which documents keep beside their terms.
package short

import "sportello/search/analysis"

// Beside its terms a document keeps its text in short, to be read back for the best of what was found: for each word
// two bytes of a hash of its stem, in order. Which words stand in the title, how often, how early and how near to each
// other is told by that without positions in the index, which would make it two and a half times as large, and
// without reading the texts themselves. The two bytes are no proof: what matches is decided by terms alone.
//
//	1 byte   the language, as analysis.Languages counts them
//	4 bytes  minutes since 1970 of a ticket's last public change, 0 for an article
//	title, Title, text, Notes, notes
//
// and of each word the hash with its highest bit set, or Small.
const (
	Small = 0x00 // a word that carries no meaning of its own
	Break = 0x01 // what follows stands in another paragraph
	Title = 0x02 // the title ends
	Notes = 0x03 // what the reader may read ends, unless notes may be read
	Whole = 0x04 // the next hash is of a code whose parts follow
)

// The language and the minutes take Header bytes; a text in short has at most about Most.
const (
	Header = 5
	Most   = 48 << 10 // bytes; a text longer than a book's chapter is known by its beginning
)

// Hash is what a term is known by: 15 bits.
func Hash(term string) uint16 {
	h := uint32(2166136261)
	for i := 0; i < len(term); i++ {
		h = (h ^ uint32(term[i])) * 16777619
	}
	return uint16(h>>17) ^ uint16(h&0x7fff)
}

// Put appends the two bytes of a hash.
func Put(out []byte, h uint16) []byte { return append(out, 0x80|byte(h>>8), byte(h)) } // #nosec G115 -- the two bytes of h

// MayHave tells whether a text in short may have the words side by side; what it is too short to know may be.
func MayHave(near []byte, phrase []string, notes bool) bool {
	if len(near) < Header || int(near[0]) >= len(analysis.Languages) || len(near) > Most {
		return true
	}
	const gap, small = -1, -2
	want := make([]int32, len(phrase))
	for i, w := range phrase {
		want[i] = small
		if s := analysis.Stem(analysis.Languages[near[0]], w); s != "" {
			want[i] = int32(Hash(s))
		}
	}
	last := make([]int32, len(phrase)) // the words just read, a ring
	at, n := 0, 0
	for i := Header; i < len(near); i++ {
		word := int32(gap)
		switch b := near[i]; {
		case b&0x80 != 0 && i+1 < len(near):
			i++
			word = int32(b&0x7f)<<8 | int32(near[i])
		case b == Small:
			word = small
		case b == Whole:
			i += 2
			continue
		case b == Notes && !notes:
			return false
		case b == Break:
			continue // a phrase may go on in the next paragraph
		}
		last[at] = word
		at = (at + 1) % len(last)
		n++
		same := n >= len(want)
		for k := 0; same && k < len(want); k++ {
			same = last[(at+k)%len(last)] == want[k]
		}
		if same {
			return true
		}
	}
	return false
}
