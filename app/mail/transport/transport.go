// Package transport moves the bytes of mail between the desk and mail servers: watched IMAP folders, a listening LMTP
// or SMTP address, and an SMTP server that sends. It knows nothing about tickets and does not parse messages. It
// promises that no message is lost or acknowledged early, and that no server can make it wait for ever.
package transport

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/emersion/go-imap/v2"
	"github.com/emersion/go-smtp"
)

// The sources of mail, for Envelope.Source.
const (
	FromIMAP = "imap"
	FromLMTP = "lmtp"
	FromSMTP = "smtp"
	FromPipe = "pipe"
)

// Envelope is what the mail server said about a message apart from its content.
type Envelope struct {
	Source  string   // imap, lmtp, smtp, pipe
	Mailbox string   // Inbox.Name if an inbox fetched it, "" otherwise
	From    string   // envelope sender; "" means unknown (imap, pipe) or the null sender of a bounce (lmtp, smtp)
	To      []string // envelope recipients as the server sent them; none with imap

	UID, Validity uint32 // position in the folder, with imap

	// Size is the size of the whole message in bytes as stated by the server, 0 when unknown. Cut says that the message
	// exceeds MaxMessage and that the reader returns only its first MiB, header included.
	Size int64
	Cut  bool
}

// Deliver makes the message durable and returns nil only then: the message is acknowledged, marked, moved or deleted
// afterwards. It is called again with the same message whenever it may not have returned nil, so it must recognise
// duplicates. It reads r to its end. It must fail on an error of r (a connection lost half way); if it does not, the
// message still counts as not delivered. It runs on one goroutine per connection.
type Deliver func(ctx context.Context, e Envelope, r io.Reader) error

// Refusal, returned by a Deliver (also wrapped), refuses a message that came over LMTP or SMTP: for good, or for now
// when Code is below 500. Text is one line of ASCII for the sender. Any other error is answered with 451, without its
// text.
type Refusal struct {
	Code     int    // 4xx or 5xx
	Enhanced string // "5.7.1"; "" is x.0.0
	Text     string
}

func (r *Refusal) Error() string { return fmt.Sprintf("refused: %d %s %s", r.Code, r.Enhanced, r.Text) }

// Code says why a server could not be used; there is a sentence for each in the reader's language.
type Code string

const (
	NoSuchHost     Code = "host"        // the host name does not exist
	CannotConnect  Code = "connect"     // nobody listening, connection lost
	TooSlow        Code = "timeout"     // no answer in time
	BadCertificate Code = "certificate" // the server's certificate has another name, has expired or comes from an unknown authority
	NoEncryption   Code = "encryption"  // the server does not offer the required TLS, or plain text to it is not allowed
	SignInRefused  Code = "sign-in"     // user, password or token refused
	SecretMissing  Code = "secret"      // our own password or token could not be read or obtained
	NoFolder       Code = "folder"      // no such folder
	SenderRefused  Code = "sender"      // the server refuses our address as sender
	Refused        Code = "refused"     // the server refused something else
	NotMail        Code = "protocol"    // the peer does not speak the protocol
	DeliverFailed  Code = "deliver"     // the server works, but the desk could not store a message
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

// maxSaid limits how much of a server's answer is shown, in characters.
const maxSaid = 200

// Said returns the answer with which a mail server refused, as one short line. It returns nothing for other errors, so that
// the answers of other kinds of server are never shown.
func Said(err error) string {
	var reply *smtp.SMTPError
	var no *imap.Error
	said := ""
	switch code := CodeOf(err); {
	case code != SignInRefused && code != NoFolder && code != SenderRefused && code != Refused:
	case errors.As(err, &reply):
		said = fmt.Sprintf("%d %s", reply.Code, reply.Message)
	case errors.As(err, &no):
		said = no.Text
	}
	if r := []rune(oneLine(said)); len(r) > maxSaid {
		return string(r[:maxSaid]) + "…"
	}
	return oneLine(said)
}

// The TLS modes of Inbox.TLS and Sender.TLS. The empty string means TLSDirect.
const (
	TLSDirect   = "tls"      // TLS from the first byte (993, 465)
	TLSStart    = "starttls" // STARTTLS, required (143, 587, 25)
	TLSOptional = "optional" // Sender only: STARTTLS if offered, certificate not checked, as between mail servers on port 25
	TLSNone     = "none"     // no encryption: loopback only, unless Plain is set
)

// Header returns the header lines that a final delivery adds before a message (RFC 5321 section 4.4): Return-Path and
// one Delivered-To per recipient. It returns nothing for messages that did not come over LMTP or SMTP, which have them
// already.
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
