package app_test

import (
	"fmt"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"sportello/app/desk/people"
	"sportello/app/desk/policy"
	"sportello/app/desk/ticket"
	"sportello/store"
	"sportello/store/act"
	"sportello/store/db"
	"sportello/store/door"
)

func TestLoadPlaysRequestersAgentsAndPrograms(t *testing.T) {
	d := newTestDesk(t)
	general, err := d.app.Desk.People.GroupByCode(store.GeneralGroup)
	if err != nil {
		t.Fatal(err)
	}
	ada := d.add("Ada Neri", people.Form{Groups: []store.Membership{{Group: general.ID}}})
	ivo := d.add("Ivo Bo", people.Form{})
	for i := range 5 {
		if _, err := d.app.Desk.Tickets.Open(policy.Actor{Person: ivo}, ticket.Opening{Subject: fmt.Sprintf("Prova %d", i), Body: "Testo"}); err != nil {
			t.Fatal(err)
		}
	}
	for _, p := range []*store.Person{ada, ivo} {
		if err := d.app.Desk.Keeper().SetPassword(db.By{Via: door.Command}, p.ID, "cavallo-batteria-graffetta"); err != nil {
			t.Fatal(err)
		}
	}
	token, _, err := d.app.Desk.Keeper().NewToken(db.By{Via: door.Command, Act: act.MakeToken}, ivo.ID, "load")
	if err != nil {
		t.Fatal(err)
	}
	accounts := "ROLE ADDRESS PASSWORD\nagent  " + ada.Email + "  cavallo-batteria-graffetta\n\nrequester " + ivo.Email + " cavallo-batteria-graffetta\n"
	status, out, errOut := commandLine(t, accounts, "load", "--url", d.url, "--accounts", "-", "--token", token, "--clients", "6", "--duration", "3s")
	if status != 0 {
		t.Errorf("status %d\n%s\n%s", status, out, errOut)
	}
	if !strings.Contains(errOut, "goroutines") || strings.Contains(errOut, " 0 MB of its own") {
		t.Errorf("nothing of the desk's own figures:\n%s", errOut)
	}
	status, day, errOut := commandLine(t, accounts, "load", "--url", d.url, "--accounts", "-", "--requesters", "6", "--agents", "3", "--duration", "3s")
	if status != 0 || !strings.Contains(day, "with a file") {
		t.Errorf("a working day: status %d\n%s\n%s", status, day, errOut)
	}
	if status, _, errOut := commandLine(t, accounts, "load", "--url", d.url, "--accounts", "-", "--requesters", "990", "--agents", "30"); status != 2 {
		t.Errorf("too many people: status %d\n%s", status, errOut)
	}
	for _, want := range []string{"GET /desk/:view", "GET /tickets ", "GET /search", "POST /api/v1/tickets", "answers in"} {
		if !strings.Contains(out, want) {
			t.Errorf("nothing of %s in\n%s", want, out)
		}
	}
	if regexp.MustCompile(`\b(5\d\d|404|403|422|401): `).MatchString(out) {
		t.Errorf("something failed:\n%s", out)
	}
	for _, c := range []struct{ page, rate string }{{"queue", "0"}, {"ticket", "20"}, {"search", "20"}, {"tickets", "20"}} {
		args := []string{"load", "--url", d.url, "--accounts", "-", "--page", c.page, "--rate", c.rate, "--clients", "2", "--duration", "1s"}
		if c.page != "tickets" {
			args = append(args, "--agents", "2")
		}
		status, out, errOut := commandLine(t, accounts, args...)
		if status != 0 || !strings.Contains(out, c.page+":") || strings.Contains(out, "404") && c.page != "ticket" {
			t.Errorf("%s alone: status %d\n%s\n%s", c.page, status, out, errOut)
		}
	}
	for _, page := range []string{"api-ticket", "api-tickets", "api-search", "api-create"} {
		if status, out, errOut := commandLine(t, "", "load", "--url", d.url, "--token", token, "--page", page, "--rate", "20", "--duration", "1s"); status != 0 {
			t.Errorf("%s alone: status %d\n%s\n%s", page, status, out, errOut)
		}
	}
	for _, c := range []struct {
		args   []string
		in     string
		status int
		want   string
	}{
		{[]string{"--accounts", "-"}, "ada@example.it wrong-password-here\n", 1, "not right"},
		{[]string{"--accounts", "-"}, "nothing here\n", 1, "no line"},
		{nil, "", 2, "nobody to play"},
		{[]string{"--token", "x", "--clients", "0"}, "", 2, "--clients"},
		{[]string{"--token", "x", "--duration", "2h"}, "", 2, "--duration"},
		{[]string{"--token", "x", "--page", "none"}, "", 2, "--page"},
		{[]string{"--token", "x", "--rate", "5"}, "", 2, "--rate"},
		{[]string{"--accounts", "-", "--page", "article"}, ada.Email + " cavallo-batteria-graffetta\n", 1, "nothing of the kind"},
	} {
		status, out, errOut := commandLine(t, c.in, append([]string{"load", "--url", d.url}, c.args...)...)
		if status != c.status || !strings.Contains(errOut, c.want) {
			t.Errorf("%v: status %d\n%s\n%s", c.args, status, out, errOut)
		}
	}
}

func TestGenerateNeedsTheFolderForItself(t *testing.T) {
	data := filepath.Join(t.TempDir(), "data")
	status, out, errOut := commandLine(t, "", "generate", "--tickets", "300", "--data", data)
	if status != 0 || !strings.Contains(out, "generated 300 tickets") || !regexp.MustCompile(`(?m)^agent +\S+@\S+ +\S+$`).MatchString(out) {
		t.Fatalf("status %d\n%s\n%s", status, out, errOut)
	}
	if status, out, errOut = commandLine(t, "", "doctor", "--data", data); status != 0 {
		t.Errorf("doctor: status %d\n%s\n%s", status, out, errOut)
	}
	d := newTestDesk(t)
	status, out, errOut = commandLine(t, "", "generate", "--tickets", "10", "--data", d.app.Config.DataFolder())
	if status != 1 || !strings.Contains(errOut, "stop the server first") {
		t.Errorf("beside a server: status %d\n%s\n%s", status, out, errOut)
	}
	for _, args := range [][]string{{"generate"}, {"generate", "--tickets", "-1"}, {"generate", "--tickets", "many"}} {
		if status, _, _ := commandLine(t, "", append(args, "--data", data)...); status != 2 {
			t.Errorf("%v: status %d", args, status)
		}
	}
}
