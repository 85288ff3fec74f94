package search

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"

	"sportello/store"
)

func terms(text string) string {
	var out []string
	scan(text, func(t token) {
		s := t.term
		if t.parts > 0 {
			s = "[" + s + "]"
		}
		out = append(out, s)
	})
	return strings.Join(out, " ")
}

func TestTokens(t *testing.T) {
	for text, want := range map[string]string{
		"":                                   "",
		"Ciao, mondo!":                       "ciao mondo",
		"Università PERCHÉ naïve":            "universita perche naive",
		"universita\u0300 perche\u0301":      "universita perche",
		"dell'anagrafica l’Università":       "anagrafica universita",
		"un'altra dall`ufficio":              "altra ufficio",
		"perche' e' cosi'":                   "perche e cosi",
		"O'Brien d'Este":                     "o brien este",
		"user's don't we're":                 "user dont were",
		"ORA-01722":                          "[ora01722] ora 01722",
		"AN_ANAGRAFICA":                      "[ananagrafica] an anagrafica",
		"ana.gallo@polito.it.":               "[ana.gallo@polito.it] ana gallo polito it",
		"CSA 24.06.01":                       "csa [24.06.01] 24 06 01",
		"U-GOV ugov":                         "[ugov] u gov ugov",
		"fine.Inizio e/o":                    "fine inizio e o",
		"report.pdf":                         "[reportpdf] report pdf",
		"https://www.unibo.it/a/b?x=1":       "https www unibo it a b x 1",
		"esse 3, u gov e U GOV.":             "[esse3] esse 3 [ugov] u gov e [ugov] u gov",
		"a 3 per 5 art 100 u gov-x la 3":     "a 3 per 5 art 100 u [govx] gov x la 3",
		"--- ... '' \"\" ( )":                "",
		"ﬁne №5 ＡＢＣ":                         "fine 5 abc",
		"straße Łódź Ærø":                    "strasse lodz aero",
		"東京都":                                "東 京 都",
		"a\x00b\xffc":                        "a b c",
		"infor\u00admatica":                  "informatica",
		"**grassetto** `codice` [x](y)":      "grassetto codice x y",
		"l'ORA-01722":                        "[ora01722] ora 01722",
		strings.Repeat("x", 100):             strings.Repeat("x", 64),
		"a-" + strings.Repeat("b-", 3) + "c": "[abbbc] a b b b c",
	} {
		if got := terms(text); got != want {
			t.Errorf("%q:\n got %s\nwant %s", text, got, want)
		}
	}
}

func TestTokensStandWhereTheySay(t *testing.T) {
	text := "L’Università di Łódź: dell'ORA-01722, user's e-mail."
	scan(text, func(k token) {
		if got := text[k.start:k.end]; k.parts == 0 && fold(got) != k.term {
			t.Errorf("%q stands at %q", k.term, got)
		}
	})
}

func TestLanguageIsGuessed(t *testing.T) {
	for text, want := range map[string]string{
		"": "it", "ORA-01722": "it",
		"Non riesco a entrare nel sistema e non so che cosa fare": "it",
		"I cannot sign in to the system and it is not clear why":  "en",
		"payments of the employees are missing":                   "en",
	} {
		if got := guessLanguage(text); got != want {
			t.Errorf("%q is %s, want %s", text, got, want)
		}
	}
}

var testCatalogue = &catalogue{
	modules: map[uint64]*store.Module{
		1: {Row: store.Row{ID: 1}, Code: "u-gov", Name: store.Words{IT: "U-GOV"}},
		2: {Row: store.Row{ID: 2}, Code: "u-gov/contabilita", Parent: 1, Name: store.Words{IT: "Contabilità", EN: "Accounting"}},
		3: {Row: store.Row{ID: 3}, Code: "csa", Name: store.Words{IT: "CSA, carriere"}},
	},
	groups: map[uint64]*store.Group{1: {Row: store.Row{ID: 1}, Code: "risorse-umane", Name: store.Words{IT: "Risorse Umane", EN: "Human Resources"}}},
}

func TestParse(t *testing.T) {
	now := time.Date(2026, 5, 20, 10, 0, 0, 0, time.UTC)
	for text, want := range map[string]Parsed{
		"":                             {},
		"  - OR | \"\" #":              {},
		"uno due":                      {Words: []string{"uno", "due"}},
		`"uno due" tre`:                {Words: []string{"tre"}, Phrases: []string{"uno due"}},
		`«uno due» “tre quattro”`:      {Phrases: []string{"uno due", "tre quattro"}},
		`uno "senza fine`:              {Words: []string{"uno"}, Phrases: []string{"senza fine"}},
		`-uno -"due tre" quattro-`:     {Words: []string{"quattro-"}, Excluded: []string{"uno", "due tre"}},
		"prote* pr*":                   {Words: []string{"prote*", "pr*"}},
		"OR uno OR":                    {Words: []string{"uno"}},
		"or":                           {Words: []string{"or"}},
		"a:b:c http://x.it foo:":       {Words: []string{"a:b:c", "http://x.it", "foo:"}},
		"#4521 #abc":                   {Words: []string{"#abc"}, Filters: []Filter{{Name: "number", Value: "4521"}}},
		"STATO:Aperto -kind:request":   {Filters: []Filter{{Name: "state", Value: "open"}, {Name: "kind", Value: "request", Not: true}}},
		"state:none stato:boh":         {Words: []string{"state:none", "stato:boh"}},
		"modulo:u-gov":                 {Filters: []Filter{{Name: "module", Value: "u-gov"}}},
		"module:acc module:niente":     {Words: []string{"module:niente"}, Filters: []Filter{{Name: "module", Value: "u-gov/contabilita"}}},
		`gruppo:"Risorse Umane"`:       {Filters: []Filter{{Name: "group", Value: "risorse-umane"}}},
		"da:Ana@X.it prima:2026-01-31": {Filters: []Filter{{Name: "from", Value: "ana@x.it"}, {Name: "before", Value: "2026-01-31"}}},
		"dopo:ieri before:99":          {Words: []string{"before:99"}, Filters: []Filter{{Name: "after", Value: "2026-05-19"}}},
		"in:guida in:richieste in:x":   {Words: []string{"in:x"}, Filters: []Filter{{Name: "in", Value: "article"}, {Name: "in", Value: "ticket"}}},
		strings.Repeat("parola ", 30):  {Words: strings.Fields(strings.Repeat("parola ", 20)), Cut: true},
	} {
		got := parse(text, testCatalogue, time.UTC, now)
		got.clauses, got.not = nil, nil
		for i := range got.Filters {
			got.Filters[i] = Filter{Name: got.Filters[i].Name, Value: got.Filters[i].Value, Not: got.Filters[i].Not}
		}
		if d := cmp.Diff(want, got, cmp.AllowUnexported(Parsed{}, Filter{}, clause{}, choice{}, unit{})); d != "" {
			t.Errorf("%q (-want +got):\n%s", text, d)
		}
	}
}

func TestDaysAreCoveredByFewTerms(t *testing.T) {
	for _, c := range []struct {
		before string
		day    string
		want   bool
	}{{"2026-01-31", "2026-01-30", true}, {"2026-01-31", "2026-01-31", false}, {"2026-03-01", "2026-02-28", true},
		{"2026-01-01", "2025-12-31", true}, {"2026-01-01", "2026-01-01", false}, {"2026-12-31", "2027-01-01", false}} {
		before, _ := time.Parse(time.DateOnly, c.before)
		day, _ := time.Parse(time.DateOnly, c.day)
		list := dayTerms(before)
		got := false
		for _, term := range strings.Fields(day.Format("2006 200601 20060102")) {
			for _, l := range list {
				got = got || l == term
			}
		}
		if got != c.want || len(list) > 120 {
			t.Errorf("%s before %s: %v, %d terms", c.day, c.before, got, len(list))
		}
	}
}

// FuzzSearch: a question of any shape is answered, soon, with what the reader may see.
func FuzzSearch(f *testing.F) {
	for _, s := range []string{"", "a", `"`, `-"`, "-", "OR OR", "a OR b OR \"c d\" -e*", "state:", "in:guida -in:guida", "from:*", "da:@", "prima:0001-01-01",
		"dopo:2199-12-31", "#0", "#18446744073709551615", "a*b*c*", "\x00\xff", "《》«»„“", "module:\"", "''''l'", "il la lo", "x:y:z -#1", "alfq gamma delt", "esse 3 u gov +alfa", "stato:|", "in:guida|guida|", "ente:", strings.Repeat("a-", 500)} {
		f.Add(s)
	}
	fx := newFixture(f)
	mine := fx.ticket(store.Ticket{Subject: "alfa beta"}, "gamma delta ORA-01722", "note: segreto")
	fx.ticket(store.Ticket{Subject: "alfa beta", Requester: fx.carla}, "gamma")
	fx.article(store.Public, fx.ugov, store.Published, "it", "alfa", "beta gamma", "en", "alfa", "the beta")
	fx.update(func(tx *store.Tx) error {
		return put(tx, &store.SynonymSet{Language: "it", Words: []string{"alfa", "gamma delta", "zeta"}}, store.Synonyms, nil)
	})
	fx.catchUp()
	f.Fuzz(func(t *testing.T, text string) {
		a := Access{Person: fx.ana}
		res, err := fx.ix.Search(context.Background(), Query{Text: text, Access: a, Facets: true, Language: "it"})
		if err != nil {
			t.Fatal(err)
		}
		if res.Total != len(res.Hits) {
			t.Fatalf("total %d, %d hits", res.Total, len(res.Hits))
		}
		for _, h := range res.Hits {
			if h.Type == TypeTicket && h.ID != mine {
				t.Fatalf("ticket %d is not the reader's", h.ID)
			}
		}
		if len(res.Parsed.clauses)+len(res.Parsed.not)+len(res.Parsed.Filters) > maxTerms+2 {
			t.Fatalf("%d terms", len(res.Parsed.clauses))
		}
		if _, err := fx.ix.Suggest(context.Background(), text, a, 5); err != nil {
			t.Fatal(err)
		}
		c, err := fx.ix.Complete(context.Background(), text, a, "it", 5)
		if err != nil {
			t.Fatal(err)
		}
		for _, h := range append(c.Hits, res.Hits...) {
			if h.Type == TypeTicket && h.ID != mine {
				t.Fatalf("ticket %d is not the reader's", h.ID)
			}
		}
		for _, w := range append(c.Words, c.Filters...) {
			if !utf8.ValidString(w) {
				t.Fatalf("completion %q", w)
			}
		}
		s := string(Snippet(text+" "+text, res.Parsed, "it", 60))
		rest := strings.ReplaceAll(strings.ReplaceAll(s, "<mark>", ""), "</mark>", "")
		if strings.ContainsAny(rest, "<>\"'\n\x00") || !utf8.ValidString(s) || strings.Count(s, "<mark>") != strings.Count(s, "</mark>") {
			t.Fatalf("snippet %q", s)
		}
		if n := fx.ix.Rebuilds(); n > 1 {
			t.Fatalf("%d rebuilds", n)
		}
	})
}

func TestSnippet(t *testing.T) {
	long := strings.Repeat("parole che non c'entrano affatto con nulla. ", 30)
	for _, c := range []struct{ question, text, want string }{
		{"cedolino", "Il cedolino di maggio", "Il <mark>cedolino</mark> di maggio"},
		{"cedolini", "Il Cedolino\n\n  di   maggio", "Il <mark>Cedolino</mark> di maggio"},
		{"<b> script", `<script>alert("x")</script> & b`, `&lt;<mark>script</mark>&gt;alert(&#34;x&#34;)&lt;/<mark>script</mark>&gt; &amp; <mark>b</mark>`},
		{"ora-01722", "Errore ORA-01722 qui, ORA-01723 no", "Errore <mark>ORA-01722</mark> qui, ORA-01723 no"},
		{"anagrafica", "dell'anagrafica", "dell&#39;<mark>anagrafica</mark>"},
		{"proto*", "il protocollo", "il <mark>protocollo</mark>"},
		{"il cedolino", "il cedolino", "il <mark>cedolino</mark>"},
		{"-cedolino altro", "cedolino", "cedolino"},
		{"niente", "breve", "breve"},
		{"", "", ""},
	} {
		p := parse(c.question, nil, time.UTC, time.Now())
		if got := string(Snippet(c.text, p, "it", 80)); got != c.want {
			t.Errorf("%q in %q:\n got %s\nwant %s", c.question, c.text, got, c.want)
		}
	}
	p := parse("cedolino stipendio", nil, time.UTC, time.Now())
	got := string(Snippet("cedolino. "+long+" lo stipendio e il cedolino insieme. "+long, p, "it", 120))
	if !strings.Contains(got, "<mark>stipendio</mark> e il <mark>cedolino</mark>") || !strings.HasPrefix(got, "… ") || !strings.HasSuffix(got, " …") || len(got) > 250 {
		t.Errorf("long text: %s", got)
	}
}

func TestDeadlineIsAnAnswer(t *testing.T) {
	f := newFixture(t)
	f.ticket(store.Ticket{Subject: "prova"}, "x")
	f.catchUp()
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	_, err := f.ix.Search(ctx, Query{Text: "prova", Access: f.all()})
	if store.KindOf(err) != store.Unavailable || !strings.Contains(fmt.Sprint(err), "error.search-slow") {
		t.Errorf("cancelled: %v", err)
	}
	if n := f.ix.Rebuilds(); n > 1 || f.ix.current.Load().fault() != nil {
		t.Error("a slow search is no damage")
	}
}
