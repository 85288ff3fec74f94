package store

import (
	"crypto/sha256"
	"encoding/hex"
	"slices"
	"time"

	"sportello/store/db"
	"sportello/store/event"
	"sportello/store/key"
)

// MailState is how far the desk has got with a mail it received.
type MailState string

// The states of a mail.
const (
	MailWaiting MailState = "waiting" // on disk, not understood yet
	MailDone    MailState = "done"    // is in a ticket
	MailHeld    MailState = "held"    // its sender may not write here until somebody approves
	MailFailed  MailState = "failed"  // could not be processed; Why and Detail say what happened
	MailAside   MailState = "aside"   // understood, and belongs to no ticket: automatic answers, reports of delivery
	MailDropped MailState = "dropped" // refused by whoever decided about a held or failed one
	MailReceipt MailState = "receipt" // answered a letter about a release
	MailSame    MailState = "same"    // another copy of a mail that was there already

	MailImporting MailState = "importing" // taken by an import that has not made a ticket of it yet
)

// Mail is one message as it arrived, by whichever way. Its bytes stay in a blob as long as the row exists.
type Mail struct {
	db.Row
	State     MailState `json:"state"`
	Why       string    `json:"why,omitzero"`    // code of the reason why it is held, failed or aside
	Detail    string    `json:"detail,omitzero"` // the reason in words, for the administrator
	Sum       string    `json:"sum"`             // SHA-256 of the bytes as they came
	Erased    bool      `json:"erased,omitzero"` // the bytes were erased; the sum goes on telling copies of it
	Size      int64     `json:"size"`            // bytes
	Cut       bool      `json:"cut,omitzero"`    // only the beginning was taken: it is larger than the desk takes
	Source    string    `json:"source"`          // imap, lmtp, smtp, pipe, import
	Mailbox   string    `json:"mailbox,omitzero"`
	Return    string    `json:"return,omitzero"` // sender of the envelope
	To        []string  `json:"to,omitempty"`    // recipients of the envelope
	Print     string    `json:"print,omitzero"`  // what two copies of one message have in common
	MessageID string    `json:"message_id,omitzero"`
	From      string    `json:"from,omitzero"`
	FromName  string    `json:"from_name,omitzero"`
	Subject   string    `json:"subject,omitzero"`
	Addressed []string  `json:"addressed,omitempty"` // To and Cc without our own, once it stands in a ticket
	Date      time.Time `json:"date,omitzero"`       // as the sender wrote it
	Automatic string    `json:"automatic,omitzero"`
	Proven    bool      `json:"proven,omitzero"`
	PEC       string    `json:"pec,omitzero"`   // kind of certified mail
	Group     uint64    `json:"group,omitzero"` // whose it is to judge, where it became no message; 0 before it was read
	Text      string    `json:"text,omitzero"`  // what it says, of one that somebody has to judge
	Ticket    uint64    `json:"ticket,omitzero"`
	Message   uint64    `json:"message,omitzero"`
	Joined    string    `json:"joined,omitzero"`    // code: why it is in that ticket
	JoinedBy  string    `json:"joined_by,omitzero"` // what decided: the Message-ID, the number
	SameAs    uint64    `json:"same_as,omitzero"`
	Tries     int       `json:"tries,omitzero"`
	Decided   uint64    `json:"decided,omitzero"` // who approved or dropped it
	Approved  bool      `json:"approved,omitzero"`
}

// Judged reports whether the mail has not become a message (yet) and people of its group may decide what it becomes.
func (m *Mail) Judged() bool { return slices.Contains(JudgedMail, m.State) }

// JudgedMail are the states of mail that people judge, the ones that wait for it first.
var JudgedMail = []MailState{MailHeld, MailFailed, MailAside}

// The ways into the mails.
var (
	MailsByState = Mails.Index("state", func(m *Mail) [][]byte { return key.One(string(m.State)) })
	MailsBySum   = Mails.Index("sum", func(m *Mail) [][]byte { return key.One(m.Sum) })
	// what was understood, by what its copies have in common.
	MailsByPrint = Mails.Index("print", func(m *Mail) [][]byte {
		if m.Print == "" || m.State == MailSame {
			return nil
		}
		return key.One(m.Print)
	})
	// group, state, of what people judge.
	MailsByGroup = Mails.Index("group", func(m *Mail) [][]byte {
		if !m.Judged() {
			return nil
		}
		return key.One(m.Group, string(m.State))
	})
	MailsByMailbox = Mails.Index("mailbox", func(m *Mail) [][]byte { return key.One(m.Mailbox) })
	MailsByTicket  = Mails.Index("ticket", func(m *Mail) [][]byte {
		if m.Ticket == 0 {
			return nil
		}
		return key.One(m.Ticket)
	})
)

// MailKind says how a Message-ID came to belong to a ticket.
type MailKind string

// The kinds, the surest first.
const (
	MailOut  MailKind = "out"  // the desk sent it
	MailIn   MailKind = "in"   // a mail in the ticket
	MailNear MailKind = "near" // somebody of the ticket named it beside one that is in the ticket
)

// MailID is a Message-ID seen in a ticket.
type MailID struct {
	db.Row
	Hash    string   `json:"hash"` // see HashMessageID
	Value   string   `json:"value"`
	Kind    MailKind `json:"kind"`
	Ticket  uint64   `json:"ticket"`
	Message uint64   `json:"message,omitzero"`
	Letter  uint64   `json:"letter,omitzero"` // of one that was sent
}

// The ways into the Message-IDs.
var (
	MailIDsByHash    = MailIDs.Index("hash", func(m *MailID) [][]byte { return key.One(m.Hash) })
	MailIDsByTicket  = MailIDs.Index("ticket", func(m *MailID) [][]byte { return key.One(m.Ticket) })
	MailIDsByMessage = MailIDs.Index("message", func(m *MailID) [][]byte {
		if m.Message == 0 {
			return nil
		}
		return key.One(m.Message)
	})
)

// HashMessageID returns the form in which Message-IDs are looked up: half a SHA-256 in hexadecimal. They may be of any
// length and hold any bytes.
func HashMessageID(id string) string {
	sum := sha256.Sum256([]byte(id))
	return hex.EncodeToString(sum[:16])
}

// LetterState is how far the desk has got with a letter it sends.
type LetterState string

// The states of a letter.
const (
	LetterQueued  LetterState = "queued"  // goes at Next
	LetterSent    LetterState = "sent"    // a mail server took it
	LetterHeld    LetterState = "held"    // by an administrator, or by a limit; Why says which
	LetterFailed  LetterState = "failed"  // refused, or tried for too long
	LetterDropped LetterState = "dropped" // will not go
	LetterBounced LetterState = "bounced" // was taken, and came back
)

// Telling is one event that a letter tells of.
type Telling struct {
	Event    event.Event   `json:"event"`
	By       uint64        `json:"by,omitzero"`
	Message  uint64        `json:"message,omitzero"`
	At       time.Time     `json:"at"`
	Why      string        `json:"why,omitzero"`
	Ticket   uint64        `json:"ticket,omitzero"`  // in a digest, where each has its own
	Token    uint64        `json:"token,omitzero"`   // whose end is near
	Invites  uint64        `json:"invites,omitzero"` // the invitation
	Access   uint64        `json:"access,omitzero"`  // the request for credentials
	Of       uint64        `json:"of,omitzero"`      // whose affiliation is near its end
	Hat      Hat           `json:"hat,omitzero"`     // and which
	Until    time.Time     `json:"until,omitzero"`   // and when it ends
	Release  uint64        `json:"release,omitzero"` // that it tells of
	Round    uint64        `json:"round,omitzero"`
	Problem  uint64        `json:"problem,omitzero"`   // that it tells of
	Errand   uint64        `json:"errand,omitzero"`    // with the message to all of them
	Plan     uint64        `json:"plan,omitzero"`      // that it tells of
	Codes    []string      `json:"codes,omitempty"`    // of its decisions, steps and freezes
	Receipts []uint64      `json:"receipts,omitempty"` // that wait for an answer of the reader
	Rights   []RightChange `json:"rights,omitempty"`   // given and taken
	Device   string        `json:"device,omitzero"`    // that somebody signed in with
	Addr     string        `json:"addr,omitzero"`      // and from which address
}

// RightChange is one right that somebody was given, or that was taken from them.
type RightChange struct {
	Right        string `json:"right"` // administrator, editor, agent, supervisor, coordinator
	Group        uint64 `json:"group,omitzero"`
	Organisation uint64 `json:"organisation,omitzero"`
	Unit         uint64 `json:"unit,omitzero"`
	Taken        bool   `json:"taken,omitzero"`
}

// Letter is one mail the desk sends to one person. What it says is written when it goes, from what that person may read
// then; its Message-ID is there from the beginning, so that a second try is recognised as the same mail.
type Letter struct {
	db.Row
	State     LetterState `json:"state"`
	Why       string      `json:"why,omitzero"` // code: why it is held or was dropped
	Person    uint64      `json:"person"`       // 0: to the address alone
	To        string      `json:"to"`
	Ticket    uint64      `json:"ticket,omitzero"`
	Release   uint64      `json:"release,omitzero"` // it tells of
	Contact   uint64      `json:"contact,omitzero"` // it goes to
	Problem   uint64      `json:"problem,omitzero"` // it tells of
	Tells     []Telling   `json:"tells"`
	MessageID string      `json:"message_id"`
	Next      time.Time   `json:"next,omitzero"`
	Tries     int         `json:"tries,omitzero"`
	Error     string      `json:"error,omitzero"` // of the last try
	Sent      time.Time   `json:"sent,omitzero"`
	Subject   string      `json:"subject,omitzero"`  // as it went
	Unsure    bool        `json:"unsure,omitzero"`   // an attempt ended after the whole letter was sent: it may have been accepted
	Answers   string      `json:"answers,omitzero"`  // Message-ID of the mail it acknowledges
	Language  string      `json:"language,omitzero"` // of a letter to nobody the desk knows
	Reports   int         `json:"reports,omitzero"`  // of mail servers about it that were believed
}

// The ways into the letters.
var (
	// what is to go, by when.
	LettersDue = Letters.Index("due", func(l *Letter) [][]byte {
		if l.State != LetterQueued {
			return nil
		}
		return key.One(l.Next)
	})
	LettersByState  = Letters.Index("state", func(l *Letter) [][]byte { return key.One(string(l.State)) })
	LettersByTo     = Letters.Index("to", func(l *Letter) [][]byte { return key.One(l.To, l.Created) })
	LettersByTicket = Letters.Index("ticket", func(l *Letter) [][]byte {
		if l.Ticket == 0 {
			return nil
		}
		return key.One(l.Ticket)
	})
	// release, round, person, contact.
	LettersByRelease = Letters.Index("release", func(l *Letter) [][]byte {
		if l.Release == 0 || len(l.Tells) == 0 {
			return nil
		}
		return key.One(l.Release, l.Tells[0].Round, l.Person, l.Contact)
	})
	// what waits to gather more of the same ticket for the same person.
	LettersGathering = Letters.Index("gathering", func(l *Letter) [][]byte {
		if l.State != LetterQueued || l.Tries > 0 || l.Release != 0 || l.Problem != 0 {
			return nil
		}
		return key.One(l.Person, l.Ticket)
	})
)

// TicketLink lets one person read one ticket without signing in, by a link that mail carries.
type TicketLink struct {
	db.Row
	Ticket     uint64    `json:"ticket"`
	Person     uint64    `json:"person"`
	Serial     uint64    `json:"serial"` // grows when the link is withdrawn: the old one opens nothing any more
	Ends       time.Time `json:"ends"`   // 30 days after the last notice
	Withdrawn  bool      `json:"withdrawn,omitzero"`
	LastOpened time.Time `json:"last_opened,omitzero"`
}

// TicketLinksByTicket leads to the links of a ticket and to that of a person.
var TicketLinksByTicket = TicketLinks.UniqueIndex("ticket", func(l *TicketLink) [][]byte { return key.One(l.Ticket, l.Person) })

// Mailbox is how far the desk has read a mailbox of the configuration, and what it saw of mail at an address of its own.
type Mailbox struct {
	db.Row
	Name     string    `json:"name"`              // its address
	Position string    `json:"position,omitzero"` // as package transport writes it
	LastOK   time.Time `json:"last_ok,omitzero"`
	Tagged   time.Time `json:"tagged,omitzero"` // when mail to its address with a tag was last seen to arrive
	Probed   time.Time `json:"probed,omitzero"` // when the desk last wrote to such an address, to see whether it does
	PEC      time.Time `json:"pec,omitzero"`    // when certified mail last came whose provider no certificate confirms
}

// MailboxesByName leads to the mailbox with the address.
var MailboxesByName = Mailboxes.UniqueIndex("name", func(m *Mailbox) [][]byte { return key.One(m.Name) })
