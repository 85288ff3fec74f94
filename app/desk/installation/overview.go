package installation

import (
	"cmp"
	"slices"
	"strings"

	"sportello/app/desk/policy"
	"sportello/app/version"
	"sportello/store"
	"sportello/store/db"
	"sportello/store/key"
	"sportello/store/spelling"
)

// Overview is which versions of a module run where.
type Overview struct {
	Module *store.Module
	Newest *store.Release // of the published ones by the order of its versions; nil while there is none
	Places []Place        // by name of organisation and unit, production first
	Behind int            // places with something to install
}

// Place is an installation, seen from the desk.
type Place struct {
	*store.Installation
	Organisation *store.Organisation
	Unit         *store.Unit      // nil for the organisation as a whole
	Missing      []*store.Release // published for the organisation and newer than what runs there, the newest first
}

// Overviews returns the modules that the actor looks after and that run somewhere, by code: those of their groups, all of
// them to administrators.
func (is *Installations) Overviews(a policy.Actor) ([]Overview, error) {
	var out []Overview
	err := is.st.View(func(tx *db.Tx) error {
		out = nil
		groups := groups{}
		for m, err := range store.Modules.All(tx, 0, false) {
			if err != nil {
				return err
			}
			group, err := groups.of(tx, m.ID)
			if err != nil {
				return err
			}
			if !a.IsAdministrator() && (a.Person == nil || !a.Person.InGroup(group)) {
				continue
			}
			one, err := overview(tx, a, m, group)
			if err != nil {
				return err
			}
			if len(one.Places) > 0 {
				out = append(out, one)
			}
		}
		return nil
	})
	slices.SortFunc(out, func(x, y Overview) int { return strings.Compare(x.Module.Code, y.Module.Code) })
	return out, err
}

func overview(tx *db.Tx, a policy.Actor, m *store.Module, group uint64) (Overview, error) {
	out := Overview{Module: m}
	versions := map[string]int{}
	for i, err := range store.InstallationsByModule.PeekRows(tx, db.Span{Prefix: key.Of(m.ID)}) {
		if err != nil {
			return out, err
		}
		if !policy.MayInstallation(tx, a, policy.SeeInstallations, i, group) {
			continue
		}
		p := Place{Installation: i}
		if p.Organisation, err = store.Organisations.Peek(tx, i.Organisation); err != nil {
			return out, err
		}
		if i.Unit != 0 {
			if p.Unit, err = store.Units.Peek(tx, i.Unit); err != nil {
				return out, err
			}
		}
		versions[i.Version] = 0
		out.Places = append(out.Places, p)
	}
	if len(out.Places) == 0 {
		return out, nil
	}
	var published []*store.Release
	for r, err := range store.ReleasesByModule.GlanceRows(tx, db.Span{Prefix: key.Of(m.ID)}) {
		if err != nil {
			return out, err
		}
		if r.State == store.ReleasePublished && policy.MayRelease(tx, a, policy.SeeRelease, r) == nil {
			versions[r.Version] = 0
			published = append(published, r)
		}
	}
	order, err := Order(tx, m.ID)
	if err != nil {
		return out, err
	}
	rank(versions, order)
	slices.SortStableFunc(published, func(x, y *store.Release) int { return cmp.Compare(versions[y.Version], versions[x.Version]) })
	if len(published) > 0 {
		out.Newest = published[0]
	}
	for n := range out.Places {
		p := &out.Places[n]
		for _, r := range published {
			if versions[r.Version] <= versions[p.Version] {
				break
			}
			if r.WentTo(p.Organisation.ID) {
				p.Missing = append(p.Missing, r)
			}
		}
		if len(p.Missing) > 0 {
			out.Behind++
		}
	}
	slices.SortStableFunc(out.Places, func(x, y Place) int {
		return cmp.Or(strings.Compare(spelling.Fold(x.Organisation.Name), spelling.Fold(y.Organisation.Name)), strings.Compare(unitName(x.Unit), unitName(y.Unit)),
			cmp.Compare(y.Environment, x.Environment))
	})
	return out, nil
}

// rank gives each version its place in the order, so that they are compared once; two ways of writing one have
// the same.
func rank(versions map[string]int, order version.Order) {
	var list []string
	for v := range versions {
		list = append(list, v)
	}
	slices.SortFunc(list, order.Compare)
	n := 0
	for i, v := range list {
		if i > 0 && order.Compare(list[i-1], v) != 0 {
			n++
		}
		versions[v] = n
	}
}
