// Package transport carries the bytes of mail between the desk and mail servers: IMAP folders that are watched, a
// listening LMTP or SMTP address, and an SMTP server that sends. It knows nothing of tickets and does not look into
// a message; what it promises is that none is lost or acknowledged early, and that no server can make it wait for ever.
package transport

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
)

// Ways in, for Envelope.Source.
const (
	FromIMAP = "imap"
	FromLMTP = "lmtp"
	FromSMTP = "smtp"
	FromPipe = "pipe"
)

// Envelope is what the mail server said of a message beside its bytes.
type Envelope struct {
	Source  string   // imap, lmtp, smtp, pipe
	Mailbox string   // Inbox.Name where an inbox fetched it, "" otherwise
	From    string   // envelope sender; "" is both "not known" (imap, pipe) and the null sender of a bounce (lmtp, smtp)
	To      []string // envelope recipients as the server gave them; none over imap

	UID, Validity uint32 // where in the folder, over imap

	// Size is the whole message in bytes as the server stated it, 0 when it did not. Cut says that the message is
	// above MaxMessage and that the reader gives only its first MiB, header included.
	Size int64
	Cut  bool
}

// Deliver makes the message durable and returns nil only then: the message is acknowledged, marked, moved or deleted
// after that. It is called again with the same message whenever it is not certain that it returned nil, so it has to
// recognise duplicates. It reads r to its end; an error of r (a connection lost half way) has to make it fail, and if
// it does not, the message counts as not delivered all the same. It runs on one goroutine per connection.
type Deliver func(ctx context.Context, e Envelope, r io.Reader) error

// Refusal, returned (also wrapped) by a Deliver, refuses a message that came over LMTP or SMTP for good, or for now
// when Code is below 500. Text is one line of ASCII that the sender will read. Any other error is answered 451
// without its text.
type Refusal struct {
	Code     int    // 4xx or 5xx
	Enhanced string // "5.7.1"; "" is x.0.0
	Text     string
}

func (r *Refusal) Error() string { return fmt.Sprintf("refused: %d %s %s", r.Code, r.Enhanced, r.Text) }

// Code says why a server did not serve us, for a sentence in the reader's language.
type Code string

const (
	CannotConnect  Code = "connect"     // no such host, nobody listens, connection lost
	TooSlow        Code = "timeout"     // no answer in time
	BadCertificate Code = "certificate" // the server's certificate is not for its name, expired or of an unknown authority
	NoEncryption   Code = "encryption"  // the server has no TLS where it was asked for, or plain text is not allowed to it
	SignInRefused  Code = "sign-in"     // user, password or token refused
	SecretMissing  Code = "secret"      // our own password or token could not be read or obtained
	NoFolder       Code = "folder"      // no such folder
	Refused        Code = "refused"     // the server answered no to something else
	NotMail        Code = "protocol"    // what answers does not speak the protocol
	DeliverFailed  Code = "deliver"     // the server is well: the desk could not store a message
)

// Error says why a server could not be used.
type Error struct {
	Code Code
	Host string // host:port
	Err  error
}

func (e *Error) Error() string { return fmt.Sprintf("transport: %s: %s: %v", e.Host, e.Code, e.Err) }
func (e *Error) Unwrap() error { return e.Err }

// CodeOf returns the Code in err's chain, "" if there is none.
func CodeOf(err error) Code {
	var e *Error
	if errors.As(err, &e) {
		return e.Code
	}
	return ""
}

// TLS, for Inbox.TLS and Sender.TLS. The empty string is TLSDirect.
const (
	TLSDirect   = "tls"      // TLS from the first byte (993, 465)
	TLSStart    = "starttls" // STARTTLS, required (143, 587, 25)
	TLSOptional = "optional" // Sender only: STARTTLS when offered, certificate not checked; as between mail servers on port 25
	TLSNone     = "none"     // no encryption: loopback only, unless Plain is set
)

// Header returns the header lines that a final delivery puts before a message (RFC 5321 section 4.4), Return-Path and
// one Delivered-To per recipient, for messages that came over LMTP or SMTP; nothing for others, which have theirs.
func (e Envelope) Header() []byte {
	if e.Source != FromLMTP && e.Source != FromSMTP {
		return nil
	}
	var b strings.Builder
	b.WriteString("Return-Path: <" + oneLine(e.From) + ">\r\n")
	for _, to := range e.To {
		b.WriteString("Delivered-To: " + oneLine(to) + "\r\n")
	}
	return []byte(b.String())
}
