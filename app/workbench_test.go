package app_test

import (
	"bytes"
	"fmt"
	"mime/multipart"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"testing"

	"sportello/app/address"
	"sportello/app/desk/people"
	"sportello/app/desk/policy"
	"sportello/app/desk/queue"
	"sportello/app/desk/ticket"
	"sportello/store"
	"sportello/store/act"
	"sportello/store/db"
	"sportello/store/door"
)

// hidden reads what the forms of a ticket page carry: revision and how far its reader has come.
func hidden(t *testing.T, page, name string) string {
	t.Helper()
	m := regexp.MustCompile(`name="` + name + `" value="([^"]*)"`).FindStringSubmatch(page)
	if m == nil {
		t.Fatalf("no %s in the page\n%s", name, page)
	}
	return m[1]
}

// formOf is a form as the page of the ticket would send it.
func (w *world) formOf(b *browser, n uint64, fields ...string) url.Values {
	w.t.Helper()
	page := b.get(address.Ticket(n) + "?from=group").body
	v := url.Values{"rev": {hidden(w.t, page, "rev")}, "seen": {hidden(w.t, page, "seen")}, "from": {"from=group"}}
	for i := 0; i+1 < len(fields); i += 2 {
		v.Set(fields[i], fields[i+1])
	}
	return v
}

func (w *world) row(n uint64) *store.Ticket {
	w.t.Helper()
	v, err := w.app.Desk.Tickets.Read(policy.Actor{Via: door.Command, System: true}, n)
	if err != nil {
		w.t.Fatal(err)
	}
	return v.Ticket
}

// fresh opens a plain ticket of CSA in the requester's name.
func (w *world) fresh(subject string) *store.Ticket {
	w.t.Helper()
	t, err := w.app.Desk.Tickets.Open(w.as("requester"), ticket.Opening{Subject: subject, Body: "Non funziona.", Kind: store.Malfunction, Module: w.module["csa"],
		Severity: store.Medium, Urgency: store.NoDate})
	if err != nil {
		w.t.Fatal(err)
	}
	return t
}

func TestOnlyAgentsAndAdministratorsReachTheQueues(t *testing.T) {
	w := newWorld(t)
	for role, want := range map[string]int{"nobody": 303, "requester": 403, "coordinator": 403, "editor": 403, "agent": 200, "elsewhere": 200, "supervisor": 200, "administrator": 200} {
		for _, view := range append(slices.Clone(queue.Views), "") {
			path := "/desk/" + view
			if view == "" {
				path = "/desk/help"
			}
			if got := w.visitor(role).get(path); got.status != want {
				t.Errorf("%s at %s: %d, want %d", role, path, got.status, want)
			}
		}
	}
	b := w.visitor("agent")
	b.must(b.get("/desk/nothing"), 404)
	if got := b.get("/desk"); got.status != 303 || !strings.HasPrefix(got.header.Get("Location"), "/desk/") {
		t.Errorf("/desk leads to %d %s", got.status, got.header.Get("Location"))
	}
}

func TestActsOnATicketAreRefusedToWhomTheyAreNotFor(t *testing.T) {
	w := newWorld(t)
	n := w.fresh("Stampante").ID
	for _, act := range []string{"step", "take", "assign", "move", "state", "facts", "participants-desk", "links", "spam", "duplicate-undo", "message-move"} {
		path := address.Ticket(n) + "/" + act
		for _, role := range []string{"requester", "participant", "coordinator", "stranger", "editor"} {
			b := w.visitor(role)
			if got := b.post(path, url.Values{"mode": {"note"}, "act": {"note"}, "body": {"Una nota"}, "spam": {"1"}, "group": {"1"}}); got.status != 403 {
				t.Errorf("%s at %s: %d", role, path, got.status)
			}
		}
		if got := w.visitor("elsewhere").post(path, url.Values{"mode": {"reply"}, "act": {"resolve"}, "outcome": {"solved"}, "body": {"Risolta"}, "spam": {"1"},
			"group": {fmt.Sprint(w.group["generale"])}, "to": {"open"}, "assignee": {"0"}, "part": {"subject"}, "subject": {"Altro"}, "link": {"1"}, "message": {"1"}}); got.status < 400 && act != "assign" {
			t.Errorf("agent of another group at %s: %d", path, got.status)
		}
	}
	row := w.row(n)
	if row.State != store.StateNew || row.Subject != "Stampante" || row.IsSpam() || row.Messages != 1 || row.Notes != 0 {
		t.Errorf("the ticket changed: %+v", row)
	}
}

func TestAQueueShowsItsTicketsAndFiltersThem(t *testing.T) {
	w := newWorld(t)
	one, two := w.fresh("Prima del gruppo"), w.fresh("Seconda del gruppo")
	if _, err := w.app.Desk.Tickets.Do(w.as("agent"), two.ID, ticket.Step{Take: true}); err != nil {
		t.Fatal(err)
	}
	b := w.visitor("agent")
	b.must(b.get("/desk/group"), 200, one.Subject, two.Subject, `class="queue"`, `form="bulk"`)
	b.must(b.get("/desk/unassigned"), 200, one.Subject, "!"+two.Subject)
	b.must(b.get("/desk/mine"), 200, two.Subject, "!"+one.Subject)
	b.must(b.get("/desk/group?state=new"), 200, one.Subject, "!"+two.Subject, "Togli i filtri", "state=new")
	b.must(b.get("/desk/group?kind=request&priority=9&state=nonsense&after=zzz"), 200, "Nessuna richiesta con questi filtri")
	b.must(b.get("/desk/spam"), 200, "Niente spam")
	// The page of a ticket leads on through the queue it was opened from.
	page := b.get("/tickets/" + fmt.Sprint(one.ID) + "?from=group&kind=malfunction")
	b.must(page, 200, `id="next"`, "from=group&amp;kind=malfunction", `/desk/group?kind=malfunction`)
}

func TestManyTicketsAreChangedAtOnceAndRefusalsComeBackWithReasons(t *testing.T) {
	w := newWorld(t)
	one, two := w.fresh("Prima"), w.fresh("Seconda")
	b := w.visitor("agent")
	ids := []string{fmt.Sprint(one.ID), fmt.Sprint(two.ID)}
	b.must(b.post("/desk/bulk", url.Values{"act": {"take"}, "back": {"/desk/group"}}), 422, "Scegli almeno una richiesta")
	got := b.post("/desk/bulk", url.Values{"act": {"take"}, "ticket": ids, "back": {"/desk/group?state=new"}})
	b.must(got, 303)
	if to := got.header.Get("Location"); to != "/desk/group?state=new" {
		t.Errorf("leads to %s", to)
	}
	if w.row(one.ID).Assignee != w.people["agent"].ID || w.row(two.ID).State != store.StateOpen {
		t.Error("not taken")
	}
	// Resolving needs a message: both are refused, what was typed stays, both stay ticked.
	got = b.post("/desk/bulk", url.Values{"act": {"state"}, "to": {"resolved"}, "outcome": {"solved"}, "version": {"8.1"}, "ticket": ids, "back": {"/desk/mine"}})
	b.must(got, 422, "Scrivi un messaggio", `value="8.1"`, `value="`+ids[0]+`" form="bulk" aria-label="Scegli #`+ids[0]+`" checked`)
	got = b.post("/desk/bulk", url.Values{"act": {"state"}, "to": {"resolved"}, "outcome": {"solved"}, "body": {"Corretto per tutti."}, "ticket": ids, "back": {"/desk/mine"}})
	b.must(got, 303)
	// One of them cannot be taken any more, one that is not there is not either: the third is.
	three := w.fresh("Terza")
	got = b.post("/desk/bulk", url.Values{"act": {"move"}, "group": {fmt.Sprint(w.group["contabilita"])}, "ticket": {fmt.Sprint(three.ID), "99999"}, "back": {"//evil.example/"}})
	b.must(got, 422, "1 richiesta modificata", "#99999")
	if w.row(three.ID).Group != w.group["contabilita"] {
		t.Error("not moved")
	}
	b.must(b.post("/desk/bulk", url.Values{"act": {"spam"}, "ticket": ids[:1], "back": {"/desk/resolved"}}), 303)
	b.must(b.get("/desk/spam"), 200, "Prima", "Non sono spam")
	b.must(b.post("/desk/bulk", url.Values{"act": {"not-spam"}, "ticket": ids[:1], "back": {"/desk/spam"}}), 303)
	if w.row(one.ID).IsSpam() {
		t.Error("still spam")
	}
}

func TestATicketIsWorkedFromItsPage(t *testing.T) {
	w := newWorld(t)
	n := w.fresh("Cedolino bianco").ID
	b := w.visitor("agent")
	at := address.Ticket(n)
	page := b.get(at + "?from=group")
	b.must(page, 200, "Prendi in carico", "Invia e attendi risposta", "Invia e prendi in carico", "Nota interna", "Scorciatoie da tastiera", `data-live-ticket="`, `data-presence="`+at+`/presence"`)
	send := func(path string, want int, fields ...string) answer {
		t.Helper()
		got := b.post(at+"/"+path, w.formOf(b, n, fields...))
		b.must(got, want)
		return got
	}
	send("take", 303)
	if r := w.row(n); r.State != store.StateOpen || r.Assignee != w.people["agent"].ID {
		t.Fatalf("not taken: %+v", r)
	}
	// What is missing is said beside its field, and what was typed stays.
	got := send("step", 422, "mode", "reply", "act", "resolve", "body", "Ecco la mia risposta lunga")
	b.must(got, 422, "Ecco la mia risposta lunga", "Scegli come si è conclusa", `aria-describedby="outcome-e"`)
	got = send("step", 422, "mode", "reply", "act", "wait", "body", "")
	b.must(got, 422, "Scrivi qualcosa qui")
	send("step", 303, "mode", "reply", "act", "wait", "body", "Quale mese?")
	if r := w.row(n); r.State != store.StateWaiting || r.Messages != 2 {
		t.Fatalf("not waiting: %v", r.State)
	}
	b.must(b.get(at), 200, "In attesa del richiedente", "Quale mese?", "data-draft-clear")
	b.must(b.get(at), 200, "!data-draft-clear")
	send("state", 303, "to", "open")
	send("step", 422, "mode", "reply", "act", "plan", "body", "Sarà corretto.")
	send("step", 303, "mode", "reply", "act", "plan", "body", "Sarà corretto.", "version", "24.3")
	if r := w.row(n); r.State != store.StatePlanned || r.Version != "24.3" {
		t.Fatalf("not planned: %+v", r)
	}
	send("facts", 422, "part", "priority", "severity", "blocking", "urgency", "none")
	send("facts", 303, "part", "priority", "severity", "blocking", "urgency", "none", "reason", "Ferma tutti")
	send("facts", 303, "part", "kind", "kind", "malfunction", "affected", "24.1", "regression", "1", "worked_in", "23.9")
	send("facts", 303, "part", "subject", "subject", "Cedolino di ottobre bianco")
	send("facts", 303, "part", "module", "module", "0")
	send("facts", 422, "part", "nonsense")
	send("step", 303, "mode", "reply", "act", "resolve", "body", "Corretto.", "outcome", "known-problem", "resolve_version", "24.3")
	r := w.row(n)
	if r.State != store.StateResolved || r.Outcome != store.KnownProblem || r.Priority != 2 || !r.Regression || r.WorkedIn != "23.9" || r.Subject != "Cedolino di ottobre bianco" || r.Module != 0 {
		t.Errorf("after all: %+v", r)
	}
	b.must(b.get(at), 200, "Anomalia nota", "Ferma tutti", "Gravità da Media a Bloccante", "Presa in carico da Bruno Galli", "Invia e riapri")
	b.must(w.visitor("requester").get(at), 200, "Ferma tutti", "!Nota interna")
}

func TestANoteIsNeverPublic(t *testing.T) {
	w := newWorld(t)
	n := w.fresh("Riservata").ID
	b := w.visitor("agent")
	at := address.Ticket(n)
	for _, act := range []string{"reply", "wait", "resolve", "plan", "resume"} {
		got := b.post(at+"/step", w.formOf(b, n, "mode", "note", "act", act, "body", "parolasegreta", "outcome", "solved", "version", "1"))
		b.must(got, 422, "parolasegreta", "non si può inviare al richiedente")
	}
	b.must(b.post(at+"/step", w.formOf(b, n, "mode", "reply", "act", "note", "body", "parolasegreta")), 422)
	b.must(b.post(at+"/step", w.formOf(b, n, "mode", "", "act", "reply", "body", "parolasegreta")), 422)
	b.must(b.post(at+"/step", w.formOf(b, n, "mode", "note", "act", "note", "body", "parolasegreta")), 303)
	if r := w.row(n); r.Messages != 1 || r.Notes != 1 || r.State != store.StateNew {
		t.Fatalf("%+v", r)
	}
	b.must(b.get(at), 200, "parolasegreta", "Nota interna")
	w.visitor("requester").must(w.visitor("requester").get(at), 200, "!parolasegreta")
	// An agent of another group may write one, and no reply is offered.
	e := w.visitor("elsewhere")
	e.must(e.get(at), 200, "parolasegreta", "Salva la nota interna", "!Invia e attendi risposta")
	e.must(e.post(at+"/step", w.formOf(e, n, "mode", "note", "act", "note", "body", "Anche da noi")), 303)
	e.must(e.post(at+"/step", w.formOf(e, n, "mode", "reply", "act", "reply", "body", "Il mio testo resta")), 403, "Il mio testo resta")
}

func TestColleaguesMentionedInANoteAreTold(t *testing.T) {
	w := newWorld(t)
	n := w.fresh("Menzioni").ID
	b := w.visitor("agent")
	send := func(body string) []uint64 {
		t.Helper()
		b.must(b.post(address.Ticket(n)+"/step", w.formOf(b, n, "mode", "note", "act", "note", "body", body)), 303)
		v, err := w.app.Desk.Tickets.Read(w.as("agent"), n)
		if err != nil {
			t.Fatal(err)
		}
		return v.Messages[len(v.Messages)-1].Mentions
	}
	supervisor, elsewhere := w.people["supervisor"].ID, w.people["elsewhere"].ID
	for body, want := range map[string][]uint64{
		"@supervisor che ne dici?":                     {supervisor},
		"Vedi @elsewhere@example.it.":                  {elsewhere},
		`Lo sa @"Sara Responsabile", credo`:            {supervisor},
		"scrivi a supervisor@example.it":               nil,
		"@requester non è un operatore, @nessuno meno": nil,
		"@supervisor e @elsewhere, @supervisor":        {supervisor, elsewhere},
	} {
		if got := send(body); !slices.Equal(got, want) {
			t.Errorf("%s: %v, want %v", body, got, want)
		}
	}
	b.must(b.get("/people/pick?q=sar"), 200, `"name":"Sara Responsabile"`, `"handle":"supervisor"`)
	b.must(b.get("/people/pick?q=zzz"), 200, "[]")
	w.visitor("requester").must(w.visitor("requester").get("/people/pick?q=sar"), 403)
}

func TestWhoWroteOnAnOldPageLosesNothingAndSeesWhatChanged(t *testing.T) {
	w := newWorld(t)
	n := w.fresh("Conflitto").ID
	at := address.Ticket(n)
	a, b := w.visitor("agent"), w.visitor("supervisor")
	old := w.formOf(b, n, "mode", "reply", "act", "wait", "body", "Il testo del secondo operatore")
	a.must(a.post(at+"/step", w.formOf(a, n, "mode", "reply", "act", "reply", "body", "Il primo ha risposto")), 303)
	got := b.post(at+"/step", old)
	b.must(got, 409, "La richiesta è cambiata mentre scrivevi", "Il testo del secondo operatore", `id="new-m`, "Il primo ha risposto", "Presa in carico da Bruno Galli")
	if r := w.row(n); r.Messages != 2 || r.State != store.StateOpen {
		t.Fatalf("the stale form did something: %+v", r)
	}
	for _, wrong := range malformed(got.body) {
		t.Error(wrong)
	}
	old.Set("rev", hidden(t, got.body, "rev"))
	b.must(b.post(at+"/step", old), 303)
	if r := w.row(n); r.Messages != 3 || r.State != store.StateWaiting {
		t.Errorf("sending again did not work: %+v", r)
	}
	// The same for the small forms: nothing is done, what was chosen stays chosen.
	stale := w.formOf(b, n, "part", "subject", "subject", "Un oggetto nuovo")
	a.must(a.post(at+"/step", w.formOf(a, n, "mode", "note", "act", "note", "body", "Una nota nel frattempo")), 303)
	got = b.post(at+"/facts", stale)
	b.must(got, 409, `value="Un oggetto nuovo"`, "Una nota nel frattempo")
}

func TestUploadsOutliveAFormThatIsNotRight(t *testing.T) {
	w := newWorld(t)
	n := w.fresh("Allegati").ID
	b := w.visitor("agent")
	at := address.Ticket(n)
	var body bytes.Buffer
	m := multipart.NewWriter(&body)
	for name, v := range w.formOf(b, n, "mode", "reply", "act", "resolve", "body", "Vedi allegato") {
		if err := m.WriteField(name, v[0]); err != nil {
			t.Fatal(err)
		}
	}
	part, err := m.CreateFormFile("files", "passi.txt")
	if err != nil {
		t.Fatal(err)
	}
	fmt.Fprint(part, "uno due tre")
	m.Close()
	got := b.do(http.MethodPost, at+"/step", &body, m.FormDataContentType())
	b.must(got, 422, "passi.txt", "Vedi allegato", `name="kept_file"`)
	again := w.formOf(b, n, "mode", "reply", "act", "resolve", "body", "Vedi allegato", "outcome", "solved", "kept_file", hidden(t, strings.ReplaceAll(got.body, `type="checkbox" name="kept_file"`, `name="kept_file"`), "kept_file"))
	b.must(b.post(at+"/step", again), 303)
	b.must(b.get(at), 200, "passi.txt", "/files/")
}

func TestThePreviewWithoutScriptsSendsNothing(t *testing.T) {
	w := newWorld(t)
	n := w.fresh("Anteprima").ID
	b := w.visitor("agent")
	got := b.post(address.Ticket(n)+"/step", w.formOf(b, n, "mode", "note", "act", "preview", "body", "Un **grassetto** <script>"))
	b.must(got, 200, "<strong>grassetto</strong>", "Un **grassetto**", "!<script>")
	if r := w.row(n); r.Messages != 1 || r.Notes != 0 {
		t.Errorf("the preview wrote: %+v", r)
	}
}

func TestMessagesMoveAndComeBack(t *testing.T) {
	w := newWorld(t)
	one, two := w.fresh("Una").ID, w.fresh("Due").ID
	b := w.visitor("agent")
	b.must(b.post(address.Ticket(one)+"/step", w.formOf(b, one, "mode", "reply", "act", "reply", "body", "Messaggio da spostare")), 303)
	v, err := w.app.Desk.Tickets.Read(w.as("agent"), one)
	if err != nil {
		t.Fatal(err)
	}
	id := fmt.Sprint(v.Messages[len(v.Messages)-1].ID)
	move := func(from uint64, want int, fields ...string) answer {
		t.Helper()
		got := b.post(address.Ticket(from)+"/message-move", w.formOf(b, from, append(fields, "message", id)...))
		b.must(got, want)
		return got
	}
	b.must(move(one, 422, "act", "move", "move_to-"+id, "#99999"), 422, "La richiesta #99999 non c&#39;è", `value="#99999"`)
	move(one, 303, "act", "move", "move_to-"+id, "#"+fmt.Sprint(two))
	b.must(b.get(address.Ticket(two)), 200, "Messaggio da spostare", "spostato da #"+fmt.Sprint(one), "Riporta in #"+fmt.Sprint(one))
	move(two, 303, "act", "back", "origin", fmt.Sprint(one))
	b.must(b.get(address.Ticket(one)), 200, "Messaggio da spostare")
	move(one, 303, "act", "split")
	b.must(b.get(address.Ticket(one)), 200, "!Messaggio da spostare")
}

// TestAnOutcomeAsksOnlyWhatItNeeds: the usual one is chosen, and a version is asked where a correction may have one.
func TestAnOutcomeAsksOnlyWhatItNeeds(t *testing.T) {
	w := newWorld(t)
	b := w.visitor("agent")
	for _, c := range []struct {
		kind    store.TicketKind
		usual   string
		version bool
	}{{store.Malfunction, "solved", true}, {store.Request, "solved", true}, {store.Clarification, "answered", false}, {store.Guidance, "answered", false}, {store.Access, "solved", false}} {
		row, err := w.app.Desk.Tickets.Open(w.as("requester"), ticket.Opening{Subject: "Stampante", Body: "Aiuto.", Kind: c.kind, Module: w.module["csa"], Severity: store.Medium, Urgency: store.NoDate})
		must(t, err)
		page := b.get(address.Ticket(row.ID))
		b.must(page, 200, `name="outcome" value="`+c.usual+`" checked`, "!duplicate_of")
		if got := strings.Contains(page.body, `name="resolve_version"`); got != c.version {
			t.Errorf("%s: a version is asked: %v", c.kind, got)
		}
	}
}

func TestADuplicateIsMergedAndTheMergeUndone(t *testing.T) {
	w := newWorld(t)
	one, two := w.fresh("Originale").ID, w.fresh("Doppione").ID
	b := w.visitor("agent")
	at := address.Ticket(two)
	b.must(b.post(at+"/step", w.formOf(b, two, "mode", "reply", "act", "resolve", "outcome", "duplicate", "body", "Ci lavoriamo già")), 200, "di cui è doppione", "Ci lavoriamo già", "Originale")
	if r := w.row(two); r.State != store.StateNew {
		t.Errorf("resolved before the other ticket was chosen: %+v", r)
	}
	b.must(b.post(at+"/step", w.formOf(b, two, "mode", "reply", "act", "resolve", "outcome", "duplicate", "duplicate_of", "99999", "body", "Ci lavoriamo già")), 422, "La richiesta #99999 non c&#39;è")
	b.must(b.post(at+"/step", w.formOf(b, two, "mode", "reply", "act", "resolve", "outcome", "duplicate", "duplicate_of", fmt.Sprint(one), "body", "Ci lavoriamo già")), 303)
	b.must(b.get(at), 200, "È un doppione", "#"+fmt.Sprint(one), "Non è un doppione")
	b.must(b.post(at+"/duplicate-undo", w.formOf(b, two)), 303)
	if r := w.row(two); r.State != store.StateOpen || r.DuplicateOf != 0 {
		t.Errorf("not undone: %+v", r)
	}
	// Links are made and taken away, and shown both ways.
	b.must(b.post(at+"/links", w.formOf(b, two, "act", "link", "link", "#"+fmt.Sprint(one))), 303)
	b.must(b.get(address.Ticket(one)), 200, "Doppione")
	b.must(b.post(at+"/links", w.formOf(b, two, "act", "unlink", "unlink", fmt.Sprint(one))), 303)
	b.must(b.post(at+"/links", w.formOf(b, two, "act", "link", "link", fmt.Sprint(two))), 422, "È la stessa richiesta")
}

func TestParticipantsAndWishesAreTheAgentsToGrant(t *testing.T) {
	w := newWorld(t)
	n := w.ticket().ID
	b := w.visitor("agent")
	at := address.Ticket(n)
	b.must(b.get(at), 200, "Carlo Collega", "mai.visto@altro.example")
	b.must(b.post(at+"/participants-desk", w.formOf(b, n, "act", "add", "address", "non un indirizzo")), 422, "non un indirizzo", "Non è un indirizzo e-mail")
	b.must(b.post(at+"/participants-desk", w.formOf(b, n, "act", "grant", "wish", "mai.visto@altro.example")), 303)
	b.must(b.post(at+"/participants-desk", w.formOf(b, n, "act", "remove", "person", fmt.Sprint(w.people["participant"].ID))), 303)
	r := w.row(n)
	if len(r.Wishes) != 0 || len(r.Participants) != 1 || r.Participants[0] == w.people["participant"].ID {
		t.Errorf("participants %v, wishes %v", r.Participants, r.Wishes)
	}
}

func TestAnAdministratorGivesAReasonForAConfidentialTicket(t *testing.T) {
	w := newWorld(t)
	n := w.fresh("Riservatissima").ID
	if err := w.app.Store.Update(db.By{Via: door.Command, Act: act.Change}, func(tx *db.Tx) error {
		g, err := store.Groups.Get(tx, w.group["csa"])
		if err != nil {
			return err
		}
		g.Confidential = true
		return store.Groups.Put(tx, g)
	}); err != nil {
		t.Fatal(err)
	}
	b := w.visitor("administrator")
	at := address.Ticket(n)
	b.must(b.get(at), 403, "Perché devi vederla", "!Riservatissima")
	b.must(b.post(at+"/reason", url.Values{"reason": {" "}}), 422, "Perché devi vederla")
	b.must(b.post(at+"/reason", url.Values{"reason": {"Il richiedente non riceve risposte"}}), 303)
	b.must(b.get(at), 200, "Riservatissima", "Il richiedente non riceve risposte")
	w.visitor("elsewhere").must(w.visitor("elsewhere").get(at), 404)
	w.visitor("agent").must(w.visitor("agent").post(at+"/reason", url.Values{"reason": {"x"}}), 403)
}

func TestSavedRepliesAreKeptInBothLanguages(t *testing.T) {
	w := newWorld(t)
	b := w.visitor("agent")
	b.must(b.get("/desk/replies"), 200, "Nessuna risposta pronta")
	b.must(b.post("/desk/replies", url.Values{"title-it": {"Saluti"}}), 422, `value="Saluti"`)
	b.must(b.post("/desk/replies", url.Values{"title-it": {"Saluti"}, "title-en": {"Regards"}, "body-it": {"Cordiali saluti"}, "body-en": {"Kind regards"}}), 303)
	b.must(b.get("/desk/replies"), 200, "Saluti", "IT, EN", "Le mie")
	b.must(b.get("/replies/pick?lang=en&q=reg"), 200, `[{"title":"Regards","body":"Kind regards"}]`)
	b.must(b.get("/replies/pick?lang=it&q=zzz"), 200, "[]")
	all, err := w.app.Desk.Queues.Replies(w.as("agent"))
	if err != nil || len(all) != 1 {
		t.Fatal(all, err)
	}
	at := "/desk/replies/" + fmt.Sprint(all[0].ID)
	page := b.get(at)
	rev := hidden(t, page.body, "rev")
	change := func(text string) answer {
		return b.post(at, url.Values{"rev": {rev}, "title-it": {"Saluti"}, "body-it": {text}})
	}
	b.must(change("Un saluto"), 303)
	b.must(change("Un saluto tardivo"), 409, "Un saluto tardivo", "Il tuo testo è ancora qui")
	other := w.visitor("supervisor")
	other.must(other.get(at), 404)
	other.must(other.post(at+"/remove", nil), 404)
	b.must(b.post(at+"/remove", nil), 303)
	// A group's are changed by its supervisors; its agents read and insert them.
	shared := "/desk/replies/" + w.reply()
	b.must(b.get(shared), 200, "Cordiali saluti", "!data-confirm=")
	b.must(b.post(shared, url.Values{"title-it": {"Saluti"}, "body-it": {"Altro"}}), 403)
	other.must(other.get(shared), 200, "Elimina la risposta")
	w.visitor("elsewhere").must(w.visitor("elsewhere").get(shared), 404)
}

func TestAnAgentsOwnTicketElsewhereIsTheirsAsARequester(t *testing.T) {
	w := newWorld(t)
	own, err := w.app.Desk.Tickets.Open(w.as("agent"), ticket.Opening{Subject: "Mia in contabilità", Body: "Aiuto.", Module: w.module["u-gov/contabilita"]})
	if err != nil {
		t.Fatal(err)
	}
	b := w.visitor("agent")
	b.must(b.get(address.Ticket(own.ID)), 200, "Mia in contabilità", `class="portal"`)
	b.must(b.get(address.Ticket(own.ID)+"?as=agent"), 200, `class="bench"`, "Guarda come richiedente")
}

func TestAnEndedSessionBringsTheTypedTextBack(t *testing.T) {
	w := newWorld(t)
	p := w.add("Ugo Operatore", people.Form{Groups: []store.Membership{{Group: w.group["csa"]}}})
	n := w.fresh("Sessione").ID
	b := w.signedIn(p)
	form := w.formOf(b, n, "mode", "note", "act", "note", "body", "Una nota scritta a lungo")
	b.must(b.post("/sign-out", nil), 303)
	got := b.post(address.Ticket(n)+"/step", form)
	b.must(got, got.status, "Una nota scritta a lungo")
	again := url.Values{"email": {p.Email}, "password": {testPassword}, "next": {address.Ticket(n)}, "from": {address.Ticket(n)}}
	for name, v := range form {
		again["resume."+name] = v
	}
	got = b.post("/sign-in", again)
	b.must(got, 303)
	b.must(b.get(got.header.Get("Location")), 200, "Una nota scritta a lungo", `value="note" id="mode-note" checked`)
	if w.row(n).Notes != 0 {
		t.Error("the note was written")
	}
}
