// Package relocation moves a unit with its people to another organisation, and merges one organisation into another. What
// it does to whom sees which tickets is shown before, and what was shown is what an administrator confirms.
//
//	preview.go  who would see what, by the rules of policy
//	step.go     the work, a few rows at a time
package relocation

import (
	"context"
	"errors"

	"sportello/app/desk/entry"
	"sportello/app/desk/people"
	"sportello/app/desk/policy"
	"sportello/app/desk/ticket"
	"sportello/store"
	"sportello/store/act"
	"sportello/store/db"
)

// Relocations are those of one desk.
type Relocations struct {
	st      *db.Store
	rights  *policy.Rights
	tickets *ticket.Tickets
	begun   chan struct{}
	passed  []byte // of the people of a unit: where Step is
	moved   bool   // nobody is left to be moved, as far as Step has seen
}

// New returns the relocations of the store.
func New(st *db.Store, rights *policy.Rights, tickets *ticket.Tickets) *Relocations {
	return &Relocations{st: st, rights: rights, tickets: tickets, begun: make(chan struct{}, 1)}
}

// UnderWay returns the relocation that has not come to its end, nil when there is none. Only administrators may call it.
func (rs *Relocations) UnderWay(a policy.Actor) (*store.Relocation, error) {
	if err := policy.MayAdminister(a); err != nil {
		return nil, err
	}
	var out *store.Relocation
	err := rs.st.View(func(tx *db.Tx) (err error) {
		out, err = people.UnderWay(tx)
		return err
	})
	return out, err
}

// attempts is how often Begin looks again at what others changed while it was looking.
const attempts = 5

// Begin starts to move the unit, or the organisation if From has no unit, to the other organisation; Run does the work. sum
// is of the preview that the actor saw. If the preview is another by now, Begin returns that one with a Conflict error
// and changes nothing. Only administrators may call it.
func (rs *Relocations) Begin(a policy.Actor, from store.Hat, to uint64, sum string) (*store.Relocation, Preview, error) {
	if err := policy.MayAdminister(a); err != nil {
		return nil, Preview{}, err
	}
	for range attempts {
		seen, err := rs.look(from, to)
		if err != nil {
			return nil, Preview{}, err
		}
		if seen.Sum != sum {
			return nil, seen.Preview, entry.Conflict("error.relocation-differs")
		}
		var out *store.Relocation
		err = rs.st.Update(a.By(act.Relocate), func(tx *db.Tx) error {
			// Counting takes too long for a write, so it was done before: here it is asked whether it still holds.
			if err := seen.holds(tx); err != nil {
				return err
			}
			r := seen.plan
			r.By = a.ID()
			out = &r
			return store.Relocations.Put(tx, out)
		})
		if errors.Is(err, errOutdated) {
			continue
		}
		if err != nil {
			return nil, Preview{}, err
		}
		select {
		case rs.begun <- struct{}{}:
		default:
		}
		return out, seen.Preview, nil
	}
	return nil, Preview{}, entry.Conflict("error.relocation-differs")
}

// Run does the work of relocations until the context ends. What a stop of the desk interrupted it goes on with.
func (rs *Relocations) Run(ctx context.Context) error {
	for {
		more, err := rs.Step()
		if err != nil {
			return err
		}
		if more {
			if ctx.Err() != nil {
				return ctx.Err()
			}
			continue
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-rs.begun:
		}
	}
}
