package search

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"unicode/utf8"

	"sportello/search/query"
	"sportello/store"
	"sportello/store/db"
	"sportello/store/fault"
)

// FuzzSearch: a question of any shape is answered, soon, with what the reader may see.
func FuzzSearch(f *testing.F) {
	for _, s := range []string{"", "a", `"`, `-"`, "-", "OR OR", "a OR b OR \"c d\" -e*", "state:", "in:guida -in:guida", "from:*", "da:@", "prima:0001-01-01",
		"dopo:2199-12-31", "#0", "#18446744073709551615", "a*b*c*", "\x00\xff", "《》«»„“", "module:\"", "''''l'", "il la lo", "x:y:z -#1", "alfq gamma delt", "esse 3 u gov +alfa", "stato:|", "in:guida|guida|", "ente:", strings.Repeat("a-", 500)} {
		f.Add(s)
	}
	fx := newFixture(f)
	mine := fx.ticket(store.Ticket{Subject: "alfa beta"}, "gamma delta ORA-01722", "note: segreto")
	fx.ticket(store.Ticket{Subject: "alfa beta", Requester: fx.carla}, "gamma")
	fx.article(store.Public, fx.ugov, store.Published, "it", "alfa", "beta gamma", "en", "alfa", "the beta")
	fx.update(func(tx *db.Tx) error {
		return put(tx, &store.SynonymSet{Language: "it", Words: []string{"alfa", "gamma delta", "zeta"}}, store.Synonyms, nil)
	})
	fx.catchUp()
	f.Fuzz(func(t *testing.T, text string) {
		a := Access{Person: fx.ana}
		res, err := fx.ix.Search(context.Background(), Query{Text: text, Access: a, Facets: true, Language: "it"})
		if err != nil {
			t.Fatal(err)
		}
		if res.Total != len(res.Hits) {
			t.Fatalf("total %d, %d hits", res.Total, len(res.Hits))
		}
		for _, h := range res.Hits {
			if h.Type == query.TypeTicket && h.ID != mine {
				t.Fatalf("ticket %d is not the reader's", h.ID)
			}
		}
		if len(res.Parsed.Clauses)+len(res.Parsed.Not)+len(res.Parsed.Filters) > query.MaxTerms+2 {
			t.Fatalf("%d terms", len(res.Parsed.Clauses))
		}
		if _, err := fx.ix.Suggest(context.Background(), text, a, 5); err != nil {
			t.Fatal(err)
		}
		c, err := fx.ix.Complete(context.Background(), text, a, "it", 5)
		if err != nil {
			t.Fatal(err)
		}
		for _, h := range append(c.Hits, res.Hits...) {
			if h.Type == query.TypeTicket && h.ID != mine {
				t.Fatalf("ticket %d is not the reader's", h.ID)
			}
		}
		for _, w := range append(c.Words, c.Filters...) {
			if !utf8.ValidString(w) {
				t.Fatalf("completion %q", w)
			}
		}
		s := string(query.Snippet(text+" "+text, res.Parsed, "it", 60))
		rest := strings.ReplaceAll(strings.ReplaceAll(s, "<mark>", ""), "</mark>", "")
		if strings.ContainsAny(rest, "<>\"'\n\x00") || !utf8.ValidString(s) || strings.Count(s, "<mark>") != strings.Count(s, "</mark>") {
			t.Fatalf("snippet %q", s)
		}
		if n := fx.ix.Rebuilds(); n > 1 {
			t.Fatalf("%d rebuilds", n)
		}
	})
}

func TestDeadlineIsAnAnswer(t *testing.T) {
	f := newFixture(t)
	f.ticket(store.Ticket{Subject: "prova"}, "x")
	f.catchUp()
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	_, err := f.ix.Search(ctx, Query{Text: "prova", Access: f.all()})
	if fault.KindOf(err) != fault.Unavailable || !strings.Contains(fmt.Sprint(err), "error.search-slow") {
		t.Errorf("cancelled: %v", err)
	}
	if n := f.ix.Rebuilds(); n > 1 || f.ix.current.Load().fault() != nil {
		t.Error("a slow search is no damage")
	}
}
