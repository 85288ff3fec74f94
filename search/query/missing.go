package query

import "sportello/search/analysis"

// Missing returns how many of the words and phrases that a question needs are missing from the text; of a phrase all
// words must be there, in whatever order.
func Missing(text string, p Parsed, language string) int {
	type at struct{ clause, choice int }
	var all Parsed
	var where []at
	need := map[at]int{}
	needed := 0
	for i, c := range p.Clauses {
		if c.Optional {
			continue
		}
		needed++
		for k, ch := range c.Choices {
			need[at{i, k}] = len(ch.Units)
			for _, u := range ch.Units {
				all.Clauses = append(all.Clauses, Clause{Choices: []Choice{{Units: []Unit{u}}}})
				where = append(where, at{i, k})
			}
		}
	}
	seen := map[int]bool{}
	covered := map[int]bool{}
	all.hits(analysis.CutBytes(text, analysis.MaxField), ReaderLanguage(language), func(m mark) bool {
		if !seen[m.what] {
			seen[m.what] = true
			a := where[m.what]
			if need[a]--; need[a] == 0 {
				covered[a.clause] = true
			}
		}
		return false
	})
	return needed - len(covered)
}
