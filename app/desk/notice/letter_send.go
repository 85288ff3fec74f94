package notice

import (
	"context"
	"slices"
	"time"

	"sportello/app/desk/access"
	"sportello/app/desk/entry"
	"sportello/app/desk/policy"
	"sportello/app/desk/post"
	"sportello/app/mail"
	"sportello/store"
	"sportello/store/act"
	"sportello/store/db"
	"sportello/store/door"
	"sportello/store/event"
	"sportello/store/fault"
	"sportello/store/key"
)

// Outgoing is a letter with all that its reader may read of what it tells, as of now. Whoever writes the mail needs to
// look at nothing else: what is not here must not leave.
type Outgoing struct {
	Letter     *store.Letter
	Person     *store.Person    // the reader, without password
	Ticket     *store.Ticket    // nil in a digest, and about an account
	Release    *OutgoingRelease // nil, but in a letter about one
	Problem    *OutgoingProblem // the same
	Account    event.Event      // the event, in a letter about the reader's account
	Group      *store.Group
	Agents     bool // the reader stands on the agents' side of the ticket
	Lines      []OutgoingLine
	From       string  // address of the desk for this matter
	Return     string  // sender of the envelope, to which reports come: with a token of the letter, where such mail is known to arrive
	ReplyTo    string  // with the reader's token; From in a digest
	Purpose    Purpose // what the answer becomes
	InReplyTo  string
	References []string
	Accept     bool   // the letter of an invitation has a link to accept it by, for a reader who cannot sign in
	Link       string // secret of the link to read the ticket, for a reader who cannot sign in; in letters about an account, to choose a password
	Page       string // secret of the link to the page of a request for credentials, for whoever made it
	Closes     time.Time
	Named      bool // the number in the subject includes the desk's short name
}

// OutgoingLine is one event. It never contains the text of a note.
type OutgoingLine struct {
	store.Telling
	Who     string         // name of the person who caused it; the letter adds the group to an agent's name
	Desk    bool           // it was caused on the agents' side
	Text    *store.Message // the public message, nil for anything else
	Files   []*store.File
	Ticket  uint64
	Subject string // of the ticket, as shown to this reader
	Secret  bool   // the ticket is confidential: the subject of the mail says its number alone
	Opening string // in a confirmation: the beginning of the reader's own first message

	Named string    // the token about to expire, or where an affiliation is that is offered or about to end
	Ends  time.Time // and when it expires
	Of    string    // the name of the person whose affiliation it is
	Code  string    // the organisation whose list is to be confirmed

	Rights []NamedRight // rights of the reader, given and removed

	Release *OutgoingRelease // nil, but of an event about one
	Plan    *OutgoingPlan    // the same

	Access []OutgoingAsk // the modules of a request for credentials

	Unproven bool // it is about a mail whose sender is not proved
}

// Sent is the result of an attempt to send.
type Sent struct {
	OK        bool
	Permanent bool   // refused, and not only for the moment
	Status    string // code of the refusal (RFC 3463), "" when there was none
	Unsure    bool   // it may have been accepted
	Text      string // what the mail server said
	Subject   string // of the mail
}

// tries are the pauses before each further attempt; after the last one the letter has failed.
var tries = []time.Duration{time.Minute, 5 * time.Minute, 15 * time.Minute, 30 * time.Minute, time.Hour, 2 * time.Hour, 4 * time.Hour, 8 * time.Hour,
	12 * time.Hour, 12 * time.Hour, 12 * time.Hour}

// softTries are the pauses after a final refusal that is not about the address: a full mailbox gets emptied, a
// blocklist entry expires, and frequent attempts prolong it.
var softTries = []time.Duration{time.Hour, 6 * time.Hour, 24 * time.Hour}

// RunLetters sends the letters that are due, until the context ends. send sends one letter. It may be called again for
// the same letter, with the same Message-ID, if the desk stopped before it recorded the result.
func (ns *Notices) RunLetters(ctx context.Context, send func(context.Context, *Outgoing) Sent) error {
	if err := ns.releaseLetters(); err != nil {
		return err
	}
	for {
		next, err := ns.SendLetters(ctx, send)
		if err != nil {
			return err
		}
		wait := time.Minute
		if !next.IsZero() {
			wait = min(wait, max(next.Sub(ns.clock()), 10*time.Millisecond))
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-ns.post.Waits:
		case <-time.After(wait):
		}
	}
}

// releaseLetters lets go what an older release held because of how much there was, unless it is old news by now.
func (ns *Notices) releaseLetters() error {
	return ns.st.Update(db.By{Via: door.Desk, Act: act.Letter}, func(tx *db.Tx) error {
		var list []*store.Letter
		for l, err := range store.LettersByState.Rows(tx, db.Span{Prefix: key.Of(string(store.LetterHeld)), Desc: true}) {
			if err != nil {
				return err
			}
			if tx.Now().Sub(l.Created) > 3*24*time.Hour || len(list) == 1000 {
				break
			}
			if l.Why == post.WhyRate {
				list = append(list, l)
			}
		}
		for _, l := range list {
			l.State, l.Why, l.Next = store.LetterQueued, "", tx.Now()
			if err := store.Letters.Put(tx, l); err != nil {
				return err
			}
		}
		return nil
	})
}

// SendLetters sends the letters that are due now and returns when the next one is.
func (ns *Notices) SendLetters(ctx context.Context, send func(context.Context, *Outgoing) Sent) (time.Time, error) {
	ns.outMu.Lock()
	defer ns.outMu.Unlock()
	for ctx.Err() == nil {
		var l *store.Letter
		var out *Outgoing
		why := ""
		var next time.Time
		err := ns.leave(func(tx *db.Tx) (uint64, error) {
			l, out, why, next = nil, nil, "", time.Time{}
			for row, err := range store.LettersDue.Rows(tx, db.Span{}) {
				if err != nil {
					return 0, err
				}
				if next = row.Next; !row.Next.After(ns.clock()) {
					l = row
				}
				break
			}
			if l == nil {
				return 0, nil
			}
			var err error
			if out, why, err = ns.outgoing(tx, l); out != nil {
				out.Return = ns.returnAddress(tx, out.From, l)
			}
			return l.ID, err
		})
		if err != nil || l == nil {
			return next, err
		}
		if result, was := ns.unwritten[l.ID]; was {
			if err := ns.sent(l, result); err != nil {
				return next, err
			}
			delete(ns.unwritten, l.ID)
			continue
		}
		if out == nil {
			if err := ns.endLetter(l, store.LetterDropped, why); err != nil {
				return next, err
			}
			continue
		}
		if out.Ticket != nil && out.Person.Password == "" && out.Ticket.OnSide(out.Person.ID) && !out.Person.IsAgent() {
			if out.Link, err = ns.keepLink(l); err != nil {
				return next, err
			}
		}
		if out.Account.WithLink() {
			if out.Link, err = ns.passwordLink(l); err != nil {
				return next, err
			}
		}
		if out.Accept {
			if out.Link, err = ns.invitationLink(l); fault.KindOf(err) == fault.NotFound {
				if err := ns.endLetter(l, store.LetterDropped, post.WhyGone); err != nil {
					return next, err
				}
				continue // it was answered just now
			}
			if err != nil {
				return next, err
			}
		}
		out.Person.Password = ""
		result := send(ctx, out)
		if ctx.Err() != nil && !result.OK {
			return next, ctx.Err()
		}
		if err := ns.sent(l, result); err != nil {
			ns.unwritten[l.ID] = result // otherwise a full disk would make it be sent again and again
			return next, err
		}
	}
	return time.Time{}, ctx.Err()
}

// leave has choose read the letter that leaves next, so that nothing it says is taken back unnoticed.
func (ns *Notices) leave(choose func(*db.Tx) (uint64, error)) error {
	return ns.post.Leave(func() (letter uint64, err error) {
		err = ns.st.View(func(tx *db.Tx) error {
			letter, err = choose(tx)
			return err
		})
		return letter, err
	})
}

// keepLink makes or prolongs the link that the letter carries.
func (ns *Notices) keepLink(l *store.Letter) (string, error) {
	secret := ""
	err := ns.st.Update(db.By{Via: door.Desk, Act: act.Link}, func(tx *db.Tx) error {
		link, err := ns.linkFor(tx, l.Ticket, l.Person)
		if err != nil {
			return err
		}
		secret = ns.readToken(link)
		return nil
	})
	return secret, err
}

func (ns *Notices) endLetter(l *store.Letter, state store.LetterState, why string) error {
	return ns.st.Update(db.By{Via: door.Desk, Act: act.Letter}, func(tx *db.Tx) error {
		row, err := store.Letters.Get(tx, l.ID)
		if err != nil || row.State != store.LetterQueued {
			return fault.IgnoreNotFound(err)
		}
		row.State, row.Why = state, why
		return store.Letters.Put(tx, row)
	})
}

// sent writes down what became of an attempt.
func (ns *Notices) sent(l *store.Letter, s Sent) error {
	return ns.st.Update(db.By{Via: door.Desk, Act: act.Letter}, func(tx *db.Tx) error {
		row, err := store.Letters.Get(tx, l.ID)
		if err != nil {
			return fault.IgnoreNotFound(err)
		}
		row.Tries++
		row.Error, row.Unsure = entry.Cut(s.Text, 300), s.Unsure
		if s.Subject != "" {
			row.Subject = entry.Cut(s.Subject, entry.MaxSubject)
		}
		switch {
		case s.OK:
			row.State, row.Sent, row.Error = store.LetterSent, tx.Now(), ""
		case row.State != store.LetterQueued: // held or dropped in the meantime
		case s.Permanent:
			return ns.refusedAtOnce(tx, row, s)
		case row.Tries > len(tries):
			row.State = store.LetterFailed
		default:
			row.Next = tx.Now().Add(tries[row.Tries-1])
		}
		return store.Letters.Put(tx, row)
	})
}

// refusedAtOnce records that the mail server refused a letter; the refusal is judged like a later report.
func (ns *Notices) refusedAtOnce(tx *db.Tx, l *store.Letter, s Sent) error {
	verdict := mail.Judge(s.Status, s.Text)
	switch {
	case verdict == mail.Hard:
		return post.MarkUnreachable(tx, l, s.Text)
	case l.Tries <= len(softTries) && s.Status != "" && !mail.OfMessage(s.Status):
		l.Next = tx.Now().Add(softTries[l.Tries-1])
	default:
		l.State = store.LetterFailed
		if verdict == mail.Refused {
			l.Why = post.WhyRefused
		}
	}
	return store.Letters.Put(tx, l)
}

// outgoing returns what the reader may read. If that is nothing, it returns nil and the reason.
func (ns *Notices) outgoing(tx *db.Tx, l *store.Letter) (*Outgoing, string, error) {
	p := &store.Person{Email: l.To, Name: l.To, Language: l.Language}
	if l.Person != 0 {
		var err error
		if p, err = store.People.Get(tx, l.Person); err != nil || p.Disabled {
			return nil, post.WhyGone, fault.IgnoreNotFound(err)
		}
	}
	if isReceived(l) {
		return &Outgoing{Letter: l, Person: p, From: ns.post.Mail().From, ReplyTo: ns.post.Mail().From, InReplyTo: l.Answers, Lines: []OutgoingLine{{Telling: l.Tells[0]}}}, "", nil
	}
	o := &Outgoing{Letter: l, Person: p, From: ns.post.Mail().From, ReplyTo: ns.post.Mail().From}
	if l.Ticket != 0 {
		others := slices.ContainsFunc(l.Tells, func(tell store.Telling) bool { return tell.Ticket != 0 })
		t, err := store.Tickets.Get(tx, l.Ticket)
		if fault.IgnoreNotFound(err) != nil || err != nil && !others {
			return nil, post.WhyGone, fault.IgnoreNotFound(err)
		}
		readable := err == nil && (ns.rights.May(tx, policy.Actor{Person: p}, policy.See, t) == nil || t.Unclaimed && t.Requester == p.ID)
		if !readable && !others {
			return nil, post.WhyMayNotSee, nil
		}
		if readable { // else it tells of the others alone
			if err := ns.about(tx, o, t); err != nil {
				return nil, "", err
			}
			if t.Access != 0 && t.Requester == p.ID {
				o.Page = access.Token(ns.post, t.Access)
			}
		}
	}
	if asksContact(l) {
		return ns.outgoingContact(tx, o)
	}
	if l.Release != 0 {
		return ns.outgoingRelease(tx, o)
	}
	if l.Problem != 0 {
		return ns.outgoingProblem(tx, o)
	}
	if event, ok := post.OfAccount(l); ok {
		return ns.outgoingAccount(tx, o, event)
	}
	for _, tell := range l.Tells {
		about := o
		if l.Ticket != 0 && tell.Ticket != 0 {
			about = &Outgoing{Letter: l, Person: p} // another ticket, of which the same is told
		} else if l.Ticket != 0 && o.Ticket == nil {
			continue
		}
		line, ok, err := ns.line(tx, about, tell)
		if err != nil {
			return nil, "", err
		}
		if ok {
			o.Lines = append(o.Lines, line)
		}
	}
	if len(o.Lines) == 0 {
		return nil, post.WhyMayNotSee, nil
	}
	return o, "", nil
}

// isReceived reports whether the letter is a plain acknowledgement. It is about no ticket, and no digest.
func isReceived(l *store.Letter) bool {
	return len(l.Tells) == 1 && l.Tells[0].Event == event.Received
}

// about fills in what belongs to the ticket: whence, whither, and the thread the letter stands in.
func (ns *Notices) about(tx *db.Tx, o *Outgoing, t *store.Ticket) error {
	o.Ticket, o.Agents = t, ns.rights.May(tx, policy.Actor{Person: o.Person}, policy.SeeNotes, t) == nil && !t.OnSide(o.Person.ID)
	group, err := store.Groups.Peek(tx, t.Group)
	if err != nil {
		return err
	}
	o.Group = group
	if from := ns.post.AddressOf(tx, t.Group, t.Module); from != "" {
		o.From = from
	}
	o.Purpose = PurposeOf(tx, o.Letter)
	o.ReplyTo = ns.ReplyAddress(o.From, t.ID, o.Person.ID, o.Purpose)
	if t.State == store.StateResolved {
		o.Closes = t.Resolved.AddDate(0, 0, store.CurrentSettings(tx).CloseAfter)
	}
	if o.Named, err = otherDesks(tx); err != nil {
		return err
	}
	return ns.thread(tx, o, t)
}

// otherDesks reports whether the catalogue lists another desk of the same kind.
func otherDesks(tx *db.Tx) (bool, error) {
	for m, err := range store.Modules.All(tx, 0, false) {
		if err != nil || m.Channel == store.OtherDesk && !m.Retired {
			return err == nil, err
		}
	}
	return false, nil
}

// thread sets the references to earlier mails: those of the ticket that this reader wrote or received, so that their
// mail program shows one conversation and nobody learns the Message-ID of other people's mail.
func (ns *Notices) thread(tx *db.Tx, o *Outgoing, t *store.Ticket) error {
	const kept = 20
	for id, err := range store.MailIDsByTicket.Rows(tx, db.Span{Prefix: key.Of(t.ID)}) {
		if err != nil {
			return err
		}
		mine := false
		switch {
		case id.Letter == o.Letter.ID:
			continue
		case id.Kind == store.MailOut:
			l, err := store.Letters.Get(tx, id.Letter)
			mine = err == nil && l.Person == o.Person.ID && (l.State == store.LetterSent || l.State == store.LetterBounced)
		case id.Kind == store.MailIn && id.Message != 0:
			m, err := store.Messages.Get(tx, id.Message)
			mine = err == nil && !m.Internal && (m.Author == o.Person.ID || slices.Contains(m.Copied, o.Person.ID))
		}
		if mine {
			if o.References = append(o.References, id.Value); len(o.References) > kept {
				o.References = slices.Delete(o.References, 1, 2) // the first one holds the conversation together
			}
		}
	}
	if n := len(o.References); n > 0 {
		o.InReplyTo = o.References[n-1]
	}
	return nil
}

// toldMessage is the message that an event tells of: the one it names, of a new ticket the first. nil for none.
func toldMessage(tx *db.Tx, t *store.Ticket, event event.Event, message uint64) (*store.Message, error) {
	if message != 0 {
		m, err := store.Messages.Get(tx, message)
		return m, fault.IgnoreNotFound(err)
	}
	if t.Via != door.Mail || !event.OfTicket() {
		return nil, nil
	}
	return opening(tx, t)
}

// opening returns the message that opened the ticket, nil once it was moved away.
func opening(tx *db.Tx, t *store.Ticket) (*store.Message, error) {
	for m, err := range store.MessagesByTicket.Rows(tx, db.Span{Prefix: key.Of(t.ID)}) {
		if err != nil || m.Opening {
			return m, err
		}
		break
	}
	return nil, nil
}

// line returns one event as the reader may read it, false when they may not.
func (ns *Notices) line(tx *db.Tx, o *Outgoing, tell store.Telling) (OutgoingLine, bool, error) {
	if tell.Release != 0 {
		return ns.digestRelease(tx, o, tell)
	}
	if tell.Plan != 0 {
		return ns.digestPlan(tx, o, tell)
	}
	line := OutgoingLine{Telling: tell, Ticket: tell.Ticket}
	t := o.Ticket
	if t == nil {
		var err error
		if t, err = store.Tickets.Get(tx, tell.Ticket); err != nil {
			return line, false, fault.IgnoreNotFound(err)
		}
		if ns.rights.May(tx, policy.Actor{Person: o.Person}, policy.See, t) != nil {
			return line, false, nil
		}
	}
	line.Ticket, line.Secret = t.ID, policy.Confidential(tx, t.Group, t.Module)
	var err error
	if line.Subject, err = letterSubject(tx, t, o.Person.ID); err != nil {
		return line, false, err
	}
	if by, err := store.People.Peek(tx, tell.By); err == nil {
		line.Who = ShownName(by)
		line.Desk = by.InGroup(t.Group) && !t.OnSide(by.ID)
	}
	told, err := toldMessage(tx, t, tell.Event, tell.Message)
	if err != nil {
		return line, false, err
	}
	line.Unproven = told != nil && told.NotVerified()
	if tell.Event == event.New && o.Ticket != nil && o.Agents {
		// Whoever reads of a new ticket on the way sees what it is about.
		first, err := opening(tx, t)
		if err != nil || first == nil || first.Internal {
			return line, true, err
		}
		line.Text = first
		line.Files, err = store.FilesByMessage.Find(tx, first.ID)
		return line, true, err
	}
	if tell.Event == event.Opened && o.Ticket != nil {
		if line.Opening, err = ns.openingWords(tx, t, o.Person.ID); err != nil {
			return line, false, err
		}
	}
	if tell.Message == 0 {
		return line, !(t.Unclaimed && t.Requester == o.Person.ID), nil
	}
	m, err := store.Messages.Get(tx, tell.Message)
	if err != nil {
		return line, false, fault.IgnoreNotFound(err)
	}
	if m.Internal {
		// People who may read a note may learn that it exists; its text stays at the desk.
		return line, ns.rights.May(tx, policy.Actor{Person: o.Person}, policy.SeeNotes, t) == nil, nil
	}
	if t.Unclaimed && t.Requester == o.Person.ID && !m.Agent {
		return line, false, nil
	}
	if back, err := takenBack(tx, m.Errand); err != nil || back {
		return line, false, err
	}
	if !o.Agents {
		side, err := store.SideMessages(tx, t)
		if err != nil {
			return line, false, err
		}
		if !slices.ContainsFunc(side, func(s *store.Message) bool { return s.ID == m.ID }) {
			return line, false, nil
		}
	}
	line.Desk = m.Agent
	if o.Ticket == nil {
		return line, true, nil // a digest says that there is a message, not its text
	}
	line.Text = m
	line.Files, err = store.FilesByMessage.Find(tx, m.ID)
	return line, true, err
}
