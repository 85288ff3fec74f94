package query

import (
	"strings"

	"sportello/search/analysis"
)

// Reading is the texts of one document being read for the words of a question, each text once: which of the words are
// there, and where they stand in what is shown.
type Reading struct {
	language string
	want     []wanted
	missing  []int // of each choice, how many of its units were not read yet
	covered  []bool
	left     int // clauses that are not covered

	text  strings.Builder // what was added
	marks []mark
}

// wanted is one unit of a question, with the choice and the clause it is of.
type wanted struct {
	unit           Unit
	stem           string
	choice, clause int
	read           bool
}

// Read begins to read a document in the language for the words that the question needs.
func (p *Parsed) Read(language string) *Reading {
	r := &Reading{language: ReaderLanguage(language), covered: make([]bool, len(p.Clauses))}
	for i, c := range p.Clauses {
		if c.Optional {
			continue
		}
		r.left++
		for _, ch := range c.Choices {
			for _, u := range ch.Units {
				w := wanted{unit: u, choice: len(r.missing), clause: i}
				if u.Kind == UnitWord {
					w.stem = analysis.Stem(r.language, u.Term)
				}
				r.want = append(r.want, w)
			}
			r.missing = append(r.missing, len(ch.Units))
		}
	}
	return r
}

// Add reads a text that is shown below those that were added before.
func (r *Reading) Add(text string) {
	at := r.text.Len()
	text = strings.ToValidUTF8(analysis.CutBytes(text, max(0, analysis.MaxField-at)), "\uFFFD")
	r.text.WriteString(text)
	r.look(text, func(t analysis.Token, w *wanted) { r.marks = append(r.marks, mark{at + t.Start, at + t.End, w.clause}) })
}

// Beside reads a text that is not shown: a title, the name of a file.
func (r *Reading) Beside(text string) {
	r.look(analysis.CutBytes(text, analysis.MaxField), func(analysis.Token, *wanted) {})
}

// Len returns the bytes of what was added.
func (r *Reading) Len() int { return r.text.Len() }

// Missing returns how many of the words and phrases that the question needs were not read; of a phrase all words must
// be there, in whatever order.
func (r *Reading) Missing() int { return r.left }

// look calls fn for each place where a unit stands.
func (r *Reading) look(text string, fn func(analysis.Token, *wanted)) {
	if len(r.want) == 0 {
		return
	}
	analysis.ScanForms(text, func(t analysis.Token) {
		stemmed := ""
		for i := range r.want {
			w := &r.want[i]
			hit := t.Term == w.unit.Term
			switch {
			case w.unit.Kind == UnitPrefix:
				hit = strings.HasPrefix(t.Term, w.unit.Term)
			case !hit && w.stem != "" && t.Parts == 0 && t.Term != "" && t.Term[0] == w.stem[0]: // a stem begins as its word does
				if stemmed == "" {
					stemmed = analysis.Stem(r.language, t.Term)
				}
				hit = stemmed == w.stem
			}
			if hit {
				r.found(w)
				fn(t, w)
			}
		}
	})
}

// found counts a unit that was read.
func (r *Reading) found(w *wanted) {
	if w.read {
		return
	}
	w.read = true
	if r.missing[w.choice]--; r.missing[w.choice] == 0 && !r.covered[w.clause] {
		r.covered[w.clause] = true
		r.left--
	}
}

// Missing returns how many of the words and phrases that a question needs are missing from the text.
func Missing(text string, p Parsed, language string) int {
	r := p.Read(language)
	r.Beside(text)
	return r.Missing()
}
