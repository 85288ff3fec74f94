package intake

import (
	"sportello/app/desk/ticket"
	"sportello/store"
	"sportello/store/act"
)

// living returns the ticket in which a duplicate continues. It returns nil for a ticket that is not a duplicate, and
// when that other ticket is closed as well.
func (j *joining) living(t *store.Ticket) (*store.Ticket, error) {
	live := t
	for range 10 {
		if live.DuplicateOf == 0 {
			break
		}
		o, err := j.ticket(live.DuplicateOf)
		if err != nil || o == nil {
			return nil, err
		}
		live = o
	}
	if live == t || live.DuplicateOf != 0 || live.State == store.StateClosed {
		return nil, nil
	}
	return live, nil
}

// joinLiving adds an answer to a duplicate to the ticket in which it continues, as if it had been merged: agents read
// it there, the duplicate's people in their own ticket, nobody else at all, and undoing the merge moves it back. It
// changes the state of neither ticket, because the people of one know nothing about the other.
func (j *joining) joinLiving(l *lead, live *store.Ticket) error {
	if j.has(live) {
		return j.aside("same")
	}
	if j.person == nil {
		var err error
		if j.person, err = j.it.people.EnsureRequester(j.tx, j.in.From.Email, j.in.From.Name); err != nil {
			return err
		}
	}
	j.tx.As(j.person.ID)
	j.row.Joined, j.row.JoinedBy = l.why, l.by
	m := j.message()
	m.Known = m.Unproven && j.token.Ticket == l.t.ID && j.token.Person == j.person.ID
	m.Outside = l.where == addressed
	m.Origin, m.Brought = l.t.ID, []uint64{l.t.ID}
	by, agents := live.LastBy, live.LastAgent
	j.tx.Act(act.Note)
	j.tx.Internally(true)
	if err := j.it.tickets.AppendMessage(j.tx, live, m, j.in.files); err != nil {
		return err
	}
	live.LastBy, live.LastAgent = by, agents
	if err := store.Tickets.Put(j.tx, live); err != nil {
		return err
	}
	j.tx.Act(act.Message)
	j.tx.Internally(false)
	ticket.Touch(j.tx, l.t)
	if err := store.Tickets.Put(j.tx, l.t); err != nil {
		return err
	}
	return j.done(live, m, false)
}
