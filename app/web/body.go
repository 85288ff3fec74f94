package web

import (
	"bytes"
	"errors"
	"io"
	"mime"
	"mime/multipart"
	"net"
	"net/url"
	"os"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/gofiber/fiber/v2"
	"github.com/valyala/fasthttp"

	"sportello/app/listen"
	"sportello/store"
	"sportello/store/fault"
)

// No memory is spent on a request before its sender is known. The head of a request says who sends it and for which
// route; only then is its body read. The body is read piece by piece, as it arrives, up to the limit of the route, and
// it counts against a budget of memory that all requests share. Files go straight to the store.
const (
	SmallBody = 64 << 10 // for anyone not signed in, and for every route without a limit of its own
	MaxFields = 2000     // fields of one form
	partHead  = 16 << 10 // header bytes of one part of a form
	bodyRoom  = 96 << 20 // bytes of all bodies in memory at once
)

var (
	LongBody  = int64(maxBody) + 3<<20 // for long texts; above the limit of one text, so that a text that is too long can be returned with its error
	bodyShare = 4*LongBody + 4<<20     // bytes of bodyRoom that one person or address may use
)

// incoming is the body of one request on its way in.
type incoming struct {
	site  *Site
	from  io.Reader // nil when there is none
	conn  net.Conn  // nil where a test asks without one
	whose string
	most  int64 // bytes; one more is too many
	says  int64 // bytes as announced, -1 when the body is chunked
	got   int64
	held  int64 // bytes taken from the shared memory
	began time.Time
	spent time.Duration
	kept  []byte
	err   error // the last read error; io.EOF after the whole body was read
}

// errBodyTooLarge is the error for a body larger than its route allows.
var errBodyTooLarge = fault.New(fault.TooLarge, "error.too-large")

// body returns the body of the request, of which at most most bytes are ever read. Every call returns the same body.
func (r *Request) body(most int64) *incoming {
	v := r.Visit()
	if v.Body != nil {
		return v.Body
	}
	req := &r.c.Context().Request
	b := &incoming{site: r.site, most: most, says: int64(req.Header.ContentLength()), whose: r.whose(), began: time.Now()}
	switch {
	case b.says == 0:
		b.err = io.EOF
	case req.IsBodyStream():
		b.from, b.conn = req.BodyStream(), r.c.Context().Conn()
	case len(req.Body()) > 0:
		b.from, b.says = bytes.NewReader(req.Body()), int64(len(req.Body()))
	default:
		b.err = io.EOF
	}
	v.Body = b
	return b
}

// whose returns the name under which the request's memory is counted: the person, else the network of the client.
func (r *Request) whose() string {
	if p := r.Actor().Person; p != nil {
		return "person " + p.Email
	}
	return listen.Network(r.ClientIP()).String()
}

// Read reads the bytes that have arrived. It waits no longer than a client at the lowest accepted speed would need.
func (b *incoming) Read(p []byte) (int, error) {
	if b.err != nil {
		return 0, b.err
	}
	if b.says > b.most {
		b.err = errBodyTooLarge
		return 0, b.err
	}
	if left := b.most - b.got + 1; int64(len(p)) > left {
		p = p[:left]
	}
	if b.conn != nil {
		_ = b.conn.SetReadDeadline(b.until(time.Now())) // a closed connection reports it at the next read
		defer listen.Waits(b.conn)()
	}
	asked := time.Now()
	n, err := b.from.Read(p)
	b.spent += time.Since(asked)
	b.got += int64(n)
	switch {
	case b.got > b.most:
		b.err = errBodyTooLarge
		return 0, b.err
	case err == io.EOF && b.says >= 0 && b.got < b.says: // the client closed the connection before the end of the body
		b.err = fiber.ErrBadRequest
	case err == io.EOF:
		b.err = io.EOF
	case errors.Is(err, os.ErrDeadlineExceeded):
		b.err = fiber.ErrRequestTimeout
	case err != nil:
		b.err = fiber.ErrBadRequest
	}
	return n, b.err
}

// until returns the deadline for the next piece: first a grace period, then as long as the bytes so far would take at
// the lowest accepted speed. A fast start does not allow a pause longer than the grace period.
func (b *incoming) until(now time.Time) time.Time {
	grace := b.site.bodyGrace()
	earned := b.began.Add(grace + time.Duration(b.got)*time.Second/time.Duration(b.site.Config.SlowestUploadKB<<10))
	if soon := now.Add(grace); soon.Before(earned) {
		return soon
	}
	return earned
}

// Ended reports whether the whole body was read.
func (b *incoming) Ended() bool { return b.err == io.EOF }

// hold reserves memory for n more bytes, and as much again for the values made from them.
func (b *incoming) hold(n int64) error {
	if err := b.site.room.take(b.whose, 2*n); err != nil {
		return err
	}
	b.held += 2 * n
	return nil
}

func (b *incoming) letGo() {
	b.site.room.back(b.whose, b.held)
	b.held = 0
}

// all reads r, a body or a part of one, into memory. On an error it also returns what it read before.
func (b *incoming) all(r io.Reader, most int64) ([]byte, error) {
	var out []byte
	for {
		if len(out) == cap(out) {
			more := min(max(int64(cap(out)), 4096), most+1-int64(len(out)))
			if more <= 0 {
				return out, errBodyTooLarge
			}
			if err := b.hold(more); err != nil {
				return out, err
			}
			out = append(make([]byte, 0, int64(len(out))+more), out...)
		}
		n, err := r.Read(out[len(out):cap(out)])
		out = out[:len(out)+n]
		if int64(len(out)) > most {
			return out[:most], errBodyTooLarge
		}
		if err == io.EOF {
			return out, nil
		}
		if err != nil {
			return out, err
		}
	}
}

// Whole reads the whole body into memory. Every call returns the same bytes.
func (b *incoming) Whole() ([]byte, error) {
	if b.kept == nil && !b.Ended() {
		var err error
		if b.kept, err = b.all(b, b.most); err != nil {
			b.kept = nil
			return nil, err
		}
	}
	return b.kept, nil
}

// room limits how many bytes of bodies may be in memory at once, in total and for one person or address.
type room struct {
	mu    sync.Mutex
	taken int64
	by    map[string]int64
}

func (r *room) take(whose string, n int64) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.taken+n > bodyRoom || r.by[whose]+n > bodyShare {
		return fault.New(fault.TooMany, "error.too-much-at-once", "seconds", 5)
	}
	if r.by == nil {
		r.by = map[string]int64{}
	}
	r.taken += n
	r.by[whose] += n
	return nil
}

func (r *room) back(whose string, n int64) {
	if n == 0 {
		return
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.taken -= n
	if r.by[whose] -= n; r.by[whose] <= 0 {
		delete(r.by, whose)
	}
}

// postedForm is a form that has been read.
type postedForm struct {
	Values     url.Values
	Uploads    map[string][]sentFile
	Unreadable bool
}

// sentFile is one file of a form: the file the desk stored, or the error that prevented it. Where the route asks for
// the content, it holds the bytes instead.
type sentFile struct {
	Row   *store.File
	Bytes []byte
	Err   error
}

// Receive reads the form sent to one of our pages, once the sender and the route are known. If no header says that the
// form comes from one of our pages, the form must contain the token of the session before its first file is stored.
func (r *Request) Receive(to *Route) error {
	v := r.Visit()
	most := to.most(r.site)
	if !v.Actor.SignedIn() {
		most = SmallBody
	}
	b := r.body(most)
	if b.says > b.most {
		return errBodyTooLarge
	}
	if r.isAPI() {
		return nil // its handlers read it
	}
	p, err := r.ReadForm(to)
	v.posted = p
	if err != nil {
		return err
	}
	if v.unproven && !r.site.csrfValid(v.Session, p.Values.Get("csrf")) {
		return errCrossOrigin
	}
	if b.spent > 0 && v.cancel != nil { // the time for the work starts when the whole body has arrived
		v.cancel()
		v.ctx, v.cancel = nil, nil
	}
	return nil
}

// receiveSome reads as much of the form as anyone may send. It serves people who must sign in first.
func (r *Request) receiveSome() {
	b := r.body(SmallBody)
	b.says = -1 // a body that will not be read is not refused for its size
	r.Visit().posted, _ = r.ReadForm(&Route{})
}

// ReadForm reads the whole form. On an error it also returns the values it read before.
func (r *Request) ReadForm(to *Route) (*postedForm, error) {
	p := &postedForm{Values: url.Values{}, Uploads: map[string][]sentFile{}}
	v := r.Visit()
	b := v.Body
	if b.err == io.EOF {
		return p, nil
	}
	kind := strings.ToLower(r.c.Get(fiber.HeaderContentType))
	switch {
	case strings.HasPrefix(kind, fiber.MIMEApplicationForm):
		raw, err := b.all(b, min(b.most, to.text()))
		if err != nil {
			raw = raw[:max(bytes.LastIndexByte(raw, '&'), 0)] // the last value may be incomplete
		}
		if bytes.Count(raw, []byte("&")) >= MaxFields {
			return p, fault.New(fault.TooLarge, "error.form-fields", "max", MaxFields)
		}
		var args fasthttp.Args
		args.ParseBytes(raw)
		for name, value := range args.All() {
			p.Values.Add(string(name), string(value))
		}
		return p, err
	case strings.HasPrefix(kind, fiber.MIMEMultipartForm):
		_, params, err := mime.ParseMediaType(r.c.Get(fiber.HeaderContentType))
		if err != nil || params["boundary"] == "" {
			p.Unreadable = true
			return p, nil
		}
		err = r.readParts(to, p, params["boundary"])
		if err != nil && (b.err == nil || b.Ended()) && !isOurs(err) {
			p.Unreadable, err = true, nil
		}
		return p, err
	}
	return p, nil
}

// isOurs reports whether the error carries a message for the person.
func isOurs(err error) bool {
	var one *fault.Error
	var refused *fiber.Error
	return errors.As(err, &one) || errors.As(err, &refused) || fault.KindOf(err) != fault.Internal
}

// readParts reads the parts of a multipart form in order.
func (r *Request) readParts(to *Route, p *postedForm, boundary string) error {
	v := r.Visit()
	b := v.Body
	heads := &headReader{from: b}
	parts := multipart.NewReader(heads, boundary)
	text := min(b.most, to.text())
	for n := 0; ; n++ {
		heads.left = partHead
		part, err := parts.NextPart()
		if err == io.EOF {
			_, err = io.Copy(io.Discard, b) // bytes after the last part are ignored
			return err
		}
		if err != nil {
			if b.err != nil && !b.Ended() {
				return b.err
			}
			return err
		}
		heads.left = -1
		if n == MaxFields {
			return fault.New(fault.TooLarge, "error.form-fields", "max", MaxFields)
		}
		name := part.FormName()
		switch file := part.FileName(); {
		case name == "":
		case file == "":
			value, err := b.all(part, text)
			if err != nil {
				return CmpErr(b, err)
			}
			text -= int64(len(value)) + 64
			if text < 0 {
				return errBodyTooLarge
			}
			p.Values.Add(name, string(value))
		case slices.Contains(to.Files, name):
			if v.unproven && !r.site.csrfValid(v.Session, p.Values.Get("csrf")) {
				return errCrossOrigin
			}
			var u sentFile
			switch {
			case to.Inline:
				u.Bytes, u.Err = b.all(part, LongBody)
			case to.Keep != nil:
				u.Row, u.Err = to.Keep(r, file, part)
			default:
				u.Row, u.Err = r.site.Desk.Files.Keep(v.Actor, file, part)
			}
			if b.err != nil && !b.Ended() {
				return b.err
			}
			var refused *fault.Error
			if u.Err != nil && !(errors.As(u.Err, &refused) && (refused.Kind == fault.TooLarge || refused.Kind == fault.Invalid)) {
				return u.Err
			}
			p.Uploads[name] = append(p.Uploads[name], u)
		}
		if _, err := io.Copy(io.Discard, part); err != nil { // the rest of a file that was refused or that the route does not take
			return CmpErr(b, err)
		}
	}
}

// CmpErr returns the error of the body itself if there is one, else err.
func CmpErr(b *incoming, err error) error {
	if b.err != nil && !b.Ended() {
		return b.err
	}
	return err
}

// headReader limits the header bytes between two contents: mime/multipart would accept megabytes of header for a part.
type headReader struct {
	from io.Reader
	left int // -1 inside a content
}

var errPartHead = errors.New("app: header of a part is too long")

func (h *headReader) Read(p []byte) (int, error) {
	if h.left == 0 {
		return 0, errPartHead
	}
	if h.left > 0 && len(p) > h.left {
		p = p[:h.left]
	}
	n, err := h.from.Read(p)
	if h.left > 0 {
		h.left -= n
	}
	return n, err
}
