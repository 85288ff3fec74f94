package query

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"sportello/store"
	"sportello/store/db"
)

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
		got := Parse(text, parseCatalogue, time.UTC, now, false)
		got.Clauses, got.Not = nil, nil
		for i := range got.Filters {
			got.Filters[i] = Filter{Name: got.Filters[i].Name, Value: got.Filters[i].Value, Not: got.Filters[i].Not}
		}
		if d := cmp.Diff(want, got, cmp.AllowUnexported(Parsed{}, Filter{}, Clause{}, Choice{}, Unit{})); d != "" {
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
		list := DayTerms(before)
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

func TestManySynonymsStayAQuestion(t *testing.T) {
	var s synonyms
	for range 3000 {
		s.add("it", []string{"uno", "due tre quattro", "cinque", "U-GOV", "", ", .", "il"})
	}
	p := Parse("uno uno uno due tre quattro uno cinque", parseCatalogue, time.UTC, time.Now(), false)
	s.put(&p)
	n := 0
	for _, c := range p.Clauses {
		n += len(c.Choices)
	}
	if n > 60 {
		t.Errorf("%d choices", n)
	}
}

var parseCatalogue = &Catalogue{
	Modules: map[uint64]*store.Module{
		1: {Row: db.Row{ID: 1}, Code: "u-gov", Name: store.Words{IT: "U-GOV"}},
		2: {Row: db.Row{ID: 2}, Code: "u-gov/contabilita", Parent: 1, Name: store.Words{IT: "Contabilità", EN: "Accounting"}},
		3: {Row: db.Row{ID: 3}, Code: "csa", Name: store.Words{IT: "CSA, carriere"}},
	},
	Groups: map[uint64]*store.Group{1: {Row: db.Row{ID: 1}, Code: "risorse-umane", Name: store.Words{IT: "Risorse Umane", EN: "Human Resources"}}},
}
