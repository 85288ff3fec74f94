// Package mail understands mail: it reads a message as it came (RFC 5322,
// MIME) and says who wrote it, what they wrote, what they attached, which
// message it answers, whether a person or a program wrote it, and whether it
// is Italian certified mail (PEC, RFC 6109) or proven to be its sender's.
//
// It knows nothing of tickets, keeps nothing and opens no connection. All
// functions are safe for concurrent use and take time linear in their input;
// what a hostile message may cost is bounded by the limits in scan.go.
package mail

import (
	"crypto/x509"
	"time"
)

// Options say what Read may spend and whom it may believe. The zero value
// believes nobody.
type Options struct {
	// MaxParse is how many bytes are read into memory; 0 means
	// DefaultMaxParse. Of a larger message the header and the text at its
	// beginning are understood.
	MaxParse int64
	// Servers are the names (authserv-id) under which our own mail servers
	// write Authentication-Results (RFC 8601). Only these are believed.
	Servers []string
	// PECRoots are the certificates of PEC providers that the administrator
	// installed; nil means that nothing is PEC.
	PECRoots *x509.CertPool
	// Now is the present. A signature is judged at the time it says it was
	// made, which may not be after Now.
	Now time.Time
}

// DefaultMaxParse is read whole unless Options say otherwise.
const DefaultMaxParse = 48 << 20

// Address is a mailbox. Email is lower case, NFC, and holds no white space or
// controls; Name is one line and may be empty.
type Address struct{ Name, Email string }

// Automatic says what kind of program sent a message; empty is a person.
type Automatic string

const (
	Personal     Automatic = ""
	AutoReply    Automatic = "auto-reply"
	OutOfOffice  Automatic = "out-of-office"
	Bounce       Automatic = "bounce"
	Receipt      Automatic = "receipt" // of reading or of certified delivery
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

// Message is one mail as it was understood. All text is UTF-8 without
// controls other than line ends and tabs in bodies; header text is one line.
type Message struct {
	MessageID  string   // without <>, "" when there is none
	InReplyTo  []string // without <>, in order, each once
	References []string // without <>, in order, each once, at most maxReferences: the first and the last

	From, Sender    Address
	ReplyTo, To, Cc []Address
	// Delivered are the addresses that mail servers noted when they delivered
	// it: Delivered-To, X-Original-To, Envelope-To, X-Envelope-To,
	// X-Delivered-To, Received "for <...>", in this order, each once.
	Delivered []string
	// Arrived are those of them that the server wrote that delivered it last:
	// they stand above every Received, where no sender can put a line.
	Arrived       []string
	ReturnPath    string // "" also for <>
	HasReturnPath bool   // <> is a bounce

	Subject  string
	Date     time.Time // zero when absent or senseless
	Language string    // primary tag of Content-Language, lower case, mostly ""

	Text  string // what the text/plain parts say, unwrapped if format=flowed
	HTML  string // what the text/html parts say, not cleaned
	Parts []Part // everything else

	Automatic    Automatic
	AutomaticWhy string // the header line that said so, "Name: value"

	// Desk are the values of X-Sportello-Desk: ids of the desks that this
	// mail is from or went through.
	Desk []string

	Report   *Report
	Calendar []Event // of text/calendar parts; also told in Text when there is no other text
	PEC      *PEC

	// Proven says that DKIM, aligned with From, or DMARC passed by the word
	// of one of Options.Servers. ProvenWhy is what it said, or why it is not
	// believed.
	Proven    bool
	ProvenWhy string

	// Signed and Encrypted say "smime" or "pgp". Signed is not verified.
	Signed, Encrypted string

	// Envelope is the PEC envelope around this message as it came, without
	// the parts that make up this message.
	Envelope *Message
	// Carried is the message in a PEC envelope whose signature was not
	// verified, or in one around an ordinary mail: nothing proves whom it
	// names, and its Envelope is this message. nil for every other.
	Carried *Message

	Problem string // "" or why not all of it was understood
}

// The roles of a part.
const (
	RoleFile      = "file"
	RolePicture   = "picture"   // shown inside the HTML by its ContentID
	RoleSignature = "signature" // smime.p7s, signature.asc
	RoleCalendar  = "calendar"
	RoleMessage   = "message" // a mail attached to this mail, whole
	RoleWinmail   = "winmail" // winmail.dat whose content was not understood
	RoleEncrypted = "encrypted"
	RoleReport    = "report"   // delivery status, disposition notification
	RolePECData   = "pec-data" // daticert.xml
)

// Part is something a mail carries besides its text.
type Part struct {
	Name      string // one line, never empty, no directory
	Type      string // lower-case media type without parameters
	ContentID string // without <>
	Inline    bool   // its sender wanted it shown among the text
	Role      string
	Content   []byte
	Parent    string // name of the part it was found in (winmail.dat), mostly ""
}

// Report is a report about a mail sent earlier (RFC 3464, or what mail
// servers write without it).
type Report struct {
	Original   string // Message-ID of the mail it is about, "" when unknown
	Recipients []ReportLine
	Hard       bool // one recipient at least can never be reached this way
}

// ReportLine is what became of the mail for one recipient.
type ReportLine struct {
	Address    string
	Action     string // failed, delayed, delivered, relayed, expanded
	Status     string // 5.1.1 (RFC 3463), "" when not said
	Diagnostic string
}

// The kinds of PEC messages (RFC 6109).
const (
	PECTransport   = "trasporto" // a message from a certified mailbox
	PECAnomaly     = "anomalia"  // an ordinary mail that was passed on to a certified mailbox
	PECAccepted    = "accettazione"
	PECRefused     = "non-accettazione"
	PECInCharge    = "presa-in-carico"
	PECDelivered   = "avvenuta-consegna"
	PECUndelivered = "errore-consegna"
	PECLate        = "preavviso-errore-consegna"
	PECVirus       = "rilevazione-virus"
)

// PEC is what a certified envelope or receipt says of itself. It is only
// there when the signature was verified, and everything in it was signed.
// Only PECTransport says who wrote a message.
type PEC struct {
	Kind      string
	Provider  string    // gestore-emittente
	About     string    // Message-ID of the certified mail, for receipts of the one that was sent
	ID        string    // identificativo
	Recipient string    // the address a receipt is about
	Date      time.Time // zero when not said
	Data      []byte    // daticert.xml
	Errors    string    // errore-esteso, else the kind of error when there is one
}

// Event is what an invitation says.
type Event struct {
	Method  string // request, reply, cancel, publish, ...
	Summary string
	Start   time.Time
	End     time.Time
	AllDay  bool
	Where   string
	Who     Address // organizer
	UID     string
	What    string // its description, of several lines: the link to a meeting stands here
	Link    string // URL of the event itself
}
