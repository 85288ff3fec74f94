package app_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"

	"sportello/app/desk/policy"
	"sportello/app/desk/ticket"
	"sportello/store"
	"sportello/store/db"
	"sportello/store/door"
)

// TestAFileFollowsItsMessageThroughEveryDoor merges one person's ticket into another's and undoes that. The file that
// came with the duplicate opens for its people and for agents, and for nobody else: by the page's address, by the API's,
// in the ticket's answer and to search.
func TestAFileFollowsItsMessageThroughEveryDoor(t *testing.T) {
	d := newAPIDesk(t)
	open := func(who caller, subject string) string {
		_, out := who.call("POST", "/tickets", box{"subject": subject, "body": "Testo", "module": "csa"})
		return fmt.Sprint(out["number"])
	}
	first, other := open(d.requester, "Prima"), open(d.stranger, "Seconda")
	got := d.stranger.do("POST", "/api/v1/tickets/"+other+"/attachments?name=zibellino.txt", strings.NewReader("parola ornitorinco"), "text/plain")
	if got.status != http.StatusCreated && got.status != http.StatusOK {
		t.Fatal(got.status, got.body)
	}
	var file string
	if err := d.app.Store.View(func(tx *db.Tx) error { file = fmt.Sprint(store.Files.Last(tx)); return nil }); err != nil {
		t.Fatal(err)
	}
	browsers := map[string]*browser{"nobody": d.browser()}
	for name, address := range map[string]string{"ada": "ada.neri@example.it", "elsa": "elsa.estranea@example.it", "agent": "bruno.galli@example.it"} {
		browsers[name] = d.signedIn(d.person(address))
	}
	check := func(when string, want map[string]bool) {
		t.Helper()
		(&world{testDesk: d.testDesk}).searchable()
		for name, who := range map[string]caller{"nobody": d.nobody, "ada": d.requester, "elsa": d.stranger, "agent": d.agent} {
			status := http.StatusNotFound
			if want[name] {
				status = http.StatusOK
			}
			if page := browsers[name].get("/files/" + file); page.status != status {
				t.Errorf("%s: %s opens the page's address: %d, want %d", when, name, page.status, status)
			}
			if name == "nobody" {
				continue
			}
			if api := who.do("GET", "/api/v1/files/"+file, nil, ""); api.status != status {
				t.Errorf("%s: %s opens the API's address: %d, want %d", when, name, api.status, status)
			}
			shown := false
			for _, n := range []string{first, other} {
				ticket, _ := who.call("GET", "/tickets/"+n, nil)
				shown = shown || strings.Contains(ticket.body, "zibellino.txt")
			}
			if shown != want[name] {
				t.Errorf("%s: %s is shown the file: %t", when, name, shown)
			}
			found, _ := who.call("GET", "/search?q=zibellino&type=ticket", nil)
			if hit := strings.Contains(found.body, `"number"`); hit != want[name] {
				t.Errorf("%s: %s finds the file: %t", when, name, hit)
			}
		}
	}
	theirs := map[string]bool{"elsa": true, "agent": true}
	check("before", theirs)
	merge := box{"state": "resolved", "outcome": "duplicate", "message": "Già nota.", "duplicate_of": 1}
	if got, _ := d.agent.call("PATCH", "/tickets/"+other, merge); got.status != http.StatusOK {
		t.Fatal(got.body)
	}
	check("merged", theirs)
	agent := policy.Actor{Person: d.person("bruno.galli@example.it"), Via: door.Page, Language: "it"}
	if _, err := d.app.Desk.Tickets.Do(agent, 2, ticket.Step{UndoDuplicate: true}); err != nil {
		t.Fatal(err)
	}
	check("undone", theirs)
}
