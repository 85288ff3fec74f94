// Package erasure takes people and tickets out of the desk for good. What is erased is shown before, leaves no trace in the
// change log, and stands by its number in a list that is applied again to an older backup.
//
// An erasure has three steps. At once nobody sees it any more: the account is shut, the ticket is gone. Then, in small pieces
// beside everything else, all rows and the change log are cleaned. At night file and index are written anew: until then old
// pages of the file hold what was erased.
//
//	room.go       what an erasure is made from; the list
//	spell.go      the words that tell who somebody is, and taking them out of texts
//	person.go     a person: what would go, and erasing
//	ticket.go     a ticket with everything that belongs to it
//	retention.go  closed tickets after so many years
//	run.go        the steps
package erasure

import (
	"log/slog"
	"time"

	"sportello/app/credential"
	"sportello/app/desk/policy"
	"sportello/app/desk/ticket"
	"sportello/store"
	"sportello/store/db"
)

// Erasures are the erasures of one desk.
type Erasures struct {
	st      *db.Store
	keeper  *credential.Keeper
	tickets *ticket.Tickets
	loc     *time.Location
	log     *slog.Logger
	kick    chan struct{} // there is something to clean
}

// New returns the erasures of the desk of the store.
func New(st *db.Store, keeper *credential.Keeper, tickets *ticket.Tickets, loc *time.Location, log *slog.Logger) *Erasures {
	return &Erasures{st: st, keeper: keeper, tickets: tickets, loc: loc, log: log, kick: make(chan struct{}, 1)}
}

// poke has the steps begin now rather than at the next look.
func (es *Erasures) poke() {
	select {
	case es.kick <- struct{}{}:
	default:
	}
}

// Line is an erasure with the name of whoever ordered it.
type Line struct {
	*store.Erasure
	Orderer string // empty: the desk itself
}

// mostListed limits a list of erasures.
const mostListed = 500

// List returns the erasures, the newest first, without the words that are looked for. Only administrators may call it.
func (es *Erasures) List(a policy.Actor) (out []Line, err error) {
	if err := policy.MayAdminister(a); err != nil {
		return nil, err
	}
	err = es.st.View(func(tx *db.Tx) error {
		out = nil
		for e, err := range store.Erasures.All(tx, 0, true) {
			if err != nil {
				return err
			}
			l := Line{Erasure: e}
			l.Words = nil
			if e.By != 0 {
				p, err := store.People.Peek(tx, e.By)
				if err != nil {
					return err
				}
				l.Orderer = p.Name
			}
			if out = append(out, l); len(out) == mostListed {
				return nil
			}
		}
		return nil
	})
	return out, err
}
