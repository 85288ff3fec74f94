package desk

import (
	"slices"
	"strings"
	"time"

	"sportello/app/mail"
	"sportello/app/markup"
	"sportello/store"
)

// Why a mail stands where it stands.
const (
	JoinedMessageID = "message-id" // it answers a message of the ticket
	JoinedNear      = "near"       // it answers one that people of the ticket sent each other
	JoinedToken     = "token"      // it was sent to a reply address of the ticket
	JoinedNumber    = "number"     // its subject names the ticket, and its sender belongs there
	JoinedReport    = "report"     // it reports about a mail of the ticket
	JoinedFollowing = "following"  // it answers a ticket that was closed too long ago
	JoinedNew       = "new"        // it opened the ticket
)

// joining decides about one mail in its transaction.
type joining struct {
	d   *Desk
	tx  *store.Tx
	row *store.Mail
	in  *incoming

	person      *store.Person // the sender, when the desk knows them
	tokenTicket uint64
	tokenPerson uint64
	machine     bool // written by a program
	foreign     bool // from another desk
}

// joinMail makes a mail that was read what it is to be: a message of a ticket, a ticket, or something kept aside.
func (d *Desk) joinMail(row *store.Mail, in *incoming) error {
	opened := time.Time{}
	err := d.st.Update(store.By{Via: "mail", Act: "mail"}, func(tx *store.Tx) error {
		opened = time.Time{}
		r, err := store.Mails.Get(tx, row.ID)
		if err != nil {
			return err
		}
		if r.State != store.MailWaiting {
			return nil
		}
		j := &joining{d: d, tx: tx, row: r, in: in}
		if err := j.decide(); err != nil {
			return err
		}
		if r.State == store.MailDone && r.Joined == JoinedNew {
			opened = tx.Now()
		}
		return nil
	})
	if err == nil && !opened.IsZero() {
		d.strangers.note(in.From.Email, opened)
	}
	return err
}

func (j *joining) decide() error {
	in, row := j.in, j.row
	row.Print, row.MessageID, row.From, row.FromName = in.print, cutRunes(in.MessageID, 500), in.From.Email, cutRunes(in.From.Name, maxName)
	row.Subject, row.Date, row.Automatic, row.Proven = cutRunes(markup.Line(in.Subject), maxSubject), in.Date, string(in.Automatic), in.Proven
	row.Why, row.Detail = in.Problem, ""
	if in.PEC != nil {
		row.PEC = in.PEC.Kind // whether it proves the sender is said by Proven: receipts and anomalies do not
	}
	if in.box != nil {
		row.Mailbox = in.box.Address
	}
	if have, err := store.MailsByPrint.First(j.tx, in.print); err == nil && have.ID != row.ID && have.State != store.MailDropped {
		row.State, row.SameAs = store.MailSame, have.ID
		return store.Mails.Put(j.tx, row)
	}
	j.foreign = len(in.Desk) > 0
	if slices.Contains(in.Desk, j.d.mail.Desk) && j.d.mail.Desk != "" {
		return j.aside("own") // our own mail, come back by a redirection
	}
	j.machine = in.Automatic != mail.Personal
	if !row.Approved && (in.Report != nil || in.PEC != nil && in.PEC.About != "") {
		return j.report()
	}
	if in.From.Email == "" || !isAddress(in.From.Email) {
		return store.Fail(store.Invalid, "error.mail-no-sender")
	}
	if j.d.ours(in.From.Email) {
		// Nobody writes to the desk as the desk.
		return j.aside("own")
	}
	if p, err := store.PeopleByEmail.First(j.tx, in.From.Email); err == nil {
		j.person = p
	}
	if j.person != nil && j.person.Disabled {
		return j.hold("disabled")
	}
	j.tokenTicket, j.tokenPerson, _ = j.d.replyToken(recipients(row, in.Message))
	t, why, by, err := j.find()
	if err != nil {
		return err
	}
	if t != nil {
		return j.join(t, why, by)
	}
	return j.open()
}

// aside keeps a mail that becomes no message.
func (j *joining) aside(why string) error {
	j.row.State, j.row.Why = store.MailAside, why
	return store.Mails.Put(j.tx, j.row)
}

// hold keeps a mail until somebody approves it.
func (j *joining) hold(why string) error {
	if j.row.Approved {
		return nil
	}
	j.row.State, j.row.Why = store.MailHeld, why
	return store.Mails.Put(j.tx, j.row)
}

// find says which ticket the mail belongs to: by every Message-ID ever seen in one, then by the token in the reply
// address, then by the number in the subject, and that only for somebody who belongs to that ticket. nil: to none.
func (j *joining) find() (t *store.Ticket, why, by string, err error) {
	for _, kinds := range [][]store.MailKind{{store.MailOut, store.MailIn}, {store.MailNear}} {
		for _, id := range j.answered() {
			for m, err := range store.MailIDsByHash.Rows(j.tx, store.Span{Prefix: store.Key(store.HashMessageID(id))}) {
				if err != nil {
					return nil, "", "", err
				}
				if !slices.Contains(kinds, m.Kind) {
					continue
				}
				if t := j.ticketOf(m); t != nil {
					why := JoinedMessageID
					if m.Kind == store.MailNear {
						why = JoinedNear
					}
					return t, why, cutRunes(id, 200), nil
				}
			}
		}
	}
	if j.tokenTicket != 0 {
		if t, err := store.Tickets.Get(j.tx, j.tokenTicket); err == nil && !t.IsSpam() {
			return t, JoinedToken, "", nil
		}
	}
	if n, ok := mail.Number(j.in.Subject); ok && j.person != nil {
		t, err := store.Tickets.Get(j.tx, n)
		if err == nil && !t.IsSpam() {
			s := j.d.stand(j.tx, Actor{Person: j.person}, t)
			if s.side() || s.allows(Write) {
				return t, JoinedNumber, "#" + number(n), nil
			}
		}
	}
	return nil, "", "", nil
}

// answered are the Message-IDs the mail answers, the nearest first. Its own stands among them: a copy that went to
// somebody else first may have been named in a ticket already.
func (j *joining) answered() []string {
	var out []string
	add := func(ids ...string) {
		for _, id := range ids {
			if id != "" && !slices.Contains(out, id) && len(out) < 60 {
				out = append(out, id)
			}
		}
	}
	add(j.in.InReplyTo...)
	refs := slices.Clone(j.in.References)
	slices.Reverse(refs)
	add(refs...)
	add(j.in.MessageID)
	return out
}

// ticketOf is the ticket in which a Message-ID stands for the sender: where its message is now or, when that came there
// with a duplicate to whose people the sender belongs, the duplicate.
func (j *joining) ticketOf(m *store.MailID) *store.Ticket {
	t, err := store.Tickets.Get(j.tx, m.Ticket)
	if err != nil || t.IsSpam() {
		return nil
	}
	if m.Message == 0 || j.person == nil || t.OnSide(j.person.ID) {
		return t
	}
	msg, err := store.Messages.Get(j.tx, m.Message)
	if err != nil || !msg.Merged() {
		return t
	}
	if o, err := store.Tickets.Get(j.tx, msg.Side()); err == nil && o.OnSide(j.person.ID) && !o.IsSpam() {
		return o
	}
	return t
}

// place is how the sender of a mail stands to the ticket it joins.
type place uint8

const (
	outside place = iota // does not belong: is shown so, changes nothing, is told nothing
	near                 // was addressed in the thread, or is of the requester's organisation
	within               // requester, participant, coordinator
	agent                // may write as an agent
	noting               // an agent who may only write notes here
)

func (j *joining) placeIn(t *store.Ticket) (place, error) {
	if j.person != nil {
		s := j.d.stand(j.tx, Actor{Person: j.person}, t)
		switch {
		case s.side():
			return within, nil
		case s.allows(Write):
			return agent, nil
		case s.allows(WriteNote) && j.person.IsAgent():
			return noting, nil
		}
	}
	organisation, err := organisationOf(j.tx, j.in.From.Email)
	if err != nil {
		return outside, err
	}
	if j.person != nil {
		organisation = j.person.Organisation
	}
	if organisation != 0 && organisation == t.Organisation {
		return near, nil
	}
	for m, err := range store.MailsByTicket.Rows(j.tx, store.Span{Prefix: store.Key(t.ID)}) {
		if err != nil {
			return outside, err
		}
		if slices.Contains(m.Addressed, j.in.From.Email) {
			return near, nil
		}
	}
	return outside, nil
}

// join makes the mail a message or note of the ticket.
func (j *joining) join(t *store.Ticket, why, by string) error {
	where, err := j.placeIn(t)
	if err != nil {
		return err
	}
	if j.person == nil {
		if j.person, err = j.d.EnsureRequester(j.tx, j.in.From.Email, j.in.From.Name); err != nil {
			return err
		}
	}
	j.tx.As(j.person.ID)
	j.row.Joined, j.row.JoinedBy = why, by
	m := j.message()
	m.Known = m.Unproven && j.tokenTicket == t.ID && j.tokenPerson == j.person.ID
	a := Actor{Person: j.person, Via: "mail", Language: t.Language}
	w := &stepping{d: j.d, tx: j.tx, a: a, t: t, set: settings(j.tx)}
	switch {
	case j.machine || where == outside:
		m.Outside = where == outside
		return j.lay(w, m)
	case where == agent && j.row.Proven && j.tokenTicket == t.ID && j.tokenPerson == j.person.ID:
		// The agent's own reply address, and proof that the agent used it: an answer like one written on the page.
	case where == agent || where == noting:
		m.Internal, m.Agent, m.Unconfirmed = true, true, where == agent
	case where == near && j.row.Proven:
		w.s.Reason = ""
		w.stand = j.d.stand(j.tx, a, t)
		w.join(j.person.ID)
		if err := w.flush(); err != nil {
			return err
		}
	case where == near:
		return j.lay(w, m) // what is not proven adds nobody
	}
	if where == within && j.row.Proven {
		if err := j.addCopied(w); err != nil {
			return err
		}
	}
	w.s.Message = &Text{Body: m.Body, Internal: m.Internal, mail: &mailText{message: m, files: j.in.files}}
	w.stand = j.d.stand(j.tx, a, w.t)
	if err := w.speak(); err != nil {
		return err
	}
	if err := w.flush(); err != nil {
		return err
	}
	if w.t.ID != t.ID {
		j.row.Joined, j.row.JoinedBy = JoinedFollowing, "#"+number(t.ID)
	}
	return j.done(w.t, m, true)
}

// lay puts a message into the ticket that changes nothing there: a machine's, or that of somebody who does not belong.
func (j *joining) lay(w *stepping, m *store.Message) error {
	j.tx.Act("message")
	if err := j.d.appendMessage(j.tx, w.t, m, j.in.files); err != nil {
		return err
	}
	w.changed("message", true)
	if err := w.flush(); err != nil {
		return err
	}
	return j.done(w.t, m, false)
}

func (j *joining) message() *store.Message {
	for _, f := range j.in.files {
		f.Person = j.person.ID
	}
	return &store.Message{Author: j.person.ID, At: j.tx.Now(), Body: j.in.body(), Via: "mail", Mail: j.row.ID, Rest: j.in.rest,
		Unproven: !j.row.Proven, Automatic: j.automatic(), PEC: j.row.PEC, Copied: j.copied()}
}

// automatic says what sort of machine wrote the mail; a desk is one, although people write there, as far as answering
// by itself goes.
func (j *joining) automatic() string {
	if j.machine {
		return string(j.in.Automatic)
	}
	return ""
}

// copied are the people the desk knows to whom the sender sent the mail too: they have it already.
func (j *joining) copied() []uint64 {
	var out []uint64
	for _, a := range j.d.addressed(j.in) {
		if p, err := store.PeopleByEmail.PeekFirst(j.tx, a.Email); err == nil {
			out = append(out, p.ID)
		}
	}
	return out
}

// addCopied makes participants of those the requester's side copied: people of the requester's organisation at once,
// others as a wish that an agent grants.
func (j *joining) addCopied(w *stepping) error {
	w.stand = j.d.stand(j.tx, w.a, w.t)
	if !w.stand.allows(AddPerson) {
		return nil
	}
	for _, c := range j.d.addressed(j.in) {
		if !plausibleAddress(c.Email) || len(w.t.Participants)+len(w.t.Wishes) >= maxPeople {
			continue
		}
		if p, err := store.PeopleByEmail.PeekFirst(j.tx, c.Email); err == nil && (w.t.OnSide(p.ID) || p.InGroup(w.t.Group)) {
			continue
		}
		organisation, err := organisationOf(j.tx, c.Email)
		if err != nil {
			return err
		}
		if organisation != 0 && organisation == w.t.Organisation {
			if _, err := j.d.EnsureRequester(j.tx, c.Email, c.Name); err != nil {
				return err
			}
		}
		if err := w.add(c.Email); err != nil {
			return err
		}
	}
	return w.flush()
}

// open makes the mail a ticket: a clarification, severity medium, no date, of the mailbox's module.
func (j *joining) open() error {
	switch j.in.Automatic {
	case mail.AutoReply, mail.OutOfOffice, mail.Bounce, mail.Receipt:
		if !j.row.Approved {
			return j.aside(string(j.in.Automatic))
		}
	}
	held := j.refused()
	if held == "" {
		many, err := j.tooMany()
		if err != nil {
			return err
		}
		held = many
	}
	if held != "" && !j.row.Approved {
		return j.hold(held)
	}
	module, group, err := j.d.placeOfBox(j.tx, j.in.box)
	if err != nil {
		return err
	}
	if j.person == nil {
		if j.person, err = j.d.EnsureRequester(j.tx, j.in.From.Email, j.in.From.Name); err != nil {
			return err
		}
	}
	j.tx.As(j.person.ID)
	j.tx.Act("open")
	t := &store.Ticket{Subject: j.in.subject(), Kind: store.Clarification, Severity: store.Medium, Urgency: store.NoDate, Module: module, Group: group,
		Requester: j.person.ID, Organisation: j.person.Organisation, Unit: j.person.Unit, Language: j.language(), Via: "mail", Opened: j.tx.Now()}
	m := j.message()
	if j.foreign && m.Automatic == "" {
		m.Automatic = string(mail.Notification) // what opens a ticket here by itself is not answered by itself
	}
	if err := j.d.insertTicket(j.tx, t, m, j.in.files); err != nil {
		return err
	}
	w := &stepping{d: j.d, tx: j.tx, a: Actor{Person: j.person, Via: "mail"}, t: t, set: settings(j.tx)}
	if j.row.Proven && !j.machine {
		err = j.addCopied(w)
	} else {
		err = j.wish(w)
	}
	if err != nil {
		return err
	}
	j.row.Joined = JoinedNew
	return j.done(t, m, true)
}

// wish notes whom an unproven mail copied, for an agent to add.
func (j *joining) wish(w *stepping) error {
	if j.machine {
		return nil
	}
	for _, c := range j.d.addressed(j.in) {
		if plausibleAddress(c.Email) && len(w.t.Wishes) < maxPeople && !slices.Contains(w.t.Wishes, c.Email) {
			w.t.Wishes = append(slices.Clone(w.t.Wishes), c.Email)
			w.changed("wish", true)
		}
	}
	return w.flush()
}

// refused says why the sender may not write to the mailbox, "" when they may.
func (j *joining) refused() string {
	box := j.in.box
	if box == nil {
		return ""
	}
	switch box.Who {
	case WhoHold:
		return "hold"
	case WhoKnown:
		if j.person == nil {
			return "unknown"
		}
	case WhoDomains:
		_, domain, _ := strings.Cut(j.in.From.Email, "@")
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
	switch {
	case j.person.Language != "":
		return j.person.Language
	case j.in.Language == "en" || j.in.Language == "it":
		return j.in.Language
	}
	return languageOf(j.in.own)
}

// placeOfBox is the module and group of what opens through the mailbox; the general group without one.
func (d *Desk) placeOfBox(tx *store.Tx, box *Mailbox) (module, group uint64, err error) {
	general, err := store.GroupsByCode.PeekFirst(tx, store.GeneralGroup)
	if err != nil {
		return 0, 0, err
	}
	group = general.ID
	if box == nil {
		return 0, group, nil
	}
	if box.Module != "" {
		if m, err := store.ModulesByCode.PeekFirst(tx, box.Module); err == nil {
			module = m.ID
			if p, err := placement(tx, m.ID); err == nil && p.group != 0 {
				group = p.group
			}
		}
	}
	if box.Group != "" {
		if g, err := store.GroupsByCode.PeekFirst(tx, box.Group); err == nil && !g.Retired {
			group = g.ID
		}
	}
	return module, group, nil
}

// done writes down where the mail went, and the Message-IDs that lead there from now on.
func (j *joining) done(t *store.Ticket, m *store.Message, belongs bool) error {
	j.row.State, j.row.Ticket, j.row.Message = store.MailDone, t.ID, m.ID
	if belongs {
		for _, a := range j.d.addressed(j.in) {
			j.row.Addressed = append(j.row.Addressed, a.Email)
		}
	}
	if err := store.Mails.Put(j.tx, j.row); err != nil {
		return err
	}
	if err := putMailID(j.tx, j.in.MessageID, store.MailIn, t.ID, m.ID, 0); err != nil {
		return err
	}
	if !belongs || j.machine {
		return nil
	}
	// What people of a ticket sent each other is named by their answers.
	for _, id := range j.answered() {
		if err := putMailID(j.tx, id, store.MailNear, t.ID, m.ID, 0); err != nil {
			return err
		}
	}
	return nil
}
