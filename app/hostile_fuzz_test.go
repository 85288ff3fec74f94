package app_test

import (
	"bufio"
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/valyala/fasthttp"

	"sportello/app"
	"sportello/app/command"
	"sportello/app/config"
	"sportello/app/delivery"
	"sportello/app/desk/people"
	"sportello/app/desk/policy"
	"sportello/app/desk/ticket"
	"sportello/app/web"
	"sportello/store"
	"sportello/store/db"
	"sportello/store/door"
	"sportello/store/fault"
)

// fuzzed is a desk that is asked without a connection between. Its data are checked at the end.
type fuzzed struct {
	app    *app.App
	admin  *store.Person
	secret string // of a session of the administrator
	token  string
}

func newFuzzed(f *testing.F) *fuzzed {
	cfg := config.Default()
	cfg.Data, cfg.Trial.NoSync, cfg.BaseURL = f.TempDir(), true, "http://desk.example"
	withMail(&cfg)
	a, err := openServer(cfg, cfg.Logger(io.Discard))
	if err != nil {
		f.Fatal(err)
	}
	ctx, stop := context.WithCancel(context.Background())
	followed := make(chan struct{})
	go func() { defer close(followed); _ = a.Index.Run(ctx) }()
	f.Cleanup(func() {
		stop()
		<-followed
		for _, finding := range a.Store.Check() {
			f.Errorf("data: %s", finding)
		}
		if err := a.Close(); err != nil {
			f.Error(err)
		}
	})
	z := &fuzzed{app: a, secret: strings.Repeat("A", 43)}
	if z.admin, _, err = a.Desk.People.Add(policy.Actor{Via: door.Command, System: true}, people.Form{Name: "Anna Monti", Email: "anna@example.it", Administrator: true}); err != nil {
		f.Fatal(err)
	}
	if z.token, _, err = a.Desk.Keeper().NewToken(db.By{Via: door.Command}, z.admin.ID, "fuzz"); err != nil {
		f.Fatal(err)
	}
	for _, s := range []string{"Il cedolino non si apre", "Una fattura manca"} {
		if _, err := a.Desk.Tickets.Open(policy.Actor{Person: z.admin, Via: door.Page, Language: "it"}, ticket.Opening{Subject: s, Body: "Da ieri.", Kind: store.Malfunction, Severity: store.Medium, Urgency: store.NoDate}); err != nil {
			f.Fatal(err)
		}
	}
	if err := a.Index.CatchUp(ctx, a.Store.Last()); err != nil {
		f.Fatal(err)
	}
	return z
}

// signedIn makes the administrator's session again when a request has ended it.
func (z *fuzzed) signedIn(t *testing.T) {
	if _, _, err := z.app.Desk.Keeper().Session(t.Context(), z.secret); err == nil {
		return
	}
	sum := sha256.Sum256([]byte(z.secret))
	err := z.app.Store.Update(db.By{Via: door.Command}, func(tx *db.Tx) error {
		p, err := store.People.Get(tx, z.admin.ID)
		if err != nil {
			return err
		}
		if p.Administrator, p.Disabled = true, false; p.Email == "" {
			p.Email = "anna@example.it"
		}
		if err := store.People.Put(tx, p); err != nil {
			return err
		}
		return store.Sessions.Put(tx, &store.Session{Hash: hex.EncodeToString(sum[:]), Person: z.admin.ID, Seen: tx.Now(), Ends: tx.Now().Add(time.Hour)})
	})
	if err != nil {
		t.Fatal(err)
	}
}

// ask gives the bytes of a request to the server; not ok when they are none.
func (z *fuzzed) ask(raw []byte) (resp *fasthttp.Response, ok bool) {
	var q fasthttp.Request
	if err := q.ReadLimitBody(bufio.NewReaderSize(bytes.NewReader(raw), 16<<10), 1<<20); err != nil {
		return nil, false
	}
	c := &fasthttp.RequestCtx{}
	c.Init(&q, &net.TCPAddr{IP: net.IPv4(192, 0, 2, 1), Port: 1}, nil)
	z.app.Site.Fiber.Server().Handler(c)
	return &c.Response, true
}

// FuzzRequest asks as an administrator, with a token and as nobody. Nothing is answered with a fault of ours, and every
// answer has the headers that keep browsers safe.
func FuzzRequest(f *testing.F) {
	z := newFuzzed(f)
	form := "application/x-www-form-urlencoded"
	for _, s := range []struct{ line, header, body string }{
		{"GET /search?q=cedolino&type=ticket&state=new", "", ""}, {"GET /tickets/1?from=x", "", ""}, {"GET /desk/all?state=new&after=1&priority=2", "", ""}, {"GET /api/v1/search?q=%22a b%22&facets=1", "", ""},
		{"GET /api/v1/tickets?state=new&updated_since=2026-01-01T00:00:00Z&limit=3&after=x", "", ""}, {"GET /sign-in?next=%2Ftickets", "Cookie: sportello-flash=e30", ""},
		{"POST /tickets/new", "Content-Type: " + form, "act=open&kind=malfunction&subject=x&body=y&module=csa&severity=low&urgency=date&due=2026-02-30"},
		{"POST /tickets/1/message", "Content-Type: " + form, "body=Testo&rev=1&act=reply&to=waiting"}, {"POST /admin/people", "Content-Type: " + form, "name=A&email=b@c.it&role=agent&groups=1"},
		{"POST /admin/synonyms", "Content-Type: " + form, "rev=&synonyms-it=a,b%0Ac&synonyms-en="}, {"POST /admin/home", "Content-Type: " + form, "welcome_it=x&text_it=**a**"},
		{"POST /admin/catalogue/import", "Content-Type: multipart/form-data; boundary=b", "--b\r\nContent-Disposition: form-data; name=\"file\"; filename=\"c.toml\"\r\n\r\n[[module]]\ncode = \"x\"\r\n--b--\r\n"},
		{"POST /tickets/new", "Content-Type: multipart/form-data; boundary=b", "--b\r\nContent-Disposition: form-data; name=\"files\"; filename=\"../a\x00.txt\"\r\n\r\nx\r\n--b--\r\n"},
		{"POST /api/v1/tickets", "Content-Type: application/json", `{"subject":"a","body":"b","answers":{"x":1},"messages":[{"at":"x"}]}`}, {"PATCH /api/v1/tickets/1", "Content-Type: application/json", `{"rev":1,"state":"closed","outcome":"solved"}`},
		{"PUT /api/v1/articles/a-b", "Content-Type: application/json", `{"title":"a","body":"<p>","format":"html","language":"it"}`}, {"POST /language", "Content-Type: " + form, "lang=en&back=//x"},
		{"GET /files/1", "Range: bytes=0-1,5-\r\nIf-Range: x\r\nIf-None-Match: *", ""}, {"GET /articles/in/csa?after=zz&order=x", "Accept-Language: it;q=x,*", ""}, {"POST /desk/views", "Content-Type: " + form, "name=V&group=1&text=a&state=new&order=age"},
		{"GET /admin/changes?after=1&who=1&day=2026-13-40", "Accept: application/json", ""}, {"POST /preview?as=article&format=html", "Content-Type: " + form, "body=%3Cp%3E"}, {"GET /modules/%2e%2e/x", "X-Forwarded-For: x", ""},
	} {
		f.Add(s.line, s.header, []byte(s.body), uint8(0))
		f.Add(s.line, s.header, []byte(s.body), uint8(1))
	}
	f.Fuzz(func(t *testing.T, line, header string, body []byte, who uint8) {
		if strings.Contains(line, "/live") || strings.Contains(line, "mailboxes/try") || strings.Contains(line, "index/") { // a stream, connections elsewhere, a search that is away
			return
		}
		as := "Sec-Fetch-Site: same-origin\r\n"
		switch who % 3 {
		case 0:
			z.signedIn(t)
			as += "Cookie: sportello=" + z.secret + "\r\n"
		case 1:
			as += "Authorization: Bearer " + z.token + "\r\n"
		}
		resp, ok := z.ask(fmt.Appendf(nil, "%s HTTP/1.1\r\nHost: desk.example\r\n%s%s\r\nContent-Length: %d\r\n\r\n%s", line, as, header, len(body), body))
		if !ok {
			return
		}
		if resp.StatusCode() >= 500 {
			t.Fatalf("%d\n%s", resp.StatusCode(), resp.Body())
		}
		a := answer{status: resp.StatusCode(), header: http.Header{}, body: string(resp.Body())}
		for name, value := range resp.Header.All() {
			a.header.Add(string(name), string(value))
		}
		if resp.StatusCode() != http.StatusNotModified {
			for _, wrong := range safe(a) {
				t.Errorf("%d: %s", a.status, wrong)
			}
		}
		if strings.HasPrefix(a.header.Get("Content-Type"), "text/html") && len(resp.Header.Peek("Content-Encoding")) == 0 && !utf8.Valid(resp.Body()) {
			t.Error("a page that is not UTF-8")
		}
		if host := led(t, "http://desk.example", a); host != "" {
			t.Errorf("leads to %s", host)
		}
		_ = resp.CloseBodyStream()
	})
}

// FuzzForm reads a body in every way a form is read: what comes out is text, within its bounds, and what was refused is
// said.
func FuzzForm(f *testing.F) {
	z := newFuzzed(f)
	f.Add("application/x-www-form-urlencoded", []byte("a=1&a=2&b=%00&c=%ff&d=x%0d%0ay&e=2026-03-01T10:00&f=%C3%A8"))
	f.Add("multipart/form-data; boundary=b", []byte("--b\r\nContent-Disposition: form-data; name=\"a\"\r\n\r\n12\r\n--b\r\nContent-Disposition: form-data; name=\"files\"; filename=\"x\"\r\n\r\ny\r\n--b--\r\n"))
	f.Add("multipart/form-data", []byte("--\r\n"))
	f.Add("multipart/form-data; boundary=\"\"", []byte("a=b"))
	f.Fuzz(func(t *testing.T, kind string, body []byte) {
		var q fasthttp.Request
		raw := fmt.Appendf(nil, "POST /x HTTP/1.1\r\nHost: h\r\nContent-Type: %s\r\nContent-Length: %d\r\n\r\n%s", kind, len(body), body)
		if q.ReadLimitBody(bufio.NewReaderSize(bytes.NewReader(raw), 16<<10), 1<<20) != nil {
			return
		}
		ctx := &fasthttp.RequestCtx{}
		ctx.Init(&q, &net.TCPAddr{}, nil)
		c := z.app.Site.Fiber.AcquireCtx(ctx)
		defer z.app.Site.Fiber.ReleaseCtx(c)
		r := z.app.Site.Request(c)
		err := r.Receive(&web.Route{Files: []string{"files"}, Text: web.LongBody})
		if err != nil && fault.KindOf(err) != fault.TooLarge && fault.KindOf(err) != fault.SignIn { // nobody keeps files
			t.Fatal(err)
		}
		form := r.Form()
		for name := range form.Values {
			if s := form.Text(name, 50); !utf8.ValidString(s) || strings.ContainsAny(s, "\x00\r\n\t") || utf8.RuneCountInString(s) > 50 && form.Problems.Err() == nil {
				t.Errorf("line %q", s)
			}
			if s := form.Body(name); !utf8.ValidString(s) || strings.ContainsAny(s, "\x00\r") {
				t.Errorf("text %q", s)
			}
			if n := form.Int(name, 1, 9, 5); n < 1 || n > 9 {
				t.Errorf("number %d", n)
			}
			for _, s := range append(form.List(name), form.Lines(name)...) {
				if !utf8.ValidString(s) || strings.ContainsRune(s, 0) || strings.TrimSpace(s) == "" {
					t.Errorf("one of a list %q", s)
				}
			}
			for _, id := range form.IDs(name) {
				if id == 0 {
					t.Error("a row without a number")
				}
			}
			if at := form.Time(name); !at.IsZero() && (at.Year() < 1899 || at.Year() > 10000) {
				t.Errorf("time %v", at)
			}
			form.Bool(name)
			form.ID(name)
			form.Need(name)
			web.FormCode[store.State](form, name)
		}
		form.IDs("kept_file")
		_ = form.Err()
		if kept := web.WithoutSecrets(form.Values); kept.Has("csrf") || kept.Has("password") {
			t.Error("a secret is kept")
		}
	})
}

var counted = regexp.MustCompile(`imported (\d+), updated (\d+), refused (\d+)\n$`)

// fuzzImport gives the bytes to an import. It ends with 0 and the count, or with 1 and the reason; each refusal has its
// line.
func fuzzImport(f *testing.F, what string, seeds ...string) {
	z := newFuzzed(f)
	for _, s := range seeds {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, raw []byte) {
		var out, errOut bytes.Buffer
		args := []string{"import", what, "-", "--messages=it"}
		switch status := command.Within(t.Context(), z.app, t.TempDir(), args, bytes.NewReader(raw), &out, &errOut); status {
		case command.Done:
			m := counted.FindStringSubmatch(out.String())
			if m == nil {
				t.Fatalf("ends with %q", out.String())
			}
			refusals := 0
			for line := range strings.Lines(errOut.String()) {
				if !strings.Contains(line, z.app.Words.Text("it", "command.passed-over")) {
					refusals++
				}
			}
			if (m[3] == "0") != (refusals == 0) && what != "mbox" {
				t.Errorf("refused %s and said %q", m[3], errOut.String())
			}
		case command.Failed:
			if errOut.Len() == 0 {
				t.Error("failed and said nothing")
			}
		default:
			t.Fatalf("%d: %s", status, errOut.String())
		}
		if s := errOut.String(); strings.Contains(s, "panic") || strings.Contains(s, "%!") {
			t.Errorf("said %s", s)
		}
	})
}

func FuzzImportTickets(f *testing.F) {
	fuzzImport(f, "tickets", `{"subject":"Cedolino","body":"Da ieri.","requester_email":"ada@example.it","requester_name":"Ada","module":"csa","kind":"malfunction","severity":"high","state":"closed","outcome":"solved","created_at":"2026-01-02T03:04:05Z","external_id":"a-1","answers":{"q":1},"messages":[{"author_email":"b@c.it","author_name":"B","at":"2026-01-03T00:00:00Z","body":"x","internal":true}]}`,
		"{}\n{\"subject\":1}\n\n[]\nnull\n", "{\"subject\":\"\\u0000\\ud800\",\"body\":\"\xff\",\"requester_email\":\"a@b\"}", "\ufeff{\"subject\":\"x\",\"requester_email\":\"x@y.it\",\"created_at\":\"9999-99-99\",\"external_id\":7}")
}

func FuzzImportArticles(f *testing.F) {
	fuzzImport(f, "articles", `{"slug":"a-b","title":"T","body":"<h1>x</h1><script>","format":"html","language":"it","module":"csa","audience":"public","state":"published","external_id":"1"}`,
		`{"body":"# Titolo","language":"en"}`, `{"slug":"../x","title":"`+strings.Repeat("a", 300)+`","body":"x","format":"text","language":"xx"}`)
}

func FuzzImportPeople(f *testing.F) {
	fuzzImport(f, "people", "email,name,role,organisation,unit\nada@example.it,Ada Neri,requester,Ateneo,Personale\n", "Email;Nome\n\"a@b.it\";\"x\ny\"\n", "\ufeffemail\tname\na@b.it\tA\n", "email,email\n,,,\n\"", "name\nx\n")
}

func FuzzImportCatalogue(f *testing.F) {
	fuzzImport(f, "catalogue", "[[group]]\ncode = \"g1\"\nname = {it = \"G\", en = \"G\"}\n[[module]]\ncode = \"m1\"\nname = {it = \"M\", en = \"M\"}\ngroup = \"g1\"\n", "[[module]]\ncode = \"a/b/c/d\"\n", "x = [[[", "[[module]]\ncode = \"csa\"\nchannel = \"desk\"\naddress = \"javascript:x\"\n")
}

func FuzzImportMbox(f *testing.F) {
	fuzzImport(f, "mbox", "From a@b.it Mon Jan  5 10:00:00 2026\nFrom: Ada <a@b.it>\nTo: csa@desk.example\nSubject: Prova\nMessage-ID: <1@b.it>\n\nTesto\n>From qui\n\nFrom x\nFrom: c@d.it\nTo: csa@desk.example\nIn-Reply-To: <1@b.it>\n\nrisposta\n",
		"From \n\n", "nothing\n", "From a\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n\r\n--b--\r\n")
}

// FuzzConfig reads a configuration and an environment. What is taken is valid, is the same when it is read again, and
// is shown without its secrets.
func FuzzConfig(f *testing.F) {
	example, err := os.ReadFile("../config.example.toml")
	if err != nil {
		f.Fatal(err)
	}
	f.Add(example, "SPORTELLO_LISTEN=127.0.0.1:1")
	f.Add([]byte("[smtp]\nhost = \"h\"\nport = 25\npassword = \"segretissimo\"\nuser = \"u\"\nfrom = \"a@b.it\"\n[[mailbox]]\naddress = \"a@b.it\"\ngroup = \"csa\"\n"), "SPORTELLO_SMTP__PASSWORD=segretissimo")
	f.Add([]byte("data = 1\nunknown = {}\n[backup]\nat = \"25:00\"\n"), "SPORTELLO_MAX_FILE_MB=-1")
	f.Add([]byte("listen = \"[::1\"\ntrusted_proxies = [\"10.0.0.0/99\"]\nbase_url = \"javascript:x\"\ntime_zone = \"../../etc/passwd\""), "SPORTELLO_X__Y=z")
	f.Fuzz(func(t *testing.T, raw []byte, env string) {
		path := filepath.Join(t.TempDir(), "config.toml")
		if err := os.WriteFile(path, raw, 0o600); err != nil {
			t.Fatal(err)
		}
		c, err := config.Load(path, []string{env})
		again, err2 := config.Load(path, []string{env})
		if (err == nil) != (err2 == nil) || err == nil && !reflect.DeepEqual(c, again) {
			t.Errorf("read twice: %v and %v", err, err2)
		}
		if err != nil {
			return
		}
		if err := c.Validate(); err != nil {
			t.Errorf("taken and not valid: %v", err)
		}
		if c.SMTP.Password != "" && len(c.SMTP.Password) > 7 {
			if shown := fmt.Sprintf("%+v", c.Redacted()); strings.Contains(shown, c.SMTP.Password) && !bytes.Contains(bytes.ReplaceAll(raw, []byte(c.SMTP.Password), nil), []byte(c.SMTP.Password)) && strings.Count(string(raw)+env, c.SMTP.Password) == 1 {
				t.Errorf("the password is shown: %s", shown)
			}
		}
	})
}

// FuzzSpool takes a file of the spool: it is a mail that is kept byte for byte, or it stays and the reason is that it is
// not understood.
func FuzzSpool(f *testing.F) {
	z := newFuzzed(f)
	f.Add([]byte("{\"mailbox\":\"csa@desk.example\",\"return\":\"a@b.it\",\"to\":[\"csa@desk.example\"],\"at\":\"2026-01-02T03:04:05Z\"}\nFrom: a@b.it\r\nSubject: x\r\n\r\ny"))
	f.Add([]byte("{}\n"))
	f.Add([]byte("{\"at\":\"x\"}\nx"))
	f.Add([]byte("From: a@b.it\n\nx"))
	f.Add([]byte("null\n\x00\xff"))
	f.Fuzz(func(t *testing.T, raw []byte) {
		path := filepath.Join(t.TempDir(), "a.Mail")
		if err := os.WriteFile(path, raw, 0o600); err != nil {
			t.Fatal(err)
		}
		before := z.app.Store.Last()
		err := z.app.Mail.TakeSpooled(path)
		if err == nil {
			if z.app.Store.Last() == before {
				// The same mail again is known.
				return
			}
			if err := z.app.Desk.Intake.Process(t.Context()); err != nil {
				t.Fatal(err)
			}
			_, want, _ := bytes.Cut(raw, []byte("\n"))
			var got []byte
			err := z.app.Store.View(func(tx *db.Tx) error {
				for m, err := range store.Mails.All(tx, 0, true) {
					if err != nil {
						return err
					}
					b, err := z.app.Store.OpenBlob(m.Sum)
					if err != nil {
						return err
					}
					defer b.Close()
					got, err = io.ReadAll(b)
					return err
				}
				return nil
			})
			if err != nil || !bytes.Equal(got, want) {
				t.Errorf("kept %q of %q, %v", got, want, err)
			}
			return
		}
		var known *fault.Error
		if !errors.Is(err, delivery.ErrSpool) && !errors.As(err, &known) {
			t.Errorf("%v", err)
		}
	})
}

// FuzzControl gives the control socket what another process could write. Commands that do something are left out: who
// may write there may run them anyway.
func FuzzControl(f *testing.F) {
	z := newFuzzed(f)
	for _, s := range []string{`{"args":["version"],"cwd":"/"}` + "\n", `{"args":["help"]}` + "\n", `{"args":["import","tickets","-"]}` + "\n" + `{"data":"e30K"}` + "\n" + `{"end":true}` + "\n", "{}\n", "\n", "null\n", `{"args":[1]}` + "\n", "{\"args\":[\"doctor\",\"--config\"]}\n",
		`{"args":["import","people","-"]}` + "\n" + `{"data":"*"}` + "\n"} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, raw []byte) {
		first, _, _ := bytes.Cut(raw, []byte("\n"))
		var q command.Ask
		if json.Unmarshal(first, &q) == nil && len(q.Args) > 0 {
			all := strings.Join(q.Args, " ")
			if q.Args[0] != "version" && q.Args[0] != "help" && !(q.Args[0] == "import" && len(q.Args) == 3 && q.Args[2] == "-" && !strings.HasPrefix(q.Args[1], "-")) || strings.Contains(all, "--") {
				return
			}
		}
		here, there := net.Pipe()
		ctx, stop := context.WithTimeout(t.Context(), 20*time.Second)
		defer stop()
		ended := make(chan error, 1)
		go func() { ended <- command.Answer(ctx, z.app, there); there.Close() }()
		go func() {
			_, _ = here.Write(raw)
			// What comes after the last line never comes: as when the other process is killed.
			_, _ = here.Write([]byte("\n{\"end\":true}\n"))
		}()
		lines, exits := bufio.NewScanner(here), 0
		lines.Buffer(nil, 1<<20)
		for lines.Scan() {
			var x command.Told
			if err := json.Unmarshal(lines.Bytes(), &x); err != nil {
				t.Errorf("said %q: %v", lines.Bytes(), err)
			}
			if strings.Contains(string(x.Err), "internal error") {
				t.Errorf("said %s", x.Err)
			}
			if x.Exit != nil {
				exits++
				break
			}
		}
		here.Close()
		if err := <-ended; (err == nil) != (exits == 1) {
			t.Errorf("%d statuses, %v", exits, err)
		}
	})
}
