package policy

import (
	"strings"
	"testing"
)

// domainTable is the table of rights as people read it: one line for each act, one word for each relation. "open" means
// unless confidential, "reason" confidential only with a logged reason, "fresh" until an agent takes charge.
const domainTable = `
act            requester participant coordinator agent-here agent-elsewhere supervisor editor administrator
see            yes       yes         yes         yes        open            yes        no     reason
see-notes      no        no          no          yes        open            yes        no     reason
write          yes       yes         yes         yes        no              yes        no     no
write-note     no        no          no          yes        open            yes        no     reason
add-person     yes       no          yes         yes        no              yes        no     reason
remove-person  no        no          yes         yes        no              yes        no     reason
arrange        no        no          no          yes        no              yes        no     reason
see-history    no        no          no          yes        open            yes        no     reason
correct        fresh     no          fresh       yes        no              yes        no     reason
take           no        no          no          yes        no              yes        no     reason
move-here      no        no          no          yes        open            yes        no     reason
work           no        no          no          yes        no              yes        no     no
settle         yes       no          yes         no         no              no         no     no
confirm        yes       no          yes         no         no              no         no     no
reopen         yes       no          yes         yes        no              yes        no     no
`

var actNames = map[string]Act{"see": See, "see-notes": SeeNotes, "write": Write, "write-note": WriteNote, "add-person": AddPerson,
	"remove-person": RemovePerson, "arrange": Arrange, "see-history": SeeHistory, "correct": Correct, "take": Take, "move-here": MoveHere,
	"work": Work, "settle": Settle, "confirm": Confirm, "reopen": Reopen}

func TestRightsAreThoseOfTheDomain(t *testing.T) {
	lines := strings.Split(strings.TrimSpace(domainTable), "\n")
	if len(lines)-1 != int(LastAct) {
		t.Fatalf("%d acts in the domain's table, %d in the program", len(lines)-1, LastAct)
	}
	for _, line := range lines[1:] {
		words := strings.Fields(line)
		act, ok := actNames[words[0]]
		if !ok {
			t.Fatalf("unknown act %q", words[0])
		}
		for r := relation(0); r < relations; r++ {
			word := words[1+int(r)]
			for _, confidential := range []bool{false, true} {
				for _, taken := range []bool{false, true} {
					for _, reason := range []bool{false, true} {
						s := Standing{confidential: confidential, taken: taken, reason: reason}
						s.Is[r] = true
						want := map[string]bool{"yes": true, "no": false, "open": !confidential, "reason": !confidential || reason, "fresh": !taken}[word]
						if got := s.Allows(act); got != want {
							t.Errorf("%s as relation %d (%s), confidential %v, taken %v, reason %v: %v, want %v", words[0], r, word, confidential, taken, reason, got, want)
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
