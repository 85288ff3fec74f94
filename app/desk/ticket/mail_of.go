package ticket

import (
	"errors"
	"slices"

	"sportello/store"
	"sportello/store/db"
)

// What mail knows about a ticket besides its messages: Message-IDs, original mails, letters and links. All of it
// follows the messages when they move.

// moveMail makes mail follow a message to another ticket.
func moveMail(tx *db.Tx, m *store.Message, to uint64) error {
	ids, err := store.MailIDsByMessage.Find(tx, m.ID)
	if err != nil {
		return err
	}
	for _, id := range ids {
		id.Ticket = to
		if err := store.MailIDs.Put(tx, id); err != nil {
			return err
		}
	}
	if m.Mail == 0 {
		return nil
	}
	row, err := store.Mails.Get(tx, m.Mail)
	if err != nil {
		return err
	}
	row.Ticket = to
	return store.Mails.Put(tx, row)
}

// moveMailTo makes mail follow from one message to another of the same ticket.
func moveMailTo(tx *db.Tx, from, to *store.Message) error {
	ids, err := store.MailIDsByMessage.Find(tx, from.ID)
	if err != nil {
		return err
	}
	for _, id := range ids {
		id.Message = to.ID
		if err := store.MailIDs.Put(tx, id); err != nil {
			return err
		}
	}
	row, err := store.Mails.Get(tx, to.Mail)
	if err != nil {
		return err
	}
	row.Message = to.ID
	return store.Mails.Put(tx, row)
}

// ForgetMail removes everything mail knows about the ticket, including the original mails. Messages that were mails are
// expected to name none of them any more. It asks no right.
func (ts *Tickets) ForgetMail(tx *db.Tx, ticket uint64) error { return removeMail(tx, ticket) }

// removeMail removes everything mail knows about a ticket that is being removed, including the original mails.
func removeMail(tx *db.Tx, ticket uint64) error {
	return errors.Join(
		removeAll(tx, store.MailIDs, store.MailIDsByTicket, ticket, func(m *store.MailID) uint64 { return m.ID }),
		removeAll(tx, store.Mails, store.MailsByTicket, ticket, func(m *store.Mail) uint64 { return m.ID }),
		removeAll(tx, store.Letters, store.LettersByTicket, ticket, func(l *store.Letter) uint64 { return l.ID }),
		removeAll(tx, store.TicketLinks, store.TicketLinksByTicket, ticket, func(l *store.TicketLink) uint64 { return l.ID }))
}

// removeAll deletes the table's rows that the index lists under the ticket.
func removeAll[T any](tx *db.Tx, table *db.Table[T], ix *db.Index[T], ticket uint64, id func(*T) uint64) error {
	rows, err := ix.Find(tx, ticket)
	if err != nil {
		return err
	}
	for _, r := range rows {
		if err := table.Delete(tx, id(r)); err != nil {
			return err
		}
	}
	return nil
}

// Mails returns the mails that messages of the ticket were, by number, for agents; none for whom may see no notes.
func (ts *Tickets) Mails(v *View) (map[uint64]*store.Mail, error) {
	out := map[uint64]*store.Mail{}
	if !v.Agents {
		return out, nil
	}
	err := ts.st.View(func(tx *db.Tx) error {
		for _, m := range slices.Concat(v.Messages, v.Beside) {
			if m.Mail == 0 {
				continue
			}
			row, err := store.Mails.Get(tx, m.Mail)
			if err != nil {
				return err
			}
			out[m.Mail] = row
		}
		return nil
	})
	return out, err
}
