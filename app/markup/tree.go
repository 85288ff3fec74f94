package markup

import (
	"bytes"
	"strconv"
	"strings"

	"golang.org/x/net/html"
)

// node is an element or a text of HTML that tidy or Markdown has made: balanced, and nested no deeper than they let it.
type node struct {
	tag      string // "" of a text
	attrs    []html.Attribute
	text     string // of a text, entities resolved
	from, to int    // its place in the source, tags included
	kids     []*node

	words  int  // bytes of text in it
	breaks int  // line ends and blocks in it
	table  bool // a table or preformatted text is in it
	shows  bool // it has text or a picture
}

// tree reads balanced HTML.
func tree(s string) *node {
	root := &node{to: len(s)}
	stack := []*node{root}
	z := html.NewTokenizer(strings.NewReader(s))
	pos := 0
	for {
		kind := z.Next()
		from := pos
		pos += len(z.Raw())
		top := stack[len(stack)-1]
		switch kind {
		case html.ErrorToken:
			for len(stack) > 1 {
				stack = shut(stack, pos)
			}
			return root
		case html.TextToken:
			n := &node{text: string(z.Text()), from: from, to: pos}
			n.words, n.shows = len(n.text), strings.TrimSpace(n.text) != ""
			top.take(n)
		case html.StartTagToken, html.SelfClosingTagToken:
			tok := z.Token()
			n := &node{tag: tok.Data, attrs: tok.Attr, from: from, to: pos, shows: tok.Data == "img"}
			if e := elements[tok.Data]; e.void || kind == html.SelfClosingTagToken {
				if tok.Data == "br" || tok.Data == "hr" {
					n.breaks = 1
				}
				top.take(n)
				continue
			}
			stack = append(stack, n)
		case html.EndTagToken:
			name, _ := z.TagName()
			for i := len(stack) - 1; i > 0; i-- {
				if stack[i].tag == string(name) {
					for len(stack) > i {
						stack = shut(stack, pos)
					}
					break
				}
			}
		}
	}
}

// shut ends the innermost element.
func shut(stack []*node, pos int) []*node {
	n := stack[len(stack)-1]
	n.to = pos
	if blockGap(n.tag) > 0 || n.tag == "li" {
		n.breaks++
	}
	n.table = n.table || n.tag == "table" || n.tag == "pre"
	stack = stack[:len(stack)-1]
	stack[len(stack)-1].take(n)
	return stack
}

func (n *node) take(kid *node) {
	n.kids = append(n.kids, kid)
	n.words += kid.words
	n.breaks += kid.breaks
	n.table = n.table || kid.table
	n.shows = n.shows || kid.shows
}

// rows returns the rows of a table, not those of tables inside it.
func (n *node) rows() []*node {
	var out []*node
	for _, k := range n.kids {
		switch k.tag {
		case "tr":
			out = append(out, k)
		case "thead", "tbody", "tfoot":
			out = append(out, k.rows()...)
		}
	}
	return out
}

func (n *node) cells() []*node {
	var out []*node
	for _, k := range n.kids {
		if k.tag == "td" || k.tag == "th" {
			out = append(out, k)
		}
	}
	return out
}

// span returns how many columns or rows a cell takes.
func (n *node) span(name string) int {
	v, err := strconv.Atoi(Attr(n.attrs, name))
	if err != nil || v < 1 {
		return 1
	}
	return min(v, maxSpan)
}

// Bounds of what spans may add to the text of a table.
const (
	maxSpan    = 100
	maxColumns = 500
)

// grid walks over the rows of a table and tells each cell its column; taken are columns that a cell takes without
// having its text there: the rest of a wide one, and below a high one.
type grid struct {
	below []int // rows that are still taken, for each column
	extra int   // how many more taken columns may be told
}

func (g *grid) row(tr *node, cell func(col int, c *node), taken func(col int)) {
	col := 0
	blocked := func() {
		for col < len(g.below) && g.below[col] > 0 {
			g.below[col]--
			if g.extra > 0 {
				g.extra--
				taken(col)
			}
			col++
		}
	}
	for _, c := range tr.cells() {
		blocked()
		cell(col, c)
		rows := c.span("rowspan") - 1
		for i := range c.span("colspan") {
			if col >= maxColumns || g.extra <= 0 && i > 0 {
				break
			}
			for len(g.below) <= col {
				g.below = append(g.below, 0)
			}
			g.below[col] = rows
			if i > 0 {
				g.extra--
				taken(col)
			}
			col++
		}
	}
	blocked()
	for ; col < len(g.below); col++ {
		if g.below[col] > 0 {
			g.below[col]--
		}
	}
}

// isLayout tells a table that only puts things in their place on the page: all that it shows stands in one column,
// nothing is a heading, and where there are other columns it shows more than figures and words. Its parts are read one
// below the other, as they are seen.
func isLayout(table *node) bool {
	g := grid{extra: 1000}
	column, many, wide, rich := -1, false, false, false
	for _, tr := range table.rows() {
		g.row(tr, func(col int, c *node) {
			wide = wide || col > 0
			if !c.shows {
				return
			}
			rich = rich || c.table || c.breaks > 1 || c.words > maxFigure
			many = many || c.tag == "th" || column >= 0 && column != col
			column = col
		}, func(int) {})
		if many {
			return false
		}
	}
	for _, k := range table.kids {
		if k.tag == "caption" && k.shows {
			return false
		}
	}
	return !wide || rich
}

// maxFigure is how long the text of a cell is that may be a figure or a few words.
const maxFigure = 80

// Shows reports whether HTML that somebody wrote has a text or a picture.
func Shows(s string) bool { return tree(Kept(s)).shows }

// WithoutLayout turns the tables that are layout into plain blocks.
func WithoutLayout(s string) string {
	root := tree(s)
	if !root.table {
		return s
	}
	as := map[int]string{} // where a tag begins -> what replaces it
	var look func(n, in *node)
	replace := func(n *node, open, shut string) {
		as[n.from] = open
		as[-n.to-1] = shut
	}
	look = func(n, in *node) {
		switch n.tag {
		case "table":
			in = nil
			if isLayout(n) {
				in = n
				replace(n, "<div>", "</div>")
			}
		case "caption", "thead", "tbody", "tfoot", "tr":
			if in != nil {
				replace(n, "", "")
			}
		case "td", "th":
			if in != nil {
				replace(n, "<div>", "</div>")
			}
		}
		for _, k := range n.kids {
			look(k, in)
		}
	}
	look(root, nil)
	if len(as) == 0 {
		return s
	}
	var b bytes.Buffer
	z := html.NewTokenizer(strings.NewReader(s))
	pos := 0
	for {
		kind := z.Next()
		from := pos
		pos += len(z.Raw())
		raw := z.Raw()
		with, ok := "", false
		switch kind {
		case html.ErrorToken:
			b.Write(raw)
			return b.String()
		case html.StartTagToken:
			with, ok = as[from]
		case html.EndTagToken:
			with, ok = as[-pos-1]
		}
		if ok {
			b.WriteString(with)
		} else {
			b.Write(raw)
		}
	}
}
