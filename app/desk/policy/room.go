// Package policy says who may do what: who acts, the tables of rights over tickets and over accounts, who stands how to
// a ticket, what is confidential, and the reasons that open it to an administrator. It decides and changes nothing,
// apart from writing a reason down; the other rooms ask it before they act.
package policy

import (
	"sync"
	"time"

	"sportello/store"
)

// Rights judges what people may do at one desk.
type Rights struct {
	st    *store.Store
	clock func() time.Time

	reasonMu sync.Mutex
	reasons  map[reasonKey]time.Time // administrators who gave a reason to see a confidential ticket, until when
}

type reasonKey struct{ person, ticket uint64 }

// New returns the rights at the desk of the store.
func New(st *store.Store) *Rights {
	return &Rights{st: st, clock: st.Now, reasons: map[reasonKey]time.Time{}}
}
