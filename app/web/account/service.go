package account

import (
	"net/url"
	"strconv"

	"sportello/app/address"
	"sportello/app/desk/policy"
	"sportello/app/web"
	"sportello/app/web/show"
	"sportello/store"
	"sportello/store/fault"
)

// servicePage is a service account, for those it belongs to and for administrators.
type servicePage struct {
	web.Page
	Email   string
	Off     bool
	Alone   bool   // one of the people it belongs to may no longer sign in
	Record  string // address of its record in the administration, for administrators
	Belongs []serviceOwner
	MayName bool // the reader may change whom it belongs to
	Tokens  show.Tokens
}

type serviceOwner struct {
	Name, Email string
	Gone        bool // they may no longer sign in
}

func (a pages) getService(r *web.Request) error { return a.servicePage(r, &servicePage{}, nil, nil) }

func (a pages) servicePage(r *web.Request, v *servicePage, f *web.Form, err error) error {
	n, bad := r.Number()
	if bad != nil {
		return bad
	}
	s, bad := a.Desk.People.Service(r.Actor(), n)
	if bad != nil {
		return bad
	}
	tokens, bad := a.Desk.People.Tokens(r.Actor(), n)
	if bad != nil {
		return bad
	}
	v.Page = r.Page("services.one", "name", s.Name)
	v.Path = address.Service(n)
	v.Crumb(v.T("nav.home"), "/")
	v.Crumb(v.T("me.title"), "/me")
	v.Crumb(s.Name, "")
	now := url.Values{"rev": {strconv.FormatUint(s.Rev, 10)}}
	for i, o := range s.Belongs {
		gone := !o.MayEnter(v.Now)
		v.Belongs = append(v.Belongs, serviceOwner{Name: o.Name, Email: o.Email, Gone: gone})
		if !gone {
			now.Set("owner_"+strconv.Itoa(i+1), o.Email)
		}
	}
	if f == nil && !v.Resume(r) {
		v.Fill(now)
	}
	if f != nil {
		if err := v.Refill(f, err); err != nil {
			return err
		}
		if !f.Has("rev") {
			for name, value := range now {
				f.Values[name] = value // the other form of the page was sent
			}
		}
	}
	v.Email, v.Off, v.Alone, v.MayName = s.Email, s.Disabled, s.Alone, s.MayName
	if v.IsAdministrator {
		v.Record = address.Person(n)
	}
	made := v.Tokens.New
	if v.Tokens, bad = show.TokensOn(a.Site, r, &v.Page, address.Service(n)+"/tokens", tokens); bad != nil {
		return bad
	}
	v.Tokens.New, v.Tokens.May = made, s.MayMake && !s.Disabled
	if err := show.House(a.Site, r, &v.Page, address.Service(n)); err != nil {
		return err
	}
	return r.Render("page/service-account", v)
}

// postServiceToken creates a token of the service account, and shows it once on the page of this answer.
func (a pages) postServiceToken(r *web.Request) error {
	n, err := r.Number()
	if err != nil {
		return err
	}
	s, err := a.Desk.People.Service(r.Actor(), n)
	if err != nil {
		return err
	}
	if !s.MayMake {
		return fault.New(fault.NotFound, "error.not-found")
	}
	secret, err := a.makeToken(r, n)
	if err != nil {
		return a.servicePage(r, &servicePage{}, r.Form(), err)
	}
	v := &servicePage{}
	v.Tokens.New = secret
	return a.servicePage(r, v, nil, nil)
}

func (a pages) postRevokeServiceToken(r *web.Request) error {
	n, err := r.Number()
	if err != nil {
		return err
	}
	id, err := r.NumberOf("id")
	if err != nil {
		return err
	}
	if err := a.Desk.People.EndToken(r.Actor(), id); err != nil {
		return err
	}
	return r.Done("flash.token-revoked", address.Service(n)+"#tokens")
}

func (a pages) postServiceOwners(r *web.Request) error {
	n, err := r.Number()
	if err != nil {
		return err
	}
	s, err := a.Desk.People.Service(r.Actor(), n)
	if err != nil {
		return err
	}
	if !s.MayName { // before the values are looked at
		return policy.Denied(r.Actor())
	}
	f := r.Form()
	owners := [2]string{f.Text("owner_1", store.Most("people.email")), f.Text("owner_2", store.Most("people.email"))}
	rev := f.ID("rev")
	if err = f.Err(); err == nil {
		err = a.Desk.People.ChangeOwners(r.Actor(), n, rev, owners)
	}
	if err != nil {
		return a.servicePage(r, &servicePage{}, f, err)
	}
	return r.Done("flash.owners-saved", address.Service(n))
}
