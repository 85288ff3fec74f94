package search

import (
	"context"
	"fmt"
	"slices"
	"testing"
	"time"

	"sportello/search/query"
	"sportello/search/segment"
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

func TestTheLatestOfVeryManyAreTheLatest(t *testing.T) {
	f := newFixture(t)
	now := time.Now()
	days := []int{400, 3, 0, 90, 91, 1, 30, 2000, 0, 3, 12, 700}
	for i, d := range days {
		at := now.AddDate(0, 0, -d).Add(-time.Duration(i) * time.Hour)
		f.ticket(store.Ticket{Subject: "Stampa", Opened: at, PublicUpdated: at, Requester: []uint64{f.ana, f.carla}[i%2]}, "x")
		if i%4 == 0 {
			f.catchUp()
		}
	}
	f.article(store.Public, 0, store.Published, "it", "Stampa", "x") // without a date
	ask := func(n int) (out []uint64) {
		t.Helper()
		f.catchUp()
		err := f.ix.read(t.Context(), func(ctx context.Context, snap *segment.Snapshot) error {
			cat, err := f.ix.catalogue.Get(f.st)
			if err != nil {
				return err
			}
			p := query.Parse("stampa", cat, time.UTC, now, false)
			r := &run{ctx: ctx, st: f.st, snap: snap, cat: cat, q: Query{Access: f.all(), Limit: 20}, parsed: &p, language: "it", fields: textFields}
			if err := r.prepare(); err != nil {
				return err
			}
			if _, err := r.matchAll(); err != nil {
				return err
			}
			for _, p := range r.parts {
				p.list = p.match.ToArray()
				p.scores = make([]float64, len(p.list))
			}
			if n == 0 {
				err = r.byDate()
			} else {
				err = r.latest(n)
			}
			if err != nil {
				return err
			}
			hits, err := r.top()
			for _, h := range hits {
				out = append(out, h.ID)
			}
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
		return out
	}
	want := ask(0)
	if len(want) != len(days)+1 {
		t.Fatalf("%d found", len(want))
	}
	for _, n := range []int{1, 3, 7, 12, 1000} {
		if got := ask(n); !slices.Equal(got[:min(n, len(got))], want[:min(n, len(want))]) {
			t.Errorf("the latest %d are %v, want %v", n, got, want)
		}
	}
}
