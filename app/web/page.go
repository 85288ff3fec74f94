package web

import (
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"html/template"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/gofiber/fiber/v2"

	"sportello/app/words"
	"sportello/store"
	"sportello/store/db"
	"sportello/store/fault"
)

// Page is what all pages have in common. View models embed it and add finished strings and booleans; templates call its
// methods and decide nothing.
type Page struct {
	Title       string
	Lang        string
	Path        string // of this page
	Back        string // the page to return to after choosing a language
	Layout      string // portal, workbench or plain; empty for a fragment
	Status      int    // 200 when 0
	Theme       string // light, dark or empty
	CSRF        string
	Institution string
	DeskName    string
	Brand       string // address of the style sheet with the desk's colour, empty for the built-in one
	Logo        string // address of the logo, empty when there is none
	Footer      []Link
	Nav         string // the part of the desk this page is in: tickets, articles, desk, admin, or empty
	NavLinks    []Link
	MoreLinks   []Link      // further parts of the desk, in a menu beside those links
	Side        []SideGroup // of the workbench: queues or the administration's menu
	Crumbs      []Link
	Flash       string
	FlashKey    string // key of that sentence, for pages that do more after some acts
	FlashArgs   []any
	Query       string // what is in the search box
	Live        bool   // the page follows /live
	LiveAfter   uint64 // the last change the page already shows

	SignedIn        bool
	Name            string // of the signed-in person
	Person          uint64
	IsAgent         bool
	IsSupervisor    bool
	IsEditor        bool
	IsCoordinator   bool
	IsAdministrator bool
	IsWriter        bool // may write articles
	SingleKeys      bool
	Bell            int // unread notices

	Body   template.HTML // set by the engine for the layout
	Errors map[string]string

	Site   *Site
	Form   *Form
	Wrongs []FieldError
	Now    time.Time

	onceBase  string // the common part of the keys of this page's forms
	onceForms int
}

// Link is the label and address of a link.
type Link struct {
	Label   string
	Address string
	Current bool
	Icon    string
	Count   string
	Lang    string
}

// Href returns the address for use in a template. html/template does not know the tel scheme and would replace it with
// a warning, so a number of digits alone is marked as safe here.
func (l Link) Href() any {
	if number, ok := strings.CutPrefix(l.Address, "tel:"); ok && strings.Trim(number, "+0123456789") == "" {
		return template.URL(l.Address) // #nosec G203 -- a number and nothing else
	}
	return l.Address
}

// SideGroup is a list with a heading in the side bar of the workbench.
type SideGroup struct {
	Heading string
	Links   []Link
}

// FieldError is one line of the error summary above a form.
type FieldError struct{ Field, Text string }

func (p *Page) base() *Page { return p }

// Page returns a new page of the portal in the reader's language, titled by titleKey.
func (r *Request) Page(titleKey string, args ...any) Page {
	v := r.Visit()
	s := v.Settings
	p := Page{Site: r.site, Lang: v.Lang, Path: r.c.Path(), Layout: "portal", CSRF: r.csrfToken(), Now: r.site.Desk.Now().In(r.site.Desk.Location()),
		Institution: s.Institution, DeskName: s.Name, Title: r.site.Words.Text(v.Lang, titleKey, args...), Bell: v.unread,
		LiveAfter: v.last}
	p.Brand, p.Logo = brandAddresses(s)
	for _, l := range s.Footer {
		p.Footer = append(p.Footer, Link{Label: l.Label.In(v.Lang), Address: l.Address})
	}
	p.Back = r.FormPage()
	if r.c.Method() == fiber.MethodGet {
		p.Back = LocalPath(r.c.OriginalURL())
	}
	if len(p.Footer) == 0 {
		for _, name := range []string{"privacy", "accessibility", "contacts"} {
			p.Footer = append(p.Footer, Link{Label: p.T("text." + name + "-title"), Address: "/" + name})
		}
	}
	p.SingleKeys = true
	if who := v.Actor.Person; who != nil {
		p.SignedIn, p.Name, p.Person, p.Theme, p.SingleKeys = true, who.Name, who.ID, who.Theme, !who.NoSingleKeys
		p.IsAgent, p.IsSupervisor, p.IsEditor = who.IsAgent(), who.IsSupervisor(), who.Editor
		p.IsCoordinator, p.IsAdministrator = who.IsCoordinator(p.Now), who.Administrator
		p.IsWriter = p.IsAgent || p.IsEditor || p.IsAdministrator
	}
	if f := r.takeFlash(v.Lang); f.Key != "" {
		p.Flash, p.FlashKey, p.FlashArgs = r.site.Words.Text(v.Lang, f.Key, f.Args...), f.Key, f.Args
	}
	return p
}

// Workbench returns a new page of the workbench. The caller fills its side bar with the queues or the menu.
func (r *Request) Workbench(titleKey string, args ...any) Page {
	p := r.Page(titleKey, args...)
	p.Layout, p.Live = "workbench", true
	return p
}

// Render answers with the page inside its layout. If either template fails, nothing is sent.
func (r *Request) Render(name string, view viewer) error {
	p := view.base()
	p.NavLinks, p.MoreLinks = p.navigation()
	if p.Status != 0 {
		r.c.Status(p.Status)
	}
	r.c.Set(fiber.HeaderCacheControl, "no-store")
	r.c.Set(fiber.HeaderContentLanguage, p.Lang)
	return r.c.Render(name, view)
}

// Fragment answers with the template alone, for scripts that insert it into a page.
func (r *Request) Fragment(name string, view viewer) error {
	view.base().Layout = ""
	return r.Render(name, view)
}

// places are the parts of the desk that pages lead to, in order. Those for whom a part is read its label in the bar, or
// in the menu beside it, which on the workbench is the person's own.
var places = []struct {
	nav, address, label string
	is                  func(p *Page) bool
	more                bool
}{
	{"tickets", "/tickets", "nav.tickets", func(p *Page) bool { return p.SignedIn }, false},
	{"desk", "/desk", "nav.desk", func(p *Page) bool { return p.IsAgent || p.IsAdministrator }, false},
	{"articles", "/articles", "nav.articles", func(*Page) bool { return true }, false},
	{"admin", "/admin", "nav.admin", func(p *Page) bool { return p.IsAdministrator || p.IsSupervisor }, false},
	{"releases", "/releases", "nav.releases", func(p *Page) bool { return p.SignedIn }, true},
	{"problems", "/problems", "nav.problems", func(p *Page) bool { return p.SignedIn }, true},
	{"plans", "/plans", "plan.title", func(p *Page) bool { return p.SignedIn }, true},
	{"help", "/help", "help.title", func(p *Page) bool { return p.SignedIn }, true},
}

// navigation returns the links of the bar and those of the menu beside it.
func (p *Page) navigation() (bar, more []Link) {
	for _, at := range places {
		if !at.is(p) {
			continue
		}
		l := Link{Label: p.T(at.label), Address: at.address, Current: p.Nav == at.nav}
		if at.more {
			l.Current = p.Path == at.address
			more = append(more, l)
		} else {
			bar = append(bar, l)
		}
	}
	return bar, more
}

// Most returns the maximum length of a field from the table of limits: "tickets.subject", or "reason" for the reason of
// a change.
func (p *Page) Most(field string) int {
	if field == "reason" {
		return db.MaxReason
	}
	return store.Most(field)
}

// T returns the sentence of the key with args, pairs of name and value, filled in.
func (p *Page) T(key string, args ...any) string { return p.Site.Words.Text(p.Lang, key, args...) }

// Voice returns the voice for the language of the page.
func (p *Page) Voice() words.Voice {
	return words.Voice{Dictionary: p.Site.Words, Lang: p.Lang, Now: p.Now}
}

// Plural returns the form of the sentence that fits n.
func (p *Page) Plural(key string, n int, args ...any) string {
	return p.Site.Words.Plural(p.Lang, key, n, args...)
}

// Moment describes a point in time; {{template "part/time" .At}} shows it.
func (p *Page) Moment(t time.Time) words.Moment { return p.Site.Words.Moment(p.Lang, t, p.Now) }

// When returns a point in time in words: ieri alle 10.42.
func (p *Page) When(t time.Time) string { return p.Moment(t).Words }

// Day returns the day of a point in time in words: domani, martedì, 12 marzo 2026.
func (p *Page) Day(t time.Time) string { return p.Site.Words.Day(p.Lang, t, p.Now) }

// Date returns the date of a point in time: 12 marzo 2026.
func (p *Page) Date(t time.Time) string { return p.Moment(t).Date }

// Size returns a number of bytes in words: 96 kB.
func (p *Page) Size(n int64) string { return words.Size(p.Lang, n) }

// Number returns the number with digits grouped as in the reader's language.
func (p *Page) Number(n int) string { return words.GroupDigits(p.Lang, n) }

// Asset returns the address of a file that browsers load.
func (p *Page) Asset(name string) string { return p.Site.Public.URL(name) }

// Scripts returns the addresses of all scripts but the first, so that the browser can load them at once.
func (p *Page) Scripts() []string {
	var out []string
	for _, name := range p.Site.Public.Names() {
		if strings.HasPrefix(name, "js/") && name != "js/app.js" {
			out = append(out, p.Asset(name))
		}
	}
	return out
}

// Languages returns the languages to choose from.
func (p *Page) Languages() []Link {
	var out []Link
	for _, lang := range words.Languages {
		out = append(out, Link{Label: strings.ToUpper(lang), Lang: lang, Current: lang == p.Lang})
	}
	return out
}

// Crumb adds a step to the path above the page. The page itself comes last, with an empty address.
func (p *Page) Crumb(label, address string) {
	p.Crumbs = append(p.Crumbs, Link{Label: label, Address: address, Current: address == ""})
}

// Refill shows a posted form again, with each problem beside its field. It returns the errors that no form can show;
// the handler returns them in turn.
func (p *Page) Refill(f *Form, err error) error {
	p.Form = f
	if err == nil {
		return nil
	}
	var one *fault.Error
	var many fault.Problems
	if !errors.As(err, &many) {
		if !errors.As(err, &one) {
			return err
		}
		many = fault.Problems{one}
	}
	p.Errors = map[string]string{}
	for _, e := range many {
		switch e.Kind {
		case fault.Invalid, fault.TooLarge, fault.TooMany:
		case fault.Conflict:
			p.Status = fiber.StatusConflict
			if e.Field == "" {
				return err
			}
		default:
			return err
		}
		text := p.Site.Words.Explain(p.Lang, e)
		if p.Errors[e.Field] != "" {
			continue // show only the first problem of a field
		}
		p.Errors[e.Field] = text
		p.Wrongs = append(p.Wrongs, FieldError{e.Field, text})
		if p.Status == 0 {
			p.Status = StatusOf[e.Kind]
		}
	}
	return nil
}

// Fill gives the form its initial values when nothing was posted yet.
func (p *Page) Fill(values url.Values) { p.Form = &Form{Site: p.Site, Values: values} }

// Summary returns the problems of the form, for the box above it.
func (p *Page) Summary() []FieldError { return p.Wrongs }

// Err returns the problem of the field, or an empty string.
func (p *Page) Err(field string) string { return p.Errors[field] }

// FieldErr returns the field and its problem for {{template "part/err" (.FieldErr "subject")}}.
func (p *Page) FieldErr(field string) FieldError { return FieldError{field, p.Errors[field]} }

// Bad returns the attributes of a control whose field has a problem.
func (p *Page) Bad(field string) template.HTMLAttr {
	if p.Errors[field] == "" {
		return ""
	}
	return template.HTMLAttr(fmt.Sprintf(`aria-invalid="true" aria-describedby="%s-e"`, template.HTMLEscapeString(field))) // #nosec G203 -- the field's name is escaped
}

// Value returns the value of the field.
func (p *Page) Value(field string) string {
	if p.Form == nil {
		return ""
	}
	return strings.ToValidUTF8(p.Form.Values.Get(field), "\uFFFD")
}

// Chosen reports whether the field has the value, for options, radio buttons and boxes.
func (p *Page) Chosen(field, value string) bool {
	return p.Form != nil && slices.Contains(p.Form.Values[field], value)
}

// Kept returns the uploads that an earlier attempt at the form stored.
func (p *Page) Kept() []KeptFile {
	if p.Form == nil {
		return nil
	}
	return p.Form.Kept
}

// MaxFile returns the configured maximum size of one attachment in words: 25 MB. MaxFileBytes returns it in bytes.
func (p *Page) MaxFile() string { return fmt.Sprintf("%d MB", p.Site.Desk.MaxFile()>>20) }

// MaxFileBytes returns the maximum size of one attachment in bytes.
func (p *Page) MaxFileBytes() int64 { return p.Site.Desk.MaxFile() }

// Done ends a POST: it redirects the browser to the address, where the page shows the sentence of flashKey.
func (r *Request) Done(flashKey, address string, args ...any) error {
	if flashKey != "" {
		r.setFlash(flashKey, args...)
	}
	return r.c.Redirect(address, fiber.StatusSeeOther)
}

type flash struct {
	Key  string `json:"k"`
	Args []any  `json:"a,omitempty"`
}

// setFlash stores a sentence in a cookie for the next page.
func (r *Request) setFlash(key string, args ...any) {
	raw, err := json.Marshal(flash{key, args})
	if err != nil || len(raw) > 1000 {
		return
	}
	r.SetCookie("flash", base64.RawURLEncoding.EncodeToString(raw), time.Minute)
}

// takeFlash returns the stored sentence's key and arguments, and deletes the cookie. Only sentences meant for this are
// shown, whatever the cookie contains.
func (r *Request) takeFlash(lang string) (f flash) {
	value := r.c.Cookies(r.site.CookieName("flash"))
	if value == "" {
		return flash{}
	}
	r.SetCookie("flash", "", -1)
	raw, err := base64.RawURLEncoding.DecodeString(value)
	if err != nil || json.Unmarshal(raw, &f) != nil || !strings.HasPrefix(f.Key, "flash.") || !r.site.Words.Has(lang, f.Key) {
		return flash{}
	}
	return f
}
