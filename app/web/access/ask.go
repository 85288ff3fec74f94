package access

import (
	"errors"

	"sportello/app/address"
	"sportello/app/desk/access"
	"sportello/app/web"
	"sportello/app/web/show"
	"sportello/app/words"
	"sportello/store"
	"sportello/store/fault"
)

// newPage is the form that asks for credentials.
type newPage struct {
	web.Page
	Mails     bool // a letter asks the owner of the address to confirm; else an administrator does
	Action    string
	Modules   []show.Choice
	Positions []show.Choice
	Contacts  []show.ContactLine
	Months    int // for how long a decided request is kept
	Email     string
}

func (a pages) getNew(r *web.Request) error { return a.newPage(r, nil, nil) }

// newPage shows the form, or the form as it was posted with its problems.
func (a pages) newPage(r *web.Request, f *web.Form, wrong error) error {
	v := &newPage{Page: r.Page("access.title"), Mails: a.Desk.Access.Mails(), Action: address.AccessRequests, Months: r.Settings().AccessMonths}
	if v.Layout, v.Path = "plain", address.NewAccess; v.SignedIn {
		v.Layout, v.Email = "portal", r.Actor().Person.Email
		v.Crumb(v.T("nav.home"), "/")
		v.Crumb(v.Title, "")
	}
	if f == nil {
		v.Resume(r)
	}
	if err := v.Refill(f, wrong); err != nil {
		return err
	}
	levels, err := a.Desk.Catalogue.Levels()
	if err != nil {
		return err
	}
	for _, l := range levels {
		if l.Here() && !l.Retired {
			v.Modules = append(v.Modules, show.Choice{Value: l.Code, Label: l.Path.In(v.Lang), Chosen: v.Chosen("modules", l.Code) || f == nil && r.Query("module") == l.Code})
		}
	}
	for _, o := range r.Settings().Positions {
		v.Positions = append(v.Positions, show.Choice{Value: o.Code, Label: o.Name.In(v.Lang), Chosen: v.Chosen("position", o.Code)})
	}
	if v.Contacts, err = show.ContactLines(a.Site, v.Lang); err != nil {
		return err
	}
	if v.SignedIn {
		if err := show.House(a.Site, r, &v.Page, address.NewAccess); err != nil {
			return err
		}
	}
	return r.Render("page/access-new", v)
}

// postNew takes a request. Its answer is the same for every address.
func (a pages) postNew(r *web.Request) error {
	f := r.Form()
	form := access.Form{Name: f.Text("name", store.Most("access_requests.name")), Email: f.Text("email", store.Most("access_requests.email")), Language: r.Lang(),
		Organisation: f.Text("organisation", store.Most("access_requests.named")), Unit: f.Text("unit", store.Most("access_requests.unit_named")), Position: f.Raw("position"),
		Modules: f.List("modules"), Why: f.Body("why"), Voucher: f.Text("voucher", store.Most("access_requests.voucher"))}
	number := uint64(0)
	err := f.Err()
	if err == nil {
		number, err = a.Desk.Access.Ask(r.Actor(), form, r.ClientIP().String())
	}
	if err != nil {
		var slow *fault.Error
		if errors.As(err, &slow) && slow.Kind == fault.TooMany {
			r.SetHeader("Retry-After", web.RetryAfter(fault.Problems{slow}))
		}
		return a.newPage(r, f, err)
	}
	if number != 0 {
		return r.Done("flash.access-sent", address.OwnAccess(a.Desk.Access.Token(number)))
	}
	if !a.Desk.Access.Mails() {
		return r.Done("flash.access-asked-by-hand", "/sign-in")
	}
	return r.Done("flash.access-asked", "/sign-in")
}

// ownPage is a request as whoever made it sees it.
type ownPage struct {
	web.Page
	Own       *access.Own
	Action    string
	Confirmed bool
	Waits     bool
	Position  string
	Modules   []module
	Talk      []message
	Until     string // the last day on which the address can be confirmed
	Months    int
}

// module is one module of a request, and what became of it.
type module struct {
	Name   string
	State  show.Mark
	Reason string
	Until  string // the last day of what was granted
}

// message is what somebody wrote about a request.
type message struct {
	Who  string
	At   words.Moment
	Text string
}

// stateOf says in a word how far a module is.
func stateOf(p *web.Page, s store.AskState, asked bool) show.Mark {
	switch {
	case s == store.AskGranted:
		return show.Mark{Icon: "check", Class: "badge-calm", Words: p.T("access.state-granted")}
	case s == store.AskRefused:
		return show.Mark{Icon: "close", Class: "badge-alarm", Words: p.T("access.state-refused")}
	case s == store.AskWithdrawn:
		return show.Mark{Words: p.T("access.state-withdrawn")}
	case s == store.AskVoid:
		return show.Mark{Words: p.T("access.state-void")}
	case asked:
		return show.Mark{Icon: "clock", Class: "badge-wait", Words: p.T("access.state-asked")}
	}
	return show.Mark{Icon: "clock", Class: "badge-wait", Words: p.T("access.state-waiting")}
}

func (a pages) getOwn(r *web.Request) error { return a.ownPage(r, nil, nil) }

func (a pages) ownPage(r *web.Request, f *web.Form, wrong error) error {
	token := r.Param("token")
	own, err := a.Desk.Access.Own(token)
	if err != nil {
		return err
	}
	v := &ownPage{Page: r.Page("access.own-title"), Own: own, Action: address.OwnAccess(token), Confirmed: !own.Confirmed.IsZero(), Waits: own.Waits(), Months: r.Settings().AccessMonths}
	v.Layout, v.Path = "plain", address.AccessRequests
	if err := v.Refill(f, wrong); err != nil {
		return err
	}
	v.Position = show.PositionName(r.Settings().Positions, own.Position, v.Lang)
	v.Until = v.Date(own.Created.Add(store.UnconfirmedLife).Add(-1))
	for _, k := range own.Asks {
		m := module{Name: k.Of.Name.In(v.Lang), State: stateOf(&v.Page, k.State, k.Asked), Reason: k.Reason}
		if k.State == store.AskGranted && !k.Terms.Until.IsZero() {
			m.Until = v.Date(k.Terms.Until.Add(-1))
		}
		v.Modules = append(v.Modules, m)
	}
	for _, m := range own.Talk {
		one := message{Who: v.T("access.they"), At: v.Moment(m.At), Text: m.Body}
		if m.Author == own.Person {
			one.Who = own.Name
		}
		v.Talk = append(v.Talk, one)
	}
	return r.Render("page/access-own", v)
}

func (a pages) postConfirm(r *web.Request) error {
	number, err := a.Desk.Access.Confirm(r.Param("token"))
	if err != nil {
		return err
	}
	return r.Done("flash.access-confirmed", address.OwnAccess(a.Desk.Access.Token(number)))
}

func (a pages) postAnswer(r *web.Request) error {
	f := r.Form()
	text := f.Body("body")
	err := f.Err()
	if err == nil {
		err = a.Desk.Access.Answer(r.Param("token"), text)
	}
	if err != nil {
		return a.ownPage(r, f, err)
	}
	return r.Done("flash.access-answered", address.OwnAccess(r.Param("token")))
}

func (a pages) postWithdraw(r *web.Request) error {
	stands, err := a.Desk.Access.Withdraw(r.Param("token"))
	if err != nil {
		return err
	}
	if !stands {
		return r.Done("flash.access-withdrawn", "/sign-in")
	}
	return r.Done("flash.access-withdrawn", address.OwnAccess(r.Param("token")))
}

func (a pages) postRenew(r *web.Request) error {
	if err := a.Desk.Access.Renew(r.Param("token")); err != nil {
		return a.ownPage(r, r.Form(), err)
	}
	return r.Done("flash.access-renewed", address.OwnAccess(r.Param("token")))
}
