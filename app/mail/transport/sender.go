package transport

import (
	"bytes"
	"cmp"
	"context"
	"crypto/x509"
	"errors"
	"fmt"
	"strings"
	"sync"
	"time"

	"github.com/emersion/go-smtp"
	"golang.org/x/net/idna"
)

// Sender is the mail server that sends the desk's mail (RFC 6409, RFC 5321). It is safe for concurrent use and shared
// by pointer. It keeps connections open for a short time, so that consecutive messages share one.
type Sender struct {
	Host     string
	Port     int    // 0: 465 for tls, 587 for starttls, 25 otherwise
	TLS      string // tls, starttls, optional (without sign-in only), none
	Plain    bool   // allows TLS none to other machines
	User     string // "": no sign-in
	Password func() (string, error)
	OAuth    *OAuth
	HELO     string         // our name; "" is localhost
	Roots    *x509.CertPool // nil: the system's
	Connect  time.Duration  // to connect, TLS included; 0: 30 s
	Timeout  time.Duration  // for each answer and each write; 0: 1 min; after the end of a message five times that
	Idle     time.Duration  // how long an unused connection stays open; 0: 10 s

	mu   sync.Mutex
	free []*line
}

// SendError says why a message was not sent, or may not have been.
type SendError struct {
	// Permanent says that another attempt will not help: the server refused the recipient or the message with 5xx. A
	// refusal of our sign-in or sender address concerns our configuration and is never permanent; nor is a problem of
	// the server as a whole.
	Permanent bool
	// Recipient says that the recipient does not exist, judging by the server's answer to the address. A refusal by
	// policy (5.7.x, "relay access denied") does not count.
	Recipient bool
	// Server says that the problem concerns the server as a whole (connection, certificate, sign-in, 421): other
	// messages would fail too.
	Server bool
	// Sender says that the server refused the envelope sender.
	Sender bool
	// Sent says that the outcome is unknown: the connection was lost after the end of the message. A second attempt may
	// deliver it twice (with the same Message-ID).
	Sent     bool
	Code     int    // SMTP reply, 0 when there was none
	Enhanced string // "5.1.1", "" when there was none
	Text     string // the server's answer as one line of printable text, or what happened
	Err      error  // the cause; an *Error for problems of the server as a whole
}

func (e *SendError) Error() string {
	if e.Code == 0 {
		return "transport: send: " + e.Text
	}
	return strings.Join(strings.Fields(fmt.Sprintf("transport: send: %d %s %s", e.Code, e.Enhanced, e.Text)), " ")
}

// Status returns the code of the refusal (RFC 3463), one derived from the reply code when the server gave no other, ""
// without either.
func (e *SendError) Status() string {
	if e.Enhanced == "" && e.Code != 0 {
		return fmt.Sprintf("%d.0.0", e.Code/100)
	}
	return e.Enhanced
}
func (e *SendError) Unwrap() error { return e.Err }

// line is a connection that was greeted and signed in.
type line struct {
	client *smtp.Client
	raw    *patient
	bye    *time.Timer // set while it is unused
}

// Send passes one message to the server for one recipient, with from as envelope sender ("" is the null sender). The
// error is a *SendError, or ctx's when it ended before anything was sent. Line ends become CRLF.
func (s *Sender) Send(ctx context.Context, from, to string, message []byte) error {
	if err := s.check(); err != nil {
		return &SendError{Server: true, Text: err.Error(), Err: err}
	}
	opts := &smtp.MailOptions{}
	var bad error
	for _, a := range []*string{&from, &to} {
		if *a == "" && a == &from {
			continue
		}
		plain, err := wireAddress(*a)
		if err != nil {
			bad = cmp.Or(bad, err)
			continue
		}
		*a = plain
		opts.UTF8 = opts.UTF8 || !isASCII(plain)
	}
	if bad != nil {
		return &SendError{Permanent: true, Recipient: true, Enhanced: "5.1.3", Text: bad.Error(), Err: bad}
	}
	message = crlf(message)
	opts.Size = int64(len(message))
	for used := s.take(); ; used = nil {
		l := used
		if l == nil {
			var err error
			if l, err = s.dial(ctx); err != nil {
				if ctx.Err() != nil {
					return ctx.Err()
				}
				return serverError(err)
			}
		}
		stop := context.AfterFunc(ctx, func() { _ = l.raw.Close() })
		err := s.send(l, from, to, opts, message)
		alive := stop()
		var reply *smtp.SMTPError
		if alive && (err == nil || err.Code != 0 && err.Code != 421) {
			if err == nil || l.client.Reset() == nil {
				s.give(l)
			} else {
				_ = l.raw.Close()
			}
		} else {
			_ = l.raw.Close()
		}
		switch {
		case err == nil:
			return nil
		case used != nil && !err.Sent && ctx.Err() == nil && (err.Code == 421 || !errors.As(err.Err, &reply)):
			// The server closed the old connection, which has nothing to do with the message.
			continue
		case ctx.Err() != nil && !err.Sent:
			return ctx.Err()
		}
		return err
	}
}

func (s *Sender) send(l *line, from, to string, opts *smtp.MailOptions, message []byte) *SendError {
	if ok, _ := l.client.Extension("SMTPUTF8"); opts.UTF8 && !ok {
		return &SendError{Permanent: true, Recipient: true, Code: 553, Enhanced: "5.6.7", Text: "the mail server takes no addresses beyond ASCII"}
	}
	if err := l.client.Mail(from, opts); err != nil {
		e := s.broken(l, err)
		// 552 and 5.6.x are about the message; any other refusal here is about us.
		e.Permanent = e.Code == 552 || strings.HasPrefix(e.Enhanced, "5.3.4") || strings.HasPrefix(e.Enhanced, "5.6.")
		e.Sender = e.Code >= 500 && !e.Permanent && !e.Server
		return e
	}
	if err := l.client.Rcpt(to, nil); err != nil {
		e := s.broken(l, err)
		e.Recipient = e.Permanent && !strings.HasPrefix(e.Enhanced, "5.7.")
		return e
	}
	w, err := l.client.Data()
	if err != nil {
		return s.broken(l, err)
	}
	if _, err := w.Write(message); err != nil {
		return s.broken(l, err)
	}
	l.raw.patience(5 * s.timeout())
	defer l.raw.patience(s.timeout())
	if err := w.Close(); err != nil {
		e := s.broken(l, err)
		e.Sent = e.Code == 0
		return e
	}
	return nil
}

// broken turns an error on a connection into a SendError.
func (s *Sender) broken(l *line, err error) *SendError {
	var reply *smtp.SMTPError
	if !errors.As(err, &reply) {
		return serverError(s.endpoint().fail(CannotConnect, l.raw, err))
	}
	e := &SendError{Code: reply.Code, Text: oneLine(reply.Message), Err: err}
	if c := reply.EnhancedCode; c != smtp.NoEnhancedCode && c != smtp.EnhancedCodeNotSet {
		e.Enhanced = fmt.Sprintf("%d.%d.%d", c[0], c[1], c[2])
	}
	switch reply.Code {
	case 421, 530, 534, 535, 538:
		e.Server = true
	default:
		e.Permanent = reply.Code >= 500
	}
	return e
}

func serverError(err error) *SendError {
	e := &SendError{Server: true, Text: oneLine(err.Error()), Err: err}
	var reply *smtp.SMTPError
	if errors.As(err, &reply) {
		e.Code, e.Text = reply.Code, oneLine(reply.Message)
	}
	return e
}

// Try connects, signs in and, unless from is empty, asks whether the server accepts from as sender. It sends nothing. The
// error is an *Error, or ctx's.
func (s *Sender) Try(ctx context.Context, from string) error {
	if err := s.check(); err != nil {
		return err
	}
	l, err := s.dial(ctx)
	if err != nil {
		return cmp.Or(ctx.Err(), err)
	}
	defer l.quit()
	if from == "" {
		return nil
	}
	plain, err := wireAddress(from)
	if err == nil {
		stop := context.AfterFunc(ctx, func() { _ = l.raw.Close() })
		defer stop()
		err = l.client.Mail(plain, &smtp.MailOptions{UTF8: !isASCII(plain)})
	}
	if err != nil {
		return s.endpoint().fail(SenderRefused, l.raw, err)
	}
	return nil
}

// Close closes the connections kept open. The Sender can be used afterwards.
func (s *Sender) Close() {
	s.mu.Lock()
	free := s.free
	s.free = nil
	s.mu.Unlock()
	for _, l := range free {
		if l.bye.Stop() {
			l.quit()
		}
	}
}

func (l *line) quit() {
	l.raw.patience(2 * time.Second)
	_ = l.client.Quit() // a courtesy
	_ = l.raw.Close()
}

func (s *Sender) take() *line {
	s.mu.Lock()
	defer s.mu.Unlock()
	for len(s.free) > 0 {
		l := s.free[len(s.free)-1]
		s.free = s.free[:len(s.free)-1]
		if l.bye.Stop() {
			return l
		}
	}
	return nil
}

func (s *Sender) give(l *line) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.free = append(s.free, l)
	l.bye = time.AfterFunc(cmp.Or(s.Idle, 10*time.Second), func() {
		s.mu.Lock()
		for i, f := range s.free {
			if f == l {
				s.free = append(s.free[:i], s.free[i+1:]...)
				break
			}
		}
		s.mu.Unlock()
		l.quit()
	})
}

func (s *Sender) check() error {
	switch {
	case s.Host == "":
		return errors.New("transport: sender has no host")
	case s.TLS == TLSOptional && s.User != "":
		return errors.New("transport: no sign-in over an unencrypted connection")
	}
	return checkMode(s.TLS, "", TLSDirect, TLSStart, TLSOptional, TLSNone)
}

func (s *Sender) timeout() time.Duration { return cmp.Or(s.Timeout, time.Minute) }

func (s *Sender) endpoint() *endpoint {
	e := &endpoint{
		host: s.Host, port: s.Port, mode: cmp.Or(s.TLS, TLSDirect), plain: s.Plain, roots: s.Roots,
		connect: cmp.Or(s.Connect, 30*time.Second), wait: s.timeout(),
	}
	if e.port == 0 {
		e.port = map[string]int{TLSDirect: 465, TLSStart: 587}[e.mode]
		e.port = cmp.Or(e.port, 25)
	}
	return e
}

// dial returns a connection that is ready for messages.
func (s *Sender) dial(ctx context.Context) (*line, error) {
	at := s.endpoint()
	if at.mode != TLSOptional {
		return s.greet(ctx, at, at.mode == TLSStart, false)
	}
	l, err := s.greet(ctx, at, false, false)
	if err != nil {
		return nil, err
	}
	if ok, _ := l.client.Extension("STARTTLS"); !ok {
		return l, nil
	}
	if over, err := s.greet(ctx, at, true, true); err == nil {
		l.quit()
		return over, nil
	}
	return l, nil // optional TLS that fails is no worse than none
}

func (s *Sender) greet(ctx context.Context, at *endpoint, start, unchecked bool) (*line, error) {
	raw, conn, stop, err := at.dial(ctx)
	if err != nil {
		return nil, err
	}
	l := &line{raw: raw}
	fail := func(code Code, err error) (*line, error) {
		stop()
		_ = conn.Close()
		return nil, at.fail(code, raw, err)
	}
	if start {
		config := at.tlsConfig()
		config.InsecureSkipVerify = unchecked // #nosec G402 -- only where the configuration says "optional", when the alternative is no TLS
		if l.client, err = smtp.NewClientStartTLS(conn, config); err != nil {
			var reply *smtp.SMTPError
			if !errors.As(err, &reply) && strings.Contains(err.Error(), "STARTTLS") {
				return fail(NoEncryption, err)
			}
			return fail(firstAnswer(err), err)
		}
	} else {
		l.client = smtp.NewClient(conn)
	}
	if err := l.client.Hello(cmp.Or(s.HELO, "localhost")); err != nil {
		return fail(firstAnswer(err), err)
	}
	if s.User != "" {
		if code, err := s.signIn(ctx, at, l); err != nil {
			return fail(code, err)
		}
	}
	if !stop() {
		return nil, ctx.Err()
	}
	return l, nil
}

// firstAnswer returns the code for an error before the first reply.
func firstAnswer(err error) Code {
	var reply *smtp.SMTPError
	if errors.As(err, &reply) {
		return Refused
	}
	return NotMail
}

func (s *Sender) signIn(ctx context.Context, at *endpoint, l *line) (Code, error) {
	c, err := obtain(ctx, s.User, s.Password, s.OAuth)
	if err != nil {
		return SecretMissing, err
	}
	if ok, _ := l.client.Extension("AUTH"); !ok {
		return SignInRefused, errors.New("the mail server offers no sign-in on this connection")
	}
	how := c.mechanism(at.host, at.port, l.client.SupportsAuth)
	if how == nil {
		return SignInRefused, errors.New("the mail server offers no way to sign in that we know")
	}
	err = l.client.Auth(how)
	if err == nil {
		return "", nil
	}
	if c.oauth != nil {
		c.oauth.forget(c.token)
	}
	var reply *smtp.SMTPError
	if errors.As(err, &reply) && reply.Code < 500 {
		return Refused, err
	}
	return SignInRefused, err
}

// lookup is idna.Lookup that also allows underscores, which machines of internal networks have in their names.
var lookup = idna.New(idna.MapForLookup(), idna.BidiRule(), idna.StrictDomainName(false))

// wireAddress returns an address for MAIL and RCPT, with its domain in ASCII.
func wireAddress(a string) (string, error) {
	at := strings.LastIndexByte(a, '@')
	if at < 1 || at == len(a)-1 || len(a) > 320 || strings.ContainsAny(a, " <>\"\\,;:()[]") || oneLine(a) != a {
		return "", fmt.Errorf("not an address: %q", a)
	}
	domain, err := lookup.ToASCII(a[at+1:])
	if err == nil && strings.ContainsFunc(domain, func(r rune) bool {
		return (r < 'a' || r > 'z') && (r < 'A' || r > 'Z') && (r < '0' || r > '9') && !strings.ContainsRune(".-_", r)
	}) {
		err = errors.New("a domain has letters, digits, - and _")
	}
	if err != nil {
		return "", fmt.Errorf("not an address: %q: %w", a, err)
	}
	return a[:at+1] + domain, nil
}

func isASCII(s string) bool {
	for i := range len(s) {
		if s[i] >= 0x80 {
			return false
		}
	}
	return true
}

// crlf returns b with every line end (LF, CR, CR CR LF) as CRLF, and with one at the end.
func crlf(b []byte) []byte {
	lf, cr := bytes.Count(b, []byte("\n")), bytes.Count(b, []byte("\r"))
	if n := bytes.Count(b, []byte("\r\n")); n == lf && n == cr && bytes.HasSuffix(b, []byte("\r\n")) {
		return b
	}
	out := make([]byte, 0, len(b)+len(b)/30+2)
	for i := 0; i < len(b); i++ {
		switch {
		case b[i] == '\n':
			out = append(out, '\r', '\n')
		case b[i] == '\r':
			for i+1 < len(b) && b[i+1] == '\r' {
				i++
			}
			if i+1 < len(b) && b[i+1] == '\n' {
				i++
			}
			out = append(out, '\r', '\n')
		default:
			out = append(out, b[i])
		}
	}
	if !bytes.HasSuffix(out, []byte("\r\n")) {
		out = append(out, '\r', '\n')
	}
	return out
}
