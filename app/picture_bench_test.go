package app_test

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"io"
	"net/http"
	"testing"
	"time"

	"sportello/app/config"
	"sportello/store"
	"sportello/store/act"
	"sportello/store/db"
	"sportello/store/door"
)

// BenchmarkPicture is what the picture of 300 organisations by 60 releases costs, seen by a client on the same machine: the
// page, narrowed and whole, the files for spreadsheets, the page of a release with its 300 receipts, and which version runs
// where.
func BenchmarkPicture(b *testing.B) {
	cfg := config.Default()
	cfg.Data, cfg.Listen, cfg.Trial.NoSync = b.TempDir(), "127.0.0.1:0", true
	a, err := openServer(cfg, cfg.Logger(io.Discard))
	if err != nil {
		b.Fatal(err)
	}
	url := served(b, a)
	raw := make([]byte, 32)
	rand.Read(raw)
	secret := base64.RawURLEncoding.EncodeToString(raw)
	last := uint64(0)
	err = a.Store.Update(db.By{Via: door.Command, Act: act.Seed}, func(tx *db.Tx) error {
		m, err := store.ModulesByCode.First(tx, "csa")
		if err != nil {
			return err
		}
		g, err := store.GroupsByCode.First(tx, "csa")
		if err != nil {
			return err
		}
		p := &store.Person{Email: "bruno@bench.example", Name: "Bruno", Groups: []store.Membership{{Group: g.ID, Supervisor: true}}}
		if err := store.People.Put(tx, p); err != nil {
			return err
		}
		sum := sha256.Sum256([]byte(secret))
		if err := store.Sessions.Put(tx, &store.Session{Hash: hex.EncodeToString(sum[:]), Person: p.ID, Seen: tx.Now(), Ends: tx.Now().Add(time.Hour)}); err != nil {
			return err
		}
		var to []uint64
		for n := range 300 {
			o := &store.Organisation{Code: fmt.Sprint("ente-", n), Name: fmt.Sprint("Ente numero ", n)}
			if err := store.Organisations.Put(tx, o); err != nil {
				return err
			}
			to = append(to, o.ID)
			if err := store.Installations.Put(tx, &store.Installation{Organisation: o.ID, Module: m.ID, Environment: store.Production, Version: fmt.Sprint("3.", n%60)}); err != nil {
				return err
			}
		}
		for n := range 60 {
			day := tx.Now().UTC().Truncate(24*time.Hour).AddDate(0, 0, n-60)
			r := &store.Release{Modules: []uint64{m.ID}, Version: fmt.Sprint("3.", n), VersionKey: fmt.Sprintf("%04x", n), Kind: store.Ordinary, State: store.ReleasePublished, Title: store.Words{IT: "Rilascio"}, To: to,
				Published: day, InstallBy: store.InstallBy{Production: day.AddDate(0, 0, 30)}}
			if err := store.Releases.Put(tx, r); err != nil {
				return err
			}
			last = r.ID
			for i, o := range to {
				one := &store.Receipt{Release: r.ID, Organisation: o, Module: m.ID, Environment: store.Production, Asked: true, Due: r.InstallBy.Production,
					Last: store.Statement{State: store.ReceiptTold + store.ReceiptState((n*7+i)%6), Date: day.AddDate(0, 0, i%9), At: day}}
				if err := store.Receipts.Put(tx, one); err != nil {
					return err
				}
			}
		}
		return nil
	})
	if err != nil {
		b.Fatal(err)
	}
	client := benchClient(1)
	for _, page := range []struct{ name, address string }{
		{"page", "/releases/picture?module=csa"},
		{"page, last of places and releases", "/releases/picture?module=csa&page=6&across=6"},
		{"late", "/releases/picture?module=csa&only=late"},
		{"csv", "/releases/picture.csv?module=csa"},
		{"xlsx", "/releases/picture.xlsx?module=csa"},
		{"release", fmt.Sprint("/releases/", last)},
	} {
		b.Run(page.name, func(b *testing.B) {
			var times []time.Duration
			for b.Loop() {
				q, err := http.NewRequest("GET", url+page.address, nil)
				if err != nil {
					b.Fatal(err)
				}
				q.Header.Set("Cookie", "sportello="+secret)
				began := time.Now()
				resp, err := client.Do(q)
				if err != nil {
					b.Fatal(err)
				}
				body, err := io.ReadAll(resp.Body)
				resp.Body.Close()
				if times = append(times, time.Since(began)); err != nil || resp.StatusCode != http.StatusOK {
					b.Fatalf("%s: %d %v %.300s", page.address, resp.StatusCode, err, body)
				}
			}
			quantiles(b, times)
		})
	}
}
