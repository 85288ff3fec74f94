package policy

import (
	"slices"

	"sportello/store"
)

// MayReadMessage returns nil when the actor may read the message or note. People who may see the notes of its ticket
// read all of it; the requester's side reads what store.SideMessages returns. Messages from a duplicate are visible
// only to the requester's side of the duplicate. Others get a NotFound error.
func (rs *Rights) MayReadMessage(tx *store.Tx, a Actor, m *store.Message) error {
	gone := store.Fail(store.NotFound, "error.not-found")
	t, err := store.Tickets.Glance(tx, m.Ticket)
	if err != nil {
		return err
	}
	if rs.May(tx, a, SeeNotes, t) == nil {
		return nil
	}
	if m.Internal {
		return gone
	}
	if m.Merged() {
		if t, err = store.Tickets.Glance(tx, m.Side()); err != nil {
			return err
		}
	}
	if !rs.Stand(tx, a, t).Side() || rs.May(tx, a, See, t) != nil {
		return gone
	}
	return nil
}

// Messages returns the ticket's messages and notes that the actor may read, by time. The actor may see the ticket; s is
// their relation to it.
func (rs *Rights) Messages(tx *store.Tx, t *store.Ticket, s Standing) ([]*store.Message, error) {
	if !s.Allows(SeeNotes) {
		return store.SideMessages(tx, t)
	}
	out, err := store.MessagesByTicket.Find(tx, t.ID)
	if err != nil || !s.Side() {
		return out, err
	}
	side, err := store.SideMessages(tx, t)
	if err != nil {
		return nil, err
	}
	for _, m := range side {
		if m.Ticket != t.ID { // it gave them away and may not see the ticket they are in now
			out = append(out, m)
		}
	}
	slices.SortStableFunc(out, func(x, y *store.Message) int { return x.At.Compare(y.At) })
	return out, nil
}
