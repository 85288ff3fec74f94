package policy

import (
	"testing"

	"sportello/store"
	"sportello/store/db"
)

// TestRightsOverInstallationsAreThoseOfThePage does for installations what TestRightsAreThoseOfThePage does for tickets.
func TestRightsOverInstallationsAreThoseOfThePage(t *testing.T) {
	rows := pageTables(t)["Installations"]
	if len(rows) != int(lastInstallationAct)+1 {
		t.Fatalf("%d acts on the page, %d in the program", len(rows)-1, lastInstallationAct)
	}
	const group, organisation, unit = 7, 9, 3
	st, err := store.Open(t.TempDir(), db.Options{NoSync: true})
	if err != nil {
		t.Fatal(err)
	}
	defer st.Close()
	may := func(a Actor, act InstallationAct, i *store.Installation, group uint64) (yes bool) {
		if err := st.View(func(tx *db.Tx) error { yes = MayInstallation(tx, a, act, i, group); return nil }); err != nil {
			t.Fatal(err)
		}
		return yes
	}
	at := st.Now()
	somebody := func(p store.Person) Actor {
		p.Row = db.Row{ID: 1}
		return Actor{Person: &p}
	}
	hat := func(h store.Affiliation) Actor { return somebody(store.Person{Affiliations: []store.Affiliation{h}}) }
	actors := [installationRelations]Actor{
		asMember:         hat(store.Affiliation{Organisation: organisation}),
		asPlaceNamed:     hat(store.Affiliation{Organisation: organisation, Unit: unit, Named: true, Modules: []uint64{5}}),
		asPlaceKeeper:    hat(store.Affiliation{Organisation: organisation, Unit: unit, Coordinator: true}),
		asModuleAgent:    somebody(store.Person{Groups: []store.Membership{{Group: group}}}),
		asOtherAgent:     somebody(store.Person{Groups: []store.Membership{{Group: 8}}}),
		asModuleOverseer: somebody(store.Person{Groups: []store.Membership{{Group: group, Supervisor: true}}}),
		asDesksRunner:    somebody(store.Person{Administrator: true}),
	}
	here := &store.Installation{Organisation: organisation, Unit: unit, Module: 5}
	for i, row := range rows[1:] {
		act := InstallationAct(i + 1)
		if row[1] != installationActNames[act] || len(row) != int(installationRelations)+2 {
			t.Fatalf("row %d is %q, want %s", i+1, row, installationActNames[act])
		}
		for r := range installationRelations {
			if rows[0][2+int(r)] != installationRelationNames[r] {
				t.Fatalf("column %q, want %s", rows[0][2+int(r)], installationRelationNames[r])
			}
			want, known := map[string]bool{"yes": true, "no": false}[row[2+int(r)]]
			if got := may(actors[r], act, here, group); got != want || !known {
				t.Errorf("%s as %s: %v, want %v", row[0], installationRelationNames[r], got, want)
			}
		}
	}
	for name, a := range map[string]Actor{
		"nobody":                                 {},
		"a stranger":                             somebody(store.Person{}),
		"somebody disabled":                      somebody(store.Person{Administrator: true, Disabled: true}),
		"a coordinator of another organisation":  hat(store.Affiliation{Organisation: 10, Coordinator: true}),
		"a member whose affiliation is over":     hat(store.Affiliation{Organisation: organisation, Until: at}),
		"a coordinator whose hat is of tomorrow": hat(store.Affiliation{Organisation: organisation, Coordinator: true, From: at.AddDate(0, 0, 1)}),
	} {
		for act := SeeInstallations; act <= lastInstallationAct; act++ {
			if may(a, act, here, group) {
				t.Errorf("%s may %s", name, installationActNames[act])
			}
		}
	}
	if may(actors[asPlaceKeeper], KeepInstallations, &store.Installation{Organisation: organisation}, group) {
		t.Error("a coordinator of a unit keeps the installations of the whole organisation")
	}
	if !may(hat(store.Affiliation{Organisation: organisation, Coordinator: true}), KeepInstallations, here, group) {
		t.Error("a coordinator of the organisation does not keep the installations of its units")
	}
}
