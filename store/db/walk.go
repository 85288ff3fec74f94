package db

import (
	"bytes"
	"iter"

	"go.etcd.io/bbolt"

	"sportello/store/key"
)

// All walks the rows by id, from the given id on (inclusive), upwards or, when desc, downwards from it (0: from the end).
func (t *Table[T]) All(tx *Tx, from uint64, desc bool) iter.Seq2[*T, error] {
	return t.walk(tx, from, desc, t.read)
}

// PeekAll is All with Peek.
func (t *Table[T]) PeekAll(tx *Tx, from uint64, desc bool) iter.Seq2[*T, error] {
	return t.walk(tx, from, desc, func(tx *Tx, id uint64, raw []byte) (*T, error) { return t.kept(tx, id, raw, false) })
}

// GlanceAll is All with Glance.
func (t *Table[T]) GlanceAll(tx *Tx, from uint64, desc bool) iter.Seq2[*T, error] {
	return t.walk(tx, from, desc, t.glance)
}

func (t *Table[T]) walk(tx *Tx, from uint64, desc bool, read func(*Tx, uint64, []byte) (*T, error)) iter.Seq2[*T, error] {
	return func(yield func(*T, error) bool) {
		c := t.rows(tx).Cursor()
		var k, v []byte
		switch {
		case !desc:
			k, v = c.Seek(key.ID(from))
		case from == 0:
			k, v = c.Last()
		default:
			if k, v = c.Seek(key.ID(from)); k == nil {
				k, v = c.Last()
			} else if key.LastID(k) > from {
				k, v = previous(c, k)
			}
		}
		for k != nil {
			r, err := read(tx, key.LastID(k), v)
			if !yield(r, err) || err != nil {
				return
			}
			if desc {
				k, v = previous(c, k)
			} else {
				k, v = c.Next()
			}
		}
	}
}

// previous moves the cursor from the key to the one before it. bbolt's own Prev returns nil, as at the beginning, when
// it comes to a page that the same transaction has emptied.
func previous(c *bbolt.Cursor, key []byte) (k, v []byte) {
	k, v = c.Prev()
	if k != nil || !c.Bucket().Writable() {
		return k, v
	}
	if first, _ := c.Bucket().Cursor().First(); first == nil || bytes.Compare(first, key) >= 0 {
		return nil, nil
	}
	for k == nil {
		k, v = c.Prev()
	}
	return k, v
}
