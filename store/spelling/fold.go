package spelling

import (
	"strings"

	"golang.org/x/text/unicode/norm"
)

// Address returns the form in which e-mail addresses are kept and compared: trimmed, NFC, lower case.
func Address(s string) string { return strings.ToLower(norm.NFC.String(strings.TrimSpace(s))) }

// Fold returns the form in which names and titles are sorted and kept apart: NFKD without marks, lower case, single
// spaces. People are looked up by Forms.
func Fold(s string) string {
	var b strings.Builder
	for _, r := range norm.NFKD.String(s) {
		if r >= 0x300 && r <= 0x36f {
			continue
		}
		b.WriteRune(r)
	}
	return strings.Join(strings.Fields(strings.ToLower(b.String())), " ")
}

// Beginnings returns the beginnings under which PeopleByWord has everybody whom the text may name, the ones that
// the fewest people have; none for a text without words.
func Beginnings(text string) []string {
	var best []string
	for _, w := range strings.Fields(text) {
		var out []string
		if strings.Contains(w, "@") {
			out = []string{Address(w)}
		} else {
			for _, words := range Of(w) {
				longest := ""
				for _, x := range words {
					if len(x) > len(longest) {
						longest = x
					}
				}
				if longest != "" {
					out = append(out, longest)
				}
			}
		}
		if len(out) > 0 && (best == nil || len(out[0]) > len(best[0])) {
			best = out
		}
	}
	return best
}
