package app

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
	unasked confirmation = iota // nothing is asked
	lately                      // having signed in, or confirmed, a while ago; a page asks before anything is done
	anew                        // having confirmed some minutes ago, not having signed in; the act's own form asks
	always                      // nothing: the act's own form asks each time
)

// confirmed is the route of an act for which somebody shows again who they are.
func (r route) confirmed(by confirmation) route { r.Confirm = by; return r }

// passwordField is the field, of whichever form asks, that holds the password somebody confirms by.
const passwordField = "password_now"

// isConfirmed reports whether the person of the request has shown lately enough who they are.
func (r *Request) isConfirmed(by confirmation) bool {
	s := r.visit().session
	switch {
	case by == unasked:
		return true
	case s == nil:
		return false
	case by == lately:
		return r.site.desk.Keeper().Fresh(s)
	case by == anew:
		return r.site.desk.Keeper().Confirmed(s)
	}
	return false
}

// confirm asks who is signed in to show again who they are, unless they have done so lately enough for the act. What is
// wrong is an Invalid error of passwordField.
func (r *Request) confirm(f *Form) error {
	v := r.visit()
	if r.isConfirmed(v.route.Confirm) {
		return nil
	}
	f.Need(passwordField)
	if err := f.Err(); err != nil {
		return err
	}
	err := r.site.desk.Keeper().Confirm(r.ctx(), v.session.ID, v.actor.ID(), f.Raw(passwordField))
	if store.KindOf(err) == store.Invalid {
		return store.Fail(store.Invalid, "error.password-now").At(passwordField)
	}
	if err == nil {
		s := *v.session // the page that answers knows it already
		s.Confirmed = r.site.desk.Now()
		v.session = &s
	}
	return err
}

// confirmPage asks for the password before an act is done, and carries what was posted for it.
type confirmPage struct {
	Page
	Act    string // in words
	Email  string // of who is signed in, for what keeps passwords
	To     string // where the act is posted to
	Again  []resumed
	Keyed  bool   // what was posted has its key: see once.go
	Cancel string // the page of the form
}

// confirmFirst asks for the password where the route wants a confirmation that no form of its own asks for, and reports
// whether it answered. Once given, the password is none of what was posted: the act and its key are the same with it and
// without.
func (r *Request) confirmFirst(to *route) (asked bool, err error) {
	if to.Confirm != lately {
		return false, nil
	}
	f := r.form()
	given := f.Has(passwordField)
	err = r.confirm(f)
	values := maps.Clone(f.values)
	delete(values, passwordField)
	if err == nil {
		if given {
			r.visit().posted.values = values
		}
		return false, nil
	}
	v := &confirmPage{Page: r.page("confirm.title"), Act: r.site.words.Text(r.lang(), "confirm.act-"+strings.ReplaceAll(to.Name, ".", "-")),
		Email: r.actor().Person.Email, To: localPath(r.c.OriginalURL()), Again: carry(values, ""), Keyed: values.Get(onceField) != "", Cancel: r.formPage()}
	v.Layout = "plain"
	if !given {
		v.Page.Status = fiber.StatusUnauthorized
		return true, r.render("page/confirm", v)
	}
	var slow *store.Error
	if errors.As(err, &slow) && slow.Kind == store.TooMany {
		r.c.Set(fiber.HeaderRetryAfter, retryAfter(store.Problems{slow}))
	}
	if err := v.refill(f, err); err != nil {
		return true, err
	}
	return true, r.render("page/confirm", v)
}

// carry is what a page repeats of what was posted, so that nothing of it has to be typed again; each name is prefixed.
func carry(values url.Values, prefix string) []resumed {
	var out []resumed
	values = withoutSecrets(values)
	for _, name := range slices.Sorted(maps.Keys(values)) {
		for _, value := range values[name] {
			out = append(out, resumed{prefix + name, strings.ToValidUTF8(value, "\uFFFD")})
		}
	}
	return out
}

type resumed struct{ Name, Value string }
