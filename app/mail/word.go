package mail

import (
	"bytes"
	"encoding/base64"
	"strings"
)

// DecodeHeader returns the text of a header value on one line. It also decodes broken encoded words (RFC 2047): cut
// inside a character, with spaces, without padding or end, or in an unknown character set. Bytes above 127 are read as
// UTF-8, else as windows-1252. The result contains no CR, LF or other control, whatever the words contained.
func DecodeHeader(s string) string {
	if !strings.Contains(s, "=?") {
		if ascii([]byte(s)) {
			return oneLine(s)
		}
		return oneLine(guess([]byte(s)))
	}
	var out strings.Builder
	var raw []byte // undecoded bytes of adjacent words in one character set
	label := ""
	flush := func() {
		if raw != nil {
			out.WriteString(decodeCharset(raw, label))
			raw = nil
		}
	}
	for s != "" {
		i := strings.Index(s, "=?")
		if i < 0 {
			break
		}
		w, n := encodedWord(s[i:])
		if n == 0 {
			flush()
			out.WriteString(guess([]byte(s[:i+2])))
			s = s[i+2:]
			continue
		}
		// White space between two encoded words is not text.
		if raw == nil || strings.TrimSpace(s[:i]) != "" {
			flush()
			out.WriteString(guess([]byte(s[:i])))
		} else if !strings.EqualFold(label, w.label) {
			flush()
		}
		label = w.label
		raw = append(raw, w.bytes()...)
		if raw == nil {
			raw = []byte{}
		}
		s = s[i+n:]
	}
	flush()
	out.WriteString(guess([]byte(s)))
	return oneLine(out.String())
}

// word is an encoded word as written.
type word struct {
	label, text string
	base64      bool
}

// maxWord is far above the 75 characters of RFC 2047, which no program respects.
const maxWord = 8 << 10

// encodedWord parses the encoded word at the beginning of s and returns its length, 0 when there is none. Its end may
// be missing only at the end of s.
func encodedWord(s string) (word, int) {
	a := strings.IndexByte(s[2:min(len(s), 80)], '?')
	if a <= 0 {
		return word{}, 0
	}
	w := word{label: s[2 : 2+a]}
	if strings.ContainsAny(w.label, " \t=") {
		return word{}, 0
	}
	rest := s[2+a+1:]
	if len(rest) < 2 || rest[1] != '?' {
		return word{}, 0
	}
	switch rest[0] {
	case 'b', 'B':
		w.base64 = true
	case 'q', 'Q':
	default:
		return word{}, 0
	}
	rest = rest[2:]
	limit := min(len(rest), maxWord)
	end := strings.Index(rest[:limit], "?=")
	if end < 0 {
		if limit < len(rest) || strings.Contains(rest, "=?") {
			return word{}, 0
		}
		w.text = strings.TrimRight(rest, "?")
		return w, len(s)
	}
	w.text = rest[:end]
	return w, 2 + a + 1 + 2 + end + 2
}

func (w word) bytes() []byte {
	if w.base64 {
		return decodeBase64([]byte(w.text))
	}
	out := make([]byte, 0, len(w.text))
	for i := 0; i < len(w.text); i++ {
		c := w.text[i]
		if c == '_' {
			c = ' '
		}
		if c == '=' && i+2 < len(w.text) {
			if a, b := unhex(w.text[i+1]), unhex(w.text[i+2]); a >= 0 && b >= 0 {
				c = byte(a<<4 | b) // #nosec G115 -- two hexadecimal digits
				i += 2
			}
		}
		out = append(out, c)
	}
	return out
}

// decodeBase64 decodes as much as it can: it skips white space and invalid characters, tolerates missing padding, and
// after padding starts over, because some programs join encoded pieces.
func decodeBase64(b []byte) []byte {
	out := make([]byte, 0, len(b)/4*3+3)
	var acc uint32
	n := 0
	flush := func() {
		switch n {
		case 2:
			out = append(out, byte(acc>>4)) // #nosec G115 -- the low byte is what is wanted
		case 3:
			out = append(out, byte(acc>>10), byte(acc>>2)) // #nosec G115 -- the low bytes are what is wanted
		}
		acc, n = 0, 0
	}
	for _, c := range b {
		if c == '=' {
			flush()
			continue
		}
		v := base64Value[c]
		if v < 0 {
			continue
		}
		acc = acc<<6 | uint32(v)
		if n++; n == 4 {
			out = append(out, byte(acc>>16), byte(acc>>8), byte(acc))
			acc, n = 0, 0
		}
	}
	flush()
	return out
}

var base64Value = func() (t [256]int8) {
	for i := range t {
		t[i] = -1
	}
	const std = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
	for i := range len(std) {
		t[std[i]] = int8(i)
	}
	t['-'], t['_'] = 62, 63 // the URL-safe alphabet, which some programs use
	return t
}()

// fastBase64 decodes valid base64 quickly; false when the input is not valid.
func fastBase64(b []byte) ([]byte, bool) {
	b = bytes.TrimSpace(b)
	out := make([]byte, base64.StdEncoding.DecodedLen(len(b)))
	n, err := base64.StdEncoding.Decode(out, b)
	return out[:n], err == nil
}
