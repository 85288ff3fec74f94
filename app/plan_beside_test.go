package app_test

import (
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"sportello/app/address"
)

// TestAProgramAsksReadsAndTries does over the API what stands beside decisions, steps and freezes, and walks a template.
func TestAProgramAsksReadsAndTries(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	program := func(role string) planProgram { return planProgram{w.caller(w.people[role])} }
	agent, supervisor, coordinator, stranger, editor := program("agent"), program("supervisor"), program("coordinator"), program("stranger"), program("editor")
	path := "/plans/" + w.plan()["plans"]
	for _, to := range []string{"/decisions/months/question", "/steps/pay/question", "/freezes/still"} {
		stranger.must("POST", path+to, box{"text": "T"}, http.StatusNotFound)
	}
	for _, to := range []string{"/decisions/pay/question", "/steps/months/question", "/steps/none/question", "/freezes/pay"} {
		coordinator.must("POST", path+to, box{"text": "T"}, http.StatusNotFound)
	}
	coordinator.must("POST", path+"/decisions/months/question", box{}, http.StatusUnprocessableEntity)
	asked := coordinator.must("POST", path+"/decisions/months/question", box{"text": "Quanti ne fanno gli altri?"}, http.StatusCreated)
	if k := coordinator.must("GET", "/tickets/"+fmt.Sprint(asked["ticket"]), nil, http.StatusOK); k["kind"] != "guidance" {
		t.Errorf("%v", k)
	}
	if read := coordinator.must("POST", path+"/freezes/still", nil, http.StatusOK); read["mine"] != true || read["read"] != nil {
		t.Errorf("the organisation reads %v", read)
	}
	if read := agent.must("POST", path+"/freezes/still", nil, http.StatusOK); len(read["read"].([]any)) != 1 {
		t.Errorf("the desk reads %v", read)
	}
	agent.must("PUT", "/templates/prova/norms/year", box{"day": "2026-01-01"}, http.StatusForbidden)
	coordinator.must("PUT", "/templates/prova/norms/year", box{"day": "2026-01-01"}, http.StatusNotFound)
	editor.must("PUT", "/templates/prova/norms/year", box{"day": "ieri"}, http.StatusUnprocessableEntity)
	editor.must("PUT", "/templates/prova/norms/none", box{"day": "2026-01-01"}, http.StatusNotFound)
	verified := editor.must("PUT", "/templates/prova/norms/year", box{"day": "2026-01-01"}, http.StatusOK)
	if !strings.Contains(fmt.Sprint(verified["norms"]), "2026-01-01") {
		t.Errorf("%v", verified["norms"])
	}
	coordinator.must("GET", "/templates/prova/walk", nil, http.StatusNotFound)
	steps := func(query string) string {
		return fmt.Sprint(supervisor.must("GET", "/templates/prova/walk?"+query, nil, http.StatusOK)["phases"])
	}
	if strings.Contains(steps("answer=months:one"), "code:again") || !strings.Contains(steps("answer=months:three&size=large"), "code:again") {
		t.Error("an answer changes nothing in the walk")
	}
	supervisor.must("GET", "/templates/prova/walk?size=huge", nil, http.StatusUnprocessableEntity)
	supervisor.must("GET", "/templates/prova/walk?fact=staff", nil, http.StatusUnprocessableEntity)
}

// TestFreezesAndTicketsOnThePagesOfAPlan: a look changes nothing, a button says that somebody read; a ticket becomes a step.
func TestFreezesAndTicketsOnThePagesOfAPlan(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	n := w.plan()["plans"]
	page, freeze := "/plans/"+n, "/plans/"+n+"/freezes/still"
	b, desk := w.visitor("coordinator"), w.visitor("agent")
	name := w.people["coordinator"].Name
	for range 2 {
		if got := b.get(page); !strings.Contains(got.body, `action="`+freeze+`"`) || strings.Contains(got.body, "Non hanno ancora letto") {
			t.Fatalf("%d\n%s", got.status, got.body)
		}
	}
	if got := desk.get(page); !strings.Contains(got.body, "Non hanno ancora letto: "+name) {
		t.Errorf("the desk does not see who has not read\n%s", got.body)
	}
	if got := b.post(freeze, url.Values{}); got.status != http.StatusSeeOther {
		t.Fatalf("%d\n%s", got.status, got.body)
	}
	if got := b.get(page); strings.Contains(got.body, `action="`+freeze+`"`) || !strings.Contains(got.body, "Hai letto questo avviso.") {
		t.Errorf("read, and asked again\n%s", got.body)
	}
	if got := desk.get(page); !strings.Contains(got.body, "Hanno letto: "+name) {
		t.Errorf("the desk does not see who read\n%s", got.body)
	}

	k := w.ticket()
	form := address.TicketStep(k.ID)
	if got := desk.get(address.Ticket(k.ID)); !strings.Contains(got.body, `href="`+form+`"`) {
		t.Error("the ticket does not lead to plans")
	}
	for _, role := range []string{"requester", "coordinator", "editor"} {
		if got := w.visitor(role).get(form); got.status != http.StatusForbidden {
			t.Errorf("the %s: %d", role, got.status)
		}
	}
	if got := desk.post(form, url.Values{"plan": {n}, "name": {""}, "day": {"ieri"}}); got.status != http.StatusUnprocessableEntity {
		t.Errorf("nothing said: %d", got.status)
	}
	if got := desk.post(form, url.Values{"plan": {"99"}, "name": {"Passo"}, "day": {"2026-05-04"}}); got.status != http.StatusUnprocessableEntity {
		t.Errorf("a plan that is not theirs: %d", got.status)
	}
	got := desk.post(form, url.Values{"plan": {n}, "name": {"Sistemare il cedolino"}, "day": {"2026-05-04"}, "who": {"desk"}})
	if got.status != http.StatusSeeOther {
		t.Fatalf("%d\n%s", got.status, got.body)
	}
	if got = desk.get(got.header.Get("Location")); !strings.Contains(got.body, "Sistemare il cedolino") || !strings.Contains(got.body, `href="`+address.Ticket(k.ID)+`"`) {
		t.Errorf("%d\n%s", got.status, got.body)
	}
}

// TestADecisionBecomesADraft: whoever arranges the plan writes a draft from a decision that was taken, and reads it.
func TestADecisionBecomesADraft(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	here := "/plans/" + w.plan()["plans"] + "/decisions/months"
	coordinator, desk := w.visitor("coordinator"), w.visitor("agent")
	if got := desk.get(here); strings.Contains(got.body, here+"/article") {
		t.Error("nobody decided, and an article is offered")
	}
	if got := coordinator.post(here, url.Values{"option": {"one"}, "state": {"decided"}, "reason": {"Così vuole " + w.people["coordinator"].Name + "."}}); got.status != http.StatusSeeOther {
		t.Fatalf("%d\n%s", got.status, got.body)
	}
	if got := coordinator.post(here+"/article", url.Values{}); got.status != http.StatusForbidden {
		t.Errorf("the coordinator: %d", got.status)
	}
	if got := desk.get(here); !strings.Contains(got.body, `action="`+here+`/article"`) {
		t.Fatalf("no article is offered\n%s", got.body)
	}
	got := desk.post(here+"/article", url.Values{})
	if got.status != http.StatusSeeOther {
		t.Fatalf("%d\n%s", got.status, got.body)
	}
	if got = desk.get(got.header.Get("Location")); got.status != http.StatusOK || !strings.Contains(got.body, "Quanti mesi di parallelo?") || strings.Contains(got.body, "Così vuole "+w.people["coordinator"].Name) || !strings.Contains(got.body, `Così vuole \[…\]`) {
		t.Errorf("%d\n%s", got.status, got.body)
	}
}
