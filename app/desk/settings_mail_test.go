package desk

import (
	"testing"

	"sportello/app/desk/catalogue"
	"sportello/store"
	"sportello/store/event"
	"sportello/store/fault"
)

func TestTextsOfMail(t *testing.T) {
	o := newOffice(t)
	admin := o.as("amministratore")
	words := func(it string) store.Words { return store.Words{IT: it} }
	set := func() *store.Settings {
		t.Helper()
		s, err := o.Catalogue.Settings()
		if err != nil {
			t.Fatal(err)
		}
		return s
	}
	t.Run("only administrators write them", func(t *testing.T) {
		for _, who := range everybodyBut(o, "amministratore") {
			if err := o.Catalogue.SetMailText(o.as(who), 0, event.Opened, words("x"), words("y"), false); err == nil {
				t.Errorf("%s may", who)
			}
		}
	})
	t.Run("an event of which no mail tells is not there", func(t *testing.T) {
		wants(t, o.Catalogue.SetMailText(admin, 0, event.View, words("x"), words("y"), false), fault.NotFound, "", "")
	})
	t.Run("what is in braces has to be a placeholder", func(t *testing.T) {
		err := o.Catalogue.SetMailText(admin, 0, event.Opened, words("[#{number}] {subjct}"), store.Words{EN: "Hello {name}, {}"}, false)
		wants(t, err, fault.Invalid, "error.mail-placeholder", "subject-it")
		wants(t, err, fault.Invalid, "error.mail-placeholder", "text-en")
		if s, _ := catalogue.MailText(set(), event.Opened); s != (store.Words{}) {
			t.Errorf("kept %q", s)
		}
	})
	t.Run("a subject is one line", func(t *testing.T) {
		if err := o.Catalogue.SetMailText(admin, 0, event.Opened, words("Uno\r\nBcc: altri@example.it"), words("Ciao {name},\n\n{link}\n"), false); err != nil {
			t.Fatal(err)
		}
		subject, text := catalogue.MailText(set(), event.Opened)
		if subject.IT != "Uno Bcc: altri@example.it" || text.IT != "Ciao {name},\n\n{link}" || text.EN != "" {
			t.Errorf("kept %q, %q", subject, text)
		}
	})
	t.Run("whoever saw another revision is told", func(t *testing.T) {
		wants(t, o.Catalogue.SetMailText(admin, set().Rev+7, event.Opened, words("x"), words("y"), false), fault.Conflict, "error.changed-meanwhile", "")
	})
	t.Run("empty is the built-in one again", func(t *testing.T) {
		if err := o.Catalogue.SetMailText(admin, set().Rev, event.Opened, store.Words{}, store.Words{}, false); err != nil {
			t.Fatal(err)
		}
		if got := set().MailTexts; got != nil {
			t.Errorf("left %v", got)
		}
	})
}
