package disk

import (
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// Lock takes the lock in the file for this process, whose number it writes into it. It returns *Held when another
// process has it.
func Lock(path string, log *slog.Logger) (*os.File, error) {
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o600) // #nosec G304 -- a file of the data folder
	if err != nil {
		return nil, fmt.Errorf("disk: open lock: %w", err)
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
		return nil, &Held{Path: path, Process: strings.TrimSpace(string(who))}
	}
	if err := f.Truncate(0); err == nil {
		_, err = f.WriteAt([]byte(fmt.Sprintf("%d\n", os.Getpid())), 0)
		if err != nil {
			log.Warn("disk: name process in lock", "err", err)
		}
	}
	return f, nil
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

// Write writes the file whole or not at all: under another name, synced, then renamed.
func Write(path string, b []byte, mode os.FileMode) error {
	f, err := os.OpenFile(path+".new", os.O_WRONLY|os.O_CREATE|os.O_TRUNC, mode) // #nosec G304 -- a file of the data folder
	if err != nil {
		return err
	}
	_, err = f.Write(b)
	err = errors.Join(err, f.Sync(), f.Close())
	if err == nil {
		err = os.Rename(path+".new", path)
	}
	return errors.Join(err, SyncFolder(filepath.Dir(path)))
}

// SyncFolder makes the names in the folder last.
func SyncFolder(dir string) error {
	d, err := os.Open(dir) // #nosec G304 -- a folder of the data folder
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}
