package app_test

import (
	"fmt"
	"maps"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"testing"

	"sportello/app/desk/people"
	"sportello/app/desk/policy"
	"sportello/store"
	"sportello/store/door"
)

// valuesOf returns, for each field, a value that names something or fits, some that name nothing, and some that no field
// can have.
func valuesOf(existing map[string]any) map[string][]any {
	out := map[string][]any{}
	for name, there := range existing {
		out[name] = []any{there, "nessuno@example.it", "nessuno", strings.Repeat("è", 3000), "0", " "}
	}
	return out
}

// TestWhoMayNotGiveAFieldLearnsNothingOfItsValues sends every field of every writing call in many values. Whoever lacks
// the right to give it gets the same answer for all of them.
func TestWhoMayNotGiveAFieldLearnsNothingOfItsValues(t *testing.T) {
	d := newAPIDesk(t)
	csa, err := d.app.Desk.People.GroupByCode("csa")
	if err != nil {
		t.Fatal(err)
	}
	ricerca, err := d.app.Desk.People.GroupByCode("ricerca")
	if err != nil {
		t.Fatal(err)
	}
	d.add("Collega Rossi", people.Form{Groups: []store.Membership{{Group: csa.ID}}})
	elsewhere := d.caller(d.add("Aldo Altrove", people.Form{Groups: []store.Membership{{Group: ricerca.ID}}}))
	_, opened := d.requester.call("POST", "/tickets", box{"subject": "Il cedolino non si apre", "body": "Errore 500", "module": "csa"})
	number := fmt.Sprint(opened["number"])
	if got, _ := d.agent.call("PATCH", "/tickets/"+number, box{"take": true}); got.status != http.StatusOK {
		t.Fatal(got.body)
	}
	change := valuesOf(map[string]any{"subject": "Altro", "kind": "request", "severity": "low", "urgency": "week", "deadline": "2031-01-01T00:00:00Z", "module": "csa",
		"group": "ricerca", "assignee": "collega.rossi@example.it", "state": "planned", "outcome": "solved", "version": "24.01", "planned_for": "2031-01-01T00:00:00Z",
		"duplicate_of": 1, "affected": "tutti", "regression": true, "worked_in": "23", "answers": box{"x": "y"}, "take": true, "add_participants": []string{"collega.rossi@example.it"},
		"spam": true, "message": "ciao"})
	open := valuesOf(map[string]any{"requester_email": "collega.rossi@example.it", "requester_name": "Collega Rossi", "group": "csa", "version": "24.01", "state": "closed",
		"outcome": "solved", "created_at": "2024-01-01T00:00:00Z", "external_id": "x-1", "messages": []any{box{"author_email": "collega.rossi@example.it", "body": "x"}}})
	article := valuesOf(map[string]any{"slug": "guida", "title": "T", "body": "B", "format": "markdown", "language": "it", "module": "csa", "audience": "public", "state": "published", "external_id": "1"})
	release := valuesOf(map[string]any{"modules": []string{"csa"}, "version": "24.01", "title": box{"it": "T"}, "kind": "law", "notes": "N", "norm": box{"text": "L"}, "install_by": box{"test": "2031-01-01"},
		"stop": box{"from": "x"}, "way_back": box{"kind": "none"}, "needs": []any{1}, "replaces": []any{1}, "corrects": []any{1}, "articles": []any{"guida"}, "tickets": []any{1},
		"audience": box{"all": true}, "state": "published", "external_id": "x"})
	for _, c := range []struct {
		name, method, path string
		who                caller
		values             map[string][]any
		besides            box
		but                []string // fields that this person may give
	}{
		{"the requester of a ticket taken in charge", "PATCH", "/tickets/" + number, d.requester, change, box{}, []string{"state", "outcome", "add_participants", "message"}},
		{"an agent of another group", "PATCH", "/tickets/" + number, elsewhere, change, box{}, []string{"group", "message"}},
		{"an administrator", "PATCH", "/tickets/" + number, d.administrator, change, box{}, slices.Collect(maps.Keys(maps.Collect(func(yield func(string, bool) bool) {
			for name := range change {
				if name != "outcome" && name != "version" && name != "planned_for" && name != "state" && !yield(name, true) {
					return
				}
			}
		})))},
		{"a stranger", "PATCH", "/tickets/" + number, d.stranger, change, box{}, nil},
		{"a stranger, of a ticket that is not there", "PATCH", "/tickets/99999", d.stranger, change, box{}, nil},
		{"who opens a ticket", "POST", "/tickets", d.stranger, open, box{"subject": "S", "body": "B"}, nil},
		{"an agent who opens a ticket", "POST", "/tickets", d.agent, open, box{"subject": "S", "body": "B"}, []string{"requester_email", "requester_name", "group", "version"}},
		{"a requester who writes an article", "POST", "/articles", d.requester, article, box{}, nil},
		{"a requester who changes an article", "PUT", "/articles/guida", d.requester, article, box{}, nil},
		{"a requester who writes a release", "POST", "/releases", d.requester, release, box{}, nil},
		{"an agent of another group who writes a release", "POST", "/releases", elsewhere, release, box{"modules": []string{"csa"}}, []string{"modules"}},
		{"a requester who changes a release", "PATCH", "/releases/1", d.requester, release, box{}, nil},
	} {
		for _, name := range slices.Sorted(maps.Keys(c.values)) {
			if slices.Contains(c.but, name) {
				continue
			}
			first := ""
			for i, value := range c.values[name] {
				body := maps.Clone(c.besides)
				body[name] = value
				got, _ := c.who.call(c.method, c.path, body)
				if i == 0 {
					first = got.body
				}
				if got.status != http.StatusForbidden && got.status != http.StatusNotFound || got.body != first {
					t.Errorf("%s: %s = %v: %d %s\nwant the answer to %v: %s", c.name, name, value, got.status, got.body, c.values[name][0], first)
				}
			}
		}
	}
}

// TestWhetherSomebodyIsKnownIsNotToldByAddingThem adds people of the requester's own organisation and others.
func TestWhetherSomebodyIsKnownIsNotToldByAddingThem(t *testing.T) {
	d := newAPIDesk(t)
	org, err := d.app.Desk.People.AddOrganisation(policy.Actor{Via: door.Command, System: true}, people.OrganisationForm{Name: "Ateneo", Domains: []string{"ateneo.example"}})
	if err != nil {
		t.Fatal(err)
	}
	d.add("Nota Collega", people.Form{Email: "nota@ateneo.example", Affiliations: []store.Affiliation{{Organisation: org.ID}}})
	d.add("Nota Altrove", people.Form{Email: "nota@altrove.example"})
	who := d.caller(d.add("Chi Apre", people.Form{Email: "chi@ateneo.example", Affiliations: []store.Affiliation{{Organisation: org.ID}}}))
	plain := regexp.MustCompile(`(ig)?not[ao]|"(number|id|rev|at|created_at|updated_at|due_at|name)":("[^"]*"|\d+)|#?\d+`)
	for _, domain := range []string{"ateneo.example", "altrove.example", "nessuno.example"} {
		var answers []string
		for _, local := range []string{"nota", "ignota"} {
			_, opened := who.call("POST", "/tickets", box{"subject": "S", "body": "B"})
			got, _ := who.call("PATCH", "/tickets/"+fmt.Sprint(opened["number"]), box{"add_participants": []string{local + "@" + domain}})
			answers = append(answers, fmt.Sprint(got.status, plain.ReplaceAllString(got.body, "_")))
		}
		if answers[0] != answers[1] {
			t.Errorf("%s: known\n%s\nunknown\n%s", domain, answers[0], answers[1])
		}
	}
}
