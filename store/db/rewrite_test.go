package db

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"os"
	"os/signal"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"go.etcd.io/bbolt"

	"sportello/store/act"
	"sportello/store/fault"
	"sportello/store/key"
)

// contents is the sum of all that a store holds, sequences included.
func contents(t testing.TB, st *Store) (sum string) {
	t.Helper()
	h := sha256.New()
	must(t, st.View(func(tx *Tx) error {
		return tx.bolt.ForEach(func(name []byte, b *bbolt.Bucket) error { return digestBucket(h, name, b) })
	}))
	return hex.EncodeToString(h.Sum(nil))
}

// wide adds rows that take a Rewrite several steps.
func wide(t testing.TB, st *Store, rows int) {
	t.Helper()
	for n := range rows {
		add(t, st, &item{Group: uint64(n % 7), Name: fmt.Sprint("row ", n), Tags: []uint64{uint64(n % 3)}, Secret: strings.Repeat(fmt.Sprint(n, " "), 20_000)})
	}
}

// beside fails when what a Rewrite made is still there.
func beside(t testing.TB, st *Store) {
	t.Helper()
	if _, err := os.Lstat(st.path() + ".new"); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("the half-made file is still there: %v", err)
	}
}

func TestARewriteIsRefused(t *testing.T) {
	st := fresh(t, quick)
	add(t, st, &item{Group: 1})
	before := contents(t, st)
	refused := func(when string, st *Store, want func(error) bool) {
		t.Helper()
		if _, _, err := st.Rewrite(t.Context()); !want(err) {
			t.Errorf("%s: %v", when, err)
		}
		beside(t, st)
	}
	busy := func(err error) bool { return errors.Is(err, ErrBusy) }
	release := st.HoldBlobs()
	refused("during a backup", st, busy)
	release()
	first := true
	_, _, err := st.rewrite(t.Context(), func(stage) {
		if !first {
			return
		}
		first = false
		if _, _, err := st.Rewrite(t.Context()); !busy(err) {
			t.Errorf("during another: %v", err)
		}
	})
	must(t, err)
	broken := errors.New("the disk is broken")
	st.fault.Store(&faultBox{broken})
	refused("while nothing can be written", st, func(err error) bool {
		return fault.KindOf(err) == fault.Unavailable && errors.Is(err, broken)
	})
	st.fault.Store(nil)
	ended, end := context.WithCancel(t.Context())
	end()
	if _, _, err := st.Rewrite(ended); !errors.Is(err, context.Canceled) {
		t.Errorf("when nobody wants it any more: %v", err)
	}
	if contents(t, st) != before {
		t.Error("something has changed")
	}
	full := quick
	full.Space = func(string) (int64, int64, bool) { return 60 << 20, 1 << 40, true }
	refused("where there is no room", fresh(t, full), func(err error) bool { return errors.Is(err, ErrNoRoom) })
	closed := fresh(t, quick)
	must(t, closed.Close())
	refused("after the end", closed, func(err error) bool { return fault.KindOf(err) == fault.Unavailable })
}

func TestABackupWaitsForARewrite(t *testing.T) {
	st := fresh(t, quick)
	wide(t, st, 20)
	var order []string
	var mu sync.Mutex
	note := func(what string) {
		mu.Lock()
		defer mu.Unlock()
		order = append(order, what)
	}
	var wg sync.WaitGroup
	_, _, err := st.rewrite(t.Context(), func(at stage) {
		if at == atBegin {
			wg.Go(func() {
				var b bytes.Buffer
				if _, err := st.Picture(context.Background(), &b); err != nil {
					t.Error(err)
				}
				note("picture")
			})
		}
		if at == atSwapped {
			note("swapped")
		}
	})
	must(t, err)
	wg.Wait()
	if !slices.Equal(order, []string{"swapped", "picture"}) {
		t.Errorf("%v", order)
	}
}

func TestARewriteLeavesNoByteOfWhatIsGone(t *testing.T) {
	st := fresh(t, quick)
	wide(t, st, 400)
	const word = "segretissimaparola"
	add(t, st, &item{Group: 1, Secret: word}, &item{Group: 2, Secret: word + " changed"})
	must(t, st.Update(By{}, func(tx *Tx) error {
		for id := uint64(1); id <= 401; id++ {
			if err := items.Delete(tx, id); err != nil {
				return err
			}
		}
		r, err := items.Get(tx, 402)
		if err != nil {
			return err
		}
		r.Secret = ""
		return items.Put(tx, r)
	}))
	holds := func() bool {
		raw, err := os.ReadFile(st.path())
		must(t, err)
		return bytes.Contains(raw, []byte(word))
	}
	if !holds() {
		t.Fatal("the word is gone without it: the test proves nothing")
	}
	sum := contents(t, st)
	before, after, err := st.Rewrite(t.Context())
	must(t, err)
	if holds() {
		t.Error("the word is still there")
	}
	if after >= before {
		t.Errorf("of %d bytes it made %d", before, after)
	}
	if contents(t, st) != sum {
		t.Error("it holds something else")
	}
	beside(t, st)
}

// TestARewriteKeepsEveryWrite writes at random all the while, at each stage and between, with transactions that fail and
// are run again: the new file equals the old one in each key and number, at the moment at which it takes its place.
func TestARewriteKeepsEveryWrite(t *testing.T) {
	seed := uint64(time.Now().UnixNano())
	t.Logf("seed %d", seed)
	dir := t.TempDir()
	st := reopened(t, dir, Options{NoSync: true, Log: slog.New(slog.DiscardHandler), Prove: true})
	wide(t, st, 60)
	failure := errors.New("on purpose")
	random := func(r *rand.Rand) error {
		err := st.Update(By{Act: act.Change}, func(tx *Tx) error {
			for range r.IntN(4) + 1 {
				id := r.Uint64N(items.Last(tx)) + 1
				row, err := items.Get(tx, id)
				switch {
				case fault.KindOf(err) == fault.NotFound || r.IntN(4) == 0:
					err = items.Put(tx, &item{Group: r.Uint64N(9), Tags: []uint64{r.Uint64N(3)}, Secret: strings.Repeat("x", r.IntN(8_000))})
				case err != nil:
				case r.IntN(3) == 0:
					err = items.Delete(tx, id)
				default:
					row.Group, row.Tags, row.Seen = r.Uint64N(9), []uint64{r.Uint64N(5), 7}, row.Seen+1
					err = items.Put(tx, row)
				}
				if err != nil {
					return err
				}
			}
			if r.IntN(5) == 0 {
				if err := tx.SetCursor("somebody", tx.LastChange()); err != nil {
					return err
				}
			}
			if r.IntN(4) == 0 {
				return failure
			}
			return nil
		})
		if errors.Is(err, failure) {
			return nil
		}
		return err
	}
	stop := make(chan struct{})
	var wg sync.WaitGroup
	for g := range 2 {
		wg.Go(func() {
			for r := rand.New(rand.NewPCG(seed, uint64(g))); ; {
				select {
				case <-stop:
					return
				default:
				}
				if err := random(r); err != nil {
					t.Error(err)
					return
				}
			}
		})
	}
	r := rand.New(rand.NewPCG(seed, 99))
	for range 3 {
		old := ""
		_, _, err := st.rewrite(t.Context(), func(at stage) {
			switch at {
			case atHeld:
				old = contents(t, st)
			case atSwapped:
				if old != contents(t, st) {
					t.Error("the new file holds something else than the old one")
				}
			default:
				for range 20 {
					must(t, random(r))
				}
			}
		})
		must(t, err)
		beside(t, st)
	}
	close(stop)
	wg.Wait()
	sound(t, st)
	sum := contents(t, st)
	must(t, st.Close())
	if again := reopened(t, dir, quick); contents(t, again) != sum {
		t.Error("opened again it holds something else")
	}
}

func TestTheJournalHoldsWhatWasCommitted(t *testing.T) {
	st := fresh(t, quick)
	add(t, st, &item{Group: 1})
	noted := func() int { return st.journal.Load().size() }
	_, _, err := st.rewrite(t.Context(), func(at stage) {
		if at != atBegin {
			return
		}
		failure := errors.New("on purpose")
		late := func(tx *Tx) error {
			if err := items.Put(tx, &item{Group: 5}); err != nil {
				return err
			}
			return failure
		}
		if err := st.Update(By{}, late); !errors.Is(err, failure) || noted() != 0 {
			t.Errorf("one that failed: %v, %d keys", err, noted())
		}
		// The row, its entry in an index and its counter; the change, its entry, and nothing of the one that failed.
		together(t, st, func(tx *Tx) error { return items.Put(tx, &item{Group: 6}) }, late)
		if noted() != 5 {
			t.Errorf("one beside it that was run again: %d keys", noted())
		}
	})
	must(t, err)
	if st.journal.Load() != nil {
		t.Error("it is kept for ever")
	}
}

// TestAWriteThatNobodyNotedIsFound goes round the one way to write, as a fault of the program would.
func TestAWriteThatNobodyNotedIsFound(t *testing.T) {
	for name, write := range map[string]func(*bbolt.Bucket) error{
		"a value": func(b *bbolt.Bucket) error { return b.Put(key.ID(1), []byte(`{"rev":1,"group":9}`)) },
		"a key":   func(b *bbolt.Bucket) error { return b.Put(key.ID(9), []byte(`{"rev":1,"group":9}`)) },
		"removal": func(b *bbolt.Bucket) error { return b.Delete(key.ID(1)) },
	} {
		st, err := tested.Open(t.TempDir(), quick)
		must(t, err)
		add(t, st, &item{Group: 1}, &item{Group: 1})
		before := ""
		_, _, err = st.rewrite(t.Context(), func(at stage) {
			if at == atCopied {
				must(t, st.Update(By{}, func(tx *Tx) error {
					tx.wrote = true
					return write(tx.bucket(items.name, "rows").bolt)
				}))
				before = contents(t, st)
			}
		})
		if err == nil || !strings.Contains(err.Error(), "nobody noted") || contents(t, st) != before {
			t.Errorf("%s: %v", name, err)
		}
		beside(t, st)
		must(t, st.Close())
	}
}

// TestNothingIsWrittenPastTheJournal reads the package: only these files have a bucket of bbolt in their hands. One of
// them notes each key, the others write where no Rewrite can be.
func TestNothingIsWrittenPastTheJournal(t *testing.T) {
	may := []string{"write.go", "rewrite.go", "store.go", "table.go", "migration.go"}
	files, err := filepath.Glob("*.go")
	must(t, err)
	direct := regexp.MustCompile(`\*bbolt\.Bucket|bolt\.Bucket\(|\.bolt\.(Put|Delete|NextSequence|SetSequence)\(|\b[cC]ursor\.Delete\(|\bc\.Delete\(`)
	for _, file := range files {
		if strings.HasSuffix(file, "_test.go") || slices.Contains(may, file) {
			continue
		}
		raw, err := os.ReadFile(file)
		must(t, err)
		if at := direct.FindString(string(raw)); at != "" {
			t.Errorf("%s writes past the journal: %s", file, at)
		}
	}
}

func TestALongReaderSeesTheOldFileToItsEnd(t *testing.T) {
	st := fresh(t, quick)
	wide(t, st, 30)
	begun, swappedNow := make(chan struct{}), make(chan struct{})
	var wg sync.WaitGroup
	wg.Go(func() {
		n, sum := 0, 0
		err := st.View(func(tx *Tx) error {
			for r, err := range items.All(tx, 0, false) {
				if err != nil {
					return err
				}
				if n++; n == 3 {
					close(begun)
					<-swappedNow
				}
				sum += len(r.Secret)
			}
			if items.Count(tx, "group", uint64(50)) != 0 {
				return errors.New("it sees what came later")
			}
			return nil
		})
		if err != nil || n != 30 {
			t.Errorf("it saw %d rows with %d bytes: %v", n, sum, err)
		}
	})
	<-begun
	_, _, err := st.Rewrite(t.Context()) // returns although somebody reads
	must(t, err)
	must(t, st.Update(By{}, func(tx *Tx) error {
		for id := uint64(1); id <= 30; id++ {
			if err := items.Delete(tx, id); err != nil {
				return err
			}
		}
		return items.Put(tx, &item{Group: 50})
	}))
	must(t, st.View(func(tx *Tx) error {
		if n := items.Count(tx, "group", uint64(50)); n != 1 {
			t.Errorf("after it there are %d of what was written after it", n)
		}
		return nil
	}))
	close(swappedNow)
	wg.Wait()
}

func TestARewriteThatEndsEarlyLeavesTheOldFile(t *testing.T) {
	var closing sync.WaitGroup
	for at := atBegin; at <= atHeld; at++ {
		for name, c := range map[string]struct {
			end  func(*Store, context.CancelFunc)
			want func(error) bool
		}{
			"by who wanted it": {func(_ *Store, stop context.CancelFunc) { stop() }, func(err error) bool { return errors.Is(err, context.Canceled) }},
			"by a fault of the disk": {func(st *Store, _ context.CancelFunc) { st.fault.Store(&faultBox{errors.New("broken")}) },
				func(err error) bool { return fault.KindOf(err) == fault.Unavailable }},
			"by a fault that is over": {func(st *Store, _ context.CancelFunc) { st.opened.Add(1) }, func(err error) bool { return err != nil || at == atHeld }},
			"by the end of the desk": {func(st *Store, _ context.CancelFunc) {
				closing.Go(func() { must(t, st.Close()) })
				must(t, until(func() (bool, error) { return st.isClosed(), nil }))
			}, func(err error) bool { return fault.KindOf(err) == fault.Unavailable }},
		} {
			dir := t.TempDir()
			st, err := tested.Open(dir, quick)
			must(t, err)
			wide(t, st, 20)
			sum := contents(t, st)
			ctx, stop := context.WithCancel(t.Context())
			_, _, err = st.rewrite(ctx, func(s stage) {
				if s == at {
					c.end(st, stop)
				}
			})
			if !c.want(err) {
				t.Errorf("%s at stage %d: %v", name, at, err)
			}
			stop()
			closing.Wait()
			beside(t, st)
			st.fault.Store(nil)
			must(t, st.Close())
			if again := reopened(t, dir, quick); contents(t, again) != sum {
				t.Errorf("%s at stage %d: it holds something else", name, at)
			}
		}
	}
}

func TestWhatAKillLeftIsRemoved(t *testing.T) {
	dir := t.TempDir()
	st := reopened(t, dir, quick)
	must(t, st.Close())
	must(t, os.WriteFile(st.path()+".new", []byte("half"), 0o600))
	beside(t, reopened(t, dir, quick))
}

func TestFollowersGoOnOverARewrite(t *testing.T) {
	st := fresh(t, quick)
	seen := map[uint64]int{}
	var mu sync.Mutex
	ctx, stop := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() {
		ended <- st.Follow(ctx, Follower{Name: "who", Tells: func(_ *Tx, c *Change) bool { return c.Table == items.name },
			Prepare: func(_ context.Context, changes []*Change) error {
				mu.Lock()
				defer mu.Unlock()
				for _, c := range changes {
					seen[c.ID]++
				}
				return nil
			}})
	}()
	for n := range 5 {
		add(t, st, &item{Group: uint64(n)})
		_, _, err := st.rewrite(t.Context(), func(at stage) {
			if at < atHeld {
				add(t, st, &item{Group: uint64(n)})
			}
		})
		must(t, err)
	}
	last := uint64(0)
	must(t, st.View(func(tx *Tx) error { last = items.Last(tx); return nil }))
	must(t, until(func() (bool, error) {
		mu.Lock()
		defer mu.Unlock()
		return len(seen) == int(last), nil
	}))
	stop()
	if err := <-ended; !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
	for id, n := range seen {
		if n != 1 {
			t.Errorf("%d was seen %d times", id, n)
		}
	}
}

// TestARewriteOnAFullDisk runs in a child whose files the kernel lets grow no further.
func TestARewriteOnAFullDisk(t *testing.T) {
	out, err := child(t, "rewritefull", t.TempDir()).CombinedOutput()
	if err != nil {
		t.Fatalf("%v: %s", err, out)
	}
}

func playRewriteFull(dir string) error {
	signal.Ignore(syscall.SIGXFSZ)
	st, err := tested.Open(dir, Options{Log: slog.New(slog.DiscardHandler)})
	if err != nil {
		return err
	}
	put := func() error {
		return st.Update(By{Act: act.Change}, func(tx *Tx) error {
			return items.Put(tx, &item{Group: 1, Secret: strings.Repeat("s", 100_000)})
		})
	}
	for range 40 {
		if err := put(); err != nil {
			return err
		}
	}
	for _, limit := range []uint64{0, 8192, 40_000, 1 << 20, 3 << 20} {
		if err := limitFiles(limit); err != nil {
			return err
		}
		if _, _, err := st.Rewrite(context.Background()); err == nil {
			return fmt.Errorf("limit %d: it says that all is well", limit)
		}
		if err := limitFiles(unlimited); err != nil {
			return err
		}
		if _, err := os.Lstat(st.path() + ".new"); !errors.Is(err, os.ErrNotExist) {
			return fmt.Errorf("limit %d: the half-made file is still there", limit)
		}
		if st.Fault() != nil {
			return fmt.Errorf("limit %d: the store has a fault: %w", limit, st.Fault())
		}
		if err := put(); err != nil {
			return err
		}
	}
	if _, _, err := st.Rewrite(context.Background()); err != nil {
		return err
	}
	if findings := st.Check(); len(findings) > 0 {
		return fmt.Errorf("%v", findings)
	}
	return st.Close()
}

// playRewrite is playWrite with the file rewritten again and again.
func playRewrite(dir string) error {
	st, err := tested.Open(dir, Options{})
	if err != nil {
		return err
	}
	failed := make(chan error, 1)
	go func() { failed <- writeOn(st) }()
	for {
		if _, _, err := st.Rewrite(context.Background()); err != nil {
			return err
		}
		select {
		case err := <-failed:
			return err
		default:
		}
	}
}

// TestAKillDuringARewriteLosesNothing is TestCrash with the file rewritten all the while.
func TestAKillDuringARewriteLosesNothing(t *testing.T) { killed(t, "rewrite") }

// BenchmarkRewrite rewrites a file of SPORTELLO_REWRITE_MB megabytes, half of it free pages, while one writer writes
// without a break. It reports how long that writer waited at the longest, meanwhile and without a Rewrite.
func BenchmarkRewrite(b *testing.B) {
	st := fresh(b, Options{Log: slog.New(slog.DiscardHandler)})
	st.db.NoSync = true
	for size := 0; size < benchmarked()<<20; {
		must(b, st.Update(By{}, func(tx *Tx) error {
			for range 500 {
				text := strings.Repeat("ab", 1000)
				if err := items.Put(tx, &item{Group: uint64(size % 100), Secret: text}); err != nil {
					return err
				}
				size += len(text)
			}
			return nil
		}))
	}
	must(b, st.db.Sync())
	st.db.NoSync = false
	writing := func(while func()) (longest time.Duration, n int) {
		stop := make(chan struct{})
		var wg sync.WaitGroup
		wg.Go(func() {
			for {
				select {
				case <-stop:
					return
				default:
				}
				began := time.Now()
				must(b, st.Update(By{}, func(tx *Tx) error { return items.Put(tx, &item{Group: 200, Secret: strings.Repeat("n", 2000)}) }))
				longest = max(longest, time.Since(began))
				n++
			}
		})
		while()
		close(stop)
		wg.Wait()
		return longest, n
	}
	alone, _ := writing(func() { time.Sleep(5 * time.Second) }) // what the disk does without us
	for b.Loop() {
		var holding time.Time
		var held time.Duration
		var before, after int64
		longest, n := writing(func() {
			var err error
			before, after, err = st.rewrite(b.Context(), func(at stage) {
				switch at {
				case atHeld:
					holding = time.Now()
				case atSwapped:
					held = time.Since(holding)
				}
			})
			must(b, err)
		})
		b.ReportMetric(float64(before)/(1<<30), "GB-before")
		b.ReportMetric(float64(after)/(1<<30), "GB-after")
		b.ReportMetric(float64(longest.Milliseconds()), "ms-longest-wait")
		b.ReportMetric(float64(alone.Milliseconds()), "ms-longest-wait-without")
		b.ReportMetric(float64(held.Milliseconds()), "ms-swap")
		b.ReportMetric(float64(n), "writes")
	}
}

// benchmarked is the size of the file of BenchmarkRewrite in megabytes.
func benchmarked() int {
	if n, err := strconv.Atoi(os.Getenv("SPORTELLO_REWRITE_MB")); err == nil {
		return n
	}
	return 64
}
