// Package form keeps what was typed into a form while its person signs in again, and what a form came to, for whoever
// sends it twice.
package form

import (
	"fmt"
	"time"

	"sportello/store"
	"sportello/store/act"
	"sportello/store/db"
	"sportello/store/door"
	"sportello/store/fault"
)

// Forms are the forms of one desk.
type Forms struct{ st *db.Store }

// New returns the forms of the store.
func New(st *db.Store) *Forms { return &Forms{st: st} }

// keptFor is how long a form that was carried through a sign-in waits to be shown again.
const keptFor = 24 * time.Hour

// Keep keeps the values for the person and the page, and returns the number under which Kept has them.
func (fs *Forms) Keep(person uint64, path string, values map[string][]string) (uint64, error) {
	var id uint64
	err := fs.st.Update(db.By{Person: person, Via: door.Page, Act: act.KeepForm}, func(tx *db.Tx) error {
		row := &store.Form{Person: person, Path: path, Values: values, Ends: tx.Now().Add(keptFor)}
		if err := store.Drafts.Put(tx, row); err != nil {
			return err
		}
		id = row.ID
		return nil
	})
	if err != nil {
		return 0, fmt.Errorf("desk: keep form: %w", err)
	}
	return id, nil
}

// Kept returns the values that were kept under the number, nil when there are none of this person and page.
func (fs *Forms) Kept(person uint64, path string, id uint64) (map[string][]string, error) {
	var values map[string][]string
	err := fs.st.View(func(tx *db.Tx) error {
		row, err := store.Drafts.Get(tx, id)
		if err == nil && row.Person == person && row.Path == path {
			values = row.Values
		}
		return fault.IgnoreNotFound(err)
	})
	return values, err
}

// Done returns what was done under the key, nil when nothing was, or too long ago.
func (fs *Forms) Done(key string) (*db.UsedKey, error) {
	var used *db.UsedKey
	err := fs.st.View(func(tx *db.Tx) error {
		k, err := db.UsedKeysByHash.First(tx, key)
		if err == nil {
			used = k
		}
		return fault.IgnoreNotFound(err)
	})
	return used, err
}

// KeepAnswer keeps what an act was answered with beside its key.
func (fs *Forms) KeepAnswer(k db.UsedKey) error {
	return fs.st.Update(db.By{Via: door.Desk, Act: act.KeepAnswer}, func(tx *db.Tx) error {
		row := k
		return db.UsedKeys.Put(tx, &row)
	})
}
