package app_test

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/cookiejar"
	"net/netip"
	"net/url"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"sportello/app"
	"sportello/app/command"
	"sportello/app/config"
	"sportello/app/desk/people"
	"sportello/app/desk/policy"
	"sportello/app/web"
	"sportello/store"
	"sportello/store/db"
	"sportello/store/door"
	"sportello/store/fault"
)

// testDesk is a real desk on a real listener, in a folder that goes with the test. Its data are checked at the end.
type testDesk struct {
	heard uint64 // the last letter that aboutBrowsers looked at
	t     *testing.T
	app   *app.App
	url   string
}

// newTestDesk serves a new desk with the built-in catalogue and nobody in it. configure may change the configuration
// before it starts.
func newTestDesk(t *testing.T, configure ...func(*config.Config)) *testDesk {
	t.Helper()
	cfg := config.Default()
	cfg.Data, cfg.Listen, cfg.Trial.NoSync = t.TempDir(), "127.0.0.1:0", true
	cfg.Trial.Twice = true
	cfg.Trial.Reload = os.Getenv("DESK_TEST_ASSETS") // so that a style sheet is tried without building anything
	for _, f := range configure {
		f(&cfg)
	}
	log := cfg.Logger(io.Discard) // written as by a desk that is served, and thrown away
	if os.Getenv("DESK_TEST_LOG") != "" {
		log = cfg.Logger(t.Output())
	}
	a, err := openServer(cfg, log)
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(context.Background())
	ready, ended := make(chan app.Serving, 1), make(chan error, 1)
	go func() { ended <- a.Run(ctx, func(s app.Serving) { ready <- s }) }()
	d := &testDesk{t: t, app: a}
	t.Cleanup(func() {
		stop()
		if err := <-ended; err != nil {
			t.Errorf("serving ended with: %v", err)
		}
		for _, finding := range a.Store.Check() {
			t.Errorf("data: %s", finding)
		}
		if err := a.Close(); err != nil {
			t.Errorf("closing: %v", err)
		}
	})
	select {
	case s := <-ready:
		d.url = s.Address
	case err := <-ended:
		ended <- nil
		t.Fatalf("serving did not begin: %v", err)
	}
	return d
}

func itoa(n uint64) string { return strconv.FormatUint(n, 10) }

const testPassword = "cavallo batteria graffetta"

// add adds a person with a password. The form's address is made of the name when it is empty.
func (d *testDesk) add(name string, f people.Form) *store.Person {
	d.t.Helper()
	f.Name = name
	if f.Email == "" {
		f.Email = strings.ReplaceAll(strings.ToLower(name), " ", ".") + "@example.it"
	}
	by := policy.Actor{Via: door.Command, System: true}
	p, _, err := d.app.Desk.People.Add(by, f)
	if err != nil {
		d.t.Fatal(err)
	}
	if err := d.app.Desk.Keeper().SetPassword(db.By{Via: door.Command}, p.ID, testPassword); err != nil {
		d.t.Fatal(err)
	}
	return p
}

func discard() *slog.Logger { return slog.New(slog.DiscardHandler) }

// program is a client without cookies. A server that hangs fails its test, and no other.
var program = &http.Client{Timeout: 2 * time.Minute}

// browser is one visitor with cookies of their own, who is not led on by redirects.
type browser struct {
	d      *testDesk
	client *http.Client
	header http.Header
	host   string // what it says the desk is called, when not what it is
}

func (d *testDesk) browser() *browser {
	jar, err := cookiejar.New(nil)
	if err != nil {
		d.t.Fatal(err)
	}
	return &browser{d: d, header: http.Header{}, client: &http.Client{Jar: jar, Timeout: program.Timeout,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}}
}

// signedIn is a browser in which the person has signed in.
func (d *testDesk) signedIn(p *store.Person) *browser {
	d.t.Helper()
	b := d.browser()
	if got := b.post("/sign-in", url.Values{"email": {p.Email}, "password": {testPassword}}); got.status != http.StatusSeeOther {
		d.t.Fatalf("sign in as %s: %d\n%s", p.Email, got.status, got.body)
	}
	return b
}

// answer is what came back.
type answer struct {
	status int
	header http.Header
	body   string
}

func (b *browser) do(method, path string, body io.Reader, contentType string) answer {
	b.d.t.Helper()
	q, err := http.NewRequest(method, b.d.url+path, body)
	if err != nil {
		b.d.t.Fatal(err)
	}
	if method != http.MethodGet {
		q.Header.Set("Origin", b.d.url)
	}
	if contentType != "" {
		q.Header.Set("Content-Type", contentType)
	}
	for name, values := range b.header {
		q.Header[name] = values
	}
	q.Host = b.host
	resp, err := b.client.Do(q)
	if err != nil {
		b.d.t.Fatal(err)
	}
	defer resp.Body.Close()
	raw, err := io.ReadAll(resp.Body)
	if err != nil {
		b.d.t.Fatal(err)
	}
	return answer{resp.StatusCode, resp.Header, string(raw)}
}

func (b *browser) get(path string) answer {
	b.d.t.Helper()
	return b.do(http.MethodGet, path, nil, "")
}

func (b *browser) post(path string, values url.Values) answer {
	b.d.t.Helper()
	return b.do(http.MethodPost, path, strings.NewReader(values.Encode()), "application/x-www-form-urlencoded")
}

// must fails the test unless the answer has the status and holds the texts; a text that begins with ! must be missing.
func (b *browser) must(a answer, status int, texts ...string) {
	b.d.t.Helper()
	if a.status != status {
		b.d.t.Errorf("status %d, want %d\n%s", a.status, status, a.body)
	}
	for _, s := range texts {
		if rest, not := strings.CutPrefix(s, "!"); not == strings.Contains(a.body, strings.TrimPrefix(s, "!")) {
			b.d.t.Errorf("the answer should (missing: %v) hold %q\n%s", not, rest, a.body)
		}
	}
}

func TestEveryAnswerCarriesTheHeadersThatKeepBrowsersSafe(t *testing.T) {
	d := newTestDesk(t)
	b := d.browser()
	for _, path := range []string{"/sign-in", "/nothing-here", "/healthz", "/me", d.app.Site.Public.URL("css/desk.css"), "/api/v1/nothing"} {
		h := b.get(path).header
		for name, want := range map[string]string{"X-Content-Type-Options": "nosniff", "Referrer-Policy": "same-origin",
			"Cross-Origin-Opener-Policy": "same-origin"} {
			if h.Get(name) != want {
				t.Errorf("%s: %s is %q, want %q", path, name, h.Get(name), want)
			}
		}
		csp := h.Get("Content-Security-Policy")
		for _, want := range []string{"default-src 'none'", "frame-ancestors 'none'", "base-uri 'none'", "form-action 'self'"} {
			if !strings.Contains(csp, want) {
				t.Errorf("%s: policy %q lacks %s", path, csp, want)
			}
		}
		if strings.Contains(csp, "unsafe") {
			t.Errorf("%s: policy %q allows what is unsafe", path, csp)
		}
		if h.Get("Strict-Transport-Security") != "" {
			t.Errorf("%s: promises https where there is none", path)
		}
	}
}

func TestOnHTTPSCookiesAreBoundToTheHost(t *testing.T) {
	d := newTestDesk(t, func(c *config.Config) { c.BaseURL = "https://sportello.example.it" })
	p := d.add("Ada Neri", people.Form{})
	b := d.browser()
	b.header.Set("Origin", "https://sportello.example.it")
	got := b.post("/sign-in", url.Values{"email": {p.Email}, "password": {testPassword}})
	b.must(got, http.StatusSeeOther)
	cookie := got.header.Get("Set-Cookie")
	for _, want := range []string{"__Host-sportello=", "HttpOnly", "secure", "SameSite=Lax", "path=/"} {
		if !strings.Contains(strings.ToLower(cookie), strings.ToLower(want)) {
			t.Errorf("cookie %q lacks %s", cookie, want)
		}
	}
	if got.header.Get("Strict-Transport-Security") == "" {
		t.Error("https is not promised")
	}
}

func TestTheClientsAddressIsReadFromTheRight(t *testing.T) {
	proxies := []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8"), netip.MustParsePrefix("2001:db8::/32")}
	for _, c := range []struct{ peer, forwarded, want string }{
		{"192.0.2.1", "", "192.0.2.1"},
		{"192.0.2.1", "127.0.0.1", "192.0.2.1"}, // no proxy of ours: whatever it says
		{"10.0.0.1", "", "10.0.0.1"},
		{"10.0.0.1", "192.0.2.7", "192.0.2.7"},
		{"10.0.0.1", "127.0.0.1, 192.0.2.7", "192.0.2.7"}, // what the client wrote itself stands left
		{"10.0.0.1", "127.0.0.1, 192.0.2.7, 10.0.0.2", "192.0.2.7"},
		{"10.0.0.1", "10.0.0.3, 10.0.0.2", "10.0.0.3"},
		{"10.0.0.1", "127.0.0.1, nonsense, 10.0.0.2", "10.0.0.2"},
		{"10.0.0.1", "127.0.0.1, 192.0.2.7, , ", "192.0.2.7"},
		{"10.0.0.1", "192.0.2.7:4711", "192.0.2.7"},
		{"10.0.0.1", "[2001:db9::1]:443", "2001:db9::1"},
		{"2001:db8::1", "2001:db9::1", "2001:db9::1"},
		{"10.0.0.1", "::ffff:192.0.2.9", "192.0.2.9"},
	} {
		if got := web.ClientAddress(netip.MustParseAddr(c.peer), c.forwarded, proxies); got != netip.MustParseAddr(c.want) {
			t.Errorf("peer %s, forwarded %q: %s, want %s", c.peer, c.forwarded, got, c.want)
		}
	}
}

func TestOnlyNamedAddressesSeeFiguresAndDetails(t *testing.T) {
	d := newTestDesk(t)
	b := d.browser()
	b.must(b.get("/readyz"), 200, `"status":"ready"`, `"set_up":false`, `"index":`, `"causes":[]`)
	b.must(b.get("/metrics"), 200, "sportello_request_seconds", "sportello_store_last_change", "process_open_fds")
	b.header.Set("X-Forwarded-For", "127.0.0.1")
	b.must(b.get("/metrics"), 404)
	b.must(b.get("/readyz"), 200, `{"status":"ready"}`, "!index")

	far := newTestDesk(t, func(c *config.Config) { c.LocalAddresses = []string{"192.0.2.0/24"} })
	fb := far.browser()
	fb.must(fb.get("/metrics"), 404)
	fb.must(fb.get("/readyz"), 200, "!causes")
	fb.must(fb.get("/healthz"), 200)
}

func TestAssetsAreKeptForEverOnlyUnderTheirOwnHash(t *testing.T) {
	d := newTestDesk(t)
	b := d.browser()
	for _, name := range d.app.Site.Public.Names() {
		a := b.get(d.app.Site.Public.URL(name))
		b.must(a, 200)
		if !strings.Contains(a.header.Get("Cache-Control"), "immutable") {
			t.Errorf("%s: %s", name, a.header.Get("Cache-Control"))
		}
	}
	if got := b.get("/assets/000000000000/css/desk.css").header.Get("Cache-Control"); got != "no-cache" {
		t.Errorf("old hash: %s", got)
	}
	b.must(b.get("/assets/000000000000/css/nothing.css"), 404)
	b.must(b.get("/assets/000000000000/../../main.go"), 404)
}

func TestCompressionFollowsWhatTheBrowserAccepts(t *testing.T) {
	for accepted, want := range map[string]string{"": "", "gzip": "gzip", "gzip, br": "br", "br;q=0, gzip": "gzip", "gzip;q=0": "", "identity": "",
		"GZIP, deflate": "gzip", "br; q=0, gzip; q=0": ""} {
		if got := web.BestEncoding(accepted); got != want {
			t.Errorf("%q: %q, want %q", accepted, got, want)
		}
	}
	d := newTestDesk(t)
	b := d.browser()
	b.header.Set("Accept-Encoding", "br")
	if a := b.get("/sign-in"); a.header.Get("Content-Encoding") != "br" || !strings.Contains(a.header.Get("Vary"), "Accept-Encoding") {
		t.Errorf("page: %v", a.header)
	}
}

func TestTheFirstVisitWeighsUnderSixtyKilobytes(t *testing.T) {
	d := newTestDesk(t)
	b := d.browser()
	b.header.Set("Accept-Encoding", "gzip")
	sum := len(b.get("/sign-in").body)
	for _, name := range d.app.Site.Public.Names() {
		sum += len(b.get(d.app.Site.Public.URL(name)).body)
	}
	t.Logf("%d bytes", sum)
	if sum > 60_000 {
		t.Errorf("the first visit weighs %d bytes", sum)
	}
}

func TestASlashTooMuchLeadsToThePageAndNowhereElse(t *testing.T) {
	d := newTestDesk(t)
	b := d.browser()
	for path, want := range map[string]string{"/sign-in/": "/sign-in", "//evil.example/": "/evil.example", "/a/b//": "/a/b"} {
		a := b.get(path)
		if a.status != http.StatusMovedPermanently || strings.TrimPrefix(a.header.Get("Location"), d.url) != want {
			t.Errorf("%s: %d %s, want %s", path, a.status, a.header.Get("Location"), want)
		}
	}
	for s, want := range map[string]string{"/tickets/1?x=2": "/tickets/1?x=2", "//evil.example": "/", "https://evil.example": "/", `/\evil.example`: "/",
		"": "/", "javascript:alert(1)": "/", "/\nx": "/"} {
		if got := web.LocalPath(s); got != want {
			t.Errorf("localPath(%q) = %q, want %q", s, got, want)
		}
	}
}

func TestEveryRouteHasANameAndAReader(t *testing.T) {
	d := newTestDesk(t)
	names, places := map[string]bool{}, map[string]bool{}
	for _, r := range d.app.Site.Routes {
		place := r.Method + " " + r.Path
		switch {
		case r.Name == "" || r.Handle == nil || web.WhoNames[r.Who] == "":
			t.Errorf("%s lacks a name, a handler or for whom it is", place)
		case names[r.Name]:
			t.Errorf("two routes are called %s", r.Name)
		case places[place]:
			t.Errorf("two routes for %s", place)
		}
		names[r.Name], places[place] = true, true
	}
	for _, r := range d.app.Site.Routes {
		if r.Form != "" && !places["GET "+r.Form] && !strings.Contains(r.Form, ":") {
			t.Errorf("%s names the page %s, which is none", r.Name, r.Form)
		}
	}
}

func TestADatabaseErrorReachesNobody(t *testing.T) {
	d := newTestDesk(t)
	secret := fmt.Errorf("store: open /secret/desk.db: boom")
	f := d.app.Words.Text("it", "error.internal", "reference", "X")
	if strings.Contains(f, "secret") {
		t.Fatal("the sentence knows the cause")
	}
	if got := fault.KindOf(secret); got != fault.Internal {
		t.Errorf("an error nobody classified is %s", got)
	}
}

// routesBelow are the addresses that begin so.
func routesBelow(a *app.App, prefix string) []web.Route {
	return slices.DeleteFunc(slices.Clone(a.Site.Routes), func(r web.Route) bool { return !strings.HasPrefix(r.Path, prefix) })
}

// openServer opens a desk that takes commands of other processes once it serves.
func openServer(cfg config.Config, log *slog.Logger) (*app.App, error) {
	a, err := app.Open(cfg, log)
	if err == nil {
		a.Beside = command.Beside
	}
	return a, err
}

// theDesk acts without being anybody, as a command does.
var theDesk = policy.Actor{Via: door.Command, System: true, Language: "it"}
