// Package press renders the templates of html/template faster than html/template does. The templates stay what they are
// and html/template decides how each place is escaped; a press takes the escaped trees and, for each template and type of
// its data, builds once the steps that write it: text is text, a field is found by its index, a method is called without
// looking for it. Nothing is kept of what was rendered.
//
// What a press does not know, a construct or a type, it leaves alone: Execute says so, and html/template renders that
// template with all it calls. Tests render every page both ways and compare the bytes.
package press

import (
	"fmt"
	"html/template"
	"reflect"
	"sync"
	"text/template/parse"
)

// Set has the templates of one html/template set. It is safe for concurrent use.
type Set struct {
	templates *template.Template
	mu        sync.RWMutex
	built     map[form]*built
}

// form is a template for data of one type.
type form struct {
	name string
	typ  reflect.Type
}

// built is a form that can be written, or the reason why it cannot.
type built struct {
	proc *proc
	why  error
}

// New returns a press for the templates, which have been executed once each: their trees are escaped.
func New(templates *template.Template) *Set {
	return &Set{templates: templates, built: map[form]*built{}}
}

// Unknown is why a press leaves a template to html/template.
type Unknown struct{ Template, What string }

func (u *Unknown) Error() string { return "press: " + u.Template + ": " + u.What }

// Execute appends to out what the template makes of the data. An *Unknown error means that the press cannot render this
// template; out is unchanged by any error.
func (s *Set) Execute(out []byte, name string, data any) (written []byte, err error) {
	v := reflect.ValueOf(data)
	if !v.IsValid() {
		return out, &Unknown{name, "no data"}
	}
	p, err := s.build(form{name, v.Type()})
	if err != nil {
		return out, err
	}
	defer func() {
		if fault := recover(); fault != nil {
			written, err = out, fmt.Errorf("press: render %s: %v", name, fault)
			if failed, ok := fault.(failure); ok {
				err = fmt.Errorf("press: render %s: %w", name, failed.err)
			}
		}
	}()
	w := &writer{out: out}
	w.run(p, v)
	return w.out, nil
}

// failure carries an error out of the steps.
type failure struct{ err error }

func (s *Set) build(f form) (*proc, error) {
	s.mu.RLock()
	b := s.built[f]
	s.mu.RUnlock()
	if b != nil {
		return b.proc, b.why
	}
	c := &compiler{templates: s.templates, procs: map[form]*proc{}}
	b = &built{}
	b.proc, b.why = c.build(f)
	s.mu.Lock()
	s.built[f] = b
	s.mu.Unlock()
	return b.proc, b.why
}

// writer writes one page.
type writer struct {
	out    []byte
	scopes []*scope // unused ones
}

// scope is one execution of a template.
type scope struct {
	dot, root reflect.Value
	vars      []reflect.Value
}

// step writes a part of a page.
type step func(*writer, *scope)

// proc is a template for one type of its data.
type proc struct {
	steps []step
	vars  int
}

func (w *writer) run(p *proc, dot reflect.Value) {
	var s *scope
	if n := len(w.scopes); n > 0 {
		s, w.scopes = w.scopes[n-1], w.scopes[:n-1]
	} else {
		s = &scope{}
	}
	s.dot, s.root = dot, dot
	if p.vars > 0 {
		s.vars = make([]reflect.Value, p.vars)
	}
	for _, do := range p.steps {
		do(w, s)
	}
	*s = scope{}
	w.scopes = append(w.scopes, s)
}

// compiler builds a template and those it calls.
type compiler struct {
	templates *template.Template
	procs     map[form]*proc
	name      string // of the template being built
}

func (c *compiler) build(f form) (p *proc, err error) {
	defer func() {
		if fault := recover(); fault != nil {
			u, ok := fault.(*Unknown)
			if !ok {
				panic(fault)
			}
			p, err = nil, u
		}
	}()
	return c.proc(f), nil
}

// unknown ends the building.
func (c *compiler) unknown(format string, args ...any) {
	panic(&Unknown{c.name, fmt.Sprintf(format, args...)})
}

func (c *compiler) proc(f form) *proc {
	if p := c.procs[f]; p != nil {
		return p // being built, perhaps: a template may call itself
	}
	t := c.templates.Lookup(f.name)
	if t == nil || t.Tree == nil {
		c.unknown("no template %s", f.name)
	}
	p := &proc{}
	c.procs[f] = p
	outer := c.name
	c.name = f.name
	e := &env{dot: f.typ, root: f.typ, proc: p}
	p.steps = c.list(t.Tree.Root, e)
	c.name = outer
	return p
}

// env is what an expression may name.
type env struct {
	dot, root reflect.Type // nil when there is none
	proc      *proc
	vars      []variable
}

type variable struct {
	name string
	slot int
	typ  reflect.Type
}

// with returns the environment with another dot; variables declared in it end with it.
func (e *env) with(dot reflect.Type) *env {
	return &env{dot: dot, root: e.root, proc: e.proc, vars: e.vars[:len(e.vars):len(e.vars)]}
}

func (e *env) declare(name string, typ reflect.Type) int {
	slot := e.proc.vars
	e.proc.vars++
	e.vars = append(e.vars, variable{name, slot, typ})
	return slot
}

func (c *compiler) list(l *parse.ListNode, e *env) []step {
	if l == nil {
		return nil
	}
	var out []step
	for _, n := range l.Nodes {
		if s := c.node(n, e); s != nil {
			out = append(out, s)
		}
	}
	return out
}

func (c *compiler) node(n parse.Node, e *env) step {
	switch n := n.(type) {
	case *parse.TextNode:
		text := string(n.Text)
		return func(w *writer, _ *scope) { w.out = append(w.out, text...) }
	case *parse.CommentNode:
		return nil
	case *parse.ActionNode:
		return c.action(n.Pipe, e)
	case *parse.IfNode:
		x := c.pipe(n.Pipe, e.with(e.dot))
		yes, no, is := c.list(n.List, e.with(e.dot)), c.list(n.ElseList, e.with(e.dot)), c.truth(x)
		if len(n.Pipe.Decl) > 0 {
			c.unknown("a variable of if")
		}
		return func(w *writer, s *scope) {
			if is(s) {
				w.do(yes, s)
			} else {
				w.do(no, s)
			}
		}
	case *parse.WithNode:
		return c.with(n, e)
	case *parse.RangeNode:
		return c.each(n, e)
	case *parse.TemplateNode:
		return c.call(n, e)
	}
	c.unknown("%T", n)
	return nil
}

func (w *writer) do(steps []step, s *scope) {
	for _, do := range steps {
		do(w, s)
	}
}

func (c *compiler) with(n *parse.WithNode, e *env) step {
	x := c.pipe(n.Pipe, e)
	inner := e.with(x.typ)
	slot := -1
	switch len(n.Pipe.Decl) {
	case 0:
	case 1:
		slot = inner.declare(n.Pipe.Decl[0].Ident[0], x.typ)
	default:
		c.unknown("variables of with")
	}
	yes, no := c.list(n.List, inner), c.list(n.ElseList, e.with(e.dot))
	is := truthOf(c, x.typ)
	return func(w *writer, s *scope) {
		v := x.val(s)
		if !is(v) {
			w.do(no, s)
			return
		}
		if slot >= 0 {
			s.vars[slot] = v
		}
		dot := s.dot
		s.dot = v
		w.do(yes, s)
		s.dot = dot
	}
}

func (c *compiler) each(n *parse.RangeNode, e *env) step {
	x := c.pipe(n.Pipe, e)
	typ := x.typ
	if typ == nil || typ.Kind() != reflect.Slice {
		c.unknown("range over %v", typ)
	}
	inner := e.with(typ.Elem())
	at, item := -1, -1
	switch d := n.Pipe.Decl; len(d) {
	case 0:
	case 1:
		item = inner.declare(d[0].Ident[0], typ.Elem())
	case 2:
		at, item = inner.declare(d[0].Ident[0], reflect.TypeFor[int]()), inner.declare(d[1].Ident[0], typ.Elem())
	}
	body, none := c.list(n.List, inner), c.list(n.ElseList, e.with(e.dot))
	return func(w *writer, s *scope) {
		v := x.val(s)
		count := v.Len()
		if count == 0 {
			w.do(none, s)
			return
		}
		dot := s.dot
		for i := range count {
			s.dot = v.Index(i)
			if item >= 0 {
				s.vars[item] = s.dot
			}
			if at >= 0 {
				s.vars[at] = reflect.ValueOf(i)
			}
			w.do(body, s)
		}
		s.dot = dot
	}
}

func (c *compiler) call(n *parse.TemplateNode, e *env) step {
	if n.Pipe == nil {
		c.unknown("template %s without data", n.Name)
	}
	x := c.pipe(n.Pipe, e)
	if x.typ == nil || x.typ.Kind() == reflect.Interface || len(n.Pipe.Decl) > 0 {
		c.unknown("template %s with %v", n.Name, x.typ)
	}
	p := c.proc(form{n.Name, x.typ})
	return func(w *writer, s *scope) { w.run(p, x.val(s)) }
}

// action builds an expression and what escapes it, or the declaration of a variable.
func (c *compiler) action(p *parse.PipeNode, e *env) step {
	if len(p.Decl) > 0 {
		if p.IsAssign || len(p.Decl) != 1 {
			c.unknown("assignment in %s", p)
		}
		x := c.pipe(p, e)
		slot := e.declare(p.Decl[0].Ident[0], x.typ)
		return func(_ *writer, s *scope) { s.vars[slot] = x.val(s) }
	}
	if len(p.Cmds) < 2 {
		c.unknown("%s is not escaped", p)
	}
	x := c.command(p.Cmds[0], e)
	var escapers []string
	for _, cmd := range p.Cmds[1:] {
		id, ok := cmd.Args[0].(*parse.IdentifierNode)
		if !ok || len(cmd.Args) != 1 {
			c.unknown("pipe in %s", p)
		}
		escapers = append(escapers, id.Ident)
	}
	return c.escaped(x, escapers)
}

// pipe builds an expression whose pipe has one command, as all have that are not written.
func (c *compiler) pipe(p *parse.PipeNode, e *env) expr {
	if len(p.Cmds) != 1 {
		c.unknown("pipe in %s", p)
	}
	return c.command(p.Cmds[0], e)
}
