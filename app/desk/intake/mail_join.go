package intake

import (
	"slices"
	"strings"
	"time"

	"sportello/app/desk/entry"
	"sportello/app/desk/notice"
	"sportello/app/desk/people"
	"sportello/app/desk/policy"
	"sportello/app/desk/post"
	"sportello/app/desk/ticket"
	"sportello/app/mail"
	"sportello/app/markup"
	"sportello/store"
	"sportello/store/act"
	"sportello/store/db"
	"sportello/store/door"
	"sportello/store/fault"
)

// Why a mail joined its ticket.
const (
	JoinedMessageID = "message-id" // it answers a mail that the ticket contains
	JoinedNear      = "near"       // it answers a mail that mails of the ticket mention
	JoinedToken     = "token"      // it was sent to a reply address of the ticket
	JoinedNumber    = "number"     // its subject names the ticket, and its sender belongs there
	JoinedReport    = "report"     // it reports about a mail of the ticket
	JoinedFollowing = "following"  // it continues a ticket that was closed too long ago
	JoinedNew       = "new"        // it opened the ticket
)

// joining decides about one mail in a transaction.
type joining struct {
	it  *Intake
	tx  *db.Tx
	row *store.Mail
	in  *incoming

	person  *store.Person     // the sender, if known to the desk
	token   notice.ReplyToken // of the reply address it was sent to
	machine bool              // written by a program
	copies  []*store.Mail     // the same mail in other mailboxes
	foreign bool              // from another desk
	places  map[uint64]place
	laid    bool   // kept beside a ticket
	suggest uint64 // the ticket it points to, without its sender belonging there
}

// joinMail turns a parsed mail into a message of a ticket, a new ticket, or mail set aside.
func (it *Intake) joinMail(row *store.Mail, in *incoming) error {
	opened := time.Time{}
	err := it.st.Update(db.By{Via: door.Mail, Act: act.Mail}, func(tx *db.Tx) error {
		opened = time.Time{}
		r, err := store.Mails.Get(tx, row.ID)
		if err != nil {
			return err
		}
		if r.State != store.MailWaiting {
			return nil
		}
		j := &joining{it: it, tx: tx, row: r, in: in}
		if err := j.decide(); err != nil {
			return err
		}
		if r.State == store.MailDone && !j.laid {
			if err := it.notices.PlanCut(tx, r, j.person); err != nil {
				return err
			}
		}
		if r.State == store.MailDone && (r.Joined == JoinedNew || j.laid) {
			opened = tx.Now()
		}
		return nil
	})
	if err == nil && !opened.IsZero() {
		it.strangers.note(in.sender(), opened)
	}
	return err
}

func (j *joining) decide() error {
	in, row := j.in, j.row
	row.Print, row.MessageID, row.From, row.FromName = in.print, entry.Cut(in.MessageID, 500), in.From.Email, entry.Cut(in.From.Name, entry.MaxName)
	row.Subject, row.Date, row.Automatic, row.Proven = entry.Cut(markup.Line(in.Subject), entry.MaxSubject), in.Date, string(in.Automatic), in.Proven
	row.Why, row.Detail = in.Problem, ""
	if in.PEC != nil {
		row.PEC = in.PEC.Kind // Proven says whether it proves the sender: receipts and anomalies do not
	}
	if in.box != nil {
		row.Mailbox = in.box.Address
	}
	var err error
	if _, row.Group, err = j.it.post.PlaceOfBox(j.tx, in.box); err != nil {
		return err
	}
	if j.copies, err = store.MailsByPrint.Find(j.tx, in.print); err != nil {
		return err
	}
	j.copies = slices.DeleteFunc(j.copies, func(m *store.Mail) bool { return m.ID == row.ID || m.State == store.MailDropped })
	for _, have := range j.copies {
		same, err := j.it.samePlace(j.tx, have.Mailbox, row.Mailbox)
		if err != nil {
			return err
		}
		if same {
			row.State, row.SameAs = store.MailSame, have.ID
			return store.Mails.Put(j.tx, row)
		}
	}
	if err := j.seenAtBox(); err != nil {
		return err
	}
	j.foreign = len(in.Desk) > 0
	own, err := j.ownMail()
	if err != nil {
		return err
	}
	if own {
		return j.aside("own") // returned by a redirection
	}
	j.machine = in.Automatic != mail.Personal
	back, err := j.returned()
	if err != nil {
		return err
	}
	if !row.Approved && (back != nil || in.Report != nil || in.PEC != nil && in.PEC.About != "") {
		return j.report(back)
	}
	if in.From.Email == "" || !entry.IsAddress(in.From.Email) {
		return fault.New(fault.Invalid, "error.mail-no-sender")
	}
	if err := j.share(); err != nil {
		return err
	}
	if j.person, err = store.PeopleByEmail.First(j.tx, in.From.Email); fault.IgnoreNotFound(err) != nil {
		return err
	}
	if j.person != nil && j.person.Disabled {
		return j.hold("disabled")
	}
	if done, err := j.receipt(); err != nil || done {
		return err
	}
	j.token = j.it.notices.OpenReply(recipients(row, in.Message))
	l, err := j.find()
	switch {
	case err != nil:
		return err
	case l == nil:
		return j.open()
	case l.where == outside:
		return j.beside(l)
	}
	return j.join(l)
}

// aside sets aside a mail that becomes no message.
func (j *joining) aside(why string) error {
	j.row.State, j.row.Why, j.row.Text = store.MailAside, why, j.in.body()
	if why == "own" {
		j.row.Group = 0 // it may reveal other groups' tickets
	}
	return store.Mails.Put(j.tx, j.row)
}

// hold keeps a mail until somebody approves it.
func (j *joining) hold(why string) error {
	if j.row.Approved {
		return nil
	}
	j.row.State, j.row.Why, j.row.Text = store.MailHeld, why, j.in.body()
	return store.Mails.Put(j.tx, j.row)
}

// place is the relation of a mail's sender to a ticket.
type place uint8

const (
	outside   place = iota // does not belong: the message is kept beside the ticket
	addressed              // also received a mail of the ticket: the message joins, and nothing else changes
	within                 // requester, participant, coordinator
	agent                  // agent of the group
	noting                 // agent of another group who answers a letter to them about something internal
)

// internal reports whether the mail answers a letter about something internal, judging by the reply address it was sent
// to or the letter it names.
func (j *joining) internal(where place) (bool, error) {
	if j.token.Purpose == notice.PurposeInternal || j.token.Ticket != 0 && j.token.Purpose == notice.PurposeUnknown && where >= agent {
		return true, nil
	}
	nearest := j.in.InReplyTo
	if n := len(j.in.References); len(nearest) == 0 && n > 0 {
		nearest = j.in.References[n-1:]
	}
	for _, id := range nearest {
		l, err := j.letter(id)
		if err != nil {
			return false, fault.IgnoreNotFound(err)
		}
		if l != nil && notice.PurposeOf(j.tx, l) == notice.PurposeInternal {
			return true, nil
		}
	}
	return false, nil
}

// join adds the mail to the ticket as a message or note. It makes nobody a participant.
func (j *joining) join(l *lead) error {
	t := l.t
	if live, err := j.living(t); err != nil || live != nil && l.where < agent {
		if err != nil {
			return err
		}
		return j.joinLiving(l, live)
	}
	if l.where == addressed && t.State == store.StateClosed {
		j.suggest = t.ID
		return j.open() // only its people can reopen a closed one
	}
	internal, err := j.internal(l.where)
	if err != nil {
		return err
	}
	if j.person == nil {
		if j.person, err = j.it.people.EnsureRequester(j.tx, j.in.From.Email, j.in.From.Name); err != nil {
			return err
		}
	}
	j.tx.As(j.person.ID)
	j.row.Joined, j.row.JoinedBy = l.why, l.by
	m := j.message()
	m.Known = m.Unproven && j.token.Ticket == t.ID && j.token.Person == j.person.ID
	m.Outside = l.where == addressed
	a := policy.Actor{Person: j.person, Via: door.Mail, Language: t.Language}
	w := j.it.tickets.Begin(j.tx, a, t)
	own := j.row.Proven && j.token.Purpose == notice.PurposePublic && j.token.Ticket == t.ID && j.token.Person == j.person.ID
	switch {
	case j.machine:
		m.Internal, m.Agent = internal || l.where >= agent, l.where >= agent
		return j.lay(w, m)
	case internal:
		m.Internal, m.AnswersNote, m.Agent = true, true, l.where >= agent
		if l.where < agent {
			return j.lay(w, m)
		}
	case l.where == agent && own:
		// The agent's own reply address, with proof that the agent used it: the answer counts like one written on the
		// page.
	case l.where == agent:
		m.Internal, m.Agent, m.Unconfirmed = true, true, true
	case l.where == addressed:
		if t.Requester != j.person.ID {
			if err := j.wish(w, mail.Address{Email: j.in.From.Email}); err != nil {
				return err
			}
		}
		if t.State == store.StateWaiting || t.State == store.StateResolved {
			if err := w.WakeUp(); err != nil {
				return err
			}
		}
		return j.lay(w, m)
	case j.row.Proven:
		if err := j.wish(w, j.it.addressed(j.tx, j.in)...); err != nil {
			return err
		}
	}
	if err := w.Speak(m, j.in.files); err != nil {
		return err
	}
	if err := w.Flush(); err != nil {
		return err
	}
	now := w.Ticket()
	if now.ID != t.ID {
		j.row.Joined, j.row.JoinedBy = JoinedFollowing, "#"+entry.Digits(t.ID)
	}
	return j.done(now, m, true)
}

// lay adds a message without changing the ticket: automatic mail, mail from a person who was addressed, or a note from
// one who may not write notes.
func (j *joining) lay(w *ticket.Change, m *store.Message) error {
	if err := w.Lay(m, j.in.files); err != nil {
		return err
	}
	return j.done(w.Ticket(), m, !j.machine && !m.Internal)
}

// maxBeside limits the messages kept beside one ticket. Further ones become tickets of their own.
const maxBeside = 100

// beside keeps a message from somebody who does not belong to the ticket: with the ticket, only for agents, until one
// of them decides. It changes nothing that the requester's side sees. The sender learns only that the mail arrived.
func (j *joining) beside(l *lead) error {
	if !opens(j.in.Automatic) && !j.row.Approved {
		return j.aside(string(j.in.Automatic))
	}
	if held, err := j.unwelcome(); err != nil {
		return err
	} else if held != "" {
		j.row.Group = l.t.Group
		return j.hold(held)
	}
	if l.t.Beside >= maxBeside {
		j.suggest = l.t.ID
		return j.open()
	}
	if j.person == nil {
		var err error
		if j.person, err = j.it.people.EnsureRequester(j.tx, j.in.From.Email, j.in.From.Name); err != nil {
			return err
		}
	}
	j.tx.As(j.person.ID)
	j.tx.Act(act.Beside)
	j.tx.Internally(true)
	j.row.Joined, j.row.JoinedBy = l.why, l.by
	m := j.message()
	m.Internal, m.Outside, m.Beside = true, true, store.BesideWaiting
	if err := j.it.tickets.AppendMessage(j.tx, l.t, m, j.in.files); err != nil {
		return err
	}
	l.t.Beside++
	j.laid = true
	if err := store.Tickets.Put(j.tx, l.t); err != nil {
		return err
	}
	if err := j.it.notices.PlanReceived(j.tx, j.row, j.language()); err != nil {
		return err
	}
	return j.done(l.t, m, false)
}

func (j *joining) message() *store.Message {
	for _, f := range j.in.files {
		f.Person = j.person.ID
	}
	return &store.Message{Author: j.person.ID, At: j.tx.Now(), Body: j.in.body(), Format: j.in.format, Via: door.Mail, Mail: j.row.ID, Rest: j.in.rest, HTML: j.in.html, RestHTML: j.in.below,
		Unproven: !j.row.Proven, Automatic: j.automatic(), PEC: j.row.PEC, Copied: j.copied()}
}

// automatic returns the kind of program that wrote the mail. As far as automatic answers are concerned, another desk
// counts as one, although people write there.
func (j *joining) automatic() string {
	if j.machine {
		return string(j.in.Automatic)
	}
	return ""
}

// copied returns the people known to the desk to whom the sender also sent the mail: they have it already.
func (j *joining) copied() []uint64 {
	var out []uint64
	for _, a := range j.it.addressed(j.tx, j.in) {
		if p, err := store.PeopleByEmail.PeekFirst(j.tx, a.Email); err == nil {
			out = append(out, p.ID)
		}
	}
	return out
}

// open opens a ticket from the mail: a clarification of medium severity without a date, for the mailbox's module.
func (j *joining) open() error {
	switch j.in.Automatic {
	case mail.AutoReply, mail.OutOfOffice, mail.Bounce, mail.Receipt:
		if !j.row.Approved {
			return j.aside(string(j.in.Automatic))
		}
	}
	if held, err := j.unwelcome(); err != nil {
		return err
	} else if held != "" {
		return j.hold(held)
	}
	module, group, err := j.it.post.PlaceOfBox(j.tx, j.in.box)
	if err != nil {
		return err
	}
	if j.person == nil {
		if j.person, err = j.it.people.EnsureRequester(j.tx, j.in.From.Email, j.in.From.Name); err != nil {
			return err
		}
	}
	j.tx.As(j.person.ID)
	j.tx.Act(act.Open)
	t := &store.Ticket{Subject: j.in.subject(store.CurrentSettings(j.tx).ShortName()), Kind: store.Clarification, Severity: store.Medium, Urgency: store.NoDate, Module: module, Group: group,
		Requester: j.person.ID, Language: j.language(), Via: door.Mail, Opened: j.tx.Now(), MayBelong: j.suggest}
	t.Wear(j.person.Hat(j.tx.Now()))
	if j.in.form != "" {
		t.Unclaimed = true
		t.Wear(store.Hat{})
	}
	m := j.message()
	if j.foreign && m.Automatic == "" {
		m.Automatic = string(mail.Notification) // a ticket opened by a program gets no automatic answer
	}
	if err := j.it.tickets.Insert(j.tx, t, m, j.in.files); err != nil {
		return err
	}
	if err := j.linkCopies(t); err != nil {
		return err
	}
	w := j.it.tickets.Begin(j.tx, policy.Actor{Person: j.person, Via: door.Mail}, t)
	if err := j.wish(w, j.it.addressed(j.tx, j.in)...); err != nil {
		return err
	}
	j.row.Joined = JoinedNew
	return j.done(t, m, true)
}

// wish records people in copy, and authors who do not belong, for the requester or an agent to add: mail alone makes
// nobody a participant, even a colleague.
func (j *joining) wish(w *ticket.Change, list ...mail.Address) error {
	if j.machine {
		return nil
	}
	var addresses []string
	for _, c := range list {
		addresses = append(addresses, c.Email)
	}
	return w.Wish(addresses...)
}

// unwelcome returns why the mail is held: the sender may not write to the mailbox, or wrote too much; "" when it is not
// held, or somebody approved it.
func (j *joining) unwelcome() (string, error) {
	if j.row.Approved {
		return "", nil
	}
	if held := j.refused(); held != "" {
		return held, nil
	}
	return j.tooMany()
}

// refused returns why the sender may not write to the mailbox, "" when they may.
func (j *joining) refused() string {
	box := j.in.box
	if box == nil {
		return ""
	}
	from, known := j.in.From.Email, j.person != nil
	if sent := j.in.sender(); sent != from { // a person named by a form or an envelope has no access through it
		p, err := store.PeopleByEmail.PeekFirst(j.tx, sent)
		from, known = sent, err == nil && !p.Disabled
	}
	switch box.Who {
	case post.WhoHold:
		return "hold"
	case post.WhoKnown:
		if !known {
			return "unknown"
		}
	case post.WhoDomains:
		_, domain, _ := strings.Cut(from, "@")
		for _, d := range box.Domains {
			d = strings.ToLower(d)
			if domain == d || strings.HasSuffix(domain, "."+d) {
				return ""
			}
		}
		return "domain"
	}
	return ""
}

func (j *joining) language() string {
	return people.LanguageOf(j.person, j.in.subject("")+"\n"+j.in.own, j.in.Language)
}

// done records where the mail went, and the Message-IDs that lead there from now on.
func (j *joining) done(t *store.Ticket, m *store.Message, belongs bool) error {
	j.row.State, j.row.Text, j.row.Ticket, j.row.Message = store.MailDone, "", t.ID, m.ID
	if belongs {
		for _, a := range j.it.addressed(j.tx, j.in) {
			j.row.Addressed = append(j.row.Addressed, a.Email)
		}
	}
	if err := store.Mails.Put(j.tx, j.row); err != nil {
		return err
	}
	if err := post.PutMailID(j.tx, j.in.MessageID, store.MailIn, t.ID, m.ID, 0); err != nil {
		return err
	}
	if !belongs || j.machine {
		return nil
	}
	// Answers name the mails that people of a ticket sent each other.
	for _, id := range j.answered() {
		if err := post.PutMailID(j.tx, id, store.MailNear, t.ID, m.ID, 0); err != nil {
			return err
		}
	}
	return nil
}
