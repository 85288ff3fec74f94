// Package extract extracts words from attachments, so that search finds them. It reads PDF, the office formats of
// Microsoft and OpenDocument, RTF, HTML, mail and plain text; no layout, no pictures, no scripts.
//
// Files come from strangers. Text limits what it reads and unpacks, but a forgotten limit must not harm the desk: a
// server calls Apart, which runs Text in a separate process with the kernel's limits on memory and time.
//
//	extract.go   what is read, and its limits
//	apart.go     the separate process: Apart outside, Child inside
//	office.go    DOCX, XLSX, PPTX, ODT, ODS, ODP
//	pdf*.go      PDF: objects, streams, encryption, fonts, text
//	rtf.go       RTF; plain.go: text and HTML; mail.go: messages
package extract

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"path"
	"strings"
	"unicode"
	"unicode/utf8"
)

// MaxText is the maximum text extracted from one file, in bytes.
const MaxText = 256 << 10

// maxFile is the size of the largest file that is read, in bytes.
const maxFile = 256 << 20

// Reason is a word that says why there is no text.
type Reason string

// The reasons. Each is also part of the key of a sentence for the administrator.
const (
	Encrypted   Reason = "encrypted"   // opens only with a password
	Damaged     Reason = "damaged"     // not what it claims to be, or broken
	TooMuch     Reason = "too-much"    // unpacks to more than any document would
	Unsupported Reason = "unsupported" // a kind that is not read
	OutOfBounds Reason = "limits"      // needed more memory or time than allowed
	NotRun      Reason = "not-run"     // the process could not be started
)

// Error says why a file has no text.
type Error struct {
	Reason Reason
	Err    error
}

func (e *Error) Error() string { return fmt.Sprintf("extract: %s: %v", e.Reason, e.Err) }
func (e *Error) Unwrap() error { return e.Err }

func refuse(r Reason, format string, args ...any) error {
	return &Error{r, fmt.Errorf(format, args...)}
}

// ReasonOf returns the reason in an error, Damaged for an error of another package.
func ReasonOf(err error) Reason {
	var e *Error
	if errors.As(err, &e) {
		return e.Reason
	}
	return Damaged
}

type format uint8

const (
	formatNone format = iota
	formatPDF
	formatOffice // a zip whose parts show which format it is
	formatRTF
	formatHTML
	formatMail
	formatPlain
)

var byType = map[string]format{
	"application/pdf": formatPDF, "application/rtf": formatRTF, "text/rtf": formatRTF, "text/html": formatHTML, "application/xhtml+xml": formatHTML,
	"message/rfc822": formatMail,
	"application/vnd.openxmlformats-officedocument.wordprocessingml.document":   formatOffice,
	"application/vnd.openxmlformats-officedocument.spreadsheetml.sheet":         formatOffice,
	"application/vnd.openxmlformats-officedocument.presentationml.presentation": formatOffice,
	"application/vnd.oasis.opendocument.text":                                   formatOffice,
	"application/vnd.oasis.opendocument.spreadsheet":                            formatOffice,
	"application/vnd.oasis.opendocument.presentation":                           formatOffice,
	"application/json": formatPlain, "application/xml": formatPlain, "text/xml": formatPlain,
}

var byName = map[string]format{
	".pdf": formatPDF, ".rtf": formatRTF, ".htm": formatHTML, ".html": formatHTML, ".eml": formatMail,
	".docx": formatOffice, ".docm": formatOffice, ".xlsx": formatOffice, ".xlsm": formatOffice, ".pptx": formatOffice,
	".odt": formatOffice, ".ods": formatOffice, ".odp": formatOffice,
}

func formatOf(name, mediaType string) format {
	t, _, _ := strings.Cut(strings.ToLower(mediaType), ";")
	t = strings.TrimSpace(t)
	ext := byName[strings.ToLower(path.Ext(name))]
	f, ok := byType[t]
	switch {
	case ok && f != formatPlain:
		return f
	case ok || strings.HasPrefix(t, "text/"):
		// The first bytes of mail and of some HTML look like plain text.
		if ext == formatMail || ext == formatHTML {
			return ext
		}
		return formatPlain
	case t == "" || t == "application/octet-stream" || t == "application/zip" || t == "application/x-ole-storage":
		return ext // generic types
	}
	return formatNone
}

// Reads reports whether Text reads files with the name and media type. The name counts only when the type is generic.
func Reads(name, mediaType string) bool { return formatOf(name, mediaType) != formatNone }

// Text returns the words of the file, in reading order as far as the file shows it, as lines of UTF-8 without control
// characters. It cuts the text after MaxText bytes. It returns an *Error when the file cannot be read; of a truncated
// file it returns the text before the break.
func Text(r io.ReaderAt, size int64, name, mediaType string) (text string, err error) {
	if size > maxFile {
		return "", refuse(TooMuch, "%d bytes", size)
	}
	out := &sink{}
	switch f := formatOf(name, mediaType); f {
	case formatPDF:
		err = readPDF(r, size, out)
	case formatOffice:
		err = readOffice(r, size, out)
	case formatRTF:
		err = readRTF(io.NewSectionReader(r, 0, size), out)
	case formatHTML:
		err = readHTML(io.NewSectionReader(r, 0, size), mediaType, out)
	case formatMail:
		err = readMail(io.NewSectionReader(r, 0, size), out, 0)
	case formatPlain:
		err = readPlain(io.NewSectionReader(r, 0, size), mediaType, out)
	default:
		return "", refuse(Unsupported, "%q is not read", mediaType)
	}
	text = out.String()
	if err != nil && text != "" && ReasonOf(err) == Damaged {
		err = nil // the text before the error can be searched
	}
	if err != nil {
		return "", err
	}
	return text, nil
}

// sink collects text: runs of blanks and of empty lines become one; text beyond MaxText is dropped.
type sink struct {
	b     bytes.Buffer
	blank byte // to be written before the next word: 0, ' ', '\n'
	full  bool
}

// space ends the word.
func (s *sink) space() {
	if s.blank == 0 {
		s.blank = ' '
	}
}

// line ends the line.
func (s *sink) line() { s.blank = '\n' }

// text adds text; blanks and line ends in it count as such.
func (s *sink) text(t string) {
	for _, r := range t {
		if s.full {
			return
		}
		s.rune(r)
	}
}

func (s *sink) rune(r rune) {
	switch {
	case r == '\n' || r == '\r' || r == '\f' || r == '\v' || r == '\u2028' || r == '\u2029':
		s.line()
		return
	case r == '\u00ad' || r == '\u200b' || r == '\ufeff' || r == utf8.RuneError || r == 0:
		return
	case unicode.IsSpace(r) || unicode.IsControl(r):
		s.space()
		return
	case !utf8.ValidRune(r) || unicode.Is(unicode.Co, r):
		return
	}
	if s.b.Len()+utf8.RuneLen(r)+1 > MaxText {
		s.full = true
		return
	}
	if s.blank != 0 && s.b.Len() > 0 {
		s.b.WriteByte(s.blank)
	}
	s.blank = 0
	s.b.WriteRune(r)
}

func (s *sink) String() string { return s.b.String() }

// budget limits how many bytes a file may unpack to in total.
type budget struct{ left int64 }

const (
	maxUnfolded = 192 << 20 // of a whole file, in bytes
	maxPart     = 48 << 20  // of one part or stream
)

var errBudget = errors.New("unpacks to more than any document would")

// all reads r to its end within the budget. On an error it also returns what it read before.
func (b *budget) all(r io.Reader) ([]byte, error) {
	limit := min(b.left, maxPart)
	out, err := io.ReadAll(io.LimitReader(r, limit+1))
	if int64(len(out)) > limit {
		b.left = 0
		return nil, &Error{TooMuch, errBudget}
	}
	b.left -= int64(len(out))
	return out, err
}
