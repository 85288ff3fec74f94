package desk

import (
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"sportello/app/desk/installation"
	"sportello/app/desk/people"
	"sportello/store"
	"sportello/store/db"
	"sportello/store/fault"
)

// installed returns the office with a code for each organisation.
func installed(t testing.TB) *office {
	o := newOffice(t)
	o.coded()
	return o
}

// coded gives each organisation its code.
func (o *office) coded() {
	o.t.Helper()
	for name, code := range map[string]string{"Ateneo": "ateneo", "Altro ente": "altro"} {
		if _, err := o.People.ChangeOrganisation(o.as("amministratore"), o.organis[name], 0, people.OrganisationForm{Name: name, Code: code}); err != nil {
			o.t.Fatal(err)
		}
	}
}

// runs is what an organisation has, as lines "module unit environment version".
func (o *office) runs(name, code string) []string {
	o.t.Helper()
	list, err := o.Installations.List(o.as(name), code)
	if err != nil {
		o.t.Fatal(err)
	}
	var out []string
	for _, v := range list.Installed {
		unit := "-"
		if v.Unit != nil {
			unit = v.Unit.Name
		}
		out = append(out, fmt.Sprintf("%s %s %s %s", v.Module.Code, unit, v.Environment, v.Version))
	}
	return out
}

func TestWhoMayNotKeepInstallations(t *testing.T) {
	o := installed(t)
	whole := installation.Entry{Module: "csa", Environment: store.Production, Version: "1.0"}
	ofUnit := whole
	ofUnit.Unit = "Personale"
	for _, c := range []struct {
		who, code string
		entry     installation.Entry
		want      fault.Kind
	}{
		{"collega", "ateneo", whole, fault.Denied},
		{"ada", "ateneo", ofUnit, fault.Denied},
		{"unita", "ateneo", whole, fault.Denied},
		{"estraneo", "ateneo", whole, fault.NotFound},
		{"referente", "altro", whole, fault.NotFound},
		{"referente", "nowhere", whole, fault.NotFound},
		{"altrove", "ateneo", whole, fault.Denied},
		{"redattore", "ateneo", whole, fault.NotFound},
	} {
		for verb, try := range map[string]func() error{
			"Put":     func() error { return o.Installations.Put(o.as(c.who), c.code, c.entry) },
			"Replace": func() error { return o.Installations.Replace(o.as(c.who), c.code, []installation.Entry{c.entry}) },
		} {
			if err := try(); err == nil || fault.KindOf(err) != c.want {
				t.Errorf("%s by %s at %s: %v, want %s", verb, c.who, c.code, err, c.want)
			}
		}
	}
	if got := o.runs("amministratore", "ateneo"); len(got) != 0 {
		t.Errorf("something was written: %q", got)
	}
	for who, e := range map[string]installation.Entry{"referente": whole, "unita": ofUnit, "agente": whole, "responsabile": whole, "amministratore": whole} {
		if err := o.Installations.Put(o.as(who), "ateneo", e); err != nil {
			t.Errorf("%s: %v", who, err)
		}
	}
	if got := o.runs("collega", "ateneo"); !slices.Equal(got, []string{"csa - production 1.0", "csa Personale production 1.0"}) {
		t.Errorf("a member reads %q", got)
	}
	for _, who := range []string{"estraneo", "redattore"} {
		if _, err := o.Installations.List(o.as(who), "ateneo"); fault.KindOf(err) != fault.NotFound {
			t.Errorf("%s reads: %v", who, err)
		}
	}
}

// TestAListReplacesWhatItsSenderMayKeepAndNothingElse sends random lists by people with different rights, and compares
// with a plain model: who may keep an installation has it as their list says, and everything else stays.
func TestAListReplacesWhatItsSenderMayKeepAndNothingElse(t *testing.T) {
	o := installed(t)
	r := rand.New(rand.NewPCG(7, 8))
	may := map[string]func(module, unit string) bool{
		"amministratore": func(string, string) bool { return true },
		"referente":      func(string, string) bool { return true },
		"unita":          func(_, unit string) bool { return unit == "Personale" },
		"agente":         func(module, _ string) bool { return module == "csa" },
		"altrove":        func(module, _ string) bool { return module == "legale" },
	}
	type at struct {
		module, unit string
		environment  store.Environment
	}
	model := map[at]string{}
	names := slices.Sorted(maps.Keys(may))
	refused, written := 0, 0
	for range 400 {
		who := names[r.IntN(len(names))]
		said := map[at]string{}
		var list []installation.Entry
		for _, module := range []string{"csa", "legale", "esse3"} {
			for _, unit := range []string{"", "Personale"} {
				for _, environment := range []store.Environment{store.Test, store.Production} {
					p := at{module, unit, environment}
					v, there := model[p]
					switch mine := may[who](module, unit); {
					case mine && r.IntN(2) == 0 || !mine && r.IntN(40) == 0:
						v = fmt.Sprint(1 + r.IntN(4))
					case !there || r.IntN(3) == 0:
						continue
					}
					said[p] = v
					list = append(list, installation.Entry{Module: module, Unit: unit, Environment: environment, Version: v})
				}
			}
		}
		r.Shuffle(len(list), func(i, j int) { list[i], list[j] = list[j], list[i] })
		next, allowed := maps.Clone(model), true
		for p, v := range said {
			allowed = allowed && (may[who](p.module, p.unit) || model[p] == v)
			next[p] = v
		}
		for p := range model {
			if _, kept := said[p]; !kept && may[who](p.module, p.unit) {
				delete(next, p)
			}
		}
		err := o.Installations.Replace(o.as(who), "ateneo", list)
		switch {
		case allowed && err != nil:
			t.Fatalf("%s: %v", who, err)
		case !allowed && fault.KindOf(err) != fault.Denied:
			t.Fatalf("%s changed what they may not keep: %v", who, err)
		case allowed:
			model = next
			written++
		default:
			refused++
		}
		list2, err := o.Installations.List(o.as("amministratore"), "ateneo")
		if err != nil {
			t.Fatal(err)
		}
		got := map[at]string{}
		for _, v := range list2.Installed {
			p := at{module: v.Module.Code, environment: v.Environment}
			if v.Unit != nil {
				p.unit = v.Unit.Name
			}
			got[p] = v.Version
		}
		if !maps.Equal(got, model) {
			t.Fatalf("after %s: %v, want %v", who, got, model)
		}
	}
	if refused < 20 || written < 200 {
		t.Errorf("%d were written, %d refused", written, refused)
	}
}

func TestAnInstallationKeepsWhoSaidItUntilItChanges(t *testing.T) {
	o := installed(t)
	day := time.Date(2026, 3, 1, 0, 0, 0, 0, time.UTC)
	e := installation.Entry{Module: "csa", Environment: store.Production, Version: "1.0", Since: day}
	one := func() installation.View {
		t.Helper()
		list, err := o.Installations.List(o.as("referente"), "ateneo")
		if err != nil || len(list.Installed) != 1 {
			t.Fatalf("%+v, %v", list, err)
		}
		return list.Installed[0]
	}
	put := func(who string, e installation.Entry) {
		t.Helper()
		if err := o.Installations.Replace(o.as(who), "ateneo", []installation.Entry{e}); err != nil {
			t.Fatal(err)
		}
	}
	put("referente", e)
	first := one()
	if first.ByDesk || first.By == nil || first.By.Name != "Rita Referente" {
		t.Errorf("said by %+v, by the desk %v", first.By, first.ByDesk)
	}
	again := e
	again.Since = time.Time{} // nobody says since when: as it was
	put("agente", again)
	if now := one(); now.Rev != first.Rev || !now.Since.Equal(day) || now.By.Name != "Rita Referente" {
		t.Errorf("the same said again by somebody else changed %+v", now.Installation)
	}
	again.Version = "1.1"
	put("agente", again)
	if now := one(); !now.ByDesk || now.By.Name != "Bruno Agente" || !now.Since.IsZero() {
		t.Errorf("said by the desk: %+v", now.Installation)
	}
	if err := o.Installations.Remove(o.as("referente"), "ateneo", first.ID, first.Rev); fault.KindOf(err) != fault.Conflict {
		t.Errorf("removed at a revision that is past: %v", err)
	}
	if err := o.Installations.Remove(o.as("collega"), "ateneo", first.ID, 0); fault.KindOf(err) != fault.Denied {
		t.Errorf("removed by a member: %v", err)
	}
	if err := o.Installations.Remove(o.as("referente"), "ateneo", first.ID, 0); err != nil {
		t.Error(err)
	}
}

func TestAListSaysWhichEntryIsWrong(t *testing.T) {
	o := installed(t)
	good := installation.Entry{Module: "csa", Environment: store.Production, Version: "1.0"}
	with := func(change func(*installation.Entry)) installation.Entry {
		e := good
		change(&e)
		return e
	}
	err := o.Installations.Replace(o.as("referente"), "ateneo", []installation.Entry{
		good,
		with(func(e *installation.Entry) { e.Module = "nowhere" }),
		with(func(e *installation.Entry) { e.Unit = "Nessuna" }),
		with(func(e *installation.Entry) { e.Environment = store.EnvironmentNone }),
		with(func(e *installation.Entry) { e.Module, e.Version = "legale", "  " }),
		with(func(e *installation.Entry) { e.Module, e.Since = "esse3", time.Unix(0, o.now.Load()).AddDate(0, 0, 2) }),
		good,
	})
	var problems fault.Problems
	if !errors.As(err, &problems) {
		t.Fatal(err)
	}
	var fields []string
	for _, p := range problems {
		fields = append(fields, p.Field)
	}
	if want := []string{"1.module", "2.unit", "3.environment", "4.version", "5.since", "6.module"}; !slices.Equal(fields, want) {
		t.Errorf("%q, want %q", fields, want)
	}
	if got := o.runs("referente", "ateneo"); len(got) != 0 {
		t.Errorf("a list with mistakes wrote %q", got)
	}
}

func TestWhatRunsIsTheUnitsOwnElseTheOrganisationsElseOfTheLevelAbove(t *testing.T) {
	o := installed(t)
	var child uint64
	err := o.st.Update(db.By{}, func(tx *db.Tx) error {
		m := &store.Module{Code: "csa/ruoli", Parent: o.module["csa"], Channel: store.Here}
		err := store.Modules.Put(tx, m)
		child = m.ID
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	unit := o.people["unita"].Affiliations[1].Unit
	running := func(unit, module uint64) string {
		t.Helper()
		version := ""
		err := o.st.View(func(tx *db.Tx) error {
			i, err := installation.Running(tx, store.Hat{Organisation: o.organis["Ateneo"], Unit: unit}, module)
			if i != nil {
				version = i.Version
			}
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
		return version
	}
	put := func(module, unit, version string, environment store.Environment) {
		t.Helper()
		if err := o.Installations.Put(o.as("referente"), "ateneo", installation.Entry{Module: module, Unit: unit, Environment: environment, Version: version}); err != nil {
			t.Fatal(err)
		}
	}
	if got := running(unit, child); got != "" {
		t.Errorf("nothing is known, and %s runs", got)
	}
	put("csa", "", "test", store.Test)
	put("csa", "", "organisation", store.Production)
	if got := running(unit, child); got != "organisation" {
		t.Errorf("%s", got)
	}
	put("csa", "Personale", "unit", store.Production)
	if a, b := running(unit, child), running(0, child); a != "unit" || b != "organisation" {
		t.Errorf("at the unit %s, elsewhere %s", a, b)
	}
	put("csa/ruoli", "", "module", store.Production)
	if a, b := running(unit, child), running(unit, o.module["csa"]); a != "module" || b != "unit" {
		t.Errorf("of the module %s, of the level above %s", a, b)
	}
}

// TestInstallationsGoWhereTheirPlaceGoes: with a unit that moves, with an organisation that another takes in, which keeps
// what it said itself, and away with a place that is removed.
func TestInstallationsGoWhereTheirPlaceGoes(t *testing.T) {
	o := installed(t)
	put := func(code, module, unit, version string) {
		t.Helper()
		e := installation.Entry{Module: module, Unit: unit, Environment: store.Production, Version: version}
		if err := o.Installations.Put(o.as("amministratore"), code, e); err != nil {
			t.Fatal(err)
		}
	}
	relocate := func(from store.Hat, to string) {
		t.Helper()
		preview, err := o.Relocations.Preview(o.as("amministratore"), from, o.organis[to])
		if err != nil {
			t.Fatal(err)
		}
		if _, _, err := o.Relocations.Begin(o.as("amministratore"), from, o.organis[to], preview.Sum); err != nil {
			t.Fatal(err)
		}
		for more := true; more; {
			if more, err = o.Relocations.Step(); err != nil {
				t.Fatal(err)
			}
		}
	}
	put("ateneo", "csa", "", "1")
	put("ateneo", "csa", "Personale", "2")
	put("ateneo", "legale", "", "3")
	put("altro", "csa", "", "4")
	unit := o.people["unita"].Affiliations[1].Unit
	relocate(store.Hat{Organisation: o.organis["Ateneo"], Unit: unit}, "Altro ente")
	if a, b := o.runs("amministratore", "ateneo"), o.runs("amministratore", "altro"); !slices.Equal(a, []string{"csa - production 1", "legale - production 3"}) ||
		!slices.Equal(b, []string{"csa - production 4", "csa Personale production 2"}) {
		t.Errorf("after the unit moved: %q and %q", a, b)
	}
	relocate(store.Hat{Organisation: o.organis["Ateneo"]}, "Altro ente")
	if b := o.runs("amministratore", "altro"); !slices.Equal(b, []string{"csa - production 4", "csa Personale production 2", "legale - production 3"}) {
		t.Errorf("after the organisation was taken in: %q", b)
	}
	var units []string
	for i := range 45 { // more than one step takes
		units = append(units, fmt.Sprint("Unità ", i))
	}
	large, err := o.People.AddOrganisation(o.as("amministratore"), people.OrganisationForm{Name: "Large", Code: "large", Units: units})
	if err != nil {
		t.Fatal(err)
	}
	for _, unit := range units {
		put("large", "csa", unit, "9")
	}
	relocate(store.Hat{Organisation: large.ID}, "Altro ente")
	if n := len(o.runs("amministratore", "altro")); n != 3+len(units) {
		t.Errorf("%d installations came along, want %d", n, 3+len(units))
	}
	gone, err := o.People.AddOrganisation(o.as("amministratore"), people.OrganisationForm{Name: "Gone", Code: "gone", Units: []string{"One"}})
	if err != nil {
		t.Fatal(err)
	}
	put("gone", "csa", "", "1")
	put("gone", "csa", "One", "2")
	if err := o.Catalogue.RemoveModule(o.as("amministratore"), o.module["csa"]); fault.KindOf(err) != fault.Conflict {
		t.Errorf("a module that is installed was removed: %v", err)
	}
	if err := o.People.RemoveOrganisation(o.as("amministratore"), gone.ID); err != nil {
		t.Errorf("an organisation that has something installed and nothing else cannot be removed: %v", err)
	}
}
