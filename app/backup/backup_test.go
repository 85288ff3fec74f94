package backup

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"filippo.io/age"

	"sportello/store"
	"sportello/store/act"
	"sportello/store/db"
)

var quiet = slog.New(slog.DiscardHandler)

// fixture is a desk with some rows and files.
type fixture struct {
	t  *testing.T
	st *db.Store
}

func newFixture(t *testing.T) *fixture {
	t.Helper()
	st, err := store.Open(filepath.Join(t.TempDir(), "data"), db.Options{Log: quiet, NoSync: true})
	must(t, err)
	t.Cleanup(func() { must(t, st.Close()) })
	return &fixture{t, st}
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// file attaches a file with the text to a new ticket and returns its sum.
func (x *fixture) file(text string) string {
	x.t.Helper()
	b, err := x.st.PutBlob(strings.NewReader(text), 0)
	must(x.t, err)
	must(x.t, x.st.Update(db.By{Act: act.Change}, func(tx *db.Tx) error {
		return store.Files.Put(tx, &store.File{Sum: b.Sum, Size: b.Size, Name: "nota.txt"})
	}))
	return b.Sum
}

func (x *fixture) source() Source {
	return Source{Store: x.st, Program: "test", Log: quiet}
}

func (x *fixture) make(f Folder, change ...func(*Source)) *Manifest {
	x.t.Helper()
	s := x.source()
	for _, c := range change {
		c(&s)
	}
	m, err := f.Make(x.t.Context(), s)
	must(x.t, err)
	return m
}

func encryptedTo(ids ...*age.X25519Identity) func(*Source) {
	return func(s *Source) {
		for _, id := range ids {
			s.Recipients = append(s.Recipients, id.Recipient())
			s.Named = append(s.Named, id.Recipient().String())
		}
	}
}

func identity(t *testing.T) *age.X25519Identity {
	t.Helper()
	id, err := age.GenerateX25519Identity()
	must(t, err)
	return id
}

// restored restores the newest backup and opens it.
func restored(t *testing.T, f Folder, o Restoring) *db.Store {
	t.Helper()
	e, err := f.Newest()
	must(t, err)
	to := filepath.Join(t.TempDir(), "restored")
	_, findings, err := f.Restore(t.Context(), e, to, o)
	must(t, err)
	for _, s := range findings {
		t.Errorf("finding: %s", s)
	}
	return opened(t, to)
}

func opened(t *testing.T, dir string) *db.Store {
	t.Helper()
	st, err := store.Open(dir, db.Options{Log: quiet, NoSync: true})
	must(t, err)
	t.Cleanup(func() { must(t, st.Close()) })
	for _, s := range st.Check() {
		t.Errorf("restored data: %s", s)
	}
	return st
}

func has(t *testing.T, st *db.Store, sum, text string) {
	t.Helper()
	f, err := st.OpenBlob(sum)
	must(t, err)
	defer f.Close()
	if b, err := io.ReadAll(f); err != nil || string(b) != text {
		t.Errorf("the file %s has %q, %v", sum, b, err)
	}
}

func TestABackupIsTheDeskAsItWas(t *testing.T) {
	one, two := identity(t), identity(t)
	for name, c := range map[string]struct {
		to   []*age.X25519Identity
		with []age.Identity
	}{
		"plain":                               {},
		"encrypted":                           {[]*age.X25519Identity{one}, []age.Identity{one}},
		"encrypted to two, opened by one":     {[]*age.X25519Identity{one, two}, []age.Identity{two}},
		"plain, though secret keys are given": {nil, []age.Identity{one}},
	} {
		t.Run(name, func(t *testing.T) {
			x := newFixture(t)
			a, b := x.file("primo"), x.file(strings.Repeat("secondo ", 100000))
			must(t, os.MkdirAll(filepath.Join(x.st.Dir(), "spool"), 0o700))
			must(t, os.WriteFile(filepath.Join(x.st.Dir(), "spool", "m1"), []byte("From: a\n\nmail"), 0o600))
			key, err := x.st.SecretKey()
			must(t, err)
			f := Folder{filepath.Join(t.TempDir(), "backup")}
			m := x.make(f, encryptedTo(c.to...))
			if m.Rows["files"] != 2 || m.Files != 2 || m.NewFiles != 2 || m.Desk != x.st.ID() {
				t.Errorf("%+v", m)
			}
			if len(c.to) > 0 {
				secret(t, f.Path, a, "primo", "secondo", "nota.txt", "From: a")
			}
			st := restored(t, f, Restoring{Identities: c.with})
			has(t, st, a, "primo")
			has(t, st, b, strings.Repeat("secondo ", 100000))
			if st.ID() != x.st.ID() {
				t.Error("another desk came back")
			}
			if got, err := st.SecretKey(); err != nil || string(got) != string(key) {
				t.Errorf("another key came back, %v", err)
			}
			if b, err := os.ReadFile(filepath.Join(st.Dir(), "spool", "m1")); err != nil || string(b) != "From: a\n\nmail" {
				t.Errorf("waiting mail: %q, %v", b, err)
			}
			must(t, filepath.WalkDir(f.Path, func(path string, d os.DirEntry, err error) error {
				if err != nil {
					return err
				}
				info, err := d.Info()
				if err == nil && info.Mode().Perm()&0o077 != 0 {
					t.Errorf("others may read %s: %v", path, info.Mode())
				}
				return err
			}))
		})
	}
}

// secret fails when one of the words occurs in the folder, in a name or in a file.
func secret(t *testing.T, dir string, words ...string) {
	t.Helper()
	must(t, filepath.WalkDir(dir, func(path string, d os.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		raw, err := os.ReadFile(path)
		for _, w := range words {
			if strings.Contains(strings.ReplaceAll(path, "/", ""), w) || d.Name() != marker && strings.Contains(string(raw), w) {
				t.Errorf("%s gives %q away", path, w)
			}
		}
		return err
	}))
}

func TestOnlyNewFilesAreCopiedAgain(t *testing.T) {
	id := identity(t)
	for name, change := range map[string]func(*Source){"plain": encryptedTo(), "encrypted": encryptedTo(id)} {
		t.Run(name, func(t *testing.T) {
			x := newFixture(t)
			x.file("primo")
			f := Folder{t.TempDir()}
			x.make(f, change)
			sum := x.file("secondo")
			if m := x.make(f, change); m.Files != 2 || m.NewFiles != 1 {
				t.Errorf("%d files, %d of them new", m.Files, m.NewFiles)
			}
			if m := x.make(f, change); m.Files != 2 || m.NewFiles != 0 {
				t.Errorf("%d files, %d of them new", m.Files, m.NewFiles)
			}
			if all, err := f.List(); err != nil || len(all) != 3 {
				t.Errorf("%d backups, %v", len(all), err)
			}
			has(t, restored(t, f, Restoring{Identities: []age.Identity{id}}), sum, "secondo")
		})
	}
}

func TestOtherRecipientsGetFilesOfTheirOwn(t *testing.T) {
	x := newFixture(t)
	sum := x.file("primo")
	f := Folder{t.TempDir()}
	one, two := identity(t), identity(t)
	x.make(f)
	x.make(f, encryptedTo(one))
	if m := x.make(f, encryptedTo(two)); m.NewFiles != 1 {
		t.Errorf("%d files are new", m.NewFiles)
	}
	has(t, restored(t, f, Restoring{Identities: []age.Identity{two}}), sum, "primo")
	e, err := f.Newest()
	must(t, err)
	for _, with := range [][]age.Identity{nil, {one}} {
		if _, _, err := f.Restore(t.Context(), e, filepath.Join(t.TempDir(), "x"), Restoring{Identities: with}); !errors.Is(err, ErrEncrypted) {
			t.Errorf("without its key the backup comes back with %v", err)
		}
	}
}

func TestDamageIsFound(t *testing.T) {
	id := identity(t)
	for _, c := range []struct {
		name   string
		secret bool
		hurt   func(dir, pool string) error
		want   string
	}{
		{"a bit of the rows", false, func(dir, _ string) error { return flip(filepath.Join(dir, "desk.db")) }, "desk.db is not what was written"},
		{"a bit of the encrypted rows", true, func(dir, _ string) error { return flip(filepath.Join(dir, "desk.db.age")) }, "desk.db.age cannot be read"},
		{"rows that end early", false, func(dir, _ string) error { return os.Truncate(filepath.Join(dir, "desk.db"), 5000) }, "desk.db is not what was written"},
		{"no rows", false, func(dir, _ string) error { return os.Remove(filepath.Join(dir, "desk.db")) }, "desk.db is not there"},
		{"a bit of a file", false, func(_, pool string) error { return flip(first(pool)) }, "is not what was written; remove it"},
		{"a bit of an encrypted file", true, func(_, pool string) error { return flip(first(pool)) }, "cannot be read"},
		{"a file that is gone", false, func(_, pool string) error { return os.Remove(first(pool)) }, "is not there"},
		{"a list of files that is gone", false, func(dir, _ string) error { return os.Remove(filepath.Join(dir, filesList)) }, filesList + " is not there"},
		{"a list of nothing", false, func(dir, _ string) error { return os.WriteFile(filepath.Join(dir, filesList), nil, 0o600) }, filesList + " is not what was written"},
		{"a key that is gone", false, func(dir, _ string) error { return os.Remove(filepath.Join(dir, "key")) }, "key is not there"},
	} {
		t.Run(c.name, func(t *testing.T) {
			x := newFixture(t)
			x.file("primo")
			x.file("secondo")
			f := Folder{t.TempDir()}
			var m *Manifest
			o := Restoring{}
			if c.secret {
				m, o.Identities = x.make(f, encryptedTo(id)), []age.Identity{id}
			} else {
				m = x.make(f)
			}
			e, err := f.Newest()
			must(t, err)
			must(t, c.hurt(filepath.Join(f.Path, e.Name), filepath.Join(f.Path, m.Pool)))
			for _, proof := range []bool{true, false} {
				o.Proof = proof
				to := filepath.Join(t.TempDir(), "x")
				_, findings, err := f.Restore(t.Context(), e, to, o)
				if err != nil || !slices.ContainsFunc(findings, func(s string) bool { return strings.Contains(s, c.want) }) {
					t.Errorf("proof %v: %v, %v", proof, findings, err)
				}
				if _, err := os.Stat(filepath.Join(to, "desk.db")); !proof && err == nil {
					t.Error("a damaged backup was put in place")
				}
			}
		})
	}
}

func TestWhatIsLeftOfADamagedBackupCanBeHad(t *testing.T) {
	x := newFixture(t)
	x.file("primo")
	sum := x.file("secondo")
	f := Folder{t.TempDir()}
	m := x.make(f)
	path := first(filepath.Join(f.Path, m.Pool))
	if strings.HasSuffix(strings.ReplaceAll(path, "/", ""), sum) {
		sum = ""
	}
	must(t, os.Remove(path))
	e, err := f.Newest()
	must(t, err)
	to := filepath.Join(t.TempDir(), "x")
	_, findings, err := f.Restore(t.Context(), e, to, Restoring{Damaged: true})
	if err != nil || len(findings) != 1 {
		t.Fatal(findings, err)
	}
	st, err := store.Open(to, db.Options{Log: quiet})
	must(t, err)
	defer st.Close()
	if sum != "" {
		has(t, st, sum, "secondo")
	}
}

func flip(path string) error {
	raw, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	raw[len(raw)/2] ^= 1
	return os.WriteFile(path, raw, 0o600)
}

func first(pool string) string {
	all, _ := filepath.Glob(filepath.Join(pool, "??", "*"))
	return all[0]
}

func TestNothingIsWrittenOver(t *testing.T) {
	x := newFixture(t)
	f := Folder{t.TempDir()}
	x.make(f)
	e, err := f.Newest()
	must(t, err)
	to := t.TempDir()
	must(t, os.WriteFile(filepath.Join(to, "letter.txt"), []byte("x"), 0o600))
	if _, _, err := f.Restore(t.Context(), e, to, Restoring{}); err == nil || !strings.Contains(err.Error(), "letter.txt") {
		t.Errorf("restore into a folder with a letter: %v", err)
	}
	if _, err := (Folder{to}).Make(t.Context(), x.source()); err == nil || !strings.Contains(err.Error(), "letter.txt") {
		t.Errorf("backup into a folder with a letter: %v", err)
	}
	other := newFixture(t)
	if _, err := f.Make(t.Context(), other.source()); err == nil || !strings.Contains(err.Error(), "another desk") {
		t.Errorf("another desk's backup: %v", err)
	}
}

func TestABackupThatIsCutShort(t *testing.T) {
	x := newFixture(t)
	sum := x.file(strings.Repeat("x", 1<<20))
	f := Folder{t.TempDir()}
	x.make(f)
	x.file(strings.Repeat("y", 1<<20))
	ctx, cancel := context.WithCancel(t.Context())
	s := x.source()
	s.Proof = func(context.Context) ([]byte, error) { cancel(); return nil, ctx.Err() }
	if _, err := f.Make(ctx, s); !errors.Is(err, context.Canceled) {
		t.Errorf("it ends with %v", err)
	}
	if left, _ := filepath.Glob(filepath.Join(f.Path, ".*")); len(left) > 0 {
		t.Errorf("it leaves %v", left)
	}
	// What a kill leaves: a folder without its final name, a half-written file, a half-done restore.
	must(t, os.MkdirAll(filepath.Join(f.Path, ".new-1234"), 0o700))
	must(t, os.WriteFile(filepath.Join(f.Path, ".new-1234", "desk.db"), []byte("half"), 0o600))
	must(t, os.MkdirAll(filepath.Join(f.Path, "blob", "new"), 0o700))
	must(t, os.WriteFile(filepath.Join(f.Path, "blob", "new", sum), []byte("half"), 0o600))
	if all, err := f.List(); err != nil || len(all) != 1 {
		t.Errorf("half a backup is listed: %v, %v", all, err)
	}
	to := t.TempDir()
	must(t, os.MkdirAll(filepath.Join(to, "restoring", "blob"), 0o700))
	must(t, os.WriteFile(filepath.Join(to, "restoring", "desk.db"), []byte("half"), 0o600))
	e, err := f.Newest()
	must(t, err)
	if _, findings, err := f.Restore(t.Context(), e, to, Restoring{}); err != nil || len(findings) > 0 {
		t.Error(findings, err)
	}
	has(t, opened(t, to), sum, strings.Repeat("x", 1<<20))
	must(t, os.WriteFile(filepath.Join(x.st.Dir(), asideName), []byte("half"), 0o600))
	x.make(f)
	if _, err := os.Stat(filepath.Join(x.st.Dir(), asideName)); err == nil {
		t.Error("rows that are not encrypted stay beside the data")
	}
	if left, _ := filepath.Glob(filepath.Join(f.Path, ".*")); len(left) > 0 {
		t.Errorf("the next one leaves %v", left)
	}
	if _, err := os.Stat(filepath.Join(f.Path, "blob", "new")); err == nil {
		t.Error("half a file stays")
	}
}

func TestOneBackupAtATime(t *testing.T) {
	x := newFixture(t)
	f := Folder{t.TempDir()}
	s := x.source()
	s.Look = func(*db.Tx) error {
		if _, err := f.Make(t.Context(), x.source()); !errors.Is(err, ErrBusy) {
			t.Errorf("a second one at once: %v", err)
		}
		if _, err := f.Keep(Rule{Daily: 1}, time.UTC); !errors.Is(err, ErrBusy) {
			t.Errorf("old ones are removed meanwhile: %v", err)
		}
		return nil
	}
	_, err := f.Make(t.Context(), s)
	must(t, err)
}

func TestAFileThatTheDeskLostIsNamed(t *testing.T) {
	x := newFixture(t)
	sum := x.file("primo")
	x.file("secondo")
	must(t, os.Remove(filepath.Join(x.st.Dir(), "blob", sum[:2], sum[2:])))
	f := Folder{t.TempDir()}
	if m := x.make(f); len(m.Lost) != 1 || m.Files != 1 {
		t.Errorf("%+v", m)
	}
	e, err := f.Newest()
	must(t, err)
	if _, findings, err := f.Restore(t.Context(), e, filepath.Join(t.TempDir(), "x"), Restoring{}); err != nil || len(findings) > 0 {
		t.Errorf("%v %v", findings, err)
	}
}

func TestWhichBackupsAreKept(t *testing.T) {
	rome, err := time.LoadLocation("Europe/Rome")
	must(t, err)
	day := func(s string) time.Time {
		at, err := time.ParseInLocation("2006-01-02 15:04", s, rome)
		must(t, err)
		return at
	}
	for _, c := range []struct {
		name string
		rule Rule
		all  []string // newest first
		keep []string
	}{
		{"no rule keeps all", Rule{}, []string{"2026-11-23 02:30", "2026-11-22 02:30"}, []string{"2026-11-23 02:30", "2026-11-22 02:30"}},
		{"the newest of each of the last days", Rule{Daily: 2}, []string{"2026-11-23 14:00", "2026-11-23 02:30", "2026-11-22 23:00", "2026-11-22 02:30", "2026-11-21 02:30"},
			[]string{"2026-11-23 14:00", "2026-11-22 23:00"}},
		{"days without one do not count", Rule{Daily: 2}, []string{"2026-11-23 02:30", "2026-10-01 02:30", "2026-09-01 02:30"}, []string{"2026-11-23 02:30", "2026-10-01 02:30"}},
		{"a week begins on Monday", Rule{Weekly: 2}, []string{"2026-11-23 02:30", "2026-11-22 02:30", "2026-11-21 02:30", "2026-11-16 02:30", "2026-11-15 02:30"},
			[]string{"2026-11-23 02:30", "2026-11-22 02:30"}},
		{"a week may have two years", Rule{Weekly: 1}, []string{"2027-01-01 02:30", "2026-12-31 02:30", "2026-12-28 02:30"}, []string{"2027-01-01 02:30"}},
		{"months", Rule{Monthly: 3}, []string{"2026-11-23 02:30", "2026-11-01 02:30", "2026-10-31 02:30", "2026-10-30 02:30", "2026-09-30 02:30", "2026-08-31 02:30"},
			[]string{"2026-11-23 02:30", "2026-10-31 02:30", "2026-09-30 02:30"}},
		{"a day ends in the desk's time zone", Rule{Daily: 1}, []string{"2026-11-23 00:30", "2026-11-22 23:30"}, []string{"2026-11-23 00:30"}},
		{"rules add up", Rule{Daily: 2, Weekly: 2, Monthly: 2}, []string{"2026-11-23 02:30", "2026-11-22 02:30", "2026-11-21 02:30", "2026-11-15 02:30", "2026-10-31 02:30", "2026-09-30 02:30"},
			[]string{"2026-11-23 02:30", "2026-11-22 02:30", "2026-10-31 02:30"}},
		{"the newest always", Rule{Monthly: 0, Daily: 0, Weekly: 1}, []string{"2026-11-23 02:30"}, []string{"2026-11-23 02:30"}},
		{"nothing", Rule{Daily: 1}, nil, nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			var moments []time.Time
			for _, s := range c.all {
				moments = append(moments, day(s))
			}
			var got []string
			for i, keep := range c.rule.keeps(moments, rome) {
				if keep {
					got = append(got, c.all[i])
				}
			}
			if !slices.Equal(got, c.keep) {
				t.Errorf("keeps %q, want %q", got, c.keep)
			}
		})
	}
}

// TestFilesGoWithTheLastBackupThatNeedsThem advances the clock of the store by a day between backups.
func TestFilesGoWithTheLastBackupThatNeedsThem(t *testing.T) {
	now := time.Date(2026, 11, 20, 2, 30, 0, 0, time.UTC)
	st, err := store.Open(filepath.Join(t.TempDir(), "data"), db.Options{Log: quiet, NoSync: true, Clock: func() time.Time { return now }})
	must(t, err)
	defer st.Close()
	x := &fixture{t, st}
	f := Folder{t.TempDir()}
	id := identity(t)
	var names []string
	for i := range 4 {
		x.file(fmt.Sprint("giorno ", i))
		if i == 2 { // encrypted from here on
			x.make(f, encryptedTo(id))
		} else {
			x.make(f)
		}
		e, err := f.Newest()
		must(t, err)
		names = append(names, e.Name)
		// No row refers to that day's file any more.
		must(t, st.Update(db.By{}, func(tx *db.Tx) error { return store.Files.Delete(tx, uint64(i+1)) }))
		now = now.AddDate(0, 0, 1)
	}
	count := func(pool string) int {
		all, err := filepath.Glob(filepath.Join(f.Path, pool, "??", "*"))
		must(t, err)
		return len(all)
	}
	if n := count("blob"); n != 3 {
		t.Errorf("%d plain files", n)
	}
	removed, err := f.Keep(Rule{Daily: 1}, time.UTC)
	must(t, err)
	if !slices.Equal(removed, []string{names[2], names[1], names[0]}) {
		t.Errorf("removed %q", removed)
	}
	if n, secret := count("blob"), count("blob-*"); n != 1 || secret != 0 {
		t.Errorf("%d plain files and %d encrypted ones are left", n, secret)
	}
	restored(t, f, Restoring{})
}
