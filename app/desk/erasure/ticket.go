package erasure

import (
	"sportello/app/desk/policy"
	"sportello/store"
	"sportello/store/act"
	"sportello/store/db"
	"sportello/store/fault"
	"sportello/store/key"
)

// Ticket is what removing a ticket would take away.
type Ticket struct {
	Number   uint64
	Why      string // key of the sentence why it cannot be; empty: it can
	Messages int
	Files    []*store.File
	Mails    int // originals
	Letters  int // that the desk sent about it
}

// PreviewTicket returns what removing the ticket would take away. Only administrators may call it. It tells
// nothing of what the ticket says.
func (es *Erasures) PreviewTicket(a policy.Actor, number uint64) (out *Ticket, err error) {
	if err := policy.MayAdminister(a); err != nil {
		return nil, err
	}
	err = es.st.View(func(tx *db.Tx) (err error) {
		if _, err := store.Tickets.Get(tx, number); err != nil {
			return err
		}
		out = &Ticket{Number: number}
		if out.Why, err = mergedWith(tx, number); err != nil {
			return err
		}
		messages, err := store.MessagesByTicket.Find(tx, number)
		if err != nil {
			return err
		}
		out.Messages = len(messages)
		if out.Files, err = store.FilesByTicket.Find(tx, number); err != nil {
			return err
		}
		out.Mails, out.Letters = rows(tx, store.MailsByTicket, number), rows(tx, store.LettersByTicket, number)
		return nil
	})
	return out, err
}

func rows[T any](tx *db.Tx, ix *db.Index[T], number uint64) (n int) {
	for range ix.Entries(tx, db.Span{Prefix: key.Of(number)}) {
		n++
	}
	return n
}

// mergedWith returns the key of the sentence that forbids to remove a ticket in which words of another one's people stand, or
// whose words stand in another; empty when there are none.
func mergedWith(tx *db.Tx, number uint64) (string, error) {
	messages, err := store.MessagesByTicket.Find(tx, number)
	if err != nil {
		return "", err
	}
	for _, m := range messages {
		if m.Merged() {
			return "erasure.refused-merged", nil
		}
	}
	away, err := store.MessagesByBrought.Find(tx, number)
	if err != nil {
		return "", err
	}
	for _, m := range away {
		if m.Ticket != number {
			return "erasure.refused-merged", nil
		}
	}
	return "", nil
}

// EraseTicket removes the ticket with everything that belongs to it: messages, files, mails with their originals, letters, and
// what the change log says of its values. Its number is not used again. It returns Conflict with the sentence of a preview's
// Why. Only administrators may call it.
func (es *Erasures) EraseTicket(a policy.Actor, number uint64) (*store.Erasure, error) {
	if err := policy.MayAdminister(a); err != nil {
		return nil, err
	}
	e := &store.Erasure{Kind: store.EraseTicket, Of: number, By: a.ID(), State: store.ErasureRunning}
	err := es.st.Update(a.By(act.EraseTicket), func(tx *db.Tx) error {
		if !a.System {
			why, err := mergedWith(tx, number)
			if err != nil {
				return err
			}
			if why != "" {
				return fault.New(fault.Conflict, why)
			}
		}
		e.Row = db.Row{}
		return es.eraseTicket(tx, e)
	})
	if err == nil {
		es.poke()
	}
	return e, err
}

func (es *Erasures) eraseTicket(tx *db.Tx, e *store.Erasure) error {
	if _, err := store.Tickets.Get(tx, e.Of); err != nil {
		return err
	}
	tx.Erasing()
	if err := es.tickets.Forget(tx, e.Of); err != nil {
		return err
	}
	if _, err := tx.BlankTicketChanges(e.Of); err != nil {
		return err
	}
	return store.Erasures.Put(tx, e)
}
