package condition

import (
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
)

// Parse reads a condition over the fields. Blank text is the condition that always holds. The error is an *Error with the
// first place that cannot be read.
func Parse(text string, fields Fields) (Condition, error) {
	r := reader{text: text, fields: fields}
	if len(text) > MaxLength {
		return Condition{}, &Error{TooLong, MaxLength, len(text), ""}
	}
	for i, c := range text {
		if c == utf8.RuneError && !strings.HasPrefix(text[i:], "\uFFFD") || unicode.IsControl(c) && !unicode.IsSpace(c) {
			return Condition{}, &Error{NotText, i, i + 1, ""}
		}
	}
	r.blanks()
	if r.at == len(text) {
		return Condition{}, nil
	}
	root, err := r.either(0)
	if err == nil && r.at < len(text) { // only a closing bracket ends a condition before its text does
		err = &Error{ClosedBracket, r.at, r.at + 1, ")"}
	}
	if err != nil {
		return Condition{}, err
	}
	return Condition{root, r.names}, nil
}

type reader struct {
	text          string
	at            int
	fields        Fields
	names         []string
	tests, values int
}

func (r *reader) blanks() {
	rest := strings.TrimLeftFunc(r.text[r.at:], unicode.IsSpace)
	r.at = len(r.text) - len(rest)
}

// word reads one of the words that join tests, when it stands next and alone.
func (r *reader) word(is string) bool {
	rest := r.text[r.at:]
	if len(rest) < len(is) || !strings.EqualFold(rest[:len(is)], is) {
		return false
	}
	if next, _ := utf8.DecodeRuneInString(rest[len(is):]); len(rest) > len(is) && !unicode.IsSpace(next) && next != '(' && next != '-' {
		return false
	}
	// A field may bear the name of such a word: it is one when an operator follows.
	if after := strings.TrimLeftFunc(rest[len(is):], unicode.IsSpace); after != "" && strings.ContainsRune(":=!<>", rune(after[0])) {
		return false
	}
	r.at += len(is)
	r.blanks()
	return true
}

func (r *reader) either(depth int) (node, error) {
	if depth > MaxDepth {
		return node{}, &Error{TooDeep, r.at, min(r.at+1, len(r.text)), ""}
	}
	var parts []node
	for {
		n, err := r.both(depth)
		if err != nil {
			return node{}, err
		}
		parts = joined(anyOf, parts, n)
		if !r.word("or") {
			break
		}
	}
	return single(anyOf, parts), nil
}

func (r *reader) both(depth int) (node, error) {
	var parts []node
	for {
		n, err := r.unary(depth)
		if err != nil {
			return node{}, err
		}
		parts = joined(all, parts, n)
		if r.word("and") {
			continue
		}
		if at := r.at; r.at == len(r.text) || r.text[r.at] == ')' || r.word("or") {
			r.at = at
			return single(all, parts), nil
		}
	}
}

// joined adds a part; what is joined the same way is taken apart, so that one meaning has one tree.
func joined(how join, parts []node, n node) []node {
	if n.join == how {
		return append(parts, n.parts...)
	}
	return append(parts, n)
}

func single(how join, parts []node) node {
	if len(parts) == 1 {
		return parts[0]
	}
	return node{join: how, parts: parts}
}

func not(n node) node {
	if n.join == none {
		return n.parts[0]
	}
	return node{join: none, parts: []node{n}}
}

func (r *reader) unary(depth int) (node, error) {
	minus := false
	for { // any number of minuses, without going deeper
		if strings.HasPrefix(r.text[r.at:], "-") {
			r.at++
			r.blanks()
		} else if !r.word("not") {
			break
		}
		minus = !minus
	}
	n, err := r.plain(depth)
	if err == nil && minus {
		n = not(n)
	}
	return n, err
}

func (r *reader) plain(depth int) (node, error) {
	if !strings.HasPrefix(r.text[r.at:], "(") {
		return r.test()
	}
	open := r.at
	r.at++
	r.blanks()
	n, err := r.either(depth + 1)
	if err != nil {
		return node{}, err
	}
	if r.at == len(r.text) {
		return node{}, &Error{OpenBracket, open, open + 1, "("}
	}
	r.at++ // either ends at a closing bracket or at the end
	r.blanks()
	return n, nil
}

func inName(c rune) bool {
	return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || c == '_' || c == '.' || c == '-'
}

func inWord(c rune) bool {
	return !unicode.IsSpace(c) && !unicode.IsControl(c) && c != '"' && c != ',' && c != '(' && c != ')'
}

// here returns the text that stands next, up to the next blank, for an error.
func (r *reader) here() string {
	rest := r.text[r.at:]
	if i := strings.IndexFunc(rest, unicode.IsSpace); i >= 0 {
		rest = rest[:i]
	}
	if len(rest) > 60 {
		rest = strings.ToValidUTF8(rest[:60], "")
	}
	return rest
}

func (r *reader) test() (node, error) {
	start := r.at
	rest := r.text[r.at:]
	end := strings.IndexFunc(rest, func(c rune) bool { return !inName(c) })
	if end < 0 {
		end = len(rest)
	}
	name := rest[:end]
	if name == "" || name[0] == '.' || name[0] >= '0' && name[0] <= '9' {
		return node{}, &Error{NoName, start, start + len(r.here()), r.here()}
	}
	f, ok := r.fields(name)
	if !ok {
		return node{}, &Error{UnknownName, start, start + len(name), name}
	}
	if r.tests++; r.tests > MaxTests {
		return node{}, &Error{TooMany, start, start + len(name), ""}
	}
	r.at += end
	r.blanks()
	t := &test{name: name, field: f}
	sign, minus := r.at, false
	switch rest := r.text[r.at:]; {
	case strings.HasPrefix(rest, "!="):
		minus = true
		r.at += 2
	case strings.HasPrefix(rest, "<="):
		t.op = atMost
		r.at += 2
	case strings.HasPrefix(rest, ">="):
		t.op = atLeast
		r.at += 2
	case strings.HasPrefix(rest, "<"):
		t.op = below
		r.at++
	case strings.HasPrefix(rest, ">"):
		t.op = above
		r.at++
	case strings.HasPrefix(rest, ":"), strings.HasPrefix(rest, "="):
		r.at++
	case r.word("in"):
	default:
		return node{}, &Error{NoOperator, start, start + len(name), name}
	}
	if t.op != equal && !f.ordered() {
		return node{}, &Error{NoOrder, sign, r.at, name}
	}
	for {
		r.blanks()
		v, err := r.value(f, name)
		if err != nil {
			return node{}, err
		}
		if r.values++; r.values > MaxValues {
			return node{}, &Error{TooMany, r.at, r.at, ""}
		}
		if t.values = append(t.values, v); t.op != equal && (len(t.values) > 1 || v.ranged) {
			return node{}, &Error{NoOrder, sign, r.at, name}
		}
		if r.blanks(); !strings.HasPrefix(r.text[r.at:], ",") {
			break
		}
		r.at++
	}
	if !slices.Contains(r.names, name) {
		r.names = append(r.names, name)
	}
	n := node{join: leaf, test: t}
	if minus {
		n = not(n)
	}
	return n, nil
}

func (f Field) ordered() bool {
	switch f.Kind {
	case Number, Day, Version:
		return true
	case Code:
		return f.Ordered
	}
	return false
}

func (r *reader) value(f Field, name string) (value, error) {
	start := r.at
	from, err := r.point(f)
	if err != nil {
		return value{}, err
	}
	v := value{from: from}
	if !strings.HasPrefix(r.text[r.at:], "..") {
		return v, nil
	}
	if !f.ordered() {
		return value{}, &Error{NoOrder, start, r.at + 2, name}
	}
	r.at += 2
	v.ranged = true
	if v.to, err = r.point(f); err != nil {
		return value{}, err
	}
	if f.compare(v.from, v.to) > 0 {
		return value{}, &Error{Backwards, start, r.at, r.text[start:r.at]}
	}
	return v, nil
}

// point reads an atom. A word ends before a "..", and a blank, quotation mark, comma or bracket.
func (r *reader) point(f Field) (point, error) {
	start := r.at
	rest := r.text[r.at:]
	var text string
	if strings.HasPrefix(rest, `"`) {
		i := 1
		for {
			j := strings.IndexByte(rest[i:], '"')
			if j < 0 {
				return point{}, &Error{OpenQuote, start, len(r.text), ""}
			}
			text += rest[i : i+j]
			if i += j + 1; !strings.HasPrefix(rest[i:], `"`) {
				break
			}
			text += `"`
			i++
		}
		r.at += i
	} else {
		end := strings.IndexFunc(rest, func(c rune) bool { return !inWord(c) })
		if end < 0 {
			end = len(rest)
		}
		if i := strings.Index(rest[:end], ".."); i >= 0 {
			end = i
		}
		text = rest[:end]
		r.at += end
	}
	if strings.TrimSpace(text) == "" {
		return point{}, &Error{NoValue, start, max(r.at, min(start+1, len(r.text))), r.here()}
	}
	p, ok := f.read(text)
	if !ok {
		return point{}, &Error{UnknownValue, start, r.at, text}
	}
	return p, nil
}

// read says what an atom means for the field; false when it means nothing.
func (f Field) read(text string) (point, bool) {
	p := point{text: text}
	switch f.Kind {
	case Code:
		i := slices.Index(f.Codes, text)
		p.number = float64(i)
		return p, i >= 0 || len(f.Codes) == 0 && !f.Ordered
	case Number:
		return p, number(text, &p.number)
	case Day:
		_, err := time.Parse(time.DateOnly, text)
		p.key = text
		return p, err == nil
	case YesNo:
		return p, text == "yes" || text == "no"
	case Text:
		p.words = words(text, true)
		return p, len(p.words) > 0
	case Version:
		p.key = f.Key(text)
		return p, true
	}
	return p, false
}

// number reads digits with at most one point, and a minus; nothing else that strconv would take.
func number(text string, out *float64) bool {
	if len(text) > 20 || strings.ContainsFunc(text, func(c rune) bool { return (c < '0' || c > '9') && c != '.' && c != '-' }) {
		return false
	}
	v, err := strconv.ParseFloat(text, 64)
	*out = v + 0 // no negative zero
	return err == nil
}

func (f Field) compare(a, b point) int {
	switch f.Kind {
	case Day, Version:
		return strings.Compare(a.key, b.key)
	case Number, Code:
		switch {
		case a.number < b.number:
			return -1
		case a.number > b.number:
			return 1
		}
	}
	return 0
}

// word is one of a text, folded; open when a star ended it.
type word struct {
	text string
	open bool
}

// words takes a text apart; a star counts only in what is asked for.
func words(text string, asked bool) []word {
	var folded strings.Builder
	for _, c := range norm.NFKD.String(text) {
		if !unicode.Is(unicode.Mn, c) {
			folded.WriteRune(unicode.ToLower(c))
		}
	}
	var out []word
	rest := folded.String()
	for rest != "" {
		inside := func(c rune) bool { return unicode.IsLetter(c) || unicode.IsDigit(c) }
		rest = strings.TrimLeftFunc(rest, func(c rune) bool { return !inside(c) })
		end := strings.IndexFunc(rest, func(c rune) bool { return !inside(c) })
		if end < 0 {
			end = len(rest)
		}
		if end == 0 {
			break
		}
		w := word{text: rest[:end]}
		rest = rest[end:]
		w.open = asked && strings.HasPrefix(rest, "*")
		out = append(out, w)
	}
	return out
}

// Reads reports whether the text is a value of the field.
func (f Field) Reads(text string) bool {
	_, ok := f.read(text)
	return ok
}
