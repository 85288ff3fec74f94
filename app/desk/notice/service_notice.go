package notice

import (
	"sportello/app/desk/people"
	"sportello/app/desk/policy"
	"sportello/store"
	"sportello/store/db"
	"sportello/store/event"
)

// planService tells the people a service account belongs to what a change did to it, or to a token of it.
func (ns *Notices) planService(tx *db.Tx, c *db.Change, p *store.Person, token *store.Token, tell store.Telling) error {
	switch tell.Event {
	case event.Ending:
		tell.Event = event.ServiceEnds
	case event.ServiceUsed:
		tell.Addr, tell.Token = token.From, token.ID
	case event.Token:
		tell.Event, tell.Why = event.Service, people.ServiceTokenMade
	case event.Woken:
		tell.Event, tell.Why = event.Service, people.ServiceTokenWoken
	default:
		tell.Event, tell.Why, tell.Rights = event.Service, serviceChange(c, p), policy.RightChanges(c)
	}
	return people.TellOwners(tx, ns.post, p, tell)
}

// serviceChange says what a change of a service account was: what weighs most of it.
func serviceChange(c *db.Change, p *store.Person) string {
	changed := func(name string) bool { _, ok := c.Field(name); return ok }
	switch {
	case changed("disabled") && p.Disabled:
		return people.ServiceOff
	case changed("disabled"):
		return people.ServiceOn
	case changed("owners"):
		return people.ServiceOwners
	case changed("groups"), changed("administrator"), changed("editor"), changed("affiliations"):
		return people.ServiceRights
	}
	return people.ServiceRecord
}
