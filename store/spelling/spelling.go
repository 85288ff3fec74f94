// Package spelling compares names as people type them. Names are looked up in one way everywhere: in the lists of
// people, while somebody types one, by whom a question names. People leave out apostrophes, hyphens, spaces and accents
// or put others in: d'angelo, d’angelo, dangelo, d angelo and angelo are all the beginning of D'Angelo.
package spelling

import (
	"slices"
	"strings"
	"unicode"

	"golang.org/x/text/unicode/norm"
)

const maxWords = 12 // of one name

// FoldLetter returns what the letter is compared as, where taking off its marks is not enough.
func FoldLetter(r rune) string {
	switch r {
	case 'ß', 'ẞ':
		return "ss"
	case 'æ', 'Æ':
		return "ae"
	case 'œ', 'Œ':
		return "oe"
	case 'ø', 'Ø':
		return "o"
	case 'đ', 'Đ', 'ð', 'Ð':
		return "d"
	case 'ł', 'Ł':
		return "l"
	case 'ı':
		return "i"
	}
	return ""
}

// umlauts are also written with two letters.
var umlauts = strings.NewReplacer("ä", "ae", "ö", "oe", "ü", "ue", "Ä", "ae", "Ö", "oe", "Ü", "ue")

// wordsOf returns the words of a name as they are compared: small letters and digits without marks.
func wordsOf(name string) []string {
	var b strings.Builder
	for _, r := range norm.NFKD.String(name) {
		switch s := FoldLetter(r); {
		case s != "":
			b.WriteString(s)
		case unicode.Is(unicode.Mn, r) || r == 0xad:
		case unicode.IsLetter(r) || unicode.IsNumber(r):
			b.WriteRune(unicode.ToLower(r))
		default:
			b.WriteByte(' ')
		}
	}
	return strings.Fields(b.String())
}

// Of returns the words of a name as they are compared, once more where it has letters that are also written with two.
func Of(name string) [][]string {
	name = norm.NFC.String(name)
	out := [][]string{wordsOf(name)}
	if other := umlauts.Replace(name); other != name {
		out = append(out, wordsOf(other))
	}
	return out
}

// Forms returns all that the beginning of a word may be compared with that is looked for in a name: its words, and
// two or three that stand side by side as one.
func Forms(name string) []string {
	var out []string
	for _, words := range Of(name) {
		words = words[:min(len(words), maxWords)]
		for i := range words {
			for n := 1; n <= 3 && i+n <= len(words); n++ {
				if form := strings.Join(words[i:i+n], ""); !slices.Contains(out, form) {
					out = append(out, form)
				}
			}
		}
	}
	return out
}

// Begins reports whether what somebody typed, in one of its spellings, begins some of the forms with each of its words.
func Begins(forms []string, typed string) bool {
	return slices.ContainsFunc(Of(typed), func(words []string) bool { return beginAll(forms, words) })
}

func beginAll(forms, words []string) bool {
	for _, w := range words {
		if !slices.ContainsFunc(forms, func(f string) bool { return strings.HasPrefix(f, w) }) {
			return false
		}
	}
	return true
}

// Same reports whether two names are the same to people who look them up.
func Same(a, b string) bool {
	for _, x := range Of(a) {
		for _, y := range Of(b) {
			if strings.Join(x, "") == strings.Join(y, "") && len(x) > 0 {
				return true
			}
		}
	}
	return false
}
