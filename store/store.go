// Package store keeps everything the desk knows in one data folder: typed rows with declared indexes and counters in
// one bbolt file, a change log written in the same transaction as the rows, and the bytes of files beside it. It is
// the only importer of bbolt and owns the types of the domain.
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
//	DATA/blob/ab/cdef...              bytes of files, named by their SHA-256 in hexadecimal
//	DATA/blob/new/...                 bytes being written
//	DATA/lock                         held by the process that has the folder; names it
//	DATA/key                          32 random bytes that sign what leaves by mail
//
// Every key part is of fixed width or ended (see Key), the id stands last, so that a prefix never matches a longer
// part. A change of a row passes through one function, Table.Put or Table.Delete. Readers see committed rows; followers
// of the change log see only what is known to be on disk.
package store

import (
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"runtime/debug"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"go.etcd.io/bbolt"
	bolterrors "go.etcd.io/bbolt/errors"
)

var (
	bucketMeta    = []byte("meta")
	bucketCounts  = []byte("counts")
	bucketCursors = []byte("cursors")
	bucketChanges = []byte("changes")

	errBucketNotFound = bolterrors.ErrBucketNotFound
)

// Options configure a store when it is opened. The zero value is right for a desk.
type Options struct {
	Clock     func() time.Time         // time.Now when nil
	Log       *slog.Logger             // slog.Default when nil
	Committed func(took time.Duration) // called after each commit; must be quick
	NoSync    bool                     // for tests and for making data: a crash may lose or tear what was written
}

// Store is an open data folder. Its methods may be used by many goroutines at once.
type Store struct {
	dir       string
	clock     func() time.Time
	log       *slog.Logger
	noSync    bool
	committed func(time.Duration)
	lock      *os.File
	id        string
	peeked    map[string]*peeked // by table; never changes itself

	mu sync.RWMutex // held for reading by each View, for writing while the file is opened again
	db *bbolt.DB

	sweepMu sync.RWMutex // held for reading while a backup copies files, tried for writing by Sweep
	blobMu  sync.Mutex   // held while a blob gets its name and while one is looked at and removed

	queueMu sync.Mutex
	queue   []*write
	closed  bool
	kick    chan struct{}
	ended   chan struct{}
	fault   atomic.Pointer[faultBox]
	began   atomic.Int64 // when the commit under way began, 0 when there is none
	lastNow time.Time    // only the committer touches it

	last   atomic.Uint64
	wakeMu sync.Mutex
	wake   chan struct{}
}

// Open opens the data folder, making it (mode 0700) and an empty store when they are not there. It returns Unavailable
// naming the process when another one has the folder, and an error naming both versions when the file was written by
// a newer release.
func Open(dir string, o Options) (*Store, error) {
	s := &Store{dir: dir, clock: o.Clock, log: o.Log, noSync: o.NoSync, committed: o.Committed, kick: make(chan struct{}, 1), ended: make(chan struct{}), wake: make(chan struct{}), peeked: newPeeked()}
	if s.clock == nil {
		s.clock = time.Now
	}
	if s.log == nil {
		s.log = slog.Default()
	}
	if err := os.MkdirAll(filepath.Join(dir, "blob", "new"), 0o700); err != nil {
		return nil, fmt.Errorf("store: make data folder: %w", err)
	}
	if err := s.takeLock(); err != nil {
		return nil, err
	}
	err := s.makeFile()
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
	go s.commitLoop()
	return s, nil
}

// Dir returns the data folder.
func (s *Store) Dir() string { return s.dir }

// ID returns the random name of this store, made with its file: an index that carries another belongs to another desk.
func (s *Store) ID() string { return s.id }

func (s *Store) takeLock() error {
	f, err := os.OpenFile(filepath.Join(s.dir, "lock"), os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return fmt.Errorf("store: open lock: %w", err)
	}
	err = syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB)
	for began := time.Now(); err != nil && time.Since(began) < 2*time.Second && ended(f); {
		// Whoever had it was killed while it began another process, which lets go of the lock in a moment.
		time.Sleep(10 * time.Millisecond)
		err = syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB)
	}
	if err != nil {
		who, _ := io.ReadAll(io.NewSectionReader(f, 0, 100))
		_ = f.Close()
		return &Error{Kind: Unavailable, Key: "error.folder-in-use", Args: map[string]any{"process": strings.TrimSpace(string(who)), "folder": s.dir},
			Err: fmt.Errorf("store: %s is in use by process %s", s.dir, strings.TrimSpace(string(who)))}
	}
	if err := f.Truncate(0); err == nil {
		_, err = f.WriteAt([]byte(fmt.Sprintf("%d\n", os.Getpid())), 0)
		if err != nil {
			s.log.Warn("store: name process in lock", "err", err)
		}
	}
	s.lock = f
	return nil
}

// ended reports whether the process that the lock names is no more.
func ended(lock *os.File) bool {
	b, err := io.ReadAll(io.NewSectionReader(lock, 0, 100))
	if err != nil {
		return false
	}
	pid, err := strconv.Atoi(strings.TrimSpace(string(b)))
	return err == nil && pid > 0 && errors.Is(syscall.Kill(pid, 0), syscall.ESRCH)
}

func (s *Store) path() string { return filepath.Join(s.dir, "desk.db") }

// makeFile makes an empty desk.db where there is none, under another name until it is whole: a power failure during the
// first start leaves none, or one that opens. Later the file must be there: a disk that went away and came back as an
// empty folder must not start an empty desk.
func (s *Store) makeFile() error {
	path := s.path()
	if _, err := os.Lstat(path); !errors.Is(err, os.ErrNotExist) {
		return nil // whatever else is wrong with it, opening it says so
	}
	if err := os.Remove(path + ".new"); err != nil && !errors.Is(err, os.ErrNotExist) {
		return fmt.Errorf("store: remove what was half made: %w", err)
	}
	db, err := bbolt.Open(path+".new", 0o600, nil)
	if err == nil {
		err = db.Close()
	}
	if err == nil {
		err = os.Rename(path+".new", path)
	}
	if err == nil {
		err = syncDir(s.dir)
	}
	if err != nil {
		return fmt.Errorf("store: make %s: %w", path, err)
	}
	if err := syncDir(filepath.Dir(s.dir)); err != nil { // the folder's own name; its parent may be closed to us
		s.log.Warn("store: the name of the data folder may not be on disk yet", "err", err)
	}
	return nil
}

// openFile opens desk.db. A file too damaged to be opened yields an error that says what to do.
func (s *Store) openFile() (err error) {
	path := s.path()
	bo := &bbolt.Options{Timeout: 2 * time.Second, FreelistType: bbolt.FreelistMapType, NoSync: s.noSync}
	var file *os.File
	bo.OpenFile = func(name string, flag int, mode os.FileMode) (f *os.File, err error) {
		file, err = os.OpenFile(name, flag&^os.O_CREATE, mode) // #nosec G304 -- bbolt gives back the path it was given
		return file, err
	}
	if ^uint(0)>>32 != 0 {
		// Address space only. A reader never waits for the file to be mapped again, nor the writer for readers.
		gigabytes := 64 // a variable, for the constant would not fit where int has 32 bits
		bo.InitialMmapSize = gigabytes << 30
	}
	damaged := func(what any) error { return badFile(path, "damaged", what) }
	defer debug.SetPanicOnFault(debug.SetPanicOnFault(true)) // pages that are not there, in a file that was cut short
	defer func() {
		if p := recover(); p != nil {
			// bbolt had no chance to let go of it. What is mapped holds the lock too, so that closing is not enough.
			err = errors.Join(damaged(p), syscall.Flock(int(file.Fd()), syscall.LOCK_UN), file.Close())
		}
	}()
	half, err := lookAtFile(path)
	if err != nil {
		return err
	}
	db, err := bbolt.Open(path, 0o600, bo)
	switch {
	case errors.Is(err, bolterrors.ErrInvalid), errors.Is(err, bolterrors.ErrChecksum), errors.Is(err, bolterrors.ErrVersionMismatch):
		return damaged(err)
	case err != nil:
		return fmt.Errorf("store: open %s: %w", path, err)
	}
	if half {
		s.log.Warn("store: one of the two heads of desk.db cannot be read: the other is taken, and the last change may be lost; a power failure leaves it so", "file", path)
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
			err = badFile(s.path(), "damaged", p)
		}
	}()
	if err := migrate(s.db, s.path(), migrations, s.clock()); err != nil {
		return err
	}
	var last uint64
	err = s.db.Update(func(tx *bbolt.Tx) error {
		for _, t := range tables {
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
		err = syncDir(s.dir)
	}
	if err != nil {
		return fmt.Errorf("store: prepare %s: %w", s.path(), err)
	}
	s.announce(last) // after a fault there may be more than was announced: a commit whose last sync failed, but which is there
	return nil
}

// Close waits for the writes that were handed over, then closes the file. Later calls of Update return Unavailable.
func (s *Store) Close() error {
	s.queueMu.Lock()
	if s.closed {
		s.queueMu.Unlock()
		return nil
	}
	s.closed = true
	s.queueMu.Unlock()
	s.poke()
	<-s.ended
	s.mu.Lock()
	defer s.mu.Unlock()
	err := s.db.Close()
	return errors.Join(err, s.lock.Close())
}

// View runs fn in a read transaction, a consistent picture of the store. fn must not keep the Tx nor call Update.
// Unavailable while the file cannot be read.
func (s *Store) View(fn func(*Tx) error) (err error) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	defer debug.SetPanicOnFault(debug.SetPanicOnFault(true))
	defer func() {
		if p := recover(); p != nil {
			if err = unreadable(p); err == nil {
				panic(p)
			}
			s.log.Error("store: read", "err", err)
		}
	}()
	err = s.db.View(func(b *bbolt.Tx) error {
		tx := &Tx{bolt: b, store: s, now: s.clock().UTC()}
		defer func() { tx.done = true }()
		return fn(tx)
	})
	if fault := s.Fault(); fault != nil && errors.Is(err, bolterrors.ErrDatabaseNotOpen) {
		return fault // a repair could not open it again yet
	}
	return err
}

// Update runs fn in a write transaction and returns when what it wrote is on disk, or with fn's error when nothing of
// it was kept. Writers that come while another is being committed share one commit. fn may run more than once, in
// another goroutine: it must assign its results rather than add to what it finds outside, must have no effect outside
// the transaction and must not call Update or View. A panic of fn is raised in the caller. Unavailable when the disk
// failed; the store then stops writing until its file has been opened again and checked.
func (s *Store) Update(by By, fn func(*Tx) error) error {
	if err := s.Fault(); err != nil {
		return err
	}
	used := func() {}
	if by.Once != nil {
		fn, used = by.Once.within(fn)
	}
	w := &write{by: by, fn: fn, done: make(chan struct{})}
	s.queueMu.Lock()
	if s.closed {
		s.queueMu.Unlock()
		return Fail(Unavailable, "error.stopping")
	}
	s.queue = append(s.queue, w)
	s.queueMu.Unlock()
	s.poke()
	<-w.done
	if w.panic != nil {
		s.log.Error("store: panic in transaction", "panic", w.panic, "stack", string(w.stack))
		panic(w.panic)
	}
	if w.err == nil {
		used()
	}
	return w.err
}

// Now reads the clock that the store was opened with. It is the desk's clock: code that has the store reads no other.
func (s *Store) Now() time.Time { return s.clock() }

// SecretKey returns the 32 secret bytes of DATA/key, making the file (mode 0600) when it is not there.
func (s *Store) SecretKey() ([]byte, error) {
	path := filepath.Join(s.dir, "key")
	b, err := os.ReadFile(path) // #nosec G304 -- DATA/key
	if err == nil {
		if k, err := hex.DecodeString(strings.TrimSpace(string(b))); err == nil && len(k) == 32 {
			return k, nil
		}
		return nil, fmt.Errorf("store: %s does not hold 32 bytes in hexadecimal", path)
	}
	if !errors.Is(err, os.ErrNotExist) {
		return nil, fmt.Errorf("store: read key: %w", err)
	}
	k := make([]byte, 32)
	rand.Read(k)
	if err := writeFileSync(path, []byte(hex.EncodeToString(k)+"\n"), 0o600); err != nil {
		return nil, fmt.Errorf("store: write key: %w", err)
	}
	return k, nil
}

func writeFileSync(path string, b []byte, mode os.FileMode) error {
	f, err := os.OpenFile(path+".new", os.O_WRONLY|os.O_CREATE|os.O_TRUNC, mode) // #nosec G304 -- a file of the data folder
	if err != nil {
		return err
	}
	_, err = f.Write(b)
	err = errors.Join(err, f.Sync(), f.Close())
	if err == nil {
		err = os.Rename(path+".new", path)
	}
	return errors.Join(err, syncDir(filepath.Dir(path)))
}

func syncDir(dir string) error {
	d, err := os.Open(dir) // #nosec G304 -- a folder of the data folder
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}
