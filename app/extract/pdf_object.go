package extract

import (
	"bytes"
	"strconv"
)

// The objects of a PDF are nil, bool, float64, pdfName, pdfString, []any, pdfDict, pdfRef and *pdfStream; operators are
// pdfWord.
type (
	pdfName   string
	pdfString string
	pdfDict   map[pdfName]any
	pdfRef    uint32
	pdfWord   string
)

// pdfStream is a dictionary with packed bytes, and the object number used in its encryption.
type pdfStream struct {
	dict       pdfDict
	raw        []byte
	ref        pdfRef
	generation uint16
}

// pdfEnd is what the lexer returns at the end.
type pdfEnd struct{}

const (
	maxNesting = 60      // nested arrays and dictionaries
	maxItems   = 200_000 // of one of them
)

// lexer reads objects from bytes. It never fails: invalid input becomes nil or a word.
type lexer struct {
	b     []byte
	at    int
	depth int
	refs  bool // "1 0 R" is a reference; not in page content
}

func isPDFSpace(c byte) bool {
	return c == ' ' || c == '\n' || c == '\r' || c == '\t' || c == '\f' || c == 0
}

func isPDFDelimiter(c byte) bool {
	switch c {
	case '(', ')', '<', '>', '[', ']', '{', '}', '/', '%':
		return true
	}
	return false
}

func (l *lexer) blanks() {
	for l.at < len(l.b) {
		switch c := l.b[l.at]; {
		case isPDFSpace(c):
			l.at++
		case c == '%':
			for l.at < len(l.b) && l.b[l.at] != '\n' && l.b[l.at] != '\r' {
				l.at++
			}
		default:
			return
		}
	}
}

// next returns the next object.
func (l *lexer) next() any {
	l.blanks()
	if l.at >= len(l.b) {
		return pdfEnd{}
	}
	c := l.b[l.at]
	switch c {
	case '/':
		l.at++
		return l.name()
	case '(':
		l.at++
		return l.literal()
	case '<':
		if l.at+1 < len(l.b) && l.b[l.at+1] == '<' {
			l.at += 2
			return l.dict()
		}
		l.at++
		return l.hex()
	case '[':
		l.at++
		return l.array()
	case '>':
		l.at++
		if l.at < len(l.b) && l.b[l.at] == '>' {
			l.at++
			return pdfWord(">>")
		}
		return pdfWord(">")
	case ']', ')', '{', '}':
		l.at++
		return pdfWord(c)
	}
	return l.bare()
}

func (l *lexer) token() []byte {
	start := l.at
	for l.at < len(l.b) && !isPDFSpace(l.b[l.at]) && !isPDFDelimiter(l.b[l.at]) {
		l.at++
	}
	return l.b[start:l.at]
}

func (l *lexer) bare() any {
	t := l.token()
	if n, ok := pdfNumber(t); ok {
		if l.refs {
			if r, ok := l.reference(n); ok {
				return r
			}
		}
		return n
	}
	switch string(t) {
	case "true":
		return true
	case "false":
		return false
	case "null":
		return nil
	}
	if len(t) > 40 {
		t = t[:40]
	}
	return pdfWord(t)
}

// reference reads the rest of "12 0 R".
func (l *lexer) reference(n float64) (pdfRef, bool) {
	if n < 1 || n > 1<<31 || n != float64(int64(n)) {
		return 0, false
	}
	start := l.at
	l.blanks()
	digits := l.at
	for l.at < len(l.b) && l.at-digits < 6 && l.b[l.at] >= '0' && l.b[l.at] <= '9' {
		l.at++
	}
	if l.at > digits {
		l.blanks()
		if l.at < len(l.b) && l.b[l.at] == 'R' && (l.at+1 == len(l.b) || isPDFSpace(l.b[l.at+1]) || isPDFDelimiter(l.b[l.at+1])) {
			l.at++
			return pdfRef(n), true
		}
	}
	l.at = start
	return 0, false
}

func pdfNumber(t []byte) (float64, bool) {
	if len(t) == 0 || len(t) > 40 {
		return 0, false
	}
	whole, simple := 0, true
	for i, c := range t {
		switch {
		case c >= '0' && c <= '9':
			if whole = whole*10 + int(c-'0'); i > 15 {
				simple = false
			}
		case c == '-' || c == '+' || c == '.':
			simple = false
		default:
			return 0, false
		}
	}
	if simple {
		return float64(whole), true
	}
	f, err := strconv.ParseFloat(string(t), 64)
	return f, err == nil
}

func (l *lexer) name() pdfName {
	t := l.token()
	if bytes.IndexByte(t, '#') < 0 {
		return pdfName(t)
	}
	out := make([]byte, 0, len(t))
	for i := 0; i < len(t); i++ {
		if t[i] == '#' && i+2 < len(t) {
			if n, err := strconv.ParseUint(string(t[i+1:i+3]), 16, 8); err == nil {
				out = append(out, byte(n)) // #nosec G115 -- two hexadecimal digits
				i += 2
				continue
			}
		}
		out = append(out, t[i])
	}
	return pdfName(out)
}

func (l *lexer) literal() pdfString {
	var out []byte
	for open := 1; l.at < len(l.b); l.at++ {
		c := l.b[l.at]
		switch c {
		case '(':
			open++
		case ')':
			if open--; open == 0 {
				l.at++
				return pdfString(out)
			}
		case '\\':
			if l.at++; l.at >= len(l.b) {
				return pdfString(out)
			}
			if c = l.escape(); c == 0 {
				continue
			}
		}
		out = append(out, c)
	}
	return pdfString(out)
}

// escape returns the byte for a backslash and the text at the lexer, 0 for none.
func (l *lexer) escape() byte {
	c := l.b[l.at]
	switch c {
	case 'n':
		return '\n'
	case 'r':
		return '\r'
	case 't':
		return '\t'
	case 'b':
		return '\b'
	case 'f':
		return '\f'
	case '\r':
		if l.at+1 < len(l.b) && l.b[l.at+1] == '\n' {
			l.at++
		}
		return 0
	case '\n':
		return 0
	}
	if c < '0' || c > '7' {
		return c
	}
	n := int(c - '0')
	for i := 0; i < 2 && l.at+1 < len(l.b) && l.b[l.at+1] >= '0' && l.b[l.at+1] <= '7'; i++ {
		l.at++
		n = n*8 + int(l.b[l.at]-'0')
	}
	return byte(n) // #nosec G115 -- PDF has overflow in \ddd ignored
}

func hexDigit(c byte) int {
	switch {
	case c >= '0' && c <= '9':
		return int(c - '0')
	case c >= 'a' && c <= 'f':
		return int(c-'a') + 10
	case c >= 'A' && c <= 'F':
		return int(c-'A') + 10
	}
	return -1
}

func (l *lexer) hex() pdfString {
	var out []byte
	half, n := false, 0
	for ; l.at < len(l.b); l.at++ {
		c := l.b[l.at]
		if c == '>' {
			l.at++
			break
		}
		d := hexDigit(c)
		if d < 0 {
			continue
		}
		if n = n*16 + d; half {
			out = append(out, byte(n)) // #nosec G115 -- two hexadecimal digits
			n = 0
		}
		half = !half
	}
	if half {
		out = append(out, byte(n*16))
	}
	return pdfString(out)
}

func (l *lexer) array() any {
	if l.depth++; l.depth > maxNesting {
		l.at = len(l.b)
		return nil
	}
	defer func() { l.depth-- }()
	out := []any{}
	for len(out) < maxItems {
		o := l.next()
		switch w := o.(type) {
		case pdfEnd:
			return out
		case pdfWord:
			if w == "]" {
				return out
			}
			if w == "endobj" || w == ">>" {
				return out
			}
		}
		out = append(out, o)
	}
	return out
}

func (l *lexer) dict() any {
	if l.depth++; l.depth > maxNesting {
		l.at = len(l.b)
		return nil
	}
	defer func() { l.depth-- }()
	out := pdfDict{}
	for len(out) < maxItems {
		switch k := l.next().(type) {
		case pdfEnd:
			return out
		case pdfWord:
			if k == ">>" || k == "endobj" || k == "stream" {
				return out
			}
		case pdfName:
			v := l.next()
			if _, end := v.(pdfEnd); end {
				return out
			}
			if w, ok := v.(pdfWord); ok && w == ">>" {
				return out
			}
			out[k] = v
		}
	}
	return out
}
