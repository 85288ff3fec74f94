package backup

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"filippo.io/age"

	"sportello/store"
	"sportello/store/db"
)

// Restoring says how a backup is restored.
type Restoring struct {
	Identities []age.Identity // for an encrypted backup
	Proof      bool           // only a trial: files are read and compared, but restored empty
	Damaged    bool           // put in place whatever could be restored, despite findings, as long as there are rows
	Log        func(format string, args ...any)
	Progress   func(done, total int64) // bytes read; may be nil
}

// ErrEncrypted is returned when a backup is encrypted and none of the identities opens it.
var ErrEncrypted = errors.New("the backup is encrypted, and none of the secret keys given opens it")

// Restore restores the backup into the folder to, which must be empty or not exist, and returns the stored proof, nil
// when there is none. It checks each part and file against its checksum. A mismatch or a missing file is a finding;
// with findings nothing is put in place unless o.Damaged is set. desk.db gets its name last, when everything is on the
// disk: an interrupted restore leaves nothing that looks like a complete desk, and can be started again. It returns
// ErrEncrypted when no identity opens the backup.
func (f Folder) Restore(ctx context.Context, e Entry, to string, o Restoring) (proof []byte, findings []string, err error) {
	if e.Err != nil {
		return nil, nil, e.Err
	}
	if len(e.Manifest.EncryptedTo) > 0 && len(o.Identities) == 0 {
		return nil, nil, ErrEncrypted
	}
	if e.Manifest.Schema > store.SchemaVersion() {
		return nil, nil, fmt.Errorf("the backup has rows of schema %d, this release knows %d: use the release that made it, %s", e.Manifest.Schema, store.SchemaVersion(), e.Manifest.Program)
	}
	work := filepath.Join(to, "restoring")
	if err := clear(to, work); err != nil {
		return nil, nil, err
	}
	r := &restoring{Restoring: o, ctx: ctx, folder: f, entry: e, to: work, pace: &pace{ctx: ctx}, total: e.Manifest.Bytes()}
	if len(e.Manifest.EncryptedTo) == 0 {
		r.Identities = nil
	}
	for _, p := range e.Manifest.Parts {
		if err := r.part(p); err != nil {
			return nil, nil, fmt.Errorf("backup: restore %s: %w", p.Name, err)
		}
	}
	if err := r.files(); err != nil {
		return nil, nil, fmt.Errorf("backup: restore files: %w", err)
	}
	_, noRows := os.Stat(filepath.Join(work, "desk.db"))
	if len(r.findings) > 0 && !o.Proof && (!o.Damaged || noRows != nil) {
		return nil, r.findings, os.RemoveAll(work)
	}
	return r.proof, r.findings, r.place(to)
}

// clear returns an error for a folder that contains anything but the remains of an interrupted restore.
func clear(to, work string) error {
	if err := os.MkdirAll(to, 0o700); err != nil {
		return fmt.Errorf("backup: make folder: %w", err)
	}
	entries, err := os.ReadDir(to)
	if err != nil {
		return fmt.Errorf("backup: read folder: %w", err)
	}
	for _, e := range entries {
		if e.Name() != filepath.Base(work) && e.Name() != "lost+found" {
			return fmt.Errorf("%s is not empty (it contains %s): nothing is overwritten", to, e.Name())
		}
	}
	if err := errors.Join(os.RemoveAll(work), os.MkdirAll(filepath.Join(work, "blob", "new"), 0o700)); err != nil {
		return fmt.Errorf("backup: make folder: %w", err)
	}
	return nil
}

type restoring struct {
	Restoring
	ctx      context.Context
	folder   Folder
	entry    Entry
	to       string
	pace     *pace
	proof    []byte
	findings []string
	read     int64
	total    int64
}

// maxFindings limits the findings reported for one backup.
const maxFindings = 100

func (r *restoring) find(format string, args ...any) {
	if len(r.findings) < maxFindings {
		r.findings = append(r.findings, fmt.Sprintf(format, args...))
	}
}

// part restores one part.
func (r *restoring) part(p Part) error {
	path := filepath.Join(r.folder.Path, r.entry.Name, filepath.FromSlash(p.Name))
	name := strings.TrimSuffix(p.Name, encrypted)
	with := r.Identities
	if name == p.Name {
		with = nil
	}
	keep := name == "desk.db" || name == "key" || name == db.SealName || strings.HasPrefix(name, "spool/")
	var out io.Writer = io.Discard
	var file *output
	var buf strings.Builder
	switch {
	case keep:
		target := filepath.Join(r.to, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(target), 0o700); err != nil {
			return err
		}
		var err error
		if file, err = create(target, r.pace); err != nil {
			return err
		}
		out = file
	case name == "proof.json":
		out = &buf
	}
	got, _, err := r.copy(path, out, with)
	if file != nil {
		err = errors.Join(err, file.close())
	}
	if r.ctx.Err() != nil {
		return r.ctx.Err()
	}
	var opened *age.NoIdentityMatchError
	switch {
	case errors.As(err, &opened):
		return ErrEncrypted
	case errors.Is(err, fs.ErrNotExist):
		r.find("%s is not there", p.Name)
	case errors.Is(err, errHere):
		return err
	case err != nil:
		r.find("%s cannot be read: %v", p.Name, err)
	case got.Size != p.Size || got.SHA256 != p.SHA256:
		r.find("%s is not what was written: %d bytes, SHA-256 %s, in the manifest %d and %s", p.Name, got.Size, got.SHA256, p.Size, p.SHA256)
	}
	if name == "proof.json" {
		r.proof = []byte(buf.String())
	}
	return nil
}

// errHere marks an error of the target disk, which is not a fault of the backup.
var errHere = errors.New("cannot write what is restored")

type here struct{ w io.Writer }

func (h here) Write(b []byte) (int, error) {
	n, err := h.w.Write(b)
	if err != nil {
		err = fmt.Errorf("%w: %w", errHere, err)
	}
	return n, err
}

// copy reads a whole file of the backup into out, decrypted when there are identities. It returns the file as stored
// and the sum of what was written to out.
func (r *restoring) copy(path string, out io.Writer, with []age.Identity) (Part, string, error) {
	in, err := os.Open(path) // #nosec G304 -- names from a manifest that were checked
	if err != nil {
		return Part{}, "", err
	}
	defer in.Close()
	lies, came := sha256.New(), sha256.New()
	n := &counted{r: r, in: io.TeeReader(in, lies)}
	src, err := unseal(n, with)
	if err == nil {
		_, err = io.Copy(io.MultiWriter(came, here{out}), src)
	}
	if err != nil {
		return Part{}, "", err
	}
	forget(in)
	return Part{Size: n.n, SHA256: hex.EncodeToString(lies.Sum(nil))}, hex.EncodeToString(came.Sum(nil)), nil
}

type counted struct {
	r  *restoring
	in io.Reader
	n  int64
}

func (c *counted) Read(b []byte) (int, error) {
	if err := c.r.ctx.Err(); err != nil {
		return 0, err
	}
	n, err := c.in.Read(b)
	c.n += int64(n)
	if c.r.read += int64(n); c.r.Progress != nil {
		c.r.Progress(c.r.read, c.r.total)
	}
	return n, err
}

// files restores the shared files that the rows refer to.
func (r *restoring) files() error {
	rows := filepath.Join(r.to, "desk.db")
	if info, err := os.Stat(rows); err != nil || info.Size() == 0 || len(r.findings) > 0 && !r.Damaged {
		return os.RemoveAll(rows) // the rows are missing or damaged: the files they need are unknown
	}
	listed := map[string]Part{}
	err := readList(filepath.Join(r.folder.Path, r.entry.Name, filesList), func(p Part) error { listed[p.Name] = p; return nil })
	if err != nil {
		r.find("%v", err)
		return nil
	}
	st, err := store.Open(r.to, db.Options{})
	if err != nil {
		r.find("the rows cannot be opened: %v", err)
		return os.RemoveAll(rows)
	}
	var inv db.Inventory
	err = st.View(func(tx *db.Tx) (err error) { inv, err = tx.Inventory(r.ctx); return err })
	key, keyErr := st.SecretKey()
	if err := errors.Join(err, keyErr, st.Close(), os.Remove(filepath.Join(r.to, "lock"))); err != nil {
		return err
	}
	lost := map[string]bool{}
	for _, name := range r.entry.Manifest.Lost {
		lost[name] = true
	}
	n := 0
	for _, raw := range inv.Blobs {
		sum := hex.EncodeToString(raw[:])
		name := storedName(key, sum, len(r.Identities) > 0)
		p, ok := listed[name]
		if !ok {
			if !lost[name] {
				r.find("the rows name the file %s, which the backup does not list", sum)
			} else if r.Log != nil {
				r.Log("the file %s was lost before the backup was made", sum)
			}
			continue
		}
		n++
		if err := r.file(sum, p); err != nil {
			return err
		}
	}
	if n != len(listed) {
		r.find("the backup lists %d files, the rows name %d of them", len(listed), n)
	}
	return nil
}

func (r *restoring) file(sum string, p Part) error {
	path := poolPath(r.folder.Path, r.entry.Manifest.Pool, p.Name)
	target := filepath.Join(r.to, "blob", sum[:2], sum[2:])
	if err := os.MkdirAll(filepath.Dir(target), 0o700); err != nil {
		return err
	}
	var out io.Writer = io.Discard
	closeOut := func() error { return os.WriteFile(target, nil, 0o600) }
	if !r.Proof {
		file, err := create(target, r.pace)
		if err != nil {
			return err
		}
		out, closeOut = file, file.close
	}
	got, came, err := r.copy(path, out, r.Identities)
	err = errors.Join(err, closeOut())
	const again = "; remove it, and the next backup copies it again"
	switch {
	case r.ctx.Err() != nil:
		return r.ctx.Err()
	case errors.Is(err, errHere):
		return err
	case errors.Is(err, fs.ErrNotExist):
		r.find("the file %s is not there", path)
	case err != nil:
		r.find("the file %s cannot be read: %v%s", path, err, again)
	case got.Size != p.Size || got.SHA256 != p.SHA256:
		r.find("the file %s is not what was written%s", path, again)
	case came != sum:
		r.find("the file %s is not the one that the rows name, %s", path, sum)
	}
	return nil
}

// place gives the restored files their final names, desk.db last.
func (r *restoring) place(to string) error {
	names := []string{"blob", "spool", "key", db.SealName, "desk.db"}
	err := filepath.WalkDir(r.to, func(path string, d fs.DirEntry, err error) error {
		if err == nil && d.IsDir() && !r.Proof {
			err = syncDir(path)
		}
		return err
	})
	for _, name := range names {
		if err != nil {
			break
		}
		if _, there := os.Lstat(filepath.Join(to, name)); there == nil {
			return fmt.Errorf("backup: %s appeared in %s in the meantime: nothing is overwritten", name, to)
		}
		if err = os.Rename(filepath.Join(r.to, name), filepath.Join(to, name)); errors.Is(err, fs.ErrNotExist) {
			err = nil // no mail was waiting or no secret sealed; other missing files are findings already
		}
	}
	if err = errors.Join(err, syncDir(to)); err != nil {
		return fmt.Errorf("backup: put in place: %w", err)
	}
	if err := os.RemoveAll(r.to); err != nil {
		return fmt.Errorf("backup: put in place: %w", err)
	}
	return nil
}
