package backup

import (
	"bufio"
	"cmp"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"time"

	"filippo.io/age"

	"sportello/store"
	"sportello/store/db"
	"sportello/store/fault"
)

// Source is what to back up, and how.
type Source struct {
	Store      *db.Store
	Program    string
	Config     string // written to the manifest, for reading
	Recipients []age.Recipient
	Named      []string // the recipients as configured
	Rate       int64    // bytes a second; 0 for no limit
	Log        *slog.Logger

	// Look, if not nil, sees the rows that are copied; Proof then returns what to store with them, nil for nothing.
	Look  func(*db.Tx) error
	Proof func(context.Context) ([]byte, error)

	Progress func(done, total int64) // bytes of rows and files; may be nil
}

// Make makes a backup and returns its manifest. The desk may be in use meanwhile. The backup gets its name only when
// all of it is on the disk; a failed or interrupted one leaves nothing but files that the next one reuses. It returns
// ErrBusy while another backup is being made there, and an error for a folder with another desk's backups.
func (f Folder) Make(ctx context.Context, s Source) (*Manifest, error) {
	if s.Log == nil {
		s.Log = slog.Default()
	}
	release, err := f.lock()
	if err != nil {
		return nil, err
	}
	defer release()
	if err := f.tidy(); err != nil {
		return nil, err
	}
	if aside.TryLock() { // a kill left it, or it does not exist
		err := os.Remove(filepath.Join(s.Store.Dir(), asideName))
		aside.Unlock()
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			return nil, fmt.Errorf("backup: remove interrupted work: %w", err)
		}
	}
	last, err := f.Newest()
	if err != nil && !errors.Is(err, ErrNone) {
		return nil, err
	}
	if last.Manifest != nil && last.Manifest.Desk != s.Store.ID() {
		return nil, fmt.Errorf("%s holds backups of another desk: give each desk a folder of its own", f.Path)
	}
	m := &making{folder: f, Source: s, ctx: ctx, last: last, began: time.Now(), pace: &pace{ctx: ctx, rate: float64(s.Rate)}}
	if m.dir, err = os.MkdirTemp(f.Path, unfinished); err != nil {
		return nil, fmt.Errorf("backup: make folder: %w", err)
	}
	out, err := m.make()
	if err != nil {
		return nil, errors.Join(fmt.Errorf("backup: %w", err), os.RemoveAll(m.dir))
	}
	return out, nil
}

// making is one backup in progress.
type making struct {
	Source
	folder Folder
	ctx    context.Context
	last   Entry
	began  time.Time
	pace   *pace
	dir    string
	man    Manifest
	inv    db.Inventory
}

func (m *making) make() (*Manifest, error) {
	defer m.Store.HoldBlobs()()
	m.man = Manifest{Format: format, Desk: m.Store.ID(), Program: m.Program, Schema: store.SchemaVersion(), EncryptedTo: m.Named, Config: m.Config, Pool: pool(m.Named)}
	key, err := m.Store.SecretKey()
	if err != nil {
		return nil, err
	}
	// Copy waiting mail before the rows: mail processed in between is in both, and recognised by its Message-ID.
	if err := m.spool(); err != nil {
		return nil, err
	}
	if err := m.rows(); err != nil {
		return nil, err
	}
	if err := m.part("key", strings.NewReader(hex.EncodeToString(key)+"\n")); err != nil {
		return nil, err
	}
	if len(m.Recipients) > 0 { // without it what rows hold sealed opens nowhere: not for whoever finds a backup that is plain
		salt, err := m.Store.SealSalt()
		if err != nil {
			return nil, err
		}
		if err := m.part(db.SealName, strings.NewReader(hex.EncodeToString(salt)+"\n")); err != nil {
			return nil, err
		}
	}
	if err := m.files(key); err != nil {
		return nil, err
	}
	if m.Proof != nil {
		raw, err := m.Proof(m.ctx)
		if err != nil {
			return nil, err
		}
		if raw != nil {
			if err := m.part("proof.json", strings.NewReader(string(raw))); err != nil {
				return nil, err
			}
		}
	}
	return m.finish()
}

func (m *making) spool() error {
	root := filepath.Join(m.Store.Dir(), "spool")
	return filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		if errors.Is(err, fs.ErrNotExist) {
			return nil // it does not exist, or was processed after it was listed
		}
		if err != nil || !d.Type().IsRegular() {
			return err
		}
		in, err := os.Open(path) // #nosec G304 G122 -- the data folder is 0700: only the desk writes there
		if errors.Is(err, fs.ErrNotExist) {
			return nil
		}
		if err != nil {
			return err
		}
		defer in.Close()
		rel, err := filepath.Rel(m.Store.Dir(), path)
		if err != nil {
			return err
		}
		return m.part(filepath.ToSlash(rel), in)
	})
}

// part writes what r returns to the backup and adds it to the manifest.
func (m *making) part(name string, r io.Reader) error {
	return m.partFrom(name, m.Recipients, func(w io.Writer) error { _, err := io.Copy(w, r); return err })
}

func (m *making) partFrom(name string, to []age.Recipient, write func(io.Writer) error) error {
	if len(to) > 0 {
		name += encrypted
	}
	path := filepath.Join(m.dir, filepath.FromSlash(name))
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return err
	}
	out, err := create(path, m.pace)
	if err != nil {
		return err
	}
	w, err := seal(out, to)
	if err == nil {
		err = errors.Join(write(w), w.close())
	} else {
		err = errors.Join(err, out.close())
	}
	if err != nil {
		return fmt.Errorf("write %s: %w", name, err)
	}
	m.man.Parts = append(m.man.Parts, Part{Name: name, Size: out.size, SHA256: out.sum()})
	return nil
}

// aside is held while a copy of the rows exists; the data folder belongs to this process alone.
var aside sync.Mutex

const asideName = "backup.db"

// rows copies desk.db and counts the rows of the copy.
func (m *making) rows() error {
	name, path := "desk.db", filepath.Join(m.dir, "desk.db")
	flags := os.O_RDWR | os.O_CREATE | os.O_EXCL
	if len(m.Recipients) > 0 {
		// Unencrypted data stay on the desk's own disk.
		path, flags = filepath.Join(m.Store.Dir(), asideName), os.O_RDWR|os.O_CREATE
	}
	f, err := os.OpenFile(path, flags, 0o600) // #nosec G304 -- the name is a constant, in the data folder or in the folder of backups
	if err != nil {
		return err
	}
	defer f.Close()
	if len(m.Recipients) > 0 {
		if !aside.TryLock() {
			return fmt.Errorf("%s: %w", path, ErrBusy)
		}
		defer aside.Unlock()
		defer os.Remove(path)
		if err := f.Truncate(0); err != nil {
			return err
		}
	}
	at, size, err := m.copyRows(f)
	if err != nil {
		return err
	}
	m.man.At = at
	if err := f.Sync(); err != nil {
		return err
	}
	err = store.Inspect(path, func(tx *db.Tx) (err error) {
		m.man.LastChange = tx.LastChange()
		if m.inv, err = tx.Inventory(m.ctx); err != nil {
			return err
		}
		m.man.Rows = m.inv.Rows
		if len(m.Recipients) == 0 {
			if m.man.LeftOut, err = sealedRows(tx); err != nil {
				return err
			}
		}
		if m.Look != nil {
			err = m.Look(tx)
		}
		return err
	})
	if err != nil {
		return err
	}
	if _, err := f.Seek(0, io.SeekStart); err != nil {
		return err
	}
	if len(m.Recipients) > 0 {
		return m.part(name, f)
	}
	h := sha256.New()
	if _, err := io.CopyBuffer(h, struct{ io.Reader }{f}, make([]byte, 1<<20)); err != nil {
		return err
	}
	forget(f)
	m.man.Parts = append(m.man.Parts, Part{Name: name, Size: size, SHA256: hex.EncodeToString(h.Sum(nil))})
	return nil
}

// sealedRows returns the number of rows with sealed secrets.
func sealedRows(tx *db.Tx) (n int, err error) {
	for row, err := range store.MailServers.All(tx, 0, false) {
		if err != nil {
			return 0, err
		}
		if row.HoldsSealed() {
			n++
		}
	}
	return n, nil
}

// copyRows copies desk.db at the permitted speed.
func (m *making) copyRows(f *os.File) (time.Time, int64, error) {
	var total, done int64
	if info, err := os.Stat(filepath.Join(m.Store.Dir(), "desk.db")); err == nil {
		total = info.Size()
	}
	var sent, end int64 // bytes handed to the disk, and bytes written
	return m.Store.CopyRows(m.ctx, f, func(off int64, n int) error {
		if off < end { // bytes that changed are written again: the final sync includes them
			return m.pace.spent(n)
		}
		if end = off + int64(n); end-sent >= step {
			writeBehind(f, max(sent-step, 0), sent, end, true) // it will be read again for the counts and the sum
			sent = end
		}
		if done += int64(n); m.Progress != nil {
			m.Progress(min(done, total), total)
		}
		return m.pace.spent(n)
	})
}

// files copies the files that are missing and lists all that the rows refer to.
func (m *making) files(key []byte) error {
	known, err := m.known()
	if err != nil {
		return err
	}
	root := filepath.Join(m.folder.Path, m.man.Pool)
	if err := os.MkdirAll(filepath.Join(root, "new"), 0o700); err != nil {
		return err
	}
	touched := map[string]bool{}
	err = m.partFrom(filesList, nil, func(w io.Writer) error {
		list := bufio.NewWriter(w)
		for _, raw := range m.inv.Blobs {
			if err := m.ctx.Err(); err != nil {
				return err
			}
			sum := hex.EncodeToString(raw[:])
			name := storedName(key, sum, len(m.Recipients) > 0)
			at, err := m.file(sum, name, known[name], touched)
			if fault.KindOf(err) == fault.NotFound {
				m.Log.Warn("backup: a row names a file that is not there", "sum", sum)
				m.man.Lost = append(m.man.Lost, name)
				continue
			}
			if err != nil {
				return err
			}
			m.man.Files++
			m.man.FileBytes += at.Size
			fmt.Fprintf(list, "%s %d %s\n", name, at.Size, at.SHA256)
		}
		return list.Flush()
	})
	for dir := range touched {
		err = errors.Join(err, syncDir(dir))
	}
	if err != nil {
		return err
	}
	if err := os.Remove(filepath.Join(root, "new")); err != nil {
		return err
	}
	return errors.Join(syncDir(root), syncDir(m.folder.Path))
}

// storedName returns the name of the file with the sum in its pool.
func storedName(key []byte, sum string, secret bool) string {
	if !secret {
		return sum
	}
	h := hmac.New(sha256.New, key)
	_, _ = io.WriteString(h, "backup file 1 "+sum) // writing to a hash cannot fail
	return hex.EncodeToString(h.Sum(nil))
}

// known returns the sums of the encrypted files of the previous backup; otherwise they would have to be read again.
func (m *making) known() (map[string]Part, error) {
	out := map[string]Part{}
	if len(m.Recipients) == 0 || m.last.Manifest == nil || m.last.Manifest.Pool != m.man.Pool {
		return out, nil
	}
	err := readList(filepath.Join(m.folder.Path, m.last.Name, filesList), func(p Part) error { out[p.Name] = p; return nil })
	if errors.Is(err, fs.ErrNotExist) {
		err = nil
	}
	return out, err
}

// file makes sure that the pool contains the file and returns it as stored.
func (m *making) file(sum, name string, known Part, touched map[string]bool) (Part, error) {
	path := poolPath(m.folder.Path, m.man.Pool, name)
	in, err := m.Store.OpenBlob(sum)
	if err != nil {
		return Part{}, err
	}
	defer in.Close()
	if there, err := os.Stat(path); err == nil {
		if len(m.Recipients) == 0 {
			if from, err := in.Stat(); err == nil && from.Size() == there.Size() {
				return Part{Name: name, Size: there.Size(), SHA256: sum}, nil
			}
		} else if known.Size == there.Size() && known.SHA256 != "" {
			return known, nil
		}
		// Its size differs, or it is encrypted and no list has its sum: write it again.
	}
	out, err := create(filepath.Join(m.folder.Path, m.man.Pool, "new", name), m.pace)
	if err != nil {
		return Part{}, err
	}
	w, err := seal(out, m.Recipients)
	if err != nil {
		return Part{}, errors.Join(err, out.close())
	}
	_, err = io.Copy(w, in)
	if err = errors.Join(err, w.close()); err != nil {
		return Part{}, fmt.Errorf("copy file: %w", errors.Join(err, os.Remove(out.f.Name())))
	}
	if len(m.Recipients) == 0 && out.sum() != sum {
		// The desk's own bytes do not match their name. Nothing better exists, so keep them under their actual sum.
		m.Log.Error("backup: the bytes of a file have changed on the disk", "sum", sum)
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return Part{}, err
	}
	if err := os.Rename(out.f.Name(), path); err != nil {
		return Part{}, err
	}
	touched[filepath.Dir(path)] = true
	m.man.NewFiles++
	m.man.NewBytes += out.size
	return Part{Name: name, Size: out.size, SHA256: out.sum()}, nil
}

// readList reads the list of files of a backup.
func readList(path string, each func(Part) error) error {
	in, err := os.Open(path) // #nosec G304 G122 -- the data folder is 0700: only the desk writes there
	if err != nil {
		return err
	}
	defer in.Close()
	lines := bufio.NewScanner(in)
	for n := 1; lines.Scan(); n++ {
		fields := strings.Split(lines.Text(), " ")
		if len(fields) != 3 || !isSum(fields[0]) || !isSum(fields[2]) {
			return fmt.Errorf("backup: %s: line %d is not a line of a list of files", path, n)
		}
		size, err := strconv.ParseInt(fields[1], 10, 64)
		if err != nil || size < 0 {
			return fmt.Errorf("backup: %s: line %d is not a line of a list of files", path, n)
		}
		if err := each(Part{Name: fields[0], Size: size, SHA256: fields[2]}); err != nil {
			return err
		}
	}
	return lines.Err()
}

func isSum(s string) bool {
	return len(s) == 2*sha256.Size && strings.Trim(s, "0123456789abcdef") == ""
}

// finish writes the manifest and gives the backup its final name.
func (m *making) finish() (*Manifest, error) {
	m.man.Took = time.Since(m.began).Round(time.Millisecond).Seconds()
	raw, err := json.MarshalIndent(m.man, "", "  ")
	if err != nil {
		return nil, err
	}
	out, err := create(filepath.Join(m.dir, manifest), m.pace)
	if err != nil {
		return nil, err
	}
	_, err = out.Write(append(raw, '\n'))
	if err = errors.Join(err, out.close()); err != nil {
		return nil, err
	}
	if err := filepath.WalkDir(m.dir, func(path string, d fs.DirEntry, err error) error {
		if err == nil && d.IsDir() {
			err = syncDir(path)
		}
		return err
	}); err != nil {
		return nil, err
	}
	base := m.man.At.UTC().Format(nameLayout)
	for n := 1; n < 10; n++ {
		name := base
		if n > 1 {
			name = fmt.Sprintf("%s-%d", base, n)
		}
		to := filepath.Join(m.folder.Path, name)
		if _, err := os.Lstat(to); err == nil {
			continue
		}
		if err := cmp.Or(os.Rename(m.dir, to), syncDir(m.folder.Path)); err != nil {
			return nil, err
		}
		return &m.man, nil
	}
	return nil, fmt.Errorf("ten backups at %s", base)
}
