package app_test

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"sportello/app"
	"sportello/app/config"
	"sportello/app/desk/notice"
	"sportello/app/web"
	"sportello/store"
	"sportello/store/act"
	"sportello/store/db"
	"sportello/store/door"
)

// posts is every address a form leads to.
func posts(a *app.App) []web.Route {
	return slices.DeleteFunc(slices.Clone(a.Site.Routes), func(r web.Route) bool { return r.Method != http.MethodPost || strings.HasPrefix(r.Path, "/api/") })
}

// ways is every name under which an address of the desk, or of anything else, was ever passed on, and those that forms
// and pages of the desk read.
var ways = []string{"next", "from", "back", "back_to", "return", "return_to", "url", "redirect", "redirect_uri", "to", "goto", "continue", "dest", "lang", "view", "q", "state", "group",
	"module", "after", "of", "pictures", "title", "subject", "event", "language", "ticket", "resume.from", "resume.back"}

// elsewhere are addresses that lead away from the desk, as somebody would write them who hopes that they are followed.
// What a browser leaves out (tabs, line ends) or takes for a slash (the other one) is among them.
var elsewhere = []string{"https://away.example/", "//away.example/", `/\away.example/`, `\\away.example`, "/\t/away.example", "/\r\n/away.example", "///away.example", "https:away.example", "http:/\\away.example",
	"javascript:location='//away.example'", "@away.example", ".away.example", ":80@away.example/", "/x\r\nSet-Cookie: away=1\r\nLocation: https://away.example/", "%0d%0aSet-Cookie: away=1", "/%09/away.example", " //away.example",
	"\u2028//away.example", "/%5caway.example", "/sign-in?next=//away.example", "//away.example/%2e%2e"}

// led reports where a browser at the page would go for the answer's Location: to another host, or nowhere a page is.
func led(t *testing.T, from string, a answer) (host string) {
	t.Helper()
	to := a.header.Get("Location")
	if to == "" {
		return ""
	}
	// As browsers read it: the other slash is one too, and tabs and line ends are not there.
	to = strings.NewReplacer("\t", "", "\r", "", "\n", "", `\`, "/").Replace(strings.Trim(to, " \x00\x1f"))
	base, err := url.Parse(from)
	if err != nil {
		t.Fatal(err)
	}
	u, err := base.Parse(to)
	if err != nil {
		return "unreadable " + to
	}
	if u.Scheme != base.Scheme || u.Host != base.Host || u.User != nil {
		return u.Scheme + "://" + u.Host
	}
	return ""
}

// TestNobodyIsLedElsewhere gives every page and every form addresses that lead away, under every name, and looks at
// where the answer leads and at the lines of its header.
func TestNobodyIsLedElsewhere(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	n := 0
	look := func(what string, b *browser, a answer) {
		t.Helper()
		n++
		if host := led(t, w.url, a); host != "" {
			t.Errorf("%s leads to %s: %s", what, host, a.header.Get("Location"))
		}
		for name, values := range a.header {
			for _, v := range values {
				if strings.Contains(strings.ToLower(name), "away") || strings.HasPrefix(v, "away") {
					t.Errorf("%s: the answer has the header %s: %s", what, name, v)
				}
			}
		}
		if a.status >= 500 {
			t.Errorf("%s: %d\n%s", what, a.status, a.body)
		}
		for _, link := range []string{`href="https://away`, `href="//away`, `href="/\away`, `action="https://away`, `action="//away`, `action="/\away`, "url=//away", "url=https://away"} {
			if strings.Contains(a.body, link) {
				t.Errorf("%s: the page leads away: %s", what, link)
			}
		}
	}
	// away are the addresses that a route is tried with: a third of them, another third for the next one.
	away := func(i int) (out []string) {
		for n, e := range elsewhere {
			if everyWay() || n%3 == i%3 {
				out = append(out, e)
			}
		}
		return out
	}
	for i, r := range pages(w.app) {
		address := w.address(r)
		for _, role := range reader(r)[:1] {
			b := w.visitor(role)
			for _, e := range away(i) {
				q := url.Values{}
				for _, name := range ways {
					q.Set(name, e)
				}
				look(fmt.Sprintf("%s as %s with %q", r.Name, role, e), b, b.get(address+"?"+q.Encode()))
			}
		}
	}
	for i, r := range posts(w.app) {
		role, address := reader(r)[0], w.address(r)
		b := w.visitor(role)
		for _, e := range away(i) {
			q := url.Values{}
			for _, name := range ways {
				q.Set(name, e)
			}
			if r.Name == "language.choose" {
				q.Set("lang", "it")
			}
			if r.Name == "ticket.state" || r.Name == "queue.bulk" {
				q.Set("act", "take")
			}
			look(fmt.Sprintf("%s as %s with %q", r.Name, role, e), b, b.post(address, q))
		}
	}
	// Signing in, which really leads on.
	p := w.password("requester")
	for _, e := range elsewhere {
		b := w.browser()
		got := b.post("/sign-in", url.Values{"email": {p.Email}, "password": {testPassword}, "next": {e}, "from": {e}, "resume.body": {"testo"}})
		if b.must(got, http.StatusSeeOther); t.Failed() {
			return
		}
		look(fmt.Sprintf("signing in with %q", e), b, got)
		look(fmt.Sprintf("being signed in with %q", e), b, b.get("/sign-in?next="+url.QueryEscape(e)))
	}
	// Addresses themselves, written as only a program can write them.
	for _, e := range []string{"//away.example/", "/%2faway.example/", "/%5caway.example/", "/%0d%0aSet-Cookie:%20away=1/", "/%09/away.example/", "http://away.example/", "/./%2f/away.example/", "/;//away.example/", "/away.example//", "/.%2e//away.example/"} {
		status, header, _ := w.raw(fmt.Sprintf("GET %s HTTP/1.1\r\nHost: %s\r\nConnection: close\r\n\r\n", e, strings.TrimPrefix(w.url, "http://")))
		look("the address "+e, nil, answer{status: status, header: header})
	}
	t.Logf("looked at %d answers", n)
}

// TestAFormOfAnotherSiteChangesNothing posts every form of the desk as a page elsewhere would have the browser of an
// administrator do it.
func TestAFormOfAnotherSiteChangesNothing(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	from := []struct {
		rule   string
		header http.Header
	}{
		{"another origin", http.Header{"Origin": {"https://away.example"}}},
		{"an opaque origin", http.Header{"Origin": {"null"}}},
		{"another port of this machine", http.Header{"Origin": {"http://127.0.0.1:1"}}},
		{"our host as a user of another", http.Header{"Origin": {w.url + "@away.example"}}},
		{"our host as the beginning of another", http.Header{"Origin": {w.url + ".away.example"}}},
		{"another site", http.Header{"Origin": {w.url}, "Sec-Fetch-Site": {"cross-site"}}},
		{"another host of the same site", http.Header{"Origin": {w.url}, "Sec-Fetch-Site": {"same-site"}}},
		{"what no browser says", http.Header{"Origin": {w.url}, "Sec-Fetch-Site": {"friendly"}}},
		{"neither, and no token", http.Header{"Origin": nil}},
		{"neither, and the token of nobody", http.Header{"Origin": nil, "X-Csrf": {strings.Repeat("0", 64)}}},
		{"another origin and a host that says the same", http.Header{"Origin": {"https://away.example"}, "X-Forwarded-Host": {"away.example"}}},
	}
	for _, r := range posts(w.app) {
		address := w.address(r)
		b := w.visitor("administrator")
		for _, f := range from {
			cookie := b.header.Get("Cookie")
			b.header = f.header.Clone()
			b.header.Set("Cookie", cookie)
			before := w.app.Store.Last()
			got := b.post(address, url.Values{"lang": {"it"}, "name": {"x"}, "confirm": {"1"}, "body": {"x"}, "act": {"close"}})
			if got.status != http.StatusForbidden {
				t.Errorf("%s from %s: %d", r.Name, f.rule, got.status)
			}
			if w.didSince(before) {
				t.Errorf("%s from %s changed something", r.Name, f.rule)
			}
			if got.header.Get("Set-Cookie") != "" {
				t.Errorf("%s from %s sets %s", r.Name, f.rule, got.header.Get("Set-Cookie"))
			}
		}
	}
	// The API knows no cookie at all.
	b := w.visitor("administrator")
	for _, r := range w.app.Site.Routes {
		if r.Who == web.Program {
			address := strings.NewReplacer(":number<int>", "1", ":ticket<int>", "1", ":message<int>", "1", ":file<int>", "1", ":id<int>", w.things["file"], ":slug", w.things["slug"]).Replace(r.Path)
			if got := b.do(r.Method, address, strings.NewReader("{}"), "application/json"); got.status != http.StatusUnauthorized {
				t.Errorf("%s with a cookie: %d", r.Name, got.status)
			}
		}
	}
	// Over https a page that came without it is another site's.
	s := newTestDesk(t, func(c *config.Config) { c.BaseURL = "https://sportello.example.it" })
	sb := s.browser()
	sb.header = http.Header{"Origin": {s.url}}
	sb.must(sb.post("/language", url.Values{"lang": {"it"}}), http.StatusForbidden)
	sb.header = http.Header{"Origin": {"https://sportello.example.it"}}
	sb.must(sb.post("/language", url.Values{"lang": {"it"}}), http.StatusSeeOther)
}

// TestNoMethodButThoseOfTheTableDoesAnything asks every address with every method there is.
func TestNoMethodButThoseOfTheTableDoesAnything(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	b := w.visitor("administrator")
	takes := map[string][]string{}
	for _, r := range w.app.Site.Routes {
		takes[r.Path] = append(takes[r.Path], r.Method)
	}
	for _, r := range w.app.Site.Routes {
		if r.Path == "/live" || strings.HasPrefix(r.Path, "/api/") {
			continue
		}
		address := w.address(r)
		for _, method := range []string{"PUT", "DELETE", "PATCH", "OPTIONS", "TRACE", "CONNECT", "PROPFIND", "POST"} {
			if slices.Contains(takes[r.Path], method) || method == "CONNECT" {
				continue
			}
			for _, override := range []string{"", "POST"} {
				b.header.Del("X-HTTP-Method-Override")
				if override != "" {
					b.header.Set("X-HTTP-Method-Override", override)
				}
				before := w.app.Store.Last()
				got := b.do(method, address, strings.NewReader("_method=POST"), "application/x-www-form-urlencoded")
				if got.status < 400 || got.status >= 500 && got.status != http.StatusNotImplemented || w.didSince(before) {
					t.Errorf("%s %s: %d", method, r.Path, got.status)
				}
				if strings.Contains(got.body, "sportello=") {
					t.Errorf("%s %s says the cookie again", method, r.Path)
				}
			}
		}
	}
	b.header.Set("X-HTTP-Method-Override", "POST")
	for _, r := range pages(w.app) {
		address := w.address(r)
		before := w.app.Store.Last()
		if b.do(http.MethodHead, address, nil, ""); w.didSince(before) && r.Name != "search.show" {
			t.Errorf("looking at %s changed something", r.Name)
		}
	}
}

// TestNoAddressIsMadeOfWhatTheRequestSays asks every page, and has mail written, in the name of another host.
func TestNoAddressIsMadeOfWhatTheRequestSays(t *testing.T) {
	t.Parallel()
	for _, base := range []string{"", "https://sportello.example.it/"} {
		w := newWorld(t, func(c *config.Config) { c.BaseURL = base })
		poisoned := http.Header{"X-Forwarded-Host": {"poison.example"}, "X-Forwarded-Server": {"poison.example"}, "X-Host": {"poison.example"}, "X-Forwarded-Proto": {"poison"}, "X-Forwarded-Port": {"666"},
			"Forwarded": {`for=192.0.2.1;host=poison.example;proto=poison`}, "X-Original-Url": {"//poison.example/"}, "X-Rewrite-Url": {"//poison.example/"}, "X-Forwarded-Prefix": {"//poison.example"}, "X-Original-Host": {"poison.example"},
			"Referer": {"https://poison.example/"}, "X-Forwarded-For": {"poison.example"}, "True-Client-Ip": {"poison.example"}, "X-Forwarded-Scheme": {"poison"}, "X-Url-Scheme": {"poison"}}
		look := func(what string, got answer) {
			t.Helper()
			if strings.Contains(got.body, "poison") {
				i := strings.Index(got.body, "poison")
				t.Errorf("%s: the page says %q", what, got.body[max(0, i-80):min(len(got.body), i+40)])
			}
			for name, values := range got.header {
				if strings.Contains(strings.Join(values, " "), "poison") {
					t.Errorf("%s: %s: %s", what, name, values)
				}
			}
		}
		for _, r := range w.app.Site.Routes {
			if r.Method != http.MethodGet || r.Path == "/live" || strings.HasPrefix(r.Path, "/api/") {
				continue
			}
			for _, role := range reader(r)[:1] {
				b := w.visitor(role)
				b.host = "poison.example"
				for name, values := range poisoned {
					b.header[name] = values
				}
				look(r.Name+" as "+role, b.get(w.address(r)))
			}
		}

		// What is planned while somebody asks so, is written with the desk's own address.
		b := w.visitor("requester")
		for name, values := range poisoned {
			b.header[name] = values
		}
		b.host = "poison.example"
		b.header.Set("Sec-Fetch-Site", "same-origin")
		got := b.post("/tickets/new", url.Values{"kind": {"malfunction"}, "subject": {"Il cedolino manca"}, "body": {"Da ieri."}, "module": {"csa"}, "severity": {"medium"}, "urgency": {"none"}, "act": {"open"}})
		if b.must(got, http.StatusSeeOther); t.Failed() {
			return
		}
		look("the ticket that was opened", got)
		if _, err := w.app.Desk.Notices.Plan(); err != nil {
			t.Fatal(err)
		}
		admin := w.visitor("administrator")
		admin.host = "poison.example"
		admin.header.Set("Sec-Fetch-Site", "same-origin")
		letters := 0
		link := admin.post("/admin/people/"+itoa(w.people["stranger"].ID)+"/link", url.Values{"csrf": {""}})
		look("the link for a new password", link)
		err := w.app.Store.Update(db.By{Via: door.Desk, Act: act.Letter}, func(tx *db.Tx) error { // now, not after a while
			for l, err := range store.Letters.All(tx, 0, false) {
				if err != nil {
					return err
				}
				if l.Next = tx.Now().Add(-time.Minute); l.State == store.LetterQueued {
					if err := store.Letters.Put(tx, l); err != nil {
						return err
					}
				}
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
		_, err = w.app.Desk.Notices.SendLetters(t.Context(), func(_ context.Context, o *notice.Outgoing) notice.Sent {
			l, err := w.app.Mail.WriteLetter(o)
			if err != nil {
				t.Error(err)
				return notice.Sent{}
			}
			letters++
			if all := fmt.Sprintf("%+v", *l); strings.Contains(all, "poison") {
				t.Errorf("a letter says %s", all)
			}
			return notice.Sent{OK: true, Subject: l.Subject}
		})
		if err != nil {
			t.Fatal(err)
		}
		if letters == 0 {
			t.Error("no letter was written")
		}
	}
}

// didSince reports whether somebody changed something after the change; what the desk does by itself meanwhile, such as
// writing letters, is not meant.
func (w *world) didSince(before uint64) bool {
	w.t.Helper()
	did := false
	must(w.t, w.app.Store.View(func(tx *db.Tx) error {
		did = false
		for c, err := range tx.Changes(before) {
			if err != nil {
				return err
			}
			did = did || c.Via != door.Desk
		}
		return nil
	}))
	return did
}
