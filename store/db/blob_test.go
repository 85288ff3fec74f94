package db

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"io"
	"os"
	"path/filepath"
	"sportello/store/fault"
	"strings"
	"testing"
	"testing/iotest"
	"time"
)

func halfWritten(t testing.TB, st *Store) []os.DirEntry {
	t.Helper()
	list, err := os.ReadDir(filepath.Join(st.Dir(), "blob", "new"))
	must(t, err)
	return list
}

func TestPutBlob(t *testing.T) {
	st := fresh(t, quick)
	t.Run("keeps the bytes under their sum", func(t *testing.T) {
		want := bytes.Repeat([]byte("sportello"), 100000)
		b, err := st.PutBlob(bytes.NewReader(want), int64(len(want)))
		must(t, err)
		sum := sha256.Sum256(want)
		if b.Sum != hex.EncodeToString(sum[:]) || b.Size != int64(len(want)) {
			t.Errorf("blob %+v", b)
		}
		f, err := st.OpenBlob(b.Sum)
		must(t, err)
		defer f.Close()
		if got, err := io.ReadAll(f); err != nil || !bytes.Equal(got, want) {
			t.Errorf("read %d bytes, %v", len(got), err)
		}
		info, err := f.Stat()
		must(t, err)
		if info.Mode().Perm() != 0o600 {
			t.Errorf("mode %v", info.Mode())
		}
	})
	t.Run("writes the same bytes in full again", func(t *testing.T) {
		b, err := st.PutBlob(strings.NewReader("twice"), 0)
		must(t, err)
		before, err := os.Stat(st.blobs.Path(b.Sum))
		must(t, err)
		again, err := st.PutBlob(strings.NewReader("twice"), 0)
		must(t, err)
		after, err := os.Stat(st.blobs.Path(b.Sum))
		must(t, err)
		if again != b || os.SameFile(before, after) {
			t.Errorf("blob %+v, then %+v in the same file: %v", b, again, os.SameFile(before, after))
		}
	})
	t.Run("keeps nothing beyond the limit", func(t *testing.T) {
		_, err := st.PutBlob(strings.NewReader(strings.Repeat("x", 3<<20)), 2<<20)
		wantKind(t, err, fault.TooLarge, "error.file-too-large")
		if e, _ := errors.AsType[*fault.Error](err); e.Args["megabytes"] != int64(2) {
			t.Errorf("args %v", e.Args)
		}
	})
	t.Run("takes the empty file", func(t *testing.T) {
		b, err := st.PutBlob(strings.NewReader(""), 10)
		must(t, err)
		if b.Size != 0 {
			t.Errorf("size %d", b.Size)
		}
	})
	t.Run("a sender that breaks off is no fault of the disk", func(t *testing.T) {
		broken := errors.New("broken off")
		_, err := st.PutBlob(io.MultiReader(strings.NewReader("some"), iotest.ErrReader(broken)), 0)
		if !errors.Is(err, broken) || fault.KindOf(err) == fault.Unavailable {
			t.Errorf("error %v", err)
		}
	})
	t.Run("a folder that cannot be written is", func(t *testing.T) {
		other := fresh(t, quick)
		must(t, os.RemoveAll(filepath.Join(other.Dir(), "blob", "new")))
		_, err := other.PutBlob(strings.NewReader("x"), 0)
		wantKind(t, err, fault.Unavailable, "error.disk")
	})
	if left := halfWritten(t, st); len(left) != 0 {
		t.Errorf("left half-written: %v", left)
	}
}

func TestOpenBlobFindsOnlySums(t *testing.T) {
	st := fresh(t, quick)
	for _, sum := range []string{"", "x", strings.Repeat("a", 64), strings.Repeat("A", 64), "../" + strings.Repeat("a", 61), strings.Repeat("../", 21) + "a"} {
		_, err := st.OpenBlob(sum)
		wantKind(t, err, fault.NotFound, "error.not-found")
	}
}

func TestCheckKnowsOrphansFromLosses(t *testing.T) {
	st, err := tested.Open(t.TempDir(), quick)
	must(t, err)
	defer st.Close()
	b, err := st.PutBlob(strings.NewReader("an orphan is no finding"), 0)
	must(t, err)
	sound(t, st)
	must(t, st.Update(By{}, func(tx *Tx) error { return papers.Put(tx, &paper{Sum: b.Sum}) }))
	sound(t, st)
	must(t, os.Remove(st.blobs.Path(b.Sum)))
	if got := st.Check(); len(got) != 1 || !strings.Contains(got[0], "lost blob") {
		t.Errorf("findings %q", got)
	}
}

func TestSweep(t *testing.T) {
	st := fresh(t, quick)
	keep := func(text string) string {
		b, err := st.PutBlob(strings.NewReader(text), 0)
		must(t, err)
		return b.Sum
	}
	age := func(path string, d time.Duration) {
		then := time.Now().Add(-d)
		must(t, os.Chtimes(path, then, then))
	}
	named, logo, young, old := keep("named, in an index"), keep("named, in no index"), keep("young"), keep("old")
	must(t, st.Update(By{}, func(tx *Tx) error {
		if err := papers.Put(tx, &paper{Sum: named}); err != nil {
			return err
		}
		return plains.Put(tx, &plain{Sum: logo})
	}))
	for _, sum := range []string{named, logo, old} {
		age(st.blobs.Path(sum), 2*time.Hour)
	}
	age(st.blobs.Path(young), 59*time.Minute)
	for _, name := range []string{"blob-old", "blob-young"} {
		must(t, os.WriteFile(filepath.Join(st.Dir(), "blob", "new", name), nil, 0o600))
	}
	age(filepath.Join(st.Dir(), "blob", "new", "blob-old"), 2*time.Hour)

	n, err := st.Sweep()
	must(t, err)
	if n != 2 {
		t.Errorf("removed %d", n)
	}
	for sum, want := range map[string]bool{named: true, logo: true, young: true, old: false} {
		if got := st.blobs.Has(sum) == nil; got != want {
			t.Errorf("%s is there: %v, want %v", sum, got, want)
		}
	}
	if left := halfWritten(t, st); len(left) != 1 || left[0].Name() != "blob-young" {
		t.Errorf("half-written %v", left)
	}
	n, err = st.Sweep()
	must(t, err)
	if n != 0 {
		t.Errorf("removed %d more", n)
	}
}

func TestSweepGoesByTheClockOfTheFilesAndNotByTheDesks(t *testing.T) {
	ahead := quick
	ahead.Clock = func() time.Time { return time.Now().AddDate(1, 0, 0) }
	st := fresh(t, ahead)
	b, err := st.PutBlob(strings.NewReader("just sent"), 0)
	must(t, err)
	n, err := st.Sweep()
	must(t, err)
	if _, err := os.Stat(st.blobs.Path(b.Sum)); n != 0 || err != nil {
		t.Errorf("removed %d, %v", n, err)
	}
}
