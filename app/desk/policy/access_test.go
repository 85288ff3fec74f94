package policy

import (
	"testing"
	"time"

	"sportello/store"
	"sportello/store/act"
	"sportello/store/db"
)

// TestTheTableOfAccessIsTheOneOfThePage holds the page docs/rights.md and what the code decides together, and who has no right
// at all.
func TestTheTableOfAccessIsTheOneOfThePage(t *testing.T) {
	rows := pageTables(t)["Requests for credentials"]
	if len(rows) != int(lastAccessAct)+1 {
		t.Fatalf("%d rows for %d acts", len(rows)-1, lastAccessAct)
	}
	st, err := store.Open(t.TempDir(), db.Options{NoSync: true})
	if err != nil {
		t.Fatal(err)
	}
	defer st.Close()
	const organisation, unit, group = 9, 4, 1
	var module, foreign uint64
	err = st.Update(db.By{Act: act.Seed}, func(tx *db.Tx) error {
		for _, code := range []string{store.GeneralGroup, "altro"} {
			if err := store.Groups.Put(tx, &store.Group{Code: code}); err != nil {
				return err
			}
		}
		for _, m := range []*store.Module{{Code: "a", Group: group}, {Code: "b", Group: 2}} {
			if err := store.Modules.Put(tx, m); err != nil {
				return err
			}
			module, foreign = foreign, m.ID
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	err = st.View(func(tx *db.Tx) error {
		now := tx.Now()
		hat := func(h store.Affiliation) store.Person { return store.Person{Affiliations: []store.Affiliation{h}} }
		actor := func(p store.Person) Actor { p.ID = 1; return Actor{Person: &p} }
		actors := [accessRelations]Actor{asAccessSpeaker: actor(hat(store.Affiliation{Organisation: organisation, Coordinator: true})), asAccessAgent: actor(store.Person{Groups: []store.Membership{{Group: group}}}),
			asAccessSupervisor: actor(store.Person{Groups: []store.Membership{{Group: group, Supervisor: true}}}), asAccessRunner: actor(store.Person{Administrator: true})}
		r := &store.AccessRequest{Organisation: organisation, Person: 5, Confirmed: now, Asks: []store.AccessAsk{{Module: module}}}
		for i, row := range rows[1:] {
			act := AccessAct(i + 1)
			if row[1] != accessActNames[act] {
				t.Fatalf("row %d is of %s, wanted %s", i, row[1], accessActNames[act])
			}
			for rel := range accessRelations {
				if rows[0][2+int(rel)] != accessRelationNames[rel] {
					t.Fatalf("column %q, wanted %s", rows[0][2+int(rel)], accessRelationNames[rel])
				}
				want, known := map[string]bool{"yes": true, "no": false}[row[2+int(rel)]]
				if got := MayAccess(tx, actors[rel], act, r, module); got != want || !known {
					t.Errorf("%s as %s: %v, wanted %v", row[0], accessRelationNames[rel], got, want)
				}
				own := *r
				own.Person = 1
				unsaid := *r
				unsaid.Confirmed = time.Time{}
				if MayAccess(tx, actors[rel], act, &own, module) || MayAccess(tx, actors[rel], act, &unsaid, module) {
					t.Errorf("%s may %s of their own request, or of one that nobody confirmed", accessRelationNames[rel], accessActNames[act])
				}
			}
		}
		for name, a := range map[string]Actor{
			"nobody":                       {},
			"a member of the organisation": actor(hat(store.Affiliation{Organisation: organisation})),
			"a coordinator of another":     actor(hat(store.Affiliation{Organisation: 10, Coordinator: true})),
			"one who is so no longer":      actor(hat(store.Affiliation{Organisation: organisation, Coordinator: true, Ended: now.Add(-time.Hour)})),
			"one of a unit of it":          actor(hat(store.Affiliation{Organisation: organisation, Unit: unit, Coordinator: true})),
			"an agent of another group":    actor(store.Person{Groups: []store.Membership{{Group: 2, Supervisor: true}}}),
			"an editor":                    actor(store.Person{Editor: true}),
			"somebody disabled":            actor(store.Person{Administrator: true, Disabled: true}),
		} {
			for act := SeeAccess; act <= lastAccessAct; act++ {
				if MayAccess(tx, a, act, r, 0) {
					t.Errorf("%s may %s", name, accessActNames[act])
				}
			}
		}
		unknown := *r
		unknown.Organisation = 0
		if MayAccess(tx, actors[asAccessSpeaker], SeeAccess, &unknown, 0) {
			t.Error("a coordinator sees a request of an unknown organisation")
		}
		both := *r
		both.Asks = append(both.Asks, store.AccessAsk{Module: foreign})
		if a := actors[asAccessAgent]; !MayAccess(tx, a, SeeAccess, &both, 0) || MayAccess(tx, a, AgreeGroup, &both, foreign) {
			t.Error("an agent sees a request for a module of theirs, and decides of theirs alone")
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}
