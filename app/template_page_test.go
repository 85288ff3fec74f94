package app_test

import (
	"fmt"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"

	"sportello/app/desk/template"
)

// TestATemplateIsWrittenInTheBrowser goes the way of a template without scripts: written as text, checked with the place of
// each error, published by whoever may, compared, walked through; beginning with who may not.
func TestATemplateIsWrittenInTheBrowser(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	agent, supervisor, elsewhere, coordinator := w.visitor("agent"), w.visitor("supervisor"), w.visitor("elsewhere"), w.visitor("coordinator")
	const here = "/templates/prova"
	coordinator.must(coordinator.get("/templates"), http.StatusForbidden)
	coordinator.must(coordinator.get("/templates/new"), http.StatusForbidden)
	coordinator.must(coordinator.post("/templates/new", url.Values{"source": {trialTemplate}}), http.StatusForbidden)
	agent.must(agent.get("/templates/new"), http.StatusOK, "Nuovo modello")

	// What is no template, or not a good one, comes back with the line and the place in it.
	agent.must(agent.post("/templates/new", url.Values{"source": {"code = \"prova\"\nname = "}}), http.StatusUnprocessableEntity, `href="#source"`, "riga 2", "name = ")
	bad := strings.Replace(trialTemplate, `recommended = "staff>300"`, `recommended = "stuff>300"`, 1)
	line := strings.Count(bad[:strings.Index(bad, "recommended =")], "\n") + 1
	checked := agent.post("/templates/new", url.Values{"source": {bad}, "act": {"check"}})
	agent.must(checked, http.StatusOK, "stuff", "Nessun dato e nessuna scelta")
	place := regexp.MustCompile(`riga (\d+), carattere (\d+)`).FindStringSubmatch(checked.body)
	if place == nil || place[1] != fmt.Sprint(line) || place[2] != "16" {
		t.Errorf("the place of the error is %v, wanted line %d, character 16", place, line)
	}
	if _, err := w.app.Desk.Templates.Read(w.as("agent"), "prova"); err == nil {
		t.Error("checking wrote a template")
	}
	agent.must(agent.post("/templates/new", url.Values{"source": {bad}, "act": {"save"}}), http.StatusSeeOther)
	agent.must(agent.get(here), http.StatusOK, "Avvio di prova", "bozza", "Una cosa da sistemare", "stuff")
	for _, b := range []*browser{elsewhere, w.visitor("editor")} {
		b.must(b.get(here), http.StatusNotFound) // nothing of it is published
		b.must(b.get(here+"/walk"), http.StatusNotFound)
	}
	agent.must(agent.get(here+"/publish"), http.StatusForbidden)
	rev := func() string {
		v, err := w.app.Desk.Templates.Read(w.as("supervisor"), "prova")
		must(t, err)
		return itoa(v.Rev)
	}
	supervisor.must(supervisor.get(here+"/publish"), http.StatusOK, "Una cosa da sistemare")
	supervisor.must(supervisor.post(here+"/publish", url.Values{"rev": {rev()}}), http.StatusUnprocessableEntity, "stuff")
	agent.must(agent.post(here+"/edit", url.Values{"source": {trialTemplate}, "rev": {"999"}}), http.StatusConflict, "Quanti mesi di parallelo?")
	agent.must(agent.post(here+"/edit", url.Values{"source": {trialTemplate}, "rev": {rev()}}), http.StatusSeeOther)
	supervisor.must(supervisor.post(here+"/publish", url.Values{"rev": {rev()}, "reason": {"Prima <versione>"}}), http.StatusSeeOther)
	elsewhere.must(elsewhere.get(here), http.StatusOK, "Quanti mesi di parallelo?", "consigliata: Personale: più di 300", "da verificare", "!"+here+"/edit")
	elsewhere.must(elsewhere.get(here+"/edit"), http.StatusForbidden)
	elsewhere.must(elsewhere.post(here+"/edit", url.Values{"source": {trialTemplate}, "rev": {rev()}}), http.StatusForbidden)
	elsewhere.must(elsewhere.get(here+"/file"), http.StatusOK, `code = 'prova'`)

	// A second version is compared with the first.
	agent.must(agent.post(here+"/edit", url.Values{"source": {strings.Replace(trialTemplate, "Avvio di prova", "Avvio più lento", 1)}, "rev": {rev()}}), http.StatusSeeOther)
	elsewhere.must(elsewhere.get(here), http.StatusOK, "Avvio di prova", "!Avvio più lento")
	supervisor.must(supervisor.post(here+"/publish", url.Values{"rev": {rev()}}), http.StatusSeeOther)
	elsewhere.must(elsewhere.get(here+"/versions?from=1&to=2"), http.StatusOK, "Prima &lt;versione&gt;", "<del>", "Avvio di prova", "<ins>", "Avvio più lento")
	elsewhere.must(elsewhere.get(here+"/versions?from=7"), http.StatusNotFound)

	// An organisation of a given size walks through it, and nothing is kept.
	elsewhere.must(elsewhere.get(here+"/walk?size=small"), http.StatusOK, "Quanti mesi di parallelo?", `value="250"`, "!I casi sono molti.", "Si aggiunge: Ripetere")
	elsewhere.must(elsewhere.get(here+"/walk?size=large"), http.StatusOK, `value="3500"`, "I casi sono molti.")
	elsewhere.must(elsewhere.get(here+"/walk?f-staff=3500&d-months=three&start=2026-03-02&go_live=2027-01-04"), http.StatusOK, "Tutte le scelte sono prese", "Ripetere", `name="d-months" value="three"`)
	elsewhere.must(elsewhere.get(here+"/walk?f-staff=3500&rest=recommended"), http.StatusOK, "Tutte le scelte sono prese", `name="d-months" value="three"`)
	elsewhere.must(elsewhere.get(here+"/walk?f-staff=tanti"), http.StatusUnprocessableEntity, `href="#facts"`)
}

// TestOnlyAVerifiedNormIsShownToOrganisations: an editor says on which day a norm was read, and plans that are under way show
// it from then on; who writes templates cannot say so, neither on the page nor in the text.
func TestOnlyAVerifiedNormIsShownToOrganisations(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	plan := "/plans/" + w.plan()["plans"] + "/decisions/months"
	const here, norm = "/templates/prova", "/templates/prova/norms/year"
	agent, editor, coordinator := w.visitor("agent"), w.visitor("editor"), w.visitor("coordinator")
	rev := func() string {
		v, err := w.app.Desk.Templates.Read(w.as("supervisor"), "prova")
		must(t, err)
		return itoa(v.Rev)
	}
	coordinator.must(coordinator.get(plan), http.StatusOK, "!D.Lgs. 18/2012")
	agent.must(agent.get(plan), http.StatusOK, "D.Lgs. 18/2012", "da verificare")
	coordinator.must(coordinator.get(norm), http.StatusForbidden)
	agent.must(agent.get(norm), http.StatusOK, "da verificare", "!"+`name="day"`)
	for _, role := range []string{"agent", "supervisor", "elsewhere"} {
		b := w.visitor(role)
		b.must(b.post(norm, url.Values{"day": {"2026-01-15"}, "rev": {rev()}}), http.StatusForbidden)
	}
	stated := strings.Replace(trialTemplate, `code = "year"`, "code = \"year\"\nverified = \"2026-01-15\"", 1)
	agent.must(agent.post(here+"/edit", url.Values{"source": {stated}, "rev": {rev()}}), http.StatusUnprocessableEntity, "lo dice un redattore")
	editor.must(editor.post(norm, url.Values{"day": {"2999-01-15"}, "rev": {rev()}}), http.StatusUnprocessableEntity, `href="#day"`)
	editor.must(editor.post(norm, url.Values{"rev": {rev()}}), http.StatusUnprocessableEntity, `href="#day"`)
	editor.must(editor.post("/templates/prova/norms/none", url.Values{"day": {"2026-01-15"}, "rev": {rev()}}), http.StatusNotFound)
	editor.must(editor.post(norm, url.Values{"day": {"2020-01-15"}, "rev": {"999"}}), http.StatusConflict)
	editor.must(editor.post(norm, url.Values{"day": {"2020-01-15"}, "rev": {rev()}}), http.StatusSeeOther)
	coordinator.must(coordinator.get(plan), http.StatusOK, "D.Lgs. 18/2012", "!da verificare")
	agent.must(agent.get(here+"/file"), http.StatusOK, `verified = '2020-01-15'`)

	// The day stays where the words do, and goes where they change.
	agent.must(agent.post(here+"/edit", url.Values{"source": {trialTemplate}, "rev": {rev()}}), http.StatusSeeOther)
	v, err := w.app.Desk.Templates.Read(w.as("agent"), "prova")
	must(t, err)
	if v.Drafted || v.File.Norms[0].Verified != "2020-01-15" {
		t.Errorf("the same words are a draft (%v), verified %q", v.Drafted, v.File.Norms[0].Verified)
	}
	agent.must(agent.post(here+"/edit", url.Values{"source": {strings.Replace(trialTemplate, "comincia il 1° gennaio", "comincia a gennaio", 1)}, "rev": {rev()}}), http.StatusSeeOther)
	agent.must(agent.get(here), http.StatusOK, "da verificare")
	coordinator.must(coordinator.get(plan), http.StatusOK, "comincia il 1° gennaio")
	editor.must(editor.get(norm), http.StatusOK, "comincia il 1° gennaio", "verificata")
	editor.must(editor.post(norm, url.Values{"act": {"again"}, "rev": {rev()}}), http.StatusSeeOther)
	coordinator.must(coordinator.get(plan), http.StatusOK, "!D.Lgs. 18/2012")
}

// TestThePlaceOfAnErrorIsFoundInEachBuiltInTemplate looks for the second option of every decision.
func TestThePlaceOfAnErrorIsFoundInEachBuiltInTemplate(t *testing.T) {
	all, err := template.Builtin()
	must(t, err)
	for _, f := range all {
		raw, err := f.Bytes()
		must(t, err)
		for _, p := range f.Phases {
			for _, d := range p.Decisions {
				place := template.PlaceOf(string(raw), template.Finding{Path: p.Code + "/" + d.Code + "/" + d.Options[1].Code, Args: []any{"field", "name"}})
				if !strings.Contains(place.Text, d.Options[1].Name.EN) && !strings.Contains(place.Text, d.Options[1].Name.IT) {
					t.Errorf("%s: the second option of %s is looked for in line %d: %s", f.Code, d.Code, place.Line, place.Text)
				}
			}
		}
	}
}

// TestDaysOfATemplateAreReadInWords reads every built-in template in both languages: no day stands there as it is written
// in the text.
func TestDaysOfATemplateAreReadInWords(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	must(t, w.app.Desk.Templates.Seed(t.Context()))
	all, err := template.Builtin()
	must(t, err)
	supervisor := w.visitor("supervisor")
	written := regexp.MustCompile(`>start<|[> ](?:start|golive)[+-]\d|[> ]golive[<,.]|[>]\d\d-\d\d(?:@[+-]?\d)?<|[>][a-z-]+[+-]\d+<`)
	for lang, live := range map[string]string{"it": "giorni lavorativi prima dell&#39;avvio", "en": "working days before going live"} {
		supervisor.must(supervisor.post("/language", url.Values{"lang": {lang}}), http.StatusSeeOther)
		for _, f := range all {
			got := supervisor.get("/templates/" + f.Code)
			supervisor.must(got, http.StatusOK)
			if !strings.Contains(got.body, live) && !strings.Contains(got.body, strings.ReplaceAll(live, "&#39;", "'")) {
				t.Errorf("%s, %s: no day says %q", f.Code, lang, live)
			}
			if raw := written.FindAllString(got.body, -1); raw != nil {
				t.Errorf("%s, %s: days as they are written: %q", f.Code, lang, raw)
			}
		}
	}
}
