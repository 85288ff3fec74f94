// Package ticket opens and changes tickets: each step is checked against the table of rights (package policy) and the
// table of moves (workflow.go), and changes the store in one transaction.
//
//	ticket.go     opening a ticket; record.go: importing one from another program
//	step.go       every later change; arrange.go, beside.go, move.go: its parts
//	workflow.go   the moves between states and their requirements
//	view.go       what an actor sees of a ticket
//	clock.go      what happens as time passes
package ticket

import (
	"time"

	"sportello/app/desk/due"
	"sportello/app/desk/people"
	"sportello/app/desk/policy"
	"sportello/app/desk/post"
	"sportello/store/db"
)

// Tickets are the tickets of one desk.
type Tickets struct {
	st     *db.Store
	clock  func() time.Time
	loc    *time.Location
	rights *policy.Rights
	post   *post.Post
	people *people.People
	due    *due.Clock

	audible audible
	readBy  func(a policy.Actor, ticket uint64) // see Witness
}

// Witness makes read run after somebody of the desk has read a confidential ticket, each time they do. It is called before
// anything else.
func (ts *Tickets) Witness(read func(a policy.Actor, ticket uint64)) { ts.readBy = read }

// New returns the tickets of the store.
func New(st *db.Store, loc *time.Location, rights *policy.Rights, post *post.Post, people *people.People, due *due.Clock) *Tickets {
	return &Tickets{st: st, clock: st.Now, loc: loc, rights: rights, post: post, people: people, due: due}
}
