package transport

import (
	"bufio"
	"bytes"
	"cmp"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/netip"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/emersion/go-smtp"
)

// Listener is the address to which the university's mail server delivers, by LMTP (RFC 2033) or SMTP (RFC 5321) with
// STARTTLS, 8BITMIME, SIZE and SMTPUTF8. It relays nothing: everything it accepts is for the desk.
type Listener struct {
	LMTP   bool
	Domain string // name in the greeting; "" is localhost
	// Cert returns the certificate for STARTTLS; nil: TLS is not offered.
	Cert func(*tls.ClientHelloInfo) (*tls.Certificate, error)
	// Known reports whether a recipient is ours; others are refused with 550. nil: every recipient is accepted. It is
	// called from several goroutines.
	Known func(recipient string) bool
	// From lists who may connect over TCP; empty: only this machine. Access to a Unix socket depends on its folder.
	From []netip.Prefix

	MaxMessage int64         // maximum bytes, above it 552; 0: 50 MiB
	MaxConns   int           // at the same time; 0: 100
	PerAddress int           // at the same time from one address; 0: 20
	Wait       time.Duration // for a command or the next piece of a message; 0: 5 min, as RFC 5321 asks
	Longest    time.Duration // for one whole message; 0: 15 min
}

const (
	maxRecipients = 100
	maxLine       = 1 << 20 // of a message; RFC 5321 says 1,000, but longer ones are written and read everywhere
	graceful      = 10 * time.Second
)

// Serve accepts mail on ln until ctx ends. It then closes ln, lets running deliveries finish (for 10 s at most) and
// returns nil. The answer is 250 only after deliver returned nil, 451 after its error (or what a Refusal says), 552
// above MaxMessage, and 550 for unknown recipients and for lone line feeds, with which messages can be smuggled inside
// others (CVE-2023-51764). A lone carriage return in a header becomes a space, because some readers would begin a new
// header line. deliver is called once per message with all its recipients, from several goroutines.
func (l *Listener) Serve(ctx context.Context, ln net.Listener, deliver Deliver, log *slog.Logger) error {
	if log == nil {
		log = slog.New(slog.DiscardHandler)
	}
	running, cancel := context.WithCancel(context.WithoutCancel(ctx))
	defer cancel()
	d := &desk{listener: l, ctx: running, deliver: deliver, log: log}
	srv := smtp.NewServer(smtp.BackendFunc(d.session))
	srv.LMTP = l.LMTP
	srv.Domain = cmp.Or(l.Domain, "localhost")
	srv.MaxRecipients = maxRecipients
	srv.MaxLineLength = maxLine
	// go-smtp counts a message of exactly this size as too large.
	srv.MaxMessageBytes = cmp.Or(l.MaxMessage, 50<<20) + 1
	srv.EnableSMTPUTF8 = true
	srv.ErrorLog = logger{log}
	if l.Cert != nil {
		srv.TLSConfig = &tls.Config{GetCertificate: l.Cert, MinVersion: tls.VersionTLS12}
	}
	stop := context.AfterFunc(ctx, func() { _ = ln.Close() })
	defer stop()
	err := srv.Serve(&gate{Listener: ln, rules: l, log: log, open: make(map[netip.Addr]int)})
	if ctx.Err() != nil {
		idle := make(chan struct{})
		go func() {
			d.busy.Lock() // never unlocked: a message that begins from now on must be sent again
			close(idle)
		}()
		grace := time.NewTimer(graceful)
		defer grace.Stop()
		select {
		case <-idle:
		case <-grace.C:
		}
		err = nil
	}
	cancel()
	// Its only error is that of ln, which is closed already.
	_ = srv.Close()
	if err != nil {
		return fmt.Errorf("transport: listen: %w", err)
	}
	return nil
}

type logger struct{ *slog.Logger }

func (l logger) Printf(format string, v ...any) {
	l.Warn("mail connection", "why", oneLine(fmt.Sprintf(format, v...)))
}
func (l logger) Println(v ...any) { l.Warn("mail connection", "why", oneLine(fmt.Sprint(v...))) }

// desk is what the connections of one Serve have in common.
type desk struct {
	listener *Listener
	ctx      context.Context
	deliver  Deliver
	log      *slog.Logger
	busy     sync.RWMutex // read-locked while a message is accepted, until its answer is written
}

func (d *desk) session(c *smtp.Conn) (smtp.Session, error) {
	t := &transaction{desk: d}
	nc := c.Conn()
	if over, ok := nc.(*tls.Conn); ok {
		nc = over.NetConn()
	}
	t.conn, _ = nc.(*admitted)
	return t, nil
}

// transaction is the current message of one connection.
type transaction struct {
	desk *desk
	conn *admitted

	mu   sync.Mutex // a message in chunks is read by another goroutine than the one that resets
	from string
	to   []string
}

func (t *transaction) Mail(from string, _ *smtp.MailOptions) error {
	t.Reset()
	t.mu.Lock()
	defer t.mu.Unlock()
	t.from = from
	if t.conn != nil {
		t.conn.until(time.Now().Add(cmp.Or(t.desk.listener.Longest, 15*time.Minute)))
	}
	return nil
}

func (t *transaction) Rcpt(to string, _ *smtp.RcptOptions) error {
	if known := t.desk.listener.Known; known != nil && !known(to) {
		return &smtp.SMTPError{Code: 550, EnhancedCode: smtp.EnhancedCode{5, 1, 1}, Message: "no such recipient here"}
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	t.to = append(t.to, to)
	return nil
}

func (t *transaction) Reset() {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.from, t.to = "", nil
	if t.conn != nil {
		t.conn.until(time.Time{})
	}
}

func (t *transaction) Logout() error { return nil }

func (t *transaction) Data(r io.Reader) error {
	d := t.desk
	if !d.busy.TryRLock() {
		return &smtp.SMTPError{Code: 421, EnhancedCode: smtp.EnhancedCode{4, 3, 2}, Message: "shutting down, come again"}
	}
	if t.conn != nil {
		defer t.conn.afterAnswer(d.busy.RUnlock)
	} else {
		defer d.busy.RUnlock()
	}
	t.mu.Lock()
	e := Envelope{Source: FromSMTP, From: t.from, To: t.to}
	t.mu.Unlock()
	if d.listener.LMTP {
		e.Source = FromLMTP
	}
	in := &incoming{r: bufio.NewReader(r), header: true}
	err := d.deliver(d.ctx, e, in)
	if err == nil {
		_, _ = io.Copy(io.Discard, in) // in keeps the error
	}
	var refusal *Refusal
	switch {
	case errors.Is(in.err, smtp.ErrDataTooLarge):
		return smtp.ErrDataTooLarge
	case errors.Is(in.err, smtp.ErrTooLongLine):
		return &smtp.SMTPError{Code: 550, EnhancedCode: smtp.EnhancedCode{5, 6, 0}, Message: "line too long"}
	case errors.Is(in.err, errBareLF):
		return &smtp.SMTPError{Code: 550, EnhancedCode: smtp.EnhancedCode{5, 5, 2}, Message: "lone line feed in the message"}
	case in.err != nil:
		d.log.Info("mail broke off", "from", oneLine(e.From), "error", in.err)
		return &smtp.SMTPError{Code: 451, EnhancedCode: smtp.EnhancedCode{4, 4, 2}, Message: "message broke off"}
	case errors.As(err, &refusal):
		return refusal.reply()
	case err != nil:
		d.log.Error("mail not stored", "from", oneLine(e.From), "error", err)
		return &smtp.SMTPError{Code: 451, EnhancedCode: smtp.EnhancedCode{4, 3, 0}, Message: "cannot store the message now"}
	}
	return nil
}

func (r *Refusal) reply() *smtp.SMTPError {
	code := r.Code
	if code < 400 || code > 599 {
		code = 451
	}
	e := smtp.EnhancedCode{code / 100, 0, 0}
	var a, b, c int
	if n, err := fmt.Sscanf(r.Enhanced, "%d.%d.%d", &a, &b, &c); n == 3 && err == nil && a == code/100 {
		e = smtp.EnhancedCode{a, b, c}
	}
	return &smtp.SMTPError{Code: code, EnhancedCode: e, Message: cmp.Or(ascii(oneLine(r.Text)), "refused")}
}

func ascii(s string) string {
	return strings.Map(func(r rune) rune {
		if r > 126 || r < 32 {
			return '?'
		}
		return r
	}, s)
}

var errBareLF = errors.New("transport: lone line feed")

// incoming reads a message and keeps the error that ended it early.
type incoming struct {
	r      *bufio.Reader
	err    error // the first error, except io.EOF
	header bool
	line   int // bytes in the line so far
	cr     bool
}

func (in *incoming) Read(b []byte) (int, error) {
	for n := range b {
		c, err := in.r.ReadByte()
		if err == io.EOF && in.err == nil {
			return n, io.EOF
		}
		if c == '\n' && !in.cr && err == nil {
			err = errBareLF
		}
		if err != nil {
			if in.err == nil {
				in.err = err
			}
			return n, in.err
		}
		switch in.cr = c == '\r'; {
		case c == '\n':
			in.header = in.header && in.line > 0
			in.line = 0
		case c == '\r' && in.header:
			if next, err := in.r.Peek(1); err == nil && next[0] != '\n' {
				c = ' '
				in.line++
			}
		case c != '\r':
			in.line++
		}
		b[n] = c
	}
	return len(b), nil
}

// gate accepts connections from allowed addresses.
type gate struct {
	net.Listener
	rules *Listener
	log   *slog.Logger

	mu   sync.Mutex
	open map[netip.Addr]int
	all  int
}

func (g *gate) Accept() (net.Conn, error) {
	for {
		c, err := g.Listener.Accept()
		if err != nil {
			return nil, err
		}
		addr := remote(c)
		if why := g.admit(addr); why != "" {
			g.log.Warn("mail connection refused", "from", addr, "why", why)
			go func() {
				defer c.Close()
				if c.SetWriteDeadline(time.Now().Add(5*time.Second)) == nil {
					_, _ = io.WriteString(c, why+"\r\n") // it is refused whether or not it reads this
				}
			}()
			continue
		}
		p := &patient{Conn: c, wait: cmp.Or(g.rules.Wait, 5*time.Minute)}
		return &admitted{patient: p, gate: g, addr: addr, line: true}, nil
	}
}

// remote returns the peer's address, the zero Addr for a Unix socket.
func remote(c net.Conn) netip.Addr {
	t, ok := c.RemoteAddr().(*net.TCPAddr)
	if !ok {
		return netip.Addr{}
	}
	return t.AddrPort().Addr().Unmap()
}

func (g *gate) admit(addr netip.Addr) string {
	if addr.IsValid() {
		may := len(g.rules.From) == 0 && addr.IsLoopback()
		for _, p := range g.rules.From {
			may = may || p.Contains(addr)
		}
		if !may {
			return "554 5.7.1 not from this address"
		}
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.all >= cmp.Or(g.rules.MaxConns, 100) || addr.IsValid() && g.open[addr] >= cmp.Or(g.rules.PerAddress, 20) {
		return "421 4.7.0 too many connections, come again"
	}
	g.all++
	g.open[addr]++
	return ""
}

// admitted is an accepted connection. While it is not encrypted, it turns CR CR LF into one line end: go-smtp v0.25.1
// does not recognise the end of a message after it, and waits for ever for a client that has finished.
type admitted struct {
	*patient
	gate *gate
	addr netip.Addr
	once sync.Once

	answered atomic.Pointer[func()] // called once the answer that is being written has gone out

	buf  [4096]byte
	in   []byte // bytes of buf not passed on yet
	cr   int    // carriage returns read and not passed on yet
	line bool   // at the beginning of a line
	raw  bool   // TLS: bytes pass unchanged
}

// afterAnswer has f called once the answer to the command has been written: when the next one is read, or at the end.
func (c *admitted) afterAnswer(f func()) { c.answered.Store(&f) }

func (c *admitted) answer() {
	if f := c.answered.Swap(nil); f != nil {
		(*f)()
	}
}

func (c *admitted) Close() error {
	c.answer()
	c.once.Do(func() {
		c.gate.mu.Lock()
		defer c.gate.mu.Unlock()
		c.gate.all--
		if c.gate.open[c.addr]--; c.gate.open[c.addr] <= 0 {
			delete(c.gate.open, c.addr)
		}
	})
	return c.patient.Close()
}

func (c *admitted) Read(b []byte) (int, error) {
	c.answer()
	for {
		if c.raw && len(c.in) == 0 {
			return c.patient.Read(b)
		}
		n := 0
		for n < len(b) && len(c.in) > 0 {
			x := c.in[0]
			if c.line && x == 0x16 { // a TLS handshake; no command begins so
				c.raw = true
			}
			switch {
			case c.raw:
				m := copy(b[n:], c.in)
				n += m
				c.in = c.in[m:]
				continue
			case x == '\r':
				c.cr++
				c.in = c.in[1:]
				c.line = false
				continue
			case c.cr > 0:
				b[n] = '\r'
				n++
				if c.cr--; x == '\n' {
					c.cr = 0
				}
				continue
			}
			c.line = x == '\n'
			b[n] = x
			n++
			c.in = c.in[1:]
		}
		if n > 0 || len(b) == 0 {
			return n, nil
		}
		m, err := c.patient.Read(c.buf[:])
		c.in = c.buf[:m]
		if m == 0 && err != nil {
			return 0, err
		}
	}
}

// Write removes CHUNKING from the capabilities of an unencrypted connection: its byte counts would be wrong after Read.
func (c *admitted) Write(b []byte) (int, error) {
	if !c.raw && bytes.Equal(b, []byte("250-CHUNKING\r\n")) {
		return len(b), nil
	}
	return c.patient.Write(b)
}
