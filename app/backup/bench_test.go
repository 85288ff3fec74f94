package backup

import (
	"fmt"
	"os"
	"slices"
	"strconv"
	"sync"
	"testing"
	"time"

	"sportello/store"
	"sportello/store/act"
	"sportello/store/db"
	"sportello/store/door"
)

// BenchmarkBackup makes backups of a large desk while eight people write to it, and reports how long a write waited.
// SPORTELLO_BENCH_DATA names the data folder, filled by sportello generate, which the benchmark writes to. The backup
// goes to SPORTELLO_BENCH_TO or a temporary folder, at SPORTELLO_BENCH_RATE megabytes a second (60).
func BenchmarkBackup(b *testing.B) {
	data := os.Getenv("SPORTELLO_BENCH_DATA")
	if data == "" {
		b.Skip("SPORTELLO_BENCH_DATA names no data folder")
	}
	to := os.Getenv("SPORTELLO_BENCH_TO")
	if to == "" {
		to = b.TempDir()
	}
	rate, err := strconv.ParseInt(os.Getenv("SPORTELLO_BENCH_RATE"), 10, 64)
	if err != nil {
		rate = 60
	}
	st, err := store.Open(data, db.Options{Log: quiet})
	if err != nil {
		b.Fatal(err)
	}
	defer st.Close()
	// The writes of a busy desk: eight people, each with a message of 600 bytes about fifty times a second.
	writing := func(b *testing.B, while func()) {
		var mu sync.Mutex
		var waits []time.Duration
		stop := make(chan struct{})
		var writers sync.WaitGroup
		for w := range 8 {
			writers.Go(func() {
				for {
					select {
					case <-stop:
						return
					case <-time.After(20 * time.Millisecond):
					}
					began := time.Now()
					err := st.Update(db.By{Person: 1, Via: door.API, Act: act.Reply}, func(tx *db.Tx) error {
						return store.Messages.Put(tx, &store.Message{Ticket: uint64(w + 1), Author: 1, Body: fmt.Sprintf("%0600d", w), At: tx.Now()})
					})
					took := time.Since(began)
					if err != nil {
						b.Error(err)
						return
					}
					mu.Lock()
					waits = append(waits, took)
					mu.Unlock()
				}
			})
		}
		began := time.Now()
		while()
		took := time.Since(began)
		close(stop)
		writers.Wait()
		slices.Sort(waits)
		at := func(share float64) float64 {
			return float64(waits[min(len(waits)-1, int(share*float64(len(waits))))].Microseconds()) / 1000
		}
		over := 0
		for _, w := range waits {
			if w > 50*time.Millisecond {
				over++
			}
		}
		b.ReportMetric(0, "ns/op")
		b.ReportMetric(took.Seconds(), "s")
		b.ReportMetric(float64(len(waits)), "writes")
		b.ReportMetric(at(.5), "p50-ms")
		b.ReportMetric(at(.99), "p99-ms")
		b.ReportMetric(at(.9999), "p99.99-ms")
		b.ReportMetric(at(1), "most-ms")
		b.ReportMetric(float64(over), "over50ms")
	}
	b.Run("alone", func(b *testing.B) {
		for b.Loop() {
			writing(b, func() { time.Sleep(20 * time.Second) })
		}
	})
	b.Run("beside", func(b *testing.B) {
		for b.Loop() {
			writing(b, func() {
				m, err := Folder{to}.Make(b.Context(), Source{Store: st, Program: "bench", Log: quiet, Rate: rate * 1e6})
				if err != nil {
					b.Fatal(err)
				}
				b.ReportMetric(float64(m.Bytes())/1e6, "MB")
			})
		}
	})
}
