package policy

import (
	"testing"
	"time"

	"sportello/store"
	"sportello/store/db"
)

// TestRightsOverReleasesAreThoseOfThePage does for releases what TestRightsAreThoseOfThePage does for tickets: each act, each
// relation, with a confidential release and an open one, of a product that needs a check and of one that does not, written
// by the actor and by another.
func TestRightsOverReleasesAreThoseOfThePage(t *testing.T) {
	rows := pageTables(t)["Releases"]
	if len(rows) != int(lastReleaseAct)+1 {
		t.Fatalf("%d acts on the page, %d in the program", len(rows)-1, lastReleaseAct)
	}
	st, err := store.Open(t.TempDir(), db.Options{NoSync: true})
	if err != nil {
		t.Fatal(err)
	}
	defer st.Close()
	const group, organisation = 7, 9
	somebody := func(p store.Person) Actor {
		p.Row = db.Row{ID: 1}
		return Actor{Person: &p}
	}
	hat := func(h store.Affiliation) Actor { return somebody(store.Person{Affiliations: []store.Affiliation{h}}) }
	actors := [releaseRelations]Actor{
		asAddressee:         hat(store.Affiliation{Organisation: organisation}),
		asReleaseNamed:      hat(store.Affiliation{Organisation: organisation, Named: true}),
		asSpeaker:           hat(store.Affiliation{Organisation: organisation, Coordinator: true}),
		asReleaseAgent:      somebody(store.Person{Groups: []store.Membership{{Group: group}}}),
		asReleaseOutsider:   somebody(store.Person{Groups: []store.Membership{{Group: 8}}}),
		asReleaseSupervisor: somebody(store.Person{Groups: []store.Membership{{Group: group, Supervisor: true}}}),
		asReleaseRunner:     somebody(store.Person{Administrator: true}),
	}
	err = st.View(func(tx *db.Tx) error {
		for i, row := range rows[1:] {
			act := ReleaseAct(i + 1)
			if row[1] != releaseActNames[act] || len(row) != int(releaseRelations)+2 {
				t.Fatalf("row %d is %q, want %s", i+1, row, releaseActNames[act])
			}
			at := store.Hat{}
			if act == SeeReceipt || act == AnswerReceipt || act == KeepContacts {
				at.Organisation = organisation
			}
			for r := range releaseRelations {
				if rows[0][2+int(r)] != releaseRelationNames[r] {
					t.Fatalf("column %q, want %s", rows[0][2+int(r)], releaseRelationNames[r])
				}
				for _, secret := range []bool{false, true} {
					for _, checked := range []bool{false, true} {
						for _, author := range []uint64{1, 2} {
							want, known := map[string]bool{"yes": true, "no": false, "not confidential": !secret, "if another wrote it": author != 1, "if no check is needed": !checked}[row[2+int(r)]]
							f := ReleaseFacts{release: &store.Release{To: []uint64{organisation}, Author: author}, groups: []uint64{group}, confidential: secret, checked: checked}
							if got := f.may(tx, actors[r], act, at); got != want || !known {
								t.Errorf("%s as %s (confidential %v, to be checked %v, author %d): %v, want %v", row[0], releaseRelationNames[r], secret, checked, author, got, want)
							}
						}
					}
				}
			}
		}
		now := tx.Now()
		f := ReleaseFacts{release: &store.Release{To: []uint64{organisation}}, groups: []uint64{group}}
		for name, a := range map[string]Actor{
			"nobody":                                {},
			"a stranger":                            somebody(store.Person{}),
			"somebody disabled":                     somebody(store.Person{Administrator: true, Disabled: true}),
			"an editor":                             somebody(store.Person{Editor: true}),
			"a coordinator of another organisation": hat(store.Affiliation{Organisation: 10, Coordinator: true}),
			"a coordinator whose hat is over":       hat(store.Affiliation{Organisation: organisation, Coordinator: true, Until: now}),
			"one whose hat is of tomorrow":          hat(store.Affiliation{Organisation: organisation, Coordinator: true, From: now.AddDate(0, 0, 1)}),
			"one whose hat ended":                   hat(store.Affiliation{Organisation: organisation, Coordinator: true, Ended: now.Add(-time.Hour)}),
		} {
			for act := SeeRelease; act <= lastReleaseAct; act++ {
				if f.may(tx, a, act, store.Hat{}) || f.may(tx, a, act, store.Hat{Organisation: organisation}) {
					t.Errorf("%s may %s", name, releaseActNames[act])
				}
			}
		}
		unit := hat(store.Affiliation{Organisation: organisation, Unit: 3, Coordinator: true})
		if f.may(tx, unit, AnswerReceipt, store.Hat{Organisation: organisation}) || !f.may(tx, unit, AnswerReceipt, store.Hat{Organisation: organisation, Unit: 3}) {
			t.Error("a coordinator of a unit answers for the unit, and for nothing else")
		}
		for _, h := range []store.Affiliation{
			{Organisation: organisation, Named: true, Modules: []uint64{6}},
			{Organisation: organisation, Named: true, Unit: 3},
			{Organisation: organisation, Named: true, Until: now},
			{Organisation: 10, Named: true},
		} {
			f := f
			f.release = &store.Release{To: []uint64{organisation}, Modules: []uint64{5}}
			if f.may(tx, hat(h), AnswerReceipt, store.Hat{Organisation: organisation}) || f.may(tx, hat(h), SeeReceipt, store.Hat{Organisation: organisation}) {
				t.Errorf("%+v answers for the organisation about module 5", h)
			}
		}
		two := ReleaseFacts{release: &store.Release{}, groups: []uint64{group, 8}}
		if a := actors[asReleaseAgent]; two.may(tx, a, WriteRelease, store.Hat{}) || !two.may(tx, a, SeeDraft, store.Hat{}) {
			t.Error("an agent of one of two groups sees the draft, and does not write it")
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}
