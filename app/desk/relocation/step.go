package relocation

import (
	"errors"
	"slices"

	"sportello/app/desk/people"
	"sportello/app/desk/policy"
	"sportello/store"
	"sportello/store/act"
	"sportello/store/db"
	"sportello/store/door"
	"sportello/store/fault"
	"sportello/store/key"
)

// atOnce is how many rows one transaction moves: another write waits for no more.
const atOnce = 20

// Step moves some rows of the relocation that is under way, and reports whether there is more to do. Units go first, so
// that nothing new comes to stand in them where they were, then people, then tickets. In between somebody may see fewer
// tickets than before and after, and never more.
func (rs *Relocations) Step() (more bool, err error) {
	var r *store.Relocation
	var rows work
	err = rs.st.View(func(tx *db.Tx) (err error) {
		if r, err = people.UnderWay(tx); err != nil || r == nil {
			return err
		}
		rows, err = rs.next(tx, r)
		return err
	})
	if err != nil || r == nil {
		return false, err
	}
	err = rs.st.Update(db.By{Person: r.By, Via: door.Desk, Act: act.Relocate}, func(tx *db.Tx) error {
		r, err := store.Relocations.Get(tx, r.ID)
		if err != nil {
			return err
		}
		if err := rs.move(tx, r, rows); err != nil {
			return err
		}
		return store.Relocations.Put(tx, r)
	})
	return err == nil, err
}

// work are rows that are still where they were, and the last change that was seen when they were looked up. None is the
// end.
type work struct {
	units, people, tickets []uint64
	at                     uint64
}

func (w work) none() bool { return len(w.units)+len(w.people)+len(w.tickets) == 0 }

// next returns the next rows to be moved.
func (rs *Relocations) next(tx *db.Tx, r *store.Relocation) (work, error) {
	w := work{at: tx.LastChange()}
	for u, err := range store.UnitsByOrganisation.Rows(tx, db.Span{Prefix: key.Of(r.From.Organisation)}) {
		if err != nil {
			return w, err
		}
		if r.Takes(store.Hat{Organisation: u.Organisation, Unit: u.ID}) && r.Into[u.ID] == 0 { // the others go at the end
			if w.units = append(w.units, u.ID); len(w.units) == atOnce {
				break
			}
		}
	}
	if len(w.units) > 0 {
		return w, nil
	}
	skipped := rs.moved
	var err error
	if !skipped {
		if w.people, err = rs.nextPeople(tx, r); err != nil || len(w.people) > 0 {
			return w, err
		}
		rs.moved = true
	}
	if w.tickets, err = nextTickets(tx, r); err != nil || len(w.tickets) > 0 {
		return w, err
	}
	rs.moved = false
	if skipped { // somebody may have come since
		w.people, err = rs.nextPeople(tx, r)
	}
	return w, err
}

// nextTickets returns the next tickets to be moved, those marked as spam last.
func nextTickets(tx *db.Tx, r *store.Relocation) ([]uint64, error) {
	var out []uint64
	for e := range store.TicketsByHat.Entries(tx, db.Span{Prefix: key.Of(r.From.Organisation, r.From.Unit)}) {
		if out = append(out, e.ID); len(out) == atOnce {
			return out, nil
		}
	}
	for t, err := range store.TicketsBySpam.GlanceRows(tx, db.Span{}) {
		if err != nil || len(out) == atOnce {
			return out, err
		}
		if r.Takes(t.Hat()) {
			out = append(out, t.ID)
		}
	}
	return out, nil
}

// nextPeople returns the next people to be moved. Those of a unit stay where they are in its index when they have moved, so
// that it goes on where it was, and looks at all of them once more when it came to the end.
func (rs *Relocations) nextPeople(tx *db.Tx, r *store.Relocation) ([]uint64, error) {
	index, span := store.PeopleByOrganisation, db.Span{Prefix: key.Of(r.From.Organisation)}
	if r.From.Unit != 0 {
		index, span = store.PeopleByUnit, db.Span{Prefix: key.Of(r.From.Unit), Low: rs.passed}
	}
	var out []uint64
	for e := range index.Entries(tx, span) {
		p, err := store.People.Get(tx, e.ID)
		if err != nil {
			return nil, err
		}
		if slices.ContainsFunc(p.Affiliations, func(h store.Affiliation) bool { return r.Takes(h.Hat()) }) {
			rs.passed = slices.Clone(e.Rest)
			if out = append(out, p.ID); len(out) == atOnce {
				return out, nil
			}
		}
	}
	rs.passed = nil
	if len(out) == 0 && span.Low != nil {
		return rs.nextPeople(tx, r)
	}
	return out, nil
}

func (rs *Relocations) move(tx *db.Tx, r *store.Relocation, rows work) error {
	if rows.none() {
		came, err := cameSince(tx, r, rows.at)
		if err != nil || came {
			return err
		}
		if n, err := moveInstallations(tx, r); err != nil || n == atOnce {
			return err // there may be more
		}
		if n, err := moveInvitations(tx, r); err != nil || n == atOnce {
			return err
		}
		if n, err := moveRequested(tx, r); err != nil || n == atOnce {
			return err
		}
		if n, err := moveReleases(tx, r); err != nil || n > 0 {
			return err
		}
		if n, err := movePlans(tx, r); err != nil || n == atOnce {
			return err
		}
		return end(tx, r)
	}
	for _, id := range rows.units {
		if err := moveUnit(tx, r, id); err != nil {
			return err
		}
	}
	for _, id := range rows.people {
		p, err := store.People.Get(tx, id)
		if err != nil {
			return err
		}
		if goes(r, p) {
			r.People++
		}
		if moveHats(r, p) {
			if err := store.People.Put(tx, p); err != nil {
				return err
			}
		}
	}
	for _, id := range rows.tickets {
		t, err := store.Tickets.Get(tx, id)
		if errors.Is(err, fault.ErrNotFound) {
			continue // spam is removed after a time
		}
		if err != nil {
			return err
		}
		if !r.Takes(t.Hat()) {
			continue
		}
		if !t.IsSpam() {
			r.Tickets++
		}
		if err := rs.tickets.Begin(tx, policy.Actor{System: true, Via: door.Desk}, t).Relocate(r.After(t.Hat())); err != nil {
			return err
		}
	}
	tx.Act(act.Relocate)
	return nil
}

// cameSince reports whether somebody or something has come to the place since the change.
func cameSince(tx *db.Tx, r *store.Relocation, at uint64) (bool, error) {
	for c, err := range tx.Changes(at) {
		if err != nil {
			return false, err
		}
		switch c.Table {
		case store.People.Name():
			p, err := store.People.Get(tx, c.ID)
			if err != nil || slices.ContainsFunc(p.Affiliations, func(h store.Affiliation) bool { return r.Takes(h.Hat()) }) {
				return true, fault.IgnoreNotFound(err)
			}
		case store.Tickets.Name():
			t, err := store.Tickets.Glance(tx, c.ID)
			if err == nil && r.Takes(t.Hat()) || fault.IgnoreNotFound(err) != nil {
				return true, fault.IgnoreNotFound(err)
			}
		}
	}
	return false, nil
}

// moveUnit moves a unit, unless it becomes one with another: then its people and tickets leave it, and it goes at the end.
func moveUnit(tx *db.Tx, r *store.Relocation, id uint64) error {
	u, err := store.Units.Get(tx, id)
	if err != nil || !r.Takes(store.Hat{Organisation: u.Organisation, Unit: u.ID}) {
		return fault.IgnoreNotFound(err)
	}
	u.Organisation = r.To
	return store.Units.Put(tx, u)
}

// moveInstallations takes along what is installed at the place, at most atOnce rows, and returns how many there were. Where
// the other organisation has said what runs, that stays.
func moveInstallations(tx *db.Tx, r *store.Relocation) (n int, err error) {
	span := db.Span{Prefix: key.Of(r.From.Organisation)}
	if r.From.Unit != 0 {
		span.Prefix = key.Of(r.From.Organisation, r.From.Unit)
	}
	var list []*store.Installation
	for i, err := range store.InstallationsByPlace.Rows(tx, span) {
		if err != nil {
			return 0, err
		}
		if list = append(list, i); len(list) == atOnce {
			break
		}
	}
	for _, i := range list {
		is := r.After(store.Hat{Organisation: i.Organisation, Unit: i.Unit})
		if store.InstallationsByPlace.Has(tx, is.Organisation, is.Unit, i.Module, i.Environment) {
			err = store.Installations.Delete(tx, i.ID)
		} else {
			i.Organisation, i.Unit = is.Organisation, is.Unit
			err = store.Installations.Put(tx, i)
		}
		if err != nil {
			return n, err
		}
		n++
	}
	return n, nil
}

// moveInvitations takes along the invitations into the place, at most atOnce, and returns how many there were.
func moveInvitations(tx *db.Tx, r *store.Relocation) (n int, err error) {
	span := db.Span{Prefix: key.Of(r.From.Organisation)}
	if r.From.Unit != 0 {
		span.Prefix = key.Of(r.From.Organisation, r.From.Unit)
	}
	var list []*store.Invitation
	for i, err := range store.InvitationsByPlace.Rows(tx, span) {
		if err != nil {
			return 0, err
		}
		if list = append(list, i); len(list) == atOnce {
			break
		}
	}
	for _, i := range list {
		is := r.After(i.Hat())
		i.Organisation, i.Unit = is.Organisation, is.Unit
		if err := store.Invitations.Put(tx, i); err != nil {
			return n, err
		}
		n++
	}
	return n, nil
}

// moveRequested takes along the requests for credentials there, at most atOnce, and returns how many there were.
func moveRequested(tx *db.Tx, r *store.Relocation) (n int, err error) {
	var list []*store.AccessRequest
	for q, err := range store.AccessRequestsByPlace.Rows(tx, db.Span{Prefix: key.Of(r.From.Organisation)}) {
		if err != nil {
			return 0, err
		}
		if r.From.Unit != 0 && q.Unit != r.From.Unit {
			continue
		}
		if list = append(list, q); len(list) == atOnce {
			break
		}
	}
	for _, q := range list {
		for i := range q.Asks {
			if unit := &q.Asks[i].Terms.Unit; *unit != 0 {
				*unit = r.After(store.Hat{Organisation: q.Organisation, Unit: *unit}).Unit
			}
		}
		is := r.After(q.Hat())
		q.Organisation, q.Unit = is.Organisation, is.Unit
		if err := store.AccessRequests.Put(tx, q); err != nil {
			return n, err
		}
		n++
	}
	return n, nil
}

// end leads the code, the name and the mail domains of an organisation that was taken in to the other one.
func end(tx *db.Tx, r *store.Relocation) error {
	for id := range r.Into {
		if err := store.Units.Delete(tx, id); fault.IgnoreNotFound(err) != nil {
			return err
		}
	}
	r.Ended = tx.Now()
	if r.From.Unit != 0 {
		return nil
	}
	from, err := store.Organisations.Get(tx, r.From.Organisation)
	if err != nil {
		return err
	}
	to, err := store.Organisations.Get(tx, r.To)
	if err != nil {
		return err
	}
	if err := store.Organisations.Delete(tx, from.ID); err != nil {
		return err
	}
	to.Former = append(append(to.Former, from.Former...), store.Former{Code: from.Code, Name: from.Name})
	to.Domains = append(to.Domains, from.Domains...)
	if from.ListConfirmed.Before(to.ListConfirmed) { // nobody here has looked at those who come
		to.ListConfirmed = from.ListConfirmed
	}
	to.ListFading = to.ListFading || from.ListFading
	return store.Organisations.Put(tx, to)
}
