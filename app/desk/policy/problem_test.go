package policy

import (
	"testing"

	"sportello/store"
	"sportello/store/db"
)

// TestRightsOverProblemsAreThoseOfThePage does for known problems what TestRightsAreThoseOfThePage does for tickets: each act,
// each relation, each audience, with a confidential problem and an open one, and with one that is none any more.
func TestRightsOverProblemsAreThoseOfThePage(t *testing.T) {
	rows := pageTables(t)["Known problems"]
	if len(rows) != int(lastProblemAct)+1 {
		t.Fatalf("%d acts on the page, %d in the program", len(rows)-1, lastProblemAct)
	}
	const group = 7
	somebody := func(p store.Person) Actor {
		p.Row = db.Row{ID: 1}
		return Actor{Person: &p}
	}
	actors := [problemRelations]Actor{
		asProblemReader:     {},
		asProblemMember:     somebody(store.Person{}),
		asProblemAgent:      somebody(store.Person{Groups: []store.Membership{{Group: group}}}),
		asProblemOutsider:   somebody(store.Person{Groups: []store.Membership{{Group: 8}}}),
		asProblemSupervisor: somebody(store.Person{Groups: []store.Membership{{Group: group, Supervisor: true}}}),
		asProblemEditor:     somebody(store.Person{Editor: true}),
		asProblemRunner:     somebody(store.Person{Administrator: true}),
	}
	reads := func(r problemRelation, audience store.Audience, secret, gone bool) bool {
		switch {
		case gone:
			return false
		case audience == store.Public:
			return true
		case audience == store.SignedIn:
			return r != asProblemReader
		case r == asProblemEditor:
			return audience == store.Agents
		}
		return audience == store.Agents && !secret && (r == asProblemAgent || r == asProblemOutsider || r == asProblemSupervisor)
	}
	for i, row := range rows[1:] {
		act := ProblemAct(i + 1)
		if row[1] != problemActNames[act] || len(row) != int(problemRelations)+2 {
			t.Fatalf("row %d is %q, want %s", i+1, row, problemActNames[act])
		}
		for r := range problemRelations {
			if rows[0][2+int(r)] != problemRelationNames[r] {
				t.Fatalf("column %q, want %s", rows[0][2+int(r)], problemRelationNames[r])
			}
			for _, audience := range []store.Audience{store.AudienceNone, store.Public, store.SignedIn, store.Agents} {
				for _, secret := range []bool{false, true} {
					for _, gone := range []bool{false, true} {
						f := ProblemFacts{group: group, audience: audience, confidential: secret, gone: gone}
						// Rights add up: whoever is signed in has what everybody has who is.
						want := false
						for _, own := range [][]problemRelation{{asProblemReader}, {asProblemMember}, {r}} {
							if own[0] == asProblemMember && r == asProblemReader {
								continue
							}
							word := row[2+int(own[0])]
							may, known := map[string]bool{"yes": true, "no": false, "if it is for them": reads(r, audience, secret, gone), "not confidential": !secret && !gone}[word]
							if !known {
								t.Fatalf("what is %q?", word)
							}
							want = want || may
						}
						if got := f.may(actors[r], act); got != want {
							t.Errorf("%s as %s (for %v, confidential %v, gone %v): %v, want %v", row[0], problemRelationNames[r], audience, secret, gone, got, want)
						}
					}
				}
			}
		}
	}
	disabled := somebody(store.Person{Administrator: true, Disabled: true})
	for act := SeeProblem; act <= lastProblemAct; act++ {
		if (ProblemFacts{group: group, audience: store.Public}).may(disabled, act) {
			t.Errorf("somebody disabled may %s", problemActNames[act])
		}
	}
}
