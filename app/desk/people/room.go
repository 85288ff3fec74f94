// Package people manages people and where they belong: organisations, units, groups, rights, and the credentials of
// accounts.
package people

import (
	"time"

	"sportello/app/credential"
	"sportello/app/desk/post"
	"sportello/store/db"
)

// People are the people of one desk.
type People struct {
	st     *db.Store
	keeper *credential.Keeper
	post   *post.Post
	loc    *time.Location
	asked  chan string // addresses for which a link was requested
}

// New returns the people of the store.
func New(st *db.Store, keeper *credential.Keeper, post *post.Post, loc *time.Location) *People {
	return &People{st: st, keeper: keeper, post: post, loc: loc, asked: make(chan string, mostAsked)}
}
