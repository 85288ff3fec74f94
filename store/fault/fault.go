// Package fault is the one type of error that carries meaning to a person, with the kinds that decide what becomes of it.
package fault

import (
	"errors"
	"fmt"
)

// Kind says what sort of failure an Error is. It is the machine's half of an error: HTTP status, exit code and
// what the log does with it all follow from the kind alone.
type Kind uint8

// The kinds of error. The zero kind is Internal, so that an error nobody classified is never shown to a person.
const (
	Internal    Kind = iota // a fault of ours; its text never leaves the log
	Invalid                 // the input cannot be accepted; Field names the place
	NotFound                // is not there, or may not be seen: the same answer
	Conflict                // somebody else changed it meanwhile, or it exists already
	Denied                  // may be seen but this may not be done
	SignIn                  // nobody is signed in
	TooLarge                // beyond a size limit
	TooMany                 // too often; come back later
	Unavailable             // the desk cannot do it just now
)

var kindNames = [...]string{"internal", "invalid", "not-found", "conflict", "denied", "sign-in", "too-large", "too-many", "unavailable"}

// String returns the kind's code as problem documents and logs name it.
func (k Kind) String() string {
	if int(k) < len(kindNames) {
		return kindNames[k]
	}
	return fmt.Sprintf("kind(%d)", k)
}

// Error is the one error type that carries meaning to a person. Key names a sentence of the locale files, Args fill
// it, Field names the form field or JSON member that caused it, Err is the cause for the log and is never shown.
type Error struct {
	Kind  Kind
	Key   string
	Args  map[string]any
	Field string
	Err   error
}

func (e *Error) Error() string {
	s := e.Kind.String() + ": " + e.Key
	if e.Field != "" {
		s += " (" + e.Field + ")"
	}
	if e.Err != nil {
		s += ": " + e.Err.Error()
	}
	return s
}

// Unwrap returns the cause.
func (e *Error) Unwrap() error { return e.Err }

// Is reports whether target is an Error of the same kind without a key: errors.Is(err, ErrNotFound) asks for the
// kind, whatever the sentence.
func (e *Error) Is(target error) bool {
	t, ok := target.(*Error)
	return ok && t.Kind == e.Kind && t.Key == ""
}

// Kinds as targets for errors.Is.
var (
	ErrInvalid     = &Error{Kind: Invalid}
	ErrNotFound    = &Error{Kind: NotFound}
	ErrConflict    = &Error{Kind: Conflict}
	ErrDenied      = &Error{Kind: Denied}
	ErrSignIn      = &Error{Kind: SignIn}
	ErrUnavailable = &Error{Kind: Unavailable}
)

// KindOf returns the kind of the first Error in err's chain, and Internal for any other error.
func KindOf(err error) Kind {
	if e, ok := errors.AsType[*Error](err); ok {
		return e.Kind
	}
	return Internal
}

// New returns an Error of the kind with the sentence key; args are pairs of name and value for the sentence.
func New(kind Kind, key string, args ...any) *Error {
	e := &Error{Kind: kind, Key: key}
	for i := 0; i+1 < len(args); i += 2 {
		if e.Args == nil {
			e.Args = map[string]any{}
		}
		e.Args[args[i].(string)] = args[i+1]
	}
	return e
}

// At returns a copy of the error that names the field which caused it.
func (e *Error) At(field string) *Error {
	c := *e
	c.Field = field
	return &c
}

// Problems are several errors found together, one for each field. A form shows each beside its field.
type Problems []*Error

func (p Problems) Error() string {
	if len(p) == 0 {
		return "no problem"
	}
	s := p[0].Error()
	if len(p) > 1 {
		s += fmt.Sprintf(" (and %d more)", len(p)-1)
	}
	return s
}

// Unwrap lets errors.Is and errors.As see each problem.
func (p Problems) Unwrap() []error {
	out := make([]error, len(p))
	for i, e := range p {
		out[i] = e
	}
	return out
}

// Add appends an Invalid problem of the field.
func (p *Problems) Add(field, key string, args ...any) {
	*p = append(*p, New(Invalid, key, args...).At(field))
}

// Err returns nil when there is no problem, else the problems.
func (p Problems) Err() error {
	if len(p) == 0 {
		return nil
	}
	return p
}

// IgnoreNotFound returns nil for the error of a row that is not there, and every other error as it is.
func IgnoreNotFound(err error) error {
	if errors.Is(err, ErrNotFound) {
		return nil
	}
	return err
}
