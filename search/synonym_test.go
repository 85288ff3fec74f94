package search

import (
	"testing"

	"sportello/store"
	"sportello/store/db"
)

func TestSynonymsAreFoundAtOnce(t *testing.T) {
	f := newFixture(t)
	slip := f.ticket(store.Ticket{Subject: "Cedolini"}, "mancano")
	pay := f.ticket(store.Ticket{Subject: "La busta della paga"}, "manca")
	f.ticket(store.Ticket{Subject: "La paga"}, "manca")
	f.ticket(store.Ticket{Subject: "Busta"}, "manca")
	invoice := f.ticket(store.Ticket{Subject: "Invoice", Language: "en"}, "missing")
	f.wants(f.all(), "cedolino", ids("t", slip))
	var id uint64
	f.update(func(tx *db.Tx) error {
		put(tx, &store.SynonymSet{Language: "en", Words: []string{"invoice", "bill"}}, store.Synonyms, nil)
		return put(tx, &store.SynonymSet{Language: "it", Words: []string{"cedolino", "busta paga", "PEC"}}, store.Synonyms, &id)
	})
	f.catchUp()
	n := f.ix.Rebuilds()
	f.wants(f.all(), "cedolino", ids("t", slip, pay))
	f.wants(f.all(), "i cedolini in:ticket", ids("t", slip, pay))
	f.wants(f.all(), "+cedolino", ids("t", slip))
	f.wants(f.all(), `"cedolini"`, ids("t", slip))
	f.wants(f.all(), "bills", ids("t", invoice))
	f.wants(f.all(), "pec -busta", ids("t", slip))
	res := f.search(Query{Text: "busta paga", Access: f.all()})
	if res.All != 2 || len(res.Hits) < 2 || res.Hits[0].ID != pay {
		t.Errorf("%d have all words, hits %+v", res.All, res.Hits)
	}
	f.update(func(tx *db.Tx) error { return store.Synonyms.Delete(tx, id) })
	f.wants(f.all(), "cedolino", ids("t", slip))
	if f.ix.Rebuilds() != n {
		t.Error("the index was built anew")
	}
}
