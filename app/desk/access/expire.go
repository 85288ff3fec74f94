package access

import (
	"time"

	"sportello/store"
	"sportello/store/act"
	"sportello/store/db"
	"sportello/store/door"
	"sportello/store/key"
)

// expireAtOnce limits how many requests one transaction removes, so that writers do not wait for it.
const expireAtOnce = 50

// Expire removes the requests whose address nobody confirmed within seven days, and decided ones after as many months as the
// settings say, with their letters and what the refused ones wrote into tickets. It returns how many there were.
func (rs *Requests) Expire() (int, error) {
	sum := 0
	for {
		n := 0
		err := rs.st.Update(db.By{Via: door.Desk, Act: act.Expire}, func(tx *db.Tx) error {
			var list []*store.AccessRequest
			for _, span := range []struct {
				decided bool
				until   time.Time
			}{{false, tx.Now().Add(-store.UnconfirmedLife)}, {true, tx.Now().AddDate(0, -store.CurrentSettings(tx).AccessMonths, 0)}} {
				for r, err := range store.AccessRequestsByAge.Rows(tx, db.Span{Prefix: key.Of(span.decided), High: key.Of(span.until.Add(time.Nanosecond))}) {
					if err != nil {
						return err
					}
					if list = append(list, r); len(list) >= expireAtOnce {
						break
					}
				}
			}
			n = len(list)
			for _, r := range list {
				if err := rs.remove(tx, r); err != nil {
					return err
				}
			}
			return nil
		})
		if sum += n; err != nil || n < expireAtOnce {
			return sum, err
		}
	}
}

// remove removes the request with the letters about it. Of one of which nothing was granted the tickets go as
// well; whoever asked stays a person without access, as who once wrote a mail.
func (rs *Requests) remove(tx *db.Tx, r *store.AccessRequest) error {
	var letters []*store.Letter
	for l, err := range store.LettersByTo.Rows(tx, db.Span{Prefix: key.Of(r.Email)}) {
		if err != nil {
			return err
		}
		if len(l.Tells) == 1 && l.Tells[0].Access == r.ID {
			letters = append(letters, l)
		}
	}
	for _, l := range letters {
		ids, err := store.MailIDsByHash.Find(tx, store.HashMessageID(l.MessageID))
		if err != nil {
			return err
		}
		for _, m := range ids {
			if m.Letter != l.ID {
				continue
			}
			if err := store.MailIDs.Delete(tx, m.ID); err != nil {
				return err
			}
		}
		if err := store.Letters.Delete(tx, l.ID); err != nil {
			return err
		}
	}
	if err := store.AccessRequests.Delete(tx, r.ID); err != nil || r.Has(store.AskGranted) || r.Person == 0 {
		return err
	}
	for _, id := range ticketsOf(r) {
		if err := rs.tickets.Forget(tx, id); err != nil {
			return err
		}
	}
	return nil
}
