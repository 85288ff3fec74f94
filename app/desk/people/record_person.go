package people

import (
	"cmp"
	"errors"
	"reflect"
	"slices"
	"strings"
	"time"

	"sportello/app/desk/entry"
	"sportello/app/desk/policy"
	"sportello/app/markup"
	"sportello/store"
	"sportello/store/act"
	"sportello/store/db"
	"sportello/store/door"
	"sportello/store/fault"
	"sportello/store/spelling"
)

// Record is a person in imports, exports and `person add`, with one of their affiliations; a person with several has
// several records. In CSV, Roles and Groups are joined by semicolons; the organisation is a code or a name, the unit a
// name, the position a code or a name, groups are codes. From and Until are dates or moments.
type Record struct {
	Email        string   `json:"email"`
	Name         string   `json:"name"`
	Language     string   `json:"language,omitempty"`
	Organisation string   `json:"organisation,omitempty"`
	Unit         string   `json:"unit,omitempty"`
	Position     string   `json:"position,omitempty"`
	From         string   `json:"from,omitempty"`
	Until        string   `json:"until,omitempty"`
	Roles        []string `json:"roles,omitempty"`
	Groups       []string `json:"groups,omitempty"`
}

// Columns are the columns of people in CSV, in order.
var Columns = []string{"email", "name", "language", "organisation", "unit", "roles", "groups", "position", "from", "until"}

// Roles are the roles a record can give. Everybody is a requester.
var Roles = []string{"requester", "coordinator", "agent", "supervisor", "editor", "administrator"}

// Put adds the person or, if the address exists, changes what the record contains; empty fields leave the current
// values. An organisation that is not yet theirs becomes one more affiliation; missing organisations and units are added
// by name. A new person without an organisation gets that of the mail domain. A coordinator coordinates the unit, else
// the organisation. Agents and supervisors without a group join the general one;
// groups without a role make an agent. Only administrators may call it.
func (ps *People) Put(a policy.Actor, rec Record) (p *store.Person, created bool, err error) {
	if err := policy.MayAdminister(a); err != nil {
		return nil, false, err
	}
	did := act.ChangePerson
	if a.Via == door.Import {
		did = act.Import
	}
	err = ps.st.Update(a.By(did), func(tx *db.Tx) error {
		p, created = nil, false
		var wrong fault.Problems
		email := entry.CleanAddress(&wrong, "email", rec.Email)
		row, err := store.PeopleByEmail.First(tx, email)
		if errors.Is(err, fault.ErrNotFound) {
			row, created, err = &store.Person{Email: email}, true, nil
		}
		if err != nil {
			return err
		}
		before := *row
		row.Groups, row.Affiliations = slices.Clone(row.Groups), slices.Clone(row.Affiliations)
		if full := markup.Line(rec.Name); full != "" || created {
			entry.CheckText(&wrong, "name", full, entry.MaxName)
			row.Name = full
		}
		if rec.Language != "" {
			row.Language = entry.CleanLanguage(&wrong, "language", rec.Language)
		}
		if len(wrong) == 0 {
			hat, err := ps.hat(tx, a, rec, row, &wrong)
			if err != nil {
				return err
			}
			rec.roles(tx, row, hat, &wrong)
		}
		if err := wrong.Err(); err != nil {
			return err
		}
		if err := keepAdministrator(tx, &before, row); err != nil {
			return err
		}
		if err := ps.endWithChange(tx, &before, row); err != nil {
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

// hat gives the person the affiliation of the record, unless they have it, and returns which of theirs it is, -1 for none.
// It adds an organisation or unit that does not exist.
func (ps *People) hat(tx *db.Tx, a policy.Actor, rec Record, p *store.Person, wrong *fault.Problems) (int, error) {
	place, err := ensurePlace(tx, wrong, rec.Organisation, rec.Unit)
	if err != nil || len(*wrong) > 0 {
		return -1, err
	}
	h := store.Affiliation{Organisation: place.Organisation, Unit: place.Unit, Position: rec.Position}
	var ok bool
	if h.From, ok = Begins(rec.From, ps.loc); !ok {
		wrong.Add("from", "error.date")
	}
	if h.Until, ok = Ends(rec.Until, ps.loc); !ok {
		wrong.Add("until", "error.date")
	}
	if place.Organisation == 0 {
		open := slices.IndexFunc(p.Affiliations, func(h store.Affiliation) bool { return h.Ended.IsZero() })
		if open >= 0 {
			return open, nil
		}
		known, err := ByAddress(tx, p.Email)
		if err != nil || len(known) == 0 {
			return -1, err
		}
		h = known[0]
	}
	if h.Position != "" {
		if h.Position = PositionOf(store.CurrentSettings(tx), h.Position); h.Position == "" {
			wrong.Add("position", "error.position-unknown", "value", entry.Cut(rec.Position, 60))
		}
	}
	if !h.Until.IsZero() && !h.From.Before(h.Until) {
		wrong.Add("until", "error.until-before-from")
	}
	checkPlace(tx, wrong, &h.Organisation, h.Unit)
	if len(*wrong) > 0 {
		return -1, nil
	}
	if i := rec.known(p, h); i >= 0 {
		was := &p.Affiliations[i]
		was.Unit = h.Unit | was.Unit
		if h.Position != "" {
			was.Position = h.Position
		}
		if rec.From != "" {
			was.From = h.From
		}
		if rec.Until != "" && !was.Until.Equal(h.Until) {
			was.Until, was.Warned, was.Fading, was.Else = h.Until, 0, false, time.Time{}
		}
		return i, nil
	}
	if h.Source == store.ByHand && a.Via == door.Import {
		h.Source = store.FromList
	}
	h.By, h.Given, h.Warned = a.ID(), tx.Now(), warned(&h, tx.Now())
	p.Affiliations = append(p.Affiliations, h)
	return len(p.Affiliations) - 1, nil
}

// known returns which of the person's affiliations the record means, -1 when it is a new one: the one of its unit; a
// record without a unit means any of the organisation, and one that names a unit or a position makes an affiliation that
// has none more exact.
func (rec Record) known(p *store.Person, h store.Affiliation) int {
	for _, like := range []func(store.Affiliation) bool{
		func(o store.Affiliation) bool {
			return o.Unit == h.Unit && (h.Position == "" || o.Position == h.Position)
		},
		func(o store.Affiliation) bool { return h.Unit == 0 && h.Position == "" },
		func(o store.Affiliation) bool {
			return !o.Coordinator && (o.Unit == 0 || o.Unit == h.Unit) && o.Position == ""
		},
	} {
		if i := slices.IndexFunc(p.Affiliations, func(o store.Affiliation) bool {
			return o.Ended.IsZero() && o.Organisation == h.Organisation && like(o)
		}); i >= 0 {
			return i
		}
	}
	return -1
}

// EnsurePlace returns the organisation with the code or the name, the code first, and its unit with the name; it adds
// what does not exist. Only administrators may call it.
func (ps *People) EnsurePlace(a policy.Actor, organisation, unit string) (store.Hat, error) {
	if err := policy.MayAdminister(a); err != nil {
		return store.Hat{}, err
	}
	var out store.Hat
	err := ps.st.Update(a.By(act.AddOrganisation), func(tx *db.Tx) (err error) {
		var wrong fault.Problems
		if out, err = ensurePlace(tx, &wrong, organisation, unit); err != nil {
			return err
		}
		return wrong.Err()
	})
	return out, err
}

func ensurePlace(tx *db.Tx, wrong *fault.Problems, organisation, unit string) (store.Hat, error) {
	title := entry.CleanLine(wrong, "organisation", organisation, entry.MaxName)
	name := entry.CleanLine(wrong, "unit", unit, entry.MaxName)
	if title == "" {
		if name != "" {
			wrong.Add("organisation", "error.organisation-needed")
		}
		return store.Hat{}, nil
	}
	o, err := OrganisationCalled(tx, title)
	if errors.Is(err, fault.ErrNotFound) {
		o = &store.Organisation{Code: store.FreeCode(tx, title), Name: title}
		err = store.Organisations.Put(tx, o)
	}
	if err != nil || name == "" {
		return store.Hat{Organisation: o.ID}, err
	}
	u, err := store.UnitsByOrganisation.First(tx, o.ID, spelling.Fold(name))
	if errors.Is(err, fault.ErrNotFound) {
		u = &store.Unit{Organisation: o.ID, Name: name}
		err = store.Units.Put(tx, u)
	}
	if err != nil {
		return store.Hat{}, err
	}
	return store.Hat{Organisation: o.ID, Unit: u.ID}, nil
}

// OrganisationCalled returns the organisation with the code or the name, the code first, also one that took in an
// organisation which was called so, or a NotFound error.
func OrganisationCalled(tx *db.Tx, title string) (*store.Organisation, error) {
	o, err := store.OrganisationsByCode.First(tx, title)
	if errors.Is(err, fault.ErrNotFound) {
		o, err = store.OrganisationsByName.First(tx, spelling.Fold(title))
	}
	if errors.Is(err, fault.ErrNotFound) {
		o, err = store.OrganisationsByFormer.First(tx, spelling.Fold(title))
	}
	return o, err
}

// roles gives the person exactly the roles and groups of the record, if it has any. Whether they coordinate is said of the
// affiliation of the record, or of all when it names none.
func (rec Record) roles(tx *db.Tx, p *store.Person, hat int, wrong *fault.Problems) {
	roles, codes := entry.CleanLines(rec.Roles), entry.CleanLines(rec.Groups)
	has := func(role string) bool { return slices.Contains(roles, role) }
	for _, r := range roles {
		if !slices.Contains(Roles, r) {
			wrong.Add("roles", "error.role", "value", entry.Cut(r, 60))
		}
	}
	if len(roles) > 0 {
		p.Administrator, p.Editor = has("administrator"), has("editor")
		switch {
		case has("coordinator") && hat < 0:
			wrong.Add("organisation", "error.organisation-needed")
		case has("coordinator"), hat >= 0 && strings.TrimSpace(rec.Organisation) != "":
			p.Affiliations[hat].Coordinator = has("coordinator")
		default:
			for i := range p.Affiliations {
				if p.Affiliations[i].Ended.IsZero() {
					p.Affiliations[i].Coordinator = false
				}
			}
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
