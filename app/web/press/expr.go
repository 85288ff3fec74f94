package press

import (
	"fmt"
	"reflect"
	"text/template/parse"
)

// expr is an expression of a known type. Where its type is string or bool, str or is may give it without a reflect.Value.
type expr struct {
	typ      reflect.Type
	val      func(*scope) reflect.Value
	str      func(*scope) string
	is       func(*scope) bool
	constant bool
}

var (
	stringType = reflect.TypeFor[string]()
	boolType   = reflect.TypeFor[bool]()
	intType    = reflect.TypeFor[int]()
	anyType    = reflect.TypeFor[any]()
	errorType  = reflect.TypeFor[error]()
)

func fixed(x any) expr {
	v := reflect.ValueOf(x)
	out := expr{typ: v.Type(), constant: true, val: func(*scope) reflect.Value { return v }}
	switch x := x.(type) {
	case string:
		out.str = func(*scope) string { return x }
	case bool:
		out.is = func(*scope) bool { return x }
	}
	return out
}

func ofString(typ reflect.Type, str func(*scope) string) expr {
	return expr{typ: typ, str: str, val: func(s *scope) reflect.Value { return reflect.ValueOf(str(s)).Convert(typ) }}
}

func ofBool(is func(*scope) bool) expr {
	return expr{typ: boolType, is: is, val: func(s *scope) reflect.Value { return reflect.ValueOf(is(s)) }}
}

func ofValue(typ reflect.Type, val func(*scope) reflect.Value) expr {
	x := expr{typ: typ, val: val}
	switch typ.Kind() {
	case reflect.String:
		x.str = func(s *scope) string { return val(s).String() }
	case reflect.Bool:
		x.is = func(s *scope) bool { return val(s).Bool() }
	}
	return x
}

func (c *compiler) command(cmd *parse.CommandNode, e *env) expr {
	switch first := cmd.Args[0].(type) {
	case *parse.FieldNode:
		return c.chain(c.dot(e), first.Ident, cmd.Args[1:], e)
	case *parse.VariableNode:
		x := c.variable(first.Ident[0], e)
		if len(first.Ident) == 1 {
			if len(cmd.Args) > 1 {
				c.unknown("%s", cmd)
			}
			return x
		}
		return c.chain(x, first.Ident[1:], cmd.Args[1:], e)
	case *parse.IdentifierNode:
		return c.function(first.Ident, cmd.Args[1:], e)
	}
	if len(cmd.Args) > 1 {
		c.unknown("%s", cmd)
	}
	return c.argument(cmd.Args[0], e)
}

func (c *compiler) dot(e *env) expr {
	if e.dot == nil {
		c.unknown("no dot")
	}
	return ofValue(e.dot, func(s *scope) reflect.Value { return s.dot })
}

func (c *compiler) variable(name string, e *env) expr {
	if name == "$" {
		if e.root == nil {
			c.unknown("no $")
		}
		return ofValue(e.root, func(s *scope) reflect.Value { return s.root })
	}
	for i := len(e.vars) - 1; i >= 0; i-- {
		if v := e.vars[i]; v.name == name {
			return ofValue(v.typ, func(s *scope) reflect.Value { return s.vars[v.slot] })
		}
	}
	c.unknown("variable %s", name)
	return expr{}
}

func (c *compiler) argument(n parse.Node, e *env) expr {
	switch n := n.(type) {
	case *parse.DotNode:
		return c.dot(e)
	case *parse.FieldNode:
		return c.chain(c.dot(e), n.Ident, nil, e)
	case *parse.VariableNode:
		x := c.variable(n.Ident[0], e)
		if len(n.Ident) == 1 {
			return x
		}
		return c.chain(x, n.Ident[1:], nil, e)
	case *parse.PipeNode:
		if len(n.Decl) > 0 {
			c.unknown("declaration in %s", n)
		}
		return c.pipe(n, e)
	case *parse.StringNode:
		return fixed(n.Text)
	case *parse.BoolNode:
		return fixed(n.True)
	case *parse.NumberNode:
		if n.IsInt && int64(int(n.Int64)) == n.Int64 {
			return fixed(int(n.Int64))
		}
	}
	c.unknown("argument %s", n)
	return expr{}
}

// chain builds .A.B.C of a value; the last may be a method with arguments.
func (c *compiler) chain(x expr, names []string, args []parse.Node, e *env) expr {
	for i, name := range names {
		if i == len(names)-1 {
			return c.member(x, name, args, e)
		}
		x = c.member(x, name, nil, e)
	}
	return x
}

// member builds one field or method of a value, as text/template finds it: a method of the pointer before a field.
func (c *compiler) member(x expr, name string, args []parse.Node, e *env) expr {
	typ := x.typ
	if typ == nil || typ.Kind() == reflect.Interface || typ.Kind() == reflect.Map {
		c.unknown(".%s of %v", name, typ)
	}
	pointer := typ.Kind() == reflect.Pointer
	base := typ
	if pointer {
		base = typ.Elem()
	}
	if base.Kind() == reflect.Pointer {
		c.unknown(".%s of %v", name, typ)
	}
	to := reflect.PointerTo(base)
	if m, ok := to.MethodByName(name); ok {
		val := x.val
		receiver := func(s *scope) reflect.Value { return val(s) }
		if !pointer {
			if _, ofBase := base.MethodByName(name); ofBase {
				// A value has it; text/template takes the pointer where there is one, which calls the same.
				return c.method(x, base, name, args, e)
			}
			receiver = func(s *scope) reflect.Value { return val(s).Addr() } // a value without address fails there as well
		}
		return c.method(expr{typ: to, val: receiver}, to, m.Name, args, e)
	}
	if base.Kind() != reflect.Struct {
		c.unknown(".%s of %v", name, typ)
	}
	f, ok := base.FieldByName(name)
	if !ok || !f.IsExported() || len(args) > 0 {
		c.unknown(".%s of %v", name, typ)
	}
	val := x.val
	if len(f.Index) == 1 {
		at := f.Index[0]
		if pointer {
			return ofValue(f.Type, func(s *scope) reflect.Value { return val(s).Elem().Field(at) })
		}
		return ofValue(f.Type, func(s *scope) reflect.Value { return val(s).Field(at) })
	}
	at := f.Index
	return ofValue(f.Type, func(s *scope) reflect.Value {
		v := val(s)
		if pointer {
			v = v.Elem()
		}
		return v.FieldByIndex(at)
	})
}

// method builds a call of the method, which the type has.
func (c *compiler) method(x expr, typ reflect.Type, name string, args []parse.Node, e *env) expr {
	m, _ := typ.MethodByName(name)
	sig := m.Type // with the receiver first
	given := make([]expr, len(args))
	for i, a := range args {
		given[i] = c.argument(a, e)
	}
	most := sig.NumIn() - 1
	switch {
	case sig.IsVariadic() && len(given) < most-1, !sig.IsVariadic() && len(given) != most:
		c.unknown("%d arguments of %s", len(given), name)
	case sig.NumOut() == 0 || sig.NumOut() > 2 || sig.NumOut() == 2 && sig.Out(1) != errorType:
		c.unknown("results of %s", name)
	}
	for i := range given {
		in := sig.In(min(i+1, most))
		if sig.IsVariadic() && i+1 >= most {
			in = in.Elem()
		}
		if given[i].typ == nil || !given[i].typ.AssignableTo(in) || given[i].typ.Kind() == reflect.Interface {
			c.unknown("argument %d of %s is a %v", i+1, name, given[i].typ)
		}
	}
	if quick, ok := direct(x, typ, name, sig, given); ok {
		return quick
	}
	index, result := m.Index, sig.Out(0)
	return ofValue(result, func(s *scope) reflect.Value {
		in := make([]reflect.Value, len(given))
		for i, g := range given {
			in[i] = g.val(s)
		}
		out := x.val(s).Method(index).Call(in)
		if len(out) == 2 && !out[1].IsNil() {
			panic(failure{fmt.Errorf("%s: %w", name, out[1].Interface().(error))})
		}
		return out[0]
	})
}

// function builds a call of one of the functions that all templates have.
func (c *compiler) function(name string, nodes []parse.Node, e *env) expr {
	args := make([]expr, len(nodes))
	for i, n := range nodes {
		args[i] = c.argument(n, e)
	}
	switch {
	case name == "not" && len(args) == 1:
		is := c.truth(args[0])
		return ofBool(func(s *scope) bool { return !is(s) })
	case (name == "and" || name == "or") && len(args) > 0:
		return c.shortened(args, name == "or")
	case name == "eq" && len(args) >= 2:
		return c.equal(args)
	case name == "ne" && len(args) == 2:
		is := c.equal(args).is
		return ofBool(func(s *scope) bool { return !is(s) })
	case name == "len" && len(args) == 1 && args[0].typ.Kind() == reflect.Slice:
		val := args[0].val
		return ofValue(intType, func(s *scope) reflect.Value { return reflect.ValueOf(val(s).Len()) })
	case name == "print":
		return ofString(stringType, func(s *scope) string {
			in := make([]any, len(args))
			for i, a := range args {
				in[i] = a.val(s).Interface()
			}
			return fmt.Sprint(in...)
		})
	}
	c.unknown("function %s", name)
	return expr{}
}

// shortened builds and and or: the first argument that decides, else the last.
func (c *compiler) shortened(args []expr, or bool) expr {
	var tests []func(*scope) bool
	typ := args[0].typ
	for _, a := range args {
		tests = append(tests, c.truth(a))
		if a.typ != typ {
			typ = nil // known only when it is asked for
		}
	}
	last := len(args) - 1
	is := func(s *scope) bool {
		for i, is := range tests {
			if yes := is(s); yes == or || i == last {
				return yes
			}
		}
		return false
	}
	if typ == boolType {
		return ofBool(is)
	}
	out := expr{typ: typ, is: is, val: func(s *scope) reflect.Value {
		for i, is := range tests[:last] {
			if is(s) == or {
				return args[i].val(s)
			}
		}
		return args[last].val(s)
	}}
	if typ != nil && typ.Kind() == reflect.String {
		out.str = func(s *scope) string { return out.val(s).String() }
	}
	return out
}

// equal builds eq: the first argument is one of the others.
func (c *compiler) equal(args []expr) expr {
	var same []func(*scope) bool
	a := args[0]
	if a.typ == nil {
		c.unknown("eq of unlike things")
	}
	for _, b := range args[1:] {
		if b.typ == nil {
			c.unknown("eq of unlike things")
		}
		switch {
		case a.str != nil && b.str != nil:
			same = append(same, func(s *scope) bool { return a.str(s) == b.str(s) })
		case a.typ.Kind() == reflect.Bool && b.typ.Kind() == reflect.Bool:
			same = append(same, func(s *scope) bool { return a.is(s) == b.is(s) })
		case isInt(a.typ) && isInt(b.typ):
			same = append(same, func(s *scope) bool { return a.val(s).Int() == b.val(s).Int() })
		default:
			c.unknown("eq of %v and %v", a.typ, b.typ)
		}
	}
	if len(same) == 1 {
		return ofBool(same[0])
	}
	return ofBool(func(s *scope) bool {
		for _, is := range same {
			if is(s) {
				return true
			}
		}
		return false
	})
}

func isInt(t reflect.Type) bool { return t.Kind() >= reflect.Int && t.Kind() <= reflect.Int64 }

func isUint(t reflect.Type) bool { return t.Kind() >= reflect.Uint && t.Kind() <= reflect.Uint64 }

// truth builds what if asks of the expression.
func (c *compiler) truth(x expr) func(*scope) bool {
	if x.is != nil {
		return x.is
	}
	if x.str != nil {
		return func(s *scope) bool { return x.str(s) != "" }
	}
	is := truthOf(c, x.typ)
	return func(s *scope) bool { return is(x.val(s)) }
}

// truthOf returns what text/template takes for true among values of the type.
func truthOf(c *compiler, typ reflect.Type) func(reflect.Value) bool {
	if typ == nil {
		c.unknown("truth of unlike things")
	}
	switch k := typ.Kind(); {
	case k == reflect.String || k == reflect.Slice || k == reflect.Map || k == reflect.Array:
		return func(v reflect.Value) bool { return v.Len() > 0 }
	case k == reflect.Bool:
		return func(v reflect.Value) bool { return v.Bool() }
	case isInt(typ):
		return func(v reflect.Value) bool { return v.Int() != 0 }
	case isUint(typ):
		return func(v reflect.Value) bool { return v.Uint() != 0 }
	case k == reflect.Pointer || k == reflect.Func:
		return func(v reflect.Value) bool { return !v.IsNil() }
	case k == reflect.Struct:
		return func(reflect.Value) bool { return true }
	}
	c.unknown("truth of %v", typ)
	return nil
}
