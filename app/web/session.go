package web

import (
	"context"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"net/url"
	"strings"
	"sync"
	"time"
	"unicode/utf8"

	"github.com/gofiber/fiber/v2"
	"golang.org/x/text/language"

	"sportello/app/desk/policy"
	"sportello/app/words"
	"sportello/store"
)

// Visit is what is known of one request: who acts, in which language, with which settings of the desk.
type Visit struct {
	Actor    policy.Actor
	Session  *store.Session
	refused  error // why the token that was shown opens nothing
	Settings *store.Settings
	Lang     string
	unread   int
	last     uint64 // the last change there was for this person when the request came: what the page shows is at least as new
	Route    *Route
	Body     *incoming
	posted   *postedForm
	unproven bool // nothing but the token of the session can say that the form comes from a page of ours
	ctx      context.Context
	cancel   context.CancelFunc
}

// requestTime bounds what one request may work; streams do not ask for it.
const requestTime = 10 * time.Second

// Visit returns what is known of the request, finding it out once. It never fails: who cannot be recognised is
// nobody, and a store that cannot be read gives a page with the defaults of a new desk.
func (r *Request) Visit() *Visit {
	if r.V != nil {
		return r.V
	}
	v := &Visit{Settings: (&store.Settings{}).WithDefaults(), last: r.site.Store.Last()}
	r.V = v
	v.Actor.Via = "page"
	if r.isAPI() {
		v.Actor.Via = "api"
		if secret, ok := strings.CutPrefix(r.c.Get(fiber.HeaderAuthorization), "Bearer "); ok {
			v.Actor.Person, v.refused = r.site.Desk.Keeper().Token(r.Ctx(), strings.TrimSpace(secret))
		}
	} else if secret := r.c.Cookies(r.site.CookieName("session")); secret != "" {
		s, p, err := r.site.Desk.Keeper().Session(r.Ctx(), secret)
		if err == nil {
			v.Session, v.Actor.Person = s, p
		} else if store.KindOf(err) != store.SignIn {
			r.site.Log.Error("read session", "err", err)
		}
	}
	if !r.isAPI() && !HearsAll(v.Actor) {
		if last, err := r.site.LastPublic(); err == nil {
			v.last = last
		} else {
			r.site.Log.Error("read changes", "err", err)
		}
	}
	err := r.site.Store.View(func(tx *store.Tx) error {
		if s, err := store.SettingsTable.Peek(tx, 1); err == nil {
			v.Settings = s.WithDefaults()
		}
		if v.Actor.SignedIn() {
			v.unread = int(store.Notices.Count(tx, store.CountUnread, v.Actor.ID()))
		}
		return nil
	})
	if err != nil {
		r.site.Log.Error("read settings", "err", err)
	}
	v.Lang = ChooseLanguage(v.Actor.Person, r.c.Cookies(r.site.CookieName("lang")), r.said(fiber.HeaderAcceptLanguage))
	v.Actor.Language = v.Lang
	return v
}

// Actor returns who acts in this request.
func (r *Request) Actor() policy.Actor { return r.Visit().Actor }

// Lang returns the language of the reader, it or en.
func (r *Request) Lang() string { return r.Visit().Lang }

// Settings returns what the administrator chose, read at the beginning of the request.
func (r *Request) Settings() *store.Settings { return r.Visit().Settings }

// Ctx returns the context of the request. It ends after ten seconds and when the request has been answered; a browser
// that leaves is not noticed.
func (r *Request) Ctx() context.Context {
	v := r.Visit()
	if v.ctx == nil {
		v.ctx, v.cancel = context.WithTimeout(r.site.Work, requestTime)
	}
	return v.ctx
}

var languageMatcher = language.NewMatcher([]language.Tag{language.Italian, language.English})

// ChooseLanguage takes the person's own choice, else the one made in this browser, else what the browser prefers.
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
		return "en" // reads neither: the more common of the two
	}
	return words.Languages[i]
}

// CookieName returns the name of one of our cookies. On https the name itself keeps other hosts of the domain from
// setting it.
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

// SetCookie sets one of our cookies for the time, or removes it when that is negative.
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

// csrfToken returns a token that only a page of this session can know. It is masked anew each time, so that
// compressing a page tells nothing of it.
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

// sameOrigin judges a request that could change something by what the browser says of where it comes from. Browsers
// that say nothing must show the token of their session. Requests with a token of the API carry no cookie that
// somebody else could make a browser send, so they need nothing.
func (r *Request) sameOrigin() bool {
	switch r.c.Method() {
	case fiber.MethodGet, fiber.MethodHead, fiber.MethodOptions:
		return true
	}
	if r.isAPI() {
		return true // the API knows no cookies
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
		// On https a page that came without it is another site: whoever stands on the line could have written it.
		return u.Host == r.c.Get(fiber.HeaderHost) && (!r.site.Secure || u.Scheme == "https") || u.Scheme+"://"+u.Host == r.site.Origin
	}
	s := r.Visit().Session
	if s == nil {
		return true // no session that could be abused
	}
	if token := r.c.Get("X-CSRF"); token != "" {
		return r.site.csrfValid(s, token)
	}
	r.Visit().unproven = true // receive judges the token of the form
	return true
}

// LocalPath returns the address if it is a path of this desk, else "/": nobody is sent elsewhere by a link to us.
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

// publicLook is how many changes are looked at for the newest public one; after more, the newest of all is as good.
const publicLook = 10_000

// HearsAll reports whether the person hears of what agents do among themselves, in some ticket at least.
func HearsAll(actor policy.Actor) bool { return actor.IsAgent() || actor.IsAdministrator() }

// audible is how far the change log was read for the newest change that somebody on a requester's side may hear of.
type audible struct {
	mu     sync.Mutex
	begun  bool
	upTo   uint64
	public uint64
}

// LastPublic returns the newest change that moved the clock of a requester's side: what agents do among themselves does
// not show in it. Each change is looked at once; after very many the newest of all is as good.
func (s *Site) LastPublic() (uint64, error) {
	l := &s.audible
	l.mu.Lock()
	defer l.mu.Unlock()
	last := s.Store.Last()
	if !l.begun || last-l.upTo > publicLook {
		l.begun, l.upTo, l.public = true, last, last
		return l.public, nil
	}
	if last == l.upTo {
		return l.public, nil
	}
	err := s.Store.View(func(tx *store.Tx) error {
		for ch, err := range tx.Changes(l.upTo) {
			if err != nil {
				return err
			}
			l.upTo = ch.Seq
			if ch.Public() {
				l.public = ch.Seq
			}
		}
		return nil
	})
	return l.public, err
}
