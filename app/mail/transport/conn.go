package transport

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"os"
	"strconv"
	"sync"
	"time"

	"github.com/emersion/go-imap/v2"
	"github.com/emersion/go-smtp"
)

// patient is a connection on which every read and write ends after a while. The protocol libraries set deadlines for
// whole answers, or none at all while a command waits, so theirs are ignored: what counts here is whether the other
// side still moves.
type patient struct {
	net.Conn
	mu     sync.Mutex
	wait   time.Duration // for one read or write; 0: for ever
	latest time.Time     // no deadline is after this one; zero: no such limit
	err    error         // first failed read, which the libraries lose on the way
}

// patience sets how long each read and write may take from now on, for one that is under way too.
func (c *patient) patience(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.wait = d
	c.arm(c.Conn.SetReadDeadline)
}

// until sets a time by which everything ends; zero takes it away.
func (c *patient) until(t time.Time) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.latest = t
}

// arm sets a deadline; c.mu is held, so that a wait just changed is never overtaken by the one before it.
func (c *patient) arm(set func(time.Time) error) {
	var t time.Time
	if c.wait > 0 {
		t = time.Now().Add(c.wait)
	}
	if !c.latest.IsZero() && (t.IsZero() || c.latest.Before(t)) {
		t = c.latest
	}
	// It fails only on a closed connection, and then the read or write says so.
	_ = set(t)
}

// Read fails at once after it failed once: some libraries ask again and again.
func (c *patient) Read(b []byte) (int, error) {
	c.mu.Lock()
	if c.err != nil {
		defer c.mu.Unlock()
		return 0, c.err
	}
	c.arm(c.Conn.SetReadDeadline)
	c.mu.Unlock()
	n, err := c.Conn.Read(b)
	if err != nil {
		c.mu.Lock()
		if c.err == nil {
			c.err = err
		}
		c.mu.Unlock()
	}
	return n, err
}

func (c *patient) Write(b []byte) (int, error) {
	c.mu.Lock()
	c.arm(c.Conn.SetWriteDeadline)
	c.mu.Unlock()
	return c.Conn.Write(b)
}

// timedOut says whether the other side stopped moving.
func (c *patient) timedOut() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return errors.Is(c.err, os.ErrDeadlineExceeded)
}

func (c *patient) SetDeadline(time.Time) error      { return nil }
func (c *patient) SetReadDeadline(time.Time) error  { return nil }
func (c *patient) SetWriteDeadline(time.Time) error { return nil }

// endpoint is where and how to reach a server, as Inbox and Sender have in common.
type endpoint struct {
	host    string
	port    int
	mode    string // TLSDirect ...
	plain   bool
	roots   *x509.CertPool
	connect time.Duration
	wait    time.Duration
}

func (e *endpoint) addr() string { return net.JoinHostPort(e.host, strconv.Itoa(e.port)) }

func (e *endpoint) tlsConfig() *tls.Config {
	return &tls.Config{ServerName: e.host, RootCAs: e.roots, MinVersion: tls.VersionTLS12}
}

// dial connects, with TLS where it comes first. The connection is closed when ctx ends; the caller calls stop with
// its own close.
func (e *endpoint) dial(ctx context.Context) (raw *patient, conn net.Conn, stop func() bool, err error) {
	within, cancel := context.WithTimeout(ctx, e.connect)
	defer cancel()
	c, err := (&net.Dialer{}).DialContext(within, "tcp", e.addr())
	if err != nil {
		return nil, nil, nil, e.fail(CannotConnect, nil, err)
	}
	raw = &patient{Conn: c, wait: e.wait}
	if e.mode == TLSNone && !e.plain && !loopback(c.RemoteAddr()) {
		_ = c.Close()
		return nil, nil, nil, e.fail(NoEncryption, nil, errors.New("plain text is allowed to this machine only"))
	}
	conn = raw
	if e.mode == TLSDirect {
		t := tls.Client(raw, e.tlsConfig())
		if err := t.HandshakeContext(within); err != nil {
			_ = c.Close()
			return nil, nil, nil, e.fail(CannotConnect, raw, err)
		}
		conn = t
	}
	return raw, conn, context.AfterFunc(ctx, func() { _ = c.Close() }), nil
}

// fail makes an *Error of err: of code, unless err itself says more exactly what happened. raw may be nil.
func (e *endpoint) fail(code Code, raw *patient, err error) *Error {
	var known *Error
	if errors.As(err, &known) {
		return known
	}
	var (
		verify    *tls.CertificateVerificationError
		authority x509.UnknownAuthorityError
		name      x509.HostnameError
		invalid   x509.CertificateInvalidError
		record    tls.RecordHeaderError
		timeout   net.Error
		no        *imap.Error
		reply     *smtp.SMTPError
	)
	switch {
	case errors.As(err, &verify), errors.As(err, &authority), errors.As(err, &name), errors.As(err, &invalid):
		code = BadCertificate
	case errors.As(err, &record):
		code = NoEncryption
	case errors.As(err, &no), errors.As(err, &reply):
	case raw != nil && raw.timedOut(), errors.Is(err, context.DeadlineExceeded), errors.As(err, &timeout) && timeout.Timeout():
		code = TooSlow
	case raw != nil && raw.lost():
		code = CannotConnect
	}
	return &Error{Code: code, Host: e.addr(), Err: err}
}

// lost says whether the other side closed the connection, or it broke.
func (c *patient) lost() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.err != nil
}

func loopback(a net.Addr) bool {
	t, ok := a.(*net.TCPAddr)
	return !ok || t.IP.IsLoopback()
}

// checkMode says whether mode is one of allowed.
func checkMode(mode string, allowed ...string) error {
	for _, a := range allowed {
		if a == mode {
			return nil
		}
	}
	return fmt.Errorf("transport: %q is not a way to encrypt", mode)
}
