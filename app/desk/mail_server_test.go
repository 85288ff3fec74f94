package desk

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"sportello/app/desk/policy"
	"sportello/app/desk/post"
	"sportello/store"
	"sportello/store/act"
	"sportello/store/db"
	"sportello/store/fault"
)

const secretWord = "parolasegretissima"

func outgoing(change func(*post.ServerForm)) post.ServerForm {
	f := post.ServerForm{Row: store.MailServer{Out: true, Address: "sportello@ateneo.example", Host: "smtp.ateneo.example", TLS: "starttls", User: "sportello", AttachMB: 10},
		Password: post.SecretForm{Typed: secretWord}}
	if change != nil {
		change(&f)
	}
	return f
}

func inbound(change func(*post.ServerForm)) post.ServerForm {
	f := post.ServerForm{Row: store.MailServer{Address: "csa@posta.example", Host: "imap.ateneo.example", TLS: "tls", User: "csa", Group: "csa"}, Password: post.SecretForm{Typed: secretWord}}
	if change != nil {
		change(&f)
	}
	return f
}

// TestAdministratorsAloneEnterMailServers: over who asks, and everything that can be asked.
func TestAdministratorsAloneEnterMailServers(t *testing.T) {
	o := newOffice(t)
	m, err := o.Post.PutMailServer(o.as("amministratore"), 0, 0, outgoing(nil))
	if err != nil {
		t.Fatal(err)
	}
	ways := map[string]func(policy.Actor) error{
		"list":   func(a policy.Actor) error { _, err := o.Post.MailServers(a); return err },
		"read":   func(a policy.Actor) error { _, err := o.Post.MailServer(a, m.ID); return err },
		"add":    func(a policy.Actor) error { _, err := o.Post.PutMailServer(a, 0, 0, inbound(nil)); return err },
		"change": func(a policy.Actor) error { _, err := o.Post.PutMailServer(a, m.ID, 0, outgoing(nil)); return err },
		"remove": func(a policy.Actor) error { _, err := o.Post.RemoveMailServer(a, m.ID); return err },
	}
	for name, try := range ways {
		for _, who := range []string{"ada", "collega", "estraneo", "agente", "responsabile", "redattore"} {
			if err := try(o.as(who)); fault.KindOf(err) != fault.Denied {
				t.Errorf("%s: %s gets %v", who, name, err)
			}
		}
		if err := try(policy.Actor{}); fault.KindOf(err) != fault.SignIn {
			t.Errorf("who is not signed in: %s gets %v", name, err)
		}
	}
	if rows, err := o.Post.MailServers(o.as("amministratore")); err != nil || len(rows) != 1 {
		t.Errorf("%d rows, %v", len(rows), err)
	}
}

// TestASecretOfAMailServerIsNeverShownAgain: neither in what is listed, nor in the log, nor on the disk. It opens for who
// connects, and stays when the row is changed without it, unless it would go to somebody else.
func TestASecretOfAMailServerIsNeverShownAgain(t *testing.T) {
	o := newOffice(t)
	a := o.as("amministratore")
	m, err := o.Post.PutMailServer(a, 0, 0, outgoing(nil))
	if err != nil {
		t.Fatal(err)
	}
	opened := func() string {
		t.Helper()
		rows, err := o.Post.EnteredServers()
		if err != nil {
			t.Fatal(err)
		}
		s, err := o.Post.OpenSecret("password", rows[0].Password)
		if err != nil {
			t.Fatal(err)
		}
		return s
	}
	if opened() != secretWord {
		t.Error("the secret does not open")
	}
	sealed, err := o.Post.EnteredServers()
	if err != nil {
		t.Fatal(err)
	}
	shown, err := o.Post.MailServers(a)
	if err != nil {
		t.Fatal(err)
	}
	lines, _, err := o.Audit(a, 0, 200)
	if err != nil {
		t.Fatal(err)
	}
	found := false
	for _, l := range lines {
		found = found || l.Act == act.AddMailServer && l.Table == "mail_servers" && l.By == "Anna Amministra"
	}
	if !found {
		t.Error("the log does not say who entered it")
	}
	var changes []*db.Change
	if err := o.st.View(func(tx *db.Tx) error {
		for c, err := range tx.Changes(0) {
			if err != nil {
				return err
			}
			changes = append(changes, c)
		}
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	for name, v := range map[string]any{"the returned row": m, "the list": shown, "the audit": lines, "the change log": changes} {
		raw, err := json.Marshal(v)
		if err != nil {
			t.Fatal(err)
		}
		for _, word := range []string{secretWord, sealed[0].Password.Sealed} {
			if strings.Contains(string(raw), word) {
				t.Errorf("%s holds %.20q", name, word)
			}
		}
	}
	raw, err := os.ReadFile(filepath.Join(o.st.Dir(), "desk.db"))
	if err != nil || strings.Contains(string(raw), secretWord) {
		t.Errorf("the rows on the disk hold it in clear: %v", err)
	}

	// A change without it leaves it.
	f := outgoing(func(f *post.ServerForm) {
		f.Password, f.Row.AttachMB, f.Row.Port, f.Row.User = post.SecretForm{}, 3, 2525, "altro"
	})
	if _, err := o.Post.PutMailServer(a, m.ID, m.Rev, f); err != nil || opened() != secretWord {
		t.Errorf("a change without the secret: %v", err)
	}
	wants(t, func() error { _, err := o.Post.PutMailServer(a, m.ID, m.Rev, f); return err }(), fault.Conflict, "error.changed-meanwhile", "")
	// To another server it goes only when it is typed again.
	for name, change := range map[string]func(*post.ServerForm){
		"another host":        func(f *post.ServerForm) { f.Row.Host = "smtp.altrove.example" },
		"without encryption":  func(f *post.ServerForm) { f.Row.TLS = "none" },
		"to any machine":      func(f *post.ServerForm) { f.Row.Plain = true },
		"another certificate": func(f *post.ServerForm) { f.Row.Authority = testAuthority },
	} {
		f := outgoing(func(f *post.ServerForm) { f.Password = post.SecretForm{}; change(f) })
		_, err := o.Post.PutMailServer(a, m.ID, 0, f)
		if err == nil || !strings.Contains(err.Error(), "secret-again") {
			t.Errorf("%s: %v", name, err)
		}
		f.Password.Typed = "un'altra"
		if _, err := o.Post.PutMailServer(a, m.ID, 0, f); err != nil || opened() != "un'altra" {
			t.Errorf("%s, typed again: %v", name, err)
		}
		if _, err := o.Post.PutMailServer(a, m.ID, 0, outgoing(nil)); err != nil {
			t.Fatal(err)
		}
	}
	// One without a user has no secret left.
	if _, err := o.Post.PutMailServer(a, m.ID, 0, outgoing(func(f *post.ServerForm) { f.Row.User, f.Password = "", post.SecretForm{} })); err != nil {
		t.Fatal(err)
	}
	if rows, _ := o.Post.EnteredServers(); rows[0].Password.Is() {
		t.Error("a secret that nothing uses is kept")
	}
}

// TestAFileWithASecretLiesInItsFolder: no other file is read, for a row sends what it reads to the server it names.
func TestAFileWithASecretLiesInItsFolder(t *testing.T) {
	o := newOffice(t)
	a := o.as("amministratore")
	folder := o.st.SecretFiles()
	if err := os.MkdirAll(folder, 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(folder, "smtp"), []byte(secretWord+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(o.st.Dir(), "altro"), []byte("x"), 0o600); err != nil {
		t.Fatal(err)
	}
	by := func(name string) post.ServerForm {
		return outgoing(func(f *post.ServerForm) { f.Password = post.SecretForm{File: name} })
	}
	for _, name := range []string{"../altro", "../key", "/etc/passwd", folder + "/../key", "nessuno", ".", "..", "a/b", "", "smtp\x00"} {
		if _, err := o.Post.PutMailServer(a, 0, 0, by(name)); fault.KindOf(err) != fault.Invalid {
			t.Errorf("%q: %v", name, err)
		}
	}
	m, err := o.Post.PutMailServer(a, 0, 0, by(filepath.Join(folder, "smtp")))
	if err != nil {
		t.Fatal(err)
	}
	if m.Password.File != "smtp" || m.Password.Sealed != "" {
		t.Errorf("kept as %+v", m.Password)
	}
	if got, err := o.Post.OpenSecret("password", m.Password); err != nil || got != secretWord {
		t.Errorf("opened: %q, %v", got, err)
	}
	_, err = o.Post.PutMailServer(a, m.ID, 0, outgoing(func(f *post.ServerForm) { f.Password = post.SecretForm{} }))
	wants(t, err, fault.Invalid, "error.required", "password")
	_, err = o.Post.PutMailServer(a, m.ID, 0, outgoing(func(f *post.ServerForm) { f.Password.File = "smtp" }))
	wants(t, err, fault.Invalid, "error.secret-or-file", "password")
}

// TestWhatCannotBeAMailServerIsRefusedByItsField over what somebody may type.
func TestWhatCannotBeAMailServerIsRefusedByItsField(t *testing.T) {
	o := newOffice(t)
	a := o.as("amministratore")
	if _, err := o.Post.PutMailServer(a, 0, 0, inbound(nil)); err != nil {
		t.Fatal(err)
	}
	if _, err := o.Post.PutMailServer(a, 0, 0, outgoing(nil)); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		field string
		out   bool
		do    func(*store.MailServer)
	}{
		{"address", true, func(m *store.MailServer) {}}, // there is one already
		{"address", false, func(m *store.MailServer) { m.Address = "CSA@posta.example" }},
		{"address", false, func(m *store.MailServer) { m.Address = "csa+x@posta.example" }},
		{"address", false, func(m *store.MailServer) { m.Address = "nessuno" }},
		{"host", false, func(m *store.MailServer) { m.Host = "imap.example/x" }},
		{"host", true, func(m *store.MailServer) { m.Host = "" }},
		{"port", false, func(m *store.MailServer) { m.Port = 70000 }},
		{"tls", false, func(m *store.MailServer) { m.TLS = "optional" }},
		{"who", false, func(m *store.MailServer) { m.Who = "x" }},
		{"domains", false, func(m *store.MailServer) { m.Who = "domains" }},
		{"domains", false, func(m *store.MailServer) { m.Domains = []string{"a b"} }},
		{"after", false, func(m *store.MailServer) { m.After = "x" }},
		{"move-to", false, func(m *store.MailServer) { m.After = "move" }},
		{"group", false, func(m *store.MailServer) { m.Group = "nessuno" }},
		{"module", false, func(m *store.MailServer) { m.Module = "nessuno" }},
		{"user", false, func(m *store.MailServer) { m.User = "" }},
		{"authority", false, func(m *store.MailServer) { m.Authority = "x" }},
		{"oauth-url", false, func(m *store.MailServer) { m.OAuthURL, m.OAuthClient = "http://x.example/", "x" }},
		{"oauth-client", false, func(m *store.MailServer) { m.OAuthURL = "https://x.example/" }},
		{"attach-mb", true, func(m *store.MailServer) { m.AttachMB = 101 }},
		{"helo", true, func(m *store.MailServer) { m.HELO = "a b" }},
		{"dkim-selector", true, func(m *store.MailServer) { m.DKIMDomain = "ateneo.example" }},
		{"dkim-secret", true, func(m *store.MailServer) { m.DKIMDomain, m.DKIMSelector = "ateneo.example", "s" }},
	} {
		f := inbound(func(f *post.ServerForm) { f.Row.Address = "altra@posta.example" })
		if c.out {
			f = outgoing(nil)
		}
		c.do(&f.Row)
		_, err := o.Post.PutMailServer(a, 0, 0, f)
		wants(t, err, fault.Invalid, "", c.field)
	}
	rows, err := o.Post.MailServers(a)
	if err != nil || len(rows) != 2 || !rows[0].Out || rows[1].Address != "csa@posta.example" || rows[1].Who != post.WhoEverybody || rows[1].After != "keep" {
		t.Errorf("rows: %v, %v", rows, err)
	}
}

// testAuthority is a certificate of nobody.
const testAuthority = `-----BEGIN CERTIFICATE-----
MIIBkDCCATWgAwIBAgIUOXFSUI5ngWXBs4mP3ruMiP6OvKgwCgYIKoZIzj0EAwIw
HDEaMBgGA1UEAwwRQXV0b3JpdGEgZGkgcHJvdmEwIBcNMjYxMTI5MTYzODMzWhgP
MjEyNjExMDUxNjM4MzNaMBwxGjAYBgNVBAMMEUF1dG9yaXRhIGRpIHByb3ZhMFkw
EwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEaBybVCwYOzVjxFWe6LtNohI8hLBm8ncN
HTuaD7YhcFEVN6+kQFd2XIKWA0bhJDpLGqA4UNP/yaj8j/DbDXG1raNTMFEwHQYD
VR0OBBYEFHOJ8EaKpBy2GIMsfIvk9TiNkZYWMB8GA1UdIwQYMBaAFHOJ8EaKpBy2
GIMsfIvk9TiNkZYWMA8GA1UdEwEB/wQFMAMBAf8wCgYIKoZIzj0EAwIDSQAwRgIh
AOwFB7cLFyVDZloEUXRaEnqA/4T5gMZHQwqbIFkEvUnCAiEAyxK5ic1hXUYAEQl6
lMYxCGnMHXvwwYSSXnOqzMozW1U=
-----END CERTIFICATE-----`
