package app_test

import (
	"fmt"
	"testing"
	"time"

	"sportello/app/address"
	"sportello/app/desk/ticket"
	"sportello/store"
	"sportello/store/db"
)

func TestARequesterFindsAnswersAsksAndIsAnswered(t *testing.T) {
	t.Parallel()
	both(t, func(t *testing.T, scripts bool) {
		w := newWorld(t)
		ada := w.password("requester")
		w.searchable()
		s := w.walk(t, scripts)

		// In, and a look at the guide first.
		s.visit("/")
		s.sees("Come possiamo aiutarti?")
		s.in("header").follow("Accedi")
		s.signIn(ada)
		s.sees("Le tue richieste", "Il cedolino di ottobre non si apre")
		s.fill("Cerca nella guida e nelle tue richieste", "stampare cedolino")
		if scripts {
			s.in("#s").sees("Stampare il cedolino") // offered while typing
		}
		s.in("main form").follow("Cerca")
		s.sees("Articolo")
		s.follow("Stampare il cedolino")
		s.sees("Quando serve.", "Se non funziona")

		// A ticket with everything a malfunction needs.
		s.visit("/")
		s.in("main").follow("Apri una richiesta")
		s.module("CSA, carriere e stipendi del personale")
		s.tick("Segnalare un'anomalia")
		s.fill("Oggetto", "Stampare il cedolino di novembre")
		if scripts {
			s.sees("Forse è già risolto")
			s.in("#alike").sees("Stampare il cedolino")
		}
		s.fill("Descrizione", "Alla fine compare una pagina **bianca**.")
		s.attach("Allegati", fileFor(t, "pagina bianca.png", picture()))
		if scripts {
			s.in(".files").sees("pagina bianca.png", fmt.Sprintf("%d byte", len(picture())))
			s.paste("Descrizione", picture())
			s.in(".files").sees("pagina bianca.png", time.Now().UTC().Format("2006-"))
		}
		s.tick("Alta")
		s.tick("Entro la settimana")
		s.in("main form").press("Apri la richiesta")
		s.refused()
		s.holds("Oggetto", "Stampare il cedolino di novembre")
		s.holds("Descrizione", "Alla fine compare una pagina **bianca**.")
		s.sees("File già caricati", "pagina bianca.png")
		s.fill("Data da rispettare", time.Now().AddDate(0, 0, 4).Format(time.DateOnly))
		s.follow("Apri la richiesta")
		s.sees("La richiesta è aperta.", "Ricevuta dal gruppo", "Stampare il cedolino di novembre", "pagina bianca.png", "Alta")
		n := w.newest(t)
		here := address.Ticket(n)

		// What is said in it.
		s.fill("Testo", "Succede anche a una collega.")
		s.follow("Invia")
		s.in("#thread").sees("Succede anche a una collega.")
		s.fill("Aggiungi un collega", "participant@example.it")
		s.in("#people").follow("Aggiungi")
		s.in("#people").sees("Carlo Collega")
		w.does("agent", n, ticket.Step{Take: true})
		if !scripts {
			s.visit(here)
		}
		s.in("#status").sees("In lavorazione", "Se ne occupa Bruno Galli.")
		w.does("agent", n, ticket.Step{Message: &ticket.Text{Body: "Serve la versione nuova del lettore."}, To: store.StateResolved, Outcome: store.Answered})
		if !scripts {
			s.visit(here)
		}
		s.in("#status").sees("ha risposto")
		s.in("#thread").sees("Serve la versione nuova del lettore.")
		s.follow("Conferma la soluzione")
		s.sees("Grazie della conferma")
		s.in("#status").sees("Chiusa")
		s.fill("Testo", "È tornata la pagina bianca.")
		s.follow("Invia e riapri")
		s.in("#status").sees("In lavorazione")
		s.in("#thread").sees("È tornata la pagina bianca.")

		// One's own list.
		s.in("header nav").follow("Richieste")
		s.sees("Stampare il cedolino di novembre", "Il cedolino di ottobre non si apre")
		s.choose("Stato", "Chiusa")
		s.follow("Filtra")
		s.sees("Nessuna richiesta con questi filtri")
		s.in("main form").follow("Togli i filtri")
		s.choose("Stato", "Ancora aperte")
		s.choose("Tipo", "Anomalia")
		s.follow("Filtra")
		s.sees("Stampare il cedolino di novembre")

		// Another language, and back.
		s.in("header").follow("EN")
		s.sees("Your tickets")
		s.in("header").follow("IT")
		s.sees("Le tue richieste")
	})
}

func TestNothingARequesterTypesIsLost(t *testing.T) {
	t.Parallel()
	both(t, func(t *testing.T, scripts bool) {
		w := newWorld(t)
		ada := w.password("requester")
		s := w.walk(t, scripts)

		// A page that asks for an address leads back there.
		s.visit("/tickets/new")
		s.signIn(ada)
		s.sees("Quale applicazione")

		// A module served elsewhere says by whom, and keeps what was typed.
		s.fill("Oggetto", "La carriera di uno studente")
		s.fill("Descrizione", "Manca un esame.\nÈ del 2024.")
		s.module("ESSE3")
		s.sees("ESSE3 ha uno sportello proprio.", "Nel frattempo può aiutarti il gruppo Sportello.")
		s.holds("Quello che hai scritto", "La carriera di uno studente\n\nManca un esame.\nÈ del 2024.")
		s.module("CSA, carriere e stipendi del personale")
		s.holds("Oggetto", "La carriera di uno studente")
		s.holds("Descrizione", "Manca un esame.\nÈ del 2024.")

		// Neither does a session that ends meanwhile take it.
		s.tick("Un chiarimento")
		w.endSessions()
		s.follow("Apri la richiesta")
		s.sees("La sessione è terminata. Quello che hai scritto non è andato perso")
		s.signIn(ada)
		s.sees("Abbiamo ritrovato quello che avevi scritto.")
		s.holds("Oggetto", "La carriera di uno studente")
		s.holds("Descrizione", "Manca un esame.\nÈ del 2024.")
		s.follow("Apri la richiesta")
		s.sees("La richiesta è aperta.", "Manca un esame.")

		// Nor what the desk did while somebody wrote.
		n := w.newest(t)
		s.fill("Testo", "Aspettate, l'ho trovato.")
		w.does("agent", n, ticket.Step{Message: &ticket.Text{Body: "Di quale studente?"}, To: store.StateWaiting})
		s.follow("Invia")
		s.sees("È successo qualcosa mentre scrivevi", "Di quale studente?")
		s.holds("Testo", "Aspettate, l'ho trovato.")
		s.follow("Invia la risposta")
		s.in("#thread").sees("Aspettate, l'ho trovato.")
		s.in("#status").sees("In lavorazione")
		s.sure("Non serve più", "Non serve più")
		s.in("#status").sees("Hai indicato che non serve più.")

		// Settings, and out.
		s.in("header").press("Ada Neri")
		s.in("header").follow("Impostazioni")
		s.fill("Telefono", "0521 000000")
		s.choose("Aspetto", "Scuro")
		s.tick("Solo delle risposte")
		s.in("main form").follow("Salva")
		s.sees("Le impostazioni sono salvate.")
		s.holds("Telefono", "0521 000000")
		s.holds("Aspetto", "dark")
		s.in("header").press("Ada Neri")
		s.in("header").follow("Esci")
		s.sees("Sei uscito.")
		s.visit(address.Ticket(n))
		s.sees("Indirizzo e-mail")
		s.misses("Manca un esame.")
	})
}

// module chooses the module in the form that opens a ticket, which comes back with its questions.
func (s *walk) module(name string) {
	s.t.Helper()
	if s.scripts {
		s.leave(func() { s.choose("Applicazione e modulo", name) })
		return
	}
	s.choose("Applicazione e modulo", name)
	s.follow("Continua")
}

// newest is the number of the ticket opened last.
func (w *world) newest(t *testing.T) uint64 {
	t.Helper()
	var n uint64
	err := w.app.Store.View(func(tx *db.Tx) error {
		n = store.Tickets.Last(tx)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return n
}
