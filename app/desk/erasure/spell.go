package erasure

import (
	"regexp"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"sportello/store"
	"sportello/store/db"
	"sportello/store/key"
	"sportello/store/spelling"
)

// Omitted stands where something was erased, in both languages.
const Omitted = "[omissis]"

// least is how many letters a name has, and digits a number, that is looked for in what others wrote: anything shorter
// is found where nobody meant it.
const least = 6

// wordsOf returns what tells who the person is: their address, a name of more than one word, as it is and with the last name
// first, and the telephone number.
func wordsOf(email, name, phone string) (out []string) {
	add := func(s string) {
		if s != "" && !slices.Contains(out, s) {
			out = append(out, s)
		}
	}
	if strings.Contains(email, "@") {
		add(email)
	}
	if parts := strings.Fields(name); len(parts) > 1 && utf8.RuneCountInString(strings.Join(parts, "")) >= least {
		for i := range parts {
			add(strings.Join(slices.Concat(parts[i:], parts[:i]), " "))
		}
	}
	digits := 0
	for _, r := range phone {
		if unicode.IsDigit(r) {
			digits++
		}
	}
	if digits >= least {
		add(phone)
	}
	return out
}

// near returns for each word the longest run of letters and digits in it, in lower case: what a stored row must hold to be
// worth reading.
func near(words []string) (out [][]byte) {
	for _, w := range words {
		longest := ""
		for _, run := range strings.FieldsFunc(strings.ToLower(w), func(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsDigit(r) }) {
			if len(run) > len(longest) {
				longest = run
			}
		}
		if longest != "" {
			out = append(out, []byte(longest))
		}
	}
	return out
}

// eraser takes words out of texts.
type eraser struct {
	find *regexp.Regexp
	near []string
}

// newEraser returns the eraser of the words, nil when there are none. Capitals, the spaces between words, a comma after the first,
// and how an apostrophe is written make no difference.
func newEraser(words []string) *eraser {
	if len(words) == 0 {
		return nil
	}
	var ways []string
	for _, w := range words {
		parts := strings.Fields(w)
		for i, p := range parts {
			p = regexp.QuoteMeta(p)
			p = strings.NewReplacer("'", `(?:'|’|&#39;|&#x27;|&apos;|&rsquo;)`, "’", `(?:'|’|&#39;|&#x27;|&apos;|&rsquo;)`).Replace(p)
			parts[i] = p
		}
		ways = append(ways, strings.Join(parts, `,?(?:[\s\x{00a0}]|&nbsp;)+`))
	}
	slices.SortFunc(ways, func(a, b string) int { return len(b) - len(a) }) // the longest is tried first
	e := &eraser{find: regexp.MustCompile(`(?i)(?:` + strings.Join(ways, "|") + `)`)}
	for _, n := range near(words) {
		e.near = append(e.near, string(n))
	}
	return e
}

// clean returns the text with Omitted in the place of each word. A word that is part of a longer one is another.
func (e *eraser) clean(text string) string {
	if e == nil || text == "" {
		return text
	}
	low, is := strings.ToLower(text), false
	for _, n := range e.near {
		is = is || strings.Contains(low, n)
	}
	if !is {
		return text
	}
	var out strings.Builder
	from := 0
	for from < len(text) {
		at := e.find.FindStringIndex(text[from:])
		if at == nil {
			break
		}
		begin, end := from+at[0], from+at[1]
		before, _ := utf8.DecodeLastRuneInString(text[:begin])
		after, _ := utf8.DecodeRuneInString(text[end:])
		if begin > 0 && joins(before, text[begin:end]) || end < len(text) && joins(after, text[begin:end]) && after != '.' {
			_, size := utf8.DecodeRuneInString(text[begin:])
			out.WriteString(text[from : begin+size])
			from = begin + size
			continue
		}
		out.WriteString(text[from:begin])
		out.WriteString(Omitted)
		from = end
	}
	if from == 0 {
		return text
	}
	out.WriteString(text[from:])
	return out.String()
}

// joins reports whether the rune beside the word makes a longer word of it.
func joins(r rune, word string) bool {
	if unicode.IsLetter(r) || unicode.IsDigit(r) || unicode.IsMark(r) {
		return true
	}
	return strings.Contains(word, "@") && strings.ContainsRune("._+-", r)
}

// alike reports whether somebody else has the person's name.
func alike(tx *db.Tx, p *store.Person) (bool, error) {
	for other, err := range store.PeopleByName.PeekRows(tx, db.Span{Prefix: key.Of(spelling.Fold(p.Name))}) {
		if err != nil {
			return false, err
		}
		if other.ID != p.ID {
			return true, nil
		}
	}
	return false, nil
}
