// Package extract takes the words out of files that people attach, so that search finds them. It reads PDF, the office
// formats of Microsoft and OpenDocument, RTF, HTML, mail and plain text; no layout, no pictures, no scripts.
//
// Files come from strangers. Text bounds what it reads and unfolds, but a bound that was forgotten must not cost the
// desk: a server calls Apart, which runs Text in a process of its own with limits of the kernel on memory and time.
//
//	extract.go   what is read, and its bounds
//	apart.go     the process of its own: Apart outside, Child inside
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

// MaxText is the most text that is taken out of one file, in bytes.
const MaxText = 256 << 10

// maxFile is the greatest file that is read, in bytes.
const maxFile = 256 << 20

// Reason says in one word why there is no text.
type Reason string

// The reasons. Each is also part of the key of a sentence for the administrator.
const (
	Encrypted   Reason = "encrypted"   // opens only with a password
	Damaged     Reason = "damaged"     // is not what it says it is, or broken
	TooMuch     Reason = "too-much"    // unfolds to more than a document would
	Unsupported Reason = "unsupported" // of a kind that is not read
	OutOfBounds Reason = "limits"      // took more memory or time than it gets
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

// ReasonOf returns the reason of an error, Damaged for an error of another package.
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
	formatOffice // a zip of parts; which one is told by the parts
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
		// Mail and some HTML look like plain text in their first bytes.
		if ext == formatMail || ext == formatHTML {
			return ext
		}
		return formatPlain
	case t == "" || t == "application/octet-stream" || t == "application/zip" || t == "application/x-ole-storage":
		return ext // types that say nothing
	}
	return formatNone
}

// Reads reports whether Text reads files of the name and media type. The name counts only where the type says nothing.
func Reads(name, mediaType string) bool { return formatOf(name, mediaType) != formatNone }

// Text returns the words of the file, in reading order as far as the file tells it, as lines of UTF-8 without control
// characters, at most MaxText bytes; longer text is cut. It returns an *Error when the file cannot be read. A truncated
// file gives the text before the break.
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
		err = nil // what there is can be found
	}
	if err != nil {
		return "", err
	}
	return text, nil
}

// sink gathers text: runs of blanks become one, of empty lines one; nothing is kept beyond MaxText.
type sink struct {
	b     bytes.Buffer
	blank byte // owed before the next word: 0, ' ', '\n'
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

// text adds what was read; blanks and line ends in it count as such.
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

// budget bounds how many bytes a file may unfold to in all.
type budget struct{ left int64 }

const (
	maxUnfolded = 192 << 20 // of a whole file, in bytes
	maxPart     = 48 << 20  // of one part or stream
)

var errBudget = errors.New("more than a document unfolds to")

// all reads r to its end within the budget. What was read is returned also with an error.
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
