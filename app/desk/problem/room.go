// Package problem keeps what the desk knows of malfunctions: which versions they are in, what to do meanwhile, which version
// mends them, and the tickets and people who met them.
//
//	problem.go  reading and listing
//	write.go    writing and moving
//	case.go     the tickets and people of a problem
//	draft.go    a problem made from a ticket
//	known.go    what is known of its mending: versions, branches, what is published, what runs where
//	follow.go   what that makes of each ticket and person; words.go: what they are told
//	message.go  one message to all; back.go: taking it back; merge.go: two that are one; outage.go: stops of services
//	offer.go    which known problems a text looks like; feed.go: those that concern somebody
//	errand.go   doing it to all of them, a few at a time
package problem

import (
	"sync"

	"sportello/app/desk/policy"
	"sportello/app/desk/post"
	"sportello/app/desk/ticket"
	"sportello/store/db"
)

// Problems are the known problems of one desk.
type Problems struct {
	st      *db.Store
	rights  *policy.Rights
	tickets *ticket.Tickets
	post    *post.Post
	going   sync.Mutex    // held by a step: each goes on where the one before it ended
	begun   chan struct{} // an errand began
	matched sync.RWMutex
	matcher *matcher // guarded by matched
}

// New returns the known problems of the store.
func New(st *db.Store, rights *policy.Rights, tickets *ticket.Tickets, post *post.Post) *Problems {
	return &Problems{st: st, rights: rights, tickets: tickets, post: post, begun: make(chan struct{}, 1)}
}

func (ps *Problems) wake() {
	select {
	case ps.begun <- struct{}{}:
	default:
	}
}
