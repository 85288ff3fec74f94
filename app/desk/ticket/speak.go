package ticket

import (
	"slices"

	"sportello/app/desk/entry"
	"sportello/app/desk/file"
	"sportello/app/desk/policy"
	"sportello/app/markup"
	"sportello/store"
	"sportello/store/act"
	"sportello/store/db"
	"sportello/store/fault"
)

// speak writes the step's message or note.
func (w *Change) speak() error {
	text := w.s.Message
	if text == nil {
		return nil
	}
	m := &store.Message{Author: w.a.ID(), At: w.tx.Now(), Body: markup.Clean(text.Body), Format: text.Format, Via: w.a.By(act.Act{}).Via, Internal: text.Internal, Mentions: text.Mentions}
	if err := w.phrase(m); err != nil {
		return err
	}
	files, err := file.Pending(w.tx, w.a, text.Files)
	if err != nil {
		return err
	}
	if m.Agent && !m.Internal {
		if err := w.need(policy.Write); err != nil {
			return err
		}
		if err := w.readable(m, files); err != nil {
			return err
		}
	}
	return w.say(m, files)
}

// Speak writes a message or note with files that are stored but not attached yet. A public reply of an agent to a new
// ticket takes charge first. A message from the requester's side reopens a waiting or resolved ticket, and a closed one
// within the grace period; later it opens a new ticket, linked in both directions.
func (w *Change) Speak(m *store.Message, files []*store.File) error {
	if err := w.phrase(m); err != nil {
		return err
	}
	return w.say(m, files)
}

// phrase decides in whose name the message is and in which format it is read.
func (w *Change) phrase(m *store.Message) error {
	m.Agent = m.Internal || w.stand.SpeaksForGroup()
	var wrong fault.Problems
	if entry.CheckBody(&wrong, m.Body); len(wrong) == 0 {
		entry.Phrase(m)
		entry.CheckBody(&wrong, m.Body) // HTML may be empty
	}
	return wrong.Err()
}

// say writes the message, already phrased, and makes the changes to the ticket that follow from it.
func (w *Change) say(m *store.Message, files []*store.File) error {
	w.said, w.files = m, files
	if m.Internal {
		if err := w.need(policy.WriteNote); err != nil {
			return err
		}
		m.Mentions = w.mentioned(m.Mentions)
		w.tx.Act(act.Note)
		w.tx.Internally(true)
		w.tx.Because("")
		if err := w.ts.AppendMessage(w.tx, w.t, m, files); err != nil {
			return err
		}
		w.changed(act.Note)
		return w.Flush()
	}
	if err := w.need(policy.Write); err != nil {
		return err
	}
	did := act.Message
	if m.Agent {
		did = act.Reply
		if w.t.State == store.StateNew {
			if err := w.takeCharge(); err != nil {
				return err
			}
		}
	} else if w.t.State == store.StateClosed && w.s.To == store.StateNone && !m.NotVerified() {
		if w.tx.Now().After(w.t.Closed.AddDate(0, 0, w.set.ReopenWithin)) {
			return w.follow(m, files)
		}
	}
	w.tx.Act(did)
	w.tx.Internally(false)
	w.tx.Because("")
	if err := w.ts.AppendMessage(w.tx, w.t, m, files); err != nil {
		return err
	}
	w.changed(did)
	if w.t.State == store.StateClosed && m.NotVerified() {
		return nil // an unproved message adds its text and reopens nothing
	}
	if !m.Agent && w.s.To == store.StateNone && !w.s.Confirm {
		return w.WakeUp()
	}
	return nil
}

// Lay adds a message to the ticket without changing anything else: neither whose turn it is nor the assignee. Automatic
// and unproved mail is added in this way.
func (w *Change) Lay(m *store.Message, files []*store.File) error {
	did := w.act
	if did == (act.Act{}) || did == act.Wish {
		did = act.Message
	}
	w.tx.Act(act.Message)
	w.tx.Internally(m.Internal)
	if err := w.ts.AppendMessage(w.tx, w.t, m, files); err != nil {
		return err
	}
	if m.Internal && !w.dirty {
		did = act.Note
	}
	w.changedFor(did, !m.Internal)
	return w.Flush()
}

// follow opens a new ticket for a message that arrived after the grace period of a closed one, and links both.
func (w *Change) follow(m *store.Message, files []*store.File) error {
	old := w.t
	requester := old.Requester
	if !w.stand.Is[policy.AsRequester] {
		requester = w.a.ID()
	}
	t := &store.Ticket{Subject: old.Subject, Kind: old.Kind, Severity: old.Severity, Urgency: store.NoDate, Module: old.Module, Group: old.Group,
		Requester: requester, Organisation: old.Organisation, Unit: old.Unit, Participants: db.Without(old.Participants, requester), Language: old.Language,
		Via: m.Via, Opened: w.tx.Now(), Links: []uint64{old.ID}}
	w.tx.Act(act.Open)
	w.tx.Internally(false)
	if err := w.ts.Insert(w.tx, t, m, files); err != nil {
		return err
	}
	old.Links = append(slices.Clone(old.Links), t.ID)
	w.changedFor(act.Link, true)
	if err := w.Flush(); err != nil {
		return err
	}
	w.t = t
	return nil
}

// mentioned returns those of the people who may read the note.
func (w *Change) mentioned(ids []uint64) []uint64 {
	var out []uint64
	for _, id := range ids {
		p, err := store.People.Get(w.tx, id)
		if err != nil || slices.Contains(out, id) {
			continue
		}
		if w.ts.rights.May(w.tx, policy.Actor{Person: p}, policy.SeeNotes, w.t) == nil {
			out = append(out, id)
		}
	}
	return out
}
