// Package work is the one list of what waits for somebody: who, what, by when, why. Nothing of it is stored: each noun
// says what of its own waits, and it is asked whenever somebody looks.
package work

import (
	"cmp"
	"slices"
	"strings"
	"time"

	"sportello/app/desk/policy"
	"sportello/store/db"
	"sportello/store/enum"
)

// Item is one thing that waits for the actor.
type Item struct {
	Why    Why
	Noun   string    // of the API: releases, plans
	Number uint64    // of the thing
	Name   string    // what people call it, in the language of the actor
	Place  string    // of an organisation or group that it is about; empty: the actor's own
	Count  int       // how many of the kind it gathers; at least 1
	Due    time.Time // a day, at its beginning in UTC; zero: no day
	Late   bool
}

// Why says why something waits.
type Why uint8

// The reasons.
const (
	Answer      Why = iota + 1 // the desk waits for the actor's word on a release
	LateReceipt                // places have not answered by the day
	FailedReceipt
	NobodyToTell // organisations of a release have nobody whom the desk could tell
	Check        // a release waits for a second person
	Decide       // decisions of a plan wait for the actor
	Do           // and steps
)

var whys = []string{"", "answer", "late", "failed", "nobody-to-tell", "check", "decide", "do"}

func (v Why) String() string { return enum.Word(whys, byte(v)) }

// Source returns what of one noun waits for the actor. It names only what the actor may see.
type Source func(tx *db.Tx, a policy.Actor) ([]Item, error)

// Work is the list of one desk.
type Work struct {
	st      *db.Store
	sources []Source
}

// New returns the list of the sources.
func New(st *db.Store, sources ...Source) *Work { return &Work{st, sources} }

// List returns what waits for the actor: what is late first, then by day, then what has none.
func (w *Work) List(a policy.Actor) ([]Item, error) {
	var out []Item
	if a.Person == nil {
		return nil, nil
	}
	err := w.st.View(func(tx *db.Tx) error {
		out = nil
		for _, of := range w.sources {
			items, err := of(tx, a)
			if err != nil {
				return err
			}
			out = append(out, items...)
		}
		return nil
	})
	slices.SortStableFunc(out, func(x, y Item) int {
		if x.Late != y.Late {
			if x.Late {
				return -1
			}
			return 1
		}
		if x.Due.IsZero() != y.Due.IsZero() {
			if y.Due.IsZero() {
				return -1
			}
			return 1
		}
		return cmp.Or(x.Due.Compare(y.Due), cmp.Compare(x.Why, y.Why), strings.Compare(x.Name, y.Name), cmp.Compare(x.Number, y.Number))
	})
	return out, err
}
