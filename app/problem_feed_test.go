package app_test

import (
	"fmt"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"

	"sportello/app/address"
	"sportello/app/desk/problem"
	"sportello/store"
	"sportello/store/db"
	"sportello/store/door"
)

// TestNobodyReadsMoreOfKnownProblemsInAFeed: what is for agents, what is confidential, what is none any more and what is of no
// concern stands in nobody's feed; nothing is that only the desk knows; and each reading is judged anew.
func TestNobodyReadsMoreOfKnownProblemsInAFeed(t *testing.T) {
	w, clock := news(t)
	save := func(f problem.Form) *problem.View {
		t.Helper()
		f.Module = "csa"
		v, err := w.app.Desk.Problems.Save(w.as("agent"), 0, f)
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
	open := save(problem.Form{Title: store.Words{IT: "parolanota <b>"}, Text: store.Words{IT: "Succede **sempre**"}, State: store.ProblemConfirmed, Supplier: store.Supplier{Number: "numerosegreto"}, Owner: w.people["agent"].Email})
	save(problem.Form{Title: store.Words{IT: "parolasegreta"}, Audience: store.Agents})
	gone := save(problem.Form{Title: store.Words{IT: "parolaritirata"}})
	if _, err := w.app.Desk.Problems.Withdraw(w.as("agent"), gone.ID, 0, "era la stampante"); err != nil {
		t.Fatal(err)
	}
	b := w.visitor("nobody")
	reads := func(token string) string {
		t.Helper()
		a := b.get(address.ProblemFeed(token))
		for _, secret := range []string{"parolasegreta", "parolaritirata", "numerosegreto", w.people["agent"].Name, w.people["agent"].Email} {
			if strings.Contains(a.body, secret) {
				t.Errorf("%s is in a feed", secret)
			}
		}
		if len(a.header.Values("Set-Cookie")) > 0 {
			t.Error("a feed sets a cookie")
		}
		if a.status != http.StatusOK {
			if a.status != http.StatusNotFound {
				t.Errorf("%d", a.status)
			}
			return "gone"
		}
		if a.header.Get("Cache-Control") != "private, no-cache" || a.header.Get("Referrer-Policy") != "no-referrer" || !strings.HasPrefix(a.header.Get("X-Robots-Tag"), "noindex") || a.header.Get("ETag") == "" {
			t.Errorf("%v", a.header)
		}
		return fmt.Sprint(strings.Count(a.body, "<entry>"))
	}
	for role, want := range map[string]string{"requester": "1", "coordinator": "1", "stranger": "0", "agent": "1", "elsewhere": "0", "editor": "0", "administrator": "0"} {
		if role == "editor" || role == "administrator" || role == "agent" || role == "elsewhere" {
			w.change(role, func(p *store.Person) { p.Affiliations = nil })
		}
		if got := reads(w.feed(w.people[role])); got != want {
			t.Errorf("the feed of %s has %s, want %s", role, got, want)
		}
	}
	stranger := w.feedNow(w.people["stranger"])
	if _, err := w.app.Desk.Problems.Join(w.as("stranger"), open.ID, "", ""); err != nil {
		t.Fatal(err)
	}
	if got := reads(stranger); got != "1" {
		t.Errorf("who met it reads %s", got)
	}

	token := w.feedNow(w.people["requester"])
	first := b.get(address.ProblemFeed(token))
	b.must(first, http.StatusOK, "parolanota &lt;b&gt; (Confermata)", "&lt;strong&gt;sempre&lt;/strong&gt;", ":problem/1</id>", fmt.Sprintf(`href="%s/problems/%d"`, w.url, open.ID))
	b.header.Set("If-None-Match", first.header.Get("ETag"))
	clock.Add(int64(time.Hour))
	if again := b.get(address.ProblemFeed(token)); again.status != http.StatusNotModified {
		t.Errorf("nothing changed: %d", again.status)
	}
	b.header.Del("If-None-Match")
	updated := func() string {
		return regexp.MustCompile(`(?s)<entry>.*?<updated>(.*?)</updated>`).FindStringSubmatch(b.get(address.ProblemFeed(token)).body)[1]
	}
	change := func(how func(f *problem.Form)) {
		t.Helper()
		v, err := w.app.Desk.Problems.Read(w.as("agent"), open.ID)
		if err != nil {
			t.Fatal(err)
		}
		f := problem.FormOf(v)
		how(&f)
		if _, err := w.app.Desk.Problems.Save(w.as("agent"), open.ID, f); err != nil {
			t.Fatal(err)
		}
	}
	was := updated()
	change(func(f *problem.Form) { f.Text.IT += "." })
	if updated() != was {
		t.Error("a full stop makes readers look again")
	}
	change(func(f *problem.Form) { f.Workaround.IT = "Usa la stampa" })
	if updated() == was {
		t.Error("a workaround is nothing new")
	}
	was = updated()
	clock.Add(int64(time.Hour))
	if _, err := w.app.Desk.Problems.Halt(w.as("agent"), open.ID, problem.Halt{News: &store.Words{IT: "Ci lavorano"}}); err != nil {
		t.Fatal(err)
	}
	b.must(b.get(address.ProblemFeed(token)), http.StatusOK, "Servizio fermo: ", "Ci lavorano", "Usa la stampa")
	if updated() == was {
		t.Error("a stop is nothing new")
	}
	change(func(f *problem.Form) { f.Audience = store.Agents })
	if got := reads(token); got != "0" {
		t.Errorf("for agents alone it is read by %s", got)
	}
	change(func(f *problem.Form) { f.Audience = store.Public })
	w.change("requester", func(p *store.Person) { p.Affiliations[0].Ended = w.app.Desk.Now() })
	if got := reads(token); got != "0" {
		t.Errorf("after the hat ended: %s", got)
	}
	w.change("requester", func(p *store.Person) { p.Disabled = true })
	if got := reads(token); got != "gone" {
		t.Errorf("of a disabled account: %s", got)
	}
	for _, bad := range []string{stranger[:len(stranger)-1], stranger + "a", "x", "%2e%2e"} {
		if got := reads(bad); got != "gone" {
			t.Errorf("%q: %s", bad, got)
		}
	}
	me := w.visitor("stranger")
	me.must(me.get("/me"), http.StatusOK, address.ProblemFeed(stranger))
	me.must(me.post("/me/feed/end", url.Values{}), http.StatusSeeOther)
	if got := reads(stranger); got != "gone" {
		t.Errorf("after it was taken away: %s", got)
	}
}

// TestThePageSaysWhenAProblemMoved names each state that it got to, to whoever may read it.
func TestThePageSaysWhenAProblemMoved(t *testing.T) {
	w, clock := news(t)
	v, err := w.app.Desk.Problems.Save(w.as("agent"), 0, problem.Form{Module: "csa", Title: store.Words{IT: "Il cedolino resta bianco"}})
	if err != nil {
		t.Fatal(err)
	}
	for _, to := range []store.ProblemState{store.ProblemConfirmed, store.ProblemBeingFixed, store.ProblemConfirmed} {
		clock.Add(int64(24 * time.Hour))
		f := problem.FormOf(v)
		f.State, f.Reason = to, "Si ripresenta"+to.String()+fmt.Sprint(len(v.Moves))
		if v, err = w.app.Desk.Problems.Save(w.as("agent"), v.ID, f); err != nil {
			t.Fatal(err)
		}
	}
	rita := w.visitor("requester")
	page := rita.get(address.Problem(v.ID))
	rita.must(page, http.StatusOK, "È passata a «In correzione».", "ieri alle 10.00")
	if n := strings.Count(page.body, "È passata a «Confermata»."); n != 2 {
		t.Errorf("it says %d times that it was confirmed", n)
	}
}

// TestWhoMayWriteNoneIsOfferedNoProblemOfATicket: the way from a ticket to a known problem stands only where it leads somewhere.
func TestWhoMayWriteNoneIsOfferedNoProblemOfATicket(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	number := w.ticket().ID
	there, form := address.Ticket(number), fmt.Sprintf("/problems/new?ticket=%d", number)
	b := w.visitor("agent")
	b.must(b.get(there), http.StatusOK, form)
	b.must(b.get(form), http.StatusOK)
	// The ticket goes to a group that does not look after its module.
	must(t, w.app.Store.Update(db.By{Via: door.Command}, func(tx *db.Tx) error {
		row, err := store.Tickets.Get(tx, number)
		if err != nil {
			return err
		}
		row.Group = w.group["contabilita"]
		return store.Tickets.Put(tx, row)
	}))
	other := w.visitor("elsewhere")
	other.must(other.get(there), http.StatusOK, "!"+form)
	other.must(other.get(form), http.StatusForbidden)
}
