package db

import (
	"go.etcd.io/bbolt"
)

// The buckets of the file that belong to no table and have no parts.
const (
	counts  = "counts"
	cursors = "cursors"
)

// bucketName is a table and a part of it, or a bucket that has none.
type bucketName struct{ table, part string }

// in returns the bucket in a transaction of the file, nil when it is not there.
func (n bucketName) in(b *bbolt.Tx) *bbolt.Bucket {
	of := b.Bucket([]byte(n.table))
	if of == nil || n.part == "" {
		return of
	}
	return of.Bucket([]byte(n.part))
}

// bucket is a bucket as a transaction has it. All that is written while the store is open is written through it, so
// that whoever makes a second file beside the first one learns of each key: see Rewrite. The steps of a schema, which
// run before anything else may, and what prepares a file write to it directly.
type bucket struct {
	bolt *bbolt.Bucket
	name bucketName
	tx   *Tx
}

func newBucket(tx *Tx, name bucketName) *bucket {
	b := name.in(tx.bolt)
	if b == nil {
		return nil
	}
	return &bucket{b, name, tx}
}

// Get returns the value of the key, nil when there is none.
func (b *bucket) Get(key []byte) []byte { return b.bolt.Get(key) }

// Cursor walks the keys. It is for reading: a Delete of it would be known to nobody.
func (b *bucket) Cursor() *bbolt.Cursor { return b.bolt.Cursor() }

// Sequence returns the last number that NextSequence gave.
func (b *bucket) Sequence() uint64 { return b.bolt.Sequence() }

// NextSequence returns the next number. A new file is given the numbers of all buckets before it takes the place of the
// old one, so that nothing is noted of it.
func (b *bucket) NextSequence() (uint64, error) { return b.bolt.NextSequence() }

// fill sets how full a page may be before it is divided.
func (b *bucket) fill(percent float64) { b.bolt.FillPercent = percent }

// Put sets the value of the key.
func (b *bucket) Put(key, value []byte) error {
	b.note(key)
	return b.bolt.Put(key, value)
}

// Delete removes the key.
func (b *bucket) Delete(key []byte) error {
	b.note(key)
	return b.bolt.Delete(key)
}

func (b *bucket) note(key []byte) {
	if b.tx.store == nil {
		return // a step of a schema
	}
	if j := b.tx.store.journal.Load(); j != nil {
		j.note(b.name, key)
	}
}
