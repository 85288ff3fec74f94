package app_test

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"sportello/app/desk/people"
	"sportello/store"
)

// TestNobodyWritesPastALimit tries by the API what no form would let through: each is refused naming the field and the
// limit, and changes nothing.
func TestNobodyWritesPastALimit(t *testing.T) {
	d := newTestDesk(t)
	requester := d.caller(d.add("Ada Neri", people.Form{}))
	agent := d.caller(d.add("Bruno Galli", people.Form{Groups: d.memberOf(store.GeneralGroup)}))
	long := strings.Repeat("ù", 100_000)
	many := box{}
	for i := range 11_000 {
		many[fmt.Sprintf("code-%d", i)] = "x"
	}
	crowd := make([]string, 20_000)
	for i := range crowd {
		crowd[i] = fmt.Sprintf("p%d@example.org", i)
	}
	_, made := requester.call("POST", "/tickets", box{"subject": "Prova", "body": "Testo", "kind": "malfunction"})
	path := fmt.Sprintf("/tickets/%v", made["number"])
	with := func(field string, v any) box {
		return box{"subject": "Prova", "body": "Testo", "kind": "malfunction", field: v}
	}
	for _, try := range []struct {
		name, method, path string
		by                 caller
		body               box
		field              string
	}{
		{"subject", "POST", "/tickets", requester, with("subject", long), "subject"},
		{"affected", "POST", "/tickets", requester, with("affected", long), "affected"},
		{"worked_in", "POST", "/tickets", requester, with("worked_in", long), "worked_in"},
		{"answers", "POST", "/tickets", requester, with("answers", many), "answers"},
		{"one answer", "POST", "/tickets", requester, with("answers", box{"a": long}), "answers.a"},
		{"changed affected", "PATCH", path, requester, box{"affected": long}, "affected"},
		{"changed worked_in", "PATCH", path, requester, box{"worked_in": long}, "worked_in"},
		{"changed subject", "PATCH", path, requester, box{"subject": long}, "subject"},
		{"participants", "PATCH", path, requester, box{"add_participants": crowd}, "add_participants"},
		{"reason", "PATCH", path, agent, box{"severity": "high", "reason": long}, "reason"},
		{"version", "PATCH", path, agent, box{"state": "planned", "version": long, "take": true}, "version"},
		{"mentions", "POST", path + "/messages", agent, box{"body": "Nota", "internal": true, "mentions": crowd}, "mentions"},
		{"body", "POST", path + "/messages", agent, box{"body": strings.Repeat("x", store.Messages.Most("body")+1)}, "body"},
	} {
		t.Run(try.name, func(t *testing.T) {
			got, doc := try.by.call(try.method, try.path, try.body)
			if got.status != 422 || !strings.Contains(fmt.Sprint(doc["errors"]), "field:"+try.field) {
				t.Errorf("%d, %.300s; want 422 naming %s", got.status, got.body, try.field)
			}
		})
	}
	_, after := agent.call("GET", path, nil)
	if after["affected"] != nil || after["state"] != "new" || len(after["messages"].([]any)) != 1 {
		t.Errorf("a refusal changed the ticket: %v", after)
	}
}

// TestPagesTakeTheirLimitsFromTheTable: a number in a form would be a second place for a limit.
func TestPagesTakeTheirLimitsFromTheTable(t *testing.T) {
	literal := regexp.MustCompile(`maxlength="[0-9]+"|f\.Text\("[^"]*", [0-9]+\)|f\.words\("[^"]*", [0-9]+\)`)
	known := map[string]bool{ // stored nowhere: a question, and a part of the text
		`../assets/page/search.html maxlength="2000"`: true, `../assets/page/ticket-new.html maxlength="200"`: true,
	}
	for _, pattern := range []string{"*.go", "../assets/page/*.html", "../assets/part/*.html"} {
		files, err := filepath.Glob(pattern)
		if err != nil {
			t.Fatal(err)
		}
		for _, name := range files {
			text, err := os.ReadFile(name)
			if err != nil {
				t.Fatal(err)
			}
			for _, found := range literal.FindAllString(string(text), -1) {
				if !known[name+" "+found] && !strings.HasSuffix(name, "_test.go") {
					t.Errorf("%s has %s", name, found)
				}
			}
		}
	}
}
