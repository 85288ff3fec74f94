package app_test

import (
	"os"
	"strings"
	"testing"

	"sportello/app/desk/policy"
	"sportello/app/desk/problem"
	"sportello/store"
)

// metProblem is a known problem of the file of made-up reports, and what people write who met it.
type metProblem struct {
	problem.Form
	reports []string
}

func metProblems(t *testing.T) []metProblem {
	t.Helper()
	raw, err := os.ReadFile("testdata/problem-reports.txt")
	if err != nil {
		t.Fatal(err)
	}
	var out []metProblem
	for line := range strings.Lines(string(raw)) {
		line = strings.TrimSpace(line)
		switch {
		case line == "", line[0] == '#':
		case line[0] == '=':
			part := strings.Split(line[1:], "|")
			for i := range part {
				part[i] = strings.TrimSpace(part[i])
			}
			out = append(out, metProblem{Form: problem.Form{Module: part[0], Title: store.Words{IT: part[1], EN: part[2]}, Text: store.Words{IT: part[3]}, Workaround: store.Words{IT: part[4]}, State: store.ProblemConfirmed}})
		default:
			out[len(out)-1].reports = append(out[len(out)-1].reports, line)
		}
	}
	return out
}

// TestWhatPeopleWriteFindsItsKnownProblemFirst: of two hundred made-up reports in both languages, beside problems that lie near, the
// first offer among those of the module that they chose is right in four of five.
func TestWhatPeopleWriteFindsItsKnownProblemFirst(t *testing.T) {
	t.Parallel()
	d := newReleaseDesk(t)
	met := metProblems(t)
	for _, m := range met {
		if _, err := d.app.Desk.Problems.Save(policy.Actor{System: true}, 0, m.Form); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := d.app.Desk.Problems.Save(policy.Actor{System: true}, 0, problem.Form{Module: "csa", Title: store.Words{IT: "Zibellino"}, Audience: store.Agents}); err != nil {
		t.Fatal(err)
	}
	reader := policy.Actor{Person: d.person("rita@example.it")}
	asked, right, anywhere := 0, 0, 0
	for i, m := range met {
		l, err := d.app.Desk.Catalogue.LevelByCode(m.Module)
		if err != nil {
			t.Fatal(err)
		}
		for _, text := range m.reports {
			first := func(module uint64) bool {
				found, err := d.app.Desk.Problems.Offers(reader, module, "", text, 3)
				if err != nil {
					t.Fatal(err)
				}
				if module != 0 && (len(found) == 0 || found[0].ID != uint64(i+1)) {
					got := "nothing"
					if len(found) > 0 {
						got = found[0].Title.IT
					}
					t.Logf("%q of «%s» finds %s", text, m.Title.IT, got)
				}
				return len(found) > 0 && found[0].ID == uint64(i+1)
			}
			asked++
			if first(l.ID) {
				right++
			}
			if first(0) {
				anywhere++
			}
		}
	}
	t.Logf("%d of %d first offers are right; without a module %d", right, asked, anywhere)
	if asked != 200 || right*100 < asked*80 {
		t.Errorf("%d of %d first offers are right", right, asked)
	}
	for _, text := range []string{"zibellino", "Vorrei sapere l'orario di apertura della mensa"} {
		if found, err := d.app.Desk.Problems.Offers(reader, 0, "", text, 3); err != nil || len(found) > 0 {
			t.Errorf("%q finds %d: %v", text, len(found), err)
		}
	}
	if found, err := d.app.Desk.Problems.Offers(policy.Actor{System: true}, 0, "", "zibellino", 3); err != nil || len(found) != 1 || found[0].ID != uint64(len(met)+1) {
		t.Errorf("the desk finds %d: %v", len(found), err)
	}
}
