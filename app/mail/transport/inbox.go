package transport

import (
	"cmp"
	"context"
	"crypto/x509"
	"errors"
	"io"
	"time"
)

// What becomes of a message in its folder after it was delivered, for Inbox.After. The empty string is AfterKeep.
const (
	AfterKeep   = "keep"   // stays, marked \Seen
	AfterMove   = "move"   // moved to Inbox.MoveTo, which is created when it is not there
	AfterDelete = "delete" // deleted, unless it arrived cut; only marked \Deleted where the server has no UIDPLUS, for there EXPUNGE removes others' mail too
)

// Inbox is one folder of an IMAP server (RFC 9051, RFC 3501).
type Inbox struct {
	Name     string // the caller's name for it, handed on as Envelope.Mailbox
	Host     string
	Port     int    // 0: 993 for tls, 143 otherwise
	TLS      string // tls, starttls, none
	Plain    bool   // lets TLS none go to other machines than this one
	User     string
	Password func() (string, error) // asked at every sign-in, so that a changed file counts; unused with OAuth
	OAuth    *OAuth
	Folder   string // "" is INBOX
	After    string // keep, move, delete
	MoveTo   string
	Roots    *x509.CertPool // nil: the system's

	MaxMessage int64 // bytes; a larger message arrives cut. 0: 50 MiB

	Clock func() time.Time // for what it reports; nil: the machine's
	Times Times
}

// Times are an inbox's waits; zero values are the defaults said here.
type Times struct {
	Connect time.Duration // to connect, TLS included: 30 s
	Answer  time.Duration // for each answer, and between two pieces of a message: 1 min
	Renew   time.Duration // of IDLE: 9 min, so that with Answer a silent server is found out within 10
	Poll    time.Duration // between looks where the server has no IDLE: 1 min
	First   time.Duration // first wait after a failure: 1 s
	Longest time.Duration // longest wait after failures: 10 min
}

// Position is how far a folder was read; the caller keeps it between runs (it goes through JSON). The zero Position is
// a folder never read: what is unread in it counts as new.
type Position struct {
	Validity uint32   `json:"v,omitempty"` // UIDVALIDITY; another one in the folder means that UIDs say nothing any more
	UID      uint32   `json:"u,omitempty"` // everything up to here was dealt with, but for Missing
	Unread   uint32   `json:"r,omitempty"` // above UID and up to here only unread messages count: they were there before us
	Missing  []uint32 `json:"m,omitempty"` // at or below UID, failed so far, still to be delivered
	Unmarked []uint32 `json:"a,omitempty"` // delivered, still to be marked, moved or deleted
}

// States of an inbox.
const (
	InboxConnecting = "connecting"
	InboxFetching   = "fetching"
	InboxWatching   = "watching"
	InboxFailed     = "failed"
)

// InboxState is how an inbox is, for the administrator and /readyz.
type InboxState struct {
	State   string    // connecting, fetching, watching, failed
	Since   time.Time // of State
	LastOK  time.Time // when the server last answered as it should; zero: never yet
	NextTry time.Time // when failed, or when messages are missing
	Err     error     // last error, nil when all is well; *Error where the server is to blame
	Fetched int       // messages delivered since Watch began
	Missing int       // messages that could not be fetched or delivered yet
	Idle    bool      // the server tells at once (IDLE); otherwise it is asked every Times.Poll
}

// Try signs in and opens the folder, changing nothing. The error is an *Error, or ctx's.
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

// Walk delivers every message of the folder once, in the order of the folder, changing nothing in it. The first error
// of the server or of deliver ends it; messages that disappear meanwhile are passed over.
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

// batch is how many messages are asked for at once, and so how many at most arrive twice after a crash.
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
