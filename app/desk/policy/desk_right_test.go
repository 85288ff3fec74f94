package policy

import (
	"testing"

	"sportello/store"
	"sportello/store/db"
)

// TestRightsAtTheDeskAreThoseOfThePage reads the table that people read, judges each cell by what its words say there, and
// compares with what the program allows.
func TestRightsAtTheDeskAreThoseOfThePage(t *testing.T) {
	rows := pageTables(t)["Articles, groups and the desk"]
	if len(rows) != int(lastDeskAct)+1 {
		t.Fatalf("%d acts on the page, %d in the program", len(rows)-1, lastDeskAct)
	}
	const group = 7
	person := func(p store.Person) Actor { p.Row = db.Row{ID: 1}; return Actor{Person: &p} }
	actors := [deskRelations]func(of bool) Actor{
		asAnybody:  func(bool) Actor { return Actor{} },
		asSignedIn: func(bool) Actor { return person(store.Person{}) },
		asAgent:    func(bool) Actor { return person(store.Person{Groups: []store.Membership{{Group: 8}}}) },
		asTender: func(of bool) Actor {
			return person(store.Person{Groups: []store.Membership{{Group: map[bool]uint64{true: group, false: 8}[of], Supervisor: true}}})
		},
		asDeskEditor: func(bool) Actor { return person(store.Person{Editor: true}) },
		asDeskRunner: func(bool) Actor { return person(store.Person{Administrator: true}) },
	}
	for i, row := range rows[1:] {
		act := DeskAct(i + 1)
		if row[1] != deskActNames[act] || len(row) != int(deskRelations)+2 {
			t.Fatalf("row %d is %q, want %s", i+1, row, deskActNames[act])
		}
		for r := range deskRelations {
			if rows[0][2+int(r)] != deskRelationNames[r] {
				t.Fatalf("column %q, want %s", rows[0][2+int(r)], deskRelationNames[r])
			}
			for _, of := range []bool{true, false} {
				for _, reviewed := range []bool{true, false} {
					word := row[2+int(r)]
					if r == asTender && !of {
						word = row[2+int(asAgent)] // elsewhere they are an agent like others
					}
					want, known := map[string]bool{"yes": true, "no": false, "if the product needs no review": !reviewed}[word]
					if got := mayAtDesk(actors[r](of), act, deskFacts{group: group, reviewed: reviewed}); got != want || !known {
						t.Errorf("%s as %s (%s), of the group %v, reviewed %v: %v, want %v", row[0], deskRelationNames[r], word, of, reviewed, got, want)
					}
				}
			}
		}
	}
	for _, act := range []DeskAct{0, lastDeskAct + 1} {
		if mayAtDesk(Actor{Person: &store.Person{Administrator: true, Editor: true}}, act, deskFacts{}) {
			t.Errorf("act %d has no row and is allowed", act)
		}
	}
}
