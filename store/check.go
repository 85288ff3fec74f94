package store

import (
	"fmt"
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
		for _, t := range tables {
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
		if tx.bucket("changes", index).Get(Key(ch.Ticket, ch.Seq)) == nil {
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
	cc := tx.bolt.Bucket(bucketCursors).Cursor()
	for k, v := cc.First(); k != nil; k, v = cc.Next() {
		if uint64Of(v) > last {
			report("cursor %s is at %d, beyond the last change %d", k, uint64Of(v), last)
		}
	}
}
