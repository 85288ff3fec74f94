package store

import (
	"bytes"
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"slices"
	"strconv"
	"time"

	"go.etcd.io/bbolt"
)

// migration leads a file from one schema version to the next, in one transaction with the new version number. run is
// given the time by the desk's clock.
type migration struct {
	name string
	run  func(b *bbolt.Tx, now time.Time) error
}

// migrations lead from version 1 upwards: migrations[0] makes version 2 of version 1. A file of this release has the
// version len(migrations)+1.
var migrations = []migration{
	{"tokens end", endTokens},
	{"files of articles belong to versions", filesToVersions},
	{"people are found by the forms of their names", namesToForms},
	{"messages stay with those whose they are", messagesToSides},
	{"what lists do not show is kept apart", longFieldsApart},
}

// longFieldsApart rewrites the rows that have fields to keep apart.
func longFieldsApart(b *bbolt.Tx, _ time.Time) error {
	return errors.Join(divideRows(b, Tickets), divideRows(b, Versions), divideRows(b, Mails), rebuildMails(b))
}

// rebuildMails makes the index and counters of mail that people judge.
func rebuildMails(b *bbolt.Tx) error {
	if b.Bucket([]byte(Mails.name)) == nil {
		return nil
	}
	return Mails.rebuild(&Tx{bolt: b})
}

func divideRows[T any](b *bbolt.Tx, t *Table[T]) error {
	if b.Bucket([]byte(t.name)) == nil {
		return nil
	}
	rows := (&Tx{bolt: b}).bucket(t.name, "rows")
	for next := []byte{}; next != nil; { // in pieces: a walk does not go on over what was written under it
		changed := map[string][]byte{}
		c := rows.Cursor()
		k, v := c.Seek(next)
		for ; k != nil && len(changed) < 1000; k, v = c.Next() {
			r, err := t.decode(lastID(k), v)
			if err != nil {
				return err
			}
			raw, err := t.encode(r)
			if err != nil {
				return err
			}
			if bytes.IndexByte(raw, '\n') >= 0 {
				changed[string(k)] = raw
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

// messagesToSides notes of messages that a merge brought where they are from which ticket. Until now that was told by the
// ticket still being a duplicate; one that was taken up again since is found by the change that moved the message.
func messagesToSides(b *bbolt.Tx, _ time.Time) error {
	tx := &Tx{bolt: b}
	if b.Bucket([]byte(Messages.name)) == nil {
		return nil
	}
	rows := tx.bucket(Messages.name, "rows")
	for m, err := range Messages.All(tx, 0, false) {
		if err != nil {
			return err
		}
		if m.Origin == 0 {
			continue
		}
		o, err := Tickets.Get(tx, m.Origin)
		if err != nil && KindOf(err) != NotFound {
			return err
		}
		brought := err == nil && o.DuplicateOf == m.Ticket
		if !brought {
			changes, err := tx.TicketChanges(m.Ticket)
			if err != nil {
				return err
			}
			for _, c := range changes {
				if _, moved := c.Field("ticket"); moved && c.Table == Messages.name && c.ID == m.ID {
					brought = c.Act == "merge" // the last one says it
				}
			}
		}
		if !brought {
			continue
		}
		m.Brought = []uint64{m.Origin}
		raw, err := Messages.encode(m)
		if err != nil {
			return err
		}
		if err := rows.Put(idBytes(m.ID), raw); err != nil {
			return err
		}
	}
	return Messages.rebuild(tx)
}

// namesToForms rebuilds the indexes of people: the keys of one have changed.
func namesToForms(b *bbolt.Tx, _ time.Time) error {
	if b.Bucket([]byte(People.name)) == nil {
		return nil
	}
	return People.rebuild(&Tx{bolt: b})
}

// filesToVersions gives each file of an article to versions of it: to those whose text names it, the published ones
// first; a file that no text names goes to the published version if it was there when that was published, else to the
// one that is still a draft.
func filesToVersions(b *bbolt.Tx, _ time.Time) error {
	tx := &Tx{bolt: b}
	if b.Bucket([]byte(Files.name)) == nil {
		return nil
	}
	rows := tx.bucket(Files.name, "rows")
	for f, err := range Files.All(tx, 0, false) {
		if err != nil {
			return err
		}
		if f.Article == 0 {
			continue
		}
		versions, err := VersionsByArticle.Find(tx, f.Article)
		if err != nil {
			return err
		}
		slices.SortStableFunc(versions, func(x, y *Version) int { return cmp.Compare(y.Publication, x.Publication) })
		for _, v := range versions {
			if v.Names(f.ID) {
				f.Versions = append(f.Versions, v.ID)
			}
		}
		if len(f.Versions) == 0 && len(versions) > 0 {
			owner := versions[0]
			if owner.Publication == Published && f.Created.After(owner.Published) {
				owner = versions[len(versions)-1]
			}
			f.Versions = []uint64{owner.ID}
		}
		raw, err := Files.encode(f)
		if err != nil {
			return err
		}
		if err := rows.Put(idBytes(f.ID), raw); err != nil {
			return err
		}
	}
	return Files.rebuild(tx)
}

// endTokens sets an end, a year from now, on tokens made before tokens had one.
func endTokens(b *bbolt.Tx, now time.Time) error {
	ends, err := json.Marshal(now.UTC().AddDate(1, 0, 0))
	if err != nil {
		return err
	}
	return eachRow(b, "tokens", func(row map[string]json.RawMessage) bool {
		if _, has := row["ends"]; has {
			return false
		}
		row["ends"] = ends
		return true
	})
}

// eachRow gives change the fields of every row of the table and writes those for which it returns true. No index may
// depend on what is changed. The order of the JSON keys may change, which nothing depends on.
func eachRow(tx *bbolt.Tx, table string, change func(row map[string]json.RawMessage) bool) error {
	b := tx.Bucket([]byte(table))
	if b == nil {
		return nil
	}
	rows := b.Bucket([]byte("rows"))
	changed := map[string][]byte{}
	err := rows.ForEach(func(k, v []byte) error {
		row := map[string]json.RawMessage{}
		if err := json.Unmarshal(v, &row); err != nil {
			return fmt.Errorf("store: read row of %s: %w", table, err)
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

// copyFile writes what the transaction sees to the path and syncs it. Not by bbolt, whose way to open files makes none
// here (see openFile).
func copyFile(tx *bbolt.Tx, path string) error {
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o600) // #nosec G304 -- beside the data file
	if err != nil {
		return err
	}
	_, err = tx.WriteTo(f)
	return errors.Join(err, f.Sync(), f.Close())
}

// migrate brings the file up to date. Before the first step the file is copied to desk.db.schemaN. A file of a newer
// release is refused.
func migrate(db *bbolt.DB, path string, steps []migration, now time.Time) error {
	want := len(steps) + 1
	have := 0
	err := db.View(func(tx *bbolt.Tx) (err error) {
		if meta := tx.Bucket(bucketMeta); meta != nil {
			if have, err = strconv.Atoi(string(meta.Get([]byte("schema")))); err != nil || have < 1 {
				return badFile(path, "damaged", fmt.Sprintf("its version is %q", meta.Get([]byte("schema"))))
			}
			return nil
		}
		if name, _ := tx.Cursor().First(); name != nil {
			return badFile(path, "foreign", fmt.Sprintf("another program keeps %q in it", name))
		}
		return nil
	})
	if err == nil && have == 0 {
		have = want // a new file
		err = db.Update(func(tx *bbolt.Tx) error {
			meta, err := tx.CreateBucket(bucketMeta)
			if err != nil {
				return err
			}
			return meta.Put([]byte("schema"), []byte(strconv.Itoa(want)))
		})
	}
	if err != nil {
		return fmt.Errorf("store: read schema version: %w", err)
	}
	if have > want {
		return &Error{Kind: Unavailable, Key: "error.newer-data", Args: map[string]any{"file": path, "have": have, "want": want},
			Err: fmt.Errorf("store: %s has schema %d, this release knows %d: use the newer release", path, have, want)}
	}
	if have == want {
		return nil
	}
	err = db.View(func(tx *bbolt.Tx) error { return copyFile(tx, fmt.Sprintf("%s.schema%d", path, have)) })
	if err != nil {
		return fmt.Errorf("store: copy before migration: %w", err)
	}
	for v := have; v < want; v++ {
		step := steps[v-1]
		err := db.Update(func(tx *bbolt.Tx) error {
			if err := step.run(tx, now); err != nil {
				return err
			}
			return tx.Bucket(bucketMeta).Put([]byte("schema"), []byte(strconv.Itoa(v+1)))
		})
		if err != nil {
			return fmt.Errorf("store: migrate to schema %d (%s): %w", v+1, step.name, err)
		}
	}
	return nil
}
