// Package limit holds the values of a row to how long each may be. It walks rows of any type by their JSON names, with
// what lies deeper, and knows no rows itself.
package limit

import (
	"encoding"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"sync"
	"unicode/utf8"
)

// Field is how much one field of a row holds.
type Field struct {
	Text     int  // characters of a text, or of each text of a list or map
	Bytes    bool // Text counts bytes instead: for long texts, where counting characters costs too much
	Entries  int  // entries of a list or map
	Key      int  // characters of a key of a map
	Observed bool // the desk recorded it and no person typed it: what is too long is cut, never refused
}

// Text holds so many characters.
func Text(characters int) Field { return Field{Text: characters} }

// Bytes holds a long text of so many bytes.
func Bytes(n int) Field { return Field{Text: n, Bytes: true} }

// Entries holds so many entries.
func Entries(n int) Field { return Field{Entries: n} }

// Texts holds so many texts of so many characters each.
func Texts(n, characters int) Field { return Field{Entries: n, Text: characters} }

// Named holds a map of so many entries, with keys and texts of so many characters each.
func Named(n, key, characters int) Field { return Field{Entries: n, Key: key, Text: characters} }

// Observed holds so many characters of a text that the desk recorded.
func Observed(characters int) Field { return Field{Text: characters, Observed: true} }

// ObservedTexts holds so many texts that the desk recorded, of so many characters each.
func ObservedTexts(n, characters int) Field {
	return Field{Entries: n, Text: characters, Observed: true}
}

// Fields are the limits of a type of rows by the JSON name of the field; what lies deeper has the names joined by a dot.
type Fields map[string]Field

// Excess is one value that is longer than its limit.
type Excess struct {
	Path    string // the JSON names down to it
	Entries bool   // there are too many of them; else a text is too long
	Most    int
	Have    int
}

// Hold returns the values of row that are longer than their limits, but those that were so in old already: what was
// once let in stays, and its row can be changed elsewhere. old is nil for a new row. With cut, and in fields that are
// observed, what is too long is cut instead, which changes the row.
func Hold[T any](f Fields, old, row *T, cut bool) []Excess {
	h := &holding{limits: f, cut: cut}
	was := reflect.Value{}
	if old != nil {
		was = reflect.ValueOf(old).Elem()
	}
	h.fields("", was, reflect.ValueOf(row).Elem())
	return h.over
}

// holding is one row on its way through its limits.
type holding struct {
	limits Fields
	cut    bool // shorten what is too long: nobody would read the refusal
	over   []Excess
}

func (h *holding) fields(path string, was, is reflect.Value) {
	for _, f := range jsonFields(is.Type()) {
		name := f.name
		if path != "" {
			name = path + "." + f.name
		}
		before := reflect.Value{}
		if was.IsValid() {
			before = was.Field(f.index)
		}
		h.value(name, before, is.Field(f.index))
	}
}

func (h *holding) value(path string, was, is reflect.Value) {
	switch is.Kind() {
	case reflect.String:
		if s := is.String(); !was.IsValid() || was.String() != s {
			if l := h.limits[path]; l.over(l.Text, s) {
				if h.cut || l.Observed {
					is.SetString(l.Cut(s))
				} else {
					h.refuse(path, false, l.Text, l.length(s))
				}
			}
		}
	case reflect.Struct:
		if !opaque(is.Type()) {
			h.fields(path, was, is)
		}
	case reflect.Slice:
		h.list(path, was, is)
	case reflect.Map:
		h.dictionary(path, was, is)
	}
}

func (h *holding) list(path string, was, is reflect.Value) {
	n := is.Len()
	if n == 0 || was.IsValid() && was.Len() == n && reflect.DeepEqual(was.Interface(), is.Interface()) {
		return
	}
	l := h.limits[path]
	if n > l.Entries && !(was.IsValid() && n < was.Len()) {
		if !h.cut && !l.Observed {
			h.refuse(path, true, l.Entries, n)
			return
		}
		is.Set(reflect.AppendSlice(reflect.MakeSlice(is.Type(), 0, l.Entries), is.Slice(0, l.Entries)))
		n = l.Entries
	}
	kind := is.Type().Elem().Kind()
	if kind != reflect.String && kind != reflect.Struct {
		return // numbers of rows
	}
	owned := false
	for i := range n {
		e := is.Index(i)
		if kind == reflect.Struct {
			before := reflect.Value{}
			if was.IsValid() && i < was.Len() {
				before = was.Index(i)
			}
			h.fields(path, before, e)
			continue
		}
		s := e.String()
		if !l.over(l.Text, s) || was.IsValid() && slices.ContainsFunc(was.Interface().([]string), func(o string) bool { return o == s }) {
			continue
		}
		if !h.cut && !l.Observed {
			h.refuse(path, false, l.Text, l.length(s))
			return
		}
		if !owned { // the list may be somebody else's too
			is.Set(reflect.AppendSlice(reflect.MakeSlice(is.Type(), 0, n), is))
			owned = true
		}
		is.Index(i).SetString(l.Cut(s))
	}
}

func (h *holding) dictionary(path string, was, is reflect.Value) {
	n := is.Len()
	if n == 0 {
		return
	}
	l := h.limits[path]
	had := 0
	if was.IsValid() {
		had = was.Len()
	}
	cut := h.cut || l.Observed
	if n > l.Entries && n > had && !cut {
		h.refuse(path, true, l.Entries, n)
		return
	}
	var out reflect.Value // a copy, once something is cut
	copied := func() {
		if !out.IsValid() {
			out = reflect.MakeMap(is.Type())
			for it := is.MapRange(); it.Next(); {
				out.SetMapIndex(it.Key(), it.Value())
			}
		}
	}
	kept := 0
	for _, k := range sortedKeys(is) {
		v := is.MapIndex(k)
		before := reflect.Value{}
		if had > 0 {
			before = was.MapIndex(k)
		}
		if kept++; kept > l.Entries && n > had && cut {
			copied()
			out.SetMapIndex(k, reflect.Value{})
			continue
		}
		if k.Kind() == reflect.String && !before.IsValid() && l.over(l.Key, k.String()) {
			if !cut {
				h.refuse(path, false, l.Key, utf8.RuneCountInString(k.String()))
				return
			}
			copied()
			out.SetMapIndex(k, reflect.Value{})
			continue
		}
		switch v.Kind() {
		case reflect.String:
			s := v.String()
			if !l.over(l.Text, s) || before.IsValid() && before.String() == s {
				continue
			}
			if !cut {
				h.refuse(path+"."+k.String(), false, l.Text, l.length(s))
				return
			}
			copied()
			out.SetMapIndex(k, reflect.ValueOf(l.Cut(s)).Convert(v.Type()))
		case reflect.Struct, reflect.Slice:
			inner := path
			if v.Kind() == reflect.Slice {
				inner = path + "."
			}
			e := reflect.New(v.Type()).Elem()
			e.Set(v)
			h.value(inner, before, e)
			if cut && !reflect.DeepEqual(e.Interface(), v.Interface()) {
				copied()
				out.SetMapIndex(k, e)
			}
		}
	}
	if out.IsValid() {
		is.Set(out)
	}
}

func (h *holding) refuse(field string, entries bool, most, have int) {
	h.over = append(h.over, Excess{field, entries, most, have})
}

// sortedKeys are those of the map in order, so that the same row is cut or refused the same way each time.
func sortedKeys(m reflect.Value) []reflect.Value {
	keys := m.MapKeys()
	slices.SortFunc(keys, func(x, y reflect.Value) int {
		if x.Kind() == reflect.String {
			return strings.Compare(x.String(), y.String())
		}
		return int(min(max(int64(x.Uint()-y.Uint()), -1), 1)) // #nosec G115 -- only its sign is looked at
	})
	return keys
}

// Over reports whether the text is longer than the limit.
func (l Field) Over(s string) bool { return l.over(l.Text, s) }

func (l Field) over(most int, s string) bool {
	return len(s) > most && (l.Bytes || utf8.RuneCountInString(s) > most)
}

func (l Field) length(s string) int {
	if l.Bytes {
		return len(s)
	}
	return utf8.RuneCountInString(s)
}

// Cut returns the text cut to its limit, between characters.
func (l Field) Cut(s string) string {
	if l.Bytes {
		return strings.ToValidUTF8(s[:l.Text], "")
	}
	n := 0
	for i := range s {
		if n == l.Text {
			return s[:i]
		}
		n++
	}
	return s
}

type jsonField struct {
	index int
	name  string
}

var (
	textType = reflect.TypeFor[encoding.TextMarshaler]()
	shapes   sync.Map // reflect.Type -> []jsonField
)

// opaque reports whether nothing in the struct can be of any length: a moment, or a code.
func opaque(t reflect.Type) bool { return t.Kind() == reflect.Struct && t.Implements(textType) }

// jsonFields returns the fields of a struct that can hold values of any length, by their JSON names.
func jsonFields(t reflect.Type) []jsonField {
	if known, ok := shapes.Load(t); ok {
		return known.([]jsonField)
	}
	var out []jsonField
	for i := range t.NumField() {
		f := t.Field(i)
		name, _, _ := strings.Cut(f.Tag.Get("json"), ",")
		if f.Anonymous && name == "" && f.Type.Kind() == reflect.Struct && len(jsonFields(f.Type)) == 0 {
			continue // what every row has: numbers and times
		}
		switch f.Type.Kind() {
		case reflect.String, reflect.Slice, reflect.Map, reflect.Struct:
			if !opaque(f.Type) && name != "-" {
				if name == "" {
					panic(fmt.Sprintf("limit: %v.%s has no JSON name", t, f.Name))
				}
				out = append(out, jsonField{i, name})
			}
		case reflect.Pointer, reflect.Interface, reflect.Array:
			panic(fmt.Sprintf("limit: %v.%s is of a kind that no limit knows", t, f.Name))
		}
	}
	shapes.Store(t, out)
	return out
}

// Missing returns the fields of the rows that can hold values of any length and have no limit.
func Missing[T any](f Fields) []string {
	var out []string
	need := func(path string, met bool) {
		if !met {
			out = append(out, path)
		}
	}
	var look func(path string, typ reflect.Type)
	fields := func(path string, typ reflect.Type) {
		for _, j := range jsonFields(typ) {
			look(strings.TrimPrefix(path+"."+j.name, "."), typ.Field(j.index).Type)
		}
	}
	look = func(path string, typ reflect.Type) {
		l := f[path]
		switch typ.Kind() {
		case reflect.String:
			need(path, l.Text > 0)
		case reflect.Struct:
			fields(path, typ)
		case reflect.Slice:
			need(path, l.Entries > 0)
			if e := typ.Elem(); e.Kind() == reflect.String {
				need(path+"[]", l.Text > 0)
			} else if e.Kind() == reflect.Struct {
				fields(path, e)
			} else if e.Kind() == reflect.Slice || e.Kind() == reflect.Map || e.Kind() == reflect.Pointer {
				need(path+"[]", false)
			}
		case reflect.Map:
			need(path, l.Entries > 0)
			need(path+"{}", typ.Key().Kind() != reflect.String || l.Key > 0)
			switch e := typ.Elem(); e.Kind() {
			case reflect.String:
				need(path+"[]", l.Text > 0)
			case reflect.Struct:
				fields(path, e)
			case reflect.Slice:
				look(path+".", e)
			case reflect.Map, reflect.Pointer:
				need(path+"[]", false)
			}
		}
	}
	fields("", reflect.TypeFor[T]())
	return out
}
