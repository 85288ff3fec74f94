package problem

import (
	"sportello/app/desk/entry"
	"sportello/app/desk/policy"
	"sportello/store"
	"sportello/store/db"
	"sportello/store/fault"
)

// MayMake returns nil when the actor may make a known problem of the ticket: they see what the desk writes in it, belong to its
// group if it is confidential, and may write known problems of its module, or any while it has none.
func (ps *Problems) MayMake(a policy.Actor, ticket uint64) error {
	return ps.st.View(func(tx *db.Tx) error {
		t, err := store.Tickets.Glance(tx, ticket)
		if err != nil {
			return err
		}
		return ps.mayMake(tx, a, t)
	})
}

func (ps *Problems) mayMake(tx *db.Tx, a policy.Actor, t *store.Ticket) error {
	if err := ps.rights.May(tx, a, policy.SeeNotes, t); err != nil {
		return err
	}
	if t.IsSpam() || ps.rights.Stand(tx, a, t).Confidential() && (a.Person == nil || !a.Person.InGroup(t.Group)) {
		return policy.Denied(a)
	}
	m, err := store.Modules.Peek(tx, t.Module)
	if err != nil {
		return fault.IgnoreNotFound(err)
	}
	var wrong fault.Problems
	if err := place(tx, a, &store.Problem{}, m.Code, &wrong); err != nil {
		return err
	}
	return wrong.Err()
}

// Draft returns the form of a known problem made from the ticket, which it has attached: its words without the names of its
// people. Only who may make one gets it (see MayMake), and of a confidential ticket its texts are empty. Nothing is written.
func (ps *Problems) Draft(a policy.Actor, ticket uint64) (Form, error) {
	var out Form
	err := ps.st.View(func(tx *db.Tx) error {
		out = Form{Tickets: []uint64{ticket}}
		t, err := store.Tickets.Get(tx, ticket)
		if err != nil {
			return err
		}
		if err := ps.mayMake(tx, a, t); err != nil {
			return err
		}
		secret := ps.rights.Stand(tx, a, t).Confidential()
		if m, err := store.Modules.Peek(tx, t.Module); err == nil {
			out.Module = m.Code
		} else if fault.IgnoreNotFound(err) != nil {
			return err
		}
		out.Severity = t.Severity
		if t.Affected != "" {
			out.Affected = []store.Range{{From: t.Affected}}
		}
		if t.Regression {
			out.Regression.Good = t.WorkedIn
		}
		if secret {
			out.Audience = store.Agents
			return nil
		}
		messages, err := store.SideMessages(tx, t)
		if err != nil {
			return err
		}
		nameless, err := entry.NamelessOf(tx, t, messages)
		if err != nil {
			return err
		}
		text := ""
		if len(messages) > 0 {
			text = nameless(entry.Words(messages[0]))
		}
		title := entry.Cut(nameless(t.Subject), store.Problems.Most("title.it"))
		if t.Language == "en" {
			out.Title.EN, out.Text.EN = title, text
		} else {
			out.Title.IT, out.Text.IT = title, text
		}
		return nil
	})
	return out, err
}
