package mail

import (
	"bytes"
	"strings"

	"golang.org/x/net/html/charset"
)

// content returns the decoded bytes of a part that is not a multipart. If the encoding is unknown or invalid, it
// returns them undecoded.
func (m *reading) content(e *entity) []byte {
	b, _ := m.decode(e)
	return b
}

// decode is content; shared says that the bytes are those of the message itself.
func (m *reading) decode(e *entity) (b []byte, shared bool) {
	raw := m.data[e.body:max(e.body, e.end)]
	encoding, _, _ := strings.Cut(strings.ToLower(strings.TrimSpace(e.header.get("Content-Transfer-Encoding"))), ";")
	switch strings.Trim(encoding, `"' `) {
	case "base64":
		if out, ok := fastBase64(raw); ok {
			return out, false
		}
		if !likeBase64(raw) {
			return raw, true
		}
		return decodeBase64(raw), false
	case "quoted-printable", "quotedprintable", "qp":
		return decodeQuoted(raw), false
	case "x-uuencode", "uuencode", "x-uue", "uue":
		if out, ok := decodeUU(raw); ok {
			return out, false
		}
	}
	return raw, true
}

// likeBase64 reports whether most of the bytes belong to the alphabet and no line contains spaces as text does.
func likeBase64(b []byte) bool {
	sample := b[:min(len(b), 4096)]
	good, space := 0, 0
	for _, c := range sample {
		switch {
		case base64Value[c] >= 0, c == '=', c == '\r', c == '\n':
			good++
		case c == ' ':
			space++
		}
	}
	return good*10 >= len(sample)*9 || space == 0 && good*2 > len(sample)
}

// decodeQuoted decodes quoted-printable (RFC 2045). It keeps an equals sign before an invalid code and removes spaces
// at the end of a line.
func decodeQuoted(b []byte) []byte {
	out := make([]byte, 0, len(b))
	for pos := 0; pos < len(b); {
		next, text := line(b, pos)
		l := b[pos:text]
		end := b[text:next]
		if trimmed := bytes.TrimRight(l, " \t"); len(trimmed) < len(l) {
			l = trimmed
		}
		soft := false
		if n := len(l); n > 0 && l[n-1] == '=' {
			l, soft = l[:n-1], true
		}
		for i := 0; i < len(l); i++ {
			if l[i] == '=' && i+2 < len(l) {
				if x, y := unhex(l[i+1]), unhex(l[i+2]); x >= 0 && y >= 0 {
					out = append(out, byte(x<<4|y)) // #nosec G115 -- two hexadecimal digits
					i += 2
					continue
				}
			}
			out = append(out, l[i])
		}
		if !soft {
			out = append(out, end...)
		}
		pos = next
	}
	return out
}

// decodeUU decodes the first file of uuencoded lines.
func decodeUU(b []byte) ([]byte, bool) {
	var out []byte
	begun := false
	for pos := 0; pos < len(b); {
		next, text := line(b, pos)
		l := b[pos:text]
		pos = next
		switch {
		case !begun:
			begun = bytes.HasPrefix(l, []byte("begin "))
			continue
		case len(l) == 0:
			continue
		case bytes.Equal(l, []byte("end")):
			return out, true
		}
		n := int(l[0]-' ') & 63
		for i := 1; n > 0 && i < len(l); i += 4 {
			var q [4]byte
			for k := range q {
				if i+k < len(l) {
					q[k] = (l[i+k] - ' ') & 63
				}
			}
			three := [3]byte{q[0]<<2 | q[1]>>4, q[1]<<4 | q[2]>>2, q[2]<<6 | q[3]}
			out = append(out, three[:min(n, 3)]...)
			n -= 3
		}
	}
	return out, begun && len(out) > 0
}

// text returns the text of a text part, with flowed lines joined.
func (m *reading) text(e *entity) string {
	label := e.params["charset"]
	b := m.content(e)
	if label == "" && e.kind == "text/html" {
		label = metaCharset(b)
	}
	s := decodeText(b, label)
	if e.kind == "text/plain" && strings.EqualFold(e.params["format"], "flowed") {
		s = unflow(s, strings.EqualFold(e.params["delsp"], "yes"))
	}
	return s
}

// metaCharset returns the character set that HTML declares, else the one its first bytes suggest, "" if it does not
// matter.
func metaCharset(b []byte) string {
	if ascii(b) {
		return ""
	}
	_, name, _ := charset.DetermineEncoding(b[:min(len(b), 2048)], "text/html")
	return name
}

// unflow joins the lines that format=flowed wrapped (RFC 3676): a line that ends in a space continues in the next one
// of the same quote depth. The line "-- " above a signature does not.
func unflow(s string, delsp bool) string {
	var b strings.Builder
	b.Grow(len(s))
	depth, flowing := 0, false
	for s != "" {
		var l string
		l, s, _ = strings.Cut(s, "\n")
		n := len(l) - len(strings.TrimLeft(l, ">"))
		l = l[n:]
		l = strings.TrimPrefix(l, " ")
		signature := l == "-- "
		if flowing && (n != depth || signature) {
			b.WriteByte('\n')
			flowing = false
		}
		if !flowing && n > 0 {
			b.WriteString(strings.Repeat(">", min(n, 50)))
			b.WriteByte(' ')
		}
		depth = n
		flowing = strings.HasSuffix(l, " ") && !signature
		if flowing && delsp {
			l = l[:len(l)-1]
		}
		b.WriteString(l)
		if !flowing {
			b.WriteByte('\n')
		}
	}
	return b.String()
}
