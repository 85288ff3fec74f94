package markup

import (
	"bytes"
	stdhtml "html"
	"strings"

	"github.com/yuin/goldmark"
	"github.com/yuin/goldmark/ast"
	"github.com/yuin/goldmark/extension"
	"github.com/yuin/goldmark/parser"
	"github.com/yuin/goldmark/renderer"
	"github.com/yuin/goldmark/renderer/html"
	"github.com/yuin/goldmark/text"
	"github.com/yuin/goldmark/util"
)

// dialect is one way to read Markdown. Raw HTML is not read in any: it is
// text and shown as typed.
type dialect struct {
	md  goldmark.Markdown
	top int // level of the highest heading
}

var (
	articleDialect = newDialect(2, false)
	partDialect    = newDialect(3, false)
	messageDialect = newDialect(3, true)
)

func newDialect(top int, message bool) *dialect {
	block := []util.PrioritizedValue{
		util.Prioritized(parser.NewThematicBreakParser(), 200),
		util.Prioritized(&shallow{parser.NewListParser()}, 300),
		util.Prioritized(parser.NewListItemParser(), 400),
		util.Prioritized(parser.NewCodeBlockParser(), 500),
		util.Prioritized(parser.NewATXHeadingParser(), 600),
		util.Prioritized(parser.NewFencedCodeBlockParser(), 700),
		util.Prioritized(&shallow{parser.NewBlockquoteParser()}, 800),
		util.Prioritized(parser.NewParagraphParser(), 1000),
	}
	para := []util.PrioritizedValue{
		util.Prioritized(smallTable{extension.NewTableParagraphTransformer()}, 200),
	}
	opts := []renderer.Option{renderer.WithNodeRenderers(
		util.Prioritized(extension.NewTableHTMLRenderer(extension.WithTableCellAlignMethod(extension.TableCellAlignAttribute)), 500),
		util.Prioritized(extension.NewStrikethroughHTMLRenderer(), 500),
	)}
	if message {
		// A rule of hyphens under a line is a separator in mail, not a
		// heading, and a definition of a link would hide its line.
		opts = append(opts, html.WithHardWraps())
	} else {
		block = append(block, util.Prioritized(parser.NewSetextHeadingParser(), 100))
		para = append(para, util.Prioritized(fewReferences{parser.LinkReferenceParagraphTransformer}, 100))
	}
	inline := []util.PrioritizedValue{
		util.Prioritized(&codeSpans{parser.NewCodeSpanParser()}, 100),
		util.Prioritized(&links{parser.NewLinkParser().(linkInlineParser)}, 200),
		util.Prioritized(parser.NewAutoLinkParser(), 300),
		util.Prioritized(&delimiters{parser.NewEmphasisParser()}, 500),
		util.Prioritized(&delimiters{extension.NewStrikethroughParser()}, 500),
		util.Prioritized(linker{tickets: message}, 999),
	}
	p := parser.NewParser(
		parser.WithBlockParsers(block...),
		parser.WithInlineParsers(inline...),
		parser.WithParagraphTransformers(para...),
		parser.WithASTTransformers(util.Prioritized(extension.NewTableASTTransformer(), 0)),
	)
	r := renderer.NewRenderer(append(opts, renderer.WithNodeRenderers(util.Prioritized(html.NewRenderer(), 1000)))...)
	return &dialect{md: goldmark.New(goldmark.WithParser(p), goldmark.WithRenderer(r)), top: top}
}

// render returns safe HTML for Markdown that Clean has seen.
func (d *dialect) render(body string, ids bool) string {
	src := []byte(body)
	doc := d.md.Parser().Parse(text.NewReader(src))
	d.settle(doc, src, ids)
	var b bytes.Buffer
	b.Grow(len(src) + len(src)/4)
	if err := d.md.Renderer().Render(&b, src, doc); err != nil {
		// A bytes.Buffer does not fail; should a node, the text still shows.
		return textHTML(body)
	}
	// Entities may have brought controls that Clean could not see before.
	return Clean(b.String())
}

// maxReferences bounds the bytes that links by reference may add: a long
// address named once could otherwise be written out ten thousand times.
const maxReferences = 512 << 10

// settle makes the tree safe: it judges every link and picture, moves the
// headings to where they belong, and takes off what the renderer would turn
// into a class.
func (d *dialect) settle(doc ast.Node, src []byte, ids bool) {
	var headings []*ast.Heading
	var inlines []ast.Node
	highest := 6
	_ = ast.Walk(doc, func(n ast.Node, entering bool) (ast.WalkStatus, error) {
		if !entering {
			return ast.WalkContinue, nil
		}
		switch n := n.(type) {
		case *ast.Heading:
			headings = append(headings, n)
			if n.FirstChild() != nil {
				highest = min(highest, n.Level)
			}
		case *ast.FencedCodeBlock:
			n.Info = nil
		case *ast.Link, *ast.AutoLink, *ast.Image:
			inlines = append(inlines, n)
		}
		return ast.WalkContinue, nil
	})
	spent := 0
	for _, n := range inlines {
		switch n := n.(type) {
		case *ast.Link:
			if n.Reference != nil {
				spent += len(n.Destination) + len(n.Title)
			}
			settleLink(n, spent > maxReferences)
		case *ast.AutoLink:
			settleAutoLink(n, src)
		case *ast.Image:
			if n.Reference != nil {
				spent += len(n.Destination) + len(n.Title)
			}
			settleImage(n, spent > maxReferences)
		}
	}
	var known headingIDs
	for _, h := range headings {
		if h.FirstChild() == nil {
			// A lone "#" is no heading; nobody could reach an empty one.
			p := ast.NewParagraph()
			p.AppendChild(p, rawText(strings.Repeat("#", h.Level)))
			h.Parent().ReplaceChild(h.Parent(), h, p)
			continue
		}
		h.Level = min(h.Level-highest+d.top, 6)
		if ids {
			h.SetAttributeString("id", []byte(known.id(nodeText(h, src))))
		}
	}
}

func settleLink(n *ast.Link, refuse bool) {
	if refuse {
		unwrap(n)
		return
	}
	address := linkAddress(n.Destination)
	kind := kindOfLink(address)
	if kind == linkRefused {
		unwrap(n)
		return
	}
	if n.FirstChild() == nil {
		n.AppendChild(n, rawText(address))
	}
	if kind == linkExternal {
		n.SetAttributeString("rel", []byte(relExternal))
	}
}

func settleAutoLink(n *ast.AutoLink, src []byte) {
	address := string(util.URLEscape(n.URL(src), false))
	if n.AutoLinkType == ast.AutoLinkEmail && !hasFold(address, "mailto:") {
		address = "mailto:" + address
	}
	kind := kindOfLink(address)
	if kind == linkRefused || insideLink(n) {
		n.Parent().ReplaceChild(n.Parent(), n, rawText(string(n.Label(src))))
		return
	}
	if kind == linkExternal {
		n.SetAttributeString("rel", []byte(relExternal))
	}
}

// settleImage leaves pictures of this desk; one from elsewhere becomes a link that the reader may follow, never
// something that loads automatically.
func settleImage(n *ast.Image, refuse bool) {
	if refuse {
		unwrap(n)
		return
	}
	address := linkAddress(n.Destination)
	if localPicture(address) {
		return
	}
	if n.FirstChild() == nil {
		n.AppendChild(n, rawText(address))
	}
	if kindOfLink(address) != linkExternal || insideLink(n) || holdsLink(n) {
		unwrap(n)
		return
	}
	link := ast.NewLink()
	link.Destination = n.Destination
	link.SetAttributeString("rel", []byte(relExternal))
	for c := n.FirstChild(); c != nil; c = n.FirstChild() {
		link.AppendChild(link, c)
	}
	n.Parent().ReplaceChild(n.Parent(), n, link)
}

func rawText(s string) *ast.String {
	n := ast.NewString([]byte(s))
	n.SetRaw(true)
	return n
}

func unwrap(n ast.Node) {
	parent := n.Parent()
	for c := n.FirstChild(); c != nil; c = n.FirstChild() {
		parent.InsertBefore(parent, n, c)
	}
	parent.RemoveChild(parent, n)
}

func insideLink(n ast.Node) bool {
	for p := n.Parent(); p != nil; p = p.Parent() {
		if p.Kind() == ast.KindLink {
			return true
		}
	}
	return false
}

func holdsLink(n ast.Node) bool {
	found := false
	_ = ast.Walk(n, func(c ast.Node, entering bool) (ast.WalkStatus, error) {
		if k := c.Kind(); k == ast.KindLink || k == ast.KindAutoLink {
			found = true
			return ast.WalkStop, nil
		}
		return ast.WalkContinue, nil
	})
	return found
}

// nodeText returns the text of a heading as it shows, near enough for its id.
func nodeText(n ast.Node, src []byte) string {
	var b strings.Builder
	_ = ast.Walk(n, func(c ast.Node, entering bool) (ast.WalkStatus, error) {
		if !entering {
			return ast.WalkContinue, nil
		}
		switch c := c.(type) {
		case *ast.Text:
			b.Write(c.Segment.Value(src))
			if c.SoftLineBreak() || c.HardLineBreak() {
				b.WriteByte(' ')
			}
		case *ast.String:
			b.Write(c.Value)
		case *ast.AutoLink:
			b.Write(c.Label(src))
		}
		return ast.WalkContinue, nil
	})
	return stdhtml.UnescapeString(b.String())
}
