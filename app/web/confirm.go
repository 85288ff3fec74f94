package web

import (
	"errors"
	"maps"
	"net/url"
	"slices"
	"strings"

	"github.com/gofiber/fiber/v2"

	"sportello/store"
)

// Whoever finds a browser open has not signed in. Acts by which they could make the account theirs, let somebody else
// in or send mail astray ask who is signed in to show again who they are, in the way in which they sign in: by the
// password. Which acts do is said by their routes, and nowhere else. The API has none of them, for a program cannot
// show who it is a second time.

// confirmation says what counts, for an act, as having shown lately who one is.
type confirmation uint8

const (
	Unasked confirmation = iota // nothing is asked
	Lately                      // having signed in, or confirmed, a while ago; a page asks before anything is done
	Anew                        // having confirmed some minutes ago, not having signed in; the act's own form asks
	Always                      // nothing: the act's own form asks each time
)

// Confirmed is the route of an act for which somebody shows again who they are.
func (r Route) Confirmed(by confirmation) Route { r.Confirm = by; return r }

// PasswordField is the field, of whichever form asks, that holds the password somebody confirms by.
const PasswordField = "password_now"

// IsConfirmed reports whether the person of the request has shown lately enough who they are.
func (r *Request) IsConfirmed(by confirmation) bool {
	s := r.Visit().Session
	switch {
	case by == Unasked:
		return true
	case s == nil:
		return false
	case by == Lately:
		return r.site.Desk.Keeper().Fresh(s)
	case by == Anew:
		return r.site.Desk.Keeper().Confirmed(s)
	}
	return false
}

// Confirm asks who is signed in to show again who they are, unless they have done so lately enough for the act. What is
// wrong is an Invalid error of passwordField.
func (r *Request) Confirm(f *Form) error {
	v := r.Visit()
	if r.IsConfirmed(v.Route.Confirm) {
		return nil
	}
	f.Need(PasswordField)
	if err := f.Err(); err != nil {
		return err
	}
	err := r.site.Desk.Keeper().Confirm(r.Ctx(), v.Session.ID, v.Actor.ID(), f.Raw(PasswordField))
	if store.KindOf(err) == store.Invalid {
		return store.Fail(store.Invalid, "error.password-now").At(PasswordField)
	}
	if err == nil {
		s := *v.Session // the page that answers knows it already
		s.Confirmed = r.site.Desk.Now()
		v.Session = &s
	}
	return err
}

// confirmPage asks for the password before an act is done, and carries what was posted for it.
type confirmPage struct {
	Page
	Act    string // in words
	Email  string // of who is signed in, for what keeps passwords
	To     string // where the act is posted to
	Again  []Resumed
	Keyed  bool   // what was posted has its key: see once.go
	Cancel string // the page of the form
}

// confirmFirst asks for the password where the route wants a confirmation that no form of its own asks for, and reports
// whether it answered. Once given, the password is none of what was posted: the act and its key are the same with it and
// without.
func (r *Request) confirmFirst(to *Route) (asked bool, err error) {
	if to.Confirm != Lately {
		return false, nil
	}
	f := r.Form()
	given := f.Has(PasswordField)
	err = r.Confirm(f)
	values := maps.Clone(f.Values)
	delete(values, PasswordField)
	if err == nil {
		if given {
			r.Visit().posted.Values = values
		}
		return false, nil
	}
	v := &confirmPage{Page: r.Page("confirm.title"), Act: r.site.Words.Text(r.Lang(), "confirm.act-"+strings.ReplaceAll(to.Name, ".", "-")),
		Email: r.Actor().Person.Email, To: LocalPath(r.c.OriginalURL()), Again: Carry(values, ""), Keyed: values.Get(OnceField) != "", Cancel: r.FormPage()}
	v.Layout = "plain"
	if !given {
		v.Page.Status = fiber.StatusUnauthorized
		return true, r.Render("page/confirm", v)
	}
	var slow *store.Error
	if errors.As(err, &slow) && slow.Kind == store.TooMany {
		r.c.Set(fiber.HeaderRetryAfter, RetryAfter(store.Problems{slow}))
	}
	if err := v.Refill(f, err); err != nil {
		return true, err
	}
	return true, r.Render("page/confirm", v)
}

// Carry is what a page repeats of what was posted, so that nothing of it has to be typed again; each name is prefixed.
func Carry(values url.Values, prefix string) []Resumed {
	var out []Resumed
	values = WithoutSecrets(values)
	for _, name := range slices.Sorted(maps.Keys(values)) {
		for _, value := range values[name] {
			out = append(out, Resumed{prefix + name, strings.ToValidUTF8(value, "\uFFFD")})
		}
	}
	return out
}

// MaxCarried is how many values of a form a page carries that comes before the form is done.
const MaxCarried = 200

// Resumed is one value that was typed and is carried on.
type Resumed struct{ Name, Value string }
