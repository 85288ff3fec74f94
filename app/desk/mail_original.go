package desk

import (
	"bytes"
	"io"
	"os"
	"time"

	"sportello/store"
)

// OpenOriginal opens the bytes of the mail that a message of a ticket was, for those Original is for. The caller closes
// it. NotFound for others.
func (d *Desk) OpenOriginal(a Actor, number, message uint64) (*store.Mail, *os.File, error) {
	var row *store.Mail
	err := d.st.View(func(tx *store.Tx) (err error) {
		_, _, row, err = d.mailOf(tx, a, number, message)
		return err
	})
	if err != nil {
		return nil, nil, err
	}
	f, err := d.st.OpenBlob(row.Sum)
	return row, f, err
}

// mailOf finds the mail that a message of a ticket was, for whoever may see the notes of the ticket, and for the person
// who wrote it.
func (d *Desk) mailOf(tx *store.Tx, a Actor, number, message uint64) (*store.Ticket, *store.Message, *store.Mail, error) {
	gone := store.Fail(store.NotFound, "error.not-found")
	t, err := store.Tickets.Get(tx, number)
	if err != nil {
		return nil, nil, nil, err
	}
	m, err := store.Messages.Get(tx, message)
	if err != nil || m.Ticket != t.ID && m.Side() != t.ID || m.Mail == 0 {
		return nil, nil, nil, gone
	}
	if d.mayReadMessage(tx, a, m) != nil {
		return nil, nil, nil, gone
	}
	if in, err := store.Tickets.Get(tx, m.Ticket); err != nil || m.Author != a.ID() && d.may(tx, a, SeeNotes, in) != nil {
		return nil, nil, nil, gone
	}
	row, err := store.Mails.Get(tx, m.Mail)
	return t, m, row, err
}

// ReadMail returns a mail as it came and what is read in it, for whoever decides about it (see Mails); Ticket and
// Message are nil. NotFound for others.
func (d *Desk) ReadMail(a Actor, id uint64) (*Original, error) {
	row, f, err := d.OpenMail(a, id)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	o := &Original{Mail: row}
	if o.Bytes, err = io.ReadAll(f); err != nil {
		return nil, err
	}
	o.Read, err = d.read(bytes.NewReader(o.Bytes), int64(len(o.Bytes)), 0)
	return o, err
}

// LinkHolder is somebody who can read a ticket without signing in, by a link that mail brought them.
type LinkHolder struct {
	Person *store.Person
	Ends   time.Time
}

// LinkHolders lists who holds a link to the ticket that still opens it, for those who may withdraw it (see
// WithdrawLinks); for others it is empty.
func (d *Desk) LinkHolders(a Actor, number uint64) ([]LinkHolder, error) {
	var out []LinkHolder
	err := d.st.View(func(tx *store.Tx) error {
		out = nil
		t, err := store.Tickets.Get(tx, number)
		if err != nil {
			return err
		}
		if s := d.stand(tx, a, t); d.may(tx, a, See, t) != nil || !s.allows(Arrange) && !s.is[asRequester] {
			return nil
		}
		for l, err := range store.TicketLinksByTicket.Rows(tx, store.Span{Prefix: store.Key(number)}) {
			if err != nil {
				return err
			}
			p, err := store.People.Get(tx, l.Person)
			if err != nil || l.Withdrawn || !tx.Now().Before(l.Ends) || !t.OnSide(l.Person) || p.Disabled {
				continue
			}
			out = append(out, LinkHolder{bare(p), l.Ends})
		}
		return nil
	})
	return out, err
}

// LinkFacts says of a link that opens a ticket (see LinkedTicket) until when it does, and to which address its person
// answers by mail, "" when the desk has none.
func (d *Desk) LinkFacts(token string) (ends time.Time, replyTo string, err error) {
	gone := store.Fail(store.NotFound, "error.link-gone")
	n, ok := d.openToken("read", readMAC, token)
	if !ok || len(n) != 3 {
		return ends, "", gone
	}
	err = d.st.View(func(tx *store.Tx) error {
		l, err := store.TicketLinksByTicket.First(tx, n[0], n[1])
		if err != nil || l.Withdrawn || l.Serial != n[2] {
			return gone
		}
		t, err := store.Tickets.Get(tx, l.Ticket)
		if err != nil {
			return gone
		}
		ends, replyTo = l.Ends, d.ReplyAddress(d.addressOf(tx, t.Group, t.Module), t.ID, l.Person, PurposePublic)
		return nil
	})
	return ends, replyTo, err
}
