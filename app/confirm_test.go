package app

import (
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"

	"sportello/app/desk"
	"sportello/store"
)

func TestATokenIsMadeByWhoShowsAgainWhoTheyAre(t *testing.T) {
	d := newTestDesk(t)
	p := d.add("Ada Neri", desk.PersonForm{})
	b := d.signedIn(p)
	b.must(b.post("/me/tokens", url.Values{"token_name": {"report"}}), 422, `id="token_password-e"`, `!<code id="token">`)
	b.must(b.post("/me/tokens", url.Values{"token_name": {"report"}, "password_now": {"wrong"}}), 422, `!<code id="token">`)
	b.must(b.post("/me/tokens", url.Values{"token_name": {"report"}, "token_life": {"99999"}, "password_now": {testPassword}}), 422, `!<code id="token">`)
	a := b.post("/me/tokens", url.Values{"token_name": {"report"}, "token_life": {"90"}, "password_now": {testPassword}})
	b.must(a, 200, `<code id="token">`, `!id="token_password"`)
	// For some minutes it is not asked again, in this browser alone.
	b.must(b.post("/me/tokens", url.Values{"token_name": {"another"}}), 200, `<code id="token">`)
	other := d.signedIn(p)
	other.must(other.post("/me/tokens", url.Values{"token_name": {"report"}}), 422)

	token := regexp.MustCompile(`<code id="token">([^<]+)</code>`).FindStringSubmatch(a.body)[1]
	list, err := d.app.desk.Keeper().TokensOf(p.ID)
	if err != nil || len(list) != 2 || list[0].Ends.Sub(list[0].Created).Round(time.Hour) != 90*24*time.Hour {
		t.Fatalf("%v, %v", list, err)
	}
	call := func() answer {
		r := d.browser()
		r.header.Set("Authorization", "Bearer "+token)
		return r.get("/api/v1/tickets")
	}
	b.must(call(), 200)
	if _, err := d.app.desk.Keeper().AfterRestore(); err != nil {
		t.Fatal(err)
	}
	got := call()
	if got.status != 401 || !strings.HasPrefix(got.header.Get("Content-Type"), "application/problem+json") || !strings.Contains(got.body, "sospeso") && !strings.Contains(got.body, "asleep") {
		t.Errorf("a sleeping token gets %d %s", got.status, got.body)
	}
	b.must(b.get("/me"), http.StatusSeeOther) // sessions ended
}

func TestOnlyFailuresOfStrangersSlowStrangers(t *testing.T) {
	d := newTestDesk(t)
	p := d.add("Ada Neri", desk.PersonForm{})
	mine := d.signedIn(p)
	mine.must(mine.post("/sign-out", nil), http.StatusSeeOther)
	stranger := d.browser()
	for range 5 {
		stranger.must(stranger.post("/sign-in", url.Values{"email": {p.Email}, "password": {"wrong"}}), 422)
	}
	stranger.must(stranger.post("/sign-in", url.Values{"email": {p.Email}, "password": {testPassword}}), http.StatusTooManyRequests)
	mine.must(mine.post("/sign-in", url.Values{"email": {p.Email}, "password": {testPassword}}), http.StatusSeeOther)
	// A change of one's own password has its own count, and the browser stays known after it.
	mine.must(mine.post("/me/password", url.Values{"password_now": {testPassword}, "password": {"una frase nuova e lunga"}, "password_again": {"una frase nuova e lunga"}}), http.StatusSeeOther)
	mine.must(mine.post("/sign-out", nil), http.StatusSeeOther)
	for range 6 {
		stranger.post("/sign-in", url.Values{"email": {p.Email}, "password": {"wrong"}})
	}
	mine.must(mine.post("/sign-in", url.Values{"email": {p.Email}, "password": {"una frase nuova e lunga"}}), http.StatusSeeOther)
}

func TestTokensEndWithThePassword(t *testing.T) {
	d := newTestDesk(t)
	p := d.add("Ada Neri", desk.PersonForm{})
	token, _, err := d.app.desk.Keeper().NewToken(store.By{}, p.ID, "report")
	if err != nil {
		t.Fatal(err)
	}
	b := d.signedIn(p)
	b.must(b.post("/me/password", url.Values{"password_now": {testPassword}, "password": {"una frase nuova e lunga"}, "password_again": {"una frase nuova e lunga"}}), http.StatusSeeOther)
	if _, err := d.app.desk.Keeper().Token(t.Context(), token); store.KindOf(err) != store.SignIn {
		t.Errorf("the token: %v", err)
	}
}
