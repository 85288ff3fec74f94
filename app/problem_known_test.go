package app_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"

	"sportello/app/desk/people"
	"sportello/app/desk/policy"
	"sportello/store"
)

// knownProblem writes a confirmed known problem of CSA in the agent's name and returns its address.
func (d *releaseDesk) knownProblem(more box) string {
	d.t.Helper()
	in := box{"module": "csa", "title": box{"it": "Il cedolino resta bianco", "en": "The payslip stays blank"}, "state": "confirmed"}
	for k, v := range more {
		in[k] = v
	}
	out := d.mustCall(d.agent, "POST", "/problems", in, http.StatusCreated)
	return fmt.Sprintf("/problems/%v", out["number"])
}

func TestProgramsKeepKnownProblems(t *testing.T) {
	t.Parallel()
	d := newReleaseDesk(t)
	path := d.knownProblem(box{"workaround": box{"it": "Svuota la *cache*"}, "affected": []box{{"from": "23.10", "until": "23.10.03"}, {"from": "24.01", "until": "24.02"}}, "severity": "high",
		"environment": "production", "regression": box{"good": "23.09"}, "supplier": box{"number": "ZIB-77"}})
	is := d.mustCall(d.agent, "GET", path, nil, http.StatusOK)
	for member, want := range map[string]string{"state": "confirmed", "audience": "signed-in", "severity": "high", "environment": "production", "regression": "map[good:23.09]",
		"affected": "[map[from:23.10 until:23.10.03] map[from:24.01 until:24.02]]", "supplier": "map[number:ZIB-77]", "fixed_in": "[]", "workaround": "map[it:Svuota la *cache*]"} {
		if got := fmt.Sprint(is[member]); got != want {
			t.Errorf("%s is %s, want %s", member, got, want)
		}
	}
	seen := d.mustCall(d.requester, "GET", path, nil, http.StatusOK)
	if seen["supplier"] != nil || seen["owner"] != nil {
		t.Errorf("a requester reads %v", seen)
	}
	for version, want := range map[string]string{"23.10.02": "1", "23.10.03": "0", "24.01.00": "1", "24.02": "0"} {
		if got := fmt.Sprint(d.mustCall(d.requester, "GET", "/problems?module=csa&version="+version, nil, http.StatusOK)["total"]); got != want {
			t.Errorf("in version %s %s problems, want %s", version, got, want)
		}
	}
	for name, one := range map[string]struct {
		in     box
		member string
	}{
		"fixed in no version":       {box{"state": "fixed"}, "fixed_in"},
		"given up without a reason": {box{"state": "will-not-be-fixed"}, "reason"},
		"back to suspected":         {box{"state": "suspected"}, "state"},
		"an empty range":            {box{"affected": []box{{"from": "24.02", "until": "24.01"}}}, "affected"},
		"an owner of no group":      {box{"owner": "nessuno@altrove.example"}, "owner"},
		"a supplier's bad address":  {box{"supplier": box{"address": "javascript:alert(1)"}}, "supplier.address"},
	} {
		if got, _ := d.agent.call("PATCH", path, one.in); got.status != http.StatusUnprocessableEntity || !strings.Contains(got.body, `"`+one.member+`"`) {
			t.Errorf("%s: %d %s", name, got.status, got.body)
		}
	}
	d.mustCall(d.agent, "PATCH", path, box{"state": "fixed", "fixed_in": []string{"23.10.03", "24.02"}}, http.StatusOK)
	if got, _ := d.agent.call("PATCH", path, box{"state": "confirmed"}); got.status != http.StatusUnprocessableEntity {
		t.Errorf("back without a reason: %d", got.status)
	}
	back := d.mustCall(d.agent, "PATCH", path, box{"state": "confirmed", "reason": "La correzione non regge"}, http.StatusOK)
	if got, _ := d.agent.call("PATCH", path, box{"rev": is["rev"], "severity": "low"}); got.status != http.StatusConflict {
		t.Errorf("with an old revision: %d", got.status)
	}
	d.mustCall(d.agent, "PATCH", path, box{"rev": back["rev"], "severity": "low"}, http.StatusOK)

	release := d.draft("24.02", box{"all": true})
	d.mustCall(d.agent, "PATCH", release, box{"corrects": []any{is["number"]}}, http.StatusOK)
	d.mustCall(d.agent, "POST", release+"/publish", box{}, http.StatusOK)
	if got := d.mustCall(d.rita, "GET", path, nil, http.StatusOK); fmt.Sprint("/releases/", got["releases"].([]any)[0]) != release {
		t.Errorf("the problem names %v", got["releases"])
	}
	if got := d.mustCall(d.rita, "GET", release, nil, http.StatusOK); fmt.Sprint(got["corrects"]) != fmt.Sprint([]any{is["number"]}) {
		t.Errorf("the release corrects %v", got["corrects"])
	}
	d.mustCall(d.agent, "POST", path+"/withdraw", box{"reason": "Era la stampante"}, http.StatusOK)
	d.mustCall(d.requester, "GET", path, nil, http.StatusNotFound)
	d.mustCall(d.elsewhere, "GET", path, nil, http.StatusNotFound)
	d.mustCall(d.agent, "GET", path, nil, http.StatusOK)
}

func TestTicketsAndPeopleHangOnAKnownProblem(t *testing.T) {
	t.Parallel()
	d := newReleaseDesk(t)
	path := d.knownProblem(nil)
	opened := d.mustCall(d.requester, "POST", "/tickets", box{"subject": "Cedolino bianco", "body": "Non vedo nulla", "module": "csa", "kind": "malfunction"}, http.StatusCreated)
	for range 2 { // twice is once
		d.mustCall(d.agent, "POST", path+"/tickets", box{"number": opened["number"]}, http.StatusOK)
		d.mustCall(d.stranger, "POST", path+"/affected", box{"text": "Anche a me"}, http.StatusOK)
	}
	is := d.mustCall(d.agent, "GET", path, nil, http.StatusOK)
	if got := is["concerns"].(box); fmt.Sprint(got["persons"]) != "2" || fmt.Sprint(got["tickets"]) != "1" {
		t.Errorf("it concerns %v", got)
	}
	if got := d.mustCall(d.stranger, "GET", path, nil, http.StatusOK)["concerns"].(box); got["persons"] != nil || got["tickets"] != nil || got["organisations"] != nil {
		t.Errorf("a requester reads %v", got)
	}
	cases := fmt.Sprint(d.mustCall(d.agent, "GET", path+"/tickets", nil, http.StatusOK)["cases"])
	if !strings.Contains(cases, "Anche a me") || !strings.Contains(cases, fmt.Sprint("ticket:", opened["number"])) {
		t.Errorf("its cases are %s", cases)
	}
	for _, c := range []caller{d.requester, d.stranger} {
		for _, call := range []struct{ method, at string }{{"GET", "/tickets"}, {"POST", "/tickets"}, {"POST", "/withdraw"}, {"PATCH", ""}} {
			if got, _ := c.call(call.method, path+call.at, box{"number": opened["number"], "reason": "x"}); got.status != http.StatusForbidden {
				t.Errorf("a requester: %s %s is %d", call.method, call.at, got.status)
			}
		}
		if got, _ := c.call("POST", path+"/affected", box{"person": "ada@altro.example"}); got.status != http.StatusForbidden {
			t.Errorf("for somebody else: %d", got.status)
		}
	}
	if got, _ := d.agent.call("POST", path+"/tickets", box{"number": 99999}); got.status != http.StatusUnprocessableEntity {
		t.Errorf("a ticket that is not there: %d", got.status)
	}
	hidden := d.knownProblem(box{"audience": "agents"})
	d.mustCall(d.requester, "GET", hidden, nil, http.StatusNotFound)
	d.mustCall(d.requester, "POST", hidden+"/affected", box{}, http.StatusNotFound)
	d.mustCall(d.elsewhere, "GET", hidden, nil, http.StatusOK)
}

// TestConfidentialTicketsCountForNobodyElse makes the group of a ticket confidential after it was attached.
func TestConfidentialTicketsCountForNobodyElse(t *testing.T) {
	t.Parallel()
	d := newReleaseDesk(t)
	group, err := d.app.Desk.People.GroupByCode("ricerca")
	if err != nil {
		t.Fatal(err)
	}
	both := d.caller(d.add("Bruna Entrambi", people.Form{Groups: []store.Membership{{Group: group.ID}}}))
	path := d.knownProblem(nil)
	opened := d.mustCall(d.requester, "POST", "/tickets", box{"subject": "Cedolino bianco", "body": "Lo dice Rita Rossi, rita@ateneo.example, tel. 06 1234567", "module": "csa", "kind": "malfunction"}, http.StatusCreated)
	d.mustCall(d.agent, "PATCH", fmt.Sprintf("/tickets/%v", opened["number"]), box{"group": "ricerca"}, http.StatusOK)
	d.mustCall(both, "POST", path+"/tickets", box{"number": opened["number"]}, http.StatusOK)
	if got := d.mustCall(d.agent, "GET", path, nil, http.StatusOK)["concerns"].(box); fmt.Sprint(got["tickets"]) != "1" {
		t.Fatalf("before: %v", got)
	}
	if _, err := d.app.Desk.People.ChangeGroup(policy.Actor{System: true}, group.ID, group.Rev, people.GroupForm{Code: group.Code, Name: group.Name, Confidential: true}); err != nil {
		t.Fatal(err)
	}
	if got := d.mustCall(d.agent, "GET", path, nil, http.StatusOK)["concerns"].(box); got["tickets"] != nil || got["persons"] != nil || got["organisations"] != nil {
		t.Errorf("another group counts %v", got)
	}
	if got := fmt.Sprint(d.mustCall(d.agent, "GET", path+"/tickets", nil, http.StatusOK)["cases"]); got != "[]" {
		t.Errorf("another group sees %s", got)
	}
}
