package app_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"sportello/app/address"
	"sportello/app/desk/installation"
	"sportello/app/desk/release"
	"sportello/store"
)

// fullRelease is the number of an update of CSA with everything that one can say, published for the organisation, which
// runs an older version in both environments and installs itself.
func (w *world) fullRelease() uint64 {
	w.t.Helper()
	code := w.code(w.things["organisation"])
	for e, version := range map[store.Environment]string{store.Production: "23.12", store.Test: "24.01"} {
		if err := w.app.Desk.Installations.Put(w.as("administrator"), code, installation.Entry{Module: "csa", Environment: e, Version: version}); err != nil {
			w.t.Fatal(err)
		}
	}
	f, err := w.app.Desk.Files.Keep(w.as("agent"), "csa-24.03.zip", strings.NewReader("Il programma."))
	if err != nil {
		w.t.Fatal(err)
	}
	y, m, d := w.app.Desk.Now().AddDate(0, 0, 10).Date()
	day := time.Date(y, m, d, 0, 0, 0, 0, time.UTC)
	at := time.Date(y, m, d, 18, 0, 0, 0, w.app.Desk.Location())
	v, err := w.app.Desk.Releases.Save(w.as("agent"), 0, release.Form{Modules: []string{"csa"}, Version: "24.03", Kind: store.Law, Title: store.Words{IT: "Conguaglio di fine anno", EN: "End of year settlement"},
		Notes:     store.Words{IT: "Si installa **come al solito**.\n\n# Prima\n\n- uno\n- due", EN: "Install it **as usual**."},
		Corrected: store.Words{IT: "Il cedolino di ottobre si apre."}, Norm: store.Norm{Text: "D.L. 1/2026, art. 2"}, Otherwise: store.Words{IT: "La trasmissione F24 viene rifiutata.", EN: "F24 is refused."},
		InstallBy: store.InstallBy{Test: day.AddDate(0, 0, -3), Production: day}, Stop: store.Stop{From: at, Until: at.Add(2 * time.Hour), Latest: at.Add(4 * time.Hour), Text: store.Words{IT: "I cedolini.", EN: "Payslips."}},
		WayBack: store.WayBack{Kind: store.BackNone}, Audience: release.Audience{Organisations: []string{code}}, Files: []uint64{f.ID}})
	if err == nil {
		v, _, err = w.app.Desk.Releases.Publish(w.as("agent"), v.Release.ID, release.Publication{Nobody: true})
	}
	for more := err == nil; more && err == nil; {
		more, err = w.app.Desk.Releases.Step()
	}
	if err != nil {
		w.t.Fatal(err)
	}
	return v.Release.ID
}

// TestAnUpdateIsReadAndAnswered goes the way of those who install an update: from the list to its page, and from there to
// the answer; of a colleague who only reads it, of the desk, and of a technical contact with the link of a letter.
func TestAnUpdateIsReadAndAnswered(t *testing.T) {
	t.Parallel()
	source := axeSource(t)
	both(t, func(t *testing.T, scripts bool) {
		w := newWorld(t)
		number := w.fullRelease()
		clean := func(s *walk) { s.clean(source) }

		colleague := w.walkAs(t, "participant", scripts)
		colleague.visit("/releases")
		colleague.sees("Conguaglio di fine anno", "Obbligo di legge")
		colleague.misses("Nuovo aggiornamento", "Aspetta il vostro riscontro")
		colleague.visit(address.Release(number))
		colleague.sees("D.L. 1/2026", "F24", "non si torna indietro", "lo danno i referenti")
		colleague.misses("È installato", "Tutti i riscontri", "Chi ha scaricato")

		rita := w.walkAs(t, "coordinator", scripts)
		rita.visit("/releases")
		rita.sees("Aspetta il vostro riscontro")
		clean(rita)
		rita.follow("CSA 24.03: Conguaglio di fine anno")
		rita.sees("Il vostro riscontro", "in produzione entro", "al più tardi 22.00", "Letto", "csa-24.03.zip", "oggi gira la 23.12")
		clean(rita)
		rita.in("article:first-of-type").follow("È installato")
		rita.sees("il riscontro è registrato", "Installato")

		bruno := w.walkAs(t, "agent", scripts)
		bruno.visit(address.Release(number))
		bruno.sees("A che punto siamo", "Tutti i riscontri", "Installato", "Chi è stato avvisato")
		clean(bruno)
		bruno.visit(address.Release(number) + "?receipts=failed")
		bruno.sees("Nessun riscontro di questo tipo")

		tecla := w.walk(t, scripts)
		tecla.visit(address.ReleaseLink(w.app.Desk.Releases.LinkToken(w.askedContact(true), number, w.app.Desk.Now())))
		tecla.sees("senza entrare", "Conguaglio di fine anno", "È installato")
		tecla.misses("csa-24.03.zip")
		clean(tecla)
		tecla.in("article:last-of-type").unfold("L'installazione non è riuscita")
		tecla.in("article:last-of-type details[open]").fill("Che cosa è successo", "Si ferma a metà.")
		tecla.in("article:last-of-type details[open]").follow("Invia")
		tecla.sees("il riscontro è registrato", "Non riuscito", "con il link di un contatto tecnico")

		tecla.visit(address.Contact(w.app.Desk.Releases.ContactToken(w.askedContact(false), w.app.Desk.Now())))
		clean(tecla)
		tecla.follow("Sì, mandateli")
		tecla.sees("arriveranno a questo indirizzo")

		sara := w.walkAs(t, "supervisor", scripts)
		sara.visit(address.Contacts(w.code(w.things["organisation"])))
		clean(sara)
		sara.fill("Indirizzo e-mail", fmt.Sprintf("altro-%v@example.it", scripts))
		sara.choose("Applicazione", "CSA, carriere e stipendi del personale")
		sara.follow("Aggiungi")
		sara.sees("Da confermare")
	})
}
