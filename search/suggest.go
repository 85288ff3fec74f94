package search

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// maxTitleWords bounds the words of a title that look-alikes are found by.
const maxTitleWords = 12

// parseTitle makes a question of a title that is being typed: any of its words, the last one also as a beginning.
func parseTitle(text string) Parsed {
	text = strings.ToValidUTF8(cutBytes(text, 300), " ")
	var p Parsed
	list := tokens(text)
	last, _ := utf8.DecodeLastRuneInString(text)
	open := text != "" && !unicode.IsSpace(last)
	for i := 0; i < len(list) && len(p.clauses) < maxTitleWords; i++ {
		k := list[i]
		if k.loose {
			continue
		}
		u := unit{unitWord, k.term}
		var parts choice
		if k.parts > 0 {
			u.kind = unitExact
			for _, part := range list[i+1 : min(len(list), i+1+k.parts)] {
				parts.units = append(parts.units, unit{unitWord, part.term})
			}
			i += k.parts // its parts follow
		}
		end := i == len(list)-1 && open
		if !end && u.kind == unitWord && (len(k.term) < 2 || italianStops[k.term] || englishStops[k.term]) {
			continue
		}
		c := clause{choices: []choice{{units: []unit{u}}}}
		if len(parts.units) > 0 {
			c.choices = append(c.choices, parts)
		}
		if end && u.kind == unitWord {
			if utf8.RuneCountInString(k.term) < minPrefix {
				continue
			}
			c.choices = append(c.choices, choice{units: []unit{{unitPrefix, k.term}}})
		}
		p.clauses = append(p.clauses, c)
	}
	return p
}
