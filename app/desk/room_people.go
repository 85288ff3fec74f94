// Package people looks after people and where they belong: organisations, units, groups, rights, and what opens an
// account.
package desk

import (
	"sportello/app/credential"
	"sportello/store"
)

// People are those whom one desk knows.
type People struct {
	st     *store.Store
	keeper *credential.Keeper
	post   *Post
}

// NewPeople returns the people of the store.
func NewPeople(st *store.Store, keeper *credential.Keeper, post *Post) *People {
	return &People{st: st, keeper: keeper, post: post}
}
