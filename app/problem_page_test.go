package app_test

import (
	"fmt"
	"net/http"
	"net/url"
	"regexp"
	"sportello/app/desk/problem"
	"sportello/store"
	"testing"
)

// TestAKnownProblemIsWrittenMovedAndWithdrawnInTheBrowser goes the way of an agent, without scripts: a form with rows, what is
// wrong with it, the page for each reader, states, withdrawing.
func TestAKnownProblemIsWrittenMovedAndWithdrawnInTheBrowser(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	b, rita, nobody := w.visitor("agent"), w.visitor("requester"), w.visitor("nobody")
	form := url.Values{"module": {"csa"}, "title-it": {"Il cedolino <resta> bianco"}, "workaround-it": {"Svuota la **cache**."}, "affected-from": {"24.02", "23.10", ""}, "affected-until": {"24.01", "23.10.03", ""},
		"fixed-in": {"", "23.10.03", ""}, "severity": {"high"}, "state": {"confirmed"}, "audience": {"signed-in"}, "supplier-number": {"ZIB-77"}, "act": {"save"}}
	rita.must(rita.get("/problems/new"), http.StatusForbidden)
	rita.must(rita.post("/problems/new", form), http.StatusForbidden)
	b.must(b.get("/problems"), http.StatusOK, `href="/problems/new"`)
	b.must(b.post("/problems/new", form), http.StatusUnprocessableEntity, `href="#affected"`, "Il cedolino &lt;resta&gt; bianco", `value="23.10.03"`, "Svuota la **cache**.")
	form.Set("act", "row")
	more := b.post("/problems/new", form)
	b.must(more, http.StatusOK, `value="23.10.03"`, "Svuota la **cache**.", `aria-label="Dalla versione 6"`, "!"+`aria-label="Dalla versione 7"`)
	form.Set("act", "save")
	form["affected-from"][0], form["affected-until"][0] = "24.01", "24.02"
	form.Set("module", "u-gov/contabilita")
	b.must(b.post("/problems/new", form), http.StatusUnprocessableEntity, "solo le persone del suo gruppo", "Il cedolino &lt;resta&gt; bianco")
	form.Set("module", "csa")
	made := b.post("/problems/new", form)
	here := made.header.Get("Location")
	if b.must(made, http.StatusSeeOther); !regexp.MustCompile(`^/problems/\d+$`).MatchString(here) {
		t.Fatalf("leads to %q", here)
	}
	b.must(b.get(here), http.StatusOK, "ZIB-77", "dalla 24.01, prima della 24.02", "<strong>cache</strong>", here+"/edit")
	rita.must(rita.get(here), http.StatusOK, "Il cedolino &lt;resta&gt; bianco", "Confermata", "23.10.03", "<strong>cache</strong>", "È anche il mio problema", "!ZIB-77", "!Chi l&#39;ha incontrata", "!"+here+"/edit")
	nobody.must(nobody.get(here), http.StatusSeeOther)
	nobody.must(nobody.get("/problems/99999"), http.StatusSeeOther)
	nobody.must(nobody.get("/problems"), http.StatusOK, "!cedolino")
	rita.must(rita.get("/problems?module=csa&version=24.01.05"), http.StatusOK, "Il cedolino &lt;resta&gt; bianco")
	rita.must(rita.get("/problems?module=csa&version=24.02"), http.StatusOK, "!Il cedolino")
	rita.must(rita.get("/modules/csa"), http.StatusOK, "Il cedolino &lt;resta&gt; bianco")

	rita.must(rita.post(here+"/affected", url.Values{"text": {"Anche da noi"}}), http.StatusSeeOther)
	rita.must(rita.get(here), http.StatusOK, "Hai detto che succede anche a te", "alcuni enti", "!Anche da noi")
	b.must(b.get(here), http.StatusOK, "Anche da noi", w.people["requester"].Name, "1 persona")
	for _, at := range []string{"/edit", "/state", "/withdraw"} {
		rita.must(rita.get(here+at), http.StatusForbidden)
		w.visitor("elsewhere").must(w.visitor("elsewhere").get(here+at), http.StatusNotFound)
	}
	b.must(b.post(here+"/tickets", url.Values{"number": {"99999"}}), http.StatusUnprocessableEntity, `href="#number"`, `value="99999"`)

	value := func(page string) string {
		m := regexp.MustCompile(`name="rev" value="([^"]*)"`).FindStringSubmatch(page)
		if m == nil {
			t.Fatal("no revision")
		}
		return m[1]
	}
	edit := b.get(here + "/edit")
	b.must(edit, http.StatusOK, `value="23.10"`, `value="24.02"`, "!"+`id="state"`)
	b.must(b.post(here+"/state", url.Values{"rev": {value(edit.body)}, "state": {"will-not-be-fixed"}, "fixed-in": {"23.10.03"}}), http.StatusUnprocessableEntity, `href="#reason"`)
	b.must(b.post(here+"/state", url.Values{"rev": {value(edit.body)}, "state": {"fixed"}, "fixed-in": {"23.10.03, 24.02"}}), http.StatusSeeOther)
	b.must(b.post(here+"/edit", url.Values{"rev": {value(edit.body)}, "module": {"csa"}, "title-it": {"Altro"}}), http.StatusConflict)
	rita.must(rita.get(here), http.StatusOK, "Corretta", "24.02")
	b.must(b.get(here), http.StatusOK, "già una versione corretta (23.10.03, 24.02) e succede ancora", "!ti avvisiamo quando")
	b.must(b.post(here+"/withdraw", url.Values{"rev": {value(b.get(here + "/withdraw").body)}}), http.StatusUnprocessableEntity, `href="#reason"`)
	b.must(b.post(here+"/withdraw", url.Values{"rev": {value(b.get(here + "/withdraw").body)}, "reason": {"Era la stampante"}}), http.StatusSeeOther)
	b.must(b.get(here), http.StatusOK, "Era la stampante")
	rita.must(rita.get(here), http.StatusNotFound, "!cedolino")
}

// TestTicketsMeetKnownProblemsInTheBrowser: an agent attaches from the ticket and from the queue and makes a problem of a ticket;
// whoever opens a ticket reads what is known first, and may say that it is theirs instead. All of it without scripts.
func TestTicketsMeetKnownProblemsInTheBrowser(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	b, rita, other := w.visitor("agent"), w.visitor("requester"), w.visitor("stranger")
	number := w.problem()
	ticket := w.ticket()
	here := fmt.Sprintf("/tickets/%d", ticket.ID)
	b.must(b.get(here), http.StatusOK, "Potrebbe essere una di queste", `id="problem-likely"`, "/problems/new?ticket=")
	rita.must(rita.get(here), http.StatusOK, "!Potrebbe essere una di queste", "!/problems/new")
	rita.must(rita.post(here+"/problems", url.Values{"problem": {number}}), http.StatusForbidden)
	other.must(other.post(here+"/problems", url.Values{"problem": {number}}), http.StatusForbidden)
	b.must(b.post(here+"/problems", url.Values{"problem": {"99999"}, "seen": {"0"}}), http.StatusUnprocessableEntity, `value="99999"`, "Non c&#39;è nessuna anomalia 99999")
	b.must(b.post(here+"/problems", url.Values{"problem": {number}}), http.StatusSeeOther)
	b.must(b.get(here), http.StatusOK, `href="/problems/`+number+`"`, `value="detach"`, "!"+`id="problem-likely"`)
	b.must(b.get("/problems/"+number), http.StatusOK, `href="`+here+`"`)
	b.must(b.post(here+"/problems", url.Values{"problem": {number}, "act": {"detach"}}), http.StatusSeeOther)
	b.must(b.get("/problems/"+number), http.StatusOK, "!"+`href="`+here+`"`)

	second := w.ticket()
	bulk := url.Values{"back": {"/desk/group"}, "act": {"problem"}, "ticket": {fmt.Sprint(ticket.ID), fmt.Sprint(second.ID)}}
	b.must(b.post("/desk/bulk", bulk), http.StatusUnprocessableEntity, "Scrivi il numero dell&#39;anomalia nota")
	bulk.Set("problem", number)
	b.must(b.post("/desk/bulk", bulk), http.StatusSeeOther)
	b.must(b.get("/problems/"+number), http.StatusOK, `href="`+here+`"`, fmt.Sprintf(`href="/tickets/%d"`, second.ID))

	b.must(b.get(fmt.Sprintf("/problems/new?ticket=%d", ticket.ID)), http.StatusOK, fmt.Sprintf(`name="tickets" value="%d"`, ticket.ID), "senza i nomi", "!"+w.people["requester"].Name)
	other.must(other.get(fmt.Sprintf("/problems/new?ticket=%d", ticket.ID)), http.StatusForbidden)

	form := url.Values{"module": {"csa"}, "subject": {"Il cedolino non si apre"}, "body": {"x"}, "act": {"choose"}}
	rita.must(rita.post("/tickets/new", form), http.StatusOK, "Anomalie note di questa applicazione", "Il cedolino resta bianco", `value="join-`+number+`"`)
	rita.must(rita.get("/look-alike?q=cedolino&module=csa"), http.StatusOK, "Il cedolino resta bianco", `value="join-`+number+`"`)
	form.Set("act", "join-99999")
	rita.must(rita.post("/tickets/new", form), http.StatusNotFound)
	form.Set("act", "join-"+number)
	joined := rita.post("/tickets/new", form)
	if rita.must(joined, http.StatusSeeOther); joined.header.Get("Location") != "/problems/"+number {
		t.Errorf("leads to %s", joined.header.Get("Location"))
	}
	b.must(b.get("/problems/"+number), http.StatusOK, "Il cedolino non si apre")
	rita.must(rita.get("/problems/"+number), http.StatusOK, "Hai detto che succede anche a te")
}

// TestAStopAMessageAndAMergeInTheBrowser: what stands still stands first where people look, for those who may know; a message is
// previewed before it is sent; two problems become one and two again.
func TestAStopAMessageAndAMergeInTheBrowser(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	b, rita, nobody := w.visitor("agent"), w.visitor("requester"), w.visitor("nobody")
	one, two := "/problems/"+w.problem(), "/problems/"+w.problem()
	for _, at := range []string{"/message", "/outage", "/merge"} {
		rita.must(rita.get(one+at), http.StatusForbidden)
		w.visitor("elsewhere").must(w.visitor("elsewhere").get(one+at), http.StatusNotFound)
		b.must(b.get(one+at), http.StatusOK)
	}
	b.must(b.post(one+"/outage", url.Values{"from": {"2031-03-01T10:00"}, "until": {"2031-03-01T09:00"}, "news-it": {"Il fornitore ci lavora."}}), http.StatusUnprocessableEntity, `href="#until"`, "Il fornitore ci lavora.")
	b.must(b.post(one+"/outage", url.Values{"news-it": {"Il fornitore ci lavora."}}), http.StatusSeeOther)
	for _, at := range []string{"/", "/modules/csa", "/tickets/new"} {
		rita.must(rita.get(at), http.StatusOK, "Servizio fermo", "Il fornitore ci lavora.", `action="`+one+`/affected"`)
	}
	nobody.must(nobody.get("/"), http.StatusOK, "!Servizio fermo")
	nobody.must(nobody.get("/sign-in"), http.StatusOK, "!Servizio fermo")
	rita.must(rita.post(one+"/affected", url.Values{}), http.StatusSeeOther)
	b.must(b.post(one+"/outage", url.Values{"act": {"end"}}), http.StatusSeeOther)
	rita.must(rita.get("/"), http.StatusOK, "!Servizio fermo")

	b.must(b.post(one+"/message", url.Values{"it": {"Si corregge **domani**."}, "act": {"preview"}}), http.StatusOK, "<strong>domani</strong>", "1 persona", "Invia a tutti")
	b.must(b.post(one+"/message", url.Values{"it": {""}, "act": {"send"}}), http.StatusUnprocessableEntity, `href="#it"`)
	b.must(b.post(one+"/message", url.Values{"it": {"Si corregge **domani**."}, "act": {"send"}}), http.StatusSeeOther)
	back := regexp.MustCompile(one + `/messages/\d+/back`).FindString(b.get(one).body)
	if back == "" {
		t.Fatal("the message cannot be taken back")
	}
	rita.must(rita.get(one), http.StatusOK, "!Messaggi a tutti")
	rita.must(rita.post(back, url.Values{}), http.StatusForbidden)
	w.visitor("elsewhere").must(w.visitor("elsewhere").post(back, url.Values{}), http.StatusNotFound)
	b.must(b.post(back, url.Values{}), http.StatusSeeOther)
	b.must(b.post(back, url.Values{}), http.StatusConflict)
	for more := true; more; {
		var err error
		if more, err = w.app.Desk.Problems.Step(); err != nil {
			t.Fatal(err)
		}
	}
	b.must(b.get(one), http.StatusOK, "Si corregge **domani**.", "Ripreso ", "!"+back)

	b.must(b.post(two+"/merge", url.Values{}), http.StatusUnprocessableEntity, `href="#into"`)
	b.must(b.post(two+"/merge", url.Values{"into": {one[len("/problems/"):]}}), http.StatusSeeOther)
	b.must(b.get(two), http.StatusOK, `href="`+one+`"`, two+"/unmerge")
	rita.must(rita.get(two), http.StatusNotFound)
	b.must(b.post(two+"/unmerge", url.Values{}), http.StatusSeeOther)
	rita.must(rita.get(two), http.StatusOK)
}

// TestAListSaysOfNoProblemThatItIsFixedBeforeItIs: a version that is to mend it has not yet, and may be withdrawn again.
func TestAListSaysOfNoProblemThatItIsFixedBeforeItIs(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	b := w.visitor("agent")
	for state, says := range map[store.ProblemState][]string{
		store.ProblemConfirmed:  {"correzione prevista nella 25.02", "!corretta nella"},
		store.ProblemBeingFixed: {"correzione prevista nella 25.02", "!corretta nella"},
		store.ProblemFixed:      {"corretta nella 25.02", "!correzione prevista"},
		store.ProblemWontFix:    {"!corretta nella", "!correzione prevista"},
	} {
		v, err := w.app.Desk.Problems.Save(w.as("agent"), 0, problem.Form{Module: "csa", Title: store.Words{IT: "Il cedolino resta bianco"}, State: state, Reason: "Si ritira", FixedIn: []string{"25.02"}})
		must(t, err)
		b.must(b.get("/problems?module=csa&state="+v.State.String()), http.StatusOK, says...)
	}
}
