// Package notice says who is told of what: notices behind the bell and letters are planned from the change log, letters
// are composed and sent, and reply addresses and reading links lead back to the ticket.
package notice

import (
	"sync"
	"time"

	"sportello/app/credential"
	"sportello/app/desk/file"
	"sportello/app/desk/policy"
	"sportello/app/desk/post"
	"sportello/app/desk/ticket"
	"sportello/store"
)

// Notices are the notices and letters of one desk.
type Notices struct {
	st      *store.Store
	keeper  *credential.Keeper
	clock   func() time.Time
	loc     *time.Location
	rights  *policy.Rights
	post    *post.Post
	files   *file.Files
	tickets *ticket.Tickets

	outMu     sync.Mutex      // held while letters are sent
	unwritten map[uint64]Sent // letters that went, where the store would not take it down; under outMu
}

// New returns the notices of the store.
func New(st *store.Store, keeper *credential.Keeper, loc *time.Location, rights *policy.Rights, post *post.Post, files *file.Files, tickets *ticket.Tickets) *Notices {
	return &Notices{st: st, keeper: keeper, clock: st.Now, loc: loc, rights: rights, post: post, files: files, tickets: tickets, unwritten: map[uint64]Sent{}}
}
