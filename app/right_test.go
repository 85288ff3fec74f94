package app_test

import (
	"encoding/json"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
	"testing"

	"sportello/app/desk/ticket"
	"sportello/store"
	"sportello/store/db"
	"sportello/store/door"
)

var anyReference = regexp.MustCompile(`"reference":"[^"]*",?`)

// told is all of an answer that could tell something, without the reference that is new each time.
func told(got answer) string {
	return fmt.Sprint(got.status, " ", got.header.Get("Location"), " ", anyReference.ReplaceAllString(got.body, ""))
}

// TestWhoMayNotIsToldTheSameWhateverTheyAskFor sends each field of each call that writes, as everybody who has no right
// to it, with a value that is there, one that is not, and one that makes no sense: the answers are the same, byte for
// byte, and refuse by the field alone.
func TestWhoMayNotIsToldTheSameWhateverTheyAskFor(t *testing.T) {
	w := newWorld(t)
	number := w.ticket().ID
	if err := w.app.Store.Update(db.By{Via: door.Command}, func(tx *db.Tx) error {
		s, err := store.SettingsTable.Get(tx, 1)
		if err != nil {
			return err
		}
		s.ReviewModules = map[uint64]bool{w.module["csa"]: true}
		return store.SettingsTable.Put(tx, s)
	}); err != nil {
		t.Fatal(err)
	}
	callers := map[string]caller{}
	for _, role := range cast[1:] {
		callers[role] = w.caller(w.people[role])
	}
	values := func(v ...any) []any { return append(v, "niente di simile", 17, []int{1}, true) }
	correct := map[string][]any{
		"subject": values("Altro"), "kind": values("request"), "module": values("csa", "u-gov/contabilita", "nessuno"), "severity": values("low", "medium"),
		"urgency": values("none"), "deadline": values("2030-01-01T10:00:00Z"), "affected": values("9.1"), "regression": values(false), "worked_in": values("9.0"),
		"answers": values(map[string]string{"x": "y"}),
	}
	work := map[string][]any{
		"version": values("9.1", "9.2"), "planned_for": values("2030-01-01T10:00:00Z"), "duplicate_of": values(number, 1, 999999),
	}
	take := map[string][]any{
		"group": values("csa", "generale", "nessuno"), "assignee": values("agent@example.it", "stranger@example.it", "mai.visto@example.it", "x"), "take": values(true),
	}
	side := map[string][]any{"state": values("open", "planned", "bogus"), "outcome": values("solved", "spam")}
	speak := map[string][]any{"message": values("ciao", map[string]any{"body": "ciao"}, map[string]any{"body": 5})}
	notes := map[string][]any{"message": {map[string]any{"body": "x", "internal": true}, map[string]any{"body": 7, "internal": true},
		map[string]any{"internal": true, "body": "x", "mentions": []string{"agent@example.it"}}, map[string]any{"internal": true, "body": "x", "mentions": []string{"mai@visto.it"}},
		map[string]any{"internal": "sì", "body": "x"}, map[string]any{"internal": true, "attachments": []int{1, 999}}}}
	add := map[string][]any{"add_participants": values([]string{"stranger@example.it"}, []string{"mai.visto@example.it"}, []string{"x"})}
	remove := map[string][]any{"remove_participants": {[]string{"coordinator@example.it"}, []string{"mai.visto@example.it"}, []string{"x"}}}
	arrange := map[string][]any{"spam": values(true, false)}
	all := func(parts ...map[string][]any) map[string][]any {
		out := map[string][]any{}
		for _, p := range parts {
			maps.Copy(out, p)
		}
		return out
	}
	ticket := fmt.Sprintf("/tickets/%d", number)
	messages := func(in map[string][]any) map[string][]any { return map[string][]any{"": in["message"]} }
	opening := map[string][]any{"created_at": values("2020-01-01T10:00:00Z"), "state": values("open"), "outcome": values("solved"), "version": values("9.1"),
		"external_id": values("a1"), "messages": values([]any{map[string]any{"author_email": "agent@example.it", "body": "x"}})}
	others := map[string][]any{"group": values("csa", "nessuno"), "requester_email": values("stranger@example.it", "mai.visto@example.it", "x"),
		"requester_name": values("Ada")}
	abroad := map[string][]any{"requester_email": values("stranger@example.it", "mai.visto@altrove.example", "x")}
	known := map[string][]any{"": {map[string]any{"slug": "stampare-il-cedolino"}, map[string]any{"slug": "bozza-riservata"}, map[string]any{"slug": "nessuno"}, map[string]any{"slug": 5}, "x"}}
	publish := map[string][]any{"module": {"csa", "nessuno", "csa/x"}}
	for _, c := range []struct {
		roles  string
		method string
		path   string
		base   map[string]any // what goes along with each field
		fields map[string][]any
		status int
	}{
		{"stranger editor", "PATCH", ticket, nil, all(correct, work, take, side, speak, add, remove, arrange), 404},
		{"requester participant coordinator", "PATCH", ticket, nil, all(correct, work, take, arrange, notes), 403},
		{"participant", "PATCH", ticket, nil, all(side, add, remove), 403},
		{"requester", "PATCH", ticket, nil, remove, 403},
		{"elsewhere", "PATCH", ticket, nil, all(correct, work, side, speak, add, remove, arrange, map[string][]any{"take": values(true), "group": {"csa", "generale", "nessuno"},
			"assignee": {"elsewhere@example.it", "stranger@example.it", "mai.visto@example.it"}}), 403},
		{"administrator", "PATCH", ticket, nil, all(work, side, speak), 403},
		{"stranger editor", "POST", ticket + "/messages", nil, messages(all(speak)), 404},
		{"requester participant coordinator", "POST", ticket + "/messages", nil, messages(notes), 403},
		{"elsewhere administrator", "POST", ticket + "/messages", nil, map[string][]any{"": {map[string]any{"body": "ciao"}, map[string]any{"body": 5}, map[string]any{"attachments": []int{1}}}}, 403},
		{"requester participant stranger coordinator editor elsewhere agent supervisor", "POST", "/tickets", map[string]any{"subject": "x", "body": "y"}, opening, 403},
		{"requester participant stranger editor", "POST", "/tickets", map[string]any{"subject": "x", "body": "y"}, others, 403},
		{"requester participant stranger editor", "POST", "/tickets", map[string]any{}, others, 403},
		{"coordinator", "POST", "/tickets", map[string]any{"subject": "x", "body": "y"}, all(abroad, map[string][]any{"group": others["group"]}), 403},
		{"requester participant stranger coordinator", "POST", "/articles", nil, known, 403},
		{"requester participant stranger coordinator", "PUT", "/articles/bozza-riservata", nil, known, 403},
		{"agent", "POST", "/articles", map[string]any{"title": "x", "body": "y", "language": "it", "format": "markdown", "state": "published"}, publish, 403},
	} {
		for _, role := range strings.Fields(c.roles) {
			for _, field := range slices.Sorted(maps.Keys(c.fields)) {
				first := ""
				for _, v := range c.fields[field] {
					if email, ok := v.(string); ok && email == role+"@example.it" {
						continue
					}
					body := any(v)
					if field != "" {
						call := maps.Clone(c.base)
						if call == nil {
							call = map[string]any{}
						}
						call[field] = v
						body = call
					} else if s, ok := v.(string); ok {
						raw, _ := json.Marshal(s)
						body = string(raw)
					}
					got, _ := callers[role].call(c.method, c.path, body)
					if got.status != c.status {
						t.Errorf("%s: %s %s %s = %v: %d, want %d\n%s", role, c.method, c.path, field, v, got.status, c.status, got.body)
						break
					}
					if first == "" {
						first = told(got)
					} else if told(got) != first {
						t.Errorf("%s: %s %s %s = %v answers\n%s\nnot\n%s", role, c.method, c.path, field, v, told(got), first)
					}
				}
			}
		}
	}
}

// TestARetiredModuleIsNoModuleForWhoAsks opens and corrects as somebody who is not at the desk.
func TestARetiredModuleIsNoModuleForWhoAsks(t *testing.T) {
	w := newWorld(t)
	if err := w.app.Store.Update(db.By{Via: door.Command}, func(tx *db.Tx) error {
		return store.Modules.Put(tx, &store.Module{Code: "vecchio", Channel: store.Here, Group: w.group["csa"], Retired: true})
	}); err != nil {
		t.Fatal(err)
	}
	ada := w.caller(w.people["requester"])
	fresh, err := w.app.Desk.Tickets.Open(w.as("requester"), ticket.Opening{Subject: "x", Body: "y"})
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		method, path string
		body         func(code string) any
	}{
		{"POST", "/tickets", func(code string) any { return box{"subject": "x", "body": "y", "module": code} }},
		{"PATCH", fmt.Sprintf("/tickets/%d", fresh.ID), func(code string) any { return box{"module": code} }},
	} {
		a, _ := ada.call(c.method, c.path, c.body("vecchio"))
		b, _ := ada.call(c.method, c.path, c.body("mai-visto"))
		if a.status != 422 || told(a) != told(b) {
			t.Errorf("%s %s: %s, for one that is not there %s", c.method, c.path, told(a), told(b))
		}
	}
}

// TestARequesterCannotGiveAVersion settles with a version: the whole is refused.
func TestARequesterCannotGiveAVersion(t *testing.T) {
	w := newWorld(t)
	n := w.ticket().ID
	got, _ := w.caller(w.people["requester"]).call("PATCH", fmt.Sprintf("/tickets/%d", n), box{"state": "resolved", "outcome": "withdrawn", "version": "9.9"})
	if got.status != 403 || !strings.Contains(got.body, "version") {
		t.Errorf("%s", told(got))
	}
	v, err := w.app.Desk.Tickets.Read(w.as("agent"), n)
	if err != nil || v.Ticket.Version != "" || v.Ticket.State == store.StateResolved {
		t.Errorf("%+v, %v", v.Ticket, err)
	}
}

// TestSupervisorsPublishForTheirOwnModules is the row of the table, from page and API alike.
func TestSupervisorsPublishForTheirOwnModules(t *testing.T) {
	w := newWorld(t)
	err := w.app.Store.Update(db.By{Via: door.Command}, func(tx *db.Tx) error {
		s, err := store.SettingsTable.Get(tx, 1)
		if err != nil {
			return err
		}
		product, err := store.ModulesByCode.First(tx, "u-gov")
		if err != nil {
			return err
		}
		s.ReviewModules = map[uint64]bool{w.module["csa"]: true, product.ID: true}
		return store.SettingsTable.Put(tx, s)
	})
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		who, module string
		may         bool
	}{
		{"requester", "csa", false}, {"agent", "csa", false}, {"elsewhere", "csa", false}, {"agent", "u-gov/contabilita", false},
		{"supervisor", "u-gov/contabilita", false}, {"supervisor", "u-gov/ricerca/gestione-progetti", false},
		{"supervisor", "csa", true}, {"editor", "u-gov/contabilita", true}, {"administrator", "csa", true},
		{"agent", "esse3", true}, // needs no review
		{"supervisor", "", true},
	} {
		got, _ := w.caller(w.people[c.who]).call("POST", "/articles", box{"title": "Prova " + c.who + c.module, "body": "y", "language": "it", "format": "markdown", "state": "published", "module": c.module})
		if may := got.status == 201; may != c.may {
			t.Errorf("%s publishes for %q: %d, may %v\n%s", c.who, c.module, got.status, c.may, got.body)
		}
	}
}
