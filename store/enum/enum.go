// Package enum turns small closed sets of words into their codes and back.
package enum

import (
	"fmt"

	"sportello/store/fault"
)

// Word returns the code of a value; one that has none, from a newer release, is shown as its number.
func Word(words []string, v byte) string {
	if int(v) < len(words) {
		return words[v]
	}
	return fmt.Sprintf("?%d", v)
}

// Read sets v to the value whose code is given, and refuses any other word with an Invalid error "error.code".
func Read[V ~uint8](words []string, b []byte, v *V) error {
	for i, w := range words {
		if w == string(b) {
			*v = V(i)
			return nil
		}
	}
	return fault.New(fault.Invalid, "error.code", "value", string(b))
}

// Parse reads the code of an enumeration, for instance Parse[State]("new"). It returns the zero value for the empty
// string and an Invalid error "error.code" for a word that is no code.
func Parse[V any, P interface {
	*V
	UnmarshalText([]byte) error
}](code string) (V, error) {
	var v V
	if code == "" {
		return v, nil
	}
	err := P(&v).UnmarshalText([]byte(code))
	return v, err
}
