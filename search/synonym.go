package search

import "slices"

// synonyms are the sets of words that mean the same, by the stems of their words. They are put into a question, so that
// a change holds at once and nothing has to be indexed again.
type synonyms struct {
	first map[string][]synonym // by language and first stem
}

// synonym is one word, or several, and the others of its set.
type synonym struct {
	stems  []string
	others []choice
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
	if lexicons[language] == nil {
		return
	}
	var all []synonym
	var choices []choice
	for _, word := range set {
		var w synonym
		c := choice{other: true}
		skip := 0
		scan(word, func(t token) {
			switch {
			case skip > 0:
				skip--
			case t.loose:
			case t.parts > 0: // a code stands for its parts
				w.stems = append(w.stems, t.term)
				c.units = append(c.units, unit{unitWord, t.term})
				skip = t.parts
			default:
				if stem := stem(language, t.term); stem != "" {
					w.stems = append(w.stems, stem)
					c.units = append(c.units, unit{unitWord, t.term})
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
			if k != i && !slices.Equal(c.units, choices[i].units) {
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
	terms := make([]string, len(p.clauses))
	for i, c := range p.clauses {
		u := c.choices[0].units[0]
		if c.end > 0 && !c.plus && len(c.choices[0].units) == 1 && u.kind == unitWord {
			terms[i] = u.term
		}
	}
	for _, language := range languages {
		for i := range p.clauses {
			if terms[i] == "" {
				continue
			}
			for _, w := range s.first[language+" "+stem(language, terms[i])] {
				covered := matchStems(terms, i, w.stems, language)
				if covered == nil {
					continue
				}
				for _, o := range w.others {
					if added += len(covered) * len(o.units); added > maxAddition {
						return
					}
					for _, k := range covered {
						if c := &p.clauses[k]; len(c.choices) < maxOthers {
							c.choices = append(c.choices, o)
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
		for ; i < len(terms) && len(covered) > 0 && terms[i] != "" && stem(language, terms[i]) == ""; i++ {
		}
		if i >= len(terms) || terms[i] == "" || stem(language, terms[i]) != want {
			return nil
		}
		covered = append(covered, i)
		i++
	}
	return covered
}
