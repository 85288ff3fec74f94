// Package people looks after people and where they belong: organisations, units, groups, rights, and what opens an
// account.
package people

import (
	"sportello/app/credential"
	"sportello/app/desk/post"
	"sportello/store"
)

// People are those whom one desk knows.
type People struct {
	st     *store.Store
	keeper *credential.Keeper
	post   *post.Post
}

// New returns the people of the store.
func New(st *store.Store, keeper *credential.Keeper, post *post.Post) *People {
	return &People{st: st, keeper: keeper, post: post}
}
