package app_test

import (
	"fmt"
	"net/url"
	"strings"
	"testing"

	"sportello/app/address"
	"sportello/app/web/admin"
	"sportello/store"
	"sportello/store/db"
)

// TestHeldMailIsJudgedByItsGroup: mail that became no message is judged by the group at whose mailbox it arrived,
// beside its queue: one by one, or many at once. Nobody else finds it, by list, number or search.
func TestHeldMailIsJudgedByItsGroup(t *testing.T) {
	w := newWorld(t)
	approved, dropped, third := w.held(), w.held(), w.held()
	agent, administrator := w.visitor("agent"), w.visitor("administrator")
	for _, role := range []string{"agent", "supervisor", "administrator"} {
		got := w.visitor(role).get(address.Mails)
		if !strings.Contains(got.body, "Sergio Sconosciuto") || !strings.Contains(got.body, "Questa casella chiede di approvare ogni mail.") {
			t.Errorf("%s: the list does not show it: %d", role, got.status)
		}
		if got := w.visitor(role).get("/desk/group"); !strings.Contains(got.body, "<span>Posta da vedere</span><span class=\"count\">4</span>") {
			t.Errorf("%s: the number does not stand beside the queue", role)
		}
	}
	eventually(t, "search does not find it", func() bool {
		return strings.Contains(agent.get("/search?q=sconosciuto").body, address.Mail(approved))
	})
	for _, role := range []string{"requester", "coordinator", "editor", "elsewhere", "participant"} {
		b := w.visitor(role)
		for _, path := range []string{address.Mail(approved), address.Mail(approved) + ".eml", address.Mail(approved) + "/pictures/0"} {
			if got := b.get(path); got.status != 404 && got.status != 403 {
				t.Errorf("%s: %s is %d", role, path, got.status)
			}
		}
		for _, path := range []string{address.Mails, "/search?q=sconosciuto", "/search?q=cedolino", "/api/v1/search?q=sconosciuto"} {
			if got := b.get(path); strings.Contains(got.body, "Posso scrivere") {
				t.Errorf("%s: %s shows it", role, path)
			}
		}
		b.post(address.Mails, url.Values{"mail": {fmt.Sprint(approved)}, "do": {"approve"}})
		if m := w.mail(approved); m.State != store.MailHeld {
			t.Errorf("%s judged it: %s", role, m.State)
		}
	}
	if got := agent.get(address.Mail(approved)); !strings.Contains(got.body, "il <strong>cedolino</strong>") && !strings.Contains(got.body, "il <b>cedolino</b>") {
		t.Errorf("the mail is not shown: %d %s", got.status, got.body)
	}
	got := agent.get(address.Mail(approved) + ".eml")
	if got.status != 200 || !strings.Contains(got.body, hostileMail) || got.header.Get("Content-Type") != "message/rfc822" ||
		!strings.HasPrefix(got.header.Get("Content-Disposition"), "attachment") || !strings.Contains(got.header.Get("Content-Security-Policy"), "sandbox") {
		t.Errorf("the original: %d %v", got.status, got.header)
	}
	if got := agent.post(address.Mails, url.Values{"approve": {fmt.Sprint(approved)}, "back": {address.Mails + "?state=held"}}); got.status != 303 || got.header.Get("Location") != address.Mails+"?state=held" {
		t.Errorf("approving: %d %s", got.status, got.header.Get("Location"))
	}
	if err := w.app.Desk.Intake.Process(t.Context()); err != nil {
		t.Fatal(err)
	}
	if m := w.mail(approved); m.State != store.MailDone || m.Ticket == 0 {
		t.Errorf("approved, it is %s", m.State)
	}
	if got := administrator.post(address.Mails, url.Values{"mail": {fmt.Sprint(dropped), fmt.Sprint(third)}, "do": {"drop"}, "back": {"/admin/mails?state=held"}}); got.header.Get("Location") != "/admin/mails?state=held" {
		t.Errorf("dropping: %d %s", got.status, got.header.Get("Location"))
	}
	for _, id := range []uint64{dropped, third} {
		if m := w.mail(id); m.State != store.MailDropped {
			t.Errorf("dropped, it is %s", m.State)
		}
	}
	if got := administrator.post(address.Mails, url.Values{"drop": {fmt.Sprint(dropped)}}); got.status != 409 || !strings.Contains(got.body, "alert-alarm") {
		t.Errorf("dropping twice: %d", got.status)
	}
	if got := agent.get(address.Mail(dropped)); got.status != 404 {
		t.Errorf("an agent opens what is not to be judged any more: %d", got.status)
	}
	for _, form := range []url.Values{{}, {"do": {"approve"}}, {"mail": {fmt.Sprint(dropped)}, "do": {"burn"}}} {
		if got := agent.post(address.Mails, form); got.status != 409 || !strings.Contains(got.body, "alert-alarm") {
			t.Errorf("%v: %d", form, got.status)
		}
	}
	eventually(t, "search finds it for ever", func() bool {
		return !strings.Contains(agent.get("/search?q=sconosciuto").body, address.Mail(dropped))
	})
}

func TestLettersAreHeldReleasedAndDropped(t *testing.T) {
	w := newWorld(t)
	id := w.letterTo(w.people["requester"], w.ticket().ID, store.LetterQueued, "")
	b := w.visitor("administrator")
	state := func() store.LetterState {
		t.Helper()
		var l *store.Letter
		err := w.app.Store.View(func(tx *db.Tx) (err error) { l, err = store.Letters.Get(tx, id); return err })
		if err != nil {
			t.Fatal(err)
		}
		return l.State
	}
	for _, step := range []struct {
		act    string
		status int
		state  store.LetterState
	}{
		{"", 422, store.LetterQueued}, {"hold", 303, store.LetterHeld}, {"hold", 409, store.LetterHeld}, {"retry", 303, store.LetterQueued}, {"drop", 303, store.LetterDropped}, {"retry", 409, store.LetterDropped},
	} {
		if got := b.post(address.Admin("letters", id), url.Values{"act": {step.act}}); got.status != step.status || state() != step.state {
			t.Errorf("%q: %d, and it is %s", step.act, got.status, state())
		}
	}
}

func TestTextsOfTheMailAreWritten(t *testing.T) {
	w := newWorld(t)
	b := w.visitor("administrator")
	rev := func() string {
		t.Helper()
		s, err := w.app.Desk.Catalogue.Settings()
		if err != nil {
			t.Fatal(err)
		}
		return itoa(s.Rev)
	}
	form := url.Values{"rev": {rev()}, "event": {"opened"}, "subject-it": {"Richiesta {numero}"}, "subject-en": {""}, "text-it": {"Ciao {name}"}, "text-en": {""}}
	got := b.post("/admin/mail-texts/opened", form)
	if got.status != 422 || !strings.Contains(got.body, `id="opened-subject-it-e"`) || !strings.Contains(got.body, "{numero} non è una parola") ||
		!strings.Contains(got.body, `value="Richiesta {numero}"`) || !strings.Contains(got.body, `href="#opened-subject-it"`) {
		t.Errorf("an unknown placeholder: %d", got.status)
	}
	form.Set("subject-it", "Richiesta {number}")
	if got := b.post("/admin/mail-texts/opened", form); got.status != 303 {
		t.Fatalf("saving: %d %s", got.status, got.body)
	}
	page := b.get("/admin/mail-texts").body
	if !strings.Contains(page, `value="Richiesta {number}"`) || !strings.Contains(page, "Abbiamo ricevuto la tua richiesta") {
		t.Error("the page does not show the text, or not the built-in one beside it")
	}
	form.Set("rev", itoa(1<<40))
	if got := b.post("/admin/mail-texts/opened", form); got.status != 409 || !strings.Contains(got.body, "Qualcuno ha salvato mentre scrivevi") {
		t.Errorf("somebody else saved: %d", got.status)
	}
	if got := b.post("/admin/mail-texts/opened", url.Values{}); got.status != 422 {
		t.Errorf("a form without its fields: %d", got.status)
	}
	if got := b.post("/admin/mail-texts/nothing", form); got.status != 404 {
		t.Errorf("an event that is none: %d", got.status)
	}
}

func TestTheOriginalOfAMessageIsForThoseWhoMaySeeMoreThanItsText(t *testing.T) {
	w := newWorld(t)
	number, message := w.mailed()
	shown := address.Original(number, message)
	got := w.visitor("requester").get(shown + ".eml")
	if got.status != 200 || !strings.HasPrefix(got.body, "Authentication-Results: mx.desk.example") || got.header.Get("Content-Type") != "message/rfc822" {
		t.Errorf("%d %v", got.status, got.header)
	}
	page := w.visitor("agent").get(shown).body
	for _, want := range []string{"dmarc=pass header.from=example.it", "Cc", "participant@example.it", "Ha aperto la richiesta", "Authentication-Results: mx.desk.example"} {
		if !strings.Contains(page, want) {
			t.Errorf("the page does not say %s", want)
		}
	}
	if page := w.visitor("requester").get(shown).body; strings.Contains(page, "Ha aperto la richiesta") {
		t.Error("the requester reads why it was joined")
	}
	picture := w.visitor("agent").get(shown + "/pictures/0")
	if picture.status != 200 || picture.header.Get("Content-Type") != "image/png" || picture.header.Get("X-Content-Type-Options") != "nosniff" ||
		!strings.Contains(picture.header.Get("Content-Security-Policy"), "sandbox") {
		t.Errorf("the picture: %d %v", picture.status, picture.header)
	}
	svg := w.comes(letter{from: "Ada Neri <requester@example.it>", subject: "Disegno", html: `<img src="cid:foto">`,
		picture: []byte(`<svg xmlns="http://www.w3.org/2000/svg"><script>hacked=1</script></svg>`)})
	if got := w.visitor("agent").get(address.Original(svg.Ticket, svg.Message) + "/pictures/0"); got.status != 404 {
		t.Errorf("a drawing with scripts is served: %d", got.status)
	}
	for _, other := range []string{address.Ticket(number) + "/messages/999999/original", address.Original(svg.Ticket, message), shown + "/pictures/7"} {
		if got := w.visitor("agent").get(other); got.status != 404 {
			t.Errorf("%s: %d", other, got.status)
		}
	}
}

func TestAGroupHasASignature(t *testing.T) {
	w := newWorld(t)
	b := w.visitor("administrator")
	g, err := w.app.Desk.People.Group(w.group["csa"])
	if err != nil {
		t.Fatal(err)
	}
	form := admin.GroupValues(g)
	form.Set("signature-it", "Ufficio paghe\r\nVia Roma 1")
	if got := b.post(address.Admin("groups", g.ID), form); got.status != 303 {
		t.Fatalf("saving: %d %s", got.status, got.body)
	}
	if g, err = w.app.Desk.People.Group(g.ID); err != nil || g.Signature.IT != "Ufficio paghe\nVia Roma 1" {
		t.Errorf("kept %q, %v", g.Signature.IT, err)
	}
	if got := b.get(address.Admin("groups", g.ID)); !strings.Contains(got.body, "Ufficio paghe\nVia Roma 1</textarea>") {
		t.Error("the page does not show it")
	}
	form.Set("rev", itoa(g.Rev))
	form.Set("signature-en", strings.Repeat("x", 501))
	if got := b.post(address.Admin("groups", g.ID), form); got.status != 422 || !strings.Contains(got.body, `id="signature-en-e"`) {
		t.Errorf("a signature that is too long: %d", got.status)
	}
}
