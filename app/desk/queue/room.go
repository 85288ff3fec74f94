// Package queue lists and counts tickets: the views of an agent's queue, saved views, and saved replies.
package queue

import (
	"log/slog"
	"time"

	"sportello/app/desk/find"
	"sportello/app/desk/policy"
	"sportello/search"
	"sportello/store/db"
)

// Queues are the queues of one desk.
type Queues struct {
	st     *db.Store
	ix     *search.Index
	log    *slog.Logger
	clock  func() time.Time
	rights *policy.Rights
	find   *find.Finder
	views  viewWork
}

// New returns the queues of the store.
func New(st *db.Store, ix *search.Index, log *slog.Logger, rights *policy.Rights, find *find.Finder) *Queues {
	return &Queues{st: st, ix: ix, log: log, clock: st.Now, rights: rights, find: find}
}
