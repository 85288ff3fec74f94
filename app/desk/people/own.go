package people

import (
	"errors"

	"sportello/app/credential"
	"sportello/app/desk/entry"
	"sportello/app/desk/policy"
	"sportello/app/markup"
	"sportello/store"
	"sportello/store/act"
	"sportello/store/db"
	"sportello/store/door"
	"sportello/store/fault"
)

// OwnForm is what everyone may change about themselves.
type OwnForm struct {
	Name         string
	Language     string
	Phone        string
	Notices      store.NoticeChoice
	NoSingleKeys bool
	Theme        string // light, dark or empty
}

// ChangeOwn changes the actor's own settings.
func (ps *People) ChangeOwn(a policy.Actor, f OwnForm) (*store.Person, error) {
	if !a.SignedIn() {
		return nil, policy.Denied(a)
	}
	var out *store.Person
	err := ps.st.Update(a.By(act.ChangeOwn), func(tx *db.Tx) error {
		p, err := store.People.Get(tx, a.ID())
		if err != nil {
			return err
		}
		before := *p
		var wrong fault.Problems
		p.Name = markup.Line(f.Name)
		entry.CheckText(&wrong, "name", p.Name, entry.MaxName)
		p.Language = entry.CleanLanguage(&wrong, "language", f.Language)
		p.Phone = entry.CleanLine(&wrong, "phone", f.Phone, entry.MaxShort)
		if err := policy.MayChangeAccount(a, &before, p, tx.Now()); err != nil {
			return err
		}
		if f.Theme != "" && f.Theme != "light" && f.Theme != "dark" {
			wrong.Add("theme", "error.code", "value", f.Theme)
		}
		if f.Notices > store.NoticeAnswers {
			wrong.Add("notices", "error.code", "value", f.Notices.String())
		}
		if err := wrong.Err(); err != nil {
			return err
		}
		p.Notices, p.NoSingleKeys, p.Theme = f.Notices, f.NoSingleKeys, f.Theme
		out = p
		return store.People.Put(tx, p)
	})
	if err != nil {
		return nil, err
	}
	return Bare(out), nil
}

// SetUpForm sets up a new desk.
type SetUpForm struct {
	Name     string
	Email    string
	Password string
	Desk     string // name of the desk; empty leaves it
	Language string
}

// SetUp creates the first administrator. The caller has checked the set-up link. It returns Denied "error.set-up-done"
// when there is an administrator already, checked in the same transaction.
func (ps *People) SetUp(f SetUpForm) (*store.Person, error) {
	var wrong fault.Problems
	email := entry.CleanAddress(&wrong, "email", f.Email)
	full := markup.Line(f.Name)
	entry.CheckText(&wrong, "name", full, entry.MaxName)
	lang := entry.CleanLanguage(&wrong, "language", f.Language)
	title := entry.CleanLine(&wrong, "desk", f.Desk, store.SettingsTable.Most("name"))
	if err := credential.Rule(f.Password, email, full); err != nil {
		e, ok := errors.AsType[*fault.Error](err)
		if !ok {
			return nil, err
		}
		wrong = append(wrong, e)
	}
	if err := wrong.Err(); err != nil {
		return nil, err
	}
	hash, err := credential.Hash(f.Password)
	if err != nil {
		return nil, err
	}
	var out *store.Person
	err = ps.st.Update(db.By{Via: door.Page, Act: act.SetUp}, func(tx *db.Tx) error {
		if store.PeopleByRole.Has(tx, "administrator") {
			return fault.New(fault.Denied, "error.set-up-done")
		}
		p, err := store.PeopleByEmail.First(tx, email)
		if errors.Is(err, fault.ErrNotFound) {
			p, err = &store.Person{Email: email}, nil
		}
		if err != nil {
			return err
		}
		p.Name, p.Language, p.Administrator, p.Disabled = full, lang, true, false
		if err := ps.keeper.SetPasswordTx(tx, p, hash); err != nil {
			return err
		}
		out = p
		if title == "" {
			return nil
		}
		set, err := store.StoredSettings(tx)
		if err != nil {
			return err
		}
		set.Name = title
		return store.SettingsTable.Put(tx, set)
	})
	if err != nil {
		return nil, err
	}
	ps.keeper.EndSetUp()
	return Bare(out), nil
}

// HasAdministrator reports whether an administrator exists, that is, whether the desk is set up.
func (ps *People) HasAdministrator() (bool, error) {
	has := false
	err := ps.st.View(func(tx *db.Tx) error {
		has = store.PeopleByRole.Has(tx, "administrator")
		return nil
	})
	return has, err
}
