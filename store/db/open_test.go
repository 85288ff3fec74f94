package db

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"reflect"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"go.etcd.io/bbolt"

	"sportello/store/act"
	"sportello/store/fault"
)

func TestOpenMakesAFolderForItsOwnerAlone(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "a", "data")
	st := reopened(t, dir, quick)
	for path, want := range map[string]os.FileMode{"": 0o700, "blob": 0o700, "desk.db": 0o600, "lock": 0o600} {
		info, err := os.Stat(filepath.Join(dir, path))
		must(t, err)
		if info.Mode().Perm() != want {
			t.Errorf("%s has mode %v, want %v", path, info.Mode().Perm(), want)
		}
	}
	key, err := st.SecretKey()
	must(t, err)
	again, err := st.SecretKey()
	must(t, err)
	if len(key) != 32 || !bytes.Equal(key, again) {
		t.Errorf("keys %x and %x", key, again)
	}
	must(t, os.WriteFile(filepath.Join(dir, "key"), []byte("short\n"), 0o600))
	if _, err := st.SecretKey(); err == nil {
		t.Error("a broken key was accepted or replaced")
	}
}

func TestAStoreKeepsItsName(t *testing.T) {
	dir := t.TempDir()
	st := reopened(t, dir, quick)
	id := st.ID()
	must(t, st.Close())
	if again := reopened(t, dir, quick).ID(); id == "" || again != id {
		t.Errorf("%q, then %q", id, again)
	}
	if other := fresh(t, quick).ID(); other == id {
		t.Error("two stores have one name")
	}
}

func playOpen(dir string) error {
	st, err := tested.Open(dir, Options{})
	if err != nil {
		fmt.Print(err)
		return nil
	}
	fmt.Print("opened")
	return st.Close()
}

func TestASecondProcessIsRefusedByName(t *testing.T) {
	dir := t.TempDir()
	st := reopened(t, dir, quick)
	out, err := child(t, "open", dir).Output()
	must(t, err)
	for _, want := range []string{"unavailable: error.folder-in-use", "process " + strconv.Itoa(os.Getpid()), dir} {
		if !strings.Contains(string(out), want) {
			t.Errorf("%q does not say %q", out, want)
		}
	}
	_, err = tested.Open(dir, Options{})
	wantKind(t, err, fault.Unavailable, "error.folder-in-use")
	must(t, st.Close())
	out, err = child(t, "open", dir).Output()
	must(t, err)
	if string(out) != "opened" {
		t.Errorf("after the first has closed it: %q", out)
	}
}

func TestANewerFileIsRefusedWithBothVersions(t *testing.T) {
	dir := t.TempDir()
	st := reopened(t, dir, quick)
	must(t, st.Close())
	path := filepath.Join(dir, "desk.db")
	setSchema(t, path, 99)
	before, err := os.ReadFile(path)
	must(t, err)
	_, err = tested.Open(dir, quick)
	wantKind(t, err, fault.Unavailable, "error.newer-data")
	if !strings.Contains(err.Error(), "schema 99") || !strings.Contains(err.Error(), fmt.Sprint("knows ", tested.Version())) {
		t.Errorf("error %q", err)
	}
	after, err := os.ReadFile(path)
	must(t, err)
	if !bytes.Equal(before, after) {
		t.Error("the newer file was written to")
	}
	setSchema(t, path, tested.Version())
	reopened(t, dir, quick)
}

func TestAPictureIsAStore(t *testing.T) {
	st := fresh(t, quick)
	add(t, st, &item{Group: 1, Name: "a"})
	var b bytes.Buffer
	n, err := st.Picture(t.Context(), &b)
	must(t, err)
	if int(n) != b.Len() {
		t.Errorf("copied %d, says %d", b.Len(), n)
	}
	dir := t.TempDir()
	must(t, os.WriteFile(filepath.Join(dir, "desk.db"), b.Bytes(), 0o600))
	other := reopened(t, dir, quick)
	must(t, other.View(func(tx *Tx) error { _, err := itemsByName.First(tx, "a"); return err }))
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := st.Picture(ended, io.Discard); !errors.Is(err, context.Canceled) {
		t.Errorf("copy in an ended context: %v", err)
	}
}

func TestEveryTableIsNamedOnce(t *testing.T) {
	seen := map[string]bool{}
	for _, table := range tested.Tables {
		if seen[table.Name()] {
			t.Errorf("two tables are called %s", table.Name())
		}
		seen[table.Name()] = true
		indexes := map[string]bool{}
		list := reflect.ValueOf(table).Elem().FieldByName("indexes")
		for i := range list.Len() {
			name := list.Index(i).Elem().FieldByName("name").String()
			if indexes[name] {
				t.Errorf("two indexes of %s are called %s", table.Name(), name)
			}
			indexes[name] = true
		}
	}
}

func TestADamagedFileIsAnErrorThatSaysWhatToDo(t *testing.T) {
	page := int64(os.Getpagesize())
	for name, harm := range map[string]func(f *os.File, size int64) error{
		"empty":                        func(f *os.File, _ int64) error { return f.Truncate(0) },
		"cut within its meta pages":    func(f *os.File, _ int64) error { return f.Truncate(page / 2) },
		"cut after its meta pages":     func(f *os.File, _ int64) error { return f.Truncate(2 * page) },
		"cut in the middle":            func(f *os.File, _ int64) error { return f.Truncate(20 * page) },
		"without either meta page":     func(f *os.File, _ int64) error { _, err := f.WriteAt(make([]byte, 2*page), 0); return err },
		"zeros but for the meta pages": func(f *os.File, size int64) error { _, err := f.WriteAt(make([]byte, size-2*page), 2*page); return err },
		"other bytes than a desk's": func(f *os.File, size int64) error {
			_, err := f.WriteAt(bytes.Repeat([]byte("sportello"), int(size/9)), 0)
			return err
		},
		"one byte of both meta pages off": func(f *os.File, _ int64) error {
			_, err := f.WriteAt([]byte{255}, 60)
			_, err2 := f.WriteAt([]byte{255}, page+60)
			return errors.Join(err, err2)
		},
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			st, err := tested.Open(dir, quick)
			must(t, err)
			for i := range 200 {
				must(t, st.Update(By{Act: act.Change}, func(tx *Tx) error { return items.Put(tx, &item{Group: uint64(i), Secret: strings.Repeat("s", 500)}) }))
			}
			must(t, st.Close())
			f, err := os.OpenFile(filepath.Join(dir, "desk.db"), os.O_RDWR, 0)
			must(t, err)
			info, err := f.Stat()
			must(t, err)
			must(t, errors.Join(harm(f, info.Size()), f.Close()))
			for range 2 { // the first one let go of it
				if _, err = tested.Open(dir, quick); err == nil || !strings.Contains(err.Error(), "desk.db is damaged") || !strings.Contains(err.Error(), "sportello restore") {
					t.Fatalf("opened with %v", err)
				}
			}
		})
	}
}

func TestTheLockOfAKilledProcessIsWaitedFor(t *testing.T) {
	dir := t.TempDir()
	gone := child(t, "open", filepath.Join(t.TempDir(), "elsewhere"))
	_ = gone.Run() // only its number is of use
	f, err := os.OpenFile(filepath.Join(dir, "lock"), os.O_RDWR|os.O_CREATE, 0o600)
	must(t, err)
	defer f.Close()
	_, err = fmt.Fprintln(f, gone.Process.Pid)
	must(t, err)
	must(t, syscall.Flock(int(f.Fd()), syscall.LOCK_EX))
	freed := make(chan error, 1)
	go func() {
		time.Sleep(50 * time.Millisecond) // what a process needs that was begun by the one that was killed
		freed <- syscall.Flock(int(f.Fd()), syscall.LOCK_UN)
	}()
	reopened(t, dir, quick)
	must(t, <-freed)
}

func setSchema(t testing.TB, path string, version int) {
	t.Helper()
	db, err := bbolt.Open(path, 0o600, nil)
	must(t, err)
	must(t, db.Update(func(tx *bbolt.Tx) error {
		return tx.Bucket(bucketMeta).Put([]byte("schema"), []byte(strconv.Itoa(version)))
	}))
	must(t, db.Close())
}
