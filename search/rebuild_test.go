package search

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	index "github.com/blevesearch/bleve_index_api"

	"sportello/store"
	"sportello/store/db"
)

// TestANewIndexHoldsNothingOfWhatIsGone asks the engine for the words that its files know: they do not stand there as
// they are written.
func TestANewIndexHoldsNothingOfWhatIsGone(t *testing.T) {
	f := newFixture(t)
	const word = "xkrzqwyvtplm"
	for i := range 20 {
		f.ticket(store.Ticket{Subject: fmt.Sprintf("prova %d", i)}, "testo")
	}
	gone := f.ticket(store.Ticket{Subject: "prova " + word}, word)
	f.catchUp() // the first index is there
	f.rebuild() // all in one segment, which does not go when one of them does
	f.wants(f.all(), word, ids("t", gone))
	f.update(func(tx *db.Tx) error {
		messages, err := store.MessagesByTicket.Find(tx, gone)
		for _, m := range messages {
			err = errors.Join(err, store.Messages.Delete(tx, m.ID))
		}
		return errors.Join(err, store.Tickets.Delete(tx, gone))
	})
	f.catchUp()
	f.wants(f.all(), word, "")
	holds := func() (field string) {
		h := f.ix.acquire()
		defer h.mu.RUnlock()
		fields, err := h.index.Fields()
		for _, name := range fields {
			var dict index.FieldDict
			if dict, err = h.index.FieldDict(name); err != nil {
				break
			}
			for entry, _ := dict.Next(); entry != nil; entry, _ = dict.Next() {
				if strings.Contains(entry.Term, word) {
					field = name
				}
			}
			err = errors.Join(err, dict.Close())
		}
		if err != nil {
			t.Fatal(err)
		}
		return field
	}
	if holds() == "" {
		t.Fatal("the word is gone without it: the test proves nothing")
	}
	old := f.ix.folders()
	if err := f.ix.RebuildNow(t.Context(), func(int, int) {}); err != nil {
		t.Fatal(err)
	}
	if field := holds(); field != "" {
		t.Errorf("the words of %s still hold it", field)
	}
	if now := f.ix.folders(); len(now) != 1 || slices.Contains(old, now[0]) {
		t.Errorf("of the old files there are: %v, then %v", old, now)
	}
	err := filepath.WalkDir(f.indexDir(), func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		raw, err := os.ReadFile(path)
		if bytes.Contains(raw, []byte(word)) {
			t.Errorf("%s holds the word", path)
		}
		return err
	})
	if err != nil {
		t.Error(err)
	}
	if res := f.search(Query{Text: "prova", Access: f.all()}); res.Total != 20 {
		t.Errorf("of the others %d are found", res.Total)
	}
}
