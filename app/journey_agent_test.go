package app_test

import (
	"fmt"
	"testing"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/chromedp/kb"

	"sportello/app/address"
	"sportello/app/desk/ticket"
)

func TestAnAgentWorksATicket(t *testing.T) {
	t.Parallel()
	both(t, func(t *testing.T, scripts bool) {
		w := newWorld(t)
		w.reply()
		w.searchable()
		for _, subject := range []string{"Il conguaglio non torna", "Le detrazioni sono sparite", "Il cedolino è in bianco", "La matricola è doppia"} {
			w.asks("requester", subject)
		}
		s := w.walkAs(t, "agent", scripts)

		// The queues.
		s.visit("/")
		s.in("header nav").follow("Scrivania")
		s.in("#side").sees("Mie 1", "Del mio gruppo 5", "Da prendere 4")
		s.follow("Da prendere")
		s.in("#queue").sees("Il conguaglio non torna", "Le detrazioni sono sparite", "La matricola è doppia", "Ada Neri", "P4")
		s.in("form.filters").choose("Priorità", "P1")
		if !scripts {
			s.follow("Filtra")
		} // else filters apply as they are chosen
		s.sees("Nessuna richiesta con questi filtri")
		s.in("form.filters").follow("Togli i filtri")
		s.in("#queue").follow("Il conguaglio non torna")

		// Taking charge, and a reply that asks.
		s.follow("Prendi in carico")
		s.sees("L'hai presa in carico.")
		s.in("#facts").sees("Assegnata a Bruno Galli")
		s.misses("parolasegreta")
		if scripts {
			s.fill("Testo", "Buongiorno,\n::sal")
			s.press("Saluti")
			s.holds("Testo", "Buongiorno,\nCordiali saluti")
			s.types("\n\nVedi anche: ??cedol")
			s.press("Stampare il cedolino")
			s.holds("Testo", "Vedi anche: [Stampare il cedolino](")
			s.press("Anteprima")
			s.in("#preview").sees("Vedi anche: Stampare il cedolino")
			s.press("Anteprima")
		} else {
			s.fill("Testo", "Buongiorno,\nCordiali **saluti**\n\nVedi anche: [Stampare il cedolino](/articles/stampare-il-cedolino)")
			s.follow("Anteprima")
			s.in("#preview").sees("Cordiali saluti")
		}
		s.unfold("Allega")
		s.in("#editor").attach("Allegati", fileFor(t, "istruzioni.pdf", []byte("%PDF-1.4\n%%EOF\n")))
		s.follow("Invia e attendi risposta")
		s.sees("La richiesta è in attesa del richiedente.")
		s.in("#thread").sees("Cordiali saluti", "Vedi anche: Stampare il cedolino", "istruzioni.pdf")
		s.in("#facts").sees("In attesa")

		// A note that calls a colleague.
		s.tick("Nota interna")
		if scripts {
			s.fill("Testo", "@sup")
			s.press("Sara Responsabile")
			s.holds("Testo", "@supervisor ")
			s.types("guarda il conguaglio, per favore.")
		} else {
			s.fill("Testo", "@supervisor guarda il conguaglio, per favore.")
		}
		s.follow("Salva la nota interna")
		s.sees("Avvisiamo Sara Responsabile.")
		s.in("#thread .note").sees("guarda il conguaglio")

		// Whose it is, how serious, whose group.
		s = s.in("#facts")
		s.unfold("Assegnata a")
		s.choose("Persona", "Sara Responsabile")
		s.follow("Assegna")
		s.sees("Assegnata a Sara Responsabile")
		s.unfold("Priorità")
		s.choose("Gravità", "Bloccante")
		s.follow("Cambia priorità")
		s.refused()
		s.fill("Motivo", "Gli stipendi partono domani.")
		s.follow("Cambia priorità")
		s.sees("P2")
		s.in("main").sees("Gravità da Media a Bloccante", "Gli stipendi partono domani.")
		s.unfold("Tipo")
		s.choose("Tipo", "Richiesta")
		s.follow("Salva")
		s.sees("Tipo Richiesta")
		s.unfold("Modulo")
		s.choose("Modulo", "U-GOV › Contabilità")
		s.follow("Salva")
		s.sees("Modulo U-GOV › Contabilità")
		s.unfold("Gruppo")
		s.choose("Gruppo", "Contabilità")
		s.fill("Motivo", "È una questione di bilancio.")
		s.follow("Sposta")
		s = s.in("main")
		s.sees("Spostata.", "La segue il gruppo Contabilità")
		s.press("5 cambiamenti") // many in a row are folded
		s.sees("Spostata al gruppo Contabilità da Bruno Galli: «È una questione di bilancio.»")
		s.misses("Invia e attendi risposta")

		// Somebody telephones.
		s.visit("/tickets/1")
		s.press("Altro")
		s.follow("Apri una richiesta a nome di Ada Neri")
		s.holds("A nome di", "requester@example.it")
		s.module("CSA, carriere e stipendi del personale")
		s.tick("Un chiarimento")
		s.fill("Oggetto", "Come si legge il cedolino")
		s.fill("Descrizione", "Ha telefonato.")
		s.follow("Apri la richiesta")
		s.sees("Come si legge il cedolino", "Aperta da Bruno Galli a nome di Ada Neri")
	})
}

func TestAnAgentKeepsTheQueueInOrder(t *testing.T) {
	t.Parallel()
	both(t, func(t *testing.T, scripts bool) {
		w := newWorld(t)
		first, again, spam := w.asks("requester", "Il conguaglio non torna"), w.asks("participant", "Conguaglio sbagliato"), w.asks("requester", "Hai vinto un premio")
		var more []uint64
		for _, subject := range []string{"Le detrazioni sono sparite", "Il cedolino è in bianco", "La matricola è doppia"} {
			more = append(more, w.asks("requester", subject).ID)
		}
		s := w.walkAs(t, "agent", scripts)

		// The same matter twice.
		s.visit(address.Ticket(again.ID))
		s.fill("Testo", "La seguiamo nell'altra richiesta.")
		s.in("#editor").unfold("Risolvi")
		s.tick("Doppione")
		s.follow("Invia e risolvi")
		s.sees("Scegli la richiesta di cui è doppione.")
		s.holds("Messaggio a Carlo Collega", "La seguiamo nell'altra richiesta.")
		s.tick(fmt.Sprintf("#%d Il conguaglio non torna", first.ID))
		s.follow("Unisci")
		s.sees("È un doppione: i messaggi sono in", "Il conguaglio non torna")
		s.in(".alert").follow(fmt.Sprintf("#%d", first.ID))
		s.in("#thread").sees("Carlo Collega", fmt.Sprintf("spostato da #%d", again.ID))
		s.visit(address.Ticket(again.ID))
		s.follow("Non è un doppione: riporta qui i messaggi")
		s.sees("I messaggi sono tornati qui.")
		s.in("#thread").sees("Succede da ieri.")
		s.visit(address.Ticket(first.ID))
		s.in("#thread").misses("spostato da")

		// Spam goes, and comes back.
		s.visit(address.Ticket(spam.ID))
		s.press("Altro")
		s.sure("Segna come spam", "Segna come spam")
		s.sees("Segnata come spam.")
		s.visit("/desk/group")
		s.misses("Hai vinto un premio")
		s.in("#side").follow("Spam")
		s.in("#queue").follow("Hai vinto un premio")
		s.follow("Non è spam")
		s.sees("Non è più tra lo spam.")
		s.visit("/desk/group")
		s.in("#queue").sees("Hai vinto un premio")

		// Three at once.
		s.in("#side").follow("Da prendere")
		for _, n := range more {
			s.tick(fmt.Sprintf("Scegli #%d", n))
		}
		if scripts {
			s.in("#bulk").sees("3 scelte")
		}
		s.in("#bulk").follow("Prendi in carico")
		s.sees("Prese in carico: 3.")
		s.in("#queue").misses("Le detrazioni sono sparite")
		s.in("#side").follow("Mie")
		s.in("#queue").sees("Le detrazioni sono sparite", "Il cedolino è in bianco", "La matricola è doppia")
		for _, n := range more {
			s.tick(fmt.Sprintf("Scegli #%d", n))
		}
		s.in("#bulk").press("Cambia stato")
		s.in("#bulk").choose("Nuovo stato", "Risolta")
		s.in("#bulk").choose("Esito, se la risolvi", "Risolta")
		s.in("#bulk").fill("Messaggio ai richiedenti", "Corretto con la versione di oggi.")
		s.in("#bulk .menu-box").follow("Cambia stato")
		s.sees("Stato cambiato: 3.")
		s.in("#side").follow("Risolte")
		s.in("#queue").sees("Le detrazioni sono sparite", "La matricola è doppia")
	})
}

// TestTheEditorOffersByButtons: what the marks offer has buttons too, and says when nothing fits; without scripts they
// lead to the lists.
func TestTheEditorOffersByButtons(t *testing.T) {
	t.Parallel()
	both(t, func(t *testing.T, scripts bool) {
		w := newWorld(t)
		w.reply()
		w.searchable()
		s := w.walkAs(t, "agent", scripts)
		s.visit("/tickets/1")
		if !scripts {
			for words, to := range map[string]string{"?? Articolo": "/articles", ":: Risposta pronta": "/desk/replies"} {
				s.find(nil, words+" leads nowhere", fmt.Sprintf("pressable(%s, '#editor')?.getAttribute('href') === %s", quote(words), quote(to)))
			}
			return
		}
		s.fill("Testo", "Buongiorno,")
		s.press(":: Risposta pronta")
		s.in(".editor-list").press("Saluti")
		s.holds("Testo", "Buongiorno, Cordiali saluti")
		s.types("\n")
		s.press("?? Articolo")
		s.types("cedol")
		s.in(".editor-list").press("Stampare il cedolino")
		s.holds("Testo", "[Stampare il cedolino](")
		for mark, none := range map[string]string{"??zzz": "Nessun articolo adatto.", "::zzz": "Nessuna risposta pronta adatta."} {
			s.fill("Testo", mark)
			s.in(".editor-list").sees(none)
			s.keys(kb.Enter)
			s.holds("Testo", mark+"\n")
			s.fill("Testo", mark)
			s.in(".editor-list").sees(none)
			s.keys(kb.Escape)
			s.find(nil, "what says so stays", "document.querySelector('.editor-list').hidden")
		}
		s.tick("Nota interna")
		s.fill("Testo", "@zzz")
		s.in(".editor-list").sees("Nessun operatore con questo nome.")
		s.fill("Testo", "Davvero?? zzz qqq xxx zzzz qqqq xxxx")
		s.find(nil, "who only asks is told that nothing fits", "document.querySelector('.editor-list').hidden")
	})
}

// TestResolvingStandsBesideTheText: the fields of an outcome cover nothing of what is being written, and are those that
// the outcome needs.
func TestResolvingStandsBesideTheText(t *testing.T) {
	t.Parallel()
	both(t, func(t *testing.T, scripts bool) {
		w := newWorld(t)
		n := w.asks("requester", "Il conguaglio non torna").ID
		w.does("agent", n, ticket.Step{Take: true})
		s := w.walkAs(t, "agent", scripts)
		for _, width := range []int64{1280, 360} {
			s.run(emulation.SetDeviceMetricsOverride(width, 900, 1, false))
			s.visit(address.Ticket(n))
			s.fill("Testo", "Ho ricalcolato il conguaglio.")
			for _, fold := range []string{"Risolvi", "Pianifica"} {
				s.in("#editor").unfold(fold)
				s.find(nil, fold+" lies over the text", `(() => {
					const text = document.getElementById('body').getBoundingClientRect(), open = document.querySelector('#editor .editor-bar > [open]').getBoundingClientRect();
					return open.height > 0 && (open.top >= text.bottom || open.left >= text.right) })()`)
			}
			s.in("#editor").unfold("Risolvi")
			s.tick("Non accolta")
			s.in("#resolve").sees("Nel testo di' perché.")
			s.in("#resolve").misses("Versione")
			s.tick("Anomalia nota")
			s.in("#resolve").sees("Versione")
		}
		s.in("#resolve").fill("Versione", "26.1")
		s.follow("Invia e risolvi")
		s.sees("La richiesta è risolta.")
		s.in("#facts").sees("Anomalia nota", "26.1")
	})
}

func TestAgentsDoNotWriteOverEachOther(t *testing.T) {
	t.Parallel()
	both(t, func(t *testing.T, scripts bool) {
		w := newWorld(t)
		s := w.walkAs(t, "agent", scripts)
		w.visitor("supervisor").must(w.visitor("supervisor").post("/tickets/1/presence", nil), 200)
		s.visit("/tickets/1")
		s.sees("Sara Responsabile la sta guardando")

		// What others write appears by itself where there are scripts.
		w.does("requester", 1, ticket.Step{Message: &ticket.Text{Body: "Anche il cedolino di settembre."}})
		if !scripts {
			s.visit("/tickets/1")
		}
		s.in("#thread").sees("Anche il cedolino di settembre.")

		// Nobody's text goes lost when somebody else was faster.
		s.fill("Testo", "Ho rigenerato il cedolino.")
		w.does("supervisor", 1, ticket.Step{Message: &ticket.Text{Body: "Ci penso io, un momento."}})
		if scripts {
			s.sees("La richiesta è cambiata mentre scrivevi. Il tuo testo resta")
			s.in("#thread").sees("Ci penso io, un momento.")
		}
		s.follow("Invia e attendi risposta")
		s.sees("La richiesta è cambiata mentre scrivevi", "Non è stato inviato nulla e il tuo testo è ancora nell'editor.")
		s.in("#conflict").sees("Ci penso io, un momento.")
		s.holds("Testo", "Ho rigenerato il cedolino.")
		s.follow("Invia e attendi risposta")
		s.in("#thread").sees("Ci penso io, un momento.", "Ho rigenerato il cedolino.")
		s.holds("Testo", "")

		// The queue follows too.
		s.visit("/desk/unassigned")
		s.sees("Non c'è nulla da prendere")
		w.asks("requester", "Arrivata adesso")
		if !scripts {
			s.visit("/desk/unassigned")
		}
		s.in("#queue").sees("Arrivata adesso")
		s.in("#side").sees("Da prendere 1")

		// A ticket that moves on takes nothing away from a form in which nothing was written.
		if scripts {
			s.visit("/tickets/1")
			w.does("requester", 1, ticket.Step{Message: &ticket.Text{Body: "Ora si apre."}})
			s.in("#thread").sees("Ora si apre.")
			s.fill("Testo", "Bene.")
			s.in("#editor").unfold("Risolvi")
			s.tick("Risolta")
			s.follow("Invia e risolvi")
			s.sees("La richiesta è risolta.")
		}
	})
}

func TestAnAgentWorksByKeyboard(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for _, subject := range []string{"Il conguaglio non torna", "Le detrazioni sono sparite", "Il cedolino è in bianco"} {
		w.asks("requester", subject)
	}
	s := w.walkAs(t, "agent", true)
	here := func(want string) {
		t.Helper()
		s.find(nil, "the cursor is not on "+want, fmt.Sprintf("clean(document.activeElement.textContent) === %s || document.activeElement.id === %s", quote(want), quote(want)))
	}
	s.visit("/desk/unassigned")
	s.in("#queue").sees("Il conguaglio non torna")
	s.keys("?")
	s.in("dialog[open]").sees("Scorciatoie da tastiera", "Richiesta successiva")
	s.press("Chiudi")
	s.find(nil, "the window stays", "!document.querySelector('dialog[open]')")
	s.keys("j")
	here("Il conguaglio non torna")
	s.keys("jj")
	here("Il cedolino è in bianco")
	s.keys("k")
	here("Le detrazioni sono sparite")
	s.leave(func() { s.keys(kb.Enter) })
	s.sees("Le detrazioni sono sparite", "Prendi in carico")
	s.leave(func() { s.keys("t") })
	s.sees("L'hai presa in carico.")
	s.keys("n")
	here("body")
	s.keys("tj")
	s.holds("Testo", "tj") // in a field keys are letters
	s.keys(kb.Escape)
	s.find(nil, "cannot leave the field", "(document.activeElement.blur(), true)")
	s.keys("p")
	here("severity")
	s.find(nil, "cannot leave the field", "(document.activeElement.blur(), true)")
	s.keys("/")
	here("q")
	s.find(nil, "cannot leave the field", "(document.activeElement.blur(), true)")
	s.leave(func() { s.keys("g") })
	s.sees("Il conguaglio non torna")

	// Who does not want them switches them off.
	s.visit("/me")
	s.tick("Scorciatoie con un solo tasto")
	s.in("main form").follow("Salva")
	s.visit("/desk/unassigned")
	s.in("#queue").sees("Il conguaglio non torna")
	s.keys("j")
	s.find(nil, "a key does something", "document.activeElement === document.body")
}
