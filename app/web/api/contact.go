package api

import (
	"encoding/json"
	"net/http"
	"net/url"
	"time"

	"sportello/app/desk"
	"sportello/app/desk/release"
	"sportello/app/web"
	"sportello/app/web/program"
	"sportello/store/fault"
)

// codeOf returns the parameter of the address without its escapes.
func codeOf(r *web.Request, name string) (string, error) {
	code, err := url.PathUnescape(r.Param(name))
	if err != nil {
		return "", fault.New(fault.NotFound, "error.not-found")
	}
	return code, nil
}

// naming calls do with what rows are called.
func (a pages) naming(do func(names)) error {
	return a.Desk.Names(func(n desk.Names) { do(names{n}) })
}

// apiContact is an address without credentials that is told of the releases of an organisation.
type apiContact struct {
	ID        uint64     `json:"id,omitempty"`
	Email     string     `json:"email"`
	Name      string     `json:"name,omitempty"`
	Module    string     `json:"module,omitempty"` // left out: all
	Language  string     `json:"language,omitempty"`
	Asked     *time.Time `json:"asked_at,omitempty"`
	Confirmed *time.Time `json:"confirmed_at,omitempty"` // left out: nothing goes there yet
	Failed    *time.Time `json:"failed_at,omitempty"`    // since when mail to it comes back
}

type apiContactList struct {
	Contacts []apiContact `json:"contacts"`
}

// apiContactForm is a contact as a program adds it.
type apiContactForm struct {
	Email    string `json:"email"`
	Name     string `json:"name,omitempty"`
	Module   string `json:"module,omitempty"`
	Language string `json:"language,omitempty"` // it or en
}

func contactAnswer(c release.ContactView) apiContact {
	out := apiContact{ID: c.ID, Email: c.Email, Name: c.Name, Language: c.Language, Asked: program.Moment(c.Asked), Confirmed: program.Moment(c.Confirmed), Failed: program.Moment(c.Failed)}
	if c.Module != nil {
		out.Module = c.Module.Code
	}
	return out
}

func (a pages) apiContacts(r *web.Request) error {
	code, err := codeOf(r, "code")
	if err != nil {
		return err
	}
	_, list, err := a.Desk.Releases.Contacts(r.Actor(), code)
	if err != nil {
		return err
	}
	out := apiContactList{Contacts: []apiContact{}}
	for _, c := range list {
		out.Contacts = append(out.Contacts, contactAnswer(c))
	}
	return r.JSON(out)
}

// apiAddContact adds a contact, whose address is asked first whether it is right.
func (a pages) apiAddContact(r *web.Request) error {
	code, err := codeOf(r, "code")
	if err != nil {
		return err
	}
	given, unreadable := a.membersOf(r)
	module := ""
	if json.Unmarshal(given["module"], &module) != nil {
		module = ""
	}
	if err := a.Desk.Releases.MayAddContact(r.Actor(), code, module); err != nil {
		return err
	}
	if unreadable != nil {
		return unreadable
	}
	var in apiContactForm
	if err := program.ReadJSON(r, &in); err != nil {
		return err
	}
	c, err := a.Desk.Releases.AddContact(r.Actor(), code, release.NewContact{Email: in.Email, Name: in.Name, Module: in.Module, Language: in.Language})
	if err != nil {
		return err
	}
	out := contactAnswer(release.ContactView{Contact: c})
	out.Module = in.Module
	r.Status(http.StatusCreated)
	return r.JSON(out)
}

func (a pages) apiRemoveContact(r *web.Request) error {
	code, err := codeOf(r, "code")
	if err != nil {
		return err
	}
	id, err := r.NumberOf("id")
	if err != nil {
		return err
	}
	if err := a.Desk.Releases.RemoveContact(r.Actor(), code, id); err != nil {
		return err
	}
	return r.SendStatus(http.StatusNoContent)
}

// apiFollow is whether somebody follows a module.
type apiFollow struct {
	Module string `json:"module"`
	On     bool   `json:"on"`
}

type apiFollowed struct {
	Modules []string `json:"modules"`
}

// apiFollowed answers with the modules that the token's person follows.
func (a pages) apiFollowed(r *web.Request) error {
	list, err := a.Desk.Releases.Followed(r.Actor())
	if err != nil {
		return err
	}
	out := apiFollowed{Modules: []string{}}
	for _, m := range list {
		out.Modules = append(out.Modules, m.Code)
	}
	return r.JSON(out)
}

// apiPostFollow has the token's person told of the releases of a module, or no longer.
func (a pages) apiPostFollow(r *web.Request) error {
	var in apiFollow
	if err := program.ReadJSON(r, &in); err != nil {
		return err
	}
	err := a.Desk.Releases.Follow(r.Actor(), in.Module, in.On)
	if fault.KindOf(err) == fault.NotFound {
		return fault.New(fault.Invalid, "error.module-unknown").At("module")
	}
	if err != nil {
		return err
	}
	return r.JSON(in)
}

// apiItem is one thing that waits for the token's person.
type apiItem struct {
	Why    string `json:"why"`  // answer, late, failed, nobody-to-tell, check, decide or do
	Noun   string `json:"noun"` // of the API
	Number uint64 `json:"number"`
	Name   string `json:"name"`
	Place  string `json:"place,omitempty"`
	Count  int    `json:"count"` // how many it gathers
	Due    string `json:"due,omitempty"`
	Late   bool   `json:"late"`
}

type apiItemList struct {
	Work []apiItem `json:"work"`
}

// apiWork answers with what waits for the token's person: what is late first, then by day.
func (a pages) apiWork(r *web.Request) error {
	list, err := a.Desk.Work.List(r.Actor())
	if err != nil {
		return err
	}
	out := apiItemList{Work: []apiItem{}}
	for _, i := range list {
		out.Work = append(out.Work, apiItem{Why: i.Why.String(), Noun: i.Noun, Number: i.Number, Name: i.Name, Place: i.Place, Count: i.Count, Due: program.Date(i.Due), Late: i.Late})
	}
	return r.JSON(out)
}
