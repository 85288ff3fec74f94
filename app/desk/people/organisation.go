package people

import (
	"cmp"
	"slices"
	"strings"

	"sportello/app/desk/entry"
	"sportello/app/desk/policy"
	"sportello/app/markup"
	"sportello/store"
	"sportello/store/act"
	"sportello/store/db"
	"sportello/store/fault"
	"sportello/store/key"
	"sportello/store/spelling"
)

// OrganisationView is an organisation with its units by name.
type OrganisationView struct {
	*store.Organisation
	Units []*store.Unit
}

// Organisations returns organisations and units by name. Agents, supervisors and administrators get all; everybody else
// who is signed in gets only their own.
func (ps *People) Organisations(a policy.Actor) ([]OrganisationView, error) {
	if !a.SignedIn() && !a.System {
		return nil, policy.Denied(a)
	}
	var out []OrganisationView
	err := ps.st.View(func(tx *db.Tx) error {
		out = nil
		for o, err := range store.OrganisationsByName.Rows(tx, db.Span{}) {
			if err != nil {
				return err
			}
			if !a.IsAdministrator() && !a.IsAgent() && !a.Person.Belongs(o.ID, 0, tx.Now()) {
				continue
			}
			units, err := store.UnitsByOrganisation.Find(tx, o.ID)
			if err != nil {
				return err
			}
			out = append(out, OrganisationView{o, units})
		}
		return nil
	})
	return out, err
}

// OrganisationForm is an organisation as the administration submits it.
type OrganisationForm struct {
	Name    string
	Code    string   // empty: as it is, or made from the name
	Domains []string // mail domains of its people
	Units   []string // names of units to add with it; what is there stays
	Retired bool     // it is no more; what is there stays
}

// AddOrganisation adds an organisation. Only administrators may call it. Names and mail domains are unique.
func (ps *People) AddOrganisation(a policy.Actor, f OrganisationForm) (*store.Organisation, error) {
	return ps.putOrganisation(a, act.AddOrganisation, 0, 0, f)
}

// ChangeOrganisation changes the organisation to match the form. saw is the revision the actor saw; 0 skips the check.
func (ps *People) ChangeOrganisation(a policy.Actor, id, saw uint64, f OrganisationForm) (*store.Organisation, error) {
	return ps.putOrganisation(a, act.ChangeOrganisation, id, saw, f)
}

func (ps *People) putOrganisation(a policy.Actor, did act.Act, id, saw uint64, f OrganisationForm) (*store.Organisation, error) {
	if err := policy.MayAdminister(a); err != nil {
		return nil, err
	}
	var out *store.Organisation
	err := ps.st.Update(a.By(did), func(tx *db.Tx) error {
		o := &store.Organisation{}
		if did != act.AddOrganisation {
			var err error
			if o, err = store.Organisations.Get(tx, id); err != nil {
				return err
			}
			if err := entry.SameRev(saw, o.Rev); err != nil {
				return err
			}
			if err := rests(tx, id); err != nil {
				return err
			}
		}
		var wrong fault.Problems
		o.Name = markup.Line(f.Name)
		entry.CheckText(&wrong, "name", o.Name, entry.MaxName)
		if other, err := store.OrganisationsByName.First(tx, spelling.Fold(o.Name)); err == nil && other.ID != o.ID {
			wrong.Add("name", "error.name-taken")
		}
		switch code := strings.TrimSpace(f.Code); {
		case code == "" && o.Code == "":
			o.Code = store.FreeCode(tx, o.Name)
		case code == "" || code == o.Code:
		case markup.Slug(code) != code:
			wrong.Add("code", "error.organisation-code")
		case store.OrganisationsByCode.Has(tx, code):
			wrong.Add("code", "error.code-taken")
		default:
			o.Code = code
		}
		o.Retired = f.Retired
		o.Domains = nil
		for _, s := range f.Domains {
			s = strings.TrimPrefix(spelling.Address(s), "@")
			if s == "" || slices.Contains(o.Domains, s) {
				continue
			}
			if !entry.IsDomain(s) {
				wrong.Add("domains", "error.domain", "domain", s)
			} else if IsOpen("@" + s) {
				wrong.Add("domains", "error.domain-open", "domain", s)
			} else if other, err := store.OrganisationsByDomain.First(tx, s); err == nil && other.ID != o.ID {
				wrong.Add("domains", "error.domain-taken", "domain", s, "organisation", other.Name)
			}
			o.Domains = append(o.Domains, s)
		}
		if len(o.Domains) > 100 {
			wrong.Add("domains", "error.too-many-of", "max", store.Organisations.Most("domains"))
		}
		if err := wrong.Err(); err != nil {
			return err
		}
		out = o
		if err := store.Organisations.Put(tx, o); err != nil {
			return err
		}
		for _, name := range f.Units {
			if store.UnitsByOrganisation.Has(tx, o.ID, spelling.Fold(markup.Line(name))) {
				continue
			}
			if err := putUnit(tx, &store.Unit{Organisation: o.ID}, name); err != nil {
				return err
			}
		}
		return nil
	})
	return out, err
}

// RemoveOrganisation removes an organisation with its units. It returns Conflict "error.organisation-in-use" while a
// person, a ticket, a release or a receipt refers to it or to one of its units.
func (ps *People) RemoveOrganisation(a policy.Actor, id uint64) error {
	if err := policy.MayAdminister(a); err != nil {
		return err
	}
	return ps.st.Update(a.By(act.RemoveOrganisation), func(tx *db.Tx) error {
		if _, err := store.Organisations.Get(tx, id); err != nil {
			return err
		}
		if err := rests(tx, id); err != nil {
			return err
		}
		used, err := organisationUsed(tx, id)
		if err != nil {
			return err
		}
		if used {
			return entry.Conflict("error.organisation-in-use")
		}
		if err := dropInstallations(tx, id, 0); err != nil {
			return err
		}
		if err := dropInvitations(tx, id, 0); err != nil {
			return err
		}
		if err := forgetRequested(tx, store.Hat{Organisation: id}); err != nil {
			return err
		}
		for _, e := range slices.Collect(store.ContactsByOrganisation.Entries(tx, db.Span{Prefix: key.Of(id)})) {
			if err := store.Contacts.Delete(tx, e.ID); err != nil {
				return err
			}
		}
		units, err := store.UnitsByOrganisation.Find(tx, id)
		if err != nil {
			return err
		}
		for _, u := range units {
			if err := store.Units.Delete(tx, u.ID); err != nil {
				return err
			}
		}
		return store.Organisations.Delete(tx, id)
	})
}

func organisationUsed(tx *db.Tx, id uint64) (bool, error) {
	if store.PeopleByOrganisation.Has(tx, id) || store.TicketsByHat.Has(tx, id) || store.ReleasesByOrganisation.Has(tx, id) || store.ReceiptsByOrganisation.Has(tx, id) ||
		store.PlansByOrganisation.Has(tx, id) {
		return true, nil
	}
	return InSpam(tx, func(t *store.Ticket) bool { return t.Organisation == id })
}

// InSpam reports whether one of the tickets marked as spam satisfies is. No other index contains those tickets, but
// they still refer to rows.
func InSpam(tx *db.Tx, is func(*store.Ticket) bool) (bool, error) {
	for t, err := range store.TicketsBySpam.GlanceRows(tx, db.Span{}) {
		if err != nil {
			return false, err
		}
		if is(t) {
			return true, nil
		}
	}
	return false, nil
}

// AddUnit adds a unit to the organisation. Its name must be unique there.
func (ps *People) AddUnit(a policy.Actor, organisation uint64, name string) (*store.Unit, error) {
	if err := policy.MayAdminister(a); err != nil {
		return nil, err
	}
	var out *store.Unit
	err := ps.st.Update(a.By(act.AddUnit), func(tx *db.Tx) error {
		if _, err := store.Organisations.Get(tx, organisation); err != nil {
			return err
		}
		if err := rests(tx, organisation); err != nil {
			return err
		}
		out = &store.Unit{Organisation: organisation}
		return putUnit(tx, out, name)
	})
	return out, err
}

// ChangeUnit renames the unit.
func (ps *People) ChangeUnit(a policy.Actor, id, saw uint64, name string) (*store.Unit, error) {
	if err := policy.MayAdminister(a); err != nil {
		return nil, err
	}
	var out *store.Unit
	err := ps.st.Update(a.By(act.ChangeUnit), func(tx *db.Tx) error {
		u, err := store.Units.Get(tx, id)
		if err != nil {
			return err
		}
		if err := entry.SameRev(saw, u.Rev); err != nil {
			return err
		}
		if err := rests(tx, u.Organisation); err != nil {
			return err
		}
		out = u
		return putUnit(tx, u, name)
	})
	return out, err
}

func putUnit(tx *db.Tx, u *store.Unit, name string) error {
	var wrong fault.Problems
	u.Name = markup.Line(name)
	entry.CheckText(&wrong, "name", u.Name, entry.MaxName)
	if other, err := store.UnitsByOrganisation.First(tx, u.Organisation, spelling.Fold(u.Name)); err == nil && other.ID != u.ID {
		wrong.Add("name", "error.name-taken")
	}
	if err := wrong.Err(); err != nil {
		return err
	}
	return store.Units.Put(tx, u)
}

// RemoveUnit removes a unit. It returns Conflict "error.unit-in-use" while a person, a ticket or a receipt refers to it.
func (ps *People) RemoveUnit(a policy.Actor, id uint64) error {
	if err := policy.MayAdminister(a); err != nil {
		return err
	}
	return ps.st.Update(a.By(act.RemoveUnit), func(tx *db.Tx) error {
		u, err := store.Units.Get(tx, id)
		if err != nil {
			return err
		}
		if err := rests(tx, u.Organisation); err != nil {
			return err
		}
		used := store.TicketsByHat.Has(tx, u.Organisation, id) || store.PeopleByUnit.Has(tx, id) || store.PlansByUnit.Has(tx, id)
		if !used {
			if used, err = InSpam(tx, func(t *store.Ticket) bool { return t.Unit == id }); err != nil {
				return err
			}
		}
		for r, err := range store.ReceiptsByOrganisation.Rows(tx, db.Span{Prefix: key.Of(u.Organisation)}) {
			if err != nil {
				return err
			}
			used = used || r.Unit == id
		}
		if used {
			return entry.Conflict("error.unit-in-use")
		}
		if err := dropInstallations(tx, u.Organisation, id); err != nil {
			return err
		}
		if err := dropInvitations(tx, u.Organisation, id); err != nil {
			return err
		}
		if err := forgetRequested(tx, store.Hat{Organisation: u.Organisation, Unit: id}); err != nil {
			return err
		}
		return store.Units.Delete(tx, id)
	})
}

// UnderWay returns the relocation that has not come to its end, nil when there is none.
func UnderWay(tx *db.Tx) (*store.Relocation, error) {
	for r, err := range store.RelocationsUnderWay.Rows(tx, db.Span{}) {
		return r, err
	}
	return nil, nil
}

// rests returns a Conflict while something is on its way from or to the organisation: it and its units stay as they were
// when that was confirmed.
func rests(tx *db.Tx, organisation uint64) error {
	r, err := UnderWay(tx)
	if err == nil && r != nil && (r.From.Organisation == organisation || r.To == organisation) {
		return entry.Conflict("error.relocation-under-way")
	}
	return err
}

// dropInstallations removes what is installed at a unit or, with unit 0, anywhere at the organisation, which goes as well.
func dropInstallations(tx *db.Tx, organisation, unit uint64) error {
	span := db.Span{Prefix: key.Of(organisation)}
	if unit != 0 {
		span.Prefix = key.Of(organisation, unit)
	}
	for _, e := range slices.Collect(store.InstallationsByPlace.Entries(tx, span)) {
		if err := store.Installations.Delete(tx, e.ID); err != nil {
			return err
		}
	}
	return nil
}

// byName sorts rows by name.
func byName[T any](rows []T, name func(T) string) {
	slices.SortStableFunc(rows, func(x, y T) int { return cmp.Compare(spelling.Fold(name(x)), spelling.Fold(name(y))) })
}

// forgetRequested takes the unit or, without one, the organisation out of the requests for credentials, which keep what was
// typed: somebody assigns another.
func forgetRequested(tx *db.Tx, gone store.Hat) error {
	list, err := store.AccessRequestsByPlace.Find(tx, gone.Organisation)
	if err != nil {
		return err
	}
	for _, r := range list {
		if gone.Unit == 0 {
			r.Organisation = 0
		}
		if gone.Unit == 0 || r.Unit == gone.Unit {
			r.Unit = 0
		}
		for i := range r.Asks {
			if t := &r.Asks[i].Terms; gone.Unit == 0 || t.Unit == gone.Unit {
				t.Unit = 0
			}
		}
		if err := store.AccessRequests.Put(tx, r); err != nil {
			return err
		}
	}
	return nil
}
