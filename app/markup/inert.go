package markup

import (
	"regexp"
	"strings"
	"unicode"
	"unicode/utf8"
)

// leftOut stands where Inert took an address away, and where Opening ends early.
const leftOut = "[…]"

var (
	// addressShape finds what a mail program makes a link of, or a person would type into a browser: a scheme, a mail
	// address, a name with a domain at its end, whatever dot divides it, and the number of a machine.
	addressShape = regexp.MustCompile(`(?i)://|@|^www[.．。｡]|\b(mailto|tel|sms|callto|skype|whatsapp|javascript|data|file|ftp|news|xmpp|magnet|h(tt|xx)ps?):` +
		`|[\pL\pN][.．。｡]+[\pL][\pL\pM\pN-]+|[.．。｡]xn--|\d+[.．。｡]\d+[.．。｡]\d+[.．。｡]\d+|&#|%[0-9a-f]{2}`)
	// abbreviated are Italian words that look like a name with a domain and are none.
	abbreviated = regexp.MustCompile(`(?i)^(sig|sigg|dott|prof|gent|egr|spett|ill|chiar|rev|arch|ing|avv|rag|geom|amm|on|segr|resp|dir|uff|n|nr|art|pag|fig|all|cfr|es|tel|cell|[a-z])\.(ra|na|re|ri|ssa|sse|ssi|mo|ma|mi|me|le|li|vo|va|ne|ni|ro|ri|[a-z]\.?)[.,;:!?)]*$`)
)

// Inert returns text without what could be followed: each word that is or holds an address (of the web, of mail, of a
// telephone, or a bare domain) is […]. What is left leads nowhere, in no mail program. Line ends and spaces stay.
// Inert(Inert(s)) == Inert(s).
func Inert(text string) string {
	text = Clean(text)
	var b strings.Builder
	b.Grow(len(text))
	for text != "" {
		n := strings.IndexFunc(text, unicode.IsSpace)
		if n < 0 {
			n = len(text)
		}
		if word := text[:n]; addressLike(word) {
			b.WriteString(leftOut)
		} else {
			b.WriteString(word)
		}
		text = text[n:]
		_, size := utf8.DecodeRuneInString(text)
		b.WriteString(text[:size])
		text = text[size:]
	}
	return b.String()
}

func addressLike(word string) bool {
	shown := strings.Map(func(r rune) rune {
		if invisible(r) || r == 0xAD || r == 0x2060 || r == 0x200C || r == 0x200D {
			return -1 // a mail program joins what they divide
		}
		return r
	}, word)
	return addressShape.MatchString(shown) && !abbreviated.MatchString(strings.TrimLeft(shown, `("'«“`))
}

// Opening returns the beginning of a text, line by line: at most lines of them and n characters (runes), cut between
// words and then ended by […]. Of blank lines one stays.
func Opening(text string, lines, n int) string {
	var out []string
	left, cut := n, false
	for line := range strings.Lines(Clean(Cut(text, 8*n+1024))) {
		line = strings.TrimRightFunc(line, unicode.IsSpace)
		if line == "" && (len(out) == 0 || out[len(out)-1] == "") {
			continue
		}
		if len(out) == lines || left <= 0 {
			cut = true
			break
		}
		if utf8.RuneCountInString(line) > left {
			line, cut = strings.TrimSuffix(Excerpt(line, left), "…"), true
		}
		left -= utf8.RuneCountInString(line)
		if out = append(out, strings.TrimRightFunc(line, unicode.IsSpace)); cut {
			break
		}
	}
	s := strings.TrimSpace(strings.Join(out, "\n"))
	if cut = cut || utf8.RuneCountInString(text) > 8*n+1024; cut && s != "" {
		s += " " + leftOut
	}
	return s
}
