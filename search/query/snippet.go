package query

import (
	"cmp"
	"html/template"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Snippet returns about n characters of the text, from where most of the words of the question are, on one line,
// escaped, the words in <mark>. Without any of the words it is the beginning of the text. The caller passes only text
// that the reader may see.
func Snippet(text string, p Parsed, language string, n int) template.HTML {
	r := p.Read(language)
	r.Add(text)
	return r.Snippet(n)
}

// Snippet is the function of the same name for what was added.
func (r *Reading) Snippet(n int) template.HTML {
	if n <= 0 {
		return ""
	}
	text, marks := r.text.String(), apart(r.marks)
	from, to := window(text, marks, n)
	var b strings.Builder
	if from > 0 {
		b.WriteString("… ")
	}
	at := from
	for _, m := range marks {
		if m.start < at || m.end > to {
			continue
		}
		writeLine(&b, text[at:m.start])
		b.WriteString("<mark>")
		writeLine(&b, text[m.start:m.end])
		b.WriteString("</mark>")
		at = m.end
	}
	writeLine(&b, text[at:to])
	if to < len(text) {
		return template.HTML(strings.TrimRight(b.String(), " ") + " …") // #nosec G203 -- writeLine escapes; the marks are ours
	}
	return template.HTML(b.String()) // #nosec G203 -- writeLine escapes; the marks are ours
}

// writeLine writes text escaped, each run of white space as one space, without controls.
func writeLine(b *strings.Builder, text string) {
	space := false
	for i, r := range text {
		if unicode.IsSpace(r) {
			space = true
			continue
		}
		if space {
			b.WriteByte(' ')
			space = false
		}
		switch {
		case unicode.IsControl(r) || r >= 0x202a && r <= 0x202e || r >= 0x2066 && r <= 0x2069:
		case r == '<' || r == '>' || r == '&' || r == '"' || r == '\'':
			b.WriteString(template.HTMLEscapeString(text[i : i+1]))
		default:
			b.WriteRune(r)
		}
	}
	if space {
		b.WriteByte(' ')
	}
}

// mark is a place in a text that was asked for; what says which of the question's terms it is.
type mark struct {
	start, end int
	what       int
}

// apart returns the marks in order, none overlapping.
func apart(all []mark) []mark {
	// An identifier's forms come in front of its parts, wherever they stand in it.
	slices.SortStableFunc(all, func(a, b mark) int { return cmp.Or(cmp.Compare(a.start, b.start), cmp.Compare(b.end, a.end)) })
	var out []mark
	for _, m := range all {
		last := len(out) - 1
		switch {
		case last < 0 || m.start >= out[last].end:
			out = append(out, m)
		case m.end > out[last].end: // pieces of one identifier that overlap are one
			out[last].end = m.end
		}
	}
	return out
}

// window returns the bytes of text to show: about n characters with the most different marks, cut between words.
func window(text string, marks []mark, n int) (from, to int) {
	if len(marks) > 0 {
		best := -1
		for i, m := range marks {
			seen := map[int]bool{}
			score := 0
			for _, o := range marks[i:] {
				if o.end-m.start > n {
					break
				}
				if !seen[o.what] {
					score += 10
				}
				seen[o.what] = true
				score++
			}
			if score > best {
				best, from = score, m.start
			}
			if i > 500 {
				break
			}
		}
		from = back(text, from, n/4)
	}
	to = from
	for count := 0; to < len(text) && count < n; count++ {
		_, w := utf8.DecodeRuneInString(text[to:])
		to += w
	}
	if to < len(text) {
		if i := strings.LastIndexFunc(text[from:to], unicode.IsSpace); i > (to-from)/2 {
			to = from + i
		}
	}
	for _, m := range marks { // never cut through a mark
		if m.start < to && m.end > to {
			to = m.end
		}
	}
	return from, to
}

// back returns the beginning of a word at most n bytes in front of i, the beginning of the text if that is near.
func back(text string, i, n int) int {
	if i <= n {
		return 0
	}
	from := i - n
	for from < i && !utf8.RuneStart(text[from]) {
		from++
	}
	if k := strings.IndexFunc(text[from:i], unicode.IsSpace); k >= 0 {
		_, w := utf8.DecodeRuneInString(text[from+k:])
		return from + k + w
	}
	return i
}
