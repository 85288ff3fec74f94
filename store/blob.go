package store

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"

	"sportello/store/act"
	"sportello/store/disk"
	"sportello/store/door"
)

// Blob is what is known of stored bytes: their SHA-256 in hexadecimal and their number.
type Blob struct {
	Sum  string
	Size int64
}

// PutBlob stores all that r gives, at most limit bytes (0: no limit), and returns its sum and size once the bytes and
// their name are on disk. Beyond the limit it returns TooLarge "error.file-too-large" and keeps nothing. The bytes are
// written in full even if the same are there already, so that neither time nor answer tells whether somebody else has
// the file. Until a row names it, a blob may be removed after an hour.
func (s *Store) PutBlob(r io.Reader, limit int64) (Blob, error) {
	dir := filepath.Join(s.dir, "blob", "new")
	f, err := os.CreateTemp(dir, "blob-*")
	if err != nil {
		return Blob{}, diskError(err)
	}
	defer os.Remove(f.Name())
	h := sha256.New()
	src := r
	if limit > 0 {
		src = io.LimitReader(r, limit+1)
	}
	from := &source{r: src}
	n, err := io.Copy(io.MultiWriter(f, h), from)
	if err != nil {
		_ = f.Close()
		if from.err != nil {
			return Blob{}, fmt.Errorf("store: read bytes of blob: %w", from.err)
		}
		return Blob{}, diskError(err)
	}
	if limit > 0 && n > limit {
		_ = f.Close()
		return Blob{}, Fail(TooLarge, "error.file-too-large", "megabytes", limit>>20)
	}
	if err := errors.Join(f.Sync(), f.Close()); err != nil {
		return Blob{}, diskError(err)
	}
	sum := hex.EncodeToString(h.Sum(nil))
	path := s.blobPath(sum)
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return Blob{}, diskError(err)
	}
	s.blobMu.Lock()
	err = os.Rename(f.Name(), path)
	s.blobMu.Unlock()
	if err != nil {
		return Blob{}, diskError(err)
	}
	if err := errors.Join(disk.SyncFolder(filepath.Dir(path)), disk.SyncFolder(filepath.Join(s.dir, "blob"))); err != nil {
		return Blob{}, diskError(err)
	}
	return Blob{Sum: sum, Size: n}, nil
}

// source remembers the error of its reader: an upload that broke off is no fault of the disk.
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

func diskError(err error) error {
	return &Error{Kind: Unavailable, Key: "error.disk", Err: fmt.Errorf("store: write blob: %w", err)}
}

// OpenBlob opens the bytes with the sum for reading; NotFound when they are not there.
func (s *Store) OpenBlob(sum string) (*os.File, error) {
	if !isSum(sum) {
		return nil, Fail(NotFound, "error.not-found")
	}
	f, err := os.Open(s.blobPath(sum))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, &Error{Kind: NotFound, Key: "error.not-found", Err: err}
	}
	if err != nil {
		return nil, fmt.Errorf("store: open blob: %w", err)
	}
	return f, nil
}

// isSum keeps everything but sums away from the file system.
func isSum(s string) bool {
	return len(s) == 2*sha256.Size && strings.Trim(s, "0123456789abcdef") == ""
}

func (s *Store) blobPath(sum string) string {
	return filepath.Join(s.dir, "blob", sum[:2], sum[2:])
}

func (s *Store) statBlob(sum string) error {
	if !isSum(sum) {
		return fmt.Errorf("store: %q is no sum", sum)
	}
	_, err := os.Stat(s.blobPath(sum))
	return err
}

// namesBlob reports whether some row names the bytes.
func (tx *Tx) namesBlob(sum string) bool {
	if FilesBySum.Has(tx, sum) || MailsBySum.Has(tx, sum) {
		return true
	}
	set, err := SettingsTable.Get(tx, 1)
	return err == nil && set.Logo == sum
}

// Sweep removes blobs that no row has named for an hour, and half-written ones as old. It reads one folder of 256 at
// a time and asks inside a write transaction before it removes. While HoldBlobs holds the files it leaves the rest for
// the next time. It returns how many it removed.
func (s *Store) Sweep() (int, error) {
	old := time.Now().Add(-time.Hour) // by the clock that the file system goes by, which need not be the desk's
	removed := 0
	root := filepath.Join(s.dir, "blob")
	dirs, err := os.ReadDir(root)
	if err != nil {
		return 0, fmt.Errorf("store: sweep: %w", err)
	}
	for _, d := range dirs {
		names, err := os.ReadDir(filepath.Join(root, d.Name()))
		if err != nil {
			return removed, fmt.Errorf("store: sweep: %w", err)
		}
		for _, f := range names {
			info, err := f.Info()
			if err != nil || info.ModTime().After(old) {
				continue
			}
			path := filepath.Join(root, d.Name(), f.Name())
			if d.Name() == "new" {
				if err := os.Remove(path); err == nil {
					removed++
				}
				continue
			}
			sum := d.Name() + f.Name()
			gone := false
			err = s.Update(By{Via: door.Desk, Act: act.Sweep}, func(tx *Tx) error {
				if tx.namesBlob(sum) {
					return nil
				}
				if !s.sweepMu.TryLock() {
					return errSweepLater
				}
				defer s.sweepMu.Unlock()
				// The time is read again, with the name held: the same bytes may have been stored again since.
				s.blobMu.Lock()
				defer s.blobMu.Unlock()
				if info, err := os.Stat(path); err != nil || info.ModTime().After(old) {
					return nil
				}
				if os.Remove(path) == nil {
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
	}
	return removed, nil
}
