package markup

import (
	"bytes"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"unicode"
)

// FromPaste returns Markdown, as messages and articles read it, that says what
// copied HTML says: everything that was typed is escaped; bold, italic, struck
// text, links, lists, tables with their empty cells and preformatted text have
// their marks.
func FromPaste(s string) string {
	if s = Clean(s); len(s) > MaxHTML {
		return ""
	}
	kept := Kept(WithoutLayout(Kept(s)))
	w := markdownWriter{src: kept, cells: &grid{extra: 2000 + len(kept)/8}}
	w.kids(tree(kept))
	w.endLink()
	return strings.Trim(Clean(string(w.out)), "\n ")
}

// markdownWriter writes what is owed only when there is text to write, so
// that elements without text leave nothing behind.
type markdownWriter struct {
	src    string
	cells  *grid // only for its bound, which tables share
	flat   bool  // everything stands on one line: a cell
	out    []byte
	lines  int  // line ends owed before the next text
	space  bool // a space is owed
	begun  bool // the line has text
	pre    int
	above  string   // the quotes of the line before
	prefix []string // of quotes and lists, one for each that is open
	lists  []int    // per open list: -1 bullets, else the last number
	bullet string   // owed before the next text, in place of the last prefix

	formats []string // open formats, each mark once
	nested  [3]int   // how often bold, italic and struck text were opened
	written int      // how many of the formats have their mark written

	closed int // where the end of a format was written last

	href        string // of the open link
	linkAt      int    // where its text begins, -1 before it has any
	linkFormats int    // formats that were written before it
}

func (w *markdownWriter) gap(n int) {
	if len(w.out) == 0 || w.bullet != "" {
		return
	}
	w.closeFormats(0)
	if w.flat {
		w.space = true
		return
	}
	w.lines = max(w.lines, n)
	w.space = false
}

// closeFormats writes the ends of all formats but the first n; they open
// again with the next text if they are still open then.
func (w *markdownWriter) closeFormats(n int) {
	for ; w.written > n; w.written-- {
		w.out = append(w.out, w.formats[w.written-1]...)
		w.closed = len(w.out)
	}
}

func (w *markdownWriter) text(s string) {
	if w.pre > 0 {
		for i, l := range strings.Split(strings.ReplaceAll(s, "\r", ""), "\n") {
			if i > 0 {
				w.breakLine()
			}
			if strings.TrimSpace(l) != "" {
				w.raw(strings.TrimSuffix(escapeLine(l), " "), l)
			}
		}
		return
	}
	for s != "" {
		i := strings.IndexFunc(s, unicode.IsSpace)
		if i == 0 {
			w.space = true
			s = strings.TrimLeftFunc(s, unicode.IsSpace)
			continue
		}
		if i < 0 {
			i = len(s)
		}
		w.word(s[:i])
		s = s[i:]
	}
}

func (w *markdownWriter) word(s string) {
	w.owed()
	var e string
	if !w.begun {
		e = escapeFirst(s)
	} else {
		var b strings.Builder
		escapeInto(&b, s)
		e = b.String()
	}
	w.raw(e, s)
}

// raw writes escaped text; plain is what it says.
func (w *markdownWriter) raw(e, plain string) {
	w.owed()
	if w.href != "" && w.linkAt < 0 {
		w.linkAt, w.linkFormats = len(w.out), w.written
	}
	if w.closed > 0 && w.closed == len(w.out) && w.begun {
		// Behind a sign, the end of a format needs a space to be one; behind
		// an end, so does a beginning.
		if before := bytes.TrimRight(w.out, "*~"); w.written < len(w.formats) || len(before) > 0 && !wordByte(before[len(before)-1]) {
			w.out = append(w.out, ' ')
		}
	}
	for w.written < len(w.formats) {
		// A mark between a letter and a sign would be no mark.
		if n := len(w.out); n > 0 && w.begun && wordByte(w.out[n-1]) && !wordByte(plain[0]) {
			w.out = append(w.out, ' ')
		}
		w.out = append(w.out, w.formats[w.written]...)
		w.written++
	}
	w.out = append(w.out, e...)
	w.begun = true
}

// owed pays line ends, prefixes, bullets and spaces.
func (w *markdownWriter) owed() {
	fresh := len(w.out) == 0
	if w.lines > 0 && !fresh {
		quotes := w.quotes()
		for i := range w.lines {
			w.out = append(w.out, '\n')
			if i < w.lines-1 {
				// A blank line belongs to the quotes that go on over it.
				w.out = append(w.out, strings.TrimRight(quotes[:min(len(quotes), len(w.above))], " ")...)
			}
		}
		w.above = quotes
	} else if fresh {
		w.above = w.quotes()
	}
	switch {
	case fresh && !w.begun, w.lines > 0:
		n := len(w.prefix)
		if w.bullet != "" && n > 0 {
			for _, p := range w.prefix[:n-1] {
				w.out = append(w.out, p...)
			}
			w.out = append(w.out, w.bullet...)
		} else {
			for _, p := range w.prefix {
				w.out = append(w.out, p...)
			}
		}
		w.begun = false
	case w.space && w.begun:
		w.out = append(w.out, ' ')
	}
	if w.bullet != "" {
		w.bullet = ""
	}
	w.lines, w.space = 0, false
}

func (w *markdownWriter) quotes() string {
	var b strings.Builder
	for _, p := range w.prefix {
		if p == "> " {
			b.WriteString(p)
		}
	}
	return b.String()
}

func (w *markdownWriter) breakLine() {
	if len(w.out) == 0 || w.bullet != "" {
		return
	}
	w.closeFormats(0)
	if w.flat {
		w.space = true
		return
	}
	w.lines, w.space = min(w.lines+1, 2), false
}

func (w *markdownWriter) kids(n *node) {
	for _, k := range n.kids {
		w.node(k)
	}
}

func (w *markdownWriter) node(n *node) {
	switch n.tag {
	case "":
		w.text(n.text)
		return
	case "img":
		if words := pictureAlt(n.attrs); words != "" {
			w.text(" " + words + " ")
		}
		return
	case "sup", "sub":
		in := plainWriter{src: w.src, flat: true, cells: w.cells}
		in.node(n)
		w.text(in.b.String())
		return
	case "table":
		if !w.flat {
			w.table(n)
			return
		}
	case "pre":
		if !w.flat && len(w.prefix) == 0 && !strings.Contains(w.src[n.from:n.to], "```") {
			w.fence(n)
			return
		}
	}
	w.start(n)
	w.kids(n)
	w.end(n.tag)
}

// fence writes preformatted text as it stands.
func (w *markdownWriter) fence(n *node) {
	text := strings.Trim(innerOf(n), "\n")
	if strings.TrimSpace(text) == "" {
		return
	}
	w.gap(2)
	w.owed()
	w.out = append(w.out, "```\n"+text+"\n```"...)
	w.begun = true
	w.gap(2)
}

// innerOf is all text in an element, and line ends where it breaks.
func innerOf(n *node) string {
	var b strings.Builder
	var walk func(n *node)
	walk = func(n *node) {
		b.WriteString(n.text)
		if n.tag == "br" {
			b.WriteByte('\n')
		}
		for _, k := range n.kids {
			walk(k)
		}
		if n.tag != "pre" && blockGap(n.tag) > 0 && !strings.HasSuffix(b.String(), "\n") {
			b.WriteByte('\n')
		}
	}
	walk(n)
	return strings.ReplaceAll(b.String(), "\u00a0", " ")
}

// table writes rows of as many cells as the widest has; the first is the head.
func (w *markdownWriter) table(table *node) {
	for _, k := range table.kids {
		if k.tag == "caption" {
			w.gap(2)
			w.kids(k)
			w.gap(2)
		}
	}
	var rows [][]string
	columns := 0
	g := grid{extra: w.cells.extra}
	for _, tr := range table.rows() {
		var row []string
		g.row(tr, func(_ int, c *node) {
			in := markdownWriter{src: w.src, flat: true, cells: w.cells, begun: true, out: []byte(" ")}
			in.kids(c)
			in.endLink()
			in.closeFormats(0)
			row = append(row, strings.TrimSpace(Clean(string(in.out))))
		}, func(int) { row = append(row, "") })
		if len(row) > 0 {
			rows, columns = append(rows, row), max(columns, len(row))
		}
	}
	w.cells.extra = g.extra
	w.gap(2)
	if columns*len(rows) > maxCells+len(w.src)/2 { // Markdown would not read it as a table
		for _, row := range rows {
			w.owed()
			w.out = append(w.out, strings.Join(row, ` \| `)...)
			w.begun = true
			w.gap(1)
		}
		rows = nil
	}
	for i, row := range rows {
		w.owed()
		w.out = append(w.out, "| "+strings.Join(append(row, make([]string, columns-len(row))...), " | ")+" |"...)
		w.begun = true
		w.gap(1)
		if i == 0 {
			w.owed()
			w.out = append(w.out, "|"+strings.Repeat(" --- |", columns)...)
			w.begun = true
			w.gap(1)
		}
	}
	w.gap(2)
}

func (w *markdownWriter) start(tok *node) {
	switch name := tok.tag; name {
	case "br":
		w.breakLine()
	case "b", "strong":
		w.format("**")
	case "s", "del", "strike":
		w.format("~~")
	case "i", "em":
		w.format("*")
	case "h1", "h2", "h3", "h4", "h5", "h6":
		w.gap(2)
		w.format("**")
	case "a":
		w.endLink()
		w.href, w.linkAt = Attr(tok.attrs, "href"), -1
	case "hr":
		w.gap(2)
		w.owed()
		w.out = append(w.out, "-----"...)
		w.gap(2)
	case "ul", "ol":
		w.list(tok)
	case "li":
		w.item()
	case "blockquote":
		w.gap(2)
		if len(w.prefix) < maxNesting {
			w.prefix = append(w.prefix, "> ")
		} else {
			w.prefix = append(w.prefix, "")
		}
		w.endLink()
	case "td", "th":
		w.space = true
	case "pre":
		w.gap(2)
		w.pre++
	case "p", "table":
		w.gap(2)
	default:
		if e := elements[name]; e.block {
			w.gap(1)
		}
	}
}

// format opens a format; inside itself it changes nothing.
func (w *markdownWriter) format(mark string) {
	n := w.opened(mark)
	if *n++; *n == 1 {
		w.formats = append(w.formats, mark)
	}
}

func (w *markdownWriter) opened(mark string) *int {
	return &w.nested[slices.Index([]string{"**", "*", "~~"}, mark)]
}

func (w *markdownWriter) unformat(mark string) {
	n := w.opened(mark)
	if *n--; *n > 0 {
		return
	}
	*n = 0
	if i := slices.Index(w.formats, mark); i >= 0 {
		w.closeFormats(i)
		w.formats = slices.Delete(w.formats, i, i+1)
	}
}

func (w *markdownWriter) list(tok *node) {
	w.bullet = ""
	if len(w.lists) == 0 {
		w.gap(2)
	} else {
		w.gap(1)
	}
	n := -1
	if tok.tag == "ol" {
		n = 0
		if s, err := strconv.Atoi(Attr(tok.attrs, "start")); err == nil && s > 0 {
			n = s - 1
		}
	}
	w.lists = append(w.lists, n)
	w.prefix = append(w.prefix, "")
}

func (w *markdownWriter) item() {
	w.bullet = ""
	w.gap(1)
	n, p := len(w.lists), len(w.prefix)
	if n == 0 || p == 0 || w.prefix[p-1] == "> " {
		return
	}
	if w.flat {
		w.text("- ")
		return
	}
	w.bullet = "- "
	if w.lists[n-1] >= 0 {
		w.lists[n-1]++
		w.bullet = strconv.Itoa(w.lists[n-1]) + ". "
	}
	if n > maxNesting {
		// Message does not nest deeper; it is a line of its own.
		w.bullet, w.prefix[p-1] = "", ""
		return
	}
	w.prefix[p-1] = strings.Repeat(" ", len(w.bullet))
}

func (w *markdownWriter) end(name string) {
	switch name {
	case "b", "strong":
		w.unformat("**")
	case "s", "del", "strike":
		w.unformat("~~")
	case "i", "em":
		w.unformat("*")
	case "h1", "h2", "h3", "h4", "h5", "h6":
		w.unformat("**")
		w.gap(2)
	case "a":
		w.endLink()
	case "ul", "ol":
		w.bullet = ""
		if n := len(w.lists); n > 0 {
			w.lists = w.lists[:n-1]
			w.pop()
		}
		if len(w.lists) == 0 {
			w.gap(2)
		} else {
			w.gap(1)
		}
	case "li":
		w.bullet = ""
		w.gap(1)
	case "blockquote":
		w.pop()
		w.gap(2)
	case "pre":
		w.pre = max(0, w.pre-1)
		w.gap(2)
	case "p", "table":
		w.gap(2)
	case "td", "th":
	default:
		if e := elements[name]; e.block {
			w.gap(1)
		}
	}
}

func (w *markdownWriter) pop() {
	if n := len(w.prefix); n > 0 {
		w.prefix = w.prefix[:n-1]
	}
}

// linkEscapes are the characters that would end the address of a link.
var linkEscapes = strings.NewReplacer("(", "%28", ")", "%29", "<", "%3C", ">", "%3E", "*", "%2A", "`", "%60", "[", "%5B", "]", "%5D")

// endLink makes a link of the text since its element began. Text that is its
// own address stays as it is, for Message makes a link of that.
func (w *markdownWriter) endLink() {
	href, at := w.href, w.linkAt
	w.href, w.linkAt = "", -1
	if href == "" || at < 0 || len(href) > maxAddress {
		return
	}
	if k := kindOfLink(href); k != linkExternal && k != linkContact {
		return
	}
	label := string(w.out[at:])
	plain := strings.ReplaceAll(strings.Trim(label, "* "), `\`, "")
	for _, same := range []string{plain, "http://" + plain, "https://" + plain, "mailto:" + plain, "http://" + plain + "/", "https://" + plain + "/", plain + "/"} {
		if strings.EqualFold(same, href) && !strings.Contains(plain, " ") {
			return
		}
	}
	if strings.Contains(label, "\n") {
		return
	}
	// Formats that began inside end inside.
	w.closeFormats(w.linkFormats)
	label = string(w.out[at:])
	w.out = append(append(w.out[:at], '['), label...)
	w.out = append(w.out, "]("+linkEscapes.Replace(href)+")"...)
}

// escapeLine makes Markdown that shows a line as it was typed. One that begins
// with ">" stays a quote.
func escapeLine(l string) string {
	var b strings.Builder
	l = strings.TrimRight(l, " \t\u00a0")
	// The marks of a quote, as deep as quotes are shown.
	for depth := 0; ; depth++ {
		t := strings.TrimLeft(l, " ")
		if len(l)-len(t) > 3 || !strings.HasPrefix(t, ">") {
			break
		}
		if l = t[1:]; depth < maxNesting {
			b.WriteString("> ")
		}
		l = strings.TrimPrefix(l, " ")
	}
	// Four spaces would begin code; spaces that do not break keep the place.
	body := strings.TrimLeft(l, " \t")
	if indent := l[:len(l)-len(body)]; strings.Contains(indent, "\t") || len(indent) > 3 {
		b.WriteString(strings.Repeat("\u00a0", min(len(strings.ReplaceAll(indent, "\t", "    ")), 40)))
	} else {
		b.WriteString(indent)
	}
	first, after, more := strings.Cut(body, " ")
	b.WriteString(escapeFirst(first))
	if more {
		b.WriteByte(' ')
		escapeInto(&b, after)
	}
	return b.String()
}

var listMark = regexp.MustCompile(`^[0-9]{1,9}[.)]$`)

// escapeFirst escapes the first word of a line, which may be the mark of a
// list, a heading or a rule.
func escapeFirst(w string) string {
	switch {
	case w == "":
		return ""
	case listMark.MatchString(w):
		return w[:len(w)-1] + `\` + w[len(w)-1:]
	case w == "+" || w == "-" || strings.Trim(w, "#") == "":
		return `\` + w
	case len(w) >= 5 && strings.Trim(w, "_") == "":
		// A rule, as Outlook puts above the message it answers.
		return w
	}
	var b strings.Builder
	escapeInto(&b, w)
	return b.String()
}

// escapeInto writes text so that no character in it is Markdown. Addresses of
// pages stay whole, for they become links.
func escapeInto(b *strings.Builder, s string) {
	for i := 0; i < len(s); i++ {
		c := s[i]
		switch c {
		case 'h', 'H', 'w', 'W':
			if i == 0 || !wordByte(s[i-1]) {
				if n := matchURL([]byte(s[i:min(len(s), i+maxAddress)])); n > 0 {
					b.WriteString(s[i : i+n])
					i += n - 1
					continue
				}
			}
		case '\\', '`', '*', '[', ']', '<', '~', '&', '|':
			b.WriteByte('\\')
		case '_':
			if inner := func(c byte) bool { return c != '_' && wordByte(c) }; i == 0 || i == len(s)-1 || !inner(s[i-1]) || !inner(s[i+1]) {
				b.WriteByte('\\')
			}
		}
		b.WriteByte(c)
	}
}
