package extract

import (
	"math"
	"unicode"
	"unicode/utf8"
)

// matrix is a transformation of the plane as written in PDF.
type matrix [6]float64

var identity = matrix{1, 0, 0, 1, 0, 0}

// times returns the transformation that applies m first, then n.
func (m matrix) times(n matrix) matrix {
	return matrix{
		m[0]*n[0] + m[1]*n[2], m[0]*n[1] + m[1]*n[3],
		m[2]*n[0] + m[3]*n[2], m[2]*n[1] + m[3]*n[3],
		m[4]*n[0] + m[5]*n[2] + n[4], m[4]*n[1] + m[5]*n[3] + n[5],
	}
}

// pen is the state that q saves and Q restores.
type pen struct {
	ctm                            matrix
	font                           *pdfFont
	size, chars, words, wide, lead float64
	rise                           float64
}

const (
	maxForms   = 12  // nested contents
	maxPens    = 200 // nested q
	maxOperand = 20_000
	wordGap    = 0.15 // of the font height: a wider gap between two glyphs separates words
)

// pdfText reads the content of a page and writes the glyphs it shows, with blanks and line ends where they are apart.
type pdfText struct {
	f     *pdf
	out   *sink
	pen   pen
	stack []pen
	tm    matrix
	line  matrix

	begun bool
	x, y  float64 // end of the last glyph on the page
	forms int     // number drawn so far
}

func (t *pdfText) run(content []byte, resources pdfDict, depth int) error {
	if depth == 0 {
		t.pen = pen{ctm: identity, wide: 1}
		t.tm, t.line = identity, identity
	}
	bottom := len(t.stack)
	l := &lexer{b: content}
	var args []any
	for !t.out.full {
		o := l.next()
		switch w := o.(type) {
		case pdfEnd:
			t.stack = t.stack[:min(bottom, len(t.stack))]
			return nil
		case pdfWord:
			if w == "BI" {
				skipPicture(l)
			} else if err := t.do(string(w), args, resources, depth); err != nil {
				return err
			}
			args = args[:0]
		default:
			if len(args) < maxOperand {
				args = append(args, o)
			}
		}
	}
	return nil
}

// skipPicture skips an inline picture.
func skipPicture(l *lexer) {
	for {
		switch w := l.next().(type) {
		case pdfEnd:
			return
		case pdfWord:
			if w != "ID" {
				continue
			}
			for i := l.at; i+3 < len(l.b); i++ {
				if l.b[i+1] == 'E' && l.b[i+2] == 'I' && isPDFSpace(l.b[i]) && isPDFSpace(l.b[i+3]) {
					l.at = i + 3
					return
				}
			}
			l.at = len(l.b)
			return
		}
	}
}

func numberAt(args []any, i int) float64 {
	if i < 0 || i >= len(args) {
		return 0
	}
	n, _ := args[i].(float64)
	return n
}

func matrixOf(args []any) matrix {
	var m matrix
	for i := range m {
		m[i] = numberAt(args, i)
	}
	return m
}

func stringAt(args []any, i int) string {
	if i < 0 || i >= len(args) {
		return ""
	}
	s, _ := args[i].(pdfString)
	return string(s)
}

func (t *pdfText) do(op string, args []any, resources pdfDict, depth int) error {
	switch op {
	case "q":
		if len(t.stack) < maxPens {
			t.stack = append(t.stack, t.pen)
		}
	case "Q":
		if n := len(t.stack); n > 0 {
			t.pen, t.stack = t.stack[n-1], t.stack[:n-1]
		}
	case "cm":
		t.pen.ctm = matrixOf(args).times(t.pen.ctm)
	case "BT":
		t.tm, t.line = identity, identity
	case "Tf":
		t.pen.size = numberAt(args, 1)
		if len(args) > 0 {
			name, _ := args[0].(pdfName)
			t.pen.font = t.f.font(t.f.dict(resources["Font"])[name])
		}
	case "Tc":
		t.pen.chars = numberAt(args, 0)
	case "Tw":
		t.pen.words = numberAt(args, 0)
	case "Tz":
		t.pen.wide = numberAt(args, 0) / 100
	case "TL":
		t.pen.lead = numberAt(args, 0)
	case "Ts":
		t.pen.rise = numberAt(args, 0)
	case "Td":
		t.move(numberAt(args, 0), numberAt(args, 1))
	case "TD":
		t.pen.lead = -numberAt(args, 1)
		t.move(numberAt(args, 0), numberAt(args, 1))
	case "Tm":
		t.line = matrixOf(args)
		t.tm = t.line
	case "T*":
		t.move(0, -t.pen.lead)
	case "Tj":
		t.show(stringAt(args, 0))
	case "'":
		t.move(0, -t.pen.lead)
		t.show(stringAt(args, 0))
	case "\"":
		t.pen.words, t.pen.chars = numberAt(args, 0), numberAt(args, 1)
		t.move(0, -t.pen.lead)
		t.show(stringAt(args, 2))
	case "TJ":
		if len(args) == 0 {
			return nil
		}
		list, _ := args[0].([]any)
		for _, o := range list {
			switch o := o.(type) {
			case pdfString:
				t.show(string(o))
			case float64:
				t.advance(-o / 1000 * t.pen.size * t.pen.wide)
			}
		}
	case "Do":
		if len(args) > 0 {
			name, _ := args[0].(pdfName)
			return t.form(t.f.dict(resources["XObject"])[name], resources, depth)
		}
	}
	return nil
}

func (t *pdfText) move(x, y float64) {
	t.line = matrix{1, 0, 0, 1, x, y}.times(t.line)
	t.tm = t.line
}

func (t *pdfText) advance(x float64) { t.tm = matrix{1, 0, 0, 1, x, 0}.times(t.tm) }

// form draws a content that is referred to by name.
func (t *pdfText) form(o any, resources pdfDict, depth int) error {
	s, ok := t.f.get(o).(*pdfStream)
	if !ok || t.f.name(s.dict["Subtype"]) != "Form" || depth >= maxForms {
		return nil
	}
	if t.forms++; t.forms > 5000 {
		return refuse(TooMuch, "a page of more than 5000 forms")
	}
	b, err := t.f.bytes(s)
	if err != nil {
		return err
	}
	if r := t.f.dict(s.dict["Resources"]); r != nil {
		resources = r
	}
	saved, tm, line := t.pen, t.tm, t.line
	if m := t.f.array(s.dict["Matrix"]); len(m) == 6 {
		t.pen.ctm = matrixOf(m).times(t.pen.ctm)
	}
	err = t.run(b, resources, depth+1)
	t.pen, t.tm, t.line = saved, tm, line
	return err
}

func (t *pdfText) show(s string) {
	font := t.pen.font
	if font == nil {
		font = plainFont
	}
	for len(s) > 0 && !t.out.full {
		code, n := font.code(s)
		width := font.width(code) * t.pen.size
		if text := font.text(code); text != "" {
			t.place(text)
		}
		step := width + t.pen.chars
		if n == 1 && code == ' ' {
			step += t.pen.words
		}
		t.advance(step * t.pen.wide)
		m := t.tm.times(t.pen.ctm)
		t.x, t.y = m[4], m[5]
		s = s[n:]
	}
}

// place writes a glyph at the pen's position, preceded by the blank or line end that the distance from the last one
// implies.
func (t *pdfText) place(text string) {
	m := t.tm.times(t.pen.ctm)
	length := math.Hypot(m[0], m[1])
	height := math.Abs(t.pen.size) * math.Hypot(m[2], m[3])
	if t.begun && length > 0 && height > 0 {
		ux, uy := m[0]/length, m[1]/length
		dx, dy := m[4]-t.x, m[5]-t.y
		along, across := dx*ux+dy*uy, math.Abs(-dx*uy+dy*ux)
		switch {
		case across > height*0.6:
			t.out.line()
		case along > height*wordGap || along < -height*2:
			t.out.space()
		}
	}
	t.begun = true
	first, _ := utf8.DecodeRuneInString(text)
	if t.out.blank == '\n' && unicode.IsLower(first) && t.hyphen() {
		// A word hyphenated at the end of the line.
		t.out.b.Truncate(t.out.b.Len() - t.hyphenLength())
		t.out.blank = 0
	}
	t.out.text(text)
}

// hyphen reports whether the text so far ends in a letter and a hyphen.
func (t *pdfText) hyphen() bool {
	n := t.hyphenLength()
	if n == 0 {
		return false
	}
	b := t.out.b.Bytes()
	r, _ := utf8.DecodeLastRune(b[:len(b)-n])
	return unicode.IsLower(r)
}

func (t *pdfText) hyphenLength() int {
	r, n := utf8.DecodeLastRune(t.out.b.Bytes())
	if r == '-' || r == '\u2010' {
		return n
	}
	return 0
}
