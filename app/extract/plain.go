package extract

import (
	"bytes"
	"io"
	"mime"
	"strings"
	"unicode/utf8"

	"golang.org/x/net/html"
	"golang.org/x/net/html/charset"
	"golang.org/x/text/encoding/charmap"
	"golang.org/x/text/encoding/unicode"
)

// maxPlain limits how many bytes of a text are read; that is more than is kept.
const maxPlain = 4 << 20

// decoded returns the bytes as UTF-8: decoded by their byte order mark, else by the named charset, else unchanged if
// they are valid UTF-8, else as windows-1252.
func decoded(b []byte, name string) string {
	switch {
	case bytes.HasPrefix(b, []byte{0xef, 0xbb, 0xbf}):
		return string(b[3:])
	case bytes.HasPrefix(b, []byte{0xff, 0xfe}) || bytes.HasPrefix(b, []byte{0xfe, 0xff}):
		if out, err := unicode.UTF16(unicode.LittleEndian, unicode.ExpectBOM).NewDecoder().Bytes(b); err == nil {
			return string(out)
		}
	}
	if utf8.Valid(cutRune(b)) {
		return string(b)
	}
	if e, n := charset.Lookup(name); e != nil && n != "utf-8" {
		if out, err := e.NewDecoder().Bytes(b); err == nil {
			return string(out)
		}
	}
	out, err := charmap.Windows1252.NewDecoder().Bytes(b)
	if err != nil {
		return string(b)
	}
	return string(out)
}

// cutRune removes an incomplete rune at the end of a cut text.
func cutRune(b []byte) []byte {
	for i := 1; i <= 3 && i <= len(b); i++ {
		if utf8.RuneStart(b[len(b)-i]) {
			if !utf8.FullRune(b[len(b)-i:]) {
				return b[:len(b)-i]
			}
			break
		}
	}
	return b
}

func charsetOf(mediaType string) string {
	_, p, err := mime.ParseMediaType(mediaType)
	if err != nil {
		return ""
	}
	return p["charset"]
}

func readPlain(r io.Reader, mediaType string, out *sink) error {
	b, err := io.ReadAll(io.LimitReader(r, maxPlain))
	if err != nil {
		return &Error{Damaged, err}
	}
	out.text(decoded(b, charsetOf(mediaType)))
	return nil
}

// unread are the elements whose text is not visible.
var unread = map[string]bool{"script": true, "style": true, "template": true, "noscript": true, "head": false, "svg": true}

// blocks are the elements that end a line.
var blocks = map[string]bool{"p": true, "div": true, "br": true, "li": true, "tr": true, "h1": true, "h2": true, "h3": true, "h4": true, "h5": true, "h6": true,
	"title": true, "pre": true, "blockquote": true, "table": true, "section": true, "article": true, "header": true, "footer": true, "dt": true, "dd": true, "hr": true}

func readHTML(r io.Reader, mediaType string, out *sink) error {
	b, err := io.ReadAll(io.LimitReader(r, maxPlain))
	if err != nil {
		return &Error{Damaged, err}
	}
	name := charsetOf(mediaType)
	if name == "" {
		_, name, _ = charset.DetermineEncoding(b, mediaType)
	}
	htmlText(decoded(b, name), out)
	return nil
}

// htmlText works on tokens: a tree of strangers' nesting would cost too much.
func htmlText(s string, out *sink) {
	z := html.NewTokenizer(strings.NewReader(s))
	z.SetMaxBuf(1 << 20)
	hidden := ""
	for !out.full {
		switch z.Next() {
		case html.ErrorToken:
			return
		case html.TextToken:
			if hidden == "" {
				out.text(string(z.Text()))
			}
		case html.StartTagToken, html.SelfClosingTagToken:
			n, _ := z.TagName()
			name := string(n)
			if hidden == "" && unread[name] {
				hidden = name
			}
			ends(name, out)
		case html.EndTagToken:
			n, _ := z.TagName()
			name := string(n)
			if name == hidden {
				hidden = ""
			}
			ends(name, out)
		}
	}
}

func ends(name string, out *sink) {
	if blocks[name] {
		out.line()
	} else if name == "td" || name == "th" {
		out.space()
	}
}
