package transport

import (
	"context"
	"crypto/x509"
	"fmt"
	"time"
)

// Sender is the mail server that takes what the desk sends (RFC 6409, RFC 5321). Safe for concurrent use; shared by
// pointer. It keeps connections open for a short while, so that messages sent in a row share one.
type Sender struct {
	Host     string
	Port     int    // 0: 465 for tls, 587 for starttls, 25 otherwise
	TLS      string // tls, starttls, optional, none
	Plain    bool   // lets TLS none go to other machines than this one
	User     string // "": no sign-in
	Password func() (string, error)
	OAuth    *OAuth
	HELO     string         // our name; "" is localhost
	Roots    *x509.CertPool // nil: the system's
	Timeout  time.Duration  // for each answer; 0: 1 min (5 min after the final dot)
	Idle     time.Duration  // how long an unused connection stays open; 0: 10 s
}

// SendError is why a message was not sent, or may not have been.
type SendError struct {
	// Permanent says that trying again will not help (5xx to this message or recipient). Trouble with the server as
	// a whole (connection, certificate, sign-in) is never permanent.
	Permanent bool
	// Server says that the trouble is with the server as a whole, not with this message: others would fail too.
	Server bool
	// Sent says that it is not known whether the server took the message: the connection was lost after its end was
	// sent. Sent again it may arrive twice (with the same Message-ID).
	Sent     bool
	Code     int    // SMTP reply, 0 when there was none
	Enhanced string // "5.1.1", "" when there was none
	Text     string // what the server said, one line of printable text, or what happened
	Err      error  // the cause; an *Error for trouble with the server as a whole
}

func (e *SendError) Error() string {
	return fmt.Sprintf("transport: send: %d %s %s", e.Code, e.Enhanced, e.Text)
}
func (e *SendError) Unwrap() error { return e.Err }

// Send hands one message to the server for one recipient, with from as envelope sender ("" is the null sender). The
// error is a *SendError. Line ends are made CRLF.
func (s *Sender) Send(ctx context.Context, from, to string, message []byte) error { return errNotYet }

// Try connects and signs in, sending nothing. The error is an *Error.
func (s *Sender) Try(ctx context.Context) error { return errNotYet }

// Close closes the connections kept open.
func (s *Sender) Close() {}
