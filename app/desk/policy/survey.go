package policy

import (
	"sportello/store"
	"sportello/store/db"
	"sportello/store/key"
)

// Survey says how many tickets somebody would gain sight of, and how many they would lose, if people and tickets came to
// stand elsewhere. It asks the same rules as every page, for the tickets of some organisations, those marked as spam
// aside.
type Survey struct {
	rs    *Rights
	faces map[face]*faceCount
	Count int // tickets that come to stand elsewhere
	after func(store.Hat) store.Hat
	among map[uint64]bool
}

// face is what the sight of a ticket depends on for somebody who has no part in it: tickets with the same face are seen
// by the same people, those on its side apart.
type face struct {
	hat           store.Hat
	group, module uint64
	narrowed      bool
}

// faceOf returns the face of the ticket, and a ticket that has this face and no people.
func faceOf(t *store.Ticket) (face, *store.Ticket) {
	f := face{t.Hat(), t.Group, t.Module, t.Narrowed}
	return f, &store.Ticket{Organisation: t.Organisation, Unit: t.Unit, Group: t.Group, Module: t.Module, Narrowed: t.Narrowed}
}

type faceCount struct {
	before, after *store.Ticket
	n             int
}

// Survey counts the tickets of the organisations. after says where a ticket that stands somewhere comes to stand.
func (rs *Rights) Survey(tx *db.Tx, after func(store.Hat) store.Hat, organisations ...uint64) (*Survey, error) {
	s := &Survey{rs: rs, faces: map[face]*faceCount{}, after: after, among: map[uint64]bool{}}
	for _, o := range organisations {
		s.among[o] = true
		for t, err := range store.TicketsByHat.GlanceRows(tx, db.Span{Prefix: key.Of(o, uint64(0))}) {
			if err != nil {
				return nil, err
			}
			f, bare := faceOf(t)
			c := s.faces[f]
			if c == nil {
				c = &faceCount{before: bare, after: s.moved(bare)}
				s.faces[f] = c
			}
			c.n++
			if c.after.Hat() != f.hat {
				s.Count++
			}
		}
	}
	return s, nil
}

// moved returns a copy of the ticket as it comes to stand.
func (s *Survey) moved(t *store.Ticket) *store.Ticket {
	out := *t
	out.Wear(s.after(t.Hat()))
	return &out
}

// Changes returns how many of the tickets the person who is now before and comes to be after gains and loses sight of.
func (s *Survey) Changes(tx *db.Tx, before, after *store.Person) (gained, lost int, err error) {
	sees := func(p *store.Person, t *store.Ticket) bool { return s.rs.May(tx, Actor{Person: p}, See, t) == nil }
	add := func(was, is bool, n int) {
		if is && !was {
			gained += n
		} else if was && !is {
			lost += n
		}
	}
	changed := map[face][2]bool{}
	for f, c := range s.faces {
		was, is := sees(before, c.before), sees(after, c.after)
		if was != is {
			changed[f] = [2]bool{was, is}
			add(was, is, c.n)
		}
	}
	if len(changed) == 0 {
		return 0, 0, nil
	}
	// Of the tickets that the person has a part in, each is asked about by itself.
	for t, err := range store.TicketsBySide.GlanceRows(tx, db.Span{Prefix: key.Of(before.ID)}) {
		if err != nil {
			return 0, 0, err
		}
		f, _ := faceOf(t)
		if c, ok := changed[f]; ok && s.among[t.Organisation] {
			add(c[0], c[1], -1)
			add(sees(before, t), sees(after, s.moved(t)), 1)
		}
	}
	return gained, lost, nil
}

// Touches reports whether the change may alter what a survey counted: where tickets of its organisations stand, who has a
// part in them, what their groups and modules are, and what people are.
func (s *Survey) Touches(tx *db.Tx, c *db.Change) bool {
	switch c.Table {
	case store.Organisations.Name(), store.Units.Name(), store.Groups.Name(), store.Modules.Name(), store.SettingsTable.Name(), store.Relocations.Name():
		return true
	case store.People.Name():
		return changes(c, "affiliations", "groups", "administrator", "editor", "disabled", "name", "email")
	case store.Tickets.Name():
		if !changes(c, "organisation", "unit", "group", "module", "requester", "participants", "unclaimed", "spam", "narrowed") {
			return false
		}
		t, err := store.Tickets.Glance(tx, c.ID)
		_, moved := c.Field("organisation")
		return err != nil || moved || s.among[t.Organisation]
	}
	return false
}

// changes reports whether the row is new or gone, or one of its fields changed.
func changes(c *db.Change, fields ...string) bool {
	if c.Op != db.Modify {
		return true
	}
	for _, f := range fields {
		if _, ok := c.Field(f); ok {
			return true
		}
	}
	return false
}
