package app_test

import (
	"net/http"
	"net/url"
	"regexp"
	"strconv"
	"testing"

	"sportello/app/desk/ticket"
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
	agent.must(agent.get("/plans/figures"), http.StatusForbidden)
	coordinator.must(coordinator.get("/plans/figures"), http.StatusForbidden)
	supervisor := w.visitor("supervisor")
	supervisor.must(supervisor.get("/plans/figures"), http.StatusOK, "Quanto tempo serve", "più di 1.000", "troppo pochi piani per dirlo", "!"+w.people["coordinator"].Name)
	coordinator.must(coordinator.post(here+"/state", url.Values{"state": {"running"}}), http.StatusForbidden)
	agent.must(agent.post(here+"/state", url.Values{"state": {"closed"}}), http.StatusConflict)
	agent.must(agent.post(here+"/state", url.Values{"state": {"running"}}), http.StatusSeeOther)
	agent.must(agent.get("/plans?state=running"), http.StatusOK, "Avvio &lt;nuovo&gt;")
	agent.must(agent.get("/plans?state=closed"), http.StatusOK, "!Avvio &lt;nuovo&gt;")
	coordinator.must(coordinator.get(here+"/record"), http.StatusOK, "Quanti mesi di parallelo?", "Troppi &lt;casi&gt;", here+"/record?format=xlsx")
	coordinator.must(coordinator.get(here+"/record?format=md"), http.StatusOK, "Tre")
	coordinator.must(coordinator.get(here+"/record?format=doc"), http.StatusNotFound)
}

// TestAQuestionStandsBesideItsDecision: whoever sees the plan asks, the desk answers in the ticket, and the answer becomes the
// reason; who may not see the ticket reads nothing of it beside the decision.
func TestAQuestionStandsBesideItsDecision(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	here := "/plans/" + w.plan()["plans"]
	at := here + "/decisions/months"
	agent, coordinator := w.visitor("agent"), w.visitor("coordinator")
	ask := url.Values{"question": {"Conviene <davvero>?"}}
	for _, role := range []string{"requester", "participant", "stranger", "elsewhere", "editor"} {
		b := w.visitor(role)
		b.must(b.post(at+"/question", ask), http.StatusNotFound)
		b.must(b.post(at+"/question", url.Values{}), http.StatusNotFound)
	}
	coordinator.must(coordinator.post(at+"/question", url.Values{}), http.StatusUnprocessableEntity, `href="#question"`)
	coordinator.must(coordinator.post(here+"/decisions/none/question", ask), http.StatusNotFound)
	coordinator.must(coordinator.post(here+"/decisions/pay/question", ask), http.StatusNotFound)
	coordinator.must(coordinator.post(at+"/question", ask), http.StatusSeeOther)
	page := coordinator.get(at)
	coordinator.must(page, http.StatusOK, "in attesa di risposta", "Quanti mesi di parallelo?")
	found := regexp.MustCompile(`href="(/tickets/(\d+))"`).FindStringSubmatch(page.body)
	if found == nil {
		t.Fatalf("no ticket stands beside the decision: %s", page.body)
	}
	coordinator.must(coordinator.get(found[1]), http.StatusOK, "Conviene &lt;davvero&gt;?", "Consulenza di configurazione")
	agent.must(agent.get(at), http.StatusOK, found[1], "!"+`name="ticket"`)
	number, err := strconv.ParseUint(found[2], 10, 64)
	must(t, err)
	_, err = w.app.Desk.Tickets.Do(w.as("agent"), number, ticket.Step{Message: &ticket.Text{Body: "Tre mesi, perché i casi <sono> molti."}})
	must(t, err)
	coordinator.must(coordinator.get(at), http.StatusOK, "Tre mesi, perché i casi &lt;sono&gt; molti.", `name="ticket" value="`+found[2]+`"`)
	coordinator.must(coordinator.post(at, url.Values{"option": {"three"}, "state": {"decided"}, "rev": {"0"}, "ticket": {found[2]}}), http.StatusSeeOther)
	coordinator.must(coordinator.get(here+"/record"), http.StatusOK, "Tre mesi, perché i casi")
	// A step asks for something.
	coordinator.must(coordinator.post(here+"/steps/pay/question", url.Values{"question": {"Serve il tracciato."}}), http.StatusSeeOther)
	coordinator.must(coordinator.get(here+"/steps/pay"), http.StatusOK, "in attesa di risposta", "/tickets/")
}

// TestDaysAndPeopleOfAPlanAreChangedByTheDesk: what would move is shown before it moves, and is what moves.
func TestDaysAndPeopleOfAPlanAreChangedByTheDesk(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	here := "/plans/" + w.plan()["plans"]
	agent, coordinator, requester := w.visitor("agent"), w.visitor("coordinator"), w.visitor("requester")
	form := func(live, act string) url.Values {
		v, err := w.app.Desk.Plans.Read(w.as("agent"), planNumber(t, here))
		must(t, err)
		return url.Values{"name": {"Avvio <rivisto>"}, "start": {"2026-03-02"}, "go_live": {live}, "lead": {w.people["agent"].Email}, "email": {"", w.people["requester"].Email}, "role": {"", "cda"}, "act": {act}, "rev": {itoa(v.Plan.Rev)}}
	}
	for _, role := range []string{"stranger", "elsewhere"} {
		b := w.visitor(role)
		if got := b.post(here+"/arrange", form("2027-02-01", "save")).status; got != http.StatusNotFound && got != http.StatusForbidden {
			t.Errorf("%s: %d", role, got)
		}
	}
	coordinator.must(coordinator.get(here+"/arrange"), http.StatusForbidden)
	coordinator.must(coordinator.post(here+"/arrange", form("2027-02-01", "save")), http.StatusForbidden)
	requester.must(requester.get(here), http.StatusNotFound)
	agent.must(agent.get(here+"/arrange"), http.StatusOK, `value="2027-01-01"`)
	agent.must(agent.post(here+"/arrange", form("2027-02-01", "look")), http.StatusOK, "Pagare passa da", "Per ora non è cambiato nulla")
	agent.must(agent.get(here), http.StatusOK, "!Avvio &lt;rivisto&gt;")
	agent.must(agent.post(here+"/arrange", form("2026-01-01", "look")), http.StatusUnprocessableEntity, `href="#go_live"`)
	agent.must(agent.post(here+"/arrange", form("2026-01-01", "save")), http.StatusUnprocessableEntity, `href="#go_live"`, `value="Avvio &lt;rivisto&gt;"`)
	said, err := w.app.Desk.Plans.Moved(w.as("agent"), planNumber(t, here), day("2026-03-02"), day("2028-01-03"))
	must(t, err)
	agent.must(agent.post(here+"/arrange", form("2028-01-03", "save")), http.StatusSeeOther)
	v, err := w.app.Desk.Plans.Read(w.as("agent"), planNumber(t, here))
	must(t, err)
	for _, m := range said.Move {
		if is := v.Step(m.Code).Due; is != m.To {
			t.Errorf("%s was said to move to %v, and is on %v", m.Code, m.To, is)
		}
	}
	if len(said.Move) == 0 {
		t.Error("nothing moves with go-live")
	}
	requester.must(requester.get(here), http.StatusOK, "Avvio &lt;rivisto&gt;") // named now
	agent.must(agent.post(here+"/arrange", url.Values{"rev": {"1"}, "name": {"X"}, "start": {"2026-03-02"}, "go_live": {"2027-01-01"}}), http.StatusConflict)
}

func planNumber(t *testing.T, address string) uint64 {
	t.Helper()
	n, err := strconv.ParseUint(address[len("/plans/"):], 10, 64)
	must(t, err)
	return n
}
