package db

import (
	"context"
	"time"
)

// Follower acts on the change log behind a cursor of its own, see Store.Follow. Its changes are read at least once:
// what Plan writes commits together with the cursor, so that each change is planned exactly once; what Prepare does is
// repeated after a crash.
type Follower struct {
	Name   string        // of the cursor
	By     By            // written into the changes that Plan makes
	Gather time.Duration // how long further changes are gathered after the first one, unless Most have come before
	Most   int           // changes read in one round, defaultMost when 0

	// Tells reports whether the change concerns the follower. It runs in a read transaction, so that rounds that tell
	// nothing cost no write. nil means every change.
	Tells func(*Tx, *Change) bool
	// Begin runs instead of the first round, when the cursor is still at 0: it does from the rows what a long past
	// would have told. nil means that the past is followed as well.
	Begin func(context.Context) error
	// Prepare does outside any transaction what the changes ask for: slow work, whose results it writes itself. It has
	// to bear being repeated with the same changes. nil means nothing.
	Prepare func(context.Context, []*Change) error
	// Plan writes what the changes ask for, in the transaction that moves the cursor past them. Like every closure of
	// Update it may run more than once. nil means nothing.
	Plan func(*Tx, []*Change) error
	// Planned runs after the transaction of Plan is on disk. nil means nothing.
	Planned func()
}

// defaultMost bounds how many changes a follower reads in one round.
const defaultMost = 500

// ReadChanges calls each with the changes after the sequence number, oldest first and at most so many, and returns the
// number of the last one. It stops at the first error of each and returns it.
func (tx *Tx) ReadChanges(after uint64, most int, each func(*Change) error) (last uint64, err error) {
	last = after
	for c, err := range tx.Changes(after) {
		if err == nil {
			err = each(c)
		}
		if err != nil {
			return last, err
		}
		if last = c.Seq; last-after >= uint64(most) { // #nosec G115 -- never negative
			break
		}
	}
	return last, nil
}

// Follow acts on changes as they come until the context ends, and returns the context's error. It looks before it
// waits, so that no wake-up is lost. It returns the first error of the follower; called again, it goes on at the change
// that failed, which is for the caller to put off.
func (s *Store) Follow(ctx context.Context, f Follower) error {
	at := uint64(0)
	for {
		var err error
		if at, err = s.catchUp(ctx, f, at); err != nil {
			return err
		}
		if err := s.Wait(ctx, at); err != nil {
			return err
		}
		// What comes together is acted on together: a small transaction for each change would halve the speed of writing.
		gather, stop := context.WithTimeout(ctx, f.Gather)
		err = s.Wait(gather, at+uint64(f.most())-1) // #nosec G115 -- at least 1
		stop()
		if err != nil && ctx.Err() != nil {
			return ctx.Err()
		}
	}
}

// CatchUp acts on the changes that are there now, and returns the sequence number of the last one it looked at.
func (s *Store) CatchUp(ctx context.Context, f Follower) (uint64, error) { return s.catchUp(ctx, f, 0) }

// catchUp is CatchUp for a caller that has looked at the changes up to a sequence number and found that none tells.
func (s *Store) catchUp(ctx context.Context, f Follower, looked uint64) (uint64, error) {
	for {
		if err := ctx.Err(); err != nil {
			return looked, err
		}
		r, err := s.look(f, looked)
		if err != nil {
			return looked, err
		}
		switch {
		case r.begin:
			err = f.Begin(ctx)
		case len(r.told) > 0 && f.Prepare != nil:
			err = f.Prepare(ctx, r.told)
		}
		if err != nil {
			return looked, err
		}
		// A cursor costs a write: where nothing was told it moves only once it has fallen a round behind.
		passed := true
		if r.begin || len(r.told) > 0 || r.last-r.cursor >= uint64(f.most()) { // #nosec G115 -- at least 1
			if passed, err = s.pass(f, r); err != nil {
				return looked, err
			}
		}
		switch {
		case !passed:
			looked = 0
		case r.full:
			looked = r.last
		default:
			return r.last, nil
		}
	}
}

// round is what a follower finds behind its cursor.
type round struct {
	cursor uint64
	last   uint64    // the last change that was looked at
	full   bool      // there may be more behind it
	begin  bool      // the past is not to be read
	told   []*Change // those that concern the follower
}

func (s *Store) look(f Follower, looked uint64) (r round, err error) {
	err = s.View(func(tx *Tx) (err error) {
		r = round{cursor: tx.Cursor(f.Name)}
		if r.cursor == 0 && f.Begin != nil {
			r.begin, r.last = true, s.Last()
			return nil
		}
		after := max(r.cursor, looked)
		r.last, err = tx.ReadChanges(after, f.most(), func(c *Change) error {
			if f.Tells == nil || f.Tells(tx, c) {
				r.told = append(r.told, c)
			}
			return nil
		})
		r.full = r.last-after >= uint64(f.most()) // #nosec G115 -- at least 1
		return err
	})
	return r, err
}

// pass plans what the round told and moves the cursor to its end. It does nothing and returns false when somebody has
// moved the cursor since the round was read.
func (s *Store) pass(f Follower, r round) (passed bool, err error) {
	err = s.Update(f.By, func(tx *Tx) error {
		if passed = tx.Cursor(f.Name) == r.cursor; !passed {
			return nil
		}
		if len(r.told) > 0 && f.Plan != nil {
			if err := f.Plan(tx, r.told); err != nil {
				return err
			}
		}
		return tx.SetCursor(f.Name, r.last)
	})
	if err == nil && passed && len(r.told) > 0 && f.Planned != nil {
		f.Planned()
	}
	return passed, err
}

func (f Follower) most() int {
	if f.Most > 0 {
		return f.Most
	}
	return defaultMost
}
