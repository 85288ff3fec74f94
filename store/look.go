package store

import (
	"time"

	"sportello/store/db"
	"sportello/store/key"
)

// Look is the leave of an administrator to see a confidential ticket until a moment; without a ticket it was an export of
// all. The reason they gave is that of the change that wrote it.
type Look struct {
	db.Row
	Person uint64    `json:"person"`
	Ticket uint64    `json:"ticket"`
	Until  time.Time `json:"until"`
}

// LooksByPerson leads to the leave of a person for a ticket.
var LooksByPerson = Looks.UniqueIndex("person", func(l *Look) [][]byte { return key.One(l.Person, l.Ticket) })
