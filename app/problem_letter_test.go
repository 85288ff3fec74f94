package app_test

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"testing"

	"sportello/app/config"
	"sportello/app/desk/notice"
	"sportello/app/desk/people"
	"sportello/app/desk/policy"
	"sportello/store"
	"sportello/store/db"
	"sportello/store/fault"
)

// lettersOfTickets plans what is to be told and returns the letters about tickets that had not gone yet, by address.
func (d *releaseDesk) lettersOfTickets() map[string][]string {
	d.t.Helper()
	d.followed()
	if _, err := d.app.Desk.Notices.Plan(); err != nil {
		d.t.Fatal(err)
	}
	out, seen := map[string][]string{}, map[uint64]bool{}
	for {
		var waits []uint64
		if err := d.app.Store.View(func(tx *db.Tx) error {
			waits = nil
			for l, err := range store.Letters.All(tx, 0, false) {
				if err != nil {
					return err
				}
				if l.Ticket != 0 && l.State == store.LetterQueued && !seen[l.ID] {
					waits = append(waits, l.ID)
				}
			}
			return nil
		}); err != nil {
			d.t.Fatal(err)
		}
		if len(waits) == 0 {
			return out
		}
		for _, id := range waits {
			if err := d.app.Desk.Notices.DecideLetter(policy.Actor{System: true}, id, notice.LetterRetry); err != nil && fault.KindOf(err) != fault.Conflict {
				d.t.Fatal(err)
			}
		}
		if _, err := d.app.Desk.Notices.SendLetters(context.Background(), func(_ context.Context, o *notice.Outgoing) notice.Sent {
			l, err := d.app.Mail.WriteLetter(o)
			if err != nil {
				d.t.Error(err)
				return notice.Sent{OK: true}
			}
			if o.Letter.Ticket != 0 && !seen[o.Letter.ID] {
				seen[o.Letter.ID] = true
				out[l.To.Address] = append(out[l.To.Address], l.Subject+"\n"+l.Text)
			}
			return notice.Sent{OK: true}
		}); err != nil {
			d.t.Fatal(err)
		}
	}
}

// TestWhoeverHasSeveralTicketsOfAProblemReadsItsNewsOnce: in one letter, in their language, that names each of the tickets; a ticket that
// they may not read any more is named nowhere.
func TestWhoeverHasSeveralTicketsOfAProblemReadsItsNewsOnce(t *testing.T) {
	t.Parallel()
	d := newReleaseDesk(t, func(c *config.Config) { withSending(c) })
	path := d.knownProblem(nil)
	eve := d.caller(d.add("Eve English", people.Form{Email: "eve@example.it", Language: "en"}))
	tickets := map[string][]string{}
	for i := range 3 {
		for address, c := range map[string]caller{"rita@example.it": d.rita, "eve@example.it": eve} {
			language := map[string]string{"rita@example.it": "it", "eve@example.it": "en"}[address]
			out := d.mustCall(c, "POST", "/tickets", box{"subject": fmt.Sprintf("Oggetto %d", i), "body": "Non vedo nulla", "module": "csa", "kind": "malfunction", "language": language}, http.StatusCreated)
			ticket := fmt.Sprintf("/tickets/%v", out["number"])
			tickets[address] = append(tickets[address], ticket)
			d.attach(path, ticket)
		}
	}
	d.lettersOfTickets()
	d.mustCall(d.agent, "PATCH", path, box{"fixed_in": []string{"25.02"}}, http.StatusOK)
	letters := d.lettersOfTickets()
	for address, words := range map[string][]string{"rita@example.it": {"Conosciamo questa anomalia", "prevista nella versione 25.02", "Lo stesso vale"}, "eve@example.it": {"We know this malfunction", "will be corrected in version 25.02", "The same goes"}} {
		got := letters[address]
		if len(got) != 1 {
			t.Errorf("%s gets %d letters: %q", address, len(got), got)
			continue
		}
		for _, want := range append(words, tickets[address][1:]...) {
			if !strings.Contains(got[0], want) {
				t.Errorf("the letter to %s does not say %s:\n%s", address, want, got[0])
			}
		}
		if strings.Count(got[0], words[0]) != 1 {
			t.Errorf("the letter to %s says it more than once:\n%s", address, got[0])
		}
	}
	d.mustCall(d.agent, "POST", path+"/message", box{"it": "Stiamo provando", "en": "We are testing"}, http.StatusOK)
	for address, got := range d.lettersOfTickets() {
		if len(got) != 1 || !strings.Contains(got[0], map[string]string{"rita@example.it": "Stiamo provando", "eve@example.it": "We are testing"}[address]) {
			t.Errorf("%s gets %q", address, got)
		}
	}
}
