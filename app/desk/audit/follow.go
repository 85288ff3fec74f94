package audit

import (
	"context"
	"time"

	"sportello/store"
	"sportello/store/db"
	"sportello/store/door"
)

// kinds are the tables whose changes the audit log tells of. What people write (articles, replies, plans) has its own
// history.
var kinds = map[string]store.AuditKind{
	store.People.Name():        store.AuditRights,
	store.Groups.Name():        store.AuditRights,
	store.Tokens.Name():        store.AuditRights,
	store.Links.Name():         store.AuditRights,
	store.Invitations.Name():   store.AuditRights,
	store.Looks.Name():         store.AuditReading,
	store.Erasures.Name():      store.AuditErasure,
	store.Organisations.Name(): store.AuditConfiguration,
	store.Units.Name():         store.AuditConfiguration,
	store.Modules.Name():       store.AuditConfiguration,
	store.SettingsTable.Name(): store.AuditConfiguration,
	store.MailServers.Name():   store.AuditConfiguration,
	store.Mailboxes.Name():     store.AuditConfiguration,
}

// passing are fields that change by themselves, or are the person's own taste: no rights.
var passing = map[string]bool{"last_seen": true, "seen": true, "theme": true, "notices": true, "language": true, "phone": true, "wore": true, "mail_failed": true, "mail_failed_why": true, "feed": true, "read": true}

// tells reports whether the audit log tells of the change.
func tells(c *db.Change) bool {
	if kinds[c.Table] == store.AuditNone {
		return false
	}
	if c.Op != db.Modify {
		return true
	}
	for _, f := range c.Fields {
		if !passing[f.Name] {
			return true
		}
	}
	return false
}

// follower writes what the change log tells into the audit log. It begins with the changes after its first start: a past that
// nobody chained cannot be proved afterwards.
func (as *Audits) follower() db.Follower {
	return db.Follower{
		Name:   "audit",
		By:     db.By{Via: door.Desk},
		Gather: 100 * time.Millisecond,
		Tells:  func(_ *db.Tx, c *db.Change) bool { return tells(c) },
		Begin:  func(context.Context) error { return nil },
		Plan: func(tx *db.Tx, changes []*db.Change) error {
			for _, c := range changes {
				if err := as.tell(tx, c); err != nil {
					return err
				}
			}
			return nil
		},
	}
}

// Run writes into the audit log as changes come, until the context ends.
func (as *Audits) Run(ctx context.Context) error { return as.st.Follow(ctx, as.follower()) }

// CatchUp writes what the changes tell that are there now.
func (as *Audits) CatchUp(ctx context.Context) error {
	_, err := as.st.CatchUp(ctx, as.follower())
	return err
}

// changed is what can be read of a change.
type changed struct {
	Why    string     `json:"why,omitempty"`
	Fields []db.Field `json:"fields,omitempty"`
}

func (as *Audits) tell(tx *db.Tx, c *db.Change) error {
	e := &store.AuditEntry{At: c.At, Kind: kinds[c.Table], What: c.Act.String(), By: c.By, Via: c.Via, Table: c.Table, Of: c.ID, Change: c.Seq}
	people := []uint64{c.By}
	switch c.Table {
	case store.People.Name():
		people = append(people, c.ID)
	case store.Tokens.Name():
		if t, err := store.Tokens.Get(tx, c.ID); err == nil {
			people = append(people, t.Person)
		}
	case store.Looks.Name():
		l, err := store.Looks.Get(tx, c.ID)
		switch {
		case err != nil:
		case l.Plan != 0:
			e.Table, e.Of = store.Plans.Name(), l.Plan
		case l.Ticket != 0:
			e.Table, e.Of = store.Tickets.Name(), l.Ticket
		default:
			e.Kind = store.AuditExport
		}
	}
	text := changed{Why: c.Why}
	for _, f := range c.Fields {
		if !passing[f.Name] {
			text.Fields = append(text.Fields, f)
		}
	}
	w, err := words(people, text)
	if err != nil {
		return err
	}
	if len(w.Text) > store.MaxAuditWords { // a long list of affiliations: the change log has the values
		for i := range text.Fields {
			text.Fields[i].Old, text.Fields[i].New = nil, nil
		}
		if w, err = words(people, text); err != nil {
			return err
		}
	}
	return store.AppendAudit(tx, e, w)
}
