package markup

import (
	"bytes"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/yuin/goldmark/ast"
	"github.com/yuin/goldmark/parser"
	"github.com/yuin/goldmark/text"
	"github.com/yuin/goldmark/util"
)

const relExternal = "nofollow noopener noreferrer"

type linkKind int

const (
	linkRefused  linkKind = iota
	linkLocal             // a path of this desk or a heading of the same body
	linkContact           // mailto or tel
	linkExternal          // http or https
)

// kindOfLink judges the address of a link as a browser would read it.
func kindOfLink(u string) linkKind {
	for i := 0; i < len(u); i++ {
		// Browsers drop tabs and line ends inside an address and read a
		// backslash as a slash: "/\t/host" would be another host.
		if c := u[i]; c <= ' ' || c == 0x7f || c == '\\' {
			return linkRefused
		}
	}
	switch {
	case u == "":
		return linkRefused
	case u[0] == '#':
		// Only our own headings have an id.
		if strings.HasPrefix(u, "#s-") {
			return linkLocal
		}
		return linkRefused
	case u[0] == '/':
		if strings.HasPrefix(u, "//") {
			return linkRefused
		}
		return linkLocal
	case hasFold(u, "http://"), hasFold(u, "https://"):
		// Without a host it leads nowhere, and who writes it again may leave the slashes out.
		if _, rest, _ := strings.Cut(u, "//"); rest != "" && strings.IndexByte("/?#", rest[0]) < 0 {
			return linkExternal
		}
		return linkRefused
	case hasFold(u, "mailto:"), hasFold(u, "tel:"):
		return linkContact
	}
	return linkRefused
}

// localPicture tells whether an address is a picture that this desk serves:
// /files/... or /articles/SLUG/files/...
func localPicture(u string) bool {
	if kindOfLink(u) != linkLocal || strings.Contains(u, "..") || strings.Contains(strings.ToLower(u), "%2e") {
		return false
	}
	if rest, ok := strings.CutPrefix(u, "/articles/"); ok {
		slug, rest, _ := strings.Cut(rest, "/")
		return slug != "" && strings.HasPrefix(rest, "files/")
	}
	return strings.HasPrefix(u, "/files/")
}

func hasFold[T string | []byte](s T, prefix string) bool {
	return len(s) >= len(prefix) && strings.EqualFold(string(s[:len(prefix)]), prefix)
}

// maxAddress bounds what is looked at from one place, so that a text full of
// beginnings of addresses takes linear time.
const maxAddress = 2048

func wordByte(c byte) bool {
	return c == '_' || c >= '0' && c <= '9' || c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= utf8.RuneSelf
}

// matchURL returns the length of the web address (http, https or www.) that s
// begins with, 0 if there is none. Punctuation that ends a sentence or closes
// a bracket opened outside is not part of it.
func matchURL(s []byte) int {
	host := 0
	switch {
	case hasFold(s, "https://"):
		host = len("https://")
	case hasFold(s, "http://"):
		host = len("http://")
	case hasFold(s, "www."):
	default:
		return 0
	}
	s = s[:min(len(s), maxAddress)]
	end, open := host, 0
	for end < len(s) {
		c := s[end]
		if c <= ' ' || c == 0x7f || c == '<' || c == '>' || c == '"' || c == '`' || c == '\\' || c == '|' {
			break
		}
		if c >= utf8.RuneSelf {
			r, n := utf8.DecodeRune(s[end:])
			if r == utf8.RuneError || !unicode.IsLetter(r) && !unicode.IsDigit(r) {
				break
			}
			end += n
			continue
		}
		if c == '(' {
			open++
		}
		if c == ')' {
			if open == 0 {
				break
			}
			open--
		}
		end++
	}
	for end > host && strings.IndexByte("?!.,:;*_~'[]{}(", s[end-1]) >= 0 {
		end--
	}
	if host == 0 {
		// "www." alone is a word, "www.x.it" an address.
		if bytes.Count(s[:end], []byte{'.'}) < 2 {
			return 0
		}
	} else if end == host || !wordByte(s[host]) && s[host] != '[' {
		return 0
	}
	return end
}

// matchEmail returns the length of the mail address that s begins with, or 0.
func matchEmail(s []byte) int {
	at := 0
	for at < len(s) && at <= 64 && (wordByte(s[at]) && s[at] < utf8.RuneSelf || strings.IndexByte(".+-%'", s[at]) >= 0) {
		at++
	}
	if at == 0 || at > 64 || at >= len(s) || s[at] != '@' || s[0] == '.' {
		return 0
	}
	end, dot := at+1, 0
	for end < len(s) && end-at <= 255 && s[end] < utf8.RuneSelf && (wordByte(s[end]) && s[end] != '_' || s[end] == '.' || s[end] == '-') {
		if s[end] == '.' {
			if s[end-1] == '.' || s[end-1] == '@' {
				break
			}
			dot = end
		}
		end++
	}
	for end > at && (s[end-1] == '.' || s[end-1] == '-') {
		end--
	}
	if dot == 0 || dot >= end-1 {
		return 0
	}
	return end
}

// matchTicket returns the length of "#" and a ticket number, or 0.
func matchTicket(s []byte) int {
	n := 1
	for n < len(s) && n <= 10 && s[n] >= '0' && s[n] <= '9' {
		n++
	}
	if n == 1 || n > 10 || s[1] == '0' || n < len(s) && wordByte(s[n]) {
		return 0
	}
	return n
}

// linker is the inline parser for bare addresses and, in messages, for ticket
// numbers. It replaces goldmark's linkify, which reads the rest of the line
// again from every space and underscore.
type linker struct{ tickets bool }

func (l linker) Trigger() []byte {
	// A space stands for any white space and for the beginning of a line or
	// of what follows another inline.
	return []byte{' ', '(', '"', '\'', ':', ',', ';', '#'}
}

func (l linker) Parse(parent ast.Node, block text.Reader, pc parser.Context) ast.Node {
	if pc.IsInLinkLabel() {
		return nil
	}
	line, seg := block.PeekLine()
	if len(line) == 0 {
		return nil
	}
	if line[0] == '#' {
		if !l.tickets || wordRune(block.PrecendingCharacter()) {
			return nil
		}
		n := matchTicket(line)
		if n == 0 {
			return nil
		}
		block.Advance(n)
		link := ast.NewLink()
		link.Destination = append([]byte("/tickets/"), line[1:n]...)
		link.AppendChild(link, ast.NewTextSegment(seg.WithStop(seg.Start+n)))
		return link
	}
	skip := 0
	if !wordByte(line[0]) {
		skip = 1
	} else if wordRune(block.PrecendingCharacter()) {
		return nil
	}
	rest := line[skip:]
	if len(rest) < 5 || !wordByte(rest[0]) || seg.Padding > 0 {
		return nil
	}
	typ, n := ast.AutoLinkType(ast.AutoLinkURL), matchURL(rest)
	if n == 0 {
		typ, n = ast.AutoLinkEmail, matchEmail(rest)
	}
	if n == 0 {
		return nil
	}
	if skip > 0 {
		ast.MergeOrAppendTextSegment(parent, seg.WithStop(seg.Start+skip))
	}
	start := seg.Start + skip
	block.Advance(skip + n)
	link := ast.NewAutoLink(typ, ast.NewTextSegment(text.NewSegment(start, start+n)))
	if typ == ast.AutoLinkURL && (rest[0] == 'w' || rest[0] == 'W') {
		link.Protocol = []byte("http")
	}
	return link
}

func wordRune(r rune) bool {
	return r == '_' || r == '&' || unicode.IsLetter(r) || unicode.IsDigit(r)
}

var _ parser.InlineParser = linker{}

// linkAddress returns the address that goldmark will write for a link or an
// image: escapes and entities resolved once, the rest percent-encoded.
func linkAddress(dest []byte) string {
	return string(util.URLEscape(dest, true))
}
