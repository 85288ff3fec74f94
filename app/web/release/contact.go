package release

import (
	"sportello/app/address"
	"sportello/app/desk/release"
	"sportello/app/web"
	"sportello/app/web/show"
	"sportello/app/words"
	"sportello/store"
	"sportello/store/fault"
)

// askedPage asks whoever reads a letter whether updates may come to the address.
type askedPage struct {
	web.Page
	Email, Organisation string
	Action              string
	Done                bool
}

func (a pages) getAsked(r *web.Request) error {
	token := r.Param("token")
	c, o, err := a.Desk.Releases.Asked(token)
	if err != nil {
		return err
	}
	v := &askedPage{Page: r.Page("contacts.asked", "organisation", o.Name), Email: c.Email, Organisation: o.Name, Action: address.Contact(token), Done: !c.Confirmed.IsZero()}
	v.Layout, v.Path = "plain", "/contacts"
	return r.Render("page/contact-asked", v)
}

func (a pages) postAsked(r *web.Request) error {
	no := r.Form().Raw("answer") == "no"
	if err := a.Desk.Releases.Confirm(r.Actor(), r.Param("token"), no); err != nil {
		return err
	}
	if no {
		return r.Done("flash.contact-refused", "/")
	}
	return r.Done("flash.contact-confirmed", "/")
}

// contactsPage lists the technical contacts of an organisation.
type contactsPage struct {
	web.Page
	Path     string
	Contacts []contact
	MayKeep  bool
	Whole    bool // the reader may keep contacts of all modules at once
	Modules  []show.ChoiceGroup
	Tongues  []show.Choice
}

type contact struct {
	ID                  uint64
	Email, Name, Module string
	State               show.Mark
	MayKeep             bool
}

func (a pages) getContacts(r *web.Request) error { return a.contactsPage(r, nil, nil) }

func (a pages) contactsPage(r *web.Request, f *web.Form, wrong error) error {
	o, list, err := a.Desk.Releases.Contacts(r.Actor(), code(r))
	if err != nil {
		return err
	}
	levels, err := a.Desk.Catalogue.Levels()
	if err != nil {
		return err
	}
	v := &contactsPage{Page: r.Page("contacts.title", "organisation", o.Name), Path: address.Contacts(o.Code)}
	v.Nav = "releases"
	v.Crumb(v.T("installations.title", "organisation", o.Name), address.Installations(o.Code))
	v.Crumb(v.T("contacts.crumb"), "")
	v.Whole = r.Actor().Person.Covers(o.ID, 0, v.Now)
	v.MayKeep = v.Whole || v.IsAgent
	for _, c := range list {
		one := contact{ID: c.ID, Email: c.Email, Name: c.Name, Module: v.T("contacts.every-module"), State: show.Mark{Icon: "clock", Class: "badge-wait", Words: v.T("contacts.unconfirmed")}, MayKeep: c.MayKeep}
		if c.Module != nil {
			one.Module = show.ShortName(c.Module.Name.In(v.Lang))
		}
		switch {
		case !c.Failed.IsZero():
			one.State = show.Mark{Icon: "warn", Class: "badge-alarm", Words: v.T("contacts.failed")}
		case !c.Confirmed.IsZero():
			one.State = show.Mark{Icon: "check", Class: "badge-calm", Words: v.T("contacts.confirmed")}
		}
		v.Contacts = append(v.Contacts, one)
	}
	if f != nil {
		if err := v.Refill(f, wrong); err != nil {
			return err
		}
	} else {
		v.Resume(r)
	}
	v.Modules = show.ModuleChoices(&v.Page, levels, v.Value("module"), true)
	for _, l := range words.Languages {
		v.Tongues = append(v.Tongues, show.Choice{Value: l, Label: v.T("articles.language-" + l), Chosen: v.Chosen("language", l)})
	}
	if err := show.House(a.Site, r, &v.Page, v.Path); err != nil {
		return err
	}
	return r.Render("page/organisation-contacts", v)
}

func (a pages) postContact(r *web.Request) error {
	o, _, err := a.Desk.Releases.Contacts(r.Actor(), code(r))
	if err != nil {
		return err
	}
	f := r.Form()
	n := release.NewContact{Email: f.Raw("email"), Name: f.Text("name", store.Most("contacts.name")), Language: f.Raw("language"), Module: f.Raw("module")}
	if err = f.Err(); err == nil {
		_, err = a.Desk.Releases.AddContact(r.Actor(), o.Code, n)
	}
	if fault.KindOf(err) == fault.NotFound { // not for this module, or not for all
		f.Refuse("module", "error.contact-module")
		err = f.Err()
	}
	if err != nil {
		return a.contactsPage(r, f, err)
	}
	return r.Done("flash.contact-added", address.Contacts(o.Code), "email", show.Clip(n.Email, 80))
}

func (a pages) postRemoveContact(r *web.Request) error {
	n, err := r.Number()
	if err != nil {
		return err
	}
	if err := a.Desk.Releases.RemoveContact(r.Actor(), code(r), n); err != nil {
		return err
	}
	return r.Done("flash.contact-removed", address.Contacts(code(r)))
}
