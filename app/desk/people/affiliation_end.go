package people

import (
	"context"
	"time"

	"sportello/store"
	"sportello/store/act"
	"sportello/store/db"
	"sportello/store/door"
	"sportello/store/fault"
	"sportello/store/key"
)

// What an affiliation opens is judged by the clock at each request. Its end is recorded all the same, within a minute: so
// that it stays over if somebody puts the clock back, that people are told, and that nothing of an account that rested on
// it wakes when a new one is given.

// turnEach is how often TurnAffiliations runs.
const turnEach = 30 * time.Second

// turnAtOnce limits how many people one transaction of TurnAffiliations handles.
const turnAtOnce = 200

// RunAffiliations runs TurnAffiliations until the context ends.
func (ps *People) RunAffiliations(ctx context.Context) error {
	t := time.NewTicker(turnEach)
	defer t.Stop()
	for {
		if _, err := ps.TurnAffiliations(); err != nil {
			return err
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-t.C:
		}
	}
}

// TurnAffiliations records the warnings that are due before affiliations end, and the ends that have come, and returns of
// how many people. With the last affiliation of somebody who has nothing else, all that gives access to their account
// ends. After a pause of the desk only the last warning is recorded.
func (ps *People) TurnAffiliations() (int, error) {
	done := 0
	for {
		var due []uint64
		err := ps.st.View(func(tx *db.Tx) error {
			due = nil
			for e := range store.PeopleByTurn.Entries(tx, db.Span{High: key.Of(tx.Now().Add(1))}) {
				if due = append(due, e.ID); len(due) == turnAtOnce {
					break
				}
			}
			return nil
		})
		if err != nil || len(due) == 0 {
			return done, err
		}
		n := 0
		err = ps.st.Update(db.By{Via: door.Desk, Act: act.WarnHat}, func(tx *db.Tx) error {
			n = 0
			for _, id := range due {
				turned, err := ps.turn(tx, id)
				if err != nil {
					return err
				}
				if turned {
					n++
				}
			}
			return nil
		})
		if done += n; err != nil || n == 0 {
			return done, err
		}
	}
}

// turn records what is due of one person's affiliations and reports whether anything was.
func (ps *People) turn(tx *db.Tx, id uint64) (bool, error) {
	p, err := store.People.Get(tx, id)
	if err != nil {
		return false, fault.IgnoreNotFound(err)
	}
	now := tx.Now()
	turned := false
	tx.Act(act.WarnHat)
	for i := range p.Affiliations {
		h := &p.Affiliations[i]
		switch at := h.Turns(); {
		case at.IsZero() || now.Before(at):
			continue
		case h.Past(now):
			h.Ended = now
			tx.Act(act.EndHat)
		default:
			h.Warned = warned(h, now)
		}
		turned = true
	}
	if !turned {
		return false, nil
	}
	if p.Lapsed(now) {
		if err := ps.leaveServices(tx, p); err != nil {
			return false, err
		}
		if err := ps.keeper.EndAllTx(tx, p); err != nil {
			return false, err
		}
	}
	return true, store.People.Put(tx, p)
}
