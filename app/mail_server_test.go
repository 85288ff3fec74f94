package app_test

import (
	"bufio"
	"encoding/hex"
	"fmt"
	"io/fs"
	"net"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/emersion/go-imap/v2"
	"github.com/emersion/go-imap/v2/imapserver"
	"github.com/emersion/go-imap/v2/imapserver/imapmemserver"

	"sportello/app/address"
	"sportello/app/config"
	"sportello/app/desk/people"
	"sportello/app/desk/policy"
	"sportello/app/desk/post"
	"sportello/store"
	"sportello/store/door"
)

// enteredMailbox is a mailbox that an administrator entered, to which mail is delivered.
func (d *testDesk) enteredMailbox() uint64 {
	d.t.Helper()
	by := policy.Actor{Via: door.Command, System: true}
	m, err := d.app.Desk.Post.PutMailServer(by, 0, 0, post.ServerForm{Row: store.MailServer{Address: fmt.Sprintf("casella%d@posta.example", d.app.Store.Last())}})
	must(d.t, err)
	return m.ID
}

// postBox is a mail server that takes what is sent to it, unless it refuses the sender.
type postBox struct {
	port    int
	refuses string // what it answers to MAIL
	mu      sync.Mutex
	took    []string
}

func newPostBox(t *testing.T, refuses string) *postBox {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	must(t, err)
	t.Cleanup(func() { _ = ln.Close() })
	p := &postBox{port: ln.Addr().(*net.TCPAddr).Port, refuses: refuses}
	go func() {
		for {
			c, err := ln.Accept()
			if err != nil {
				return
			}
			go p.serve(c)
		}
	}()
	return p
}

func (p *postBox) serve(c net.Conn) {
	defer c.Close()
	say := func(s string) { fmt.Fprintf(c, "%s\r\n", s) }
	say("220 postbox")
	in := bufio.NewScanner(c)
	for in.Scan() {
		switch verb := strings.ToUpper(strings.SplitN(in.Text(), " ", 2)[0]); {
		case verb == "QUIT":
			say("221 bye")
			return
		case verb == "MAIL" && p.refuses != "":
			say(p.refuses)
		case verb == "DATA":
			say("354 go on")
			var text strings.Builder
			for in.Scan() && in.Text() != "." {
				text.WriteString(in.Text() + "\n")
			}
			p.mu.Lock()
			p.took = append(p.took, text.String())
			p.mu.Unlock()
			say("250 taken")
		default:
			say("250 well")
		}
	}
}

func (p *postBox) has(text string) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, m := range p.took {
		if strings.Contains(strings.ReplaceAll(m, "=\n", ""), text) {
			return true
		}
	}
	return false
}

func serverForm(port int, change func(url.Values)) url.Values {
	v := url.Values{"out": {"1"}, "address": {"sportello@posta.example"}, "host": {"127.0.0.1"}, "port": {fmt.Sprint(port)}, "tls": {"none"}, "attach-mb": {"5"}, "password_now": {testPassword}}
	if change != nil {
		change(v)
	}
	return v
}

// TestMailIsSetUpInTheBrowser: from no mail to an invitation that goes out by itself, without starting anew. What was
// entered is never shown again, and whoever is no administrator reaches nothing of it.
func TestMailIsSetUpInTheBrowser(t *testing.T) {
	d := newTestDesk(t, func(c *config.Config) { c.Trial.MailGather = 1 })
	admin := d.add("Anna Amministra", people.Form{Administrator: true})
	b := d.signedIn(admin)
	box := newPostBox(t, "")
	const secret = "parolasegretissima"

	b.must(b.get("/admin/mailboxes"), 200, "Lo sportello non invia posta", "/admin/mailboxes/outgoing")
	b.must(b.post("/admin/people", url.Values{"name": {"Prima"}, "email": {"prima@example.it"}}), 200, "/password/")

	b.must(b.post("/admin/mailboxes", serverForm(box.port, func(v url.Values) { v.Del("password_now") })), 422, `id="password_now"`)
	b.must(b.post("/admin/mailboxes", serverForm(box.port, func(v url.Values) { v.Set("host", "a b"); v.Set("password", secret); v.Set("user", "u") })), 422, "Non è il nome di un server", "!"+secret)
	b.must(b.post("/admin/mailboxes", serverForm(box.port, nil)), 303)
	b.must(b.get("/admin/mailboxes"), 200, fmt.Sprintf("127.0.0.1:%d", box.port), "sportello@posta.example")
	b.must(b.post("/admin/mailboxes/try-sender", nil), 303)

	b.must(b.post("/admin/people", url.Values{"name": {"Seconda"}, "email": {"seconda@example.it"}}), 303)
	b.must(b.get("/password"), 200, `id="email"`)
	eventually(t, "the invitation does not go out", func() bool { return box.has("/password/") && box.has("seconda@example.it") })

	// Another server takes over at once.
	other := newPostBox(t, "")
	rows, err := d.app.Desk.Post.EnteredServers()
	must(t, err)
	at := address.Admin("mailboxes", rows[0].ID)
	b.must(b.get("/admin/mailboxes/outgoing"), 303)
	b.must(b.post(at, serverForm(other.port, nil)), 303)
	b.must(b.post("/admin/people", url.Values{"name": {"Terza"}, "email": {"terza@example.it"}}), 303)
	eventually(t, "nothing goes to the server that was entered last", func() bool { return other.has("terza@example.it") })
	if box.has("terza@example.it") {
		t.Error("the server before has it too")
	}

	// A secret is kept, and no page has it.
	b.must(b.post(at, serverForm(other.port, func(v url.Values) { v.Set("user", "utente"); v.Set("password", secret) })), 303)
	for _, path := range []string{at, "/admin/mailboxes", "/admin/changes", "/admin", "/admin/people/" + fmt.Sprint(admin.ID)} {
		b.must(b.get(path), 200, "!"+secret)
	}
	b.must(b.get(at), 200, "Scrivi qui solo per cambiarla")
	b.must(b.post(at, serverForm(other.port, func(v url.Values) { v.Set("user", "utente"); v.Set("host", "localhost") })), 422, "scrivilo di nuovo")
	b.must(b.post("/admin/mailboxes/try-sender", nil), 422, "Utente, password o token rifiutati", "!"+secret)
	b.must(b.get("/admin/changes"), 200, "ha impostato un server di posta", "ha cambiato un server di posta")

	for role, f := range map[string]people.Form{"requester": {}, "editor": {Editor: true}, "supervisor": {Groups: []store.Membership{{Group: 1, Supervisor: true}}}} {
		o := d.signedIn(d.add("Altri "+role, f))
		for _, path := range []string{"/admin/mailboxes", "/admin/mailboxes/new", "/admin/mailboxes/outgoing", at} {
			if got := o.get(path); got.status != 403 && got.status != 404 {
				t.Errorf("%s: %s is %d", role, path, got.status)
			}
		}
		for _, path := range []string{"/admin/mailboxes", at, at + "/remove", "/admin/mailboxes/try-sender", "/admin/mailboxes/try"} {
			if got := o.post(path, serverForm(other.port, nil)); got.status != 403 && got.status != 404 {
				t.Errorf("%s: post %s is %d", role, path, got.status)
			}
		}
	}

	// A plain backup leaves out what opens the secret.
	salt, err := d.app.Store.SealSalt()
	must(t, err)
	folder := filepath.Join(t.TempDir(), "backups")
	man, err := d.app.Backups.Make(t.Context(), folder, nil)
	must(t, err)
	if man.LeftOut != 1 {
		t.Errorf("the backup says that %d secrets are left out", man.LeftOut)
	}
	must(t, filepath.WalkDir(folder, func(path string, e fs.DirEntry, err error) error {
		if err != nil || e.IsDir() {
			return err
		}
		raw, err := os.ReadFile(path)
		if strings.Contains(string(raw), secret) || strings.Contains(string(raw), hex.EncodeToString(salt)) {
			t.Errorf("%s holds it", path)
		}
		return err
	}))

	b.must(b.post(at+"/remove", nil), 303)
	b.must(b.get("/admin/mailboxes"), 200, "Lo sportello non invia posta")
	b.must(b.get("/password"), 200, `!id="email"`)
}

// TestTryingAMailServerSaysWhatFailsAndNoMore, in the reader's language: of what is no mail server not a word is told.
func TestTryingAMailServerSaysWhatFailsAndNoMore(t *testing.T) {
	d := newTestDesk(t)
	b := d.signedIn(d.add("Anna Amministra", people.Form{Administrator: true}))
	refusing := newPostBox(t, "550 5.7.1 not from you")
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	must(t, err)
	defer ln.Close()
	go func() {
		for {
			c, err := ln.Accept()
			if err != nil {
				return
			}
			fmt.Fprint(c, "HTTP/1.1 200 OK\r\n\r\nrobainterna\r\n")
			_ = c.Close()
		}
	}()
	at := ""
	for _, c := range []struct {
		host string
		port int
		tls  string
		says []string
	}{
		{"127.0.0.1", refusing.port, "none", []string{"non accetta posta dal nostro indirizzo", "550 not from you"}},
		{"127.0.0.1", freePort(t), "none", []string{"Il server non risponde"}},
		{"nessuno.invalid", 25, "starttls", []string{"Il nome del server non esiste"}},
		{"127.0.0.1", refusing.port, "tls", []string{"non offre una connessione cifrata"}},
		{"127.0.0.1", ln.Addr().(*net.TCPAddr).Port, "none", []string{"non risponde un server di posta", "!robainterna", "!HTTP/1.1"}},
	} {
		path := "/admin/mailboxes"
		if at != "" {
			path = at
		}
		b.must(b.post(path, serverForm(c.port, func(v url.Values) { v.Set("host", c.host); v.Set("tls", c.tls) })), 303)
		rows, err := d.app.Desk.Post.EnteredServers()
		must(t, err)
		at = address.Admin("mailboxes", rows[0].ID)
		b.must(b.post("/admin/mailboxes/try-sender", nil), 422, c.says...)
	}
}

// TestTheConfigurationComesFirst: what it names is shown as such and cannot be changed at the desk; what was entered for
// the same is not used.
func TestTheConfigurationComesFirst(t *testing.T) {
	box, entered := newPostBox(t, ""), newPostBox(t, "")
	d := newTestDesk(t, func(c *config.Config) {
		c.Trial.MailGather = 1
		c.SMTP.Host, c.SMTP.Port, c.SMTP.TLS, c.SMTP.From = "127.0.0.1", box.port, "none", "file@posta.example"
		c.Mailboxes = []config.Mailbox{{Address: "csa@posta.example", Group: "csa"}}
	})
	b := d.signedIn(d.add("Anna Amministra", people.Form{Administrator: true}))
	b.must(b.get("/admin/mailboxes"), 200, "dal file di configurazione", "csa@posta.example", "!Impostati qui e non usati")
	b.must(b.post("/admin/mailboxes", serverForm(entered.port, nil)), 303)
	b.must(b.post("/admin/mailboxes", url.Values{"address": {"csa@posta.example"}, "group": {"contabilita"}}), 303)
	b.must(b.post("/admin/mailboxes", url.Values{"address": {"altra@posta.example"}, "group": {"contabilita"}}), 303)
	page := b.get("/admin/mailboxes")
	b.must(page, 200, fmt.Sprintf("127.0.0.1:%d", box.port), "file@posta.example", "Impostati qui e non usati", fmt.Sprintf("127.0.0.1:%d</a>", entered.port), "altra@posta.example</a>")
	if got := d.app.Desk.Post.Mail(); got.From != "file@posta.example" || len(got.Mailboxes) != 2 || got.Mailboxes[0].Group != "csa" {
		t.Errorf("the desk goes by %+v", got.Mailboxes)
	}
	b.must(b.post("/admin/people", url.Values{"name": {"Prima"}, "email": {"prima@example.it"}}), 303)
	eventually(t, "nothing goes to the server of the configuration", func() bool { return box.has("prima@example.it") })
	if entered.has("prima@example.it") {
		t.Error("it goes to what was entered too")
	}
}

// TestAMailboxThatIsEnteredIsFetchedAtOnce, and no longer once it is taken away.
func TestAMailboxThatIsEnteredIsFetchedAtOnce(t *testing.T) {
	memory, user := imapmemserver.New(), imapmemserver.NewUser("csa", "parolasegretissima")
	must(t, user.Create("INBOX", nil))
	memory.AddUser(user)
	server := imapserver.New(&imapserver.Options{InsecureAuth: true, Caps: imap.CapSet{imap.CapIMAP4rev1: {}, imap.CapUIDPlus: {}},
		NewSession: func(*imapserver.Conn) (imapserver.Session, *imapserver.GreetingData, error) {
			return memory.NewSession(), nil, nil
		}})
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	must(t, err)
	go func() { _ = server.Serve(ln) }()
	t.Cleanup(func() { _ = server.Close() })
	arrive := func(subject string) {
		raw := "From: Ada Neri <ada@example.it>\r\nTo: csa@posta.example\r\nSubject: " + subject + "\r\nMessage-ID: <" + subject + "@example.it>\r\n\r\nNon si apre.\r\n"
		_, err := user.Append("INBOX", literal{strings.NewReader(raw), int64(len(raw))}, &imap.AppendOptions{})
		must(t, err)
	}
	d := newTestDesk(t)
	b := d.signedIn(d.add("Anna Amministra", people.Form{Administrator: true}))
	form := url.Values{"address": {"csa@posta.example"}, "group": {"csa"}, "host": {"127.0.0.1"}, "port": {fmt.Sprint(ln.Addr().(*net.TCPAddr).Port)}, "tls": {"none"}, "user": {"csa"},
		"password": {"sbagliata"}, "password_now": {testPassword}}
	arrive("primo")
	b.must(b.post("/admin/mailboxes", form), 303)
	try := func() answer { return b.post("/admin/mailboxes/try", url.Values{"address": {"csa@posta.example"}}) }
	b.must(try(), 422, "Utente, password o token rifiutati", "!sbagliata")
	rows, err := d.app.Desk.Post.EnteredServers()
	must(t, err)
	at := address.Admin("mailboxes", rows[0].ID)
	form.Set("password", "parolasegretissima")
	form.Set("folder", "Nessuna")
	b.must(b.post(at, form), 303)
	b.must(try(), 422, "La cartella non c&#39;è", "!parolasegretissima")
	form.Del("password") // what is kept is kept
	form.Set("folder", "")
	b.must(b.post(at, form), 303)
	b.must(try(), 303)
	eventually(t, "the mailbox is not fetched", func() bool { return d.tickets() == 1 })
	b.must(b.post(at+"/remove", nil), 303)
	b.must(b.get("/admin/mailboxes"), 200, "!csa@posta.example</a>")
	if len(d.app.Mail.Mailboxes()) != 0 {
		t.Error("it is watched still")
	}
}

// literal is a message for the memory of a server.
type literal struct {
	*strings.Reader
	size int64
}

func (l literal) Size() int64 { return l.size }
