// Package leave says what becomes of the work of somebody who leaves a group or the desk: it goes back to its group, or is
// handed on to somebody else.
package leave

import (
	"sportello/app/desk/post"
	"sportello/app/desk/ticket"
	"sportello/store/db"
)

// Leaving is what becomes of work at one desk.
type Leaving struct {
	st      *db.Store
	post    *post.Post
	tickets *ticket.Tickets
}

// New returns it for the desk of the store.
func New(st *db.Store, post *post.Post, tickets *ticket.Tickets) *Leaving {
	return &Leaving{st: st, post: post, tickets: tickets}
}
