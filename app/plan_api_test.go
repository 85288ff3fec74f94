package app_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"sportello/app/desk/plan"
	"sportello/app/desk/template"
	"sportello/store"
)

// trialTemplate is a small template of csa, in which one decision adds a step.
const trialTemplate = `code = "prova"
modules = ["csa"]
name = { it = "Avvio di prova", en = "Trial" }

[[role]]
code = "cda"
name = { it = "CdA", en = "Board" }

[[fact]]
code = "staff"
name = { it = "Personale", en = "Staff" }
kind = "number"

[[norm]]
code = "year"
text = { it = "D.Lgs. 18/2012, art. 5", en = "D.Lgs. 18/2012, art. 5" }
says = { it = "L'esercizio comincia il 1° gennaio.", en = "The year begins on 1 January." }

[[phase]]
code = "work"
name = { it = "Lavori", en = "Work" }

[[phase.decision]]
code = "months"
question = { it = "Quanti mesi di parallelo?", en = "How many parallel months?" }
why = { it = "Gli errori si vedono confrontando.", en = "Errors are seen by comparing." }
who = ["cda"]
norms = ["year"]
[[phase.decision.option]]
code = "one"
name = { it = "Uno", en = "One" }
[[phase.decision.option]]
code = "three"
name = { it = "Tre", en = "Three" }
recommended = "staff>300"
because = { it = "I casi sono molti.", en = "There are many cases." }

[[phase.step]]
code = "pay"
name = { it = "Pagare", en = "Pay" }
who = ["cda"]
day = "golive+10"
moved = [{ when = "months:three", day = "golive+20" }]
done_when = { it = "Nessuno scarto.", en = "No rejects." }

[[phase.step]]
code = "again"
name = { it = "Ripetere", en = "Repeat" }
who = ["cda"]
day = "golive-20"
when = "months:three"
done_when = { it = "Nessuna differenza.", en = "No difference." }

[[phase.freeze]]
code = "still"
name = { it = "Fermo degli stipendi", en = "Payroll stands still" }
stops = { it = "Nessuna modifica.", en = "No changes." }
from = "golive-5"
until = "golive"
`

// plan begins a plan of the organisation, with a template of its own kind when there is none, and returns what stands in
// its addresses.
func (w *world) plan() map[string]string {
	w.t.Helper()
	there, err := w.app.Desk.Templates.Read(w.as("administrator"), "prova")
	if err == nil && there.Retired { // by whoever tries every form
		_, err = w.app.Desk.Templates.Retire(w.as("supervisor"), "prova", there.Rev, false)
	} else if err == nil && !strings.Contains(there.Source, "months") {
		_, err = w.app.Desk.Templates.Save(w.as("agent"), "prova", template.Form{Source: []byte(trialTemplate), Rev: there.Rev})
	} else if err != nil {
		draft, e := w.app.Desk.Templates.Save(w.as("agent"), "", template.Form{Source: []byte(trialTemplate)})
		must(w.t, e)
		_, err = w.app.Desk.Templates.Publish(w.as("supervisor"), "prova", draft.Rev, "")
	}
	must(w.t, err)
	v, err := w.app.Desk.Plans.Begin(w.as("agent"), plan.Beginning{Template: "prova", Organisation: w.code(w.things["organisation"]), Start: day("2026-03-02"), GoLive: day("2027-01-01")})
	must(w.t, err)
	return map[string]string{"plans": fmt.Sprint(v.Plan.ID), "templates": "prova", "decisions": "months", "steps": "pay", "norms": "year", "freezes": "still", "parts": "months"}
}

func day(text string) time.Time {
	t, err := time.Parse(time.DateOnly, text)
	if err != nil {
		panic(err)
	}
	return t
}

// planProgram is a client of the API that expects each answer.
type planProgram struct{ caller }

func (p planProgram) must(method, path string, v any, status int) box {
	p.d.t.Helper()
	got, out := p.call(method, path, v)
	if got.status != status {
		p.d.t.Fatalf("%s %s %v: %d, wanted %d\n%s", method, path, v, got.status, status, got.body)
	}
	return out
}

func (p planProgram) whole(path string) (int, string) {
	got := p.do("GET", "/api/v1"+path, nil, "")
	return got.status, got.body
}

// TestAProgramLeadsAPlanFromTheTemplateToTheRecord goes the whole way over the API, with what each side may do.
func TestAProgramLeadsAPlanFromTheTemplateToTheRecord(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	program := func(role string) planProgram { return planProgram{w.caller(w.people[role])} }
	agent, supervisor, coordinator, stranger := program("agent"), program("supervisor"), program("coordinator"), program("stranger")
	code := w.code(w.things["organisation"])
	tpl := agent.must("POST", "/templates", box{"source": trialTemplate}, http.StatusCreated)
	if tpl["state"] != "draft" || tpl["code"] != "prova" {
		t.Fatalf("%v", tpl)
	}
	agent.must("POST", "/templates/prova/publish", box{}, http.StatusForbidden)
	coordinator.must("GET", "/templates/prova", nil, http.StatusNotFound)
	coordinator.must("GET", "/templates", nil, http.StatusForbidden)
	if tpl = supervisor.must("POST", "/templates/prova/publish", box{"reason": "Prima"}, http.StatusOK); tpl["state"] != "published" || tpl["version"] != 1.0 {
		t.Fatalf("%v", tpl)
	}
	phases := tpl["phases"].([]any)[0].(box)
	if phases["decisions"].([]any)[0].(box)["options"].([]any)[1].(box)["code"] != "three" || phases["steps"].([]any)[0].(box)["code"] != "pay" {
		t.Errorf("%v", phases)
	}
	// The content as JSON makes the round.
	same := agent.must("PUT", "/templates/prova", box{"rev": tpl["rev"], "name": box{"it": "Altro", "en": "Other"}, "phases": tpl["phases"], "roles": tpl["roles"], "facts": tpl["facts"]}, http.StatusOK)
	if same["state"] != "draft" || fmt.Sprint(same["phases"]) != fmt.Sprint(tpl["phases"]) {
		t.Errorf("%v\n%v", same["phases"], tpl["phases"])
	}
	bad := supervisor.must("PUT", "/templates/prova", box{"rev": same["rev"], "publish": true, "name": box{"it": "Altro"}}, http.StatusUnprocessableEntity)
	if !strings.Contains(fmt.Sprint(bad["errors"]), "non ha fasi") {
		t.Errorf("%v", bad)
	}

	stranger.must("POST", "/plans", box{"template": "prova"}, http.StatusForbidden)
	bad = agent.must("POST", "/plans", box{"template": "nessuno", "organisation": "nessuna", "start": "2026-03-02", "go_live": "2026-01-01"}, http.StatusUnprocessableEntity)
	for _, field := range []string{"template", "organisation", "go_live"} {
		if !strings.Contains(fmt.Sprint(bad["errors"]), "field:"+field) {
			t.Errorf("%s is not named: %v", field, bad)
		}
	}
	p := agent.must("POST", "/plans", box{"template": "prova", "organisation": code, "start": "2026-03-02", "go_live": "2027-01-01", "facts": box{"staff": 1200}}, http.StatusCreated)
	path := "/plans/" + fmt.Sprint(p["number"])
	for _, role := range []string{"stranger", "requester", "participant", "elsewhere", "editor"} {
		b := program(role)
		b.must("GET", path, nil, http.StatusNotFound)
		b.must("GET", path+"/record", nil, http.StatusNotFound)
		b.must("POST", path+"/decisions/months", box{"option": "one", "preview": true}, http.StatusNotFound)
		b.must("PATCH", path, box{"facts": box{"staff": 1}}, http.StatusNotFound)
		if list := b.must("GET", "/plans", nil, http.StatusOK); len(list["plans"].([]any)) != 0 {
			t.Errorf("%s lists %v", role, list)
		}
		if all := b.must("GET", "/plans/overview", nil, http.StatusOK); len(all["plans"].([]any)) != 0 || len(all["groups"].([]any)) != 0 {
			t.Errorf("%s has the overview %v", role, all)
		}
	}
	if all := agent.must("GET", "/plans/overview", nil, http.StatusOK); len(all["plans"].([]any)) != 1 || all["groups"].([]any)[0].(box)["plans"] != 1.0 {
		t.Errorf("%v", all)
	}
	if all := coordinator.must("GET", "/plans/overview", nil, http.StatusOK); len(all["plans"].([]any)) != 1 || len(all["groups"].([]any)) != 0 {
		t.Errorf("%v", all)
	}
	agent.must("GET", "/plans/figures", nil, http.StatusForbidden)
	coordinator.must("GET", "/plans/figures", nil, http.StatusForbidden)
	if f := supervisor.must("GET", "/plans/figures", nil, http.StatusOK); len(f["spans"].([]any)) != 1 || f["spans"].([]any)[0].(box)["size"] != "large" || f["spans"].([]any)[0].(box)["step_days"] != nil {
		t.Errorf("%v", f)
	}
	word := coordinator.must("POST", path+"/decisions/months", box{"option": "three", "preview": true}, http.StatusOK)
	if fmt.Sprint(word["appear"]) != "[again]" || len(word["move"].([]any)) != 1 || word["move"].([]any)[0].(box)["code"] != "pay" {
		t.Fatalf("%v", word)
	}
	deed := coordinator.must("POST", path+"/decisions/months", box{"option": "three", "reason": "Molti casi.", "rev": 0, "for": "cda"}, http.StatusOK)
	for _, k := range []string{"appear", "disappear", "move"} {
		if fmt.Sprint(word[k]) != fmt.Sprint(deed[k]) {
			t.Errorf("%s: said %v, done %v", k, word[k], deed[k])
		}
	}
	coordinator.must("POST", path+"/decisions/months", box{"option": "one", "rev": 0}, http.StatusConflict)
	coordinator.must("POST", path+"/decisions/none", box{"option": "one"}, http.StatusNotFound)
	if h := agent.must("GET", path+"/decisions/months", nil, http.StatusOK); len(h["answers"].([]any)) != 1 || len(h["others"].(box)) != 0 {
		t.Errorf("%v", h)
	}
	agent.must("POST", path+"/steps/again", box{"state": "done"}, http.StatusForbidden)
	coordinator.must("POST", path+"/steps/again", box{"state": "blocked"}, http.StatusUnprocessableEntity)
	coordinator.must("POST", path+"/steps/again", box{"state": "done"}, http.StatusOK)
	agent.must("POST", path+"/steps", box{"phase": "work", "name": "Avvisare", "day": "pay-5", "waits": []string{"again"}, "side": "desk"}, http.StatusCreated)
	coordinator.must("PATCH", path, box{"state": "running"}, http.StatusForbidden)
	agent.must("PATCH", path, box{"state": "running"}, http.StatusOK)
	agent.must("PATCH", path, box{"state": "closed"}, http.StatusOK)
	coordinator.must("POST", path+"/decisions/months", box{"option": "one"}, http.StatusConflict)
	if rec := coordinator.must("GET", path+"/record?format=json", nil, http.StatusOK); rec["state"] != store.PlanClosed.String() || rec["decisions"].([]any)[0].(box)["choice"] != "Tre" {
		t.Errorf("%v", rec)
	}
	for format, want := range map[string]string{"md": "### 1. Quanti mesi di parallelo?", "html": "Quanti mesi di parallelo?</h", "xlsx": "PK"} {
		status, body := coordinator.whole(path + "/record?format=" + format)
		if status != http.StatusOK || !strings.Contains(body, want) {
			t.Errorf("%s: %d %.300s", format, status, body)
		}
	}
	coordinator.must("GET", path+"/record?format=doc", nil, http.StatusUnprocessableEntity)
}
