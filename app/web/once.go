package web

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"io"
	"maps"
	"net/url"
	"slices"
	"strconv"
	"sync"
	"unicode/utf8"

	"github.com/gofiber/fiber/v2"

	"sportello/store"
	"sportello/store/db"
	"sportello/store/fault"
)

// An act happens once. Every form of a signed-in person carries its own key (part/csrf), and a program may send one
// with each POST (Idempotency-Key). The act uses up its key in the same transaction (db.Once); a second request with
// the key is led to the result of the first. A key belongs to the person, or to the token.

// OnceField is the form field that carries the key.
const OnceField = "once"

// MaxOnceKey is the maximum length of a key in bytes.
const MaxOnceKey = 255

// OnceKey returns a new key for one form of the page; each call returns a different one.
func (p *Page) OnceKey() string {
	if p.onceBase == "" {
		p.onceBase = rand.Text()
	}
	p.onceForms++
	return p.onceBase + "-" + strconv.Itoa(p.onceForms)
}

// once handles a request that may change something. Only one request at a time runs under a key; the others wait for
// it.
func (r *Request) once(to *Route) error {
	key, err := r.onceKey(to)
	if err != nil {
		return err
	}
	if key == "" {
		return to.Handle(r)
	}
	same, err := r.sent()
	if err != nil {
		return err
	}
	leave, err := r.site.underWay.enter(r.site.Work, key)
	if err != nil {
		return err
	}
	defer leave()
	used, err := r.site.Desk.Forms.Done(key)
	if err != nil {
		return err
	}
	if used != nil {
		return r.sameAgain(used, same)
	}
	o := &db.Once{Key: key, Same: same}
	r.Visit().Actor.Once = o
	if err = to.Handle(r); err == nil && o.Used() != nil {
		r.keepAnswer(o.Used())
	}
	return err
}

// onceKey returns the hash of the request's key together with its owner, empty when the request has no key.
func (r *Request) onceKey(to *Route) (string, error) {
	if to.Method != fiber.MethodPost {
		return "", nil
	}
	who, key := "", ""
	switch v := r.Visit(); {
	case !v.Actor.SignedIn():
		return "", nil
	case r.isAPI():
		who, key = r.c.Get(fiber.HeaderAuthorization), r.c.Get("Idempotency-Key")
		if len(key) > MaxOnceKey || !utf8.ValidString(key) {
			return "", fault.New(fault.Invalid, "error.once-key", "max", MaxOnceKey).At("Idempotency-Key")
		}
	default:
		who, key = strconv.FormatUint(v.Actor.ID(), 10), r.PostedValues().Get(OnceField)
	}
	if key == "" || len(key) > MaxOnceKey {
		return "", nil
	}
	return hashOf("once 1", who, key), nil
}

// sent returns a hash of the content and the address of the request, so that another act under the same key is not
// taken for the same. Files that a program streams count only by their length: they are read only after the key was
// checked.
func (r *Request) sent() (string, error) {
	v := r.Visit()
	at := r.c.Path() + "?" + r.c.Context().QueryArgs().String()
	switch {
	case !r.isAPI():
		return hashOf(append([]string{"form", at, essential(r.PostedValues()).Encode()}, v.posted.files()...)...), nil
	case len(v.Route.Files) == 0:
		raw, err := v.Body.Whole()
		return hashOf("bytes", at, string(raw)), err
	}
	return hashOf("stream", at, strconv.FormatInt(v.Body.says, 10)), nil
}

// files describes each file of the form: field, name and hash.
func (p *postedForm) files() []string {
	if p == nil {
		return nil
	}
	var out []string
	for _, name := range slices.Sorted(maps.Keys(p.Uploads)) {
		for _, u := range p.Uploads[name] {
			out = append(out, name)
			if u.Row != nil {
				out = append(out, u.Row.Name, u.Row.Sum)
			} else {
				out = append(out, hashOf(string(u.Bytes)))
			}
		}
	}
	return out
}

// essential returns the values without those that differ each time a form is shown.
func essential(v url.Values) url.Values {
	v = maps.Clone(v)
	delete(v, "csrf")
	delete(v, OnceField)
	return v
}

// hashOf hashes the parts so that different lists of parts give different hashes.
func hashOf(parts ...string) string {
	h := sha256.New()
	for _, p := range parts {
		_, _ = io.WriteString(h, strconv.Itoa(len(p))+":"+p)
	}
	return hex.EncodeToString(h.Sum(nil))
}

// sameAgain answers a request whose key was used before.
func (r *Request) sameAgain(used *db.UsedKey, same string) error {
	api := r.isAPI()
	switch {
	case used.Same != same && api:
		return fault.New(fault.Invalid, "error.once-other").At("Idempotency-Key")
	case used.Same != same:
		return fault.New(fault.Conflict, "error.once-form")
	case !api:
		return r.c.Redirect(r.madeAt(used), fiber.StatusSeeOther)
	}
	r.c.Set("Idempotency-Replayed", "true")
	if used.Status == 0 { // the desk stopped between the act and its answer
		if used.Table != store.Tickets.Name() {
			return fault.New(fault.Conflict, "error.once-lost")
		}
		t, err := r.site.TicketAgain(r, used.Made)
		if err != nil {
			return err
		}
		r.c.Location("/api/v1/tickets/" + strconv.FormatUint(used.Made, 10))
		return r.c.Status(fiber.StatusCreated).JSON(t)
	}
	if used.To != "" {
		r.c.Location(used.To)
	}
	if used.Type != "" {
		r.c.Set(fiber.HeaderContentType, used.Type)
	}
	return r.c.Status(used.Status).Send(used.Answer)
}

// madeAt returns the address of what was made under the key: where the first request was sent, else the ticket, else
// the page with the form.
func (r *Request) madeAt(used *db.UsedKey) string {
	switch {
	case used.To != "":
		return LocalPath(used.To)
	case used.Table == store.Tickets.Name():
		return "/tickets/" + strconv.FormatUint(used.Made, 10)
	}
	return r.FormPage()
}

// keepAnswer stores the answer of the act. It stores no page, which may show a secret, and no answer that is too long:
// a second request is then led to what was made.
func (r *Request) keepAnswer(used *db.UsedKey) {
	answer := r.c.Response()
	k := *used
	k.Status, k.To = answer.StatusCode(), string(answer.Header.Peek(fiber.HeaderLocation))
	if k.Status >= 400 || answer.IsBodyStream() || !r.isAPI() && k.To == "" {
		return
	}
	if r.isAPI() {
		if len(answer.Body()) > db.MaxUsedAnswer {
			return
		}
		k.Type, k.Answer = string(answer.Header.ContentType()), slices.Clone(answer.Body())
	}
	if err := r.site.Desk.Forms.KeepAnswer(k); err != nil {
		r.site.Log.Warn("the answer to an act could not be stored", "route", r.routePath(), "err", err)
	}
}

// underWay holds the keys under which a request runs at the moment.
type underWay struct {
	mu   sync.Mutex
	keys map[string]chan struct{}
}

// enter returns when no other request runs under the key; leave lets the next one in. A request that waits as long as a
// request may last gets an error saying that the act is still under way.
func (u *underWay) enter(ctx context.Context, key string) (leave func(), err error) {
	ctx, cancel := context.WithTimeout(ctx, requestTime)
	defer cancel()
	for {
		u.mu.Lock()
		busy, ok := u.keys[key]
		if !ok {
			if u.keys == nil {
				u.keys = map[string]chan struct{}{}
			}
			done := make(chan struct{})
			u.keys[key] = done
			u.mu.Unlock()
			return func() {
				u.mu.Lock()
				delete(u.keys, key)
				u.mu.Unlock()
				close(done)
			}, nil
		}
		u.mu.Unlock()
		select {
		case <-busy:
		case <-ctx.Done():
			return nil, fault.New(fault.Conflict, "error.once-busy")
		}
	}
}
