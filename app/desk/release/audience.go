package release

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"slices"
	"strings"

	"sportello/app/desk/installation"
	"sportello/app/desk/policy"
	"sportello/app/version"
	"sportello/store"
	"sportello/store/db"
	"sportello/store/fault"
	"sportello/store/key"
	"sportello/store/spelling"
)

// Place is where a release is to be installed: an organisation or one of its units, a module, an environment.
type Place struct {
	Hat         store.Hat
	Module      uint64
	Environment store.Environment
	Version     string // what runs there; empty: nobody said
	Asked       bool   // the organisation installs itself, and says how it went
}

// Addressed is an organisation that a release is for, with whom that tells.
type Addressed struct {
	*store.Organisation
	Places   []Place
	People   []*store.Person // coordinators, whom they named, and those who follow the module, without passwords
	Contacts []*store.Contact
	Bounced  []string // addresses among them that mail lately came back from
}

// Nobody reports whether the organisation has nobody whom the desk could tell.
func (a *Addressed) Nobody() bool { return len(a.People)+len(a.Contacts) == 0 }

// Preview is whom a release tells if it is published now.
type Preview struct {
	Organisations []Addressed
	People        int // each once, also who speaks for several organisations
	Contacts      int
	Bounced       int
	Nobody        int // organisations with nobody to tell
	Followers     int // of the desk, besides
	Sum           string
}

// Preview returns whom the release tells if it is published now; of one that is published, whom it tells if it went to all
// of its audience again. Only those who may write the release may call it.
func (rs *Releases) Preview(a policy.Actor, number uint64) (Preview, error) {
	var out Preview
	err := rs.st.View(func(tx *db.Tx) error {
		r, err := store.Releases.Glance(tx, number)
		if err != nil {
			return err
		}
		if err := policy.MayRelease(tx, a, policy.WriteRelease, r); err != nil {
			return err
		}
		out, err = preview(tx, r)
		return err
	})
	return out, err
}

// Try returns whom a published release tells if it is widened to the audience: those of the organisations that it did not
// go to, and nobody else. Only those who may publish the release may call it. It returns what Widen returns.
func (rs *Releases) Try(a policy.Actor, number uint64, wider Audience) (Preview, error) {
	var out Preview
	err := rs.st.View(func(tx *db.Tx) error {
		r, err := store.Releases.Get(tx, number) // to be changed, and not kept
		if err != nil {
			return err
		}
		if err := policy.MayRelease(tx, a, policy.PublishRelease, r); err != nil {
			return err
		}
		if err := readdress(tx, r, wider); err != nil {
			return err
		}
		out, err = previewAdded(tx, r)
		return err
	})
	return out, err
}

func preview(tx *db.Tx, r *store.Release) (Preview, error) {
	to, err := reach(tx, r)
	if err != nil {
		return Preview{}, err
	}
	return previewOf(tx, r, to)
}

func previewAdded(tx *db.Tx, r *store.Release) (Preview, error) {
	to, err := added(tx, r)
	if err != nil {
		return Preview{}, err
	}
	return previewOf(tx, r, to)
}

// previewOf returns whom the release tells at the organisations.
func previewOf(tx *db.Tx, r *store.Release, to []uint64) (Preview, error) {
	var out Preview
	crowd, err := followers(tx, r)
	if err != nil {
		return out, err
	}
	people, contacts := map[uint64]bool{}, map[string]bool{}
	sum := sha256.New()
	for _, id := range to {
		o, err := store.Organisations.Peek(tx, id)
		if err != nil {
			return out, err
		}
		places, err := placesOf(tx, r, id)
		if err != nil {
			return out, err
		}
		one := Addressed{Organisation: o, Places: places}
		if one.People, err = peopleOf(tx, crowd, id, places); err != nil {
			return out, err
		}
		if one.Contacts, err = contactsOf(tx, r, id); err != nil {
			return out, err
		}
		fmt.Fprintf(sum, "o%d\n", id)
		for _, p := range places {
			fmt.Fprintf(sum, "h%d %d %d %v\n", p.Hat.Unit, p.Module, p.Environment, p.Asked)
		}
		for _, p := range one.People {
			fmt.Fprintf(sum, "p%d\n", p.ID)
			people[p.ID] = true
			if !p.MailFailed.IsZero() {
				one.Bounced = append(one.Bounced, p.Email)
			}
		}
		for _, c := range one.Contacts {
			fmt.Fprintf(sum, "c%d\n", c.ID)
			contacts[c.Email] = true
			if !c.Failed.IsZero() {
				one.Bounced = append(one.Bounced, c.Email)
			}
		}
		if one.Nobody() {
			out.Nobody++
		}
		out.Bounced += len(one.Bounced)
		out.Organisations = append(out.Organisations, one)
	}
	slices.SortStableFunc(out.Organisations, func(x, y Addressed) int {
		return cmp.Compare(spelling.Fold(x.Name), spelling.Fold(y.Name))
	})
	inside, err := others(tx, r, nil, crowd)
	if err != nil {
		return out, err
	}
	for _, p := range inside {
		if !people[p.ID] {
			out.Followers++
		}
	}
	out.People, out.Contacts, out.Sum = len(people), len(contacts), hex.EncodeToString(sum.Sum(nil)[:16])
	return out, nil
}

// restsOn are the tables that whom a release tells is worked out from.
var restsOn = []db.AnyTable{store.Releases, store.Organisations, store.Units, store.Installations, store.Modules, store.Groups, store.People, store.Followings, store.Contacts, store.SettingsTable}

// foreseen is whom a release tells, worked out where nobody waits for it.
type foreseen struct {
	preview Preview
	at      []db.Mark // of restsOn then; empty: it was not worked out
}

// foresee works out whom a release tells before the transaction that asks: going through thousands of people there would
// hold up every other write. What is wrong is left to that transaction to find.
func (rs *Releases) foresee(a policy.Actor, number uint64, of func(*db.Tx, *store.Release) (Preview, error)) foreseen {
	var out foreseen
	err := rs.st.View(func(tx *db.Tx) error {
		r, err := store.Releases.Get(tx, number)
		if err != nil {
			return err
		}
		if err := policy.MayRelease(tx, a, policy.PublishRelease, r); err != nil {
			return err
		}
		out.preview, err = of(tx, r)
		out.at = marks(tx)
		return err
	})
	if err != nil {
		return foreseen{}
	}
	return out
}

// now returns whom the release tells as the transaction sees it: what was foreseen if no row changed since on which it rests.
func (f foreseen) now(tx *db.Tx, r *store.Release, of func(*db.Tx, *store.Release) (Preview, error)) (Preview, error) {
	if len(f.at) > 0 && slices.Equal(f.at, marks(tx)) {
		return f.preview, nil
	}
	return of(tx, r)
}

func marks(tx *db.Tx) []db.Mark {
	out := make([]db.Mark, len(restsOn))
	for i, t := range restsOn {
		out[i], _ = t.Mark(tx)
	}
	return out
}

// added returns the organisations that the release is for and did not go to, in ascending order.
func added(tx *db.Tx, r *store.Release) ([]uint64, error) {
	to, err := reach(tx, r)
	return slices.DeleteFunc(to, r.WentTo), err
}

// reach returns the organisations that the release is for, in ascending order: none that is no more.
func reach(tx *db.Tx, r *store.Release) ([]uint64, error) {
	out := slices.Clone(r.Audience.Organisations)
	if r.Audience.All {
		for o, err := range store.Organisations.PeekAll(tx, 0, false) {
			if err != nil {
				return nil, err
			}
			out = append(out, o.ID)
		}
	}
	for _, m := range r.Modules {
		if len(r.Audience.Installed) == 0 {
			break
		}
		order, err := installation.Order(tx, m)
		if err != nil {
			return nil, err
		}
		for i, err := range store.InstallationsByModule.PeekRows(tx, db.Span{Prefix: key.Of(m)}) {
			if err != nil {
				return nil, err
			}
			if chosen(r, order, i) {
				out = append(out, i.Organisation)
			}
		}
	}
	slices.Sort(out)
	out = slices.Compact(out)
	return slices.DeleteFunc(out, func(id uint64) bool {
		o, err := store.Organisations.Peek(tx, id)
		return fault.KindOf(err) == fault.NotFound || err == nil && o.Retired
	}), nil
}

// chosen reports whether one of the ranges of the audience has the installation, which is of a module of the release.
func chosen(r *store.Release, order version.Order, i *store.Installation) bool {
	return slices.ContainsFunc(r.Audience.Installed, func(in store.Installed) bool {
		return (in.Module == 0 || in.Module == i.Module) && (in.Environment == store.EnvironmentNone || in.Environment == i.Environment) &&
			order.Within(i.Version, in.From, in.Until)
	})
}

// placesOf returns where the organisation is to install the release. Where the release is for those who have installed
// something, these are the places that have; else all that are known, and of a module of which none is known, production
// at the organisation as a whole.
func placesOf(tx *db.Tx, r *store.Release, organisation uint64) ([]Place, error) {
	all := r.Audience.All || slices.Contains(r.Audience.Organisations, organisation)
	var out []Place
	for _, m := range r.Modules {
		order, err := installation.Order(tx, m)
		if err != nil {
			return nil, err
		}
		known := false
		for i, err := range store.InstallationsByPlace.PeekRows(tx, db.Span{Prefix: key.Of(organisation)}) {
			if err != nil {
				return nil, err
			}
			if i.Module != m {
				continue
			}
			if known = true; all || chosen(r, order, i) {
				out = append(out, Place{store.Hat{Organisation: organisation, Unit: i.Unit}, m, i.Environment, i.Version, i.Installs == store.InstalledByOrganisation})
			}
		}
		if !known && all {
			out = append(out, Place{store.Hat{Organisation: organisation}, m, store.Production, "", true})
		}
	}
	return out, nil
}

// followers returns the people who follow a module of the release or a level above it, by their number.
func followers(tx *db.Tx, r *store.Release) ([]*store.Person, error) {
	var ids []uint64
	for _, m := range r.Modules {
		for level := m; level != 0; {
			for e := range store.FollowingsByModule.Entries(tx, db.Span{Prefix: key.Of(level)}) {
				f, err := store.Followings.Peek(tx, e.ID)
				if err != nil {
					return nil, err
				}
				ids = append(ids, f.Person)
			}
			above, err := store.Modules.Peek(tx, level)
			if err != nil {
				return nil, err
			}
			level = above.Parent
		}
	}
	slices.Sort(ids)
	var out []*store.Person
	for _, id := range slices.Compact(ids) {
		p, err := store.People.Peek(tx, id)
		if err != nil {
			return nil, err
		}
		if !p.Disabled {
			out = append(out, p)
		}
	}
	return out, nil
}

// peopleOf returns whom the release tells at the organisation, by their number: its coordinators, those of the units where
// it is to be installed, whom these named for that, and those of the followers who belong there.
func peopleOf(tx *db.Tx, followers []*store.Person, organisation uint64, places []Place) ([]*store.Person, error) {
	out := map[uint64]*store.Person{}
	for e := range store.PeopleByCoordination.Entries(tx, db.Span{Prefix: key.Of(organisation)}) {
		p, err := store.People.Peek(tx, e.ID)
		if err != nil {
			return nil, err
		}
		if (p.Covers(organisation, 0, tx.Now()) || speaks(tx, p, places)) && !p.Disabled && !p.IsService() {
			out[p.ID] = p
		}
	}
	for _, p := range followers {
		if p.Belongs(organisation, 0, tx.Now()) {
			out[p.ID] = p
		}
	}
	list := make([]*store.Person, 0, len(out))
	for _, p := range out {
		list = append(list, p)
	}
	slices.SortFunc(list, func(x, y *store.Person) int { return cmp.Compare(x.ID, y.ID) })
	return list, nil
}

// contactsOf returns the confirmed contacts of the organisation for the modules of the release, by their number, each
// address once.
func contactsOf(tx *db.Tx, r *store.Release, organisation uint64) ([]*store.Contact, error) {
	var out []*store.Contact
	for c, err := range store.ContactsByOrganisation.PeekRows(tx, db.Span{Prefix: key.Of(organisation)}) {
		if err != nil {
			return nil, err
		}
		of := c.Module == 0 || slices.ContainsFunc(r.Modules, func(m uint64) bool { return policy.Under(tx, m, c.Module) })
		same := slices.ContainsFunc(out, func(o *store.Contact) bool { return strings.EqualFold(o.Email, c.Email) })
		if of && !same && !c.Confirmed.IsZero() {
			out = append(out, c)
		}
	}
	slices.SortFunc(out, func(x, y *store.Contact) int { return cmp.Compare(x.ID, y.ID) })
	return out, nil
}
