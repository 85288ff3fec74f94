package web

import (
	"context"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"net/url"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/gofiber/fiber/v2"
	"golang.org/x/text/language"

	"sportello/app/desk/policy"
	"sportello/app/words"
	"sportello/store"
	"sportello/store/door"
	"sportello/store/fault"
)

// Visit is what is known about one request: the actor, the language, and the settings of the desk.
type Visit struct {
	Actor    policy.Actor
	Session  *store.Session
	refused  error // why the token sent with the request is not accepted
	Settings *store.Settings
	Lang     string
	unread   int
	last     uint64 // the last change for this person when the request arrived; the page shows at least that state
	Route    *Route
	Body     *incoming
	posted   *postedForm
	unproven bool // only the token of the session can prove that the form comes from one of our pages
	ctx      context.Context
	cancel   context.CancelFunc
}

// requestTime is the time limit of one request; streams do not use it.
const requestTime = 10 * time.Second

// Visit returns what is known about the request; the first call finds it out. It never fails: someone who cannot be
// recognised is nobody, and if the store cannot be read the page has the defaults of a new desk.
func (r *Request) Visit() *Visit {
	if r.V != nil {
		return r.V
	}
	v := &Visit{Settings: (&store.Settings{}).WithDefaults(), last: r.site.Store.Last()}
	r.V = v
	v.Actor.Via = door.Page
	if r.isAPI() {
		v.Actor.Via = door.API
		if secret, ok := strings.CutPrefix(r.c.Get(fiber.HeaderAuthorization), "Bearer "); ok {
			v.Actor.Token, v.Actor.Person, v.refused = r.site.Desk.Keeper().Token(r.Ctx(), strings.TrimSpace(secret), r.ClientIP())
		}
	} else if secret := r.c.Cookies(r.site.CookieName("session")); secret != "" {
		s, p, err := r.site.Desk.Keeper().Session(r.Ctx(), secret)
		if err == nil {
			v.Session, v.Actor.Person = s, p
		} else if fault.KindOf(err) != fault.SignIn {
			r.site.Log.Error("read session", "err", err)
		}
	}
	if !r.isAPI() && !HearsAll(v.Actor) {
		if last, err := r.site.Desk.Tickets.LastPublic(); err == nil {
			v.last = last
		} else {
			r.site.Log.Error("read changes", "err", err)
		}
	}
	if s, err := r.site.Desk.Catalogue.Settings(); err == nil {
		v.Settings = s
	} else {
		r.site.Log.Error("read settings", "err", err)
	}
	if v.Actor.SignedIn() {
		n, err := r.site.Desk.Notices.Unread(v.Actor)
		if err != nil {
			r.site.Log.Error("count notices", "err", err)
		}
		v.unread = n
	}
	v.Lang = ChooseLanguage(v.Actor.Person, r.c.Cookies(r.site.CookieName("lang")), r.said(fiber.HeaderAcceptLanguage))
	v.Actor.Language = v.Lang
	return v
}

// Actor returns the actor of this request.
func (r *Request) Actor() policy.Actor { return r.Visit().Actor }

// Lang returns the language of the reader, "it" or "en".
func (r *Request) Lang() string { return r.Visit().Lang }

// Settings returns the administrator's settings, read at the beginning of the request.
func (r *Request) Settings() *store.Settings { return r.Visit().Settings }

// Ctx returns the context of the request. It ends after ten seconds and when the request has been answered; a browser
// that disconnects does not end it.
func (r *Request) Ctx() context.Context {
	v := r.Visit()
	if v.ctx == nil {
		v.ctx, v.cancel = context.WithTimeout(r.site.Work, requestTime)
	}
	return v.ctx
}

var languageMatcher = language.NewMatcher([]language.Tag{language.Italian, language.English})

// ChooseLanguage returns the person's own choice, else the one made in this browser, else what the browser prefers.
func ChooseLanguage(p *store.Person, cookie, accepted string) string {
	if p != nil && (p.Language == "it" || p.Language == "en") {
		return p.Language
	}
	if cookie == "it" || cookie == "en" {
		return cookie
	}
	tags, _, err := language.ParseAcceptLanguage(accepted)
	if err != nil || len(tags) == 0 {
		return words.Languages[0]
	}
	_, i, confidence := languageMatcher.Match(tags...)
	if confidence == language.No {
		return "en" // the reader asks for neither language: English is read by more people
	}
	return words.Languages[i]
}

// CookieName returns the name of one of our cookies. Under https it has a prefix that keeps other hosts of the domain
// from setting it.
func (s *Site) CookieName(what string) string {
	name := "sportello"
	if what != "session" {
		name += "-" + what
	}
	if s.Secure {
		return "__Host-" + name
	}
	return name
}

// SetCookie sets one of our cookies for the duration of life, or deletes it when life is negative.
func (r *Request) SetCookie(what, value string, life time.Duration) {
	cookie := &fiber.Cookie{Name: r.site.CookieName(what), Value: value, Path: "/", HTTPOnly: true, SameSite: fiber.CookieSameSiteLaxMode, Secure: r.site.Secure}
	if life < 0 {
		cookie.Expires = time.Unix(0, 0)
		cookie.MaxAge = -1
	} else {
		cookie.MaxAge = int(life.Seconds())
	}
	r.c.Cookie(cookie)
}

// csrfToken returns a token that only pages of this session contain. Each call masks it differently, so that the size
// of a compressed page reveals nothing about it.
func (r *Request) csrfToken() string {
	v := r.Visit()
	if v.Session == nil {
		return ""
	}
	want := r.site.csrfOf(v.Session)
	out := make([]byte, 2*len(want))
	rand.Read(out[:len(want)])
	for i, b := range want {
		out[len(want)+i] = b ^ out[i]
	}
	return hex.EncodeToString(out)
}

func (s *Site) csrfOf(of *store.Session) []byte {
	m := hmac.New(sha256.New, s.csrfKey)
	m.Write([]byte(of.Hash))
	return m.Sum(nil)[:16]
}

func (s *Site) csrfValid(of *store.Session, token string) bool {
	raw, err := hex.DecodeString(token)
	if err != nil || len(raw) != 32 {
		return false
	}
	got := make([]byte, 16)
	for i := range got {
		got[i] = raw[i] ^ raw[16+i]
	}
	return hmac.Equal(got, s.csrfOf(of))
}

// sameOrigin reports whether a request that may change something comes from one of our pages. It relies on what the
// browser says about the origin; if the browser says nothing, the form must contain the token of the session. Requests
// with an API token carry no cookie that another site could make a browser send, so they need no check.
func (r *Request) sameOrigin() bool {
	switch r.c.Method() {
	case fiber.MethodGet, fiber.MethodHead, fiber.MethodOptions:
		return true
	}
	if r.isAPI() {
		return true // the API uses no cookies
	}
	switch r.c.Get("Sec-Fetch-Site") {
	case "same-origin", "none":
		return true
	case "":
	default:
		return false
	}
	if origin := r.c.Get(fiber.HeaderOrigin); origin != "" {
		u, err := url.Parse(origin)
		if err != nil || u.Host == "" {
			return false
		}
		// Under https a page served over http counts as another site: an attacker on the network could have written it.
		return u.Host == r.c.Get(fiber.HeaderHost) && (!r.site.Secure || u.Scheme == "https") || u.Scheme+"://"+u.Host == r.site.Origin
	}
	s := r.Visit().Session
	if s == nil {
		return true // there is no session to abuse
	}
	if token := r.c.Get("X-CSRF"); token != "" {
		return r.site.csrfValid(s, token)
	}
	r.Visit().unproven = true // Receive checks the token in the form
	return true
}

// LocalPath returns the address if it is a path of this desk, else "/": no link to us can redirect to another site.
func LocalPath(s string) string {
	if !strings.HasPrefix(s, "/") || strings.HasPrefix(s, "//") || strings.ContainsAny(s, "\\\r\n\t") || !utf8.ValidString(s) {
		return "/"
	}
	u, err := url.Parse(s)
	if err != nil || u.Host != "" || u.Scheme != "" {
		return "/"
	}
	return s
}

// HearsAll reports whether the person sees internal changes in at least some tickets.
func HearsAll(actor policy.Actor) bool { return actor.IsAgent() || actor.IsAdministrator() }
