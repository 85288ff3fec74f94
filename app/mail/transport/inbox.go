package transport

import (
	"cmp"
	"context"
	"crypto/x509"
	"errors"
	"io"
	"time"
)

// What happens to a message in its folder after delivery, for Inbox.After. The empty string means AfterKeep.
const (
	AfterKeep   = "keep"   // stays, marked \Seen
	AfterMove   = "move"   // moved to Inbox.MoveTo, which is created if necessary
	AfterDelete = "delete" // deleted, unless it arrived cut; without UIDPLUS only marked \Deleted, because EXPUNGE would remove other people's mail too
)

// Inbox is one folder of an IMAP server (RFC 9051, RFC 3501).
type Inbox struct {
	Name     string // the caller's name for it, passed on as Envelope.Mailbox
	Host     string
	Port     int    // 0: 993 for tls, 143 otherwise
	TLS      string // tls, starttls, none
	Plain    bool   // allows TLS none to other machines
	User     string
	Password func() (string, error) // called at every sign-in, so that a changed file takes effect; not used with OAuth
	OAuth    *OAuth
	Folder   string // "" is INBOX
	After    string // keep, move, delete
	MoveTo   string
	Roots    *x509.CertPool // nil: the system's

	MaxMessage int64 // bytes; a larger message arrives cut. 0: 50 MiB

	Clock func() time.Time // for the times it reports; nil: the machine's
	Times Times
}

// Times are an inbox's time limits and waits; zero values stand for the defaults given here.
type Times struct {
	Connect time.Duration // to connect, TLS included: 30 s
	Answer  time.Duration // for each answer, and between two pieces of a message: 1 min
	Renew   time.Duration // of IDLE: 9 min, so that together with Answer a silent server is noticed within 10
	Poll    time.Duration // between checks when the server has no IDLE: 1 min
	First   time.Duration // first wait after a failure: 1 s
	Longest time.Duration // longest wait after failures: 10 min
}

// Position is how far a folder has been read. The caller stores it between runs, as JSON. The zero Position is a folder
// that was never read: its unread messages count as new.
type Position struct {
	Validity uint32   `json:"v,omitempty"` // UIDVALIDITY; if the folder has a different one, the UIDs mean nothing
	UID      uint32   `json:"u,omitempty"` // everything up to here is done, except Missing
	Unread   uint32   `json:"r,omitempty"` // between UID and this one only unread messages count: they were there before the first run
	Missing  []uint32 `json:"m,omitempty"` // at or below UID, failed so far and still to be delivered
	Unmarked []uint32 `json:"a,omitempty"` // delivered, still to be marked, moved or deleted
}

// States of an inbox.
const (
	InboxConnecting = "connecting"
	InboxFetching   = "fetching"
	InboxWatching   = "watching"
	InboxFailed     = "failed"
)

// InboxState is the state of an inbox, for the administrator and /readyz.
type InboxState struct {
	State   string    // connecting, fetching, watching, failed
	Since   time.Time // start of State
	LastOK  time.Time // last correct answer of the server; zero: none yet
	NextTry time.Time // set while failed, or while messages are missing
	Err     error     // last error, nil when there is none; *Error when the server is the cause
	Fetched int       // messages delivered since Watch started
	Missing int       // messages that could not be fetched or delivered yet
	Idle    bool      // the server announces new mail at once (IDLE); otherwise it is polled every Times.Poll
}

// Try signs in and opens the folder without changing anything. The error is an *Error, or ctx's.
func (in *Inbox) Try(ctx context.Context) error {
	if err := in.check(); err != nil {
		return err
	}
	s, err := in.open(ctx, true)
	if err != nil {
		return err
	}
	s.end()
	return nil
}

// Walk delivers every message of the folder once, in the order of the folder, without changing anything in it. It stops
// at the first error of the server or of deliver; it skips messages that disappear in the meantime.
func (in *Inbox) Walk(ctx context.Context, deliver Deliver) error {
	if err := in.check(); err != nil {
		return err
	}
	s, err := in.open(ctx, true)
	if err != nil {
		return err
	}
	uids, err := s.search(1, 0, false)
	var first error
	once := func(ctx context.Context, e Envelope, r io.Reader) error {
		if first == nil {
			first = deliver(ctx, e, r)
		}
		return first
	}
	for len(uids) > 0 && err == nil {
		n := min(batch, len(uids))
		_, err = s.fetch(ctx, uids[:n], once, func(f fetched) {
			if first == nil && !errors.Is(f.err, errGone) {
				first = f.err
			}
		})
		if err == nil {
			err = first
		}
		uids = uids[n:]
	}
	if err != nil {
		s.drop()
		return cmp.Or(ctx.Err(), err)
	}
	s.end()
	return nil
}

// batch is how many messages are requested at once, and therefore how many can arrive twice after a crash.
const batch = 25

func (in *Inbox) check() error {
	if in.Host == "" {
		return errors.New("transport: inbox has no host")
	}
	if in.After == AfterMove && in.MoveTo == "" {
		return errors.New("transport: inbox does not say where to move messages")
	}
	if in.After == AfterMove && in.MoveTo == in.folder() {
		return errors.New("transport: inbox moves messages to where they are")
	}
	return checkMode(in.TLS, "", TLSDirect, TLSStart, TLSNone)
}

func (in *Inbox) endpoint() *endpoint {
	e := &endpoint{
		host: in.Host, port: in.Port, mode: cmp.Or(in.TLS, TLSDirect), plain: in.Plain, roots: in.Roots,
		connect: cmp.Or(in.Times.Connect, 30*time.Second), wait: in.times().Answer,
	}
	if e.port == 0 {
		e.port = 143
		if e.mode == TLSDirect {
			e.port = 993
		}
	}
	return e
}

func (in *Inbox) folder() string    { return cmp.Or(in.Folder, "INBOX") }
func (in *Inbox) maxMessage() int64 { return cmp.Or(in.MaxMessage, 50<<20) }

func (in *Inbox) clock() func() time.Time {
	if in.Clock == nil {
		return time.Now
	}
	return in.Clock
}

func (in *Inbox) times() Times {
	t := in.Times
	t.Answer = cmp.Or(t.Answer, time.Minute)
	t.Renew = cmp.Or(t.Renew, 9*time.Minute)
	t.Poll = cmp.Or(t.Poll, time.Minute)
	t.First = cmp.Or(t.First, time.Second)
	t.Longest = cmp.Or(t.Longest, 10*time.Minute)
	return t
}
