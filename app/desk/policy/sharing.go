package policy

import (
	"slices"
	"time"

	"sportello/store"
	"sportello/store/db"
	"sportello/store/key"
)

// Tickets are shared with coordinators and colleagues as the organisation or unit says under which they were opened, but
// for those that are confidential or that their requester keeps to themselves.

// Share is with whom the tickets opened under an organisation or unit are shared, and which of the two says so: its
// people are the colleagues.
type Share struct {
	store.Share
	At store.Hat
}

// ShareOf returns with whom the tickets are shared that were opened under the hat: the unit's setting, else that of the
// organisation, else coordinators. What cannot be read is shared with nobody.
func ShareOf(tx *db.Tx, h store.Hat) Share {
	out := Share{At: h}
	if h.Unit != 0 {
		u, err := store.Units.Peek(tx, h.Unit)
		switch {
		case err != nil:
			return closed(h)
		case u.Share.With != store.SharedAbove:
			out.Share = u.Share
			return out
		}
		out.At.Unit = 0
	}
	o, err := store.Organisations.Peek(tx, h.Organisation)
	if err != nil {
		return closed(h)
	}
	if out.Share = o.Share; out.With == store.SharedAbove {
		out.With = store.SharedCoordinators
	}
	return out
}

func closed(h store.Hat) Share { return Share{Share: store.Share{With: store.SharedNobody}, At: h} }

// withCoordinators reports whether coordinators see the tickets.
func (s Share) withCoordinators() bool { return s.With >= store.SharedCoordinators }

// withColleague reports whether the person sees the tickets if they are a colleague.
func (s Share) withColleague(person uint64) bool {
	return s.With == store.SharedEverybody || s.With == store.SharedChosen && slices.Contains(s.Chosen, person)
}

// colleague reports whether the person belongs where the setting stands.
func (s Share) colleague(p *store.Person, now time.Time) bool {
	return p.Belongs(s.At.Organisation, s.At.Unit, now)
}

// shared fills in the relations of somebody to the tickets of others that are shared with them.
func (s *Standing) shared(tx *db.Tx, p *store.Person, t *store.Ticket) {
	now := tx.Now()
	if !p.Belongs(t.Organisation, 0, now) {
		return
	}
	by := ShareOf(tx, t.Hat())
	judge := func(r relation, is, lets bool) {
		switch {
		case !is:
		case s.confidential:
			s.bars[r] = BarConfidential
		case t.Narrowed:
			s.bars[r] = BarNarrowed
		case !lets:
			s.bars[r] = BarSharing
		default:
			s.Is[r] = true
		}
	}
	judge(AsCoordinator, p.Covers(t.Organisation, t.Unit, now), by.withCoordinators())
	judge(AsColleague, by.colleague(p, now), by.withColleague(p.ID))
}

// Reach is where tickets of others are shared with somebody: under whole organisations, but for the units in Closed, and
// under single units. Confidential tickets, and those that their requester keeps to themselves, are not.
type Reach struct {
	Organisations []uint64
	Closed        []uint64
	Units         []store.Hat
}

// None reports whether nothing is shared with the person.
func (r Reach) None() bool { return len(r.Organisations) == 0 && len(r.Units) == 0 }

// Spans returns the parts of store.TicketsByHat under which these tickets stand.
func (r Reach) Spans() []db.Span {
	var out []db.Span
	for _, o := range r.Organisations {
		out = append(out, db.Span{Prefix: key.Of(o, uint64(0)), Desc: true})
	}
	for _, h := range r.Units {
		out = append(out, db.Span{Prefix: key.Of(h.Organisation, h.Unit), Desc: true})
	}
	return out
}

// ReachOf returns where tickets of others are shared with the actor, in their own right as coordinator or colleague.
func ReachOf(tx *db.Tx, a Actor) (Reach, error) {
	var out Reach
	if a.Person == nil || a.Person.Disabled {
		return out, nil
	}
	now := tx.Now()
	sees := func(h store.Hat) bool {
		by := ShareOf(tx, h)
		return a.Person.Covers(h.Organisation, h.Unit, now) && by.withCoordinators() || by.colleague(a.Person, now) && by.withColleague(a.ID())
	}
	done := map[store.Hat]bool{}
	for _, h := range a.Person.Hats(now) {
		whole := store.Hat{Organisation: h.Organisation}
		open := sees(whole)
		if open || a.Person.Covers(whole.Organisation, 0, now) {
			if done[whole] {
				continue
			}
			done[whole] = true
			if open {
				out.Organisations = append(out.Organisations, h.Organisation)
			}
			units, err := store.UnitsByOrganisation.Peek(tx, h.Organisation)
			if err != nil {
				return Reach{}, err
			}
			for _, u := range units {
				switch of := (store.Hat{Organisation: h.Organisation, Unit: u.ID}); {
				case u.Share.With == store.SharedAbove || sees(of) == open:
				case open:
					out.Closed = append(out.Closed, u.ID)
				default:
					out.Units = append(out.Units, of)
				}
			}
			continue
		}
		if h.Unit != 0 && !done[h.Hat()] && sees(h.Hat()) {
			out.Units = append(out.Units, h.Hat())
		}
		done[h.Hat()] = true
	}
	return out, nil
}

// Eyes is how many people a change of sharing gives sight of tickets of others, and from how many it takes that.
type Eyes struct{ Opens, Closes int }

// EyesOf returns whose eyes change if the organisation or unit shares its tickets in the new way.
func EyesOf(tx *db.Tx, h store.Hat, with store.Share) (Eyes, error) {
	var out Eyes
	before, after := ShareOf(tx, h), Share{Share: with, At: h}
	if with.With == store.SharedAbove {
		if after = (Share{Share: store.Share{With: store.SharedCoordinators}, At: h}); h.Unit != 0 {
			after = ShareOf(tx, store.Hat{Organisation: h.Organisation})
		}
	}
	var units []uint64 // under which the setting holds, besides the organisation itself
	if h.Unit == 0 {
		all, err := store.UnitsByOrganisation.Peek(tx, h.Organisation)
		if err != nil {
			return out, err
		}
		for _, u := range all {
			if u.Share.With == store.SharedAbove {
				units = append(units, u.ID)
			}
		}
	}
	now := tx.Now()
	sees := func(s Share, p *store.Person) bool {
		covers := p.Covers(h.Organisation, h.Unit, now) || slices.ContainsFunc(units, func(u uint64) bool { return p.Covers(h.Organisation, u, now) })
		return covers && s.withCoordinators() || s.colleague(p, now) && s.withColleague(p.ID)
	}
	for p, err := range store.PeopleByOrganisation.GlanceRows(tx, db.Span{Prefix: key.Of(h.Organisation)}) {
		switch {
		case err != nil:
			return out, err
		case !p.MayEnter(now):
		case sees(after, p) && !sees(before, p):
			out.Opens++
		case sees(before, p) && !sees(after, p):
			out.Closes++
		}
	}
	return out, nil
}
