package account

import (
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"time"

	"sportello/app/address"
	"sportello/app/credential"
	"sportello/app/desk/people"
	"sportello/app/web"
	"sportello/app/web/show"
	"sportello/store"
	"sportello/store/fault"
)

// signInPage is the sign-in form. Beside it, it says who issues credentials; it carries what a person posted after
// their session had ended.
type signInPage struct {
	web.Page
	Stops    []show.StopLine
	Next     string
	Resume   []web.Resumed // what was posted, kept until the person has signed in again
	From     string        // the page whose form was posted
	Kept     bool          // something was posted; the page says that it is not lost
	Contacts []show.ContactLine
	NoSetUp  bool
	Asks     string // address of the form that asks for credentials, at a desk that sends mail
	Out      bool   // somebody has just signed out: the browser deletes their stored drafts
}

// The limits of what is carried through a sign-in; more would not fit a form.
const (
	maxResumedBytes = web.SmallBody - 8<<10 // encoded as the sign-in form sends them
)

func (a pages) getSignIn(r *web.Request) error {
	next := web.LocalPath(r.Query("next"))
	if r.Actor().SignedIn() {
		return r.Redirect(next, http.StatusSeeOther)
	}
	return a.signInPage(r, &signInPage{Next: next, Out: r.Query("out") != ""}, nil, nil)
}

func (a pages) signInPage(r *web.Request, v *signInPage, f *web.Form, err error) error {
	v.Page = r.Page("sign-in.title")
	v.Layout = "plain"
	if v.Kept {
		v.Page.Status = http.StatusUnauthorized
	}
	if err := v.Refill(f, err); err != nil {
		return err
	}
	lines, err := show.ContactLines(a.Site, v.Lang)
	if err != nil {
		return err
	}
	v.Contacts = lines
	if v.Stops, err = show.StopLines(a.Site, r, &v.Page, 0); err != nil {
		return err
	}
	has, err := a.Desk.People.HasAdministrator()
	if err != nil {
		return err
	}
	if v.NoSetUp = !has; has && a.Desk.Post.Mail().From != "" {
		v.Asks = address.NewAccess
	}
	return r.Render("page/sign-in", v)
}

// signInFirst answers a person who is not signed in. A GET redirects to the sign-in page; what was posted is carried by
// that page, so that signing in leads back to the form as it was.
func (a pages) signInFirst(r *web.Request) error {
	if r.Method() != http.MethodPost {
		return r.Redirect("/sign-in?next="+url.QueryEscape(r.Address()), http.StatusSeeOther)
	}
	v := &signInPage{From: r.FormPage(), Kept: true}
	v.Next = v.From
	size := 0
	for _, one := range web.Carry(r.PostedValues(), "resume.") {
		if size += len(url.QueryEscape(one.Name+one.Value)) + 2; len(v.Resume) == web.MaxCarried || size > maxResumedBytes {
			break
		}
		v.Resume = append(v.Resume, one)
	}
	return a.signInPage(r, v, nil, nil)
}

func (a pages) postSignIn(r *web.Request) error {
	f := r.Form()
	email, password := f.Text("email", store.Most("people.email")), f.Raw("password")
	next := web.LocalPath(f.Raw("next"))
	known := r.Cookie(a.CookieName("known"))
	secret, who, err := a.Desk.Keeper().SignInFrom(r.Ctx(), email, password, device(r.Header("User-Agent")), r.ClientIP().String(), known)
	if err != nil {
		v := &signInPage{Next: next, From: web.LocalPath(f.Raw("from"))}
		for name, all := range f.Values {
			for _, value := range all {
				if strings.HasPrefix(name, "resume.") {
					v.Resume = append(v.Resume, web.Resumed{Name: name, Value: value})
				}
			}
		}
		var slow *fault.Error
		if errors.As(err, &slow) && slow.Kind == fault.TooMany {
			r.SetHeader("Retry-After", web.RetryAfter(fault.Problems{slow}))
		}
		return a.signInPage(r, v, f, err)
	}
	if old := r.Cookie(a.CookieName("session")); old != "" {
		if err := a.Desk.Keeper().SignOut(old); err != nil {
			a.Log.Warn("end session before the new one", "err", err)
		}
	}
	if next == "/" && who.IsAgent() {
		next = "/desk" // their day begins there
	}
	r.SetCookie("session", secret, credential.SessionLong)
	a.knowBrowser(r, who)
	if draft, err := a.keepDraft(who.ID, web.LocalPath(f.Raw("from")), f.Values); err != nil {
		a.Log.Error("keep form over sign-in", "err", err)
	} else if draft != "" {
		next = draft
	}
	return r.Redirect(next, http.StatusSeeOther)
}

// keepDraft stores the values carried through a sign-in and returns the address of the form that shows them again; an
// empty address when there are none.
func (a pages) keepDraft(who uint64, from string, values url.Values) (string, error) {
	kept := map[string][]string{}
	for name, all := range values {
		if field, ok := strings.CutPrefix(name, "resume."); ok {
			kept[field] = all
		}
	}
	if len(kept) == 0 || from == "/" {
		return "", nil
	}
	id, err := a.Desk.Forms.Keep(who, from, kept)
	if err != nil {
		return "", err
	}
	return fmt.Sprintf("%s?draft=%d", from, id), nil
}

func (a pages) postSignOut(r *web.Request) error {
	if secret := r.Cookie(a.CookieName("session")); secret != "" {
		if err := a.Desk.Keeper().SignOut(secret); err != nil {
			return err
		}
	}
	r.SetCookie("session", "", -1)
	r.SetHeader("Clear-Site-Data", `"cache"`)
	return r.Done("flash.signed-out", "/sign-in?out=1")
}

type forgottenPage struct {
	web.Page
	Mails    bool // mail can be sent, so a link can be requested
	Contacts []show.ContactLine
}

// getForgotten shows a form that asks for an address if mail can be sent, and otherwise says whom to ask for a new password.
func (a pages) getForgotten(r *web.Request) error { return a.forgottenPage(r, nil, nil) }

func (a pages) forgottenPage(r *web.Request, f *web.Form, err error) error {
	v := &forgottenPage{Page: r.Page("password.forgotten-title"), Mails: a.Desk.Post.Mail().From != ""}
	v.Layout, v.Path = "plain", "/password"
	if err := v.Refill(f, err); err != nil {
		return err
	}
	lines, err := show.ContactLines(a.Site, v.Lang)
	if err != nil {
		return err
	}
	v.Contacts = lines
	return r.Render("page/forgotten", v)
}

// postForgotten has a link sent to the person with the address; its answer is the same for every address.
func (a pages) postForgotten(r *web.Request) error {
	f := r.Form()
	email := f.Text("email", store.Most("people.email"))
	f.Need("email")
	err := f.Err()
	if err == nil {
		err = a.Desk.People.AskPasswordLink(email, r.ClientIP().String())
	}
	if err != nil {
		var slow *fault.Error
		if errors.As(err, &slow) && slow.Kind == fault.TooMany {
			r.SetHeader("Retry-After", web.RetryAfter(fault.Problems{slow}))
		}
		return a.forgottenPage(r, f, err)
	}
	return r.Done("flash.link-asked", "/sign-in")
}

type passwordPage struct {
	web.Page
	Person string
	Least  int
}

// getPassword shows the form in which the person of the link chooses a password. Showing it does not use up the link.
func (a pages) getPassword(r *web.Request) error { return a.passwordPage(r, nil, nil) }

func (a pages) passwordPage(r *web.Request, f *web.Form, err error) error {
	p, gone := a.Desk.Keeper().Link(r.Param("secret"), credential.ForPassword)
	if gone != nil {
		return gone
	}
	v := &passwordPage{Page: r.Page("password.title"), Least: credential.MinPassword}
	v.Person = p.Email
	v.Layout, v.Path = "plain", "/password"
	if err := v.Refill(f, err); err != nil {
		return err
	}
	return r.Render("page/password", v)
}

func (a pages) postPassword(r *web.Request) error {
	f := r.Form()
	password := f.Raw("password")
	err := samePassword(f, password)
	var who *store.Person
	if err == nil {
		who, err = a.Desk.Keeper().ChoosePassword(r.Param("secret"), password)
	}
	if err != nil {
		return a.passwordPage(r, f, err)
	}
	a.knowBrowser(r, who) // otherwise the next sign-in would be reported as one from an unknown browser
	return r.Done("flash.password-chosen", "/sign-in")
}

func samePassword(f *web.Form, password string) error {
	if password == "" {
		f.Refuse("password", "error.required")
	} else if f.Raw("password_again") != password {
		f.Refuse("password_again", "error.password-again")
	}
	return f.Err()
}

// getSetUp shows the form that creates the first administrator.
func (a pages) getSetUp(r *web.Request) error { return a.setUpPage(r, nil, nil) }

func (a pages) setUpPage(r *web.Request, f *web.Form, err error) error {
	if !a.Desk.Keeper().CheckSetUp(r.Param("secret")) {
		return fault.New(fault.NotFound, "error.link-ended")
	}
	v := &passwordPage{Page: r.Page("set-up.title"), Least: credential.MinPassword}
	v.Layout, v.Path = "plain", "/set-up"
	if f == nil {
		v.Fill(url.Values{"desk": {v.DeskName}})
	}
	if f != nil {
		if err := v.Refill(f, err); err != nil {
			return err
		}
	}
	return r.Render("page/set-up", v)
}

func (a pages) postSetUp(r *web.Request) error {
	if !a.Desk.Keeper().CheckSetUp(r.Param("secret")) {
		return fault.New(fault.NotFound, "error.link-ended")
	}
	f := r.Form()
	form := people.SetUpForm{Name: f.Text("name", store.Most("people.name")), Email: f.Text("email", store.Most("people.email")), Password: f.Raw("password"), Desk: f.Text("desk", store.Most("settings.name")), Language: r.Lang()}
	f.Need("name", "email")
	err := samePassword(f, form.Password)
	if err == nil {
		_, err = a.Desk.People.SetUp(form)
	}
	if err != nil {
		return a.setUpPage(r, f, err)
	}
	return r.Done("flash.set-up", "/sign-in")
}

// postLanguage stores the language in this browser and, for signed-in people, in their settings.
func (a pages) postLanguage(r *web.Request) error {
	f := r.Form()
	lang := f.Raw("lang")
	if lang != "it" && lang != "en" {
		return fault.New(fault.Invalid, "error.choice").At("lang")
	}
	if actor := r.Actor(); actor.SignedIn() {
		own := ownForm(actor.Person)
		own.Language = lang
		if _, err := a.Desk.People.ChangeOwn(actor, own); err != nil {
			return err
		}
	}
	r.SetCookie("lang", lang, 365*24*time.Hour)
	return r.Redirect(web.LocalPath(f.Raw("back")), http.StatusSeeOther)
}

// device names the browser of a session in a few words.
func device(userAgent string) string {
	first := func(pairs ...string) string {
		for i := 0; i+1 < len(pairs); i += 2 {
			if strings.Contains(userAgent, pairs[i]) {
				return pairs[i+1]
			}
		}
		return ""
	}
	browser := first("Edg/", "Edge", "OPR/", "Opera", "Firefox/", "Firefox", "Chrome/", "Chrome", "Safari/", "Safari", "curl/", "curl")
	system := first("iPhone", "iPhone", "iPad", "iPad", "Android", "Android", "Windows", "Windows", "Mac OS X", "macOS", "Linux", "Linux")
	return strings.Trim(browser+", "+system, ", ")
}

// knowBrowser marks this browser as known to the person, so that other people's failed sign-ins do not slow it down.
// The mark survives signing out.
func (a pages) knowBrowser(r *web.Request, who *store.Person) {
	r.SetCookie("known", a.Desk.Keeper().KnowBrowser(who, r.Cookie(a.CookieName("known"))), credential.BrowserLife)
}
