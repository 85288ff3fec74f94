package notice

import (
	"time"

	"sportello/app/credential"
	"sportello/app/desk/access"
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

// accessEvent is what a change of a request for credentials tells, false for nothing.
func accessEvent(c *db.Change) (event.Event, bool) {
	_, confirmed := c.Field("confirmed")
	_, placed := c.Field("organisation")
	switch {
	case c.Op == db.Insert:
		return event.AccessConfirm, true
	case c.Op == db.Modify && (confirmed || placed && c.Act == act.AssignAccess):
		return event.AccessNew, true
	case c.Op == db.Modify && c.Act == act.GrantAccess:
		return event.AccessGranted, true
	case c.Op == db.Modify && c.Act == act.RefuseAccess:
		return event.AccessRefused, true
	}
	return event.Event{}, false
}

// planAccess tells the owner of the address, and once they have confirmed it the coordinators of the organisation: of one that
// came when there were many nobody.
func (ns *Notices) planAccess(tx *db.Tx, c *db.Change, tells event.Event) error {
	r, err := store.AccessRequests.Get(tx, c.ID)
	if err != nil {
		return fault.IgnoreNotFound(err)
	}
	tell := store.Telling{Event: tells, By: c.By, Access: r.ID}
	if tells == event.AccessConfirm {
		p := &store.Person{Email: r.Email, Language: r.Language}
		if !r.Confirmed.IsZero() || !ns.post.Reaches(tx, p) {
			return nil
		}
		return ns.post.PlanAccountLetter(tx, p, r.Email, tell)
	}
	if tells == event.AccessNew {
		return ns.planSpeakers(tx, r, tell)
	}
	p, err := store.People.Get(tx, r.Person)
	if err != nil || p.Disabled {
		return fault.IgnoreNotFound(err)
	}
	if tells == event.AccessGranted && !people.CanSignIn(tx, p) {
		sent, err := openedLately(tx, p)
		if err != nil {
			return err
		}
		if !sent {
			if tell.Event = event.AccessOpened; !ns.post.Reaches(tx, p) {
				return nil
			}
			return ns.post.PlanAccountLetter(tx, p, p.Email, tell)
		}
	}
	return ns.post.TellAccount(tx, p, tell, "")
}

// openedLately reports whether the person has a letter with a link for a password that is still good: another one would end it.
func openedLately(tx *db.Tx, p *store.Person) (bool, error) {
	for l, err := range store.LettersByTo.Rows(tx, db.Span{Prefix: key.Of(p.Email), Low: key.Of(tx.Now().Add(-credential.LinkLife))}) {
		if err != nil {
			return false, err
		}
		if e, _ := post.OfAccount(l); e == event.AccessOpened && (l.State == store.LetterQueued || l.State == store.LetterSent) {
			return true, nil
		}
	}
	return false, nil
}

func (ns *Notices) planSpeakers(tx *db.Tx, r *store.AccessRequest, tell store.Telling) error {
	if r.Folded || !r.Waits() {
		return nil
	}
	place, err := rightName(tx, store.RightChange{Organisation: r.Organisation, Unit: r.Unit})
	if err != nil {
		return err
	}
	speakers, err := policy.Speakers(tx, r.Hat())
	if err != nil {
		return err
	}
	for _, k := range speakers {
		if k.ID == r.Person || !ns.wants(tx, k.ID, tell.Event) {
			continue
		}
		if err := ns.post.TellAccount(tx, k, tell, r.Name+", "+place.IT); err != nil {
			return err
		}
	}
	return nil
}

// toldOfAccess reports whether whoever made a request for credentials is told of what happens in a ticket of it: of what people
// write. Everything else the request tells.
func toldOfAccess(tx *db.Tx, what telling) (bool, error) {
	if what.event != event.Message && what.event != event.Waiting {
		return false, nil
	}
	m, err := store.Messages.Get(tx, what.reply)
	return err == nil && m.Via != door.Desk, fault.IgnoreNotFound(err)
}

// OutgoingAsk is one module of a request for credentials, as its letter tells of it.
type OutgoingAsk struct {
	Module store.Words
	State  store.AskState
	Until  time.Time
	Reason string
}

// outgoingAccess gathers a letter about a request for credentials. The letter to an address that is not confirmed has nothing
// of what was typed: strangers write to nobody through the desk.
func (ns *Notices) outgoingAccess(tx *db.Tx, o *Outgoing, tell store.Telling) (*Outgoing, string, error) {
	r, err := store.AccessRequests.Get(tx, tell.Access)
	if err != nil {
		return nil, post.WhyGone, fault.IgnoreNotFound(err)
	}
	line := OutgoingLine{Telling: tell}
	switch tell.Event {
	case event.AccessConfirm:
		if !r.Confirmed.IsZero() || r.Email != o.Letter.To {
			return nil, post.WhyGone, nil
		}
		p, err := store.PeopleByEmail.First(tx, r.Email)
		if fault.IgnoreNotFound(err) != nil {
			return nil, "", err
		}
		if err == nil && (people.CanSignIn(tx, p) || p.Disabled) {
			line.Event = event.AccessKnown
		} else {
			o.Page = access.Token(ns.post, r.ID)
		}
	case event.AccessNew:
		if !policy.MayAccess(tx, policy.Actor{Person: o.Person}, policy.SeeAccess, r, 0) {
			return nil, post.WhyMayNotSee, nil
		}
		line.Of = r.Name
	default:
		if o.Person.ID != r.Person {
			return nil, post.WhyGone, nil
		}
		o.Page = access.Token(ns.post, r.ID)
	}
	if tell.Event != event.AccessConfirm {
		place, err := rightName(tx, store.RightChange{Organisation: r.Organisation, Unit: r.Unit})
		if err != nil {
			return nil, "", err
		}
		line.Named = place.IT
		for _, k := range r.Asks {
			m, err := store.Modules.Peek(tx, k.Module)
			if err != nil {
				return nil, "", err
			}
			line.Access = append(line.Access, OutgoingAsk{m.Name, k.State, k.Terms.Until, k.Reason})
		}
	}
	line.Ends = r.Created.Add(store.UnconfirmedLife)
	o.Account, o.Lines = line.Event, []OutgoingLine{line}
	return o, "", nil
}
