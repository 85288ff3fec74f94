package markup

import (
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/net/html"
)

// Text returns the text of HTML as Plain describes it.
func Text(s string) string {
	t := tidy{words: true}
	t.run(s)
	return balancedText(string(t.out))
}

// balancedText is htmlText for HTML that tidy or Markdown has made.
func balancedText(s string) string {
	return newText(s).whole()
}

// LetterText returns what HTML that was kept, or is our own, says as text for a letter: as Plain has it, with the spaces
// that do not break, for people make columns of them, and with the address of each link beside its words, which may say
// nothing.
func LetterText(s string) string {
	w := newText(s)
	w.columns, w.links = true, true
	return w.whole()
}

// TextLine is a line of the text of HTML.
type TextLine struct {
	Text   string
	From   int  // where in the HTML it begins, -1 of a blank one
	Fixed  bool // it is in a table or in preformatted text
	Quoted bool // it is in an element that quotes
}

// TextLines returns what LetterText does, line by line.
func TextLines(s string) []TextLine {
	w := newText(s)
	w.columns = true
	w.read()
	var out []TextLine
	off := 0
	for line := range strings.SplitSeq(w.b.String(), "\n") {
		l := TextLine{Text: Clean(line), From: -1}
		if len(w.starts) > 0 && w.starts[0].off == off {
			l.From, l.Fixed, l.Quoted = w.starts[0].from, w.starts[0].fixed, w.starts[0].quoted
			w.starts = w.starts[1:]
		}
		off += len(line) + 1
		out = append(out, l)
	}
	return out
}

func newText(s string) *plainWriter {
	w := &plainWriter{src: s, cells: &grid{extra: 2000 + len(s)/8}}
	w.b.Grow(len(s) / 2)
	return w
}

func (w *plainWriter) read() {
	w.kids(tree(w.src))
	w.endMark()
}

func (w *plainWriter) whole() string {
	w.read()
	return strings.TrimSpace(Clean(w.b.String()))
}

type lineStart struct {
	off, from     int
	fixed, quoted bool
}

type plainWriter struct {
	src     string
	b       strings.Builder
	columns bool // spaces that do not break are kept
	links   bool // addresses of links are written
	lines   int  // line ends owed before the next text
	spaces  int  // spaces owed
	soft    bool // the last of them came from white space, which more of it does not add to
	empty   bool // a bullet was written and its text is still to come
	flat    bool // everything stands on one line: a cell
	pre     int  // depth of pre
	table   int  // depth of tables
	quotes  int  // depth of blockquotes
	above   int  // of the line before
	struck  int  // depth of struck text
	marked  bool // the mark of struck text is open
	lists   []listState
	at      int // where in the source the next text stands
	starts  []lineStart
	cells   *grid // only for its bound, which tables share
}

// listState is an open list: its last number, -1 of bullets, and how numbers are written.
type listState struct {
	n    int
	kind string
}

// gap asks for the next text to begin n line ends further.
func (w *plainWriter) gap(n int) {
	if n == 0 || w.empty {
		return
	}
	w.endMark()
	if w.flat {
		w.softSpace()
		return
	}
	if len(w.lists) > 0 {
		n = 1
	}
	w.lines = max(w.lines, n)
	w.spaces, w.soft = 0, false
}

// softSpace owes one space, however often it is asked for; none where a line begins.
func (w *plainWriter) softSpace() {
	if w.soft || w.spaces == 0 && (w.b.Len() == 0 || w.lines > 0) {
		return
	}
	w.spaces++
	w.soft = true
}

func (w *plainWriter) text(n *node) {
	w.at = n.from
	if w.pre > 0 && !w.flat {
		w.preformatted(n)
		return
	}
	for s := n.text; s != ""; {
		i := strings.IndexFunc(s, unicode.IsSpace)
		switch {
		case i < 0:
			i = len(s)
			fallthrough
		case i > 0:
			w.write(s[:i])
			s = s[i:]
		default:
			if r, size := utf8.DecodeRuneInString(s); r == 0xA0 && w.columns {
				w.spaces, w.soft = w.spaces+1, false
				s = s[size:]
			} else {
				w.softSpace()
				s = strings.TrimLeftFunc(s, func(r rune) bool { return unicode.IsSpace(r) && (r != 0xA0 || !w.columns) })
			}
		}
	}
}

// preformatted writes text line by line. Line ends at the end are owed like
// any other, so that the gap after the block does not come on top of them.
func (w *plainWriter) preformatted(n *node) {
	raw := w.src[n.from:n.to]
	if w.lines > 0 || w.b.Len() == 0 {
		cut := strings.TrimLeft(raw, "\n")
		w.at += len(raw) - len(cut)
		raw = cut
	}
	for raw != "" {
		line, rest, more := strings.Cut(raw, "\n")
		if text := html.UnescapeString(line); strings.TrimSpace(text) != "" {
			w.write(strings.ReplaceAll(text, "\u00a0", " "))
		}
		w.at += len(line) + 1
		if raw = rest; more {
			w.endMark()
			w.lines++
		}
	}
}

// write pays what is owed, then writes s as it is.
func (w *plainWriter) write(s string) {
	if s == "" {
		return
	}
	if w.b.Len() == 0 || w.lines > 0 {
		w.newLine()
	}
	if !w.empty {
		w.b.WriteString(strings.Repeat(" ", min(w.spaces, 200)))
	}
	w.lines, w.spaces, w.soft, w.empty = 0, 0, false, false
	if w.struck > 0 && !w.marked {
		w.b.WriteString("~~")
		w.marked = true
	}
	w.b.WriteString(s)
}

func (w *plainWriter) newLine() {
	if w.b.Len() > 0 {
		for i := range w.lines {
			w.b.WriteByte('\n')
			if i < w.lines-1 {
				w.b.WriteString(strings.TrimRight(strings.Repeat("> ", min(w.above, w.quotes)), " "))
			}
		}
	}
	w.starts = append(w.starts, lineStart{w.b.Len(), w.at, w.pre > 0 || w.table > 0, w.quotes > 0})
	w.above = w.quotes
	w.b.WriteString(strings.Repeat("> ", w.quotes))
}

// endMark ends the mark of struck text; the next text opens it again.
func (w *plainWriter) endMark() {
	if w.marked {
		w.b.WriteString("~~")
		w.marked = false
	}
}

func (w *plainWriter) kids(n *node) {
	for _, k := range n.kids {
		w.node(k)
	}
}

func (w *plainWriter) node(n *node) {
	switch tag := n.tag; tag {
	case "":
		w.text(n)
	case "br":
		switch {
		case w.flat:
			w.softSpace()
		case w.b.Len() > 0 && !w.empty:
			w.endMark()
			w.lines, w.spaces, w.soft = min(w.lines+1, 2), 0, false
		}
	case "hr":
		w.gap(2)
		w.at = n.from
		w.write("-----")
		w.gap(2)
	case "img":
		if words := pictureAlt(n.attrs); words != "" {
			w.at = n.from
			w.softSpace()
			w.write(words)
			w.softSpace()
		}
	case "s", "del", "strike":
		w.struck++
		w.kids(n)
		if w.struck--; w.struck == 0 {
			w.endMark()
		}
	case "a":
		w.kids(n)
		if href := Attr(n.attrs, "href"); w.links && n.shows && len(href) <= maxLinkText && kindOfLink(href) == linkExternal && !sameAddress(w.onOneLine(n), href) {
			w.write(" <" + href + ">")
		}
	case "sup", "sub":
		w.raised(n)
	case "blockquote":
		w.gap(2)
		if !w.flat && w.quotes < maxNesting {
			w.quotes++
			defer func() { w.quotes-- }()
		}
		w.kids(n)
		w.gap(2)
	case "ul", "ol", "menu", "dir":
		w.list(n)
	case "li":
		w.item(n)
	case "table":
		w.gap(2)
		w.table++
		w.rows(n)
		w.table--
		w.gap(2)
	case "pre":
		w.gap(2)
		w.pre++
		w.kids(n)
		w.pre--
		w.gap(2)
	default:
		w.gap(blockGap(tag))
		w.kids(n)
		w.gap(blockGap(tag))
	}
}

// maxLinkText bounds the addresses that are written beside their words.
const maxLinkText = 300

// sameAddress tells words that are the address they lead to.
func sameAddress(words, href string) bool {
	bare := func(s string) string {
		s = strings.ToLower(strings.TrimSpace(s))
		s = strings.TrimPrefix(strings.TrimPrefix(s, "http://"), "https://")
		return strings.TrimSuffix(s, "/")
	}
	return bare(words) == bare(href)
}

// maxRaised is how long raised text is that gets a mark.
const maxRaised = 40

var lowered = strings.NewReplacer("0", "₀", "1", "₁", "2", "₂", "3", "₃", "4", "₄", "5", "₅", "6", "₆", "7", "₇", "8", "₈", "9", "₉", "+", "₊", "-", "₋")

// raised writes 10^3 for a superscript, H₂O and x_i for a subscript.
func (w *plainWriter) raised(n *node) {
	if n.words > maxRaised || n.breaks > 0 {
		w.kids(n)
		return
	}
	s := w.onOneLine(n)
	if s == "" {
		return
	}
	w.at = n.from
	plain := strings.TrimFunc(s, func(r rune) bool {
		return unicode.IsLetter(r) || unicode.IsDigit(r) || r == '-' || r == '+' || r == '−'
	}) == ""
	low := lowered.Replace(s)
	switch {
	case n.tag == "sub" && strings.IndexFunc(low, func(r rune) bool { return r < '₀' || r > '₋' }) < 0:
		w.write(low)
	case n.tag == "sub" && plain:
		w.write("_" + s)
	case n.tag == "sub":
		w.write("_(" + s + ")")
	case plain:
		w.write("^" + s)
	default:
		w.write("^(" + s + ")")
	}
}

// onOneLine returns the text of an element without line ends.
func (w *plainWriter) onOneLine(n *node) string {
	in := plainWriter{src: w.src, flat: true, cells: w.cells, columns: w.columns, links: w.links} // a mark that is open goes around it
	in.kids(n)
	in.endMark()
	return in.b.String()
}

// Bounds of a cell that is written on the line of its row.
const (
	maxCellText  = 1000
	maxCellLines = 12
)

// rows writes a table: a row is a line, its cells apart, those that are empty counted. A row of one cell, or of cells
// with much in them, is read one cell below the other.
func (w *plainWriter) rows(table *node) {
	g := grid{}
	for _, k := range table.kids {
		if k.tag != "tr" && k.tag != "thead" && k.tag != "tbody" && k.tag != "tfoot" {
			w.node(k)
		}
	}
	for _, tr := range table.rows() {
		line := len(tr.cells()) > 1 || len(g.below) > 1
		for _, c := range tr.cells() {
			line = line && !c.table && c.words <= maxCellText && c.breaks <= maxCellLines
		}
		w.gap(1)
		var out []string
		shows := false
		g.extra = w.cells.extra
		g.row(tr, func(_ int, c *node) {
			if !line {
				w.gap(1)
				w.kids(c)
				w.gap(1)
				return
			}
			s := w.onOneLine(c)
			shows = shows || s != ""
			out = append(out, s)
		}, func(int) { out = append(out, "") })
		w.cells.extra = g.extra
		if line && shows {
			w.at = tr.from
			w.write(strings.TrimRight(strings.Join(out, " | "), " "))
		}
		w.gap(1)
	}
}

func (w *plainWriter) list(n *node) {
	around := 1
	if len(w.lists) == 0 {
		around = 2
	} else {
		w.empty = false
	}
	w.gap(around)
	l := listState{n: -1}
	if n.tag == "ol" {
		l = listState{0, Attr(n.attrs, "type")}
		if start, err := strconv.Atoi(Attr(n.attrs, "start")); err == nil {
			l.n = start - 1
		}
	}
	w.lists = append(w.lists, l)
	w.kids(n)
	w.lists = w.lists[:len(w.lists)-1]
	w.empty = false
	w.gap(around)
}

func (w *plainWriter) item(n *node) {
	w.empty = false
	w.gap(1)
	bullet, indent := "- ", 0
	if k := len(w.lists); k > 0 {
		l := &w.lists[k-1]
		if l.n >= 0 {
			l.n++
			if v, err := strconv.Atoi(Attr(n.attrs, "value")); err == nil {
				l.n = v
			}
			bullet = numbered(l.n, l.kind) + ". "
		}
		indent = 2 * (k - 1)
	}
	w.at = n.from
	if w.flat {
		indent = 0
	}
	w.write(strings.Repeat(" ", indent) + bullet)
	w.empty = true
	w.kids(n)
	w.empty = false
	w.gap(1)
}

// numbered writes a number of a list as its kind says: figures, letters or Roman.
func numbered(n int, kind string) string {
	s := ""
	switch {
	case n < 1 || n > 500:
	case kind == "a" || kind == "A":
		for k := n; k > 0; k = (k - 1) / 26 {
			s = string(rune('a'+(k-1)%26)) + s
		}
	case kind == "i" || kind == "I":
		k := n
		for _, r := range []struct {
			n int
			s string
		}{{100, "c"}, {90, "xc"}, {50, "l"}, {40, "xl"}, {10, "x"}, {9, "ix"}, {5, "v"}, {4, "iv"}, {1, "i"}} {
			for ; k >= r.n; k -= r.n {
				s += r.s
			}
		}
	}
	if s == "" {
		return strconv.Itoa(n)
	}
	if kind == "A" || kind == "I" {
		return strings.ToUpper(s)
	}
	return s
}

// pictureAlt returns the words that stand for a picture, unless they are only
// the name of its file, or what a program made up.
func pictureAlt(attrs []html.Attribute) string {
	alt := Line(Attr(attrs, "alt"))
	if low := strings.ToLower(alt); alt == "" || len(alt) > 300 || strings.HasSuffix(low, ".png") || strings.HasSuffix(low, ".jpg") ||
		strings.HasSuffix(low, ".gif") || strings.HasSuffix(low, ".jpeg") || strings.HasPrefix(low, "cid:") || low == "image" || low == "immagine" {
		return ""
	}
	return alt
}

// blockGap returns how many line ends stand before and after an element.
func blockGap(tag string) int {
	switch tag {
	case "p", "h1", "h2", "h3", "h4", "h5", "h6", "table", "blockquote", "dl", "figure", "hr", "details":
		return 2
	case "dt", "dd", "tr", "caption", "thead", "tbody", "tfoot", "figcaption", "summary", "option":
		return 1
	}
	if e, ok := elements[tag]; ok && e.block {
		return 1
	}
	return 0
}
