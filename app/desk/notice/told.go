package notice

import (
	"sportello/store"
	"sportello/store/db"
	"sportello/store/door"
	"sportello/store/event"
	"sportello/store/fault"
)

// Who is told of what: of an act on a ticket those whom the table of acts names, of a message those whom the table below
// names.

// messageTells says who is told of a message. The first row that it is of counts; of what is of no row nobody is told.
var messageTells = []struct {
	of    func(m *store.Message, t *store.Ticket) bool
	tells []event.Told
}{
	// Somebody has to look after a requester who is no longer reached.
	{func(m *store.Message, _ *store.Ticket) bool { return m.Internal && m.Automatic == "bounce" }, []event.Told{{Event: event.Bounce, Whom: event.ToKeeper}}},
	{func(m *store.Message, _ *store.Ticket) bool {
		return m.Internal && m.Automatic != "" || m.Beside == store.BesideDismissed
	}, nil},
	{func(m *store.Message, _ *store.Ticket) bool { return m.Beside != "" }, []event.Told{{Event: event.Beside, Whom: event.ToKeeper}}},
	{func(m *store.Message, t *store.Ticket) bool { return m.AnswersNote && t.Assignee == 0 }, []event.Told{{Event: event.Note, Whom: event.ToGroup, Optional: true}}},
	{func(m *store.Message, _ *store.Ticket) bool { return m.Unconfirmed },
		[]event.Told{{Event: event.Unconfirmed, Whom: event.ToAuthor}, {Event: event.Note, Whom: event.ToAssignee, Optional: true}}},
	{func(m *store.Message, _ *store.Ticket) bool { return m.Internal },
		[]event.Told{{Event: event.Note, Whom: event.ToAssignee, Optional: true}, {Event: event.Mention, Whom: event.ToMentioned}}},
	// Of the first message the act of opening tells. What a machine wrote is there to be read; it disturbs nobody, least of
	// all another machine.
	{func(m *store.Message, _ *store.Ticket) bool { return m.Opening || m.Automatic != "" }, nil},
	// It is of the people of a duplicate: those of this ticket know nothing of it.
	{func(m *store.Message, _ *store.Ticket) bool { return m.Merged() }, []event.Told{{Event: event.Message, Whom: event.ToKeeper}}},
	{func(m *store.Message, _ *store.Ticket) bool { return m.Agent },
		[]event.Told{{Event: event.Message, Whom: event.ToSide}, {Event: event.Message, Whom: event.ToAssignee, Optional: true}}},
	{func(*store.Message, *store.Ticket) bool { return true },
		[]event.Told{{Event: event.Message, Whom: event.ToSide, Optional: true}, {Event: event.Message, Whom: event.ToKeeper}}},
}

// say hands to say whom the change tells, of which event and with which message.
func (ns *Notices) say(tx *db.Tx, t *store.Ticket, c *db.Change, say func(what event.Told, message uint64, people []uint64)) error {
	var m *store.Message
	tells := c.Act.Tells()
	message := uint64(0)
	if c.Table == store.Messages.Name() {
		var err error
		if m, err = store.Messages.Get(tx, c.ID); err != nil {
			return fault.IgnoreNotFound(err)
		}
		message, tells = m.ID, nil
		for _, row := range messageTells {
			if row.of(m, t) {
				tells = row.tells
				break
			}
		}
	}
	for _, what := range tells {
		if what.Event == event.Opened {
			if other, err := ns.confirmed(tx, t); err != nil || other {
				if err != nil {
					return err
				}
				continue
			}
		}
		people, err := ns.whom(tx, t, m, what.Whom)
		if err != nil {
			return err
		}
		say(what, message, people)
	}
	return nil
}

// whom returns the people who stand so to the ticket, or to the message.
func (ns *Notices) whom(tx *db.Tx, t *store.Ticket, m *store.Message, whom event.Whom) ([]uint64, error) {
	switch whom {
	case event.ToRequester:
		return []uint64{t.Requester}, nil
	case event.ToSide:
		return ns.sideOf(tx, t)
	case event.ToAssignee:
		return []uint64{t.Assignee}, nil
	case event.ToKeeper:
		if t.Assignee != 0 {
			return []uint64{t.Assignee}, nil
		}
		return members(tx, t.Group), nil
	case event.ToGroup:
		return members(tx, t.Group), nil
	case event.ToAuthor:
		return []uint64{m.Author}, nil
	case event.ToMentioned:
		return m.Mentions, nil
	case event.ToReaders: // the message's own change tells them
	}
	return nil, nil
}

// confirmed reports whether the opening of the ticket is confirmed otherwise than by the event: a machine gets no
// confirmation, and a stranger of whom nothing is proven the plain acknowledgement, which it plans.
func (ns *Notices) confirmed(tx *db.Tx, t *store.Ticket) (bool, error) {
	m, err := opening(tx, t)
	switch {
	case err != nil || m == nil:
		return false, err
	case t.Via == door.Mail && m.Automatic != "":
		return true, nil
	case m.Mail == 0 || !m.NotVerified() || !t.Unclaimed && !ns.strange(tx, t.Requester):
		return false, nil
	}
	row, err := store.Mails.Get(tx, m.Mail)
	if err != nil {
		return false, err
	}
	return true, ns.PlanReceived(tx, row, t.Language)
}
