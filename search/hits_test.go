package search

import (
	"fmt"
	"testing"
	"time"

	"sportello/store"
)

func TestEveryHitStandsOnOnePageHoweverManyAreEqual(t *testing.T) {
	f := newFixture(t)
	at := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	for i := range 130 {
		f.ticket(store.Ticket{Subject: "Stampa del cedolino", Opened: at, PublicUpdated: at, Requester: []uint64{f.ana, f.carla}[i%2]}, "non va")
		if i%30 == 0 {
			f.catchUp() // another segment
		}
	}
	for i := range 60 {
		f.article(store.Public, 0, store.Published, "it", fmt.Sprintf("Stampa del cedolino, anno %d", 2000+i), "non va")
	}
	for _, q := range []Query{
		{Text: "cedolino", Access: f.all()},
		{Text: "cedolino", Access: f.all(), Sort: "date"},
		{Text: "cedolino stampa -pippo", Access: Access{Person: f.ana}},
		{Text: "stato:aperta", Access: f.all()},
		{Text: "in:richieste|guida", Access: f.all()},
	} {
		all := q
		all.Limit = maxReach
		want := f.search(all)
		var got []Hit
		for q.Limit = 17; len(got) < want.Total; q.Offset += q.Limit {
			page := f.search(q).Hits
			if len(page) == 0 {
				break
			}
			got = append(got, page...)
		}
		seen := map[string]bool{}
		for i, h := range got {
			name := fmt.Sprint(h.Type, h.ID)
			if seen[name] {
				t.Errorf("%q by %q shows %s twice", q.Text, q.Sort, name)
			}
			seen[name] = true
			if i < len(want.Hits) && (want.Hits[i].Type != h.Type || want.Hits[i].ID != h.ID) {
				t.Fatalf("%q by %q: page by page %s at %d, at once %s%d", q.Text, q.Sort, name, i, want.Hits[i].Type, want.Hits[i].ID)
			}
		}
		if len(got) != want.Total || want.Total < 100 {
			t.Errorf("%q by %q shows %d of %d", q.Text, q.Sort, len(got), want.Total)
		}
	}
}
