package app_test

import (
	"net/url"
	"strings"
	"testing"

	"sportello/store"
	"sportello/store/db"
)

// called is the form for a call as an agent fills it in.
func called(who string, more ...string) url.Values {
	v := url.Values{"caller": {who}, "contact": {"phone"}, "module": {"csa"}, "kind": {"clarification"}, "subject": {"Non stampa il cedolino"}, "act": {"open"}}
	for i := 0; i < len(more); i += 2 {
		v.Set(more[i], more[i+1])
	}
	return v
}

func TestWhoMayNotOpenForACaller(t *testing.T) {
	w := newWorld(t)
	ada := itoa(w.people["requester"].ID)
	for _, role := range []string{"requester", "coordinator", "editor"} {
		b := w.visitor(role)
		for _, path := range []string{"/tickets/call", "/callers?q=ad", "/similar?q=cedolino"} {
			b.must(b.get(path), 403, "!requester@example.it")
		}
		b.must(b.post("/tickets/call", called(ada)), 403)
	}
}

// TestACallIsOneForm opens, takes, notes, answers and solves in the one form that the agent sends.
func TestACallIsOneForm(t *testing.T) {
	w := newWorld(t)
	ada := w.people["requester"]
	at := "/tickets/" + itoa(w.asks("requester", "Da prima: timbratura").ID)
	b := w.visitor("agent")
	b.must(b.get("/tickets/call"), 200, "Chi chiede", "!Da prima")
	b.must(b.get("/callers?q=ad"), 200, "Ada Neri", "requester@example.it", `value="caller-`+itoa(ada.ID)+`"`)
	b.must(b.get("/callers?q=nessuno.mai"), 200, "Nessuno ha questo nome")
	// Enter, and choosing, send the form without opening anything, and lose nothing.
	before := w.newest(t)
	found := called("", "requester", "ada", "act", "find", "note", "Chiama dal reparto")
	b.must(b.post("/tickets/call", found), 200, "Ada Neri", "Chiama dal reparto", "Non stampa il cedolino")
	found.Set("act", "caller-"+itoa(ada.ID))
	b.must(b.post("/tickets/call", found), 200, `name="caller" value="`+itoa(ada.ID)+`"`, "Da prima: timbratura", at, "Chiama dal reparto")
	found.Set("caller", itoa(ada.ID))
	found.Set("act", "stay")
	b.must(b.post("/tickets/call", found), 200, `name="caller" value="`+itoa(ada.ID)+`"`, "Chiama dal reparto")
	if n := w.newest(t); n != before {
		t.Fatalf("ticket %d was opened by looking somebody up", n)
	}
	for what, form := range map[string]url.Values{
		"nobody":          called(""),
		"no subject":      called(itoa(ada.ID), "subject", ""),
		"no module":       called(itoa(ada.ID), "module", ""),
		"no answer":       called(itoa(ada.ID), "act", "solve"),
		"nobody's number": called("99999"),
	} {
		if got := b.post("/tickets/call", form); got.status != 422 && got.status != 403 {
			t.Errorf("%s: %d", what, got.status)
		}
	}
	if n := w.newest(t); n != before {
		t.Fatalf("ticket %d was opened by a form that was refused", n)
	}

	b.must(b.post("/tickets/call", called(itoa(ada.ID), "take", "1", "note", "Ha già provato due volte")), 303)
	must(t, w.app.Store.View(func(tx *db.Tx) error {
		row, err := store.Tickets.Get(tx, w.newest(t))
		if err != nil {
			return err
		}
		if row.Requester != ada.ID || row.OpenedBy != w.people["agent"].ID || row.Assignee != w.people["agent"].ID || row.State != store.StateOpen || row.Contact != store.Phone || row.Notes != 1 {
			t.Errorf("%+v", row)
		}
		return nil
	}))
	b.must(b.get("/tickets/"+itoa(w.newest(t))), 200, "al telefono", "Ha già provato due volte")
	reader := w.visitor("requester")
	reader.must(reader.get("/tickets/"+itoa(w.newest(t))), 200, "!Ha già provato due volte")

	b.must(b.post("/tickets/call", called(itoa(ada.ID), "contact", "in-person", "act", "solve", "answer", "Si stampa dal menu File.")), 303)
	must(t, w.app.Store.View(func(tx *db.Tx) error {
		row, err := store.Tickets.Get(tx, w.newest(t))
		if err != nil {
			return err
		}
		if row.State != store.StateResolved || row.Outcome != store.Solved || row.Assignee != w.people["agent"].ID || row.Contact != store.InPerson || row.Messages != 2 {
			t.Errorf("%+v", row)
		}
		return nil
	}))
	reader.must(reader.get("/tickets/"+itoa(w.newest(t))), 200, "Si stampa dal menu File.")
}

// TestAgentsKeepOneFrame walks the pages that everybody has: for an agent they stand in the workbench.
func TestAgentsKeepOneFrame(t *testing.T) {
	w := newWorld(t)
	agent, requester := w.visitor("agent"), w.visitor("requester")
	for _, path := range []string{"/search?q=cedolino", "/search", "/tickets/new", "/notices", "/me", "/tickets", "/tickets/call"} {
		if got := agent.get(path); got.status != 200 || !strings.Contains(got.body, `id="side"`) {
			t.Errorf("%s: %d, without the queues beside it", path, got.status)
		}
		if got := requester.get(path); strings.Contains(got.body, `id="side"`) {
			t.Errorf("%s: a requester has the workbench", path)
		}
	}
	for role, want := range map[string]string{"agent": "/desk", "requester": "/"} {
		b := w.browser()
		p := w.password(role)
		got := b.post("/sign-in", url.Values{"email": {p.Email}, "password": {testPassword}})
		if at := got.header.Get("Location"); at != want {
			t.Errorf("%s lands on %q", role, at)
		}
		b = w.browser()
		got = b.post("/sign-in", url.Values{"email": {p.Email}, "password": {testPassword}, "next": {"/articles"}})
		if at := got.header.Get("Location"); at != "/articles" {
			t.Errorf("%s wanted the articles and lands on %q", role, at)
		}
	}
}
