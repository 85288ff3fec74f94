package search

import (
	"cmp"
	"fmt"
	"slices"

	"sportello/search/analysis"
	"sportello/search/query"
	"sportello/search/short"
)

// The best by their terms are put in order by what their texts tell.
const (
	refined   = 400 // documents whose texts are looked at
	codeWorth = 2.0 // of a code, beside a word that is as rare
)

// want prepares the reading of texts in short.
func (r *run) want() *short.Question {
	w := short.NewQuestion(len(analysis.Languages))
	for i, c := range r.parsed.Clauses {
		idf := 0.0
		for _, ch := range c.Choices {
			for _, u := range ch.Units {
				k := slices.Index(r.units, u)
				v := r.rarity(r.found[k]) * r.weights[k]
				if c.IsCode() {
					v *= codeWorth
				}
				idf = max(idf, v)
				if u.Kind == query.UnitPrefix {
					continue
				}
				for l, language := range analysis.Languages {
					for _, term := range []string{u.Term, analysis.Stem(language, u.Term)} {
						if term != "" {
							w.Ask(l, term, i)
						}
					}
				}
			}
		}
		w.Clause(idf, c.Optional)
	}
	return w
}

// refine orders the best of what was found by their texts in short, in front of all others. The text of a document is not
// read that cannot come among those that are shown, whatever stands in it: it stays behind them.
func (r *run) refine() error {
	best, err := r.best(refined)
	if err != nil || len(best) == 0 {
		return err
	}
	floor := best[len(best)-1].score
	w := r.want()
	units := r.unitsOf()
	most := r.shown()
	var t short.Spots
	var top []float64 // the most highest scores so far, the lowest first
	has, titled := make([]bool, len(r.parsed.Clauses)), make([]bool, len(r.parsed.Clauses))
	now := uint32(r.st.Now().Unix() / 60) // #nosec G115 -- minutes fit until the year 10136
	for n, c := range best {
		if n%32 == 0 {
			if err := r.ctx.Err(); err != nil {
				return err
			}
		}
		i, _ := slices.BinarySearch(c.part.list, c.doc)
		for k := range has {
			has[k] = c.part.has(c.doc, units[k])
			titled[k] = has[k] && (k >= maxTitled || c.part.titled[i]&(1<<k) != 0)
		}
		if len(top) == most && w.Most(has, titled) < top[0] {
			c.part.scores[i] = floor
			continue
		}
		score := 0.0
		err := c.part.Segment.VisitStoredFields(uint64(c.doc), func(field string, _ byte, value []byte, _ []uint64) bool {
			if field != fieldNear {
				return true
			}
			w.Read(&t, value, c.part.sight.notes.Contains(c.doc))
			score = w.Worth(&t, has, now)
			return false
		})
		if err != nil {
			return fmt.Errorf("search: read text in short: %w", err)
		}
		c.part.scores[i] = floor + score
		if len(top) == most {
			if score <= top[0] {
				continue
			}
			top = top[1:]
		}
		at, _ := slices.BinarySearch(top, score)
		top = slices.Insert(top, at, score)
	}
	return nil
}

// maxTitled is the number of clauses of which is known whether a title has them.
const maxTitled = 32

// shown returns how many of the best must have their place for certain: those of the page, and as many again, for an
// article may fall away for another version of it. It is the same for the pages that most people read.
func (r *run) shown() int {
	switch reach := max(0, r.q.Offset) + cmp.Or(max(0, r.q.Limit), defaultLimit); {
	case reach <= 25:
		return 50
	case reach <= 100:
		return 200
	}
	return refined
}

// unitsOf returns for each clause its choices, each as places in r.units.
func (r *run) unitsOf() [][][]int {
	out := make([][][]int, len(r.parsed.Clauses))
	for i, c := range r.parsed.Clauses {
		for _, ch := range c.Choices {
			var places []int
			for _, u := range ch.Units {
				places = append(places, slices.Index(r.units, u))
			}
			out[i] = append(out[i], places)
		}
	}
	return out
}

// has tells whether the document has all units of one of the choices.
func (p *partRun) has(doc uint32, choices [][]int) bool {
	for _, units := range choices {
		if !slices.ContainsFunc(units, func(k int) bool { return k < 0 || !p.units[k].Contains(doc) }) {
			return true
		}
	}
	return false
}
