package transport

import (
	"bytes"
	"cmp"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"mime"
	"net/mail"
	"net/textproto"
	"strings"
	"time"
	"unicode/utf8"

	gomail "github.com/wneessen/go-mail"
)

// Letter is a message written by the desk.
type Letter struct {
	From       mail.Address
	ReplyTo    *mail.Address // nil: none
	To         mail.Address
	MessageID  string   // without <>
	InReplyTo  string   // without <>; "": none
	References []string // without <>, oldest first; the first one and the last 20 are written
	Subject    string
	Text       string // plain text; lines of any length
	HTML       string // "": text only
	Date       time.Time
	Language   string // of the text, "it"; "": unknown

	Automatic   bool   // a notice: Auto-Submitted: auto-generated (RFC 3834), and a request for no automatic replies
	AutoReplied bool   // a confirmation of somebody's mail: Auto-Submitted: auto-replied, and the same request
	Desk        string // X-Sportello-Desk
	Ticket      string // X-Sportello-Ticket

	Attachments []Attachment
}

// Attachment is a file sent with a Letter.
type Attachment struct {
	Name   string
	Type   string // "": application/octet-stream
	Inline string // Content-ID of a picture that the HTML shows as cid:; "": a file
	Open   func() (io.ReadCloser, error)
	Size   int64 // an estimate for decisions of the caller; 0: unknown
}

// lastReferences is how many references are written after the first: enough for every mail program to find its thread.
const lastReferences = 20

// WriteTo writes the message according to RFC 5322, with CRLF line ends, lines of at most 998 bytes and everything but
// local parts of addresses in ASCII (RFC 2047, RFC 2231). No field can add a header line or a part: controls and line
// ends in header fields become spaces. It returns an error for an invalid address or Message-ID of ours, and when an
// attachment cannot be read; it leaves out invalid ids of others.
func (l *Letter) WriteTo(w io.Writer) (int64, error) {
	m, err := l.compose()
	if err != nil {
		return 0, fmt.Errorf("transport: write letter: %w", err)
	}
	n, err := m.WriteTo(w)
	if err != nil {
		return n, fmt.Errorf("transport: write letter: %w", err)
	}
	return n, nil
}

// Bytes returns what WriteTo writes.
func (l *Letter) Bytes() ([]byte, error) {
	var b bytes.Buffer
	if _, err := l.WriteTo(&b); err != nil {
		return nil, err
	}
	return b.Bytes(), nil
}

func (l *Letter) compose() (*gomail.Msg, error) {
	m := gomail.NewMsg(gomail.WithNoDefaultUserAgent(), gomail.WithCharset(gomail.CharsetUTF8), gomail.WithEncoding(gomail.EncodingQP))
	addresses := []struct {
		header gomail.AddrHeader
		of     *mail.Address
	}{{gomail.HeaderFrom, &l.From}, {gomail.HeaderTo, &l.To}, {gomail.HeaderReplyTo, l.ReplyTo}}
	for _, a := range addresses {
		if a.of == nil {
			continue
		}
		plain, err := wireAddress(a.of.Address)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", a.header, err)
		}
		m.SetAddrHeaderFromMailAddress(a.header, &mail.Address{Name: oneLine(a.of.Name), Address: plain})
		if len(m.GetAddrHeader(a.header)) != 1 {
			return nil, fmt.Errorf("%s: not an address: %q", a.header, plain)
		}
	}
	if !messageID(l.MessageID) {
		return nil, fmt.Errorf("not a Message-ID: %q", l.MessageID)
	}
	if l.Date.IsZero() {
		return nil, errors.New("no date")
	}
	m.SetDateWithValue(l.Date)
	m.SetGenHeader(gomail.HeaderMessageID, "<"+l.MessageID+">")
	m.SetGenHeader(gomail.HeaderSubject, encoded(oneLine(l.Subject)))
	if messageID(l.InReplyTo) {
		m.SetGenHeader(gomail.HeaderInReplyTo, "<"+l.InReplyTo+">")
	}
	if refs := references(l.References); refs != "" {
		m.SetGenHeader(gomail.HeaderReferences, refs)
	}
	if l.Language != "" && tag(l.Language) {
		m.SetGenHeader(gomail.HeaderContentLang, l.Language)
	}
	if l.Automatic || l.AutoReplied {
		how := "auto-generated"
		if l.AutoReplied {
			how = "auto-replied"
		}
		m.SetGenHeader("Auto-Submitted", how)
		m.SetGenHeader(gomail.HeaderXAutoResponseSuppress, "All")
	}
	for name, value := range map[gomail.Header]string{"X-Sportello-Desk": l.Desk, "X-Sportello-Ticket": l.Ticket} {
		if value != "" {
			m.SetGenHeader(name, encoded(oneLine(value)))
		}
	}
	m.SetBodyString(gomail.TypeTextPlain, strings.ToValidUTF8(l.Text, "\uFFFD"))
	if l.HTML != "" {
		m.AddAlternativeString(gomail.TypeTextHTML, strings.ToValidUTF8(l.HTML, "\uFFFD"))
	}
	var files, pictures []*gomail.File
	for _, a := range l.Attachments {
		f, err := a.file()
		if err != nil {
			return nil, err
		}
		if a.Inline != "" {
			pictures = append(pictures, f)
		} else {
			files = append(files, f)
		}
	}
	m.SetEmbeds(pictures)
	m.SetAttachments(files)
	return m, nil
}

func (a Attachment) file() (*gomail.File, error) {
	name := fileName(a.Name)
	kind, params, err := mime.ParseMediaType(a.Type)
	if err != nil || strings.HasPrefix(kind, "multipart/") || strings.HasPrefix(kind, "message/") {
		// A message must not be encoded as base64 (RFC 2046 section 5.2.1): as an octet stream it may.
		kind, params = "application/octet-stream", nil
	}
	disposition, header := "attachment", textproto.MIMEHeader{}
	typed := mime.FormatMediaType(kind, map[string]string{"name": name})
	if set := params["charset"]; set != "" && tag(set) {
		typed = mime.FormatMediaType(kind, map[string]string{"name": name, "charset": set})
	}
	if a.Inline != "" {
		if !messageID(a.Inline+"@x") && !messageID(a.Inline) {
			return nil, fmt.Errorf("not a Content-ID: %q", a.Inline)
		}
		disposition = "inline"
		header.Set("Content-ID", "<"+a.Inline+">")
	}
	header.Set("Content-Type", typed)
	header.Set("Content-Disposition", mime.FormatMediaType(disposition, map[string]string{"filename": name}))
	header.Set("Content-Transfer-Encoding", "base64")
	return &gomail.File{Name: name, Enc: gomail.EncodingB64, Header: header, Writer: func(w io.Writer) (n int64, err error) {
		r, err := a.Open()
		if err != nil {
			return 0, fmt.Errorf("open %s: %w", name, err)
		}
		defer func() { err = errors.Join(err, r.Close()) }()
		return io.Copy(w, r)
	}}, nil
}

// fileName returns name without path and controls, short enough for one header line even when each character is written
// as nine bytes. It keeps the extension.
func fileName(name string) string {
	name = printable(name, 4096)
	name = name[strings.LastIndexAny(name, `/\`)+1:]
	const most = 240
	if len(name) > most {
		ending := ""
		if i := strings.LastIndexByte(name, '.'); i > 0 && len(name)-i <= 20 {
			ending = name[i:]
		}
		cut := name[:most-len(ending)]
		for !utf8.ValidString(cut) {
			cut = cut[:len(cut)-1]
		}
		name = cut + ending
	}
	return cmp.Or(strings.Trim(name, ". "), "file")
}

// messageID reports whether id can stand between < and > in an ASCII header.
func messageID(id string) bool {
	if len(id) == 0 || len(id) > 900 || !strings.Contains(id, "@") {
		return false
	}
	for _, r := range id {
		if r <= ' ' || r > '~' || r == '<' || r == '>' {
			return false
		}
	}
	return true
}

func tag(s string) bool {
	for _, r := range s {
		if !(r == '-' || r >= '0' && r <= '9' || r >= 'A' && r <= 'Z' || r >= 'a' && r <= 'z') {
			return false
		}
	}
	return len(s) <= 35
}

func references(ids []string) string {
	var good []string
	for _, id := range ids {
		if messageID(id) {
			good = append(good, "<"+id+">")
		}
	}
	if over := len(good) - lastReferences; over > 1 {
		good = append(good[:1:1], good[over:]...)
	}
	return strings.Join(good, " ")
}

// encoded returns s for use in a header field: unchanged where that is safe, else in encoded words. It encodes what
// mime encodes, and also words too long for a line and text that looks like an encoded word.
func encoded(s string) string {
	plain := isASCII(s) && !strings.Contains(s, "=?")
	for _, word := range strings.Fields(s) {
		plain = plain && len(word) < 200
	}
	switch {
	case plain:
		return s
	case !isASCII(s):
		return mime.QEncoding.Encode("utf-8", s)
	}
	// mime leaves all ASCII unchanged.
	var words []string
	for len(s) > 0 {
		n := min(45, len(s))
		words = append(words, "=?utf-8?b?"+base64.StdEncoding.EncodeToString([]byte(s[:n]))+"?=")
		s = s[n:]
	}
	return strings.Join(words, " ")
}
