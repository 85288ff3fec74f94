package db

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"

	"sportello/store/key"
)

// What stands here is for the steps of a Schema alone: it changes rows without a trace in the change log, and on a table
// that the file does not have yet it does nothing.

// Rewrite gives change every row and writes those for which it returns true. It moves no index entries: Rebuild or Derive
// does afterwards.
func (t *Table[T]) Rewrite(tx *Tx, change func(*T) (bool, error)) error {
	return t.rewrite(tx, func(r *T, _ []byte) (bool, error) { return change(r) })
}

// Divide writes again the rows that have something in the fields which the table keeps apart.
func (t *Table[T]) Divide(tx *Tx) error {
	return t.rewrite(tx, func(_ *T, raw []byte) (bool, error) { return bytes.IndexByte(raw, '\n') >= 0, nil })
}

// rewrite gives change each row, and how it would be written as it was read.
func (t *Table[T]) rewrite(tx *Tx, change func(r *T, raw []byte) (bool, error)) error {
	if tx.bolt.Bucket([]byte(t.name)) == nil {
		return nil
	}
	rows := t.rows(tx)
	for next := []byte{}; next != nil; { // in pieces: a walk does not go on over what was written under it
		changed := map[string][]byte{}
		c := rows.Cursor()
		k, v := c.Seek(next)
		for n := 0; k != nil && n < 1000; k, v = c.Next() {
			n++
			r, err := t.decode(key.LastID(k), v)
			if err != nil {
				return err
			}
			raw, err := t.encode(r)
			if err != nil {
				return err
			}
			write, err := change(r, raw)
			if err != nil {
				return err
			}
			if !write {
				continue
			}
			if changed[string(k)], err = t.encode(r); err != nil {
				return err
			}
		}
		next = bytes.Clone(k)
		for k, raw := range changed {
			if err := rows.Put([]byte(k), raw); err != nil {
				return err
			}
		}
	}
	return nil
}

// DropIndex removes an index that the table no longer has.
func (t *Table[T]) DropIndex(tx *Tx, name string) error {
	b := tx.bolt.Bucket([]byte(t.name))
	if b == nil {
		return nil
	}
	if err := b.DeleteBucket([]byte("ix." + name)); err != nil && !errors.Is(err, errBucketNotFound) {
		return err
	}
	return nil
}

// RewriteFields is Rewrite for rows whose fields are no longer those of their type. The order of the JSON keys may
// change, which nothing depends on.
func (t *Table[T]) RewriteFields(tx *Tx, change func(row map[string]json.RawMessage) bool) error {
	b := tx.bolt.Bucket([]byte(t.name))
	if b == nil {
		return nil
	}
	rows := b.Bucket([]byte("rows"))
	changed := map[string][]byte{}
	err := rows.ForEach(func(k, v []byte) error {
		row := map[string]json.RawMessage{}
		if err := json.Unmarshal(v, &row); err != nil {
			return fmt.Errorf("store: read row of %s: %w", t.name, err)
		}
		if !change(row) {
			return nil
		}
		raw, err := json.Marshal(row)
		changed[string(k)] = raw
		return err
	})
	if err != nil {
		return err
	}
	for k, raw := range changed {
		if err := rows.Put([]byte(k), raw); err != nil {
			return err
		}
	}
	return nil
}

// Derive makes some indexes of the table anew from its rows.
func (t *Table[T]) Derive(tx *Tx, indexes ...*Index[T]) error {
	parent := tx.bolt.Bucket([]byte(t.name))
	if parent == nil {
		return nil
	}
	for _, ix := range indexes {
		if err := parent.DeleteBucket([]byte(ix.name)); err != nil && !errors.Is(err, errBucketNotFound) {
			return err
		}
		if _, err := parent.CreateBucket([]byte(ix.name)); err != nil {
			return err
		}
	}
	tx.buckets, tx.rows = nil, nil
	for r, err := range t.GlanceAll(tx, 0, false) {
		if err != nil {
			return err
		}
		id := rowOf(r).ID
		for _, ix := range indexes {
			for _, k := range distinct(ix.keys(r)) {
				if err := tx.bucket(t.name, ix.name).Put(append(k, key.ID(id)...), nil); err != nil {
					return err
				}
			}
		}
	}
	return nil
}

// Rebuild makes all indexes and counters of the table anew from its rows.
func (t *Table[T]) Rebuild(tx *Tx) error {
	parent := tx.bolt.Bucket([]byte(t.name))
	if parent == nil {
		return nil
	}
	for _, ix := range t.indexes {
		if err := parent.DeleteBucket([]byte(ix.name)); err != nil && !errors.Is(err, errBucketNotFound) {
			return err
		}
		if _, err := parent.CreateBucket([]byte(ix.name)); err != nil {
			return err
		}
	}
	tx.buckets, tx.rows = nil, nil
	counts := tx.bolt.Bucket(bucketCounts)
	prefix := key.Of(t.name)
	var stale [][]byte
	c := counts.Cursor()
	for k, _ := c.Seek(prefix); k != nil && bytes.HasPrefix(k, prefix); k, _ = c.Next() {
		stale = append(stale, bytes.Clone(k))
	}
	for _, k := range stale {
		if err := counts.Delete(k); err != nil {
			return err
		}
	}
	for r, err := range t.All(tx, 0, false) {
		if err != nil {
			return err
		}
		if err := t.reindex(tx, rowOf(r).ID, nil, r); err != nil {
			return err
		}
	}
	return nil
}
