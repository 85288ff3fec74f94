package ticket

import (
	"errors"
	"slices"

	"sportello/app/desk/policy"
	"sportello/store"
	"sportello/store/act"
	"sportello/store/db"
	"sportello/store/door"
	"sportello/store/fault"
)

// RecordResult is the result for one record of a batch: the ticket, or why it was refused.
type RecordResult struct {
	Ticket  *store.Ticket
	Created bool
	Refused error
}

// mostSpoiled is how often a batch is restarted without a refused record before the rest is handled one by one.
const mostSpoiled = 3

// PutAll is Put for several records, in order and in one transaction, so that an import waits for the disk once. A
// refused record does not affect the others. The error is one that ends the whole batch, because the desk cannot be
// written; nothing of the batch may have been stored then.
func (ts *Tickets) PutAll(a policy.Actor, recs []Record) ([]RecordResult, error) {
	out := make([]RecordResult, len(recs))
	if !a.SignedIn() && !a.System {
		return nil, policy.Denied(a)
	}
	reads := make([]*read, len(recs))
	var todo []int
	for i, rec := range recs {
		if err := ts.MayOpenWith(a, rec.given()); err != nil {
			out[i].Refused = err
			continue
		}
		r := ts.readTicket(rec)
		r.history = a.Via == door.Import || rec.CreatedAt != "" || rec.State != "" || len(rec.Messages) > 0
		if err := r.wrong.Err(); err != nil && r.external == "" {
			// A record that is invalid without a look into the store need not spoil a transaction, but all its problems
			// are reported together: it is tried alone.
			out[i].Ticket, out[i].Created, out[i].Refused = ts.Put(a, rec)
			if out[i].Refused != nil && !refusal(out[i].Refused) {
				return nil, out[i].Refused
			}
			continue
		}
		reads[i] = r
		todo = append(todo, i)
	}
	for spoiled := 0; len(todo) > 0 && spoiled < mostSpoiled; spoiled++ {
		bad := -1
		err := ts.st.Update(a.By(act.Import), func(tx *db.Tx) error {
			bad = -1
			for _, i := range todo {
				t, created, err := ts.putRead(tx, a, reads[i])
				if err != nil {
					bad = i
					return err
				}
				out[i].Ticket, out[i].Created = t, created
			}
			return nil
		})
		if err == nil {
			return out, nil
		}
		if bad < 0 || !refusal(err) {
			return nil, err
		}
		out[bad].Refused = err
		todo = slices.DeleteFunc(todo, func(i int) bool { return i == bad })
	}
	for _, i := range todo {
		t, created, err := ts.Put(a, recs[i])
		if err != nil && !refusal(err) {
			return nil, err
		}
		out[i] = RecordResult{t, created, err}
	}
	for i := range out {
		if out[i].Refused != nil {
			out[i].Ticket = nil
		}
	}
	return out, nil
}

// putRead opens or changes the ticket of one record within the batch's transaction.
func (ts *Tickets) putRead(tx *db.Tx, a policy.Actor, r *read) (*store.Ticket, bool, error) {
	tx.Act(act.Open)
	if r.history {
		tx.Act(act.Import)
	}
	tx.Internally(false)
	tx.Because("")
	if r.external != "" {
		old, err := store.TicketsByExternal.First(tx, r.external)
		if err == nil {
			return old, false, ts.updateFromRecord(tx, a, r, old)
		}
		if !errors.Is(err, fault.ErrNotFound) {
			return nil, false, err
		}
	}
	t, err := ts.openFromRecord(tx, a, r)
	return t, true, err
}

// refusal reports whether the error is about the record; any other error means that the desk cannot store it.
func refusal(err error) bool {
	switch fault.KindOf(err) {
	case fault.Invalid, fault.NotFound, fault.Conflict, fault.Denied, fault.TooLarge:
		return true
	}
	return false
}
