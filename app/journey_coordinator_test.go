package app_test

import (
	"testing"

	"sportello/app/address"
	"sportello/app/desk/ticket"
	"sportello/store"
)

func TestACoordinatorSpeaksForAnOrganisation(t *testing.T) {
	t.Parallel()
	both(t, func(t *testing.T, scripts bool) {
		w := newWorld(t)
		w.asks("stranger", "La trasferta di un altro ente")
		s := w.walkAs(t, "coordinator", scripts)

		// The tickets of the organisation, and of no other.
		s.visit("/")
		s.in("header nav").follow("Richieste")
		s.sees("Nessuna richiesta, per ora")
		s.follow("Ateneo")
		s.sees("Il cedolino di ottobre non si apre")
		s.misses("La trasferta di un altro ente")
		s.follow("Il cedolino di ottobre non si apre (1)")
		s.sees("In lavorazione", "Buongiorno, quale mese?")
		s.misses("parolasegreta")
		s.fill("Testo", "Come referente confermo: succede a tutto l'ufficio.")
		s.follow("Invia")
		s.in("#thread").sees("Rita Referente", "succede a tutto l'ufficio")

		// One in the name of somebody who telephoned.
		s.visit("/tickets/new")
		s.fill("A nome di", "Nessuno di noi")
		s.module("CSA, carriere e stipendi del personale")
		s.holds("A nome di", "Nessuno di noi")
		s.tick("Fare una richiesta")
		s.fill("Oggetto", "Cambio di residenza")
		s.fill("Descrizione", "Ada mi ha telefonato: ha cambiato casa.")
		s.follow("Apri la richiesta")
		s.sees("Non c'è nessuno con questo nome o indirizzo")
		s.fill("A nome di", "Ada Neri")
		s.holds("Oggetto", "Cambio di residenza")
		s.follow("Apri la richiesta")
		s.sees("La richiesta è aperta.", "Cambio di residenza", "Ada Neri")

		// What was solved for somebody else is confirmed for them.
		n := w.newest(t)
		w.does("agent", n, ticket.Step{Take: true}, ticket.Step{Message: &ticket.Text{Body: "Fatto."}, To: store.StateResolved, Outcome: store.Solved})
		s.visit(address.Ticket(n))
		s.sees("ha indicato una soluzione")
		s.follow("Conferma la soluzione")
		s.in("#status").sees("Chiusa")
	})
}
