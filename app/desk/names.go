package desk

import (
	"sportello/app/desk/people"
	"sportello/store"
	"sportello/store/db"
	"sportello/store/spelling"
)

// Names tells what stands behind the numbers and codes that a page has, all as it was at one moment. What is not there
// is nil. Rows are shared and must not be changed. No right is asked for: a page has its numbers from what its reader may
// see, and a code that somebody typed is judged by the act it is typed for.
type Names struct{ tx *db.Tx }

// Names calls ask with what things are called now. It may be used until ask returns.
func (d *Desk) Names(ask func(Names)) error {
	return d.st.View(func(tx *db.Tx) error {
		ask(Names{tx})
		return nil
	})
}

// there returns the row, nil without one. What cannot be read fails the transaction, and so Desk.Names.
func there[T any](row *T, err error) *T {
	if err != nil {
		return nil
	}
	return row
}

// Person returns the person with the number.
func (n Names) Person(id uint64) *store.Person { return there(store.People.Peek(n.tx, id)) }

// PersonAt returns the person with the address.
func (n Names) PersonAt(address string) *store.Person {
	return there(store.PeopleByEmail.PeekFirst(n.tx, spelling.Address(address)))
}

// Group returns the support group with the number.
func (n Names) Group(id uint64) *store.Group { return there(store.Groups.Peek(n.tx, id)) }

// GroupOf returns the support group with the code.
func (n Names) GroupOf(code string) *store.Group {
	return there(store.GroupsByCode.PeekFirst(n.tx, code))
}

// Groups returns all support groups, retired and confidential ones too.
func (n Names) Groups() []*store.Group {
	list, err := people.Groups(n.tx)
	if err != nil {
		return nil // as there does
	}
	return list
}

// Module returns the level of the catalogue with the number.
func (n Names) Module(id uint64) *store.Module { return there(store.Modules.Peek(n.tx, id)) }

// ModuleOf returns the level of the catalogue with the code.
func (n Names) ModuleOf(code string) *store.Module {
	return there(store.ModulesByCode.PeekFirst(n.tx, code))
}

// Organisation returns the organisation with the number.
func (n Names) Organisation(id uint64) *store.Organisation {
	return there(store.Organisations.Peek(n.tx, id))
}

// OrganisationOf returns the organisation with the code.
func (n Names) OrganisationOf(code string) *store.Organisation {
	return there(store.OrganisationsByCode.PeekFirst(n.tx, code))
}

// Unit returns the unit with the number.
func (n Names) Unit(id uint64) *store.Unit { return there(store.Units.Peek(n.tx, id)) }

// UnitOf returns the unit of the organisation with the name.
func (n Names) UnitOf(organisation uint64, name string) *store.Unit {
	return there(store.UnitsByOrganisation.PeekFirst(n.tx, organisation, spelling.Fold(name)))
}

// Organisations returns all organisations.
func (n Names) Organisations() []*store.Organisation {
	var out []*store.Organisation
	for o, err := range store.Organisations.PeekAll(n.tx, 0, false) {
		if err != nil {
			return nil // as there does
		}
		out = append(out, o)
	}
	return out
}

// Place returns what the unit is called, or the organisation where there is no unit.
func (n Names) Place(organisation, unit uint64) string {
	if u := there(store.Units.Peek(n.tx, unit)); u != nil {
		return u.Name
	}
	if o := n.Organisation(organisation); o != nil {
		return o.Name
	}
	return ""
}
