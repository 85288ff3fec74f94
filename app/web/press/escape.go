package press

import (
	"bytes"
	"fmt"
	"html/template"
	"reflect"
	"strconv"
	"strings"
)

// What html/template does with a value in each of the places where our templates have one. The place was decided by
// html/template, which left its escapers in the tree.

// kind is what a string is known to be already.
type kind int

const (
	plain kind = iota
	markup
	attribute
	address
	other // of the types of html/template that our templates do not use
)

var kinds = map[reflect.Type]kind{
	stringType:                           plain,
	reflect.TypeFor[template.HTML]():     markup,
	reflect.TypeFor[template.HTMLAttr](): attribute,
	reflect.TypeFor[template.URL]():      address,
	reflect.TypeFor[template.CSS]():      other,
	reflect.TypeFor[template.JS]():       other,
	reflect.TypeFor[template.JSStr]():    other,
	reflect.TypeFor[template.Srcset]():   other,
}

// escaped builds the writing of an expression through the escapers of its place.
func (c *compiler) escaped(x expr, escapers []string) step {
	place := strings.ReplaceAll(strings.Join(escapers, " "), "_html_template_", "")
	write := places[place]
	if write == nil {
		c.unknown("escapers %s", place)
	}
	if x.constant {
		text, k := c.text(x)(&scope{})
		said := write(nil, text, k)
		return func(w *writer, _ *scope) { w.out = append(w.out, said...) }
	}
	if x.typ == stringType && x.str != nil {
		return func(w *writer, s *scope) { w.out = write(w.out, x.str(s), plain) }
	}
	text := c.text(x)
	return func(w *writer, s *scope) {
		said, k := text(s)
		w.out = write(w.out, said, k)
	}
}

var (
	stringer = reflect.TypeFor[fmt.Stringer]()
	formats  = reflect.TypeFor[fmt.Formatter]()
)

// text builds the string that html/template makes of the value.
func (c *compiler) text(x expr) func(*scope) (string, kind) {
	typ := x.typ
	if typ == nil || typ.Kind() == reflect.Interface && typ.NumMethod() == 0 {
		return func(s *scope) (string, kind) {
			v := x.val(s)
			for v.IsValid() && v.Kind() == reflect.Interface {
				v = v.Elem()
			}
			return textOf(v)
		}
	}
	if k, ok := kinds[typ]; ok && x.str != nil {
		return func(s *scope) (string, kind) { return x.str(s), k }
	}
	if typ.Kind() == reflect.Pointer || typ.Kind() == reflect.Interface {
		c.unknown("a %v is written", typ)
	}
	if !typ.Implements(stringer) && !typ.Implements(errorType) && !typ.Implements(formats) {
		switch {
		case isInt(typ):
			return func(s *scope) (string, kind) { return strconv.FormatInt(x.val(s).Int(), 10), plain }
		case isUint(typ):
			return func(s *scope) (string, kind) { return strconv.FormatUint(x.val(s).Uint(), 10), plain }
		}
	}
	return func(s *scope) (string, kind) { return fmt.Sprint(x.val(s).Interface()), plain }
}

// textOf is text for a type that is known only now.
func textOf(v reflect.Value) (string, kind) {
	if !v.IsValid() {
		return "", plain
	}
	if k, ok := kinds[v.Type()]; ok {
		return v.String(), k
	}
	if v.Kind() == reflect.Pointer {
		panic(failure{fmt.Errorf("a %v is written", v.Type())})
	}
	return fmt.Sprint(v.Interface()), plain
}

// places are the writers by the escapers that html/template left.
var places = map[string]func(out []byte, s string, k kind) []byte{
	"htmlescaper": func(out []byte, s string, k kind) []byte {
		if k == markup {
			return append(out, s...)
		}
		return appendEscaped(out, s)
	},
	"attrescaper": func(out []byte, s string, k kind) []byte {
		if k == markup {
			return append(out, rendered(attributePlace, template.HTML(s))...) // #nosec G203 -- it was HTML before
		}
		return appendEscaped(out, s)
	},
	"rcdataescaper": func(out []byte, s string, k kind) []byte {
		if k == markup {
			return append(out, rendered(titlePlace, template.HTML(s))...) // #nosec G203 -- it was HTML before
		}
		return appendEscaped(out, s)
	},
	"htmlnamefilter": func(out []byte, s string, k kind) []byte {
		if k == attribute {
			return append(out, s...)
		}
		panic(failure{fmt.Errorf("%q stands where an attribute is expected", s)})
	},
	"urlfilter urlnormalizer attrescaper": func(out []byte, s string, k kind) []byte {
		if k != address && !safeAddress(s) {
			s = "#ZgotmplZ"
		}
		return appendEscaped(out, normalised(s, true))
	},
	"urlnormalizer attrescaper": func(out []byte, s string, k kind) []byte { return appendEscaped(out, normalised(s, true)) },
	"urlescaper attrescaper":    func(out []byte, s string, k kind) []byte { return appendEscaped(out, normalised(s, k == address)) },
}

// Two places where what is HTML already is cut down; html/template does it.
var (
	attributePlace = template.Must(template.New("").Parse(`<a title="{{.}}">`))
	titlePlace     = template.Must(template.New("").Parse(`<title>{{.}}</title>`))
)

func rendered(place *template.Template, x template.HTML) []byte {
	var b bytes.Buffer
	if err := place.Execute(&b, x); err != nil {
		panic(failure{err})
	}
	out := b.Bytes()
	if place == titlePlace {
		return out[len("<title>") : len(out)-len("</title>")]
	}
	return out[len(`<a title="`) : len(out)-len(`">`)]
}

// special are the bytes that are written otherwise.
var special = func() (out [256]string) {
	out[0], out['"'], out['&'], out['\''], out['+'], out['<'], out['>'] = "\uFFFD", "&#34;", "&amp;", "&#39;", "&#43;", "&lt;", "&gt;"
	return out
}()

var isSpecial = func() (out [256]bool) {
	for c, said := range special {
		out[c] = said != ""
	}
	return out
}()

func appendEscaped(out []byte, s string) []byte {
	written := 0
	for i := range len(s) {
		if isSpecial[s[i]] {
			out = append(out, s[written:i]...)
			out = append(out, special[s[i]]...)
			written = i + 1
		}
	}
	return append(out, s[written:]...)
}

// safeAddress reports whether the address is relative, or of the web or mail.
func safeAddress(s string) bool {
	scheme, _, ok := strings.Cut(s, ":")
	return !ok || strings.Contains(scheme, "/") || strings.EqualFold(scheme, "http") || strings.EqualFold(scheme, "https") || strings.EqualFold(scheme, "mailto")
}

const hexadecimal = "0123456789abcdef"

// normalised percent-encodes what an address may not have; without norm, also what divides it into parts.
func normalised(s string, norm bool) string {
	var out []byte
	written := 0
	for i := range len(s) {
		c := s[i]
		switch {
		case 'a' <= c && c <= 'z', 'A' <= c && c <= 'Z', '0' <= c && c <= '9', c == '-', c == '.', c == '_', c == '~':
			continue
		case norm && strings.IndexByte("!#$&*+,/:;=?@[]", c) >= 0:
			continue
		case norm && c == '%' && i+2 < len(s) && isHex(s[i+1]) && isHex(s[i+2]):
			continue
		}
		out = append(append(out, s[written:i]...), '%', hexadecimal[c>>4], hexadecimal[c&15])
		written = i + 1
	}
	if written == 0 {
		return s
	}
	return string(append(out, s[written:]...))
}

func isHex(c byte) bool {
	return '0' <= c && c <= '9' || 'a' <= c && c <= 'f' || 'A' <= c && c <= 'F'
}
