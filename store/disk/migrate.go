package disk

import (
	"errors"
	"fmt"
	"os"
	"strconv"
	"time"

	"go.etcd.io/bbolt"
)

// meta is the bucket in which a file says its schema version.
var meta = []byte("meta")

// Step leads a file from one schema version to the next, in one transaction with the new version number. Run is
// given the time by the desk's clock.
type Step struct {
	Name string
	Run  func(b *bbolt.Tx, now time.Time) error
}

// Migrate brings the file up to date. Before the first step the file is copied to PATH.schemaN. A file of a newer
// release is refused with *Newer.
func Migrate(db *bbolt.DB, path string, steps []Step, now time.Time) error {
	want := len(steps) + 1
	have := 0
	err := db.View(func(tx *bbolt.Tx) (err error) {
		if b := tx.Bucket(meta); b != nil {
			if have, err = strconv.Atoi(string(b.Get([]byte("schema")))); err != nil || have < 1 {
				return damage(path, "damaged", fmt.Sprintf("its version is %q", b.Get([]byte("schema"))))
			}
			return nil
		}
		if name, _ := tx.Cursor().First(); name != nil {
			return damage(path, "foreign", fmt.Sprintf("another program keeps %q in it", name))
		}
		return nil
	})
	if err == nil && have == 0 {
		have = want // a new file
		err = db.Update(func(tx *bbolt.Tx) error {
			b, err := tx.CreateBucket(meta)
			if err != nil {
				return err
			}
			return b.Put([]byte("schema"), []byte(strconv.Itoa(want)))
		})
	}
	if err != nil {
		return fmt.Errorf("disk: read schema version: %w", err)
	}
	if have > want {
		return &Newer{Path: path, Have: have, Want: want}
	}
	if have == want {
		return nil
	}
	err = db.View(func(tx *bbolt.Tx) error { return copyFile(tx, fmt.Sprintf("%s.schema%d", path, have)) })
	if err != nil {
		return fmt.Errorf("disk: copy before migration: %w", err)
	}
	for v := have; v < want; v++ {
		step := steps[v-1]
		err := db.Update(func(tx *bbolt.Tx) error {
			if err := step.Run(tx, now); err != nil {
				return err
			}
			return tx.Bucket(meta).Put([]byte("schema"), []byte(strconv.Itoa(v+1)))
		})
		if err != nil {
			return fmt.Errorf("disk: migrate to schema %d (%s): %w", v+1, step.Name, err)
		}
	}
	return nil
}

// copyFile writes what the transaction sees to the path and syncs it. Not by bbolt, whose way to open files makes none
// here (see Open).
func copyFile(tx *bbolt.Tx, path string) error {
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o600) // #nosec G304 -- beside the data file
	if err != nil {
		return err
	}
	_, err = tx.WriteTo(f)
	return errors.Join(err, f.Sync(), f.Close())
}
