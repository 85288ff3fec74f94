package app_test

import (
	"fmt"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"

	"sportello/app/address"
	"sportello/app/desk/catalogue"
	"sportello/app/desk/people"
	"sportello/app/desk/queue"
	"sportello/app/desk/ticket"
	webticket "sportello/app/web/ticket"
	"sportello/store"
	"sportello/store/act"
	"sportello/store/db"
	"sportello/store/door"
)

// asked is a form that opens a ticket, with the values put over it.
func asked(over ...string) url.Values {
	v := url.Values{"module": {"csa"}, "kind": {"malfunction"}, "subject": {"Il cedolino è vuoto"}, "body": {"La pagina resta bianca."}, "severity": {"high"},
		"urgency": {"none"}, "act": {"open"}}
	for i := 0; i+1 < len(over); i += 2 {
		if v.Set(over[i], over[i+1]); over[i+1] == "" {
			v.Del(over[i])
		}
	}
	return v
}

// opened returns the number of the ticket the answer leads to.
func (w *world) opened(a answer) uint64 {
	w.t.Helper()
	var n uint64
	if _, err := fmt.Sscanf(a.header.Get("Location"), "/tickets/%d", &n); a.status != 303 || err != nil {
		w.t.Fatalf("no ticket was opened: %d %s\n%s", a.status, a.header.Get("Location"), a.body)
	}
	return n
}

func (w *world) view(role string, n uint64) *ticket.View {
	w.t.Helper()
	v, err := w.app.Desk.Tickets.Read(w.as(role), n)
	if err != nil {
		w.t.Fatal(err)
	}
	return v
}

func (w *world) do(role string, n uint64, s ticket.Step) *store.Ticket {
	w.t.Helper()
	done, err := w.app.Desk.Tickets.Do(w.as(role), n, s)
	if err != nil {
		w.t.Fatalf("%s: %v", role, err)
	}
	return done.Ticket
}

// age changes the row of a ticket behind the desk's back, to let time pass.
func (w *world) age(n uint64, change func(*store.Ticket)) {
	w.t.Helper()
	err := w.app.Store.Update(db.By{Via: door.Command, Act: act.Change}, func(tx *db.Tx) error {
		t, err := store.Tickets.Get(tx, n)
		if err != nil {
			return err
		}
		change(t)
		return store.Tickets.Put(tx, t)
	})
	if err != nil {
		w.t.Fatal(err)
	}
}

func TestStrangersFindTheGuideAndTheWayInButNoTicket(t *testing.T) {
	w := newWorld(t)
	b := w.browser()
	b.must(b.get("/"), 200, `action="/search"`, "/sign-in", "Stampare il cedolino", "U-GOV", "ESSE3", "!Le tue richieste <span", "!Bozza riservata")
	b.must(b.get("/modules/csa"), 200, "Stampare il cedolino", "/tickets/new?module=csa")
	b.must(b.get("/modules/esse3"), 200, "ESSE3 ha uno sportello proprio", "Chiedi al gruppo")
	b.must(b.get("/modules/no/such"), 404)
	b.must(b.get("/modules/%2e%2e/x"), 404)
	for _, path := range []string{"/tickets", "/tickets/new", "/look-alike?q=cedolino", "/notices"} {
		b.must(b.get(path), 303)
	}
	for _, path := range []string{"/privacy", "/accessibility", "/contacts"} {
		b.must(b.get(path), 200)
	}
	b.must(b.post("/tickets/new", asked()), 401, "La pagina resta bianca.")
}

func TestWhatSomebodyElseAskedIsNotThere(t *testing.T) {
	w := newWorld(t)
	n := w.ticket().ID
	at := address.Ticket(n)
	b := w.visitor("stranger")
	for _, act := range []string{"message", "confirm", "reopen", "settle", "correct", "participants"} {
		b.must(b.post(at+"/"+act, url.Values{"body": {"Un testo qualunque, per provare."}, "outcome": {"solved"}, "subject": {"X"}, "module": {"csa"}}), 404, "!cedolino di ottobre")
	}
	b.must(b.get("/tickets?of=organisation"), 404)
	b.must(b.get("/tickets"), 200, "!cedolino di ottobre", "Nessuna richiesta, per ora")
	b.must(b.get("/tickets/new?for="+itoa(w.people["requester"].ID)), 200, "!requester@example.it")
	b.must(b.post("/tickets/new", asked("requester", "requester@example.it")), 422)
	if got := b.get("/look-alike?q=cedolino di ottobre"); strings.Contains(got.body, "di ottobre") {
		t.Errorf("somebody else's ticket looks alike: %s", got.body)
	}

	p := w.visitor("participant")
	p.must(p.get(at), 200, "cedolino di ottobre", "!Conferma la soluzione", "!Ho risolto", "!Aggiungi un collega", "!parolasegreta", "!mai.visto@altro.example")
	p.must(p.post(at+"/settle", url.Values{"outcome": {"solved"}}), 403)
	p.must(p.post(at+"/participants", url.Values{"participants": {"altra@example.it"}}), 403)
	p.must(p.post(at+"/correct", asked("subject", "Un altro oggetto")), 403)
	w.do("agent", n, ticket.Step{Message: &ticket.Text{Body: "Fatto."}, To: store.StateResolved, Outcome: store.Solved})
	p.must(p.post(at+"/confirm", url.Values{}), 403)
	if v := w.view("requester", n); v.Ticket.State != store.StateResolved || len(v.Ticket.Participants) != 1 {
		t.Errorf("a participant changed %+v", v.Ticket)
	}
}

func TestARequesterOpensATicketInOnePage(t *testing.T) {
	w := newWorld(t)
	b := w.visitor("requester")
	b.must(b.get("/tickets/new?module=u-gov/contabilita&kind=malfunction&subject=Chiusura"), 200, `value="Chiusura"`, "Esercizio", `name="answer-fase"`, "24.03.00",
		"<b>Contabilità</b>", `value="malfunction" checked`, "Un solo argomento per richiesta", "!A nome di")
	form := asked("module", "u-gov/contabilita", "body", "Si ferma.", "doing", "Premo Ribalta.", "example", "Documento 12", "affected", "24.02.00",
		"regression", "1", "worked_in", "24.01.00", "answer-esercizio", "2026", "urgency", "week", "deadline", time.Now().AddDate(0, 0, 3).Format(time.DateOnly),
		"participants", "participant@example.it, qualcuno@altrove.example")
	n := w.opened(b.upload("/tickets/new", "files", "schermata.png", picture(), form))
	v := w.view("requester", n)
	body := v.Messages[0].Body
	for _, want := range []string{"Che cosa stavo facendo:\nPremo Ribalta.", "Si ferma.\n", "Un esempio:\nDocumento 12"} {
		if !strings.Contains(body, want) {
			t.Errorf("the text lacks %q:\n%s", want, body)
		}
	}
	k := v.Ticket
	if k.Group != w.group["contabilita"] || k.Affected != "24.02.00" || !k.Regression || k.WorkedIn != "24.01.00" || k.Answers["esercizio"] != "2026" || k.Deadline.IsZero() ||
		len(k.Participants) != 1 || len(k.Wishes) != 1 || len(v.Files[v.Messages[0].ID]) != 1 || k.Language != "it" {
		t.Errorf("opened as %+v", k)
	}
	b.must(b.get(address.Ticket(n)), 200, "Ricevuta dal gruppo Contabilità oggi", "schermata.png", "In attesa di un operatore", "qualcuno@altrove.example", "Correggi la richiesta", "La richiesta è aperta")
	b.must(b.get("/tickets"), 200, "Il cedolino è vuoto")
	b.must(b.get("/"), 200, "Il cedolino è vuoto", "aperte)")
}

func TestTheFormComesBackWholeWithWhatIsWrong(t *testing.T) {
	w := newWorld(t)
	b := w.visitor("requester")
	long := "Riga con <b>segni</b> & accenti àèì\n" + strings.Repeat("altra riga\n", 2000)
	form := asked("module", "", "subject", "", "kind", "", "body", long, "expected", "Che si aprisse", "urgency", "week", "participants", "non un indirizzo", "severity", "blocking")
	got := b.upload("/tickets/new", "files", "../../segreto.svg", []byte("<svg onload=alert(1)>"), form)
	b.must(got, 422, "Scegli l&#39;applicazione", "Scrivi in poche parole", "Indica la data", "non è un indirizzo e-mail", "&lt;b&gt;segni&lt;/b&gt; &amp; accenti àèì", "Che si aprisse",
		`value="blocking" checked`, `value="week" checked`, "segreto.svg", `name="kept_file"`, "!<svg onload")
	if n := strings.Count(got.body, "altra riga"); n != 2000 {
		t.Errorf("%d of 2000 lines came back", n)
	}
	kept := regexp.MustCompile(`name="kept_file" value="(\d+)"`).FindStringSubmatch(got.body)
	if kept == nil {
		t.Fatal("the file was not kept")
	}
	form = asked("kept_file", kept[1], "urgency", "today", "deadline", time.Now().AddDate(0, 0, -2).Format(time.DateOnly))
	b.must(b.post("/tickets/new", form), 422, "La data è già passata", "segreto.svg")
	n := w.opened(b.post("/tickets/new", asked("kept_file", kept[1])))
	if v := w.view("requester", n); len(v.Files[v.Messages[0].ID]) != 1 {
		t.Error("the kept file did not come with the ticket")
	}
	b.must(b.post("/tickets/new", asked("body", "a\x00b")), 422, "non sono testo")
	b.must(b.post("/tickets/new", asked("subject", strings.Repeat("x", 300))), 422, "troppo lungo")
	b.must(b.post("/tickets/new", asked("kind", "nonsense", "severity", "nonsense")), 422, "Scegli una delle voci")
	b.must(b.post("/tickets/new", asked("module", "no/such")), 422, "Questo modulo non c")
	b.must(b.post("/tickets/new", asked("module", "u-gov/contabilita", "answer-fase", "Inventata", "answer-esercizio", "duemila")), 422, "Scegli una delle voci", "Scrivi un numero", `value="duemila"`)
}

func TestChoosingAModuleKeepsEverythingTyped(t *testing.T) {
	w := newWorld(t)
	b := w.visitor("requester")
	form := asked("act", "choose", "module", "u-gov/contabilita", "subject", "Chiusura bloccata", "body", "Testo scritto", "since", "ieri", "deadline", "2031-01-02", "urgency", "week")
	got := b.upload("/tickets/new", "files", "prova.txt", []byte("prova"), form)
	b.must(got, 200, "Chiusura bloccata", "Testo scritto", `value="ieri"`, `value="2031-01-02"`, `value="week" checked`, "prova.txt", `name="answer-fase"`, "data-focus")
	form.Set("answer-fase", "IVA")
	form.Set("module", "csa")
	b.must(b.post("/tickets/new", form), 200, `<textarea name="answer-fase" hidden`)
	n := len(w.own("requester"))
	if n != 1 {
		t.Errorf("%d tickets are there, choosing opens none", n)
	}
}

func (w *world) own(role string) []*store.Ticket {
	w.t.Helper()
	page, err := w.app.Desk.Queues.SideTickets(w.as(role), queue.SideQuery{})
	if err != nil {
		w.t.Fatal(err)
	}
	return page.Tickets
}

func TestAModuleServedElsewhereLeadsThereAndKeepsTheText(t *testing.T) {
	w := newWorld(t)
	b := w.visitor("requester")
	form := asked("act", "choose", "module", "esse3", "body", "Il voto non compare.", "doing", "Apro il libretto.")
	b.must(b.post("/tickets/new", form), 200, "ESSE3 ha uno sportello proprio", "indirizzo non è ancora indicato", `value="general"`, "Il voto non compare.", "Che cosa stavo facendo",
		`<textarea name="doing" hidden`, "!Apri la richiesta</button></div></section>")
	form.Set("act", "general")
	b.must(b.post("/tickets/new", form), 200, `value="-" selected`, "Il voto non compare.", "Apro il libretto.", "<b>Sportello</b>")
	form.Set("act", "open")
	b.must(b.post("/tickets/new", form), 422, "Il voto non compare.")
	form.Set("module", "-")
	if v := w.view("requester", w.opened(b.post("/tickets/new", form))); v.Ticket.Group != w.group["generale"] {
		t.Error("what nobody else takes did not reach the general group")
	}

	set := func(code, address string) {
		l, err := w.app.Desk.Catalogue.LevelByCode(code)
		if err != nil {
			t.Fatal(err)
		}
		f := catalogue.ModuleFormOf(l.Module)
		f.Address = address
		if _, err := w.app.Desk.Catalogue.ChangeModule(w.as("administrator"), l.ID, 0, f); err != nil {
			t.Fatal(err)
		}
	}
	set("esse3", "https://esse3.example.it/aiuto")
	set("cia", "cia@example.it")
	b.must(b.get("/tickets/new?module=esse3"), 200, `href="https://esse3.example.it/aiuto"`, "Vai allo sportello ESSE3", "!value=\"general\"")
	b.must(b.post("/tickets/new", asked("act", "choose", "module", "cia", "subject", "Mandato del 2009")), 200, "CIA risponde per e-mail", "mailto:cia@example.it?subject=Mandato%20del%202009")
	b.must(b.get("/"), 200, `href="https://esse3.example.it/aiuto"`, "mailto:cia@example.it", "Risponde per e-mail.")
	g := w.visitor("agent")
	g.must(g.get("/tickets/new?module=esse3"), 200, "Come operatore puoi comunque aprirla qui", "Apri la richiesta")
	w.opened(g.post("/tickets/new", asked("module", "esse3", "requester", "requester@example.it")))
}

func TestOpeningInAnothersNameIsForThoseWhoMay(t *testing.T) {
	w := newWorld(t)
	c := w.visitor("coordinator")
	c.must(c.get("/tickets/new?for="+itoa(w.people["requester"].ID)), 200, `value="requester@example.it"`)
	n := w.opened(c.post("/tickets/new", asked("requester", "Ada Neri")))
	if v := w.view("requester", n); v.Ticket.Requester != w.people["requester"].ID || v.Ticket.OpenedBy != w.people["coordinator"].ID {
		t.Errorf("opened as %+v", v.Ticket)
	}
	c.must(c.post("/tickets/new", asked("requester", "stranger@example.it")), 422, "Non c&#39;è nessuno con questo nome", "La pagina resta bianca.")
	c.must(c.get(address.Ticket(n)), 200, "da Rita Referente", "Richiedente", "Ada Neri")
}

func TestAReplyToATicketThatMovedOnIsAConflictThatKeepsTheText(t *testing.T) {
	w := newWorld(t)
	n := w.ticket().ID
	at := address.Ticket(n)
	b := w.visitor("requester")
	rev := revOf(b.get(at).body)
	w.do("agent", n, ticket.Step{Message: &ticket.Text{Body: "Nota che non conta", Internal: true}})
	b.must(b.post(at+"/message", url.Values{"rev": {rev}, "body": {"Una nota non è un conflitto."}}), 303)
	rev = revOf(b.get(at).body)
	w.do("agent", n, ticket.Step{Message: &ticket.Text{Body: "Ho corretto il dato."}})
	got := b.upload(at+"/message", "files", "prova.txt", []byte("prova"), url.Values{"rev": {rev}, "body": {"Testo lungo <i>scritto</i> prima."}})
	b.must(got, 409, "È successo qualcosa mentre scrivevi", "Testo lungo &lt;i&gt;scritto&lt;/i&gt; prima.", "Ho corretto il dato.", "prova.txt", `name="kept_file"`)
	now := revOf(got.body)
	if now == rev || now == "" {
		t.Fatalf("the form still has revision %q", now)
	}
	kept := regexp.MustCompile(`name="kept_file" value="(\d+)"`).FindStringSubmatch(got.body)
	b.must(b.post(at+"/message", url.Values{"rev": {now}, "body": {"Testo lungo"}, "kept_file": {kept[1]}}), 303)
	v := w.view("requester", n)
	last := v.Messages[len(v.Messages)-1]
	if last.Body != "Testo lungo" || len(v.Files[last.ID]) != 1 {
		t.Errorf("sent as %+v with %d files", last, len(v.Files[last.ID]))
	}
}

func revOf(page string) string {
	m := regexp.MustCompile(`id="reply".*?name="rev" value="(\d+)"`).FindStringSubmatch(strings.ReplaceAll(page, "\n", " "))
	if m == nil {
		return ""
	}
	return m[1]
}

func TestTheRequesterSeesTheTicketThroughToItsEnd(t *testing.T) {
	w := newWorld(t)
	n := w.ticket().ID
	at := address.Ticket(n)
	b := w.visitor("requester")
	b.must(b.get(at), 200, "In lavorazione da parte di CSA", "presa in carico oggi alle", "Se ne occupa Bruno Galli.", "!parolasegreta", "!Correggi la richiesta", "In attesa di un operatore")
	w.do("agent", n, ticket.Step{Message: &ticket.Text{Body: "Con quale programma?"}, To: store.StateWaiting})
	b.must(b.get(at), 200, "Attendiamo una tua risposta: Bruno Galli ti ha scritto oggi alle", "Invia la risposta", "Ho risolto", "Non serve più")
	c := w.visitor("coordinator")
	c.must(c.get(at), 200, "Attendiamo una risposta di Ada Neri.")
	w.do("agent", n, ticket.Step{To: store.StatePlanned, Version: "24.06.01"})
	b.must(b.get(at), 200, "Correzione prevista nella versione 24.06.01.")
	w.do("agent", n, ticket.Step{Message: &ticket.Text{Body: "Corretto."}, To: store.StateResolved, Outcome: store.Solved})
	b.must(b.get(at), 200, "Va tutto bene?", "si chiude da sola", "Conferma la soluzione", "Invia e riapri")
	b.must(b.post(at+"/reopen", url.Values{}), 422, `id="body-e"`)
	b.must(b.post(at+"/message", url.Values{"body": {"Ancora no."}}), 303)
	b.must(b.get(at), 200, "In lavorazione", "Riaperta da Ada Neri")
	b.must(b.post(at+"/settle", url.Values{"outcome": {"answered"}}), 422)
	b.must(b.post(at+"/settle", url.Values{"outcome": {"solved"}}), 303)
	b.must(b.get(at), 200, "Chiusa oggi alle", "Hai indicato che è risolta.", "Se scrivi entro", "Ada Neri: Risolta", "!Conferma la soluzione", "!Va tutto bene", "!Non serve più")
	c.must(c.get(at), 200, "Ada Neri ha indicato che è risolta.", "!Conferma la soluzione")
	b.must(b.post(at+"/message", url.Values{"body": {"È tornato."}}), 303)
	b.must(b.get(at), 200, "In lavorazione")
	w.do("agent", n, ticket.Step{Message: &ticket.Text{Body: "Svuota la **cache** del browser."}, To: store.StateResolved, Outcome: store.Answered})
	b.must(b.get(at), 200, "ha risposto. È quello che cercavi?", `<div class="solution">`, "Conferma la soluzione")
	c.must(c.get(at), 200, "ha risposto.", "!È quello che cercavi?", `<div class="solution">`)
	b.must(b.post(at+"/confirm", url.Values{"body": {"Grazie mille."}}), 303)
	b.must(b.get(at), 200, "Chiusa oggi alle", "Se scrivi entro", "Grazie mille.", "Riapri la richiesta", `<div class="solution">`, "ha risposto.", "!È quello che cercavi?")
	w.age(n, func(k *store.Ticket) { k.Closed = k.Closed.AddDate(0, 0, -40) })
	b.must(b.get(at), 200, "È chiusa da tempo", "Apri una nuova richiesta")
	got := b.post(at+"/message", url.Values{"body": {"Dopo mesi è tornato."}})
	next := w.opened(got)
	if next == n {
		t.Fatal("a late reply opened no ticket of its own")
	}
	b.must(b.get(address.Ticket(next)), 200, "Dopo mesi è tornato.", "Richieste collegate", fmt.Sprintf("La richiesta #%d era chiusa da tempo", n))
}

func TestADuplicateTellsTheOtherNumberOnlyToWhomMaySeeIt(t *testing.T) {
	w := newWorld(t)
	first := w.ticket().ID
	b := w.visitor("stranger")
	other := w.opened(b.post("/tickets/new", asked()))
	own := w.opened(w.visitor("requester").post("/tickets/new", asked()))
	for _, n := range []uint64{other, own} {
		w.do("agent", n, ticket.Step{Message: &ticket.Text{Body: "La seguiamo già altrove."}, To: store.StateResolved, Outcome: store.Duplicate, DuplicateOf: first})
	}
	number := fmt.Sprintf("#%d", first)
	b.must(b.get(address.Ticket(other)), 200, "Se ne sta già occupando qualcuno", "La pagina resta bianca.", "!"+number)
	r := w.visitor("requester")
	r.must(r.get(address.Ticket(own)), 200, "È la stessa cosa della richiesta "+number)
}

func TestUntilTakenInChargeTheRequesterCorrectsIt(t *testing.T) {
	w := newWorld(t)
	b := w.visitor("requester")
	n := w.opened(b.post("/tickets/new", asked()))
	at := address.Ticket(n)
	correction := url.Values{"subject": {"Oggetto corretto"}, "module": {"u-gov/contabilita"}, "severity": {"low"}, "urgency": {"none"}}
	b.must(b.post(at+"/correct", url.Values{"subject": {""}, "module": {"csa"}, "severity": {"low"}, "urgency": {"week"}}), 422, `<details class="card stack" id="correct" open>`, "Indica la data")
	b.must(b.post(at+"/correct", correction), 303)
	if k := w.view("requester", n).Ticket; k.Subject != "Oggetto corretto" || k.Module != w.module["u-gov/contabilita"] || k.Severity != store.Low {
		t.Errorf("corrected to %+v", k)
	}
	w.do("agent", n, ticket.Step{Take: true})
	correction.Set("subject", "Troppo tardi")
	b.must(b.post(at+"/correct", correction), 403)
}

func TestParticipantsAreAddedWithoutTellingWhoIsKnown(t *testing.T) {
	w := newWorld(t)
	b := w.visitor("requester")
	n := w.opened(b.post("/tickets/new", asked()))
	at := address.Ticket(n)
	b.must(b.post(at+"/participants", url.Values{"participants": {"niente"}}), 422, "niente non è un indirizzo e-mail", `value="niente"`)
	b.must(b.post(at+"/participants", url.Values{}), 422)
	known := b.post(at+"/participants", url.Values{"participants": {"stranger@example.it"}})
	unknown := b.post(at+"/participants", url.Values{"participants": {"mai.visto@altro.example"}})
	if known.status != 303 || unknown.status != 303 || known.header.Get("Location") != unknown.header.Get("Location") {
		t.Errorf("the answers differ: %d %d", known.status, unknown.status)
	}
	b.must(b.get(at), 200, "stranger@example.it", "mai.visto@altro.example", "!Elsa Estranea")
	b.must(b.post(at+"/participants", url.Values{"participants": {"participant@example.it"}}), 303)
	p := w.visitor("participant")
	p.must(p.get(at), 200, "Esci dalla richiesta")
	got := p.post(at+"/participants", url.Values{"remove": {itoa(w.people["participant"].ID)}})
	if p.must(got, 303); got.header.Get("Location") != "/tickets" {
		t.Errorf("who leaves is led to %s", got.header.Get("Location"))
	}
	p.must(p.get(at), 404)
}

func TestTheNoticesOfATicketAreReadWhenTheTicketIs(t *testing.T) {
	w := newWorld(t)
	n, other := w.ticket().ID, w.ticket().ID
	w.do("agent", n, ticket.Step{Message: &ticket.Text{Body: "Con quale programma?"}, To: store.StateWaiting})
	if _, err := w.app.Desk.Notices.Plan(); err != nil {
		t.Fatal(err)
	}
	unread := func() int {
		t.Helper()
		n, err := w.app.Desk.Notices.Unread(w.as("requester"))
		if err != nil {
			t.Fatal(err)
		}
		return n
	}
	all := unread()
	b := w.visitor("requester")
	page := b.get("/notices")
	b.must(page, 200, "Da leggere", "Bruno Galli aspetta una tua risposta", "!nota interna")
	for _, k := range []uint64{n, other} {
		if c := strings.Count(page.body, "#"+itoa(k)+" "); c != 1 {
			t.Errorf("ticket %d is listed %d times", k, c)
		}
	}
	b.header.Set("Sec-Purpose", "prefetch")
	b.get(address.Ticket(n))
	b.header.Del("Sec-Purpose")
	if got := unread(); got != all {
		t.Errorf("what the browser fetched ahead read %d notices", all-got)
	}
	b.get(address.Ticket(n))
	left := unread()
	if left == 0 || left == all {
		t.Errorf("of %d notices %d are unread after looking at one ticket of several", all, left)
	}
	b.get(address.Ticket(n))
	w.do("requester", n, ticket.Step{Message: &ticket.Text{Body: "Con Firefox."}})
	page = b.get("/notices")
	b.must(page, 200, "Bruno Galli ha chiesto qualcosa", "!Bruno Galli aspetta una tua risposta</")
	got := b.post("/notices/read", url.Values{"ticket": {itoa(other)}})
	if b.must(got, 303); !strings.HasPrefix(got.header.Get("Location"), address.Ticket(other)+"?message=") {
		t.Errorf("led to %s", got.header.Get("Location"))
	}
	b.must(b.post("/notices/read", url.Values{}), 303)
	if left := unread(); left != 0 {
		t.Errorf("%d are unread", left)
	}
	b.must(b.post("/notices/read", url.Values{"ticket": {"x"}}), 422)
}

// TestStatesAreSaidAsTheyConcernTheReader: what is asked of the requester is asked of nobody else, and not again.
func TestStatesAreSaidAsTheyConcernTheReader(t *testing.T) {
	w := newWorld(t)
	n := w.ticket().ID
	at := address.Ticket(n)
	b, c, p := w.visitor("requester"), w.visitor("coordinator"), w.visitor("participant")
	says := func(where string, mine, others string) {
		t.Helper()
		b.must(b.get("/tickets"), 200, mine)
		c.must(c.get("/tickets?of=organisation&kind=malfunction"), 200, others, "!"+mine)
		p.must(p.get("/"), 200, others, "!"+mine)
	}
	w.do("agent", n, ticket.Step{Message: &ticket.Text{Body: "Con quale programma?"}, To: store.StateWaiting})
	says("waiting", "Attendiamo una tua risposta", "Attendiamo chi l")
	w.do("agent", n, ticket.Step{Message: &ticket.Text{Body: "Corretto."}, To: store.StateResolved, Outcome: store.Solved})
	says("resolved", "Risolta: confermi?", "Risolta, da confermare")
	b.must(b.get(at), 200, "Va tutto bene?", "Corretto.")
	c.must(c.get(at), 200, "ha indicato una soluzione.", "!Va tutto bene?", "Conferma la soluzione")
	b.must(b.post(at+"/message", url.Values{"body": {"Ancora no."}}), 303)
	b.must(b.post(at+"/settle", url.Values{"outcome": {"withdrawn"}}), 303)
	b.must(b.get(at), 200, "Hai indicato che non serve più.", "!Conferma la soluzione", "!Va tutto bene")
	b.must(b.get("/tickets"), 200, "Ritirata", "!Risolta: confermi?</span>")
}

func TestTodayNeedsNoDateTyped(t *testing.T) {
	w := newWorld(t)
	b := w.visitor("requester")
	today := w.app.Desk.Now().In(w.app.Desk.Location()).Format(time.DateOnly)
	n := w.opened(b.post("/tickets/new", asked("urgency", "today", "deadline", "")))
	if got := w.view("requester", n).Ticket.Deadline.In(w.app.Desk.Location()).Format(time.DateOnly); got != today {
		t.Errorf("due on %s, today is %s", got, today)
	}
	b.must(b.post("/tickets/new", asked("urgency", "today", "deadline", "", "subject", "")), 422, `name="deadline" value="`+today+`"`)
	b.must(b.post("/tickets/new", asked("urgency", "week", "deadline", "")), 422, "Indica la data")
}

func TestTheCoordinatorFindsTheTicketsOfTheOrganisation(t *testing.T) {
	w := newWorld(t)
	w.opened(w.visitor("stranger").post("/tickets/new", asked("subject", "Di un altro ente")))
	c := w.visitor("coordinator")
	c.must(c.get("/tickets"), 200, "Nessuna richiesta, per ora", "/tickets?of=organisation", "Ateneo")
	c.must(c.get("/tickets?of=organisation"), 200, "cedolino di ottobre", "Ada Neri", "!Di un altro ente")
	c.must(c.get("/tickets?of=organisation&state=closed"), 200, "Nessuna richiesta con questi filtri", "!cedolino di ottobre")
	c.must(c.get("/tickets?of=organisation&kind=malfunction&module=csa&state=open"), 200, "cedolino di ottobre")
	c.must(c.get("/tickets?of=organisation&state=not-closed"), 200, "cedolino di ottobre", `value="not-closed" selected`)
	c.must(c.get("/tickets?of=organisation&state=waiting"), 200, "!cedolino di ottobre")
	c.must(c.get("/tickets?of=organisation&module=u-gov"), 200, "!cedolino di ottobre")
	c.must(c.get("/tickets?of=nobody"), 404)
	c.must(c.get("/tickets?state=nonsense&kind=nonsense&after=zz"), 200)
}

func TestALongListIsReadPageByPage(t *testing.T) {
	w := newWorld(t)
	for i := range webticket.OwnPerPage + 5 {
		_, err := w.app.Desk.Tickets.Open(w.as("stranger"), ticket.Opening{Subject: fmt.Sprintf("Richiesta numero %d", i), Body: "Testo.", Module: w.module["csa"]})
		if err != nil {
			t.Fatal(err)
		}
	}
	b := w.visitor("stranger")
	seen := map[string]bool{}
	next := "/tickets?module=csa"
	for pages := 0; next != "" && pages < 5; pages++ {
		got := b.get(next)
		for _, m := range regexp.MustCompile(`Richiesta numero (\d+)`).FindAllStringSubmatch(got.body, -1) {
			if seen[m[1]] {
				t.Errorf("%s stands on two pages", m[0])
			}
			seen[m[1]] = true
		}
		next = ""
		if m := regexp.MustCompile(`href="(/tickets\?after=[^"]+)"`).FindStringSubmatch(got.body); m != nil {
			next = strings.ReplaceAll(m[1], "&amp;", "&")
		}
	}
	if len(seen) != webticket.OwnPerPage+5 {
		t.Errorf("%d of %d tickets were seen", len(seen), webticket.OwnPerPage+5)
	}
}

func TestAnEndedSessionReturnsToTheFormAsItWas(t *testing.T) {
	d := newTestDesk(t)
	p := d.add("Ada Neri", people.Form{})
	b := d.browser()
	got := b.post("/tickets/new", asked("body", "Un testo lungo, scritto con pazienza."))
	b.must(got, 401, "Un testo lungo, scritto con pazienza.")
	values := url.Values{"email": {p.Email}, "password": {testPassword}, "from": {"/tickets/new"}}
	for name, all := range asked("body", "Un testo lungo, scritto con pazienza.") {
		values["resume."+name] = all
	}
	got = b.post("/sign-in", values)
	b.must(got, 303)
	b.must(b.get(got.header.Get("Location")), 200, "Un testo lungo, scritto con pazienza.", "Il cedolino è vuoto", `value="malfunction" checked`, `value="csa" selected`)
}
