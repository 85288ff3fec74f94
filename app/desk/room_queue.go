// Package queue lists and counts tickets: the views of an agent's queue, views that people saved, and the replies that
// they saved to answer with.
package desk

import (
	"log/slog"
	"time"

	"sportello/search"
	"sportello/store"
)

// Queues are the queues of one desk.
type Queues struct {
	st     *store.Store
	ix     *search.Index
	log    *slog.Logger
	clock  func() time.Time
	rights *Rights
	find   *Finder
	views  viewWork
}

// NewQueues returns the queues of the store.
func NewQueues(st *store.Store, ix *search.Index, log *slog.Logger, rights *Rights, find *Finder) *Queues {
	return &Queues{st: st, ix: ix, log: log, clock: st.Now, rights: rights, find: find}
}
