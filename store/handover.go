package store

import (
	"time"

	"sportello/store/db"
	"sportello/store/key"
)

// Handover is the work of somebody who leaves, on its way to others. It is done in steps: until Done there may be more.
type Handover struct {
	db.Row
	Person  uint64    `json:"person"` // whose it was
	By      uint64    `json:"by,omitzero"`
	Groups  []uint64  `json:"groups,omitempty"` // only what belongs to these; empty: everything
	Tickets Receiver  `json:"tickets,omitzero"`
	Drafts  Receiver  `json:"drafts,omitzero"`
	Views   Receiver  `json:"views,omitzero"`
	Replies Receiver  `json:"replies,omitzero"`
	Moved   int       `json:"moved,omitzero"` // how many things so far
	Done    time.Time `json:"done,omitzero"`
}

// Receiver is who gets things of one kind: a person or a group; nobody when both are 0, and then they stay where they are.
// Tickets with Back go back each to its own group.
type Receiver struct {
	Person uint64 `json:"person,omitzero"`
	Group  uint64 `json:"group,omitzero"`
	Back   bool   `json:"back,omitzero"`
}

// HandoversOpen leads to the handovers that are not done.
var HandoversOpen = Handovers.Index("open", func(h *Handover) [][]byte {
	if !h.Done.IsZero() {
		return nil
	}
	return key.One(h.Created)
})
