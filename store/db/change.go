package db

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"iter"
	"slices"
	"time"

	"go.etcd.io/bbolt"

	"sportello/store/act"
	"sportello/store/door"
	"sportello/store/enum"
	"sportello/store/key"
)

// Op is what happened to a row.
type Op uint8

// The operations.
const (
	OpNone Op = iota
	Insert
	Modify
	Remove
)

var ops = []string{"", "insert", "modify", "remove"}

func (v Op) String() string { return enum.Word(ops, byte(v)) }

// MarshalText writes the code.
func (v Op) MarshalText() ([]byte, error) { return []byte(v.String()), nil }

// UnmarshalText reads a code.
func (v *Op) UnmarshalText(b []byte) error { return enum.Read(ops, b, v) }

// Change is one entry of the change log: who did what to which row, when, and which fields it changed. The log is the
// history of a ticket, the audit of the administration, and what drives search, notices and live pages.
type Change struct {
	Seq      uint64    `json:"-"`
	At       time.Time `json:"at"`
	By       uint64    `json:"by,omitzero"`
	Via      door.Door `json:"via,omitzero"`
	Act      act.Act   `json:"act,omitzero"`
	Why      string    `json:"why,omitzero"`
	Internal bool      `json:"int,omitzero"`
	Table    string    `json:"t"`
	ID       uint64    `json:"id"`
	Ticket   uint64    `json:"tk,omitzero"`
	Op       Op        `json:"op"`
	Fields   []Field   `json:"f,omitempty"`
}

// Field is one changed field with its values before and after as JSON; long and secret values are left out.
type Field struct {
	Name string          `json:"n"`
	Old  json.RawMessage `json:"o,omitempty"`
	New  json.RawMessage `json:"w,omitempty"`
}

// Field returns the changed field of the name and whether there is one.
func (c *Change) Field(name string) (Field, bool) {
	for _, f := range c.Fields {
		if f.Name == name {
			return f, true
		}
	}
	return Field{}, false
}

// uninteresting fields change with every Put and mean nothing to a reader.
var uninteresting = map[string]bool{"rev": true, "updated": true}

const maxFieldValue = 400 // bytes of JSON kept of a value in the change log

func diff(old, new []byte, secret, whole []string) []Field {
	var a, b map[string]json.RawMessage
	if json.Unmarshal(old, &a) != nil || json.Unmarshal(new, &b) != nil {
		return nil
	}
	var out []Field
	add := func(name string, was, is json.RawMessage) {
		if uninteresting[name] || bytes.Equal(was, is) {
			return
		}
		f := Field{Name: name}
		if !slices.Contains(secret, name) {
			all := slices.Contains(whole, name)
			if all || len(was) <= maxFieldValue {
				f.Old = was
			}
			if all || len(is) <= maxFieldValue {
				f.New = is
			}
		}
		out = append(out, f)
	}
	for name, was := range a {
		add(name, was, b[name])
	}
	for name, is := range b {
		if _, ok := a[name]; !ok {
			add(name, nil, is)
		}
	}
	slices.SortFunc(out, func(x, y Field) int { return bytes.Compare([]byte(x.Name), []byte(y.Name)) })
	return out
}

func appendChange(tx *Tx, c *Change) error {
	b := tx.bucket("changes", "rows")
	seq, err := b.NextSequence()
	if err != nil {
		return fmt.Errorf("store: number change: %w", err)
	}
	c.Seq = seq
	raw, err := json.Marshal(c)
	if err != nil {
		return fmt.Errorf("store: encode change: %w", err)
	}
	b.fill(0.95)
	if err := b.Put(key.ID(seq), raw); err != nil {
		return fmt.Errorf("store: append change: %w", err)
	}
	tx.wrote = true
	index := "ix.ticket"
	if c.Ticket == 0 {
		index = "ix.audit" // what belongs to no ticket is the audit of the administration
	}
	if err := tx.bucket("changes", index).Put(key.Of(c.Ticket, seq), nil); err != nil {
		return fmt.Errorf("store: index change: %w", err)
	}
	return nil
}

// Changes walks the change log after the sequence number, oldest first, up to the last change announced as being on
// disk.
func (tx *Tx) Changes(after uint64) iter.Seq2[*Change, error] {
	limit := tx.store.Last()
	return func(yield func(*Change, error) bool) {
		c := tx.bucket("changes", "rows").Cursor()
		for k, v := c.Seek(key.ID(after + 1)); k != nil && key.LastID(k) <= limit; k, v = c.Next() {
			ch, err := decodeChange(k, v)
			if !yield(ch, err) || err != nil {
				return
			}
		}
	}
}

// TicketChanges returns the changes of one ticket, oldest first.
func (tx *Tx) TicketChanges(ticket uint64) ([]*Change, error) {
	var out []*Change
	c := tx.bucket("changes", "ix.ticket").Cursor()
	prefix := key.ID(ticket)
	rows := tx.bucket("changes", "rows")
	for k, _ := c.Seek(prefix); k != nil && bytes.HasPrefix(k, prefix); k, _ = c.Next() {
		seq := key.ID(key.LastID(k))
		ch, err := decodeChange(seq, rows.Get(seq))
		if err != nil {
			return nil, err
		}
		out = append(out, ch)
	}
	return out, nil
}

// TicketChangesBetween walks the changes of one ticket that were made from the one time on and before the other, newest
// first; a zero time is no bound. It reads none of those before and after, and a few of them to find its place.
func (tx *Tx) TicketChangesBetween(ticket uint64, from, until time.Time) iter.Seq2[*Change, error] {
	return func(yield func(*Change, error) bool) {
		c := tx.bucket("changes", "ix.ticket").Cursor()
		rows := tx.bucket("changes", "rows")
		prefix := key.ID(ticket)
		k, err := endOfChanges(c, rows, prefix, until)
		if err != nil {
			yield(nil, err)
			return
		}
		for ; k != nil && bytes.HasPrefix(k, prefix); k, _ = c.Prev() {
			seq := key.ID(key.LastID(k))
			ch, err := decodeChange(seq, rows.Get(seq))
			if err == nil && ch.At.Before(from) {
				return
			}
			if !yield(ch, err) || err != nil {
				return
			}
		}
	}
}

// endOfChanges puts the cursor on the last entry under the prefix whose change was made before the time, and returns its
// key, nil when there is none. Later changes have later times, so that it is found by halving.
func endOfChanges(c *bbolt.Cursor, rows *bucket, prefix []byte, until time.Time) ([]byte, error) {
	k, _ := c.Seek(prefix)
	if k == nil || !bytes.HasPrefix(k, prefix) {
		return nil, nil
	}
	low := key.LastID(k)
	if k, _ = c.Seek(key.After(prefix)); k == nil {
		k, _ = c.Last()
	} else {
		k, _ = c.Prev()
	}
	if until.IsZero() {
		return k, nil
	}
	for high := key.LastID(k) + 1; low < high; {
		middle := low + (high-low)/2
		k, _ = c.Seek(append(bytes.Clone(prefix), key.ID(middle)...))
		if k == nil || !bytes.HasPrefix(k, prefix) {
			high = middle
			continue
		}
		ch, err := decodeChange(k[len(k)-8:], rows.Get(k[len(k)-8:]))
		if err != nil {
			return nil, err
		}
		if ch.At.Before(until) {
			low = ch.Seq + 1
		} else {
			high = middle
		}
	}
	if k, _ = c.Seek(append(bytes.Clone(prefix), key.ID(low)...)); k == nil {
		k, _ = c.Last()
	} else {
		k, _ = c.Prev()
	}
	return k, nil
}

// AuditChanges walks the changes that belong to no ticket, newest first, before the sequence number (0: from the end).
func (tx *Tx) AuditChanges(before uint64) iter.Seq2[*Change, error] {
	return func(yield func(*Change, error) bool) {
		c := tx.bucket("changes", "ix.audit").Cursor()
		rows := tx.bucket("changes", "rows")
		var k []byte
		if before == 0 {
			k, _ = c.Last()
		} else if k, _ = c.Seek(key.Of(uint64(0), before)); k == nil {
			k, _ = c.Last()
		} else {
			k, _ = c.Prev()
		}
		for ; k != nil; k, _ = c.Prev() {
			seq := key.ID(key.LastID(k))
			ch, err := decodeChange(seq, rows.Get(seq))
			if !yield(ch, err) || err != nil {
				return
			}
		}
	}
}

// Cursors returns how far each consumer of the change log has come that keeps its place in the store.
func (tx *Tx) Cursors() map[string]uint64 {
	out := map[string]uint64{}
	c := tx.bucket(cursors, "").Cursor()
	for k, v := c.First(); k != nil; k, v = c.Next() {
		out[string(k)] = uint64Of(v)
	}
	return out
}

func decodeChange(k, v []byte) (*Change, error) {
	ch, err := decode[Change](v)
	if err != nil {
		return nil, fmt.Errorf("store: read change %d: %w", key.LastID(k), err)
	}
	ch.Seq = key.LastID(k)
	return ch, nil
}

// Last returns the sequence number of the newest change that is known to be on disk.
func (s *Store) Last() uint64 { return s.last.Load() }

// Wait returns as soon as there is a change after the sequence number, or with the context's error. A consumer looks
// before it waits, so that no wake-up is lost.
func (s *Store) Wait(ctx context.Context, after uint64) error {
	for {
		s.wakeMu.Lock()
		ch := s.wake
		s.wakeMu.Unlock()
		if s.Last() > after {
			return nil
		}
		select {
		case <-ch:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

func (s *Store) announce(seq uint64) {
	if seq <= s.last.Load() {
		return
	}
	s.last.Store(seq)
	s.wakeMu.Lock()
	close(s.wake)
	s.wake = make(chan struct{})
	s.wakeMu.Unlock()
}
