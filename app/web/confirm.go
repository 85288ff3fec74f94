package web

import (
	"errors"
	"maps"
	"net/url"
	"slices"
	"strings"

	"github.com/gofiber/fiber/v2"

	"sportello/store/fault"
)

// Someone who finds an open browser has not signed in. Some acts would let that person take over the account, let
// somebody else in, or redirect mail; these acts ask the signed-in person for the password again. Each route declares
// which confirmation it needs, and nothing else does. The API has no such acts: a program cannot confirm who it is.

// confirmation says how recently the person must have proved who they are before an act.
type confirmation uint8

const (
	Unasked confirmation = iota // no confirmation
	Lately                      // a sign-in or confirmation some time ago is enough; otherwise a page asks before the act
	Anew                        // a confirmation in the last minutes is needed, a sign-in is not enough; the act's own form asks
	Always                      // nothing earlier is enough: the act's own form asks each time
)

// Confirmed returns the route with the confirmation that its act requires.
func (r Route) Confirmed(by confirmation) Route { r.Confirm = by; return r }

// PasswordField is the name of the field for the confirming password, in every form that asks for one.
const PasswordField = "password_now"

// IsConfirmed reports whether the person has proved who they are recently enough for by.
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

// Confirm checks the password of the signed-in person, unless they confirmed recently enough for the act. A missing or
// wrong password is an Invalid error of PasswordField.
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
	if fault.KindOf(err) == fault.Invalid {
		return fault.New(fault.Invalid, "error.password-now").At(PasswordField)
	}
	if err == nil {
		s := *v.Session // so that the page of this answer already knows it
		s.Confirmed = r.site.Desk.Now()
		v.Session = &s
	}
	return err
}

// confirmPage asks for the password before an act, and carries what was posted for it.
type confirmPage struct {
	Page
	Act    string // in words
	Email  string // of the signed-in person, for password managers
	To     string // the address the act is posted to
	Again  []Resumed
	Keyed  bool   // the posted form has a key: see once.go
	Cancel string // address of the page with the form
}

// confirmFirst asks for the password where the route requires a confirmation and its own form does not ask. It reports
// whether it answered the request. It removes the password from the posted values, so that the act and its key are the
// same with and without it.
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
	var slow *fault.Error
	if errors.As(err, &slow) && slow.Kind == fault.TooMany {
		r.c.Set(fiber.HeaderRetryAfter, RetryAfter(fault.Problems{slow}))
	}
	if err := v.Refill(f, err); err != nil {
		return true, err
	}
	return true, r.Render("page/confirm", v)
}

// Carry returns the posted values as hidden fields for a page, so that nobody has to type them again. Each name gets
// the prefix.
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

// MaxCarried is how many values an intermediate page carries for a form.
const MaxCarried = 200

// Resumed is one typed value that a page carries along.
type Resumed struct{ Name, Value string }
