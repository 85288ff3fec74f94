// Package post is the desk's post office: the addresses that are the desk's own, the tokens that it puts into addresses
// and links, and the letters that wait to be sent. It stands below people and tickets, because whoever adds somebody has
// a letter written to them, and whoever adds an address to a ticket must know the desk's own.
package post

import "sportello/store"

// Post is the post office of one desk.
type Post struct {
	st    *store.Store
	Mail  Options
	Waits chan struct{} // something may wait
}

// New returns the post office of the store.
func New(st *store.Store) *Post {
	po := &Post{st: st, Waits: make(chan struct{}, 1)}
	po.SetMail(Options{})
	return po
}
