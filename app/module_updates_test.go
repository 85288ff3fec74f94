package app_test

import (
	"net/http"
	"net/url"
	"testing"
)

// TestUpdatesOnThePageOfAModuleAndAtHome: who finds an update on the page of its module and on the home page, and who finds
// no trace of it. A guest sees neither updates nor a button; a draft is on neither page.
func TestUpdatesOnThePageOfAModuleAndAtHome(t *testing.T) {
	t.Parallel()
	d := newReleaseDesk(t)
	d.draft("26.09", box{"all": true})
	for version, audience := range map[string]any{"26.01": box{"all": true}, "26.02": box{"organisations": []string{"altro"}}} {
		d.mustCall(d.agent, "POST", d.draft(version, audience)+"/publish", nil, http.StatusOK)
	}
	d.told()
	for _, c := range []struct {
		who  string
		want []string
	}{
		{"rita@example.it", []string{"26.01", "!26.02", "!26.09"}},
		{"elena@example.it", []string{"26.01", "26.02", "!26.09"}},
		{"bruno.galli@example.it", []string{"26.01", "26.02", "!26.09"}},
		{"elsa.estranea@example.it", []string{"!26.01", "!26.02", "!26.09"}},
	} {
		b := d.signedIn(d.person(c.who))
		b.must(b.get("/modules/csa"), http.StatusOK, append(c.want, "Segui gli aggiornamenti", `name="follow" value="1"`)...)
		b.must(b.get("/"), http.StatusOK, c.want...)
	}
	rita, elena := d.signedIn(d.person("rita@example.it")), d.signedIn(d.person("elena@example.it"))
	rita.must(rita.get("/"), http.StatusOK, "Aspetta il vostro riscontro", `id="updates"`)
	stranger := d.signedIn(d.person("elsa.estranea@example.it"))
	stranger.must(stranger.get("/"), http.StatusOK, `!id="updates"`)
	stranger.must(stranger.get("/modules/csa"), http.StatusOK, "nessun aggiornamento che ti riguardi")
	guest := d.browser()
	guest.must(guest.get("/modules/csa"), http.StatusOK, "!26.01", "!Segui gli aggiornamenti", `!id="updates"`)
	guest.must(guest.get("/"), http.StatusOK, "!26.01", `!id="updates"`)

	// What is answered waits no longer, and what was withdrawn says so.
	elena.must(elena.get("/modules/u-gov"), http.StatusOK, "!26.01", "!26.02")
}

// TestAModuleIsFollowedFromItsPage: the button follows and stops following, twice does no harm, and the API says the same.
func TestAModuleIsFollowedFromItsPage(t *testing.T) {
	t.Parallel()
	d := newReleaseDesk(t)
	rita := d.signedIn(d.person("rita@example.it"))
	followed := func(want string) {
		t.Helper()
		if got := d.mustCall(d.rita, "GET", "/follow", nil, http.StatusOK); len(got["modules"].([]any)) != len(want)/3 {
			t.Errorf("follows %v, want %q", got, want)
		}
	}
	for _, step := range []struct {
		form  url.Values
		shown []string
		now   string
	}{
		{url.Values{"follow": {"1"}}, []string{"Non seguire più", "Ora segui", `!name="follow"`}, "csa"},
		{url.Values{"follow": {"1"}}, []string{"Non seguire più"}, "csa"},
		{url.Values{}, []string{"Segui gli aggiornamenti", "Non segui più", `name="follow"`}, ""},
		{url.Values{}, []string{"Segui gli aggiornamenti"}, ""},
	} {
		made := rita.post("/modules/csa", step.form)
		rita.must(made, http.StatusSeeOther)
		if to := made.header.Get("Location"); to != "/modules/csa#updates" {
			t.Errorf("leads to %q", to)
		}
		rita.must(rita.get("/modules/csa"), http.StatusOK, step.shown...)
		followed(step.now)
	}
	rita.must(rita.post("/modules/u-gov/contabilita", url.Values{"follow": {"1"}}), http.StatusSeeOther)
	rita.must(rita.get("/modules/u-gov/contabilita"), http.StatusOK, "Non seguire più")
	rita.must(rita.post("/modules/mai", url.Values{"follow": {"1"}}), http.StatusNotFound)
}
