package ticket

import (
	"errors"
	"maps"
	"slices"
	"time"

	"sportello/app/desk/policy"
	"sportello/store"
	"sportello/store/act"
	"sportello/store/db"
	"sportello/store/fault"
)

// What agents do with whole tickets and with messages between tickets, and how it is undone.

// spam marks a ticket as spam or removes the mark. A marked ticket disappears from every list and from search; after
// thirty days it is removed.
func (w *Change) spam() error {
	if w.s.Spam == nil || *w.s.Spam == w.t.IsSpam() {
		return nil
	}
	if err := w.need(policy.Arrange); err != nil {
		return err
	}
	w.t.SpamSince = time.Time{}
	did := act.NotSpam
	if *w.s.Spam {
		w.t.SpamSince = w.tx.Now()
		did = act.Spam
	}
	w.changed(did)
	return w.Flush()
}

// arrange links or unlinks two tickets, in both directions.
func (w *Change) arrange() error {
	if id := w.s.Link; id != 0 {
		o, err := w.other(id, "link")
		if err != nil {
			return err
		}
		if !slices.Contains(w.t.Links, id) {
			w.t.Links = append(slices.Clone(w.t.Links), id)
			w.changedFor(act.Link, false)
			if err := w.Flush(); err != nil {
				return err
			}
			o.Links = append(slices.Clone(o.Links), w.t.ID)
			if err := store.Tickets.Put(w.tx, o); err != nil {
				return err
			}
		}
	}
	if id := w.s.Unlink; id != 0 && slices.Contains(w.t.Links, id) {
		o, err := w.other(id, "link")
		if err != nil {
			return err
		}
		w.t.Links = db.Without(w.t.Links, id)
		w.changed(act.Unlink)
		if err := w.Flush(); err != nil {
			return err
		}
		o.Links = db.Without(o.Links, w.t.ID)
		return store.Tickets.Put(w.tx, o)
	}
	return nil
}

// other returns another ticket that the actor may see, for linking and merging. It returns a Denied error to actors who
// may not arrange the ticket, and an Invalid error of the field for an unknown ticket, one they may not see, or the same.
func (w *Change) other(id uint64, field string) (*store.Ticket, error) {
	if err := w.need(policy.Arrange); err != nil {
		return nil, err
	}
	unknown := fault.New(fault.Invalid, "error.ticket-unknown", "number", id).At(field)
	if id == w.t.ID {
		return nil, fault.New(fault.Invalid, "error.ticket-itself").At(field)
	}
	o, err := store.Tickets.Get(w.tx, id)
	if err != nil || o.IsSpam() || w.ts.rights.May(w.tx, w.a, policy.See, o) != nil {
		return nil, unknown
	}
	return o, nil
}

// merge completes resolving as a duplicate: the messages and files move to the other ticket, where each records its
// origin, and the two are linked. The requester of the duplicate joins the other ticket only if that shows them nothing
// they may not see: both are of one organisation and the other is not confidential.
func (w *Change) merge() error {
	o, err := w.other(w.s.DuplicateOf, "duplicate_of")
	if err != nil {
		return err
	}
	if err := w.ts.rights.MayTakeIn(w.tx, w.a, o); err != nil {
		var one *fault.Error
		if errors.As(err, &one) {
			return one.At("duplicate_of")
		}
		return err
	}
	w.t.DuplicateOf = o.ID
	if !slices.Contains(w.t.Links, o.ID) {
		w.t.Links = append(slices.Clone(w.t.Links), o.ID)
	}
	w.changed(act.Resolve)
	if err := w.Flush(); err != nil {
		return err
	}
	messages, err := store.MessagesByTicket.Find(w.tx, w.t.ID)
	if err != nil {
		return err
	}
	w.tx.Act(act.Merge)
	w.tx.Internally(true)
	for _, m := range messages {
		if m.Agent && !m.Internal && m.At.Equal(w.tx.Now()) {
			continue // the message written to the requester stays in their ticket
		}
		m.Brought = append(slices.Clone(m.Brought), w.t.ID)
		if err := w.shift(m, w.t, o); err != nil {
			return err
		}
	}
	if !slices.Contains(o.Links, w.t.ID) {
		o.Links = append(slices.Clone(o.Links), w.t.ID)
	}
	if err := store.Tickets.Put(w.tx, o); err != nil {
		return err
	}
	return store.Tickets.Put(w.tx, w.t)
}

// shift moves one message with its files from one ticket to another and corrects the counts of both. A message that
// came by merging remains visible to its original people, wherever it goes, until it returns to them.
func (w *Change) shift(m *store.Message, from, to *store.Ticket) error {
	files, err := store.FilesByMessage.Find(w.tx, m.ID)
	if err != nil {
		return err
	}
	if m.Beside == store.BesideWaiting {
		from.Beside--
		to.Beside++
	}
	if m.Internal {
		from.Notes--
		to.Notes++
	} else {
		from.Messages--
		to.Messages++
		from.Files -= len(files)
		to.Files += len(files)
	}
	m.Ticket = to.ID
	if i := slices.Index(m.Brought, to.ID); i >= 0 {
		m.Brought = m.Brought[:i]
	}
	switch {
	case m.Origin == to.ID:
		m.Origin = 0
	case m.Origin == 0:
		m.Origin = from.ID
	}
	if err := store.Messages.Put(w.tx, m); err != nil {
		return err
	}
	if err := moveMail(w.tx, m, to.ID); err != nil {
		return err
	}
	for _, f := range files {
		f.Ticket = to.ID
		if err := store.Files.Put(w.tx, f); err != nil {
			return err
		}
	}
	return nil
}

// undoDuplicate brings back the messages that moved to the other ticket and reopens this one.
func (w *Change) undoDuplicate() error {
	if !w.s.UndoDuplicate {
		return nil
	}
	if w.t.DuplicateOf == 0 {
		return fault.New(fault.Invalid, "error.no-duplicate")
	}
	o, err := w.other(w.t.DuplicateOf, "duplicate_of")
	if err != nil {
		return err
	}
	moved, err := store.MessagesByBrought.Find(w.tx, w.t.ID)
	if err != nil {
		return err
	}
	w.tx.Act(act.Unmerge)
	w.tx.Internally(true)
	holders := map[uint64]*store.Ticket{o.ID: o} // merged messages may have moved on with the other ticket
	for _, m := range moved {
		from := holders[m.Ticket]
		if from == nil {
			if from, err = store.Tickets.Get(w.tx, m.Ticket); err != nil {
				return err
			}
			if w.ts.rights.May(w.tx, w.a, policy.Arrange, from) != nil {
				continue
			}
			holders[from.ID] = from
		}
		if err := w.shift(m, from, w.t); err != nil {
			return err
		}
	}
	o.Links = db.Without(o.Links, w.t.ID)
	for _, id := range slices.Sorted(maps.Keys(holders)) {
		if err := store.Tickets.Put(w.tx, holders[id]); err != nil {
			return err
		}
	}
	w.t.Links = db.Without(w.t.Links, o.ID)
	w.ts.due.Enter(w.set, w.t, store.StateOpen, w.tx.Now())
	w.changed(act.Reopen)
	return nil
}

// moveMessage moves one message to another ticket, or makes it a new ticket.
func (w *Change) moveMessage() error {
	if w.s.MoveMessage == 0 {
		return nil
	}
	if err := w.need(policy.Arrange); err != nil {
		return err
	}
	m, err := store.Messages.Get(w.tx, w.s.MoveMessage)
	if err != nil || m.Ticket != w.t.ID || m.Opening && w.t.ID != 0 && m.Origin == 0 {
		return fault.New(fault.Invalid, "error.message-stays").At("message")
	}
	w.tx.Act(act.MoveMessage)
	w.tx.Internally(true)
	if w.s.MoveTo == 0 {
		return w.split(m)
	}
	o, err := w.other(w.s.MoveTo, "to")
	if err != nil {
		return err
	}
	if w.ts.rights.May(w.tx, w.a, policy.Arrange, o) != nil {
		return fault.New(fault.Denied, "error.denied").At("to")
	}
	opened, seen := m.Opening && !m.Merged(), !m.Internal && !m.Merged()
	if opened {
		whole, err := w.whole(m)
		if err != nil {
			return err
		}
		if whole { // the whole ticket moves, like a duplicate
			m.Brought = append(slices.Clone(m.Brought), w.t.ID)
		}
	}
	m.Opening = m.Opening && m.Brought != nil
	if err := w.shift(m, w.t, o); err != nil {
		return err
	}
	if !m.Internal && !m.Merged() {
		Touch(w.tx, o)
	}
	if err := store.Tickets.Put(w.tx, o); err != nil {
		return err
	}
	w.changedFor(act.MoveMessage, seen)
	if opened {
		if err := w.reopenWith(o); err != nil {
			return err
		}
	}
	return w.Flush()
}

// whole reports whether the message is everything that the requester's side has written and read in the ticket.
func (w *Change) whole(m *store.Message) (bool, error) {
	all, err := store.MessagesByTicket.Find(w.tx, w.t.ID)
	return !slices.ContainsFunc(all, func(x *store.Message) bool { return x.ID != m.ID && !x.Internal && !x.Merged() }), err
}

// reopenWith updates a ticket whose first message moved to the other one: the next message becomes its first; if there
// is none, it is closed as a duplicate of the other.
func (w *Change) reopenWith(o *store.Ticket) error {
	rest, err := store.MessagesByTicket.Find(w.tx, w.t.ID)
	if err != nil {
		return err
	}
	for _, m := range rest {
		if !m.Internal && !m.Merged() {
			m.Opening = true
			return store.Messages.Put(w.tx, m)
		}
	}
	if w.t.State != store.StateResolved && w.t.State != store.StateClosed {
		w.ts.due.Enter(w.set, w.t, store.StateResolved, w.tx.Now())
	}
	w.ts.due.Enter(w.set, w.t, store.StateClosed, w.tx.Now())
	w.t.Outcome, w.t.DuplicateOf = store.Duplicate, o.ID
	return nil
}

func (w *Change) split(m *store.Message) error {
	author, err := store.People.Get(w.tx, m.Author)
	if err != nil {
		return err
	}
	if m.Internal {
		return fault.New(fault.Invalid, "error.note-no-ticket").At("message")
	}
	files, err := store.FilesByMessage.Find(w.tx, m.ID)
	if err != nil {
		return err
	}
	t := &store.Ticket{Subject: w.t.Subject, Kind: w.t.Kind, Severity: w.t.Severity, Urgency: store.NoDate, Module: w.t.Module, Group: w.t.Group,
		Requester: author.ID, Language: w.t.Language, Via: m.Via, Opened: m.At, Links: []uint64{w.t.ID}}
	t.Wear(w.hatOf(author))
	m.Origin = w.t.ID
	seen := !m.Merged()
	if err := w.ts.Insert(w.tx, t, m, files); err != nil {
		return err
	}
	if err := moveMail(w.tx, m, t.ID); err != nil {
		return err
	}
	w.t.Messages--
	w.t.Files -= len(files)
	w.t.Links = append(slices.Clone(w.t.Links), t.ID)
	w.changedFor(act.MoveMessage, seen)
	return w.Flush()
}

// confirmMail turns a note that came by mail into the message it was meant to be, or keeps it as a note. Only its agent
// may confirm an answer whose sender is not proved; an answer to a letter about something internal may be published by
// everyone who sees it and may write messages.
func (w *Change) confirmMail() error {
	id := w.s.ConfirmMail
	if id == 0 {
		id = w.s.KeepNote
	}
	if id == 0 {
		return nil
	}
	note, err := store.Messages.Get(w.tx, id)
	if err != nil || note.Ticket != w.t.ID || !w.stand.Allows(policy.SeeNotes) || !(note.AnswersNote || note.Unconfirmed && note.Author == w.a.ID()) {
		return fault.New(fault.Invalid, "error.no-mail-to-confirm").At("message")
	}
	if err := w.need(policy.Write); err != nil {
		return err
	}
	if w.s.KeepNote != 0 {
		note.Unconfirmed, note.AnswersNote = false, false
		w.tx.Act(act.Note)
		w.tx.Internally(true)
		return store.Messages.Put(w.tx, note)
	}
	if note.Agent && w.t.State == store.StateNew {
		if err := w.takeCharge(); err != nil {
			return err
		}
	}
	if _, err := w.reveal(note); err != nil {
		return err
	}
	w.changed(act.Reply)
	if note.Agent {
		return w.Flush()
	}
	if err := w.wake(); err != nil {
		return err
	}
	return w.Flush()
}

// reveal turns a note of the ticket into a message in its author's name, with its files and its mail. If the sender is
// not proved, it stays so unless the author publishes it.
func (w *Change) reveal(note *store.Message) (*store.Message, error) {
	m, files, err := w.lift(note)
	if err != nil {
		return nil, err
	}
	w.tx.As(m.Author)
	w.tx.Act(act.Message)
	w.tx.Internally(false)
	w.tx.Because("")
	err = w.ts.AppendMessage(w.tx, w.t, m, files)
	w.tx.As(w.a.ID())
	if err != nil {
		return nil, err
	}
	return m, w.drop(note, m)
}

// lift returns the message that the note becomes, not yet written, with its files.
func (w *Change) lift(note *store.Message) (*store.Message, []*store.File, error) {
	files, err := store.FilesByMessage.Find(w.tx, note.ID)
	if err != nil {
		return nil, nil, err
	}
	m := *note
	m.Row = db.Row{}
	m.Internal, m.Unconfirmed, m.AnswersNote, m.Beside, m.BesideWhy, m.Mentions, m.At = false, false, false, "", "", nil, w.tx.Now()
	m.Unproven = m.Unproven && note.Author != w.a.ID()
	return &m, files, nil
}

// drop removes the note that became the message.
func (w *Change) drop(note, m *store.Message) error {
	if note.Mail != 0 {
		if err := moveMailTo(w.tx, note, m); err != nil {
			return err
		}
	}
	w.tx.Act(act.Note)
	w.tx.Internally(true)
	if note.Beside == store.BesideWaiting {
		w.t.Beside--
	}
	w.t.Notes--
	return store.Messages.Delete(w.tx, note.ID)
}

// wake reopens a waiting or resolved ticket; a closed one stays closed.
func (w *Change) wake() error {
	if w.t.State == store.StateClosed {
		return nil
	}
	return w.WakeUp()
}
