package ticket

import (
	"time"

	"sportello/app/desk/policy"
	"sportello/app/markup"
	"sportello/store"
	"sportello/store/act"
	"sportello/store/fault"
)

// move changes the state as requested.
func (w *Change) move() error {
	to := w.s.To
	by := agentSide
	if !w.stand.Is[policy.AsAgentHere] && !w.stand.Is[policy.AsSupervisorHere] {
		by = requesterSide
	}
	switch {
	case w.s.Confirm:
		to, by = store.StateClosed, requesterSide
	case w.s.Reopen:
		to = store.StateOpen
		if w.t.State == store.StateOpen {
			return w.need(policy.Reopen) // the accompanying message has done so already
		}
	case to == store.StateNone, to == w.t.State && to != store.StatePlanned && to != store.StateResolved:
		return nil
	}
	if err := w.need(rightTo(w.t.State, to, by)); err != nil {
		return err
	}
	if to == store.StateResolved || to == store.StateClosed {
		if err := undecided(w.tx, w.t); err != nil {
			return err
		}
	}
	message := w.s.Message != nil && !w.s.Message.Internal
	version := markup.Line(w.s.Version)
	if to == w.t.State && to == store.StatePlanned && by == agentSide {
		return w.replan(version)
	}
	// An agent who resolves a new ticket or asks a question takes charge first, as a separate step.
	if by == agentSide && w.t.State == store.StateNew && (to == store.StateResolved || to == store.StateWaiting) {
		m := attempt{kind: w.t.Kind, from: w.t.State, to: to, by: by, message: message, outcome: w.s.Outcome}
		if err := m.legal(); err != nil {
			return err
		}
		if err := w.takeCharge(); err != nil {
			return err
		}
	}
	m := attempt{kind: w.t.Kind, from: w.t.State, to: to, by: by, message: message, outcome: w.s.Outcome, version: version != "" || !w.s.PlannedFor.IsZero(),
		inGrace: !w.t.Closed.IsZero() && !w.tx.Now().After(w.t.Closed.AddDate(0, 0, w.set.ReopenWithin))}
	if err := m.legal(); err != nil {
		return err
	}
	if to == store.StateResolved && w.s.Outcome == store.Refused && !message {
		return fault.New(fault.Invalid, "error.message-needed").At("body")
	}
	from := w.t.State
	outcome := w.t.Outcome
	duplicate := w.t.DuplicateOf
	if to == store.StateClosed && from.Active() { // solved and confirmed in one
		w.ts.due.Enter(w.set, w.t, store.StateResolved, w.tx.Now())
		outcome = w.s.Outcome
	}
	w.ts.due.Enter(w.set, w.t, to, w.tx.Now())
	switch to {
	case store.StateWaiting:
		w.changed(act.Wait)
	case store.StatePlanned:
		w.t.Version, w.t.PlannedFor = version, w.s.PlannedFor.UTC()
		if w.s.PlannedFor.IsZero() {
			w.t.PlannedFor = time.Time{}
		}
		w.changed(act.Plan)
	case store.StateResolved:
		w.t.Outcome = w.s.Outcome
		if version != "" {
			w.t.Version = version
		}
		w.changed(act.Resolve)
		if w.s.Outcome == store.Duplicate {
			return w.merge()
		}
	case store.StateClosed:
		w.t.Outcome, w.t.DuplicateOf = outcome, duplicate
		w.changed(act.Confirm)
	case store.StateOpen:
		if from == store.StateResolved || from == store.StateClosed {
			w.changed(act.Reopen)
		} else {
			w.changed(act.Resume)
		}
	}
	return nil
}

// replan changes the version or date planned for a correction.
func (w *Change) replan(version string) error {
	if err := (attempt{kind: w.t.Kind, version: version != "" || !w.s.PlannedFor.IsZero()}).has(correction); err != nil {
		return err
	}
	if w.t.Version == version && w.t.PlannedFor.Equal(w.s.PlannedFor) {
		return nil
	}
	w.t.Version, w.t.PlannedFor = version, w.s.PlannedFor
	if !w.s.PlannedFor.IsZero() {
		w.t.PlannedFor = w.s.PlannedFor.UTC()
	}
	w.changed(act.Plan)
	return nil
}

// WakeUp changes the state as any message from the requester's side does.
func (w *Change) WakeUp() error {
	switch w.t.State {
	case store.StateWaiting, store.StateResolved, store.StateClosed:
	default:
		return nil
	}
	if err := (attempt{from: w.t.State, to: store.StateOpen, by: requesterSide, message: true, inGrace: true}).legal(); err != nil {
		return err
	}
	did := act.Message
	if w.t.State != store.StateWaiting {
		did = act.Reopen
	}
	w.ts.due.Enter(w.set, w.t, store.StateOpen, w.tx.Now())
	w.changed(did)
	return nil
}
