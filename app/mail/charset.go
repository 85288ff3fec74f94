package mail

import (
	"bytes"
	"encoding/base64"
	"strings"
	"unicode"
	"unicode/utf16"
	"unicode/utf8"

	"golang.org/x/net/html/charset"
	"golang.org/x/text/encoding"
	"golang.org/x/text/encoding/charmap"
	"golang.org/x/text/encoding/ianaindex"
	"golang.org/x/text/encoding/japanese"
	"golang.org/x/text/encoding/simplifiedchinese"
)

// decodeText returns bytes of a character set as UTF-8. If the set is unknown or absent, it guesses: UTF-8 when the
// bytes are valid, else windows-1252. It removes controls other than tab and line ends; CR LF and CR become LF.
func decodeText(b []byte, label string) string {
	return cleanText(decodeCharset(b, label))
}

func decodeCharset(b []byte, label string) string {
	label = strings.ToLower(strings.Trim(label, " \t\"'<>;"))
	label = strings.TrimPrefix(label, "charset=")
	if i := strings.IndexAny(label, " \t;,*\"'"); i > 0 {
		label = label[:i]
	}
	switch label {
	case "utf-7", "utf7", "unicode-1-1-utf-7", "csunicode11utf7", "x-unicode-2-0-utf-7":
		return decodeUTF7(b)
	case "utf-8", "utf8", "us-ascii", "ascii", "ansi_x3.4-1968", "", "unknown-8bit", "x-unknown", "unknown", "8bit", "default", "x-user-defined", "none", "binary":
		return guess(b)
	case "iso-8859-1", "iso8859-1", "latin1", "windows-1252", "cp1252", "iso_8859-1", "iso-8859-15", "iso8859-15":
		// UTF-8 labelled as Latin is common; Latin text that happens to be valid UTF-8 is not.
		if !ascii(b) && utf8.Valid(b) {
			return string(b)
		}
		if label == "iso-8859-15" || label == "iso8859-15" {
			return with(charmap.ISO8859_15, b)
		}
		return with(charmap.Windows1252, b)
	case "gb2312", "gbk", "cp936", "gb_2312-80", "x-gbk", "euc-cn", "ms936":
		return with(simplifiedchinese.GB18030, b)
	case "hz-gb-2312":
		return with(simplifiedchinese.HZGB2312, b)
	case "cp932", "ms932", "windows-31j", "shift-jis":
		return with(japanese.ShiftJIS, b)
	case "iso-2022-jp-2", "iso-2022-jp-3", "iso-2022-jp-ms":
		return with(japanese.ISO2022JP, b)
	}
	if e, name := charset.Lookup(label); e != nil && name != "replacement" {
		return with(e, b)
	}
	for _, ix := range []*ianaindex.Index{ianaindex.MIME, ianaindex.IANA} {
		for _, name := range []string{label, strings.Replace(label, "cp", "ibm", 1), strings.ReplaceAll(label, "_", "-")} {
			if e, err := ix.Encoding(name); err == nil && e != nil {
				return with(e, b)
			}
		}
	}
	return guess(b)
}

func with(e encoding.Encoding, b []byte) string {
	out, err := e.NewDecoder().Bytes(b)
	if err != nil {
		// The decoders of x/text replace unknown bytes; if one fails nevertheless, guess.
		return guess(b)
	}
	return string(out)
}

func ascii(b []byte) bool {
	for _, c := range b {
		if c >= 0x80 {
			return false
		}
	}
	return true
}

// guess decodes bytes whose character set is missing or wrong.
func guess(b []byte) string {
	if utf8.Valid(b) {
		if bytes.Contains(b, []byte("\x1b$B")) || bytes.Contains(b, []byte("\x1b$@")) {
			return with(japanese.ISO2022JP, b)
		}
		return string(b)
	}
	if bytes.HasPrefix(b, []byte{0xff, 0xfe}) || bytes.HasPrefix(b, []byte{0xfe, 0xff}) {
		if e, _ := charset.Lookup("utf-16"); e != nil {
			big := b[0] == 0xfe
			return utf16Text(b[2:], big)
		}
	}
	// UTF-8 that was cut or has a few invalid bytes is still UTF-8.
	good, bad := 0, 0
	for i := 0; i < len(b); {
		r, n := utf8.DecodeRune(b[i:])
		switch {
		case r == utf8.RuneError && n == 1:
			bad++
		case n > 1:
			good++
		}
		i += n
	}
	if good > 4*bad {
		return strings.ToValidUTF8(string(b), "\uFFFD")
	}
	return with1252(b)
}

// with1252 decodes windows-1252 and leaves the five holes of its table as controls, which cleanText removes.
func with1252(b []byte) string {
	out, err := charmap.Windows1252.NewDecoder().Bytes(b)
	if err != nil {
		return strings.ToValidUTF8(string(b), "\uFFFD")
	}
	return string(out)
}

func utf16Text(b []byte, big bool) string {
	units := make([]uint16, 0, len(b)/2)
	for i := 0; i+1 < len(b); i += 2 {
		if big {
			units = append(units, uint16(b[i])<<8|uint16(b[i+1]))
		} else {
			units = append(units, uint16(b[i+1])<<8|uint16(b[i]))
		}
	}
	return string(utf16.Decode(units))
}

// decodeUTF7 decodes UTF-7 (RFC 2152).
func decodeUTF7(b []byte) string {
	var out strings.Builder
	for i := 0; i < len(b); i++ {
		if b[i] != '+' {
			out.WriteByte(b[i])
			continue
		}
		end := i + 1
		for end < len(b) && (b[end] >= 'A' && b[end] <= 'Z' || b[end] >= 'a' && b[end] <= 'z' || b[end] >= '0' && b[end] <= '9' || b[end] == '+' || b[end] == '/') {
			end++
		}
		switch {
		case end == i+1 && end < len(b) && b[end] == '-':
			out.WriteByte('+')
		case end == i+1:
			out.WriteByte('+')
			continue
		default:
			n := (end - i - 1) / 4 * 4
			switch (end - i - 1) % 4 {
			case 2, 3:
				n = end - i - 1
			}
			units, err := base64.RawStdEncoding.DecodeString(string(b[i+1 : i+1+n]))
			if err != nil && len(units) == 0 {
				out.Write(b[i:end])
				i = end - 1
				continue
			}
			out.WriteString(utf16Text(units, true))
		}
		i = end - 1
		if end < len(b) && b[end] == '-' {
			i = end
		}
	}
	return strings.ToValidUTF8(out.String(), "\uFFFD")
}

// cleanText prepares text of several lines for the store: UTF-8, LF, no controls.
func cleanText(s string) string {
	clean := true
	for i := 0; i < len(s); i++ {
		if c := s[i]; c < ' ' && c != '\n' && c != '\t' || c == 0x7f || c >= 0x80 {
			clean = false
			break
		}
	}
	if clean {
		return s
	}
	var b strings.Builder
	b.Grow(len(s))
	for i := 0; i < len(s); {
		c := s[i]
		if c < utf8.RuneSelf {
			i++
			switch {
			case c == '\r':
				if i >= len(s) || s[i] != '\n' {
					b.WriteByte('\n')
				}
			case c == '\f' || c == '\v':
				b.WriteByte('\n')
			case c >= ' ' && c != 0x7f, c == '\n', c == '\t':
				b.WriteByte(c)
			}
			continue
		}
		r, n := utf8.DecodeRuneInString(s[i:])
		i += n
		switch {
		case r >= 0x80 && r < 0xa0, r == 0xfeff:
		default:
			b.WriteRune(r)
		}
	}
	return b.String()
}

// oneLine prepares text for a header, a name or a subject: any white space becomes one space; controls and characters
// that hide or reverse text are removed.
func oneLine(s string) string {
	var b strings.Builder
	b.Grow(len(s))
	space := false
	for _, r := range s {
		switch {
		case unicode.IsSpace(r):
			space = b.Len() > 0
		case unicode.IsControl(r), r == 0x061c, r == 0x200b, r == 0x200e, r == 0x200f, r == 0xfeff,
			r >= 0x202a && r <= 0x202e, r >= 0x2066 && r <= 0x2069:
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
