package search

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"sportello/search/query"
	"sportello/store"
	"sportello/store/db"
)

func TestAccess(t *testing.T) {
	f := newFixture(t)
	anas := f.ticket(store.Ticket{Subject: "Stipendio di Ana", Organisation: f.polito, Unit: f.office, Module: f.csaModule, Participants: []uint64{f.bruno}}, "il cedolino manca")
	carlas := f.ticket(store.Ticket{Subject: "Stipendio di Carla", Requester: f.carla, Organisation: f.unibo, Group: f.general}, "il cedolino è doppio")
	hidden := f.ticket(store.Ticket{Subject: "Stipendio riservato", Organisation: f.polito, Group: f.secret}, "cedolino e procedimento")
	public := f.article(store.Public, f.csaModule, store.Published, "it", "Il cedolino", "Dove si trova il cedolino.")
	inside := f.article(store.SignedIn, 0, store.Published, "it", "Cedolino interno", "Per chi è entrato.")
	agents := f.article(store.Agents, 0, store.Published, "it", "Cedolino per operatori", "Come si rifà.")
	draft := f.article(store.Public, 0, store.Draft, "it", "Cedolino in bozza", "Non ancora.")
	a := func(n ...uint64) string {
		var out []string
		for _, id := range n {
			out = append(out, fmt.Sprintf("a%dit", id))
		}
		return strings.Join(out, " ")
	}

	for name, c := range map[string]struct {
		access Access
		want   string
	}{
		"nobody reads public articles only":                              {Access{}, a(public)},
		"another organisation's requester finds no ticket":               {Access{Person: f.agent + 100}, a(public, inside)},
		"an editor without tickets finds drafts and no ticket":           {Access{Person: f.agent + 100, AllArticles: true}, a(public, inside, agents, draft)},
		"an agent of another group finds no confidential ticket":         {Access{Person: f.other, Groups: []uint64{f.general}, Agent: true}, a(public, inside, agents) + " " + ids("t", anas, carlas)},
		"an administrator finds no confidential ticket":                  {Access{Person: f.other, AllTickets: true}, a(public, inside) + " " + ids("t", anas, carlas)},
		"a member of a group who is no agent finds that group's tickets": {Access{Person: f.other, Groups: []uint64{f.general}}, a(public, inside, agents) + " " + ids("t", carlas)},
		"a requester finds own tickets":                                  {Access{Person: f.ana}, a(public, inside) + " " + ids("t", anas, hidden)},
		"a participant finds the ticket":                                 {Access{Person: f.bruno}, a(public, inside) + " " + ids("t", anas)},
		"a coordinator finds the organisation's tickets":                 {Access{Person: f.bruno, Organisations: []uint64{f.unibo}}, a(public, inside) + " " + ids("t", anas, carlas)},
		"a coordinator of a unit finds the unit's tickets":               {Access{Person: f.carla, Units: []uint64{f.office}}, a(public, inside) + " " + ids("t", anas, carlas)},
		"an agent finds the own confidential group's tickets":            {Access{Person: f.agent, Groups: []uint64{f.secret}, Agent: true}, a(public, inside, agents) + " " + ids("t", anas, carlas, hidden)},
	} {
		t.Run(name, func(t *testing.T) {
			g := *f
			g.t = t
			g.wants(c.access, "cedolino", c.want)
			g.wants(c.access, "in:richieste in:guida", c.want) // without words the same are counted
		})
	}
}

func TestNotesCannotBeLearned(t *testing.T) {
	f := newFixture(t)
	// Two tickets of the requester, alike but for their notes, and one of an agent who is also its requester.
	one := f.ticket(store.Ticket{Subject: "Badge smarrito", Module: f.csaModule}, "ho perso il badge", "note: sospetto furto ZX-99")
	two := f.ticket(store.Ticket{Subject: "Badge smarrito", Module: f.csaModule}, "ho perso il badge", "note: niente da dire")
	own := f.ticket(store.Ticket{Subject: "Badge", Group: f.secret, Requester: f.other}, "il mio badge", "note: sospetto furto qui")
	f.article(store.Public, 0, store.Published, "it", "Badge", "Se il badge va perso.")

	readers := map[string]Access{
		"requester":   {Person: f.ana},
		"coordinator": {Person: f.bruno, Organisations: []uint64{f.polito}},
		"nobody":      {},
		"agent on the requester's side of a confidential ticket": {Person: f.other, Groups: []uint64{f.general}},
	}
	for name, a := range readers {
		t.Run(name, func(t *testing.T) {
			g := *f
			g.t = t
			for _, q := range []string{"furto", "sospetto furto", `"sospetto furto"`, "furt*", "ZX-99", "badge furto zx-99 -smarrito -mio"} {
				res := g.search(Query{Text: q, Access: a, Facets: true})
				for _, h := range res.Hits {
					if h.Type == query.TypeTicket && !strings.Contains(q, "badge") {
						t.Errorf("%q finds ticket %d", q, h.ID)
					}
				}
			}
			plain := g.search(Query{Text: "badge", Access: a, Facets: true})
			for _, q := range []string{"badge -furto", `badge -"sospetto furto"`, "badge -zx-99"} {
				if res := g.search(Query{Text: q, Access: a, Facets: true}); res.Total != plain.Total || fmt.Sprint(res.Facets) != fmt.Sprint(plain.Facets) {
					t.Errorf("%q counts %d %v, without the word %d %v", q, res.Total, res.Facets, plain.Total, plain.Facets)
				}
			}
			scores := map[float64]bool{}
			for _, h := range g.search(Query{Text: "badge smarrito OR furto", Access: a}).Hits {
				if h.Type == query.TypeTicket && (h.ID == one || h.ID == two) {
					scores[h.Score] = true
				}
			}
			if len(scores) > 1 {
				t.Errorf("a note's word moves its ticket: %v", scores)
			}
			hits, err := g.ix.Suggest(context.Background(), "sospetto furto", a, 10)
			if err != nil || len(hits) > 0 {
				t.Errorf("suggestions: %v, %v", hits, err)
			}
			for _, q := range []string{"fuurto", "sospeto", "sosppetto furo", "badge furt"} {
				if res := g.search(Query{Text: q, Access: a}); strings.Contains(res.Corrected+res.DidYouMean, "furto") || strings.Contains(res.Corrected+res.DidYouMean, "sospetto") {
					t.Errorf("%q: corrected to %q, offered %q", q, res.Corrected, res.DidYouMean)
				}
			}
			for _, q := range []string{"sosp", "furt", "badge furt", "zx9", "ZX-9"} {
				if c, err := g.ix.Complete(context.Background(), q, a, "it", 10); err != nil || len(c.Words) > 0 || q != "badge furt" && len(c.Hits) > 0 {
					t.Errorf("%q is completed to %+v, %v", q, c, err)
				}
			}
		})
	}
	agent := Access{Person: f.agent, Groups: []uint64{f.csa}, Agent: true}
	f.wants(agent, "furto", ids("t", one))
	f.wants(agent, `"sospetto furto"`, ids("t", one))
	f.wants(agent, "smarrito furti", ids("t", one)) // a word of a message and one of a note
	f.wants(agent, "badge -furto in:ticket", ids("t", two))
	f.wants(Access{Person: f.other, Groups: []uint64{f.secret}}, "furto", ids("t", own))
}

// TestOrderTellsNothingOfOthers: the order of one's own tickets must not depend on what stands in tickets one may
// not see.
func TestOrderTellsNothingOfOthers(t *testing.T) {
	f := newFixture(t)
	f.ticket(store.Ticket{Subject: "alfa alfa beta"}, "testo")
	f.ticket(store.Ticket{Subject: "alfa beta beta"}, "testo")
	ask := func() string {
		return fmt.Sprint(f.search(Query{Text: "alfa OR beta", Access: Access{Person: f.ana}}).Hits)
	}
	before := ask()
	for range 20 {
		f.ticket(store.Ticket{Subject: "beta beta", Requester: f.carla, Group: f.general}, "beta")
	}
	if after := ask(); after != before {
		t.Errorf("hits were %s, with others' tickets %s", before, after)
	}
}

func TestConfidentialityHoldsAtOnce(t *testing.T) {
	f := newFixture(t)
	id := f.ticket(store.Ticket{Subject: "Missione", Module: f.accounting, Group: f.general}, "rimborso")
	agent := Access{Person: f.agent, Groups: []uint64{f.csa}, Agent: true}
	f.wants(agent, "missione", ids("t", id))
	set := func(yes bool) {
		f.update(func(tx *db.Tx) error {
			m, err := store.Modules.Get(tx, f.ugov) // the level above
			if err != nil {
				return err
			}
			m.Confidential = yes
			return store.Modules.Put(tx, m)
		})
	}
	set(true)
	f.wants(agent, "missione", "")
	f.wants(Access{Person: f.other, Groups: []uint64{f.general}, Agent: true}, "missione", ids("t", id))
	set(false)
	f.wants(agent, "missione", ids("t", id))
	f.update(func(tx *db.Tx) error {
		g, err := store.Groups.Get(tx, f.general)
		if err != nil {
			return err
		}
		g.Confidential = true
		return store.Groups.Put(tx, g)
	})
	f.wants(agent, "missione", "")
}

func TestWords(t *testing.T) {
	f := newFixture(t)
	it := f.ticket(store.Ticket{Subject: "Iscrizioni bloccate", Language: "it"}, "Non riesco a completare le iscrizioni dell'anagrafica: perché? Errore ORA-01722 nella tabella AN_ANAGRAFICA, versione 24.06.01 di U-GOV. L'università è chiusa.")
	en := f.ticket(store.Ticket{Subject: "Payments missing", Language: "en", Requester: f.carla}, "The payments of employees aren't there. File report.final.pdf, don't worry. ORA-01723")
	guess := f.ticket(store.Ticket{Subject: "Question", Requester: f.carla}, "I have been looking for the invoices and they are not there when I need them")
	f.article(store.Public, f.csaModule, store.Published,
		"it", "Aprire la borsa", "## Prima di iniziare\n\nServe il **codice fiscale** del docente.\n\n1. apri il fascicolo",
		"en", "Opening a grant", "You need the tax code.")
	all := f.all()
	for _, c := range []struct{ language, text, want string }{
		{"it", "iscrizione", ids("t", it)},
		{"it", "iscritto", ids("t", it)},
		{"it", "iscriversi", ids("t", it)},
		{"it", "anagrafiche", ids("t", it)},
		{"it", "ANAGRAFICA", ids("t", it)},
		{"it", "l'anagrafica", ids("t", it)},
		{"it", "dell’anagrafica", ids("t", it)},
		{"it", "perche'", ids("t", it)},
		{"it", "universita", ids("t", it)},
		{"it", "università", ids("t", it)},
		{"it", "ora-01722", ids("t", it)},
		{"it", "01722", ids("t", it)},
		{"it", "ora-01729", ""},
		{"it", "an_anagrafica", ids("t", it)},
		{"it", "24.06.01", ids("t", it)},
		{"it", "24.06.02", ""},
		{"it", "ugov", ids("t", it)},
		{"it", "u-gov", ids("t", it)},
		{"it", "u gov", ids("t", it)},
		{"it", "report.final.pdf", ids("t", en)},
		{"en", "payment employee", ids("t", en)},
		{"en", "dont worry", ids("t", en)},
		{"en", "invoice", ids("t", guess)},
		{"it", "invoice", ids("t", guess)}, // whatever the reader's language
		{"it", "invoices", ids("t", guess)},
		{"it", "codici fiscali", "a1it"},
		{"it", "come si fa a completare le iscrizioni", ids("t", it)},
		{"it", "iscrizion*", ids("t", it)},
		{"it", "is*", ""},
		{"it", "rossi invoices", ids("t", guess)}, // the requester's name
		{"it", "carla@unibo.it payments", ids("t", en)},
		{"it", `"codice fiscale"`, "a1it"},
		{"it", `"fiscale codice"`, ""},
		{"it", `"errore ORA-01722 nella"`, ids("t", it)},
		{"it", `"dell'anagrafica perché"`, ids("t", it)},
		{"it", `"bloccate non riesco"`, ""}, // two texts
		{"it", `"fascicolo" OR "payments missing"`, "a1it " + ids("t", en)},
		{"it", "iscrizioni OR payments", ids("t", it, en)},
		{"it", "iscrizioni -anagrafica", ""},
		{"it", `ORA* -"payments missing"`, ids("t", it)},
		{"it", "#1", ids("t", it)},
		{"it", "#2 OR #1", ids("t", it, en)},
		{"it", "-iscrizioni in:ticket", ids("t", en, guess)},
	} {
		t.Run(c.language+" "+c.text, func(t *testing.T) {
			res := f.search(Query{Text: c.text, Access: all, Language: c.language, Facets: true})
			got := names(res.Hits)
			if res.Parsed.Any {
				got = "" // all words together found nothing
			}
			if got != c.want {
				t.Errorf("found %q, want %q (parsed %+v)", got, c.want, res.Parsed)
			}
		})
	}
}

func TestAsPeopleWriteThem(t *testing.T) {
	f := newFixture(t)
	one := f.ticket(store.Ticket{Subject: "Uso"}, "accesso a esse 3 e a u gov")
	two := f.ticket(store.Ticket{Subject: "Uso"}, "accesso a ESSE3 e a UGOV")
	three := f.ticket(store.Ticket{Subject: "Uso"}, "accesso a Esse-3 e a U-GOV")
	other := f.ticket(store.Ticket{Subject: "Uso"}, "errore HTTP 500, ORA-01722 in AN_ANAGRAFICA da gino.poli@unito.it, CSA 24.06.01, allegato.pdf")
	f.ticket(store.Ticket{Subject: "Uso"}, "HTTP ORA 01723 AN ANAGRAFICA gino poli unito it CSA 24 06 02 allegato pdf; errore 404, 501")
	for text, want := range map[string]string{
		"esse3": ids("t", one, two, three), "esse 3": ids("t", one, two, three), "ESSE-3": ids("t", one, two, three),
		"ugov": ids("t", one, two, three), "u gov": ids("t", one, two, three), "U-GOV": ids("t", one, two, three), "accesso u gov": ids("t", one, two, three),
		"ORA-01722": ids("t", other), "ora01722": ids("t", other), "AN_ANAGRAFICA": ids("t", other), "gino.poli@unito.it": ids("t", other),
		"24.06.01": ids("t", other), "CSA 24.06.01": ids("t", other), "allegato.pdf": ids("t", other), "errore ORA-01722": ids("t", other),
		"ORA-01724": "", "AN_ALTRO": "", "gino.poli@unimi.it": "", "24.06.03": "", "altro.pdf": "",
	} {
		res := f.search(Query{Text: text, Access: f.all()})
		if got := names(res.Hits[:min(len(res.Hits), max(res.All, 1))]); got != want {
			t.Errorf("%q found %q, want %q (%d of %d)", text, got, want, res.All, res.Total)
		}
	}
	if res := f.search(Query{Text: "http 500", Access: f.all()}); len(res.Hits) == 0 || res.Hits[0].ID != other {
		t.Errorf("http 500: %+v", res.Hits)
	}
}

func TestAllWordsElseAny(t *testing.T) {
	f := newFixture(t)
	one := f.ticket(store.Ticket{Subject: "stampante"}, "non stampa")
	two := f.ticket(store.Ticket{Subject: "scanner"}, "non legge")
	res := f.search(Query{Text: "stampante scanner", Access: f.all()})
	if !res.Parsed.Any || names(res.Hits) != ids("t", one, two) {
		t.Errorf("any = %v, hits %s", res.Parsed.Any, names(res.Hits))
	}
	if res = f.search(Query{Text: "stampante stampa", Access: f.all()}); res.Parsed.Any || names(res.Hits) != ids("t", one) {
		t.Errorf("any = %v, hits %s", res.Parsed.Any, names(res.Hits))
	}
	if res = f.search(Query{Text: "", Access: f.all()}); res.Total != 0 {
		t.Errorf("nothing asked, %d found", res.Total)
	}
}

func TestFilters(t *testing.T) {
	f := newFixture(t)
	day := func(s string) time.Time {
		d, err := time.Parse(time.DateOnly, s)
		if err != nil {
			t.Fatal(err)
		}
		return d
	}
	a := f.ticket(store.Ticket{Subject: "prova alfa", Organisation: f.polito, Module: f.accounting, Kind: store.Malfunction, State: store.StateNew, Opened: day("2025-03-10")}, "x")
	b := f.ticket(store.Ticket{Subject: "prova beta", Module: f.csaModule, Kind: store.Request, State: store.StateClosed, Opened: day("2025-04-01"), Group: f.general, Requester: f.carla}, "x")
	c := f.ticket(store.Ticket{Subject: "prova gamma", Kind: store.Request, State: store.StateWaiting, Opened: day("2026-01-31"), Files: 1}, "x")
	f.article(store.Public, f.ugov, store.Published, "it", "prova", "testo")
	all := f.all()
	for text, want := range map[string]string{
		"prova state:new":                            ids("t", a),
		"prova stato:nuovo":                          ids("t", a),
		"stato:nuovo stato:chiuso prova":             ids("t", a, b),
		"prova stato:attivo":                         ids("t", a, c),
		`prova stato:"in attesa"`:                    ids("t", c),
		"prova -stato:chiuso in:richieste":           ids("t", a, c),
		"prova module:u-gov":                         "a1it " + ids("t", a),
		"prova modulo:contabilita":                   ids("t", a),
		"prova modulo:Contabilità":                   ids("t", a),
		"prova tipo:richiesta":                       ids("t", b, c),
		"prova kind:malfunction":                     ids("t", a),
		"prova gruppo:csa":                           ids("t", a, c),
		"prova group:desk":                           ids("t", b),
		"prova from:carla@":                          ids("t", b),
		"prova da:carla@unibo.it":                    ids("t", b),
		`prova da:"de rossi"`:                        ids("t", b),
		"prova from:gall":                            ids("t", a, c),
		"prova prima:2025-04-01 in:ticket":           ids("t", a),
		"prova dopo:2025-04-01 in:ticket":            ids("t", b, c),
		"prova after:2025-03 before:2026 in:tickets": ids("t", a, b),
		"prova prima:31/1/2026 dopo:1.4.2025":        ids("t", b),
		"prova in:guida":                             "a1it",
		"prova in:articles state:new":                "",
		"prova allegato:si":                          ids("t", c),
		"prova allegato:no in:ticket":                ids("t", a, b),
		"prova numero:2":                             ids("t", b),
		"prova -#2 in:ticket":                        ids("t", a, c),
		"state:closed":                               ids("t", b),
		"prova stato:nuova|chiusa":                   ids("t", a, b),
		"prova in:richieste|guida -stato:attivo":     "a1it " + ids("t", b),
		"prova anno:2025":                            ids("t", a, b),
		"prova -year:2025 in:ticket":                 ids("t", c),
		"prova ente:politecnico":                     ids("t", a),
		"prova organisation:1":                       ids("t", a),
		"prova lingua:inglese":                       "",
		"prova language:it in:guides":                "a1it",
	} {
		t.Run(text, func(t *testing.T) {
			g := *f
			g.t = t
			g.wants(all, text, want)
		})
	}
	res := f.search(Query{Text: "prova pippo:pluto", Access: all})
	if len(res.Parsed.Filters) > 0 || len(res.Parsed.Words) != 2 {
		t.Errorf("an unknown filter is text: %+v", res.Parsed)
	}
	res = f.search(Query{Text: "prova", Access: all, Sort: "date", Types: []string{query.TypeTicket}, Limit: 2, Offset: 1})
	if res.Total != 3 || len(res.Hits) != 2 {
		t.Errorf("page of 2 from 1: %+v", res)
	}
	res = f.search(Query{Text: "from:me", Access: Access{Person: f.carla, Agent: true}})
	if names(res.Hits) != ids("t", b) {
		t.Errorf("from:me found %s", names(res.Hits))
	}
}

func TestFacetsCountLevelsAbove(t *testing.T) {
	f := newFixture(t)
	f.ticket(store.Ticket{Subject: "uno", Module: f.accounting}, "prova")
	f.ticket(store.Ticket{Subject: "due", Module: f.ugov, State: store.StateNew}, "prova")
	f.ticket(store.Ticket{Subject: "tre", Module: f.csaModule, Requester: f.carla, Group: f.secret}, "prova")
	res := f.search(Query{Text: "prova", Access: Access{Person: f.ana}, Facets: true})
	for name, want := range map[string]string{
		"type": "[{ticket 2}]", "state": "[{new 1} {open 1}]", "kind": "[{clarification 2}]",
		"module": "[{u-gov 2} {u-gov/contabilita 1}]", "group": "[{csa 2}]",
		"organisation": "[]", "language": "[{it 2}]", "year": fmt.Sprintf("[{%d 2}]", time.Now().UTC().Year()),
	} {
		if got := fmt.Sprint(res.facet(name)); got != want {
			t.Errorf("%s counts %s, want %s", name, got, want)
		}
	}
}

func TestSpamIsGone(t *testing.T) {
	f := newFixture(t)
	id := f.ticket(store.Ticket{Subject: "Vincita alla lotteria"}, "clicca qui", "note: è posta indesiderata")
	mark := func(at time.Time) {
		f.update(func(tx *db.Tx) error {
			row, err := store.Tickets.Get(tx, id)
			if err != nil {
				return err
			}
			row.SpamSince = at
			return store.Tickets.Put(tx, row)
		})
	}
	f.wants(f.all(), "lotteria", ids("t", id))
	mark(time.Now())
	for _, q := range []string{"lotteria", "#1", "indesiderata", "in:ticket", "from:ana@"} {
		f.wants(f.all(), q, "")
	}
	mark(time.Time{})
	f.wants(f.all(), "lotteria", ids("t", id))
}

func TestOneVersionOfAnArticle(t *testing.T) {
	f := newFixture(t)
	both := f.article(store.Public, 0, store.Published, "it", "Il portale CINECA", "accesso al portale", "en", "The CINECA portal", "access for students")
	draft := f.article(store.Public, 0, store.Draft, "it", "CINECA in bozza", "portale", "en", "CINECA draft", "portal")
	english := f.article(store.Public, 0, store.Published, "en", "CINECA abroad", "only English")
	for _, c := range []struct {
		language, text string
		want           string
	}{
		{"it", "cineca", fmt.Sprintf("a%dit a%den", both, english)},
		{"en", "cineca", fmt.Sprintf("a%den a%den", both, english)},
		{"it", "students", fmt.Sprintf("a%den", both)}, // the language hides nothing
	} {
		res := f.search(Query{Text: c.text, Language: c.language, Facets: true})
		if names(res.Hits) != c.want || res.Total != len(res.Hits) || res.facet("type")[0].Count != res.Total {
			t.Errorf("%s %s: found %s, total %d, facets %v; want %s", c.language, c.text, names(res.Hits), res.Total, res.Facets, c.want)
		}
	}
	if res := f.search(Query{Text: "cineca", Access: Access{AllArticles: true}}); res.Total != 3 {
		t.Errorf("an editor finds %d articles, want 3 with draft %d", res.Total, draft)
	}
}

func TestSuggest(t *testing.T) {
	f := newFixture(t)
	mine := f.ticket(store.Ticket{Subject: "Stampa del cedolino in errore"}, "aiuto")
	f.ticket(store.Ticket{Subject: "Stampa del cedolino di altri", Requester: f.carla}, "aiuto")
	art := f.article(store.Public, 0, store.Published, "it", "Stampare il cedolino", "Testo lungo.")
	f.article(store.Agents, 0, store.Published, "it", "Stampare il cedolino, per operatori", "Testo.")
	f.catchUp()
	for _, text := range []string{"stampa cedo", "La stampa dei cedolini non", "cedolin"} {
		hits, err := f.ix.Suggest(context.Background(), text, Access{Person: f.ana}, 5)
		if want := fmt.Sprintf("a%dit t%d", art, mine); err != nil || names(hits) != want {
			t.Errorf("%q: %s, %v; want %s", text, names(hits), err, want)
		}
	}
	for _, text := range []string{"", "   ", "il di la", "zz", "-", "\xff\xfe"} {
		if hits, err := f.ix.Suggest(context.Background(), text, Access{Person: f.ana}, 5); err != nil || len(hits) > 0 {
			t.Errorf("%q: %v, %v", text, hits, err)
		}
	}
	// An agent is offered own tickets, not those of others that could be read.
	if hits, err := f.ix.Suggest(context.Background(), "stampa cedolino", f.all(), 5); err != nil || strings.Contains(" "+names(hits), " t") {
		t.Errorf("agent: %s, %v", names(hits), err)
	}
}

func TestTitlesComeFirst(t *testing.T) {
	f := newFixture(t)
	f.article(store.Public, 0, store.Published, "it", "Altro", strings.Repeat("parole intorno al protocollo informatico. ", 5))
	f.article(store.Public, 0, store.Published, "it", "Protocollo informatico", "Come si usa.")
	res := f.search(Query{Text: "protocollo informatico"})
	if len(res.Hits) != 2 || res.Hits[0].ID != 2 {
		t.Errorf("hits %+v", res.Hits)
	}
}

func TestWhatADuplicateBroughtInIsNotFoundByTheOthersRequester(t *testing.T) {
	f := newFixture(t)
	first := f.ticket(store.Ticket{Subject: "Cedolino bianco", Module: f.csaModule}, "non si apre")
	twin := f.ticket(store.Ticket{Subject: "Cedolino vuoto", Requester: f.carla, Module: f.csaModule}, "non si apre")
	f.update(func(tx *db.Tx) error {
		m := &store.Message{Ticket: first, Author: f.carla, At: tx.Now(), Body: "la mia zucchina privata", Origin: twin, Brought: []uint64{twin}}
		if err := store.Messages.Put(tx, m); err != nil {
			return err
		}
		row, err := store.Tickets.Get(tx, twin)
		if err != nil {
			return err
		}
		row.DuplicateOf = first
		return store.Tickets.Put(tx, row)
	})
	f.wants(Access{Person: f.ana}, "zucchina", "")
	f.wants(Access{Person: f.carla}, "zucchina", ids("t", twin))
	// The duplicate taken up again is nobody's duplicate, and the words are still its people's.
	f.update(func(tx *db.Tx) error {
		row, err := store.Tickets.Get(tx, twin)
		if err != nil {
			return err
		}
		row.DuplicateOf = 0
		return store.Tickets.Put(tx, row)
	})
	f.wants(Access{Person: f.ana}, "zucchina", "")
	f.wants(Access{Person: f.carla}, "zucchina", ids("t", twin))
	f.wants(Access{Person: f.other, Agent: true}, "zucchina", ids("t", first, twin))
}

// TestMailThatIsJudgedIsFoundByItsGroup: mail that became no message is found by whoever judges it and nobody else,
// in every word of it, until it is decided.
func TestMailThatIsJudgedIsFoundByItsGroup(t *testing.T) {
	f := newFixture(t)
	var ids [3]uint64
	f.update(func(tx *db.Tx) error {
		for i, m := range []*store.Mail{
			{State: store.MailHeld, Subject: "Cedolino", Text: "non si apre da stamani", From: "sergio@altrove.it", FromName: "Sergio Sconosciuto", Group: f.csa},
			{State: store.MailAside, Subject: "Fuori sede", Text: "cedolino riservato", From: "ana@polito.it", Group: f.secret},
			{State: store.MailDone, Subject: "Cedolino", Text: "non si apre", From: "ana@polito.it", Group: f.csa},
		} {
			m.Sum, m.Source = f.blob, "lmtp"
			put(tx, m, store.Mails, &ids[i])
		}
		return nil
	})
	agent, other, root := Access{Person: f.agent, Groups: []uint64{f.csa}, Agent: true}, Access{Person: f.other, Groups: []uint64{f.general}, Agent: true}, Access{Person: f.ana, AllTickets: true, AllArticles: true}
	for _, a := range []Access{{}, {Person: f.ana}, {Person: f.carla, Organisations: []uint64{f.unibo}, Units: []uint64{f.office}}, other, {Person: f.other, AllArticles: true}} {
		for _, text := range []string{"cedolino", "stamani", "sconosciuto", "da:sergio@altrove.it", "in:mail", `"non si apre"`} {
			f.wants(a, text, "")
		}
	}
	for _, text := range []string{"cedolino", "stamani", "da:sergio@altrove.it", "in:mail", `"non si apre da"`} {
		f.wants(agent, text, "m1")
		f.wants(root, text, "m1")
	}
	f.wants(Access{Person: f.agent, Groups: []uint64{f.csa, f.secret}, Agent: true}, "cedolino", "m1 m2")
	f.update(func(tx *db.Tx) error {
		m, err := store.Mails.Get(tx, ids[0])
		if err != nil {
			return err
		}
		m.State = store.MailDropped
		return store.Mails.Put(tx, m)
	})
	f.wants(agent, "cedolino", "")
}

// TestABeginningIsNotUsedUpByWhatNobodyMayRead: a thousand words of somebody else's ticket that begin as one's own do, and stand before it, take
// nothing from what one finds. Nor do a thousand in notes, or a thousand people of tickets that are not seen.
func TestABeginningIsNotUsedUpByWhatNobodyMayRead(t *testing.T) {
	f := newFixture(t)
	own := f.ticket(store.Ticket{Subject: "Una richiesta"}, "il problema è cedozzz")
	many := make([]string, 3*maxExpansion)
	for i := range many {
		many[i] = fmt.Sprintf("cedo%c%c%c", 'a'+i/676, 'a'+i/26%26, 'a'+i%26)
	}
	words := strings.Join(many, " ")
	hidden := f.ticket(store.Ticket{Subject: "Un'altra", Requester: f.carla, Organisation: f.unibo}, words)
	f.update(func(tx *db.Tx) error { return say(tx, own, f.agent, "note:"+words) })
	f.update(func(tx *db.Tx) error {
		for _, w := range many[:maxExpansion] {
			var id uint64
			put(tx, &store.Person{Email: w + "@unibo.it", Name: w}, store.People, &id)
			put(tx, &store.Ticket{Subject: "Sua", Requester: id, Organisation: f.unibo, Group: f.secret, Kind: store.Clarification, State: store.StateOpen, Opened: tx.Now()}, store.Tickets, nil)
		}
		return nil
	})
	colleague := uint64(0)
	f.update(func(tx *db.Tx) error {
		return put(tx, &store.Person{Email: "cedozeta@polito.it", Name: "Cedozeta"}, store.People, &colleague)
	})
	theirs := f.ticket(store.Ticket{Subject: "Di un collega", Requester: colleague, Organisation: f.polito}, "niente")
	f.wants(Access{Person: f.ana}, "cedo*", ids("t", own))
	f.wants(Access{Person: f.agent, Groups: []uint64{f.csa}, Agent: true}, "cedo*", ids("t", own, hidden))
	f.wants(Access{Person: f.bruno, Organisations: []uint64{f.polito}}, "from:cedo", ids("t", theirs))
}
