package intake

import (
	"errors"
	"slices"

	"sportello/store"
	"sportello/store/act"
	"sportello/store/fault"
)

// ownMail reports whether the desk itself sent the mail. It recognises its own mail by its header and Message-ID, not
// by the sender's address, because people of an office write from the address at which the desk receives mail.
func (j *joining) ownMail() (bool, error) {
	if j.it.post.Mail().Desk != "" && slices.Contains(j.in.Desk, j.it.post.Mail().Desk) {
		return true, nil
	}
	l, err := j.letter(j.in.MessageID)
	return l != nil, fault.IgnoreNotFound(err)
}

// share passes the mail to the other mailboxes it was for, as a separate mail each. The row records which have it
// already.
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

// has reports whether the ticket already contains the mail, through another mailbox.
func (j *joining) has(t *store.Ticket) bool {
	return slices.ContainsFunc(j.copies, func(m *store.Mail) bool { return m.State == store.MailDone && m.Ticket == t.ID })
}

// linkCopies links the new ticket with those that the same mail opened or joined through other mailboxes. Only agents
// see links: each group sees that the others have the mail too.
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
		j.tx.Act(act.Link)
		j.tx.Internally(true)
		err = errors.Join(store.Tickets.Put(j.tx, t), store.Tickets.Put(j.tx, o))
		j.tx.Internally(false)
		j.tx.Act(act.Open)
		if err != nil {
			return err
		}
	}
	return nil
}
