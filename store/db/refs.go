package db

import (
	"fmt"
	"slices"

	"sportello/store/fault"
	"sportello/store/key"
)

// reference is one row that another names.
type reference struct {
	field, table string
	id           uint64
}

// keepRefs refuses a row that names another which is not there. What the row named before it may go on naming: an older
// file can be changed elsewhere, and Check reports it.
func (t *Table[T]) keepRefs(tx *Tx, old, r *T) error {
	if t.Refs == nil {
		return nil
	}
	var few [8]reference // most rows name no more, and need no memory for it
	was := few[:0]
	if old != nil {
		t.Refs(old, func(field, table string, id uint64) { was = append(was, reference{field, table, id}) })
	}
	i := -1
	var wrong error
	t.Refs(r, func(field, table string, id uint64) {
		i++
		is := reference{field, table, id}
		switch {
		case id == 0 || wrong != nil:
		case i < len(was) && was[i] == is: // the usual case
		case tx.has(table, id) || slices.Contains(was, is):
		default:
			wrong = &fault.Error{Kind: fault.Conflict, Key: "error.reference-gone", Field: field,
				Err: fmt.Errorf("store: put %s %d: %s names %s %d, which is not there", t.name, rowOf(r).ID, field, table, id)}
		}
	})
	return wrong
}

// has reports whether the table has a row with the number.
func (tx *Tx) has(table string, id uint64) bool {
	return tx.bucket(table, "rows").Get(key.ID(id)) != nil
}
