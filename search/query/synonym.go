package query

import (
	"slices"

	"sportello/search/analysis"
)

// synonyms are the sets of words that mean the same, by the stems of their words. They are put into a question, so that
// a change holds at once and nothing has to be indexed again.
type synonyms struct {
	first map[string][]synonym // by language and first stem
}

// synonym is one word, or several, and the others of its set.
type synonym struct {
	stems  []string
	others []Choice
}

const (
	maxOthers   = 12  // that one question's word is given
	maxAddition = 40  // that one question is given
	maxSynonyms = 500 // with the same first stem
)

// add takes in a set of a language.
func (s *synonyms) add(language string, set []string) {
	if s.first == nil {
		s.first = map[string][]synonym{}
	}
	if analysis.Lexicons[language] == nil {
		return
	}
	var all []synonym
	var choices []Choice
	for _, word := range set {
		var w synonym
		c := Choice{Other: true}
		skip := 0
		analysis.Scan(word, func(t analysis.Token) {
			switch {
			case skip > 0:
				skip--
			case t.Loose:
			case t.Parts > 0: // a code stands for its parts
				w.stems = append(w.stems, t.Term)
				c.Units = append(c.Units, Unit{UnitWord, t.Term})
				skip = t.Parts
			default:
				if stem := analysis.Stem(language, t.Term); stem != "" {
					w.stems = append(w.stems, stem)
					c.Units = append(c.Units, Unit{UnitWord, t.Term})
				}
			}
		})
		if len(w.stems) == 0 || len(w.stems) > 6 {
			continue
		}
		all, choices = append(all, w), append(choices, c)
	}
	for i, w := range all {
		for k, c := range choices {
			if k != i && !slices.Equal(c.Units, choices[i].Units) {
				w.others = append(w.others, c)
			}
		}
		if key := language + " " + w.stems[0]; len(w.others) > 0 && len(s.first[key]) < maxSynonyms {
			s.first[key] = append(s.first[key], w)
		}
	}
}

// put gives the words of a question the choice of what means the same. Words that were quoted, joined to a code, left
// open or insisted on mean themselves.
func (s *synonyms) put(p *Parsed) {
	if len(s.first) == 0 {
		return
	}
	added := 0
	terms := make([]string, len(p.Clauses))
	for i, c := range p.Clauses {
		u := c.Choices[0].Units[0]
		if c.End > 0 && !c.Plus && len(c.Choices[0].Units) == 1 && u.Kind == UnitWord {
			terms[i] = u.Term
		}
	}
	for _, language := range analysis.Languages {
		for i := range p.Clauses {
			if terms[i] == "" {
				continue
			}
			for _, w := range s.first[language+" "+analysis.Stem(language, terms[i])] {
				covered := matchStems(terms, i, w.stems, language)
				if covered == nil {
					continue
				}
				for _, o := range w.others {
					if added += len(covered) * len(o.Units); added > maxAddition {
						return
					}
					for _, k := range covered {
						if c := &p.Clauses[k]; len(c.Choices) < maxOthers {
							c.Choices = append(c.Choices, o)
						}
					}
				}
			}
		}
	}
}

// matchStems returns the clauses that make the stems when they are read from clause i on, nil when they do not. Small
// words in between are passed over.
func matchStems(terms []string, i int, stems []string, language string) []int {
	var covered []int
	for _, want := range stems {
		for ; i < len(terms) && len(covered) > 0 && terms[i] != "" && analysis.Stem(language, terms[i]) == ""; i++ {
		}
		if i >= len(terms) || terms[i] == "" || analysis.Stem(language, terms[i]) != want {
			return nil
		}
		covered = append(covered, i)
		i++
	}
	return covered
}
