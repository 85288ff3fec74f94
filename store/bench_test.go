package store

import (
	"errors"
	"fmt"
	"path/filepath"
	"sync/atomic"
	"testing"
	"time"

	"go.etcd.io/bbolt"

	"sportello/store/act"
	"sportello/store/db"
	"sportello/store/door"
	"sportello/store/key"
)

// The three that follow write the same: one row of a ticket's size, on disk when the call returns. Ours also writes
// indexes, counters and the change log.

func BenchmarkUpdate1(b *testing.B) { benchUpdate(b, 1) }

func BenchmarkUpdate64(b *testing.B) { benchUpdate(b, 64) }

func benchUpdate(b *testing.B, writers int) {
	st, err := Open(b.TempDir(), db.Options{})
	must(b, err)
	defer st.Close()
	peopled(b, st)
	var n atomic.Uint64
	parallel(b, writers, func() error {
		i := n.Add(1)
		return st.Update(db.By{Person: 1, Via: door.API, Act: act.Open}, func(tx *db.Tx) error {
			return Tickets.Put(tx, &Ticket{Subject: "Stampa bloccata all'ufficio protocollo", State: StateNew, Group: i%20 + 1, Requester: i%2500 + 1,
				Due: tx.Now(), Opened: tx.Now(), PublicUpdated: tx.Now(), Messages: 1})
		})
	})
}

// peopled makes the groups and requesters that the tickets of the benchmarks name.
func peopled(b *testing.B, st *db.Store) {
	b.Helper()
	must(b, st.Update(db.By{Act: act.Change}, func(tx *db.Tx) error {
		for i := range 20 {
			if err := Groups.Put(tx, &Group{Code: fmt.Sprint("g", i)}); err != nil {
				return err
			}
		}
		for i := range 2500 {
			if err := People.Put(tx, &Person{Email: fmt.Sprint("p", i, "@uni.example")}); err != nil {
				return err
			}
		}
		return nil
	}))
}

// BenchmarkPut writes a ticket with the five rows it names, and changes it, without waiting for the disk.
func BenchmarkPut(b *testing.B) {
	st, err := Open(b.TempDir(), db.Options{NoSync: true})
	must(b, err)
	defer st.Close()
	peopled(b, st)
	must(b, st.Update(db.By{Act: act.Change}, func(tx *db.Tx) error {
		return errors.Join(Modules.Put(tx, &Module{Code: "csa"}), Organisations.Put(tx, &Organisation{Name: "Uni"}))
	}))
	ticket := func(i int) *Ticket {
		return &Ticket{Subject: "Stampa bloccata all'ufficio protocollo", State: StateNew, Group: uint64(i%20) + 1, Requester: uint64(i%2500) + 1,
			Assignee: 7, Module: 1, Organisation: 1, Messages: 1}
	}
	b.Run("new", func(b *testing.B) {
		benchPut(b, st, func(tx *db.Tx, i int) error { return Tickets.Put(tx, ticket(i)) })
	})
	b.Run("changed", func(b *testing.B) {
		t := ticket(0)
		must(b, st.Update(db.By{Act: act.Open}, func(tx *db.Tx) error { return Tickets.Put(tx, t) }))
		benchPut(b, st, func(tx *db.Tx, i int) error {
			t.Messages = i
			return Tickets.Put(tx, t)
		})
	})
}

// benchPut writes a thousand rows in each transaction.
func benchPut(b *testing.B, st *db.Store, put func(*db.Tx, int) error) {
	for n := 0; n < b.N; n += 1000 {
		must(b, st.Update(db.By{Person: 1, Via: door.API, Act: act.Open}, func(tx *db.Tx) error {
			for i := n; i < min(n+1000, b.N); i++ {
				if err := put(tx, i); err != nil {
					return err
				}
			}
			return nil
		}))
	}
}

func BenchmarkBoltUpdate1(b *testing.B)  { benchBolt(b, 1, (*bbolt.DB).Update) }
func BenchmarkBoltUpdate64(b *testing.B) { benchBolt(b, 64, (*bbolt.DB).Update) }
func BenchmarkBoltBatch1(b *testing.B)   { benchBolt(b, 1, (*bbolt.DB).Batch) }
func BenchmarkBoltBatch64(b *testing.B)  { benchBolt(b, 64, (*bbolt.DB).Batch) }

func benchBolt(b *testing.B, writers int, update func(*bbolt.DB, func(*bbolt.Tx) error) error) {
	db, err := bbolt.Open(filepath.Join(b.TempDir(), "plain.db"), 0o600, &bbolt.Options{FreelistType: bbolt.FreelistMapType})
	must(b, err)
	defer db.Close()
	must(b, db.Update(func(tx *bbolt.Tx) error { _, err := tx.CreateBucket([]byte("rows")); return err }))
	row := make([]byte, 500)
	parallel(b, writers, func() error {
		return update(db, func(tx *bbolt.Tx) error {
			rows := tx.Bucket([]byte("rows"))
			id, err := rows.NextSequence()
			if err != nil {
				return err
			}
			return rows.Put(key.ID(id), row)
		})
	})
}

func parallel(b *testing.B, writers int, write func() error) {
	left := atomic.Int64{}
	left.Store(int64(b.N))
	ends := make(chan error)
	b.ResetTimer()
	for range writers {
		go func() {
			for left.Add(-1) >= 0 {
				if err := write(); err != nil {
					ends <- err
					return
				}
			}
			ends <- nil
		}()
	}
	for range writers {
		if err := <-ends; err != nil {
			b.Error(err)
		}
	}
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "writes/s")
}

// BenchmarkPage reads a page of 50 of 100,000 tickets through an index, its count beside it.
func BenchmarkPage(b *testing.B) {
	st, err := Open(b.TempDir(), db.Options{NoSync: true})
	must(b, err)
	defer st.Close()
	peopled(b, st)
	const tickets = 100000
	start := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	for i := 0; i < tickets; i += 5000 {
		must(b, st.Update(db.By{Act: act.Open}, func(tx *db.Tx) error {
			for j := range 5000 {
				n := i + j
				state := StateClosed
				if n%40 == 0 {
					state = StateOpen
				}
				err := Tickets.Put(tx, &Ticket{Subject: fmt.Sprint("Richiesta ", n), State: state, Group: uint64(n%20) + 1, Requester: uint64(n%2500) + 1,
					Due: start.Add(time.Duration(n*7919%tickets) * time.Minute), PublicUpdated: start.Add(time.Duration(n) * time.Minute), Messages: 1})
				if err != nil {
					return err
				}
			}
			return nil
		}))
	}
	for name, spans := range map[string][]db.Span{
		"everything closed": {{Prefix: key.Of(StateClosed), Desc: true}},
		"twenty groups merged": func() (out []db.Span) {
			for g := range uint64(20) {
				out = append(out, db.Span{Prefix: key.Of(g+1, StateOpen)})
			}
			return out
		}(),
	} {
		ix := TicketsByState
		if len(spans) > 1 {
			ix = TicketsByGroup
		}
		b.Run(name, func(b *testing.B) {
			for b.Loop() {
				must(b, st.View(func(tx *db.Tx) error {
					n := 0
					for _, err := range ix.Merge(tx, spans) {
						if err != nil {
							return err
						}
						if n++; n == 50 {
							break
						}
					}
					if Tickets.Count(tx, CountState, StateClosed) == 0 || n != 50 {
						b.Fatal("no page")
					}
					return nil
				}))
			}
		})
	}
}
