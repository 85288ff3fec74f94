package intake

import (
	"errors"
	"slices"

	"sportello/store"
)

// ownMail reports whether the desk sent the mail itself. It knows its own by what it put into it and by the Message-ID,
// not by the sender's address: people of an office write from the address at which the desk takes their mail.
func (j *joining) ownMail() (bool, error) {
	if j.it.post.Mail.Desk != "" && slices.Contains(j.in.Desk, j.it.post.Mail.Desk) {
		return true, nil
	}
	l, err := j.letter(j.in.MessageID)
	return l != nil, store.IgnoreNotFound(err)
}

// share gives the mail to the other mailboxes for which it came, to each as a mail of its own. Which has it already is
// known by the row.
func (j *joining) share() error {
	for _, box := range j.in.boxes {
		if box.Address == j.row.Mailbox {
			continue
		}
		has := false
		for _, have := range j.copies {
			same, err := j.it.samePlace(j.tx, have.Mailbox, box.Address)
			if err != nil {
				return err
			}
			has = has || same
		}
		if has {
			continue
		}
		m := &store.Mail{State: store.MailWaiting, Sum: j.row.Sum, Size: j.row.Size, Cut: j.row.Cut, Source: j.row.Source, Mailbox: box.Address, Return: j.row.Return,
			To: []string{box.Address}}
		if err := store.Mails.Put(j.tx, m); err != nil {
			return err
		}
	}
	return nil
}

// has reports whether the ticket has the mail already, as another mailbox does.
func (j *joining) has(t *store.Ticket) bool {
	return slices.ContainsFunc(j.copies, func(m *store.Mail) bool { return m.State == store.MailDone && m.Ticket == t.ID })
}

// linkCopies links the new ticket with those that the same mail made, or joined, by other mailboxes. Links are for agents:
// each group sees that the others have it too.
func (j *joining) linkCopies(t *store.Ticket) error {
	for _, c := range j.copies {
		if c.State != store.MailDone || c.Ticket == t.ID || slices.Contains(t.Links, c.Ticket) {
			continue
		}
		o, err := j.ticket(c.Ticket)
		if err != nil {
			return err
		}
		if o == nil {
			continue
		}
		t.Links, o.Links = append(t.Links, o.ID), append(slices.Clone(o.Links), t.ID)
		j.tx.Act("link")
		j.tx.Internally(true)
		err = errors.Join(store.Tickets.Put(j.tx, t), store.Tickets.Put(j.tx, o))
		j.tx.Internally(false)
		j.tx.Act("open")
		if err != nil {
			return err
		}
	}
	return nil
}
