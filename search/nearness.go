package search

import (
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

// refine orders the best of what was found by their texts in short, in front of all others.
func (r *run) refine() error {
	best, err := r.best(refined)
	if err != nil || len(best) == 0 {
		return err
	}
	floor := best[len(best)-1].score
	w := r.want()
	var t short.Spots
	has := make([]bool, len(r.parsed.Clauses))
	now := uint32(r.st.Now().Unix() / 60) // #nosec G115 -- minutes fit until the year 10136
	for n, c := range best {
		if n%32 == 0 {
			if err := r.ctx.Err(); err != nil {
				return err
			}
		}
		for i, cl := range r.parsed.Clauses {
			has[i] = r.has(c.part, c.doc, cl)
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
		i, _ := slices.BinarySearch(c.part.list, c.doc)
		c.part.scores[i] = floor + score
	}
	return nil
}

// has tells whether the document has one of the clause's choices.
func (r *run) has(p *partRun, doc uint32, c query.Clause) bool {
	for _, ch := range c.Choices {
		all := true
		for _, u := range ch.Units {
			k := slices.Index(r.units, u)
			if all = k >= 0 && p.units[k].Contains(doc); !all {
				break
			}
		}
		if all {
			return true
		}
	}
	return false
}
