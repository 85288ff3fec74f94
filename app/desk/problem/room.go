// Package problem keeps what the desk knows of malfunctions: which versions they are in, what to do meanwhile, which version
// mends them, and the tickets and people who met them.
//
//	problem.go  reading and listing
//	write.go    writing and moving
//	case.go     the tickets and people of a problem
//	draft.go    a problem made from a ticket
package problem

import (
	"sportello/app/desk/policy"
	"sportello/store/db"
)

// Problems are the known problems of one desk.
type Problems struct {
	st     *db.Store
	rights *policy.Rights
}

// New returns the known problems of the store.
func New(st *db.Store, rights *policy.Rights) *Problems { return &Problems{st: st, rights: rights} }
