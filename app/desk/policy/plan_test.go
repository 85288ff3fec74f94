package policy

import (
	"testing"
	"time"

	"sportello/store"
	"sportello/store/db"
)

// TestTheTableOfPlansIsTheOneOfThePage holds the page docs/rights.md and what the code decides together, for every act and
// relation, confidential or not.
func TestTheTableOfPlansIsTheOneOfThePage(t *testing.T) {
	rows := pageTables(t)["Plans"]
	if len(rows) != int(lastPlanAct)+1 {
		t.Fatalf("%d rows for %d acts", len(rows)-1, lastPlanAct)
	}
	const organisation, group = 9, 7
	st, err := store.Open(t.TempDir(), db.Options{NoSync: true})
	if err != nil {
		t.Fatal(err)
	}
	defer st.Close()
	err = st.View(func(tx *db.Tx) error {
		now := tx.Now()
		hat := func(h store.Affiliation) store.Person { return store.Person{Affiliations: []store.Affiliation{h}} }
		actor := func(p store.Person) Actor { p.ID = 1; return Actor{Person: &p} }
		named := &store.Plan{Organisation: organisation, Group: group, People: []store.PlanPerson{{Person: 1}}}
		plain := &store.Plan{Organisation: organisation, Group: group}
		member := hat(store.Affiliation{Organisation: organisation})
		actors := [planRelations]Actor{asNamed: actor(member), asPlanSpeaker: actor(hat(store.Affiliation{Organisation: organisation, Coordinator: true})),
			asPlanAgent: actor(store.Person{Groups: []store.Membership{{Group: group}}}), asPlanOutsider: actor(store.Person{Groups: []store.Membership{{Group: 8}}}),
			asPlanSupervisor: actor(store.Person{Groups: []store.Membership{{Group: group, Supervisor: true}}}), asPlanEditor: actor(store.Person{Editor: true}), asPlanRunner: actor(store.Person{Administrator: true})}
		for i, row := range rows[1:] {
			act := PlanAct(i + 1)
			if row[1] != planActNames[act] {
				t.Fatalf("row %d is of %s, wanted %s", i, row[1], planActNames[act])
			}
			for r := range planRelations {
				if rows[0][2+int(r)] != planRelationNames[r] {
					t.Fatalf("column %q, wanted %s", rows[0][2+int(r)], planRelationNames[r])
				}
				for _, secret := range []bool{false, true} {
					want, known := map[string]bool{"yes": true, "no": false, "confidential with a reason": !secret}[row[2+int(r)]]
					f := PlanFacts{plan: plain, group: group, confidential: secret}
					if r == asNamed {
						f.plan = named
					}
					if got := f.may(tx, actors[r], act); got != want || !known {
						t.Errorf("%s as %s (confidential %v): %v, wanted %v", row[0], planRelationNames[r], secret, got, want)
					}
				}
			}
		}
		f := PlanFacts{plan: named, group: group}
		for name, a := range map[string]Actor{
			"nobody":     {},
			"a stranger": actor(store.Person{}),
			"one who is named and left the organisation":    actor(hat(store.Affiliation{Organisation: organisation, Ended: now.Add(-time.Hour)})),
			"one who is named and of another":               actor(hat(store.Affiliation{Organisation: 10})),
			"a coordinator of another":                      {Person: &store.Person{Affiliations: []store.Affiliation{{Organisation: 10, Coordinator: true}}}},
			"a member of the organisation who is not named": {Person: &member},
			"somebody disabled":                             actor(store.Person{Administrator: true, Disabled: true}),
		} {
			for act := SeePlan; act <= SayFact; act++ {
				if f.may(tx, a, act) {
					t.Errorf("%s may %s", name, planActNames[act])
				}
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}
