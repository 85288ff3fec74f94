package transport

import (
	"context"
	"crypto/x509"
	"errors"
	"time"
)

// What becomes of a message in its folder after it was delivered, for Inbox.After. The empty string is AfterKeep.
const (
	AfterKeep   = "keep"   // stays, marked \Seen
	AfterMove   = "move"   // moved to Inbox.MoveTo, which is created when it is not there
	AfterDelete = "delete" // deleted; only marked \Deleted where the server has no UIDPLUS, for there EXPUNGE removes others' mail too
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

var errNotYet = errors.New("transport: not written yet")

// Watch delivers what arrives in the folder until ctx ends, and returns ctx's error; it returns another only when the
// Inbox itself makes no sense. Failures of the server are told to state, and retried with back-off. Messages are
// known by UID and UIDVALIDITY, not by \Seen: one that somebody read in webmail meanwhile is not missed. save is
// called with the new position after messages were delivered and marked; its error stops the round and is retried.
// A message that fails stays in Position.Missing and is tried again with back-off while later ones go on. save,
// deliver and state are called from one goroutine, never at the same time.
func (in *Inbox) Watch(ctx context.Context, from Position, save func(Position) error, deliver Deliver, state func(InboxState)) error {
	return errNotYet
}

// Try signs in and opens the folder, changing nothing. The error is an *Error.
func (in *Inbox) Try(ctx context.Context) error { return errNotYet }

// Walk delivers every message of the folder once, in the order of the folder, changing nothing in it. The first error
// of the server or of deliver ends it.
func (in *Inbox) Walk(ctx context.Context, deliver Deliver) error { return errNotYet }
