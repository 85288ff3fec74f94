package intake

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

	"sportello/app/desk/entry"
	"sportello/app/mail"
	"sportello/store"
	"sportello/store/act"
	"sportello/store/db"
	"sportello/store/door"
	"sportello/store/fault"
	"sportello/store/key"
	"sportello/store/spelling"
)

// From is what is known about a mail apart from its content.
type From struct {
	Source  string // imap, lmtp, smtp, pipe, import
	Mailbox string // address of the mailbox, if the source names it
	Return  string // envelope sender
	To      []string
	Cut     bool // the mail is incomplete: only its beginning was transferred
}

// Take stores a mail unchanged and returns its row once content and row are on disk. The same bytes for the same
// mailbox are the same mail. It returns TooLarge above MaxMessage and stores nothing. It returns Unavailable with
// ErrMailRoom for a stranger's mail while held mail uses all the space for strangers; the sender tries again later. For
// a mail in one of our own mailboxes it then stores only the beginning, so that the mail does not delay those behind
// it.
func (it *Intake) Take(from From, r io.Reader) (*store.Mail, error) {
	blob, err := it.st.PutBlob(r, it.post.Mail().MaxMessage)
	if err != nil {
		return nil, err
	}
	beginning, err := it.beginningOf(blob.Sum)
	if err != nil {
		return nil, err
	}
	switch full, err := it.noRoom(blob.Size, beginning); {
	case err != nil:
		return nil, err
	case full && from.Source != "imap":
		return nil, &fault.Error{Kind: fault.Unavailable, Key: "error.mail-room", Err: ErrMailRoom}
	case full:
		from.Cut = true
		if blob, err = it.st.PutBlob(bytes.NewReader(beginning), 0); err != nil {
			return nil, err
		}
	}
	var out *store.Mail
	err = it.st.Update(db.By{Via: door.Mail, Act: act.TakeMail}, func(tx *db.Tx) error {
		have, err := it.haveMail(tx, blob.Sum, from)
		if err != nil || have != nil {
			out = have
			return err
		}
		out = &store.Mail{State: store.MailWaiting, Sum: blob.Sum, Size: blob.Size, Cut: from.Cut, Source: from.Source,
			Mailbox: spelling.Address(from.Mailbox), Return: spelling.Address(from.Return)}
		for _, to := range from.To {
			if len(out.To) < 100 {
				out.To = append(out.To, spelling.Address(to))
			}
		}
		return store.Mails.Put(tx, out)
	})
	if err != nil {
		return nil, err
	}
	it.wakeMail()
	return out, nil
}

func (it *Intake) wakeMail() {
	select {
	case it.mailWaits <- struct{}{}:
	default:
	}
}

// Run processes mail as it arrives until the context ends.
func (it *Intake) Run(ctx context.Context) error {
	if err := it.adoptMail(ctx); err != nil {
		return err
	}
	for {
		if err := it.Process(ctx); err != nil {
			return err
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-it.mailWaits:
		case <-time.After(time.Minute): // a lost signal costs at most a minute
		}
	}
}

// Process processes all waiting mail. A mail that cannot be processed is kept with the reason and does not delay the
// others. It returns an error only when the desk itself cannot read or write.
func (it *Intake) Process(ctx context.Context) error {
	it.mailMu.Lock()
	defer it.mailMu.Unlock()
	after := uint64(0)
	for ctx.Err() == nil {
		var row *store.Mail
		err := it.st.View(func(tx *db.Tx) error {
			row = nil
			span := db.Span{Prefix: key.Of(string(store.MailWaiting))}
			if after != 0 {
				span.Low = key.Of(after + 1)
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
		if err := it.processOne(row); err != nil {
			return err
		}
	}
	return ctx.Err()
}

// processOne processes one mail. It writes a problem of the mail into its row.
func (it *Intake) processOne(row *store.Mail) (err error) {
	fail := func(why, detail string) error {
		return it.st.Update(db.By{Via: door.Mail, Act: act.FailMail}, func(tx *db.Tx) error {
			m, err := store.Mails.Get(tx, row.ID)
			if err != nil {
				return err
			}
			m.State, m.Why, m.Detail, m.Tries = store.MailFailed, why, entry.Cut(detail, 500), m.Tries+1
			if m.Group == 0 {
				if m.Group, err = it.groupOfMail(tx, m); err != nil {
					return err
				}
			}
			return store.Mails.Put(tx, m)
		})
	}
	defer func() {
		if p := recover(); p != nil {
			it.log.Error("mail: panic while processing", "mail", row.ID, "panic", p, "stack", string(debug.Stack()))
			err = fail("panic", fmt.Sprint(p))
		}
	}()
	in, err := it.readMail(row)
	if err == nil {
		err = it.joinMail(row, in)
	}
	switch {
	case err == nil:
		return nil
	case errors.Is(err, fault.ErrUnavailable):
		return err // the desk cannot write at the moment; the mail waits
	}
	it.log.Warn("mail could not be processed", "mail", row.ID, "err", err)
	why, detail := "fault", err.Error()
	var refused *fault.Error
	if errors.As(err, &refused) && refused.Kind != fault.Internal {
		why, detail = strings.TrimPrefix(refused.Key, "error."), ""
	}
	return fail(why, detail)
}

// recipients returns all addresses the mail was for, according to envelope, mail servers and header.
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
