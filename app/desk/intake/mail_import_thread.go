package intake

import (
	"errors"
	"slices"
	"time"

	"sportello/app/desk/entry"
	"sportello/app/desk/people"
	"sportello/app/desk/policy"
	"sportello/app/desk/post"
	"sportello/app/mail"
	"sportello/store"
	"sportello/store/db"
	"sportello/store/door"
	"sportello/store/fault"
	"sportello/store/key"
)

// threadWriter makes tickets from the mails of one thread: one for all authors who belong together, and one for each
// author who answered without belonging, by the same rules as for incoming mail. Nothing is kept beside a ticket: the
// mails are old, and nobody should have to decide about hundreds of them.
type threadWriter struct {
	im       *mailImport
	tx       *db.Tx
	branches []*branch
	made     int // number of tickets
}

// branch is the content of one ticket.
type branch struct {
	t         *store.Ticket
	made      bool
	touched   bool      // something was added to it
	last      time.Time // time of the newest mail written by a person
	agents    bool      // the desk's side wrote in it
	secret    bool      // group or module is confidential
	addressed map[string]bool
	wishes    []string
}

func (w *threadWriter) write(thread []threadMail) ([]Imported, error) {
	var told []Imported
	var kept []threadMail
	for _, m := range thread {
		line := Imported{Where: m.head.where, MessageID: m.head.message, Subject: m.head.subject, Refused: m.err}
		if m.err == nil && !entry.IsAddress(m.in.From.Email) && m.in.Report != nil {
			// Reports have no author and belong to nobody.
			line, err := w.aside(m)
			if err != nil {
				return nil, err
			}
			told = append(told, line)
			continue
		}
		if m.err == nil && !entry.IsAddress(m.in.From.Email) {
			line.Refused = fault.New(fault.Invalid, "error.mail-no-sender")
		}
		if line.Refused != nil {
			if err := w.refuse(m, line.Refused); err != nil {
				return nil, err
			}
			told = append(told, line)
			continue
		}
		if have, err := store.MailsByPrint.First(w.tx, m.in.print); err == nil && have.ID != m.head.id && have.State != store.MailDropped {
			line.Why, line.By = "same", "#"+entry.Digits(have.Ticket)
			row, err := w.row(m)
			if err != nil {
				return nil, err
			}
			row.State, row.SameAs = store.MailSame, have.ID
			if err := store.Mails.Put(w.tx, row); err != nil {
				return nil, err
			}
			told = append(told, line)
			continue
		}
		kept = append(kept, m)
	}
	if len(kept) == 0 {
		return told, nil
	}
	for _, m := range kept {
		line, err := w.message(m)
		if err != nil {
			return nil, err
		}
		told = append(told, line)
	}
	return told, w.finish()
}

// opens reports whether a mail of the kind can begin a ticket.
func opens(a mail.Automatic) bool {
	switch a {
	case mail.AutoReply, mail.OutOfOffice, mail.Bounce, mail.Receipt:
		return false
	}
	return true
}

// row returns the mail's row as this transaction has it, with the parsed data.
func (w *threadWriter) row(m threadMail) (*store.Mail, error) {
	row, err := store.Mails.Get(w.tx, m.head.id)
	if err != nil || m.in == nil {
		return row, err
	}
	in := m.in
	row.Print, row.MessageID, row.From, row.FromName = in.print, entry.Cut(in.MessageID, 500), in.From.Email, entry.Cut(in.From.Name, entry.MaxName)
	row.Subject, row.Date, row.Automatic, row.Why = entry.Cut(in.Subject, entry.MaxSubject), in.Date, string(in.Automatic), in.Problem
	if in.PEC != nil {
		row.PEC = in.PEC.Kind
	}
	for _, a := range w.im.it.addressed(w.tx, in) {
		if !w.im.own(w.tx, a.Email) {
			row.Addressed = append(row.Addressed, a.Email)
		}
	}
	return row, nil
}

func (w *threadWriter) refuse(m threadMail, why error) error {
	row, err := store.Mails.Get(w.tx, m.head.id)
	if errors.Is(err, fault.ErrNotFound) {
		return nil
	}
	if err != nil {
		return err
	}
	row.State, row.Why, row.Detail = store.MailFailed, "refused", entry.Cut(why.Error(), 500)
	return store.Mails.Put(w.tx, row)
}

// aside sets aside an automatic mail that answers nothing here: reports, absence notes.
func (w *threadWriter) aside(m threadMail) (Imported, error) {
	row, err := w.row(m)
	if err != nil {
		return Imported{}, err
	}
	row.State, row.Why = store.MailAside, string(m.in.Automatic)
	return Imported{Where: m.head.where, MessageID: m.head.message, Subject: m.head.subject, Why: row.Why}, store.Mails.Put(w.tx, row)
}

// branchOf returns the branch for the mail, nil for a new ticket, and then the ticket to which the mail nevertheless
// points. The rules are those for incoming mail: mail contained in a ticket takes precedence over mail it mentions, and
// neither joins an author who does not belong.
func (w *threadWriter) branchOf(m threadMail, author *store.Person) (b *branch, suggest uint64, err error) {
	refs := slices.Clone(m.head.refs)
	slices.Reverse(refs) // nearest first; its own id is among those mentioned
	for _, kind := range []store.MailKind{store.MailIn, store.MailNear} {
		for _, id := range append(refs, m.head.message) {
			if id == "" || kind == store.MailIn && id == m.head.message {
				continue
			}
			n := 0
			for known, err := range store.MailIDsByHash.Rows(w.tx, db.Span{Prefix: key.Of(store.HashMessageID(id)), Desc: true}) {
				if err != nil {
					return nil, 0, err
				}
				if n++; n > post.MostOfID {
					break
				}
				if (known.Kind == store.MailNear) != (kind == store.MailNear) {
					continue
				}
				o, err := w.branch(known.Ticket)
				if err != nil {
					return nil, 0, err
				}
				switch {
				case o == nil:
				case w.belongs(o, author, m):
					m.head.why, m.head.by = JoinedMessageID, id
					return o, 0, nil
				case suggest == 0:
					suggest = o.t.ID
				}
			}
		}
	}
	if m.head.why == JoinedSubject {
		for _, o := range slices.Backward(w.branches) {
			if w.belongs(o, author, m) {
				return o, 0, nil
			}
		}
	}
	return nil, suggest, nil
}

// branch returns the branch of the ticket, nil if the ticket no longer exists.
func (w *threadWriter) branch(ticket uint64) (*branch, error) {
	for _, b := range w.branches {
		if b.t.ID == ticket {
			return b, nil
		}
	}
	t, err := store.Tickets.Get(w.tx, ticket)
	if errors.Is(err, fault.ErrNotFound) || err == nil && t.IsSpam() {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	b := w.add(t)
	for m, err := range store.MailsByTicket.Rows(w.tx, db.Span{Prefix: key.Of(t.ID)}) {
		if err != nil {
			return nil, err
		}
		for _, a := range m.Addressed {
			b.addressed[a] = true
		}
	}
	return b, nil
}

func (w *threadWriter) add(t *store.Ticket) *branch {
	b := &branch{t: t, addressed: map[string]bool{}, secret: policy.Confidential(w.tx, t.Group, t.Module)}
	w.branches = append(w.branches, b)
	return b
}

// belongs reports whether the author's mail joins the ticket: the author is on the desk's or the requester's side, or
// was addressed.
func (w *threadWriter) belongs(b *branch, author *store.Person, m threadMail) bool {
	email := m.in.From.Email
	return w.im.own(w.tx, email) || author.InGroup(b.t.Group) || b.t.OnSide(author.ID) ||
		!b.secret && (b.addressed[email] || author.Covers(b.t.Organisation, b.t.Unit, w.tx.Now()))
}

// message adds one mail to a ticket, and opens the ticket if necessary.
func (w *threadWriter) message(m threadMail) (Imported, error) {
	im, in := w.im, m.in
	line := Imported{Where: m.head.where, MessageID: m.head.message, Subject: in.Subject}
	author, err := im.it.people.EnsureRequester(w.tx, in.From.Email, in.From.Name)
	if err != nil {
		return line, err
	}
	b, suggest, err := w.branchOf(m, author)
	if err != nil {
		return line, err
	}
	if b == nil && !opens(in.Automatic) {
		return w.aside(m)
	}
	line.Why, line.By = m.head.why, m.head.by
	at := m.head.date
	if at.IsZero() || at.After(w.tx.Now()) {
		at = w.tx.Now()
	}
	row, err := w.row(m)
	if err != nil {
		return line, err
	}
	msg := &store.Message{Author: author.ID, At: at.UTC(), Body: in.body(), Format: in.format, Via: door.Import, Mail: row.ID, Rest: in.rest, HTML: in.html, RestHTML: in.below, Automatic: string(in.Automatic), PEC: row.PEC}
	msg.Agent = im.own(w.tx, author.Email) || author.IsAgent()
	for _, f := range in.files {
		f.Person = author.ID
	}
	if b == nil {
		if b, err = w.open(m, author, msg, suggest); err != nil {
			return line, err
		}
		line.Why, line.By = JoinedNew, ""
	} else {
		msg.Agent = msg.Agent && !b.t.OnSide(author.ID)
		if msg.Outside = !msg.Agent && !b.t.OnSide(author.ID); msg.Outside && msg.Automatic == "" {
			b.wish(author.Email)
		}
		if err := im.it.tickets.AppendMessage(w.tx, b.t, msg, in.files); err != nil {
			return line, err
		}
	}
	if in.Automatic == mail.Personal || in.Automatic == mail.List {
		if at.After(b.last) {
			b.last = at
		}
		b.agents = b.agents || msg.Agent
		if msg.Agent && b.t.Assignee == 0 && author.InGroup(b.t.Group) {
			b.t.Assignee = author.ID
		}
	}
	b.touched = true
	for _, a := range row.Addressed {
		b.addressed[a] = true
	}
	if msg.At.After(b.t.PublicUpdated) {
		b.t.PublicUpdated = msg.At
	}
	line.Ticket = b.t.ID
	row.State, row.Ticket, row.Message, row.Joined, row.JoinedBy = store.MailDone, b.t.ID, msg.ID, line.Why, entry.Cut(line.By, 200)
	if err := store.Mails.Put(w.tx, row); err != nil {
		return line, err
	}
	if err := post.PutMailID(w.tx, in.MessageID, store.MailIn, b.t.ID, msg.ID, 0); err != nil {
		return line, err
	}
	if msg.Outside || in.Automatic != mail.Personal {
		return line, nil
	}
	for _, id := range m.head.refs {
		if err := post.PutMailID(w.tx, id, store.MailNear, b.t.ID, msg.ID, 0); err != nil {
			return line, err
		}
	}
	return line, nil
}

// wish records an author who does not belong, for the requester or an agent to add.
func (b *branch) wish(email string) {
	if entry.PlausibleAddress(email) && !slices.Contains(b.wishes, email) {
		b.wishes = append(b.wishes, email)
	}
}

// open creates the ticket. Its requester is the first author or, if that was the desk, the person it wrote to.
func (w *threadWriter) open(m threadMail, author *store.Person, msg *store.Message, suggest uint64) (*branch, error) {
	im := w.im
	module, group, err := im.it.post.PlaceOfBox(w.tx, &im.box)
	if err != nil {
		return nil, err
	}
	requester := author
	if msg.Agent {
		for _, to := range m.in.To {
			if entry.IsAddress(to.Email) && !im.own(w.tx, to.Email) {
				if requester, err = im.it.people.EnsureRequester(w.tx, to.Email, to.Name); err != nil {
					return nil, err
				}
				break
			}
		}
		msg.Agent = requester.ID != author.ID
	}
	t := &store.Ticket{Subject: m.in.subject(im.short), Kind: store.Clarification, Severity: store.Medium, Urgency: store.NoDate, Module: module, Group: group,
		Requester: requester.ID, Language: people.LanguageOf(requester, m.in.own, m.in.Language), Via: door.Import, Opened: msg.At, MayBelong: suggest}
	t.Wear(requester.Hat(w.tx.Now()))
	if requester.ID != author.ID {
		t.OpenedBy = author.ID
	}
	if err := im.it.tickets.Insert(w.tx, t, msg, m.in.files); err != nil {
		return nil, err
	}
	t.LastAgent = msg.Agent
	b := w.add(t)
	b.made = true
	w.made++
	return b, nil
}

// finish puts each new ticket into the state that its last mail implies. A ticket that existed before keeps its state.
func (w *threadWriter) finish() error {
	for _, b := range w.branches {
		if !b.touched {
			continue // only read
		}
		if err := w.settle(b); err != nil {
			return err
		}
	}
	return nil
}

func (w *threadWriter) settle(b *branch) error {
	set := store.CurrentSettings(w.tx)
	due, t := w.im.it.due, b.t
	for _, email := range b.wishes {
		if len(t.Participants)+len(t.Wishes) < entry.MaxPeople && !slices.Contains(t.Wishes, email) && t.State != store.StateClosed {
			t.Wishes = append(slices.Clone(t.Wishes), email)
		}
	}
	if !b.made {
		t.PublicRev++
		due.Schedule(set, t)
		return store.Tickets.Put(w.tx, t)
	}
	if b.last.IsZero() {
		b.last = t.Opened
	}
	old := w.tx.Now().Sub(b.last) > w.im.o.CloseAfter
	switch {
	case old:
		t.Wishes = nil // nobody should be added to a ticket that ended long ago
		due.Enter(set, t, store.StateResolved, b.last)
		due.Enter(set, t, store.StateClosed, b.last)
		t.Outcome = store.Solved
		if b.agents {
			t.Outcome = store.Answered
		}
	case b.agents && t.LastAgent:
		due.Enter(set, t, store.StateOpen, t.Opened)
		due.Enter(set, t, store.StateWaiting, b.last)
	case b.agents:
		due.Enter(set, t, store.StateOpen, t.Opened)
	}
	if b.agents && t.Taken.IsZero() {
		t.Taken = t.Opened
		if !t.Answered.IsZero() {
			t.Taken = t.Answered
		}
	}
	due.Schedule(set, t)
	return store.Tickets.Put(w.tx, t)
}
