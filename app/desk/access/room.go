// Package access takes requests for credentials from strangers, to their end: asked, confirmed by the owner of the address,
// decided by the organisation's coordinator and the group that looks after each module, granted as an affiliation.
//
//	ask.go      a request as somebody submits it; what is alike for every address
//	own.go      the page of whoever asked, by the link of a letter
//	read.go     what those who decide see
//	decide.go   granting, refusing, asking back
//	expire.go   what goes some day
package access

import (
	"sportello/app/credential"
	"sportello/app/desk/people"
	"sportello/app/desk/policy"
	"sportello/app/desk/post"
	"sportello/app/desk/ticket"
	"sportello/store/db"
)

// Requests are the requests for credentials of one desk.
type Requests struct {
	st      *db.Store
	keeper  *credential.Keeper
	rights  *policy.Rights
	post    *post.Post
	people  *people.People
	tickets *ticket.Tickets
	say     func(lang, key string, args ...any) string
}

// New returns the requests of the store. say returns the sentence of a key, for what the desk writes into tickets.
func New(st *db.Store, keeper *credential.Keeper, rights *policy.Rights, post *post.Post, people *people.People, tickets *ticket.Tickets, say func(lang, key string, args ...any) string) *Requests {
	return &Requests{st: st, keeper: keeper, rights: rights, post: post, people: people, tickets: tickets, say: say}
}
