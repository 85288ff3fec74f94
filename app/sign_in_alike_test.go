package app_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"

	"sportello/app/config"
	"sportello/app/credential"
	"sportello/app/desk/people"
	"sportello/app/desk/policy"
	"sportello/store"
	"sportello/store/db"
	"sportello/store/door"
)

// TestTheWayInTellsNobodyWhoHasAnAccount asks for everything that who is not signed in can ask about an account, with
// addresses that are somebody's and one that is nobody's, and counts the work: passwords worked on, changes, letters.
func TestTheWayInTellsNobodyWhoHasAnAccount(t *testing.T) {
	d := newTestDesk(t, withMail)
	d.add("Ada Neri", people.Form{})
	d.add("Bea Via", people.Form{Disabled: true})
	if _, _, err := d.app.Desk.People.Add(policy.Actor{Via: door.Command, System: true}, people.Form{Name: "Cia Attesa", Email: "cia.attesa@example.it"}); err != nil {
		t.Fatal(err)
	}
	letters := func() (n uint64) {
		t.Helper()
		if err := d.app.Store.View(func(tx *db.Tx) error { n = store.Letters.Last(tx); return nil }); err != nil {
			t.Fatal(err)
		}
		return n
	}
	type outcome struct {
		answer  string
		cookies string
		hashed  uint64
		changes uint64
		letters uint64
	}
	for _, way := range []struct {
		name string
		ask  func(b *browser, email string) answer
	}{
		{"signing in", func(b *browser, email string) answer {
			return b.post("/sign-in", url.Values{"email": {email}, "password": {"sbagliata e lunga"}, "next": {"/me"}})
		}},
		{"signing in without a password", func(b *browser, email string) answer {
			return b.post("/sign-in", url.Values{"email": {email}})
		}},
		{"signing in too often", func(b *browser, email string) answer {
			var last answer
			for range 4 {
				last = b.post("/sign-in", url.Values{"email": {email}, "password": {testPassword + " no"}})
			}
			return last
		}},
		{"asking how to get another password", func(b *browser, email string) answer {
			return b.get("/password?email=" + url.QueryEscape(email))
		}},
		{"posting an address there", func(b *browser, email string) answer {
			return b.post("/password", url.Values{"email": {email}})
		}},
		{"taking the address for a link", func(b *browser, email string) answer {
			return b.post("/password/"+url.PathEscape(email), url.Values{"email": {email}, "password": {testPassword}, "password_again": {testPassword}})
		}},
	} {
		outcomes := map[string]outcome{}
		for _, email := range []string{"nessuno@example.it", "ada.neri@example.it", "bea.via@example.it", "cia.attesa@example.it"} {
			worked, last, sent := credential.Hashed(), d.app.Store.Last(), letters()
			got := way.ask(d.browser(), email)
			plain := strings.NewReplacer(email, "_", strings.ReplaceAll(email, "@", "%40"), "_").Replace(sameAnswer(got))
			outcomes[email] = outcome{plain, strings.Join(got.header["Set-Cookie"], "; ") + got.header.Get("Retry-After"), credential.Hashed() - worked, d.app.Store.Last() - last, letters() - sent}
		}
		nobody := outcomes["nessuno@example.it"]
		for email, o := range outcomes {
			if o != nobody {
				one, other := apart(nobody.answer, o.answer)
				o.answer, nobody.answer = other, one
				t.Errorf("%s tells %s from nobody's address:\n%+v\n%+v", way.name, email, o, nobody)
			}
			if o.changes != 0 || o.letters != 0 {
				t.Errorf("%s as %s writes: %+v", way.name, email, o)
			}
		}
		if strings.HasPrefix(way.name, "signing in") && nobody.hashed == 0 {
			t.Errorf("%s works on no password", way.name)
		}
	}
}

// TestALinkThatIsNoneTellsNotWhetherItEverWas compares links of people who are there, or were let go, with one that was
// never made.
func TestALinkThatIsNoneTellsNotWhetherItEverWas(t *testing.T) {
	d := newTestDesk(t)
	links := map[string]string{"never made": strings.Repeat("A", 43)}
	for name, f := range map[string]func(p *store.Person, link string){
		"replaced": func(p *store.Person, _ string) {
			if _, err := d.app.Desk.Keeper().NewLink(db.By{}, p.ID, credential.ForPassword); err != nil {
				t.Fatal(err)
			}
		},
		"used": func(_ *store.Person, link string) {
			if _, err := d.app.Desk.Keeper().ChoosePassword(link, testPassword); err != nil {
				t.Fatal(err)
			}
		},
		"of somebody disabled": func(p *store.Person, _ string) {
			err := d.app.Store.Update(db.By{}, func(tx *db.Tx) error {
				row, err := store.People.Get(tx, p.ID)
				if err != nil {
					return err
				}
				row.Disabled = true
				return store.People.Put(tx, row)
			})
			if err != nil {
				t.Fatal(err)
			}
		},
	} {
		p := d.add("Ada "+name, people.Form{})
		link, err := d.app.Desk.Keeper().NewLink(db.By{}, p.ID, credential.ForPassword)
		if err != nil {
			t.Fatal(err)
		}
		f(p, link)
		links[name] = link
	}
	want := ""
	for _, name := range []string{"never made", "replaced", "used", "of somebody disabled"} {
		worked, last := credential.Hashed(), d.app.Store.Last()
		form := url.Values{"password": {testPassword}, "password_again": {testPassword}}
		b := d.browser()
		got := b.post("/password/"+links[name], form)
		b.must(got, http.StatusNotFound)
		plain := strings.ReplaceAll(sameAnswer(got), links[name], "_")
		if want == "" {
			want = plain
		}
		if plain != want || credential.Hashed() != worked || d.app.Store.Last() != last {
			one, other := apart(want, plain)
			t.Errorf("a link %s: %d passwords, %d changes\n%s\n%s", name, credential.Hashed()-worked, d.app.Store.Last()-last, one, other)
		}
	}
}

// TestAskingForAPasswordAnswersAlikeWhereMailGoesOut: the page has a field if mail can be sent, and its answer does not
// reveal whether an address is known. The writes come after the answer (app/desk/account_ask_test.go).
func TestAskingForAPasswordAnswersAlikeWhereMailGoesOut(t *testing.T) {
	d := newTestDesk(t, func(c *config.Config) {
		c.SMTP.Host, c.SMTP.Port, c.SMTP.TLS, c.SMTP.From = "127.0.0.1", freePort(t), "none", "sportello@desk.example"
	})
	d.add("Ada Neri", people.Form{})
	d.add("Bea Via", people.Form{Disabled: true})
	first := d.browser()
	first.must(first.get("/password"), http.StatusOK, `<input id="email"`, "Manda il collegamento")
	first.must(first.post("/password", nil), http.StatusUnprocessableEntity, `aria-invalid="true"`)
	first.must(first.post("/password", url.Values{"email": {"senza chiocciola"}}), http.StatusUnprocessableEntity, "Non è un indirizzo", `value="senza chiocciola"`)
	first.must(first.post("/password", url.Values{"email": {"altri@example.it"}}), http.StatusSeeOther)
	first.must(first.get("/sign-in"), http.StatusOK, "Se l&#39;indirizzo è di chi ha le credenziali")
	want := ""
	for _, email := range []string{"nessuno@example.it", "ada.neri@example.it", "bea.via@example.it"} {
		b := d.browser()
		worked := credential.Hashed()
		var got string
		for range 6 {
			a := b.post("/password", url.Values{"email": {email}})
			got += sameAnswer(a) + strings.Join(a.header["Set-Cookie"], "; ") + a.header.Get("Retry-After") + a.header.Get("Location") + "\n"
		}
		got = strings.NewReplacer(email, "_", strings.ReplaceAll(email, "@", "%40"), "_").Replace(got)
		if want == "" {
			want = got
		}
		if got != want || credential.Hashed() != worked {
			one, other := apart(want, got)
			t.Errorf("%s is told from nobody's address:\n%s\n%s", email, one, other)
		}
		if !strings.Contains(got, "303") && !strings.Contains(got, "/sign-in") {
			t.Errorf("%s: %s", email, got)
		}
	}
	eventually(t, "no letter is planned", func() bool {
		n := 0
		must(t, d.app.Store.View(func(tx *db.Tx) error {
			for l, err := range store.LettersByTo.Rows(tx, db.Span{}) {
				if err != nil {
					return err
				}
				if n++; l.To != "ada.neri@example.it" {
					t.Errorf("a letter goes to %s", l.To)
				}
			}
			return nil
		}))
		return n == 1
	})
}
