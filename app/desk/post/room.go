// Package post is the desk's post office: the desk's own addresses, the tokens in addresses and links, and the letters
// that wait to be sent. It is below people and tickets, because adding a person sends them a letter, and adding an
// address to a ticket requires knowing the desk's own.
package post

import (
	"sync"
	"sync/atomic"

	"sportello/store/db"
)

// Post is the post office of one desk.
type Post struct {
	st        *db.Store
	mail      atomic.Pointer[Options]
	onServers func()        // see WhenServersChange
	Waits     chan struct{} // signals that something may be waiting

	leaving    sync.Mutex
	leavingNow uint64 // guarded by leaving; see Leave
}

// New returns the post office of the store.
func New(st *db.Store) *Post {
	po := &Post{st: st, Waits: make(chan struct{}, 1)}
	po.SetMail(Options{})
	return po
}
