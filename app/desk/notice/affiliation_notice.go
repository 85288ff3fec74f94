package notice

import (
	"encoding/json"
	"slices"

	"sportello/app/desk/people"
	"sportello/store"
	"sportello/store/act"
	"sportello/store/db"
	"sportello/store/event"
	"sportello/store/fault"
	"sportello/store/key"
)

// hatsEnding returns the affiliations of whose end the change warns.
func hatsEnding(c *db.Change) []store.Affiliation {
	f, ok := c.Field("affiliations")
	if !ok || c.Act != act.WarnHat && c.Act != act.EndHat {
		return nil
	}
	var was, is []store.Affiliation
	if json.Unmarshal(f.New, &is) != nil || len(f.Old) > 0 && json.Unmarshal(f.Old, &was) != nil {
		return nil
	}
	return slices.DeleteFunc(is, func(h store.Affiliation) bool {
		return !h.Ended.IsZero() || !slices.ContainsFunc(was, func(o store.Affiliation) bool { return o.Same(h) && o.Warned < h.Warned })
	})
}

// listEvent is what a change of an organisation means to those who confirm the list of its people.
func listEvent(c *db.Change) (event.Event, bool) {
	if f, ok := c.Field("list_fading"); ok && len(f.New) > 0 {
		return event.ListFading, true
	}
	f, ok := c.Field("list_until")
	return event.ListDue, ok && len(f.New) > 0
}

// planList tells the coordinators of the organisation as a whole of the list of its people.
func (ns *Notices) planList(tx *db.Tx, organisation uint64, tells event.Event) error {
	o, err := store.Organisations.Peek(tx, organisation)
	if err != nil || o.ListUntil.IsZero() {
		return fault.IgnoreNotFound(err) // confirmed meanwhile
	}
	tell := store.Telling{Event: tells, Hat: store.Hat{Organisation: o.ID}, Until: o.ListUntil}
	for p, err := range store.PeopleByCoordination.Rows(tx, db.Span{Prefix: key.Of(o.ID, uint64(0))}) {
		if err != nil {
			return err
		}
		if !people.KeepsList(p, o.ID, tx.Now()) {
			continue
		}
		if err := ns.post.TellAccount(tx, p, tell, o.Name); err != nil {
			return err
		}
	}
	return nil
}

// planHatsEnding tells the person, and the coordinators of their organisation or unit, that the affiliations end soon.
func (ns *Notices) planHatsEnding(tx *db.Tx, p *store.Person, hats []store.Affiliation) error {
	for _, h := range hats {
		place, err := rightName(tx, store.RightChange{Organisation: h.Organisation, Unit: h.Unit})
		if err != nil {
			return err
		}
		tell := store.Telling{Event: event.HatEnding, Of: p.ID, Hat: h.Hat(), Until: h.Until}
		if err := ns.post.TellAccount(tx, p, tell, place.IT); err != nil {
			return err
		}
		if h.Fading {
			continue // of all of them at once the list says it
		}
		tell.Event = event.HatsEnding
		told := map[uint64]bool{p.ID: true}
		for _, at := range []store.Hat{h.Hat(), {Organisation: h.Organisation}} {
			for e := range store.PeopleByCoordination.Entries(tx, db.Span{Prefix: key.Of(at.Organisation, at.Unit)}) {
				if told[e.ID] {
					continue
				}
				told[e.ID] = true
				k, err := store.People.Get(tx, e.ID)
				if err != nil {
					return err
				}
				if k.Disabled || !k.Covers(h.Organisation, h.Unit, tx.Now()) {
					continue
				}
				if err := ns.post.TellAccount(tx, k, tell, ShownName(p)+", "+place.IT); err != nil {
					return err
				}
			}
		}
	}
	return nil
}
