package app_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"mime/multipart"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"testing"

	"sportello/app/desk/article"
	"sportello/app/desk/policy"
	"sportello/store"
	"sportello/store/db"
	"sportello/store/door"
)

// upload makes the body of a form with values and one file.
func upload(t *testing.T, values url.Values, field, name string, content []byte) (*bytes.Buffer, string) {
	t.Helper()
	var b bytes.Buffer
	m := multipart.NewWriter(&b)
	for key, all := range values {
		for _, v := range all {
			if err := m.WriteField(key, v); err != nil {
				t.Fatal(err)
			}
		}
	}
	if name != "" {
		w, err := m.CreateFormFile(field, name)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := w.Write(content); err != nil {
			t.Fatal(err)
		}
	}
	if err := m.Close(); err != nil {
		t.Fatal(err)
	}
	return &b, m.FormDataContentType()
}

// found returns the first group of the pattern in the text, which must be there.
func found(t *testing.T, text, pattern string) string {
	t.Helper()
	m := regexp.MustCompile(pattern).FindStringSubmatch(text)
	if m == nil {
		t.Fatalf("no %s in\n%s", pattern, text)
	}
	return m[1]
}

func TestTheGuideIsBrowsedByApplicationByWhoeverMayReadIt(t *testing.T) {
	w := newWorld(t)
	w.article(article.Form{Title: "Solo per chi accede", Audience: store.SignedIn})
	w.article(article.Form{Title: "Procedura degli operatori", Audience: store.Agents})
	w.article(article.Form{Title: "Stampanti di rete", Module: desk0, Audience: store.Public})
	for _, c := range []struct {
		role  string
		reads []string
		not   []string
		csa   string
	}{
		{"nobody", []string{"Stampare il cedolino"}, []string{"Solo per chi accede", "Procedura degli operatori", "Bozza riservata", "/articles/new", "/articles/drafts"}, "1 articolo"},
		{"requester", []string{"Stampare il cedolino", "Solo per chi accede"}, []string{"Procedura degli operatori", "Bozza riservata", "/articles/new"}, "2 articoli"},
		{"agent", []string{"Stampare il cedolino", "Solo per chi accede", "Procedura degli operatori", "/articles/new"}, []string{"Bozza riservata"}, "3 articoli"},
	} {
		b := w.visitor(c.role)
		b.must(b.get("/articles"), 200, "Stampare il cedolino", "Altri argomenti", c.csa)
		list := b.get("/articles/in/csa")
		b.must(list, 200, c.reads...)
		for _, s := range c.not {
			b.must(list, 200, "!"+s)
		}
		b.must(b.get("/articles/in/-"), 200, "Stampanti di rete", "!Stampare il cedolino")
		b.must(b.get("/articles/in"), 200, "Stampanti di rete", "Stampare il cedolino")
	}
	b := w.visitor("requester")
	b.must(b.get("/articles/in/no/such/level"), 404)
	b.must(b.get("/articles/in/u-gov"), 200, "Qui non c&#39;è ancora niente")
	b.must(b.get("/articles/procedura-degli-operatori"), 404, "!Procedura")
	b.must(b.get("/articles/bozza-riservata"), 404, "!Bozza riservata")
	b.must(w.visitor("editor").get("/articles/bozza-riservata"), 200, "Bozza riservata", "È una bozza")
}

// desk0 stands for no module in article.
const desk0 = ^uint64(0)

// article saves an article as the administrator: in Italian, about CSA and published, unless the form says otherwise.
func (w *world) article(f article.Form) *article.View {
	w.t.Helper()
	if f.Language == "" {
		f.Language = "it"
	}
	if f.Body == "" {
		f.Body = "Il testo di " + f.Title + "."
	}
	switch f.Module {
	case 0:
		f.Module = w.module["csa"]
	case desk0:
		f.Module = 0
	}
	if f.Publication == store.PublicationNone {
		f.Publication = store.Published
	}
	v, err := w.app.Desk.Articles.Save(w.as("administrator"), f)
	if err != nil {
		w.t.Fatal(err)
	}
	return v
}

func TestThousandsOfPagesOfOneModuleAreAllReachedByTurningPages(t *testing.T) {
	w := newWorld(t)
	const many = 180
	d := w.app.Desk
	system := policy.Actor{System: true, Via: door.Import}
	for i := range many {
		for _, lang := range []string{"it", "en"} {
			_, _, err := d.Articles.Put(system, article.Record{Slug: fmt.Sprintf("aiuto-%d", i), Title: fmt.Sprintf("%c%c aiuto %03d", 'A'+i%26, 'a'+i%7, i), Body: "<p>Testo della pagina</p>",
				Format: "html", Language: lang, Module: "esse3", Audience: "public", State: "published"})
			if err != nil {
				t.Fatal(err)
			}
		}
	}
	b := w.visitor("nobody")
	link := regexp.MustCompile(`<a class="title cover" href="(/articles/aiuto-[^"]*)"[^>]*>([^<]*)<`)
	next := regexp.MustCompile(`href="([^"]*)" rel="next"`)
	seen := map[string]bool{}
	var titles []string
	pages := 0
	for at := "/articles/in/esse3"; at != ""; {
		got := b.get(at)
		b.must(got, 200, fmt.Sprintf("%d–%d di %d", pages*50+1, min(pages*50+50, many), many))
		pages++
		for _, m := range link.FindAllStringSubmatch(got.body, -1) {
			seen[m[1]] = true
			titles = append(titles, m[2])
		}
		at = ""
		if m := next.FindStringSubmatch(got.body); m != nil {
			at = strings.ReplaceAll(m[1], "&amp;", "&")
		}
		if pages > 10 {
			t.Fatal("the pages do not end")
		}
	}
	if len(seen) != many || len(titles) != many || pages != 4 {
		t.Errorf("%d articles on %d lines of %d pages, want %d, each once, on 4", len(seen), len(titles), pages, many)
	}
	if !slices.IsSortedFunc(titles, func(x, y string) int { return strings.Compare(strings.ToLower(x), strings.ToLower(y)) }) {
		t.Error("not in alphabetical order")
	}
	first := found(t, b.get("/articles/in/esse3").body, `href="([^"]*)">T</a>`)
	got := b.get(strings.ReplaceAll(first, "&amp;", "&"))
	if m := link.FindStringSubmatch(got.body); m == nil || !strings.HasPrefix(m[2], "T") {
		t.Errorf("the letter T leads to %v", m)
	}
	b.must(b.get("/articles/in/esse3?after=zz&n=x"), 200)
	b.must(b.get("/articles/in/esse3?after="+strings.Repeat("ff", 300)), 200, "Non ci sono altri articoli")
}

func TestAnArticleIsReadInTheReadersLanguageElseInTheOtherOne(t *testing.T) {
	w := newWorld(t)
	w.article(article.Form{Title: "Solo in italiano", Audience: store.Public})
	it, en := w.visitor("nobody"), w.visitor("nobody")
	it.header.Set("Accept-Language", "it")
	en.header.Set("Accept-Language", "en")
	it.must(it.get("/articles/stampare-il-cedolino"), 200, "<h1>Stampare il cedolino", "Read in English", `href="#s-passi"`, "Aggiornato il", "Apri una richiesta su questo", "/tickets/new?module=csa", "!/edit?")
	en.must(en.get("/articles/stampare-il-cedolino"), 200, "<h1>Printing the payslip", "Leggi in italiano")
	en.must(en.get("/articles/stampare-il-cedolino?lang=it"), 200, `<h1 lang="it">Stampare il cedolino`, `<div class="prose" lang="it">`)
	en.must(en.get("/articles/solo-in-italiano"), 200, "This article is in Italian only.", `lang="it"`)
	it.must(it.get("/articles/solo-in-italiano?lang=en"), 200, "c&#39;è solo in italiano")
	it.must(it.get("/articles/solo-in-italiano?lang=klingon"), 200, "!c&#39;è solo")
}

func TestWritingAnArticleFromFirstDraftToPublishedInTwoLanguages(t *testing.T) {
	w := newWorld(t)
	b := w.visitor("agent")
	b.must(b.get("/articles/new?module="+fmt.Sprint(w.module["csa"])), 200, fmt.Sprintf(`value="%d" selected`, w.module["csa"]))
	form := url.Values{"lang": {"it"}, "rev": {"0"}, "format": {"markdown"}, "title": {"Chiusura dell'anno"}, "body": {"## Prima\n\nTesto **grasso**."},
		"module": {fmt.Sprint(w.module["csa"])}, "audience": {"signed-in"}, "state": {"draft"}, "act": {"save"}}
	got := b.post("/articles/new", form)
	b.must(got, 303)
	if at := got.header.Get("Location"); at != "/articles/chiusura-dell-anno?lang=it" {
		t.Fatalf("saved, then sent to %s", at)
	}
	b.must(b.get("/articles/chiusura-dell-anno"), 200, "La bozza è salvata.", "<strong>grasso</strong>", "È una bozza", "Scrivi la versione inglese", "data-draft-clear")
	b.must(b.get("/articles/drafts"), 200, "Chiusura dell&#39;anno", "Bruno Galli", "Bozza riservata")
	b.must(w.visitor("requester").get("/articles/chiusura-dell-anno"), 404)

	edit := b.get("/articles/chiusura-dell-anno/edit?lang=it")
	b.must(edit, 200, "Testo **grasso**.", "Elimina la bozza")
	form.Set("rev", found(t, edit.body, `name="rev" value="(\d+)"`))
	form.Set("state", "published")
	b.must(b.post("/articles/chiusura-dell-anno/edit", form), 303)
	b.must(b.get("/articles/chiusura-dell-anno"), 200, "L&#39;articolo è pubblicato.", "!È una bozza")
	b.must(w.visitor("requester").get("/articles/chiusura-dell-anno"), 200, "grasso")
	b.must(w.visitor("nobody").get("/articles/chiusura-dell-anno"), 404)

	english := b.get("/articles/chiusura-dell-anno/edit?lang=en")
	b.must(english, 200, "Scrivi la versione inglese", `name="rev" value="0"`, `name="lang" value="en"`, "!grasso")
	en := url.Values{"lang": {"en"}, "rev": {"0"}, "format": {"markdown"}, "title": {"Closing the year"}, "body": {"Text."}, "module": {fmt.Sprint(w.module["csa"])},
		"audience": {"signed-in"}, "state": {"published"}}
	b.must(b.post("/articles/chiusura-dell-anno/edit", en), 303)
	b.must(b.get("/articles/chiusura-dell-anno?lang=en"), 200, "Closing the year", "Leggi in italiano")
}

func TestWhatIsWrongIsSaidBesideTheFieldAndNothingTypedIsLost(t *testing.T) {
	w := newWorld(t)
	b := w.visitor("editor")
	form := url.Values{"lang": {"it"}, "rev": {"0"}, "format": {"markdown"}, "title": {""}, "body": {"Un testo <b>con</b> segni"}, "module": {"99999"}, "audience": {"agents"}, "state": {"published"}}
	b.must(b.post("/articles/new", form), 422, "Un testo &lt;b&gt;con&lt;/b&gt; segni", `id="title-e"`, "Scrivi il titolo.", `id="module-e"`, `value="agents" checked`, `value="published" checked`)
	form.Set("title", "Titolo")
	form.Set("module", "")
	form.Set("body", "  \n ")
	b.must(b.post("/articles/new", form), 422, `id="body-e"`, `value="Titolo"`)
	form.Set("body", "nul \x00 byte")
	b.must(b.post("/articles/new", form), 422, `id="body-e"`)
	form.Set("body", strings.Repeat("parole ", 1<<20))
	b.must(b.post("/articles/new", form), 422, `id="body-e"`, strings.Repeat("parole ", 1000))
	form.Set("body", "testo")
	form.Set("state", "elsewhere")
	b.must(b.post("/articles/new", form), 422, `id="state-e"`)
	b.must(w.visitor("requester").post("/articles/new", form), 403)
}

func TestPublishingIsRefusedWithItsReasonWhereAReviewIsNeeded(t *testing.T) {
	w := newWorld(t)
	err := w.app.Store.Update(db.By{Via: door.Command}, func(tx *db.Tx) error {
		s, err := store.SettingsTable.Get(tx, 1)
		if err != nil {
			return err
		}
		s.ReviewModules = map[uint64]bool{w.module["csa"]: true}
		return store.SettingsTable.Put(tx, s)
	})
	if err != nil {
		t.Fatal(err)
	}
	b := w.visitor("agent")
	form := url.Values{"lang": {"it"}, "rev": {"0"}, "format": {"markdown"}, "title": {"Da rivedere"}, "body": {"Il mio lungo testo"}, "module": {fmt.Sprint(w.module["csa"])}, "audience": {"public"}, "state": {"published"}}
	b.must(b.post("/articles/new", form), 422, `id="state-e"`, "Il mio lungo testo", "redattore")
	form.Set("state", "draft")
	b.must(b.post("/articles/new", form), 303)
	b.must(b.get("/articles/da-rivedere/edit?lang=it"), 200, "salva la bozza e avvisalo", `value="published" disabled`)
	b.must(b.get("/articles/stampare-il-cedolino"), 200, "!/edit?lang=it")
	b.must(b.get("/articles/stampare-il-cedolino/edit?lang=it"), 403)
	e := w.visitor("editor")
	form.Set("state", "published")
	form.Set("rev", found(t, e.get("/articles/da-rivedere/edit?lang=it").body, `name="rev" value="(\d+)"`))
	e.must(e.post("/articles/da-rivedere/edit", form), 303)
}

func TestTwoWritersOfOneArticleLoseNothing(t *testing.T) {
	w := newWorld(t)
	one, two := w.visitor("editor"), w.visitor("administrator")
	page := one.get("/articles/stampare-il-cedolino/edit?lang=it")
	form := url.Values{"lang": {"it"}, "format": {"markdown"}, "title": {"Stampare il cedolino"}, "module": {fmt.Sprint(w.module["csa"])}, "audience": {"public"}, "state": {"published"},
		"rev": {found(t, page.body, `name="rev" value="(\d+)"`)}}
	theirs, mine := url.Values{}, url.Values{}
	for k, v := range form {
		theirs[k], mine[k] = v, v
	}
	theirs.Set("body", "Prima riga\nRiga della collega\nUltima")
	mine.Set("body", "Prima riga\nLa mia riga\nUltima")
	two.must(two.post("/articles/stampare-il-cedolino/edit", theirs), 303)
	got := one.post("/articles/stampare-il-cedolino/edit", mine)
	one.must(got, 409, "<ins>Riga della collega</ins>", "<del>La mia riga</del>", "Prima riga\nLa mia riga\nUltima</textarea>", "Salva il mio testo")
	mine.Set("rev", found(t, got.body, `name="rev" value="(\d+)"`))
	one.must(one.post("/articles/stampare-il-cedolino/edit", mine), 303)
	one.must(one.get("/articles/stampare-il-cedolino"), 200, "La mia riga", "!Riga della collega")
}

func TestADraftIsDeletedOnlyByItsLatestForm(t *testing.T) {
	w := newWorld(t)
	b := w.visitor("administrator")
	page := b.get("/articles/bozza-riservata/edit?lang=it")
	b.must(b.post("/articles/bozza-riservata/delete", url.Values{"lang": {"it"}, "rev": {"77"}}), 409)
	b.must(b.post("/articles/bozza-riservata/delete", url.Values{"lang": {"it"}, "rev": {found(t, page.body, `name="rev" value="(\d+)"`)}}), 303)
	b.must(b.get("/articles/drafts"), 200, "La bozza è eliminata.", "Non ci sono bozze")
	b.must(b.get("/articles/bozza-riservata"), 404)
}

func TestThePreviewShowsTheTextWithAndWithoutScripts(t *testing.T) {
	w := newWorld(t)
	b := w.visitor("editor")
	evil := "## Titolo\n\nCiao **mondo** <script>alert(1)</script> <img src=x onerror=alert(1)>"
	b.must(b.post("/preview?as=article", url.Values{"text": {evil}}), 200, "<strong>mondo</strong>", "<h2", "!<script", "!<img src=x", "!<html")
	b.must(b.post("/preview", url.Values{"text": {"riga uno\nriga due #12"}}), 200, "<br", `href="/tickets/12"`)
	b.must(b.post("/preview?as=article&format=html", url.Values{"text": {"<p>uno</p><script>x</script>"}}), 200, "<p>uno</p>", "!<script")
	b.must(b.post("/preview?as=article", url.Values{"text": {""}}), 200, "Il testo è ancora vuoto.")
	form := url.Values{"lang": {"it"}, "rev": {"0"}, "format": {"markdown"}, "title": {""}, "body": {evil}, "audience": {"public"}, "state": {"draft"}, "act": {"preview"}}
	b.must(b.post("/articles/new", form), 200, "<strong>mondo</strong>", "Ciao **mondo** &lt;script&gt;", "!<script>alert", "!La bozza è salvata")
	b.must(w.visitor("nobody").post("/preview", url.Values{"text": {"x"}}), 401)
}

func TestAPictureIsUploadedIntoTheTextAndBelongsToTheArticleOnceSaved(t *testing.T) {
	w := newWorld(t)
	b := w.visitor("agent")
	form := url.Values{"lang": {"it"}, "rev": {"0"}, "format": {"markdown"}, "title": {"Con figura"}, "body": {"Ecco:"}, "module": {fmt.Sprint(w.module["csa"])}, "audience": {"public"}, "state": {"published"}, "act": {"upload"}}
	body, kind := upload(t, form, "files", "la [mia] figura.png", picture())
	got := b.do("POST", "/articles/new", body, kind)
	b.must(got, 200, "Ecco:\n\n![la \\[mia\\] figura.png](/files/", `name="kept_file"`)
	id := found(t, got.body, `name="kept_file" value="(\d+)" checked`)
	b.must(b.get("/files/"+id), 200)
	b.must(w.visitor("elsewhere").get("/files/"+id), 404)
	form.Set("body", "Ecco:\n\n![figura](/files/"+id+")")
	form.Set("kept_file", id)
	form.Set("act", "save")
	body, kind = upload(t, form, "files", "altro.pdf", []byte("%PDF-1.4\n"))
	b.must(b.do("POST", "/articles/new", body, kind), 303)
	page := w.visitor("nobody").get("/articles/con-figura")
	b.must(page, 200, "figura", "altro.pdf", "!figura.png</a>") // what the text shows is not listed again below it
	b.must(w.visitor("nobody").get("/files/"+id), 200)
}

func TestArticlesOfferedBehindQuestionMarksAreThoseThatMayBeSent(t *testing.T) {
	w := newWorld(t)
	w.article(article.Form{Title: "Cedolino: procedura degli operatori", Audience: store.Agents})
	w.searchable()
	b := w.visitor("agent")
	got := b.get("/articles/pick?q=cedo")
	b.must(got, 200)
	var list []struct{ Title, URL, Text string }
	if err := json.Unmarshal([]byte(got.body), &list); err != nil {
		t.Fatalf("%v: %s", err, got.body)
	}
	if len(list) != 2 || list[0].Title != "Stampare il cedolino" || list[0].URL != "/articles/stampare-il-cedolino" || !strings.Contains(list[1].Text, "Solo per gli operatori") {
		t.Errorf("offered %+v", list)
	}
	b.must(b.get("/articles/pick?q=documenti"), 200, "Stampare il cedolino")
	b.must(b.get("/articles/pick?q="), 200, "Stampare il cedolino", "!Bozza")
	b.must(b.get("/articles/pick?q=bozza"), 200, "[]")
	b.must(w.visitor("requester").get("/articles/pick?q=cedo"), 403)
}

func TestAnEndedSessionBringsTheArticleBackInItsLanguage(t *testing.T) {
	w := newWorld(t)
	p := w.people["editor"]
	if err := w.app.Desk.Keeper().SetPassword(db.By{Via: door.Command}, p.ID, testPassword); err != nil {
		t.Fatal(err)
	}
	b := w.browser()
	form := url.Values{"lang": {"en"}, "rev": {"3"}, "format": {"markdown"}, "title": {"Printing it"}, "body": {"A long text.\n\nAnd more."}, "audience": {"agents"}, "state": {"published"}, "act": {"save"}}
	body, kind := upload(t, form, "", "", nil)
	carry := carried(b.do("POST", "/articles/stampare-il-cedolino/edit", body, kind).body)
	carry.Set("email", p.Email)
	carry.Set("password", testPassword)
	to := b.post("/sign-in", carry).header.Get("Location")
	if !strings.HasPrefix(to, "/articles/stampare-il-cedolino/edit?draft=") {
		t.Fatalf("signing in leads to %s", to)
	}
	b.must(b.get(to), 200, "A long text.\n\nAnd more.", `name="lang" value="en"`, `name="rev" value="3"`, `value="agents" checked`)
}
