package hostile

import (
	"fmt"
	"slices"
	"strings"

	"golang.org/x/net/html"
)

// known are the elements that may stand in a page.
var known = strings.Fields("a abbr img br wbr hr ol li dt dd details summary figcaption caption thead tbody tfoot tr td th " +
	"b strong i em u s del ins sub sup small mark code kbd samp var cite q dfn p div h1 h2 h3 h4 h5 h6 ul dl table blockquote pre figure")

var voids = []string{"br", "hr", "img", "wbr"}

// Balanced says where HTML has an element that does not end where it must.
func Balanced(s string) error {
	var stack []string
	z := html.NewTokenizer(strings.NewReader(s))
	for {
		switch z.Next() {
		case html.ErrorToken:
			if len(stack) > 0 {
				return fmt.Errorf("still open: %v", stack)
			}
			return nil
		case html.StartTagToken:
			tok := z.Token()
			if !slices.Contains(voids, tok.Data) {
				stack = append(stack, tok.Data)
			}
		case html.EndTagToken:
			tok := z.Token()
			if len(stack) == 0 || stack[len(stack)-1] != tok.Data {
				return fmt.Errorf("</%s> inside %v", tok.Data, stack)
			}
			stack = stack[:len(stack)-1]
		}
	}
}

// Safe says what in HTML must not stand in a page, reading it as a browser
// does.
func Safe(s string) error {
	doc, err := html.Parse(strings.NewReader(s))
	if err != nil {
		return err
	}
	for n := range doc.Descendants() {
		if n.Type == html.CommentNode {
			return fmt.Errorf("a comment: %q", n.Data)
		}
		if n.Type != html.ElementNode || slices.Contains([]string{"html", "head", "body"}, n.Data) {
			continue
		}
		if !slices.Contains(known, n.Data) || n.Namespace != "" {
			return fmt.Errorf("an element %q", n.Data)
		}
		for _, a := range n.Attr {
			if err := safeAttribute(n.Data, a); err != nil {
				return err
			}
		}
	}
	return nil
}

func safeAttribute(element string, a html.Attribute) error {
	// A browser drops white space and controls before it reads the scheme.
	address := strings.ToLower(strings.Map(func(r rune) rune {
		if r <= ' ' || r == 0x7f {
			return -1
		}
		return r
	}, a.Val))
	switch a.Key {
	case "href":
		if element != "a" {
			return fmt.Errorf("href on %s", element)
		}
		for _, ok := range []string{"http://", "https://", "mailto:", "tel:", "#", "/"} {
			if strings.HasPrefix(address, ok) && !strings.HasPrefix(address, "//") && !strings.HasPrefix(address, `/\`) {
				return nil
			}
		}
		return fmt.Errorf("a link to %q", a.Val)
	case "src":
		if element != "img" || !strings.HasPrefix(address, "/files/") && !strings.HasPrefix(address, "/articles/") {
			return fmt.Errorf("%s loads %q", element, a.Val)
		}
	case "class":
		if element == "details" && a.Val == "quote" || element == "div" && a.Val == "plain" {
			return nil
		}
		return fmt.Errorf("a class %q", a.Val)
	case "id":
		if !strings.HasPrefix(a.Val, "s-") {
			return fmt.Errorf("an id %q", a.Val)
		}
	case "rel", "title", "alt", "width", "height", "start", "value", "colspan", "rowspan", "align", "scope", "type", "reversed", "open", "lang", "dir":
	default:
		return fmt.Errorf("an attribute %s=%q", a.Key, a.Val)
	}
	return nil
}
