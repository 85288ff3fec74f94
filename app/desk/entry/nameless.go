package entry

import (
	"regexp"
	"slices"
	"strings"
	"unicode/utf8"
)

// left is what stands where a name stood.
const left = "[…]"

// personal finds what tells who somebody is, whatever they are called: addresses, telephone numbers, tax codes.
var personal = regexp.MustCompile(`(?i)[^\s<>()"',;:]+@[^\s<>()"',;:]+|\b[a-z]{6}\d{2}[a-z]\d{2}[a-z]\d{3}[a-z]\b|(\+\d{1,3}[ -]?\d|\b[03]\d)[\d -]{5,}\d`)

// Nameless returns the text without the names of people and their parts, without the names of places, and without what else
// tells who somebody is.
func Nameless(text string, people, places []string) string {
	names := slices.Clone(places)
	for _, name := range people {
		names = append(names, name)
		for _, part := range strings.Fields(name) {
			if utf8.RuneCountInString(part) > 2 {
				names = append(names, part)
			}
		}
	}
	slices.SortFunc(names, func(x, y string) int { return len(y) - len(x) }) // the longest first: others are parts of it
	text = personal.ReplaceAllString(text, left)
	for _, n := range slices.Compact(names) {
		if n == "" {
			continue
		}
		name := regexp.MustCompile(`(?i)(^|[^\p{L}\p{N}])` + strings.ReplaceAll(regexp.QuoteMeta(n), "'", "['’]") + `($|[^\p{L}\p{N}])`)
		for range 2 { // names side by side share what stands between them
			text = name.ReplaceAllString(text, "${1}"+left+"${2}")
		}
	}
	return strings.TrimSpace(text)
}
