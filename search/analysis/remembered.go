package analysis

import (
	"strings"
	"unicode/utf8"
)

// Remembering is one way in which an identifier may stand in a text: terms that all have to be there.
type Remembering struct {
	Terms []string
	Open  bool // the last term may be only the beginning of one
}

// Remember returns the ways in which an identifier that was typed may stand in a text, beside its whole.
func Remember(text string) []Remembering {
	var out []Remembering
	add := func(terms ...string) {
		if len(terms) > 0 {
			out = append(out, Remembering{Terms: terms})
		}
	}
	s := scanner{text: text, forms: true}
	var parts, atoms []string
	complete, runs := true, 0
	last := "" // beginning of the last pair that may be unfinished
	s.emit = func(k Token) {
		if k.Loose {
			complete = false
		}
	}
	s.each = func(a, b int) {
		runs++
		s.atoms = s.atoms[:0]
		for k := a; k < b; k++ {
			s.atoms = appendAtoms(s.atoms, s.text, s.parts[k], k)
			if k > a {
				parts = appendPair(parts, s.parts[k-1].Term, s.parts[k].Term)
			}
		}
		for i := 1; i < len(s.atoms); i++ {
			atoms = appendPair(atoms, s.atoms[i-1].term, s.atoms[i].term)
		}
		if n := len(s.atoms); n > 1 && IsLetters(s.atoms[n-1].term) {
			last = pair(s.atoms[n-2].term, s.atoms[n-1].term)
		}
		if b-a > 1 {
			for _, n := range amounts(s.parts[a:b], s.seps[a:b-1]) {
				if strings.Contains(n, ".") || len(out) == 0 { // the amount, not the amount without its cents
					add(n)
				}
			}
		}
		if b-a == 1 && a == 0 {
			if n := nationalNumber(s.parts[a].Term); n != "" {
				add(n)
			}
		}
	}
	s.scan()
	if !complete || runs != 1 || strings.HasSuffix(text, "*") {
		return out
	}
	add(parts...)
	if len(atoms) != len(parts) {
		add(atoms...)
	}
	if len(last) > MinPrefix && len(atoms) > 0 && atoms[len(atoms)-1] == last {
		out = append(out, Remembering{Terms: atoms, Open: true})
	}
	return out
}

func appendPair(out []string, left, right string) []string {
	if p := pair(left, right); p != "" && len(p) <= MaxTerm && len(out) < maxPairs {
		out = append(out, p)
	}
	return out
}

// Grouped calls found with each number that stands in groups, IT60 X054 2811, in the ways in which it may be one term:
// the term, where that begins, and where the groups end.
func Grouped(text string, found func(term string, start, end int)) {
	for i := 0; i < len(text); {
		if text[i] >= utf8.RuneSelf || !IsWord(rune(text[i])) {
			i++
			continue
		}
		if r, ok := rowAt(text, i, true); ok {
			found(r.term, i, r.end)
			for n, tail := range r.tails {
				found(tail, r.start[n], r.end)
			}
			i = r.end
			continue
		}
		for i < len(text) && text[i] < utf8.RuneSelf && IsWord(rune(text[i])) {
			i++
		}
	}
}
