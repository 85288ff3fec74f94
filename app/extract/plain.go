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

// maxPlain bounds how much of a text is looked at, in bytes: it holds more than is kept.
const maxPlain = 4 << 20

// decoded returns the bytes as UTF-8: by their mark, by the charset that is named, as they are when they are UTF-8, else
// as Windows' western letters.
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

// cutRune takes off the beginning of a rune at the end, where the text was cut.
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

// unread are the elements whose text nobody sees.
var unread = map[string]bool{"script": true, "style": true, "template": true, "noscript": true, "head": false, "svg": true}

// blocks end a line.
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

// htmlText works by tokens: a tree of what strangers nest would cost more than it tells.
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
