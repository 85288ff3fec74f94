package app_test

import (
	"bytes"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/emersion/go-ical"

	"sportello/app/address"
	"sportello/app/config"
	"sportello/app/desk/installation"
	"sportello/app/desk/people"
	"sportello/app/desk/policy"
	"sportello/app/desk/release"
	"sportello/store"
	"sportello/store/db"
	"sportello/store/door"
)

// feed gives the person's feeds an address, and returns its secret.
func (w *world) feed(p *store.Person) string {
	w.t.Helper()
	for role, of := range w.people {
		if of.ID != p.ID {
			continue
		}
		if err := w.app.Desk.Releases.MakeFeed(w.as(role)); err != nil {
			w.t.Fatal(err)
		}
	}
	return w.feedNow(p)
}

// feedNow returns the secret of the address of the person's feeds, empty for none.
func (w *world) feedNow(p *store.Person) (token string) {
	w.t.Helper()
	err := w.app.Store.View(func(tx *db.Tx) error {
		p, err := store.People.Get(tx, p.ID)
		if err == nil {
			token = w.app.Desk.Releases.FeedToken(p)
		}
		return err
	})
	if err != nil {
		w.t.Fatal(err)
	}
	return token
}

// news are an office of Rome on a morning of March, with updates of every fate.
func news(t *testing.T) (w *world, clock *atomic.Int64) {
	rome, err := time.LoadLocation("Europe/Rome")
	if err != nil {
		t.Fatal(err)
	}
	clock = new(atomic.Int64)
	clock.Store(time.Date(2026, 3, 10, 9, 0, 0, 0, time.UTC).UnixNano())
	w = newWorld(t, func(c *config.Config) {
		c.Trial.Clock = func() time.Time { return time.Unix(0, clock.Load()).In(rome) }
	})
	for _, place := range []installation.Entry{{Module: "csa", Environment: store.Test, Version: "24.0"}, {Module: "csa", Environment: store.Production, Version: "24.0"}} {
		if err := w.app.Desk.Installations.Put(w.as("coordinator"), "ateneo", place); err != nil {
			t.Fatal(err)
		}
	}
	return w, clock
}

func (w *world) released(f release.Form) *release.View {
	w.t.Helper()
	if len(f.Modules) == 0 {
		f.Modules = []string{"csa"}
	}
	if f.Audience.Organisations == nil {
		f.Audience.Organisations = []string{"ateneo"}
	}
	v, err := w.app.Desk.Releases.Save(w.as("agent"), 0, f)
	if err != nil {
		w.t.Fatal(err)
	}
	if v, _, err = w.app.Desk.Releases.Publish(w.as("agent"), v.Release.ID, release.Publication{Nobody: true}); err != nil {
		w.t.Fatal(err)
	}
	w.settled()
	return v
}

// settled goes the rounds that are open to their end: everybody was told of what went out.
func (w *world) settled() {
	w.t.Helper()
	for more := true; more; {
		var err error
		if more, err = w.app.Desk.Releases.Step(); err != nil {
			w.t.Fatal(err)
		}
	}
}

// golden compares what was answered with the reviewed text of the name.
func golden(t *testing.T, name, got string) {
	t.Helper()
	path := filepath.Join("testdata", "feeds", name)
	if *update {
		if err := os.WriteFile(path, []byte(got), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if got != string(want) {
		t.Errorf("%s is not as it was reviewed:\n%s", name, got)
	}
}

func TestFeedsSayWhatConcernsTheirReader(t *testing.T) {
	w, clock := news(t)
	day := func(month, day int) time.Time { return time.Date(2026, time.Month(month), day, 0, 0, 0, 0, time.UTC) }
	w.released(release.Form{Version: "24.1", Title: store.Words{IT: "Correzioni di marzo", EN: "March fixes"}, Kind: store.Ordinary,
		Notes:     store.Words{IT: "Corregge **il cedolino**.", EN: "Corrects **the payslip**."},
		Corrected: store.Words{IT: "- Cedolino vuoto\n- [Elenco](/articles/stampare-il-cedolino)"},
		InstallBy: store.InstallBy{Test: day(3, 13), Production: day(3, 20)}})
	clock.Add(int64(time.Hour))
	urgent := w.released(release.Form{Version: "24.2", Title: store.Words{IT: "Trasmissione <F24> & ritenute"}, Kind: store.Urgent, Otherwise: store.Words{IT: "La trasmissione viene rifiutata."},
		Stop: store.Stop{From: time.Date(2026, 3, 28, 17, 0, 0, 0, time.UTC), Until: time.Date(2026, 3, 28, 19, 0, 0, 0, time.UTC), Latest: time.Date(2026, 3, 28, 21, 0, 0, 0, time.UTC), Text: store.Words{IT: "Non si stampano cedolini, né CUD."}}})
	clock.Add(int64(time.Hour))
	law := w.released(release.Form{Version: "24.3", Title: store.Words{IT: "Aliquote 2026"}, Kind: store.Law, Norm: store.Norm{Text: "L. 199/2025", Date: day(4, 1)}, InstallBy: store.InstallBy{Production: day(3, 27)}})
	clock.Add(int64(time.Hour))
	w.released(release.Form{Version: "24.3.1", Title: store.Words{IT: "Aliquote 2026, corrette"}, Kind: store.Law, Norm: store.Norm{Text: "L. 199/2025", Date: day(4, 1)}, InstallBy: store.InstallBy{Production: day(3, 30)}, Replaces: []uint64{law.Release.ID}})
	clock.Add(int64(time.Hour))
	if _, err := w.app.Desk.Releases.Withdraw(w.as("agent"), urgent.Release.ID, 0, "perde le ritenute: restate alla 24.1"); err != nil {
		t.Fatal(err)
	}
	w.settled()
	if _, err := w.app.Desk.Releases.Save(w.as("agent"), 0, release.Form{Modules: []string{"csa"}, Version: "25", Title: store.Words{IT: "parolanascosta"}, Audience: release.Audience{All: true}}); err != nil {
		t.Fatal(err)
	}

	token := w.feed(w.people["requester"])
	b := w.visitor("nobody")
	plain := func(s string) string {
		return strings.NewReplacer(token, "TOKEN", w.app.Store.ID(), "STORE", w.url, "https://desk.example").Replace(s)
	}
	news, dates := b.get(address.NewsFeed(token)), b.get(address.CalendarFeed(token))
	golden(t, "releases.atom", plain(news.body))
	golden(t, "releases.ics", plain(strings.NewReplacer("\r\n ", "", "\r\n", "\n").Replace(dates.body)))
	for kind, a := range map[string]answer{"application/atom+xml; charset=utf-8": news, "text/calendar; charset=utf-8": dates} {
		if a.status != http.StatusOK || a.header.Get("Content-Type") != kind || a.header.Get("Cache-Control") != "private, no-cache" ||
			a.header.Get("Referrer-Policy") != "no-referrer" || !strings.HasPrefix(a.header.Get("X-Robots-Tag"), "noindex") || len(a.header.Values("Set-Cookie")) > 0 || a.header.Get("ETag") == "" {
			t.Errorf("%d %v", a.status, a.header)
		}
	}
	if strings.Contains(news.body+dates.body, "parolanascosta") {
		t.Error("a draft is in a feed")
	}

	read, err := ical.NewDecoder(strings.NewReader(dates.body)).Decode()
	if err != nil {
		t.Fatal(err)
	}
	events := map[string]string{}
	for _, e := range read.Events() {
		uid, err := e.Props.Text(ical.PropUID)
		if err != nil {
			t.Fatal(err)
		}
		begin, err := e.DateTimeStart(nil)
		if err != nil {
			t.Fatal(err)
		}
		events[strings.TrimSuffix(uid, "@"+w.app.Store.ID())] = fmt.Sprintf("%s %s %s", begin.UTC().Format("2006-01-02 15:04"), e.Props.Get(ical.PropSequence).Value, e.Props.Get(ical.PropStatus).Value)
	}
	for uid, want := range map[string]string{
		"release-1-test": "2026-03-13 00:00 0 CONFIRMED", "release-1-production": "2026-03-20 00:00 0 CONFIRMED", "release-2-stop": "2026-03-28 17:00 1 CANCELLED",
		"release-3-production": "2026-03-27 00:00 1 CANCELLED", "release-4-production": "2026-03-30 00:00 0 CONFIRMED",
	} {
		if events[uid] != want {
			t.Errorf("%s: %q, want %q", uid, events[uid], want)
		}
		delete(events, uid)
	}
	if len(events) > 0 {
		t.Errorf("besides there are %v", events)
	}

	b.header.Set("If-None-Match", news.header.Get("ETag"))
	clock.Add(int64(time.Hour))
	if again := b.get(address.NewsFeed(token)); again.status != http.StatusNotModified || again.body != "" || again.header.Get("Cache-Control") != "private, no-cache" {
		t.Errorf("nothing changed: %d %v", again.status, again.header)
	}
	b.header.Del("If-None-Match")
	if later := b.get(address.CalendarFeed(token)); later.body != dates.body {
		t.Error("nothing changed, and the calendar reads otherwise")
	}
	w.rewritten(1, func(f *release.Form) { f.Notes.IT += " E la virgola." })
	reworded := b.get(address.NewsFeed(token))
	if !strings.Contains(reworded.body, "E la virgola.") || strings.Count(reworded.body, "<updated>2026-03-10T09:00:00Z</updated>") != 1 {
		t.Error("a comma makes readers look again")
	}
	w.rewritten(1, func(f *release.Form) { f.InstallBy.Production = day(3, 24) })
	b.must(b.get(address.CalendarFeed(token)), http.StatusOK, "DTSTART;VALUE=DATE:20260324", "SEQUENCE:1\r\n")

	clock.Store(time.Date(2026, 4, 20, 9, 0, 0, 0, time.UTC).UnixNano())
	b.must(b.get(address.CalendarFeed(token)), http.StatusOK, "release-2-stop@", "release-1-production@")
	clock.Store(time.Date(2026, 4, 30, 9, 0, 0, 0, time.UTC).UnixNano())
	b.must(b.get(address.CalendarFeed(token)), http.StatusOK, "!release-2-stop@", "release-1-production@")
}

// rewritten changes something of a release.
func (w *world) rewritten(number uint64, how func(f *release.Form)) {
	w.t.Helper()
	v, err := w.app.Desk.Releases.Read(w.as("agent"), number)
	if err != nil {
		w.t.Fatal(err)
	}
	f, err := w.app.Desk.Releases.FormOf(v)
	if err != nil {
		w.t.Fatal(err)
	}
	how(&f)
	if _, err := w.app.Desk.Releases.Save(w.as("agent"), number, f); err != nil {
		w.t.Fatal(err)
	}
}

// TestNobodyReadsAFeedThatIsNotGood tries every way by which an address comes to be no longer good, and what is in the
// feeds of those whom a release does not concern.
func TestNobodyReadsAFeedThatIsNotGood(t *testing.T) {
	w, clock := news(t)
	w.released(release.Form{Version: "24.1", Title: store.Words{IT: "parolasegreta"}, Stop: store.Stop{From: w.app.Desk.Now(), Until: w.app.Desk.Now().Add(time.Hour)}, InstallBy: store.InstallBy{Production: w.app.Desk.Now()}})
	b := w.visitor("nobody")
	both := func(token string) string {
		t.Helper()
		news, dates := b.get(address.NewsFeed(token)), b.get(address.CalendarFeed(token))
		if news.status != dates.status {
			t.Fatalf("%d and %d", news.status, dates.status)
		}
		if news.status != http.StatusOK {
			if news.status != http.StatusNotFound || strings.Contains(news.body+dates.body, "parolasegreta") || len(news.header.Values("Set-Cookie")) > 0 {
				t.Errorf("%d %s", news.status, news.body)
			}
			return "gone"
		}
		return fmt.Sprint(strings.Count(news.body, "<entry>"), strings.Count(dates.body, "BEGIN:VEVENT"))
	}
	for role, want := range map[string]string{"requester": "1 2", "coordinator": "1 2", "stranger": "0 0", "agent": "1 1", "elsewhere": "0 0", "editor": "0 0", "administrator": "0 0"} {
		if role == "editor" || role == "administrator" || role == "agent" || role == "elsewhere" {
			w.change(role, func(p *store.Person) { p.Affiliations = nil })
		}
		if got := both(w.feed(w.people[role])); got != want {
			t.Errorf("the feeds of %s have %s, want %s", role, got, want)
		}
	}
	token := w.feedNow(w.people["requester"])
	clock.Add(int64(time.Minute))
	renewed := w.feed(w.people["requester"])
	if got := both(token); got != "gone" || token == renewed {
		t.Errorf("after renewing: %s", got)
	}
	w.change("requester", func(p *store.Person) { p.Affiliations[0].Ended = w.app.Desk.Now() })
	if got := both(renewed); got != "0 0" {
		t.Errorf("after the hat ended: %s", got)
	}
	w.change("requester", func(p *store.Person) { p.Affiliations[0].Ended = time.Time{} })
	w.change("requester", func(p *store.Person) { p.Disabled = true })
	if got := both(renewed); got != "gone" {
		t.Errorf("of a disabled account: %s", got)
	}
	w.change("requester", func(p *store.Person) { p.Disabled, p.Ended = false, w.app.Desk.Now() })
	if got := both(renewed); got != "gone" || w.feedNow(w.people["requester"]) != "" {
		t.Errorf("after all access ended: %s", got)
	}
	clock.Add(int64(time.Minute))
	last := w.feed(w.people["requester"])
	if got := both(last); got != "1 2" {
		t.Errorf("made anew: %s", got)
	}
	for _, bad := range []string{last[:len(last)-1], last + "a", strings.Repeat("a", 45), "x", "%2e%2e", w.linked(w.people["participant"], w.ticket().ID)} {
		if got := both(bad); got != "gone" {
			t.Errorf("%q: %s", bad, got)
		}
	}
	me := w.visitor("requester")
	me.must(me.get("/me"), http.StatusOK, address.NewsFeed(last), address.CalendarFeed(last), "Google")
	me.must(me.post("/me/feed/end", url.Values{}), http.StatusSeeOther)
	if got := both(last); got != "gone" {
		t.Errorf("after it was taken away: %s", got)
	}
	me.must(me.post("/me/feed", url.Values{}), http.StatusSeeOther)
	if got := both(w.feedNow(w.people["requester"])); got != "1 2" {
		t.Errorf("made on the page: %s", got)
	}
}

// change changes somebody behind everybody's back.
func (w *world) change(role string, how func(p *store.Person)) {
	w.t.Helper()
	err := w.app.Store.Update(db.By{Via: door.Command}, func(tx *db.Tx) error {
		p, err := store.People.Get(tx, w.people[role].ID)
		if err != nil {
			return err
		}
		how(p)
		if err := store.People.Put(tx, p); err != nil {
			return err
		}
		w.people[role] = p
		return nil
	})
	if err != nil {
		w.t.Fatal(err)
	}
}

func TestTheAddressOfAFeedIsInNoLog(t *testing.T) {
	cfg := config.Default()
	cfg.Data, cfg.Listen, cfg.Trial.NoSync = t.TempDir(), "127.0.0.1:0", true
	var log bytes.Buffer
	a, err := openServer(cfg, cfg.Logger(&log))
	if err != nil {
		t.Fatal(err)
	}
	defer a.Close()
	p, _, err := a.Desk.People.Add(policy.Actor{Via: door.Command, System: true}, people.Form{Name: "Ada Neri", Email: "ada@example.it"})
	if err != nil {
		t.Fatal(err)
	}
	must(t, a.Desk.Releases.MakeFeed(policy.Actor{Person: p}))
	var token string
	must(t, a.Store.View(func(tx *db.Tx) error {
		p, err := store.People.Get(tx, p.ID)
		token = a.Desk.Releases.FeedToken(p)
		return err
	}))
	for _, path := range []string{address.NewsFeed(token), address.CalendarFeed(token), address.NewsFeed(token) + "/", "/feeds/" + token} {
		if _, err := a.Site.Fiber.Test(httptest.NewRequest(http.MethodGet, path, nil)); err != nil {
			t.Fatal(err)
		}
	}
	if said := log.String(); !strings.Contains(said, "/feeds/:token/releases.ics") || strings.Contains(said, token) {
		t.Error(said)
	}
}
