package ticket

import (
	"fmt"
	"testing"

	"sportello/app/desk/policy"
	"sportello/store"
	"sportello/store/fault"
)

// everything returns an attempt that meets every requirement.
func everything(from, to store.State, by side) attempt {
	a := attempt{kind: store.Malfunction, from: from, to: to, by: by, message: true, reason: true, version: true, inGrace: true, outcome: store.Solved}
	return a
}

func TestMovesAreThoseOfTheDomain(t *testing.T) {
	sides := map[side]string{requesterSide: "requester", agentSide: "agent", itself: "itself"}
	legal := map[string]bool{}
	for _, m := range []string{
		"new open agent", "new waiting agent", "open waiting agent", "waiting open agent", "waiting open requester",
		"open planned agent", "waiting planned agent", "planned open agent", "planned waiting agent",
		"new resolved agent", "open resolved agent", "waiting resolved agent", "planned resolved agent",
		"new resolved requester", "open resolved requester", "waiting resolved requester", "planned resolved requester",
		"new closed requester", "open closed requester", "waiting closed requester", "planned closed requester",
		"new planned itself", "open planned itself", "waiting planned itself", "planned resolved itself", "resolved planned itself", "planned open itself",
		"resolved closed requester", "resolved closed itself", "resolved open requester", "resolved open agent", "closed open requester",
	} {
		legal[m] = true
	}
	for from := store.StateNew; from <= store.StateClosed; from++ {
		for to := store.StateNew; to <= store.StateClosed; to++ {
			for by, name := range sides {
				err := everything(from, to, by).legal()
				key := fmt.Sprintf("%s %s %s", from, to, name)
				if legal[key] != (err == nil) {
					t.Errorf("%s: legal is %v, the program says %v", key, legal[key], err)
				}
			}
		}
	}
}

// TestEveryMoveOfAPersonAsksARight: the desk's own alone ask none, and what the table lacks is Work or the right of the
// side's other moves to the state.
func TestEveryMoveOfAPersonAsksARight(t *testing.T) {
	for _, m := range moves {
		if asks := m.right != 0; asks != (m.by != itself) {
			t.Errorf("%v to %s: asks a right: %v", m.from, m.to, asks)
		}
	}
	for _, c := range []struct {
		from, to store.State
		by       side
		want     policy.Act
	}{
		{store.StateResolved, store.StateClosed, requesterSide, policy.Confirm},
		{store.StateOpen, store.StateClosed, requesterSide, policy.Settle},
		{store.StatePlanned, store.StateResolved, requesterSide, policy.Settle},
		{store.StateClosed, store.StateOpen, requesterSide, policy.Reopen},
		{store.StateWaiting, store.StateOpen, agentSide, policy.Work},
		{store.StateNew, store.StateOpen, requesterSide, policy.Reopen},
		{store.StateClosed, store.StateWaiting, requesterSide, policy.Work},
		{store.StateOpen, store.StatePlanned, requesterSide, policy.Work},
		{store.StateClosed, store.StateNew, agentSide, policy.Work},
	} {
		if got := rightTo(c.from, c.to, c.by); got != c.want {
			t.Errorf("%s to %s: right %d, want %d", c.from, c.to, got, c.want)
		}
	}
}

func TestWhatAMoveNeeds(t *testing.T) {
	for _, c := range []struct {
		name  string
		from  store.State
		to    store.State
		by    side
		spoil func(*attempt)
		field string
	}{
		{"waiting wants a question", store.StateOpen, store.StateWaiting, agentSide, func(a *attempt) { a.message = false }, "body"},
		{"planned wants a version or a date", store.StateOpen, store.StatePlanned, agentSide, func(a *attempt) { a.version = false }, "version"},
		{"a clarification is not planned", store.StateOpen, store.StatePlanned, agentSide, func(a *attempt) { a.kind = store.Clarification }, "state"},
		{"guidance is not planned", store.StateOpen, store.StatePlanned, agentSide, func(a *attempt) { a.kind = store.Guidance }, "state"},
		{"resolving wants an outcome", store.StateOpen, store.StateResolved, agentSide, func(a *attempt) { a.outcome = store.OutcomeNone }, "outcome"},
		{"resolving wants a public message", store.StateOpen, store.StateResolved, agentSide, func(a *attempt) { a.message = false }, "body"},
		{"an agent does not withdraw", store.StateOpen, store.StateResolved, agentSide, func(a *attempt) { a.outcome = store.Withdrawn }, "outcome"},
		{"spam is marked, not resolved", store.StateOpen, store.StateResolved, agentSide, func(a *attempt) { a.outcome = store.Spam }, "outcome"},
		{"a requester resolves as solved or withdrawn only", store.StateOpen, store.StateResolved, requesterSide, func(a *attempt) { a.outcome = store.Answered }, "outcome"},
		{"a requester closes at once as solved only", store.StateOpen, store.StateClosed, requesterSide, func(a *attempt) { a.outcome = store.Withdrawn }, "outcome"},
		{"reopening wants a message", store.StateResolved, store.StateOpen, requesterSide, func(a *attempt) { a.message = false }, "body"},
		{"the desk plans no clarification", store.StateNew, store.StatePlanned, itself, func(a *attempt) { a.kind = store.Clarification }, "state"},
		{"the desk plans for a version", store.StateResolved, store.StatePlanned, itself, func(a *attempt) { a.version = false }, "version"},
		{"the desk resolves with a public message", store.StatePlanned, store.StateResolved, itself, func(a *attempt) { a.message = false }, "body"},
		{"the desk resolves in a version", store.StatePlanned, store.StateResolved, itself, func(a *attempt) { a.version = false }, "version"},
		{"the desk resolves as solved alone", store.StatePlanned, store.StateResolved, itself, func(a *attempt) { a.outcome = store.Answered }, "version"},
		{"a ticket closed long ago stays closed", store.StateClosed, store.StateOpen, requesterSide, func(a *attempt) { a.inGrace = false }, "state"},
	} {
		t.Run(c.name, func(t *testing.T) {
			a := everything(c.from, c.to, c.by)
			if err := a.legal(); err != nil {
				t.Fatalf("with everything it needs: %v", err)
			}
			c.spoil(&a)
			err := a.legal()
			e, ok := err.(*fault.Error)
			if !ok || e.Kind != fault.Invalid || e.Field != c.field {
				t.Fatalf("got %v, want Invalid at %s", err, c.field)
			}
		})
	}
}
