package app_test

import (
	"fmt"
	"io"
	"net"
	"slices"
	"testing"
	"time"

	"github.com/emersion/go-smtp"

	"sportello/app"
	"sportello/app/config"
	"sportello/app/desk/policy"
	"sportello/app/desk/release"
	"sportello/store"
	"sportello/store/act"
	"sportello/store/db"
	"sportello/store/door"
	"sportello/store/key"
)

// BenchmarkTellingMany publishes an update to 5,000 coordinators of 500 organisations, tells them again and withdraws it, on
// a synced desk that does everything else meanwhile: its index follows, and a mail server of this machine takes the letters.
// It reports the waits of another writer, with nothing to do and in each of the three.
func BenchmarkTellingMany(b *testing.B) {
	const organisations, each = 500, 10
	mail := smtp.NewServer(&strict{})
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		b.Fatal(err)
	}
	go mail.Serve(ln) //nolint:errcheck // it ends with the benchmark
	b.Cleanup(func() { _ = mail.Close() })
	cfg := config.Default()
	cfg.Data, cfg.Listen = b.TempDir(), "127.0.0.1:0"
	cfg.SMTP.Host, cfg.SMTP.Port, cfg.SMTP.TLS, cfg.SMTP.From = "127.0.0.1", ln.Addr().(*net.TCPAddr).Port, "none", "csa@desk.example"
	a, err := openServer(cfg, cfg.Logger(io.Discard))
	if err != nil {
		b.Fatal(err)
	}
	var agent *store.Person
	err = a.Store.Update(db.By{Via: door.Command, Act: act.Seed}, func(tx *db.Tx) error {
		m, err := store.ModulesByCode.First(tx, "csa")
		if err != nil {
			return err
		}
		g, err := store.GroupsByCode.First(tx, "csa")
		if err != nil {
			return err
		}
		agent = &store.Person{Email: "bruno@bench.example", Name: "Bruno", Groups: []store.Membership{{Group: g.ID}}}
		if err := store.People.Put(tx, agent); err != nil {
			return err
		}
		for i := range organisations {
			o := &store.Organisation{Code: fmt.Sprint("ente-", i), Name: fmt.Sprint("Ente ", i)}
			if err := store.Organisations.Put(tx, o); err != nil {
				return err
			}
			if err := store.Installations.Put(tx, &store.Installation{Organisation: o.ID, Module: m.ID, Environment: store.Production, Version: "1.0"}); err != nil {
				return err
			}
			for n := range each {
				p := &store.Person{Email: fmt.Sprintf("r%d@ente%d.example", n, i), Name: "Referente", Affiliations: []store.Affiliation{{Organisation: o.ID, Coordinator: true}}}
				if err := store.People.Put(tx, p); err != nil {
					return err
				}
			}
		}
		return nil
	})
	if err != nil {
		b.Fatal(err)
	}
	served(b, a)
	who := policy.Actor{Person: agent, Via: door.Page}
	n := 0
	for b.Loop() {
		n++
		v, err := a.Desk.Releases.Save(who, 0, release.Form{Modules: []string{"csa"}, Version: fmt.Sprint("24.", n), Title: store.Words{IT: "Per tutti"}, Audience: release.Audience{All: true}})
		if err != nil {
			b.Fatal(err)
		}
		id := v.Release.ID
		waits(b, a, "still", func() error { time.Sleep(3 * time.Second); return nil }, func() bool { return true }) // what a write waits beside nothing, for as long
		seen, err := a.Desk.Releases.Preview(who, id)
		if err != nil {
			b.Fatal(err)
		}
		for _, does := range []struct {
			name string
			do   func() error
		}{
			{"publish", func() error {
				_, _, err := a.Desk.Releases.Publish(who, id, release.Publication{Audience: seen.Sum, Nobody: seen.Nobody > 0})
				return err
			}},
			{"again", func() error { _, err := a.Desk.Releases.TellAgain(who, id, 0, "Le note erano sbagliate."); return err }},
			{"withdraw", func() error { _, err := a.Desk.Releases.Withdraw(who, id, 0, "Non installatelo."); return err }},
		} {
			waits(b, a, does.name, does.do, func() bool { return roundsOver(b, a, id) })
		}
		if got := noticesOf(b, a, id); got != 3*organisations*each {
			b.Fatalf("%d notices", got)
		}
	}
}

// waits does something, writes a row again and again until it is done, and reports how long these writes took: the longest,
// and the longest but for one in a hundred.
func waits(b *testing.B, a *app.App, name string, do func() error, done func() bool) {
	b.Helper()
	ended := make(chan error, 1)
	go func() {
		err := do()
		for err == nil && !done() {
			time.Sleep(20 * time.Millisecond)
		}
		ended <- err
	}()
	var took []time.Duration
	for {
		select {
		case err := <-ended:
			if err != nil {
				b.Fatal(err)
			}
			slices.Sort(took)
			ms := func(at int) float64 { return float64(took[at].Microseconds()) / 1000 }
			b.ReportMetric(ms(len(took)-1), name+"-longest-ms")
			b.ReportMetric(ms(len(took)*99/100), name+"-p99-ms")
			return
		case <-time.After(time.Millisecond):
		}
		began := time.Now()
		err := a.Store.Update(db.By{Via: door.Desk, Act: act.KeepForm}, func(tx *db.Tx) error {
			return store.Misses.Put(tx, &store.Miss{Text: fmt.Sprint("parola ", began.UnixNano()), Month: "2026-11", Last: began})
		})
		if err != nil {
			b.Fatal(err)
		}
		took = append(took, time.Since(began))
	}
}

// roundsOver reports whether every round of the release has ended.
func roundsOver(b *testing.B, a *app.App, id uint64) bool {
	open := false
	err := a.Store.View(func(tx *db.Tx) error {
		rounds, err := store.RoundsByRelease.Find(tx, id)
		open = len(rounds) == 0
		for _, r := range rounds {
			open = open || r.Done.IsZero()
		}
		return err
	})
	if err != nil {
		b.Error(err)
	}
	return !open
}

func noticesOf(b *testing.B, a *app.App, id uint64) int {
	n := 0
	err := a.Store.View(func(tx *db.Tx) error {
		n = 0
		for range store.NoticesByRelease.Entries(tx, db.Span{Prefix: key.Of(id)}) {
			n++
		}
		return nil
	})
	if err != nil {
		b.Error(err)
	}
	return n
}
