package transport

import (
	"io"
	"net/mail"
	"time"
)

// Letter is a message that the desk writes.
type Letter struct {
	From       mail.Address
	ReplyTo    *mail.Address // nil: none
	To         mail.Address
	MessageID  string   // without <>
	InReplyTo  string   // without <>; "": none
	References []string // without <>, oldest first; the first and the last 20 are written
	Subject    string
	Text       string // plain text; lines of any length
	HTML       string // "": text only
	Date       time.Time
	Language   string // of the text, "it"; "": not said

	Automatic   bool   // a notice: Auto-Submitted: auto-generated (RFC 3834), and asks for no automatic reply
	AutoReplied bool   // a confirmation of somebody's mail: Auto-Submitted: auto-replied, and the same
	Desk        string // X-Sportello-Desk
	Ticket      string // X-Sportello-Ticket

	Attachments []Attachment
}

// Attachment is a file that goes with a Letter.
type Attachment struct {
	Name   string
	Type   string // "": application/octet-stream
	Inline string // Content-ID for a picture that the HTML shows as cid:; "": a file
	Open   func() (io.ReadCloser, error)
	Size   int64 // as far as known; 0: not known
}

// WriteTo writes the message as RFC 5322 says, with CRLF line ends, lines of at most 998 bytes and a header of plain
// ASCII (RFC 2047, RFC 2231) but for addresses that are not. Nothing in any field can add a header line or a part:
// controls and line ends become spaces in header fields. It fails for what is not an address or a Message-ID, and
// when an attachment cannot be read.
func (l *Letter) WriteTo(w io.Writer) (int64, error) { return 0, errNotYet }

// Bytes returns what WriteTo writes.
func (l *Letter) Bytes() ([]byte, error) { return nil, errNotYet }
