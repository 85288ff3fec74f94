package desk

import (
	"bytes"
	"errors"
	"io"
	"os"
	"time"

	"sportello/app/mail"
	"sportello/store"
)

// OpenMail opens the bytes of a mail as it came, for whoever decides about it. The caller closes it.
func (d *Desk) OpenMail(a Actor, id uint64) (*store.Mail, *os.File, error) {
	var m *store.Mail
	err := d.st.View(func(tx *store.Tx) error {
		var err error
		if m, err = store.Mails.Get(tx, id); err != nil {
			return err
		}
		return d.mayJudge(tx, a, m)
	})
	if err != nil {
		return nil, nil, err
	}
	f, err := d.st.OpenBlob(m.Sum)
	return m, f, err
}

// Original is a mail of a ticket as it came: its row, and what was read in it.
type Original struct {
	Mail    *store.Mail
	Message *store.Message
	Ticket  *store.Ticket
	Read    *mail.Message
	Bytes   []byte
}

// Original returns the mail that a message of a ticket was, for whoever may see the notes of the ticket, and for the
// person who wrote it. NotFound for others: a header says more than the text.
func (d *Desk) Original(a Actor, number, message uint64) (*Original, error) {
	o := &Original{}
	err := d.st.View(func(tx *store.Tx) (err error) {
		o.Ticket, o.Message, o.Mail, err = d.mailOf(tx, a, number, message)
		return err
	})
	if err != nil {
		return nil, err
	}
	f, err := d.st.OpenBlob(o.Mail.Sum)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	if o.Bytes, err = io.ReadAll(f); err != nil {
		return nil, err
	}
	o.Read, err = d.read(bytes.NewReader(o.Bytes), int64(len(o.Bytes)), 0)
	return o, err
}

// LetterPage is a page of letters, newest first.
type LetterPage struct {
	Letters []*store.Letter
	People  map[uint64]*store.Person
	Next    uint64
	Count   map[store.LetterState]int
}

// Letters lists the letters in the state, newest first, for administrators.
func (d *Desk) Letters(a Actor, state store.LetterState, before uint64, limit int) (LetterPage, error) {
	page := LetterPage{Count: map[store.LetterState]int{}, People: map[uint64]*store.Person{}}
	if err := mayAdminister(a); err != nil {
		return page, err
	}
	limit = pageSize(limit)
	err := d.st.View(func(tx *store.Tx) error {
		page.Letters, page.Next = nil, 0
		for _, s := range []store.LetterState{store.LetterQueued, store.LetterSent, store.LetterHeld, store.LetterFailed, store.LetterDropped, store.LetterBounced} {
			page.Count[s] = store.Letters.Count(tx, string(s))
		}
		span := store.Span{Prefix: store.Key(string(state)), Desc: true}
		if before != 0 {
			span.High = store.Key(before)
		}
		for l, err := range store.LettersByState.Rows(tx, span) {
			if err != nil {
				return err
			}
			if len(page.Letters) == limit {
				page.Next = page.Letters[limit-1].ID
				return nil
			}
			page.Letters = append(page.Letters, l)
			if p, err := store.People.Peek(tx, l.Person); err == nil {
				page.People[p.ID] = p
			}
		}
		return nil
	})
	return page, err
}

// What an administrator may have happen to a letter.
const (
	LetterHold  = "hold"
	LetterRetry = "retry"
	LetterDrop  = "drop"
)

// DecideLetter holds a letter that waits, sends one that waits, is held, failed or came back, at once, or drops any of
// these. Conflict for a letter that is past that.
func (d *Desk) DecideLetter(a Actor, id uint64, decision string) error {
	if err := mayAdminister(a); err != nil {
		return err
	}
	err := d.st.Update(a.by(decision+"-letter"), func(tx *store.Tx) error {
		l, err := store.Letters.Get(tx, id)
		if err != nil {
			return err
		}
		past := store.Fail(store.Conflict, "error.letter-past")
		switch {
		case l.State == store.LetterSent || l.State == store.LetterDropped:
			return past
		case decision == LetterHold && l.State == store.LetterQueued:
			l.State, l.Why = store.LetterHeld, WhyAdmin
		case decision == LetterRetry:
			l.State, l.Why, l.Next, l.Tries = store.LetterQueued, "", tx.Now(), 0
		case decision == LetterDrop:
			l.State, l.Why = store.LetterDropped, WhyAdmin
		default:
			return past
		}
		return store.Letters.Put(tx, l)
	})
	if err == nil {
		d.wakeOut()
	}
	return err
}

// ReachAgain takes the mark off a person that mail to them comes back.
func (d *Desk) ReachAgain(a Actor, person uint64) error {
	return d.st.Update(a.by("reach-again"), func(tx *store.Tx) error {
		p, err := store.People.Get(tx, person)
		if err != nil {
			return err
		}
		if !a.IsAdministrator() && !a.IsAgent() && a.ID() != p.ID {
			return denied(a)
		}
		if p.MailFailed.IsZero() {
			return nil
		}
		p.MailFailed, p.MailFailedWhy = time.Time{}, ""
		return store.People.Put(tx, p)
	})
}

// MailPosition returns how far the mailbox has been read.
func (d *Desk) MailPosition(name string) (position string, err error) {
	err = d.st.View(func(tx *store.Tx) error {
		m, err := store.MailboxesByName.First(tx, store.Address(name))
		if errors.Is(err, store.ErrNotFound) {
			return nil
		}
		if err == nil {
			position = m.Position
		}
		return err
	})
	return position, err
}

// KeepMailPosition writes down how far the mailbox has been read.
func (d *Desk) KeepMailPosition(name, position string) error {
	return d.st.Update(store.By{Via: "mail", Act: "position"}, func(tx *store.Tx) error {
		m, err := store.MailboxesByName.First(tx, store.Address(name))
		if errors.Is(err, store.ErrNotFound) {
			m, err = &store.Mailbox{Name: store.Address(name)}, nil
		}
		if err != nil {
			return err
		}
		m.Position, m.LastOK = position, tx.Now()
		return store.Mailboxes.Put(tx, m)
	})
}
