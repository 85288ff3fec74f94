// Package people manages people and where they belong: organisations, units, groups, rights, and the credentials of
// accounts.
package people

import (
	"sportello/app/credential"
	"sportello/app/desk/post"
	"sportello/store"
)

// People are the people of one desk.
type People struct {
	st     *store.Store
	keeper *credential.Keeper
	post   *post.Post
	asked  chan string // addresses for which a link was requested
}

// New returns the people of the store.
func New(st *store.Store, keeper *credential.Keeper, post *post.Post) *People {
	return &People{st: st, keeper: keeper, post: post, asked: make(chan string, mostAsked)}
}
