package app_test

import (
	"fmt"
	"testing"

	"github.com/chromedp/chromedp/kb"

	"sportello/app/address"
	"sportello/app/desk/policy"
	"sportello/store"
)

// steps counts what a person does on the way to something: a form filled in and sent as one counts once, so does each
// thing pressed, chosen or written.
type steps struct {
	t    *testing.T
	done []string
}

func (s *steps) step(what string, do func()) {
	s.t.Helper()
	s.done = append(s.done, what)
	do()
}

// within fails the test when more was needed.
func (s *steps) within(most int) {
	s.t.Helper()
	if len(s.done) > most {
		s.t.Errorf("%d steps, at most %d: %q", len(s.done), most, s.done)
	}
	s.done = nil
}

// TestAnAgentsMorningTakesFewSteps: from signing in to the first answer five, a merge three, and a call is one form.
func TestAnAgentsMorningTakesFewSteps(t *testing.T) {
	t.Parallel()
	both(t, func(t *testing.T, scripts bool) {
		w := newWorld(t)
		first, again := w.asks("requester", "Il conguaglio non torna"), w.asks("participant", "Conguaglio sbagliato")
		w.searchable()
		s, way := w.walk(t, scripts), &steps{t: t}
		s.visit("/sign-in")
		way.step("sign in", func() { s.signIn(w.password("agent")) })
		way.step("what is to be taken", func() { s.in("#side").follow("Da prendere") })
		way.step("open the ticket", func() { s.in("#queue").follow("Il conguaglio non torna") })
		way.step("write", func() { s.fill("Testo", "Buongiorno, di quale mese?") })
		way.step("send", func() { s.follow("Invia e attendi risposta") })
		s.in("#thread").sees("Buongiorno, di quale mese?")
		way.within(5)

		s.visit(address.Ticket(again.ID))
		way.step("open the page", func() { s.follow("Unisci a…") })
		s.sees("Aperte da poco nello stesso gruppo")
		way.step("choose", func() { s.tick(fmt.Sprintf("#%d Il conguaglio non torna", first.ID)) })
		s.find(nil, "nothing is chosen", "document.querySelector('[name=duplicate_of]:checked')")
		way.step("send", func() { s.follow("Unisci") })
		s.sees(fmt.Sprintf("Unita alla #%d", first.ID), "È un doppione: i messaggi sono in")
		way.within(3)
		s.follow("Non è un doppione: riporta qui i messaggi")
		s.sees("I messaggi sono tornati qui.")

		// Somebody calls, and is helped while they are on the line.
		s.in("#side").follow("Telefonata o sportello")
		s.fill("Nome o indirizzo e-mail", "ada")
		if !scripts {
			s.in("main").follow("Cerca")
		}
		s.in("#callers").follow("Scegli Ada Neri")
		s.sees("Le sue richieste aperte", "Il conguaglio non torna")
		s.choose("Applicazione e modulo", "CSA, carriere e stipendi del personale")
		s.fill("Oggetto", "Non trova il cedolino")
		s.fill("Che cosa hai risposto", "È nel menu Documenti.")
		s.find(nil, "the call has left its form", "location.pathname === '/tickets/call'")
		s.follow("Già risolta")
		s.sees("La richiesta è aperta e risolta.", "Non trova il cedolino", "È nel menu Documenti.")
		row, err := w.app.Desk.Tickets.Read(policy.Actor{Person: w.people["requester"]}, w.newest(t))
		must(t, err)
		if row.Ticket.State != store.StateResolved || row.Ticket.Requester != w.people["requester"].ID {
			t.Errorf("%+v", row.Ticket)
		}
	})
}

// TestAPictureOpensInThePage: at reading size among the words, and large over the page, for both sides; the file itself
// is a link away.
func TestAPictureOpensInThePage(t *testing.T) {
	t.Parallel()
	both(t, func(t *testing.T, scripts bool) {
		w := newWorld(t)
		for _, role := range []string{"requester", "agent"} {
			s := w.walkAs(t, role, scripts)
			s.visit("/tickets/1")
			s.press("Ingrandisci schermata.png")
			s.find(nil, "no picture over the page", "document.querySelector('.zoom:popover-open img')?.complete")
			s.find(nil, "the page has gone", "location.pathname === '/tickets/1'")
			s.keys(kb.Escape)
			s.find(nil, "the picture stays", "!document.querySelector('.zoom:popover-open')")
			s.find(nil, "no way to the file", "pressable('schermata.png', '.picture')?.getAttribute('href')?.startsWith('/files/')")
		}
	})
}
