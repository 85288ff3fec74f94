// Package mail parses mail: it reads a message as received (RFC 5322, MIME) and finds out who wrote it, what they wrote
// and attached, which message it answers, whether a person or a program wrote it, whether it is Italian certified mail
// (PEC, RFC 6109), and whether its sender is verified.
//
// It knows nothing about tickets, stores nothing and opens no connection. All functions are safe for concurrent use and
// take time linear in their input; the limits in scan.go bound the cost of hostile messages.
package mail

import (
	"crypto/x509"
	"time"
)

// Options limit what Read may spend and say whom it may trust. The zero value trusts nobody.
type Options struct {
	// MaxParse is how many bytes are read into memory; 0 means DefaultMaxParse. Of a larger message only the header and
	// the beginning of the text are parsed.
	MaxParse int64
	// Servers are the names (authserv-id) that our own mail servers use in Authentication-Results (RFC 8601). Only
	// these are trusted.
	Servers []string
	// PECRoots are the certificates of PEC providers that the administrator installed; nil means that no mail counts as
	// PEC.
	PECRoots *x509.CertPool
	// Now is the present. A signature is checked at its own signing time, which may not be after Now.
	Now time.Time
}

// DefaultMaxParse is the default of Options.MaxParse in bytes.
const DefaultMaxParse = 48 << 20

// Address is a mailbox. Email is in lower case and NFC, without white space or controls; Name is one line and may be
// empty.
type Address struct{ Name, Email string }

// Automatic is the kind of program that sent a message; empty for a person.
type Automatic string

const (
	Personal     Automatic = ""
	AutoReply    Automatic = "auto-reply"
	OutOfOffice  Automatic = "out-of-office"
	Bounce       Automatic = "bounce"
	Receipt      Automatic = "receipt" // of reading, or of certified delivery
	List         Automatic = "list"
	Bulk         Automatic = "bulk"
	Notification Automatic = "notification" // of another system, or of a desk
)

// The reasons in Message.Problem.
const (
	TooDeep       = "too-deep"
	TooManyParts  = "too-many-parts"
	HeaderTooLong = "header-too-long"
	TooLarge      = "too-large"
	Broken        = "broken"
)

// Message is one parsed mail. All text is UTF-8; bodies have no controls other than line ends and tabs, header texts
// are one line.
type Message struct {
	MessageID  string   // without <>, "" when there is none
	InReplyTo  []string // without <>, in order, each once
	References []string // without <>, in order, each once, at most maxReferences: the first and the last

	From, Sender    Address
	ReplyTo, To, Cc []Address
	// Delivered are the addresses that mail servers recorded at delivery: Delivered-To, X-Original-To, Envelope-To,
	// X-Envelope-To, X-Delivered-To, Received "for <...>", in this order, without duplicates.
	Delivered []string
	// Arrived are those of them that the last delivering server wrote: they precede every Received field, where no
	// sender can put a line.
	Arrived       []string
	ReturnPath    string // "" also for <>
	HasReturnPath bool   // <> is a bounce

	Subject  string
	Date     time.Time // zero when absent or implausible
	Language string    // primary tag of Content-Language in lower case, usually ""

	Text  string // text of the text/plain parts, joined if format=flowed
	HTML  string // HTML of the text/html parts, not sanitised
	Parts []Part // everything else

	Automatic    Automatic
	AutomaticWhy string // the header line that shows it, "Name: value"

	// Desk are the values of X-Sportello-Desk: ids of the desks that sent or passed on this mail.
	Desk []string

	Report   *Report
	Calendar []Event // from text/calendar parts; also in Text when there is no other text
	PEC      *PEC

	// Proven says that one of Options.Servers reports a pass of DMARC, or of DKIM aligned with From. ProvenWhy is that
	// report, or why it is not trusted.
	Proven    bool
	ProvenWhy string

	// Signed and Encrypted are "smime", "pgp" or "". Signed means present, not verified.
	Signed, Encrypted string

	// Envelope is the PEC envelope around this message as received, without the parts that belong to this message.
	Envelope *Message
	// Carried is the message in a PEC envelope whose signature was not verified, or that contains ordinary mail:
	// nothing proves its sender, and its Envelope is this message. It is nil for all other messages.
	Carried *Message

	Problem string // "", or why part of it could not be parsed
}

// The roles of a part.
const (
	RoleFile      = "file"
	RolePicture   = "picture"   // shown inside the HTML through its ContentID
	RoleSignature = "signature" // smime.p7s, signature.asc
	RoleCalendar  = "calendar"
	RoleMessage   = "message" // a complete mail attached to this mail
	RoleWinmail   = "winmail" // winmail.dat that could not be read
	RoleEncrypted = "encrypted"
	RoleReport    = "report"   // delivery status, disposition notification
	RolePECData   = "pec-data" // daticert.xml
)

// Part is something in a mail besides its text.
type Part struct {
	Name      string // one line, never empty, no directory
	Type      string // lower-case media type without parameters
	ContentID string // without <>
	Inline    bool   // its sender wanted it shown within the text
	Role      string
	Content   []byte
	Parent    string // name of the part that contained it (winmail.dat), usually ""
}

// Report is a report about a mail sent earlier (RFC 3464, or what mail
// servers write without it).
type Report struct {
	Original   string // Message-ID of the mail it is about, "" when unknown
	Recipients []ReportLine
	Hard       bool // at least one recipient can never be reached this way
}

// ReportLine is the outcome for one recipient.
type ReportLine struct {
	Address    string
	Action     string // failed, delayed, delivered, relayed, expanded
	Status     string // 5.1.1 (RFC 3463), "" when absent
	Diagnostic string
}

// The kinds of PEC messages (RFC 6109).
const (
	PECTransport   = "trasporto" // a message from a certified mailbox
	PECAnomaly     = "anomalia"  // ordinary mail passed on to a certified mailbox
	PECAccepted    = "accettazione"
	PECRefused     = "non-accettazione"
	PECInCharge    = "presa-in-carico"
	PECDelivered   = "avvenuta-consegna"
	PECUndelivered = "errore-consegna"
	PECLate        = "preavviso-errore-consegna"
	PECVirus       = "rilevazione-virus"
)

// PEC is the content of a certified envelope or receipt. It exists only when the signature was verified, and everything
// in it was signed. Only PECTransport proves who wrote a message.
type PEC struct {
	Kind      string
	Provider  string    // gestore-emittente
	About     string    // for receipts, the Message-ID of the certified mail
	ID        string    // identificativo
	Recipient string    // the address a receipt is about
	Date      time.Time // zero when absent
	Data      []byte    // daticert.xml
	Errors    string    // errore-esteso, else the kind of error, if any
}

// Event is an event in an invitation.
type Event struct {
	Method  string // request, reply, cancel, publish, ...
	Summary string
	Start   time.Time
	End     time.Time
	AllDay  bool
	Where   string
	Who     Address // organizer
	UID     string
	What    string // its description, of several lines; it contains the link to a meeting
	Link    string // URL of the event itself
}
