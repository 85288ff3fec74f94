package notice

import (
	"encoding/json"
	"slices"
	"time"

	"sportello/app/credential"
	"sportello/app/desk/catalogue"
	"sportello/app/desk/entry"
	"sportello/app/desk/people"
	"sportello/app/desk/policy"
	"sportello/app/desk/post"
	"sportello/store"
	"sportello/store/act"
	"sportello/store/db"
	"sportello/store/door"
	"sportello/store/event"
	"sportello/store/fault"
	"sportello/store/key"
)

// accountEvent is what a change of the log means to the person whose account it is, false for nothing.
func accountEvent(c *db.Change) (event.Event, bool) {
	switch {
	case c.Table == store.Invitations.Name() && c.Op == db.Insert:
		return event.HatOffered, true
	case c.Table == store.AccessRequests.Name():
		return accessEvent(c)
	case c.Table == store.Tokens.Name() && c.Op == db.Insert:
		return event.Token, true
	case c.Table == store.Tokens.Name() && c.Op == db.Modify:
		if f, ok := c.Field("asleep"); ok && len(f.Old) > 0 && len(f.New) == 0 {
			return event.Woken, true
		}
		if _, ok := c.Field("reminded"); ok {
			return event.Ending, true
		}
		if f, ok := c.Field("known"); ok && len(f.Old) > 0 { // where it is used first is known to whoever made it
			return event.ServiceUsed, true
		}
		return event.Event{}, false
	case c.Table == store.Organisations.Name() && c.Op == db.Modify:
		return listEvent(c)
	case c.Table != store.People.Name() || c.Op != db.Modify:
		return event.Event{}, false
	}
	if _, ok := c.Field("email"); ok {
		return event.Address, true
	}
	if f, ok := c.Field("password_set"); ok && len(f.Old) > 0 {
		return event.Password, true
	}
	if len(hatsEnding(c)) > 0 {
		return event.HatEnding, true
	}
	if _, ok := c.Field("affiliations"); ok && len(policy.RightChanges(c)) > 0 {
		return event.Rights, true
	}
	for _, name := range []string{"groups", "administrator", "editor"} {
		if _, ok := c.Field(name); ok {
			return event.Rights, true
		}
	}
	for _, name := range []string{"owners", "disabled", "name", "affiliations"} {
		if _, ok := c.Field(name); ok {
			return event.Service, true // of nobody but a service account
		}
	}
	return event.Event{}, false
}

// planAccount tells the person what a change did to their account.
func (ns *Notices) planAccount(tx *db.Tx, c *db.Change, tells event.Event) error {
	if tells == event.HatOffered {
		return ns.planInvitation(tx, c.ID)
	}
	if tells.OfAccess() {
		return ns.planAccess(tx, c, tells)
	}
	if tells.OfList() {
		return ns.planList(tx, c.ID, tells)
	}
	id, tell, why := c.ID, store.Telling{Event: tells, By: c.By, Why: c.Why}, c.Why
	var token *store.Token
	if c.Table == store.Tokens.Name() {
		t, err := store.Tokens.Get(tx, c.ID)
		if err != nil {
			return fault.IgnoreNotFound(err)
		}
		id, token = t.Person, t
		if tells == event.Ending {
			if !people.Acts(t, tx.Now()) {
				return nil
			}
			tell.Token, why = t.ID, t.Name
		}
	}
	p, err := store.People.Get(tx, id)
	if err == nil && p.IsService() {
		return ns.planService(tx, c, p, token, tell)
	}
	if err != nil || p.Disabled || tells.OfService() {
		return fault.IgnoreNotFound(err)
	}
	if tells == event.HatEnding {
		if err := ns.planHatsEnding(tx, p, hatsEnding(c)); err != nil {
			return err
		}
		if tells = event.Rights; len(policy.RightChanges(c)) == 0 {
			return nil
		}
		tell.Event = tells
	}
	if tells == event.Rights {
		tell.Rights = policy.RightChanges(c)
	}
	if tells == event.Address {
		// The address that was is told too: who was sent the links until now must learn that somebody else is.
		if f, _ := c.Field("email"); len(f.Old) > 0 {
			var was string
			if err := json.Unmarshal(f.Old, &was); err == nil && was != p.Email && ns.post.Mail().From != "" && entry.PlausibleAddress(was) && !ns.post.Ours(tx, was) {
				if err := ns.post.PlanAccountLetter(tx, p, was, store.Telling{Event: event.Address, By: c.By}); err != nil {
					return err
				}
			}
		}
	}
	return ns.post.TellAccount(tx, p, tell, why)
}

// TellStrange tells the person by letter, at most once an hour, that they signed in from a browser that is not known.
// It stands behind no bell: whoever signed in would read it first.
func (ns *Notices) TellStrange(tx *db.Tx, p *store.Person, s *store.Session) error {
	event := event.Browser
	if catalogue.MailOff(store.CurrentSettings(tx), event) {
		return nil
	}
	for o, err := range store.LettersByTo.Rows(tx, db.Span{Prefix: key.Of(p.Email), Low: key.Of(tx.Now().Add(-time.Hour))}) {
		if err != nil {
			return err
		}
		if e, _ := post.OfAccount(o); e == event && o.Person == p.ID {
			return nil
		}
	}
	return ns.post.TellAccount(tx, p, store.Telling{Event: event, By: p.ID, Device: s.Device, Addr: s.Addr}, "")
}

// outgoingAccount gathers a letter about an account. A link goes to the address of its person as of now and to no other,
// and not once they have chosen a password since.
func (ns *Notices) outgoingAccount(tx *db.Tx, o *Outgoing, event event.Event) (*Outgoing, string, error) {
	if event.WithLink() && (o.Letter.To != o.Person.Email || o.Person.PasswordSet.After(o.Letter.Created)) {
		return nil, post.WhyGone, nil
	}
	tell := o.Letter.Tells[0]
	if event.OfAccess() {
		return ns.outgoingAccess(tx, o, tell)
	}
	line := OutgoingLine{Telling: tell}
	if tell.Token != 0 {
		t, err := store.Tokens.Get(tx, tell.Token)
		if err != nil || !people.Acts(t, tx.Now()) {
			return nil, post.WhyGone, fault.IgnoreNotFound(err)
		}
		line.Named, line.Ends = t.Name, t.Ends
	}
	if tell.Invites != 0 {
		i, err := store.Invitations.Get(tx, tell.Invites)
		if err != nil || !i.Waits(tx.Now()) || i.Email != o.Letter.To {
			return nil, post.WhyGone, fault.IgnoreNotFound(err) // answered, taken back, or over
		}
		name, err := rightName(tx, store.RightChange{Organisation: i.Organisation, Unit: i.Unit})
		if err != nil {
			return nil, "", err
		}
		line.Named, line.Ends, o.Accept = name.IT, i.Ends, !people.CanSignIn(tx, o.Person)
	} else if event.OfList() {
		of, err := store.Organisations.Peek(tx, tell.Hat.Organisation)
		if err != nil || !of.ListUntil.Equal(tell.Until) || !people.KeepsList(o.Person, of.ID, tx.Now()) {
			return nil, post.WhyGone, fault.IgnoreNotFound(err) // it was confirmed, or is somebody else's to confirm
		}
		line.Named, line.Code, line.Ends = of.Name, of.Code, tell.Until.Add(-1)
	} else if event.OfService() {
		p, err := store.People.Peek(tx, tell.Of)
		if err != nil || !slices.Contains(p.Owners, o.Person.ID) && tell.Why != people.ServiceOwners {
			return nil, post.WhyGone, fault.IgnoreNotFound(err) // it belongs to others now
		}
		line.Of = ShownName(p)
	} else if event.OfWork() {
		p, err := store.People.Peek(tx, tell.Of)
		if err != nil {
			return nil, post.WhyGone, fault.IgnoreNotFound(err)
		}
		line.Of = ShownName(p)
	} else if tell.Of != 0 {
		p, err := store.People.Peek(tx, tell.Of)
		if err != nil {
			return nil, post.WhyGone, fault.IgnoreNotFound(err)
		}
		if !slices.ContainsFunc(p.Affiliations, func(h store.Affiliation) bool {
			return h.Hat() == tell.Hat && h.Until.Equal(tell.Until) && !h.Past(tx.Now())
		}) {
			return nil, post.WhyGone, nil // it was prolonged, or is over
		}
		name, err := rightName(tx, store.RightChange{Organisation: tell.Hat.Organisation, Unit: tell.Hat.Unit})
		if err != nil {
			return nil, "", err
		}
		line.Named, line.Of, line.Ends = name.IT, ShownName(p), tell.Until.Add(-1) // the last day on which it holds
	}
	for _, c := range tell.Rights {
		name, err := rightName(tx, c)
		if err != nil {
			return nil, "", err
		}
		if name == (store.Words{}) && (c.Group != 0 || c.Organisation != 0) {
			continue // it no longer exists
		}
		line.Rights = append(line.Rights, NamedRight{c.Right, name, c.Taken})
	}
	by, err := store.People.Peek(tx, tell.By)
	if err == nil {
		line.Who = ShownName(by)
	} else if err := fault.IgnoreNotFound(err); err != nil {
		return nil, "", err
	}
	o.Account, o.Lines = event, []OutgoingLine{line}
	return o, "", nil
}

// planInvitation tells whoever has the address of an invitation of it: by bell and letter somebody who can sign in, by a
// letter with a link everybody else, whether the desk knows them or not.
func (ns *Notices) planInvitation(tx *db.Tx, id uint64) error {
	i, err := store.Invitations.Get(tx, id)
	if err != nil || !i.Waits(tx.Now()) {
		return fault.IgnoreNotFound(err)
	}
	tell := store.Telling{Event: event.HatOffered, By: i.By, Invites: i.ID}
	p, err := store.PeopleByEmail.First(tx, i.Email)
	switch {
	case err == nil && (p.Disabled || p.IsService()):
		return nil
	case err == nil && people.CanSignIn(tx, p):
		place, err := rightName(tx, store.RightChange{Organisation: i.Organisation, Unit: i.Unit})
		if err != nil {
			return err
		}
		return ns.post.TellAccount(tx, p, tell, place.IT)
	case err != nil:
		if fault.IgnoreNotFound(err) != nil {
			return err
		}
		p = &store.Person{Email: i.Email, Language: i.Language}
	}
	if !ns.post.Reaches(tx, p) {
		return nil
	}
	return ns.post.PlanAccountLetter(tx, p, i.Email, tell)
}

// invitationLink makes the link that the letter of an invitation carries, another one at each try.
func (ns *Notices) invitationLink(l *store.Letter) (string, error) {
	return ns.keeper.NewInvitationLink(db.By{Via: door.Desk, Act: act.SendLink}, l.Tells[0].Invites)
}

// passwordLink makes the link that the letter carries. It is nowhere but in the letter: each try to send makes another.
func (ns *Notices) passwordLink(l *store.Letter) (string, error) {
	return ns.keeper.NewLink(db.By{Via: door.Desk, Act: act.SendLink}, l.Person, credential.ForPassword)
}
