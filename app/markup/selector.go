package markup

import (
	"fmt"
	"slices"
	"strings"

	"golang.org/x/net/html"
)

// choice is a list of paths; an element matches if one of them does.
type choice [][]step

// step is what one element must have.
type step struct {
	tag     string // "" or "*" for any
	id      string
	classes []string
	attrs   []attrTest
}

// attrTest asks for an attribute, and for its value unless any will do.
type attrTest struct {
	key, val string
	any      bool
}

func (c choice) matches(n *html.Node) bool {
	for _, path := range c {
		last := len(path) - 1
		if !path[last].matches(n) {
			continue
		}
		// The nearest fitting ancestor is always the best choice for a step,
		// for what is above it is also above any other.
		i := last - 1
		for p := n.Parent; p != nil && i >= 0; p = p.Parent {
			if path[i].matches(p) {
				i--
			}
		}
		if i < 0 {
			return true
		}
	}
	return false
}

func (s step) matches(n *html.Node) bool {
	if n.Type != html.ElementNode || s.tag != "" && s.tag != "*" && s.tag != n.Data {
		return false
	}
	if s.id != "" && Attr(n.Attr, "id") != s.id {
		return false
	}
	if len(s.classes) > 0 {
		has := strings.Fields(Attr(n.Attr, "class"))
		for _, c := range s.classes {
			if !slices.Contains(has, c) {
				return false
			}
		}
	}
	for _, want := range s.attrs {
		if !slices.ContainsFunc(n.Attr, func(a html.Attribute) bool {
			return a.Key == want.key && (want.any || a.Val == want.val)
		}) {
			return false
		}
	}
	return true
}

func parseSelector(s string) (choice, error) {
	p := selectorParser{rest: s}
	c, err := p.choice()
	if err != nil {
		return nil, fmt.Errorf("%w: %q: %s", ErrSelector, s, err)
	}
	return c, nil
}

type selectorParser struct{ rest string }

func (p *selectorParser) choice() (choice, error) {
	var c choice
	for {
		var path []step
		for {
			p.rest = strings.TrimLeft(p.rest, " \t\n")
			if p.rest == "" || p.rest[0] == ',' {
				break
			}
			s, err := p.step()
			if err != nil {
				return nil, err
			}
			path = append(path, s)
		}
		if len(path) == 0 {
			return nil, fmt.Errorf("an alternative is empty")
		}
		c = append(c, path)
		if p.rest == "" {
			return c, nil
		}
		p.rest = p.rest[1:]
	}
}

func (p *selectorParser) step() (step, error) {
	var s step
	if p.rest[0] == '*' {
		s.tag, p.rest = "*", p.rest[1:]
	} else {
		s.tag = strings.ToLower(p.word())
	}
	any := s.tag != ""
	for p.rest != "" {
		c := p.rest[0]
		if c == ' ' || c == '\t' || c == '\n' || c == ',' {
			break
		}
		p.rest = p.rest[1:]
		switch c {
		case '#':
			s.id = p.word()
			if s.id == "" {
				return s, fmt.Errorf("no name after #")
			}
		case '.':
			w := p.word()
			if w == "" {
				return s, fmt.Errorf("no name after a dot")
			}
			s.classes = append(s.classes, w)
		case '[':
			a, err := p.attribute()
			if err != nil {
				return s, err
			}
			s.attrs = append(s.attrs, a)
		default:
			return s, fmt.Errorf("%q has no meaning here", c)
		}
		any = true
	}
	if !any {
		return s, fmt.Errorf("a step is empty")
	}
	return s, nil
}

func (p *selectorParser) attribute() (attrTest, error) {
	end := strings.IndexByte(p.rest, ']')
	if end < 0 {
		return attrTest{}, fmt.Errorf("[ is not closed")
	}
	in := p.rest[:end]
	p.rest = p.rest[end+1:]
	key, val, has := strings.Cut(in, "=")
	a := attrTest{key: strings.ToLower(strings.TrimSpace(key)), val: strings.TrimSpace(val), any: !has}
	if n := len(a.val); n >= 2 && (a.val[0] == '"' || a.val[0] == '\'') && a.val[n-1] == a.val[0] {
		a.val = a.val[1 : n-1]
	}
	q := selectorParser{rest: a.key}
	if q.word() == "" || q.rest != "" {
		return a, fmt.Errorf("%q is not the name of an attribute", a.key)
	}
	return a, nil
}

// word takes letters, digits, - and _ off the front; other alphabets too.
func (p *selectorParser) word() string {
	i := 0
	for i < len(p.rest) && (wordByte(p.rest[i]) || p.rest[i] == '-') {
		i++
	}
	w := p.rest[:i]
	p.rest = p.rest[i:]
	return w
}
