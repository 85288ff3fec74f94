package db

import (
	"bytes"
	"encoding/json"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"sync/atomic"
	"time"

	"go.etcd.io/bbolt"

	"sportello/store/fault"
	"sportello/store/key"
	"sportello/store/limit"
)

// Row holds the fields that every record has. ID is 0 until the first Put; Rev grows by one with every Put, and a Put
// of a row whose Rev is no longer the stored one is a Conflict.
type Row struct {
	ID      uint64    `json:"-"`
	Rev     uint64    `json:"rev"`
	Created time.Time `json:"created,omitzero"`
	Updated time.Time `json:"updated,omitzero"`

	partial bool // read by Glance
}

func (r *Row) row() *Row { return r }

type record interface{ row() *Row }

// Table is one kind of record with its indexes and counters. The variables of this package (Tickets, Messages, ...)
// are the only tables there are.
type Table[T any] struct {
	name    string
	number  uint16 // in this process: what is kept in memory is found by it sooner than by the name
	indexes []*Index[T]
	Counts  func(*T) [][]byte    // counters the row adds one to
	Ticket  func(*T) uint64      // the ticket whose history a change of the row belongs to
	Refs    func(*T, Refer)      // calls refer with each row of another table that this one names
	Silent  bool                 // changes are not recorded: sessions, notices
	Told    func(old, r *T) bool // of a silent table, what is recorded all the same, without its fields
	Secret  []string             // fields whose values never enter the change log
	Whole   []string             // fields whose values the change log keeps however long they are
	Quiet   []string             // fields that make no change when nothing else changed with them
	Blobs   func(*T) []string    // blobs that the row names
	Limits  limit.Fields         // how much each field holds; see limit.go
	Crowds  []Crowd[T]           // how many rows may share a key; see limit.go
	Apart   []string             // fields that lists do not show and that may be long; see Glance
}

// Refer takes one reference: the JSON name of the field, the table it leads to, and the number of the row, 0 for none.
type Refer func(field, table string, id uint64)

// Index is an ordered way into a table.
type Index[T any] struct {
	table  *Table[T]
	name   string
	unique bool
	keys   func(*T) [][]byte
}

// AnyTable holds what the store does with every table in the same way.
type AnyTable interface {
	create(*bbolt.Tx) error
	namesBlob(tx *Tx, sum string) (bool, error)
	check(*Tx, func(string, ...any))
	inventory(tx *Tx, step func() error, blob func(string)) (int, error)
	Rebuild(*Tx) error
	Unclean(tx *Tx, after uint64, looked, found int, c *Cleaning) (ids []uint64, last uint64)
	Clean(tx *Tx, ids []uint64, c *Cleaning) (int, error)
	Mark(*Tx) (Mark, bool)
	Name() string
	Most(string) int
	Unlimited() []string
}

// declared counts the tables of this process.
var declared atomic.Uint32

// Declare makes a table with the name that changes carry, of what its declaration says.
func Declare[T any](name string, t Table[T]) *Table[T] {
	t.name, t.number = name, uint16(declared.Add(1)) // #nosec G115 -- tables are few
	if _, ok := any(new(T)).(record); !ok {
		panic("store: " + t.name + " rows do not embed Row")
	}
	return &t
}

func (t *Table[T]) Index(name string, keys func(*T) [][]byte) *Index[T] {
	ix := &Index[T]{table: t, name: "ix." + name, keys: keys}
	t.indexes = append(t.indexes, ix)
	return ix
}

// indexNamed returns the index of the name; to ask for one that is not there is a fault of the program.
func (t *Table[T]) indexNamed(name string) *Index[T] {
	for _, ix := range t.indexes {
		if ix.name == "ix."+name {
			return ix
		}
	}
	panic("store: no index " + name + " of " + t.name)
}

func (t *Table[T]) UniqueIndex(name string, keys func(*T) [][]byte) *Index[T] {
	ix := t.Index(name, keys)
	ix.unique = true
	return ix
}

// Name returns the table's name as changes carry it.
func (t *Table[T]) Name() string { return t.name }

func (t *Table[T]) create(tx *bbolt.Tx) error {
	b, err := tx.CreateBucketIfNotExists([]byte(t.name))
	if err != nil {
		return err
	}
	if _, err = b.CreateBucketIfNotExists([]byte("rows")); err != nil {
		return err
	}
	for _, ix := range t.indexes {
		if _, err = b.CreateBucketIfNotExists([]byte(ix.name)); err != nil {
			return err
		}
	}
	return nil
}

func rowOf[T any](r *T) *Row { return any(r).(record).row() }

// Get returns the row with the id, NotFound when there is none.
func (t *Table[T]) Get(tx *Tx, id uint64) (*T, error) {
	raw := t.rows(tx).Get(key.ID(id))
	if raw == nil {
		return nil, &fault.Error{Kind: fault.NotFound, Key: "error.not-found", Err: fmt.Errorf("store: no %s %d", t.name, id)}
	}
	return t.read(tx, id, raw)
}

// Peek is Get for rows that are read often and seldom change: settings, catalogue, groups, people. The row is shared
// and must not be changed. A decoded row is used again as long as the stored bytes are the same, so that the result is
// always what this transaction sees.
func (t *Table[T]) Peek(tx *Tx, id uint64) (*T, error) {
	raw := t.rows(tx).Get(key.ID(id))
	if raw == nil {
		return t.Get(tx, id)
	}
	return t.kept(tx, id, raw, false)
}

// Glance is Get for lists: the fields that the table keeps apart are neither read nor decoded, so that a row costs a
// list the same however long its texts are. The row has those fields empty, and Put refuses it. In a View it is shared, as
// that of Peek is, and must not be changed.
func (t *Table[T]) Glance(tx *Tx, id uint64) (*T, error) {
	raw := t.rows(tx).Get(key.ID(id))
	if raw == nil {
		return t.Get(tx, id)
	}
	return t.glance(tx, id, raw)
}

func (t *Table[T]) glance(tx *Tx, id uint64, raw []byte) (*T, error) {
	near, _ := t.divide(raw)
	if !tx.bolt.Writable() {
		return t.kept(tx, id, near, len(t.Apart) > 0)
	}
	r, err := t.read(tx, id, near)
	if err != nil {
		return nil, err
	}
	rowOf(r).partial = len(t.Apart) > 0
	return r, nil
}

// read decodes a row for the transaction, which fails when that cannot be done, whatever its closure makes of it: see
// Tx.PastDamage.
func (t *Table[T]) read(tx *Tx, id uint64, raw []byte) (*T, error) {
	r, err := t.decode(id, raw)
	if err != nil && tx.damage == nil {
		tx.damage = err
	}
	return r, err
}

func (t *Table[T]) decode(id uint64, raw []byte) (*T, error) {
	near, far := t.divide(raw)
	r, err := decode[T](near)
	if err == nil && far != nil {
		err = json.Unmarshal(far, r)
	}
	if err != nil {
		return nil, fmt.Errorf("store: read %s %d: %w", t.name, id, err)
	}
	rowOf(r).ID = id
	return r, nil
}

// divide returns the two lines of a stored row, each a JSON object: what lists show, and what is kept apart, nil when
// there is nothing.
func (t *Table[T]) divide(raw []byte) (near, far []byte) {
	if len(t.Apart) > 0 {
		if i := bytes.IndexByte(raw, '\n'); i >= 0 {
			return raw[:i], raw[i+1:]
		}
	}
	return raw, nil
}

// encode is the opposite of decode.
func (t *Table[T]) encode(r *T) ([]byte, error) {
	if len(t.Apart) == 0 {
		return json.Marshal(r)
	}
	near, far := *r, map[string]any{}
	v := reflect.ValueOf(&near).Elem()
	for i := range v.NumField() {
		name, _, _ := strings.Cut(v.Type().Field(i).Tag.Get("json"), ",")
		if field := v.Field(i); slices.Contains(t.Apart, name) && !field.IsZero() {
			far[name] = field.Interface()
			field.SetZero()
		}
	}
	raw, err := json.Marshal(&near)
	if err != nil || len(far) == 0 {
		return raw, err
	}
	long, err := json.Marshal(far)
	return append(append(raw, '\n'), long...), err
}

// joined makes one object of the two lines of a stored row.
func (t *Table[T]) joined(raw []byte) []byte {
	near, far := t.divide(raw)
	if far == nil {
		return near
	}
	return slices.Concat(near[:len(near)-1], []byte{','}, far[1:])
}

// Last returns the highest id ever given to a row of the table.
func (t *Table[T]) Last(tx *Tx) uint64 { return t.rows(tx).Sequence() }

// Put writes the row: a new one when its ID is 0, else the next revision of the one that is there. It sets ID, Rev,
// Updated and (when zero) Created, moves the index entries and counters, and appends a change, all in the one
// transaction. It returns Conflict when the stored revision is another, and Conflict "error.taken" when a unique
// index has the key already, Conflict "error.reference-gone" when the row names another that is not there, and Problems when a value is longer than its field holds (see Limit).
func (t *Table[T]) Put(tx *Tx, r *T) error {
	rows := t.rows(tx)
	row := rowOf(r)
	if row.partial {
		return fmt.Errorf("store: put %s %d: it was only glanced at", t.name, row.ID)
	}
	op := Insert
	var old *T
	var oldRaw []byte
	if row.ID != 0 {
		op = Modify
		oldRaw = rows.Get(key.ID(row.ID))
		if oldRaw == nil {
			return &fault.Error{Kind: fault.NotFound, Key: "error.not-found", Err: fmt.Errorf("store: put %s %d: not there", t.name, row.ID)}
		}
		var err error
		if old, err = t.read(tx, row.ID, oldRaw); err != nil {
			return err
		}
		if rowOf(old).Rev != row.Rev {
			return &fault.Error{Kind: fault.Conflict, Key: "error.changed-meanwhile", Err: fmt.Errorf("store: put %s %d: revision %d, stored %d", t.name, row.ID, row.Rev, rowOf(old).Rev)}
		}
	}
	if !tx.bolt.Writable() {
		return fmt.Errorf("store: put %s: transaction is read-only", t.name)
	}
	if !tx.erasing {
		if err := t.keepLimits(tx, old, r); err != nil {
			return err
		}
	}
	if op == Insert {
		if err := t.keepRoom(tx, r); err != nil {
			return err
		}
	}
	if _, err := keepReason(tx); err != nil && !t.Silent {
		return err
	}
	if err := t.keepRefs(tx, old, r); err != nil {
		return err
	}
	if err := t.taken(tx, row.ID, r); err != nil {
		return err // before the first write, so that the neighbours in the group commit need not run again
	}
	tx.wrote = true
	if err := t.raise(tx); err != nil {
		return err
	}
	if op == Insert {
		id, err := rows.NextSequence()
		if err != nil {
			return fmt.Errorf("store: number %s: %w", t.name, err)
		}
		row.ID = id
		if row.Created.IsZero() {
			row.Created = tx.now
		}
	}
	row.Rev++
	if op == Insert || !tx.erasing {
		row.Updated = tx.now
	}
	raw, err := t.encode(r)
	if err != nil {
		return fmt.Errorf("store: encode %s %d: %w", t.name, row.ID, err)
	}
	var fields []Field
	if op == Modify && !t.Silent {
		fields = diff(t.joined(oldRaw), t.joined(raw), t.Secret, t.Whole)
	}
	if tx.erasing {
		for i := range fields {
			fields[i].Old, fields[i].New = nil, nil
		}
	}
	quietly := op == Modify && len(t.Quiet) > 0 && len(fields) > 0 &&
		!slices.ContainsFunc(fields, func(f Field) bool { return !slices.Contains(t.Quiet, f.Name) })
	if err := t.reindex(tx, row.ID, old, r); err != nil {
		return err
	}
	if op == Insert {
		rows.fill(0.9)
	}
	if err := rows.Put(key.ID(row.ID), raw); err != nil {
		return fmt.Errorf("store: put %s %d: %w", t.name, row.ID, err)
	}
	if quietly {
		return nil
	}
	return t.record(tx, op, row.ID, old, r, fields)
}

// Delete removes the row, its index entries and counters, and appends a change. NotFound when it is not there.
func (t *Table[T]) Delete(tx *Tx, id uint64) error {
	old, err := t.Get(tx, id)
	if err != nil {
		return err
	}
	tx.wrote = true
	if err := t.raise(tx); err != nil {
		return err
	}
	if err := t.reindex(tx, id, old, nil); err != nil {
		return err
	}
	if err := t.rows(tx).Delete(key.ID(id)); err != nil {
		return fmt.Errorf("store: delete %s %d: %w", t.name, id, err)
	}
	return t.record(tx, Remove, id, nil, old, nil)
}

func (t *Table[T]) record(tx *Tx, op Op, id uint64, old, r *T, fields []Field) error {
	if t.Silent && (t.Told == nil || !t.Told(old, r)) {
		return nil
	}
	if op == Insert && !t.Silent && tx.made.id == 0 {
		tx.made.table, tx.made.id = t.name, id
	}
	why, err := keepReason(tx)
	if err != nil {
		return err
	}
	c := Change{At: tx.now, By: tx.by.Person, Via: tx.by.Via, Act: tx.by.Act, Why: why, Internal: tx.by.Internal,
		Table: t.name, ID: id, Op: op, Fields: fields}
	if t.Ticket != nil {
		c.Ticket = t.Ticket(r)
	}
	return appendChange(tx, &c)
}

func (t *Table[T]) taken(tx *Tx, id uint64, r *T) error {
	for _, ix := range t.indexes {
		if !ix.unique {
			continue
		}
		for _, key := range ix.keys(r) {
			if other := ix.find(tx, key); other != 0 && other != id {
				return &fault.Error{Kind: fault.Conflict, Key: "error.taken", Field: ix.name[len("ix."):], Err: fmt.Errorf("store: put %s: %s taken by %d", t.name, ix.name, other)}
			}
		}
	}
	return nil
}

// reindex moves the entries from those of the old row to those of the new one; equal entries are left alone.
func (t *Table[T]) reindex(tx *Tx, id uint64, old, r *T) error {
	for _, ix := range t.indexes {
		var out, in [][]byte
		if old != nil {
			out = distinct(ix.keys(old))
		}
		if r != nil {
			in = distinct(ix.keys(r))
		}
		b := tx.bucket(t.name, ix.name)
		for _, k := range out {
			if !contains(in, k) {
				if err := b.Delete(append(k, key.ID(id)...)); err != nil {
					return fmt.Errorf("store: index %s of %s %d: %w", ix.name, t.name, id, err)
				}
			}
		}
		for _, k := range in {
			if !contains(out, k) {
				if err := b.Put(append(k, key.ID(id)...), nil); err != nil {
					return fmt.Errorf("store: index %s of %s %d: %w", ix.name, t.name, id, err)
				}
			}
		}
	}
	if t.Counts == nil {
		return nil
	}
	var out, in [][]byte
	if old != nil {
		out = distinct(t.Counts(old))
	}
	if r != nil {
		in = distinct(t.Counts(r))
	}
	for _, k := range out {
		if !contains(in, k) {
			if err := t.count(tx, k, -1); err != nil {
				return err
			}
		}
	}
	for _, k := range in {
		if !contains(out, k) {
			if err := t.count(tx, k, +1); err != nil {
				return err
			}
		}
	}
	return nil
}

func contains(keys [][]byte, k []byte) bool {
	for _, o := range keys {
		if bytes.Equal(o, k) {
			return true
		}
	}
	return false
}

// distinct drops repeated keys, so that a row adds to an index or counter once.
func distinct(keys [][]byte) [][]byte {
	for i := 1; i < len(keys); i++ {
		if contains(keys[:i], keys[i]) {
			return distinct(append(append([][]byte{}, keys[:i]...), keys[i+1:]...))
		}
	}
	return keys
}

func (t *Table[T]) counterKey(k []byte) []byte { return append(key.Of(t.name), k...) }

func (t *Table[T]) count(tx *Tx, k []byte, d int) error {
	b := tx.bucket(counts, "")
	at := t.counterKey(k)
	n := int64(uint64Of(b.Get(at))) + int64(d) // #nosec G115 -- a counter never exceeds the number of rows
	if n <= 0 {
		if n < 0 {
			return fmt.Errorf("store: counter of %s below zero", t.name)
		}
		return b.Delete(at)
	}
	return b.Put(at, key.ID(uint64(n)))
}

// Count returns how many rows add to the counter made of the parts.
func (t *Table[T]) Count(tx *Tx, parts ...any) int {
	return int(uint64Of(tx.bucket(counts, "").Get(t.counterKey(key.Of(parts...))))) // #nosec G115 -- a counter never exceeds the number of rows
}

// Without returns the list without the id.
func Without(list []uint64, id uint64) []uint64 {
	var out []uint64
	for _, v := range list {
		if v != id {
			out = append(out, v)
		}
	}
	return out
}
