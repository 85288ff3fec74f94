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

// patient is a connection with a time limit for each read and write. The protocol libraries set deadlines for whole
// answers, or none at all while a command waits, so theirs are ignored: what counts is whether bytes still move.
type patient struct {
	net.Conn
	mu     sync.Mutex
	wait   time.Duration // for one read or write; 0: no limit
	latest time.Time     // no deadline is later than this; zero: no such limit
	err    error         // the first failed read, which the libraries do not pass on
}

// patience sets the time limit of each read and write, including a running one.
func (c *patient) patience(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.wait = d
	c.arm(c.Conn.SetReadDeadline)
}

// until sets the time by which everything must end; the zero time removes it.
func (c *patient) until(t time.Time) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.latest = t
}

// arm sets a deadline. The caller holds c.mu, so that an old limit never overwrites a new one.
func (c *patient) arm(set func(time.Time) error) {
	var t time.Time
	if c.wait > 0 {
		t = time.Now().Add(c.wait)
	}
	if !c.latest.IsZero() && (t.IsZero() || c.latest.Before(t)) {
		t = c.latest
	}
	// This fails only on a closed connection, which the read or write then reports.
	_ = set(t)
}

// Read fails at once after it has failed once, because some libraries keep trying.
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

// timedOut reports whether the other side stopped sending or reading.
func (c *patient) timedOut() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return errors.Is(c.err, os.ErrDeadlineExceeded)
}

func (c *patient) SetDeadline(time.Time) error      { return nil }
func (c *patient) SetReadDeadline(time.Time) error  { return nil }
func (c *patient) SetWriteDeadline(time.Time) error { return nil }

// endpoint is where and how to reach a server, the common part of Inbox and Sender.
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

// dial connects, with TLS if the mode starts with it. The connection is closed when ctx ends; the caller calls stop
// when it closes the connection itself.
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

// fail turns err into an *Error with the code, unless err itself is more specific. raw may be nil.
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
		lookup    *net.DNSError
		no        *imap.Error
		reply     *smtp.SMTPError
	)
	switch {
	case errors.As(err, &lookup) && !lookup.IsTimeout:
		code = NoSuchHost
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

// lost reports whether the other side closed the connection, or it broke.
func (c *patient) lost() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.err != nil
}

func loopback(a net.Addr) bool {
	t, ok := a.(*net.TCPAddr)
	return !ok || t.IP.IsLoopback()
}

// checkMode returns an error unless mode is one of allowed.
func checkMode(mode string, allowed ...string) error {
	for _, a := range allowed {
		if a == mode {
			return nil
		}
	}
	return fmt.Errorf("transport: %q is not a way to encrypt", mode)
}
