package web

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"net/textproto"
	"net/url"
	"os"
	"strconv"
	"strings"
	"time"
	"unicode"

	"github.com/gofiber/fiber/v2"
	"golang.org/x/text/unicode/norm"

	"sportello/store"
)

// shownInPlace lists the media types that a browser may show inside the desk: pictures without scripts, and PDF.
// Everything else is sent as a download, whatever its name says.
var shownInPlace = map[string]bool{
	"image/png": true, "image/jpeg": true, "image/gif": true, "image/webp": true, "application/pdf": true,
}

// The content security policies of files. Some browsers show PDF with a page of their own, which a sandbox would stop.
const (
	FilePolicy = "sandbox; default-src 'none'; frame-ancestors 'none'"
	pdfPolicy  = "default-src 'none'; frame-ancestors 'none'"
)

// SendFile answers with the file, or with the requested part of it, and closes it.
func (r *Request) SendFile(row *store.File, f *os.File) error {
	handed := false // to the response, which closes the file
	defer func() {
		if !handed {
			_ = f.Close()
		}
	}()

	mediaType, inPlace := ServedType(row.Type)
	disposition := "attachment"
	if inPlace && !r.isAPI() {
		disposition = "inline"
	}
	tag := fmt.Sprintf(`"%d-%d"`, row.ID, row.Rev)
	if row.Release != 0 {
		tag = `"` + row.Sum + `"` // which is shown beside the file
	}
	r.c.Set(fiber.HeaderContentSecurityPolicy, FilePolicy)
	if mediaType == "application/pdf" {
		r.c.Set(fiber.HeaderContentSecurityPolicy, pdfPolicy)
	}
	r.c.Set(fiber.HeaderContentType, mediaType)
	r.c.Set(fiber.HeaderContentDisposition, DispositionOf(disposition, row.Name))
	r.c.Set(fiber.HeaderXContentTypeOptions, "nosniff")
	r.c.Set(fiber.HeaderETag, tag)
	r.c.Set(fiber.HeaderAcceptRanges, "bytes")
	if tagListed(r.said(fiber.HeaderIfNoneMatch), tag) {
		r.c.Status(fiber.StatusNotModified)
		return nil
	}

	size, err := FileSize(f)
	if err != nil {
		return err
	}
	from, length := int64(0), size
	if asked := r.c.Get(fiber.HeaderRange); asked != "" && rangeHolds(r.c.Get(fiber.HeaderIfRange), tag) {
		first, n, ok := byteRange(asked, size)
		switch {
		case !ok: // a range that cannot be read, or several ranges: the whole file is a valid answer
		case n == 0:
			r.c.Set(fiber.HeaderContentRange, fmt.Sprintf("bytes */%d", size))
			r.c.Set(fiber.HeaderContentDisposition, "inline")
			r.c.Set(fiber.HeaderContentType, fiber.MIMETextPlainCharsetUTF8)
			r.c.Status(fiber.StatusRequestedRangeNotSatisfiable)
			return nil
		default:
			from, length = first, n
			r.c.Set(fiber.HeaderContentRange, fmt.Sprintf("bytes %d-%d/%d", first, first+n-1, size))
			r.c.Status(fiber.StatusPartialContent)
		}
	}
	handed = true
	return r.SendPiece(f, from, length)
}

// ServedType returns the media type to send and whether the browser may show the file in place. Types that a browser
// could run are replaced.
func ServedType(stored string) (mediaType string, inPlace bool) {
	kind, _, _ := strings.Cut(strings.ToLower(stored), ";")
	kind = strings.TrimSpace(kind)
	if shownInPlace[kind] {
		return kind, true
	}
	top, sub, _ := strings.Cut(kind, "/")
	switch {
	case strings.HasSuffix(sub, "+xml"):
	case kind == "text/plain" || kind == "text/csv":
		return stored, false
	case kind == "application/zip" || kind == "application/msword" || strings.HasPrefix(kind, "application/vnd.") || top == "audio" || top == "video" || top == "image":
		return kind, false
	}
	return fiber.MIMEOctetStream, false
}

// plainLetters replaces letters and signs that removing accents does not turn into ASCII.
var plainLetters = strings.NewReplacer("ß", "ss", "ø", "o", "Ø", "O", "æ", "ae", "Æ", "AE", "œ", "oe", "Œ", "OE", "ł", "l", "Ł", "L", "đ", "d", "Đ", "D", "ı", "i", "þ", "th", "ð", "d",
	"–", "-", "—", "-", "‑", "-", "’", "'", "‘", "'", "“", "'", "”", "'", "«", "'", "»", "'", "…", "...", "€", "EUR", "\u00a0", " ", "\u202f", " ", "º", "o", "ª", "a")

// DispositionOf returns the header value with the file's name: in ASCII for old programs and in full for all others
// (RFC 6266, RFC 8187). No character of the name can end the value.
func DispositionOf(kind, name string) string {
	plain := strings.Map(func(r rune) rune {
		switch {
		case unicode.Is(unicode.Mn, r):
			return -1 // a combining mark of the letter before
		case r < ' ' || r > '~' || strings.ContainsRune(`"\%/;`, r):
			return '_'
		}
		return r
	}, norm.NFD.String(plainLetters.Replace(name)))
	full := strings.ReplaceAll(url.QueryEscape(name), "+", "%20")
	return fmt.Sprintf(`%s; filename="%s"; filename*=UTF-8''%s`, kind, plain, full)
}

// tagListed reports whether an If-None-Match header contains the tag.
func tagListed(header, tag string) bool {
	for _, one := range strings.Split(header, ",") {
		one = strings.TrimPrefix(textproto.TrimString(one), "W/")
		if one == tag || one == "*" {
			return true
		}
	}
	return false
}

// rangeHolds reports whether the If-Range header allows a partial answer: it is absent, or names this content.
func rangeHolds(header, tag string) bool { return header == "" || textproto.TrimString(header) == tag }

// byteRange reads a Range header that names one part, and returns where that part begins and its length within size. A
// length of 0 means that the file has no such part; ok is false when the header cannot be read.
func byteRange(header string, size int64) (first, length int64, ok bool) {
	spec, ok := strings.CutPrefix(strings.TrimSpace(header), "bytes=")
	if !ok || strings.Contains(spec, ",") {
		return 0, 0, false
	}
	a, b, ok := strings.Cut(strings.TrimSpace(spec), "-")
	if !ok {
		return 0, 0, false
	}
	number := func(s string) (int64, bool) {
		n, err := strconv.ParseUint(s, 10, 63)
		return int64(n), err == nil
	}
	if a == "" { // the last bytes
		n, ok := number(b)
		if !ok {
			return 0, 0, false
		}
		n = min(n, size)
		return size - n, n, true
	}
	first, ok = number(a)
	if !ok {
		return 0, 0, false
	}
	last := size - 1
	if b != "" {
		n, ok := number(b)
		if !ok || n < first {
			return 0, 0, false
		}
		last = min(n, last)
	}
	if first >= size {
		return 0, 0, true
	}
	return first, last - first + 1, true
}

// FileSize returns the size of the file in bytes.
func FileSize(f *os.File) (int64, error) {
	info, err := f.Stat()
	if err != nil {
		return 0, fmt.Errorf("app: look at file: %w", err)
	}
	return info.Size(), nil
}

// steadyFile is a part of a file being sent to a browser. The server gives each response a fixed time; a large file on
// a slow line may take longer as long as bytes move, so each read extends the write deadline.
type steadyFile struct {
	section *io.SectionReader
	file    *os.File
	conn    net.Conn
	moved   time.Time
}

const fileStands = time.Minute // longest time without a byte taken

func (s *steadyFile) Read(p []byte) (int, error) {
	if now := time.Now(); s.conn != nil && now.Sub(s.moved) > time.Second {
		s.moved = now
		_ = s.conn.SetWriteDeadline(now.Add(fileStands)) // on failure the server's own deadline applies
	}
	return s.section.Read(p)
}

func (s *steadyFile) Close() error { return s.file.Close() }

// SendPiece answers with length bytes of the file from first on, and closes it when they are sent. It gives up on a
// client that takes no byte for a minute.
func (r *Request) SendPiece(f *os.File, first, length int64) error {
	return r.c.SendStream(&steadyFile{section: io.NewSectionReader(f, first, length), file: f, conn: r.c.Context().Conn()}, int(length))
}

// Stream answers with what write writes, until write returns.
func (r *Request) Stream(write func(*bufio.Writer)) { r.c.Context().SetBodyStreamWriter(write) }
