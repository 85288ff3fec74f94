package app_test

import (
	"bytes"
	"crypto/tls"
	"fmt"
	"mime"
	"mime/multipart"
	"net/http"
	"net/textproto"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"sportello/app/config"
	"sportello/app/desk/people"
	"sportello/app/web"
	"sportello/store"
	"sportello/store/db"
)

// safe tells what the header of an answer lacks of what keeps browsers from doing more than they should.
func safe(a answer) []string {
	var wrong []string
	for name, want := range map[string]string{"X-Content-Type-Options": "nosniff", "Cross-Origin-Opener-Policy": "same-origin", "Cross-Origin-Resource-Policy": "same-origin"} {
		if got := a.header.Values(name); len(got) != 1 || got[0] != want {
			wrong = append(wrong, fmt.Sprintf("%s is %q", name, got))
		}
	}
	for _, name := range []string{"Permissions-Policy", "Cache-Control", "Content-Security-Policy", "Referrer-Policy"} {
		if len(a.header.Values(name)) != 1 || a.header.Get(name) == "" {
			wrong = append(wrong, fmt.Sprintf("%s is %q", name, a.header.Values(name)))
		}
	}
	if p := a.header.Get("Referrer-Policy"); p != "same-origin" && p != "no-referrer" {
		wrong = append(wrong, "Referrer-Policy is "+p)
	}
	csp := a.header.Get("Content-Security-Policy")
	for _, must := range []string{"default-src 'none'", "frame-ancestors 'none'"} {
		if !strings.Contains(csp, must) {
			wrong = append(wrong, fmt.Sprintf("the policy %q lacks %s", csp, must))
		}
	}
	kind, _, _ := mime.ParseMediaType(a.header.Get("Content-Type"))
	if kind == "text/html" || kind == "text/plain" {
		for _, must := range []string{"base-uri 'none'", "form-action 'self'", "script-src 'self'", "require-trusted-types-for 'script'"} {
			if !strings.Contains(csp, must) && !strings.Contains(csp, "sandbox") {
				wrong = append(wrong, fmt.Sprintf("the policy %q lacks %s", csp, must))
			}
		}
	}
	for _, bad := range []string{"unsafe", "*", "data:", "http:", "strict-dynamic", "nonce-"} {
		if strings.Contains(csp, bad) {
			wrong = append(wrong, fmt.Sprintf("the policy %q has %s", csp, bad))
		}
	}
	if a.header.Get("Server") != "" || a.header.Get("X-Powered-By") != "" {
		wrong = append(wrong, "the answer says what made it")
	}
	if kind == "" && len(a.body) > 0 {
		wrong = append(wrong, "nothing says what the body is")
	}
	if a.header.Get("Access-Control-Allow-Origin") != "" {
		wrong = append(wrong, "other sites may read it")
	}
	return wrong
}

// TestEveryRouteAnswersWithTheHeadersThatKeepBrowsersSafe asks all of the table as everybody it is for, and as nobody,
// and everything that becomes an error.
func TestEveryRouteAnswersWithTheHeadersThatKeepBrowsersSafe(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	look := func(what string, a answer) {
		t.Helper()
		for _, s := range safe(a) {
			t.Errorf("%s (%d): %s", what, a.status, s)
		}
	}
	token := w.caller(w.people["administrator"])
	for _, r := range w.app.Site.Routes {
		if r.Path == "/live" {
			continue
		}
		address := strings.NewReplacer(":number<int>", "1", ":id<int>", w.things["file"]).Replace(r.Path)
		if !strings.HasPrefix(r.Path, "/api/") {
			address = w.address(r)
		} else if strings.Contains(address, ":slug") {
			address = strings.Replace(address, ":slug", w.things["slug"], 1)
		}
		for _, role := range append([]string{"nobody"}, reader(r)...) {
			b := w.visitor(role)
			if r.Who == web.Program && role != "nobody" {
				b = token.browser
			}
			for _, encoding := range []string{"", "br"} {
				b.header.Set("Accept-Encoding", encoding)
				look(r.Name+" as "+role, b.do(r.Method, address, strings.NewReader(""), "application/x-www-form-urlencoded"))
			}
		}
	}

	// Files: each is shut in, but for PDF, and none is anything a browser would run.
	b := w.visitor("requester")
	for name, content := range map[string]string{"a.html": "<!doctype html><script>hacked=1</script>", "a.svg": `<svg xmlns="http://www.w3.org/2000/svg"><script>hacked=1</script></svg>`, "a.xhtml": `<?xml version="1.0"?><html xmlns="http://www.w3.org/1999/xhtml"/>`,
		"a.js": "hacked=1", "a.css": "*{}", "a.pdf": smallPDF("ciao"), "a.png": string(picture()), "a.xml": `<?xml version="1.0"?><?xml-stylesheet href="javascript:hacked=1"?><a/>`, "a.mht": "MIME-Version: 1.0\r\nContent-Type: text/html\r\n\r\n<script>",
		"a.swf": "FWS\x05abc", "a.json": "{}", "a.txt": "<script>hacked=1</script>", "a": ""} {
		got := b.get("/files/" + itoa(w.keep("requester", name, content)))
		look("the file "+name, got)
		kind, _, _ := mime.ParseMediaType(got.header.Get("Content-Type"))
		if slices.Contains([]string{"text/html", "application/xhtml+xml", "image/svg+xml", "text/xml", "application/xml", "text/javascript", "application/javascript", "text/css"}, kind) {
			t.Errorf("%s is sent as %s", name, kind)
		}
		if inline := strings.HasPrefix(got.header.Get("Content-Disposition"), "inline"); inline != (kind == "image/png" || kind == "application/pdf") {
			t.Errorf("%s, %s: %s", name, kind, got.header.Get("Content-Disposition"))
		}
		if kind != "application/pdf" && !strings.HasPrefix(got.header.Get("Content-Security-Policy"), "sandbox;") {
			t.Errorf("%s is not shut in: %s", name, got.header.Get("Content-Security-Policy"))
		}
	}

	// Errors, also those that no route sees.
	host := strings.TrimPrefix(w.url, "http://")
	for _, c := range []struct {
		rule, request string
		status        []int
	}{
		{"no such page", "GET /nothing HTTP/1.1\r\nHost: " + host + "\r\nConnection: close\r\n\r\n", []int{404}},
		{"no such call", "GET /api/v1/nothing HTTP/1.1\r\nHost: " + host + "\r\nConnection: close\r\n\r\n", []int{404}},
		{"a method that is none", "BREW / HTTP/1.1\r\nHost: " + host + "\r\nConnection: close\r\n\r\n", []int{400, 404, 405, 501}},
		{"a header that is too long", "GET / HTTP/1.1\r\nHost: " + host + "\r\nX-Long: " + strings.Repeat("a", 64<<10) + "\r\n\r\n", []int{431}},
		{"an address that is too long", "GET /" + strings.Repeat("a", 64<<10) + " HTTP/1.1\r\nHost: " + host + "\r\n\r\n", []int{431, 414}},
		{"a body that is too large", "POST /sign-in HTTP/1.1\r\nHost: " + host + "\r\nContent-Length: 999999999\r\n\r\n", []int{413}},
		{"no HTTP at all", "\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n", []int{400}},
		{"a length that is none", "POST /sign-in HTTP/1.1\r\nHost: " + host + "\r\nContent-Length: -5\r\n\r\n", []int{400}},
		{"no host", "GET /sign-in HTTP/1.1\r\nConnection: close\r\n\r\n", []int{200, 400}},
		{"a form of another site", "POST /sign-in HTTP/1.1\r\nHost: " + host + "\r\nOrigin: https://away.example\r\nContent-Length: 0\r\nConnection: close\r\n\r\n", []int{403}},
		{"a compressed body", "POST /sign-in HTTP/1.1\r\nHost: " + host + "\r\nContent-Encoding: gzip\r\nContent-Length: 1\r\nConnection: close\r\n\r\nx", []int{415}},
		{"a form without its end", "POST /tickets/new HTTP/1.1\r\nHost: " + host + "\r\nContent-Type: multipart/form-data; boundary=x\r\nContent-Length: 5\r\nConnection: close\r\n\r\n--x\r\n", []int{400, 401, 422, 502, 503}},
	} {
		status, header, body := w.raw(c.request)
		if !slices.Contains(c.status, status) {
			t.Errorf("%s: %d, want one of %v", c.rule, status, c.status)
		}
		if status != 0 {
			look(c.rule, answer{status: status, header: header, body: body})
		}
	}
}

// TestEveryCookieOverTLSIsBoundToTheHost serves https itself and looks at every cookie that any route sets.
func TestEveryCookieOverTLSIsBoundToTheHost(t *testing.T) {
	t.Parallel()
	cert, key := makeCertificate(t, t.TempDir(), 1)
	w := newWorld(t, func(c *config.Config) { c.TLSCert, c.TLSKey = cert, key })
	over := &http.Transport{TLSClientConfig: &tls.Config{InsecureSkipVerify: true}} // its own pair
	cookies := map[string]bool{}
	look := func(what string, a answer) {
		t.Helper()
		for _, line := range a.header.Values("Set-Cookie") {
			c, err := http.ParseSetCookie(line)
			if err != nil {
				t.Errorf("%s: %q: %v", what, line, err)
				continue
			}
			cookies[c.Name] = true
			if !strings.HasPrefix(c.Name, "__Host-") || !c.Secure || !c.HttpOnly || c.Path != "/" || c.Domain != "" || c.SameSite != http.SameSiteLaxMode {
				t.Errorf("%s: %s", what, line)
			}
		}
		if got := a.header.Get("Strict-Transport-Security"); got == "" {
			t.Errorf("%s: https is not promised", what)
		}
	}
	p := w.password("requester")
	for _, r := range w.app.Site.Routes {
		if r.Path == "/live" || strings.HasPrefix(r.Path, "/api/") {
			continue
		}
		for _, role := range reader(r)[:1] {
			b := w.visitor(role)
			b.client.Transport = over
			values := url.Values{"lang": {"en"}, "email": {p.Email}, "password": {testPassword}, "act": {"take"}, "body": {"Testo"}, "text": {"Testo"}}
			look(r.Name+" as "+role, b.do(r.Method, w.address(r), strings.NewReader(values.Encode()), "application/x-www-form-urlencoded"))
		}
	}
	for _, name := range []string{"__Host-sportello", "__Host-sportello-lang", "__Host-sportello-flash"} {
		if !cookies[name] {
			t.Errorf("no route set %s: what was looked at? %v", name, cookies)
		}
	}
}

// TestNothingThatSomebodyWritesEndsALineOfAHeader puts line ends into whatever reaches one: names of files as they are
// uploaded and as they come by mail, subjects, cookies, languages, and the link for plain http.
func TestNothingThatSomebodyWritesEndsALineOfAHeader(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	b := w.visitor("requester")
	look := func(what string, a answer) {
		t.Helper()
		for name, values := range a.header {
			for _, v := range values {
				if strings.Contains(strings.ToLower(name), "x-away") || strings.ContainsAny(v, "\r\n") || name == "Set-Cookie" && strings.Contains(v, "away") {
					t.Errorf("%s: %s: %q", what, name, v)
				}
			}
		}
		if a.status >= 500 {
			t.Errorf("%s: %d", what, a.status)
		}
		if d := a.header.Get("Content-Disposition"); d != "" {
			if _, _, err := mime.ParseMediaType(d); err != nil {
				t.Errorf("%s: %q: %v", what, d, err)
			}
		}
	}
	names := []string{"a\r\nX-Away: 1.txt", "a\nX-Away: 1.txt", "a\rX-Away: 1", "a\x00X-Away: 1", `a"; x-away="1`, "a\u2028X-Away: 1", "a\u0085X-Away: 1", "a%0d%0aX-Away: 1", "=?utf-8?Q?a=0D=0AX-Away:_1?=", "a\\\"\r\n\r\n<script>hacked=1</script>",
		"\r\n", "..", "../../etc/passwd", strings.Repeat("è", 4000), "a\u202egpj.exe"}
	for _, name := range names {
		look(fmt.Sprintf("the file %q", name), b.get("/files/"+itoa(w.keep("requester", name, "testo"))))

		// As a browser would send it, and as none would.
		for _, how := range []string{"quoted", "bare"} {
			var form bytes.Buffer
			m := multipart.NewWriter(&form)
			h := textproto.MIMEHeader{"Content-Type": {"text/html\r\nX-Away: 1"}}
			h.Set("Content-Disposition", `form-data; name="files"; filename="`+strings.NewReplacer("\r", "%0D", "\n", "%0A", `"`, "%22").Replace(name)+`"`)
			if how == "bare" {
				h.Set("Content-Disposition", `form-data; name="files"; filename="`+name+`"`)
			}
			p, err := m.CreatePart(h)
			must(t, err)
			_, err = p.Write([]byte("testo"))
			must(t, err)
			must(t, m.WriteField("act", "open"))
			must(t, m.Close())
			before := w.app.Store.Last()
			look("the form with a file", b.do(http.MethodPost, "/tickets/new", &form, m.FormDataContentType()))
			if w.app.Store.Last() == before {
				continue
			}
			must(t, w.app.Store.View(func(tx *db.Tx) error {
				for f, err := range store.Files.All(tx, 0, true) {
					if err != nil {
						return err
					}
					look(fmt.Sprintf("the upload %q", f.Name), b.get("/files/"+itoa(f.ID)))
					break
				}
				return nil
			}))
		}

		// By mail: as the subject, which names the file of the original, and as the name of a part.
		coded := mime.BEncoding.Encode("utf-8", name)
		row := w.comes(letter{from: "Ada Neri <requester@example.it>", proven: true, subject: coded, text: "Testo.",
			header: "X-Note: 1\r\n"})
		if row.State != store.MailDone {
			continue
		}
		look(fmt.Sprintf("the mail %q", name), b.get(fmt.Sprintf("/tickets/%d/messages/%d/original.eml", row.Ticket, row.Message)))
		look(fmt.Sprintf("the mail %q", name), b.get(fmt.Sprintf("/tickets/%d", row.Ticket)))
	}
	for _, v := range names {
		q := url.QueryEscape(v)
		for _, address := range []string{"/sign-in?next=" + q, "/articles/" + url.PathEscape(v), "/desk/" + url.PathEscape(v), "/modules/" + q, "/search?q=" + q, "/tickets?state=" + q, "/assets/" + q + "/" + q, "/brand/" + q + "/logo",
			"/files/" + q, "/r/" + q, "/password/" + q, "/" + url.PathEscape(v) + "/"} {
			look(address, b.get(address))
		}
		look("a language", b.post("/language", url.Values{"lang": {v}, "back": {"/" + v}}))
		look("a language", b.post("/language", url.Values{"lang": {"it"}, "back": {"/" + v}}))
	}
	status, header, _ := w.raw("GET /sign-in HTTP/1.1\r\nHost: " + strings.TrimPrefix(w.url, "http://") + "\r\nConnection: close\r\nCookie: sportello-flash=a\r\n X-Away: 1; sportello-lang=it\x00\x01X-Away\r\n\r\n")
	look("folded cookies", answer{status: status, header: header})
}

// TestPlainHTTPLeadsToTheDeskAndNowhereElse asks the address of plain http for what only a program can ask for.
func TestPlainHTTPLeadsToTheDeskAndNowhereElse(t *testing.T) {
	t.Parallel()
	cert, key := makeCertificate(t, t.TempDir(), 1)
	plain := fmt.Sprintf("127.0.0.1:%d", freePort(t))
	w := newTestDesk(t, func(c *config.Config) {
		c.TLSCert, c.TLSKey, c.HTTPRedirect, c.BaseURL = cert, key, plain, "https://sportello.example.it"
	})
	p := &testDesk{t: t, app: w.app, url: "http://" + plain}
	for _, target := range []string{"/a?b=c", "//away.example/", "http://away.example/x", "x:@away.example/", "x:.away.example", "*", `/\away.example`, "/%0d%0aX-Away:%201", "/\tx"} {
		method := "GET"
		if target == "*" {
			method = "OPTIONS"
		}
		status, header, _ := p.raw(method + " " + target + " HTTP/1.1\r\nHost: away.example\r\nConnection: close\r\n\r\n")
		if status == http.StatusBadRequest || header.Get("Location") == "" && header.Get("X-Away") == "" {
			continue
		}
		u, err := url.Parse(header.Get("Location"))
		if err != nil || u.Scheme != "https" || u.Host != "sportello.example.it" || u.User != nil || header.Get("X-Away") != "" {
			t.Errorf("%s: %d leads to %q (%v)", target, status, header.Get("Location"), err)
		}
	}
}

// TestNoAddressLeavesTheFoldersOfTheDesk asks for files of the data folder, of the program and of the machine through
// every address that has a part of its own.
func TestNoAddressLeavesTheFoldersOfTheDesk(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	const marker = "questononesce"
	must(t, os.WriteFile(filepath.Join(w.app.Config.DataFolder(), "segreto.txt"), []byte(marker), 0o600))
	key, err := os.ReadFile(filepath.Join(w.app.Config.DataFolder(), "key"))
	must(t, err)
	data := w.app.Config.DataFolder()
	host := strings.TrimPrefix(w.url, "http://")
	cookie := w.visitor("administrator").header.Get("Cookie")
	n := 0
	for _, target := range []string{"segreto.txt", "key", "desk.db", "etc/passwd", "proc/self/environ", "main.go", "../../../../../../etc/passwd", strings.TrimPrefix(data, "/") + "/segreto.txt"} {
		for _, up := range []string{"", "/", "../", "../../../../../../../../", "%2e%2e/", "%2e%2e%2f%2e%2e%2f", "..%2f..%2f..%2f..%2f..%2f", `..\..\..\`, "..%5c..%5c", "%252e%252e%252f", "....//....//", "..;/..;/", "%c0%ae%c0%ae/", "%00/../", "./././", "file:///"} {
			for _, from := range []string{"/", "/assets/" + strings.Split(w.app.Site.Public.URL("css/desk.css"), "/")[2] + "/", "/assets/x/css/", "/brand/", "/files/", "/modules/", "/articles/", "/articles/in/", "/r/x/files/", "/api/v1/files/", "/api/v1/articles/", "/desk/", "/admin/mail-texts/"} {
				status, _, body := w.raw("GET " + from + up + target + " HTTP/1.1\r\nHost: " + host + "\r\nCookie: " + cookie + "\r\nConnection: close\r\n\r\n")
				n++
				if strings.Contains(body, marker) || bytes.Contains([]byte(body), key) || strings.Contains(body, "root:") || strings.Contains(body, "package main") || strings.Contains(body, "PATH=") {
					t.Errorf("%s%s%s is answered (%d): %.80s", from, up, target, status, body)
				}
				if status >= 500 {
					t.Errorf("%s%s%s: %d", from, up, target, status)
				}
			}
		}
	}
	for _, sum := range []string{"../key", "../../key", "..", "", ".", "/etc/passwd", strings.Repeat("../", 22), strings.Repeat("A", 64), strings.Repeat("0", 63), strings.Repeat("0", 64) + "/../../key"} {
		if f, err := w.app.Store.OpenBlob(sum); err == nil {
			f.Close()
			t.Errorf("the blob %q is there", sum)
		}
	}
	// A name of a file is a name and never a way.
	for _, name := range []string{"../../segreto.txt", `..\..\segreto.txt`, "/etc/cron.d/x", "C:\\Windows\\x", "a/b/c"} {
		f, err := w.app.Desk.Files.Keep(w.as("requester"), name, strings.NewReader("x"))
		must(t, err)
		if strings.ContainsAny(f.Name, `/\`) {
			t.Errorf("%q is kept as %q", name, f.Name)
		}
	}
	t.Logf("asked for %d addresses", n)
}

// TestSignInIsSlowedPerAccountAndPerAddress guesses at one account from many addresses, and at many from one.
func TestSignInIsSlowedPerAccountAndPerAddress(t *testing.T) {
	t.Parallel()
	d := newTestDesk(t, func(c *config.Config) { c.TrustedProxies = []string{"127.0.0.0/8"} })
	p := d.add("Ada Neri", people.Form{})
	try := func(email, password, from string) answer {
		b := d.browser()
		b.header.Set("X-Forwarded-For", from)
		return b.post("/sign-in", url.Values{"email": {email}, "password": {password}})
	}
	slowed := 0
	for i := range 9 {
		if try(p.Email, "sbagliata", fmt.Sprintf("192.0.2.%d", i+1)).status == http.StatusTooManyRequests {
			slowed++
		}
	}
	if slowed < 3 {
		t.Errorf("guessing at one account from nine addresses was slowed %d times", slowed)
	}
	if got := try(p.Email, testPassword, "198.51.100.1"); got.status != http.StatusTooManyRequests {
		t.Errorf("the right password of a slowed account: %d", got.status)
	}
	// An address much later than an account: a whole university may stand behind it.
	first := 0
	for i := range 600 {
		if try(fmt.Sprintf("nessuno%d@example.it", i), "sbagliata", "203.0.113.7").status == http.StatusTooManyRequests {
			first = i + 1
			break
		}
	}
	if first < 20 || first == 0 {
		t.Errorf("one address was slowed at try %d", first)
	}
	if got := try("qualcuno@example.it", "sbagliata", "203.0.113.8"); got.status != http.StatusUnprocessableEntity {
		t.Errorf("another address is slowed too: %d", got.status)
	}
	// What a client says of its own address counts for nothing where no proxy is trusted.
	d2 := newTestDesk(t)
	p2 := d2.add("Ada Neri", people.Form{})
	for i := range 6 {
		b := d2.browser()
		b.header.Set("X-Forwarded-For", fmt.Sprintf("192.0.2.%d", i+1))
		if got := b.post("/sign-in", url.Values{"email": {p2.Email}, "password": {"sbagliata"}}); (i == 5) != (got.status == http.StatusTooManyRequests) {
			t.Errorf("try %d: %d", i+1, got.status)
		}
	}
	t.Logf("one address is slowed at try %d", first)
}
