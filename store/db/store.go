// Package db keeps rows: typed tables with declared indexes and counters in one bbolt file, a change log written in the
// same transaction as the rows, and the bytes of files beside it. It knows no noun of the desk: a Schema says which
// tables there are. The packages it stands on hide what knows no row: disk the file, commit how writers share a sync,
// limit how long values may be, key how they are ordered, blob the files; nothing but these imports bbolt.
//
//	DATA/desk.db                      the bbolt file
//	  meta                            schema -> version, desk -> random id of this store
//	  counts                          table + key parts -> number of rows (8 bytes)
//	  cursors                         consumer -> sequence number of the change log
//	  changes/rows                    sequence -> Change (JSON)
//	  changes/ix.ticket               ticket + sequence -> empty
//	  changes/ix.audit                0 + sequence -> empty, changes that belong to no ticket
//	  TABLE/rows                      id (8 bytes, big-endian) -> row (JSON)
//	  TABLE/ix.NAME                   key parts + id -> empty
//	DATA/desk.db.new                  a file that is to take the place of desk.db; see Rewrite
//	DATA/blob/ab/cdef...              bytes of files, named by their SHA-256 in hexadecimal
//	DATA/blob/new/...                 bytes being written
//	DATA/lock                         held by the process that has the folder; names it
//	DATA/key                          32 random bytes that sign what leaves by mail
//
// Every key part is of fixed width or ended (see package key), the id stands last, so that a prefix never matches a longer
// part. A change of a row passes through one function, Table.Put or Table.Delete, and each key that is written through the
// type bucket. Readers see committed rows; followers of the change log see only what is known to be on disk.
package db

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"runtime/debug"
	"sync"
	"sync/atomic"
	"time"

	"go.etcd.io/bbolt"
	bolterrors "go.etcd.io/bbolt/errors"

	"sportello/store/blob"
	"sportello/store/commit"
	"sportello/store/disk"
	"sportello/store/fault"
)

var (
	bucketMeta    = []byte("meta")
	bucketCounts  = []byte(counts)
	bucketCursors = []byte(cursors)
	bucketChanges = []byte("changes")

	errBucketNotFound = bolterrors.ErrBucketNotFound
)

// Options configure a store when it is opened. The zero value is right for a desk.
type Options struct {
	Clock     func() time.Time                                  // time.Now when nil
	Log       *slog.Logger                                      // slog.Default when nil
	Committed func(took time.Duration)                          // called after each commit; must be quick
	Space     func(path string) (free, total int64, known bool) // of the disk that holds the path; unknown when nil
	NoSync    bool                                              // for tests and for making data: a crash may lose or tear what was written
	Prove     bool                                              // for tests: a shared row that somebody changed (see Table.Peek) is a panic when it is read again
}

// Store is an open data folder. Its methods may be used by many goroutines at once.
type Store struct {
	dir       string
	clock     func() time.Time
	log       *slog.Logger
	noSync    bool
	space     func(string) (free, total int64, known bool)
	committed func(time.Duration)
	lock      *os.File
	id        string
	blobs     *blob.Folder
	schema    *Schema
	peeked    *peeked
	results   results
	opened    atomic.Uint64 // how often the file was opened again
	prove     bool

	mu      sync.RWMutex // held for reading while a View begins, for writing while the file is opened again or another takes its place
	db      *bbolt.DB
	retired sync.WaitGroup // files that others have taken the place of, open until their last reader ends

	sweepMu   sync.RWMutex            // held for reading while a backup copies files, tried for writing by Sweep and by Rewrite
	rewriting sync.Mutex              // held by Rewrite
	ending    context.Context         // ends when the store is closed
	end       context.CancelFunc      // of ending
	journal   atomic.Pointer[journal] // of the Rewrite that goes on, nil when none does

	writes *commit.Queue
	fault  atomic.Pointer[faultBox]

	last   atomic.Uint64
	wakeMu sync.Mutex
	wake   chan struct{}
}

// Open opens a data folder of the schema, making it (mode 0700) and an empty store when they are not there. It returns Unavailable
// naming the process when another one has the folder, and an error naming both versions when the file was written by
// a newer release.
func (schema *Schema) Open(dir string, o Options) (*Store, error) {
	s := &Store{dir: dir, schema: schema, clock: o.Clock, log: o.Log, noSync: o.NoSync, committed: o.Committed, space: o.Space, wake: make(chan struct{}), peeked: &peeked{}, prove: o.Prove}
	s.ending, s.end = context.WithCancel(context.Background())
	if s.clock == nil {
		s.clock = time.Now
	}
	if s.space == nil {
		s.space = func(string) (free, total int64, known bool) { return 0, 0, false }
	}
	if s.log == nil {
		s.log = slog.Default()
	}
	var err error
	if s.blobs, err = blob.Open(filepath.Join(dir, "blob")); err != nil {
		return nil, fmt.Errorf("store: make data folder: %w", err)
	}
	lock, err := disk.Lock(filepath.Join(dir, "lock"), s.log)
	if err != nil {
		return nil, s.told(err)
	}
	s.lock = lock
	err = disk.RemoveHalfMade(s.path())
	if err == nil {
		err = disk.Make(s.path(), s.log)
	}
	if err == nil {
		err = s.openFile()
	}
	if err != nil {
		_ = s.lock.Close()
		return nil, err
	}
	if err := s.prepare(); err != nil {
		return nil, errors.Join(err, s.db.Close(), s.lock.Close())
	}
	s.writes = commit.New(commit.Options{
		Begin: s.beginWrite, Clock: s.clock, Log: s.log,
		Fault: s.Fault, Failed: s.poison, Bad: unreadable,
		Sequence: func(b *bbolt.Tx) uint64 { return b.Bucket(bucketChanges).Bucket([]byte("rows")).Sequence() },
		Committed: func(seq uint64, took time.Duration) {
			if s.committed != nil {
				s.committed(took)
			}
			if j := s.journal.Load(); j != nil {
				j.keep()
			}
			s.announce(seq)
		},
	})
	return s, nil
}

// Dir returns the data folder.
func (s *Store) Dir() string { return s.dir }

// ID returns the random name of this store, made with its file: an index that carries another belongs to another desk.
func (s *Store) ID() string { return s.id }

func (s *Store) path() string { return filepath.Join(s.dir, "desk.db") }

// openFile opens desk.db. A file too damaged to be opened yields an error that says what to do.
func (s *Store) openFile() error {
	db, half, err := disk.Open(s.path(), s.noSync)
	if err != nil {
		return s.told(err)
	}
	if half {
		s.log.Warn("store: one of the two heads of desk.db cannot be read: the other is taken, and the last change may be lost; a power failure leaves it so", "file", s.path())
	}
	s.db = db
	return nil
}

// prepare migrates the file and creates the buckets that are missing. After a fault it is also the write that shows
// whether the disk can be written again.
func (s *Store) prepare() (err error) {
	defer debug.SetPanicOnFault(debug.SetPanicOnFault(true))
	defer func() {
		if p := recover(); p != nil { // bbolt met a page that is none
			err = s.told(&disk.Damage{Path: s.path(), How: "damaged", What: fmt.Sprint(p)})
		}
	}()
	if err := disk.Migrate(s.db, s.path(), s.schema.steps(), s.clock()); err != nil {
		return s.told(err)
	}
	var last uint64
	err = s.db.Update(func(tx *bbolt.Tx) error {
		for _, t := range s.schema.Tables {
			if err := t.create(tx); err != nil {
				return err
			}
		}
		for _, name := range [][]byte{bucketMeta, bucketCounts, bucketCursors, bucketChanges} {
			if _, err := tx.CreateBucketIfNotExists(name); err != nil {
				return err
			}
		}
		for _, name := range []string{"rows", "ix.ticket", "ix.audit"} {
			if _, err := tx.Bucket(bucketChanges).CreateBucketIfNotExists([]byte(name)); err != nil {
				return err
			}
		}
		meta := tx.Bucket(bucketMeta)
		if meta.Get([]byte("desk")) == nil {
			if err := meta.Put([]byte("desk"), []byte(rand.Text())); err != nil {
				return err
			}
		}
		if s.id == "" {
			s.id = string(meta.Get([]byte("desk")))
		}
		last = tx.Bucket(bucketChanges).Bucket([]byte("rows")).Sequence()
		return nil
	})
	if err == nil {
		err = disk.SyncFolder(s.dir)
	}
	if err != nil {
		return fmt.Errorf("store: prepare %s: %w", s.path(), err)
	}
	s.announce(last) // after a fault there may be more than was announced: a commit whose last sync failed, but which is there
	return nil
}

// Close waits for the writes that were handed over, then closes the file. Later calls of Update return Unavailable.
func (s *Store) Close() error {
	s.end()
	if !s.writes.Close() {
		return nil
	}
	s.rewriting.Lock() // until it has ended
	defer s.rewriting.Unlock()
	s.mu.Lock()
	defer s.mu.Unlock()
	err := s.db.Close()
	s.retired.Wait()
	return errors.Join(err, s.lock.Close())
}

// View runs fn in a read transaction, a consistent picture of the store. fn must not keep the Tx nor call Update.
// Unavailable while the file cannot be read. When a row cannot be read its error is what View returns, whatever fn does:
// see Tx.PastDamage.
func (s *Store) View(fn func(*Tx) error) (err error) {
	defer debug.SetPanicOnFault(debug.SetPanicOnFault(true))
	defer func() {
		if p := recover(); p != nil {
			if err = unreadable(p); err == nil {
				panic(p)
			}
			s.log.Error("store: read", "err", err)
		}
	}()
	err = s.read(func(b *bbolt.Tx) error {
		tx := &Tx{bolt: b, store: s, now: s.clock().UTC()}
		defer func() { tx.done = true }()
		return tx.judge(fn(tx))
	})
	if fault := s.Fault(); fault != nil && errors.Is(err, bolterrors.ErrDatabaseNotOpen) {
		return fault // a repair could not open it again yet
	}
	return err
}

// read runs fn in a read transaction of the file. Whoever has begun stays with that file, also when another one takes its
// place.
func (s *Store) read(fn func(*bbolt.Tx) error) error {
	s.mu.RLock()
	b, err := s.db.Begin(false)
	s.mu.RUnlock()
	if err != nil {
		return err
	}
	defer func() { _ = b.Rollback() }() // fails only when it was ended before
	return fn(b)
}

// beginWrite is for the committer alone.
func (s *Store) beginWrite() (*bbolt.Tx, error) {
	if j := s.journal.Load(); j != nil {
		j.drop() // what the transaction before noted, which was not committed
	}
	return s.db.Begin(true)
}

// Update runs fn in a write transaction and returns when what it wrote is on disk, or with fn's error when nothing of
// it was kept. Writers that come while another is being committed share one commit. fn may run more than once, in
// another goroutine: it must assign its results rather than add to what it finds outside, must have no effect outside
// the transaction and must not call Update or View. As with View, a row that cannot be read fails the whole. A panic of fn is raised in the caller. Unavailable when the disk
// failed; the store then stops writing until its file has been opened again and checked.
func (s *Store) Update(by By, fn func(*Tx) error) error {
	if err := s.Fault(); err != nil {
		return err
	}
	used := func() {}
	if by.Once != nil {
		fn, used = by.Once.within(fn)
	}
	err := s.writes.Do(func(t *commit.Turn) error {
		tx := &Tx{bolt: t.Bolt, store: s, now: t.Now, by: by}
		defer func() { tx.done, t.Wrote = true, tx.wrote }()
		return tx.judge(fn(tx))
	})
	if errors.Is(err, commit.ErrClosed) {
		return fault.New(fault.Unavailable, "error.stopping")
	}
	if err == nil {
		used()
	}
	return err
}

// Waiting returns how many writes wait for the next commit.
func (s *Store) Waiting() int { return s.writes.Waiting() }

// Committing returns how long the current commit has taken so far, 0 when there is none.
func (s *Store) Committing() time.Duration { return s.writes.Committing() }

// Now reads the clock that the store was opened with. It is the desk's clock: code that has the store reads no other.
func (s *Store) Now() time.Time { return s.clock() }

// SecretKey returns the 32 secret bytes of DATA/key, making the file (mode 0600) when it is not there.
func (s *Store) SecretKey() ([]byte, error) { return disk.Secret(filepath.Join(s.dir, "key")) }

// SealSalt returns the 32 secret bytes of DATA/seal, creating the file (mode 0600) if it does not exist. Sealed secrets in
// rows require both these bytes and the key. Unencrypted backups omit the file, which makes the sealed secrets unreadable.
func (s *Store) SealSalt() ([]byte, error) { return disk.Secret(filepath.Join(s.dir, SealName)) }

// SealName is the name of the file of SealSalt in the data folder.
const SealName = "seal"

// SecretFiles returns the folder in which the owner of the machine stores secrets as files for entered mail servers.
func (s *Store) SecretFiles() string { return filepath.Join(s.dir, "secrets") }
