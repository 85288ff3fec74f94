package db

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"hash"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"go.etcd.io/bbolt"

	"sportello/store/act"
	"sportello/store/torn"
)

func init() { plays["torn"] = playTorn }

// playTorn makes a store and writes to it from a few goroutines: requests, lines, papers and their bytes, rows that grow
// and rows that go, so that pages are freed and used again. It says what was acknowledged.
func playTorn(dir string) error {
	st, err := tested.Open(dir, Options{})
	if err != nil {
		return err
	}
	var out sync.Mutex
	var wg sync.WaitGroup
	failures := make([]error, 4)
	for g := range failures {
		wg.Go(func() {
			for i := range 6 {
				line, err := writeRequest(st, fmt.Sprintf("%d %d", g, i), i)
				if err == nil && i == 2 {
					err = st.Update(By{Act: act.Change}, func(tx *Tx) error {
						return items.Put(tx, &item{Group: uint64(g), Secret: strings.Repeat("s", 20000)})
					})
				}
				if err == nil && i == 4 {
					err = st.Update(By{Act: act.Change}, func(tx *Tx) error {
						row, err := itemsByGroup.First(tx, uint64(g))
						if err != nil {
							return err
						}
						return items.Delete(tx, row.ID)
					})
				}
				out.Lock()
				if err == nil {
					_, err = io.WriteString(os.Stdout, line+"\n")
				}
				out.Unlock()
				if err != nil {
					failures[g] = err
					return
				}
			}
		})
	}
	wg.Wait()
	return errors.Join(append(failures, st.Close())...)
}

// TestAPowerFailureLeavesACommitOrTheOneBefore records every write, sync, rename and new name of a process that makes and
// fills a store, and cuts the record at every point: what was not synced by then is kept, lost or torn at 512 bytes, in
// any combination (see package torn). Of each folder that this leaves it demands
//
//   - that desk.db holds exactly what it held after one commit: the last one whose second sync had ended, or one that
//     was being written. Never a mixture, never less;
//   - that bbolt's own check of pages and free list finds nothing, and that the store opens and Check finds nothing;
//   - that what was acknowledged is there, and the bytes of every file have the sum that the row names.
//
// Why that is enough: bbolt never writes to a page that the last synced meta page leads to. A commit writes new pages,
// syncs, writes one of two meta pages, which carry a checksum and the number of the commit, and syncs. All states that a
// disk can be in are the last synced one with a subset of the sectors written since, which is what is tried here, at
// every point of the order in which a real process made its calls. make test tries a small sample of the combinations, another
// one each time; make crash some thousands.
func TestAPowerFailureLeavesACommitOrTheOneBefore(t *testing.T) {
	exe, err := os.Executable()
	must(t, err)
	dir := filepath.Join(t.TempDir(), "data")
	must(t, os.Mkdir(dir, 0o700))
	rec, err := torn.Record([]string{exe}, append(os.Environ(), "SPORTELLO_TEST_PLAY=torn", "SPORTELLO_TEST_DIR="+dir, "GODEBUG=asyncpreemptoff=1"), nil, dir)
	if errors.Is(err, torn.ErrCannot) {
		t.Skip(err)
	}
	must(t, err)
	end := len(rec.Events)
	if told := rec.Told(end); !strings.HasSuffix(told, "exit 0\n") {
		t.Fatalf("the process said %s", told)
	}
	scratch := t.TempDir()
	folder := 0
	leave := func(cut int, keep torn.Choice) string {
		folder++
		path := filepath.Join(scratch, strconv.Itoa(folder))
		must(t, rec.Leave(path, cut, keep))
		return path
	}
	// What desk.db held after each commit, by the event that wrote its meta page.
	type commit struct {
		add  int
		held string
	}
	var commits []commit
	for i, e := range rec.Events {
		if e.Kind == torn.Write && strings.HasPrefix(e.Path, "desk.db") && e.Off < int64(2*os.Getpagesize()) {
			path := leave(i+1, torn.Everything)
			held, err := digest(filepath.Join(path, e.Path))
			must(t, err)
			must(t, os.RemoveAll(path))
			commits = append(commits, commit{i, held})
		}
	}
	if len(commits) < 20 {
		t.Fatalf("only %d commits were seen", len(commits))
	}
	samples := 60
	if s := os.Getenv("SPORTELLO_CRASHES"); s != "" {
		n, err := strconv.Atoi(s)
		must(t, err)
		samples = 10 * n
	}
	seed := uint64(time.Now().UnixNano())
	r := rand.New(rand.NewPCG(seed, 0))
	var slowest time.Duration
	distinct := 0
	for n := range samples {
		cut := end - n*end/samples // every point in turn, as far as the samples reach
		keep := torn.Some(r)
		switch n % 8 {
		case 0:
			keep = torn.Nothing
		case 1:
			cut = commits[r.IntN(len(commits))].add + 1 + r.IntN(2) // a meta page not yet synced
		}
		path := leave(cut, keep)
		name := fmt.Sprintf("seed %d, sample %d, cut %d of %d", seed, n, cut, end)
		if cut < end {
			name += fmt.Sprintf(" before %s %s", rec.Events[cut].Kind, rec.Events[cut].Path)
		}
		first, last := -1, -1
		for i, c := range commits {
			if c.add < cut {
				last = i
				if rec.Durable(c.add, cut) {
					first = i
				}
			}
		}
		held, err := digest(filepath.Join(path, "desk.db"))
		// Until the file has its name there may be none.
		found := first < 0 || last <= 1 && errors.Is(err, os.ErrNotExist)
		for i := max(first, 0); i <= last && !found; i++ {
			found = err == nil && held == commits[i].held
		}
		if !found {
			t.Errorf("%s: desk.db is as after none of the commits %d to %d: %v", name, first, last, err)
		}
		if last > first {
			distinct++
		}
		began := time.Now()
		st, err := tested.Open(path, quick)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		slowest = max(slowest, time.Since(began))
		for _, f := range st.Check() {
			t.Errorf("%s: %s", name, f)
		}
		if err := filesWhole(st, rec.Told(cut)); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		must(t, st.Close())
		if t.Failed() {
			return
		}
		must(t, os.RemoveAll(path))
	}
	t.Logf("%d events, %d commits, %d folders, %d of them with a commit under way; slowest opening %v", end, len(commits), samples, distinct, slowest)
}

// digest is the sum of all that a bbolt file holds, after bbolt's own check of its pages.
func digest(path string) (string, error) {
	db, err := bbolt.Open(path, 0o600, &bbolt.Options{ReadOnly: true})
	if err != nil {
		return "", err
	}
	defer db.Close()
	h := sha256.New()
	err = db.View(func(tx *bbolt.Tx) error {
		for err := range tx.Check() {
			return err
		}
		return tx.ForEach(func(name []byte, b *bbolt.Bucket) error { return digestBucket(h, name, b) })
	})
	return hex.EncodeToString(h.Sum(nil)), err
}

func digestBucket(h hash.Hash, name []byte, b *bbolt.Bucket) error {
	fmt.Fprintf(h, "bucket %q %d\n", name, b.Sequence())
	return b.ForEach(func(k, v []byte) error {
		if v == nil {
			return digestBucket(h, k, b.Bucket(k))
		}
		fmt.Fprintf(h, "%q %q\n", k, v)
		return nil
	})
}

// filesWhole reads the bytes of every file there is, and looks for what was acknowledged.
func filesWhole(st *Store, told string) error {
	return st.View(func(tx *Tx) error {
		for f, err := range papers.All(tx, 0, false) {
			if err != nil {
				return err
			}
			r, err := st.OpenBlob(f.Sum)
			if err != nil {
				return err
			}
			h := sha256.New()
			_, err = io.Copy(h, r)
			r.Close()
			if sum := hex.EncodeToString(h.Sum(nil)); err != nil || sum != f.Sum {
				return fmt.Errorf("file %d: the bytes have the sum %s, not %s: %v", f.ID, sum, f.Sum, err)
			}
		}
		for _, line := range strings.Split(told, "\n") {
			number, _, is := strings.Cut(line, "|")
			if !is {
				continue
			}
			id, err := strconv.ParseUint(number, 10, 64)
			if err != nil {
				return err
			}
			r, err := requests.Get(tx, id)
			if err != nil {
				return fmt.Errorf("acknowledged %s: %w", line, err)
			}
			sum := ""
			if files, err := papersByRequest.Find(tx, id); err == nil && len(files) == 1 {
				sum = files[0].Sum
			}
			if got := fmt.Sprintf("%d|%t|%s|%s", id, r.Open, sum, r.Subject); got != line {
				return fmt.Errorf("acknowledged %s, there is %s", line, got)
			}
		}
		return nil
	})
}
