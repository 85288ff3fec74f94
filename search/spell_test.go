package search

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"

	"sportello/search/analysis"
	"sportello/store"
)

func TestOneWrongLetterIsCorrected(t *testing.T) {
	f := newFixture(t)
	f.article(store.Public, 0, store.Published, "it", "Il cedolino dello stipendio", "Come si legge il cedolino e dove si trova lo stipendio.")
	f.article(store.Public, 0, store.Published, "it", "La fattura", "Come si registra.")
	for text, want := range map[string]string{
		"cedolio":                     "cedolino",
		"ceddolino":                   "cedolino",
		"cedoilno":                    "cedolino",
		"cedolimo":                    "cedolino",
		"Xedolino, per favore":        "cedolino, per favore",
		"il cedolnio dello stipnedio": "il cedolino dello stipendio",
		"fatura -cedolino":            "fattura -cedolino",
		"in:guida fatura":             "in:guida fattura",
		"cedolino":                    "",
		"stipendi":                    "", // of the same stem
		"+cedolio":                    "", // insisted on
		`"cedolio"`:                   "",
		"cedo":                        "",
		"cedolio*":                    "",
		"cedol1no":                    "", // a code perhaps
		"zzzzzz":                      "",
		"\xffcedolio":                 "",
	} {
		res := f.search(Query{Text: text})
		if res.Corrected != want {
			t.Errorf("%q was corrected to %q, want %q", text, res.Corrected, want)
		}
		if want != "" && (res.Total == 0 || !strings.Contains(res.AsTyped, "+")) {
			t.Errorf("%q: %d found, as typed %q", text, res.Total, res.AsTyped)
		}
		if want != "" {
			if again := f.search(Query{Text: res.AsTyped}); again.Corrected != "" {
				t.Errorf("%q was corrected to %q", res.AsTyped, again.Corrected)
			}
		}
	}
}

func TestAFarMoreFrequentWordIsOffered(t *testing.T) {
	f := newFixture(t)
	for i := range 30 {
		f.ticket(store.Ticket{Subject: fmt.Sprintf("Protocollo %d", i)}, "il protocollo")
	}
	f.ticket(store.Ticket{Subject: "Slip"}, "il protocolo")
	res := f.search(Query{Text: "protocolo", Access: f.all()})
	if res.Corrected != "" || res.DidYouMean != "protocollo" || res.Total != 1 {
		t.Errorf("corrected %q, offered %q, %d found", res.Corrected, res.DidYouMean, res.Total)
	}
}

// TestCorrectionsTellNothing: corrections come from what the reader may be told: nobody learns a word of others by
// writing it almost.
func TestCorrectionsTellNothing(t *testing.T) {
	f := newFixture(t)
	f.ticket(store.Ticket{Subject: "Chiacchierata"}, "la zucchina", "note: il peperoncino")
	f.ticket(store.Ticket{Subject: "Riservata", Group: f.secret, Requester: f.carla}, "il carciofo")
	f.article(store.Agents, 0, store.Published, "it", "Per operatori", "La melanzana.")
	f.article(store.Public, 0, store.Draft, "it", "Bozza", "Il finocchio.")
	f.article(store.SignedIn, 0, store.Published, "it", "Dentro", "Il ravanello.")
	readers := map[string]Access{
		"nobody":                    {},
		"requester":                 {Person: f.ana},
		"another requester":         {Person: f.bruno},
		"agent":                     {Person: f.other, Groups: []uint64{f.general}, Agent: true},
		"agent of the secret group": {Person: f.agent, Groups: []uint64{f.secret}, Agent: true},
		"administrator":             {Person: f.other, AllTickets: true, AllArticles: true},
	}
	for word, may := range map[string][]string{
		"zuchina":    {"agent", "agent of the secret group", "administrator"},
		"peperoncio": {}, // words of notes are found as they are, and never offered
		"carcioffo":  {},
		"melanzzana": {"agent", "agent of the secret group", "administrator"},
		"finochio":   {"administrator"},
		"ravanelo":   {"requester", "another requester", "agent", "agent of the secret group", "administrator"},
	} {
		for name, a := range readers {
			res := f.search(Query{Text: word, Access: a})
			if got := res.Corrected != ""; got != slices.Contains(may, name) || res.DidYouMean != "" {
				t.Errorf("%s: %q corrected to %q, offered %q", name, word, res.Corrected, res.DidYouMean)
			}
		}
	}
}

func TestEditsAreOneLetterAway(t *testing.T) {
	seen := map[string]bool{}
	analysis.Edits("abc", func(w []byte) bool { seen[string(w)] = true; return true })
	for _, w := range []string{"bc", "ac", "ab", "bac", "acb", "xbc", "axc", "abx", "xabc", "axbc", "abxc", "abcx"} {
		if !seen[w] {
			t.Errorf("%s is missing", w)
		}
	}
	n := 0
	analysis.Edits("abc", func([]byte) bool { n++; return n < 5 })
	if n != 5 {
		t.Errorf("%d calls after the end", n)
	}
}

func BenchmarkCorrect(b *testing.B) {
	f := newFixture(b)
	f.fillTickets(benchSize())
	f.catchUp()
	for b.Loop() {
		if _, err := f.ix.Search(context.Background(), Query{Text: "gralasteno", Access: Access{Person: f.agent, Agent: true}}); err != nil {
			b.Fatal(err)
		}
	}
}
