package search

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"sportello/search/analysis"
	"sportello/search/query"
)

// maxTitleWords bounds the words of a title that look-alikes are found by.
const maxTitleWords = 12

// parseTitle makes a question of a title that is being typed: any of its words, the last one also as a beginning.
func parseTitle(text string) query.Parsed {
	text = strings.ToValidUTF8(analysis.CutBytes(text, 300), " ")
	var p query.Parsed
	list := analysis.Tokens(text)
	last, _ := utf8.DecodeLastRuneInString(text)
	open := text != "" && !unicode.IsSpace(last)
	for i := 0; i < len(list) && len(p.Clauses) < maxTitleWords; i++ {
		k := list[i]
		if k.Loose {
			continue
		}
		u := query.Unit{Kind: query.UnitWord, Term: k.Term}
		var parts query.Choice
		if k.Parts > 0 {
			u.Kind = query.UnitExact
			for _, part := range list[i+1 : min(len(list), i+1+k.Parts)] {
				parts.Units = append(parts.Units, query.Unit{Kind: query.UnitWord, Term: part.Term})
			}
			i += k.Parts // its parts follow
		}
		end := i == len(list)-1 && open
		if !end && u.Kind == query.UnitWord && (len(k.Term) < 2 || analysis.ItalianStops[k.Term] || analysis.EnglishStops[k.Term]) {
			continue
		}
		c := query.Clause{Choices: []query.Choice{{Units: []query.Unit{u}}}}
		if len(parts.Units) > 0 {
			c.Choices = append(c.Choices, parts)
		}
		if end && u.Kind == query.UnitWord {
			if utf8.RuneCountInString(k.Term) < analysis.MinPrefix {
				continue
			}
			c.Choices = append(c.Choices, query.Choice{Units: []query.Unit{{Kind: query.UnitPrefix, Term: k.Term}}})
		}
		p.Clauses = append(p.Clauses, c)
	}
	return p
}
