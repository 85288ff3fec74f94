package db

import (
	"bytes"
	"fmt"

	"sportello/store/key"
)

// maxFindings bounds what Check reports: a broken file could otherwise fill the memory.
const maxFindings = 100

// Check derives every index, counter and reference again, compares them with what is stored, and verifies that every
// blob a row names exists. It returns one line for each difference, none when there is none. It reads everything, which
// takes time; writers are not held up.
func (s *Store) Check() []string {
	var findings []string
	report := func(format string, args ...any) {
		if len(findings) < maxFindings {
			findings = append(findings, fmt.Sprintf(format, args...))
		}
	}
	err := s.View(func(tx *Tx) error {
		tx.PastDamage()
		for _, t := range s.schema.Tables {
			t.check(tx, report)
		}
		checkChanges(tx, report)
		return nil
	})
	if err != nil {
		report("%v", err)
	}
	return findings
}

func checkChanges(tx *Tx, report func(string, ...any)) {
	rows := tx.bucket("changes", "rows")
	last := rows.Sequence()
	n, tickets, audit := uint64(0), 0, 0
	c := rows.Cursor()
	for k, v := c.First(); k != nil; k, v = c.Next() {
		n++
		ch, err := decodeChange(k, v)
		if err != nil {
			report("%v", err)
			continue
		}
		index := "ix.ticket"
		if ch.Ticket == 0 {
			index = "ix.audit"
			audit++
		} else {
			tickets++
		}
		if tx.bucket("changes", index).Get(key.Of(ch.Ticket, ch.Seq)) == nil {
			report("change %d: no entry in %s", ch.Seq, index)
		}
	}
	if n != last {
		report("changes: %d rows, sequence %d", n, last)
	}
	for index, want := range map[string]int{"ix.ticket": tickets, "ix.audit": audit} {
		got := 0
		c := tx.bucket("changes", index).Cursor()
		for k, _ := c.First(); k != nil; k, _ = c.Next() {
			got++
		}
		if got != want {
			report("changes: %d entries in %s, rows call for %d", got, index, want)
		}
	}
	cc := tx.bucket(cursors, "").Cursor()
	for k, v := cc.First(); k != nil; k, v = cc.Next() {
		if uint64Of(v) > last {
			report("cursor %s is at %d, beyond the last change %d", k, uint64Of(v), last)
		}
	}
}

// check compares every row with its index entries, counters, references and blobs, and reports the differences.
func (t *Table[T]) check(tx *Tx, report func(string, ...any)) {
	entries := make([]int, len(t.indexes))
	derived := map[string]int{}
	for r, err := range t.All(tx, 0, false) {
		if err != nil {
			report("%v", err)
			return
		}
		id := rowOf(r).ID
		for i, ix := range t.indexes {
			for _, k := range distinct(ix.keys(r)) {
				entries[i]++
				entry := append(k, key.ID(id)...)
				if found, _ := tx.bucket(t.name, ix.name).Cursor().Seek(entry); !bytes.Equal(found, entry) {
					report("%s %d: no entry in %s", t.name, id, ix.name)
				}
			}
		}
		if t.Counts != nil {
			for _, k := range distinct(t.Counts(r)) {
				derived[string(t.counterKey(k))]++
			}
		}
		if t.Refs != nil {
			t.Refs(r, func(field, table string, ref uint64) {
				if ref != 0 && !tx.has(table, ref) {
					report("%s %d: %s names %s %d, which is not there", t.name, id, field, table, ref)
				}
			})
		}
		if t.Blobs != nil {
			for _, sum := range t.Blobs(r) {
				if err := tx.store.blobs.Has(sum); err != nil {
					report("%s %d: lost blob: %v", t.name, id, err)
				}
			}
		}
		if id > t.Last(tx) {
			report("%s %d: above the sequence %d", t.name, id, t.Last(tx))
		}
	}
	for i, ix := range t.indexes {
		n := 0
		c := tx.bucket(t.name, ix.name).Cursor()
		for k, _ := c.First(); k != nil; k, _ = c.Next() {
			n++
		}
		if n != entries[i] {
			report("%s: %d entries in %s, rows call for %d", t.name, n, ix.name, entries[i])
		}
	}
	prefix := key.Of(t.name)
	c := tx.bucket(counts, "").Cursor()
	found := 0
	for k, v := c.Seek(prefix); k != nil && bytes.HasPrefix(k, prefix); k, v = c.Next() {
		found++
		if int(uint64Of(v)) != derived[string(k)] { // #nosec G115 -- one that does not fit differs too
			report("%s: counter %x is %d, rows call for %d", t.name, k[len(prefix):], uint64Of(v), derived[string(k)])
		}
	}
	if found != len(derived) {
		report("%s: %d counters, rows call for %d", t.name, found, len(derived))
	}
}
