package show

import (
	"errors"

	"sportello/store/fault"
)

// Besides returns what is wrong with fields that a form does not have as wrong with one that it has.
func Besides(err error, field string) error {
	var many fault.Problems
	if !errors.As(err, &many) {
		return err
	}
	var out fault.Problems
	for _, e := range many {
		out = append(out, e.At(field))
	}
	return out
}
