package app_test

import (
	"net/url"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"sportello/app/desk/catalogue"
	"sportello/app/desk/notice"
	"sportello/app/words"
	"sportello/store"
	"sportello/store/event"
)

// accountLetter is what the desk says about an account, as the person reads it.
func (w *world) accountLetter(p *store.Person, event event.Event, fill func(*notice.OutgoingLine)) (subject, text string) {
	w.t.Helper()
	line := notice.OutgoingLine{Who: "Anna Monti", Telling: store.Telling{Event: event, By: w.people["administrator"].ID, At: w.app.Desk.Now(), Why: "Ha perso la casella"}}
	if fill != nil {
		fill(&line)
	}
	l, err := w.app.Mail.WriteLetter(&notice.Outgoing{Letter: &store.Letter{To: p.Email}, Person: p, Account: event, Lines: []notice.OutgoingLine{line}})
	if err != nil {
		w.t.Fatal(err)
	}
	return l.Subject, l.Text
}

// TestNoMailIsWithoutItsWords asks for each event of mail, those of accounts too: built-in words in both languages, a
// name, when it goes, and a form in which an administrator changes it.
func TestNoMailIsWithoutItsWords(t *testing.T) {
	w := newWorld(t)
	b := w.visitor("administrator")
	page := b.get("/admin/mail-texts").body
	for _, event := range event.Mailed() {
		for _, lang := range words.Languages {
			for _, key := range []string{"mail." + event.Subject(), "mail." + event.Text(), event.Name(), event.When()} {
				if !w.app.Words.Has(lang, key) {
					t.Errorf("%s has no %s", lang, key)
				}
			}
			for _, part := range []string{"subject", "text"} {
				for _, m := range regexp.MustCompile(`\{([^{}]*)\}`).FindAllStringSubmatch(w.app.Words.Text(lang, "mail."+event.String()+"."+part), -1) {
					if !slices.Contains(catalogue.MailPlaceholders, m[1]) {
						t.Errorf("%s of %s fills in %s, which no administrator may write", part, event, m[0])
					}
				}
			}
		}
		if !strings.Contains(page, `action="/admin/mail-texts/`+event.String()+`"`) {
			t.Errorf("%s has no form", event)
		}
	}
	for _, name := range catalogue.MailPlaceholders {
		if !w.app.Words.Has("it", "mail-texts.placeholder-"+name) {
			t.Errorf("nobody is told what {%s} is", name)
		}
	}
}

func TestAnAdministratorsWordsStandInLettersOfAccounts(t *testing.T) {
	w := newWorld(t)
	b := w.visitor("administrator")
	for _, event := range event.Mailed() {
		if !event.OfAccount() {
			continue
		}
		for _, lang := range words.Languages {
			p := *w.people["requester"]
			p.Language = lang
			subject, text := w.accountLetter(&p, event, nil)
			if strings.ContainsAny(subject+text, "{}") {
				t.Errorf("%s in %s leaves something to be filled in: %s\n%s", event, lang, subject, text)
			}
		}
		set, err := w.app.Desk.Catalogue.Settings()
		if err != nil {
			t.Fatal(err)
		}
		form := url.Values{"rev": {itoa(set.Rev)}, "event": {event.String()}, "subject-it": {"Nostro {name}"}, "subject-en": {""}, "text-it": {"Da {who}: {desk}"}, "text-en": {""}}
		if got := b.post("/admin/mail-texts/"+event.String(), form); got.status != 303 {
			t.Fatalf("%s: %d %s", event, got.status, got.body)
		}
		if subject, text := w.accountLetter(w.people["requester"], event, nil); subject != "Nostro Ada Neri" || !strings.HasPrefix(text, "Da Anna Monti: ") {
			t.Errorf("%s says %q, %q", event, subject, text)
		}
	}
	if got := w.visitor("supervisor").post("/admin/mail-texts/link", url.Values{"rev": {"1"}, "subject-it": {"x"}}); got.status != 403 && got.status != 404 {
		t.Errorf("a supervisor writes the letter of links: %d", got.status)
	}
}

func TestTheLetterOfATokenNamesItAndItsDay(t *testing.T) {
	w := newWorld(t)
	for lang, want := range map[string]string{"it": "1º febbraio 2031", "en": "1 February 2031"} {
		p := *w.people["requester"]
		p.Language = lang
		subject, text := w.accountLetter(&p, event.Ending, func(l *notice.OutgoingLine) {
			l.Token, l.Named, l.Ends = 1, "Cruscotto {date}", time.Date(2031, 2, 1, 12, 0, 0, 0, time.UTC)
		})
		if !strings.Contains(subject, want) || !strings.Contains(text, want) || !strings.Contains(text, "Cruscotto {date}") || !strings.Contains(text, "/me") {
			t.Errorf("%s: %s\n%s", lang, subject, text)
		}
	}
}

func TestTheLetterOfRightsSaysWhichInTheReadersLanguage(t *testing.T) {
	w := newWorld(t)
	rights := []notice.NamedRight{{Right: "supervisor", Over: store.Words{IT: "Stipendi", EN: "Payroll"}}, {Right: "editor"},
		{Right: "agent", Over: store.Words{IT: "Ricerca", EN: "Research"}, Taken: true}}
	for lang, want := range map[string]string{
		"it": "Ora sei: responsabile del gruppo «Stipendi»; redattore della guida. Non sei più: operatore del gruppo «Ricerca».",
		"en": "You are now: supervisor of the group “Payroll”; editor of the guide. You are no longer: agent of the group “Research”.",
	} {
		p := *w.people["requester"]
		p.Language = lang
		if _, text := w.accountLetter(&p, event.Rights, func(l *notice.OutgoingLine) { l.Rights = rights }); !strings.Contains(text, want) {
			t.Errorf("%s: %s", lang, text)
		}
	}
}
