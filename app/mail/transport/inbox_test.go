package transport_test

import (
	"context"
	"crypto/tls"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"slices"
	"sync"
	"testing"
	"time"

	"sportello/app/mail/peer"
	"sportello/app/mail/transport"
)

func TestTrySaysWhatKeepsTheInboxFromWorking(t *testing.T) {
	t.Parallel()
	d := peer.Dovecot(t, "anna")
	nobody := peer.Listen(t)
	nobody.Close()
	otherName := peer.Listen(t)
	elsewhere := tls.NewListener(otherName, &tls.Config{Certificates: []tls.Certificate{d.Authority.Issue(t, "elsewhere.test")}})
	go func() {
		for {
			c, err := elsewhere.Accept()
			if err != nil {
				return
			}
			go func() {
				_ = c.(*tls.Conn).Handshake() // the client closes it
				c.Close()
			}()
		}
	}()
	tests := []struct {
		name   string
		change func(*transport.Inbox)
		want   transport.Code
	}{
		{"all is well over TLS", func(*transport.Inbox) {}, ""},
		{"all is well with STARTTLS", func(in *transport.Inbox) { in.TLS, in.Port = transport.TLSStart, d.Plain }, ""},
		{"all is well without encryption on this machine", func(in *transport.Inbox) { in.TLS, in.Port = transport.TLSNone, d.Plain }, ""},
		{"nobody listens", func(in *transport.Inbox) { in.Port = peer.Port(nobody) }, transport.CannotConnect},
		{"no such host", func(in *transport.Inbox) { in.Host = "nowhere.invalid" }, transport.NoSuchHost},
		{"the server never answers", func(in *transport.Inbox) { in.Port, in.TLS = peer.Silent(t), transport.TLSNone }, transport.TooSlow},
		{"the server never answers to TLS", func(in *transport.Inbox) { in.Port = peer.Silent(t) }, transport.TooSlow},
		{"an authority that we do not know", func(in *transport.Inbox) { in.Roots = nil }, transport.BadCertificate},
		{"an authority that we do not know, with STARTTLS", func(in *transport.Inbox) { in.Roots, in.TLS, in.Port = nil, transport.TLSStart, d.Plain }, transport.BadCertificate},
		{"a certificate for another name", func(in *transport.Inbox) { in.Port = peer.Port(otherName) }, transport.BadCertificate},
		{"TLS where there is none", func(in *transport.Inbox) { in.Port = d.Plain }, transport.NoEncryption},
		{"STARTTLS where there is none", func(in *transport.Inbox) { in.TLS, in.Port = transport.TLSStart, peer.OldIMAP(t, "anna") }, transport.NoEncryption},
		{"wrong password", func(in *transport.Inbox) { in.Password = func() (string, error) { return "sbagliata", nil } }, transport.SignInRefused},
		{"unknown user", func(in *transport.Inbox) { in.User = "nessuno" }, transport.SignInRefused},
		{"a password that cannot be read", func(in *transport.Inbox) {
			in.Password = func() (string, error) { return "", errors.New("no such file") }
		}, transport.SecretMissing},
		{"no such folder", func(in *transport.Inbox) { in.Folder = "Assistenza" }, transport.NoFolder},
		{"not a mail server", func(in *transport.Inbox) {
			in.Port, in.TLS = peer.Says(t, "HTTP/1.1 400 Bad Request\r\n\r\n"), transport.TLSNone
		}, transport.NotMail},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			in := inbox(d, "anna")
			in.Times.Answer, in.Times.Connect = 500*time.Millisecond, 500*time.Millisecond
			if tt.want != transport.TooSlow {
				in.Times.Answer, in.Times.Connect = patience, patience
			}
			tt.change(in)
			err := in.Try(t.Context())
			if transport.CodeOf(err) != tt.want || (err == nil) != (tt.want == "") {
				t.Errorf("%q: %v, want %q", transport.CodeOf(err), err, tt.want)
			}
		})
	}

	t.Run("no encryption to another machine", func(t *testing.T) {
		addr := otherAddress(t)
		ln, err := net.Listen("tcp", net.JoinHostPort(addr, "0"))
		if err != nil {
			t.Skip(err)
		}
		defer ln.Close()
		in := inbox(d, "anna")
		in.Host, in.Port, in.TLS = addr, peer.Port(ln), transport.TLSNone
		if err := in.Try(t.Context()); transport.CodeOf(err) != transport.NoEncryption {
			t.Error(err)
		}
	})

	t.Run("it can be called off", func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		in := inbox(d, "anna")
		in.Port = peer.Silent(t)
		in.Password = nil
		time.AfterFunc(time.Millisecond, cancel)
		if err := in.Try(ctx); err == nil || ctx.Err() == nil {
			t.Error(err)
		}
	})
}

// otherAddress returns an address of this machine other than loopback.
func otherAddress(t *testing.T) string {
	all, err := net.InterfaceAddrs()
	if err != nil {
		t.Fatal(err)
	}
	for _, a := range all {
		if ip, ok := a.(*net.IPNet); ok && !ip.IP.IsLoopback() && ip.IP.To4() != nil {
			return ip.IP.String()
		}
	}
	t.Skip("this machine has no other address")
	return ""
}

func TestAnInboxThatMakesNoSenseIsRefusedAtOnce(t *testing.T) {
	t.Parallel()
	for _, in := range []*transport.Inbox{
		{},
		{Host: "imap.test", TLS: "ssl"},
		{Host: "imap.test", TLS: transport.TLSOptional},
		{Host: "imap.test", After: transport.AfterMove},
		{Host: "imap.test", After: transport.AfterMove, MoveTo: "INBOX"},
	} {
		if err := in.Watch(t.Context(), transport.Position{}, nil, nil, nil); err == nil {
			t.Errorf("%+v is watched", in)
		}
	}
}

func TestAServerThatFallsSilentIsFoundOutAndMessagesArriveLater(t *testing.T) {
	t.Parallel()
	d := peer.Dovecot(t, "anna")
	p := peer.NewProxy(t, d.Plain)
	in := inbox(d, "anna")
	in.Port, in.TLS = p.Port, transport.TLSNone
	in.Times.Renew, in.Times.Answer = 50*time.Millisecond, 300*time.Millisecond
	w := start(t, in, transport.Position{}, nil)
	w.until("idle", func() bool { return w.state.Idle })
	w.until("IDLE renewed", func() bool { return len(w.states) > 4 })
	p.Mute(true)
	d.Deliver(t, "anna", message("intanto"))
	w.until("failed", func() bool {
		return w.state.State == transport.InboxFailed && transport.CodeOf(w.state.Err) == transport.TooSlow && !w.state.NextTry.IsZero()
	})
	p.Mute(false)
	w.quiet(1)
	w.stop()
	w.check("intanto")
}

func TestAFolderThatCannotBeMadeKeepsTheMessages(t *testing.T) {
	t.Parallel()
	d := peer.Dovecot(t, "anna")
	d.Deliver(t, "anna", message("uno"))
	in := inbox(d, "anna")
	in.After, in.MoveTo = transport.AfterMove, "../fuori"
	w := start(t, in, transport.Position{}, nil)
	w.until("told", func() bool {
		return w.state.State == transport.InboxWatching && transport.CodeOf(w.state.Err) == transport.Refused
	})
	at := w.stop()
	w.check("uno")
	if left := d.Inbox(t, "anna"); len(left) != 1 || len(at.Unmarked) != 1 {
		t.Fatalf("%d messages left, position %+v", len(left), at)
	}
	in.MoveTo = "Fatto"
	again := start(t, in, at, nil)
	again.quiet(0)
	if at = again.stop(); len(at.Unmarked) != 0 || len(d.Folder(t, "anna", "Fatto")) != 1 {
		t.Errorf("position %+v, moved %d", at, len(d.Folder(t, "anna", "Fatto")))
	}
	again.check()
}

func TestSaveThatFailsIsTriedAgain(t *testing.T) {
	t.Parallel()
	d := peer.Dovecot(t, "anna")
	d.Deliver(t, "anna", message("uno"))
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	var got []uint32
	tries := 0
	err := inbox(d, "anna").Watch(ctx, transport.Position{}, func(p transport.Position) error {
		if p.UID == 0 {
			return nil
		}
		if tries++; tries < 3 {
			return errors.New("disk full")
		}
		cancel()
		return nil
	}, func(_ context.Context, e transport.Envelope, _ io.Reader) error {
		got = append(got, e.UID)
		return nil
	}, func(transport.InboxState) {})
	if !errors.Is(err, context.Canceled) || tries != 3 || !slices.Equal(got, []uint32{1}) {
		t.Errorf("%v after %d tries, delivered %v", err, tries, got)
	}
}

// provider is an OAuth token endpoint, and the service that Dovecot asks about tokens.
type provider struct {
	*httptest.Server
	mu     sync.Mutex
	valid  map[string]bool
	grants []string
	n      int
	rotate bool
}

func newProvider(t *testing.T) *provider {
	p := &provider{valid: make(map[string]bool)}
	mux := http.NewServeMux()
	mux.HandleFunc("POST /token", func(w http.ResponseWriter, r *http.Request) {
		p.mu.Lock()
		defer p.mu.Unlock()
		_, secret, basic := r.BasicAuth()
		if !basic {
			secret = r.PostFormValue("client_secret")
		}
		grant := r.PostFormValue("grant_type") + " " + r.PostFormValue("refresh_token") + " " + r.PostFormValue("scope") + " " + secret
		if secret != "segreto" {
			w.WriteHeader(http.StatusUnauthorized)
			return
		}
		p.grants = append(p.grants, grant)
		p.n++
		token := fmt.Sprintf("token%d", p.n)
		p.valid[token] = true
		answer := map[string]any{"access_token": token, "token_type": "Bearer", "expires_in": 3600}
		if p.rotate {
			answer["refresh_token"] = fmt.Sprintf("refresh%d", p.n)
		}
		w.Header().Set("Content-Type", "application/json")
		_ = json.NewEncoder(w).Encode(answer)
	})
	mux.HandleFunc("/introspect", func(w http.ResponseWriter, r *http.Request) {
		p.mu.Lock()
		defer p.mu.Unlock()
		w.Header().Set("Content-Type", "application/json")
		_ = json.NewEncoder(w).Encode(map[string]any{"active": p.valid[r.FormValue("token")], "user": "anna"})
	})
	p.Server = httptest.NewServer(mux)
	t.Cleanup(p.Close)
	return p
}

func (p *provider) revoke() {
	p.mu.Lock()
	defer p.mu.Unlock()
	clear(p.valid)
}

func TestSigningInWithATokenInsteadOfAPassword(t *testing.T) {
	t.Parallel()
	p := newProvider(t)
	d := peer.DovecotWith(t, p.URL+"/introspect?token=", "anna")
	var renewed []string
	o := &transport.OAuth{
		TokenURL: p.URL + "/token", ClientID: "desk", Scopes: []string{"imap"},
		Secret:  func() (string, error) { return "segreto", nil },
		Refresh: func() (string, error) { return "refresh0", nil },
		Renewed: func(r string) { renewed = append(renewed, r) },
	}
	in := inbox(d, "anna")
	in.Password, in.OAuth = nil, o
	try := func(want transport.Code) {
		t.Helper()
		if err := in.Try(t.Context()); transport.CodeOf(err) != want {
			t.Fatalf("%v, want %q", err, want)
		}
	}
	try("")
	try("") // with the same token
	p.rotate = true
	p.revoke()
	try(transport.SignInRefused) // and forgets the token
	try("")
	p.revoke()
	try(transport.SignInRefused)
	try("")
	want := []string{"refresh_token refresh0  segreto", "refresh_token refresh0  segreto", "refresh_token refresh2  segreto"}
	if !slices.Equal(p.grants, want) || !slices.Equal(renewed, []string{"refresh2", "refresh3"}) {
		t.Errorf("asked for %q, want %q; renewed %q", p.grants, want, renewed)
	}

	in.OAuth = &transport.OAuth{TokenURL: p.URL + "/token", ClientID: "desk", Secret: o.Secret, Scopes: []string{"imap"}}
	try("")
	if last := p.grants[len(p.grants)-1]; last != "client_credentials  imap segreto" {
		t.Errorf("asked for %q", last)
	}
	in.OAuth = &transport.OAuth{TokenURL: p.URL + "/token", ClientID: "desk", Secret: func() (string, error) { return "altro", nil }}
	try(transport.SecretMissing)
}
