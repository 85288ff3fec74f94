package store

import (
	"time"

	"sportello/store/db"
	"sportello/store/key"
	"sportello/store/spelling"
)

// View is a search that an agent saved: part of a queue by its filters or, with words, a search over tickets. It is
// the person's own or, with a group, everybody's in that group.
type View struct {
	db.Row
	Person uint64 `json:"person"`          // who saved it, and is notified of new tickets in it
	Group  uint64 `json:"group,omitzero"`  // with whom it is shared; 0: with nobody
	Name   string `json:"name"`            // one line
	Text   string `json:"text,omitzero"`   // the question as it was typed; empty: a view of the queue
	Notify bool   `json:"notify,omitzero"` // notify the person of new tickets in it

	// Which part of the queue, as the page of the queue asks for it; all empty when there is a question.
	Queue    string     `json:"queue,omitzero"` // mine, group, unassigned, ...
	Of       uint64     `json:"of,omitzero"`    // only tickets of this group
	Module   uint64     `json:"module,omitzero"`
	State    State      `json:"state,omitzero"`
	Kind     TicketKind `json:"kind,omitzero"`
	Priority int        `json:"priority,omitzero"`
	Assignee uint64     `json:"assignee,omitzero"`
	Overdue  bool       `json:"overdue,omitzero"`

	// What the background work last found. It moves Rev, so that forms compare Edits instead.
	Edits      uint64    `json:"edits,omitzero"`
	Counted    int       `json:"counted,omitzero"`    // at most MaxCounted
	More       bool      `json:"more,omitzero"`       // there are more than Counted, or may be
	CountedAt  time.Time `json:"counted_at,omitzero"` // when Counted last became another; zero: it was never counted
	SeenNumber uint64    `json:"seen,omitzero"`       // tickets up to this number are not new
	Known      []uint64  `json:"known,omitempty"`     // tickets that were in it, by number, where they are few enough
	Whole      bool      `json:"whole,omitzero"`      // Known has all of them
}

// MaxCounted is the highest number a view is counted to: a larger one would tell nobody more.
const MaxCounted = 99

// The ways into the views.
var (
	// person, then name: one's own that are shared with nobody.
	ViewsByPerson = Views.Index("person", func(v *View) [][]byte {
		if v.Group != 0 {
			return nil
		}
		return key.One(v.Person, spelling.Fold(v.Name))
	})
	// group, then name: those shared with it.
	ViewsByGroup = Views.Index("group", func(v *View) [][]byte {
		if v.Group == 0 {
			return nil
		}
		return key.One(v.Group, spelling.Fold(v.Name))
	})
	// those whose person wants to be notified of new tickets.
	ViewsNotifying = Views.Index("notify", func(v *View) [][]byte {
		if !v.Notify {
			return nil
		}
		return key.One(v.Person)
	})
)
