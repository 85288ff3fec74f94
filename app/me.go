package app

import (
	"net/url"
	"slices"
	"strconv"
	"time"

	"github.com/gofiber/fiber/v2"

	"sportello/app/credential"
	"sportello/app/desk"
	"sportello/app/words"
	"sportello/store"
)

// mePage is one's own settings: who one is, what one is told, where one is signed in.
type mePage struct {
	Page
	Email    string
	Least    int
	Roles    []string
	Notices  []noticeChoice
	Mails    bool         // the desk sends mail
	Lost     *unreachable // mail to the person comes back
	Sessions []sessionLine
	Others   bool
	Tokens   []tokenLine
	NewToken string // shown once
	Lives    []adminOption
	Confirm  bool   // making a token asks for the password
	Asked    string // what was wrong with the password given for that
	Password bool   // the password's form has errors and is shown open
}

type noticeChoice struct {
	Code, Label string
	Chosen      bool
}

type sessionLine struct {
	ID      uint64
	Device  string
	Address string
	Seen    words.Moment
	This    bool
}

type tokenLine struct {
	ID     uint64
	Name   string
	Made   words.Moment
	Seen   words.Moment
	Ends   words.Moment
	Over   bool // its end has come
	Asleep bool // it waits for an administrator
}

func (a *App) getMe(c *fiber.Ctx) error { return a.mePage(c, &mePage{}, nil, nil) }

// getMyNotices leads to the choice of what one is told; mail names this address.
func (a *App) getMyNotices(c *fiber.Ctx) error {
	return c.Redirect("/me#notices", fiber.StatusSeeOther)
}

func (a *App) mePage(c *fiber.Ctx, v *mePage, f *Form, err error) error {
	v.Page = a.page(c, "me.title")
	v.Crumb(v.T("nav.home"), "/")
	v.Crumb(v.Title, "")
	who := a.actor(c).Person
	v.Email, v.Least = who.Email, credential.MinPassword
	if f == nil || v.Password {
		v.fill(url.Values{"name": {who.Name}, "phone": {who.Phone}, "language": {who.Language}, "theme": {who.Theme},
			"notices": {who.Notices.String()}, "single_keys": boxed(!who.NoSingleKeys)})
		if !v.resume(c) && f != nil {
			f.values = v.form.values
		}
	}
	if f != nil {
		if err := v.refill(f, err); err != nil {
			return err
		}
	}
	for _, choice := range []store.NoticeChoice{store.NoticeAll, store.NoticeOwn, store.NoticeDigest, store.NoticeAnswers} {
		code := choice.String()
		v.Notices = append(v.Notices, noticeChoice{Code: code, Label: v.T("notices." + code), Chosen: v.Chosen("notices", code)})
	}
	v.Mails, v.Lost = a.desk.MailOptions().From != "", v.unreachable(who)
	sessions, err := a.desk.Keeper().SessionsOf(who.ID)
	if err != nil {
		return err
	}
	for _, s := range sessions {
		line := sessionLine{ID: s.ID, Device: s.Device, Address: s.Addr, Seen: v.Moment(s.Seen), This: a.visit(c).session != nil && a.visit(c).session.ID == s.ID}
		if line.Device == "" {
			line.Device = v.T("me.unknown-device")
		}
		v.Others = v.Others || !line.This
		v.Sessions = append(v.Sessions, line)
	}
	tokens, err := a.desk.Keeper().TokensOf(who.ID)
	if err != nil {
		return err
	}
	for _, t := range tokens {
		line := tokenLine{ID: t.ID, Name: t.Name, Made: v.Moment(t.Created), Seen: v.Moment(t.Seen), Ends: v.Moment(t.Ends),
			Over: !a.desk.Now().Before(t.Ends), Asleep: !t.Asleep.IsZero()}
		if line.Name == "" {
			line.Name = v.T("me.token-without-name")
		}
		v.Tokens = append(v.Tokens, line)
	}
	if !v.Password {
		v.Asked = v.Err(passwordField)
	}
	v.Confirm = !a.isConfirmed(c, anew)
	for i, days := range tokenLives {
		value := strconv.Itoa(days)
		v.Lives = append(v.Lives, adminOption{value, v.Plural("me.token-days", days), v.Chosen("token_life", value) || i == 0 && v.Value("token_life") == ""})
	}
	return a.render(c, "page/me", v)
}

func boxed(yes bool) []string {
	if yes {
		return []string{"1"}
	}
	return nil
}

// ownForm is the form that leaves the person as they are.
func ownForm(p *store.Person) desk.OwnForm {
	return desk.OwnForm{Name: p.Name, Language: p.Language, Phone: p.Phone, Notices: p.Notices, NoSingleKeys: p.NoSingleKeys, Theme: p.Theme}
}

func (a *App) postMe(c *fiber.Ctx) error {
	f := a.form(c)
	own := desk.OwnForm{Name: f.Text("name", store.Most("people.name")), Language: f.Text("language", store.Most("people.language")), Phone: f.Text("phone", store.Most("people.phone")), Theme: f.Text("theme", store.Most("people.theme")),
		Notices: formCode[store.NoticeChoice](f, "notices"), NoSingleKeys: !f.Bool("single_keys")}
	err := f.Err()
	if err == nil {
		_, err = a.desk.ChangeOwn(a.actor(c), own)
	}
	if err != nil {
		return a.mePage(c, &mePage{}, f, err)
	}
	return a.done(c, "flash.me-saved", "/me")
}

// postMyPassword changes one's own password, for which the one there was is asked; other sessions end.
func (a *App) postMyPassword(c *fiber.Ctx) error {
	f := a.form(c)
	password := f.Raw("password")
	f.Need(passwordField)
	err := samePassword(f, password)
	if err == nil {
		err = a.confirm(c, f)
	}
	if err == nil {
		who := a.actor(c).ID()
		err = a.desk.Keeper().SetPassword(a.actor(c).By("set-password"), who, password, a.visit(c).session.ID)
	}
	if err != nil {
		return a.mePage(c, &mePage{Password: true}, f, err)
	}
	who, err := a.desk.Person(a.actor(c), a.actor(c).ID())
	if err != nil {
		return err
	}
	a.knowBrowser(c, who) // what it was known by ended with the password before
	return a.done(c, "flash.password-changed", "/me")
}

func (a *App) postEndSession(c *fiber.Ctx) error {
	id, err := a.number(c)
	if err != nil {
		return err
	}
	if err := a.desk.Keeper().EndSession(a.actor(c).ID(), id); err != nil {
		return err
	}
	return a.done(c, "flash.session-ended", "/me")
}

func (a *App) postEndOthers(c *fiber.Ctx) error {
	if _, err := a.desk.Keeper().EndOthers(a.actor(c).ID(), a.visit(c).session.ID); err != nil {
		return err
	}
	return a.done(c, "flash.sessions-ended", "/me")
}

// tokenLives are the lives of a token that the page offers, in days; the first is chosen.
var tokenLives = []int{365, 90, 30, 7, 730}

// postToken makes a token, for which the person is asked to show again who they are, and shows it on the page that
// answers: it is nowhere to be had again.
func (a *App) postToken(c *fiber.Ctx) error {
	f := a.form(c)
	name := f.Text("token_name", store.Most("tokens.name"))
	days := tokenLives[0]
	if f.Has("token_life") {
		n, err := strconv.Atoi(f.Raw("token_life"))
		if err != nil || !slices.Contains(tokenLives, n) {
			f.Refuse("token_life", "error.choice")
		}
		days = n
	}
	f.Need("token_name")
	err := f.Err()
	if err == nil {
		err = a.confirm(c, f)
	}
	if err != nil {
		return a.mePage(c, &mePage{}, f, err)
	}
	who := a.actor(c).ID()
	secret, _, err := a.desk.Keeper().NewTokenFor(a.actor(c).By("make-token"), who, name, time.Duration(days)*24*time.Hour)
	if err != nil {
		return err
	}
	return a.mePage(c, &mePage{NewToken: secret}, nil, nil)
}

func (a *App) postRevokeToken(c *fiber.Ctx) error {
	id, err := a.number(c)
	if err != nil {
		return err
	}
	who := a.actor(c).ID()
	if err := a.desk.Keeper().RevokeToken(a.actor(c).By("revoke-token"), who, id); err != nil {
		return err
	}
	return a.done(c, "flash.token-revoked", "/me")
}
