package app_test

import (
	"fmt"
	"html"
	"strings"
	"testing"

	"github.com/chromedp/cdproto/page"

	"sportello/app/address"
	"sportello/store"
	"sportello/store/act"
	"sportello/store/db"
	"sportello/store/door"
)

func TestAnAgentConfirmsAnAnswerByMail(t *testing.T) {
	t.Parallel()
	both(t, func(t *testing.T, scripts bool) {
		w := newWorld(t)
		opened := w.comes(letter{id: "uno@example.it", from: "Ada Neri <requester@example.it>", proven: true, subject: "Il cedolino è in bianco", text: "Non vedo nulla."})
		answer := func(text string) {
			row := w.comes(letter{from: "Bruno Galli <agent@example.it>", answers: "uno@example.it", subject: "Re: Il cedolino è in bianco",
				text: text + "\n\n-- \nBruno\nUfficio paghe"})
			if row.Ticket != opened.Ticket {
				t.Fatalf("the answer went to %d: %s %s", row.Ticket, row.Why, row.Detail)
			}
		}
		answer("Prova con un altro browser.")

		other := w.walkAs(t, "supervisor", scripts)
		other.visit(address.Ticket(opened.Ticket))
		other.in("#thread").sees("Prova con un altro browser.", "Nota interna", "Mittente non verificato")
		other.misses("Invia al richiedente")

		requester := w.walkAs(t, "requester", scripts)
		requester.visit(address.Ticket(opened.Ticket))
		requester.in("#thread").sees("Non vedo nulla.", "Per e-mail")
		requester.misses("Prova con un altro browser.")

		s := w.walkAs(t, "agent", scripts)
		s.visit(address.Ticket(opened.Ticket))
		s.in("#thread").sees("La tua risposta è arrivata per e-mail, ma non possiamo provare che sia tua.", "Unito perché risponde a un messaggio di questa richiesta.")
		s.in("#thread").misses("Ufficio paghe")
		s.in("#thread").unfold("Testo citato e firma")
		s.in("#thread").sees("Ufficio paghe")
		s.follow("Invia al richiedente")
		s.sees("Risposta inviata al richiedente.")
		s.misses("ma non possiamo provare")

		requester.visit(address.Ticket(opened.Ticket))
		requester.in("#thread").sees("Prova con un altro browser.")

		answer("Questo resti tra noi.")
		s.visit(address.Ticket(opened.Ticket))
		s.follow("Tieni come nota")
		s.sees("Resta una nota interna.")
		s.misses("Invia al richiedente")
		requester.visit(address.Ticket(opened.Ticket))
		requester.misses("Questo resti tra noi.")
	})
}

func TestAnAgentMovesAMailAndUndoesIt(t *testing.T) {
	t.Parallel()
	both(t, func(t *testing.T, scripts bool) {
		w := newWorld(t)
		first := w.comes(letter{id: "uno@example.it", from: "Ada Neri <requester@example.it>", proven: true, subject: "Il cedolino è in bianco", text: "Non vedo nulla."})
		second := w.comes(letter{from: "Ada Neri <requester@example.it>", answers: "uno@example.it", proven: true, subject: "Re: Il cedolino è in bianco", text: "E le ferie?"})
		other := w.asks("requester", "Le ferie non tornano")
		message := fmt.Sprintf("#m%d", second.Message)
		s := w.walkAs(t, "agent", scripts)

		s.visit(address.Ticket(first.Ticket))
		s.in(message).unfold("Sposta il messaggio di Ada Neri")
		s.in(message).fill("Sposta in un'altra richiesta", itoa(other.ID))
		s.in(message).follow("Sposta")
		s.sees(fmt.Sprintf("Messaggio spostato in #%d.", other.ID))
		s.in("#thread").misses("E le ferie?")

		s.visit(address.Ticket(other.ID))
		s.in(message).sees("E le ferie?", fmt.Sprintf("#%d", first.Ticket))
		s.in(message).unfold("Sposta il messaggio di Ada Neri")
		s.in(message).follow(fmt.Sprintf("Riporta in #%d", first.Ticket))
		s.visit(address.Ticket(first.Ticket))
		s.in(message).sees("E le ferie?")

		s.in(message).unfold("Sposta il messaggio di Ada Neri")
		s.in(message).follow("Fanne una richiesta")
		s.sees("Il messaggio è diventato una richiesta nuova")
		row := w.mail(second.ID)
		if row.Ticket == first.Ticket {
			t.Fatal("the mail did not follow its message")
		}
		s.visit(address.Ticket(row.Ticket))
		s.in(message).sees("E le ferie?")
		s.in(message).unfold("Sposta il messaggio di Ada Neri")
		s.in(message).follow(fmt.Sprintf("Riporta in #%d", first.Ticket))
		s.sees("È un doppione: i messaggi sono in")
		s.visit(address.Ticket(first.Ticket))
		s.in(message).sees("E le ferie?")
	})
}

// mail reads the row of a mail anew.
func (w *world) mail(id uint64) *store.Mail {
	w.t.Helper()
	var row *store.Mail
	err := w.app.Store.View(func(tx *db.Tx) (err error) {
		row, err = store.Mails.Get(tx, id)
		return err
	})
	if err != nil {
		w.t.Fatal(err)
	}
	return row
}

func TestPicturesFromElsewhereAreLoadedOnlyWhenAsked(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	number, message := w.mailed()
	s := w.walkAs(t, "agent", true)
	s.visit(address.Ticket(number))
	s.in(fmt.Sprintf("#m%d", message)).follow("Mostra tutto")
	s.in("#mail").sees("Buongiorno, il cedolino non si apre")
	s.sees("Le immagini che stanno su altri siti non sono state caricate")
	s.find(nil, "the picture in the mail is not shown", `[...document.querySelectorAll('#mail img')].some((e) => e.complete && e.naturalWidth === 8)`)
	s.find(nil, "something is loaded from elsewhere", `![...document.querySelectorAll('img, link, script')].some((e) => new URL(e.src || e.href).host !== location.host) && performance.getEntriesByType('resource').every((e) => new URL(e.name).host === location.host)`)
	shown := address.Original(number, message)
	if got := w.visitor("agent").get(shown); strings.Contains(got.header.Get("Content-Security-Policy"), "https:") || strings.Contains(got.body, "evil.example/spia") {
		t.Errorf("the policy is %q before anybody asks", got.header.Get("Content-Security-Policy"))
	}

	s.follow("Carica le immagini")
	s.sees("Le immagini che stanno su altri siti sono caricate")
	s.find(nil, "the picture from elsewhere is not there", `document.querySelector('#mail img[src="https://evil.example/spia.png"]')`)
	if got := w.visitor("agent").get(shown + "?pictures=1"); !strings.Contains(got.header.Get("Content-Security-Policy"), "img-src 'self' https:") ||
		!strings.Contains(got.header.Get("Content-Security-Policy"), "script-src 'self';") {
		t.Errorf("the policy is %q", got.header.Get("Content-Security-Policy"))
	}
}

// TestAHostileMailShowsNothingExecuted looks at the mail wherever it is shown, with the policy that would stop it
// switched off.
func TestAHostileMailShowsNothingExecuted(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	number, message := w.mailed()
	held := w.held()
	linked := "/r/" + w.linked(w.people["requester"], number)
	s := w.walk(t, true)
	s.run(page.SetBypassCSP(true))
	for _, look := range []struct{ role, address, part string }{
		{"agent", address.Ticket(number), "#thread"}, {"requester", address.Ticket(number), "#thread"}, {"nobody", linked, "#thread"},
		{"agent", address.Original(number, message), "#mail"}, {"requester", address.Original(number, message) + "?pictures=1", "#mail"},
		{"administrator", address.Mail(held), "#mail"},
	} {
		s.enter(w, look.role)
		s.visit(look.address)
		s.in(look.part).sees("il cedolino non si apre", "<script>hacked=1</script>")
		var found struct{ Wrong []string }
		s.find(&found, look.address, "document.readyState === 'complete' && "+inspection)
		for _, wrong := range found.Wrong {
			t.Errorf("%s as %s: %s", look.address, look.role, wrong)
		}
	}
}

func TestAPersonWithoutCredentialsReadsTheirTicketByALink(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	ticket := w.ticket()
	w.comes(letter{from: "Ada Neri <requester@example.it>", proven: true, subject: fmt.Sprintf("Re: [#%d] Il cedolino", ticket.ID), text: "Anche oggi.\n\n-- \nAda"})
	shown := "/r/" + w.linked(w.people["requester"], ticket.ID)
	s := w.walk(t, false)
	s.visit(shown)
	s.sees(ticket.Subject, "Questo collegamento è di Ada Neri", "Buongiorno, quale mese?", "Anche oggi.", "Ottobre, grazie.", "Come rispondere", "Accedi, se le hai già")
	s.misses("parolasegreta", "Conferma la soluzione", "Scarica l'originale")
	s.follow("Accedi, se le hai già")
	s.sees("Indirizzo e-mail")

	b := w.browser()
	got := b.get(shown)
	for name, want := range map[string]string{"X-Robots-Tag": "noindex", "Referrer-Policy": "no-referrer", "Cache-Control": "no-store"} {
		if !strings.Contains(got.header.Get(name), want) {
			t.Errorf("%s is %q", name, got.header.Get(name))
		}
	}
	if cookies := got.header.Values("Set-Cookie"); strings.Contains(strings.Join(cookies, " "), "sportello=") {
		t.Errorf("it signs in: %v", cookies)
	}
	reply := "mailto:csa+"
	if !strings.Contains(html.UnescapeString(got.body), reply) {
		t.Errorf("the page does not say %s", reply)
	}
	at := strings.Index(got.body, shown+"/files/")
	if at < 0 {
		t.Fatal("the page leads to no file")
	}
	file := got.body[at : at+strings.IndexByte(got.body[at:], '"')]
	if f := b.get(file); f.status != 200 || f.header.Get("Content-Type") != "image/png" || !strings.Contains(f.header.Get("Content-Security-Policy"), "sandbox") ||
		f.header.Get("Cache-Control") != "no-store" {
		t.Errorf("the file: %d %v", f.status, f.header)
	}
	if f := b.get(file[strings.Index(file, "/files/"):]); f.status == 200 {
		t.Error("the link opens the file at its own address too")
	}
	if f := b.get(address.Ticket(ticket.ID)); f.status != 303 {
		t.Errorf("the link signs in: %d", f.status)
	}

	agent := w.walkAs(t, "agent", false)
	agent.visit(address.Ticket(ticket.ID))
	agent.in("#holders").sees("Ada Neri")
	agent.follow("Ritira i collegamenti")
	agent.sees("I collegamenti non aprono più la richiesta.")
	agent.misses("Ritira i collegamenti")
	for _, gone := range []string{shown, file, shown[:len(shown)-1], "/r/aaaa"} {
		if got := b.get(gone); got.status != 404 {
			t.Errorf("%s: %d after it was withdrawn", gone, got.status)
		}
	}
	s.visit(shown)
	s.sees("Il collegamento non vale più")
}

// TestMailsInATicketSayWhatTheyAre looks at everything that a message by mail can be marked with.
func TestMailsInATicketSayWhatTheyAre(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	opened := w.comes(letter{id: "uno@example.it", from: "Ada Neri <requester@example.it>", proven: true, subject: "Il cedolino è in bianco", text: "Non vedo nulla."})
	w.comes(letter{id: "due@altrove.example", from: "Sergio Sconosciuto <sconosciuto@altrove.example>", answers: "uno@example.it", subject: "Re: Il cedolino è in bianco", text: "Succede anche a me."})
	w.comes(letter{from: "Ada Neri <requester@example.it>", answers: "uno@example.it", proven: true, subject: "Fuori ufficio", text: "Torno lunedì.",
		header: "Auto-Submitted: auto-replied\r\n"})
	w.bounced(w.people["requester"], opened.Ticket)
	s := w.walkAs(t, "requester", false)
	s.visit(address.Ticket(opened.Ticket))
	s.misses("Mail respinta")
	s.misses("Succede anche a me.")
	s.in("#thread").sees("Risposta automatica")
	s.in("#thread").misses("Torno lunedì.", "Unito perché")

	agent := w.walkAs(t, "agent", false)
	agent.visit(address.Ticket(opened.Ticket))
	agent.in("#beside").unfold("1 messaggio accanto alla richiesta")
	agent.in("#beside").sees("Succede anche a me.", "Mittente non verificato", "Non fa parte di questa richiesta")
	agent.in("#beside").follow("Aggiungi alla richiesta")
	s.visit(address.Ticket(opened.Ticket))
	s.in("#thread").sees("Succede anche a me.", "Mittente non verificato", "Non fa parte di questa richiesta")
	agent.in("#thread").sees("Ha aperto la richiesta: non risponde a nessun'altra.")
	agent.in("#thread").unfold("Risposta automatica")
	agent.in("#thread").sees("Torno lunedì.")
	agent.in("#thread").sees("Mail respinta Server di posta Nota interna")
	agent.in("#thread").misses("mailbox unavailable")
	agent.in("#thread").unfold("Mail respinta")
	agent.in("#thread").sees("mailbox unavailable", "Unito perché riguarda una mail partita da questa richiesta.")
	agent.in("#lost").sees("550 5.1.1")
	agent.follow("Aggiungi Sergio Sconosciuto ai partecipanti")
	agent.in("#facts").sees("Sergio Sconosciuto")
	agent.misses("Non fa parte di questa richiesta")

	source := axeSource(t)
	for _, role := range []string{"agent", "requester"} {
		b := chrome(t)
		b.enter(w, role)
		for _, dark := range []bool{false, true} {
			b.screen(1280, 900, dark)
			b.open(address.Ticket(opened.Ticket))
			for _, found := range b.axe(source) {
				t.Errorf("as %s, dark %v: %s", role, dark, found)
			}
		}
		b.screen(390, 844, false)
	}
}

func TestMailThatComesBackIsShownToWhoWorksTheTicket(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	ticket := w.ticket()
	err := w.app.Store.Update(db.By{Via: door.Mail, Act: act.MailFailed}, func(tx *db.Tx) error {
		p, err := store.People.Get(tx, w.people["requester"].ID)
		if err != nil {
			return err
		}
		p.MailFailed, p.MailFailedWhy = tx.Now(), "550 5.1.1 no such user"
		return store.People.Put(tx, p)
	})
	if err != nil {
		t.Fatal(err)
	}
	s := w.walkAs(t, "agent", false)
	s.visit(address.Ticket(ticket.ID))
	s.in("#lost").sees("La posta a questo indirizzo torna indietro.", "550 5.1.1 no such user")
	own := w.walkAs(t, "requester", false)
	own.visit("/me/notices")
	own.in("#lost").sees("La posta a requester@example.it torna indietro")
	s.follow("L'indirizzo funziona di nuovo")
	s.sees("L'indirizzo riceve di nuovo gli avvisi.")
	s.misses("torna indietro.")
	own.visit("/me")
	own.misses("torna indietro")
}
