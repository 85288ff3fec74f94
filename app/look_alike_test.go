package app_test

import (
	"context"
	"html"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"

	"sportello/app/desk/article"
	"sportello/app/desk/find"
	"sportello/store"
)

// helpPages are articles as a university has them, with the subjects people write for the matters they are about.
var helpPages = []struct {
	title, body, module string
	subjects            []string
}{
	{"Cosa fare quando il PDF dello stipendio resta bianco", "Se il cedolino non si apre, svuota la memoria del browser e riprova. Il cedolino di ottobre esce il 27.", "csa",
		[]string{"Il cedolino di ottobre non si apre", "cedolino non si apre!!", "Non riesco ad aprire il cedolino", "il cedolino: non si apre (ottobre)"}},
	{"Correggere un incarico già firmato", "L'incarico firmato si riapre solo dalla ragioneria: chiedi l'annullamento della firma e salva di nuovo la data.", "u-gov/contabilita",
		[]string{"Ho sbagliato la data di un incarico firmato", "annullamento firma incarico", "la data dell'incarico è sbagliata"}},
	{"Verbalizzare un appello chiuso", "Un appello chiuso si riapre dalla segreteria studenti: indica la data dell'appello e il nome del docente nel verbale.", "esse3",
		[]string{"Appello chiuso per errore", "Non posso più fare il verbale dell'appello di giugno", "riaprire appello"}},
	{"Accesso dopo il cambio di password", "Dopo il cambio, l'errore ORA-01017 dura fino a un'ora: aspetta e accedi di nuovo.", "csa",
		[]string{"Errore ORA-01017 dopo il cambio password", "accesso negato: ho cambiato la password"}},
	{"Stampanti di rete", "La coda di stampa si svuota spegnendo la stampante per dieci secondi.", "",
		[]string{"La stampante del secondo piano non stampa", "coda di stampa bloccata"}},
}

var offered = regexp.MustCompile(`<a class="title cover" href="([^"]+)"`)

// TestWhatASearchPutsFirstIsOfferedWhileAsking compares what is offered beside a subject, and beside its ticket, with what
// a search for its words finds.
func TestWhatASearchPutsFirstIsOfferedWhileAsking(t *testing.T) {
	w := newWorld(t)
	for _, p := range helpPages {
		f := article.Form{Title: p.title, Body: p.body, Audience: store.Public, Module: desk0}
		if p.module != "" {
			f.Module = w.module[p.module]
		}
		w.article(f)
	}
	w.indexed()
	b, agent := w.visitor("requester"), w.visitor("agent")
	for _, p := range helpPages {
		for _, subject := range p.subjects {
			words := strings.NewReplacer("!", " ", ":", " ", "(", " ", ")", " ", "'", " ", "-", " ").Replace(subject)
			found, err := w.app.Desk.Find.Search(context.Background(), w.as("requester"), find.Query{Text: words, Types: []string{"article"}})
			must(t, err)
			if len(found.Hits) == 0 || found.Hits[0].Title != p.title {
				t.Fatalf("the search itself does not find %q for %q", p.title, subject)
			}
			at := "/articles/" + found.Hits[0].Article.Slug
			for _, module := range []string{"", "csa", "esse3", "u-gov/contabilita"} {
				b.must(b.get("/look-alike?q="+url.QueryEscape(subject)+"&module="+url.QueryEscape(module)), 200, `href="`+at+`"`)
			}
			n := w.asks("requester", subject)
			agent.must(agent.get("/tickets/"+itoa(n.ID)), 200, `href="`+at+`"`, "!Nessun articolo ha")
		}
	}
}

// TestArticlesOfTheModuleAreOfferedBeforeOthers has the same words in articles of three modules.
func TestArticlesOfTheModuleAreOfferedBeforeOthers(t *testing.T) {
	w := newWorld(t)
	for _, module := range []string{"csa", "esse3", "u-gov/contabilita"} {
		for _, n := range []string{"uno", "due", "tre"} {
			w.article(article.Form{Title: "Esportare le tabelle " + n + " " + strings.ReplaceAll(module, "/", " "), Body: "Le tabelle si esportano dal menu.", Audience: store.Public, Module: w.module[module]})
		}
	}
	w.indexed()
	b := w.visitor("requester")
	for _, module := range []string{"csa", "esse3", "u-gov/contabilita", "u-gov"} {
		got := b.get("/look-alike?q=" + url.QueryEscape("non riesco a esportare le tabelle") + "&module=" + url.QueryEscape(module))
		lines := offered.FindAllStringSubmatch(got.body, -1)
		if len(lines) != 5 {
			t.Fatalf("%s: %d are offered\n%s", module, len(lines), got.body)
		}
		last := module[strings.LastIndexByte(module, '/')+1:]
		for i, l := range lines[:3] {
			if !strings.Contains(html.UnescapeString(l[1]), last) {
				t.Errorf("%s: place %d has %s", module, i, l[1])
			}
		}
	}
}

func TestWhereNothingIsAlikeThePageSaysSo(t *testing.T) {
	w := newWorld(t)
	w.indexed()
	b, agent := w.visitor("requester"), w.visitor("agent")
	const nothing = "Non c&#39;è niente di simile"
	b.must(b.get("/look-alike?q="), 200, "!"+nothing)
	b.must(b.get("/look-alike?q=xy"), 200, "!"+nothing)
	b.must(b.get("/look-alike?q=zibaldone+vattelapesca"), 200, nothing)
	n := w.asks("requester", "zibaldone vattelapesca")
	w.indexed()
	agent.must(agent.get("/tickets/"+itoa(n.ID)), 200, "Nessun articolo ha le parole")
}

// indexed waits until the search has all that was written.
func (w *world) indexed() {
	w.t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	must(w.t, w.app.Index.CatchUp(ctx, w.app.Store.Last()))
}
