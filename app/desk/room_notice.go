// Package notice says who is told of what: notices behind the bell and letters are planned from the change log, letters
// are composed and sent, and reply addresses and reading links lead back to the ticket.
package desk

import (
	"sync"
	"time"

	"sportello/app/credential"
	"sportello/store"
)

// Notices are the notices and letters of one desk.
type Notices struct {
	st      *store.Store
	keeper  *credential.Keeper
	clock   func() time.Time
	loc     *time.Location
	rights  *Rights
	post    *Post
	files   *Files
	tickets *Tickets

	outMu     sync.Mutex      // held while letters are sent
	unwritten map[uint64]Sent // letters that went, where the store would not take it down; under outMu
}

// NewNotices returns the notices of the store.
func NewNotices(st *store.Store, keeper *credential.Keeper, loc *time.Location, rights *Rights, post *Post, files *Files, tickets *Tickets) *Notices {
	return &Notices{st: st, keeper: keeper, clock: st.Now, loc: loc, rights: rights, post: post, files: files, tickets: tickets, unwritten: map[uint64]Sent{}}
}
