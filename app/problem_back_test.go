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
	"sportello/app/desk/problem"
	"sportello/store"
	"sportello/store/db"
	"sportello/store/fault"
)

// messageDesk is a desk with a known problem whose cases are told in every way.
type messageDesk struct {
	*releaseDesk
	path   string
	number uint64
	writer policy.Actor
}

func newMessageDesk(t *testing.T) *messageDesk {
	t.Helper()
	d := &messageDesk{releaseDesk: newReleaseDesk(t, func(c *config.Config) { withSending(c) })}
	d.path = d.knownProblem(nil)
	if _, err := fmt.Sscan(numberOf(d.path).(string), &d.number); err != nil {
		t.Fatal(err)
	}
	d.writer = policy.Actor{System: true}
	return d
}

// planned has the errands go to their end, and what they tell planned.
func (d *messageDesk) planned() {
	d.t.Helper()
	d.followed()
	if _, err := d.app.Desk.Notices.Plan(); err != nil {
		d.t.Fatal(err)
	}
}

// write writes to all cases and returns the number of the message.
func (d *messageDesk) write(text store.Words) uint64 {
	d.t.Helper()
	if _, err := d.app.Desk.Problems.Message(d.writer, d.number, text); err != nil {
		d.t.Fatal(err)
	}
	return d.messages()[0].Number
}

func (d *messageDesk) messages() []problem.Message {
	d.t.Helper()
	list, err := d.app.Desk.Problems.Messages(d.writer, d.number)
	if err != nil {
		d.t.Fatal(err)
	}
	return list
}

func (d *messageDesk) takeBack(message uint64) {
	d.t.Helper()
	if _, err := d.app.Desk.Problems.TakeBack(d.writer, d.number, message); err != nil {
		d.t.Fatal(err)
	}
}

// letters returns those to the address that wait and those that were sent.
func (d *messageDesk) letters(address string) (waiting, sent []*store.Letter) {
	d.t.Helper()
	err := d.app.Store.View(func(tx *db.Tx) error {
		waiting, sent = nil, nil
		for l, err := range store.Letters.All(tx, 0, false) {
			switch {
			case err != nil:
				return err
			case l.To != address:
			case l.State == store.LetterQueued:
				waiting = append(waiting, l)
			case l.State == store.LetterSent:
				sent = append(sent, l)
			}
		}
		return nil
	})
	if err != nil {
		d.t.Fatal(err)
	}
	return waiting, sent
}

// send sends what waits for the address, and calls leaves while each letter is under way.
func (d *messageDesk) send(address string, leaves func(*notice.Outgoing)) {
	d.t.Helper()
	waiting, _ := d.letters(address)
	for _, l := range waiting {
		if err := d.app.Desk.Notices.DecideLetter(policy.Actor{System: true}, l.ID, notice.LetterRetry); err != nil {
			d.t.Fatal(err)
		}
	}
	for left := true; left; {
		_, err := d.app.Desk.Notices.SendLetters(context.Background(), func(_ context.Context, o *notice.Outgoing) notice.Sent {
			if o.Letter.To == address && leaves != nil {
				leaves(o)
			}
			return notice.Sent{OK: true}
		})
		if err != nil {
			d.t.Fatal(err)
		}
		waiting, _ = d.letters(address)
		left = len(waiting) > 0
	}
}

// TestAMessageToAllIsTakenBackFromWhoeverHasNotGotIt: it leaves their tickets, the bell and the letters that wait. Who was sent a letter, or read
// it, keeps it, and the page says how many they are.
func TestAMessageToAllIsTakenBackFromWhoeverHasNotGotIt(t *testing.T) {
	t.Parallel()
	d := newMessageDesk(t)
	gina := d.caller(d.add("Gina Rossi", people.Form{Email: "gina@example.it"}))
	unread, other, mailed, read := d.report(d.rita, "malfunction"), d.report(d.rita, "malfunction"), d.report(d.elena, "malfunction"), d.report(gina, "malfunction")
	for _, ticket := range []string{unread, other, mailed, read} {
		d.attach(d.path, ticket)
	}
	ricerca, err := d.app.Desk.People.GroupByCode("ricerca")
	if err != nil {
		t.Fatal(err)
	}
	d.add("Aldo Di Là", people.Form{Email: "aldo@example.it", Groups: []store.Membership{{Group: ricerca.ID}}})
	eve := d.add("Eve English", people.Form{Email: "eve@example.it", Language: "en"})
	d.mustCall(d.caller(eve), "POST", d.path+"/affected", box{}, http.StatusOK)
	d.planned()
	for _, address := range []string{"rita@example.it", "elena@example.it", "gina@example.it", "eve@example.it"} {
		d.send(address, nil) // what was told before has gone, and was read
		if err := d.app.Desk.Notices.ReadAll(policy.Actor{Person: d.person(address)}, 0); err != nil {
			t.Fatal(err)
		}
	}
	before := map[string]string{}
	for _, ticket := range []string{unread, other} {
		before[ticket] = d.thread(d.rita, ticket)
	}

	message := d.write(store.Words{IT: "Non è vero", EN: "It is not true"})
	for name, a := range map[string]policy.Actor{"a requester": {Person: d.person("rita@example.it")}, "an agent of another group": {Person: d.person("aldo@example.it")}, "nobody": {}} {
		if _, err := d.app.Desk.Problems.TakeBack(a, d.number, message); fault.KindOf(err) != fault.Denied && fault.KindOf(err) != fault.NotFound {
			t.Errorf("%s takes it back: %v", name, err)
		}
	}
	if _, err := d.app.Desk.Problems.TakeBack(d.writer, d.number, message+1); fault.KindOf(err) != fault.NotFound {
		t.Errorf("what is no message is taken back: %v", err)
	}
	d.planned()
	d.isNow(d.rita, unread, "new", "", "Non è vero")
	d.send("elena@example.it", nil)
	if err := d.app.Desk.Notices.ReadAll(policy.Actor{Person: d.person("gina@example.it")}, 0); err != nil {
		t.Fatal(err)
	}
	if waiting, _ := d.letters("eve@example.it"); len(waiting) != 1 {
		t.Fatalf("to who has no ticket %d letters wait", len(waiting))
	}

	d.takeBack(message)
	d.planned()
	for ticket, was := range before {
		if now := d.thread(d.rita, ticket); now != was {
			t.Errorf("the ticket is\n%s\nand was\n%s", now, was)
		}
	}
	d.isNow(d.elena, mailed, "new", "", "Non è vero")
	d.isNow(gina, read, "new", "", "Non è vero")
	for _, address := range []string{"rita@example.it", "eve@example.it"} {
		if waiting, _ := d.letters(address); len(waiting) != 0 {
			t.Errorf("%d letters to %s wait", len(waiting), address)
		}
		if _, n, err := d.app.Desk.Notices.List(policy.Actor{Person: d.person(address)}, 50); err != nil || n != 0 {
			t.Errorf("%s has %d unread notices, %v", address, n, err)
		}
	}
	said := d.mustCall(d.agent, "GET", d.path+"/messages", nil, http.StatusOK)["messages"].([]any)
	if m := said[0].(box); len(said) != 1 || fmt.Sprint(m["told"]) != "5" || fmt.Sprint(m["kept"]) != "2" || m["taken_back_at"] == nil || m["going"] != nil {
		t.Errorf("programs read %v", said)
	}
	if m := d.messages()[0]; m.Told != 5 || m.Kept != 2 || m.Going || m.Fresh || m.Back.IsZero() {
		t.Errorf("the message is %+v", m)
	}
	if _, err := d.app.Desk.Problems.TakeBack(d.writer, d.number, message); fault.KindOf(err) != fault.Conflict {
		t.Errorf("a second time: %v", err)
	}
	if v, err := d.app.Desk.Problems.Read(d.writer, d.number); err != nil || !v.Told.IsZero() {
		t.Errorf("they were told at %v, %v", v.Told, err)
	}
	again := d.write(store.Words{IT: "Non è vero", EN: "It is not true"})
	d.planned()
	d.isNow(d.rita, unread, "new", "", "Non è vero")
	one := fmt.Sprintf("%s/messages/%d", d.path, again)
	for _, c := range []caller{d.rita, d.elsewhere} {
		d.mustCall(c, "DELETE", one, nil, http.StatusForbidden)
		d.mustCall(c, "GET", d.path+"/messages", nil, http.StatusForbidden)
	}
	d.mustCall(d.agent, "DELETE", one, nil, http.StatusOK)
	d.mustCall(d.agent, "DELETE", one, nil, http.StatusConflict)
	d.mustCall(d.agent, "DELETE", d.path+"/messages/9999", nil, http.StatusNotFound)
	d.planned()
	d.isNow(d.rita, unread, "new", "", "Non vedo nulla")
}

// TestAMessageThatIsTakenBackOnItsWayReachesNobodyElse: before any case, and while a letter is under way.
func TestAMessageThatIsTakenBackOnItsWayReachesNobodyElse(t *testing.T) {
	t.Parallel()
	d := newMessageDesk(t)
	ticket := d.report(d.rita, "malfunction")
	d.attach(d.path, ticket)
	d.planned()
	d.send("rita@example.it", nil)
	d.takeBack(d.write(store.Words{IT: "Prima"}))
	d.planned()
	d.isNow(d.rita, ticket, "new", "", "Non vedo nulla")

	message := d.write(store.Words{IT: "Durante"})
	d.planned()
	left := 0
	d.send("rita@example.it", func(o *notice.Outgoing) {
		if left++; left == 1 {
			d.takeBack(message)
			d.followed()
		}
	})
	if left != 1 {
		t.Fatalf("%d letters left", left)
	}
	d.isNow(d.rita, ticket, "new", "", "Durante")
	if m := d.messages()[0]; m.Kept != 1 {
		t.Errorf("the message is %+v", m)
	}
}

// thread is what the requester's side reads in the ticket.
func (d *releaseDesk) thread(c caller, ticket string) string {
	d.t.Helper()
	out := d.mustCall(c, "GET", ticket, nil, http.StatusOK)
	return strings.Join([]string{fmt.Sprint(out["state"]), fmt.Sprint(out["messages"]), fmt.Sprint(out["answered_at"])}, "\n")
}
