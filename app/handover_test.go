package app_test

import (
	"net/url"
	"strings"
	"testing"

	"sportello/app/credential"
	"sportello/app/desk/queue"
	"sportello/app/desk/ticket"
	"sportello/store/scope"
)

func TestTheWorkOfSomebodyIsHandedOnByPageAndByProgram(t *testing.T) {
	w := newWorld(t)
	w.password("administrator")
	tk := w.asks("requester", "Il cedolino non si apre")
	w.does("agent", tk.ID, ticket.Step{Take: true})
	at := "/admin/people/" + itoa(w.people["agent"].ID)
	b := w.signedIn(w.people["administrator"])
	b.must(b.get(at), 200, at+"/handover")
	b.must(b.get(at+"/handover"), 200, "#"+itoa(tk.ID), "Richieste assegnate: 2")
	b.must(b.post(at+"/handover", nil), 422, "Scegli a chi va")
	b.must(b.post(at+"/handover", url.Values{"tickets": {"person-x"}}), 422)
	b.must(b.post(at+"/handover", url.Values{"tickets": {"group-1"}}), 422)
	b.must(b.post(at+"/handover", url.Values{"tickets": {"person-" + itoa(w.people["supervisor"].ID)}}), 303)
	b.must(b.get(at+"/handover"), 200, "Richieste assegnate: 0", "!#"+itoa(tk.ID)+" ")

	p := w.scoped(w.people["administrator"], credential.Grant{Scope: scope.Scope{Access: scope.Write, Nouns: []scope.Noun{scope.People}}})
	path := "/people/" + itoa(w.people["supervisor"].ID) + "/handover"
	got, _ := p.call("GET", path, nil)
	b.must(got, 200, `"tickets":2`)
	got, _ = p.call("POST", path, box{"tickets": "nessuno@example.it"})
	b.must(got, 422, `"tickets"`)
	got, _ = p.call("POST", path, box{"tickets": "group"})
	b.must(got, 200, `"moved":2`, `"left":{"tickets":0`)
	for _, role := range []string{"agent", "coordinator", "editor"} {
		got, _ = w.scoped(w.people[role], credential.Grant{Scope: scope.Whole()}).call("POST", path, box{"tickets": "group"})
		b.must(got, 404)
	}
	chief := w.scoped(w.people["supervisor"], credential.Grant{Scope: scope.Whole()})
	got, _ = chief.call("POST", path, box{"views": w.people["agent"].Email})
	b.must(got, 403)
	got, _ = chief.call("POST", path, box{"tickets": "group"})
	b.must(got, 200, `"moved":0`, `"left":{"tickets":0`)
	if history := b.get("/tickets/" + itoa(tk.ID)).body; !strings.Contains(history, "ha passato la richiesta") {
		t.Error("the history does not say so")
	}
}

// TestWhoLeavesLeadsToWhatTheyHave takes somebody out of a group, and disables somebody: the answer leads to the page that
// hands on what they have, once they have anything.
func TestWhoLeavesLeadsToWhatTheyHave(t *testing.T) {
	w := newWorld(t)
	w.password("administrator")
	b := w.signedIn(w.people["administrator"])
	group := "/admin/groups/" + itoa(w.group["csa"])
	leads := func(got answer, want string) {
		t.Helper()
		if to := got.header.Get("Location"); got.status != 303 || to != want {
			t.Errorf("%d to %q, want %q", got.status, to, want)
		}
	}
	remove := func(role string) answer {
		return b.post(group+"/members/remove", url.Values{"person": {itoa(w.people[role].ID)}})
	}
	disable := func(role string) answer {
		return b.post("/admin/people/"+itoa(w.people[role].ID)+"/disable", nil)
	}
	page := func(role string) string { return "/admin/people/" + itoa(w.people[role].ID) }
	leads(disable("elsewhere"), page("elsewhere"))
	_, err := w.app.Desk.Queues.AddView(w.as("agent"), queue.ViewForm{Name: "Mie", Text: "cedolino"})
	must(t, err)
	leads(remove("agent"), page("agent")+"/handover")
	b.must(b.get(page("agent")+"/handover"), 200, "Bruno Galli ha ancora", "viste 1")
	leads(disable("agent"), page("agent")+"/handover")
	leads(b.post(page("agent")+"/enable", nil), page("agent"))
}

// TestASupervisorHandsOnTheWorkOfTheirGroupByPage takes an agent out of the group after handing on, and meets no page that
// is not there.
func TestASupervisorHandsOnTheWorkOfTheirGroupByPage(t *testing.T) {
	w := newWorld(t)
	for _, role := range []string{"supervisor", "agent", "elsewhere"} {
		w.password(role)
	}
	tk := w.asks("requester", "Il cedolino non si apre")
	w.does("agent", tk.ID, ticket.Step{Take: true})
	at := "/admin/people/" + itoa(w.people["agent"].ID)
	w.signedIn(w.people["agent"]).must(w.signedIn(w.people["agent"]).get(at+"/handover"), 403)
	b := w.signedIn(w.people["supervisor"])
	b.must(b.get(at), 200, at+"/handover")
	b.must(b.get("/admin/people/"+itoa(w.people["elsewhere"].ID)+"/handover"), 404)
	b.must(b.get(at+"/handover"), 200, "#"+itoa(tk.ID), "Richieste assegnate: 2", "!Viste personali", "!Risposte pronte personali", "!"+w.people["elsewhere"].Name)
	b.must(b.post(at+"/handover", url.Values{"tickets": {"person-" + itoa(w.people["elsewhere"].ID)}}), 422)
	b.must(b.post(at+"/handover", url.Values{"replies": {"group-" + itoa(w.group["csa"])}}), 403)
	b.must(b.post(at+"/handover", url.Values{"tickets": {"person-" + itoa(w.people["supervisor"].ID)}}), 303)
	b.must(b.get(at+"/handover"), 200, "Richieste assegnate: 0")
	got := b.post("/admin/groups/"+itoa(w.group["csa"])+"/members/remove", url.Values{"person": {itoa(w.people["agent"].ID)}})
	b.must(got, 303)
	b.must(b.get(got.header.Get("Location")), 200)
	b.must(b.get(at+"/handover"), 404)
}
