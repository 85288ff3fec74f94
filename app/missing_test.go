package app_test

import (
	"html"
	"regexp"
	"strings"
	"testing"
)

var hitLink = regexp.MustCompile(`<a class="title" href="([^"]*)"`)

func TestWhatPeopleDoNotFindIsReadByThoseWhoWriteAlone(t *testing.T) {
	w := newWorld(t)
	w.searchable()
	before := w.app.Store.Last()
	r := w.visitor("requester")
	r.must(r.get(searchFor("Certificazione <b>unica</b> forfettari")), 200, "0 risultati")
	r.must(r.get("/search?q=ricongiunzione+servizi&module=csa"), 200, "0 risultati")
	r.must(r.get(searchFor("ada.neri@example.it")), 200)
	r.must(r.get(searchFor("matricola 0012345")), 200)
	r.must(r.get("/search?q=inesistente&type=ticket"), 200)
	r.must(r.get(searchFor("introvabile stato:aperta")), 200)
	w.visitor("agent").get(searchFor("procedimento riservatissimo"))
	if err := w.app.Desk.Find.WriteMisses(); err != nil {
		t.Fatal(err)
	}
	if w.app.Store.Last() != before {
		t.Error("a search leaves a trace in the change log")
	}
	for _, role := range []string{"nobody", "requester", "participant", "stranger", "coordinator"} {
		b := w.visitor(role)
		if got := b.get("/articles/missing"); got.status == 200 || strings.Contains(got.body, "forfettari") {
			t.Errorf("%s reads what others searched for", role)
		}
		b.must(b.get("/articles"), 200, "!forfettari")
	}
	e := w.visitor("editor")
	e.must(e.get("/articles/drafts"), 200, `href="/articles/missing"`)
	page := e.get("/articles/missing")
	e.must(page, 200, "certificazione", "forfettari", "!<b>unica", "ricongiunzione servizi", "CSA", "!ada.neri", "!0012345", "!inesistente", "!introvabile", "!riservatissimo", "Scrivi questo articolo")
	e.must(e.get("/articles/missing?module="+itoa(w.module["csa"])), 200, "ricongiunzione", "!forfettari")
	e.must(e.get("/articles/missing?month=2001-01&module=x"), 200, "Niente da segnalare")
	look := regexp.MustCompile(`href="(/search\?[^"]*ricong[^"]*)"`).FindStringSubmatch(page.body)
	if look == nil {
		t.Fatal("no way to look into it")
	}
	e.must(e.get(html.UnescapeString(look[1])), 200, "0 risultati")
	if err := w.app.Desk.Find.WriteMisses(); err != nil {
		t.Fatal(err)
	}
	rows := regexp.MustCompile(`(?s)<tbody>.*</tbody>`)
	if again := e.get("/articles/missing"); rows.FindString(again.body) != rows.FindString(page.body) {
		t.Error("looking into it counts as a search")
	}
	at := regexp.MustCompile(`href="(/articles/new\?[^"]*Ricong[^"]*)"`).FindStringSubmatch(page.body)
	if at == nil {
		t.Fatal("no way to write it")
	}
	e.must(e.get(html.UnescapeString(at[1])), 200, `value="Ricongiunzione servizi"`)
}

func TestTheLinksOfAnAnswerTellOnlyThatOneWasOpened(t *testing.T) {
	w := newWorld(t)
	w.searchable()
	first, second := w.visitor("stranger"), w.visitor("nobody")
	link := func(b *browser, path string) string {
		t.Helper()
		m := hitLink.FindStringSubmatch(b.get(path).body)
		if m == nil {
			t.Fatalf("%s finds nothing", path)
		}
		return html.UnescapeString(m[1])
	}
	a, b := link(first, searchFor("cedolino")), link(second, searchFor("stampare"))
	name := regexp.MustCompile(`[?&]s=([A-Za-z0-9_-]{12})$`)
	if !name.MatchString(a) || !name.MatchString(b) || name.FindString(a) == name.FindString(b) {
		t.Fatalf("links %s and %s", a, b)
	}
	if again := link(first, searchFor("cedolino")+"&kind="); name.FindString(again) == "" {
		t.Errorf("no name in %s", again)
	}
	first.must(first.get(a), 200, "Stampare il cedolino")
}
