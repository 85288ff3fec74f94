package db

import (
	"encoding/json"
	"errors"
	"time"

	"go.etcd.io/bbolt"

	"sportello/store/act"
	"sportello/store/door"
	"sportello/store/key"
)

// By says who changes something, through which door, and what they do. It is written into every change.
type By struct {
	Person   uint64 // 0 is the desk itself
	Via      door.Door
	Act      act.Act
	Why      string // the reason given, if one was
	Internal bool   // concerns only those who may see notes
	Once     *Once  // the key that what is done uses up, nil when there is none
}

// Tx is one transaction, valid only inside the closure that received it; any later use panics. Rows it hands out are
// copies that belong to the caller.
type Tx struct {
	bolt    *bbolt.Tx
	store   *Store
	now     time.Time
	by      By
	wrote   bool
	done    bool
	buckets map[bucketName]*bucket
	rows    []*bucket // of the tables, by their numbers
	damage  error     // of the first row that could not be read
	past    bool      // damage fails only the read that met it
	erasing bool      // changes keep no values: see Erasing
	made    struct {  // the first row that was inserted, but for silent tables
		table string
		id    uint64
	}
}

// Now is the one reading of the clock for this transaction, UTC.
func (tx *Tx) Now() time.Time { return tx.now }

// PastDamage has the rest of the transaction go on past rows that cannot be read: each fails only the read that met it.
// It is for what leaves such rows out on purpose, as the index does. Anywhere else a transaction that met one fails as a
// whole, so that nobody takes a row that is there for one that is not, and decides or writes something because of it.
func (tx *Tx) PastDamage() { tx.past = true }

// judge returns what the transaction comes to whose closure returned the error.
func (tx *Tx) judge(err error) error {
	if tx.damage == nil || tx.past || errors.Is(err, tx.damage) {
		return err
	}
	return tx.damage
}

// By returns who makes the changes of this transaction.
func (tx *Tx) By() By { return tx.by }

// Act sets the act of the writes that follow: a transaction that takes charge and then replies calls it twice, and each
// change carries its own act.
func (tx *Tx) Act(act act.Act) { tx.by.Act = act }

// As sets who makes the writes that follow, where that is known only inside the transaction: the sender of a mail.
func (tx *Tx) As(person uint64) { tx.by.Person = person }

// Because sets the reason that the following changes carry.
func (tx *Tx) Because(why string) { tx.by.Why = why }

// Internally sets whether the changes that follow are visible only to people who may see notes.
func (tx *Tx) Internally(yes bool) { tx.by.Internal = yes }

func (tx *Tx) live() {
	if tx.done {
		panic("store: transaction used after its end")
	}
}

// bucket returns the bucket of the table's part, of the table itself when the part is empty. Buckets are made when the file
// is opened, so absence is a fault.
func (tx *Tx) bucket(table, part string) *bucket {
	tx.live()
	name := bucketName{table, part}
	if b, ok := tx.buckets[name]; ok {
		return b
	}
	b := newBucket(tx, name)
	if b == nil {
		panic("store: no bucket " + table + "/" + part)
	}
	if tx.buckets == nil {
		tx.buckets = map[bucketName]*bucket{}
	}
	tx.buckets[name] = b
	return b
}

// rows returns the bucket of the table's rows.
func (t *Table[T]) rows(tx *Tx) *bucket {
	tx.live()
	n := int(t.number)
	if n < len(tx.rows) && tx.rows[n] != nil {
		return tx.rows[n]
	}
	b := tx.bucket(t.name, "rows")
	if n >= len(tx.rows) {
		tx.rows = append(tx.rows, make([]*bucket, int(declared.Load())+1-len(tx.rows))...)
	}
	tx.rows[n] = b
	return b
}

// Cursor returns how far the named consumer of the change log has come, 0 at first.
func (tx *Tx) Cursor(consumer string) uint64 {
	return uint64Of(tx.bucket(cursors, "").Get([]byte(consumer)))
}

// SetCursor records how far the named consumer has come, in the same transaction as what it wrote.
func (tx *Tx) SetCursor(consumer string, seq uint64) error {
	b := tx.bucket(cursors, "")
	tx.wrote = true
	return b.Put([]byte(consumer), key.ID(seq))
}

func uint64Of(b []byte) uint64 {
	if len(b) != 8 {
		return 0
	}
	return key.LastID(b)
}

func decode[T any](raw []byte) (*T, error) {
	v := new(T)
	if err := json.Unmarshal(raw, v); err != nil {
		return nil, err
	}
	return v, nil
}
