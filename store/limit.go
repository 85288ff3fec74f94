package store

import (
	"fmt"
	"reflect"
	"slices"
	"strings"
	"sync"
	"time"
	"unicode/utf8"
)

// Limit is how much one field of a row holds. It is declared once for every writer: page, API, import, mail and command
// line. Put refuses what is longer, naming the field; Table.Most returns it to callers that check beforehand.
type Limit struct {
	Text     int  // characters of a text, or of each text of a list or map
	Bytes    bool // Text counts bytes instead: for long texts, where counting characters costs too much
	Entries  int  // entries of a list or map
	Key      int  // characters of a key of a map
	Observed bool // the desk recorded it and no person typed it: what is too long is cut, never refused
}

// limits are those of a table by the JSON name of the field; what lies deeper has the names joined by a dot.
type limits map[string]Limit

func text(characters int) Limit          { return Limit{Text: characters} }
func bytesOf(n int) Limit                { return Limit{Text: n, Bytes: true} }
func entries(n int) Limit                { return Limit{Entries: n} }
func texts(n, characters int) Limit      { return Limit{Entries: n, Text: characters} }
func named(n, key, characters int) Limit { return Limit{Entries: n, Key: key, Text: characters} }
func observed(characters int) Limit      { return Limit{Text: characters, Observed: true} }
func observedTexts(n, characters int) Limit {
	return Limit{Entries: n, Text: characters, Observed: true}
}

// Limits that several fields share.
const (
	maxCode    = 200 // joined codes of the catalogue are the longest
	maxWord    = 64  // a word of the desk's own: states, doors, reasons
	maxHash    = 128
	maxName    = 200
	maxEmail   = 254
	maxWhy     = 500
	maxBody    = 6 << 20 // bytes of a message or an article: more belongs in a file
	maxDetail  = 1000
	maxShort   = 100
	maxAddress = 500
)

// MaxMailText is how much is kept beside its bytes of what a mail says that somebody has to judge, in bytes.
const MaxMailText = 64 << 10

// MaxReason is how long the reason of a change may be, in characters.
const MaxReason = maxWhy

// crowd bounds how many rows of a table share the beginning of a key: what one person, group or organisation may have.
type crowd[T any] struct {
	index string
	of    func(*T) []byte // nil: the row does not count here
	most  int
	field string // named in the refusal
}

func under(id uint64) []byte {
	if id == 0 {
		return nil
	}
	return Key(id)
}

// keepRoom refuses a new row where the maximum is reached.
func (t *Table[T]) keepRoom(tx *Tx, r *T) error {
	for _, c := range t.crowds {
		of := c.of(r)
		if of == nil {
			continue
		}
		n := 0
		for range t.indexNamed(c.index).Entries(tx, Span{Prefix: of}) {
			if n++; n >= c.most {
				return Problems{Fail(Invalid, "error.too-many-of", "max", c.most, "have", n).At(c.field)}
			}
		}
	}
	return nil
}

// Most returns how much the field holds: characters (bytes of long texts), of a list or map its entries. Deeper fields
// have their names joined by a dot. A field without a limit is a fault of the program.
func (t *Table[T]) Most(field string) int {
	l := t.limitOf(field)
	if l.Entries > 0 {
		return l.Entries
	}
	return l.Text
}

// MostOfEach returns how long each text of a list or map may be.
func (t *Table[T]) MostOfEach(field string) int { return t.limitOf(field).Text }

// Most is Table.Most for a field named with its table: tickets.subject.
func Most(field string) int {
	table, name, _ := strings.Cut(field, ".")
	for _, t := range tables {
		if t.Name() == table {
			return t.Most(name)
		}
	}
	panic("store: no table " + table)
}

func (t *Table[T]) limitOf(field string) Limit {
	l, ok := t.limits[field]
	if !ok {
		panic("store: no limit for " + t.name + "." + field)
	}
	return l
}

// judging holds the limits that a row's new values are checked against.
type judging struct {
	limits limits
	table  string
	cut    bool // shorten what is too long: nobody would read the refusal
	wrong  Problems
}

// keepLimits refuses each value that is longer than its limit, unless it was so before: what an older release let in
// stays readable, and its row can be changed elsewhere. What came by mail or is the desk's own is cut instead: a mail
// is never refused, and is kept whole beside what was made of it. Cutting changes the row.
func (t *Table[T]) keepLimits(tx *Tx, old, r *T) error {
	j := &judging{limits: t.limits, table: t.name, cut: tx.by.Via == "mail" || tx.by.Via == "desk"}
	was := reflect.Value{}
	if old != nil {
		was = reflect.ValueOf(old).Elem()
	}
	j.fields("", was, reflect.ValueOf(r).Elem())
	return j.wrong.Err()
}

func (j *judging) fields(path string, was, is reflect.Value) {
	for _, f := range jsonFields(is.Type()) {
		name := f.name
		if path != "" {
			name = path + "." + f.name
		}
		before := reflect.Value{}
		if was.IsValid() {
			before = was.Field(f.index)
		}
		j.value(name, before, is.Field(f.index))
	}
}

func (j *judging) value(path string, was, is reflect.Value) {
	switch is.Kind() {
	case reflect.String:
		if s := is.String(); !was.IsValid() || was.String() != s {
			if l := j.limits[path]; tooLong(l, l.Text, s) {
				if j.cut || l.Observed {
					is.SetString(shortened(l, s))
				} else {
					j.refuse(path, "error.too-long", l.Text, length(l, s))
				}
			}
		}
	case reflect.Struct:
		if is.Type() != timeType && is.Type() != rowType {
			j.fields(path, was, is)
		}
	case reflect.Slice:
		j.list(path, was, is)
	case reflect.Map:
		j.dictionary(path, was, is)
	}
}

func (j *judging) list(path string, was, is reflect.Value) {
	n := is.Len()
	if n == 0 || was.IsValid() && was.Len() == n && reflect.DeepEqual(was.Interface(), is.Interface()) {
		return
	}
	l := j.limits[path]
	if n > l.Entries && !(was.IsValid() && n < was.Len()) {
		if !j.cut && !l.Observed {
			j.refuse(path, "error.too-many-of", l.Entries, n)
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
			j.fields(path, before, e)
			continue
		}
		s := e.String()
		if !tooLong(l, l.Text, s) || was.IsValid() && slices.ContainsFunc(was.Interface().([]string), func(o string) bool { return o == s }) {
			continue
		}
		if !j.cut && !l.Observed {
			j.refuse(path, "error.too-long", l.Text, length(l, s))
			return
		}
		if !owned { // the list may be somebody else's too
			is.Set(reflect.AppendSlice(reflect.MakeSlice(is.Type(), 0, n), is))
			owned = true
		}
		is.Index(i).SetString(shortened(l, s))
	}
}

func (j *judging) dictionary(path string, was, is reflect.Value) {
	n := is.Len()
	if n == 0 {
		return
	}
	l := j.limits[path]
	had := 0
	if was.IsValid() {
		had = was.Len()
	}
	cut := j.cut || l.Observed
	if n > l.Entries && n > had && !cut {
		j.refuse(path, "error.too-many-of", l.Entries, n)
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
		if k.Kind() == reflect.String && !before.IsValid() && tooLong(l, l.Key, k.String()) {
			if !cut {
				j.refuse(path, "error.too-long", l.Key, utf8.RuneCountInString(k.String()))
				return
			}
			copied()
			out.SetMapIndex(k, reflect.Value{})
			continue
		}
		switch v.Kind() {
		case reflect.String:
			s := v.String()
			if !tooLong(l, l.Text, s) || before.IsValid() && before.String() == s {
				continue
			}
			if !cut {
				j.refuse(path+"."+k.String(), "error.too-long", l.Text, length(l, s))
				return
			}
			copied()
			out.SetMapIndex(k, reflect.ValueOf(shortened(l, s)).Convert(v.Type()))
		case reflect.Struct, reflect.Slice:
			inner := path
			if v.Kind() == reflect.Slice {
				inner = path + "."
			}
			e := reflect.New(v.Type()).Elem()
			e.Set(v)
			j.value(inner, before, e)
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

func (j *judging) refuse(path, key string, most, have int) {
	j.wrong.Add(path, key, "max", most, "have", have)
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

func tooLong(l Limit, most int, s string) bool {
	return len(s) > most && (l.Bytes || utf8.RuneCountInString(s) > most)
}

func length(l Limit, s string) int {
	if l.Bytes {
		return len(s)
	}
	return utf8.RuneCountInString(s)
}

// shortened cuts the text to its limit, between characters.
func shortened(l Limit, s string) string {
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

// keepReason holds the reason of a change to its limit in the same way.
func keepReason(tx *Tx) (string, error) {
	l := text(MaxReason)
	switch why := tx.by.Why; {
	case !tooLong(l, l.Text, why):
		return why, nil
	case tx.by.Via == "mail" || tx.by.Via == "desk":
		return shortened(l, why), nil
	default:
		return "", Problems{Fail(Invalid, "error.too-long", "max", MaxReason, "have", utf8.RuneCountInString(why)).At("reason")}
	}
}

type jsonField struct {
	index int
	name  string
}

var (
	timeType = reflect.TypeFor[time.Time]()
	rowType  = reflect.TypeFor[Row]()
	shapes   sync.Map // reflect.Type -> []jsonField
)

// jsonFields returns the fields of a struct that can hold values of any length, by their JSON names.
func jsonFields(t reflect.Type) []jsonField {
	if known, ok := shapes.Load(t); ok {
		return known.([]jsonField)
	}
	var out []jsonField
	for i := range t.NumField() {
		f := t.Field(i)
		name, _, _ := strings.Cut(f.Tag.Get("json"), ",")
		switch f.Type.Kind() {
		case reflect.String, reflect.Slice, reflect.Map, reflect.Struct:
			if f.Type != timeType && f.Type != rowType && name != "-" {
				if name == "" {
					panic(fmt.Sprintf("store: %v.%s has no JSON name", t, f.Name))
				}
				out = append(out, jsonField{i, name})
			}
		case reflect.Pointer, reflect.Interface, reflect.Array:
			panic(fmt.Sprintf("store: %v.%s is of a kind that no limit knows", t, f.Name))
		}
	}
	shapes.Store(t, out)
	return out
}

// unlimited returns the fields of the table's rows that have no limit; there must be none.
func (t *Table[T]) unlimited() []string {
	var out []string
	need := func(path string, met bool) {
		if !met {
			out = append(out, t.name+"."+path)
		}
	}
	var look func(path string, typ reflect.Type)
	fields := func(path string, typ reflect.Type) {
		for _, f := range jsonFields(typ) {
			look(strings.TrimPrefix(path+"."+f.name, "."), typ.Field(f.index).Type)
		}
	}
	look = func(path string, typ reflect.Type) {
		l := t.limits[path]
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
