package app_test

import (
	"fmt"
	"net/url"
	"strings"
	"testing"

	"sportello/store"
	"sportello/store/db"
)

// TestProgramsAskForCredentialsAndDecide: anybody may ask, answered alike whoever has the address; those who decide read and
// decide as on the pages, and nobody else learns that there is a request.
func TestProgramsAskForCredentialsAndDecide(t *testing.T) {
	t.Parallel()
	w := sendingWorld(t)
	w.password("requester")
	guest := w.caller(nil)
	form := func(email string) box {
		return box{"name": "Dina D'Angelo", "email": email, "organisation": "Ateneo", "unit": "Personale", "position": "teaching", "modules": []string{"csa"}, "why": "Seguo i cedolini.", "voucher": "Ugo Garante"}
	}
	var answers []string
	for _, email := range []string{"requester@example.it", "dina@nuova.example"} {
		got, _ := guest.call("POST", "/access-requests", form(email))
		answers = append(answers, fmt.Sprint(got.status, got.body))
	}
	if answers[0] != answers[1] || !strings.HasPrefix(answers[0], "202") {
		t.Errorf("a stranger learns who has an account: %q", answers)
	}
	wrong, _ := guest.call("POST", "/access-requests", box{"email": "x", "modules": []string{"mai-esistito"}})
	for _, field := range []string{"name", "email", "organisation", "modules", "why"} {
		if wrong.status != 422 || !strings.Contains(wrong.body, `"field":"`+field+`"`) {
			t.Errorf("nothing is said of %s: %d %s", field, wrong.status, wrong.body)
		}
	}
	_, text := w.letterText("dina@nuova.example")
	own := ownAccess.FindString(text)
	w.browser().must(w.browser().post(own+"/confirm", nil), 303)

	agent, coordinator := w.caller(w.people["agent"]), w.caller(w.people["coordinator"])
	_, list := agent.call("GET", "/access-requests?state=waiting", nil)
	rows, _ := list["access_requests"].([]any)
	if len(rows) != 1 {
		t.Fatalf("the agent is told of %v", list)
	}
	row := rows[0].(map[string]any)
	at := fmt.Sprintf("/access-requests/%v", row["number"])
	if row["email"] != "dina@nuova.example" || row["name"] != "Dina D'Angelo" || row["state"] != "waiting" || row["organisation"] == nil {
		t.Errorf("%v", row)
	}
	if _, none := agent.call("GET", "/access-requests?state=granted", nil); len(none["access_requests"].([]any)) != 0 {
		t.Errorf("granted: %v", none)
	}
	if got, _ := agent.call("GET", "/access-requests?state=forse", nil); got.status != 422 {
		t.Errorf("a state that there is not: %d", got.status)
	}
	for _, role := range []string{"requester", "elsewhere", "editor"} {
		c := w.caller(w.people[role])
		for _, path := range []string{at, "/access-requests/999999"} {
			if got, _ := c.call("GET", path, nil); got.status != 404 {
				t.Errorf("%s reads %s: %d", role, path, got.status)
			}
			if got, _ := c.call("POST", path+"/decision", box{"module": "csa", "do": "approve"}); got.status != 404 {
				t.Errorf("%s decides %s: %d", role, path, got.status)
			}
		}
	}
	for _, bad := range []box{{"module": "csa", "do": "forse"}, {"module": "csa", "do": "refuse"}, {"module": "csa", "do": "approve", "unit": "Mai esistita"}, {"module": "csa", "do": "approve", "until": "2001-01-01"}} {
		if got, _ := agent.call("POST", at+"/decision", bad); got.status != 422 {
			t.Errorf("%v is answered %d %s", bad, got.status, got.body)
		}
	}
	if got, _ := coordinator.call("POST", at+"/decision", box{"module": "csa", "do": "ask", "reason": "In quale ufficio?"}); got.status != 200 || !strings.Contains(got.body, `"asked_back":true`) {
		t.Errorf("asked back: %d %s", got.status, got.body)
	}
	got, done := agent.call("POST", at+"/decision", box{"module": "csa", "do": "approve", "position": "teaching", "until": "2099-12-31"})
	if got.status != 200 || done["state"] != "granted" {
		t.Errorf("approved: %d %s", got.status, got.body)
	}
	if got, _ := agent.call("POST", at+"/decision", box{"module": "csa", "do": "approve"}); got.status != 409 {
		t.Errorf("approved again: %d", got.status)
	}
}

// TestWhereNoMailGoesOutAnAdministratorSaysThatSomebodyAsked: until then nobody sees the request, and where letters go out nobody
// speaks for the owner of an address.
func TestWhereNoMailGoesOutAnAdministratorSaysThatSomebodyAsked(t *testing.T) {
	t.Parallel()
	w := newWorld(t) // sends no mail
	guest, root, agent := w.browser(), w.visitor("administrator"), w.visitor("agent")
	guest.must(guest.get("/access-requests/new"), 200, "non manda posta")
	guest.must(guest.post("/access-requests", accessForm("dina@nuova.example", "csa")), 303)
	if got, _ := w.caller(nil).call("POST", "/access-requests", box{"name": "Ada", "email": "ada@nuova.example", "organisation": "Ateneo", "modules": []string{"csa"}, "why": "Serve."}); got.status != 202 {
		t.Errorf("a program is answered %d %s", got.status, got.body)
	}
	agent.must(agent.get("/access-requests"), 200, "!Dina", "Nessuna richiesta")
	root.must(root.get("/access-requests"), 200, "Indirizzi da verificare", "Dina D&#39;Angelo", "dina@nuova.example")
	var id uint64
	must(t, w.app.Store.View(func(tx *db.Tx) error {
		for r, err := range store.AccessRequests.All(tx, 0, false) {
			must(t, err)
			if r.Email == "dina@nuova.example" {
				id = r.ID
			}
		}
		return nil
	}))
	confirm := fmt.Sprintf("/access-requests/%d/confirm", id)
	for _, role := range []string{"agent", "coordinator", "supervisor", "editor", "requester"} {
		b := w.visitor(role)
		b.must(b.post(confirm, url.Values{}), 403)
	}
	root.must(root.post(confirm, url.Values{}), 303)
	root.must(root.post(confirm, url.Values{}), 303) // again it changes nothing
	agent.must(agent.get("/access-requests"), 200, "Dina D&#39;Angelo", "in attesa")
	root.must(root.get("/access-requests"), 200, "ada@nuova.example", "in attesa")

	sends := sendingWorld(t)
	sends.asked(accessForm("dina@nuova.example", "csa"))
	admin := sends.visitor("administrator")
	admin.must(admin.get("/access-requests"), 200, "!Dina", "!Indirizzi da verificare")
	admin.must(admin.post("/access-requests/1/confirm", url.Values{}), 409, "manda posta")
}
