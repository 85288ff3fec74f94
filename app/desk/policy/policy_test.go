package policy

import (
	"os"
	"strings"
	"testing"
	"time"

	"sportello/store"
	"sportello/store/db"
)

// pageTables are the tables of docs/rights.md: under each heading of the page a list of rows of cells, the headings of the
// columns first.
func pageTables(t *testing.T) map[string][][]string {
	t.Helper()
	raw, err := os.ReadFile("../../../docs/rights.md")
	if err != nil {
		t.Fatal(err)
	}
	out := map[string][][]string{}
	under := ""
	for _, line := range strings.Split(string(raw), "\n") {
		if title, ok := strings.CutPrefix(line, "## "); ok {
			under = title
		}
		if !strings.HasPrefix(line, "|") || strings.HasPrefix(line, "|---") {
			continue
		}
		var cells []string
		for _, cell := range strings.Split(strings.Trim(line, "|"), "|") {
			cells = append(cells, strings.TrimSpace(cell))
		}
		out[under] = append(out[under], cells)
	}
	return out
}

// TestRightsAreThoseOfThePage reads the tables that people read, judges each cell by what its words say there, and compares
// with what the program allows.
func TestRightsAreThoseOfThePage(t *testing.T) {
	rows := pageTables(t)["Tickets"]
	if len(rows) != int(LastAct)+1 {
		t.Fatalf("%d acts on the page, %d in the program", len(rows)-1, LastAct)
	}
	for i, row := range rows[1:] {
		act := Act(i + 1)
		if row[1] != actNames[act] || len(row) != int(relations)+2 {
			t.Fatalf("row %d is %q, want %s", i+1, row, actNames[act])
		}
		for r := range relations {
			if rows[0][2+int(r)] != relationNames[r] {
				t.Fatalf("column %q, want %s", rows[0][2+int(r)], relationNames[r])
			}
			word := row[2+int(r)]
			for _, confidential := range []bool{false, true} {
				for _, taken := range []bool{false, true} {
					for _, reason := range []bool{false, true} {
						s := Standing{confidential: confidential, taken: taken, reason: reason}
						s.Is[r] = true
						want, known := map[string]bool{"yes": true, "no": false, "not confidential": !confidential, "confidential with a reason": !confidential || reason, "until taken": !taken}[word]
						if got := s.Allows(act); got != want || !known {
							t.Errorf("%s as %s (%s), confidential %v, taken %v, reason %v: %v, want %v", row[0], relationNames[r], word, confidential, taken, reason, got, want)
						}
					}
				}
			}
		}
	}
}

// TestRightsOverAccountsAreThoseOfThePage does the same for accounts, in each situation that a word names.
func TestRightsOverAccountsAreThoseOfThePage(t *testing.T) {
	rows := pageTables(t)["Accounts"]
	if len(rows) != int(lastAccountAct)+1 {
		t.Fatalf("%d acts on the page, %d in the program", len(rows)-1, lastAccountAct)
	}
	const group, organisation = 7, 9
	at := time.Date(2026, 3, 1, 9, 0, 0, 0, time.UTC)
	someone := func() *store.Person {
		return &store.Person{Row: db.Row{ID: 50}, Groups: []store.Membership{{Group: group}}}
	}
	actors := [accountRelations]func(of bool) Actor{
		asSelf:  func(bool) Actor { return Actor{Person: someone()} },
		asOwner: func(bool) Actor { return Actor{Person: &store.Person{Row: db.Row{ID: 60}}} },
		asKeeper: func(of bool) Actor {
			return Actor{Person: &store.Person{Row: db.Row{ID: 1}, Affiliations: []store.Affiliation{{Organisation: map[bool]uint64{true: organisation, false: 8}[of], Coordinator: true}}}}
		},
		asSupervisor: func(of bool) Actor {
			return Actor{Person: &store.Person{Row: db.Row{ID: 1}, Groups: []store.Membership{{Group: map[bool]uint64{true: group, false: 8}[of], Supervisor: true}}}}
		},
		asRunner: func(bool) Actor {
			return Actor{Person: &store.Person{Row: db.Row{ID: 1}, Administrator: true}}
		},
	}
	for i, row := range rows[1:] {
		act := AccountAct(i + 1)
		if row[1] != accountActNames[act] || len(row) != int(accountRelations)+2 {
			t.Fatalf("row %d is %q, want %s", i+1, row, accountActNames[act])
		}
		for r := range accountRelations {
			if rows[0][2+int(r)] != accountRelationNames[r] {
				t.Fatalf("column %q, want %s", rows[0][2+int(r)], accountRelationNames[r])
			}
			for _, of := range []bool{true, false} {
				for _, fresh := range []bool{true, false} {
					for _, mails := range []bool{true, false} {
						for _, reason := range []string{"", "why"} {
							to := Account{Person: someone(), Group: group, Hat: store.Hat{Organisation: organisation}, At: at, Mails: mails, Reason: reason}
							if fresh {
								if to.Person = (&store.Person{}); r == asSelf {
									continue // nobody is new to themselves
								}
							}
							word := row[2+int(r)]
							want, known := map[string]bool{"yes": true, "no": false, "of the group": of, "of the organisation": of, "while adding": fresh, "in their hands": of && !fresh,
								"unreachable, or with a reason": !mails || reason != ""}[word]
							for _, alone := range []bool{true, false} {
								to.Alone = alone
								if r == asOwner {
									to.Person.Owners = []uint64{60, 61}
								}
								want, known := want, known
								if word == "if alone" {
									want, known = alone, true
								}
								if got := MayAccount(actors[r](of), act, to); got != want || !known {
									t.Errorf("%s as %s (%s), of it %v, new %v, mail %v, reason %q: %v, want %v", row[0], accountRelationNames[r], word, of, fresh, mails, reason, got, want)
								}
							}
						}
					}
				}
			}
		}
	}
}

func TestNobodyMayDoAnything(t *testing.T) {
	for act := Act(0); act <= LastAct+1; act++ {
		if (Standing{reason: true}).Allows(act) {
			t.Errorf("somebody without any relation may do act %d", act)
		}
	}
}

func TestAnActWithoutARowIsRefused(t *testing.T) {
	var all Standing
	for r := range all.Is {
		all.Is[r] = true
	}
	if all.Allows(LastAct + 1) {
		t.Error("an act that is not in the table was allowed")
	}
	for act := See; act <= LastAct; act++ {
		if _, ok := rights[act]; !ok {
			t.Errorf("act %d has no row", act)
		}
	}
}

func TestRightsAddUpAndConfidentialityTakesAway(t *testing.T) {
	s := Standing{confidential: true}
	s.Is[AsRequester], s.Is[AsAgentElsewhere] = true, true
	if !s.Allows(See) {
		t.Error("the requester who is an agent elsewhere may not see their own confidential ticket")
	}
	if s.Allows(SeeNotes) {
		t.Error("an agent elsewhere who is the requester reads the notes of a confidential ticket")
	}
}
