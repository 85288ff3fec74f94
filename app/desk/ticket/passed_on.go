package ticket

import (
	"slices"

	"sportello/app/desk/entry"
	"sportello/app/desk/policy"
	"sportello/app/mail"
	"sportello/app/markup/quote"
	"sportello/store"
	"sportello/store/act"
	"sportello/store/db"
	"sportello/store/fault"
	"sportello/store/spelling"
)

// A person who forwards a mail to the desk becomes the requester, although somebody else is concerned. The text names
// that person; nothing proves it, so nothing happens until an agent confirms it.

// inner returns the author named in the text of the forwarded mail that opened the ticket. It returns nil when the text
// names nobody, the requester, an address of the desk, or one that nobody reads.
func (ts *Tickets) inner(tx *db.Tx, t *store.Ticket, messages []*store.Message) (*quote.Inner, error) {
	i := slices.IndexFunc(messages, func(m *store.Message) bool { return m.Opening })
	if i < 0 || messages[i].Mail == 0 {
		return nil, nil
	}
	in, ok := quote.Forwarded(messages[i].Body)
	in.Email = spelling.Address(in.Email)
	if !ok || !entry.IsAddress(in.Email) || mail.Unanswerable(in.Email) || ts.post.Ours(tx, in.Email) {
		return nil, nil
	}
	p, err := store.People.Peek(tx, t.Requester)
	if err != nil || p.Email == in.Email {
		return nil, fault.IgnoreNotFound(err)
	}
	return &in, nil
}

// passedOn makes another person the requester, with their current organisation and unit. The previous requester
// forwarded the mail and stays as a participant, unless they never confirmed that the ticket was theirs.
func (w *Change) passedOn() error {
	if w.s.For == "" {
		return nil
	}
	if err := w.need(policy.Arrange); err != nil {
		return err
	}
	t, address := w.t, spelling.Address(w.s.For)
	if !entry.PlausibleAddress(address) || w.ts.post.Ours(w.tx, address) {
		return fault.New(fault.Invalid, "error.email").At("requester")
	}
	messages, err := store.MessagesByTicket.Find(w.tx, t.ID)
	if err != nil {
		return err
	}
	in, err := w.ts.inner(w.tx, t, messages)
	if err != nil {
		return err
	}
	name := ""
	if in != nil && in.Email == address {
		name = in.Name
	}
	p, err := w.ts.people.EnsureRequester(w.tx, address, name)
	if err != nil {
		return err
	}
	if p.ID == t.Requester {
		return nil
	}
	was, unclaimed := t.Requester, t.Unclaimed
	if p.Disabled {
		return fault.New(fault.Invalid, "error.person-disabled").At("requester")
	}
	t.Participants = db.Without(t.Participants, p.ID)
	added := map[uint64]uint64{}
	for person, by := range t.AddedBy {
		if person != p.ID {
			added[person] = by
		}
	}
	t.AddedBy = added
	t.Requester, t.Unclaimed = p.ID, false
	t.Wear(p.HatNear(t.Hat(), w.tx.Now()))
	if !unclaimed && !slices.Contains(t.Participants, was) {
		t.Participants = append(slices.Clone(t.Participants), was)
	}
	if len(t.AddedBy) == 0 {
		t.AddedBy = nil
	}
	w.changed(act.Requester)
	if err := w.Flush(); err != nil {
		return err
	}
	w.stand = w.ts.rights.Stand(w.tx, w.a, t)
	return nil
}
