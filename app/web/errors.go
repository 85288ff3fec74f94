package web

import (
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"net/url"
	"runtime/debug"
	"slices"
	"strings"
	"syscall"

	"github.com/gofiber/fiber/v2"

	"sportello/app/listen"
	"sportello/store/fault"
)

// StatusOf is the only table from kinds of error to HTTP status, for pages and API alike.
var StatusOf = map[fault.Kind]int{
	fault.Internal:    fiber.StatusInternalServerError,
	fault.Invalid:     fiber.StatusUnprocessableEntity,
	fault.NotFound:    fiber.StatusNotFound,
	fault.Conflict:    fiber.StatusConflict,
	fault.Denied:      fiber.StatusForbidden,
	fault.SignIn:      fiber.StatusUnauthorized,
	fault.TooLarge:    fiber.StatusRequestEntityTooLarge,
	fault.TooMany:     fiber.StatusTooManyRequests,
	fault.Unavailable: fiber.StatusServiceUnavailable,
}

// kindOfStatus returns the kind for a status with which fiber itself refuses (no such route, body too large, ...).
func kindOfStatus(status int) fault.Kind {
	switch status {
	case fiber.StatusNotFound, fiber.StatusMethodNotAllowed:
		return fault.NotFound
	case fiber.StatusRequestEntityTooLarge:
		return fault.TooLarge
	case fiber.StatusRequestTimeout, fiber.StatusServiceUnavailable:
		return fault.Unavailable
	case fiber.StatusTooManyRequests:
		return fault.TooMany
	case fiber.StatusForbidden:
		return fault.Denied
	}
	if status >= 400 && status < 500 {
		return fault.Invalid
	}
	return fault.Internal
}

// errCrossOrigin is the error for a form posted from another site.
var errCrossOrigin = fault.New(fault.Denied, "error.cross-origin")

// failure is an error prepared for the answer.
type failure struct {
	kind      fault.Kind
	status    int
	problems  fault.Problems // what the person may read; empty when the fault is ours
	reference string         // set when the fault is ours; shown and logged
}

// exhausted lists errors of a machine that ran out of something; they clear when the cause does.
var exhausted = []error{syscall.ENOSPC, syscall.EDQUOT, syscall.EROFS, syscall.EIO, syscall.EMFILE, syscall.ENFILE}

func (r *Request) judge(err error) failure {
	f := failure{kind: fault.Internal}
	var refused *fiber.Error
	var one *fault.Error
	var many fault.Problems
	switch {
	case errors.As(err, &many) && len(many) > 0:
		f.kind, f.problems = many[0].Kind, many
	case errors.As(err, &one):
		f.kind, f.problems = one.Kind, fault.Problems{one}
	case errors.As(err, &refused):
		f.kind = kindOfStatus(refused.Code)
		f.status = refused.Code
	case slices.ContainsFunc(exhausted, func(e error) bool { return errors.Is(err, e) }):
		f.kind, f.problems = fault.Unavailable, fault.Problems{fault.New(fault.Unavailable, "error.disk")}
	}
	if f.status == 0 {
		f.status = StatusOf[f.kind]
	}
	if f.kind == fault.Internal || f.kind == fault.Unavailable {
		f.reference = reference()
		if f.kind == fault.Internal {
			f.problems = nil
		}
		r.site.Log.LogAttrs(r.c.Context(), slog.LevelError, "request failed", slog.String("reference", f.reference), slog.String("method", r.c.Method()),
			slog.String("route", r.routePath()), slog.Uint64("person", r.Actor().ID()), slog.Any("err", err))
	}
	if len(f.problems) == 0 && f.kind != fault.Internal {
		f.problems = fault.Problems{fault.New(f.kind, "error."+f.kind.String())}
	}
	return f
}

// reference returns a short code that a person can quote and the administrator can find in the log.
func reference() string {
	s := rand.Text()
	return s[:3] + "-" + s[3:7]
}

// fail turns err into the response: a page, a problem document under /api, or one line of text for a script that
// fetches a fragment. It is the only place where errors become responses.
func (r *Request) fail(err error) {
	f := r.judge(err)
	r.c.Response().ResetBody()
	if f.kind == fault.Denied {
		at := r.c.Path()
		if to := r.Visit().Route; to != nil && to.Secret {
			at = "" // whoever has it may do what it is for
		}
		r.site.Desk.Audits.Refused(r.Actor(), r.routePath(), at)
	}
	if f.kind == fault.TooMany {
		r.c.Set(fiber.HeaderRetryAfter, RetryAfter(f.problems))
	}
	if r.isAPI() {
		r.failAPI(f)
		return
	}
	if !r.wantsPage() {
		r.c.Status(f.status).Set(fiber.HeaderContentType, fiber.MIMETextPlainCharsetUTF8)
		_ = r.c.SendString(r.sentence(f))
		return
	}
	if f.kind == fault.SignIn {
		if err = r.site.AskToSignIn(r); err == nil {
			return
		}
		f = r.judge(err)
	}
	if err := r.failurePage(f); err != nil {
		// Even the error page failed: answer with fixed text that cannot fail.
		r.site.Log.Error("error page failed", "reference", f.reference, "err", err)
		r.c.Response().ResetBody()
		r.c.Status(fiber.StatusInternalServerError).Set(fiber.HeaderContentType, fiber.MIMETextPlainCharsetUTF8)
		_ = r.c.SendString("Errore interno / Internal error " + f.reference)
	}
}

// sentence returns the message of the failure for the person, in one line.
func (r *Request) sentence(f failure) string {
	lang := r.Lang()
	if len(f.problems) == 0 {
		return r.site.Words.Text(lang, "error.internal", "reference", f.reference)
	}
	var all []string
	for _, p := range f.problems {
		all = append(all, r.site.Words.Explain(lang, p))
	}
	return strings.Join(all, " ")
}

// failurePage is page/error.html. It shows below the error what was posted, so that nobody loses text to a fault or a
// conflict.
type failurePage struct {
	Page
	Status    int
	Heading   string
	Text      string
	Reference string
	Posted    []postedText
	Retry     string // address of the page to go back to, empty if unknown
	Guest     bool
}

type postedText struct{ Name, Value string }

func (r *Request) failurePage(f failure) error {
	v := &failurePage{Page: r.Page("error.heading-" + f.kind.String()), Status: f.status, Reference: f.reference}
	v.Heading = v.Title
	v.Text = r.sentence(f)
	v.Guest = !r.Actor().SignedIn()
	v.Layout = "plain"
	if f.kind != fault.Internal && f.kind != fault.Unavailable { // what failed could fail the frame too
		if err := r.site.Frame(r, &v.Page); err != nil {
			return err
		}
	}
	v.Page.Status = f.status
	if r.c.Method() == fiber.MethodPost && (f.kind == fault.Conflict || f.kind == fault.Internal || f.kind == fault.Unavailable || f.kind == fault.Denied || f.kind == fault.Invalid) {
		v.Posted = longTexts(r.PostedValues())
		v.Retry = r.FormPage()
	}
	name := "page/error"
	if f.kind == fault.Conflict {
		name = "page/conflict"
	}
	return r.Render(name, v)
}

// longTexts returns the values that somebody typed rather than chose.
func longTexts(values url.Values) []postedText {
	var out []postedText
	for _, name := range slices.Sorted(maps.Keys(values)) {
		for _, s := range values[name] {
			if len(s) > 20 && strings.ContainsAny(s, " \n") {
				out = append(out, postedText{name, s})
			}
		}
	}
	return out
}

// ProblemDocument is the problem document of RFC 9457, with the invalid fields.
type ProblemDocument struct {
	Type      string         `json:"type"`
	Title     string         `json:"title"`
	Status    int            `json:"status"`
	Detail    string         `json:"detail,omitempty"`
	Reference string         `json:"reference,omitempty"`
	Errors    []problemField `json:"errors,omitempty"`
	Args      map[string]any `json:"-"` // extension members (RFC 9457, 3.2): rev of a conflict, channel and address of a module
}

// MarshalJSON writes Args as members beside the standard ones, which Args cannot replace.
func (d ProblemDocument) MarshalJSON() ([]byte, error) {
	type plain ProblemDocument
	standard, err := json.Marshal(plain(d))
	if err != nil || len(d.Args) == 0 {
		return standard, err
	}
	all := maps.Clone(d.Args)
	if err := json.Unmarshal(standard, &all); err != nil {
		return nil, err
	}
	return json.Marshal(all)
}

type problemField struct {
	Field  string `json:"field"`
	Key    string `json:"key"`
	Detail string `json:"detail"`
}

func (r *Request) failAPI(f failure) {
	lang := r.Lang()
	doc := ProblemDocument{Type: "about:blank", Status: f.status, Reference: f.reference,
		Title: r.site.Words.Text(lang, "error.heading-"+f.kind.String()), Detail: r.sentence(f)}
	for _, p := range f.problems {
		if p.Field != "" {
			doc.Errors = append(doc.Errors, problemField{Field: p.Field, Key: p.Key, Detail: r.site.Words.Explain(lang, p)})
		}
	}
	for _, p := range f.problems {
		if len(f.problems) == 1 || p.Args["channel"] != nil {
			doc.Args = p.Args
		}
	}
	if f.kind == fault.SignIn {
		r.c.Set(fiber.HeaderWWWAuthenticate, `Bearer realm="sportello"`)
	}
	r.c.Status(f.status)
	if err := r.c.JSON(doc); err != nil {
		r.site.Log.Error("problem document failed", "reference", f.reference, "err", err)
	}
	r.c.Set(fiber.HeaderContentType, "application/problem+json")
}

// RetryAfter returns the seconds to wait before trying again, as the Retry-After header has them.
func RetryAfter(p fault.Problems) string {
	if len(p) > 0 {
		if s, ok := p[0].Args["seconds"]; ok {
			return fmt.Sprint(s)
		}
	}
	return "30"
}

// Panicked returns an error with the panic's value and stack.
func Panicked(p any) error { return fmt.Errorf("app: panic: %v\n%s", p, debug.Stack()) }

// isAPI reports whether a program sent the request. The path says so; where the request could not be read, its first
// bytes do.
func (r *Request) isAPI() bool { return listen.IsAPIPath(r.c.Path()) || r.c.Locals(apiKey) != nil }

const apiKey = "api"

// wantsPage reports whether the client wants a whole page. Scripts that fetch a fragment say so in Accept or in
// Sec-Fetch-Mode.
func (r *Request) wantsPage() bool {
	if mode := r.c.Get("Sec-Fetch-Mode"); mode != "" {
		return mode == "navigate"
	}
	accept := r.said(fiber.HeaderAccept)
	return accept == "" || strings.Contains(accept, "text/html") || accept == "*/*"
}
