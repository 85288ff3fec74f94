package db

import (
	"errors"
	"strings"
	"testing"

	"sportello/store/fault"
	"sportello/store/key"
)

// TestNoTransactionTakesARowThatCannotBeReadForOneThatIsNotThere: whatever a closure makes of the error of a read, the
// transaction fails with it and nothing that it wrote is kept.
func TestNoTransactionTakesARowThatCannotBeReadForOneThatIsNotThere(t *testing.T) {
	st := fresh(t, quick)
	must(t, st.Update(By{}, func(tx *Tx) error {
		return errors.Join(items.Put(tx, &item{Group: 7, Name: "there"}), items.Put(tx, &item{Group: 8, Name: "whole"}))
	}))
	whole := damageRow(t, st, 1)
	reads := map[string]func(*Tx) error{
		"Get":       func(tx *Tx) error { _, err := items.Get(tx, 1); return err },
		"Peek":      func(tx *Tx) error { _, err := items.Peek(tx, 1); return err },
		"Glance":    func(tx *Tx) error { _, err := items.Glance(tx, 1); return err },
		"First":     func(tx *Tx) error { _, err := itemsByGroup.First(tx, uint64(7)); return err },
		"PeekFirst": func(tx *Tx) error { _, err := itemsByGroup.PeekFirst(tx, uint64(7)); return err },
		"Find":      func(tx *Tx) error { _, err := itemsByGroup.Find(tx, uint64(7)); return err },
		"All": func(tx *Tx) error {
			for _, err := range items.All(tx, 0, false) {
				if err != nil {
					return err
				}
			}
			return nil
		},
		"Put":    func(tx *Tx) error { return items.Put(tx, &item{Row: Row{ID: 1, Rev: 1}, Group: 9}) },
		"Delete": func(tx *Tx) error { return items.Delete(tx, 1) },
	}
	for name, read := range reads {
		for _, c := range []struct {
			name string
			then func(error) error
		}{
			{"goes on", func(error) error { return nil }},
			{"says that there is none", func(error) error { return fault.New(fault.NotFound, "error.not-found") }},
			{"says so", func(err error) error { return err }},
		} {
			closure := func(tx *Tx) error {
				err := read(tx)
				if err == nil {
					t.Errorf("%s read it", name)
				}
				if tx.bolt.Writable() {
					must(t, items.Put(tx, &item{Group: 10, Name: "because there was none"}))
				}
				return c.then(err)
			}
			for door, err := range map[string]error{"View": st.View(closure), "Update": st.Update(By{}, closure)} {
				if err == nil || !strings.Contains(err.Error(), "read test.items 1") || fault.KindOf(err) != fault.Internal {
					t.Errorf("%s in a closure that %s: %s returned %v", name, c.name, door, err)
				}
			}
		}
	}
	must(t, st.View(func(tx *Tx) error {
		if itemsByGroup.Has(tx, uint64(10)) {
			t.Error("something was written because a row could not be read")
		}
		_, err := items.Get(tx, 2)
		return err
	}))
	must(t, st.View(func(tx *Tx) error {
		tx.PastDamage()
		if _, err := items.Get(tx, 1); err == nil {
			t.Error("it was read")
		}
		return nil
	}))
	whole()
}

// damageRow makes the item one that cannot be read; mend makes it whole again.
func damageRow(t *testing.T, st *Store, id uint64) (mend func()) {
	t.Helper()
	put := func(raw []byte) (was []byte) {
		must(t, st.Update(By{}, func(tx *Tx) error {
			b := tx.bucket("test.items", "rows")
			was = append([]byte(nil), b.Get(key.ID(id))...)
			tx.wrote = true
			return b.Put(key.ID(id), raw)
		}))
		return was
	}
	was := put([]byte("{"))
	return func() { put(was) }
}
