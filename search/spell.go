package search

import (
	"cmp"
	"math"
	"slices"

	"github.com/RoaringBitmap/roaring/v2"

	"sportello/search/analysis"
	"sportello/search/query"
)

const (
	leastLetters = 4    // of a word that is corrected
	mostLetters  = 30   //
	mostFixes    = 2    // words corrected in one question
	mostTried    = 4    // words looked up for it
	rare         = 5    // documents a word stands in that may be a slip all the same
	farMore      = 20.0 // times as many documents have the word that was perhaps meant
	mostGuesses  = 24   // words one letter away that are weighed
)

// fix is a word of the question and what was perhaps meant.
type fix struct {
	start, end int // bytes of the question
	word       string
}

// correct looks for words that nothing has which the reader may see, and in sure words one letter away that are known
// to the reader; with maybe also for words that little has, where another is far more frequent. What a reader knows
// stands in articles they may read, for an agent also in what requesters may read of tickets that are not confidential.
func (r *run) correct() (sure, maybe []fix, err error) {
	if r.parsed.Cleaned {
		return nil, nil, nil // positions are not those of what was typed
	}
	var known []*roaring.Bitmap
	tried := 0
	for i, c := range r.parsed.Clauses {
		u, ok := wordOf(c)
		if !ok || len(sure) == mostFixes {
			continue
		}
		n := r.foundMost(c)
		if n > rare || n > 0 && len(sure) > 0 {
			continue
		}
		if tried++; tried > mostTried {
			break
		}
		if known == nil {
			if known, err = r.known(); err != nil {
				return nil, nil, err
			}
		}
		word, others, err := r.nearest(i, u.Term, known)
		if err != nil {
			return nil, nil, err
		}
		f := fix{c.Start, c.End, word}
		switch {
		case word == "":
		case n == 0:
			sure = append(sure, f)
		case float64(others) >= farMore*float64(n) && len(maybe) == 0:
			maybe = append(maybe, f)
		}
	}
	if len(sure) > 0 {
		maybe = nil
	}
	return sure, maybe, nil
}

// known returns for each part the documents whose words the reader may be told.
func (r *run) known() ([]*roaring.Bitmap, error) {
	var out []*roaring.Bitmap
	for _, p := range r.parts {
		docs, err := p.sight.docs, error(nil)
		if !r.articlesAlone() {
			docs, err = r.q.Access.knows(p.Part, r.cat)
		}
		if err != nil {
			return nil, err
		}
		out = append(out, docs)
	}
	return out, nil
}

// knownField is where the words that a reader may be told are looked up.
func (a Access) knownField() string {
	if a.Agent || a.AllTickets {
		return fieldText
	}
	return fieldWord
}

// knownField is where the words are looked up that the reader of this question may be told: of one for articles alone,
// where those of articles are, which are few beside those of tickets.
func (r *run) knownField() string {
	if r.articlesAlone() {
		return fieldWord
	}
	return r.q.Access.knownField()
}

// nearest returns the word one letter away from the term that clause i was most likely meant to ask for, and how many
// documents have it; empty when there is none.
func (r *run) nearest(i int, term string, known []*roaring.Bitmap) (string, uint64, error) {
	field := r.knownField()
	type guess struct {
		word string
		n    uint64
	}
	var guesses []guess
	var err error
	analysis.Edits(term, func(word []byte) bool {
		if r.ctx.Err() != nil {
			err = r.ctx.Err()
			return false
		}
		n := uint64(0)
		for k, p := range r.parts {
			d, fail := p.Dict(field)
			if fail != nil {
				err = fail
				return false
			}
			if yes, _ := d.Contains(word); !yes { // an error is one of reading and will show below
				continue
			}
			docs, fail := p.Docs(field, string(word))
			if fail != nil {
				err = fail
				return false
			}
			n += docs.AndCardinality(known[k])
		}
		if n > 0 && !slices.ContainsFunc(guesses, func(g guess) bool { return g.word == string(word) }) {
			guesses = append(guesses, guess{string(word), n})
		}
		return true
	})
	if err != nil || len(guesses) == 0 {
		return "", 0, err
	}
	slices.SortFunc(guesses, func(a, b guess) int { return cmp.Or(cmp.Compare(b.n, a.n), cmp.Compare(a.word, b.word)) })
	guesses = guesses[:min(len(guesses), mostGuesses)]
	beside, err := r.beside(i, known)
	if err != nil {
		return "", 0, err
	}
	best, bestScore, bestN := "", -1.0, uint64(0)
	for _, g := range guesses {
		score := math.Log(float64(1 + g.n))
		if g.word[0] != term[0] {
			score -= 1 // the first letter is seldom the wrong one
		}
		together := uint64(0)
		for k, p := range r.parts {
			docs, err := p.Docs(field, g.word)
			if err != nil {
				return "", 0, err
			}
			together += docs.AndCardinality(beside[k])
		}
		score += 3 * math.Log(float64(1+together))
		if score > bestScore {
			best, bestScore, bestN = g.word, score, g.n
		}
	}
	return best, bestN, nil
}

// beside returns for each part the known documents that have everything else that is asked for and that anything has.
func (r *run) beside(i int, known []*roaring.Bitmap) ([]*roaring.Bitmap, error) {
	var out []*roaring.Bitmap
	for k, p := range r.parts {
		with := known[k].Clone()
		for j, c := range r.parsed.Clauses {
			if j == i || c.Optional || r.foundMost(c) == 0 || with.IsEmpty() {
				continue
			}
			others, err := r.clauseDocs(p, c)
			if err != nil {
				return nil, err
			}
			with.And(others)
		}
		out = append(out, with)
	}
	return out, nil
}

// foundMost returns how many documents have the one of the clause's units that most have.
func (r *run) foundMost(c query.Clause) (n uint64) {
	for _, ch := range c.Choices {
		for _, u := range ch.Units {
			if k := slices.Index(r.units, u); k >= 0 {
				n = max(n, r.found[k])
			}
		}
	}
	return n
}

// apply puts the fixes into the question.
func apply(text string, fixes []fix) string {
	out := text
	for k := len(fixes) - 1; k >= 0; k-- {
		f := fixes[k]
		if f.start < 0 || f.end > len(text) || f.start >= f.end {
			return text
		}
		out = out[:f.start] + f.word + out[f.end:]
	}
	return out
}

// wordOf returns the one word the clause asks for, if it is one that may be misspelt.
func wordOf(c query.Clause) (query.Unit, bool) {
	if c.Optional || c.Plus || c.End == 0 {
		return query.Unit{}, false
	}
	u := c.Choices[0].Units[0]
	if len(c.Choices[0].Units) > 1 || u.Kind != query.UnitWord || len(u.Term) < leastLetters || len(u.Term) > mostLetters {
		return query.Unit{}, false
	}
	for i := 0; i < len(u.Term); i++ {
		if u.Term[i] < 'a' || u.Term[i] > 'z' {
			return query.Unit{}, false
		}
	}
	return u, true
}
