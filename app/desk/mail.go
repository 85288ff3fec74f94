package desk

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"runtime/debug"
	"slices"
	"strings"
	"time"

	"sportello/app/mail"
	"sportello/store"
)

// Mail comes in two steps. TakeMail puts the bytes and a row on disk; only then may whoever brought it acknowledge it.
// RunMail reads what waits, one after the other: what it is (package mail), whose it is and where it belongs
// (mail_join.go), and makes it a message in one transaction.
//
//	mail.go         what the configuration says; taking and processing
//	mail_read.go    from bytes to text, files and what copies have in common
//	mail_join.go    which ticket, and as whom
//	mail_report.go  reports about what the desk sent
//	mail_token.go   the secrets in reply addresses and reading links
//	mail_return.go  the secret in the sender of a letter's envelope, and whether mail comes back there
//	mail_judge.go   what people make of what became no message
//	mail_admin.go   originals, and what administrators do with letters
//	mail_import.go  years of mail at once
//	letter.go       planning what goes out; letter_send.go: sending it

// MailFrom is what is known of a mail beside its bytes.
type MailFrom struct {
	Source  string // imap, lmtp, smtp, pipe, import
	Mailbox string // its address, when the way it came by says so
	Return  string // sender of the envelope
	To      []string
	Cut     bool // only the beginning is there
}

const (
	defaultMaxMail = 100 << 20
	mailTries      = 5 // of a mail whose processing fails because the desk cannot write
)

// TakeMail keeps a mail as it came and returns its row once both are on disk. The same bytes again are the same mail, where
// it came to the same mailbox.
// TooLarge beyond MaxMessage, with nothing kept. Unavailable with ErrMailRoom for a stranger's while held mail takes all
// the room that strangers have: whoever brings it tries again later. Of one that lies in a mailbox of ours only the
// beginning is taken then, so that it holds up nothing that lies there behind it.
func (d *Desk) TakeMail(from MailFrom, r io.Reader) (*store.Mail, error) {
	blob, err := d.st.PutBlob(r, d.mail.MaxMessage)
	if err != nil {
		return nil, err
	}
	beginning, err := d.beginningOf(blob.Sum)
	if err != nil {
		return nil, err
	}
	switch full, err := d.noRoom(blob.Size, beginning); {
	case err != nil:
		return nil, err
	case full && from.Source != "imap":
		return nil, &store.Error{Kind: store.Unavailable, Key: "error.mail-room", Err: ErrMailRoom}
	case full:
		from.Cut = true
		if blob, err = d.st.PutBlob(bytes.NewReader(beginning), 0); err != nil {
			return nil, err
		}
	}
	var out *store.Mail
	err = d.st.Update(store.By{Via: "mail", Act: "take-mail"}, func(tx *store.Tx) error {
		have, err := d.haveMail(tx, blob.Sum, from)
		if err != nil || have != nil {
			out = have
			return err
		}
		out = &store.Mail{State: store.MailWaiting, Sum: blob.Sum, Size: blob.Size, Cut: from.Cut, Source: from.Source,
			Mailbox: store.Address(from.Mailbox), Return: store.Address(from.Return)}
		for _, to := range from.To {
			if len(out.To) < 100 {
				out.To = append(out.To, store.Address(to))
			}
		}
		return store.Mails.Put(tx, out)
	})
	if err != nil {
		return nil, err
	}
	d.wakeMail()
	return out, nil
}

func (d *Desk) wakeMail() {
	select {
	case d.mailWaits <- struct{}{}:
	default:
	}
}

// RunMail processes mail as it comes, until the context ends.
func (d *Desk) RunMail(ctx context.Context) error {
	if err := d.adoptMail(ctx); err != nil {
		return err
	}
	for {
		if err := d.ProcessMail(ctx); err != nil {
			return err
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-d.mailWaits:
		case <-time.After(time.Minute): // a wake-up that was lost costs a minute
		}
	}
}

// ProcessMail processes all that waits. A mail that cannot be processed is kept with the reason and does not hold up
// those behind it; an error is returned only when the desk itself cannot read or write.
func (d *Desk) ProcessMail(ctx context.Context) error {
	d.mailMu.Lock()
	defer d.mailMu.Unlock()
	after := uint64(0)
	for ctx.Err() == nil {
		var row *store.Mail
		err := d.st.View(func(tx *store.Tx) error {
			row = nil
			span := store.Span{Prefix: store.Key(string(store.MailWaiting))}
			if after != 0 {
				span.Low = store.Key(after + 1)
			}
			for m, err := range store.MailsByState.Rows(tx, span) {
				row = m
				return err
			}
			return nil
		})
		if err != nil || row == nil {
			return err
		}
		after = row.ID
		if err := d.processOne(row); err != nil {
			return err
		}
	}
	return ctx.Err()
}

// processOne makes a mail what it is to be. What is wrong with the mail is written into its row.
func (d *Desk) processOne(row *store.Mail) (err error) {
	fail := func(why, detail string) error {
		return d.st.Update(store.By{Via: "mail", Act: "fail-mail"}, func(tx *store.Tx) error {
			m, err := store.Mails.Get(tx, row.ID)
			if err != nil {
				return err
			}
			m.State, m.Why, m.Detail, m.Tries = store.MailFailed, why, cutRunes(detail, 500), m.Tries+1
			if m.Group == 0 {
				if m.Group, err = d.groupOfMail(tx, m); err != nil {
					return err
				}
			}
			return store.Mails.Put(tx, m)
		})
	}
	defer func() {
		if p := recover(); p != nil {
			d.log.Error("mail: panic while processing", "mail", row.ID, "panic", p, "stack", string(debug.Stack()))
			err = fail("panic", fmt.Sprint(p))
		}
	}()
	in, err := d.readMail(row)
	if err == nil {
		err = d.joinMail(row, in)
	}
	switch {
	case err == nil:
		return nil
	case errors.Is(err, store.ErrUnavailable):
		return err // the desk cannot write just now; the mail waits
	}
	d.log.Warn("mail could not be processed", "mail", row.ID, "err", err)
	why, detail := "fault", err.Error()
	var refused *store.Error
	if errors.As(err, &refused) && refused.Kind != store.Internal {
		why, detail = strings.TrimPrefix(refused.Key, "error."), ""
	}
	return fail(why, detail)
}

// recipients are all addresses a mail was for, as envelope, mail servers and sender name them.
func recipients(row *store.Mail, m *mail.Message) []string {
	out := slices.Clone(row.To)
	out = append(out, m.Delivered...)
	for _, list := range [][]mail.Address{m.To, m.Cc} {
		for _, a := range list {
			out = append(out, a.Email)
		}
	}
	return out
}
