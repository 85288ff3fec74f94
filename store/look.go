package store

import (
	"time"

	"sportello/store/db"
	"sportello/store/key"
)

// Look is the leave of an administrator to see a confidential ticket or plan until a moment; without either it was an export of
// all tickets. The reason they gave is that of the change that wrote it.
type Look struct {
	db.Row
	Person uint64    `json:"person"`
	Ticket uint64    `json:"ticket"`
	Plan   uint64    `json:"plan,omitzero"`
	Until  time.Time `json:"until"`
}

// The ways into the leaves: of a person for a ticket, and of a person for a plan.
var (
	LooksByPerson = Looks.UniqueIndex("person", func(l *Look) [][]byte {
		if l.Plan != 0 {
			return nil
		}
		return key.One(l.Person, l.Ticket)
	})
	LooksByPlan = Looks.UniqueIndex("plan", func(l *Look) [][]byte {
		if l.Plan == 0 {
			return nil
		}
		return key.One(l.Person, l.Plan)
	})
)
