package search

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"

	"sportello/search/analysis"
	"sportello/search/query"
	"sportello/store"
	"sportello/store/db"
)

// hostileWords are pieces of which texts are put together that analysis takes apart in its own ways.
var hostileWords = []string{
	"stampa_cedolino_v2", "23.11.02.00", "cedolino2", "F24", "730/2026", "è", "perché", "Università", "l'ateneo", "dell'anno", "D'Angelo",
	"don't", "we're", "Anna's", "u-gov", "esse 3", "ORA-01722", "ORA 00942", "IT60 X054 2811 1010 0000 0123 456", "1.234,56", "10/11/2026",
	"給与明細", "ｶﾀｶﾅ", "급여", "Привет", "مرحبا", "ﬁne", "Straße", "Ⅷ", "½", "x²", "e\u0301te\u0301", "soft\u00adhyphen", "non\u00a0breaking",
	"mario.rossi@example.it", `C:\stipendi\ottobre.xls`, "stampaCedolinoV2", "-meno", "+più", "OR", "NOT", "a:b", "state:open", `"virgolette"`, "«basse»", "stella*",
	"***", "\u200b", "😀", "a\x00b", "\xff\xfe", "it", "the", "di", "e", "0", "00", "#12", "24.01.00b",
}

func hostileText(r *rand.Rand) string {
	var b strings.Builder
	for range 1 + r.IntN(12) {
		switch r.IntN(12) {
		case 0:
			b.WriteString(strings.Repeat(string(rune('a'+r.IntN(26))), 1+r.IntN(300)))
		case 1:
			for range 1 + r.IntN(8) {
				b.WriteRune(rune(0x20 + r.IntN(0x3000)))
			}
		case 2:
			fmt.Fprintf(&b, "%d%c%s%d", r.IntN(1_000_000), "-_./:@'+"[r.IntN(8)], hostileWords[r.IntN(len(hostileWords))], r.IntN(100))
		default:
			b.WriteString(hostileWords[r.IntN(len(hostileWords))])
		}
		b.WriteString([]string{" ", " ", "\n", ", ", "\n\n", "", "-", "'"}[r.IntN(8)])
	}
	return strings.ToValidUTF8(b.String(), "?")
}

func TestAHealthyIndexIsNeverCalledWrongAndAHurtOneAlways(t *testing.T) {
	r := rand.New(rand.NewPCG(9, 18))
	f := newFixture(t)
	compare := func() (int, []string) {
		t.Helper()
		f.catchUp()
		n, findings, err := f.ix.Compare(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		return n, findings
	}
	var ids []string
	for i := range 120 {
		id := f.ticket(store.Ticket{Subject: analysis.CutBytes(hostileText(r), 200), Module: []uint64{0, f.csaModule}[r.IntN(2)]}, hostileText(r), "note:"+hostileText(r))
		ids = append(ids, ticketID(id))
		if i%10 == 0 {
			f.article(store.Public, 0, store.Published, "it", analysis.CutBytes(hostileText(r), 200), hostileText(r))
			ids = append(ids, versionID(uint64(i/10+1)))
		}
		if i%40 == 0 {
			if n, findings := compare(); n != len(ids) || len(findings) > 0 {
				t.Fatalf("after %d documents %d were compared: %q", len(ids), n, findings)
			}
		}
	}
	f.update(func(tx *db.Tx) error { // no document is right where there is nothing to find
		row, err := store.Tickets.Get(tx, 7)
		if err != nil {
			return err
		}
		row.SpamSince = tx.Now()
		return store.Tickets.Put(tx, row)
	})
	if n, findings := compare(); n != len(ids)-1 || len(findings) > 0 {
		t.Fatalf("%d were compared: %q", n, findings)
	}
	f.rebuild()
	if n, findings := compare(); n != len(ids)-1 || len(findings) > 0 {
		t.Fatalf("made anew, %d were compared: %q", n, findings)
	}
	// Each harm is done to a document at random, found, and mended by indexing it again.
	for name, harm := range map[string]func(d *draft){
		"taken":            nil,
		"another text":     func(d *draft) { d.text(fieldText, d.words.read(0, "parole che nessuno scrisse", "it")) },
		"a text in short":  func(d *draft) { d.keep([]byte{1, 2, 3, 4, 5, 6}) },
		"a reader more":    func(d *draft) { d.set(fieldAccess, "p4711") },
		"a state more":     func(d *draft) { d.set(fieldTag, "state:lost") },
		"a word less":      func(d *draft) { d.doc.Fields = d.doc.Fields[1:] },
		"nothing but a id": func(d *draft) { d.doc.Fields = nil },
	} {
		for range 3 {
			id := ids[r.IntN(len(ids))]
			if id == "t7" {
				continue
			}
			h := f.ix.current.Load()
			kind, n := parseID([]byte(id))
			b := h.index.NewBatch()
			if err := f.st.View(func(tx *db.Tx) error {
				m := newMaker(tx, f.ix.o.Location)
				if harm == nil {
					b.Delete(id)
					return nil
				}
				d, err := m.version(n)
				if kind == query.TypeTicket {
					d, err = m.ticket(n)
				}
				if err != nil {
					return err
				}
				harm(d)
				return b.IndexAdvanced(d.doc)
			}); err != nil {
				t.Fatal(err)
			}
			if err := h.index.Batch(b); err != nil {
				t.Fatal(err)
			}
			if _, findings := compare(); len(findings) == 0 {
				t.Errorf("%s of %s was not seen", name, id)
			}
			row := source{0, n}
			if kind == query.TypeArticle {
				row.kind = 1
			}
			if _, err := f.ix.batch(h, []source{row}, 0); err != nil {
				t.Fatal(err)
			}
			if _, findings := compare(); len(findings) > 0 {
				t.Fatalf("mended: %q", findings)
			}
		}
	}
}

func TestWordsOfATextFindIt(t *testing.T) {
	r := rand.New(rand.NewPCG(18, 9))
	f := newFixture(t)
	subjects := map[uint64]string{}
	for range 150 {
		s := analysis.CutBytes(hostileText(r), 200)
		subjects[f.ticket(store.Ticket{Subject: s}, "corpo")] = s
	}
	f.catchUp()
	asked := 0
	for id, s := range subjects {
		words := Words(s, 4)
		if len(words) == 0 {
			continue
		}
		asked++
		res, err := f.ix.Search(t.Context(), Query{Text: strings.Join(words, " "), Language: "it", Limit: 1000, Access: Access{Agent: true, AllTickets: true, AllArticles: true}})
		if err != nil {
			t.Fatal(err)
		}
		found := false
		for _, h := range res.Hits {
			found = found || h.Type == query.TypeTicket && h.ID == id
		}
		if !found {
			t.Errorf("%q of %q find %d others", words, s, res.Total)
		}
	}
	if asked < 100 {
		t.Errorf("only %d texts had words to ask for", asked)
	}
}
