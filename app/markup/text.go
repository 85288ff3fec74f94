package markup

import (
	"html"
	"html/template"
	"regexp"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
)

// Clean returns text as it is stored. It changes exactly this:
//
//   - bytes that are not UTF-8, lone surrogates included, become U+FFFD (one
//     for each run of such bytes);
//   - CR LF and CR become LF; form feed and vertical tab become LF;
//   - other control characters below U+0020 except tab and LF, and U+007F,
//     are removed, NUL among them;
//   - byte order marks (U+FEFF) at the beginning are removed.
//
// Everything else stays, also the marks for writing direction, spaces at the
// ends and characters that are not normalised. Clean(Clean(s)) == Clean(s).
func Clean(s string) string {
	if isClean(s) {
		return s
	}
	s = strings.ToValidUTF8(s, "\uFFFD")
	var b strings.Builder
	b.Grow(len(s))
	for i := 0; i < len(s); i++ {
		switch c := s[i]; {
		case c == '\r':
			if i+1 >= len(s) || s[i+1] != '\n' {
				b.WriteByte('\n')
			}
		case c == '\f' || c == '\v':
			b.WriteByte('\n')
		case c >= ' ' && c != 0x7f, c == '\n', c == '\t':
			b.WriteByte(c)
		}
	}
	return strings.TrimLeft(b.String(), "\uFEFF")
}

func isClean(s string) bool {
	for i := 0; i < len(s); i++ {
		if c := s[i]; c < ' ' && c != '\n' && c != '\t' || c == 0x7f {
			return false
		}
	}
	return !strings.HasPrefix(s, "\uFEFF") && utf8.ValidString(s)
}

// Line returns text for a field of one line (subject, name, file name). On
// top of Clean it changes this: every run of white space, line ends included,
// becomes one space, none at the ends; all other control characters, the
// marks and overrides for writing direction (U+061C, U+200E, U+200F, U+202A
// to U+202E, U+2066 to U+2069), U+200B and U+FEFF are removed.
// Line(Line(s)) == Line(s).
func Line(s string) string {
	s = Clean(s)
	var b strings.Builder
	b.Grow(len(s))
	space := false
	for _, r := range s {
		switch {
		case unicode.IsSpace(r):
			space = b.Len() > 0
		case unicode.IsControl(r), invisible(r):
		default:
			if space {
				b.WriteByte(' ')
				space = false
			}
			b.WriteRune(r)
		}
	}
	return b.String()
}

// invisible tells the characters that can make one line look like another.
func invisible(r rune) bool {
	switch {
	case r == 0x061C, r == 0x200B, r == 0x200E, r == 0x200F, r == 0xFEFF,
		r >= 0x202A && r <= 0x202E, r >= 0x2066 && r <= 0x2069:
		return true
	}
	return false
}

// longWord is the length in bytes from which Excerpt cuts inside a word.
const longWord = 30

// Excerpt folds text to one line of at most n characters (runes). A longer
// text is cut between words, in a single long word anywhere, and ends in "…".
func Excerpt(text string, n int) string {
	if n <= 0 {
		return ""
	}
	// A rune has at most four bytes; what is further away cannot be seen, and
	// white space in front of it may be long.
	text = strings.TrimSpace(text)
	s := Line(Cut(text, 4*n+1024))
	if utf8.RuneCountInString(s) <= n {
		if len(text) <= 4*n+1024 {
			return s
		}
		n = min(n, utf8.RuneCountInString(s)+1)
	}
	end, count, word := 0, 0, 0
	for i, r := range s {
		if count == n-1 {
			end = i
			if r == ' ' {
				word = i
			}
			break
		}
		if r == ' ' {
			word = i
		}
		count++
		end = i + utf8.RuneLen(r)
	}
	if word > 0 && end-word <= longWord {
		end = word
	}
	return strings.TrimRight(s[:end], " ,;:.-–—(") + "…"
}

// Cut returns at most n bytes of s, cut in front of a rune.
func Cut(s string, n int) string {
	if len(s) <= n {
		return s
	}
	for n > 0 && !utf8.RuneStart(s[n]) {
		n--
	}
	return s[:n]
}

// maxFileName is below the 255 bytes of usual file systems so that "(2)" and
// the like still fit.
const maxFileName = 150

// devices are the names that Windows keeps for itself, whatever extension they have.
var devices = regexp.MustCompile(`(?i)^(con|prn|aux|nul|com[0-9¹²³]|lpt[0-9¹²³]) *(\.|$)`)

// FileName returns a name under which a file may be shown and downloaded:
// the part after the last slash or backslash, on one line as by Line, without
// the characters that some systems refuse (they become "_"), without dots or
// spaces at the ends, "_" in front of what Windows takes for a device ("con.txt"),
// at most 150 bytes with its extension kept, never empty ("file"). FileName(FileName(s)) == FileName(s).
func FileName(s string) string {
	s = Line(s)
	if i := strings.LastIndexAny(s, `/\`); i >= 0 {
		s = s[i+1:]
	}
	s = strings.Map(func(r rune) rune {
		if strings.ContainsRune(`<>:"|?*`, r) {
			return '_'
		}
		return r
	}, s)
	if s = strings.Trim(s, ". "); devices.MatchString(s) {
		s = "_" + s
	}
	if len(s) > maxFileName {
		ext := ""
		if i := strings.LastIndexByte(s, '.'); i > 0 && len(s)-i <= 16 {
			s, ext = s[:i], s[i:]
		}
		s = strings.TrimRight(Cut(s, maxFileName-len(ext)), ". ") + ext
	}
	if s == "" {
		return "file"
	}
	return s
}

// Slug returns lower-case ASCII letters and digits joined by single hyphens,
// at most 80 bytes, accents taken off; empty if nothing is left.
func Slug(s string) string {
	var b strings.Builder
	hyphen := false
	for _, r := range norm.NFKD.String(Cut(strings.ToValidUTF8(s, ""), 400)) {
		r = unicode.ToLower(r)
		switch {
		case r >= 'a' && r <= 'z', r >= '0' && r <= '9':
			if hyphen && b.Len() > 0 {
				b.WriteByte('-')
			}
			hyphen = false
			b.WriteRune(r)
		case unicode.Is(unicode.Mn, r):
		default:
			hyphen = true
		}
		if b.Len() >= 80 {
			break
		}
	}
	return strings.TrimRight(Cut(b.String(), 80), "-")
}

// MessageText renders a ticket message that is text: every character stands
// where it was typed, and none means anything. Addresses of pages and mail
// addresses are links, and "#123" leads to /tickets/123. Nothing is folded.
func MessageText(body string) template.HTML {
	return template.HTML(linkedText(Clean(body), true)) // #nosec G203 -- linkedText escapes
}

// textHTML shows plain text as it was typed.
func textHTML(s string) string { return linkedText(s, false) }

// linkedText writes text in <div class="plain">. Line ends are <br> alone, so
// that a style of pre-wrap on .plain keeps the spaces and doubles no line.
func linkedText(s string, tickets bool) string {
	var b strings.Builder
	b.Grow(len(s) + len(s)/8 + 32)
	b.WriteString(`<div class="plain">`)
	src := []byte(s)
	from := 0
	flush := func(to int) {
		b.WriteString(html.EscapeString(s[from:to]))
	}
	link := func(at, n int, href, rest string) {
		flush(at)
		b.WriteString(`<a href="` + html.EscapeString(href) + `"` + rest + `>` + html.EscapeString(s[at:at+n]) + `</a>`)
		from = at + n
	}
	for i := 0; i < len(s); i++ {
		c := s[i]
		switch {
		case c == '\n':
			flush(i)
			b.WriteString("<br>")
			from = i + 1
		case c == '#':
			if !tickets || i > 0 && (wordByte(s[i-1]) || s[i-1] == '&') {
				continue
			}
			if n := matchTicket(src[i:]); n > 0 {
				link(i, n, "/tickets/"+s[i+1:i+n], "")
				i = from - 1
			}
		case wordByte(c) && c < utf8.RuneSelf && (i == 0 || !wordByte(s[i-1])):
			if n := matchURL(src[i:]); n > 0 {
				href := s[i : i+n]
				if c == 'w' || c == 'W' {
					href = "http://" + href
				}
				link(i, n, href, ` rel="`+relExternal+`"`)
				i = from - 1
				continue
			}
			if i > 0 && strings.IndexByte("@.+-%'", s[i-1]) >= 0 {
				continue // the middle of an address
			}
			if n := matchEmail(src[i:]); n > 0 {
				link(i, n, "mailto:"+s[i:i+n], "")
				i = from - 1
			}
		}
	}
	flush(len(s))
	b.WriteString("</div>\n")
	return b.String()
}
