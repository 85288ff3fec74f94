// Package installation keeps which version of each module an organisation has in use, where, since when, and who
// installs there. Updates, known problems and ticket forms ask it.
package installation

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	"sportello/app/desk/entry"
	"sportello/app/desk/policy"
	"sportello/app/version"
	"sportello/store"
	"sportello/store/act"
	"sportello/store/db"
	"sportello/store/fault"
	"sportello/store/key"
	"sportello/store/spelling"
)

// Installations is the desk's part for installations.
type Installations struct {
	st  *db.Store
	loc *time.Location // whose days count
}

// New returns the installations of the desk of the store. Its days are those of loc.
func New(st *db.Store, loc *time.Location) *Installations { return &Installations{st, loc} }

// Entry is what somebody says of one installation. Its fields are codes and names, as lists and programs write them.
type Entry struct {
	Module      string // code
	Unit        string // name of a unit of the organisation; empty: the organisation as a whole
	Environment store.Environment
	Version     string
	Since       time.Time        // the day, at its beginning in UTC; zero: nobody said
	Installs    *store.Installer // nil: whoever it was, the organisation itself if nobody said
}

// View is an installation as one actor may see it.
type View struct {
	*store.Installation
	Module  *store.Module
	Unit    *store.Unit   // nil for the organisation as a whole
	By      *store.Person // who said so; nil for the desk and whoever is gone
	MayKeep bool
}

// List is what an organisation has installed, by module, unit and environment.
type List struct {
	Organisation *store.Organisation
	Units        []*store.Unit
	Installed    []View
	MayKeep      bool // something of it, or something new
}

// List returns what the organisation of the code has installed. NotFound for whoever may not see it.
func (is *Installations) List(a policy.Actor, code string) (List, error) {
	var out List
	err := is.st.View(func(tx *db.Tx) (err error) {
		out, err = is.list(tx, a, code)
		return err
	})
	return out, err
}

func (is *Installations) list(tx *db.Tx, a policy.Actor, code string) (List, error) {
	out := List{}
	o, err := seen(tx, a, code)
	if err != nil {
		return out, err
	}
	out.Organisation = o
	if out.Units, err = store.UnitsByOrganisation.Find(tx, o.ID); err != nil {
		return out, err
	}
	groups := groups{}
	for i, err := range store.InstallationsByPlace.PeekRows(tx, db.Span{Prefix: key.Of(o.ID)}) {
		if err != nil {
			return out, err
		}
		v := View{Installation: i}
		if v.Module, err = store.Modules.Peek(tx, i.Module); err != nil {
			return out, err
		}
		if i.Unit != 0 {
			if v.Unit, err = store.Units.Peek(tx, i.Unit); err != nil {
				return out, err
			}
		}
		if p, err := store.People.Peek(tx, i.By); err == nil {
			v.By = p
		} else if fault.KindOf(err) != fault.NotFound {
			return out, err
		}
		group, err := groups.of(tx, i.Module)
		if err != nil {
			return out, err
		}
		v.MayKeep = policy.MayInstallation(tx, a, policy.KeepInstallations, i, group)
		out.Installed = append(out.Installed, v)
	}
	slices.SortStableFunc(out.Installed, func(x, y View) int {
		return cmp.Or(strings.Compare(x.Module.Code, y.Module.Code), strings.Compare(unitName(x.Unit), unitName(y.Unit)), cmp.Compare(x.Environment, y.Environment))
	})
	out.MayKeep = mayKeepAny(tx, a, o, out.Units)
	return out, nil
}

// mayKeepAny reports whether there is anything that the actor may keep at the organisation. Of whom it takes a module to
// tell, an agent, it says yes.
func mayKeepAny(tx *db.Tx, a policy.Actor, o *store.Organisation, units []*store.Unit) bool {
	if a.IsAgent() || policy.MayInstallation(tx, a, policy.KeepInstallations, &store.Installation{Organisation: o.ID}, 0) {
		return true
	}
	return slices.ContainsFunc(units, func(u *store.Unit) bool {
		return policy.MayInstallation(tx, a, policy.KeepInstallations, &store.Installation{Organisation: o.ID, Unit: u.ID}, 0)
	})
}

func unitName(u *store.Unit) string {
	if u == nil {
		return ""
	}
	return spelling.Fold(u.Name)
}

// seen returns the organisation of the code, NotFound for whoever may not see its installations.
func seen(tx *db.Tx, a policy.Actor, code string) (*store.Organisation, error) {
	o, err := store.OrganisationsByCode.First(tx, code)
	if err != nil {
		return nil, err
	}
	if !policy.MayInstallation(tx, a, policy.SeeInstallations, &store.Installation{Organisation: o.ID}, 0) {
		return nil, fault.New(fault.NotFound, "error.not-found")
	}
	return o, nil
}

// groups remembers the group of each module within a transaction.
type groups map[uint64]uint64

func (g groups) of(tx *db.Tx, module uint64) (uint64, error) {
	if group, known := g[module]; known {
		return group, nil
	}
	place, err := policy.Placement(tx, module)
	g[module] = place.Group
	return place.Group, err
}

// Replace makes the entries what the organisation of the code has installed, as far as the actor may keep it: other
// installations stay, and an entry that would change one of them is Denied. It returns Problems whose fields name the
// entry, "3.version". What did not change keeps who said it.
func (is *Installations) Replace(a policy.Actor, code string, entries []Entry) error {
	return is.st.Update(a.By(act.ChangeInstallations), func(tx *db.Tx) error {
		w, err := is.writer(tx, a, code)
		if err != nil {
			return err
		}
		said := map[place]bool{}
		for n, e := range entries {
			if at, ok := w.put(tx, fmt.Sprintf("%d.", n), e); ok && said[at] {
				w.wrong.Add(fmt.Sprintf("%d.module", n), "error.installation-twice")
			} else {
				said[at] = true
			}
		}
		if err := w.err(); err != nil {
			return err
		}
		for at, i := range w.there {
			if said[at] {
				continue
			}
			if may, err := w.mayKeep(tx, i); err != nil || !may {
				if err != nil {
					return err
				}
				continue
			}
			if err := store.Installations.Delete(tx, i.ID); err != nil {
				return err
			}
		}
		return nil
	})
}

// Put says one installation. Of what is wrong with it, fields are named as in Entry, in lower case.
func (is *Installations) Put(a policy.Actor, code string, e Entry) error {
	return is.st.Update(a.By(act.ChangeInstallations), func(tx *db.Tx) error {
		w, err := is.writer(tx, a, code)
		if err != nil {
			return err
		}
		w.put(tx, "", e)
		return w.err()
	})
}

// Import is Put for lists of many organisations: the organisation is named by its code or, if no code is so, by its name.
// It reports whether the installation is a new one.
func (is *Installations) Import(a policy.Actor, organisation string, e Entry) (created bool, err error) {
	err = is.st.Update(a.By(act.ChangeInstallations), func(tx *db.Tx) error {
		code := organisation
		if !store.OrganisationsByCode.Has(tx, code) {
			o, err := store.OrganisationsByName.PeekFirst(tx, spelling.Fold(organisation))
			if fault.KindOf(err) == fault.NotFound {
				return fault.Problems{fault.New(fault.Invalid, "error.organisation-unknown").At("organisation")}
			} else if err != nil {
				return err
			}
			code = o.Code
		}
		w, err := is.writer(tx, a, code)
		if err != nil {
			return err
		}
		before := len(w.there)
		w.put(tx, "", e)
		created = len(w.there) > before
		return w.err()
	})
	return created, err
}

// Remove takes an installation of the organisation back. saw is the revision the actor saw; 0 skips the check.
func (is *Installations) Remove(a policy.Actor, code string, id, saw uint64) error {
	return is.st.Update(a.By(act.ChangeInstallations), func(tx *db.Tx) error {
		w, err := is.writer(tx, a, code)
		if err != nil {
			return err
		}
		i, err := store.Installations.Get(tx, id)
		if err != nil {
			return err
		}
		if i.Organisation != w.organisation.ID {
			return fault.New(fault.NotFound, "error.not-found")
		}
		if may, err := w.mayKeep(tx, i); err != nil || !may {
			return cmp.Or(err, policy.Denied(a))
		}
		if err := entry.SameRev(saw, i.Rev); err != nil {
			return err
		}
		return store.Installations.Delete(tx, id)
	})
}

// place is what there is one installation of.
type place struct {
	unit, module uint64
	environment  store.Environment
}

// writer changes the installations of one organisation.
type writer struct {
	a            policy.Actor
	organisation *store.Organisation
	units        map[string]uint64 // by folded name
	there        map[place]*store.Installation
	groups       groups
	loc          *time.Location
	wrong        fault.Problems
	failed       error
}

func (is *Installations) writer(tx *db.Tx, a policy.Actor, code string) (*writer, error) {
	o, err := seen(tx, a, code)
	if err != nil {
		return nil, err
	}
	units, err := store.UnitsByOrganisation.Find(tx, o.ID)
	if err != nil {
		return nil, err
	}
	if !a.System && !mayKeepAny(tx, a, o, units) {
		return nil, policy.Denied(a)
	}
	w := &writer{a: a, organisation: o, units: map[string]uint64{}, there: map[place]*store.Installation{}, groups: groups{}, loc: is.loc}
	for _, u := range units {
		w.units[spelling.Fold(u.Name)] = u.ID
	}
	for i, err := range store.InstallationsByPlace.Rows(tx, db.Span{Prefix: key.Of(o.ID)}) {
		if err != nil {
			return nil, err
		}
		w.there[place{i.Unit, i.Module, i.Environment}] = i
	}
	return w, nil
}

func (w *writer) mayKeep(tx *db.Tx, i *store.Installation) (bool, error) {
	group, err := w.groups.of(tx, i.Module)
	return err == nil && policy.MayInstallation(tx, w.a, policy.KeepInstallations, i, group), err
}

// put writes what the entry says, and returns which installation it is of. What is wrong with it is kept under names that
// begin with the prefix.
func (w *writer) put(tx *db.Tx, prefix string, e Entry) (at place, ok bool) {
	before := len(w.wrong)
	if m, err := store.ModulesByCode.First(tx, strings.ToLower(strings.TrimSpace(e.Module))); err == nil {
		at.module = m.ID
	} else if fault.KindOf(err) == fault.NotFound {
		w.wrong.Add(prefix+"module", "error.module-unknown")
	} else {
		w.failed = cmp.Or(w.failed, err)
	}
	if name := strings.TrimSpace(e.Unit); name != "" {
		if at.unit = w.units[spelling.Fold(name)]; at.unit == 0 {
			w.wrong.Add(prefix+"unit", "error.unit-unknown")
		}
	}
	if at.environment = e.Environment; at.environment == store.EnvironmentNone {
		w.wrong.Add(prefix+"environment", "error.environment-needed")
	}
	text := entry.CleanLine(&w.wrong, prefix+"version", e.Version, store.Installations.Most("version"))
	if text == "" && len(w.wrong) == before {
		w.wrong.Add(prefix+"version", "error.required")
	}
	if e.Since.Format(time.DateOnly) > tx.Now().In(w.loc).Format(time.DateOnly) {
		w.wrong.Add(prefix+"since", "error.date-future")
	}
	if len(w.wrong) > before || w.failed != nil {
		return at, false
	}
	i := store.Installation{Organisation: w.organisation.ID, Unit: at.unit, Module: at.module, Environment: at.environment}
	was := w.there[at]
	if was != nil {
		i = *was
	}
	installs := i.Installs
	if e.Installs != nil {
		installs = *e.Installs
	}
	if i.Version == text && i.Installs == installs && (e.Since.IsZero() || e.Since.Equal(i.Since)) && was != nil {
		return at, true
	}
	may, err := w.mayKeep(tx, &i)
	switch {
	case err != nil:
		w.failed = err
		return at, false
	case !may:
		w.failed = fault.New(fault.Denied, "error.denied").At(prefix + "module")
		return at, false
	}
	if i.Version != text || !e.Since.IsZero() {
		i.Since = e.Since
	}
	i.Version, i.Installs, i.By = text, installs, w.a.ID()
	i.ByDesk = !policy.AnswersFor(tx, w.a.Person, store.Hat{Organisation: i.Organisation, Unit: i.Unit}, i.Module)
	if err := store.Installations.Put(tx, &i); err != nil {
		w.failed = err
	}
	w.there[at] = &i
	return at, true
}

func (w *writer) err() error {
	if w.failed != nil {
		return w.failed
	}
	return w.wrong.Err()
}

// Known returns what runs in production under one of the actor's own hats, nil where nothing is known: see Running.
func (is *Installations) Known(a policy.Actor, hat store.Hat, module uint64) (*store.Installation, error) {
	var out *store.Installation
	if a.Person == nil {
		return nil, nil
	}
	err := is.st.View(func(tx *db.Tx) (err error) {
		if a.Person.Belongs(hat.Organisation, hat.Unit, tx.Now()) {
			out, err = Running(tx, hat, module)
		}
		return err
	})
	return out, err
}

// Running returns the installation that runs in production at the unit or, where the unit has none of its own, at its
// organisation: of the module, or of the next level above it that has one. It is nil where none is known.
func Running(tx *db.Tx, hat store.Hat, module uint64) (*store.Installation, error) {
	for range 10 {
		if module == 0 || hat.Organisation == 0 {
			return nil, nil
		}
		for _, unit := range slices.Compact([]uint64{hat.Unit, 0}) {
			i, err := store.InstallationsByPlace.PeekFirst(tx, hat.Organisation, unit, module, store.Production)
			if err == nil || fault.KindOf(err) != fault.NotFound {
				return i, err
			}
		}
		m, err := store.Modules.Peek(tx, module)
		if err != nil {
			return nil, err
		}
		module = m.Parent
	}
	return nil, nil
}

// Order is how the versions of the module follow each other: its own list, newest first as people keep it, wins over the
// rule, and what is numbered in a later way comes after what was numbered in an earlier one. What the module leaves empty it
// has from the level above.
func Order(tx *db.Tx, module uint64) (version.Order, error) {
	var out version.Order
	for level := module; level != 0; {
		m, err := store.Modules.Peek(tx, level)
		if err != nil {
			return version.Order{}, err
		}
		if len(out.Listed) == 0 {
			out.Listed = slices.Clone(m.Versions)
			slices.Reverse(out.Listed)
		}
		if len(out.Epochs) == 0 {
			for _, s := range m.Schemes {
				out.Epochs = append(out.Epochs, version.Range(s))
			}
		}
		level = m.Parent
	}
	return out, nil
}

// Installed writes down that the version was installed at the place on the day, by the word of a person, 0 for the desk. It
// never goes backwards: where a newer version runs, that one is returned, and nothing changes.
func Installed(tx *db.Tx, at store.Hat, module uint64, e store.Environment, v string, day time.Time, by uint64, byDesk bool) (newer string, err error) {
	i, err := store.InstallationsByPlace.First(tx, at.Organisation, at.Unit, module, e)
	if fault.KindOf(err) == fault.NotFound {
		i, err = &store.Installation{Organisation: at.Organisation, Unit: at.Unit, Module: module, Environment: e}, nil
	}
	if err != nil {
		return "", err
	}
	order, err := Order(tx, module)
	if err != nil {
		return "", err
	}
	if i.ID != 0 {
		switch c := order.Compare(i.Version, v); {
		case c > 0:
			return i.Version, nil
		case c == 0 && i.Version == v:
			return "", nil
		}
	}
	i.Version, i.Since, i.By, i.ByDesk = v, day, by, byDesk
	return "", store.Installations.Put(tx, i)
}
