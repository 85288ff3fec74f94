package people

import (
	"cmp"
	"errors"
	"reflect"
	"slices"

	"sportello/app/desk/entry"
	"sportello/app/desk/policy"
	"sportello/app/markup"
	"sportello/store"
	"sportello/store/act"
	"sportello/store/door"
	"sportello/store/spelling"
)

// Record is a person in imports, exports and `person add`. In CSV, Roles and Groups are joined by semicolons;
// organisation and unit are names, groups are codes.
type Record struct {
	Email        string   `json:"email"`
	Name         string   `json:"name"`
	Language     string   `json:"language,omitempty"`
	Organisation string   `json:"organisation,omitempty"`
	Unit         string   `json:"unit,omitempty"`
	Roles        []string `json:"roles,omitempty"`
	Groups       []string `json:"groups,omitempty"`
}

// Columns are the columns of people in CSV, in order.
var Columns = []string{"email", "name", "language", "organisation", "unit", "roles", "groups"}

// Roles are the roles a record can give. Everybody is a requester.
var Roles = []string{"requester", "coordinator", "agent", "supervisor", "editor", "administrator"}

// Put adds the person or, if the address exists, changes what the record contains; empty fields leave the current
// values. It adds missing organisations and units by name; without an organisation it uses the mail domain. A
// coordinator coordinates the unit, else the organisation. Agents and supervisors without a group join the general one;
// groups without a role make an agent. Only administrators may call it.
func (ps *People) Put(a policy.Actor, rec Record) (p *store.Person, created bool, err error) {
	if err := policy.MayAdminister(a); err != nil {
		return nil, false, err
	}
	did := act.ChangePerson
	if a.Via == door.Import {
		did = act.Import
	}
	err = ps.st.Update(a.By(did), func(tx *store.Tx) error {
		p, created = nil, false
		var wrong store.Problems
		email := entry.CleanAddress(&wrong, "email", rec.Email)
		row, err := store.PeopleByEmail.First(tx, email)
		if errors.Is(err, store.ErrNotFound) {
			row, created, err = &store.Person{Email: email}, true, nil
		}
		if err != nil {
			return err
		}
		before := *row
		row.Groups, row.Coordinates = slices.Clone(row.Groups), slices.Clone(row.Coordinates)
		if full := markup.Line(rec.Name); full != "" || created {
			entry.CheckText(&wrong, "name", full, entry.MaxName)
			row.Name = full
		}
		if rec.Language != "" {
			row.Language = entry.CleanLanguage(&wrong, "language", rec.Language)
		}
		if len(wrong) == 0 {
			if err := rec.place(tx, row, &wrong); err != nil {
				return err
			}
			rec.roles(tx, row, &wrong)
		}
		if err := wrong.Err(); err != nil {
			return err
		}
		if err := keepAdministrator(tx, &before, row); err != nil {
			return err
		}
		p = row
		if reflect.DeepEqual(&before, row) {
			return nil
		}
		return store.People.Put(tx, row)
	})
	if err != nil {
		return nil, false, err
	}
	return Bare(p), created, nil
}

// place sets the organisation and the unit, and adds those that do not exist.
func (rec Record) place(tx *store.Tx, p *store.Person, wrong *store.Problems) error {
	if title := entry.CleanLine(wrong, "organisation", rec.Organisation, entry.MaxName); title != "" {
		o, err := store.OrganisationsByName.First(tx, spelling.Fold(title))
		if errors.Is(err, store.ErrNotFound) {
			o = &store.Organisation{Name: title}
			err = store.Organisations.Put(tx, o)
		}
		if err != nil {
			return err
		}
		if p.Organisation != o.ID {
			p.Organisation, p.Unit = o.ID, 0
		}
	} else if p.Organisation == 0 {
		var err error
		if p.Organisation, err = OrganisationOf(tx, p.Email); err != nil {
			return err
		}
	}
	title := entry.CleanLine(wrong, "unit", rec.Unit, entry.MaxName)
	if title == "" {
		return nil
	}
	if p.Organisation == 0 {
		wrong.Add("organisation", "error.organisation-needed")
		return nil
	}
	u, err := store.UnitsByOrganisation.First(tx, p.Organisation, spelling.Fold(title))
	if errors.Is(err, store.ErrNotFound) {
		u = &store.Unit{Organisation: p.Organisation, Name: title}
		err = store.Units.Put(tx, u)
	}
	if err != nil {
		return err
	}
	p.Unit = u.ID
	return nil
}

// roles gives the person exactly the roles and groups of the record, if it has any.
func (rec Record) roles(tx *store.Tx, p *store.Person, wrong *store.Problems) {
	roles, codes := entry.CleanLines(rec.Roles), entry.CleanLines(rec.Groups)
	has := func(role string) bool { return slices.Contains(roles, role) }
	for _, r := range roles {
		if !slices.Contains(Roles, r) {
			wrong.Add("roles", "error.role", "value", entry.Cut(r, 60))
		}
	}
	if len(roles) > 0 {
		p.Administrator, p.Editor = has("administrator"), has("editor")
		p.Coordinates = nil
		if has("coordinator") {
			if p.Organisation == 0 {
				wrong.Add("organisation", "error.organisation-needed")
			}
			p.Coordinates = []store.Coordination{{Organisation: p.Organisation, Unit: p.Unit}}
		}
	}
	works := has("agent") || has("supervisor")
	if len(roles) > 0 && !works && len(codes) == 0 {
		p.Groups = nil
	}
	if works && len(codes) == 0 {
		if len(p.Groups) > 0 {
			for i := range p.Groups {
				p.Groups[i].Supervisor = has("supervisor")
			}
			return
		}
		codes = []string{store.GeneralGroup}
	}
	if len(codes) == 0 {
		return
	}
	p.Groups = nil
	for _, c := range codes {
		g, err := store.GroupsByCode.First(tx, c)
		if err != nil || g.Retired {
			wrong.Add("groups", "error.group-unknown", "value", entry.Cut(c, 60))
			continue
		}
		p.Groups = append(p.Groups, store.Membership{Group: g.ID, Supervisor: has("supervisor")})
	}
	slices.SortFunc(p.Groups, func(x, y store.Membership) int { return cmp.Compare(x.Group, y.Group) })
}
