package peer

import (
	"bytes"
	"crypto/tls"
	"io"
	"net"
	"regexp"
	"sync"
	"testing"

	"github.com/emersion/go-imap/v2"
	"github.com/emersion/go-imap/v2/imapserver"
	"github.com/emersion/go-imap/v2/imapserver/imapmemserver"
	"github.com/emersion/go-sasl"
	"github.com/emersion/go-smtp"
)

// Proxy forwards connections to a server and breaks them on demand.
type Proxy struct {
	Port int

	mu   sync.Mutex
	cut  []int64 // for each of the next connections: bytes from the server after which it breaks
	open map[net.Conn]bool
	made int
	mute bool
}

// NewProxy starts a proxy for a port of Host.
func NewProxy(t testing.TB, to int) *Proxy {
	t.Helper()
	ln := Listen(t)
	p := &Proxy{Port: Port(ln), open: make(map[net.Conn]bool)}
	t.Cleanup(p.Drop)
	serve(t, ln, func(c net.Conn) {
		up, err := dial(to)
		if err != nil {
			return
		}
		defer up.Close()
		p.mu.Lock()
		p.made++
		limit := int64(-1)
		if len(p.cut) > 0 {
			limit, p.cut = p.cut[0], p.cut[1:]
		}
		p.open[c], p.open[up] = true, true
		p.mu.Unlock()
		go func() {
			defer up.Close()
			_, _ = io.Copy(up, c) // either side may close it
		}()
		if limit >= 0 {
			_, _ = io.CopyN(c, up, limit)
		} else {
			_, _ = io.Copy(muted{p, c}, up)
		}
		p.mu.Lock()
		defer p.mu.Unlock()
		delete(p.open, c)
		delete(p.open, up)
	})
	return p
}

// CutAfter makes the next connections break after the given numbers of bytes from the server, one number per
// connection.
func (p *Proxy) CutAfter(bytes ...int64) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.cut = append(p.cut, bytes...)
}

// Drop breaks all current connections.
func (p *Proxy) Drop() {
	p.mu.Lock()
	defer p.mu.Unlock()
	for c := range p.open {
		c.Close()
	}
}

// Mute discards everything the server sends; the connections stay open.
func (p *Proxy) Mute(on bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.mute = on
}

type muted struct {
	p *Proxy
	c net.Conn
}

func (m muted) Write(b []byte) (int, error) {
	m.p.mu.Lock()
	mute := m.p.mute
	m.p.mu.Unlock()
	if mute {
		return len(b), nil
	}
	return m.c.Write(b)
}

// Connections returns the number of connections so far.
func (p *Proxy) Connections() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.made
}

// serve runs handle for every connection of ln, and waits for all of them at the end of the test.
func serve(t testing.TB, ln net.Listener, handle func(net.Conn)) {
	var all sync.WaitGroup
	var mu sync.Mutex
	open := make(map[net.Conn]bool)
	all.Add(1)
	go func() {
		defer all.Done()
		for {
			c, err := ln.Accept()
			if err != nil {
				return
			}
			mu.Lock()
			open[c] = true
			mu.Unlock()
			all.Add(1)
			go func() {
				defer all.Done()
				defer c.Close()
				handle(c)
			}()
		}
	}()
	t.Cleanup(func() {
		ln.Close()
		mu.Lock()
		for c := range open {
			c.Close()
		}
		mu.Unlock()
		all.Wait()
	})
}

// Silent starts a server that accepts connections and never sends anything. It returns its port.
func Silent(t testing.TB) int {
	t.Helper()
	ln := Listen(t)
	serve(t, ln, func(c net.Conn) {
		_, _ = io.Copy(io.Discard, c)
	})
	return Port(ln)
}

// Says starts a server that greets every connection with the text, then reads and never answers. It returns its port.
func Says(t testing.TB, text string) int {
	t.Helper()
	ln := Listen(t)
	serve(t, ln, func(c net.Conn) {
		if _, err := io.WriteString(c, text); err == nil {
			_, _ = io.Copy(io.Discard, c)
		}
	})
	return Port(ln)
}

// OldIMAP starts an IMAP server without IDLE, MOVE and UIDPLUS, for one user with Password and the messages in INBOX.
// It returns its port.
func OldIMAP(t testing.TB, user string, messages ...string) int {
	t.Helper()
	mem := imapmemserver.New()
	u := imapmemserver.NewUser(user, Password)
	if err := u.Create("INBOX", nil); err != nil {
		t.Fatal(err)
	}
	for _, m := range messages {
		if _, err := u.Append("INBOX", literal{m, new(int)}, &imap.AppendOptions{}); err != nil {
			t.Fatal(err)
		}
	}
	mem.AddUser(u)
	srv := imapserver.New(&imapserver.Options{
		NewSession: func(*imapserver.Conn) (imapserver.Session, *imapserver.GreetingData, error) {
			return mem.NewSession(), nil, nil
		},
		Caps: imap.CapSet{imap.CapIMAP4rev1: {}}, InsecureAuth: true, Logger: quiet{},
	})
	ln := Listen(t)
	t.Cleanup(func() { srv.Close() })
	go func() {
		_ = srv.Serve(older{ln}) // ends with the test
	}()
	return Port(ln)
}

// older removes from a server's capabilities what old servers do not have; imapserver always advertises it.
type older struct{ net.Listener }

func (o older) Accept() (net.Conn, error) {
	c, err := o.Listener.Accept()
	return olderConn{c}, err
}

type olderConn struct{ net.Conn }

func (c olderConn) Write(b []byte) (int, error) {
	if bytes.Contains(b, []byte("CAPABILITY ")) {
		if _, err := c.Conn.Write(newer.ReplaceAll(b, nil)); err != nil {
			return 0, err
		}
		return len(b), nil
	}
	return c.Conn.Write(b)
}

var newer = regexp.MustCompile(` (IDLE|MOVE|UIDPLUS|ESEARCH|NAMESPACE|ENABLE|UNSELECT)\b`)

type quiet struct{}

func (quiet) Printf(string, ...any) {}

type literal struct {
	s  string
	at *int
}

func (l literal) Size() int64 { return int64(len(l.s)) }
func (l literal) Read(b []byte) (int, error) {
	n := copy(b, l.s[*l.at:])
	*l.at += n
	if n == 0 {
		return 0, io.EOF
	}
	return n, nil
}

// Relay is an SMTP server that keeps the messages it accepts.
type Relay struct {
	Port int

	mu     sync.Mutex
	answer []*smtp.SMTPError
	taken  []Taken
	lose   int
	conns  int
}

// Taken is a message that a Relay accepted.
type Taken struct {
	From, To string
	Data     []byte
}

// NewRelay starts a Relay; config, if not nil, enables STARTTLS.
func NewRelay(t testing.TB, config *tls.Config) *Relay {
	t.Helper()
	r := &Relay{}
	srv := smtp.NewServer(smtp.BackendFunc(func(c *smtp.Conn) (smtp.Session, error) {
		r.mu.Lock()
		defer r.mu.Unlock()
		r.conns++
		return &relaySession{r: r, conn: c}, nil
	}))
	srv.Domain, srv.TLSConfig, srv.ErrorLog, srv.EnableSMTPUTF8 = "relay.example.test", config, quietLog{}, false
	ln := Listen(t)
	r.Port = Port(ln)
	t.Cleanup(func() { srv.Close() })
	go func() {
		_ = srv.Serve(ln) // ends with the test
	}()
	return r
}

type quietLog struct{}

func (quietLog) Printf(string, ...any) {}
func (quietLog) Println(...any)        {}

// Answer sets the relay's answers for the next recipients, one per recipient; nil accepts it.
func (r *Relay) Answer(with ...*smtp.SMTPError) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.answer = append(r.answer, with...)
}

// LoseAnswers makes the relay accept the next n messages but break the connection instead of answering.
func (r *Relay) LoseAnswers(n int) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.lose = n
}

// Taken returns the messages accepted so far.
func (r *Relay) Taken() []Taken {
	r.mu.Lock()
	defer r.mu.Unlock()
	return append([]Taken(nil), r.taken...)
}

// Sessions returns the number of greetings so far.
func (r *Relay) Sessions() int {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.conns
}

type relaySession struct {
	r    *Relay
	conn *smtp.Conn
	now  Taken
}

func (s *relaySession) Mail(from string, _ *smtp.MailOptions) error {
	s.now = Taken{From: from}
	return nil
}

func (s *relaySession) Rcpt(to string, _ *smtp.RcptOptions) error {
	s.r.mu.Lock()
	defer s.r.mu.Unlock()
	s.now.To = to
	if len(s.r.answer) > 0 {
		a := s.r.answer[0]
		s.r.answer = s.r.answer[1:]
		if a != nil {
			return a
		}
	}
	return nil
}

func (s *relaySession) Data(r io.Reader) error {
	b, err := io.ReadAll(r)
	if err != nil {
		return err
	}
	s.now.Data = b
	s.r.mu.Lock()
	defer s.r.mu.Unlock()
	s.r.taken = append(s.r.taken, s.now)
	if s.r.lose > 0 {
		s.r.lose--
		s.conn.Conn().Close()
	}
	return nil
}

// AuthMechanisms and Auth: the user is desk, with Password or the token "valid".
func (s *relaySession) AuthMechanisms() []string { return []string{sasl.Plain, "XOAUTH2"} }

func (s *relaySession) Auth(mech string) (sasl.Server, error) {
	if mech == sasl.Plain {
		return sasl.NewPlainServer(func(_, user, password string) error {
			if user != "desk" || password != Password {
				return smtp.ErrAuthFailed
			}
			return nil
		}), nil
	}
	return &tokens{}, nil
}

type tokens struct{ refused bool }

func (s *tokens) Next(response []byte) ([]byte, bool, error) {
	switch {
	case s.refused:
		return nil, false, smtp.ErrAuthFailed
	case string(response) == "user=desk\x01auth=Bearer valid\x01\x01":
		return nil, true, nil
	}
	s.refused = true
	return []byte(`{"status":"401"}`), false, nil
}

func (s *relaySession) Reset()        {}
func (s *relaySession) Logout() error { return nil }
