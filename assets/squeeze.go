package assets

import (
	"bytes"
	"regexp"
)

// A string is kept as it is; comments and white space are what the squeeze is after.
var (
	cssGap  = regexp.MustCompile(`(?s)"[^"\n]*"|(?:/\*.*?\*/|\s)+`)
	cssMark = regexp.MustCompile(`"[^"\n]*"| ?[{};] ?|[,:] `)
)

// Squeeze returns a style sheet of ours without its comments and without the white space that only people need: about
// an eighth less to send. It knows the way our sheets are written (a space follows a colon in declarations only) and
// no more.
func Squeeze(css []byte) []byte {
	css = cssGap.ReplaceAllFunc(css, func(m []byte) []byte {
		if m[0] == '"' {
			return m
		}
		return []byte(" ")
	})
	css = cssMark.ReplaceAllFunc(css, func(m []byte) []byte {
		if m[0] == '"' {
			return m
		}
		return bytes.TrimSpace(m)
	})
	return bytes.TrimSpace(css)
}
