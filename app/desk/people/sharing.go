package people

import (
	"slices"
	"strings"

	"sportello/app/desk/entry"
	"sportello/app/desk/policy"
	"sportello/store"
	"sportello/store/act"
	"sportello/store/db"
	"sportello/store/fault"
	"sportello/store/spelling"
)

// SharingView is with whom the tickets opened under an organisation or unit are shared.
type SharingView struct {
	Organisation *store.Organisation
	Unit         *store.Unit // nil for the organisation itself
	Rev          uint64      // of whichever of the two it is
	Share        store.Share // as it is set
	Holds        policy.Share
	Chosen       []*store.Person // those of them who are there
	Units        []*store.Unit   // of the organisation, by name, unless it is about one
}

// SharingForm is a setting as the administration submits it. Chosen are addresses of people who belong there.
type SharingForm struct {
	With   store.Sharing
	Chosen []string
}

// Sharing returns with whom tickets are shared that are opened under the organisation, or under its unit if that is not 0.
// Only administrators may call it.
func (ps *People) Sharing(a policy.Actor, organisation, unit uint64) (*SharingView, error) {
	if err := policy.MayAdminister(a); err != nil {
		return nil, err
	}
	var out *SharingView
	err := ps.st.View(func(tx *db.Tx) (err error) {
		out, err = sharingOf(tx, organisation, unit)
		if err != nil {
			return err
		}
		if unit == 0 {
			if out.Units, err = store.UnitsByOrganisation.Find(tx, organisation); err != nil {
				return err
			}
		}
		for _, id := range out.Share.Chosen {
			p, err := store.People.Get(tx, id)
			if err != nil {
				return err
			}
			p.Password = ""
			out.Chosen = append(out.Chosen, p)
		}
		byName(out.Chosen, func(p *store.Person) string { return p.Name })
		return nil
	})
	return out, err
}

func sharingOf(tx *db.Tx, organisation, unit uint64) (*SharingView, error) {
	o, err := store.Organisations.Get(tx, organisation)
	if err != nil {
		return nil, err
	}
	out := &SharingView{Organisation: o, Rev: o.Rev, Share: o.Share, Holds: policy.ShareOf(tx, store.Hat{Organisation: organisation, Unit: unit})}
	if unit == 0 {
		return out, nil
	}
	if out.Unit, err = store.Units.Get(tx, unit); err != nil {
		return nil, err
	}
	if out.Unit.Organisation != organisation {
		return nil, fault.New(fault.NotFound, "error.not-found")
	}
	out.Rev, out.Share = out.Unit.Rev, out.Unit.Share
	return out, nil
}

// Eyes returns how many people a new setting gives sight of tickets of others, and from how many it takes that. It changes
// nothing, and fails as Share does.
func (ps *People) Eyes(a policy.Actor, organisation, unit uint64, f SharingForm) (policy.Eyes, error) {
	var out policy.Eyes
	if err := policy.MayAdminister(a); err != nil {
		return out, err
	}
	err := ps.st.View(func(tx *db.Tx) error {
		if _, err := sharingOf(tx, organisation, unit); err != nil {
			return err
		}
		share, err := f.read(tx, organisation, unit)
		if err != nil {
			return err
		}
		out, err = policy.EyesOf(tx, store.Hat{Organisation: organisation, Unit: unit}, share)
		return err
	})
	return out, err
}

// Share sets with whom tickets are shared that are opened under the organisation, or under its unit if that is not 0. saw
// is the revision the actor saw; 0 skips the check. Only administrators may call it.
func (ps *People) Share(a policy.Actor, organisation, unit, saw uint64, f SharingForm) error {
	if err := policy.MayAdminister(a); err != nil {
		return err
	}
	did := act.ShareOrganisation
	if unit != 0 {
		did = act.ShareUnit
	}
	return ps.st.Update(a.By(did), func(tx *db.Tx) error {
		now, err := sharingOf(tx, organisation, unit)
		if err != nil {
			return err
		}
		if err := entry.SameRev(saw, now.Rev); err != nil {
			return err
		}
		share, err := f.read(tx, organisation, unit)
		if err != nil {
			return err
		}
		if unit != 0 {
			now.Unit.Share = share
			return store.Units.Put(tx, now.Unit)
		}
		now.Organisation.Share = share
		return store.Organisations.Put(tx, now.Organisation)
	})
}

// read returns the setting of the form. It refuses somebody who does not belong there: sharing gives nobody a new place.
func (f SharingForm) read(tx *db.Tx, organisation, unit uint64) (store.Share, error) {
	out := store.Share{With: f.With}
	if f.With != store.SharedChosen {
		return out, nil
	}
	var wrong fault.Problems
	for _, line := range f.Chosen {
		address := spelling.Address(strings.TrimSpace(line))
		if address == "" {
			continue
		}
		p, err := store.PeopleByEmail.First(tx, address)
		switch {
		case err != nil && fault.KindOf(err) != fault.NotFound:
			return out, err
		case err != nil || !p.Belongs(organisation, unit, tx.Now()):
			wrong.Add("chosen", "error.chosen-elsewhere", "address", address)
		case !slices.Contains(out.Chosen, p.ID):
			out.Chosen = append(out.Chosen, p.ID)
		}
	}
	if len(out.Chosen) == 0 && len(wrong) == 0 {
		wrong.Add("chosen", "error.required")
	}
	if most := store.Most("organisations.share.chosen"); len(out.Chosen) > most {
		wrong.Add("chosen", "error.too-many-of", "max", most, "have", len(out.Chosen))
	}
	return out, wrong.Err()
}
