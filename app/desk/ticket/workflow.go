package ticket

import (
	"slices"

	"sportello/app/desk/policy"
	"sportello/store"
	"sportello/store/fault"
)

// side is the side of a ticket on which somebody acts.
type side uint8

const (
	requesterSide side = iota + 1
	agentSide
	itself // the desk itself, as time passes
)

// need is a requirement of a move.
type need uint8

const (
	question    need = iota + 1 // a public message with a question
	answer                      // a public message
	outcome                     // an outcome allowed for the side
	correction                  // a malfunction or request, and a version or a date
	resolvedNow                 // resolved by the requester's side: outcome solved or withdrawn
	solvedNow                   // closed by the requester's side at once: outcome solved
	grace                       // closed no longer than the settings allow
	mended                      // a public message, outcome solved, and the version that mends it
	decided                     // a request for credentials: a public message, outcome solved, refused or withdrawn
	askedBack                   // a request for credentials: a public message with a question
)

// move is a row of the table: from which states to which, on which side, by which right over the ticket, and what it needs.
type move struct {
	from  []store.State
	to    store.State
	by    side
	right policy.Act // 0: the desk needs none
	need  []need
}

// moves is the table of all allowed moves. Any other move is refused, whether from pages, API, mail or import.
var moves = []move{
	{[]store.State{store.StateNew}, store.StateOpen, agentSide, policy.Take, nil},
	{[]store.State{store.StateNew, store.StateOpen}, store.StateWaiting, agentSide, policy.Work, []need{question}},
	{[]store.State{store.StateWaiting}, store.StateOpen, agentSide, policy.Work, nil},
	{[]store.State{store.StateWaiting}, store.StateOpen, requesterSide, policy.Reopen, []need{answer}},
	{[]store.State{store.StateOpen, store.StateWaiting}, store.StatePlanned, agentSide, policy.Work, []need{correction}},
	{[]store.State{store.StatePlanned}, store.StateOpen, agentSide, policy.Work, nil},
	{[]store.State{store.StatePlanned}, store.StateWaiting, agentSide, policy.Work, []need{question}},
	// The desk's own, for tickets of a known problem: its version is known, it is where the requester works, it was taken
	// back, it will never come.
	{[]store.State{store.StateNew, store.StateOpen, store.StateWaiting}, store.StatePlanned, itself, 0, []need{correction}},
	{[]store.State{store.StatePlanned}, store.StateResolved, itself, 0, []need{mended}},
	{[]store.State{store.StateResolved}, store.StatePlanned, itself, 0, []need{correction}},
	{[]store.State{store.StatePlanned}, store.StateOpen, itself, 0, nil},
	// The desk's own, for tickets of a request for credentials: somebody asks back, and all of it was decided.
	{[]store.State{store.StateNew, store.StateOpen}, store.StateWaiting, itself, 0, []need{askedBack}},
	{store.ActiveStates, store.StateClosed, itself, 0, []need{decided}},
	{store.ActiveStates, store.StateResolved, agentSide, policy.Work, []need{outcome, answer}},
	{store.ActiveStates, store.StateResolved, requesterSide, policy.Settle, []need{resolvedNow}},
	{store.ActiveStates, store.StateClosed, requesterSide, policy.Settle, []need{solvedNow}},
	{[]store.State{store.StateResolved}, store.StateClosed, requesterSide, policy.Confirm, nil},
	{[]store.State{store.StateResolved}, store.StateClosed, itself, 0, nil},
	{[]store.State{store.StateResolved}, store.StateOpen, requesterSide, policy.Reopen, []need{answer}},
	{[]store.State{store.StateResolved}, store.StateOpen, agentSide, policy.Reopen, nil},
	{[]store.State{store.StateClosed}, store.StateOpen, requesterSide, policy.Reopen, []need{answer, grace}},
}

// rightTo returns the right that the move asks for. For a move that the table lacks it is that of the side's other moves to
// the state, so that who may make those reads why this one is refused; Work where there are none.
func rightTo(from, to store.State, by side) policy.Act {
	right := policy.Work
	for _, row := range moves {
		if row.to != to || row.by != by {
			continue
		}
		if slices.Contains(row.from, from) {
			return row.right
		}
		right = row.right
	}
	return right
}

// attempt is a requested move with everything its requirements depend on.
type attempt struct {
	kind     store.TicketKind
	from, to store.State
	by       side
	message  bool // a public message accompanies it
	outcome  store.Outcome
	reason   bool // a reason is given
	version  bool // a version or a date is given
	inGrace  bool
}

// legal returns nil when the table contains the move and its requirements are met. Otherwise it returns an Invalid
// error naming the missing field, or "error.move" with both states when the table has no such move.
func (m attempt) legal() error {
	for _, row := range moves {
		if row.to != m.to || row.by != m.by || !slices.Contains(row.from, m.from) {
			continue
		}
		for _, n := range row.need {
			if err := m.has(n); err != nil {
				return err
			}
		}
		return nil
	}
	return fault.New(fault.Invalid, "error.move", "from", m.from.String(), "to", m.to.String()).At("state")
}

func (m attempt) has(n need) error {
	switch n {
	case question:
		if !m.message {
			return fault.New(fault.Invalid, "error.question-needed").At("body")
		}
	case answer:
		if !m.message {
			return fault.New(fault.Invalid, "error.message-needed").At("body")
		}
	case outcome:
		if m.outcome == store.OutcomeNone {
			return fault.New(fault.Invalid, "error.outcome-needed").At("outcome")
		}
		if m.outcome == store.Withdrawn {
			return fault.New(fault.Invalid, "error.outcome-requester").At("outcome")
		}
		if m.outcome == store.Spam {
			return fault.New(fault.Invalid, "error.outcome-spam").At("outcome")
		}
	case resolvedNow:
		if m.outcome != store.Solved && m.outcome != store.Withdrawn {
			return fault.New(fault.Invalid, "error.outcome-needed").At("outcome")
		}
	case solvedNow:
		if m.outcome != store.Solved {
			return fault.New(fault.Invalid, "error.outcome-needed").At("outcome")
		}
	case correction:
		if m.kind != store.Malfunction && m.kind != store.Request {
			return fault.New(fault.Invalid, "error.plan-kind").At("state")
		}
		if !m.version {
			return fault.New(fault.Invalid, "error.version-needed").At("version")
		}
	case mended:
		if !m.message {
			return fault.New(fault.Invalid, "error.message-needed").At("body")
		}
		if !m.version || m.outcome != store.Solved {
			return fault.New(fault.Invalid, "error.version-needed").At("version")
		}
	case decided, askedBack:
		switch {
		case m.kind != store.Access:
			return fault.New(fault.Invalid, "error.move", "from", m.from.String(), "to", m.to.String()).At("state")
		case !m.message:
			return fault.New(fault.Invalid, "error.message-needed").At("body")
		case n == decided && m.outcome != store.Solved && m.outcome != store.Refused && m.outcome != store.Withdrawn:
			return fault.New(fault.Invalid, "error.outcome-needed").At("outcome")
		}
	case grace:
		if !m.inGrace {
			return fault.New(fault.Invalid, "error.closed-long-ago").At("state")
		}
	}
	return nil
}

// reachable returns the states to which the side can move the ticket from its current one, whatever the requirements.
func reachable(t *store.Ticket, by side) []store.State {
	var out []store.State
	for _, row := range moves {
		if row.by != by || !slices.Contains(row.from, t.State) || slices.Contains(out, row.to) {
			continue
		}
		if row.to == store.StatePlanned && t.Kind != store.Malfunction && t.Kind != store.Request {
			continue
		}
		out = append(out, row.to)
	}
	return out
}
