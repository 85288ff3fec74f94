package account

import (
	"net/http"
	"net/url"
	"slices"

	"sportello/app/credential"
	"sportello/app/desk/people"
	"sportello/app/web"
	"sportello/app/web/show"
	"sportello/app/words"
	"sportello/store"
	"sportello/store/act"
)

// mePage is a person's own settings: their details, their notices, their sessions.
type mePage struct {
	web.Page
	Email    string
	Least    int
	Roles    []string
	Notices  []noticeChoice
	Mails    bool              // the desk sends mail
	Lost     *show.Unreachable // set when mail to the person is returned
	Sessions []sessionLine
	Others   bool
	Tokens   show.Tokens
	Feed     feedAddresses
	Services []show.ServiceLine // service accounts that belong to the person
	Password bool               // the password form has problems and is unfolded
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

func (a pages) getMe(r *web.Request) error { return a.mePage(r, &mePage{}, nil, nil) }

// getMyNotices redirects to the choice of notices; mails contain this address.
func (a pages) getMyNotices(r *web.Request) error {
	return r.Redirect("/me#notices", http.StatusSeeOther)
}

func (a pages) mePage(r *web.Request, v *mePage, f *web.Form, err error) error {
	v.Page = r.Page("me.title")
	v.Crumb(v.T("nav.home"), "/")
	v.Crumb(v.Title, "")
	who := r.Actor().Person
	v.Email, v.Least = who.Email, credential.MinPassword
	if f == nil || v.Password {
		v.Fill(url.Values{"name": {who.Name}, "phone": {who.Phone}, "language": {who.Language}, "theme": {who.Theme},
			"notices": {who.Notices.String()}, "single_keys": show.Boxed(!who.NoSingleKeys)})
		if !v.Resume(r) && f != nil {
			f.Values = v.Form.Values
		}
	}
	if f != nil {
		if err := v.Refill(f, err); err != nil {
			return err
		}
	}
	for _, choice := range []store.NoticeChoice{store.NoticeAll, store.NoticeOwn, store.NoticeDigest, store.NoticeAnswers} {
		code := choice.String()
		v.Notices = append(v.Notices, noticeChoice{Code: code, Label: v.T("notices." + code), Chosen: v.Chosen("notices", code)})
	}
	v.Mails, v.Lost = a.Desk.Post.Mail().From != "", show.UnreachableOf(&v.Page, who)
	sessions, err := a.Desk.Keeper().SessionsOf(who.ID)
	if err != nil {
		return err
	}
	for _, s := range sessions {
		line := sessionLine{ID: s.ID, Device: s.Device, Address: s.Addr, Seen: v.Moment(s.Seen), This: r.Visit().Session != nil && r.Visit().Session.ID == s.ID}
		if line.Device == "" {
			line.Device = v.T("me.unknown-device")
		}
		v.Others = v.Others || !line.This
		v.Sessions = append(v.Sessions, line)
	}
	tokens, err := a.Desk.People.Tokens(r.Actor(), who.ID)
	if err != nil {
		return err
	}
	made := v.Tokens.New
	if v.Tokens, err = show.TokensOn(a.Site, r, &v.Page, "/me/tokens", tokens); err != nil {
		return err
	}
	v.Tokens.New = made
	if v.Password {
		v.Tokens.Asked = ""
	}
	v.Feed = a.feedAddresses(&v.Page, who)
	services, err := a.Desk.People.Services(r.Actor())
	if err != nil {
		return err
	}
	for _, s := range services {
		if slices.Contains(s.Owners, who.ID) {
			v.Services = append(v.Services, show.ServiceLineOf(&v.Page, s))
		}
	}
	if err := show.House(a.Site, r, &v.Page, "/me"); err != nil {
		return err
	}
	return r.Render("page/me", v)
}

// ownForm returns the form that leaves the person unchanged.
func ownForm(p *store.Person) people.OwnForm {
	return people.OwnForm{Name: p.Name, Language: p.Language, Phone: p.Phone, Notices: p.Notices, NoSingleKeys: p.NoSingleKeys, Theme: p.Theme}
}

func (a pages) postMe(r *web.Request) error {
	f := r.Form()
	own := people.OwnForm{Name: f.Text("name", store.Most("people.name")), Language: f.Text("language", store.Most("people.language")), Phone: f.Text("phone", store.Most("people.phone")), Theme: f.Text("theme", store.Most("people.theme")),
		Notices: web.FormCode[store.NoticeChoice](f, "notices"), NoSingleKeys: !f.Bool("single_keys")}
	err := f.Err()
	if err == nil {
		_, err = a.Desk.People.ChangeOwn(r.Actor(), own)
	}
	if err != nil {
		return a.mePage(r, &mePage{}, f, err)
	}
	return r.Done("flash.me-saved", "/me")
}

// postMyPassword changes the person's password, after checking the current one, and ends their other sessions.
func (a pages) postMyPassword(r *web.Request) error {
	f := r.Form()
	password := f.Raw("password")
	f.Need(web.PasswordField)
	err := samePassword(f, password)
	if err == nil {
		err = r.Confirm(f)
	}
	if err == nil {
		who := r.Actor().ID()
		err = a.Desk.Keeper().SetPassword(r.Actor().By(act.SetPassword), who, password, r.Visit().Session.ID)
	}
	if err != nil {
		return a.mePage(r, &mePage{Password: true}, f, err)
	}
	who, err := a.Desk.People.Read(r.Actor(), r.Actor().ID())
	if err != nil {
		return err
	}
	a.knowBrowser(r, who) // the mark that knew this browser ended with the old password
	return r.Done("flash.password-changed", "/me")
}

func (a pages) postEndSession(r *web.Request) error {
	id, err := r.Number()
	if err != nil {
		return err
	}
	if err := a.Desk.Keeper().EndSession(r.Actor().ID(), id); err != nil {
		return err
	}
	return r.Done("flash.session-ended", "/me")
}

func (a pages) postEndOthers(r *web.Request) error {
	if _, err := a.Desk.Keeper().EndOthers(r.Actor().ID(), r.Visit().Session.ID); err != nil {
		return err
	}
	return r.Done("flash.sessions-ended", "/me")
}

// postToken creates a token, after the person confirmed who they are, and shows it on the page of this answer. The
// token cannot be shown again.
func (a pages) postToken(r *web.Request) error {
	secret, err := a.makeToken(r, r.Actor().ID())
	v := &mePage{}
	if v.Tokens.New = secret; secret == "" {
		return a.mePage(r, v, r.Form(), err)
	}
	return a.mePage(r, v, nil, nil)
}

// makeToken creates the token of the form for the person, and returns its secret.
func (a pages) makeToken(r *web.Request, person uint64) (string, error) {
	f := r.Form()
	grant := show.ReadGrant(f)
	err := f.Err()
	if err == nil {
		err = r.Confirm(f)
	}
	if err != nil {
		return "", err
	}
	secret, _, err := a.Desk.People.MakeToken(r.Actor(), person, grant)
	return secret, err
}

func (a pages) postRevokeToken(r *web.Request) error {
	id, err := r.Number()
	if err != nil {
		return err
	}
	if err := a.Desk.People.EndToken(r.Actor(), id); err != nil {
		return err
	}
	return r.Done("flash.token-revoked", "/me")
}

// postMyReachable clears the mark that mail to the person is returned.
func (a pages) postMyReachable(r *web.Request) error {
	actor := r.Actor()
	if err := a.Desk.Notices.ReachAgain(actor, actor.ID()); err != nil {
		return err
	}
	return r.Done("flash.reachable", "/me#notices")
}
