package ticket

import (
	"slices"

	"sportello/app/desk/entry"
	"sportello/app/desk/people"
	"sportello/app/desk/policy"
	"sportello/store"
	"sportello/store/act"
	"sportello/store/door"
	"sportello/store/fault"
)

// BesideDo is what an agent does with a message kept beside a ticket.
type BesideDo string

// What may be done with it.
const (
	BesideJoin   BesideDo = "join"                // it becomes a message of the ticket
	BesidePerson BesideDo = "join-and-add-person" // and its author becomes a participant
	BesideOwn    BesideDo = "own-ticket"          // it becomes a ticket of its own
	BesideDrop   BesideDo = "dismiss"             // it is kept, with the reason, and no longer waits
)

// beside decides about a message kept beside the ticket. Everyone who may arrange the ticket may call it; for people
// who may not see notes there is no such message.
func (w *Change) beside() error {
	if w.s.Apart {
		if err := w.need(policy.Arrange); err != nil {
			return err
		}
		if w.t.MayBelong != 0 {
			w.t.MayBelong = 0
			w.changed(act.Apart)
			if err := w.Flush(); err != nil {
				return err
			}
		}
	}
	if w.s.Beside == 0 {
		return nil
	}
	if !w.stand.Allows(policy.SeeNotes) {
		return fault.New(fault.NotFound, "error.not-found")
	}
	if err := w.need(policy.Arrange); err != nil {
		return err
	}
	m, err := store.Messages.Get(w.tx, w.s.Beside)
	if err != nil || m.Ticket != w.t.ID || m.Beside == "" {
		return fault.New(fault.NotFound, "error.not-found")
	}
	if m.Beside == store.BesideDismissed && w.s.BesideDo == BesideDrop { // a dismissed message can still be accepted
		return fault.New(fault.Conflict, "error.beside-decided")
	}
	switch w.s.BesideDo {
	case BesidePerson:
		if err := w.need(policy.AddPerson); err != nil {
			return err
		}
		if len(w.t.Participants)+len(w.t.Wishes) >= entry.MaxPeople {
			return fault.New(fault.Invalid, "error.too-many-participants", "max", entry.MaxPeople).At("do")
		}
		w.Join(m.Author)
		if err := w.Flush(); err != nil {
			return err
		}
		fallthrough
	case BesideJoin:
		if _, err := w.reveal(m); err != nil {
			return err
		}
		w.changed(act.LetIn)
		if err := w.wake(); err != nil {
			return err
		}
		return w.Flush()
	case BesideOwn:
		return w.ownTicket(m)
	case BesideDrop:
		if w.s.Reason == "" {
			return fault.New(fault.Invalid, "error.required").At("reason")
		}
		m.Beside, m.BesideWhy = store.BesideDismissed, entry.Cut(w.s.Reason, entry.MaxShort)
		w.tx.Act(act.Dismiss)
		w.tx.Internally(true)
		if err := store.Messages.Put(w.tx, m); err != nil {
			return err
		}
		w.t.Beside--
		w.changed(act.Dismiss)
		return w.Flush()
	}
	return fault.New(fault.Invalid, "error.choice").At("do")
}

// ownTicket makes the message a ticket of its author, in the same group and module, with a link for agents.
func (w *Change) ownTicket(note *store.Message) error {
	author, err := store.People.Get(w.tx, note.Author)
	if err != nil {
		return err
	}
	m, files, err := w.lift(note)
	if err != nil {
		return err
	}
	subject, opened := w.t.Subject, note.At
	if row, err := store.Mails.Get(w.tx, note.Mail); err == nil && row.Subject != "" {
		subject = row.Subject
	} else if err != nil {
		return err
	}
	m.At, m.Outside = opened, false
	t := &store.Ticket{Subject: subject, Kind: store.Clarification, Severity: store.Medium, Urgency: store.NoDate, Module: w.t.Module, Group: w.t.Group,
		Requester: author.ID, Language: people.LanguageOf(author, subject+"\n"+entry.Words(m), ""), Via: door.Mail, Opened: opened, Links: []uint64{w.t.ID}}
	t.Wear(w.hatOf(author))
	w.tx.As(author.ID)
	w.tx.Act(act.Open)
	w.tx.Internally(false)
	w.tx.Because("")
	err = w.ts.Insert(w.tx, t, m, files)
	w.tx.As(w.a.ID())
	if err != nil {
		return err
	}
	if err := w.drop(note, m); err != nil {
		return err
	}
	if err := moveMail(w.tx, m, t.ID); err != nil {
		return err
	}
	w.t.Links = append(slices.Clone(w.t.Links), t.ID)
	w.changed(act.OwnTicket)
	return w.Flush()
}
