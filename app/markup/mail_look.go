package markup

import (
	"strings"
	"unicode/utf8"

	"golang.org/x/net/html"
)

// Mail says with styles what HTML has elements for: struck and raised text, bold, columns of spaces, signs of fonts
// that are made of signs. No style is kept, but what it says is.

// look is what the style of an element does to the text in it.
type look struct {
	font  font
	space spacing
}

type font int8

const (
	fontInherited font = iota
	fontOfText
	fontOfSigns // Wingdings and its like
	fontOfSymbols
)

type spacing int8

const (
	spacingInherited spacing = iota
	spacingFolded
	spacingKept
	spacingOfLines // line ends alone
)

// mail tells whether the HTML of a mail is read.
func (t *tidy) mail() bool { return t.keep || t.view != nil }

// sign returns the sign of a box that is ticked or not.
func sign(attrs []html.Attribute) string {
	checked := false
	for _, a := range attrs {
		checked = checked || a.Key == "checked"
	}
	switch strings.ToLower(Attr(attrs, "type")) {
	case "checkbox":
		if checked {
			return "☑"
		}
		return "☐"
	case "radio":
		if checked {
			return "◉"
		}
		return "○"
	}
	return ""
}

// mailStart begins the elements that mean something in mail alone.
func (t *tidy) mailStart(name string, attrs []html.Attribute) bool {
	switch {
	case len(t.stack) >= maxOpen:
		return false
	case name == "span" || name == "font" || (name == "b" || name == "strong") && styleOf(attrs)["font-weight"] == "normal":
		t.push(name, "", len(t.out))
		t.dress(name, attrs)
		return true
	case t.keep && headingLevel(name) > 0:
		// The head of a mail is none of the page.
		t.makeRoom(name, "p", true)
		begin := len(t.out)
		t.out = append(t.out, "<p>"...)
		t.push(name, "p", begin)
		t.wrap("strong")
		t.dress(name, attrs)
		return true
	}
	return false
}

// wrap opens an element that ends with the one that was opened before it.
func (t *tidy) wrap(as string) {
	if len(t.stack) >= maxOpen {
		return
	}
	begin := len(t.out)
	t.out = append(append(append(t.out, '<'), as...), '>')
	t.push("", as, begin)
}

// maxStyle bounds the style of an element that is read.
const maxStyle = 4000

func styleOf(attrs []html.Attribute) map[string]string {
	s := Attr(attrs, "style")
	if s == "" || len(s) > maxStyle {
		return nil
	}
	m := map[string]string{}
	for part := range strings.SplitSeq(strings.ToLower(s), ";") {
		name, value, _ := strings.Cut(part, ":")
		m[strings.TrimSpace(name)] = strings.TrimSpace(value)
	}
	return m
}

// dress gives the innermost element what its style says.
func (t *tidy) dress(name string, attrs []html.Attribute) {
	style := styleOf(attrs)
	face := strings.ToLower(Attr(attrs, "face"))
	if f := style["font-family"]; f != "" {
		face = f
	}
	if len(style) == 0 && face == "" {
		return
	}
	inline := name == "span" || name == "font"
	var l look
	switch face = strings.Trim(face, `"' `); {
	case face == "":
	case strings.HasPrefix(face, "wingdings") && !strings.HasPrefix(face, "wingdings "):
		l.font = fontOfSigns
	case strings.HasPrefix(face, "symbol"):
		l.font = fontOfSymbols
	default:
		l.font = fontOfText
	}
	space := style["white-space"]
	if style["white-space-collapse"] == "preserve" {
		space = "pre-wrap"
	}
	switch space {
	case "normal", "nowrap":
		l.space = spacingFolded
	case "pre", "pre-wrap", "break-spaces":
		l.space = spacingKept
	case "pre-line":
		l.space = spacingOfLines
	}
	if l != (look{}) {
		t.stack[len(t.stack)-1].look = l
		t.looks++
	}
	if space == "pre" && (name == "div" || name == "p") {
		t.wrap("pre")
	}
	if strings.Contains(style["text-decoration"], "line-through") || strings.Contains(style["text-decoration-line"], "line-through") {
		t.wrap("s")
	}
	if w := style["font-weight"]; (w == "bold" || w == "bolder" || len(w) == 3 && w >= "600" && w <= "900") && (inline || name == "p" || name == "div" || name == "td" || name == "li") {
		t.wrap("b")
	}
	if style["font-style"] == "italic" && inline {
		t.wrap("i")
	}
	if inline {
		switch {
		case strings.HasPrefix(style["vertical-align"], "super"):
			t.wrap("sup")
		case strings.HasPrefix(style["vertical-align"], "sub"):
			t.wrap("sub")
		}
	}
}

// current is the look of the text that comes now.
func (t *tidy) current() look {
	var l look
	for i := len(t.stack) - 1; i >= 0 && (l.font == 0 || l.space == 0); i-- {
		o := t.stack[i]
		if l.font == 0 {
			l.font = o.look.font
		}
		if l.space == 0 {
			l.space = o.look.space
		}
		if l.space == 0 && o.as == "pre" {
			l.space = spacingFolded // its spaces need no help
		}
	}
	return l
}

// lookedText writes text as its look says.
func (t *tidy) lookedText(s string) {
	l := t.current()
	if l.font == fontOfSigns || l.font == fontOfSymbols {
		s = strings.Map(func(r rune) rune {
			if r >= 0xF000 && r <= 0xF0FF {
				r -= 0xF000
			}
			if to := signs[l.font][r]; to != 0 {
				return to
			}
			return r
		}, s)
	}
	if l.space < spacingKept || strings.TrimSpace(s) == "" && strings.Contains(s, "\n") {
		t.out = append(t.out, html.EscapeString(s)...)
		return
	}
	from := 0
	flush := func(to int) { t.out = append(t.out, html.EscapeString(s[from:to])...) }
	for i := 0; i < len(s); i++ {
		switch {
		case s[i] == '\n':
			flush(i)
			t.out = append(t.out, "<br>"...)
			from = i + 1
		case l.space == spacingKept && s[i] == '\t':
			flush(i)
			t.out = append(t.out, "\u00a0\u00a0\u00a0\u00a0"...)
			from = i + 1
		case l.space == spacingKept && s[i] == ' ' && (i == 0 || i+1 == len(s) || s[i+1] == ' ' || s[i-1] == '\n'):
			flush(i)
			t.out = append(t.out, "\u00a0"...)
			from = i + 1
		}
	}
	flush(len(s))
}

// signs are what the letters of fonts made of signs look like.
var signs = map[font]map[rune]rune{
	fontOfSigns:   pairs("J☺ K😐 L☹ à→ ß← á↑ â↓ è➔ ü✓ û✗ þ☑ ý☒ ¨☐ o☐ q❑ r❒ n■ §▪ l● ¡○ Ø➢ v❖ «★ (☎ )✆ *✉ ?✍ !✏ C👍 D👎 G☟ F☞ E☜ ¬✩ x☒ "),
	fontOfSymbols: pairs("·• ®→ ¬← \u00ad↑ ¯↓ Û⇔ Þ⇒ ´× ¸÷ £≤ ³≥ ¹≠ ±± »≈ º≡ ¥∞ Ö√ å∑ ò∫ ¶∂ Î∈ aα bβ gγ dδ eε lλ mμ pπ rρ sσ tτ wω fφ DΔ SΣ WΩ FΦ "),
}

func pairs(s string) map[rune]rune {
	m := map[rune]rune{}
	for p := range strings.FieldsSeq(s) {
		from, n := utf8.DecodeRuneInString(p)
		to, _ := utf8.DecodeRuneInString(p[n:])
		m[from] = to
	}
	return m
}

// keepImage keeps an inline picture under its Content-ID, for who shows the mail to find it. Any other is its words.
func (t *tidy) keepImage(attrs []html.Attribute, src, alt string) {
	if !hasFold(src, "cid:") || len(src) > 1000 {
		if words := pictureAlt(attrs); words != "" {
			t.text(" " + words + " ")
		} else {
			t.text(" ")
		}
		return
	}
	t.out = append(t.out, `<img src="`+html.EscapeString("cid:"+src[len("cid:"):])+`" alt="`+html.EscapeString(alt)+`"`...)
	t.attributes(element{attrs: []string{"title", "width", "height"}}, "img", attrs)
	t.out = append(t.out, '>')
}
