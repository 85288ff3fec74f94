// Package policy says who may do what: who acts, the tables of rights over tickets and over accounts, a person's
// relation to a ticket, what is confidential, and the reasons that let an administrator see it. It decides and changes
// nothing except for recording a reason; the other rooms ask it before they act.
package policy

import "sportello/store/db"

// Rights decides what people may do at one desk.
type Rights struct{ st *db.Store }

// New returns the rights for the desk of the store.
func New(st *db.Store) *Rights { return &Rights{st} }
