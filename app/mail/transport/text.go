package transport

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// oneLine prepares s for a log line, a page or a header field: invalid and unprintable characters become spaces, runs
// of spaces become one, and it is cut after 500 bytes.
func oneLine(s string) string { return printable(s, 500) }

func printable(s string, most int) string {
	var b strings.Builder
	space := false
	for _, r := range strings.ToValidUTF8(s, " ") {
		if r != ' ' && (unicode.IsControl(r) || unicode.In(r, unicode.Zl, unicode.Zp, unicode.Cf)) || unicode.IsSpace(r) {
			space = b.Len() > 0
			continue
		}
		if space {
			b.WriteByte(' ')
			space = false
		}
		if b.Len()+utf8.RuneLen(r) > most {
			break
		}
		b.WriteRune(r)
	}
	return b.String()
}
