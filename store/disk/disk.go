// Package disk keeps the one file of rows on a disk that may fail: it is made whole or not at all, locked, looked at
// before it is opened, brought to the schema of this release, and copied while others write to it. It knows no rows.
package disk

import (
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"runtime/debug"
	"syscall"
	"time"

	"go.etcd.io/bbolt"
	bolterrors "go.etcd.io/bbolt/errors"
)

// Damage is why a file cannot be opened as it is. Its text describes the damage; what to do about it depends on what
// else exists, which the caller knows.
type Damage struct {
	Path       string
	How        string // empty, short, foreign or damaged
	What       string
	Have, Need int64 // bytes, of a short one
}

func (d *Damage) Error() string {
	return fmt.Sprintf("disk: %s is damaged (%s): keep a copy of the data folder, bring the newest backup back into another folder with sportello restore, and let the desk serve that one", d.Path, d.What)
}

func damage(path, how string, what any) *Damage {
	return &Damage{Path: path, How: how, What: fmt.Sprint(what)}
}

func short(path string, have, need int64) *Damage {
	d := damage(path, "short", fmt.Sprintf("%d bytes of %d are there", have, need))
	d.Have, d.Need = have, need
	return d
}

// Newer is the error for a file that a newer release has written.
type Newer struct {
	Path       string
	Have, Want int // schema versions
}

func (n *Newer) Error() string {
	return fmt.Sprintf("disk: %s has schema %d, this release knows %d: use the newer release", n.Path, n.Have, n.Want)
}

// Held is the error for a lock that another process has.
type Held struct {
	Path, Process string
}

func (h *Held) Error() string {
	return fmt.Sprintf("disk: %s is in use by process %s", filepath.Dir(h.Path), h.Process)
}

// Make makes an empty file where there is none, under another name until it is whole: a power failure during the
// first start leaves none, or one that opens. Later the file must be there: a disk that went away and came back as an
// empty folder must not start an empty desk.
func Make(path string, log *slog.Logger) error {
	if _, err := os.Lstat(path); !errors.Is(err, os.ErrNotExist) {
		return nil // whatever else is wrong with it, opening it says so
	}
	if err := RemoveHalfMade(path); err != nil {
		return err
	}
	db, err := bbolt.Open(halfMade(path), 0o600, nil)
	if err == nil {
		err = db.Close()
	}
	if err == nil {
		_, err = Replace(path)
	}
	if err != nil {
		return fmt.Errorf("disk: make %s: %w", path, err)
	}
	if err := SyncFolder(filepath.Dir(filepath.Dir(path))); err != nil { // the folder's own name; its parent may be closed to us
		log.Warn("disk: the name of the data folder may not be on disk yet", "err", err)
	}
	return nil
}

// halfMade is the name that a file has until it is whole.
func halfMade(path string) string { return path + ".new" }

// RemoveHalfMade removes the file that was to take the place of the path and did not come to it, if there is one.
func RemoveHalfMade(path string) error {
	if err := os.Remove(halfMade(path)); err != nil && !errors.Is(err, os.ErrNotExist) {
		return fmt.Errorf("disk: remove what was half made: %w", err)
	}
	return nil
}

// Beside makes an empty file that is to take the place of the path, and opens it. Nothing that is written to it is on disk
// before its Sync.
func Beside(path string) (*bbolt.DB, error) {
	if err := RemoveHalfMade(path); err != nil {
		return nil, err
	}
	db, err := bbolt.Open(halfMade(path), 0o600, &bbolt.Options{NoSync: true})
	if err == nil {
		err = db.Close()
	}
	if err == nil {
		db, _, err = Open(halfMade(path), true)
	}
	if err != nil {
		return nil, errors.Join(fmt.Errorf("disk: make %s: %w", halfMade(path), err), RemoveHalfMade(path))
	}
	return db, nil
}

// Replace gives the file that was made beside the path, which has to be whole and synced, the place of the path.
// When replaced is true and there is an error, it has the place, but may lose it to the old one in a power failure.
func Replace(path string) (replaced bool, err error) {
	if err := os.Rename(halfMade(path), path); err != nil {
		return false, err
	}
	return true, SyncFolder(filepath.Dir(path))
}

// Open opens the file for reading and writing; it must be there. half reports that one of its two heads could not be
// read, so that the last commit may be lost. It returns *Damage for a file that cannot be opened as it is.
func Open(path string, noSync bool) (db *bbolt.DB, half bool, err error) {
	bo := &bbolt.Options{Timeout: 2 * time.Second, FreelistType: bbolt.FreelistMapType, NoSync: noSync}
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
	damaged := func(what any) error { return damage(path, "damaged", what) }
	defer debug.SetPanicOnFault(debug.SetPanicOnFault(true)) // pages that are not there, in a file that was cut short
	defer func() {
		if p := recover(); p != nil {
			// bbolt had no chance to let go of it. What is mapped holds the lock too, so that closing is not enough.
			err = errors.Join(damaged(p), syscall.Flock(int(file.Fd()), syscall.LOCK_UN), file.Close())
		}
	}()
	half, err = look(path)
	if err != nil {
		return nil, false, err
	}
	db, err = bbolt.Open(path, 0o600, bo)
	switch {
	case errors.Is(err, bolterrors.ErrInvalid), errors.Is(err, bolterrors.ErrChecksum), errors.Is(err, bolterrors.ErrVersionMismatch):
		return nil, false, damaged(err)
	case err != nil:
		return nil, false, fmt.Errorf("disk: open %s: %w", path, err)
	}
	return db, half, nil
}

// Unreadable turns the panic raised when a page of the file cannot be read, which the kernel reports as a memory fault,
// into an error. It returns nil for any other panic.
func Unreadable(p any) error {
	fault, is := p.(interface {
		error
		Addr() uintptr
	})
	if !is || fault.Addr() < 1<<16 { // the latter is a nil pointer of ours
		return nil
	}
	return fmt.Errorf("disk: a page of the file cannot be read: %w", fault)
}
