package app_test

import (
	"fmt"
	"strings"
	"testing"

	"sportello/app/address"
)

// TestWordsBesideATicketAreForAgentsAlone asks page and API, without scripts, before and after each act.
func TestWordsBesideATicketAreForAgentsAlone(t *testing.T) {
	for _, do := range []string{"join", "join-and-add-person", "own-ticket", "dismiss"} {
		w := newWorld(t)
		w.mailed()
		w.comes(letter{from: "Ada Neri <requester@example.it>", subject: "D", id: "tenuta@x", text: "per tenerne l'identificativo", proven: true})
		held := w.comes(letter{from: "Ada Neri <requester@example.it>", subject: "ancora", id: "ancora@x", answers: "tenuta@x", text: "altro", proven: true})
		n := held.Ticket
		at, api := address.Ticket(n), fmt.Sprintf("/tickets/%d", n)
		requester := w.visitor("requester")
		before := requester.get(at).body
		row := w.comes(letter{from: "Gino Ignoto <gino@altrove.example>", subject: "Oggetto suo", answers: "tenuta@x", text: "zibaldone"})
		if row.Ticket != n {
			t.Fatalf("%+v", row)
		}
		for _, s := range []string{"zibaldone", "gino@", "Oggetto suo"} {
			if strings.Contains(requester.get(at).body, s) || strings.Contains(before, s) {
				t.Errorf("the requester's page has %s", s)
			}
		}
		own, other, agent := w.caller(w.people["requester"]), w.caller(w.people["stranger"]), w.caller(w.people["agent"])
		_, doc := own.call("GET", api, nil)
		if _, there := doc["beside"]; there || strings.Contains(fmt.Sprint(doc), "zibaldone") {
			t.Errorf("the requester's API has %v", doc["beside"])
		}
		path := fmt.Sprintf("%s/beside/%d", api, row.Message)
		for _, p := range []caller{own, other} {
			if got, _ := p.call("POST", path, box{"do": do, "reason": "x"}); got.status != 404 {
				t.Errorf("answered %d", got.status)
			}
		}
		_, doc = agent.call("GET", api, nil)
		list, _ := doc["beside"].([]any)
		if len(list) != 1 {
			t.Fatalf("beside: %v", doc["beside"])
		}
		line := list[0].(box)
		if line["subject"] != "Oggetto suo" || !strings.Contains(fmt.Sprint(line["body"]), "zibaldone") || line["proven"] != false || line["from"].(box)["email"] != "gino@altrove.example" {
			t.Errorf("%v", line)
		}
		b := w.visitor("agent")
		b.must(b.get(at), 200, "zibaldone", "Oggetto suo", `value="join-and-add-person"`)
		b.must(b.get("/desk/beside"), 200, at)
		if do == "dismiss" {
			b.must(b.post(at+"/beside", w.formOf(b, n, "do", do, "message", fmt.Sprint(row.Message))), 422)
			b.must(b.post(at+"/beside", w.formOf(b, n, "do", do, "message", fmt.Sprint(row.Message), fmt.Sprintf("reason-%d", row.Message), "non riguarda")), 303)
			b.must(b.get(at), 200, "non riguarda", "Riprendi")
			if got, _ := agent.call("POST", path, box{"do": do, "reason": "x"}); got.status != 409 {
				t.Errorf("dismissed twice: %d", got.status)
			}
			if strings.Contains(requester.get(at).body, "zibaldone") {
				t.Error("the requester reads what was dismissed")
			}
			b.must(b.post(at+"/beside", w.formOf(b, n, "do", "join", "message", fmt.Sprint(row.Message))), 303) // second thoughts
			do = "join"
		} else if got, _ := agent.call("POST", path, box{"do": do}); got.status != 200 {
			t.Errorf("%s: %d %s", do, got.status, got.body)
		}
		if reads := strings.Contains(requester.get(at).body, "zibaldone"); reads != strings.HasPrefix(do, "join") {
			t.Errorf("%s: the requester reads it: %t", do, reads)
		}
		if len(w.row(n).Participants) != map[bool]int{true: 1}[do == "join-and-add-person"] {
			t.Errorf("%s: participants %v", do, w.row(n).Participants)
		}
	}
}

func TestATicketThatMayBelongToAnotherIsOneClickAway(t *testing.T) {
	for _, act := range []string{"link", "merge", "apart"} {
		w := newWorld(t)
		first := w.comes(letter{from: "Ada Neri <requester@example.it>", subject: "A", answers: "annuncio@x", text: "mia", proven: true})
		second := w.comes(letter{from: "Gino Ignoto <gino@altrove.example>", subject: "B", answers: "annuncio@x", text: "sua"})
		b := w.visitor("agent")
		at := address.Ticket(second.Ticket)
		b.must(b.get(at), 200, fmt.Sprintf("#%d", first.Ticket), `id="belongs"`)
		b.must(b.post(at+"/belongs", w.formOf(b, second.Ticket, "act", act)), 303)
		r := w.row(second.Ticket)
		if r.MayBelong != 0 || (r.DuplicateOf == first.Ticket) != (act == "merge") || (len(r.Links) == 1) != (act != "apart") {
			t.Errorf("%s: %+v", act, r)
		}
	}
}
