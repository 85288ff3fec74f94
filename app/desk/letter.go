package desk

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"slices"
	"strings"
	"time"

	"sportello/store"
)

// Letters are planned where notices are: in the transaction that moves the planner's cursor, so that each event is
// planned exactly once. Events of one ticket within a minute become one letter for each person.

// How much the desk sends at most. What goes beyond is not lost: the letter is held and the administrator sees it.
const (
	mostConfirmations = 5  // of tickets opened, to one address in an hour
	mostToAddress     = 60 // letters to one address in an hour
	mostOfTicket      = 20 // letters about one ticket to one address in an hour
)

// Reasons why a letter is held or was dropped.
const (
	WhyRate        = "rate"        // a limit of what the desk sends
	WhyUnreachable = "unreachable" // mail to the address comes back
	WhyAdmin       = "admin"       // an administrator decided
	WhyMayNotSee   = "may-not-see" // the person may no longer see what it would tell
	WhyGone        = "gone"        // ticket or person are no more
)

// planLetter has the notice go out by mail, unless the person has the text already, is told by the daily mail, or
// cannot be reached.
func (d *Desk) planLetter(tx *store.Tx, t *store.Ticket, p *store.Person, n *store.Notice, optional bool) error {
	if d.mail.From == "" || !plausibleAddress(p.Email) || d.ours(p.Email) {
		return nil
	}
	if optional && p.Notices == store.NoticeDigest {
		n.Digest = true
		return store.Notices.Put(tx, n)
	}
	if n.Reply != 0 {
		m, err := store.Messages.Get(tx, n.Reply)
		if err != nil {
			return nil // gone meanwhile, and with it what there was to tell
		}
		if !m.Internal && slices.Contains(m.Copied, p.ID) {
			return nil // the sender sent it to them, too
		}
	}
	tell := store.Telling{Event: n.Event, By: n.By, Message: n.Reply, At: n.At, Why: n.Why}
	if l, err := store.LettersGathering.First(tx, p.ID, t.ID); err == nil && tx.Now().Before(l.Next) {
		l.Tells = append(l.Tells, tell)
		return store.Letters.Put(tx, l)
	}
	l := &store.Letter{State: store.LetterQueued, Person: p.ID, To: p.Email, Ticket: t.ID, Tells: []store.Telling{tell}, Next: tx.Now().Add(d.mail.Gather)}
	if n.Event == "opened" {
		l.Next = tx.Now() // who asks wants to know that it arrived
	}
	switch {
	case !p.MailFailed.IsZero():
		l.State, l.Why = store.LetterHeld, WhyUnreachable
	case d.tooMany(tx, l):
		l.State, l.Why = store.LetterHeld, WhyRate
	}
	return d.putLetter(tx, l)
}

// putLetter writes a new letter with the Message-ID it will have.
func (d *Desk) putLetter(tx *store.Tx, l *store.Letter) error {
	var secret [12]byte
	if _, err := rand.Read(secret[:]); err != nil {
		return err
	}
	_, host, _ := strings.Cut(d.mail.From, "@")
	l.MessageID = hex.EncodeToString(secret[:]) + "." + number(l.Ticket) + "@" + host
	if err := store.Letters.Put(tx, l); err != nil {
		return err
	}
	if l.Ticket != 0 {
		message := uint64(0)
		if err := putMailID(tx, l.MessageID, store.MailOut, l.Ticket, message, l.ID); err != nil {
			return err
		}
	}
	return nil
}

// tooMany reports whether the letter goes beyond what one address gets in an hour.
func (d *Desk) tooMany(tx *store.Tx, l *store.Letter) bool {
	since := store.Key(tx.Now().Add(-time.Hour))
	all, opened, same := 0, 0, 0
	for o, err := range store.LettersByTo.Rows(tx, store.Span{Prefix: store.Key(l.To), Low: since}) {
		if err != nil {
			return true
		}
		if o.State == store.LetterHeld || o.State == store.LetterDropped {
			continue
		}
		all++
		if o.Ticket == l.Ticket {
			same++
		}
		if isConfirmation(o) {
			opened++
		}
	}
	return all >= mostToAddress || same >= mostOfTicket || isConfirmation(l) && opened >= mostConfirmations
}

func isConfirmation(l *store.Letter) bool {
	return len(l.Tells) > 0 && (l.Tells[0].Event == "opened" || l.Tells[0].Event == EventReceived)
}

// EventReceived is what a plain acknowledgement tells: that a mail arrived, and nothing else.
const EventReceived = "received"

// planReceived has the sender of the mail told that it arrived: the plain acknowledgement, for whom nothing proves and
// whose words belong to no ticket they may know of. The letter has none of their words, no ticket, no number, no link
// and no reply address but the desk's own. Nobody is added to the people for it. It goes once for each mail, counts
// among the confirmations that an address gets in an hour, and beyond those does not go at all; a machine gets none.
func (d *Desk) planReceived(tx *store.Tx, row *store.Mail, language string) error {
	if d.mail.From == "" || row.Automatic != "" || !plausibleAddress(row.From) || d.ours(row.From) {
		return nil
	}
	l := &store.Letter{State: store.LetterQueued, To: row.From, Language: language, Answers: row.MessageID,
		Tells: []store.Telling{{Event: EventReceived, At: tx.Now()}}, Next: tx.Now()}
	if p, err := store.PeopleByEmail.PeekFirst(tx, row.From); err == nil && (p.Disabled || !p.MailFailed.IsZero()) {
		return nil
	}
	if d.tooMany(tx, l) {
		return nil
	}
	return d.putLetter(tx, l)
}

// wakeOut says that a letter may be due. It is said after the commit: before it, whoever looks would find nothing.
func (d *Desk) wakeOut() {
	select {
	case d.outWaits <- struct{}{}:
	default:
	}
}

// RunDigest plans the daily mail at its hour, until the context ends. A desk that was down at the hour plans it when it
// is up again.
func (d *Desk) RunDigest(ctx context.Context) error {
	for {
		if _, err := d.PlanDigest(); err != nil {
			return err
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(5 * time.Minute):
		}
	}
}

// PlanDigest plans the daily mail of everybody who has one coming, with what happened before its hour last passed, and
// returns how many it planned. What it plans no longer waits, so that it may be called at any time.
func (d *Desk) PlanDigest() (int, error) {
	if d.mail.From == "" {
		return 0, nil
	}
	now := d.clock().In(d.loc)
	due := time.Date(now.Year(), now.Month(), now.Day(), d.mail.DigestAt, 0, 0, 0, d.loc)
	if now.Before(due) {
		due = due.AddDate(0, 0, -1)
	}
	planned, last := 0, false
	for !last {
		err := d.st.Update(store.By{Via: "desk", Act: "digest"}, func(tx *store.Tx) error {
			last = true
			person, list, err := nextDigest(tx, due)
			if err != nil || person == 0 {
				return err
			}
			last = false
			planned++
			return d.planDigest(tx, person, list)
		})
		if err != nil {
			return planned, err
		}
	}
	if planned > 0 {
		d.wakeOut()
	}
	return planned, nil
}

// nextDigest is the first person with notices for the daily mail that are older than its hour.
func nextDigest(tx *store.Tx, due time.Time) (person uint64, list []*store.Notice, err error) {
	for n, err := range store.NoticesDigest.Rows(tx, store.Span{}) {
		if err != nil {
			return 0, nil, err
		}
		if person != 0 && n.Person != person {
			break
		}
		if n.At.After(due) {
			continue
		}
		person = n.Person
		if list = append(list, n); len(list) == 200 {
			break
		}
	}
	return person, list, nil
}

func (d *Desk) planDigest(tx *store.Tx, person uint64, list []*store.Notice) error {
	l := &store.Letter{State: store.LetterQueued, Person: person, Next: tx.Now()}
	for _, n := range list {
		if !n.Read {
			l.Tells = append(l.Tells, store.Telling{Event: n.Event, By: n.By, Message: n.Reply, At: n.At, Why: n.Why, Ticket: n.Ticket})
		}
		n.Digest = false
		if err := store.Notices.Put(tx, n); err != nil {
			return err
		}
	}
	p, err := store.People.Peek(tx, person)
	if err != nil || p.Disabled || len(l.Tells) == 0 {
		return nil
	}
	l.To = p.Email
	if !p.MailFailed.IsZero() {
		l.State, l.Why = store.LetterHeld, WhyUnreachable
	}
	return d.putLetter(tx, l)
}
