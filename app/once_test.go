package app_test

import (
	"io/fs"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/chromedp"
	"golang.org/x/net/html"

	"sportello/app/desk"
	"sportello/app/desk/people"
	"sportello/app/web"
	"sportello/store"
	"sportello/store/db"
)

// keyOf returns the key of the form that the page has for the address.
func keyOf(t *testing.T, page, action string) string {
	t.Helper()
	_, rest, ok := strings.Cut(page, `action="`+action+`"`)
	form, _, _ := strings.Cut(rest, "</form>")
	m := regexp.MustCompile(`name="?once"? value="?([^">]+)`).FindStringSubmatch(form)
	if !ok || m == nil {
		t.Fatalf("no form for %s with a key", action)
	}
	return m[1]
}

func (d *testDesk) made() (tickets, messages int) {
	d.t.Helper()
	err := d.app.Store.View(func(tx *db.Tx) error {
		for _, err := range store.Tickets.All(tx, 0, false) {
			if err != nil {
				return err
			}
			tickets++
		}
		for _, err := range store.Messages.All(tx, 0, false) {
			if err != nil {
				return err
			}
			messages++
		}
		return nil
	})
	if err != nil {
		d.t.Fatal(err)
	}
	return tickets, messages
}

// TestEveryFormThatPostsCarriesAKeyOfItsOwn walks all pages as everybody who sees them.
func TestEveryFormThatPostsCarriesAKeyOfItsOwn(t *testing.T) {
	w := newWorld(t)
	forms := map[string]bool{}
	for _, r := range pages(w.app) {
		for _, role := range reader(r) {
			if role == "nobody" {
				continue
			}
			got := w.visitor(role).get(w.address(r))
			if got.status != http.StatusOK || !strings.HasPrefix(got.header.Get("Content-Type"), "text/html") {
				continue
			}
			doc, err := html.Parse(strings.NewReader(got.body))
			if err != nil {
				t.Fatal(err)
			}
			seen := map[string]bool{}
			for n := range doc.Descendants() {
				if n.Data != "form" || !strings.EqualFold(attributeOf(n, "method"), "post") {
					continue
				}
				key := ""
				for in := range n.Descendants() {
					if in.Data == "input" && attributeOf(in, "name") == web.OnceField {
						key = attributeOf(in, "value")
					}
				}
				if key == "" || seen[key] {
					t.Errorf("%s as %s: the form for %s has the key %q", r.Name, role, attributeOf(n, "action"), key)
				}
				seen[key], forms[r.Name+attributeOf(n, "action")] = true, true
			}
		}
	}
	if len(forms) < 40 {
		t.Errorf("only %d forms seen", len(forms))
	}
}

func attributeOf(n *html.Node, name string) string {
	for _, a := range n.Attr {
		if a.Key == name {
			return a.Val
		}
	}
	return ""
}

// TestNoHandlerActsBesideTheKey: what a handler writes goes by Actor.By, which carries the key.
func TestNoHandlerActsBesideTheKey(t *testing.T) {
	files := 0
	err := filepath.WalkDir("web", func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") {
			return err
		}
		files++
		raw, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		if strings.Contains(string(raw), "db.By{") {
			t.Errorf("%s says itself who acts", path)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if files < 50 {
		t.Errorf("only %d files were read", files)
	}
}

func TestTwentyPostsOfOneFormOpenOneTicketAndAllAreLedToIt(t *testing.T) {
	d := newTestDesk(t)
	ada := d.signedIn(d.add("Ada Neri", people.Form{}))
	form := url.Values{"once": {keyOf(t, ada.get("/tickets/new").body, "/tickets/new")}, "act": {"open"}, "module": {"csa"}, "kind": {"clarification"}, "severity": {"medium"}, "urgency": {"none"},
		"subject": {"Stampa del cedolino"}, "body": {"Come si stampa?"}}
	var all sync.WaitGroup
	got := make([]answer, 20)
	for i := range got {
		all.Go(func() { got[i] = ada.post("/tickets/new", form) })
	}
	all.Wait()
	for _, g := range got {
		if g.status != http.StatusSeeOther || g.header.Get("Location") != got[0].header.Get("Location") || !strings.HasPrefix(g.header.Get("Location"), "/tickets/1") {
			t.Errorf("%d to %s", g.status, g.header.Get("Location"))
		}
	}
	if n, _ := d.made(); n != 1 {
		t.Errorf("%d tickets", n)
	}
}

func TestAKeyIsUsedUpByWhatItMadeAndByNothingElse(t *testing.T) {
	d := newTestDesk(t)
	ada := d.signedIn(d.add("Ada Neri", people.Form{}))
	leo := d.signedIn(d.add("Leo Bassi", people.Form{}))
	form := url.Values{"once": {keyOf(t, ada.get("/tickets/new").body, "/tickets/new")}, "act": {"open"}, "module": {"csa"}, "kind": {"clarification"}, "severity": {"medium"}, "urgency": {"none"},
		"subject": {""}, "body": {"Come si stampa?"}}
	ada.must(ada.post("/tickets/new", form), http.StatusUnprocessableEntity)
	form.Set("subject", "Stampa del cedolino")
	first := ada.post("/tickets/new", form)
	ada.must(first, http.StatusSeeOther)
	if again := ada.post("/tickets/new", form); again.header.Get("Location") != first.header.Get("Location") {
		t.Errorf("again: %d to %s", again.status, again.header.Get("Location"))
	}
	other := url.Values{}
	for name, v := range form {
		other[name] = v
	}
	other.Set("body", "E come si stampa il modello con le ritenute?")
	ada.must(ada.post("/tickets/new", other), http.StatusConflict, "E come si stampa il modello con le ritenute?")
	if n, _ := d.made(); n != 1 {
		t.Errorf("%d tickets of one key", n)
	}
	leo.must(leo.post("/tickets/new", form), http.StatusSeeOther) // the key is Ada's
	if n, _ := d.made(); n != 2 {
		t.Errorf("%d tickets of two people", n)
	}

	// A message, and what a crash between the act and its answer leaves.
	message := url.Values{"once": {keyOf(t, ada.get("/tickets/1").body, "/tickets/1/message")}, "body": {"Ho dimenticato: dal browser."}}
	for range 3 {
		ada.must(ada.post("/tickets/1/message", message), http.StatusSeeOther)
	}
	if _, n := d.made(); n != 3 {
		t.Errorf("%d messages, not the two first ones and another", n)
	}
	err := d.app.Store.Update(db.By{}, func(tx *db.Tx) error {
		for k, err := range db.UsedKeys.All(tx, 0, false) {
			if err != nil {
				return err
			}
			k.Status, k.To, k.Answer = 0, "", nil
			if err := db.UsedKeys.Put(tx, k); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if again := ada.post("/tickets/new", form); again.header.Get("Location") != "/tickets/1" {
		t.Errorf("after a crash: %d to %s", again.status, again.header.Get("Location"))
	}
}

func TestAProgramsKeyAnswersTheFirstResultAgain(t *testing.T) {
	d := newAPIDesk(t)
	ticket := box{"subject": "Stampa del cedolino", "body": "Come si stampa?"}
	d.requester.header.Set("Idempotency-Key", "invio-1")
	refused, _ := d.requester.call("POST", "/tickets", box{"subject": "", "body": "x"})
	d.requester.must(refused, http.StatusUnprocessableEntity)
	var all sync.WaitGroup
	got := make([]answer, 20)
	for i := range got {
		all.Go(func() { got[i], _ = d.requester.call("POST", "/tickets", ticket) })
	}
	all.Wait()
	for _, g := range got {
		if g.status != http.StatusCreated || g.body != got[0].body || g.header.Get("Location") != got[0].header.Get("Location") || g.header.Get("Content-Type") != got[0].header.Get("Content-Type") {
			t.Errorf("%d %s %s", g.status, g.header.Get("Location"), g.body)
		}
	}
	other, problem := d.requester.call("POST", "/tickets", box{"subject": "Altro", "body": "Altro"})
	if other.status != http.StatusUnprocessableEntity || other.header.Get("Content-Type") != "application/problem+json" {
		t.Errorf("another body: %d %v", other.status, problem)
	}
	d.requester.must(d.requester.do("POST", "/api/v1/tickets/1/messages", strings.NewReader(`{"body":"x"}`), "application/json"), http.StatusUnprocessableEntity)
	d.stranger.header.Set("Idempotency-Key", "invio-1")
	elsa, _ := d.stranger.call("POST", "/tickets", ticket)
	if elsa.status != http.StatusCreated || elsa.body == got[0].body {
		t.Errorf("a key of another token: %d %s", elsa.status, elsa.body)
	}
	if n, _ := d.made(); n != 2 {
		t.Errorf("%d tickets", n)
	}
	d.requester.header.Set("Idempotency-Key", strings.Repeat("x", web.MaxOnceKey+1))
	long, _ := d.requester.call("POST", "/tickets", ticket)
	d.requester.must(long, http.StatusUnprocessableEntity)
}

func TestAUsedKeyGoesAfterADay(t *testing.T) {
	now := time.Date(2026, 3, 17, 9, 40, 0, 0, time.UTC)
	st, err := store.Open(t.TempDir(), db.Options{Clock: func() time.Time { return now }, NoSync: true, Log: discard()})
	if err != nil {
		t.Fatal(err)
	}
	defer st.Close()
	d := desk.New(desk.Options{Store: st, Log: discard()})
	if err := st.Update(db.By{Once: &db.Once{Key: "k", Same: "s"}}, func(tx *db.Tx) error {
		return store.Organisations.Put(tx, &store.Organisation{Name: "Ateneo"})
	}); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		after time.Duration
		left  int
	}{{23*time.Hour + 59*time.Minute, 1}, {24 * time.Hour, 0}} {
		now = time.Date(2026, 3, 17, 9, 40, 0, 0, time.UTC).Add(c.after)
		if _, err := d.Keeper().Expire(t.Context()); err != nil {
			t.Fatal(err)
		}
		n := 0
		if err := st.View(func(tx *db.Tx) error {
			for range db.UsedKeys.All(tx, 0, false) {
				n++
			}
			return nil
		}); err != nil || n != c.left {
			t.Errorf("after %v: %d keys, %v", c.after, n, err)
		}
	}
}

func TestPressingThreeTimesOpensOneTicket(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	ada := w.password("requester")
	s := w.walk(t, true)
	s.visit("/")
	s.in("header").follow("Accedi")
	s.signIn(ada)
	before, _ := w.made()
	s.visit("/tickets/new")
	s.module("CSA, carriere e stipendi del personale")
	s.tick("Un chiarimento")
	s.fill("Oggetto", "Tre volte lo stesso tasto")
	s.fill("Descrizione", "Ho premuto tre volte.")
	s.tick("Media")
	s.tick("Senza scadenza")
	var told string
	s.run(chromedp.Evaluate(`(() => {
		const form = document.querySelector('form.new-ticket');
		const b = [...form.querySelectorAll('button')].find((b) => b.textContent.trim() === 'Apri la richiesta');
		b.click(); b.click(); b.click();
		return fmt(b);
		function fmt(b) { return b.getAttribute('aria-busy') + ' ' + form.querySelectorAll('[role=status]').length; }
	})()`, &told))
	if told != "true 1" {
		t.Errorf("the button says %q", told)
	}
	s.sees("Tre volte lo stesso tasto")
	if after, _ := w.made(); after != before+1 {
		t.Errorf("%d tickets of three clicks", after-before)
	}
}
