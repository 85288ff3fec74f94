// Package backup keeps copies of a desk's data in a folder. Each copy is complete and verified by checksums; the copies
// share the bytes of files. A copy can be encrypted with age; the desk itself does not need the secret key.
//
//	PATH/sportello.txt               says what the folder is; locked by the process that writes into it
//	PATH/2026-11-23T02-30-00Z/       one backup, named after the moment (UTC) of its rows
//	  manifest.json                  Manifest: the contents, with size and SHA-256 of each part as stored
//	  desk.db                        the rows
//	  key                            the key that signs links
//	  spool/...                      mail that was accepted and not processed yet
//	  proof.json                     what the caller wants to compare after restoring
//	  files.txt                      NAME SIZE SHA256 of each file below blob, one a line
//	PATH/blob/ab/cdef...             bytes of files, shared; named by their SHA-256
//	PATH/blob-1a2b3c4d/ab/cdef...    the same encrypted to one set of recipients; named by an HMAC of their SHA-256
//	                                 under the desk's key, so that the names do not reveal the files
//	PATH/.new-*  PATH/.gone-*        a backup being made or removed; the next backup removes what a kill left
//	DATA/backup.db                   the rows of a backup before they are encrypted; removed right afterwards
//
// In an encrypted backup every part except manifest.json and files.txt ends in .age. Anybody who can read the folder
// can read the manifest: it contains counts, sizes and recipients, but no texts and no people.
package backup

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"time"
)

const (
	format      = 1
	marker      = "sportello.txt"
	manifest    = "manifest.json"
	filesList   = "files.txt"
	nameLayout  = "2006-01-02T15-04-05Z"
	unfinished  = ".new-"
	leaving     = ".gone-"
	encrypted   = ".age"
	plainFolder = "blob"
)

// Manifest describes a backup.
type Manifest struct {
	Format      int            `json:"format"`
	Desk        string         `json:"desk"`    // the random id of the store
	Program     string         `json:"program"` // the release that made it
	Schema      int            `json:"schema"`  // of the rows
	At          time.Time      `json:"at"`      // the moment of the rows
	Took        float64        `json:"took_seconds"`
	LastChange  uint64         `json:"last_change"`
	LeftOut     int            `json:"left_out,omitempty"` // number of rows whose sealed secrets the unencrypted backup omits
	Rows        map[string]int `json:"rows"`               // per table; "changes" is the change log
	Parts       []Part         `json:"parts"`              // everything except the manifest itself and the shared files
	Pool        string         `json:"pool"`               // the folder of shared files
	Files       int            `json:"files"`              // number of shared files the backup needs
	FileBytes   int64          `json:"file_bytes"`
	NewFiles    int            `json:"new_files"` // number of them that this backup copied
	NewBytes    int64          `json:"new_file_bytes"`
	Lost        []string       `json:"lost,omitempty"` // names of files that rows refer to and the desk no longer has
	EncryptedTo []string       `json:"encrypted_to,omitempty"`
	Config      string         `json:"config,omitempty"` // the configuration without secrets: for reading, it is not restored
}

// Part is one file of a backup as stored.
type Part struct {
	Name   string `json:"name"`
	Size   int64  `json:"size"`
	SHA256 string `json:"sha256"`
}

// Bytes returns the size of the backup, including the files it shares with others.
func (m *Manifest) Bytes() int64 {
	n := m.FileBytes
	for _, p := range m.Parts {
		n += p.Size
	}
	return n
}

// Entry is one backup in a folder. Err says why it cannot be used; Manifest may then be nil.
type Entry struct {
	Name     string
	Manifest *Manifest
	Err      error
}

// Folder is a folder of backups.
type Folder struct{ Path string }

// ErrNone is returned when there is no backup.
var ErrNone = errors.New("there is no backup")

// ErrBusy is returned when another process is writing into the folder.
var ErrBusy = errors.New("another backup is being made there")

// List returns the backups in the folder, the newest first. A folder that does not exist has none.
func (f Folder) List() ([]Entry, error) {
	entries, err := os.ReadDir(f.Path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("backup: list %s: %w", f.Path, err)
	}
	var out []Entry
	for _, e := range entries {
		if e.IsDir() && isName(e.Name()) {
			m, err := readManifest(filepath.Join(f.Path, e.Name()))
			out = append(out, Entry{Name: e.Name(), Manifest: m, Err: err})
		}
	}
	slices.SortFunc(out, func(a, b Entry) int { return strings.Compare(b.Name, a.Name) })
	return out, nil
}

// Newest returns the newest backup whose manifest can be read, ErrNone when there is none.
func (f Folder) Newest() (Entry, error) {
	all, err := f.List()
	for _, e := range all {
		if e.Err == nil {
			return e, nil
		}
	}
	if err == nil {
		err = fmt.Errorf("%s: %w", f.Path, ErrNone)
	}
	return Entry{}, err
}

// Find returns the folder and the backup for a path that a person named: a folder of backups, which means its newest,
// or one backup.
func Find(path string) (Folder, Entry, error) {
	if name := filepath.Base(path); isName(name) {
		if _, err := os.Stat(filepath.Join(path, manifest)); err == nil {
			m, err := readManifest(path)
			return Folder{filepath.Dir(path)}, Entry{Name: name, Manifest: m}, err
		}
	}
	f := Folder{path}
	if _, err := os.Stat(filepath.Join(path, marker)); err != nil {
		return f, Entry{}, fmt.Errorf("%s holds no backup: %w", path, err)
	}
	e, err := f.Newest()
	return f, e, err
}

// isName reports whether s is the name of a backup; a second backup of the same second ends in -2.
func isName(s string) bool {
	if len(s) < len(nameLayout) {
		return false
	}
	_, err := time.Parse(nameLayout, s[:len(nameLayout)])
	rest := s[len(nameLayout):]
	return err == nil && (rest == "" || len(rest) == 2 && rest[0] == '-' && rest[1] >= '2' && rest[1] <= '9')
}

func readManifest(dir string) (*Manifest, error) {
	raw, err := os.ReadFile(filepath.Join(dir, manifest)) // #nosec G304 -- the administrator chose the folder
	if err != nil {
		return nil, fmt.Errorf("backup: read manifest: %w", err)
	}
	m := new(Manifest)
	if err := json.Unmarshal(raw, m); err != nil {
		return nil, fmt.Errorf("backup: read %s: %w", filepath.Join(dir, manifest), err)
	}
	if m.Format != format {
		return nil, fmt.Errorf("backup: %s has format %d, this release knows %d", dir, m.Format, format)
	}
	if m.Pool != filepath.Base(m.Pool) || !strings.HasPrefix(m.Pool, plainFolder) {
		return nil, fmt.Errorf("backup: %s names a folder of files %q", dir, m.Pool)
	}
	for _, p := range m.Parts {
		if !filepath.IsLocal(p.Name) {
			return nil, fmt.Errorf("backup: %s names a part %q", dir, p.Name)
		}
	}
	return m, nil
}

// lock creates the folder if necessary and locks it for writing. It refuses a folder with other contents: removing old
// backups must never happen among other people's files. It returns ErrBusy when another process holds the lock.
func (f Folder) lock() (release func(), err error) {
	if err := os.MkdirAll(f.Path, 0o700); err != nil {
		return nil, fmt.Errorf("backup: make folder: %w", err)
	}
	path := filepath.Join(f.Path, marker)
	if _, err := os.Stat(path); errors.Is(err, fs.ErrNotExist) {
		entries, err := os.ReadDir(f.Path)
		if err != nil {
			return nil, fmt.Errorf("backup: read folder: %w", err)
		}
		if i := slices.IndexFunc(entries, func(e fs.DirEntry) bool { return e.Name() != "lost+found" }); i >= 0 {
			return nil, fmt.Errorf("%s holds %s and no backups: name a folder that is empty or does not exist yet", f.Path, entries[i].Name())
		}
	}
	lock, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o600) // #nosec G304 -- in the folder of backups
	if err != nil {
		return nil, fmt.Errorf("backup: open %s: %w", path, err)
	}
	if err := syscall.Flock(int(lock.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); errors.Is(err, syscall.EWOULDBLOCK) {
		_ = lock.Close()
		return nil, fmt.Errorf("%s: %w", f.Path, ErrBusy)
	} // a file system without locks is used unlocked
	if info, err := lock.Stat(); err == nil && info.Size() == 0 {
		if _, err := lock.WriteString(about); err != nil {
			_ = lock.Close()
			return nil, fmt.Errorf("backup: write %s: %w", path, err)
		}
	}
	return func() { _ = lock.Close() }, nil
}

const about = `This folder holds backups of a Sportello desk. Each folder named by a date is one of them; the folders named blob hold
files that they share, so copy the folder as a whole.

    sportello backup list PATH
    sportello backup verify PATH
    sportello restore PATH --data EMPTY_FOLDER
`

// tidy removes the remains of an interrupted backup or removal. The caller holds the lock.
func (f Folder) tidy() error {
	entries, err := os.ReadDir(f.Path)
	if err != nil {
		return fmt.Errorf("backup: read folder: %w", err)
	}
	for _, e := range entries {
		if strings.HasPrefix(e.Name(), unfinished) || strings.HasPrefix(e.Name(), leaving) {
			err = errors.Join(err, os.RemoveAll(filepath.Join(f.Path, e.Name())))
		}
		if e.IsDir() && isPool(e.Name()) {
			err = errors.Join(err, os.RemoveAll(filepath.Join(f.Path, e.Name(), "new")))
		}
	}
	if err != nil {
		return fmt.Errorf("backup: remove interrupted work: %w", err)
	}
	return nil
}

func isPool(name string) bool {
	return name == plainFolder || strings.HasPrefix(name, plainFolder+"-")
}

// pool returns the folder of shared files for a set of recipients. Files encrypted to one set can be read only by that
// set, so each set has its own folder.
func pool(recipients []string) string {
	if len(recipients) == 0 {
		return plainFolder
	}
	sorted := slices.Sorted(slices.Values(recipients))
	sum := sha256.Sum256([]byte(strings.Join(slices.Compact(sorted), "\n")))
	return plainFolder + "-" + hex.EncodeToString(sum[:4])
}

func poolPath(folder, pool, name string) string {
	return filepath.Join(folder, pool, name[:2], name[2:])
}

func syncDir(dir string) error {
	d, err := os.Open(dir) // #nosec G304 -- a folder of backups
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}
