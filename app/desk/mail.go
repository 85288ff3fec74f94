package desk

import (
	"bytes"
	"context"
	"crypto/x509"
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

// MailOptions is what the configuration says of mail. The zero value takes mail for the general group and sends none.
type MailOptions struct {
	Mailboxes  []Mailbox
	From       string         // address of the desk itself; empty: no mail leaves
	Servers    []string       // names of our own mail servers, whose word on the sender is believed
	Roots      *x509.CertPool // certificates of PEC providers; nil: nothing is certified
	Key        []byte         // signs reply addresses and reading links
	Desk       string         // what the desk calls itself in its mail, to know it again
	MaxMessage int64          // bytes taken of one mail; 100 MiB when 0
	Gather     time.Duration  // how long events of one ticket are gathered into one mail; a minute when 0
	// How many tickets mail opens in an hour for one address and for one domain that is of no organisation of the desk;
	// what goes beyond is held. 0: any number.
	MostPerAddress, MostPerDomain int
	Forms                         []string // addresses nobody answers, beside noreply@ and its like: Reply-To names who wrote
	DigestAt                      int      // hour at which the daily mail goes; 7 when 0
}

// Who may write to a mailbox. What others write is held until somebody approves it.
const (
	WhoEverybody = "everybody"
	WhoKnown     = "known"   // people the desk knows
	WhoDomains   = "domains" // people of the named domains
	WhoHold      = "hold"    // nobody without approval
)

// Mailbox is an address at which the desk takes mail.
type Mailbox struct {
	Address string
	Group   string // code; empty: the module's, or the general one
	Module  string // code; empty: none
	Who     string
	Domains []string
}

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

// SetMail tells the desk what the configuration says of mail. It is called once, before anything else runs.
func (d *Desk) SetMail(o MailOptions) {
	if o.MaxMessage == 0 {
		o.MaxMessage = defaultMaxMail
	}
	if o.Gather == 0 {
		o.Gather = time.Minute
	}
	if o.DigestAt == 0 {
		o.DigestAt = 7
	}
	o.From = store.Address(o.From)
	o.Forms = slices.Clone(o.Forms)
	for i := range o.Forms {
		o.Forms[i] = store.Address(o.Forms[i])
	}
	for i := range o.Mailboxes {
		o.Mailboxes[i].Address = store.Address(o.Mailboxes[i].Address)
	}
	d.mail = o
}

// MailOptions returns what SetMail was told.
func (d *Desk) MailOptions() MailOptions { return d.mail }

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

// addressOf returns the address at which mail about the group and module comes to the desk: that of the mailbox of the
// module or a level above it, else the group's, else the desk's own.
func (d *Desk) addressOf(tx *store.Tx, group, module uint64) string {
	code := ""
	if g, err := store.Groups.Peek(tx, group); err == nil {
		code = g.Code
	}
	path := ""
	if m, err := store.Modules.Peek(tx, module); err == nil {
		path = m.Code
	}
	best, length := "", -1
	for _, box := range d.mail.Mailboxes {
		switch {
		case box.Module != "" && (path == box.Module || strings.HasPrefix(path, box.Module+"/")) && len(box.Module) > length:
			best, length = box.Address, len(box.Module)
		case length < 0 && box.Module == "" && box.Group == code && code != "":
			best, length = box.Address, 0
		}
	}
	if best == "" {
		for _, box := range d.mail.Mailboxes {
			if box.Group == code && code != "" {
				return box.Address
			}
		}
		best = d.mail.From
	}
	return best
}
