package app_test

import (
	"context"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"sportello/app/config"
	"sportello/app/desk/article"
	"sportello/store"
	"sportello/store/db"
	"sportello/store/door"
)

// searchable waits until the index knows everything there is.
func (w *world) searchable() {
	w.t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
	defer cancel()
	if err := w.app.Index.CatchUp(ctx, w.app.Store.Last()); err != nil {
		w.t.Fatal(err)
	}
}

func searchFor(text string) string { return "/search?q=" + url.QueryEscape(text) }

func TestOneSearchFindsTicketsAndArticlesAsTheReaderMaySeeThem(t *testing.T) {
	w := newWorld(t)
	w.searchable()
	for _, c := range []struct {
		role, text string
		count      string
		has        []string
	}{
		{"nobody", "cedolino", "1 risultato", []string{"Stampare il <mark>cedolino</mark>", "!Richiesta #"}},
		{"stranger", "cedolino", "1 risultato", []string{"!Richiesta #"}},
		{"requester", "cedolino", "2 risultati", []string{"Richiesta #1", "Articolo", "state-"}},
		{"participant", "cedolino", "2 risultati", nil},
		{"coordinator", "cedolino", "2 risultati", nil},
		{"agent", "cedolino", "3 risultati", []string{"Gruppo di supporto", "Mail da vedere"}}, // one that was not approved among them
		{"elsewhere", "cedolino", "2 risultati", []string{"!Mail da vedere"}},
		{"requester", "parolasegreta", "0 risultati", []string{"Non abbiamo trovato niente"}},
		{"agent", "parolasegreta", "1 risultato", []string{"<mark>parolasegreta</mark>"}},
		{"agent", "riservata", "0 risultati", nil},
		{"editor", "riservata", "1 risultato", []string{"Bozza"}},
	} {
		b := w.visitor(c.role)
		got := b.get(searchFor(c.text))
		b.must(got, 200, append(c.has, c.count)...)
		if t.Failed() {
			t.Fatalf("%s searched %s", c.role, c.text)
		}
	}
}

func TestWhatIsTypedIsShownAsTextEverywhereOnThePage(t *testing.T) {
	w := newWorld(t)
	w.article(article.Form{Title: `<script>alert("cedolino")</script>`, Body: `Testo cedolino <img src=x onerror="alert(1)">`, Audience: store.Public, Format: store.Text})
	w.searchable()
	b := w.visitor("nobody")
	for _, text := range []string{`<script>alert("cedolino")</script>`, `"><img src=x onerror=alert(1)>`, `cedolino "`, "\x00\xff", strings.Repeat("a", 5000), "-", "*", "OR", "stato:", "#"} {
		b.must(b.get(searchFor(text)), 200, "!<script>alert", "!<img src=x")
	}
	b.must(b.get("/search?q=cedolino&state=open%20OR&type=x&sort=y&page=99999999999&module=%3Cscript%3E"), 200, "2 risultati", "!<script>")
}

func TestTheCountsBesideTheHitsNarrowTheSearch(t *testing.T) {
	w := newWorld(t)
	w.ticket()
	w.searchable()
	b := w.visitor("agent")
	page := b.get(searchFor("cedolino"))
	b.must(page, 200, "4 risultati", `href="/search?q=cedolino&amp;type=ticket"`, `href="/search?q=cedolino&amp;type=mail"`, `href="/search?kind=malfunction&amp;q=cedolino"`)
	tickets := b.get(searchFor("cedolino") + "&type=ticket")
	b.must(tickets, 200, "2 risultati", "!Articolo</span>")
	if n := regexp.MustCompile(`Guida <span class="count">(\d+)`).FindStringSubmatch(tickets.body); n == nil || n[1] != "1" {
		t.Errorf("beside the guide stands %v, want 1", n)
	}
	open := b.get(searchFor("cedolino") + "&state=open&kind=malfunction")
	b.must(open, 200, "2 risultati", "Filtri:", `href="/search?kind=malfunction&amp;q=cedolino"`, `href="/search?q=cedolino&amp;state=open"`, `name="state" value="open"`)
	b.must(b.get(searchFor("cedolino stato:chiusa")), 200, "0 risultati")
	b.must(b.get(searchFor(`"cedolino di ottobre`)+"&state=open"), 200, "2 risultati")
	b.must(b.get("/search?kind=malfunction"), 200, "2 risultati")
}

func TestASearchIsNarrowedByOrganisationYearAndLanguage(t *testing.T) {
	w := newWorld(t)
	year, language := time.Now().Year(), `href="/search?language=en&amp;q=cedolino"`
	var other uint64
	err := w.app.Store.Update(db.By{Via: door.Command}, func(tx *db.Tx) error {
		other = w.people["stranger"].Affiliations[0].Organisation
		return store.Tickets.Put(tx, &store.Ticket{Subject: "Cedolino in inglese", Kind: store.Request, State: store.StateOpen, Severity: store.Medium, Urgency: store.NoDate, Priority: 4,
			Group: w.group["csa"], Module: w.module["csa"], Language: "en", Requester: w.people["stranger"].ID, Organisation: other, Opened: time.Now().AddDate(-2, 0, 0)})
	})
	if err != nil {
		t.Fatal(err)
	}
	w.searchable()
	b := w.visitor("agent")
	b.must(b.get(searchFor("cedolino")), 200, "4 risultati", ">Ente<", ">Anno<", ">Lingua<", "Altro ente", language,
		fmt.Sprintf(`href="/search?q=cedolino&amp;year=%d"`, year), fmt.Sprintf(`href="/search?q=cedolino&amp;year=%d"`, year-2), fmt.Sprintf(`href="/search?organisation=%d&amp;q=cedolino"`, other))
	for _, filter := range []string{fmt.Sprintf("organisation=%d", other), fmt.Sprintf("year=%d", year-2), "language=en"} {
		b.must(b.get(searchFor("cedolino")+"&"+filter), 200, "1 risultato", "Filtri:", "in inglese")
	}
	b.must(b.get(searchFor("cedolino")+fmt.Sprintf("&year=%d&year=%d", year, year-2)), 200, "4 risultati")
	r := w.visitor("requester") // counts nothing of what others ask
	r.must(r.get(searchFor("cedolino")), 200, "2 risultati", "!Altro ente", fmt.Sprintf("!year=%d", year-2), "!language=en")
}

func TestAPageThatNothingIsAskedOfExplainsTheLanguageOfQuestions(t *testing.T) {
	w := newWorld(t)
	b := w.visitor("nobody")
	page := b.get("/search")
	b.must(page, 200, "Come cercare meglio", "stato:aperta tipo:anomalia", "!risultat")
	w.searchable()
	for _, m := range regexp.MustCompile(`<dt><a href="([^"]*)">`).FindAllStringSubmatch(page.body, -1) {
		b.must(b.get(strings.ReplaceAll(m[1], "&amp;", "&")), 200)
	}
}

func TestManyHitsAreTurnedPageByPageUpToAThousand(t *testing.T) {
	w := newWorld(t)
	for i := range 45 {
		w.article(article.Form{Title: "Anagrafica" + strings.Repeat(" x", i), Body: fmt.Sprintf("Testo numero %d.", i), Audience: store.Public})
	}
	w.searchable()
	b := w.visitor("nobody")
	seen := map[string]bool{}
	at := searchFor("anagrafica")
	for page := 1; at != ""; page++ {
		got := b.get(at)
		b.must(got, 200, "45 risultati", fmt.Sprintf("%d–%d di 45", (page-1)*20+1, min(page*20, 45)))
		for _, m := range regexp.MustCompile(`<a class="title" href="([^"]*)"`).FindAllStringSubmatch(got.body, -1) {
			seen[m[1]] = true
		}
		at = ""
		if m := regexp.MustCompile(`href="([^"]*)" rel="next"`).FindStringSubmatch(got.body); m != nil {
			at = strings.ReplaceAll(m[1], "&amp;", "&")
		}
	}
	if len(seen) != 45 {
		t.Errorf("turning pages shows %d of 45", len(seen))
	}
	b.must(b.get(searchFor("anagrafica")+"&page=50"), 200, "45 risultati")
	b.must(b.get(searchFor("anagrafica")+"&sort=date"), 200, `<b aria-current="true">Per data</b>`)
}

func TestSuggestionsBeginAtThreeLettersAndShowOnlyOwnTickets(t *testing.T) {
	w := newWorld(t)
	w.searchable()
	r := w.visitor("requester")
	r.must(r.get("/suggest?q=cedol"), 200, "Stampare il cedolino", "Richiesta #1", "Articolo, CSA, carriere", "!<html")
	r.must(r.get("/suggest?q=cedol&type=article"), 200, "Stampare il cedolino", "!Richiesta #1")
	if got := r.get("/suggest?q=ce"); got.status != 200 || strings.TrimSpace(got.body) != "" {
		t.Errorf("two letters suggest %d %q", got.status, got.body)
	}
	for _, role := range []string{"nobody", "agent", "stranger", "administrator"} {
		b := w.visitor(role)
		b.must(b.get("/suggest?q=cedol"), 200, "Stampare il cedolino", "!Richiesta #")
	}
}

func TestANumberAloneLeadsToItsTicketForThoseWhoMaySeeIt(t *testing.T) {
	w := newWorld(t)
	w.ticket()
	for range 3 { // others that speak of the number, and later
		w.asks("requester", "Come la 1: di nuovo la 1, 1 e 1")
	}
	w.searchable()
	first := regexp.MustCompile(`class="title[^"]*" href="(/tickets/[0-9]+)"`)
	for _, role := range []string{"nobody", "stranger"} {
		b := w.visitor(role)
		for _, text := range []string{"#1", "# 1", "1", " #1 ", "#0001"} {
			b.must(b.get(searchFor(text)), 200, `!href="/tickets/1"`)
			there, none := b.get(searchFor("#1")), b.get(searchFor("#9"))
			if there.status != none.status || strings.ReplaceAll(there.body, "#1", "#9") != strings.ReplaceAll(none.body, "#1", "#9") && !sameButForTokens(there.body, none.body) {
				t.Errorf("%s: #1 is answered %d, #9, which is not there, %d", role, there.status, none.status)
			}
		}
		if got := b.get("/suggest?q=%231"); strings.Contains(got.body, "/tickets/1") {
			t.Errorf("%s: suggested %s", role, got.body)
		}
	}
	for _, role := range []string{"requester", "participant", "coordinator", "agent"} {
		b := w.visitor(role)
		for _, text := range []string{"#1", "# 1", " #1 ", "#0001"} {
			if got := b.get(searchFor(text)); got.status != 303 || got.header.Get("Location") != "/tickets/1" {
				t.Errorf("%s: %q is answered %d to %q", role, text, got.status, got.header.Get("Location"))
			}
		}
		got := b.get(searchFor("1"))
		b.must(got, 200)
		if m := first.FindStringSubmatch(got.body); m == nil || m[1] != "/tickets/1" {
			t.Errorf("%s: 1 finds first %v", role, m)
		}
		b.must(b.get("/suggest?q=%231"), 200, `href="/tickets/1"`)
		b.must(b.get(searchFor("#1")+"&type=article"), 200)
		b.must(b.get(searchFor("#1 #2")), 200)
	}
}

// sameButForTokens compares two pages by their words.
func sameButForTokens(x, y string) bool {
	tags := regexp.MustCompile(`<[^>]*>|#?[19]`)
	return tags.ReplaceAllString(x, "") == tags.ReplaceAllString(y, "")
}

func TestPeopleAreFoundBySearchHoweverTheirNameIsTyped(t *testing.T) {
	w := newWorld(t)
	err := w.app.Store.Update(db.By{Via: door.Command}, func(tx *db.Tx) error {
		p, err := store.People.Get(tx, w.people["requester"].ID)
		if err != nil {
			return err
		}
		p.Name = "Ugo D’Angelo De Müller"
		return store.People.Put(tx, p)
	})
	if err != nil {
		t.Fatal(err)
	}
	w.searchable()
	agent, other, admin := w.visitor("agent"), w.visitor("stranger"), w.visitor("administrator")
	for _, name := range []string{"angelo", "dangelo", "d'angelo", "d’angelo", "d angelo", "D`ANGELO", "Müller", "muller", "mueller", "demuller", "De Müller", "ugo angelo", "dange"} {
		agent.must(agent.get(searchFor(`da:"`+name+`"`)), 200, `href="/tickets/1"`)
		other.must(other.get(searchFor(`da:"`+name+`"`)), 200, `!href="/tickets/1"`)
		admin.must(admin.get("/admin/people?text="+url.QueryEscape(name)), 200, "Ugo D’Angelo")
		if name != "dange" {
			agent.must(agent.get(searchFor(name)), 200, `href="/tickets/1"`)
		}
	}
}

func TestWithoutAnIndexTheDeskGoesOnAndSaysSo(t *testing.T) {
	w := newWorld(t, func(c *config.Config) { // as on a disk that takes nothing any more
		if err := os.WriteFile(filepath.Join(c.DataFolder(), "index"), nil, 0o600); err != nil {
			t.Fatal(err)
		}
	})
	b := w.visitor("requester")
	state := ""
	for deadline := time.Now().Add(20 * time.Second); !strings.Contains(state, `"state":"failed"`) && time.Now().Before(deadline); {
		state = b.get("/readyz").body
	}
	b.must(b.get("/readyz"), 200, `"status":"degraded"`, `"state":"failed"`, `"part":"index"`)
	b.must(b.get("/tickets/1"), 200, "Il cedolino di ottobre")
	b.must(b.get("/tickets"), 200, "Il cedolino di ottobre")
	b.must(b.get("/articles"), 200, "Stampare il cedolino")
	b.must(b.get(searchFor("cedolino")), 200, "Cerca", "!risultat")
	b.must(b.get("/suggest?q=cedol"), 200)
	b.must(b.get("/healthz"), 200)
	agent := w.visitor("agent")
	agent.must(agent.get("/desk/group"), 200, "Il cedolino di ottobre")
	agent.must(agent.get("/tickets/1"), 200, "parolasegreta")
	admin := w.visitor("administrator")
	admin.must(admin.get("/admin/index"), 200)
	if n := w.fresh("Si apre anche senza ricerca").ID; n == 0 {
		t.Error("no ticket can be opened")
	}
}
