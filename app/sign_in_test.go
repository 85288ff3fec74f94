package app_test

import (
	"html"
	"net/http"
	"net/netip"
	"net/url"
	"regexp"
	"strings"
	"testing"

	"sportello/app/credential"
	"sportello/app/desk/people"
	"sportello/app/desk/policy"
	"sportello/app/web"
	"sportello/app/web/show"
	"sportello/store"
	"sportello/store/db"
	"sportello/store/door"
)

func TestSigningInAndOut(t *testing.T) {
	d := newTestDesk(t)
	p := d.add("Ada Neri", people.Form{})
	b := d.browser()

	b.must(b.get("/me"), http.StatusSeeOther)
	if to := b.get("/me?x=1").header.Get("Location"); to != "/sign-in?next=%2Fme%3Fx%3D1" {
		t.Errorf("a page for people leads to %s", to)
	}
	b.must(b.post("/sign-in", url.Values{"email": {p.Email}, "password": {"wrong"}, "next": {"/me"}}), http.StatusUnprocessableEntity,
		"Indirizzo o password non corretti", p.Email, `value="/me"`, "!wrong")
	a := b.post("/sign-in", url.Values{"email": {" ADA.neri@example.it "}, "password": {testPassword}, "next": {"/me"}})
	b.must(a, http.StatusSeeOther)
	if a.header.Get("Location") != "/me" {
		t.Errorf("signing in leads to %s", a.header.Get("Location"))
	}
	b.must(b.get("/me"), 200, "Ada Neri", "Sessioni aperte", `name="csrf"`)
	if to := b.post("/sign-in", url.Values{"email": {p.Email}, "password": {testPassword}, "next": {"https://evil.example/"}}).header.Get("Location"); to != "/" {
		t.Errorf("signing in leads to %s", to)
	}
	b.must(b.post("/sign-out", nil), http.StatusSeeOther)
	b.must(b.get("/me"), http.StatusSeeOther)
	b.must(b.get("/sign-in"), 200, "Sei uscito.")
	b.must(b.get("/sign-in"), 200, "!Sei uscito.") // said once
}

func TestSigningInChangesTheSession(t *testing.T) {
	d := newTestDesk(t)
	p := d.add("Ada Neri", people.Form{})
	b := d.signedIn(p)
	u, err := url.Parse(d.url)
	if err != nil {
		t.Fatal(err)
	}
	before := b.client.Jar.Cookies(u)[0].Value
	b.must(b.post("/sign-in", url.Values{"email": {p.Email}, "password": {testPassword}}), http.StatusSeeOther)
	if after := b.client.Jar.Cookies(u)[0].Value; after == before {
		t.Error("the secret of the session stayed the same")
	}
	if _, _, err := d.app.Desk.Keeper().Session(t.Context(), before); err == nil {
		t.Error("the session before is still good")
	}
}

func TestGuessingPasswordsIsSlowedDown(t *testing.T) {
	d := newTestDesk(t)
	b := d.browser()
	for range 5 {
		b.must(b.post("/sign-in", url.Values{"email": {"nobody@example.it"}, "password": {"wrong"}}), http.StatusUnprocessableEntity)
	}
	a := b.post("/sign-in", url.Values{"email": {"nobody@example.it"}, "password": {"wrong"}})
	b.must(a, http.StatusTooManyRequests, "Troppi tentativi")
	if a.header.Get("Retry-After") == "" {
		t.Error("nobody says when to come back")
	}
}

func TestTheSignInPageSaysWhoGivesCredentials(t *testing.T) {
	d := newTestDesk(t)
	b := d.browser()
	b.must(b.get("/sign-in"), 200, "CSA", "Ricerca", "ESSE3", "CIA", "non è ancora configurato")
	d.add("Capo", people.Form{Administrator: true})
	b.must(b.get("/sign-in"), 200, "!non è ancora configurato")
}

var (
	formField = regexp.MustCompile(`(?s)<textarea name="(resume\.[^"]+)"[^>]*>\n(.*?)</textarea>`)
	formNext  = regexp.MustCompile(`<input type="hidden" name="(next|from)" value="([^"]*)">`)
)

// carried reads what the sign-in page carries, as a browser without scripts would send it.
func carried(body string) url.Values {
	v := url.Values{}
	for _, m := range formField.FindAllStringSubmatch(body, -1) {
		v.Add(html.UnescapeString(m[1]), html.UnescapeString(m[2]))
	}
	for _, m := range formNext.FindAllStringSubmatch(body, -1) {
		v.Set(m[1], html.UnescapeString(m[2]))
	}
	return v
}

func TestAnEndedSessionCostsNoText(t *testing.T) {
	d := newTestDesk(t)
	p := d.add("Ada Neri", people.Form{})
	b := d.signedIn(p)
	if _, err := d.app.Desk.Keeper().EndOthers(p.ID); err != nil {
		t.Fatal(err)
	}
	typed := "\nAda \"Neri\" <b>& figli</b>\nseconda riga"
	a := b.post("/me", url.Values{"name": {typed}, "phone": {"0521 1"}, "password_now": {"topsecret"}, "csrf": {"x"}})
	b.must(a, http.StatusUnauthorized, "non è andato perso", "!topsecret", "!<b>& figli")

	v := carried(a.body)
	v.Set("email", p.Email)
	v.Set("password", "wrong the first time")
	again := b.post("/sign-in", v)
	b.must(again, http.StatusUnprocessableEntity)
	v = carried(again.body)
	if v.Get("resume.name") != typed {
		t.Fatalf("carried %q, want %q", v.Get("resume.name"), typed)
	}
	v.Set("email", p.Email)
	v.Set("password", testPassword)
	done := b.post("/sign-in", v)
	b.must(done, http.StatusSeeOther)
	to := done.header.Get("Location")
	if !strings.HasPrefix(to, "/me?draft=") {
		t.Fatalf("signing in leads to %s", to)
	}
	b.must(b.get(to), 200, "0521 1", "seconda riga", "Abbiamo ritrovato")

	other := d.signedIn(d.add("Luca Bassi", people.Form{}))
	other.must(other.get(to), 200, "!seconda riga", "!Abbiamo ritrovato")
}

func TestOneTimeLinksAreUsedUpByTheButtonAlone(t *testing.T) {
	d := newTestDesk(t)
	p := d.add("Ada Neri", people.Form{})
	secret, err := d.app.Desk.Keeper().NewLink(db.By{Via: door.Page}, p.ID, credential.ForPassword)
	if err != nil {
		t.Fatal(err)
	}
	b := d.browser()
	path := "/password/" + secret
	b.must(b.get(path), 200, p.Email)
	b.must(b.get(path), 200, p.Email) // a mail scanner opens it too
	b.must(b.post(path, url.Values{"password": {"corta"}, "password_again": {"corta"}}), 422, "meno di 10 caratteri", "!corta\"")
	b.must(b.post(path, url.Values{"password": {"lunga abbastanza, sì"}, "password_again": {"altra"}}), 422, "sono diverse")
	b.must(b.post(path, url.Values{"password": {"lunga abbastanza, sì"}, "password_again": {"lunga abbastanza, sì"}}), http.StatusSeeOther)
	b.must(b.get(path), 404, "già stato usato")
	b.must(b.post(path, url.Values{"password": {"ancora un'altra frase"}, "password_again": {"ancora un'altra frase"}}), 404)
	b.must(b.post("/sign-in", url.Values{"email": {p.Email}, "password": {"lunga abbastanza, sì"}}), http.StatusSeeOther)
}

func TestSettingUpMakesOneAdministrator(t *testing.T) {
	d := newTestDesk(t)
	b := d.browser()
	secret := d.app.Desk.Keeper().NewSetUp()
	b.must(b.get("/set-up/wrong"), 404)
	b.must(b.get("/set-up/"+secret), 200, "primo amministratore")
	b.must(b.post("/set-up/"+secret, url.Values{"name": {"Ada"}, "email": {"no address"}, "password": {testPassword}, "password_again": {testPassword}}), 422, `value="Ada"`, "Non è un indirizzo")
	form := url.Values{"name": {"Ada Neri"}, "email": {"ada@example.it"}, "password": {testPassword}, "password_again": {testPassword}, "desk": {"Sportello U-GOV"}}
	b.must(b.post("/set-up/"+secret, form), http.StatusSeeOther)
	b.must(b.post("/set-up/"+secret, form), 404)
	b.must(b.post("/sign-in", url.Values{"email": {"ada@example.it"}, "password": {testPassword}}), http.StatusSeeOther)
	b.must(b.get("/me"), 200, "Sportello U-GOV", `href="/admin"`)
}

func TestForgettingThePasswordTellsNothingOfAnybody(t *testing.T) {
	d := newTestDesk(t)
	b := d.browser()
	b.must(b.get("/password"), 200, "Password dimenticata", "gruppo di supporto", "!<input id=\"email\"")
}

func TestOnesOwnSettings(t *testing.T) {
	d := newTestDesk(t)
	p := d.add("Ada Neri", people.Form{})
	b := d.signedIn(p)
	b.must(b.post("/me", url.Values{"name": {""}, "phone": {"0521 1234"}, "notices": {"own"}}), 422, "Scrivi qualcosa", "0521 1234", `aria-invalid="true"`)
	b.must(b.post("/me", url.Values{"name": {"Ada B. Neri"}, "language": {"en"}, "theme": {"dark"}, "notices": {"own"}}), http.StatusSeeOther)
	b.must(b.get("/me"), 200, "Ada B. Neri", `<html lang="en" data-theme="dark">`, `data-single-keys="off"`, `value="own" checked`, "Your settings have been saved.")
	b.must(b.post("/me", url.Values{"name": {"Ada"}, "notices": {"nonsense"}}), 422)

	other := d.signedIn(p)
	b.must(b.post("/me/password", url.Values{"password_now": {"wrong"}, "password": {"una frase nuova e lunga"}, "password_again": {"una frase nuova e lunga"}}), 422,
		"current password is incorrect", "!una frase nuova")
	b.must(b.post("/me/password", url.Values{"password_now": {testPassword}, "password": {"una frase nuova e lunga"}, "password_again": {"una frase nuova e lunga"}}), http.StatusSeeOther)
	b.must(b.get("/me"), 200)
	other.must(other.get("/me"), http.StatusSeeOther) // the other session ended

	a := b.post("/me/tokens", url.Values{"token_name": {"stampante"}, "token_nouns": {"*"}})
	b.must(a, 200, "stampante")
	m := regexp.MustCompile(`<code id="token">([^<]+)</code>`).FindStringSubmatch(a.body)
	if m == nil {
		t.Fatal("no token is shown")
	}
	if _, who, err := d.app.Desk.Keeper().Token(t.Context(), m[1], netip.Addr{}); err != nil || who.ID != p.ID {
		t.Errorf("the token belongs to %v, %v", who, err)
	}
	b.must(b.get("/me"), 200, "stampante", "!"+m[1])
	tokens, err := d.app.Desk.Keeper().TokensOf(p.ID)
	if err != nil {
		t.Fatal(err)
	}
	stranger := d.signedIn(d.add("Luca Bassi", people.Form{}))
	path := "/me/tokens/" + itoa(tokens[0].ID) + "/revoke"
	stranger.must(stranger.post(path, nil), 404)
	b.must(b.post(path, nil), http.StatusSeeOther)
	b.must(b.get("/me"), 200, "!stampante")
}

func TestTheLanguageIsThePersonsElseTheBrowsers(t *testing.T) {
	for _, c := range []struct{ own, cookie, accepted, want string }{
		{"", "", "", "it"},
		{"", "", "en-GB,en;q=0.9,it;q=0.8", "en"},
		{"", "", "de,it;q=0.5", "it"},
		{"", "", "de", "en"},
		{"", "", "it-CH", "it"},
		{"", "en", "it", "en"},
		{"it", "en", "en", "it"},
		{"", "xx", "it", "it"},
		{"", "", "nonsense;;;", "it"},
	} {
		if got := web.ChooseLanguage(&store.Person{Language: c.own}, c.cookie, c.accepted); got != c.want {
			t.Errorf("own %q, cookie %q, browser %q: %s, want %s", c.own, c.cookie, c.accepted, got, c.want)
		}
	}
	d := newTestDesk(t)
	b := d.browser()
	b.must(b.post("/language", url.Values{"lang": {"en"}, "back": {"/sign-in"}}), http.StatusSeeOther)
	b.must(b.get("/sign-in"), 200, `<html lang="en"`, "No credentials yet?")
	b.must(b.post("/language", url.Values{"lang": {"fr"}}), 422)
}

func TestFormsOfOtherSitesAreRefused(t *testing.T) {
	d := newTestDesk(t)
	p := d.add("Ada Neri", people.Form{})
	b := d.signedIn(p)
	page := b.get("/me").body
	token := regexp.MustCompile(`<meta name="csrf" content="([0-9a-f]+)">`).FindStringSubmatch(page)[1]
	second := regexp.MustCompile(`<meta name="csrf" content="([0-9a-f]+)">`).FindStringSubmatch(b.get("/me").body)[1]
	if token == second {
		t.Error("the token is not masked anew for each page")
	}
	foreign := d.signedIn(d.add("Luca Bassi", people.Form{}))
	theirs := regexp.MustCompile(`<meta name="csrf" content="([0-9a-f]+)">`).FindStringSubmatch(foreign.get("/me").body)[1]
	for _, c := range []struct {
		name, site, origin, token string
		allowed                   bool
	}{
		{"same origin by Sec-Fetch-Site", "same-origin", "", "", true},
		{"typed by the person", "none", "", "", true},
		{"same site, other host", "same-site", d.url, token, false},
		{"cross site", "cross-site", d.url, token, false},
		{"same origin by Origin", "", d.url, "", true},
		{"other Origin", "", "https://evil.example", token, false},
		{"opaque Origin", "", "null", token, false},
		{"Origin with our host as a user", "", "https://" + strings.TrimPrefix(d.url, "http://") + "@evil.example", "", false},
		{"an old browser with the token", "", "", token, true},
		{"an old browser without it", "", "", "", false},
		{"an old browser with another session's token", "", "", theirs, false},
		{"an old browser with nonsense", "", "", strings.Repeat("0", 64), false},
	} {
		b.header = http.Header{"Origin": {c.origin}}
		if c.origin == "" {
			b.header = http.Header{"Origin": nil}
		}
		if c.site != "" {
			b.header.Set("Sec-Fetch-Site", c.site)
		}
		a := b.post("/language", url.Values{"lang": {"it"}, "csrf": {c.token}})
		if want := map[bool]int{true: http.StatusSeeOther, false: http.StatusForbidden}[c.allowed]; a.status != want {
			t.Errorf("%s: %d, want %d", c.name, a.status, want)
		}
	}
	b.header = http.Header{"Origin": {"https://evil.example"}}
	b.must(b.get("/me"), 200) // looking is free
}

func TestRoutesAreClosedToWhoTheyAreNotFor(t *testing.T) {
	editor := policy.Actor{Person: &store.Person{Row: db.Row{ID: 1}, Editor: true}}
	admin := policy.Actor{Person: &store.Person{Row: db.Row{ID: 1}, Administrator: true}}
	worker := policy.Actor{Person: &store.Person{Row: db.Row{ID: 1}, Groups: []store.Membership{{Group: 1}}}}
	chief := policy.Actor{Person: &store.Person{Row: db.Row{ID: 1}, Groups: []store.Membership{{Group: 1, Supervisor: true}}}}
	plain := policy.Actor{Person: &store.Person{Row: db.Row{ID: 1}}}
	for w, admitted := range map[web.Who][]policy.Actor{
		web.Guest: {{}, plain, worker, chief, editor, admin}, web.Person: {plain, worker, chief, editor, admin}, web.Agent: {worker, chief, admin},
		web.Writer: {worker, chief, editor, admin}, web.Supervisor: {chief, admin}, web.Administrator: {admin}, web.Program: {plain, worker, chief, editor, admin}, 0: {},
	} {
		n := 0
		for _, a := range []policy.Actor{{}, plain, worker, chief, editor, admin} {
			if w.Admits(a) {
				n++
			}
		}
		for _, a := range admitted {
			if !w.Admits(a) {
				t.Errorf("%s refuses %+v", w, a.Person)
			}
		}
		if n != len(admitted) {
			t.Errorf("%s admits %d, want %d", w, n, len(admitted))
		}
	}
}

func TestATelephoneNumberIsCalledAsPeopleWriteIt(t *testing.T) {
	for written, want := range map[string]string{"0521 902111": "tel:0521902111", "+39 0521-90.21/11": "tel:+390521902111", "(0521) 902111 int. 3": "tel:0521902111",
		"chiedi al centralino": "", "": "", "12": ""} {
		if got := show.Dial(written); got != want {
			t.Errorf("%q: %q, want %q", written, got, want)
		}
	}
}
