package search

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"sportello/search/analysis"
	"sportello/store"
	"sportello/store/db"
)

// TestAtSize measures on a data folder that `generate` filled, named by SPORTELLO_DATA: building the index, its size
// beside the text it covers, and how long questions take. The index is kept in SPORTELLO_INDEX, if that is set.
func TestAtSize(t *testing.T) {
	data := os.Getenv("SPORTELLO_DATA")
	if data == "" {
		t.Skip("SPORTELLO_DATA names no folder")
	}
	dir := os.Getenv("SPORTELLO_INDEX")
	if dir == "" {
		dir = filepath.Join(t.TempDir(), "search")
	}
	st, err := store.Open(data, db.Options{NoSync: true, Log: quiet()})
	if err != nil {
		t.Fatal(err)
	}
	defer st.Close()
	zone, err := time.LoadLocation("Europe/Rome") // the usual one: the index of a desk will do
	if err != nil {
		t.Fatal(err)
	}
	ix := Open(dir, st, Options{Log: quiet(), Location: zone})
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error)
	go func() { ended <- ix.Run(ctx) }()
	defer func() {
		cancel()
		if err := <-ended; !errors.Is(err, context.Canceled) {
			t.Error(err)
		}
		if err := ix.Close(); err != nil {
			t.Error(err)
		}
	}()
	begun := time.Now()
	most := anonymous()
	done := make(chan error)
	go func() { done <- ix.CatchUp(ctx, st.Last()) }()
	for waiting := true; waiting; {
		select {
		case err := <-done:
			if err != nil {
				t.Fatal(err)
			}
			waiting = false
		case <-time.After(time.Second):
			most = max(most, anonymous())
		}
	}
	built := time.Since(begun)
	size, words, person := sizeOfText(t, st)
	s := ix.State()
	fmt.Printf("documents %d, text %.0f MB, index %.0f MB (%.2f of the text), ready after %v, memory of its own at most %d MiB\n",
		s.Docs, float64(size)/1e6, float64(s.Bytes)/1e6, float64(s.Bytes)/float64(size), built.Round(time.Second), most>>20)

	runtime.LockOSThread() // a question is answered in the goroutine that asks: what the thread uses is what it costs
	defer runtime.UnlockOSThread()
	r := rand.New(rand.NewPCG(5, 6))
	word := func() string { return words[r.IntN(len(words))] }
	var group uint64
	if err := st.View(func(tx *db.Tx) error {
		tk, err := store.Tickets.Get(tx, 1)
		if err == nil {
			group = tk.Group
		}
		return err
	}); err != nil {
		t.Fatal(err)
	}
	agent := Access{Person: 1, Groups: []uint64{group}, Agent: true}
	requester := Access{Person: person}
	search := func(a Access, facets bool, text func() string) func() error {
		return func() error {
			_, err := ix.Search(context.Background(), Query{Text: text(), Access: a, Language: "it", Facets: facets})
			return err
		}
	}
	two := func() string { return word() + " " + word() }
	for _, c := range []struct {
		name string
		ask  func() error
	}{
		{"two words", search(agent, false, two)},
		{"two words, facets", search(agent, true, two)},
		{"one word, facets", search(agent, true, word)},
		{"two words, requester", search(requester, true, two)},
		{"four words", search(agent, false, func() string { return two() + " " + two() })},
		{"a phrase", search(agent, false, func() string { return `"` + two() + `"` })},
		{"a beginning", search(agent, false, func() string { return analysis.CutBytes(word(), 4) + "*" })},
		{"one wrong letter", search(agent, false, func() string { w := word(); return w[:len(w)-1] + "qx " + word() })},
		{"a phrase of small words", search(agent, false, func() string { return `"` + []string{"di la", "per il", "non si", "che la"}[r.IntN(4)] + `"` })},
		{"everything at once", search(agent, true, func() string {
			return analysis.CutBytes(word(), 3) + "* " + analysis.CutBytes(word(), 3) + "* OR " + analysis.CutBytes(word(), 3) + `* "` + two() + `" -` + analysis.CutBytes(word(), 3) + `* -"` + two() + `" ` + two() + " dopo:2000"
		})},
		{"nothing but exclusion", search(agent, true, func() string { return "-" + word() + ` -"` + two() + `"` })},
		{"filters", search(agent, true, func() string { return "stato:aperta tipo:anomalia" })},
		{"while typing, agent", func() error {
			_, err := ix.Complete(context.Background(), word()+" "+analysis.CutBytes(word(), 3+r.IntN(3)), agent, "it", 8)
			return err
		}},
		{"while typing, requester", func() error {
			_, err := ix.Complete(context.Background(), word()+" "+analysis.CutBytes(word(), 3+r.IntN(3)), requester, "it", 8)
			return err
		}},
	} {
		var took, used []time.Duration
		for range 400 {
			begun, worked := time.Now(), threadTime(t)
			if err := c.ask(); err != nil {
				t.Fatalf("%s: %v", c.name, err)
			}
			took, used = append(took, time.Since(begun)), append(used, threadTime(t)-worked)
		}
		slices.Sort(took)
		slices.Sort(used)
		round := func(d time.Duration) time.Duration { return d.Round(100 * time.Microsecond) }
		fmt.Printf("%-24s p50 %7v  p99 %7v   of the processor p50 %7v  p99 %7v\n", c.name, round(took[200]), round(took[396]), round(used[200]), round(used[396]))
	}
	fmt.Printf("memory of its own %d MiB\n", anonymous()>>20)
}

// sizeOfText returns the bytes of the texts that are found, words as they come in subjects, and somebody with tickets.
func sizeOfText(t *testing.T, st *db.Store) (size int64, words []string, person uint64) {
	err := st.View(func(tx *db.Tx) error {
		for tk, err := range store.Tickets.All(tx, 0, false) {
			if err != nil {
				return err
			}
			size += int64(len(tk.Subject))
			if tk.ID%97 == 0 {
				for _, k := range analysis.Tokens(tk.Subject) {
					if k.Parts == 0 && len(k.Term) > 3 && analysis.IsLetters(k.Term) && analysis.Stem("it", k.Term) != "" && analysis.Stem("en", k.Term) != "" {
						words = append(words, k.Term)
					}
				}
				person = tk.Requester
			}
		}
		for m, err := range store.Messages.All(tx, 0, false) {
			if err != nil {
				return err
			}
			size += int64(len(m.Body))
		}
		return nil
	})
	if err != nil || len(words) == 0 {
		t.Fatal(err, len(words))
	}
	return size, words, person
}

// threadTime is how long the thread has had a processor: what else runs on the machine does not count.
func threadTime(t *testing.T) time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(1, &u); err != nil { // RUSAGE_THREAD
		t.Fatal(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// anonymous is how much memory is the process's own, not a mapped file's.
func anonymous() int64 {
	b, _ := os.ReadFile("/proc/self/status")
	for line := range strings.Lines(string(b)) {
		var kb int64
		if n, _ := fmt.Sscanf(line, "RssAnon: %d kB", &kb); n == 1 {
			return kb << 10
		}
	}
	return 0
}
