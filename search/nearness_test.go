package search

import (
	"math/rand/v2"
	"strings"
	"testing"

	"sportello/search/query"
	"sportello/store"
)

// TestWhatCannotComeInFrontIsNotMissed: what is not read of a document, because it cannot come among those that are
// shown, changes nothing of what is shown.
func TestWhatCannotComeInFrontIsNotMissed(t *testing.T) {
	f := newFixture(t)
	r := rand.New(rand.NewPCG(14, 1))
	words := strings.Fields("cedolino stipendio fattura missione rimborso budget conguaglio progetto esercizio catalogo protocollo firma utente esame verbale carriera tassa pagamento mandato contratto")
	text := func(n int) string {
		var out []string
		for range n {
			w := words[min(r.IntN(len(words)), r.IntN(len(words)))]
			if r.IntN(3) == 0 {
				w = "parola" + string(rune('a'+r.IntN(26)))
			}
			out = append(out, w)
		}
		return strings.Join(out, " ")
	}
	for range 700 {
		f.ticket(store.Ticket{Subject: text(1 + r.IntN(6)), Group: f.csa, Requester: f.ana}, text(3+r.IntN(60)))
	}
	for range 100 {
		f.article(store.Public, 0, store.Published, "it", text(1+r.IntN(4)), text(40))
	}
	f.catchUp()
	skipped := false
	for range 150 {
		for _, types := range [][]string{nil, {query.TypeArticle}} {
			q := Query{Text: text(1 + r.IntN(5)), Access: f.all(), Types: types, Limit: 20}
			few := f.search(q)
			q.Limit = maxReach
			all := f.search(q)
			if few.Total != all.Total {
				t.Fatalf("%q: %d and %d are found", q.Text, few.Total, all.Total)
			}
			for i, h := range few.Hits {
				if o := all.Hits[i]; h.Type != o.Type || h.ID != o.ID || h.Version != o.Version {
					t.Fatalf("%q: hit %d is %+v, where all are read %+v", q.Text, i, h, o)
				}
			}
			skipped = skipped || few.Total > 60
		}
	}
	if !skipped {
		t.Error("no question finds more than is read")
	}
}
