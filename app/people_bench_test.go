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

// BenchmarkPeoplePages is what pages of people cost at 50,000 people with two affiliations each, seen by a client on the
// same machine: the administration's list and the list of an organisation for its coordinator, whole and by the beginning
// of a name, and somebody's affiliations.
func BenchmarkPeoplePages(b *testing.B) {
	cfg := config.Default()
	cfg.Data, cfg.Listen, cfg.Trial.NoSync = b.TempDir(), "127.0.0.1:0", true
	a, err := openServer(cfg, cfg.Logger(io.Discard))
	if err != nil {
		b.Fatal(err)
	}
	url := served(b, a)
	put := func(fn func(tx *db.Tx) error) {
		b.Helper()
		if err := a.Store.Update(db.By{Via: door.Command, Act: act.Seed}, fn); err != nil {
			b.Fatal(err)
		}
	}
	cookies := map[string]string{}
	put(func(tx *db.Tx) error {
		for n := range 50 {
			if err := store.Organisations.Put(tx, &store.Organisation{Code: fmt.Sprint("ente-", n+1), Name: fmt.Sprint("Ente ", n+1)}); err != nil {
				return err
			}
		}
		if err := store.Units.Put(tx, &store.Unit{Organisation: 1, Name: "Ufficio"}); err != nil {
			return err
		}
		for name, p := range map[string]*store.Person{
			"administrator": {Email: "anna@bench.example", Name: "Anna", Administrator: true},
			"coordinator":   {Email: "rita@bench.example", Name: "Rita", Affiliations: []store.Affiliation{{Organisation: 1, Coordinator: true}, {Organisation: 2, Coordinator: true}}},
		} {
			if err := store.People.Put(tx, p); err != nil {
				return err
			}
			raw := make([]byte, 32)
			rand.Read(raw)
			secret := base64.RawURLEncoding.EncodeToString(raw)
			sum := sha256.Sum256([]byte(secret))
			cookies[name] = "sportello=" + secret
			if err := store.Sessions.Put(tx, &store.Session{Hash: hex.EncodeToString(sum[:]), Person: p.ID, Seen: tx.Now(), Ends: tx.Now().Add(time.Hour)}); err != nil {
				return err
			}
		}
		return nil
	})
	for from := 0; from < 50_000; from += 1_000 {
		put(func(tx *db.Tx) error {
			for n := from; n < from+1_000; n++ {
				p := &store.Person{Email: fmt.Sprintf("p%d@ente.example", n), Name: fmt.Sprintf("Nome%d Cognome%d", n%700, n%3000), Affiliations: []store.Affiliation{
					{Organisation: uint64(n%50) + 1}, {Organisation: 1, Unit: 1, Position: "student"}}}
				if err := store.People.Put(tx, p); err != nil {
					return err
				}
			}
			return nil
		})
	}
	client := benchClient(1)
	for _, page := range []struct{ name, who, address string }{
		{"administration", "administrator", "/admin/people"},
		{"administration by organisation", "administrator", "/admin/people?organisation=7"},
		{"administration by name", "administrator", "/admin/people?text=cognome2999"},
		{"administration by a beginning of 1,850", "administrator", "/admin/people?text=cognome29"},
		{"administration by a beginning of 50,000", "administrator", "/admin/people?text=cog"},
		{"administration by role and beginning", "administrator", "/admin/people?text=cog&role=agent"},
		{"coordinator, by a beginning of 50,000", "coordinator", "/organisations/ente-1/people?text=cog"},
		{"coordinator, 50,000 people", "coordinator", "/organisations/ente-1/people"},
		{"coordinator, by name", "coordinator", "/organisations/ente-1/people?text=cognome2999"},
		{"affiliations", "coordinator", "/people/100/affiliations"},
	} {
		b.Run(page.name, func(b *testing.B) {
			var times []time.Duration
			for b.Loop() {
				q, err := http.NewRequest("GET", url+page.address, nil)
				if err != nil {
					b.Fatal(err)
				}
				q.Header.Set("Cookie", cookies[page.who])
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
