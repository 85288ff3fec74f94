package db

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"slices"
	"time"

	"sportello/store/act"
	"sportello/store/blob"
	"sportello/store/door"
	"sportello/store/fault"
)

// PutBlob stores all that r gives, at most limit bytes (0: no limit), and returns its sum and size once the bytes and
// their name are on disk. Beyond the limit it returns TooLarge "error.file-too-large" and keeps nothing. Until a row
// names it, a blob may be removed after an hour.
func (s *Store) PutBlob(r io.Reader, limit int64) (blob.Blob, error) {
	b, err := s.blobs.Put(r, limit)
	var source *blob.SourceError
	switch {
	case err == nil:
		return b, nil
	case errors.Is(err, blob.ErrTooLarge):
		return blob.Blob{}, fault.New(fault.TooLarge, "error.file-too-large", "megabytes", limit>>20)
	case errors.As(err, &source):
		return blob.Blob{}, fmt.Errorf("store: put blob: %w", err)
	}
	return blob.Blob{}, &fault.Error{Kind: fault.Unavailable, Key: "error.disk", Err: fmt.Errorf("store: put blob: %w", err)}
}

// OpenBlob opens the bytes with the sum for reading; NotFound when they are not there.
func (s *Store) OpenBlob(sum string) (*os.File, error) {
	f, err := s.blobs.Get(sum)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, &fault.Error{Kind: fault.NotFound, Key: "error.not-found", Err: err}
	}
	if err != nil {
		return nil, fmt.Errorf("store: open blob: %w", err)
	}
	return f, nil
}

// namesBlob reports whether some row names the bytes. A row that cannot be read may: it is an error.
func (tx *Tx) namesBlob(sum string) (bool, error) {
	for _, t := range tx.store.schema.Tables {
		if named, err := t.namesBlob(tx, sum); named || err != nil {
			return named, err
		}
	}
	return false, nil
}

// namesBlob asks the index "sum" of a table that has one, and otherwise every row.
func (t *Table[T]) namesBlob(tx *Tx, sum string) (bool, error) {
	if t.Blobs == nil {
		return false, nil
	}
	for _, ix := range t.indexes {
		if ix.name == "ix.sum" {
			return ix.Has(tx, sum), nil
		}
	}
	for r, err := range t.All(tx, 0, false) {
		if err != nil {
			return false, err
		}
		if slices.Contains(t.Blobs(r), sum) {
			return true, nil
		}
	}
	return false, nil
}

// Sweep removes blobs that no row has named for an hour, and half-written ones as old. It asks inside a write
// transaction before it removes. While HoldBlobs holds the files it leaves the rest for the next time. It returns how
// many it removed.
func (s *Store) Sweep() (int, error) {
	old := time.Now().Add(-time.Hour) // by the clock that the file system goes by, which need not be the desk's
	removed, err := s.blobs.RemoveUnfinished(old)
	if err != nil {
		return removed, fmt.Errorf("store: sweep: %w", err)
	}
	for sum, err := range s.blobs.Before(old) {
		if err != nil {
			return removed, fmt.Errorf("store: sweep: %w", err)
		}
		gone := false
		err = s.Update(By{Via: door.Desk, Act: act.Sweep}, func(tx *Tx) error {
			if named, err := tx.namesBlob(sum); named || err != nil {
				return err
			}
			if !s.sweepMu.TryLock() {
				return errSweepLater
			}
			defer s.sweepMu.Unlock()
			if s.blobs.Remove(sum, old) {
				gone = true // and stays so when this runs again and finds nothing
			}
			return nil
		})
		if errors.Is(err, errSweepLater) {
			return removed, nil
		}
		if err != nil {
			return removed, err
		}
		if gone {
			removed++
		}
	}
	return removed, nil
}
