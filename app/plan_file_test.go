package app_test

import (
	"crypto/sha256"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"sportello/app/desk/plan"
	"sportello/app/desk/template"
)

// papersPlan begins a plan whose step pay asks the organisation for a list, and returns its address.
func (w *world) papersPlan() string {
	w.t.Helper()
	source := strings.Replace(strings.Replace(trialTemplate, `code = "prova"`, `code = "carte"`, 1), `
[[phase.step]]
code = "again"`, `
[[phase.step.file]]
code = "list"
name = { it = "Elenco <firmato>", en = "Signed list" }

[[phase.step]]
code = "again"`, 1)
	draft, err := w.app.Desk.Templates.Save(w.as("agent"), "", template.Form{Source: []byte(source)})
	must(w.t, err)
	_, err = w.app.Desk.Templates.Publish(w.as("supervisor"), "carte", draft.Rev, "")
	must(w.t, err)
	v, err := w.app.Desk.Plans.Begin(w.as("agent"), plan.Beginning{Template: "carte", Organisation: w.code(w.things["organisation"]), Start: day("2026-03-02"), GoLive: day("2027-01-01")})
	must(w.t, err)
	return fmt.Sprintf("/plans/%d", v.Plan.ID)
}

// TestFilesOfAStepAreSentAndFetchedInTheBrowserAndByPrograms, and neither sent nor fetched by who may not see the plan.
func TestFilesOfAStepAreSentAndFetchedInTheBrowserAndByPrograms(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	here := w.papersPlan()
	step := here + "/steps/pay"
	for _, role := range []string{"requester", "participant", "stranger", "elsewhere", "editor"} {
		b := w.visitor(role)
		b.must(b.upload(step+"/files?asked=list", "files", "a.txt", []byte("x"), nil), http.StatusNotFound)
		program := planProgram{w.caller(w.people[role])}
		program.must("POST", step+"/files?name=a.txt", "x", http.StatusNotFound)
	}
	agent, coordinator := w.visitor("agent"), w.visitor("coordinator")
	agent.must(agent.get(step), http.StatusOK, "Elenco &lt;firmato&gt;", "Non ancora arrivato", "!asked=list")
	agent.must(agent.upload(step+"/files?asked=list", "files", "a.txt", []byte("x"), nil), http.StatusForbidden)
	coordinator.must(coordinator.get(step), http.StatusOK, step+"/files?asked=list", step+`/files"`)
	coordinator.must(coordinator.post(step, url.Values{"state": {"done"}}), http.StatusUnprocessableEntity, `href="#files"`, "tra quelli chiesti")
	coordinator.must(coordinator.upload(step+"/files?asked=none", "files", "a.txt", []byte("x"), nil), http.StatusUnprocessableEntity)

	content := []byte("<script>alert(1)</script>")
	sum := fmt.Sprintf("%x", sha256.Sum256(content))
	coordinator.must(coordinator.upload(step+"/files?asked=list", "files", `..\..\<b>elenco".html`, content, nil), http.StatusSeeOther)
	page := coordinator.get(step)
	coordinator.must(page, http.StatusOK, "Ricevuto", sum, "!<b>elenco", "!Non ancora arrivato")

	program := planProgram{w.caller(w.people["coordinator"])}
	files := func() []any {
		t.Helper()
		for _, s := range program.must("GET", here, nil, http.StatusOK)["phases"].([]any)[0].(box)["steps"].([]any) {
			if s.(box)["code"] == "pay" {
				all, _ := s.(box)["files"].([]any)
				return all
			}
		}
		return nil
	}
	one := files()[0].(box)
	if one["sha256"] != sum || one["asked"] != "list" || one["size"] != float64(len(content)) {
		t.Errorf("%v", one)
	}
	path := strings.TrimPrefix(one["url"].(string), "/api/v1")
	got := coordinator.get(path)
	if got.status != http.StatusOK || got.body != string(content) || got.header.Get("Content-Type") != "application/octet-stream" || !strings.HasPrefix(got.header.Get("Content-Disposition"), "attachment") {
		t.Errorf("%d %v %q", got.status, got.header, got.body)
	}
	if status, body := program.whole(path); status != http.StatusOK || body != string(content) {
		t.Errorf("%d %q", status, body)
	}
	for _, role := range []string{"requester", "participant", "stranger", "elsewhere", "editor"} {
		b := w.visitor(role)
		b.must(b.get(path), http.StatusNotFound)
		b.must(b.post(fmt.Sprintf("%s/files/%.0f/remove", here, one["id"]), nil), http.StatusNotFound)
	}

	program.must("POST", step+"/files", nil, http.StatusUnprocessableEntity)
	if got := program.do("POST", "/api/v1"+step+"/files?name=verbale.txt", strings.NewReader("due"), "text/plain"); got.status != http.StatusCreated {
		t.Fatalf("%d %s", got.status, got.body)
	}
	if len(files()) != 2 {
		t.Fatalf("%v", files())
	}
	if rec := program.must("GET", here+"/record?format=json", nil, http.StatusOK); len(rec["attachments"].([]any)) != 2 {
		t.Errorf("%v", rec["attachments"])
	}
	for _, format := range []string{"md", "html"} {
		if status, body := program.whole(here + "/record?format=" + format); status != http.StatusOK || !strings.Contains(body, sum) || !strings.Contains(body, "verbale.txt") {
			t.Errorf("%s: %d %s", format, status, body)
		}
	}
	coordinator.must(coordinator.get(here+"/record"), http.StatusOK, sum)
	coordinator.must(coordinator.post(step, url.Values{"state": {"done"}}), http.StatusSeeOther)

	agent.must(agent.post(fmt.Sprintf("%s/files/%.0f/remove", here, one["id"]), nil), http.StatusForbidden)
	coordinator.must(coordinator.post(fmt.Sprintf("%s/files/%.0f/remove", here, one["id"]), nil), http.StatusSeeOther)
	coordinator.must(coordinator.get(path), http.StatusNotFound)
	if got := program.do("DELETE", fmt.Sprintf("/api/v1%s/files/%.0f", here, files()[0].(box)["id"]), nil, ""); got.status != http.StatusNoContent || len(files()) != 0 {
		t.Errorf("%d %v", got.status, files())
	}
}
