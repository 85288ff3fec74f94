package intake

import (
	"bytes"
	"errors"
	"io"
	"os"

	"sportello/app/desk/policy"
	"sportello/app/mail"
	"sportello/store"
	"sportello/store/act"
	"sportello/store/db"
	"sportello/store/door"
	"sportello/store/fault"
	"sportello/store/spelling"
)

// OpenOriginal opens the original mail of a ticket's message for everyone who may call Original. The caller closes the
// file. Others get a NotFound error.
func (it *Intake) OpenOriginal(a policy.Actor, number, message uint64) (*store.Mail, *os.File, error) {
	var row *store.Mail
	err := it.st.View(func(tx *db.Tx) (err error) {
		_, _, row, err = it.mailOf(tx, a, number, message)
		return err
	})
	if err != nil {
		return nil, nil, err
	}
	f, err := it.st.OpenBlob(row.Sum)
	return row, f, err
}

// mailOf returns the original mail of a ticket's message for people who may see the ticket's notes, and for its author.
func (it *Intake) mailOf(tx *db.Tx, a policy.Actor, number, message uint64) (*store.Ticket, *store.Message, *store.Mail, error) {
	gone := fault.New(fault.NotFound, "error.not-found")
	t, err := store.Tickets.Get(tx, number)
	if err != nil {
		return nil, nil, nil, err
	}
	m, err := store.Messages.Get(tx, message)
	if err != nil || m.Ticket != t.ID && m.Side() != t.ID || m.Mail == 0 {
		return nil, nil, nil, gone
	}
	if it.rights.MayReadMessage(tx, a, m) != nil {
		return nil, nil, nil, gone
	}
	if in, err := store.Tickets.Get(tx, m.Ticket); err != nil || m.Author != a.ID() && it.rights.May(tx, a, policy.SeeNotes, in) != nil {
		return nil, nil, nil, gone
	}
	row, err := store.Mails.Get(tx, m.Mail)
	return t, m, row, err
}

// ReadMail returns a mail and its parsed content for everyone who may decide about it (see Mails); Ticket and Message
// are nil. Others get a NotFound error.
func (it *Intake) ReadMail(a policy.Actor, id uint64) (*Original, error) {
	row, f, err := it.OpenMail(a, id)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	o := &Original{Mail: row}
	if o.Bytes, err = io.ReadAll(f); err != nil {
		return nil, err
	}
	o.Read, err = it.read(bytes.NewReader(o.Bytes), int64(len(o.Bytes)), 0)
	return o, err
}

// OpenMail opens the original bytes of a mail for everyone who may decide about it. The caller closes the file.
func (it *Intake) OpenMail(a policy.Actor, id uint64) (*store.Mail, *os.File, error) {
	var m *store.Mail
	err := it.st.View(func(tx *db.Tx) error {
		var err error
		if m, err = store.Mails.Get(tx, id); err != nil {
			return err
		}
		return it.rights.MayJudge(tx, a, m)
	})
	if err != nil {
		return nil, nil, err
	}
	f, err := it.st.OpenBlob(m.Sum)
	return m, f, err
}

// Original is the original mail of a ticket's message: its row and its parsed content.
type Original struct {
	Mail    *store.Mail
	Message *store.Message
	Ticket  *store.Ticket
	Read    *mail.Message
	Bytes   []byte
}

// Original returns the original mail of a ticket's message for people who may see the ticket's notes, and for its
// author. Others get a NotFound error, because a header contains more than the text.
func (it *Intake) Original(a policy.Actor, number, message uint64) (*Original, error) {
	o := &Original{}
	err := it.st.View(func(tx *db.Tx) (err error) {
		o.Ticket, o.Message, o.Mail, err = it.mailOf(tx, a, number, message)
		return err
	})
	if err != nil {
		return nil, err
	}
	f, err := it.st.OpenBlob(o.Mail.Sum)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	if o.Bytes, err = io.ReadAll(f); err != nil {
		return nil, err
	}
	o.Read, err = it.read(bytes.NewReader(o.Bytes), int64(len(o.Bytes)), 0)
	return o, err
}

// MailPosition returns the position up to which the mailbox has been read.
func (it *Intake) MailPosition(name string) (position string, err error) {
	err = it.st.View(func(tx *db.Tx) error {
		m, err := store.MailboxesByName.First(tx, spelling.Address(name))
		if errors.Is(err, fault.ErrNotFound) {
			return nil
		}
		if err == nil {
			position = m.Position
		}
		return err
	})
	return position, err
}

// KeepMailPosition stores the position up to which the mailbox has been read.
func (it *Intake) KeepMailPosition(name, position string) error {
	return it.st.Update(db.By{Via: door.Mail, Act: act.Position}, func(tx *db.Tx) error {
		m, err := store.MailboxesByName.First(tx, spelling.Address(name))
		if errors.Is(err, fault.ErrNotFound) {
			m, err = &store.Mailbox{Name: spelling.Address(name)}, nil
		}
		if err != nil {
			return err
		}
		m.Position, m.LastOK = position, tx.Now()
		return store.Mailboxes.Put(tx, m)
	})
}
