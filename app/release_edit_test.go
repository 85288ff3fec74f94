package app_test

import (
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"

	"sportello/app/desk/plan"
	"sportello/app/desk/template"
)

// TestAnUpdateIsWrittenPublishedAndWithdrawnInTheBrowser goes the way of an agent, without scripts: a draft, what is wrong with
// it, whom it tells, publishing, a correction, withdrawing.
func TestAnUpdateIsWrittenPublishedAndWithdrawnInTheBrowser(t *testing.T) {
	w := newWorld(t)
	w.installation()
	b := w.visitor("agent")
	form := url.Values{"module": {"csa"}, "modules": {""}, "version": {"25.1"}, "kind": {"urgent"}, "title-it": {"Conguaglio <di> fine anno"}, "notes-it": {"Si installa **di sera**."},
		"install-by-production": {"2031-02-03"}, "stop-from": {"2031-03-30T02:30"}, "stop-until": {"2031-03-30T05:00"}, "whom": {"all"}, "needs": {"24.9"}}
	b.must(b.get("/releases"), http.StatusOK, `href="/releases/new"`)
	b.must(b.post("/releases/new", form), http.StatusUnprocessableEntity, "Quell&#39;ora non esiste", "Conguaglio &lt;di&gt; fine anno", "Si installa **di sera**.", `value="25.1"`)
	form.Set("stop-from", "2031-03-30T03:30")
	form.Set("module", "u-gov/contabilita")
	b.must(b.post("/releases/new", form), http.StatusUnprocessableEntity, "scrivono gli aggiornamenti solo le persone del suo gruppo")
	form.Set("module", "csa")
	made := b.post("/releases/new", form)
	here := made.header.Get("Location")
	if b.must(made, http.StatusSeeOther); !regexp.MustCompile(`^/releases/\d+$`).MatchString(here) {
		t.Fatalf("leads to %q", here)
	}
	b.must(b.get(here), http.StatusOK, "Conguaglio &lt;di&gt; fine anno", "Bozza", here+"/publish")
	for _, who := range []string{"requester", "coordinator", "elsewhere", "stranger"} {
		w.visitor(who).must(w.visitor(who).get(here), http.StatusNotFound)
	}

	shown := b.get(here + "/publish")
	b.must(shown, http.StatusOK, "Chi verrà avvisato")
	value := func(page, name string) string {
		m := regexp.MustCompile(`name="` + name + `" value="([^"]*)"`).FindStringSubmatch(page)
		if m == nil {
			t.Fatalf("no field %s", name)
		}
		return m[1]
	}
	now := url.Values{"rev": {value(shown.body, "rev")}, "audience": {value(shown.body, "audience")}, "when": {"now"}}
	if strings.Contains(shown.body, `name="nobody"`) {
		b.must(b.post(here+"/publish", now), http.StatusConflict, "non c&#39;è nessuno da avvisare")
		now.Set("nobody", "1")
	}
	other := url.Values{"rev": now["rev"], "audience": {"0000"}, "when": {"now"}, "nobody": {"1"}}
	b.must(b.post(here+"/publish", other), http.StatusConflict, "I destinatari sono cambiati", `value="`+now.Get("audience")+`"`)
	b.must(b.post(here+"/publish", now), http.StatusSeeOther)
	b.must(b.post(here+"/publish", now), http.StatusConflict)
	b.must(b.get(here+"/publish"), http.StatusNotFound)
	for more := true; more; { // until those are told who the page asks
		var err error
		more, err = w.app.Desk.Releases.Step()
		must(t, err)
	}
	w.visitor("coordinator").must(w.visitor("coordinator").get(here), http.StatusOK, "Conguaglio &lt;di&gt; fine anno", "Il vostro riscontro")

	edit := b.get(here + "/edit")
	b.must(edit, http.StatusOK, "Conguaglio &lt;di&gt; fine anno", "!"+`name="version"`)
	b.must(b.post(here+"/edit", url.Values{"rev": {value(edit.body, "rev")}, "title-it": {"Conguaglio di fine anno"}, "notes-it": {"Si installa **di notte**."}, "install-by-production": {"2031-02-04"}}), http.StatusSeeOther)
	w.visitor("coordinator").must(w.visitor("coordinator").get(here), http.StatusOK, "di notte", "25.1", "4 febbraio 2031")
	b.must(b.get(here), http.StatusOK, `href="`+here+`/wordings"`)
	b.must(b.get(here+"/wordings"), http.StatusOK, "<del>Conguaglio &lt;di&gt; fine anno</del>", "<ins>Conguaglio di fine anno</ins>", "<del>Si installa **di sera**.</del>", "<ins>Si installa **di notte**.</ins>", " da "+w.people["agent"].Name)
	b.must(b.get(here+"/wordings?from=2&to=1"), http.StatusOK, "<ins>Si installa **di sera**.</ins>", "<del>Si installa **di notte**.</del>")
	b.must(b.get(here+"/wordings?from=2&to=2"), http.StatusOK, "Le due stesure sono uguali", "!<ins>", "!<del>")
	b.must(b.get(here+"/wordings?from=3"), http.StatusUnprocessableEntity)
	w.visitor("coordinator").must(w.visitor("coordinator").get(here+"/wordings"), http.StatusOK, "<ins>Si installa **di notte**.</ins>", "!"+w.people["agent"].Name)
	b.must(b.post(here+"/withdraw", url.Values{"rev": {value(b.get(here+"/withdraw").body, "rev")}}), http.StatusUnprocessableEntity)
	b.must(b.post(here+"/withdraw", url.Values{"rev": {value(b.get(here+"/withdraw").body, "rev")}, "reason": {"perde le ritenute"}}), http.StatusSeeOther)
	w.visitor("coordinator").must(w.visitor("coordinator").get(here), http.StatusOK, "perde le ritenute")
}

// TestAnUpdateIsWidenedInTheBrowser goes the way of an agent after a pilot, without scripts: who would be told newly, and
// nobody else; what changed since is shown again; nobody is told twice.
func TestAnUpdateIsWidenedInTheBrowser(t *testing.T) {
	w := newWorld(t)
	w.installation()
	b := w.visitor("agent")
	code := w.code(w.things["organisation"])
	made := b.post("/releases/new", url.Values{"module": {"csa"}, "modules": {""}, "version": {"25.7"}, "kind": {"ordinary"}, "title-it": {"Pilota"}, "whom": {"organisations"}, "organisation": {code}})
	b.must(made, http.StatusSeeOther)
	here := made.header.Get("Location")
	b.must(b.get(here+"/widen"), http.StatusNotFound) // a draft
	value := func(page, name string) string {
		m := regexp.MustCompile(`name="` + name + `" value="([^"]*)"`).FindStringSubmatch(page)
		if m == nil {
			t.Fatalf("no field %s", name)
		}
		return m[1]
	}
	b.must(b.post(here+"/publish", url.Values{"rev": {value(b.get(here+"/publish").body, "rev")}, "when": {"now"}, "nobody": {"1"}}), http.StatusSeeOther)
	b.must(b.get(here), http.StatusOK, here+"/widen")
	for who, status := range map[string]int{"coordinator": http.StatusForbidden, "requester": http.StatusForbidden, "elsewhere": http.StatusNotFound} {
		c := w.visitor(who)
		c.must(c.get(here), http.StatusOK, "!"+here+"/widen")
		c.must(c.get(here+"/widen"), status)
		c.must(c.post(here+"/widen", url.Values{"whom": {"all"}}), status)
	}
	stranger := w.visitor("stranger")
	stranger.must(stranger.get(here), http.StatusNotFound)

	first := b.get(here + "/widen")
	b.must(first, http.StatusOK, "Finora è andato a 1 ente", `value="organisations" checked`, "!name=\"audience\"", "!Chi verrà avvisato</h2>")
	form := url.Values{"rev": {value(first.body, "rev")}, "whom": {"organisations"}, "organisation": {code}}
	b.must(b.post(here+"/widen", form), http.StatusOK, "Adesso non verrebbe avvisato nessuno")
	b.must(b.post(here+"/widen", url.Values{"rev": form["rev"]}), http.StatusUnprocessableEntity)
	form.Set("whom", "all")
	shown := b.post(here+"/widen", form)
	b.must(shown, http.StatusOK, "Chi verrà avvisato", `name="nobody"`, "!"+w.people["coordinator"].Email)
	stranger.must(stranger.get(here), http.StatusNotFound) // looking adds nobody
	form.Set("audience", value(shown.body, "audience"))
	b.must(b.post(here+"/widen", form), http.StatusConflict, "non c&#39;è nessuno da avvisare")
	form.Set("nobody", "1")
	form.Set("audience", "0000")
	b.must(b.post(here+"/widen", form), http.StatusConflict, "I destinatari sono cambiati", `value="`+value(shown.body, "audience")+`"`)
	form.Set("audience", value(shown.body, "audience"))
	b.must(b.post(here+"/widen", form), http.StatusSeeOther)
	b.must(b.get(here), http.StatusOK, "Nuovi destinatari")
	stranger.must(stranger.get(here), http.StatusOK, "Pilota")
	b.must(b.post(here+"/widen", form), http.StatusConflict) // another revision by now
}

// TestAnUnluckyDayIsSaidBeforePublishingAndForbidsNothing: weekends, holidays, and times in which a plan of an organisation
// that is told stands still; of a plan of others nothing is said.
func TestAnUnluckyDayIsSaidBeforePublishingAndForbidsNothing(t *testing.T) {
	w := newWorld(t)
	source := strings.Replace(trialTemplate, `code = "prova"`, `code = "fermi"`, 1) + `
[[phase.freeze]]
code = "close"
name = { it = "Chiusura dei conti", en = "Closing of accounts" }
stops = { it = "Non si registra nulla.", en = "Nothing is entered." }
from = "golive-4"
until = "golive+5"
`
	draft, err := w.app.Desk.Templates.Save(w.as("agent"), "", template.Form{Source: []byte(source)})
	must(t, err)
	_, err = w.app.Desk.Templates.Publish(w.as("supervisor"), "fermi", draft.Rev, "")
	must(t, err)
	code := w.code(w.things["organisation"])
	_, err = w.app.Desk.Plans.Begin(w.as("agent"), plan.Beginning{Template: "fermi", Organisation: code, Start: day("2026-12-01"), GoLive: day("2027-01-01")})
	must(t, err)
	b := w.visitor("agent")
	write := func(version string, fields url.Values) string {
		form := url.Values{"module": {"csa"}, "modules": {""}, "version": {version}, "kind": {"ordinary"}, "title-it": {"Fine anno"}, "whom": {"organisations"}, "organisation": {code}}
		for name, v := range fields {
			form[name] = v
		}
		made := b.post("/releases/new", form)
		b.must(made, http.StatusSeeOther)
		return made.header.Get("Location")
	}
	here := write("26.12", url.Values{"install-by-test": {"2026-12-26"}, "install-by-production": {"2026-12-29"}, "stop-from": {"2027-01-02T22:00"}, "stop-until": {"2027-01-03T02:00"}})
	page := b.get(here + "/publish")
	b.must(page, http.StatusOK, "Da installare in prova entro sabato 26 dicembre 2026: è festa nazionale.", "Da installare in produzione entro martedì 29 dicembre 2026: per Ateneo è un periodo di fermo (Chiusura dei conti).",
		"Fermo del servizio, sabato 2 gennaio 2027: è fine settimana.", "Fermo del servizio, domenica 3 gennaio 2027: è fine settimana.", "Fermo del servizio, domenica 3 gennaio 2027: per Ateneo")
	got := w.caller(w.people["agent"]).do("GET", "/api/v1"+here+"/audience", nil, "")
	for _, want := range []string{`{"what":"test","day":"2026-12-26","why":"holiday"}`, `{"what":"stop","day":"2027-01-02","why":"weekend"}`, `{"what":"production","day":"2026-12-29","why":"freeze","freeze":"Chiusura dei conti","organisation":"` + code + `"}`} {
		if !strings.Contains(got.body, want) {
			t.Errorf("a program does not read %s: %d %s", want, got.status, got.body)
		}
	}
	elsewhere := write("26.13", url.Values{"install-by-production": {"2026-12-29"}, "organisation": {"altro-ente"}})
	b.must(b.get(elsewhere+"/publish"), http.StatusOK, "!Chiusura dei conti")
	rev := regexp.MustCompile(`name="rev" value="([^"]*)"`).FindStringSubmatch(page.body)
	b.must(b.post(here+"/publish", url.Values{"rev": {rev[1]}, "when": {"now"}, "nobody": {"1"}}), http.StatusSeeOther)
}

// TestWordingsOfAnUpdateStayWithItsAudience: what an update said before is no more open than the update.
func TestWordingsOfAnUpdateStayWithItsAudience(t *testing.T) {
	w := newWorld(t)
	here := "/releases/" + w.release(false)
	b := w.visitor("agent")
	b.must(b.get(here+"/wordings"), http.StatusOK, "Il testo non è mai stato corretto")
	rev := regexp.MustCompile(`name="rev" value="([^"]*)"`).FindStringSubmatch(b.get(here + "/edit").body)
	if rev == nil {
		t.Fatal("no revision in the form")
	}
	b.must(b.post(here+"/edit", url.Values{"rev": {rev[1]}, "title-it": {"Zibellino"}}), http.StatusSeeOther)
	// An agent of another group may see what was published and is not confidential: docs/rights.md, see-release.
	for who, status := range map[string]int{"agent": 200, "coordinator": 200, "elsewhere": 200, "stranger": 404} {
		c := w.visitor(who)
		if page := c.get(here); page.status != status {
			t.Errorf("%s: the page answers %d, want %d", who, page.status, status)
		}
		got := c.get(here + "/wordings")
		if got.status != status || strings.Contains(got.body, "Zibellino") != (status == 200) {
			t.Errorf("%s: %d, want %d", who, got.status, status)
		}
	}
	draft := w.visitor("agent").get("/releases/" + w.release(true) + "/wordings")
	if draft.status != http.StatusNotFound {
		t.Errorf("a draft: %d", draft.status)
	}
}
