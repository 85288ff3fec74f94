package store

import (
	"cmp"
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"slices"
	"time"

	"go.etcd.io/bbolt"
)

// Schema is the version of the rows that this release reads and writes.
func Schema() int { return len(migrations) + 1 }

// HoldBlobs keeps Sweep from removing anything until release is called, so that every file named by the rows of a
// picture taken in between can still be copied.
func (s *Store) HoldBlobs() (release func()) {
	s.sweepMu.RLock()
	return s.sweepMu.RUnlock
}

// Picture calls look with a consistent picture of the rows, then writes a copy of desk.db as of the same moment to w,
// and returns the copy's size in bytes. Writers go on meanwhile; pages they free are not used again before it is over,
// so that the file grows with what is written in that time. It gives up, with the fault, when the store stops writing:
// the file could not be opened again before. Errors of w and of look can be told by errors.Is.
func (s *Store) Picture(ctx context.Context, w io.Writer, look func(*Tx) error) (int64, error) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	guard := &pictureWriter{ctx: ctx, s: s, w: w}
	var n int64
	err := s.db.View(func(b *bbolt.Tx) error {
		if look != nil {
			tx := &Tx{bolt: b, store: s, now: s.clock().UTC()}
			err := look(tx)
			tx.done = true
			if err != nil {
				return err
			}
		}
		var err error
		n, err = b.WriteTo(guard)
		return cmp.Or(guard.err, err) // bbolt keeps the text of the writer's error, not the error itself
	})
	if err != nil {
		return n, fmt.Errorf("store: copy rows: %w", err)
	}
	return n, nil
}

// pictureWriter ends the copy when nobody wants it any more or the file has to be closed.
type pictureWriter struct {
	ctx context.Context
	s   *Store
	w   io.Writer
	err error
}

func (p *pictureWriter) Write(b []byte) (n int, err error) {
	if err = p.s.mayGoOn(p.ctx); err == nil {
		n, err = p.w.Write(b)
	}
	p.err = err
	return n, err
}

func (s *Store) mayGoOn(ctx context.Context) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	if s.isClosed() {
		return Fail(Unavailable, "error.stopping")
	}
	return s.Fault()
}

// Inventory is what there is in a picture of the store: how many rows each table has, and the SHA-256 of each file
// that a row names, once and in order. What no row can be read from, and names that are no sums, are left out: finding
// damage is Check's work, and a copy of a damaged store is better than none.
type Inventory struct {
	Rows  map[string]int
	Blobs [][32]byte
}

// Inventory counts every row of every table, and the changes as "changes". It reads them all, with breaks, so that who
// works meanwhile has the processor and the disk at least half of the time.
func (tx *Tx) Inventory(ctx context.Context) (Inventory, error) {
	inv := Inventory{Rows: map[string]int{}}
	began, steps := time.Now(), 0
	step := func() error {
		if steps++; steps%2048 != 0 {
			return nil
		}
		if err := tx.store.mayGoOn(ctx); err != nil {
			return err
		}
		time.Sleep(min(time.Since(began), 20*time.Millisecond)) // the break: as long as the work
		began = time.Now()
		return nil
	}
	for _, t := range allTables {
		n, err := t.inventory(tx, step, func(sum string) {
			var b [32]byte
			if raw, err := hex.DecodeString(sum); err == nil && copy(b[:], raw) == len(b) {
				inv.Blobs = append(inv.Blobs, b)
			}
		})
		if err != nil {
			return inv, err
		}
		inv.Rows[t.tableName()] = n
	}
	inv.Rows["changes"] = int(tx.LastChange())
	slices.SortFunc(inv.Blobs, func(a, b [32]byte) int { return slices.Compare(a[:], b[:]) })
	inv.Blobs = slices.Compact(inv.Blobs)
	return inv, nil
}

// LastChange is the number of the newest change this transaction sees.
func (tx *Tx) LastChange() uint64 { return tx.bucket("changes", "rows").Sequence() }

// Size is how many bytes a picture of what this transaction sees has.
func (tx *Tx) Size() int64 {
	tx.live()
	return tx.bolt.Size()
}

func (t *Table[T]) inventory(tx *Tx, step func() error, blob func(string)) (int, error) {
	n := 0
	c := tx.bucket(t.name, "rows").Cursor()
	for k, v := c.First(); k != nil; k, v = c.Next() {
		n++
		if err := step(); err != nil {
			return n, err
		}
		if t.blobs == nil {
			continue
		}
		r, err := t.decode(lastID(k), v)
		if err != nil {
			continue
		}
		for _, sum := range t.blobs(r) {
			blob(sum)
		}
	}
	return n, nil
}

// errSweepLater is returned inside Sweep while a backup holds the files.
var errSweepLater = errors.New("store: files are held")
