package app_test

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"sportello/app/config"
	"sportello/app/desk/notice"
	"sportello/app/desk/people"
	"sportello/app/desk/policy"
	"sportello/store"
	"sportello/store/db"
)

func TestOneMessageGoesToEveryCaseOnce(t *testing.T) {
	t.Parallel()
	d := newReleaseDesk(t)
	path := d.knownProblem(nil)
	italian, closed := d.report(d.rita, "malfunction"), d.report(d.rita, "malfunction")
	out := d.mustCall(d.elena, "POST", "/tickets", box{"subject": "Blank payslip", "body": "I see nothing", "module": "csa", "kind": "malfunction", "language": "en"}, http.StatusCreated)
	english := fmt.Sprintf("/tickets/%v", out["number"])
	for _, ticket := range []string{italian, closed, english} {
		d.attach(path, ticket)
	}
	d.mustCall(d.rita, "PATCH", closed, box{"state": "closed", "outcome": "solved"}, http.StatusOK)
	for _, c := range []caller{d.requester, d.rita, d.elsewhere} {
		if got, _ := c.call("POST", path+"/message", box{"it": "Ciao"}); got.status != http.StatusForbidden {
			t.Errorf("it is %d for somebody who may not", got.status)
		}
	}
	if got, _ := d.agent.call("POST", path+"/message", box{}); got.status != http.StatusUnprocessableEntity {
		t.Errorf("an empty message is %d %s", got.status, got.body)
	}
	words := box{"it": "Ci stiamo *lavorando*", "en": "We work on it"}
	seen := d.mustCall(d.agent, "POST", path+"/message", box{"it": "x", "preview": true}, http.StatusOK)
	if fmt.Sprint(seen) != "map[languages:map[en:1 it:1] persons:2 settled:1 tickets:2]" {
		t.Errorf("the preview is %v", seen)
	}
	d.followed()
	d.isNow(d.rita, italian, "new", "", "Non vedo nulla")
	for range 2 {
		d.mustCall(d.agent, "POST", path+"/message", words, http.StatusOK)
		d.followed()
	}
	d.isNow(d.rita, italian, "new", "", "Ci stiamo *lavorando*")
	d.isNow(d.elena, english, "new", "", "We work on it")
	d.isNow(d.rita, closed, "closed", "", "Non vedo nulla")
	if got := len(d.mustCall(d.rita, "GET", italian, nil, http.StatusOK)["messages"].([]any)); got != 2 {
		t.Errorf("the thread has %d messages", got)
	}
}

func TestTwoProblemsThatAreOneAreMergedAndTakenApart(t *testing.T) {
	t.Parallel()
	d := newReleaseDesk(t)
	one, other := d.knownProblem(nil), d.knownProblem(nil)
	into := d.mustCall(d.agent, "GET", other, nil, http.StatusOK)["number"]
	rita, elena, twice := d.report(d.rita, "malfunction"), d.report(d.elena, "malfunction"), d.report(d.rita, "malfunction")
	d.attach(one, rita)
	d.attach(one, twice)
	d.attach(other, twice)
	d.attach(other, elena)
	d.mustCall(d.stranger, "POST", one+"/affected", box{}, http.StatusOK)
	for _, c := range []caller{d.requester, d.elsewhere} {
		if got, _ := c.call("POST", one+"/merge", box{"into": into}); got.status != http.StatusForbidden {
			t.Errorf("it is %d for somebody who may not", got.status)
		}
	}
	for _, bad := range []any{99999, d.mustCall(d.agent, "GET", one, nil, http.StatusOK)["number"]} {
		if got, _ := d.agent.call("POST", one+"/merge", box{"into": bad}); got.status != http.StatusUnprocessableEntity {
			t.Errorf("into %v it is %d", bad, got.status)
		}
	}
	counts := func(path string) string {
		return fmt.Sprint(d.mustCall(d.agent, "GET", path, nil, http.StatusOK)["concerns"].(box)["tickets"])
	}
	for range 2 { // and back, and again
		d.mustCall(d.agent, "POST", one+"/merge", box{"into": into}, http.StatusOK)
		d.followed()
		if counts(other) != "3" {
			t.Fatalf("merged it has %s tickets", counts(other))
		}
		d.mustCall(d.rita, "GET", one, nil, http.StatusNotFound)
		d.mustCall(d.agent, "DELETE", one+"/merge", nil, http.StatusOK)
		d.followed()
		if counts(one) != "2" || counts(other) != "2" {
			t.Fatalf("apart they have %s and %s tickets", counts(one), counts(other))
		}
	}
	// While an update that corrects the one goes out, it becomes the other: its tickets follow all the same.
	release := d.fixing("25.02", one)
	d.mustCall(d.agent, "POST", one+"/merge", box{"into": into}, http.StatusOK)
	d.publish(release)
	d.followed()
	for c, ticket := range map[*caller]string{&d.rita: rita, &d.elena: elena} {
		d.isNow(*c, ticket, "planned", "25.02", "È uscita la versione 25.02")
	}
	if is := d.mustCall(d.agent, "GET", other, nil, http.StatusOK); is["state"] != "fixed" || fmt.Sprint(is["fixed_in"]) != "[25.02]" || len(is["releases"].([]any)) != 1 {
		t.Errorf("the other one is %v", is)
	}
	if got, _ := d.agent.call("DELETE", one+"/merge", nil); got.status != http.StatusConflict {
		t.Errorf("after they were told, taking apart is %d %s", got.status, got.body)
	}
}

func TestAStopIsShownToWhoeverMaySeeIt(t *testing.T) {
	t.Parallel()
	d := newReleaseDesk(t)
	path := d.knownProblem(nil)
	hidden := d.knownProblem(box{"audience": "agents"})
	if got, _ := d.rita.call("POST", path+"/outage", box{}); got.status != http.StatusForbidden {
		t.Errorf("a requester marks a stop: %d", got.status)
	}
	if got, _ := d.agent.call("POST", path+"/outage", box{"ended": true}); got.status != http.StatusConflict {
		t.Errorf("ending none is %d", got.status)
	}
	now := d.app.Store.Now()
	if got, _ := d.agent.call("POST", path+"/outage", box{"until": now.Add(-time.Hour)}); got.status != http.StatusUnprocessableEntity || !strings.Contains(got.body, `"until"`) {
		t.Errorf("an end before the beginning is %d %s", got.status, got.body)
	}
	d.mustCall(d.agent, "POST", hidden+"/outage", box{}, http.StatusOK)
	is := d.mustCall(d.agent, "POST", path+"/outage", box{"until": now.Add(2 * time.Hour), "news": box{"it": "Il fornitore è avvisato"}}, http.StatusOK)["outage"].(box)
	if is["from"] == nil || is["news_at"] == nil || fmt.Sprint(is["news"]) != "map[it:Il fornitore è avvisato]" {
		t.Errorf("the stop is %v", is)
	}
	planned := d.draft("25.04", box{"all": true})
	d.mustCall(d.agent, "PATCH", planned, box{"stop": box{"from": now.Add(3 * time.Hour), "until": now.Add(4 * time.Hour)}}, http.StatusOK)
	d.publish(planned)
	later := d.draft("25.05", box{"all": true})
	d.mustCall(d.agent, "PATCH", later, box{"stop": box{"from": now.Add(72 * time.Hour), "until": now.Add(73 * time.Hour)}}, http.StatusOK)
	d.publish(later)
	stops := func(a policy.Actor) (problems, releases int) {
		list, err := d.app.Desk.Problems.Stops(a, 0)
		if err != nil {
			t.Fatal(err)
		}
		for _, s := range list {
			if s.Problem != nil {
				problems++
			} else {
				releases++
			}
		}
		return problems, releases
	}
	coordinator := d.person("rita@example.it")
	for name, one := range map[string]struct {
		by       policy.Actor
		problems int
		releases int
	}{"who is not signed in": {policy.Actor{}, 0, 0}, "a coordinator": {policy.Actor{Person: coordinator}, 1, 1}, "the desk": {policy.Actor{System: true}, 2, 1}} {
		if p, r := stops(one.by); p != one.problems || r != one.releases {
			t.Errorf("%s sees %d stops and %d planned ones", name, p, r)
		}
	}
	d.mustCall(d.agent, "PATCH", path, box{"audience": "public"}, http.StatusOK)
	if p, _ := stops(policy.Actor{}); p != 1 {
		t.Errorf("at the door %d stops are shown", p)
	}
	d.mustCall(d.agent, "POST", path+"/outage", box{"ended": true}, http.StatusOK)
	if p, _ := stops(policy.Actor{}); p != 0 {
		t.Errorf("after its end %d stops are shown", p)
	}
}

// TestWhoeverMetAProblemIsToldInTheirLanguage: as if they had opened a ticket; the owner is told of doubts.
func TestWhoeverMetAProblemIsToldInTheirLanguage(t *testing.T) {
	t.Parallel()
	d := newReleaseDesk(t, func(c *config.Config) { withSending(c) })
	path := d.knownProblem(nil)
	hidden := d.knownProblem(box{"audience": "agents"})
	english := d.add("Eve English", people.Form{Email: "eve@example.it", Language: "en"})
	d.mustCall(d.caller(english), "POST", path+"/affected", box{"text": "Me too"}, http.StatusOK)
	d.mustCall(d.agent, "POST", path+"/affected", box{"person": "rita@example.it"}, http.StatusOK)
	d.mustCall(d.elsewhere, "POST", hidden+"/affected", box{}, http.StatusOK)
	told := func() map[string][]string {
		t.Helper()
		d.followed()
		if _, err := d.app.Desk.Notices.Plan(); err != nil {
			t.Fatal(err)
		}
		out := map[string][]string{}
		send := func(_ context.Context, o *notice.Outgoing) notice.Sent {
			l, err := d.app.Mail.WriteLetter(o)
			if err != nil {
				t.Error(err)
				return notice.Sent{OK: true}
			}
			if o.Problem != nil {
				out[l.To.Address] = append(out[l.To.Address], l.Subject+"\n"+l.Text)
			}
			return notice.Sent{OK: true}
		}
		for { // the desk itself tries to send them too, and fails
			if _, err := d.app.Desk.Notices.SendLetters(context.Background(), send); err != nil {
				t.Fatal(err)
			}
			var waits []uint64
			if err := d.app.Store.View(func(tx *db.Tx) error {
				waits = nil
				for l, err := range store.Letters.All(tx, 0, false) {
					if err != nil {
						return err
					}
					if l.Problem != 0 && l.State == store.LetterQueued {
						waits = append(waits, l.ID)
					}
				}
				return nil
			}); err != nil {
				t.Fatal(err)
			}
			if len(waits) == 0 {
				return out
			}
			for _, id := range waits {
				if err := d.app.Desk.Notices.DecideLetter(policy.Actor{System: true}, id, notice.LetterRetry); err != nil {
					t.Fatal(err)
				}
			}
		}
	}
	says := func(letters map[string][]string, address, words string) {
		t.Helper()
		if got := letters[address]; len(got) != 1 || !strings.Contains(got[0], words) {
			t.Errorf("%s reads %q, want one letter that says %q", address, got, words)
		}
	}
	told()
	d.mustCall(d.agent, "PATCH", path, box{"fixed_in": []string{"25.02"}}, http.StatusOK)
	letters := told()
	says(letters, "eve@example.it", "It will be corrected in version 25.02")
	says(letters, "rita@example.it", "La correzione è prevista nella versione 25.02")
	if letters := told(); len(letters) != 0 {
		t.Errorf("they are told again: %v", letters)
	}
	d.mustCall(d.agent, "POST", path+"/message", box{"it": "Stiamo provando", "en": "We are testing"}, http.StatusOK)
	letters = told()
	says(letters, "eve@example.it", "We are testing")
	says(letters, "rita@example.it", "Stiamo provando")
	d.publish(d.fixing("25.02", path))
	letters = told()
	says(letters, "eve@example.it", "is out. Please try")
	says(letters, "rita@example.it", "Quando sarà installata in produzione")
	d.mustCall(d.agent, "POST", path+"/withdraw", box{"reason": "Era la stampante"}, http.StatusOK)
	says(told(), "rita@example.it", "non lo è: Era la stampante")
	d.mustCall(d.agent, "PATCH", hidden, box{"workaround": box{"it": "Riavvia"}}, http.StatusOK)
	told()
}
