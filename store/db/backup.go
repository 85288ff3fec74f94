package db

import (
	"cmp"
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"time"

	"go.etcd.io/bbolt"

	"sportello/store/disk"
	"sportello/store/fault"
	"sportello/store/key"
)

// HoldBlobs keeps Sweep from removing anything until release is called, so that every file named by the rows of a
// picture taken in between can still be copied, and Rewrite from putting another desk.db in the place of the one that is
// copied. It waits for a Rewrite that goes on, and may be called again by who holds them.
func (s *Store) HoldBlobs() (release func()) {
	s.sweepMu.RLock()
	return s.sweepMu.RUnlock
}

// Picture writes a copy of desk.db as of one moment to w and returns its size in bytes. Writers go on meanwhile, but no
// page they free is used again before it is over: the file and its list of free pages, which every commit writes, grow
// with each of them. It has to be short; CopyRows keeps it so. It gives up, with the fault, when the store stops writing,
// for the file could not be opened again before. Errors of w can be told by errors.Is.
func (s *Store) Picture(ctx context.Context, w io.Writer) (int64, error) {
	defer s.HoldBlobs()() // bbolt opens the file anew, by its name
	guard := &pictureWriter{ctx: ctx, s: s, w: w}
	var n int64
	err := s.read(func(b *bbolt.Tx) error {
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

// CopyRows makes the empty file a copy of desk.db as of the moment it returns, with its size in bytes. The file is
// first copied as it lies there while it changes, at the pace of wrote, which is told of everything written; then again
// what has changed meanwhile; and at last, in a transaction as short as reading the file, what is still another. So
// no writer has to wait for the copying of gigabytes, and the file does not grow. The copy is not synced.
func (s *Store) CopyRows(ctx context.Context, to *os.File, wrote func(off int64, n int) error) (time.Time, int64, error) {
	defer s.HoldBlobs()()
	c := disk.NewCopy(to, wrote)
	for range 2 {
		if err := c.AsItLies(s.path(), func() error { return s.mayGoOn(ctx) }); err != nil {
			return time.Time{}, 0, fmt.Errorf("store: copy rows: %w", err)
		}
	}
	at := s.clock().UTC()
	n, err := s.Picture(ctx, c.Picture())
	if err == nil {
		err = c.Finish(n)
	}
	if err != nil {
		return at, n, fmt.Errorf("store: copy rows: %w", err)
	}
	return at, n, nil
}

// Inspect runs fn on the rows of a copy, which is not changed: it needs not be the file of a data folder. Files that
// rows name are not looked for.
func (s *Schema) Inspect(path string, fn func(*Tx) error) error {
	db, err := bbolt.Open(path, 0o600, &bbolt.Options{ReadOnly: true, Timeout: 2 * time.Second})
	if err != nil {
		return fmt.Errorf("store: open copy %s: %w", path, err)
	}
	err = db.View(func(b *bbolt.Tx) error {
		tx := &Tx{bolt: b, store: &Store{schema: s, peeked: &peeked{}}, now: time.Now().UTC()}
		defer func() { tx.done = true }()
		return fn(tx)
	})
	return errors.Join(err, db.Close())
}

func (s *Store) mayGoOn(ctx context.Context) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	if s.isClosed() {
		return fault.New(fault.Unavailable, "error.stopping")
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
	for _, t := range tx.store.schema.Tables {
		n, err := t.inventory(tx, step, func(sum string) {
			var b [32]byte
			if raw, err := hex.DecodeString(sum); err == nil && copy(b[:], raw) == len(b) {
				inv.Blobs = append(inv.Blobs, b)
			}
		})
		if err != nil {
			return inv, err
		}
		inv.Rows[t.Name()] = n
	}
	inv.Rows["changes"] = int(tx.LastChange()) // #nosec G115 -- changes are counted from one
	slices.SortFunc(inv.Blobs, func(a, b [32]byte) int { return slices.Compare(a[:], b[:]) })
	inv.Blobs = slices.Compact(inv.Blobs)
	return inv, nil
}

// LastChange is the number of the newest change this transaction sees.
func (tx *Tx) LastChange() uint64 { return tx.bucket("changes", "rows").Sequence() }

func (t *Table[T]) inventory(tx *Tx, step func() error, blob func(string)) (int, error) {
	n := 0
	c := t.rows(tx).Cursor()
	for k, v := c.First(); k != nil; k, v = c.Next() {
		n++
		if err := step(); err != nil {
			return n, err
		}
		if t.Blobs == nil {
			continue
		}
		r, err := t.decode(key.LastID(k), v)
		if err != nil {
			continue
		}
		for _, sum := range t.Blobs(r) {
			blob(sum)
		}
	}
	return n, nil
}

// errSweepLater is returned inside Sweep while a backup holds the files.
var errSweepLater = errors.New("store: files are held")
