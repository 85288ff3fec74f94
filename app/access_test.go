package app_test

import (
	"fmt"
	"net/url"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"sportello/app/desk/access"
	"sportello/app/desk/policy"
	"sportello/app/desk/ticket"
	"sportello/store"
	"sportello/store/act"
	"sportello/store/db"
	"sportello/store/door"
	"sportello/store/fault"
)

// accessRequest adds a request for credentials of CSA that waits for somebody, and returns its number.
func (w *world) accessRequest() uint64 {
	w.t.Helper()
	w.now++
	o, err := strconv.ParseUint(w.things["organisation"], 10, 64)
	must(w.t, err)
	r := &store.AccessRequest{Email: fmt.Sprintf("chiede-%d@altrove.example", w.now), Name: "Chiede Credenziali", Named: "Ateneo", Organisation: o, Why: "Lavoro con CSA.",
		Asks: []store.AccessAsk{{Module: w.module["csa"]}}, Confirmed: w.app.Desk.Now()}
	must(w.t, w.app.Store.Update(db.By{Act: act.ConfirmAccess}, func(tx *db.Tx) error { // the small world sends no mail
		p := &store.Person{Email: r.Email, Name: r.Name}
		if err := store.People.Put(tx, p); err != nil {
			return err
		}
		r.Person = p.ID
		return store.AccessRequests.Put(tx, r)
	}))
	return r.ID
}

// accessForm is the form of somebody who asks for credentials.
func accessForm(email string, modules ...string) url.Values {
	return url.Values{"name": {"Dina D'Angelo"}, "email": {email}, "organisation": {"ateneo"}, "unit": {"Personale"}, "position": {"teaching"}, "modules": modules,
		"why": {"Seguo i cedolini."}, "voucher": {"Ugo Garante"}}
}

var ownAccess = regexp.MustCompile(`/access-requests/own/[a-z2-7]+`)

// asked asks for credentials as a stranger, and returns the address of their page.
func (w *world) asked(form url.Values) string {
	w.t.Helper()
	guest := w.browser()
	guest.must(guest.post("/access-requests", form), 303)
	_, text := w.letterText(form.Get("email"))
	own := ownAccess.FindString(text)
	if own == "" {
		w.t.Fatalf("no link in the letter: %s", text)
	}
	return own
}

// confirmed is asked, with the address confirmed; it returns the number too.
func (w *world) confirmed(form url.Values) (own string, r *store.AccessRequest) {
	w.t.Helper()
	own = w.asked(form)
	guest := w.browser()
	guest.must(guest.post(own+"/confirm", nil), 303)
	must(w.t, w.app.Store.View(func(tx *db.Tx) error {
		for row, err := range store.AccessRequests.All(tx, 0, false) {
			if err != nil {
				return err
			}
			if row.Email == form.Get("email") {
				r = row
			}
		}
		return nil
	}))
	return own, r
}

// bothered returns how many letters and notices there are to others than the address, and how many tickets.
func (w *world) bothered(address string) (letters, notices, tickets int) {
	w.t.Helper()
	_, err := w.app.Desk.Notices.Plan()
	must(w.t, err)
	must(w.t, w.app.Store.View(func(tx *db.Tx) error {
		letters, notices, tickets = 0, 0, 0
		for l, err := range store.Letters.All(tx, 0, false) {
			if err != nil {
				return err
			}
			if l.To != address {
				letters++
			}
		}
		for range store.Notices.All(tx, 0, false) {
			notices++
		}
		for range store.Tickets.All(tx, 0, false) {
			tickets++
		}
		return nil
	}))
	return letters, notices, tickets
}

func TestNobodyIsBotheredBeforeTheAddressIsConfirmed(t *testing.T) {
	w := sendingWorld(t)
	const email = "dina@nuova.example"
	letters, notices, tickets := w.bothered(email)
	guest := w.browser()
	guest.must(guest.get("/sign-in"), 200, `href="/access-requests/new"`)
	guest.must(guest.get("/modules/csa"), 200, `href="/access-requests/new?module=csa"`)
	guest.must(guest.get("/access-requests/new?module=csa"), 200, `value="csa" checked`, "Chi legge questi dati", "7 giorni", "12 mesi", "!ESSE3")
	guest.must(guest.post("/access-requests", url.Values{"email": {"x"}}), 422, `id="email-e"`, `id="name-e"`, `id="organisation-e"`, `id="modules-e"`, `id="why-e"`)
	own := w.asked(accessForm(email, "csa"))
	if l, n, k := w.bothered(email); l != letters || n != notices || k != tickets {
		t.Errorf("before the address is confirmed somebody is bothered: %d letters, %d notices, %d tickets more", l-letters, n-notices, k-tickets)
	}
	before := w.app.Store.Last()
	guest.must(guest.get(own), 200, "Dina D&#39;Angelo", "Seguo i cedolini.", "Ugo Garante", "Confermo", "Ateneo")
	if w.didSince(before) {
		t.Error("looking at the page of the link changed something")
	}
	agent, coordinator := w.visitor("agent"), w.visitor("coordinator")
	agent.must(agent.get("/access-requests"), 200, "Nessuna richiesta", "!Dina")
	guest.must(guest.post(own+"/confirm", nil), 303)
	guest.must(guest.post(own+"/confirm", nil), 303) // again it changes nothing
	agent.must(agent.get("/access-requests"), 200, "Dina D&#39;Angelo", "in attesa")
	at := "/organisations/" + w.code(w.things["organisation"]) + "/people"
	coordinator.must(coordinator.get(at), 200, "1 richiesta di credenziali da decidere")
	if subject, text := w.letterText("coordinator@example.it"); !strings.Contains(subject, "Dina D'Angelo, Ateneo") || !strings.Contains(text, "/access-requests/") || strings.Contains(text, "/own/") {
		t.Errorf("the letter to the coordinator: %s\n%s", subject, text)
	}
	if _, _, k := w.bothered(email); k != tickets+1 {
		t.Errorf("%d tickets, wanted one more than %d", k, tickets)
	}
}

// TestALetterToAnUnconfirmedAddressHoldsNothingThatWasTyped looks for what a stranger may want the desk to say in its name.
func TestALetterToAnUnconfirmedAddressHoldsNothingThatWasTyped(t *testing.T) {
	w := sendingWorld(t)
	form := accessForm("vittima@nuova.example", "csa")
	for _, field := range []string{"name", "organisation", "unit", "why", "voucher"} {
		form.Set(field, "compra-subito.example")
	}
	guest := w.browser()
	guest.must(guest.post("/access-requests", form), 303)
	subject, text := w.letterText("vittima@nuova.example")
	if text == "" || strings.Contains(subject+text, "compra-subito") {
		t.Errorf("the letter: %s\n%s", subject, text)
	}
}

// TestAStrangerNeverLearnsWhoHasAnAccount asks for an address that signs in here, and one that nobody has.
func TestAStrangerNeverLearnsWhoHasAnAccount(t *testing.T) {
	w := sendingWorld(t)
	w.password("requester")
	var answers []string
	for _, c := range []struct {
		email string
		known bool
	}{{"requester@example.it", true}, {"nessuno@example.it", false}} {
		guest := w.browser()
		got := guest.post("/access-requests", accessForm(c.email, "csa"))
		answers = append(answers, fmt.Sprint(got.status, got.header.Get("Location"), len(got.header.Values("Set-Cookie")), got.body))
		subject, text := w.letterText(c.email)
		if strings.Contains(subject, "Hai già le credenziali") != c.known || strings.Contains(text, "/sign-in?next=") != c.known || ownAccess.MatchString(text) == c.known {
			t.Errorf("the letter to %s: %s\n%s", c.email, subject, text)
		}
	}
	if answers[0] != answers[1] || !strings.HasPrefix(answers[0], "303") {
		t.Errorf("the answers differ:\n%s\n%s", answers[0], answers[1])
	}
}

func TestFromAskingToTheFirstSignIn(t *testing.T) {
	w := sendingWorld(t)
	const email = "dina@nuova.example"
	own, r := w.confirmed(accessForm(email, "csa", "u-gov/contabilita"))
	guest, agent, elsewhere, coordinator := w.browser(), w.visitor("agent"), w.visitor("elsewhere"), w.visitor("coordinator")
	at := fmt.Sprintf("/access-requests/%d", r.ID)
	if len(r.Asks) != 2 || r.Asks[0].Ticket == r.Asks[1].Ticket || r.Asks[0].Ticket == 0 || r.Asks[1].Ticket == 0 {
		t.Fatalf("a ticket for each group: %+v", r.Asks)
	}
	agent.must(agent.get(at), 200, "Dina D&#39;Angelo", "Basta il referente oppure il gruppo", `value="approve"`)
	agent.must(agent.post(at+"/decision", url.Values{"module": {"u-gov/contabilita"}, "do": {"approve"}}), 403)
	if _, err := w.app.Desk.Tickets.Do(w.as("agent"), r.Asks[0].Ticket, ticket.Step{Message: &ticket.Text{Body: "Fatto"}, To: store.StateResolved, Outcome: store.Solved}); fault.KindOf(err) != fault.Conflict {
		t.Errorf("the ticket is resolved before the request is decided: %v", err)
	}
	elsewhere.must(elsewhere.post(at+"/decision", url.Values{"module": {"u-gov/contabilita"}, "do": {"refuse"}}), 422, `id="reason-e"`)
	elsewhere.must(elsewhere.post(at+"/decision", url.Values{"module": {"u-gov/contabilita"}, "do": {"refuse"}, "reason": {"Non serve per i cedolini."}}), 303)
	if subject, text := w.letterText(email); !strings.Contains(subject, "Ateneo") || !strings.Contains(text, "non concesse. Non serve per i cedolini.") || !strings.Contains(text, own) {
		t.Errorf("the letter of the refusal: %s\n%s", subject, text)
	}

	coordinator.must(coordinator.post(at+"/decision", url.Values{"module": {"csa"}, "do": {"ask"}, "reason": {"In quale ufficio lavori?"}}), 303)
	if _, text := w.letterText(email); !strings.Contains(text, "In quale ufficio lavori?") || !strings.Contains(text, own) || strings.Contains(text, "/r/") {
		t.Errorf("the letter of the question:\n%s", text)
	}
	guest.must(guest.get(own), 200, "In quale ufficio lavori?", "attende una risposta", "non concesse", "Non serve per i cedolini.")
	guest.must(guest.post(own+"/answer", nil), 422, `id="body-e"`)
	before := w.app.Store.Last()
	guest.must(guest.post(own+"/answer", url.Values{"body": {"All'ufficio stipendi."}}), 303)
	must(t, w.app.Store.View(func(tx *db.Tx) error {
		for c, err := range tx.Changes(before) {
			if err != nil {
				return err
			}
			if c.Act == act.Message && c.By != r.Person {
				t.Errorf("the answer is by %d, whoever asked is %d: they would be told of their own words", c.By, r.Person)
			}
		}
		return nil
	}))
	coordinator.must(coordinator.get(at), 200, "All&#39;ufficio stipendi.")
	agent.must(agent.get(at), 200, "All&#39;ufficio stipendi.")

	coordinator.must(coordinator.post(at+"/decision", url.Values{"module": {"csa"}, "do": {"approve"}, "coordinator": {"1"}}), 403)
	coordinator.must(coordinator.post(at+"/decision", url.Values{"module": {"csa"}, "do": {"approve"}, "until": {"2001-01-01"}}), 422, `id="until-e"`)
	guest.must(guest.post(own+"/renew", nil), 409)
	agent.must(agent.post(at+"/decision", url.Values{"module": {"csa"}, "do": {"approve"}, "unit": {w.things["unit"]}, "position": {"teaching"}, "until": {"2099-12-31"}}), 303)
	agent.must(agent.post(at+"/decision", url.Values{"module": {"csa"}, "do": {"approve"}}), 409)
	_, text := w.letterText(email)
	link := regexp.MustCompile(`/password/[\w-]+`).FindString(text)
	if link == "" || !strings.Contains(text, "concesse fino al 31 dicembre 2099") || !strings.Contains(text, own) {
		t.Fatalf("the letter of the approval:\n%s", text)
	}
	guest.must(guest.post(own+"/renew", nil), 429)
	guest.must(guest.post(link, url.Values{"password": {goodPassword}, "password_again": {goodPassword}}), 303)
	guest.must(guest.post(link, url.Values{"password": {goodPassword}, "password_again": {goodPassword}}), 404)
	guest.must(guest.post("/sign-in", url.Values{"email": {email}, "password": {goodPassword}}), 303)
	guest.must(guest.get(own), 200, "concesse", "!Mandami un altro")
	must(t, w.app.Store.View(func(tx *db.Tx) error {
		p, err := store.PeopleByEmail.First(tx, email)
		must(t, err)
		if len(p.Affiliations) != 1 || p.Affiliations[0].Source != store.FromRequest || p.Affiliations[0].Position != "teaching" || fmt.Sprint(p.Affiliations[0].Unit) != w.things["unit"] || p.Affiliations[0].Coordinator {
			t.Errorf("the affiliation %+v", p.Affiliations)
		}
		for i, want := range []store.Outcome{store.Solved, store.Refused} {
			k, err := store.Tickets.Get(tx, r.Asks[i].Ticket)
			must(t, err)
			if k.State != store.StateClosed || k.Outcome != want || k.Kind != store.Access {
				t.Errorf("the ticket of module %d: %v %v", i, k.State, k.Outcome)
			}
		}
		return nil
	}))
}

// TestARequestThatIsNotSeenIsNotThere asks as those who have nothing to do with a request. That the page for it is, byte for
// byte, the one for a number that nobody has is looked at for every route in one test.
func TestARequestThatIsNotSeenIsNotThere(t *testing.T) {
	w := sendingWorld(t)
	_, r := w.confirmed(accessForm("dina@nuova.example", "csa"))
	w.sendElsewhere("coordinator")
	must(t, w.app.Store.Update(db.By{Via: door.Command}, func(tx *db.Tx) error { // of another organisation now
		p, err := store.People.Get(tx, w.people["coordinator"].ID)
		must(t, err)
		p.Affiliations[0].Coordinator = true
		return store.People.Put(tx, p)
	}))
	for _, role := range []string{"requester", "coordinator", "elsewhere", "editor", "stranger"} {
		b := w.visitor(role)
		b.must(b.get(fmt.Sprintf("/access-requests/%d", r.ID)), 404)
		for _, act := range []string{"decision", "organisation"} {
			b.must(b.post(fmt.Sprintf("/access-requests/%d/%s", r.ID, act), url.Values{"module": {"csa"}, "do": {"approve"}, "organisation": {"1"}}), 404)
		}
	}
	guest := w.browser()
	guest.must(guest.get("/access-requests/own/"+w.app.Desk.Access.Token(987654)), 404, "non c&#39;è più")
	guest.must(guest.get("/access-requests/own/abc"), 404)
}

// TestNamesOfAllKindsAsk asks under names that have broken other programs: each is kept as it is or refused beside its field, and
// none reaches a header.
func TestNamesOfAllKindsAsk(t *testing.T) {
	w := sendingWorld(t)
	for i, c := range []struct {
		name string
		want string // as kept; empty: refused
	}{
		{"D'Angelo", "D'Angelo"}, {"王", "王"}, {strings.Repeat("à", 200), strings.Repeat("à", 200)}, {strings.Repeat("à", 201), ""}, {"", ""}, {"\u0001\u0002", ""},
		{"Ada\r\nBcc: altri@altrove.example", "Ada Bcc: altri@altrove.example"}, {"<b>Ada</b>", "<b>Ada</b>"},
	} {
		email := fmt.Sprintf("nome-%d@nuova.example", i)
		form := accessForm(email, "csa")
		form.Set("name", c.name)
		guest := w.browser()
		if c.want == "" {
			guest.must(guest.post("/access-requests", form), 422, `id="name-e"`)
			continue
		}
		_, r := w.confirmed(form)
		if r.Name != c.want {
			t.Errorf("%q is kept as %q", c.name, r.Name)
		}
		subject, _ := w.letterText("coordinator@example.it")
		if i < 5 && !strings.Contains(subject, c.want) || strings.ContainsAny(subject, "\r\n") {
			t.Errorf("the subject for %q: %q", c.name, subject)
		}
	}
}

// TestFiftyStrangersAtOnceAreFolded has many ask within the hour: a few are told of, the others stand in one line.
func TestFiftyStrangersAtOnceAreFolded(t *testing.T) {
	w := sendingWorld(t)
	_, notices, tickets := w.bothered("")
	for i := range 50 {
		form := access.Form{Name: fmt.Sprintf("Stranger %d", i), Email: fmt.Sprintf("s%d@nuova.example", i), Organisation: "Ateneo", Modules: []string{"csa"}, Why: "Serve."}
		_, err := w.app.Desk.Access.Ask(policy.Actor{Via: door.Page}, form, fmt.Sprintf("192.0.2.%d", i))
		must(t, err)
		_, err = w.app.Desk.Access.Confirm(w.app.Desk.Access.Token(uint64(i + 1)))
		must(t, err)
	}
	_, n, k := w.bothered("")
	if k-tickets > 5 || n-notices > 5*3 { // the group's two, and the coordinator
		t.Errorf("%d tickets and %d notices for 50 strangers", k-tickets, n-notices)
	}
	agent, elsewhere := w.visitor("agent"), w.visitor("elsewhere")
	elsewhere.must(elsewhere.get("/desk/group"), 200, "!Altre richieste di credenziali")
	side := regexp.MustCompile(`Altre richieste di credenziali</span>\s*<span class="?count"?>(\d+)`)
	if m := side.FindStringSubmatch(agent.get("/desk/group").body); m == nil || m[1] != "45" {
		t.Errorf("beside the queue of the group: %q", m)
	}
	agent.must(agent.get("/access-requests"), 200, "Altre 45 richieste", "Stranger 49")
	agent.must(agent.post("/access-requests/50/decision", url.Values{"module": {"csa"}, "do": {"approve"}}), 303)
	agent.must(agent.get("/access-requests"), 200, "Altre 44 richieste")
	agent.must(agent.post("/access-requests/49/decision", url.Values{"module": {"csa"}, "do": {"ask"}, "reason": {"Chi sei?"}}), 303)
	if _, _, now := w.bothered(""); now != k+1 {
		t.Errorf("asking back opens %d tickets, wanted one", now-k)
	}
}
