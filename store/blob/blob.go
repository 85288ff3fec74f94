// Package blob keeps files in a folder under the SHA-256 of their bytes.
package blob

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"iter"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"sportello/store/disk"
)

// unfinished is the subfolder of files that have no name yet.
const unfinished = "new"

// ErrTooLarge is returned by Put for more bytes than the limit.
var ErrTooLarge = errors.New("blob: too large")

// SourceError is the error of the reader given to Put: an upload that broke off is no fault of the disk.
type SourceError struct{ Err error }

func (e *SourceError) Error() string { return fmt.Sprintf("blob: read the bytes: %v", e.Err) }

func (e *SourceError) Unwrap() error { return e.Err }

// Blob is what is known of stored bytes: their SHA-256 in hexadecimal and their number.
type Blob struct {
	Sum  string
	Size int64
}

// Folder holds blobs. Its methods may be called at once.
type Folder struct {
	path string
	mu   sync.Mutex // held while a blob gets its name and while one is looked at and removed
}

// Open returns the folder, and makes it (mode 0700) where it is not there.
func Open(path string) (*Folder, error) {
	if err := os.MkdirAll(filepath.Join(path, unfinished), 0o700); err != nil {
		return nil, err
	}
	return &Folder{path: path}, nil
}

// Path returns where the bytes with the sum are.
func (f *Folder) Path(sum string) string { return filepath.Join(f.path, sum[:2], sum[2:]) }

// Put stores all that r gives, at most limit bytes (0: no limit), and returns its sum and size once the bytes and their
// name are on disk. The bytes are written in full even if the same are there already, so that neither time nor answer
// tells whether they were. It returns ErrTooLarge or a SourceError and keeps nothing; any other error is the disk's.
func (f *Folder) Put(r io.Reader, limit int64) (Blob, error) {
	file, err := os.CreateTemp(filepath.Join(f.path, unfinished), "blob-*")
	if err != nil {
		return Blob{}, err
	}
	defer os.Remove(file.Name())
	h := sha256.New()
	if limit > 0 {
		r = io.LimitReader(r, limit+1)
	}
	from := &source{r: r}
	n, err := io.Copy(io.MultiWriter(file, h), from)
	switch {
	case from.err != nil:
		err = &SourceError{from.err}
	case err == nil && limit > 0 && n > limit:
		err = ErrTooLarge
	}
	if err != nil {
		_ = file.Close()
		return Blob{}, err
	}
	if err := errors.Join(file.Sync(), file.Close()); err != nil {
		return Blob{}, err
	}
	b := Blob{Sum: hex.EncodeToString(h.Sum(nil)), Size: n}
	path := f.Path(b.Sum)
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return Blob{}, err
	}
	f.mu.Lock()
	err = os.Rename(file.Name(), path)
	f.mu.Unlock()
	if err != nil {
		return Blob{}, err
	}
	return b, errors.Join(disk.SyncFolder(filepath.Dir(path)), disk.SyncFolder(f.path))
}

// source remembers the error of its reader.
type source struct {
	r   io.Reader
	err error
}

func (s *source) Read(b []byte) (int, error) {
	n, err := s.r.Read(b)
	if err != nil && err != io.EOF {
		s.err = err
	}
	return n, err
}

// Get opens the bytes with the sum for reading; fs.ErrNotExist when they are not there.
func (f *Folder) Get(sum string) (*os.File, error) {
	if !isSum(sum) {
		return nil, fs.ErrNotExist
	}
	return os.Open(f.Path(sum))
}

// Has returns nil when the bytes with the sum are there.
func (f *Folder) Has(sum string) error {
	if !isSum(sum) {
		return fmt.Errorf("blob: %q is no sum", sum)
	}
	_, err := os.Stat(f.Path(sum))
	return err
}

// isSum keeps everything but sums away from the file system.
func isSum(s string) bool {
	return len(s) == 2*sha256.Size && strings.Trim(s, "0123456789abcdef") == ""
}

// Before gives the sums of the blobs that were written before the time, by the clock of the file system. It reads one
// folder of 256 at a time.
func (f *Folder) Before(old time.Time) iter.Seq2[string, error] {
	return func(yield func(string, error) bool) {
		for path, err := range f.filesBefore(old) {
			if dir := filepath.Base(filepath.Dir(path)); dir != unfinished && !yield(dir+filepath.Base(path), err) {
				return
			}
		}
	}
}

// filesBefore gives the paths of all files that were written before the time.
func (f *Folder) filesBefore(old time.Time) iter.Seq2[string, error] {
	return func(yield func(string, error) bool) {
		dirs, err := os.ReadDir(f.path)
		if err != nil {
			yield("", err)
			return
		}
		for _, d := range dirs {
			names, err := os.ReadDir(filepath.Join(f.path, d.Name()))
			if err != nil {
				yield("", err)
				return
			}
			for _, n := range names {
				if info, err := n.Info(); err == nil && !info.ModTime().After(old) && !yield(filepath.Join(f.path, d.Name(), n.Name()), nil) {
					return
				}
			}
		}
	}
}

// Remove removes the blob unless it was written again since the time, and reports whether it did.
func (f *Folder) Remove(sum string, old time.Time) bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	info, err := os.Stat(f.Path(sum))
	return err == nil && !info.ModTime().After(old) && os.Remove(f.Path(sum)) == nil
}

// RemoveUnfinished removes what was begun before the time and never got its name, and returns how many files it was.
func (f *Folder) RemoveUnfinished(old time.Time) (int, error) {
	removed := 0
	for path, err := range f.filesBefore(old) {
		if err != nil {
			return removed, err
		}
		if filepath.Base(filepath.Dir(path)) == unfinished && os.Remove(path) == nil {
			removed++
		}
	}
	return removed, nil
}
