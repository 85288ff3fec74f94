package press

import "reflect"

// The methods that templates call most, by their names and what they take: calling one through an interface costs a
// tenth of what reflect takes. Every other method is called by reflect.
type (
	speaks interface{ T(string, ...any) string }
	counts interface {
		Plural(string, int, ...any) string
	}
	problems interface{ Err(string) string }
	fills    interface{ Value(string) string }
	serves   interface{ Asset(string) string }
	keys     interface{ OnceKey() string }
	chooses  interface{ Chosen(string, string) bool }
	bounds   interface{ Most(string) int }
	links    interface{ Href() any }
)

// direct builds a call through one of the interfaces, if there is one for the method.
func direct(x expr, typ reflect.Type, name string, sig reflect.Type, args []expr) (expr, bool) {
	one := func(call func(any, string) string) (expr, bool) {
		return ofString(sig.Out(0), func(s *scope) string { return call(x.val(s).Interface(), args[0].str(s)) }), true
	}
	has := func(t reflect.Type) bool { return typ.Implements(t) && typ.Kind() == reflect.Pointer }
	switch {
	case name == "T" && has(reflect.TypeFor[speaks]()):
		rest := values(args[1:])
		return ofString(stringType, func(s *scope) string { return x.val(s).Interface().(speaks).T(args[0].str(s), rest(s)...) }), true
	case name == "Plural" && has(reflect.TypeFor[counts]()):
		rest := values(args[2:])
		return ofString(stringType, func(s *scope) string {
			return x.val(s).Interface().(counts).Plural(args[0].str(s), int(args[1].val(s).Int()), rest(s)...)
		}), true
	case name == "Err" && has(reflect.TypeFor[problems]()):
		return one(func(on any, field string) string { return on.(problems).Err(field) })
	case name == "Value" && has(reflect.TypeFor[fills]()):
		return one(func(on any, field string) string { return on.(fills).Value(field) })
	case name == "Asset" && has(reflect.TypeFor[serves]()):
		return one(func(on any, file string) string { return on.(serves).Asset(file) })
	case name == "OnceKey" && has(reflect.TypeFor[keys]()):
		return ofString(stringType, func(s *scope) string { return x.val(s).Interface().(keys).OnceKey() }), true
	case name == "Chosen" && has(reflect.TypeFor[chooses]()):
		return ofBool(func(s *scope) bool { return x.val(s).Interface().(chooses).Chosen(args[0].str(s), args[1].str(s)) }), true
	case name == "Most" && has(reflect.TypeFor[bounds]()):
		return ofValue(intType, func(s *scope) reflect.Value {
			return reflect.ValueOf(x.val(s).Interface().(bounds).Most(args[0].str(s)))
		}), true
	case name == "Href" && has(reflect.TypeFor[links]()):
		return ofValue(anyType, func(s *scope) reflect.Value { return reflect.ValueOf(x.val(s).Interface().(links).Href()) }), true
	}
	return expr{}, false
}

// values returns the arguments as they are passed to a method that takes any.
func values(args []expr) func(*scope) []any {
	if len(args) == 0 {
		return func(*scope) []any { return nil }
	}
	return func(s *scope) []any {
		out := make([]any, len(args))
		for i, a := range args {
			out[i] = a.val(s).Interface()
		}
		return out
	}
}
