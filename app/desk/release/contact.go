package release

import (
	"cmp"
	"slices"
	"strings"
	"time"

	"sportello/app/desk/entry"
	"sportello/app/desk/policy"
	"sportello/store"
	"sportello/store/act"
	"sportello/store/db"
	"sportello/store/event"
	"sportello/store/fault"
	"sportello/store/key"
)

// ContactView is a contact as people see it.
type ContactView struct {
	*store.Contact
	Module  *store.Module // nil: all modules
	MayKeep bool
}

// contactsPlace returns the organisation of the code, for whoever may keep contacts of it: for the module, 0 is all.
func contactsPlace(tx *db.Tx, a policy.Actor, code string, module uint64) (*store.Organisation, error) {
	o, err := store.OrganisationsByCode.First(tx, code)
	if err != nil {
		return nil, err
	}
	if may, err := policy.MayKeepContacts(tx, a, o.ID, module); err != nil || !may {
		if err == nil {
			err = fault.New(fault.NotFound, "error.not-found")
		}
		return nil, err
	}
	return o, nil
}

// Contacts returns the contacts of the organisation of the code, by address. NotFound for whoever may keep none of them.
func (rs *Releases) Contacts(a policy.Actor, code string) (*store.Organisation, []ContactView, error) {
	var out []ContactView
	var o *store.Organisation
	err := rs.st.View(func(tx *db.Tx) error {
		out = nil
		var err error
		if o, err = store.OrganisationsByCode.First(tx, code); err != nil {
			return err
		}
		any, err := policy.MayKeepContacts(tx, a, o.ID, 0)
		if err != nil {
			return err
		}
		for c, err := range store.ContactsByOrganisation.Rows(tx, db.Span{Prefix: key.Of(o.ID)}) {
			if err != nil {
				return err
			}
			v := ContactView{Contact: c}
			if v.MayKeep, err = policy.MayKeepContacts(tx, a, o.ID, c.Module); err != nil {
				return err
			}
			if c.Module != 0 {
				if v.Module, err = store.Modules.Peek(tx, c.Module); err != nil {
					return err
				}
			}
			if any = any || v.MayKeep; v.MayKeep {
				out = append(out, v)
			}
		}
		if !any && !a.IsAgent() {
			return fault.New(fault.NotFound, "error.not-found")
		}
		return nil
	})
	return o, out, err
}

// NewContact is a contact as somebody adds it.
type NewContact struct {
	Email, Name, Language string
	Module                string // code; empty: all modules
}

// AddContact adds an address that is told of the organisation's releases once whoever reads it has said that it is right:
// a letter asks. It returns all problems of the fields as fault.Problems.
func (rs *Releases) AddContact(a policy.Actor, code string, n NewContact) (*store.Contact, error) {
	var out *store.Contact
	err := rs.st.Update(a.By(act.ChangeContacts), func(tx *db.Tx) error {
		var wrong fault.Problems
		module := uint64(0)
		if n.Module != "" {
			m, err := store.ModulesByCode.PeekFirst(tx, strings.ToLower(strings.TrimSpace(n.Module)))
			if fault.IgnoreNotFound(err) != nil {
				return err
			}
			if err != nil {
				wrong.Add("module", "error.module-unknown")
			} else {
				module = m.ID
			}
		}
		o, err := contactsPlace(tx, a, code, module)
		if err != nil {
			return err
		}
		c := &store.Contact{Organisation: o.ID, Module: module, By: a.ID(), Asked: tx.Now()}
		c.Email = entry.CleanAddress(&wrong, "email", n.Email)
		c.Name = entry.CleanLine(&wrong, "name", n.Name, store.Contacts.Most("name"))
		c.Language = cmp.Or(entry.CleanLanguage(&wrong, "language", n.Language), "it")
		if err := wrong.Err(); err != nil {
			return err
		}
		if store.ContactsByOrganisation.Has(tx, o.ID, c.Email, module) {
			return fault.Problems{fault.New(fault.Invalid, "error.contact-twice").At("email")}
		}
		if err := store.Contacts.Put(tx, c); err != nil {
			return err
		}
		out = c
		return rs.askContact(tx, c)
	})
	return out, err
}

// askContact has the address asked whether it is right.
func (rs *Releases) askContact(tx *db.Tx, c *store.Contact) error {
	if rs.post.Mail().From == "" || rs.post.Ours(tx, c.Email) {
		return nil
	}
	l := &store.Letter{State: store.LetterQueued, To: c.Email, Contact: c.ID, Language: c.Language, Next: tx.Now(),
		Tells: []store.Telling{{Event: event.ContactAsked, By: c.By, At: tx.Now()}}}
	until, err := rs.post.Crowded(tx, l)
	if err != nil {
		return err
	}
	if until.After(l.Next) {
		l.Next = until
	}
	return rs.post.Enqueue(tx, l)
}

// RemoveContact takes a contact of the organisation away.
func (rs *Releases) RemoveContact(a policy.Actor, code string, id uint64) error {
	return rs.st.Update(a.By(act.ChangeContacts), func(tx *db.Tx) error {
		c, err := store.Contacts.Get(tx, id)
		if err != nil {
			return err
		}
		o, err := contactsPlace(tx, a, code, c.Module)
		if err != nil {
			return err
		}
		if c.Organisation != o.ID {
			return fault.New(fault.NotFound, "error.not-found")
		}
		return store.Contacts.Delete(tx, c.ID)
	})
}

// contactPurpose is of the link by which a contact says that the address is right; contactDays is how long it is good.
const (
	contactPurpose = "contact"
	contactDays    = 30
)

// ContactToken returns the token of the link by which the contact says that the address is right.
func (rs *Releases) ContactToken(contact uint64, now time.Time) string {
	return rs.post.Token(contactPurpose, linkMAC, contact, uint64(now.AddDate(0, 0, contactDays).Unix())) // #nosec G115 -- after 1970
}

// Asked returns the contact of the link, with its organisation. NotFound for a link that this desk did not make, or is over.
func (rs *Releases) Asked(token string) (c *store.Contact, o *store.Organisation, err error) {
	err = rs.st.View(func(tx *db.Tx) (err error) {
		c, o, err = rs.asked(tx, token)
		return err
	})
	return c, o, err
}

func (rs *Releases) asked(tx *db.Tx, token string) (*store.Contact, *store.Organisation, error) {
	numbers, ok := rs.post.OpenToken(contactPurpose, linkMAC, token)
	if !ok || len(numbers) != 2 || tx.Now().After(time.Unix(int64(min(numbers[1], 1<<40)), 0)) { // #nosec G115 -- bounded
		return nil, nil, fault.New(fault.NotFound, "error.not-found")
	}
	c, err := store.Contacts.Get(tx, numbers[0])
	if err != nil {
		return nil, nil, err
	}
	o, err := store.Organisations.Get(tx, c.Organisation)
	return c, o, err
}

// Confirm says that the address of the contact of the link is right; no says that nothing is to be sent there, and the
// contact goes.
func (rs *Releases) Confirm(a policy.Actor, token string, no bool) error {
	return rs.st.Update(a.By(act.ChangeContacts), func(tx *db.Tx) error {
		c, _, err := rs.asked(tx, token)
		switch {
		case err != nil:
			return err
		case no:
			return store.Contacts.Delete(tx, c.ID)
		case !c.Confirmed.IsZero():
			return nil
		}
		c.Confirmed = tx.Now()
		return store.Contacts.Put(tx, c)
	})
}

// Follows reports whether the actor follows the module.
func (rs *Releases) Follows(a policy.Actor, module uint64) (bool, error) {
	yes := false
	err := rs.st.View(func(tx *db.Tx) error {
		yes = a.Person != nil && store.FollowingsByModule.Has(tx, module, a.ID())
		return nil
	})
	return yes, err
}

// Follow has the actor told of the releases of the module and of those below it, as far as they may see them, or no
// longer.
func (rs *Releases) Follow(a policy.Actor, code string, yes bool) error {
	if !a.SignedIn() {
		return policy.Denied(a)
	}
	return rs.st.Update(a.By(act.Follow), func(tx *db.Tx) error {
		m, err := store.ModulesByCode.PeekFirst(tx, code)
		if err != nil {
			return err
		}
		if yes && m.Retired && !a.IsAgent() && !a.IsAdministrator() {
			return fault.New(fault.NotFound, "error.not-found")
		}
		f, err := store.FollowingsByModule.First(tx, m.ID, a.ID())
		if fault.IgnoreNotFound(err) != nil {
			return err
		}
		switch {
		case yes && err != nil:
			return store.Followings.Put(tx, &store.Following{Person: a.ID(), Module: m.ID})
		case !yes && err == nil:
			return store.Followings.Delete(tx, f.ID)
		}
		return nil
	})
}

// Followed returns the modules that the actor follows, by code.
func (rs *Releases) Followed(a policy.Actor) ([]*store.Module, error) {
	var out []*store.Module
	if !a.SignedIn() {
		return nil, policy.Denied(a)
	}
	err := rs.st.View(func(tx *db.Tx) error {
		out = nil
		for f, err := range store.FollowingsByPerson.PeekRows(tx, db.Span{Prefix: key.Of(a.ID())}) {
			if err != nil {
				return err
			}
			m, err := store.Modules.Peek(tx, f.Module)
			if err != nil {
				return err
			}
			out = append(out, m)
		}
		slices.SortFunc(out, func(x, y *store.Module) int { return strings.Compare(x.Code, y.Code) })
		return nil
	})
	return out, err
}
