package app_test

import (
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"
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
	w.visitor("coordinator").must(w.visitor("coordinator").get(here), http.StatusOK, "Conguaglio &lt;di&gt; fine anno", "Il vostro riscontro")

	edit := b.get(here + "/edit")
	b.must(edit, http.StatusOK, "Conguaglio &lt;di&gt; fine anno", "!"+`name="version"`)
	b.must(b.post(here+"/edit", url.Values{"rev": {value(edit.body, "rev")}, "title-it": {"Conguaglio di fine anno"}, "notes-it": {"Si installa **di notte**."}, "install-by-production": {"2031-02-04"}}), http.StatusSeeOther)
	w.visitor("coordinator").must(w.visitor("coordinator").get(here), http.StatusOK, "di notte", "25.1", "4 febbraio 2031")
	b.must(b.post(here+"/withdraw", url.Values{"rev": {value(b.get(here+"/withdraw").body, "rev")}}), http.StatusUnprocessableEntity)
	b.must(b.post(here+"/withdraw", url.Values{"rev": {value(b.get(here+"/withdraw").body, "rev")}, "reason": {"perde le ritenute"}}), http.StatusSeeOther)
	w.visitor("coordinator").must(w.visitor("coordinator").get(here), http.StatusOK, "perde le ritenute")
}
