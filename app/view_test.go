package app_test

import (
	"context"
	"net/url"
	"regexp"
	"strings"
	"testing"

	"sportello/app/desk/ticket"
	"sportello/store"
	"sportello/store/db"
)

func TestAViewIsSavedFromTheQueueFoundInTheSideBarAndRemoved(t *testing.T) {
	w := newWorld(t)
	for _, role := range []string{"nobody", "requester", "stranger", "coordinator", "editor"} {
		b := w.visitor(role)
		for _, path := range []string{"/desk/views", "/desk/views/new"} {
			if got := b.get(path); got.status < 300 {
				t.Errorf("%s reads %s", role, path)
			}
		}
		if got := b.post("/desk/views", url.Values{"name": {"x"}, "view": {"all"}}); got.status < 400 {
			t.Errorf("%s saves a view: %d", role, got.status)
		}
	}
	b := w.visitor("agent")
	b.must(b.get("/desk/group"), 200, "!Salva questa vista")
	b.must(b.get("/desk/group?kind=malfunction"), 200, "Salva questa vista", `name="kind" value="malfunction"`)
	form := url.Values{"csrf": {""}, "view": {"group"}, "kind": {"malfunction"}, "state": {""}, "name": {"<b>Guasti</b>"}, "notify": {"1"}, "share": {itoa(w.group["csa"])}}
	b.must(b.post("/desk/views", url.Values{"view": {"group"}, "kind": {"malfunction"}, "name": {" "}, "notify": {"1"}}), 422, `name="kind" value="malfunction"`, `value="1" checked`)
	b.must(b.post("/desk/views", url.Values{"view": {"group"}, "kind": {"malfunction"}, "name": {"x"}, "share": {itoa(w.group["contabilita"])}}), 403)
	b.must(b.post("/desk/views", form), 303)
	list := b.get("/desk/views")
	b.must(list, 200, "&lt;b&gt;Guasti&lt;/b&gt;", "!<b>Guasti", "Coda: Del mio gruppo", "Condivisa con")
	at := "/desk/group?group=" + itoa(w.group["csa"]) + "&kind=malfunction"
	b.must(b.get(at), 200, "<h1>&lt;b&gt;Guasti", "Modifica la vista", "!Salva questa vista", strings.ReplaceAll(at, "&", "&amp;")+`" aria-current="page"`)
	edit := regexp.MustCompile(`/desk/views/\d+/edit`).FindString(list.body)
	show := strings.TrimSuffix(edit, "/edit")
	if got := b.get(show); got.status != 303 || got.header.Get("Location") != at {
		t.Errorf("the view leads to %d %s", got.status, got.header.Get("Location"))
	}

	other := w.visitor("elsewhere")
	other.must(other.get("/desk/views"), 200, "!Guasti")
	other.must(other.get(show), 404)
	supervisor := w.visitor("supervisor")
	page := supervisor.get(edit)
	supervisor.must(page, 200, "!name=\"notify\"", "!name=\"share\"")
	supervisor.must(supervisor.post(show, url.Values{"name": {"Anomalie"}, "edits": {hidden(t, page.body, "edits")}}), 303)
	b.must(b.post(show, url.Values{"name": {"Mie"}, "edits": {hidden(t, page.body, "edits")}}), 409, `value="Mie"`, "Qualcuno ha modificato questa vista")
	b.must(b.post(show+"/remove", url.Values{}), 303)
	b.must(b.get("/desk/views"), 200, "!>Anomalie<", "Nessuna vista")
}

func TestAViewWithWordsShowsTicketsTheReaderMaySeeAndItsNumber(t *testing.T) {
	w := newWorld(t)
	w.searchable()
	b := w.visitor("agent")
	b.must(b.get(searchFor("cedolino ottobre")), 200, "Salva come vista", `/desk/views/new?text=cedolino&#43;ottobre`)
	b.must(b.get("/search?q=cedolino&type=article"), 200, "!/desk/views/new")
	r := w.visitor("requester")
	r.must(r.get(searchFor("cedolino ottobre")), 200, "!/desk/views/new")
	b.must(b.get("/desk/views/new?text=cedolino+ottobre"), 200, "Ricerca: cedolino ottobre", `name="text" value="cedolino ottobre"`)
	saved := b.post("/desk/views", url.Values{"text": {"cedolino ottobre"}, "name": {"Cedolini"}, "notify": {"1"}})
	b.must(saved, 303)
	at := saved.header.Get("Location")
	b.must(b.get(at), 200, "<h1>Cedolini", "/tickets/1", "Prima le più recenti", "!name=\"ticket\"", `href="`+at+`" aria-current="page"`)
	b.must(b.get(at+"?after=-3"), 200, "/tickets/1")
	if err := w.app.Desk.Queues.CountViews(context.Background()); err != nil {
		t.Fatal(err)
	}
	b.must(b.get("/desk/all"), 200, `<span>Cedolini</span><span class="count">1</span>`)

	// What is new is told under the bell, once, with the name of the view.
	n, err := w.app.Desk.Tickets.Open(w.as("requester"), ticket.Opening{Subject: "Il cedolino di ottobre ha un errore", Body: "Importo sbagliato.",
		Kind: store.Malfunction, Module: w.module["csa"], Severity: store.High, Urgency: store.NoDate})
	if err != nil {
		t.Fatal(err)
	}
	w.searchable()
	var v *store.View
	err = w.app.Store.View(func(tx *db.Tx) error { v, err = store.Views.Get(tx, 1); return err })
	if err != nil || v.Counted != 1 || v.SeenNumber != 1 {
		t.Fatalf("counted %+v (%v)", v, err)
	}
	w.app.Desk.Queues.ForgetCounts()
	for range 2 {
		if err := w.app.Desk.Queues.CountViews(context.Background()); err != nil {
			t.Fatal(err)
		}
	}
	bell := b.get("/notices")
	b.must(bell, 200, "Una richiesta nuova nella tua vista «Cedolini»", "#"+itoa(n.ID), "!Motivo: Cedolini")
	if got := strings.Count(bell.body, "nella tua vista"); got != 1 {
		t.Errorf("told %d times", got)
	}
}
