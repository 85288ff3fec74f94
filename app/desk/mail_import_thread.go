package desk

import (
	"errors"
	"slices"
	"time"

	"sportello/app/mail"
	"sportello/store"
)

// threadWriter makes one ticket of one thread, or adds what is new to the ticket that has its beginning.
type threadWriter struct {
	im     *mailImport
	tx     *store.Tx
	t      *store.Ticket
	made   bool
	last   time.Time // of the newest mail a person wrote
	agents bool      // the desk's side wrote
	knows  map[string]bool
}

func (w *threadWriter) write(thread []threadMail) ([]MailImported, error) {
	w.knows = map[string]bool{}
	var told []MailImported
	var kept []threadMail
	for _, m := range thread {
		line := MailImported{Where: m.head.where, MessageID: m.head.message, Subject: m.head.subject, Refused: m.err}
		if m.err == nil && !isAddress(m.in.From.Email) {
			line.Refused = store.Fail(store.Invalid, "error.mail-no-sender")
		}
		if line.Refused != nil {
			if err := w.refuse(m, line.Refused); err != nil {
				return nil, err
			}
			told = append(told, line)
			continue
		}
		if have, err := store.MailsByPrint.First(w.tx, m.in.print); err == nil && have.ID != m.head.id && have.State != store.MailDropped {
			line.Why, line.By = "same", "#"+number(have.Ticket)
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
	if err := w.find(kept); err != nil {
		return nil, err
	}
	if w.t == nil && !slices.ContainsFunc(kept, func(m threadMail) bool { return opens(m.in.Automatic) }) {
		// Nothing but machines: reports and absences that answer nothing here.
		for _, m := range kept {
			row, err := w.row(m)
			if err != nil {
				return nil, err
			}
			row.State, row.Why = store.MailAside, string(m.in.Automatic)
			if err := store.Mails.Put(w.tx, row); err != nil {
				return nil, err
			}
			told = append(told, MailImported{Where: m.head.where, MessageID: m.head.message, Subject: m.head.subject, Why: row.Why})
		}
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

// opens reports whether a mail of the kind can be the beginning of a matter.
func opens(a mail.Automatic) bool {
	switch a {
	case mail.AutoReply, mail.OutOfOffice, mail.Bounce, mail.Receipt:
		return false
	}
	return true
}

// row is the mail's row as this transaction has it, with what was read in it.
func (w *threadWriter) row(m threadMail) (*store.Mail, error) {
	row, err := store.Mails.Get(w.tx, m.head.id)
	if err != nil || m.in == nil {
		return row, err
	}
	in := m.in
	row.Print, row.MessageID, row.From, row.FromName = in.print, cutRunes(in.MessageID, 500), in.From.Email, cutRunes(in.From.Name, maxName)
	row.Subject, row.Date, row.Automatic, row.Why = cutRunes(in.Subject, maxSubject), in.Date, string(in.Automatic), in.Problem
	if in.PEC != nil {
		row.PEC = in.PEC.Kind
	}
	for _, a := range w.im.d.addressed(in) {
		if !w.im.own(a.Email) {
			row.Addressed = append(row.Addressed, a.Email)
		}
	}
	return row, nil
}

func (w *threadWriter) refuse(m threadMail, why error) error {
	row, err := store.Mails.Get(w.tx, m.head.id)
	if errors.Is(err, store.ErrNotFound) {
		return nil
	}
	if err != nil {
		return err
	}
	row.State, row.Why, row.Detail = store.MailFailed, "refused", cutRunes(why.Error(), 500)
	return store.Mails.Put(w.tx, row)
}

// find looks whether a ticket has part of the thread already.
func (w *threadWriter) find(thread []threadMail) error {
	for _, m := range thread {
		for _, id := range append([]string{m.head.message}, m.head.refs...) {
			if id == "" {
				continue
			}
			for known, err := range store.MailIDsByHash.Rows(w.tx, store.Span{Prefix: store.Key(store.HashMessageID(id))}) {
				if err != nil {
					return err
				}
				if t, err := store.Tickets.Get(w.tx, known.Ticket); err == nil && !t.IsSpam() {
					w.t = t
					m.head.why, m.head.by = JoinedMessageID, id
					return nil
				}
			}
		}
	}
	return nil
}

// message puts one mail into the ticket, opening it with the first.
func (w *threadWriter) message(m threadMail) (MailImported, error) {
	im, in := w.im, m.in
	line := MailImported{Where: m.head.where, MessageID: m.head.message, Subject: in.Subject, Why: m.head.why, By: m.head.by}
	author, err := im.d.EnsureRequester(w.tx, in.From.Email, in.From.Name)
	if err != nil {
		return line, err
	}
	at := m.head.date
	if at.IsZero() || at.After(w.tx.Now()) {
		at = w.tx.Now()
	}
	row, err := w.row(m)
	if err != nil {
		return line, err
	}
	msg := &store.Message{Author: author.ID, At: at.UTC(), Body: in.body(), Via: "import", Mail: row.ID, Rest: in.rest, Automatic: string(in.Automatic), PEC: row.PEC}
	msg.Agent = author.IsAgent() || im.own(author.Email)
	for _, f := range in.files {
		f.Person = author.ID
	}
	if w.t == nil {
		if err := w.open(m, author, msg); err != nil {
			return line, err
		}
		line.Why, line.By = JoinedNew, ""
	} else {
		if line.Why == "" {
			line.Why, line.By = JoinedMessageID, first(m.head.refs)
		}
		msg.Agent = msg.Agent && !w.t.OnSide(author.ID)
		w.belongs(author, msg)
		if err := im.d.appendMessage(w.tx, w.t, msg, in.files); err != nil {
			return line, err
		}
	}
	if in.Automatic == mail.Personal || in.Automatic == mail.List {
		if at.After(w.last) {
			w.last = at
		}
		w.agents = w.agents || msg.Agent
		if msg.Agent && w.t.Assignee == 0 && author.InGroup(w.t.Group) {
			w.t.Assignee = author.ID
		}
	}
	for _, a := range row.Addressed {
		w.knows[a] = true
	}
	if msg.At.After(w.t.PublicUpdated) {
		w.t.PublicUpdated = msg.At
	}
	line.Ticket = w.t.ID
	row.State, row.Ticket, row.Message, row.Joined, row.JoinedBy = store.MailDone, w.t.ID, msg.ID, line.Why, cutRunes(line.By, 200)
	if err := store.Mails.Put(w.tx, row); err != nil {
		return line, err
	}
	if err := putMailID(w.tx, in.MessageID, store.MailIn, w.t.ID, msg.ID, 0); err != nil {
		return line, err
	}
	if msg.Outside || in.Automatic != mail.Personal {
		return line, nil
	}
	for _, id := range m.head.refs {
		if err := putMailID(w.tx, id, store.MailNear, w.t.ID, msg.ID, 0); err != nil {
			return line, err
		}
	}
	return line, nil
}

func first(list []string) string {
	if len(list) == 0 {
		return ""
	}
	return list[0]
}

// open makes the ticket. Its requester is who wrote first or, when that was the desk, to whom it wrote.
func (w *threadWriter) open(m threadMail, author *store.Person, msg *store.Message) error {
	im := w.im
	module, group, err := im.d.placeOfBox(w.tx, &im.box)
	if err != nil {
		return err
	}
	requester := author
	if msg.Agent {
		for _, to := range m.in.To {
			if isAddress(to.Email) && !im.own(to.Email) {
				if requester, err = im.d.EnsureRequester(w.tx, to.Email, to.Name); err != nil {
					return err
				}
				break
			}
		}
		msg.Agent = requester.ID != author.ID
	}
	t := &store.Ticket{Subject: m.in.subject(), Kind: store.Clarification, Severity: store.Medium, Urgency: store.NoDate, Module: module, Group: group,
		Requester: requester.ID, Organisation: requester.Organisation, Unit: requester.Unit, Language: languageOf(m.in.own), Via: "import", Opened: msg.At}
	if requester.ID != author.ID {
		t.OpenedBy = author.ID
	}
	if requester.Language != "" {
		t.Language = requester.Language
	}
	if err := im.d.insertTicket(w.tx, t, msg, m.in.files); err != nil {
		return err
	}
	t.LastAgent = msg.Agent
	w.t, w.made = t, true
	return nil
}

// belongs makes a participant of somebody who was addressed in the thread, or is of the requester's organisation; who
// is neither wrote from outside.
func (w *threadWriter) belongs(author *store.Person, msg *store.Message) {
	if msg.Agent || w.t.OnSide(author.ID) || w.im.own(author.Email) {
		return
	}
	if msg.Automatic == "" && len(w.t.Participants) < maxPeople &&
		(w.knows[author.Email] || author.Organisation != 0 && author.Organisation == w.t.Organisation) {
		w.t.Participants = append(slices.Clone(w.t.Participants), author.ID)
		return
	}
	msg.Outside = true
}

// finish puts the ticket into the state its last word leaves it in. One that was there before keeps its state, unless
// it was closed and somebody wrote since.
func (w *threadWriter) finish() error {
	set := settings(w.tx)
	d, t := w.im.d, w.t
	if !w.made {
		t.PublicRev++
		d.schedule(set, t)
		return store.Tickets.Put(w.tx, t)
	}
	if w.last.IsZero() {
		w.last = t.Opened
	}
	old := w.tx.Now().Sub(w.last) > w.im.o.CloseAfter
	switch {
	case old:
		d.enter(set, t, store.StateResolved, w.last)
		d.enter(set, t, store.StateClosed, w.last)
		t.Outcome = store.Solved
		if w.agents {
			t.Outcome = store.Answered
		}
	case w.agents && t.LastAgent:
		d.enter(set, t, store.StateOpen, t.Opened)
		d.enter(set, t, store.StateWaiting, w.last)
	case w.agents:
		d.enter(set, t, store.StateOpen, t.Opened)
	}
	if w.agents && t.Taken.IsZero() {
		t.Taken = t.Opened
		if !t.Answered.IsZero() {
			t.Taken = t.Answered
		}
	}
	d.schedule(set, t)
	return store.Tickets.Put(w.tx, t)
}
