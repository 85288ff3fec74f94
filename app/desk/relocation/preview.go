package relocation

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"slices"

	"sportello/app/desk/entry"
	"sportello/app/desk/people"
	"sportello/app/desk/policy"
	"sportello/store"
	"sportello/store/db"
	"sportello/store/fault"
	"sportello/store/key"
	"sportello/store/spelling"
)

// Preview is what a relocation would change.
type Preview struct {
	From    store.Hat
	To      uint64
	Joined  []string // names of units that become one with a unit that is called the same
	People  int      // whose affiliations come to stand elsewhere
	Tickets int      // that come to stand elsewhere, those marked as spam aside
	Eyes    []Eyes   // of everybody who would see other tickets than before, by name
	Sum     string   `json:"-"` // of all that
}

// Eyes are how many tickets somebody would see that they did not see before, and how many no longer.
type Eyes struct {
	Person       uint64
	Name, Email  string
	Gained, Lost int
}

// Gaining returns how many people would see tickets that they do not see now.
func (p *Preview) Gaining() int { return p.count(func(e Eyes) bool { return e.Gained > 0 }) }

// Losing returns how many people would no longer see tickets that they see now.
func (p *Preview) Losing() int { return p.count(func(e Eyes) bool { return e.Lost > 0 }) }

func (p *Preview) count(is func(Eyes) bool) int {
	n := 0
	for _, e := range p.Eyes {
		if is(e) {
			n++
		}
	}
	return n
}

// Preview returns what it would change to move the unit, or the organisation if from has no unit, to the other
// organisation. Only administrators may call it. It returns Invalid for a place that cannot be moved there, and Conflict
// while another relocation is under way.
func (rs *Relocations) Preview(a policy.Actor, from store.Hat, to uint64) (Preview, error) {
	if err := policy.MayAdminister(a); err != nil {
		return Preview{}, err
	}
	seen, err := rs.look(from, to)
	return seen.Preview, err
}

// look is a preview, what is to be done, and when that was seen.
type look struct {
	Preview
	plan   store.Relocation
	at     uint64 // the last change that was seen
	survey *policy.Survey
}

// errOutdated says that something which was counted has changed since.
var errOutdated = errors.New("relocation: outdated")

// holds returns nil if nothing that was counted has changed since, in the same transaction.
func (l *look) holds(tx *db.Tx) error {
	for c, err := range tx.Changes(l.at) {
		if err != nil {
			return err
		}
		if l.survey.Touches(tx, c) {
			return errOutdated
		}
	}
	return nil
}

func (rs *Relocations) look(from store.Hat, to uint64) (look, error) {
	var out look
	err := rs.st.View(func(tx *db.Tx) error {
		out = look{at: tx.LastChange()}
		var err error
		if out.plan, out.Joined, err = planned(tx, from, to); err != nil {
			return err
		}
		out.From, out.To = from, to
		if out.survey, err = rs.rights.Survey(tx, out.plan.After, from.Organisation, to); err != nil {
			return err
		}
		out.Tickets = out.survey.Count
		for _, organisation := range []uint64{from.Organisation, to} {
			for p, err := range store.PeopleByOrganisation.Rows(tx, db.Span{Prefix: key.Of(organisation, false)}) {
				if err != nil {
					return err
				}
				if organisation == to && belongs(p, from.Organisation) {
					continue // was there already
				}
				if err := out.add(tx, p); err != nil {
					return err
				}
			}
		}
		slices.SortFunc(out.Eyes, func(x, y Eyes) int {
			return cmp.Or(cmp.Compare(spelling.Fold(x.Name), spelling.Fold(y.Name)), cmp.Compare(x.Person, y.Person))
		})
		raw, err := json.Marshal(out.Preview)
		sum := sha256.Sum256(raw)
		out.Sum = hex.EncodeToString(sum[:16])
		out.plan.Sum = out.Sum
		return err
	})
	return out, err
}

func belongs(p *store.Person, organisation uint64) bool {
	for h := range p.Open {
		if h.Organisation == organisation {
			return true
		}
	}
	return false
}

// add counts what changes for the person.
func (l *look) add(tx *db.Tx, p *store.Person) error {
	after := *p
	moveHats(&l.plan, &after)
	if goes(&l.plan, p) {
		l.People++
	}
	gained, lost, err := l.survey.Changes(tx, p, &after)
	if err == nil && gained+lost > 0 {
		l.Eyes = append(l.Eyes, Eyes{p.ID, p.Name, p.Email, gained, lost})
	}
	return err
}

// goes reports whether an affiliation of the person goes with the place, those whose end is recorded aside.
func goes(r *store.Relocation, p *store.Person) bool {
	for h := range p.Open {
		if r.Takes(h.Hat()) {
			return true
		}
	}
	return false
}

// moveHats moves the person's affiliations to where they stand after the relocation, and reports whether any moved.
// Those that come to say the same are one.
func moveHats(r *store.Relocation, p *store.Person) bool {
	moved := false
	var out []store.Affiliation
	for _, h := range p.Affiliations {
		after := r.After(h.Hat())
		moved = moved || after != h.Hat()
		h.Organisation, h.Unit = after.Organisation, after.Unit
		if !slices.ContainsFunc(out, h.Same) {
			out = append(out, h)
		}
	}
	if after := r.After(p.Wore); after != p.Wore {
		moved, p.Wore = true, after
	}
	if moved {
		p.Affiliations = out
	}
	return moved
}

// planned returns the relocation, and the names of the units that become one with another.
func planned(tx *db.Tx, from store.Hat, to uint64) (store.Relocation, []string, error) {
	r := store.Relocation{From: from, To: to}
	if running, err := people.UnderWay(tx); err != nil || running != nil {
		return r, nil, cmp.Or(err, error(entry.Conflict("error.relocation-under-way")))
	}
	source, err := store.Organisations.Get(tx, from.Organisation)
	if err != nil {
		return r, nil, err
	}
	target, err := store.Organisations.Get(tx, to)
	if err != nil {
		return r, nil, invalid(err, "to", "error.organisation-unknown")
	}
	if to == from.Organisation {
		return r, nil, fault.New(fault.Invalid, "error.relocation-same").At("to")
	}
	if most := store.Organisations.Most("domains"); from.Unit == 0 && len(source.Domains)+len(target.Domains) > most {
		return r, nil, fault.New(fault.Invalid, "error.too-many-of", "max", most).At("to")
	}
	var units []*store.Unit
	if from.Unit != 0 {
		u, err := store.Units.Get(tx, from.Unit)
		if err != nil || u.Organisation != from.Organisation {
			return r, nil, invalid(err, "unit", "error.unit-unknown")
		}
		units = append(units, u)
	} else {
		if units, err = store.UnitsByOrganisation.Find(tx, from.Organisation); err != nil {
			return r, nil, err
		}
	}
	var joined []string
	for _, u := range units {
		like := store.UnitsByOrganisation.ID(tx, to, spelling.Fold(u.Name))
		if like == 0 {
			continue
		}
		if r.Into == nil {
			r.Into = map[uint64]uint64{}
		}
		r.Into[u.ID] = like
		joined = append(joined, u.Name)
	}
	return r, joined, nil
}

// invalid is what a form is told of a place that is not there; nil and NotFound become Invalid.
func invalid(err error, field, sentence string) error {
	if err != nil && !errors.Is(err, fault.ErrNotFound) {
		return err
	}
	return fault.New(fault.Invalid, sentence).At(field)
}
