package notice

import (
	"context"
	"errors"
	"slices"
	"time"

	"sportello/app/desk/entry"
	"sportello/app/desk/post"
	"sportello/store"
	"sportello/store/act"
	"sportello/store/db"
	"sportello/store/door"
	"sportello/store/event"
	"sportello/store/fault"
	"sportello/store/key"
)

// Letters are planned together with notices, in the transaction that moves the planner's cursor, so that each event is
// planned exactly once. Events of one ticket within a minute become one letter for each person.

// planLetter plans a letter for the notice, unless the person already has the text, receives the daily mail, or cannot
// be reached.
func (ns *Notices) planLetter(tx *db.Tx, t *store.Ticket, p *store.Person, n *store.Notice, optional bool) error {
	if ns.post.Mail().From == "" || !entry.PlausibleAddress(p.Email) || ns.post.Ours(tx, p.Email) {
		return nil
	}
	if optional && p.Notices == store.NoticeDigest {
		n.Digest = true
		return store.Notices.Put(tx, n)
	}
	answer := false
	if n.Reply != 0 {
		m, err := store.Messages.Get(tx, n.Reply)
		if err != nil {
			return fault.IgnoreNotFound(err) // gone meanwhile, and with it what there was to tell
		}
		if !m.Internal && slices.Contains(m.Copied, p.ID) {
			return nil // the sender sent it to them, too
		}
		answer = !m.Internal && m.Via != door.Mail
	}
	tell := store.Telling{Event: n.Event, By: n.By, Message: n.Reply, At: n.At, Why: n.Why}
	l, err := gathering(tx, p.ID, t.ID)
	if err != nil {
		return err
	}
	if l != nil {
		l.Tells = append(l.Tells, tell)
		if soon := tx.Now().Add(ns.post.Mail().Gather); answer && l.Next.After(soon) {
			l.Next = soon
		}
		return store.Letters.Put(tx, l)
	}
	if l, err = ns.sameWords(tx, p.ID, n); err != nil || l != nil {
		if err != nil {
			return err
		}
		tell.Ticket = t.ID
		l.Tells = append(l.Tells, tell)
		return store.Letters.Put(tx, l)
	}
	l = &store.Letter{State: store.LetterQueued, Person: p.ID, To: p.Email, Ticket: t.ID, Tells: []store.Telling{tell}, Next: tx.Now().Add(ns.post.Mail().Gather)}
	if n.Event == event.Opened {
		l.Next = tx.Now() // who asks wants to know that it arrived
	}
	if !p.MailFailed.IsZero() {
		l.State, l.Why = store.LetterHeld, post.WhyUnreachable
		return ns.post.Enqueue(tx, l)
	}
	if answer {
		return ns.post.Enqueue(tx, l)
	}
	until, err := ns.post.Crowded(tx, l)
	if err != nil {
		return err
	}
	if !until.After(l.Next) {
		return ns.post.Enqueue(tx, l)
	}
	l.Next = until
	if n.Reply != 0 {
		return ns.post.Enqueue(tx, l) // later mail about the same ticket is added to it, with its text
	}
	l.Ticket, l.Tells[0].Ticket = 0, t.ID
	if all, err := gathering(tx, p.ID, 0); err != nil || all != nil && all.Next.Before(until.Add(time.Hour)) {
		if err != nil {
			return err
		}
		all.Tells = append(all.Tells, l.Tells[0])
		return store.Letters.Put(tx, all)
	}
	return ns.post.Enqueue(tx, l)
}

// gathering is the letter about the ticket (0: about several) that has not gone to the person yet and takes more, nil
// for none.
func gathering(tx *db.Tx, person, ticket uint64) (*store.Letter, error) {
	for l, err := range store.LettersGathering.Rows(tx, db.Span{Prefix: key.Of(person, ticket)}) {
		if err != nil {
			return nil, err
		}
		if _, account := post.OfAccount(l); !account && tx.Now().Before(l.Next) && len(l.Tells) < post.MostGathered {
			return l, nil
		}
	}
	return nil, nil
}

// sameWords returns the letter about another ticket of the person that has not gone yet and says what the notice says, in the same words of
// the desk; nil for none. So whoever has several tickets of one known problem reads its news once.
func (ns *Notices) sameWords(tx *db.Tx, person uint64, n *store.Notice) (*store.Letter, error) {
	if n.Reply == 0 {
		return nil, nil
	}
	says := func(message uint64) (*store.Message, error) {
		m, err := store.Messages.Get(tx, message)
		if err != nil || m.Via != door.Desk || m.Internal {
			return nil, fault.IgnoreNotFound(err)
		}
		return m, nil
	}
	now, err := says(n.Reply)
	if err != nil || now == nil {
		return nil, err
	}
	for l, err := range store.LettersGathering.Rows(tx, db.Span{Prefix: key.Of(person)}) {
		if err != nil {
			return nil, err
		}
		if l.Ticket == 0 || l.Ticket == n.Ticket || !tx.Now().Before(l.Next) || len(l.Tells) >= post.MostGathered {
			continue
		}
		own := l.Tells[0]
		if own.Ticket != 0 || own.Message == 0 || own.Event != n.Event || own.By != n.By {
			continue
		}
		if m, err := says(own.Message); err != nil || m != nil && m.Body == now.Body {
			return l, err
		}
	}
	return nil, nil
}

// PlanCut has the sender of a mail that was larger than the desk takes told so, once, where it is proven that they sent
// it and they read the ticket it stands in.
func (ns *Notices) PlanCut(tx *db.Tx, row *store.Mail, p *store.Person) error {
	if !row.Cut || !row.Proven || row.Automatic != "" || p == nil || !ns.post.Reaches(tx, p) {
		return nil
	}
	l := &store.Letter{State: store.LetterQueued, Person: p.ID, To: p.Email, Ticket: row.Ticket, Next: tx.Now(),
		Tells: []store.Telling{{Event: event.Cut, By: p.ID, At: tx.Now()}}}
	until, err := ns.post.Crowded(tx, l)
	if err != nil {
		return err
	}
	if until.After(l.Next) {
		l.Next = until
	}
	return ns.post.Enqueue(tx, l)
}

// PlanReceived sends the plain acknowledgement: it tells an unproved sender, or one whose mail belongs to no ticket
// they may know about, that the mail arrived. The letter contains none of their words, no ticket, no number, no link,
// and no reply address but the desk's own. No person is added for it. It is sent once for each mail, counts among the
// confirmations that an address gets in an hour, and is not sent above that limit; a machine gets none.
func (ns *Notices) PlanReceived(tx *db.Tx, row *store.Mail, language string) error {
	if ns.post.Mail().From == "" || row.Automatic != "" || !entry.PlausibleAddress(row.From) || ns.post.Ours(tx, row.From) {
		return nil
	}
	l := &store.Letter{State: store.LetterQueued, To: row.From, Language: language, Answers: row.MessageID,
		Tells: []store.Telling{{Event: event.Received, At: tx.Now()}}, Next: tx.Now()}
	if p, err := store.PeopleByEmail.PeekFirst(tx, row.From); err == nil && (p.Disabled || !p.MailFailed.IsZero()) {
		return nil
	}
	if until, err := ns.post.Crowded(tx, l); err != nil || !until.IsZero() {
		return err
	}
	return ns.post.Enqueue(tx, l)
}

// RunDigest plans the daily mail at its hour, until the context ends. If the desk was down at that hour, it plans the
// mail when it starts again.
func (ns *Notices) RunDigest(ctx context.Context) error {
	for {
		_, reminded := ns.RemindPlans() // a plan that cannot be read keeps no letter back
		if _, err := ns.PlanDigest(); err != nil || reminded != nil {
			return errors.Join(err, reminded)
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(5 * time.Minute):
		}
	}
}

// PlanDigest plans the daily mail of everyone with events before the last passing of its hour, and returns how many
// mails it planned. Planned events no longer wait, so it may be called at any time.
func (ns *Notices) PlanDigest() (int, error) {
	if ns.post.Mail().From == "" {
		return 0, nil
	}
	now, due := ns.clock(), ns.digestHour()
	if now.Before(due) {
		due = due.AddDate(0, 0, -1)
	}
	planned, last := 0, false
	for !last {
		err := ns.st.Update(db.By{Via: door.Desk, Act: act.Digest}, func(tx *db.Tx) error {
			last = true
			person, list, err := nextDigest(tx, due, ns.plans.Works(tx))
			if err != nil || person == 0 {
				return err
			}
			last = false
			planned++
			return ns.planDigest(tx, person, list)
		})
		if err != nil {
			return planned, err
		}
	}
	if planned > 0 {
		ns.post.Wake()
	}
	return planned, nil
}

// digestHour is the hour of the daily mail today.
func (ns *Notices) digestHour() time.Time {
	now := ns.clock().In(ns.loc)
	return time.Date(now.Year(), now.Month(), now.Day(), ns.post.Mail().DigestAt, 0, 0, 0, ns.loc)
}

// nextDigest returns the first person with notices for the daily mail that are older than its hour. Those of plans wait for a
// working day.
func nextDigest(tx *db.Tx, due time.Time, works bool) (person uint64, list []*store.Notice, err error) {
	for n, err := range store.NoticesDigest.Rows(tx, db.Span{}) {
		if err != nil {
			return 0, nil, err
		}
		if person != 0 && n.Person != person {
			break
		}
		if n.At.After(due) || n.Plan != 0 && !works {
			continue
		}
		person = n.Person
		if list = append(list, n); len(list) == 200 {
			break
		}
	}
	return person, list, nil
}

func (ns *Notices) planDigest(tx *db.Tx, person uint64, list []*store.Notice) error {
	l := &store.Letter{State: store.LetterQueued, Person: person, Next: tx.Now()}
	for _, n := range list {
		if !n.Read {
			l.Tells = append(l.Tells, store.Telling{Event: n.Event, By: n.By, Message: n.Reply, At: n.At, Why: n.Why, Ticket: n.Ticket, Release: n.Release, Round: n.Round, Plan: n.Plan, Codes: n.Codes})
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
		l.State, l.Why = store.LetterHeld, post.WhyUnreachable
	}
	return ns.post.Enqueue(tx, l)
}
