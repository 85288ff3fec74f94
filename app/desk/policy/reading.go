package policy

import (
	"iter"

	"sportello/store"
	"sportello/store/db"
	"sportello/store/fault"
	"sportello/store/key"
)

// MayReadMessage returns nil when the actor may read the message or note. People who may see the notes of its ticket
// read all of it; the requester's side and colleagues read what store.SideMessages returns. Messages from a duplicate are visible
// only to the requester's side of the duplicate. Others get a NotFound error.
func (rs *Rights) MayReadMessage(tx *db.Tx, a Actor, m *store.Message) error {
	gone := fault.New(fault.NotFound, "error.not-found")
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
	if s := rs.Stand(tx, a, t); !s.Side() && !s.Is[AsColleague] || rs.May(tx, a, See, t) != nil {
		return gone
	}
	return nil
}

// Messages yields the ticket's messages and notes that the actor may read, by time, as far as they are asked for. The
// actor may see the ticket; s is their relation to it.
func (rs *Rights) Messages(tx *db.Tx, t *store.Ticket, s Standing) iter.Seq2[*store.Message, error] {
	notes := s.Allows(SeeNotes)
	return func(yield func(*store.Message, error) bool) {
		var away []*store.Message
		if s.Side() || !notes { // it gave them away and may not see the ticket they are in now
			var err error
			if away, err = store.SideMessagesAway(tx, t); err != nil {
				yield(nil, err)
				return
			}
		}
		for m, err := range store.MessagesByTicket.Rows(tx, db.Span{Prefix: key.Of(t.ID)}) {
			if err == nil && !notes && (m.Internal || m.Merged()) {
				continue
			}
			for err == nil && len(away) > 0 && away[0].At.Before(m.At) {
				if !yield(away[0], nil) {
					return
				}
				away = away[1:]
			}
			if !yield(m, err) || err != nil {
				return
			}
		}
		for _, m := range away {
			if !yield(m, nil) {
				return
			}
		}
	}
}

// Files yields the files of the ticket's messages and notes that the actor may read, by number; s is their relation to
// the ticket.
func (rs *Rights) Files(tx *db.Tx, t *store.Ticket, s Standing) iter.Seq2[*store.File, error] {
	if !s.Allows(SeeNotes) {
		return store.SideFiles(tx, t)
	}
	return func(yield func(*store.File, error) bool) {
		for f, err := range store.FilesByTicket.Rows(tx, db.Span{Prefix: key.Of(t.ID)}) {
			if !yield(f, err) || err != nil {
				return
			}
		}
		for f, err := range store.SideFiles(tx, t) {
			if s.Side() && (err != nil || f.Ticket != t.ID) && !yield(f, err) {
				return
			}
		}
	}
}
