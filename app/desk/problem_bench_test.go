package desk

import (
	"context"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"sportello/app/desk/problem"
	"sportello/store"
	"sportello/store/act"
	"sportello/store/db"
	"sportello/store/door"
)

// problems writes known problems of csa in words of a made-up language of so many, each word as often as in a real one.
func (o *office) problems(n, vocabulary int) func(words int) string {
	o.t.Helper()
	r := rand.New(rand.NewPCG(1, 2)) // #nosec G404 -- the same each time
	often := rand.NewZipf(r, 1.1, 8, uint64(vocabulary-1))
	text := func(words int) string {
		var b strings.Builder
		for range words {
			at := often.Uint64()
			for range 3 {
				b.WriteString([]string{"ca", "re", "mo", "ti", "lu", "sta", "pro", "ne"}[at%8])
				at /= 8
			}
			fmt.Fprintf(&b, "%c ", 'a'+rune(at%26))
		}
		return b.String()
	}
	for i := range n {
		if _, err := o.Problems.Save(o.as("agente"), 0, problem.Form{Module: "csa", Title: store.Words{IT: fmt.Sprint(text(8), i), EN: text(8)}, Text: store.Words{IT: text(80), EN: text(80)},
			Workaround: store.Words{IT: text(30)}, State: store.ProblemConfirmed, Affected: []store.Range{{From: "1.0", Until: "3.0"}}}); err != nil {
			o.t.Fatal(err)
		}
	}
	return text
}

// many adds tickets of csa, the first ones attached to the problem of the number.
func (o *office) many(tickets, attached int, number uint64) {
	o.t.Helper()
	for done := 0; done < tickets; {
		err := o.st.Update(db.By{Via: door.Command, Act: act.Import}, func(tx *db.Tx) error {
			for i := range min(5000, tickets-done) {
				t := &store.Ticket{Subject: "Il cedolino resta bianco", Kind: store.Malfunction, Module: o.module["csa"], Group: o.group["csa"], Requester: o.people["ada"].ID, Organisation: o.organis["Ateneo"],
					State: store.StateNew, Language: "it", Opened: tx.Now()}
				if err := store.Tickets.Put(tx, t); err != nil {
					return err
				}
				if done+i < attached {
					if err := store.Cases.Put(tx, &store.Case{Problem: number, Ticket: t.ID}); err != nil {
						return err
					}
				}
			}
			return nil
		})
		if err != nil {
			o.t.Fatal(err)
		}
		done += min(5000, tickets-done)
	}
}

// BenchmarkAttachOffer offers what looks like a report of 60 words among 1,000 known problems and 100,000 tickets: again, and as the
// first one after somebody changed a problem. The very first of a desk that has just begun, which gets ready for it, is reported beside.
func BenchmarkAttachOffer(b *testing.B) {
	o := newOffice(b)
	text := o.problems(1000, 20000)
	o.many(100_000, 0, 0)
	offer := func(report string) time.Duration {
		began := time.Now()
		if _, err := o.Problems.Offers(o.as("agente"), o.module["csa"], "2.0", report, 3); err != nil {
			b.Fatal(err)
		}
		return time.Since(began)
	}
	began := offer(text(60))
	for _, changed := range []bool{false, true} {
		b.Run(fmt.Sprintf("changed=%v", changed), func(b *testing.B) {
			var took []time.Duration
			for i := 0; b.Loop(); i++ {
				report := text(60)
				if changed {
					b.StopTimer()
					v, err := o.Problems.Read(o.as("agente"), uint64(i%1000+1))
					if err != nil {
						b.Fatal(err)
					}
					f := problem.FormOf(v)
					f.Text.IT = text(80)
					if _, err := o.Problems.Save(o.as("agente"), v.ID, f); err != nil {
						b.Fatal(err)
					}
					b.StartTimer()
				}
				took = append(took, offer(report))
			}
			slices.Sort(took)
			b.ReportMetric(float64(took[len(took)*99/100].Microseconds())/1000, "p99-ms")
			b.ReportMetric(float64(began.Microseconds())/1000, "getting-ready-ms")
		})
	}
}

// BenchmarkFollowingMany has 2,000 tickets follow a problem whose fix becomes known, on a durable store, and measures how long another
// write waits at most meanwhile; the same for one that writes beside nothing, for comparison.
func BenchmarkFollowingMany(b *testing.B) {
	o := newOffice(b, true)
	o.problems(1, 100)
	o.many(2000, 2000, 1)
	longest := func(meanwhile func()) float64 {
		stop, most := make(chan bool), make(chan time.Duration)
		go func() {
			var out time.Duration
			for {
				select {
				case <-stop:
					most <- out
					return
				case <-time.After(time.Millisecond):
				}
				began := time.Now()
				if err := o.st.Update(db.By{Via: door.Desk, Act: act.KeepForm}, func(*db.Tx) error { return nil }); err != nil {
					b.Error(err)
				}
				out = max(out, time.Since(began))
			}
		}()
		meanwhile()
		close(stop)
		return float64((<-most).Microseconds()) / 1000
	}
	n := 0
	for b.Loop() {
		n++
		v, err := o.Problems.Read(o.as("agente"), 1)
		if err != nil {
			b.Fatal(err)
		}
		f := problem.FormOf(v)
		f.FixedIn = []string{fmt.Sprintf("3.%d", n)}
		if _, err := o.Problems.Save(o.as("agente"), 1, f); err != nil {
			b.Fatal(err)
		}
		if _, err := o.st.CatchUp(context.Background(), o.Problems.Following()); err != nil {
			b.Fatal(err)
		}
		steps := 0
		var most time.Duration
		wait := longest(func() {
			for more := true; more; steps++ {
				began := time.Now()
				if more, err = o.Problems.Step(); err != nil {
					b.Fatal(err)
				}
				most = max(most, time.Since(began))
			}
		})
		b.ReportMetric(wait, "longest-wait-ms")
		b.ReportMetric(float64(most.Microseconds())/1000, "longest-step-ms")
		b.ReportMetric(float64(steps), "steps")
	}
}
