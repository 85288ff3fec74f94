package store

import (
	"fmt"
	"os"
	"strconv"

	"go.etcd.io/bbolt"
)

// migration leads a file from one schema version to the next, in one transaction with the new version number.
type migration struct {
	name string
	run  func(*bbolt.Tx) error
}

// migrations lead from version 1 upwards: migrations[0] makes version 2 of version 1. A file of this release has the
// version len(migrations)+1.
var migrations []migration

// migrate brings the file up to date. Before the first step the file is copied to desk.db.schemaN. A file of a newer
// release is refused.
func migrate(db *bbolt.DB, path string, steps []migration) error {
	want := len(steps) + 1
	have := 0
	err := db.View(func(tx *bbolt.Tx) (err error) {
		if meta := tx.Bucket(bucketMeta); meta != nil {
			have, err = strconv.Atoi(string(meta.Get([]byte("schema"))))
		}
		return err
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
		return &Error{Kind: Unavailable, Key: "error.newer-data", Args: map[string]any{"have": have, "want": want},
			Err: fmt.Errorf("store: %s has schema %d, this release knows %d: use the newer release", path, have, want)}
	}
	if have == want {
		return nil
	}
	err = db.View(func(tx *bbolt.Tx) error {
		return tx.CopyFile(fmt.Sprintf("%s.schema%d", path, have), os.FileMode(0o600))
	})
	if err != nil {
		return fmt.Errorf("store: copy before migration: %w", err)
	}
	for v := have; v < want; v++ {
		step := steps[v-1]
		err := db.Update(func(tx *bbolt.Tx) error {
			if err := step.run(tx); err != nil {
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
