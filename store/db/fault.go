package db

import (
	"errors"
	"fmt"
	"os"
	"time"

	"sportello/store/disk"
	"sportello/store/fault"
)

type faultBox struct{ err error }

// unreadable turns the panic raised when a page of the file cannot be read into an error. It returns nil for any other
// panic.
func unreadable(p any) error {
	if err := disk.Unreadable(p); err != nil {
		return &fault.Error{Kind: fault.Unavailable, Key: "error.disk", Err: err}
	}
	return nil
}

// told returns the error for a person where the file is damaged, newer, or somebody else's.
func (s *Store) told(err error) error {
	if d, ok := errors.AsType[*disk.Damage](err); ok {
		e := &fault.Error{Kind: fault.Unavailable, Key: "error.database-" + d.How, Args: map[string]any{"file": d.Path, "what": d.What}, Err: err}
		if d.Need > 0 {
			e.Args["have"], e.Args["need"] = d.Have, d.Need
		}
		return e
	}
	if n, ok := errors.AsType[*disk.Newer](err); ok {
		return &fault.Error{Kind: fault.Unavailable, Key: "error.newer-data", Args: map[string]any{"file": n.Path, "have": n.Have, "want": n.Want}, Err: err}
	}
	if h, ok := errors.AsType[*disk.Held](err); ok {
		return &fault.Error{Kind: fault.Unavailable, Key: "error.folder-in-use", Args: map[string]any{"process": h.Process, "folder": s.dir}, Err: err}
	}
	return err
}

// Fault returns the error that has stopped all writing, nil while the store can be written.
func (s *Store) Fault() error {
	if f := s.fault.Load(); f != nil {
		return &fault.Error{Kind: fault.Unavailable, Key: "error.disk", Err: f.err}
	}
	return nil
}

// poison stops all writing and tries to reopen the file until that succeeds. What a failed sync left in the page cache
// cannot be trusted, so the file is closed, opened and checked before anybody writes again.
func (s *Store) poison(err error) {
	s.log.Error("store: writing stopped", "err", err)
	if !s.fault.CompareAndSwap(nil, &faultBox{err}) {
		return
	}
	go s.recover()
}

func (s *Store) recover() {
	wait := 250 * time.Millisecond
	for {
		time.Sleep(wait) // back-off of a background repair: nothing else wakes when a disk becomes well
		if s.isClosed() {
			return
		}
		if err := s.reopen(); err != nil {
			s.log.Error("store: still not writing", "err", err)
			s.fault.Store(&faultBox{err})
			if wait *= 2; wait > 15*time.Second {
				wait = 15 * time.Second
			}
			continue
		}
		s.log.Info("store: writing again")
		s.fault.Store(nil)
		return
	}
}

// isClosed reports whether Close was called; a copy that is only inspected is never closed.
func (s *Store) isClosed() bool { return s.writes != nil && s.writes.Closed() }

func (s *Store) reopen() error {
	// As long as it cannot even be opened for writing, the one that is open can be read.
	if f, err := os.OpenFile(s.path(), os.O_RDWR, 0); err != nil {
		return fmt.Errorf("store: open again: %w", err)
	} else if err := f.Close(); err != nil {
		return fmt.Errorf("store: open again: %w", err)
	}
	s.mu.Lock()
	if s.isClosed() {
		s.mu.Unlock()
		return nil
	}
	old := s.db
	if err := old.Close(); err != nil {
		s.log.Warn("store: close failed file", "err", err)
	}
	err := s.openFile()
	s.opened.Add(1) // what was kept may rest on what is not there any more
	s.mu.Unlock()
	if err != nil {
		return err
	}
	// Outside the lock, for a desk that cannot write may still be read.
	if err := s.prepare(); err != nil {
		return err
	}
	if findings := s.Check(); len(findings) > 0 {
		return fmt.Errorf("store: check after fault: %s (and %d more)", findings[0], len(findings)-1)
	}
	return nil
}
