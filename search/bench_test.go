package search

import (
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"sportello/store"
	"sportello/store/db"
)

// benchWords is a language of 40,000 words with natural frequencies, small words of Italian at its top.
type benchWords struct {
	words []string
	zipf  *rand.Zipf
}

func newBenchWords(r *rand.Rand) *benchWords {
	syllables := strings.Fields("ca ce ci co cu ra re ri ro ru sta ste sti sto ma me mi mo la le li lo ne ni no ta te ti to gra pre zio per con ver den tra")
	b := &benchWords{words: strings.Fields("di e il la che in un per del non a si le con da i della al"), zipf: rand.NewZipf(r, 1.07, 8, 39_999)}
	seen := map[string]bool{}
	for len(b.words) < 40_000 {
		w := ""
		for range 2 + r.IntN(3) {
			w += syllables[r.IntN(len(syllables))]
		}
		if !seen[w] {
			seen[w] = true
			b.words = append(b.words, w)
		}
	}
	return b
}

func (b *benchWords) text(n int) string {
	var s strings.Builder
	for range n {
		s.WriteString(b.words[b.zipf.Uint64()])
		s.WriteByte(' ')
	}
	return s.String()
}

// fillTickets makes n tickets as a desk has them and returns the bytes of their texts.
func (f *fixture) fillTickets(n int) (size int64) {
	r := rand.New(rand.NewPCG(1, 2))
	w := newBenchWords(r)
	people := make([]uint64, 2500)
	f.update(func(tx *db.Tx) error {
		for i := range people {
			put(tx, &store.Person{Email: fmt.Sprintf("p%d@ateneo.it", store.People.Last(tx)), Name: "Nome" + strconv.Itoa(i)}, store.People, &people[i])
		}
		return nil
	})
	for done := 0; done < n; done += 500 {
		f.update(func(tx *db.Tx) error {
			for range min(500, n-done) {
				t := &store.Ticket{Subject: w.text(5), Kind: store.Request, State: []store.State{store.StateOpen, store.StateClosed, store.StateClosed}[r.IntN(3)],
					Group: []uint64{f.general, f.csa, f.secret}[r.IntN(3)], Module: []uint64{f.accounting, f.csaModule}[r.IntN(2)], Language: "it",
					Requester: people[r.IntN(len(people))], Organisation: f.polito, Opened: time.Unix(1_700_000_000+int64(r.IntN(60_000_000)), 0), PublicUpdated: tx.Now()}
				put(tx, t, store.Tickets, nil)
				texts := []string{w.text(40 + r.IntN(140))}
				for range r.IntN(4) {
					texts = append(texts, w.text(60))
				}
				if r.IntN(3) == 0 {
					texts = append(texts, "note:"+w.text(30))
				}
				for _, s := range texts {
					size += int64(len(s))
				}
				say(tx, t.ID, t.Requester, texts...)
			}
			return nil
		})
	}
	return size
}

// benchSize is how many tickets the benchmarks of searching have; SPORTELLO_BENCH_TICKETS makes them more.
func benchSize() int {
	if n, err := strconv.Atoi(os.Getenv("SPORTELLO_BENCH_TICKETS")); err == nil && n > 0 {
		return n
	}
	return 10_000
}

func BenchmarkSearch(b *testing.B) {
	f := newFixture(b)
	size := f.fillTickets(benchSize())
	begun := time.Now()
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Minute)
	defer cancel()
	if err := f.ix.CatchUp(ctx, f.st.Last()); err != nil {
		b.Fatal(err)
	}
	s := f.ix.State()
	b.Logf("%d documents, %.1f MB of text, index %.1f MB (%.2f), caught up in %v", s.Docs, float64(size)/1e6, float64(s.Bytes)/1e6, float64(s.Bytes)/float64(size), time.Since(begun).Round(time.Millisecond))

	r := rand.New(rand.NewPCG(3, 4))
	w := newBenchWords(rand.New(rand.NewPCG(1, 2)))
	rank := func(from, to int) string { return w.words[from+r.IntN(to-from)] }
	agent := Access{Person: f.agent, Groups: []uint64{f.csa}, Agent: true}
	requester := Access{Person: 30}
	for _, c := range []struct {
		name string
		ask  func() Query
	}{
		{"two words", func() Query { return Query{Text: rank(20, 300) + " " + rank(20, 2000), Access: agent} }},
		{"two words with facets", func() Query { return Query{Text: rank(20, 300) + " " + rank(20, 2000), Access: agent, Facets: true} }},
		{"one frequent word with facets", func() Query { return Query{Text: rank(18, 40), Access: agent, Facets: true} }},
		{"two words, requester", func() Query { return Query{Text: rank(20, 300) + " " + rank(20, 2000), Access: requester} }},
		{"four words, any", func() Query {
			return Query{Text: rank(20, 2000) + " " + rank(20, 2000) + " " + rank(3000, 9000) + " " + rank(3000, 39000), Access: agent}
		}},
		{"phrase", func() Query { return Query{Text: `"` + rank(18, 300) + " " + rank(18, 300) + `"`, Access: agent} }},
		{"beginning", func() Query { return Query{Text: rank(20, 2000)[:3] + "*", Access: agent} }},
		{"filters by date", func() Query { return Query{Text: "stato:aperto modulo:csa", Access: agent, Facets: true} }},
		{"word by date", func() Query { return Query{Text: rank(20, 300), Access: agent, Sort: "date"} }},
	} {
		b.Run(c.name, func(b *testing.B) {
			var took []time.Duration
			for b.Loop() {
				q := c.ask()
				q.Language = "it"
				t := time.Now()
				if _, err := f.ix.Search(context.Background(), q); err != nil {
					b.Fatal(err)
				}
				took = append(took, time.Since(t))
			}
			slices.Sort(took)
			b.ReportMetric(float64(took[len(took)*99/100].Microseconds())/1000, "p99-ms")
		})
	}
	b.Run("suggest", func(b *testing.B) {
		for b.Loop() {
			if _, err := f.ix.Suggest(context.Background(), rank(20, 2000)+" "+rank(20, 2000)+" "+rank(20, 2000)[:4], requester, 6); err != nil {
				b.Fatal(err)
			}
		}
	})
}

// BenchmarkFollow is how fast changes become findable when nothing else happens.
func BenchmarkFollow(b *testing.B) {
	f := newFixture(b)
	var cpu time.Duration
	for b.Loop() {
		b.StopTimer()
		f.stop()
		f.fillTickets(5000)
		b.StartTimer()
		begun := processorTime(b)
		f.start()
		f.catchUp()
		cpu += processorTime(b) - begun
	}
	b.ReportMetric(5000*float64(b.N)/b.Elapsed().Seconds(), "tickets/s")
	b.ReportMetric(float64(cpu.Microseconds())/5000/float64(b.N), "cpu-us/ticket")
}

func processorTime(b *testing.B) time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		b.Fatal(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// BenchmarkDocument is the making of a ticket's document, before the engine sees it.
func BenchmarkDocument(b *testing.B) {
	f := newFixture(b)
	f.fillTickets(500)
	id := uint64(0)
	for b.Loop() {
		id = id%500 + 1
		err := f.st.View(func(tx *db.Tx) error {
			_, err := newMaker(tx, time.UTC).ticket(id)
			return err
		})
		if err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkAnalyse(b *testing.B) {
	text := newBenchWords(rand.New(rand.NewPCG(1, 2))).text(200)
	b.SetBytes(int64(len(text)))
	v := newVocabulary()
	for b.Loop() {
		v.read(0, text, "it")
	}
}
