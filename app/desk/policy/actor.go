package policy

import (
	"sportello/store"
	"sportello/store/act"
	"sportello/store/db"
	"sportello/store/door"
)

// Actor is who acts, and through which door. The zero Actor is somebody who is not signed in.
type Actor struct {
	Person   *store.Person
	Via      door.Door
	Language string       // the reader's: it or en
	System   bool         // the desk's own command line and imports: may do everything, in the name of Person if there is one
	Token    *store.Token // the token with which a program acts, which limits it; nil for everybody else
	Once     *db.Once     // what the actor does uses this key up; nil: it may be done again
}

// ID returns the person's id, 0 when nobody is signed in.
func (a Actor) ID() uint64 {
	if a.Person == nil {
		return 0
	}
	return a.Person.ID
}

// SignedIn reports whether somebody is signed in.
func (a Actor) SignedIn() bool { return a.Person != nil }

// IsAdministrator reports whether the actor runs the desk.
func (a Actor) IsAdministrator() bool {
	return a.System || a.Person != nil && a.Person.Administrator
}

// IsAgent reports whether the actor works tickets.
func (a Actor) IsAgent() bool { return a.Person != nil && a.Person.IsAgent() }

// By says that the actor does the act, for a transaction.
func (a Actor) By(act act.Act) db.By {
	via := a.Via
	if via == (door.Door{}) {
		via = door.Page
	}
	return db.By{Person: a.ID(), Via: via, Act: act, Once: a.Once}
}

// Lang returns the reader's language, Italian when none is known.
func (a Actor) Lang() string {
	if a.Language == "en" {
		return "en"
	}
	return "it"
}
