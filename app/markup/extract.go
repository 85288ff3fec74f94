package markup

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"strings"

	"golang.org/x/net/html"
	"golang.org/x/net/html/atom"
	"golang.org/x/net/html/charset"
)

// Page is what Extract takes from an HTML file.
type Page struct {
	Title    string // of the title element, else of the first h1; may be empty
	Language string // the lang attribute of html as written; may be empty
	Base     string // the href of the base element, to which relative links belong; mostly empty
	HTML     string // the content, not yet safe: HTML(RichText, ...) makes it so
}

// ErrNoContent says that no element of a page matches the selector.
var ErrNoContent = errors.New("markup: no element matches")

// ErrSelector says that a selector is not one that Extract understands.
var ErrSelector = errors.New("markup: selector not understood")

// defaultContent is tried in order where no selector is given.
var defaultContent = []string{"main", "article", "[role=main]", "body"}

// Extract reads an HTML file in the character set that its byte order mark,
// its meta element or else its bytes say, and returns the inside of the first
// element that matches the selector; "" stands for main, else article, else
// [role=main], else body.
//
// A selector is a list of alternatives with commas, each a path of steps with
// spaces between ancestor and descendant, each step a tag, #id, .class,
// [attribute], [attribute=value] or several of them joined.
//
// Scripts, styles, navigation, comments and what cannot be shown go; pictures
// come from where picture says, and where it says "" leave their alternative
// text (nil: all of them do); the first h1 goes if it repeats the title; links
// stay as they are. The error is ErrNoContent or ErrSelector, or says
// why the file cannot be read (elements nested more than 512 deep).
func Extract(page []byte, selector string, picture func(src string) string) (Page, error) {
	paths := defaultContent
	if strings.TrimSpace(selector) != "" {
		paths = []string{selector}
	}
	var choices []choice
	for _, p := range paths {
		c, err := parseSelector(p)
		if err != nil {
			return Page{}, err
		}
		choices = append(choices, c)
	}
	r, err := charset.NewReader(bytes.NewReader(page), "")
	if errors.Is(err, io.EOF) {
		r, err = bytes.NewReader(nil), nil
	}
	if err != nil {
		return Page{}, fmt.Errorf("markup: read character set of page: %w", err)
	}
	text := bufio.NewReader(r)
	if mark, _, err := text.ReadRune(); err == nil && mark != '\ufeff' {
		if err := text.UnreadRune(); err != nil {
			return Page{}, fmt.Errorf("markup: read page: %w", err)
		}
	}
	doc, err := html.Parse(text)
	if err != nil {
		return Page{}, fmt.Errorf("markup: parse page: %w", err)
	}
	var found Page
	if n := first(doc, func(n *html.Node) bool { return n.DataAtom == atom.Html }); n != nil {
		found.Language = Line(Attr(n.Attr, "lang"))
	}
	if n := first(doc, func(n *html.Node) bool { return n.DataAtom == atom.Title && n.Namespace == "" }); n != nil {
		found.Title = Line(innerText(n))
	}
	if n := first(doc, func(n *html.Node) bool { return n.DataAtom == atom.Base && Attr(n.Attr, "href") != "" }); n != nil {
		found.Base = Attr(n.Attr, "href")
	}
	prune(doc, func(src string) string {
		if picture == nil || src == "" {
			return ""
		}
		return picture(src)
	})
	var content *html.Node
	for _, c := range choices {
		if content = first(doc, c.matches); content != nil {
			break
		}
	}
	if content == nil {
		return Page{}, fmt.Errorf("%w: %q", ErrNoContent, selector)
	}
	isH1 := func(n *html.Node) bool { return n.DataAtom == atom.H1 }
	h1 := first(content, isH1)
	if found.Title == "" {
		title := h1
		if title == nil {
			title = first(doc, isH1)
		}
		if title != nil {
			found.Title = Line(innerText(title))
		}
	}
	if h1 != nil && h1 != content && strings.EqualFold(Line(innerText(h1)), found.Title) {
		h1.Parent.RemoveChild(h1)
	}
	var b strings.Builder
	for c := content.FirstChild; c != nil; c = c.NextSibling {
		if err := html.Render(&b, c); err != nil {
			return Page{}, fmt.Errorf("markup: write content of page: %w", err)
		}
	}
	found.HTML = Clean(strings.TrimSpace(b.String()))
	return found, nil
}

// first returns the first element below or at n, in document order, that is
// wanted. It walks without recursion, as does prune.
func first(n *html.Node, wanted func(*html.Node) bool) *html.Node {
	if n.Type == html.ElementNode && wanted(n) {
		return n
	}
	for d := range n.Descendants() {
		if d.Type == html.ElementNode && wanted(d) {
			return d
		}
	}
	return nil
}

func innerText(n *html.Node) string {
	var b strings.Builder
	for d := range n.Descendants() {
		if d.Type == html.TextNode {
			b.WriteString(d.Data)
		}
	}
	return b.String()
}

// prune takes off what is not content and puts alternative text for pictures
// that do not come along.
func prune(doc *html.Node, picture func(src string) string) {
	var gone []*html.Node
	for n := range doc.Descendants() {
		switch n.Type {
		case html.CommentNode, html.DoctypeNode:
			gone = append(gone, n)
		case html.ElementNode:
			switch n.DataAtom {
			case atom.Script, atom.Style, atom.Nav, atom.Noscript, atom.Template, atom.Iframe, atom.Object,
				atom.Embed, atom.Svg, atom.Canvas, atom.Audio, atom.Video, atom.Link, atom.Meta,
				atom.Input, atom.Select, atom.Textarea, atom.Button:
				gone = append(gone, n)
			case atom.Img:
				alt := Line(Attr(n.Attr, "alt"))
				if src := picture(Attr(n.Attr, "src")); src != "" {
					n.Attr = []html.Attribute{{Key: "src", Val: src}, {Key: "alt", Val: alt}}
					continue
				}
				n.Parent.InsertBefore(&html.Node{Type: html.TextNode, Data: Line(Attr(n.Attr, "alt"))}, n)
				gone = append(gone, n)
			}
		}
	}
	for _, n := range gone {
		if n.Parent != nil {
			n.Parent.RemoveChild(n)
		}
	}
}
