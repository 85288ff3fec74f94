package db

import (
	"unicode/utf8"

	"sportello/store/fault"
	"sportello/store/limit"
)

// Limits are declared once for every writer: page, API, import, mail and command line. Put refuses what is longer,
// naming the field; Table.Most returns a limit to callers that check beforehand.

// MaxReason is how long the reason of a change may be, in characters.
const MaxReason = 500

// Crowd bounds how many rows of a table share the beginning of a key: what one person, group or organisation may have.
type Crowd[T any] struct {
	Index string
	Of    func(*T) []byte // nil: the row does not count here
	Most  int
	Field string // named in the refusal
}

// keepRoom refuses a new row where the maximum is reached.
func (t *Table[T]) keepRoom(tx *Tx, r *T) error {
	for _, c := range t.Crowds {
		of := c.Of(r)
		if of == nil {
			continue
		}
		n := 0
		for range t.indexNamed(c.Index).Entries(tx, Span{Prefix: of}) {
			if n++; n >= c.Most {
				return fault.Problems{fault.New(fault.Invalid, "error.too-many-of", "max", c.Most, "have", n).At(c.Field)}
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

func (t *Table[T]) limitOf(field string) limit.Field {
	l, ok := t.Limits[field]
	if !ok {
		panic("store: no limit for " + t.name + "." + field)
	}
	return l
}

// keepLimits refuses each value that is longer than its limit, unless it was so before: what an older release let in
// stays readable, and its row can be changed elsewhere. What came by mail or is the desk's own is cut instead: a mail
// is never refused, and is kept whole beside what was made of it. Cutting changes the row.
func (t *Table[T]) keepLimits(tx *Tx, old, r *T) error {
	var wrong fault.Problems
	for _, e := range limit.Hold(t.Limits, old, r, tx.by.Via.Cuts()) {
		key := "error.too-long"
		if e.Entries {
			key = "error.too-many-of"
		}
		wrong.Add(e.Path, key, "max", e.Most, "have", e.Have)
	}
	return wrong.Err()
}

// keepReason holds the reason of a change to its limit in the same way.
func keepReason(tx *Tx) (string, error) {
	l := limit.Text(MaxReason)
	switch why := tx.by.Why; {
	case !l.Over(why):
		return why, nil
	case tx.by.Via.Cuts():
		return l.Cut(why), nil
	default:
		return "", fault.Problems{fault.New(fault.Invalid, "error.too-long", "max", MaxReason, "have", utf8.RuneCountInString(why)).At("reason")}
	}
}

// Unlimited returns the fields of the table's rows that have no limit; there must be none.
func (t *Table[T]) Unlimited() []string {
	var out []string
	for _, field := range limit.Missing[T](t.Limits) {
		out = append(out, t.name+"."+field)
	}
	return out
}
