package people

import (
	"time"

	"sportello/store"
	"sportello/store/act"
	"sportello/store/db"
	"sportello/store/door"
	"sportello/store/fault"
)

// reminders say how long before the end of a token its owner is reminded. A reminder applies only to tokens made for
// more than least: the owner of a short one knows when it ends.
var reminders = []struct{ before, least time.Duration }{
	{14 * day, 14 * day},
	{3 * day, 4 * day},
}

const day = 24 * time.Hour

// remindAtOnce limits how many tokens one transaction of RemindTokens handles.
const remindAtOnce = 200

// Acts reports whether the token is valid for a program at now.
func Acts(t *store.Token, now time.Time) bool { return t.Asleep.IsZero() && now.Before(t.Ends) }

// reminded returns how many of the token's reminders are past or due at now.
func reminded(t *store.Token, now time.Time) int {
	n := t.Reminded
	for i, r := range reminders {
		if i >= n && Acts(t, now) && t.Ends.Sub(now) <= r.before && t.Ends.Sub(t.Created) > r.least {
			n = i + 1
		}
	}
	return n
}

// RemindTokens notifies people once of each reminder about a token that ends soon, and returns for how many tokens.
// After a pause of the desk only the last reminder is sent. Tokens that sleep or whose owner is disabled are skipped.
func (ps *People) RemindTokens() (int, error) {
	told := 0
	for after := uint64(0); ; {
		var due []uint64
		err := ps.st.View(func(tx *db.Tx) error {
			due = nil
			for t, err := range store.Tokens.All(tx, after, false) {
				if err != nil {
					return err
				}
				after = t.ID + 1
				if reminded(t, tx.Now()) == t.Reminded {
					continue
				}
				p, err := store.People.Peek(tx, t.Person)
				if err != nil {
					return err
				}
				if p.Disabled {
					continue
				}
				if due = append(due, t.ID); len(due) == remindAtOnce {
					break
				}
			}
			return nil
		})
		if err != nil || len(due) == 0 {
			return told, err
		}
		n := 0
		err = ps.st.Update(db.By{Via: door.Desk, Act: act.RemindToken}, func(tx *db.Tx) error {
			n = 0
			for _, id := range due {
				t, err := store.Tokens.Get(tx, id)
				if fault.KindOf(err) == fault.NotFound && err != nil {
					continue // revoked in the meantime
				}
				if err != nil {
					return err
				}
				now := reminded(t, tx.Now())
				if now == t.Reminded {
					continue
				}
				t.Reminded = now
				if err := store.Tokens.Put(tx, t); err != nil {
					return err
				}
				n++
			}
			return nil
		})
		if told += n; err != nil {
			return told, err
		}
	}
}
