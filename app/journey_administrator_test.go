package app_test

import (
	"strings"
	"testing"

	"sportello/app/desk/policy"
	"sportello/app/desk/ticket"
	"sportello/store"
	"sportello/store/door"
)

func TestAnAdministratorSetsTheDeskUp(t *testing.T) {
	t.Parallel()
	both(t, func(t *testing.T, scripts bool) {
		d := newTestDesk(t)
		s := d.walk(t, scripts)

		// The one-time link makes the first administrator, once.
		link := "/set-up/" + d.app.Desk.Keeper().NewSetUp()
		s.visit("/sign-in")
		s.sees("Lo sportello non è ancora configurato.")
		s.visit(link)
		s.fill("Nome dello sportello", "Sportello d'ateneo")
		s.fill("Nome e cognome", "Anna Monti")
		s.fill("Indirizzo e-mail", "anna.monti@example.it")
		s.fill("Nuova password", "corta")
		s.fill("Ripeti la password", "corta")
		s.follow("Crea lo sportello")
		s.refused()
		s.holds("Nome e cognome", "Anna Monti")
		s.fill("Nuova password", testPassword)
		s.fill("Ripeti la password", testPassword)
		s.follow("Crea lo sportello")
		s.sees("Lo sportello è pronto.")
		s.signIn(d.person("anna.monti@example.it"))
		s.sees("Sportello d'ateneo", "Anna Monti")
		s.visit(link)
		s.misses("Crea lo sportello")

		// An organisation with a unit, and a group.
		s.visit("/")
		s.in("header nav").follow("Amministrazione")
		s.in("#side").follow("Enti e strutture")
		s.follow("Aggiungi un ente")
		s.fill("Nome dell'ente", "Università di Parma")
		s.fill("Domini di posta", "unipr.it")
		s.in("main form").follow("Aggiungi l'ente")
		s.sees("Università di Parma è tra gli enti.")
		s.fill("Nuova struttura", "Dipartimento di Fisica")
		s.follow("Aggiungi la struttura")
		s.sees("La struttura Dipartimento di Fisica è aggiunta.")
		s.in("#side").follow("Gruppi di supporto")
		s.follow("Aggiungi un gruppo")
		s.fill("Codice", "biblioteche")
		s.fill("Nome in italiano", "Biblioteche")
		s.fill("Nome in inglese", "Libraries")
		s.in("main form").follow("Aggiungi il gruppo")
		s.sees("Il gruppo Biblioteche è pronto.")

		// A person, who chooses the password in a browser of their own.
		s.in("#side").follow("Persone")
		s.in("main").follow("Aggiungi una persona")
		s.fill("Nome e cognome", "Bruno Galli")
		s.fill("Indirizzo e-mail", "anna.monti@example.it")
		s.choose("Ente e struttura", "Dipartimento di Fisica")
		s.tick("operatore, Biblioteche")
		s.in("main form").follow("Aggiungi la persona")
		s.refused()
		s.holds("Nome e cognome", "Bruno Galli")
		s.fill("Indirizzo e-mail", "bruno.galli@unipr.it")
		s.in("main form").follow("Aggiungi la persona")
		s.sees("Hai aggiunto Bruno Galli", "Consegnalo alla persona")
		var address string
		s.find(&address, "no link", "document.querySelector('#link')?.textContent.trim()")
		bruno := d.walk(t, scripts)
		bruno.visit(strings.TrimPrefix(address, d.url))
		bruno.sees("Stai scegliendo la password di bruno.galli@unipr.it.")
		bruno.fill("Nuova password", testPassword)
		bruno.fill("Ripeti la password", testPassword+"x")
		bruno.follow("Imposta la password")
		bruno.refused()
		bruno.fill("Nuova password", testPassword)
		bruno.fill("Ripeti la password", testPassword)
		bruno.follow("Imposta la password")
		bruno.sees("La password è impostata.")
		bruno.signIn(d.person("bruno.galli@unipr.it"))
		bruno.in("header nav").follow("Scrivania")
		bruno.in("#side").sees("Da prendere")
		bruno.visit(strings.TrimPrefix(address, d.url))
		bruno.misses("Imposta la password") // once

		// A module of the group, with a question of its own, which its form asks from then on.
		s.in("#side").follow("Catalogo")
		s.follow("CSA, carriere e stipendi del personale")
		s.fill("Descrizione in italiano", "Stipendi e carriere.")
		s.choose("Gruppo di supporto", "Biblioteche")
		row := s.in(".question:last-of-type")
		row.fill("Domanda in italiano", "Numero di protocollo")
		row.fill("Domanda in inglese", "Protocol number")
		row.tick("Risposta obbligatoria")
		s.in("main form").follow("Salva")
		s.sees("dati salvati.")
		s.visit("/tickets/new")
		s.module("CSA, carriere e stipendi del personale")
		s.sees("Stipendi e carriere.", "Numero di protocollo", "La legge il gruppo Biblioteche")
		s.tick("Un chiarimento")
		s.fill("Oggetto", "Il protocollo")
		s.fill("Descrizione", "Quale numero?")
		s.follow("Apri la richiesta")
		s.refused()
		s.fill("Numero di protocollo", "4711/2026")
		s.follow("Apri la richiesta")
		s.sees("4711/2026")

		// The matrix: what was medium and without a date becomes P1.
		s.visit("/admin")
		s.in("#side").follow("Priorità e scadenze")
		s.choose("Media, Senza scadenza", "P1")
		s.follow("Mostra che cosa cambia")
		s.sees("Non sono ancora salvati.")
		s.in("main form").follow("Salva")
		s.sees("Priorità e scadenze sono salvate.")
		tk, err := d.app.Desk.Tickets.Open(policy.Actor{Person: d.person("bruno.galli@unipr.it"), Via: door.Page}, ticket.Opening{Subject: "Il prestito", Body: "Quanto dura?",
			Kind: store.Clarification, Severity: store.Medium, Urgency: store.NoDate})
		if err != nil || tk.Priority != 1 {
			t.Fatalf("%+v %v, want P1", tk, err)
		}

		// A colour on which nothing can be read is refused with the nearest that will do.
		s.in("#side").follow("Nome e colori")
		s.fill("Nome dello sportello", "Aiuto")
		s.fill("Colore", "#ffee00")
		if scripts {
			s.in("#colour-live").sees("#ffee00 si legge male")
		}
		s.in(".form-end").follow("Salva")
		s.in("main").sees("#ffee00 si legge male", "Il più vicino che va bene è")
		s.holds("Nome dello sportello", "Aiuto")
		s.follow("Salva con #")
		s.sees("Nome e colori sono salvati.", "Aiuto")

		// All of it stands in the log.
		s.in("#side").follow("Registro")
		s.sees("Anna Monti", "ha modificato le impostazioni dello sportello", "ha aggiunto una persona", "Bruno Galli", "ha aggiunto un gruppo", "ha modificato una voce del catalogo", "Biblioteche")
	})
}

func TestASupervisorLooksAfterTheirGroup(t *testing.T) {
	t.Parallel()
	both(t, func(t *testing.T, scripts bool) {
		w := newWorld(t)
		s := w.walkAs(t, "supervisor", scripts)
		s.visit("/admin/groups/" + itoa(w.group["csa"]))
		s.sees("Bruno Galli", "Sara Responsabile")
		s.fill("Nome o indirizzo di una persona", "participant@example.it")
		s.follow("Aggiungi al gruppo")
		s.in("#members").sees("Carlo Collega")
		s.in("#members").follow("Togli Carlo Collega")
		s.in("#members").misses("Carlo Collega")
		s.visit("/admin/priorities")
		s.visit("/admin/positions")
		s.misses("ore lavorative")
		s.visit("/admin/people/" + itoa(w.people["agent"].ID))
		s.misses("Crea un collegamento") // a link of somebody who is there is for its owner, or in an administrator's hands
	})
}
