package app_test

import (
	"net/http"
	"net/url"
	"regexp"
	"testing"
)

// TestAPlanIsWalkedInTheBrowser goes the way of a plan without scripts: begun by the desk, walked by the organisation, with
// what each side may not do first.
func TestAPlanIsWalkedInTheBrowser(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.plan() // writes and publishes the template
	agent, coordinator := w.visitor("agent"), w.visitor("coordinator")
	organisation := w.code(w.things["organisation"])

	form := url.Values{"template": {"prova"}, "organisation": {organisation}, "start": {"2026-03-02"}, "go_live": {"2026-01-01"}, "name": {"Avvio <nuovo>"}}
	coordinator.must(coordinator.get("/plans/new"), http.StatusForbidden)
	coordinator.must(coordinator.post("/plans/new", form), http.StatusForbidden)
	agent.must(agent.post("/plans/new", form), http.StatusUnprocessableEntity, `href="#go_live"`, `value="Avvio &lt;nuovo&gt;"`, `value="2026-03-02"`)
	form.Set("go_live", "2027-01-04")
	begun := agent.post("/plans/new", form)
	agent.must(begun, http.StatusSeeOther)
	here := begun.header.Get("Location")
	if !regexp.MustCompile(`^/plans/\d+$`).MatchString(here) {
		t.Fatalf("leads to %q", here)
	}

	for _, role := range []string{"requester", "participant", "stranger", "elsewhere", "editor"} {
		b := w.visitor(role)
		b.must(b.get("/plans"), http.StatusOK, "!Avvio &lt;nuovo&gt;")
		for _, at := range []string{"", "/facts", "/record", "/record?format=md", "/decisions/months", "/steps/pay"} {
			b.must(b.get(here+at), http.StatusNotFound, "!Avvio &lt;nuovo&gt;")
		}
		b.must(b.post(here+"/decisions/months", url.Values{"option": {"one"}, "state": {"decided"}}), http.StatusNotFound)
		b.must(b.post(here+"/steps/pay", url.Values{"state": {"done"}}), http.StatusNotFound)
	}

	coordinator.must(coordinator.get("/plans"), http.StatusOK, "Avvio &lt;nuovo&gt;", "In preparazione", "!/plans/new")
	coordinator.must(coordinator.get(here), http.StatusOK, "Avvio &lt;nuovo&gt;", "Quanti mesi di parallelo?", "Personale", here+"/facts", "!"+here+"/state")
	coordinator.must(coordinator.get(here+"/decisions/months"), http.StatusOK, "Gli errori si vedono confrontando.", "Si aggiunge: Ripetere", "Pagare passa da", "!I casi sono molti.", here+"/facts")

	coordinator.must(coordinator.post(here+"/facts", url.Values{"fact-staff": {"tanti"}}), http.StatusUnprocessableEntity, `value="tanti"`)
	coordinator.must(coordinator.post(here+"/facts", url.Values{"fact-staff": {"1200"}}), http.StatusSeeOther)
	coordinator.must(coordinator.get(here+"/facts"), http.StatusOK, `value="1200"`)
	coordinator.must(coordinator.get(here+"/decisions/months"), http.StatusOK, "I casi sono molti.")

	agent.must(agent.get(here+"/decisions/months"), http.StatusOK, `value="proposed"`, "!"+`value="decided"`)
	agent.must(agent.post(here+"/decisions/months", url.Values{"option": {"three"}, "state": {"decided"}}), http.StatusSeeOther)
	coordinator.must(coordinator.get(here+"/decisions/months"), http.StatusOK, "Proposta: Tre", "!Decisa: Tre")
	say := url.Values{"option": {"three"}, "state": {"decided"}, "reason": {"Troppi <casi>"}, "rev": {"7"}, "for": {"cda"}}
	coordinator.must(coordinator.post(here+"/decisions/months", say), http.StatusConflict, "Troppi &lt;casi&gt;")
	say.Set("rev", "1")
	coordinator.must(coordinator.post(here+"/decisions/months", url.Values{"state": {"decided"}, "reason": {"Nessuna"}, "rev": {"1"}}), http.StatusUnprocessableEntity, `href="#option"`, "Nessuna")
	coordinator.must(coordinator.post(here+"/decisions/months", say), http.StatusSeeOther)
	coordinator.must(coordinator.get(here+"/decisions/months"), http.StatusOK, "Decisa: Tre", "Troppi &lt;casi&gt;", "per CdA")
	coordinator.must(coordinator.get(here), http.StatusOK, "Ripetere", "Decisa")

	agent.must(agent.post(here+"/steps/again", url.Values{"state": {"done"}}), http.StatusForbidden)
	coordinator.must(coordinator.post(here+"/steps/again", url.Values{"state": {"blocked"}}), http.StatusUnprocessableEntity, `href="#reason"`)
	coordinator.must(coordinator.post(here+"/steps/again", url.Values{"state": {"blocked"}, "reason": {"Manca il <tesoriere>"}}), http.StatusSeeOther)
	agent.must(agent.get(here+"/steps/again"), http.StatusOK, "bloccato", "Manca il &lt;tesoriere&gt;", "!"+`name="state"`)
	coordinator.must(coordinator.post(here+"/steps/nowhere", url.Values{"state": {"done"}}), http.StatusNotFound)

	for _, role := range []string{"requester", "participant", "stranger", "elsewhere", "editor"} {
		b := w.visitor(role)
		b.must(b.get("/plans/overview"), http.StatusOK, "!Avvio &lt;nuovo&gt;", "Nessun piano in corso")
	}
	coordinator.must(coordinator.get("/plans/overview"), http.StatusOK, "Avvio &lt;nuovo&gt;", "Che cosa aspetta voi", `href="`+here+`/steps/pay"`, "A che punto siamo", "Chi vi segue", "!Carico per gruppo")
	agent.must(agent.get("/plans/overview"), http.StatusOK, "Avvio &lt;nuovo&gt;", "Carico per gruppo", "un passo bloccato", "!Che cosa aspetta voi")
	coordinator.must(coordinator.post(here+"/state", url.Values{"state": {"running"}}), http.StatusForbidden)
	agent.must(agent.post(here+"/state", url.Values{"state": {"closed"}}), http.StatusConflict)
	agent.must(agent.post(here+"/state", url.Values{"state": {"running"}}), http.StatusSeeOther)
	agent.must(agent.get("/plans?state=running"), http.StatusOK, "Avvio &lt;nuovo&gt;")
	agent.must(agent.get("/plans?state=closed"), http.StatusOK, "!Avvio &lt;nuovo&gt;")
	coordinator.must(coordinator.get(here+"/record"), http.StatusOK, "Quanti mesi di parallelo?", "Troppi &lt;casi&gt;", here+"/record?format=xlsx")
	coordinator.must(coordinator.get(here+"/record?format=md"), http.StatusOK, "Tre")
	coordinator.must(coordinator.get(here+"/record?format=doc"), http.StatusNotFound)
}
