package web

import (
	"bytes"
	"fmt"
	"html"
	htmltemplate "html/template"
	"text/template/parse"

	"sportello/app/words"
)

// Settling fills in, before html/template sees the templates, what would be the same for every page. A sentence without
// arguments becomes its text, escaped so that it is safe in a quoted attribute as well as between tags; an icon becomes
// its drawing. A queue of fifty rows has some four hundred of them, and calling a method by reflection for each took a
// good part of the page's time.

// iconTemplate draws one of the desk's icons by its name.
const iconTemplate = "part/icon"

// settleTemplates rewrites the templates of the set for the language. If words is nil, sentences stay as they are.
func settleTemplates(set *htmltemplate.Template, words *words.Dictionary, lang string) error {
	s := &settling{words: words, lang: lang, icons: map[string][]byte{}}
	if t := set.Lookup(iconTemplate); t != nil {
		// A copy draws the icons: a set that has been executed can no longer be changed.
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

// constantSentence returns the key of {{.T "key"}} or {{$.T "key"}}: one call without arguments to fill in.
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

// constantArgument returns the name in {{template "part/icon" "name"}}.
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
