package web

import (
	"bytes"
	"fmt"
	"html"
	htmltemplate "html/template"
	"text/template/parse"

	"sportello/app/words"
)

// Settling a set of templates does once, before html/template looks at them, what would come out the same for every
// page: a sentence without anything to fill in becomes its text, escaped so that it can stand in a quoted attribute as
// well as between tags, and a drawing becomes the drawing. A queue of fifty rows asks for some four hundred of them,
// and calling a method by reflection for each took a good part of the page's time.

// iconTemplate draws one of the desk's own pictures by its name.
const iconTemplate = "part/icon"

// settleTemplates rewrites the templates of the set for the language. Without words sentences are left alone.
func settleTemplates(set *htmltemplate.Template, words *words.Dictionary, lang string) error {
	s := &settling{words: words, lang: lang, icons: map[string][]byte{}}
	if t := set.Lookup(iconTemplate); t != nil {
		// A copy draws them: a set that was executed once cannot be changed any more.
		apart, err := set.Clone()
		if err != nil {
			return fmt.Errorf("app: settle templates: %w", err)
		}
		s.icon = apart.Lookup(iconTemplate)
	}
	for _, t := range set.Templates() {
		if t.Tree == nil || t.Tree.Root == nil {
			continue
		}
		if err := s.list(t.Tree.Root); err != nil {
			return fmt.Errorf("app: settle template %s: %w", t.Name(), err)
		}
	}
	return nil
}

type settling struct {
	words *words.Dictionary
	lang  string
	icon  *htmltemplate.Template
	icons map[string][]byte
}

func (s *settling) list(l *parse.ListNode) error {
	if l == nil {
		return nil
	}
	for i, n := range l.Nodes {
		switch n := n.(type) {
		case *parse.ActionNode:
			if key, ok := constantSentence(n.Pipe); ok && s.words != nil && s.words.Has(s.lang, key) {
				l.Nodes[i] = text(n.Pos, []byte(html.EscapeString(s.words.Text(s.lang, key))))
			}
		case *parse.TemplateNode:
			name, ok := constantArgument(n)
			if !ok || s.icon == nil {
				continue
			}
			drawn, err := s.draw(name)
			if err != nil {
				return err
			}
			l.Nodes[i] = text(n.Pos, drawn)
		case *parse.IfNode:
			if err := s.branch(&n.BranchNode); err != nil {
				return err
			}
		case *parse.RangeNode:
			if err := s.branch(&n.BranchNode); err != nil {
				return err
			}
		case *parse.WithNode:
			if err := s.branch(&n.BranchNode); err != nil {
				return err
			}
		}
	}
	return nil
}

func (s *settling) branch(b *parse.BranchNode) error {
	if err := s.list(b.List); err != nil {
		return err
	}
	return s.list(b.ElseList)
}

func text(at parse.Pos, b []byte) *parse.TextNode {
	return &parse.TextNode{NodeType: parse.NodeText, Pos: at, Text: b}
}

// constantSentence is the key of {{.T "key"}} and of {{$.T "key"}}: one call, nothing to fill in.
func constantSentence(p *parse.PipeNode) (string, bool) {
	if p == nil || len(p.Decl) > 0 || len(p.Cmds) != 1 || len(p.Cmds[0].Args) != 2 {
		return "", false
	}
	key, ok := p.Cmds[0].Args[1].(*parse.StringNode)
	if !ok {
		return "", false
	}
	switch f := p.Cmds[0].Args[0].(type) {
	case *parse.FieldNode:
		return key.Text, len(f.Ident) == 1 && f.Ident[0] == "T"
	case *parse.VariableNode:
		return key.Text, len(f.Ident) == 2 && f.Ident[0] == "$" && f.Ident[1] == "T"
	}
	return "", false
}

// constantArgument is the name of {{template "part/icon" "name"}}.
func constantArgument(n *parse.TemplateNode) (string, bool) {
	if n.Name != iconTemplate || n.Pipe == nil || len(n.Pipe.Decl) > 0 || len(n.Pipe.Cmds) != 1 || len(n.Pipe.Cmds[0].Args) != 1 {
		return "", false
	}
	name, ok := n.Pipe.Cmds[0].Args[0].(*parse.StringNode)
	if !ok {
		return "", false
	}
	return name.Text, true
}

func (s *settling) draw(name string) ([]byte, error) {
	if b, ok := s.icons[name]; ok {
		return b, nil
	}
	var b bytes.Buffer
	if err := s.icon.Execute(&b, name); err != nil {
		return nil, err
	}
	s.icons[name] = bytes.Clone(b.Bytes())
	return s.icons[name], nil
}
