// Package schema describes Go types as they are in JSON, in the words of OpenAPI, and says what is wrong with JSON that is
// not as described.
package schema

import (
	"encoding"
	"reflect"
	"slices"
	"strings"
	"time"
)

// Object is an object of JSON.
type Object = map[string]any

// Operation describes what a route of the API does.
type Operation struct {
	Summary string
	Query   []Parameter
	In, Out any // values of the types of body and answer
	Created bool
	Later   bool // 202: what was asked is yet to be answered
	Files   bool // the body is multipart/form-data with files
}

// Parameter is a value of the query.
type Parameter struct{ Name, Kind, Text string }

// Described is a type that says itself what it is in JSON.
type Described interface{ OpenSchema(*Set) Object }

// Set has the schemas of struct types by name.
type Set struct {
	Named  Object
	prefix string
	own    map[reflect.Type]func(*Set) Object
}

// New returns an empty set. Its names are those of the types without the prefix; own says of some types what they are.
func New(prefix string, own map[reflect.Type]func(*Set) Object) *Set {
	return &Set{Object{}, prefix, own}
}

var (
	moment    = reflect.TypeFor[time.Time]()
	textual   = reflect.TypeFor[encoding.TextMarshaler]()
	described = reflect.TypeFor[Described]()
)

// Of returns the schema of the type; of a struct where it is to be found.
func (s *Set) Of(t reflect.Type) Object {
	if own, is := s.own[t]; is {
		return own(s)
	}
	switch {
	case t == moment:
		return Object{"type": "string", "format": "date-time"}
	case t.Kind() == reflect.Pointer:
		return s.Of(t.Elem())
	case t.Implements(described):
		return reflect.Zero(t).Interface().(Described).OpenSchema(s)
	case t.Implements(textual):
		return Object{"type": "string"}
	}
	switch t.Kind() {
	case reflect.String:
		return Object{"type": "string"}
	case reflect.Bool:
		return Object{"type": "boolean"}
	case reflect.Float64:
		return Object{"type": "number"}
	case reflect.Slice:
		return Object{"type": "array", "items": s.Of(t.Elem())}
	case reflect.Map:
		if t.Elem().Kind() == reflect.Interface {
			return Object{"type": "object"}
		}
		return Object{"type": "object", "additionalProperties": s.Of(t.Elem())}
	case reflect.Struct:
		return s.structure(t)
	}
	return Object{"type": "integer"}
}

func (s *Set) structure(t reflect.Type) Object {
	name := strings.TrimPrefix(t.Name(), s.prefix)
	ref := Object{"$ref": "#/components/schemas/" + name}
	if _, ok := s.Named[name]; ok {
		return ref
	}
	properties := Object{}
	var required []any
	schema := Object{"type": "object", "properties": properties}
	s.Named[name] = schema
	for i := range t.NumField() {
		tag, ok := t.Field(i).Tag.Lookup("json")
		words := strings.Split(tag, ",")
		if !ok || words[0] == "-" {
			continue
		}
		properties[words[0]] = s.Of(t.Field(i).Type)
		if !slices.Contains(words[1:], "omitempty") && !slices.Contains(words[1:], "omitzero") {
			required = append(required, words[0])
		}
	}
	if len(required) > 0 {
		schema["required"] = required
	}
	return ref
}
