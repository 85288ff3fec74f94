package analysis

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// People remember half of an identifier, with other signs between its parts, or with none. So a text has, beside the
// whole of an identifier and its parts, the forms that each two parts side by side make: stampa_cedolino_v2.xlsx is
// stampacedolino, cedolinov2 and v2xlsx as well, and a question for stampa_cedolino_v2 asks for the first two. Words
// run together (stampaCedolino) and letters at digits (24.01.00b) are parts of the same kind, here called atoms. That
// is as many terms as an identifier has parts, and no positions are needed. Numbers, dates and what is written in
// groups (telephones, accounts) have one form whatever stands between the digits.
const (
	maxForms  = 20_000 // in one text; what follows is found by its whole and its parts
	maxAtoms  = 8      // in one part; with more it is taken as it is, for it is no name but noise
	maxPairs  = 12     // of one identifier in a question
	maxGroups = 12     // of what is written in groups
	maxTails  = 3      // ends of it that are found by themselves: a telephone without its country
	leastRow  = 7      // digits of what is written in groups
)

// ScanForms is scan with the forms of identifiers, each in front of the parts it comes from.
func ScanForms(text string, emit func(Token)) {
	s := scanner{text: text, emit: emit, forms: true}
	s.scan()
}

// form emits a form. It counts as one part, which is no word.
func (s *scanner) form(term string, start, end int) {
	if term == "" || len(term) > MaxTerm || s.made >= maxForms {
		return
	}
	s.made++
	s.emit(Token{Term: term, Start: start, End: end, pos: s.pos, Parts: 1, Form: true})
}

// atom is a piece of an identifier that people may remember alone.
type atom struct {
	term       string
	start, end int
	part       int // of which it is
	alone      bool
}

// identifier emits the forms of parts[a:b].
func (s *scanner) identifier(a, b int) {
	if b-a == 1 && isPlain(s.text[s.parts[a].Start:s.parts[a].End]) {
		return
	}
	s.atoms = s.atoms[:0]
	for k := a; k < b; k++ {
		p := s.parts[k]
		from := len(s.atoms)
		s.atoms = appendAtoms(s.atoms, s.text, p, k)
		for i := from; i < len(s.atoms); i++ {
			at := s.atoms[i]
			if n := plainNumber(at.term); n != at.term {
				s.form(n, at.start, at.end) // ORA-00942 is remembered as 942
			}
			if at.alone {
				continue
			}
			if len(at.term) > 1 {
				s.form(at.term, at.start, at.end)
			}
			if i > from && len(s.atoms)-from > 2 {
				s.form(pair(s.atoms[i-1].term, at.term), s.atoms[i-1].start, at.end)
			}
		}
		if n := nationalNumber(p.Term); n != "" {
			s.form(n, p.Start, p.End)
		}
		if k == a {
			continue
		}
		left := s.parts[k-1]
		if s.seps[k-1] != '@' || b-a > 2 {
			s.form(pair(left.Term, p.Term), left.Start, p.End)
		}
		if l, r := s.atoms[from-1], s.atoms[from]; !l.alone || !r.alone {
			s.form(pair(l.term, r.term), l.start, r.end)
		}
	}
	if b-a > 1 {
		for _, n := range amounts(s.parts[a:b], s.seps[a:b-1]) {
			s.form(n, s.parts[a].Start, s.parts[b-1].End)
		}
	}
}

// pair joins two pieces as whole does.
func pair(left, right string) string {
	if left == "" || right == "" {
		return ""
	}
	if isDigit(left[len(left)-1]) && isDigit(right[0]) {
		return left + "." + right
	}
	return left + right
}

// appendAtoms takes a part apart where a small letter meets a capital and where letters meet digits.
func appendAtoms(out []atom, text string, p Token, part int) []atom {
	from := len(out)
	word := text[p.Start:p.End]
	begin, changes, humps := 0, 0, 0
	put := func(end int) {
		out = append(out, atom{term: fold(word[begin:end]), start: p.Start + begin, end: p.Start + end, part: part})
		begin = end
	}
	before, kind := rune(0), byte(0)
	for i, r := range word {
		k := kindOf(r)
		if k == 0 { // an accent that stands by itself
			continue
		}
		switch {
		case kind == 0:
		case (k == 'd') != (kind == 'd'):
			changes++
			put(i)
		case k == 'u' && kind == 'l':
			humps++
			put(i)
		case k == 'l' && kind == 'u' && i-utf8.RuneLen(before) > begin && strings.IndexFunc(word[i:], unicode.IsLower) == 0 && len(word)-i > 1:
			humps++
			put(i - utf8.RuneLen(before))
		}
		before, kind = r, k
	}
	if begin > 0 {
		put(len(word))
	}
	if n := len(out) - from; n == 0 || n > maxAtoms || changes > 2 && humps == 0 {
		return append(out[:from], atom{term: p.Term, start: p.Start, end: p.End, part: part, alone: true})
	}
	return out
}

// isPlain tells a word as most are: small letters behind the first.
func isPlain(word string) bool {
	for i := 1; i < len(word); i++ {
		if c := word[i]; (c < 'a' || c > 'z') && c < utf8.RuneSelf {
			return false
		}
	}
	return word != "" && !isDigit(word[0]) && (word[0] < utf8.RuneSelf || strings.ToLower(word) == word)
}

func kindOf(r rune) byte {
	switch {
	case unicode.IsDigit(r):
		return 'd'
	case unicode.IsUpper(r):
		return 'u'
	case unicode.IsLetter(r):
		return 'l'
	}
	return 0
}

// plainNumber is a number without the zeros in front, where something that can be looked for is left.
func plainNumber(s string) string {
	if s == "" || s[0] != '0' || !IsNumber(s) {
		return s
	}
	if n := strings.TrimLeft(s, "0"); len(n) > 1 {
		return n
	}
	return s
}

// nationalNumber is a telephone number without the country it begins with, empty when it does not look like one.
func nationalNumber(s string) string {
	n := strings.TrimPrefix(s, "00")
	if len(n) < 10 || len(n) > 13 || !IsNumber(n) || !strings.HasPrefix(n, "39") {
		return ""
	}
	return n[2:]
}

// amounts are the forms of digits with signs between them: 1234.56 and 1234 of 1.234,56, and 2026.10.31 of a day.
func amounts(parts []Token, seps []rune) (out []string) {
	for _, p := range parts {
		if !IsNumber(p.Term) {
			return nil
		}
	}
	n := len(parts)
	if day := dayOf(parts, seps); day != "" {
		out = append(out, day)
	}
	groups := 1 // in front of the decimals
	for groups < n && len(parts[0].Term) <= 3 && len(parts[groups].Term) == 3 && seps[groups-1] == seps[0] && (seps[0] == '.' || seps[0] == ',') {
		groups++
	}
	if groups == 1 || groups < n-1 || groups == n-1 && (seps[n-2] == seps[0] || seps[n-2] != '.' && seps[n-2] != ',') {
		return out
	}
	whole := ""
	for _, p := range parts[:groups] {
		whole += p.Term
	}
	if groups == n {
		return append(out, whole)
	}
	return append(out, whole+"."+parts[n-1].Term, whole)
}

// dayOf is the form of a day, however it is written, empty for what is none.
func dayOf(parts []Token, seps []rune) string {
	if len(parts) != 3 || seps[0] != seps[1] {
		return ""
	}
	y, m, d := parts[2].Term, parts[1].Term, parts[0].Term
	switch {
	case len(d) == 4:
		y, d = d, y
	case len(y) == 2 && seps[0] == '/':
		y = "20" + y
	}
	pad := func(s string, most string) string {
		if len(s) == 1 {
			s = "0" + s
		}
		if len(s) != 2 || s < "01" || s > most {
			return ""
		}
		return s
	}
	m, d = pad(m, "12"), pad(d, "31")
	if len(y) != 4 || y < "1900" || y > "2199" || m == "" || d == "" {
		return ""
	}
	return y + "." + m + "." + d
}

// row is what is written in groups: IT60 X054 2811, 011 555-1234.
type row struct {
	term  string   // all together
	tails []string // without the first groups
	start []int    // of each tail
	end   int
}

// rowAt reads what is written in groups from byte i on. In a question also small letters are a group of an identifier.
func rowAt(text string, i int, asked bool) (out row, ok bool) {
	var groups, starts []int // of joined, of the text
	var joined []byte
	digits, end, till := 0, i, 0
	for len(groups) < maxGroups {
		start := i
		has, capitals := 0, true
		for i < len(text) && text[i] < utf8.RuneSelf && IsWord(rune(text[i])) && i-start <= 2*MaxTerm {
			if isDigit(text[i]) {
				has++
			}
			capitals = capitals && (text[i] < 'a' || text[i] > 'z')
			i++
		}
		if i == start || len(joined)+i-start > MaxTerm || has == 0 && (i-start > 4 || !capitals && !asked) {
			break
		}
		if i < len(text) && text[i] >= utf8.RuneSelf && !strings.HasPrefix(text[i:], "\u00a0") {
			break
		}
		groups, starts = append(groups, len(joined)), append(starts, start)
		joined = append(joined, fold(text[start:i])...)
		if has > 0 { // it ends with digits
			digits, end, till = digits+has, i, len(groups)
		}
		gap := i
		for i < len(text) && i-gap < 3 && (strings.IndexByte(" -./()", text[i]) >= 0 || strings.HasPrefix(text[i:], "\u00a0")) {
			_, w := decodeRune(text, i)
			i += w
		}
		if i == gap {
			break
		}
	}
	if till < 2 || digits < leastRow {
		return row{end: end}, false
	}
	if till < len(groups) {
		joined = joined[:groups[till]]
	}
	out = row{term: string(joined), end: end}
	for k := 1; k < till && k <= maxTails; k++ {
		tail := out.term[groups[k]:]
		n := 0
		for c := range len(tail) {
			if isDigit(tail[c]) {
				n++
			}
		}
		if n >= leastRow {
			out.tails, out.start = append(out.tails, tail), append(out.start, starts[k])
		}
	}
	return out, true
}

// groups emits the forms of what is written in groups from byte i on.
func (s *scanner) groups(i int) {
	r, ok := rowAt(s.text, i, false)
	if !ok {
		return
	}
	s.grouped = r.end
	s.form(r.term, i, r.end)
	for k, tail := range r.tails {
		s.form(tail, r.start[k], r.end)
	}
}
