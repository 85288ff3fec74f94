package app_test

import (
	"regexp"
	"testing"
	"time"

	"sportello/app/desk/installation"
	"sportello/app/desk/notice"
	"sportello/store"
	"sportello/store/act"
	"sportello/store/db"
	"sportello/store/door"
)

// speaks gives the role's pages and letters another language.
func (w *world) speaks(role, lang string) {
	w.t.Helper()
	err := w.app.Store.Update(db.By{Via: door.Command, Act: act.Seed}, func(tx *db.Tx) error {
		p, err := store.People.Get(tx, w.people[role].ID)
		if err != nil {
			return err
		}
		p.Language = lang
		return store.People.Put(tx, p)
	})
	if err != nil {
		w.t.Fatal(err)
	}
}

// letterAgain is letterText where the desk may have tried to send the letter already, to a server that is not there: it
// is tried again at once, as an administrator would.
func (w *world) letterAgain(address string) (subject, text string) {
	w.t.Helper()
	for range 100 {
		if subject, text = w.letterText(address); text != "" {
			return subject, text
		}
		var waiting []uint64
		must(w.t, w.app.Store.View(func(tx *db.Tx) error {
			waiting = nil
			for l, err := range store.Letters.All(tx, 0, false) {
				if err != nil {
					return err
				}
				if l.To == address && l.State == store.LetterQueued {
					waiting = append(waiting, l.ID)
				}
			}
			return nil
		}))
		for _, id := range waiting {
			must(w.t, w.app.Desk.Notices.DecideLetter(w.as("administrator"), id, notice.LetterRetry))
		}
	}
	w.t.Fatalf("no letter goes to %s", address)
	return "", ""
}

// TestAnUpdateIsPublishedAndInstalled goes the whole way of an update: somebody of the desk prepares it, sees who will be
// told and publishes it; a coordinator comes from the letter, says for when it is planned, then that it is installed; the
// desk sees it in the picture. Each page is looked at in Italian and light, and in English, dark and narrow.
func TestAnUpdateIsPublishedAndInstalled(t *testing.T) {
	t.Parallel()
	source := axeSource(t)
	both(t, func(t *testing.T, scripts bool) {
		w := sendingWorld(t)
		if err := w.app.Desk.Installations.Put(w.as("administrator"), w.code(w.things["organisation"]), installation.Entry{Module: "csa", Environment: store.Production, Version: "23.12"}); err != nil {
			t.Fatal(err)
		}
		clean := func(s *walk, role string) {
			t.Helper()
			if !scripts {
				return
			}
			var at string
			s.find(&at, "the address", "location.pathname + location.search")
			for _, look := range []struct {
				lang string
				wide int64
				dark bool
			}{{"en", 390, true}, {"it", 1280, false}} {
				w.speaks(role, look.lang)
				s.screen(look.wide, 900, look.dark)
				s.visit(at)
				s.find(nil, "the page is not in "+look.lang, "document.documentElement.lang === '"+look.lang+"'")
				for _, found := range s.judged(source) {
					t.Errorf("%s, %s: %s", at, look.lang, found)
				}
			}
		}
		in := func(days int) string {
			return w.app.Desk.Now().In(w.app.Desk.Location()).AddDate(0, 0, days).Format(time.DateOnly)
		}

		bruno := w.walkAs(t, "agent", scripts)
		bruno.visit("/releases")
		bruno.follow("Nuovo aggiornamento")
		clean(bruno, "agent")
		bruno.choose("Applicazione", "CSA, carriere e stipendi del personale")
		bruno.fill("Versione", "24.03")
		bruno.choose("Tipo", "Urgente")
		bruno.fill("Titolo in italiano", "Conguaglio corretto")
		bruno.fill("Titolo in inglese", "Settlement corrected")
		bruno.fill("In produzione entro", in(10))
		bruno.fill("Che cosa succede se non si installa (it)", "Il conguaglio esce sbagliato.")
		bruno.tick("Ad alcuni enti")
		bruno.unfold("Scegli gli enti")
		bruno.tick("Ateneo")
		bruno.follow("Salva")
		bruno.sees("Aggiornamento salvato", "Bozza", "CSA 24.03", "Conguaglio corretto")
		bruno.follow("Pubblica")
		bruno.sees("Chi verrà avvisato", "Ateneo", "Produzione", w.people["coordinator"].Name)
		clean(bruno, "agent")
		bruno.follow("Pubblica")
		bruno.sees("Gli avvisi stanno partendo", "Pubblicato")

		for more := true; more; {
			var err error
			if more, err = w.app.Desk.Releases.Step(); err != nil {
				t.Fatal(err)
			}
		}
		subject, text := w.letterAgain(w.people["coordinator"].Email)
		link := regexp.MustCompile(`https?://[^/\s]+(/releases/\d+\S*)`).FindStringSubmatch(text)
		if link == nil {
			t.Fatalf("the letter leads nowhere: %s\n%s", subject, text)
		}
		rita := w.walkAs(t, "coordinator", scripts)
		rita.visit(link[1])
		rita.sees("Conguaglio corretto", "Il conguaglio esce sbagliato", "oggi gira la 23.12", "È installato")
		clean(rita, "coordinator")
		rita.unfold("È pianificato per un altro giorno")
		rita.in("article details[open]").fill("Giorno", in(5))
		rita.in("article details[open]").follow("Invia")
		rita.sees("il riscontro è registrato", "Pianificato")
		rita.in("article:first-of-type").follow("È installato")
		rita.sees("il riscontro è registrato", "Installato", "oggi gira la 24.03")

		bruno.visit("/releases")
		bruno.follow("Quadro")
		bruno.sees("Quadro degli aggiornamenti", "Ateneo", "24.03", "Installato")
		clean(bruno, "agent")
		bruno.screen(390, 900, false)
		bruno.sees("Ateneo", "Installato")
		if scripts {
			bruno.find(nil, "the table is wider than the phone", "document.documentElement.scrollWidth <= 390 && document.querySelector('.table-box').scrollWidth <= 390")
		}
		bruno.screen(1280, 900, false)
		bruno.follow("Non letti")
		bruno.sees("Nessun ente in questa situazione")
		bruno.follow("Mostra tutto il quadro")
		bruno.follow("Installato")
		bruno.sees("CSA 24.03", "Ateneo", "Installato")
		bruno.visit("/installations?module=csa")
		bruno.sees("L'ultima pubblicata è la 24.03", "Ateneo", "Aggiornata")
		clean(bruno, "agent")
	})
}
