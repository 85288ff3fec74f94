package app_test

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"testing"

	"sportello/app/desk/people"
	"sportello/app/desk/policy"
	"sportello/app/desk/problem"
	"sportello/store"
	"sportello/store/db"
	"sportello/store/door"
)

// TestThirtyTicketsFollowOneProblemToTheirLastConfirmation: four organisations, of which one has it from its supplier and one that nobody knows of;
// one ticket comes back.
func TestThirtyTicketsFollowOneProblemToTheirLastConfirmation(t *testing.T) {
	t.Parallel()
	d := newReleaseDesk(t) // ateneo has 24.01, altro 25.01
	callers := []caller{d.rita, d.elena}
	for i, code := range []string{"terzo", "quarto"} {
		d.mustCall(d.administrator, "POST", "/organisations", box{"name": "Ente " + code, "code": code}, http.StatusCreated)
		var id uint64
		if err := d.app.Store.View(func(tx *db.Tx) error {
			o, err := store.OrganisationsByCode.First(tx, code)
			id = o.ID
			return err
		}); err != nil {
			t.Fatal(err)
		}
		callers = append(callers, d.caller(d.add(fmt.Sprint("Referente ", i), people.Form{Email: code + "@example.it", Affiliations: []store.Affiliation{{Organisation: id, Coordinator: true}}})))
	}
	if status, body := d.putInstallations(d.administrator, "terzo", `[{"module":"csa","environment":"production","version":"24.01","installs":"supplier"}]`); status != http.StatusOK {
		t.Fatal(status, body)
	}
	path := d.knownProblem(box{"state": "suspected"})
	var tickets []string
	for i := range 30 {
		tickets = append(tickets, d.report(callers[i%4], "malfunction"))
		d.attach(path, tickets[i])
	}
	of := func(i int) caller { return callers[i%4] }
	all := func(state, version, words string) {
		t.Helper()
		for i, ticket := range tickets {
			d.isNow(of(i), ticket, state, version, words)
		}
	}
	all("new", "", "Non vedo nulla")
	if got := d.mustCall(d.stranger, "GET", path, nil, http.StatusOK)["concerns"].(box); fmt.Sprint(got) != "map[organisations:4]" {
		t.Errorf("everybody reads %v", got)
	}
	d.mustCall(d.agent, "PATCH", path, box{"state": "confirmed"}, http.StatusOK)
	d.mustCall(d.agent, "POST", path+"/message", box{"it": "Lo abbiamo riprodotto"}, http.StatusOK)
	d.followed()
	all("new", "", "Lo abbiamo riprodotto")
	d.mustCall(d.agent, "PATCH", path, box{"state": "being-fixed", "fixed_in": []string{"25.02"}}, http.StatusOK)
	d.followed()
	all("planned", "25.02", "prevista nella versione 25.02")
	release := d.fixing("25.02", path)
	d.publish(release)
	d.followed()
	for i, ticket := range tickets {
		if i%4 < 2 {
			d.isNow(of(i), ticket, "planned", "25.02", "È uscita la versione 25.02")
		} else {
			d.isNow(of(i), ticket, "resolved", "25.02", "confermalo")
		}
	}
	for i, code := range []string{"ateneo", "altro"} {
		d.mustCall(callers[i], "PUT", release+"/receipts/"+code, box{"environment": "production", "state": "installed"}, http.StatusOK)
	}
	d.followed()
	all("resolved", "25.02", "confermalo")
	d.mustCall(of(7), "POST", tickets[7]+"/messages", box{"body": "A me no"}, http.StatusCreated)
	for i, ticket := range tickets {
		if i != 7 {
			d.mustCall(of(i), "PATCH", ticket, box{"state": "closed"}, http.StatusOK)
		}
	}
	d.followed()
	for i, ticket := range tickets {
		if i != 7 {
			d.isNow(of(i), ticket, "closed", "25.02", "")
		}
	}
	d.isNow(of(7), tickets[7], "open", "25.02", "A me no")
	if got := d.mustCall(d.agent, "GET", path, nil, http.StatusOK); fmt.Sprint(got["concerns"]) != "map[back:1 organisations:4 persons:4 tickets:30]" || got["state"] != "fixed" {
		t.Errorf("at the end it is %v", got)
	}
}

// TestManyTicketsFollowInStepsAndGoOnAfterAStop stops the errand after each step, as a kill would, and another desk goes on.
func TestManyTicketsFollowInStepsAndGoOnAfterAStop(t *testing.T) {
	t.Parallel()
	d := newReleaseDesk(t)
	const many = 150
	path := d.knownProblem(nil)
	if err := d.app.Store.Update(db.By{Via: door.Import}, func(tx *db.Tx) error {
		m, err := store.ModulesByCode.First(tx, "csa")
		if err != nil {
			return err
		}
		p, err := store.PeopleByEmail.First(tx, "rita@example.it")
		if err != nil {
			return err
		}
		for range many {
			row := &store.Ticket{Subject: "Cedolino bianco", Kind: store.Malfunction, Module: m.ID, Group: m.Group, Requester: p.ID, State: store.StateNew, Language: "it", Opened: tx.Now()}
			if err := store.Tickets.Put(tx, row); err != nil {
				return err
			}
			if err := store.Cases.Put(tx, &store.Case{Problem: 1, Ticket: row.ID}); err != nil {
				return err
			}
		}
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	d.mustCall(d.agent, "PATCH", path, box{"fixed_in": []string{"25.02"}}, http.StatusOK)
	if _, err := d.app.Store.CatchUp(context.Background(), d.app.Desk.Problems.Following()); err != nil {
		t.Fatal(err)
	}
	for more := true; more; { // each step by a desk that has just begun
		var err error
		if more, err = problem.New(d.app.Store, d.app.Desk.Rights, d.app.Desk.Tickets, d.app.Desk.Post).Step(); err != nil {
			t.Fatal(err)
		}
	}
	err := d.app.Store.View(func(tx *db.Tx) error {
		for row, err := range store.Tickets.All(tx, 0, false) {
			if err != nil {
				return err
			}
			if row.State != store.StatePlanned || row.Messages != 1 {
				t.Fatalf("ticket %d is %s with %d messages", row.ID, row.State, row.Messages)
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

// reported are malfunctions as the desk wrote them, and as people report them in words of their own.
var reported = []struct{ title, text, en, first, second, english string }{
	{"Il cedolino resta bianco", "Aprendo il PDF dello stipendio la pagina è vuota", "The payslip stays blank", "apro il cedolino e vedo una pagina vuota", "lo stipendio in pdf è tutto bianco", "my payslip opens blank"},
	{"Ordinativi di pagamento non trasmessi alla banca", "Il flusso verso il tesoriere si ferma in errore", "Payment orders are not sent to the bank", "la banca non riceve i pagamenti", "ordinativo fermo, il tesoriere non lo vede", "the bank did not receive our payment orders"},
	{"Fattura elettronica scartata dallo SDI", "Manca il codice univoco nelle notifiche", "Electronic invoice rejected", "una fattura è stata scartata", "lo sdi rifiuta le fatture elettroniche", "the invoice gets rejected"},
	{"Missioni: rimborso chilometrico calcolato due volte", "Il totale della missione raddoppia i chilometri", "Travel refund counted twice", "il rimborso della missione è doppio", "chilometri raddoppiati in missione", "travel refund doubled"},
	{"Non si stampa il certificato di servizio", "La stampa resta in coda senza fine", "Certificate of service is not printed", "la stampa del certificato non parte", "certificato di servizio bloccato in coda", "printing the certificate hangs"},
	{"Ferie residue sbagliate dopo il cambio d'anno", "Il saldo delle ferie non riporta i giorni", "Leave balance wrong after new year", "mi mancano giorni di ferie", "saldo ferie sbagliato da gennaio", "my leave balance is wrong"},
	{"Accesso con SPID respinto", "Dopo l'autenticazione si torna alla pagina iniziale", "Sign-in with SPID refused", "con spid non entro", "l'autenticazione spid mi riporta all'inizio", "spid sign-in fails"},
	{"Esportazione in Excel tronca le righe", "Il foglio si ferma a mille righe", "Excel export cuts rows", "nel foglio excel mancano righe", "l'esportazione si ferma a mille", "excel export lacks rows"},
	{"Budget del progetto negativo dopo lo storno", "La disponibilità scende sotto zero", "Project budget negative", "il progetto ha disponibilità negativa", "dopo uno storno il budget va sotto zero", "project budget went negative"},
	{"Protocollo: allegati oltre 10 MB persi", "L'allegato grande sparisce senza avviso", "Large attachments lost", "spariscono gli allegati grandi", "un allegato da 20 mb non c'è nel protocollo", "large attachment lost"},
}

// TestWhatAReaderMayNotSeeChangesNoOffer writes problems for agents alone in the words of the others: nobody else is offered
// anything else for that, in another order or not at all.
func TestWhatAReaderMayNotSeeChangesNoOffer(t *testing.T) {
	t.Parallel()
	d := newReleaseDesk(t)
	for _, r := range reported {
		d.knownProblem(box{"title": box{"it": r.title, "en": r.en}, "text": box{"it": r.text}})
	}
	reader := policy.Actor{Person: d.person("rita@example.it")}
	offered := func() string {
		out := ""
		for _, r := range reported {
			for _, text := range []string{r.first, r.second, r.english, r.title, strings.Fields(r.title)[0]} {
				found, err := d.app.Desk.Problems.Offers(reader, 0, "", text, 5)
				if err != nil {
					t.Fatal(err)
				}
				for _, v := range found {
					out += fmt.Sprint(v.ID, " ")
				}
				out += "\n"
			}
		}
		return out
	}
	before := offered()
	for _, r := range reported {
		d.knownProblem(box{"title": box{"it": r.title + " " + r.first, "en": r.english}, "text": box{"it": r.second}, "audience": "agents"})
	}
	if after := offered(); after != before {
		t.Errorf("offered before:\n%safter:\n%s", before, after)
	}
}
