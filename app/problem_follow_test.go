package app_test

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"testing"
)

// followed has what hangs on known problems follow them, to the end.
func (d *releaseDesk) followed() {
	d.t.Helper()
	if _, err := d.app.Store.CatchUp(context.Background(), d.app.Desk.Problems.Following()); err != nil {
		d.t.Fatal(err)
	}
	for more := true; more; {
		var err error
		if more, err = d.app.Desk.Problems.Step(); err != nil {
			d.t.Fatal(err)
		}
	}
}

// report opens a ticket about the blank payslip and returns its address.
func (d *releaseDesk) report(c caller, kind string) string {
	d.t.Helper()
	out := d.mustCall(c, "POST", "/tickets", box{"subject": "Cedolino bianco", "body": "Non vedo nulla", "module": "csa", "kind": kind}, http.StatusCreated)
	return fmt.Sprintf("/tickets/%v", out["number"])
}

func numberOf(path string) any { return path[strings.LastIndex(path, "/")+1:] }

// attach attaches the ticket to the problem.
func (d *releaseDesk) attach(problem, ticket string) {
	d.t.Helper()
	var number uint64
	if _, err := fmt.Sscan(numberOf(ticket).(string), &number); err != nil {
		d.t.Fatal(err)
	}
	d.mustCall(d.agent, "POST", problem+"/tickets", box{"number": number}, http.StatusOK)
}

// isNow fails the test unless the ticket is in the state, with the version, and its last message says the words.
func (d *releaseDesk) isNow(c caller, ticket, state, version, words string) {
	d.t.Helper()
	got := d.mustCall(c, "GET", ticket, nil, http.StatusOK)
	last := ""
	if list, _ := got["messages"].([]any); len(list) > 0 {
		last = fmt.Sprint(list[len(list)-1].(box)["body"])
	}
	is, _ := got["version"].(string)
	if got["state"] != state || is != version || !strings.Contains(last, words) {
		d.t.Fatalf("%s is %v in «%s» and says %q; want %s in «%s», saying %q", ticket, got["state"], is, last, state, version, words)
	}
}

func (d *releaseDesk) fixing(version, problem string) string {
	d.t.Helper()
	path := d.draft(version, box{"all": true})
	var number uint64
	if _, err := fmt.Sscan(numberOf(problem).(string), &number); err != nil {
		d.t.Fatal(err)
	}
	d.mustCall(d.agent, "PATCH", path, box{"corrects": []any{number}}, http.StatusOK)
	return path
}

func (d *releaseDesk) publish(release string) {
	d.t.Helper()
	d.mustCall(d.agent, "POST", release+"/publish", box{"nobody": true}, http.StatusOK)
}

func TestTicketsFollowTheirKnownProblem(t *testing.T) {
	t.Parallel()
	d := newReleaseDesk(t)
	path := d.knownProblem(box{"fixed_in": []string{"25.02"}})
	rita, nowhere, question := d.report(d.rita, "malfunction"), d.report(d.stranger, "malfunction"), d.report(d.rita, "clarification")
	for _, ticket := range []string{rita, nowhere, question} {
		d.attach(path, ticket)
	}
	d.isNow(d.rita, rita, "planned", "25.02", "25.02")
	d.isNow(d.stranger, nowhere, "planned", "25.02", "«Il cedolino resta bianco»")
	d.isNow(d.rita, question, "new", "", "La correzione è prevista nella versione 25.02")
	if got := d.mustCall(d.agent, "GET", rita, nil, http.StatusOK); got["assignee"] != nil {
		t.Errorf("somebody took it in charge: %v", got["assignee"])
	}

	release := d.fixing("25.02", path)
	d.publish(release)
	d.followed()
	d.isNow(d.rita, rita, "planned", "25.02", "È uscita la versione 25.02")
	d.isNow(d.stranger, nowhere, "resolved", "25.02", "confermalo")
	if got := d.mustCall(d.rita, "GET", path, nil, http.StatusOK); got["state"] != "fixed" {
		t.Errorf("the problem is %v", got["state"])
	}
	before := fmt.Sprint(d.mustCall(d.rita, "GET", rita, nil, http.StatusOK))
	d.followed()
	if after := fmt.Sprint(d.mustCall(d.rita, "GET", rita, nil, http.StatusOK)); after != before {
		t.Errorf("it followed twice:\n%s\n%s", before, after)
	}

	d.mustCall(d.rita, "PUT", release+"/receipts/ateneo", box{"environment": "production", "state": "installed"}, http.StatusOK)
	d.followed()
	d.isNow(d.rita, rita, "resolved", "25.02", "in uso presso il tuo ente")
	d.isNow(d.rita, question, "new", "", "in uso presso il tuo ente")

	// Whoever answers that it is not solved has it open again, and nothing closes it behind their back.
	d.mustCall(d.rita, "POST", rita+"/messages", box{"body": "Non è risolto"}, http.StatusCreated)
	d.mustCall(d.stranger, "PATCH", nowhere, box{"state": "closed"}, http.StatusOK)
	d.followed()
	d.isNow(d.rita, rita, "open", "25.02", "Non è risolto")
	d.isNow(d.stranger, nowhere, "closed", "25.02", "")
	d.mustCall(d.agent, "PATCH", path, box{"fixed_in": []string{"25.02", "25.03"}, "state": "confirmed", "reason": "Non regge"}, http.StatusOK)
	d.followed()
	d.isNow(d.stranger, nowhere, "closed", "25.02", "")
}

// TestAWithdrawnCorrectionIsTakenBack: what was resolved by it waits again, and people are told once.
func TestAWithdrawnCorrectionIsTakenBack(t *testing.T) {
	t.Parallel()
	d := newReleaseDesk(t)
	path := d.knownProblem(nil)
	rita, nowhere := d.report(d.rita, "malfunction"), d.report(d.stranger, "malfunction")
	d.attach(path, rita)
	d.attach(path, nowhere)
	d.isNow(d.rita, rita, "new", "", "Non vedo nulla")
	release := d.fixing("25.02", path)
	d.publish(release)
	d.followed()
	d.isNow(d.rita, rita, "planned", "25.02", "È uscita")
	d.isNow(d.stranger, nowhere, "resolved", "25.02", "È uscita")
	d.mustCall(d.agent, "POST", release+"/withdraw", box{"reason": "Cancella le pratiche"}, http.StatusOK)
	d.followed()
	d.isNow(d.rita, rita, "planned", "25.02", "è stata ritirata: Cancella le pratiche")
	d.isNow(d.stranger, nowhere, "planned", "25.02", "è stata ritirata: Cancella le pratiche")
	got := d.mustCall(d.rita, "GET", path, nil, http.StatusOK)
	if got["state"] != "confirmed" || got["reason"] != "Cancella le pratiche" {
		t.Errorf("the problem is %v: %v", got["state"], got["reason"])
	}
	var moves []any
	for _, m := range got["moves"].([]any) {
		moves = append(moves, m.(box)["state"])
	}
	if fmt.Sprint(moves) != "[confirmed fixed confirmed]" {
		t.Errorf("it moved through %v", moves)
	}
	n := len(d.mustCall(d.rita, "GET", rita, nil, http.StatusOK)["messages"].([]any))
	d.mustCall(d.agent, "PATCH", path, box{"severity": "low"}, http.StatusOK)
	d.followed()
	if got := len(d.mustCall(d.rita, "GET", rita, nil, http.StatusOK)["messages"].([]any)); got != n {
		t.Errorf("they were told %d times more", got-n)
	}
	d.publish(d.fixing("25.03", path))
	d.mustCall(d.agent, "PATCH", path, box{"fixed_in": []string{"25.03"}}, http.StatusOK)
	d.followed()
	d.isNow(d.rita, rita, "planned", "25.03", "È uscita la versione 25.03")
	d.isNow(d.stranger, nowhere, "resolved", "25.03", "È uscita la versione 25.03")
}

// TestACorrectionHelpsOnlyItsBranch: nobody on a newer version is told that an older one saves them.
func TestACorrectionHelpsOnlyItsBranch(t *testing.T) {
	t.Parallel()
	d := newReleaseDesk(t) // ateneo has 24.01, altro 25.01
	path := d.knownProblem(box{"affected": []box{{"from": "24.01", "until": "24.01.02"}, {"from": "25.01"}}, "fixed_in": []string{"24.01.02"}})
	rita, elena := d.report(d.rita, "malfunction"), d.report(d.elena, "malfunction")
	d.attach(path, rita)
	d.attach(path, elena)
	d.isNow(d.rita, rita, "planned", "24.01.02", "24.01.02")
	d.isNow(d.elena, elena, "new", "", "Non vedo nulla")
	d.publish(d.fixing("24.01.02", path))
	d.followed()
	d.isNow(d.elena, elena, "new", "", "Non vedo nulla")
	d.mustCall(d.agent, "PATCH", path, box{"fixed_in": []string{"24.01.02", "25.01.05"}}, http.StatusOK)
	d.followed()
	d.isNow(d.elena, elena, "planned", "25.01.05", "25.01.05")
	d.isNow(d.rita, rita, "planned", "24.01.02", "È uscita")
	if status, body := d.putInstallations(d.administrator, "ateneo", `[{"module":"csa","environment":"production","version":"24.01.03"}]`); status != http.StatusOK {
		t.Fatal(status, body)
	}
	d.followed()
	d.isNow(d.rita, rita, "resolved", "24.01.02", "in uso")
	d.isNow(d.elena, elena, "planned", "25.01.05", "prevista")
	d.mustCall(d.agent, "PATCH", path, box{"fixed_in": []string{"24.01.02"}}, http.StatusOK)
	d.followed()
	d.isNow(d.elena, elena, "open", "", "non corregge questa anomalia")
	d.isNow(d.rita, rita, "resolved", "24.01.02", "in uso")
}

// TestWhatWillNeverComeIsWaitedForByNobody: a problem that will not be fixed, one that was none, and a ticket that is no case of it.
func TestWhatWillNeverComeIsWaitedForByNobody(t *testing.T) {
	t.Parallel()
	d := newReleaseDesk(t)
	for name, end := range map[string]func(path, ticket string) string{
		"will not be fixed": func(path, _ string) string {
			d.mustCall(d.agent, "PATCH", path, box{"state": "will-not-be-fixed", "reason": "Il modulo si ritira", "workaround": box{"it": "Usa la stampa"}}, http.StatusOK)
			return "non sarà corretta: Il modulo si ritira.\n\nUsa la stampa"
		},
		"was none": func(path, _ string) string {
			d.mustCall(d.agent, "POST", path+"/withdraw", box{"reason": "Era la stampante"}, http.StatusOK)
			return "non lo è: Era la stampante"
		},
		"taken away": func(path, ticket string) string {
			d.mustCall(d.agent, "DELETE", path+ticket, nil, http.StatusOK)
			return "prevista"
		},
	} {
		path := d.knownProblem(box{"fixed_in": []string{"25.02"}})
		ticket := d.report(d.rita, "malfunction")
		d.attach(path, ticket)
		d.isNow(d.rita, ticket, "planned", "25.02", "prevista")
		words := end(path, ticket)
		d.followed()
		t.Log(name)
		d.isNow(d.rita, ticket, "open", "", words)
	}
}

// TestATicketOfTwoProblemsIsSolvedWithBoth: the first correction alone solves it not.
func TestATicketOfTwoProblemsIsSolvedWithBoth(t *testing.T) {
	t.Parallel()
	d := newReleaseDesk(t)
	first, second := d.knownProblem(nil), d.knownProblem(nil)
	ticket := d.report(d.stranger, "malfunction")
	d.attach(first, ticket)
	d.attach(second, ticket)
	d.publish(d.fixing("25.02", first))
	d.followed()
	d.isNow(d.stranger, ticket, "new", "", "È uscita la versione 25.02")
	d.publish(d.fixing("25.03", second))
	d.followed()
	d.isNow(d.stranger, ticket, "resolved", "25.03", "È uscita la versione 25.03")
}

// TestTheThirdThatComesBackRaisesDoubt tells the owner once.
func TestTheThirdThatComesBackRaisesDoubt(t *testing.T) {
	t.Parallel()
	d := newReleaseDesk(t)
	path := d.knownProblem(nil)
	var tickets []string
	for range 4 {
		tickets = append(tickets, d.report(d.stranger, "malfunction"))
		d.attach(path, tickets[len(tickets)-1])
	}
	d.publish(d.fixing("25.02", path))
	d.followed()
	for i, ticket := range tickets {
		d.mustCall(d.stranger, "POST", ticket+"/messages", box{"body": "Non va ancora"}, http.StatusCreated)
		d.followed()
		is := d.mustCall(d.agent, "GET", path, nil, http.StatusOK)
		if doubt := is["doubtful_at"] != nil; fmt.Sprint(is["concerns"].(box)["back"]) != fmt.Sprint(i+1) || doubt != (i >= 2) {
			t.Errorf("after %d: %v", i+1, is)
		}
		d.isNow(d.stranger, ticket, "open", "25.02", "Non va ancora")
	}
	if is := d.mustCall(d.rita, "GET", path, nil, http.StatusOK); is["doubtful_at"] != nil || is["concerns"].(box)["back"] != nil {
		t.Errorf("a requester reads %v", is)
	}
}

// TestATicketAttachedTwiceIsAttachedOnce: a second click, or a second agent, tells nobody again and counts nothing twice.
func TestATicketAttachedTwiceIsAttachedOnce(t *testing.T) {
	t.Parallel()
	d := newReleaseDesk(t)
	path := d.knownProblem(box{"fixed_in": []string{"25.02"}})
	ticket := d.report(d.rita, "malfunction")
	d.attach(path, ticket)
	d.isNow(d.rita, ticket, "planned", "25.02", "prevista nella versione 25.02")
	before, seen := fmt.Sprint(d.mustCall(d.rita, "GET", ticket, nil, http.StatusOK)), fmt.Sprint(d.mustCall(d.agent, "GET", path, nil, http.StatusOK))
	d.attach(path, ticket)
	d.followed()
	if after := fmt.Sprint(d.mustCall(d.rita, "GET", ticket, nil, http.StatusOK)); after != before {
		t.Errorf("attached twice, the ticket goes from\n%s\nto\n%s", before, after)
	}
	if after := fmt.Sprint(d.mustCall(d.agent, "GET", path, nil, http.StatusOK)); after != seen {
		t.Errorf("attached twice, the problem goes from\n%s\nto\n%s", seen, after)
	}
}
