package app_test

import (
	"fmt"
	"testing"

	"sportello/app/address"
)

// TestWhoSeesTicketsIsChosenAndExplained shares the tickets of an organisation, keeps one from it, and reads why somebody does
// not see it; the pages that a form leads to are looked at by axe as well.
func TestWhoSeesTicketsIsChosenAndExplained(t *testing.T) {
	t.Parallel()
	source := axeSource(t)
	both(t, func(t *testing.T, scripts bool) {
		w := newSharedWorld(t)
		subject := w.ticket.Subject
		clean := func(s *walk) { s.clean(source) }

		root := w.walkAs(t, "administrator", scripts)
		root.visit(fmt.Sprintf("/admin/organisations/%d", w.home))
		root.follow("Chi vede le richieste")
		root.tick("Tutti i colleghi")
		root.follow("Guarda che cosa cambia")
		root.sees("Prima di salvare", "persone in più vedranno richieste di altri", "Nessuno perde di vista")
		clean(root)
		root.follow("Salva questa scelta")
		root.sees("d'ora in poi le richieste si vedono così")

		colleague := w.walkAs(t, "unit-colleague", scripts)
		colleague.visit("/tickets")
		colleague.follow("Dei colleghi")
		colleague.sees(subject)
		colleague.follow(subject)
		colleague.sees("non si aprono")
		colleague.misses("Scrivi", "Solo io e l'assistenza")
		clean(colleague)

		ada := w.walkAs(t, "requester", scripts)
		ada.visit(address.Ticket(w.ticket.ID))
		ada.in("#sight").sees("tutte le persone di Ateneo")
		ada.in("#sight").follow("Solo io e l'assistenza")
		ada.in("#sight").sees("La vedete solo tu, chi partecipa e l'assistenza")
		clean(ada)
		colleague.visit("/tickets?of=organisation")
		colleague.misses(subject)

		root.visit(fmt.Sprintf("/admin/people/%d", w.people["unit-colleague"].ID))
		root.follow("Controlla una richiesta")
		root.fill("Numero della richiesta", fmt.Sprint(w.ticket.ID))
		root.follow("Controlla")
		root.sees("non vede la richiesta", "il richiedente la tiene per sé")
		clean(root)
	})
}
