package search

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"sportello/search/analysis"
	"sportello/search/query"
	"sportello/store"
	"sportello/store/db"
)

func TestCompletion(t *testing.T) {
	f := newFixture(t)
	mine := f.ticket(store.Ticket{Subject: "Rendiconto in errore"}, "la zucchina")
	f.ticket(store.Ticket{Subject: "Rendita catastale", Requester: f.carla}, "aiuto")
	f.ticket(store.Ticket{Subject: "Rendimento segreto", Group: f.secret, Requester: f.carla}, "note: zucchero")
	art := f.article(store.Public, 0, store.Published, "it", "Il rendiconto", "Rendicontare le spese, il rendiconto. Accademico.")
	f.article(store.Agents, 0, store.Published, "it", "Rendere", "Zuppa.")
	f.catchUp()
	requester, agent := Access{Person: f.ana}, Access{Person: f.other, Groups: []uint64{f.general}, Agent: true}
	for _, c := range []struct {
		text   string
		access Access
		want   string
	}{
		{"", requester, ""},
		{"re", requester, ""},
		{"rend", requester, fmt.Sprintf("hits a%dit t%d; words rendicontare", art, mine)},
		{"rend", agent, "words rendiconto rendere"},
		{"zucc", requester, ""},
		{"zucc", agent, ""}, // words of tickets come from their subjects
		{"zup", agent, "words zuppa"},
		{"le rendiconta", requester, fmt.Sprintf("hits a%dit t%d; words le rendicontare", art, mine)},
		{"contab", requester, fmt.Sprintf("modules %d", f.accounting)},
		{"ugov", Access{}, fmt.Sprintf("modules %d", f.ugov)},
		{"u-gov", Access{}, fmt.Sprintf("modules %d", f.ugov)},
		{"acc", Access{}, fmt.Sprintf("modules %d; words accademico", f.accounting)},
		{"sta", requester, "filters stato:"},
		{"sta", agent, "filters stato:"},
		{"rend stato:ap", requester, "filters rend stato:aperta"},
		{"-tipo:a", requester, "filters -tipo:anomalia"},
		{"gruppo:", requester, ""},
		{"gruppo:c", agent, "filters gruppo:csa"},
		{"modulo:u-gov/", requester, "filters modulo:u-gov/contabilita"},
		{"ente:pol", agent, "filters ente:Politecnico"},
		{"ente:pol", requester, ""},
		{`"rend`, requester, ""},
		{strings.Repeat("x", 3000), requester, ""},
	} {
		got, err := f.ix.Complete(context.Background(), c.text, c.access, "it", 5)
		if err != nil {
			t.Fatal(err)
		}
		var parts []string
		say := func(name, list string) {
			if list != "" {
				parts = append(parts, name+" "+list)
			}
		}
		var hits []Hit
		for _, h := range got.Hits {
			if c.access.Agent {
				continue
			}
			hits = append(hits, h)
		}
		say("hits", names(hits))
		say("modules", strings.Trim(fmt.Sprint(got.Modules), "[]"))
		say("words", strings.Join(got.Words, " "))
		say("filters", strings.Join(got.Filters, " "))
		if s := strings.Join(parts, "; "); s != c.want {
			t.Errorf("%q: %q, want %q", c.text, s, c.want)
		}
	}
}

func TestWordsOfAnAttachmentAreOfferedWhereItMayBeOpened(t *testing.T) {
	f := newFixture(t)
	ticket := f.ticket(store.Ticket{Subject: "Richiesta"}, "aiuto")
	all := f.article(store.Public, 0, store.Published, "it", "Guida", "Testo.")
	some := f.article(store.Agents, 0, store.Published, "it", "Per operatori", "Testo.")
	attach := func(file store.File, text string) {
		f.update(func(tx *db.Tx) error {
			file.Person, file.Name, file.Type, file.Sum, file.Size = f.ana, "a.pdf", "application/pdf", f.blob, 1
			put(tx, &file, store.Files, nil)
			return store.Texts.Put(tx, &store.FileText{File: store.Files.Last(tx), Ticket: file.Ticket, Article: file.Article, Text: text, At: tx.Now()})
		})
	}
	var message, note uint64
	f.update(func(tx *db.Tx) error {
		m, err := store.MessagesByTicket.First(tx, ticket)
		if err != nil {
			return err
		}
		message = m.ID
		return put(tx, &store.Message{Ticket: ticket, Author: f.ana, At: tx.Now(), Body: "nota", Internal: true}, store.Messages, &note)
	})
	attach(store.File{Article: all, Versions: []uint64{1}}, "il pangolino")
	attach(store.File{Article: some, Versions: []uint64{2}}, "lo zibellino")
	attach(store.File{Ticket: ticket, Message: message}, "un ornitorinco")
	attach(store.File{Ticket: ticket, Message: note}, "una salamandra")
	f.catchUp()
	for name, c := range map[string]struct {
		access Access
		want   string
	}{
		"nobody":    {Access{}, "pangolino"},
		"requester": {Access{Person: f.ana}, "pangolino"},
		"agent":     {Access{Person: f.agent, Groups: []uint64{f.csa}, Agent: true}, "pangolino zibellino"},
	} {
		var got []string
		for _, typed := range []string{"pangol", "zibell", "ornitor", "salam"} {
			offered, err := f.ix.Complete(context.Background(), typed, c.access, "it", 5)
			if err != nil {
				t.Fatal(err)
			}
			got = append(got, offered.Words...)
		}
		if s := strings.Join(got, " "); s != c.want {
			t.Errorf("%s is offered %q, want %q", name, s, c.want)
		}
	}
}

// TestOfferedFiltersAreFilters: every value that is offered is understood.
func TestOfferedFiltersAreFilters(t *testing.T) {
	for _, language := range analysis.Languages {
		for _, f := range query.FilterHelp {
			for _, v := range f.Values(language) {
				p := query.Parse(f.Name(language)+":"+v, testCatalogue, time.UTC, time.Now(), false)
				if len(p.Filters) != 1 || p.Filters[0].Name != f.Code {
					t.Errorf("%s:%s is %+v", f.Name(language), v, p)
				}
			}
		}
	}
}
