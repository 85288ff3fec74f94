package schema

import (
	"bytes"
	"encoding"
	"encoding/json"
	"errors"
	"reflect"
	"regexp"
	"strconv"
	"strings"

	"sportello/store/fault"
)

// surrogate matches escapes of half a character or of NUL, which encoding/json would replace silently.
var surrogate = regexp.MustCompile(`(?i)\\+u(d[89a-f][0-9a-f]{2}|0000)`)

// WholeCharacters returns an error for a body whose escapes name half a character (RFC 8259, 8.2).
func WholeCharacters(body []byte) error {
	high := -1 // end of the first half of a pair
	for _, m := range surrogate.FindAllIndex(body, -1) {
		escape := body[m[0]:m[1]]
		slashes := bytes.Count(escape, []byte(`\`))
		if slashes%2 == 0 {
			continue // an escaped backslash before a plain u
		}
		code, err := strconv.ParseUint(string(escape[len(escape)-4:]), 16, 16)
		if err != nil {
			continue
		}
		switch {
		case code == 0:
			return fault.New(fault.Invalid, "error.not-text")
		case code < 0xdc00:
			if high >= 0 {
				return fault.New(fault.Invalid, "error.not-text")
			}
			high = m[1]
		case high != m[0]:
			return fault.New(fault.Invalid, "error.not-text")
		default:
			high = -1
		}
	}
	if high >= 0 {
		return fault.New(fault.Invalid, "error.not-text")
	}
	return nil
}

// needed says which JSON a value of the type is read from. Names of Go types mean nothing to whoever reads the answer.
func needed(t reflect.Type) *fault.Error {
	for t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	if reflect.PointerTo(t).Implements(reflect.TypeFor[encoding.TextUnmarshaler]()) {
		return fault.New(fault.Invalid, "error.json-text")
	}
	switch t.Kind() {
	case reflect.String:
		if t == reflect.TypeFor[json.Number]() {
			return fault.New(fault.Invalid, "error.json-number")
		}
		return fault.New(fault.Invalid, "error.json-text")
	case reflect.Bool:
		return fault.New(fault.Invalid, "error.json-boolean")
	case reflect.Slice, reflect.Array:
		return fault.New(fault.Invalid, "error.json-list")
	case reflect.Float32, reflect.Float64:
		return fault.New(fault.Invalid, "error.json-number")
	case reflect.Struct, reflect.Map:
		return fault.New(fault.Invalid, "error.json-object")
	}
	return fault.New(fault.Invalid, "error.json-whole")
}

// JSONProblem turns an error of encoding/json into an Invalid error that names no type of Go, with the field if it is known.
func JSONProblem(err error) error {
	var kind *json.UnmarshalTypeError
	var coded *fault.Error
	switch {
	case errors.As(err, &coded):
		return coded
	case errors.As(err, &kind):
		return needed(kind.Type).At(kind.Field)
	}
	if name, ok := strings.CutPrefix(err.Error(), `json: unknown field "`); ok {
		return fault.New(fault.Invalid, "error.json-unknown").At(strings.TrimSuffix(name, `"`))
	}
	return fault.New(fault.Invalid, "error.json")
}
