package mail

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
)

// maxAddresses limits one list; nobody writes to more people by hand.
const maxAddresses = 2000

// maxEmail is the limit of RFC 5321 with room for other alphabets.
const maxEmail = 320

// ParseAddresses returns the addresses of a list as people and programs write it (RFC 5322 and worse): encoded and
// quoted names, unquoted names with commas, comments, groups, semicolons between addresses, "mailto:", a quoted
// address. A comment becomes the name when there is no other. Entries without an address are left out.
func ParseAddresses(s string) []Address {
	var list []Address
	p := addressParser{s: s}
	for !p.done() && len(list) < maxAddresses {
		if a, ok := p.next(); ok {
			list = append(list, a)
		}
	}
	return list
}

// addressParser reads a list. name holds the text before an address, which may be its name.
type addressParser struct {
	s       string
	pos     int
	name    strings.Builder
	comment string
	quoted  bool // name contains text that was quoted
}

func (p *addressParser) done() bool { return p.pos >= len(p.s) }

// next reads to the end of the next address. Text before a comma that is not an address may be part of a name ("Rossi,
// Anna <a@b.it>") and is kept until that is known.
func (p *addressParser) next() (Address, bool) {
	for p.pos < len(p.s) {
		c := p.s[p.pos]
		if strings.IndexByte(",;:(", c) >= 0 && p.insideWord() {
			p.name.WriteByte(c)
			p.pos++
			continue
		}
		switch c {
		case '"':
			p.quote()
		case '(':
			p.skipComment()
		case '<':
			email := p.angle()
			a := Address{Name: p.takeName(), Email: email}
			if a.Email == "" {
				// "Anna" <> or <Anna> a@b.it: the brackets contain no address.
				if at := p.bare(a.Name); at != "" {
					return Address{Email: at}, true
				}
				continue
			}
			if a.Name == "" {
				a.Name = p.comment
			}
			p.comment = ""
			return p.finish(a), true
		case ',', ';':
			p.pos++
			word := p.name.String()
			if a, ok := p.plain(word); ok {
				return a, true
			}
			if c == ';' {
				p.reset()
				continue
			}
			if strings.TrimSpace(word) != "" {
				p.name.WriteString(",")
			}
		case ':':
			// The name of a group, or "mailto:".
			p.pos++
			if !p.quoted {
				p.name.Reset()
			} else {
				p.name.WriteByte(c)
			}
		default:
			p.name.WriteByte(c)
			p.pos++
		}
	}
	return p.plain(p.name.String())
}

// insideWord reports whether the name ends inside an encoded word: a separator of the list then belongs to that word.
func (p *addressParser) insideWord() bool {
	name := p.name.String()
	name = name[max(0, len(name)-200):]
	begin := strings.LastIndex(name, "=?")
	return begin >= 0 && strings.LastIndex(name, "?=") <= begin+1 && strings.Contains(p.s[p.pos:min(len(p.s), p.pos+200)], "?=")
}

func (p *addressParser) reset() {
	p.name.Reset()
	p.comment, p.quoted = "", false
}

// plain returns the address in words without angle brackets.
func (p *addressParser) plain(word string) (Address, bool) {
	email := p.bare(word)
	if email == "" {
		return Address{}, false
	}
	name := ""
	// "Anna Bianchi a@b.it": the words before the address are the name.
	if i := strings.LastIndexAny(strings.TrimSpace(word), " \t,"); i > 0 {
		name = nameText(strings.TrimSpace(word)[:i])
	}
	if name == "" {
		name = p.comment
	}
	p.reset()
	return p.finish(Address{name, email}), true
}

// bare returns the address at the end of the words, "" if there is none.
func (p *addressParser) bare(word string) string {
	word = strings.TrimSpace(word)
	if i := strings.LastIndexAny(word, " \t,"); i >= 0 {
		word = word[i+1:]
	}
	return cleanEmail(word)
}

func (p *addressParser) finish(a Address) Address {
	if strings.EqualFold(a.Name, a.Email) {
		a.Name = ""
	}
	return a
}

// takeName returns the name before an angle bracket, including earlier entries of the list that were not addresses.
func (p *addressParser) takeName() string {
	name := nameText(p.name.String())
	p.name.Reset()
	p.quoted = false
	return name
}

// nameText decodes a name. An encoded word may contain quotes.
func nameText(s string) string {
	s = DecodeHeader(strings.Trim(s, " \t,"))
	for len(s) > 1 && (s[0] == '"' && s[len(s)-1] == '"' || s[0] == '\'' && s[len(s)-1] == '\'') {
		s = strings.TrimSpace(s[1 : len(s)-1])
	}
	return cut(strings.Trim(s, " ,"), maxName)
}

// maxName is longer than any real name.
const maxName = 400

// quote reads a quoted string into the name. Without a closing quote it is ordinary text.
func (p *addressParser) quote() {
	var b strings.Builder
	for i := p.pos + 1; i < len(p.s); i++ {
		switch c := p.s[i]; {
		case c == '\\' && i+1 < len(p.s):
			i++
			b.WriteByte(p.s[i])
		case c == '"':
			if strings.HasPrefix(p.s[i+1:], "@") {
				// "anna"@b.it: a quoted local part. Neither one with spaces nor its last word is an address that could
				// be written to.
				p.name.WriteString(strings.ReplaceAll(b.String(), " ", "\x01"))
			} else {
				p.name.WriteString(b.String())
				p.quoted = true
			}
			p.pos = i + 1
			return
		default:
			b.WriteByte(c)
		}
	}
	// No later quote is closed either: they are all ordinary characters.
	p.s = p.s[:p.pos] + strings.ReplaceAll(p.s[p.pos:], `"`, "")
}

func (p *addressParser) skipComment() {
	depth, begin := 0, p.pos
	for i := p.pos; i < len(p.s); i++ {
		switch p.s[i] {
		case '\\':
			i++
		case '(':
			depth++
		case ')':
			if depth--; depth == 0 {
				if c := nameText(p.s[begin+1 : i]); c != "" && p.comment == "" {
					p.comment = c
				}
				p.pos = i + 1
				return
			}
		}
	}
	p.s = p.s[:p.pos] + strings.ReplaceAll(p.s[p.pos:], "(", "")
}

// angle reads "<...>" and returns the address in it.
func (p *addressParser) angle() string {
	for strings.HasPrefix(p.s[p.pos+1:], "<") {
		p.pos++ // "<<a@b.it>>"
	}
	rest := p.s[p.pos+1:]
	if in, n := p.bracket(rest); n > 0 {
		p.pos += 1 + n
		return inBrackets(in)
	}
	end := strings.IndexAny(rest, "<>")
	next := p.pos + 1 + end + 1
	switch {
	case end < 0:
		end, next = len(rest), len(p.s)
		if i := strings.IndexByte(rest, ','); i >= 0 {
			end, next = i, p.pos+1+i
		}
	case rest[end] == '<':
		next = p.pos + 1 + end
	}
	in := rest[:end]
	p.pos = next
	return inBrackets(in)
}

// inBrackets returns the address in a text from angle brackets.
func inBrackets(in string) string {
	in = strings.TrimPrefix(strings.TrimSpace(in), "mailto:")
	if local, domain, ok := strings.Cut(in, "@"); ok {
		in = strings.TrimRight(local, " \t") + "@" + strings.TrimLeft(domain, " \t")
	}
	if strings.HasPrefix(in, "@") {
		// A route, which has been obsolete for thirty years.
		if i := strings.IndexByte(in, ':'); i > 0 {
			in = in[i+1:]
		}
	}
	return cleanEmail(in)
}

// bracket reads "...>" and returns the text without comments and white space, and its length; 0 when there is no such
// text or it is not closed. The first comment becomes the name when there is no other.
func (p *addressParser) bracket(s string) (in string, n int) {
	var b strings.Builder
	for i := 0; i < len(s); i++ {
		switch s[i] {
		case '<':
			return "", 0
		case '>':
			if n == 0 {
				return "", 0
			}
			return b.String() + s[n:i], i + 1
		case '(':
			end := i + commentEnd(s[i:min(len(s), i+maxComment)])
			if end == i {
				return "", 0
			}
			if c := nameText(s[i+1 : end-1]); c != "" && p.comment == "" {
				p.comment = c
			}
			b.WriteString(strings.TrimRight(s[n:i], " \t"))
			for end < len(s) && (s[end] == ' ' || s[end] == '\t') {
				end++
			}
			n, i = end, end-1
		}
	}
	return "", 0
}

// maxComment limits a comment inside an address.
const maxComment = 300

// commentEnd returns the length of the comment at the beginning of s, 0 when it is not closed.
func commentEnd(s string) int {
	depth := 0
	for i := 0; i < len(s); i++ {
		switch s[i] {
		case '\\':
			i++
		case '(':
			depth++
		case ')':
			if depth--; depth == 0 {
				return i + 1
			}
		}
	}
	return 0
}

// cleanEmail returns an address in lower case and NFC, "" when it is invalid: it needs one @ with text on both sides,
// and may contain no white space, controls, brackets, quotes or commas.
func cleanEmail(s string) string {
	s = strings.TrimSpace(s)
	if len(s) > 6*maxEmail {
		return ""
	}
	if strings.Contains(s, "=?") {
		s = DecodeHeader(s)
	}
	if !utf8.ValidString(s) {
		s = guess([]byte(s))
	}
	s = strings.TrimPrefix(s, "mailto:")
	s = strings.Trim(s, "<>'\"., \t")
	at := strings.LastIndexByte(s, '@')
	if at <= 0 || at == len(s)-1 {
		return ""
	}
	local, domain := strings.Trim(s[:at], `"`), strings.TrimSuffix(s[at+1:], ".")
	if local == "" || domain == "" || strings.ContainsAny(domain, "/=!#") {
		return ""
	}
	for _, r := range local + domain {
		if r <= ' ' || r == 0x7f || unicode.IsSpace(r) || unicode.IsControl(r) || unicode.Is(unicode.Cf, r) || strings.ContainsRune(`<>()[],;:"\@`, r) {
			return ""
		}
	}
	s = strings.ToLower(norm.NFC.String(local + "@" + domain))
	if len(s) > maxEmail {
		return ""
	}
	return s
}
