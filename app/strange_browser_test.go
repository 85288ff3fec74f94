package app_test

import (
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"sportello/app/config"
	"sportello/app/credential"
	"sportello/app/desk/catalogue"
	"sportello/app/desk/notice"
	"sportello/app/desk/people"
	"sportello/app/desk/policy"
	"sportello/store"
	"sportello/store/db"
	"sportello/store/door"
	"sportello/store/event"
)

// withSending has the desk send, to a server that is not there.
func withSending(c *config.Config) {
	withMail(c)
	c.SMTP.Host, c.SMTP.Port, c.SMTP.TLS, c.SMTP.From = "127.0.0.1", 1, "none", "sportello@desk.example"
}

// aboutBrowsers looks at the letters about browsers that are new since it last did, and returns to whom they were to go and what they say.
func (d *testDesk) aboutBrowsers() (to, texts []string) {
	d.t.Helper()
	var list []*store.Letter
	err := d.app.Store.View(func(tx *db.Tx) error {
		list = nil
		for l, err := range store.Letters.All(tx, d.heard+1, false) {
			if err != nil {
				return err
			}
			if d.heard = l.ID; l.Tells[0].Event == event.Browser {
				list = append(list, l)
			}
		}
		return nil
	})
	if err != nil {
		d.t.Fatal(err)
	}
	for _, row := range list {
		p, err := d.app.Desk.People.Read(policy.Actor{Via: door.Command, System: true}, row.Person)
		if err != nil {
			d.t.Fatal(err)
		}
		l, err := d.app.Mail.WriteLetter(&notice.Outgoing{Letter: row, Person: p, Account: event.Browser, Lines: []notice.OutgoingLine{{Telling: row.Tells[0]}}})
		if err != nil {
			d.t.Fatal(err)
		}
		to, texts = append(to, l.To.Address), append(texts, l.Subject+"\n"+l.Text)
	}
	return to, texts
}

func TestNobodySignsInFromANewBrowserUnheard(t *testing.T) {
	var clock atomic.Int64
	clock.Store(time.Date(2031, 2, 1, 8, 5, 0, 0, time.UTC).UnixNano())
	d := newTestDesk(t, withSending, func(c *config.Config) { c.Trial.Clock = func() time.Time { return time.Unix(0, clock.Load()) } })
	later := func(by time.Duration) { clock.Add(int64(by)) }
	p, other, english := d.add("Ada Neri", people.Form{}), d.add("Bruno Galli", people.Form{}), d.add("Mary White", people.Form{Language: "en"})
	enter := func(b *browser, p *store.Person, password string, status int) {
		t.Helper()
		if got := b.post("/sign-in", url.Values{"email": {p.Email}, "password": {password}}); got.status != status {
			t.Fatalf("%d %s", got.status, got.body)
		}
	}
	silent := func(why string) {
		t.Helper()
		if to, _ := d.aboutBrowsers(); len(to) != 0 {
			t.Errorf("%s: %v are told", why, to)
		}
	}
	said := func(why string, p *store.Person) string {
		t.Helper()
		to, texts := d.aboutBrowsers()
		if !slices.Equal(to, []string{p.Email}) {
			t.Fatalf("%s: %v are told", why, to)
		}
		return texts[0]
	}
	known := d.browser()
	enter(known, p, testPassword, http.StatusSeeOther)
	silent("the very first sign-in")
	later(2 * time.Hour)
	enter(known, p, testPassword, http.StatusSeeOther)
	known.post("/sign-out", nil)
	later(2 * time.Hour)
	enter(known, p, testPassword, http.StatusSeeOther)
	silent("a browser that is known, after signing out too")

	thief := d.browser()
	thief.header.Set("User-Agent", "Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0")
	enter(thief, p, "wrong", http.StatusUnprocessableEntity)
	silent("a wrong password")
	enter(thief, p, testPassword, http.StatusSeeOther)
	text := said("another browser", p)
	for _, want := range []string{"browser nuovo", "1º febbraio 2031, 13.05", "Firefox, Linux", "127.0.0.1", "/me", "cambia subito la password"} {
		if !strings.Contains(text, want) {
			t.Errorf("the letter has no %q:\n%s", want, text)
		}
	}
	if got := thief.get("/notices"); strings.Contains(got.body, "browser nuovo") {
		t.Error("the bell tells who signed in")
	}
	later(59 * time.Minute)
	enter(d.browser(), p, testPassword, http.StatusSeeOther)
	silent("a second one within the hour")
	later(2 * time.Minute)
	enter(d.browser(), p, testPassword, http.StatusSeeOther)
	said("a third one after it", p)
	later(2 * time.Hour)

	// A mark is of its person alone.
	shared := d.signedIn(other)
	silent("the very first sign-in of somebody else")
	enter(shared, p, testPassword, http.StatusSeeOther)
	said("a browser known for somebody else", p)

	// Another password makes all browsers strange but the one in which it was chosen.
	later(2 * time.Hour)
	secret, err := d.app.Desk.Keeper().NewLink(db.By{Via: door.Command}, p.ID, credential.ForPassword)
	if err != nil {
		t.Fatal(err)
	}
	const changed = "un altro segreto lungo"
	at := d.browser()
	if got := at.post("/password/"+secret, url.Values{"password": {changed}, "password_again": {changed}}); got.status != http.StatusSeeOther {
		t.Fatalf("%d %s", got.status, got.body)
	}
	enter(at, p, changed, http.StatusSeeOther)
	silent("the browser in which the password was chosen")
	enter(thief, p, changed, http.StatusSeeOther)
	said("a browser of before", p)

	d.signedIn(english)
	d.signedIn(english)
	if text := said("in English", english); !strings.Contains(text, "1 February 2031, 18:06") || !strings.Contains(text, "Device: Unknown device") {
		t.Errorf("%s", text)
	}
}

func TestOnlyAnAdministratorSwitchesLettersAboutBrowsersOff(t *testing.T) {
	var clock atomic.Int64
	clock.Store(time.Now().UnixNano())
	w := newWorld(t, withSending, func(c *config.Config) { c.Trial.Clock = func() time.Time { return time.Unix(0, clock.Load()) } })
	p := w.people["requester"]
	if err := w.app.Desk.Keeper().SetPassword(db.By{Via: door.Command}, p.ID, testPassword); err != nil {
		t.Fatal(err)
	}
	w.signedIn(p)
	rev := func() string {
		t.Helper()
		set, err := w.app.Desk.Catalogue.Settings()
		if err != nil {
			t.Fatal(err)
		}
		return itoa(set.Rev)
	}
	save := func(role, event string, v url.Values) answer {
		t.Helper()
		form := url.Values{"event": {event}, "subject-it": {""}, "subject-en": {""}, "text-it": {""}, "text-en": {""}, "rev": {rev()}}
		for name, all := range v {
			form[name] = all
		}
		return w.visitor(role).post("/admin/mail-texts/"+event, form)
	}
	on := func() bool {
		t.Helper()
		w.signedIn(p)
		_, texts := w.aboutBrowsers()
		clock.Add(int64(2 * time.Hour))
		return len(texts) == 1
	}
	if !on() {
		t.Error("it is off from the beginning")
	}
	for _, role := range []string{"requester", "agent", "supervisor", "editor", "coordinator"} {
		if got := save(role, "browser", nil); got.status != http.StatusForbidden && got.status != http.StatusNotFound {
			t.Errorf("%s switches it off: %d", role, got.status)
		}
	}
	// The other letters of accounts have no such switch.
	for _, event := range []event.Event{event.Password, event.Address, event.Rights, event.Opened} {
		if got := save("administrator", event.String(), nil); got.status != http.StatusSeeOther {
			t.Fatalf("%d %s", got.status, got.body)
		}
		set, err := w.app.Desk.Catalogue.Settings()
		if err != nil || catalogue.MailOff(set, event) || len(set.MailsOff) != 0 {
			t.Errorf("%s is off: %v, %v", event, set.MailsOff, err)
		}
	}
	if got := save("administrator", "browser", nil); got.status != http.StatusSeeOther {
		t.Fatalf("%d %s", got.status, got.body)
	}
	if on() {
		t.Error("it goes although it is off")
	}
	page := w.visitor("administrator").get("/admin/mail-texts").body
	if strings.Count(page, `name="sent"`) != 1 || strings.Contains(page, `name="sent" value="1" checked`) || !strings.Contains(page, "non si invia") {
		t.Error("the page does not say that it is off")
	}
	if got := save("administrator", "browser", url.Values{"sent": {"1"}, "subject-it": {"{x}"}}); got.status != http.StatusUnprocessableEntity || !strings.Contains(got.body, `name="sent" value="1" checked`) {
		t.Errorf("what was chosen is lost with a mistake elsewhere: %d", got.status)
	}
	if got := save("administrator", "browser", url.Values{"sent": {"1"}}); got.status != http.StatusSeeOther {
		t.Fatalf("%d %s", got.status, got.body)
	}
	if !on() {
		t.Error("it stays off")
	}
}
