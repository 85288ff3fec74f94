package transport

import (
	"context"
	"crypto/tls"
	"log/slog"
	"net"
	"net/netip"
	"time"
)

// Listener is the address where the university's mail server hands mail over, by LMTP (RFC 2033) or SMTP (RFC 5321).
type Listener struct {
	LMTP   bool
	Domain string // in the greeting
	// Cert gives the certificate of STARTTLS; nil: no TLS is offered.
	Cert func(*tls.ClientHelloInfo) (*tls.Certificate, error)
	// Known says whether a recipient is ours; others are refused with 550. nil: every recipient is taken.
	Known func(recipient string) bool
	// From says who may connect over TCP; empty: this machine alone.
	From []netip.Prefix

	MaxMessage int64         // bytes, above it 552; 0: 50 MiB
	MaxConns   int           // at the same time; 0: 100
	PerAddress int           // at the same time from one address; 0: 20
	Wait       time.Duration // for a command or the next piece of a message; 0: 1 min
	Longest    time.Duration // for one whole message; 0: 15 min
}

// Serve takes mail on ln until ctx ends, and then lets running deliveries end (10 s at most) and returns nil. 250 is
// answered only after deliver returned nil, 451 after its error (or what a Refusal says), 552 above MaxMessage, 550
// to unknown recipients. deliver is called once per message, with all its recipients.
func (l *Listener) Serve(ctx context.Context, ln net.Listener, deliver Deliver, log *slog.Logger) error {
	return errNotYet
}
