package store

import (
	"slices"
	"strings"
	"unicode"

	"golang.org/x/text/unicode/norm"
)

// Names of people are looked up in one way everywhere: in the lists of people, while somebody types one, by whom a
// question names. People leave out apostrophes, hyphens, spaces and accents or put others in: d'angelo, d’angelo,
// dangelo, d angelo and angelo are all the beginning of D'Angelo.

const maxNameWords = 12 // of one name

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

// nameWords returns the words of a name as they are compared: small letters and digits without marks.
func nameWords(name string) []string {
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

// spellings are the words of a name, once more where it has letters that are also written with two.
func spellings(name string) [][]string {
	name = norm.NFC.String(name)
	out := [][]string{nameWords(name)}
	if other := umlauts.Replace(name); other != name {
		out = append(out, nameWords(other))
	}
	return out
}

// NameForms returns all that the beginning of a word may be compared with that is looked for in a name: its words, and
// two or three that stand side by side as one.
func NameForms(name string) []string {
	var out []string
	for _, words := range spellings(name) {
		words = words[:min(len(words), maxNameWords)]
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

// forms are what the person is found by beside the whole address.
func (p *Person) forms() []string {
	out := NameForms(p.Name)
	local, _, _ := strings.Cut(p.Email, "@")
	for _, f := range NameForms(local) {
		if !slices.Contains(out, f) {
			out = append(out, f)
		}
	}
	return out
}

// Named reports whether every word of the text begins a word of the person's name, or the address.
func (p *Person) Named(text string) bool {
	var forms []string
	for _, w := range strings.Fields(text) {
		if strings.HasPrefix(p.Email, Address(w)) {
			continue
		}
		if strings.Contains(w, "@") {
			return false
		}
		if forms == nil {
			forms = p.forms()
		}
		if !slices.ContainsFunc(spellings(w), func(words []string) bool { return beginAll(forms, words) }) {
			return false
		}
	}
	return true
}

func beginAll(forms, words []string) bool {
	for _, w := range words {
		if !slices.ContainsFunc(forms, func(f string) bool { return strings.HasPrefix(f, w) }) {
			return false
		}
	}
	return true
}

// SameName reports whether two names are the same to people who look them up.
func SameName(a, b string) bool {
	for _, x := range spellings(a) {
		for _, y := range spellings(b) {
			if strings.Join(x, "") == strings.Join(y, "") && len(x) > 0 {
				return true
			}
		}
	}
	return false
}

// NameBeginnings returns the beginnings under which PeopleByWord has everybody whom the text may name, the ones that
// the fewest people have; none for a text without words.
func NameBeginnings(text string) []string {
	var best []string
	for _, w := range strings.Fields(text) {
		var out []string
		if strings.Contains(w, "@") {
			out = []string{Address(w)}
		} else {
			for _, words := range spellings(w) {
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
