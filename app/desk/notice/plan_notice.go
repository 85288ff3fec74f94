package notice

import (
	"encoding/json"
	"errors"
	"slices"
	"time"

	"sportello/app/desk/policy"
	"sportello/store"
	"sportello/store/act"
	"sportello/store/db"
	"sportello/store/door"
	"sportello/store/event"
	"sportello/store/fault"
	"sportello/store/key"
)

// What people are told of plans stands under the bell at once and goes by the daily mail, so that whoever takes part in many
// reads one letter a day. What waits for them is looked at each working morning.

// OutgoingPlan is a plan with what a letter says of it to its reader.
type OutgoingPlan struct {
	*store.Plan
	Organisation *store.Organisation
	Lines        []PlanLine
}

// PlanLine is a decision or step that waits for the reader, a decision that is told of, or a freeze.
type PlanLine struct {
	Name        store.Words
	Due         time.Time // of what waits; zero: no day
	Late        bool
	From, Until time.Time // of a freeze
}

// ofPlan returns what the change tells of a plan, false for nothing. Of an answer its row says whether it is a proposal.
func ofPlan(c *db.Change) (event.Event, bool) {
	switch {
	case c.Table == store.Decisions.Name() && c.Op == db.Insert && c.Act == act.DecidePlan:
		return event.PlanDecided, true
	case c.Table != store.Plans.Name() || c.Op != db.Modify || c.Act != act.ArrangePlan:
		return event.Event{}, false
	}
	if f, ok := c.Field("state"); ok {
		var state store.PlanState
		err := json.Unmarshal(f.New, &state)
		return ofState[state], err == nil && ofState[state] != event.Event{}
	}
	_, start := c.Field("start")
	_, live := c.Field("go_live")
	return event.PlanMoved, start || live
}

// ofState is what people are told when a plan goes to a state.
var ofState = map[store.PlanState]event.Event{store.PlanRunning: event.PlanBegun, store.PlanPaused: event.PlanStopped, store.PlanCancelled: event.PlanStopped, store.PlanClosed: event.PlanClosed}

// planPlan writes the notices of the change.
func (ns *Notices) planPlan(tx *db.Tx, c *db.Change, tells event.Event) error {
	n := store.Notice{Event: tells, By: c.By, Seq: c.Seq, At: c.At}
	var people []*store.Person
	if c.Table == store.Decisions.Name() {
		d, err := store.Decisions.Get(tx, c.ID)
		if err != nil {
			return fault.IgnoreNotFound(err)
		}
		p, err := store.Plans.Get(tx, d.Plan)
		if err != nil || !p.Goes() {
			return fault.IgnoreNotFound(err)
		}
		n.Plan, n.Codes = p.ID, []string{d.Code}
		switch d.State {
		case store.DecisionProposed:
			n.Event = event.PlanProposed
			people, err = ns.plans.Deciders(tx, p, d.Code)
		case store.DecisionDecided:
			people, err = ns.decidedTo(tx, p, d)
		default:
			return nil
		}
		if err != nil {
			return err
		}
	} else {
		p, err := store.Plans.Get(tx, c.ID)
		if err != nil || n.Event == event.PlanMoved && !p.Goes() {
			return fault.IgnoreNotFound(err)
		}
		if n.Plan = p.ID; n.Event == event.PlanStopped {
			n.Why = p.Reason
		}
		if people, err = ns.plans.Everybody(tx, p); err != nil {
			return err
		}
	}
	for _, p := range people {
		if p.ID == c.By {
			continue
		}
		if err := ns.tellPlan(tx, p, n); err != nil {
			return err
		}
	}
	return nil
}

// decidedTo returns whom to tell of a decision: who looks after the plan, and who proposed what was decided upon.
func (ns *Notices) decidedTo(tx *db.Tx, p *store.Plan, d *store.Decision) ([]*store.Person, error) {
	people, err := ns.plans.Keepers(tx, p)
	if err != nil || d.Number < 2 {
		return people, err
	}
	last, err := store.DecisionsByPlan.First(tx, p.ID, d.Code, uint64(d.Number-1)) // #nosec G115 -- counted from 1
	if err != nil || last.State != store.DecisionProposed {
		return people, fault.IgnoreNotFound(err)
	}
	all, err := ns.plans.Everybody(tx, p)
	for _, x := range all {
		if x.ID == last.By && !slices.ContainsFunc(people, func(o *store.Person) bool { return o.ID == x.ID }) {
			people = append(people, x)
		}
	}
	return people, err
}

// tellPlan puts the notice under the bell of the person; the daily mail tells of it where mail reaches them.
func (ns *Notices) tellPlan(tx *db.Tx, p *store.Person, n store.Notice) error {
	n.Person, n.Digest = p.ID, ns.post.Reaches(tx, p)
	return store.Notices.Put(tx, &n)
}

// RemindPlans reminds the people of running plans of what waits for them, each plan once on each working day from the hour of
// the daily mail on, and returns how many people it reminded. A plan is reminded in one transaction: whoever stops the desk in
// the middle neither loses a reminder nor doubles one.
func (ns *Notices) RemindPlans() (int, error) {
	if ns.clock().Before(ns.digestHour()) {
		return 0, nil
	}
	var due []uint64
	err := ns.st.View(func(tx *db.Tx) (err error) {
		due, err = ns.plans.Due(tx)
		return err
	})
	told := 0
	for _, number := range due {
		n, failed := ns.RemindPlan(number)
		told += n
		err = errors.Join(err, failed)
	}
	return told, err
}

// RemindPlan reminds the people of one plan that is due, and returns how many it reminded.
func (ns *Notices) RemindPlan(number uint64) (int, error) {
	n := 0
	err := ns.st.Update(db.By{Via: door.Desk, Act: act.Digest}, func(tx *db.Tx) error {
		n = 0
		list, err := ns.plans.Remind(tx, number)
		if err != nil {
			return err
		}
		for _, t := range list {
			n++
			at := ns.digestHour()
			wrote, err := wroteSince(tx, t.Email, at)
			if err != nil {
				return err
			}
			if wrote {
				at = tx.Now() // they had the letter of today: this goes with the next one
			}
			notice := store.Notice{Plan: number, Seq: tx.LastChange(), At: at}
			if notice.Event = event.PlanNamed; t.Named {
				if err := ns.tellPlan(tx, t.Person, notice); err != nil {
					return err
				}
			}
			if notice.Event, notice.Codes = event.PlanWaits, t.Waits[:min(len(t.Waits), store.MaxCodes)]; len(t.Waits) > 0 {
				if err := ns.tellPlan(tx, t.Person, notice); err != nil {
					return err
				}
			}
			if notice.Event, notice.Codes = event.PlanFreeze, t.Freezes; len(t.Freezes) > 0 {
				if err := ns.tellPlan(tx, t.Person, notice); err != nil {
					return err
				}
			}
		}
		return nil
	})
	return n, err
}

// wroteSince reports whether the address was written to about plans since the moment.
func wroteSince(tx *db.Tx, address string, since time.Time) (bool, error) {
	for l, err := range store.LettersByTo.PeekRows(tx, db.Span{Prefix: key.Of(address), Low: key.Of(since)}) {
		if err != nil {
			return false, err
		}
		if slices.ContainsFunc(l.Tells, func(t store.Telling) bool { return t.Plan != 0 }) {
			return true, nil
		}
	}
	return false, nil
}

// seenPlan returns the plan, nil when the actor may not see it.
func seenPlan(tx *db.Tx, a policy.Actor, number uint64) (*store.Plan, error) {
	p, err := store.Plans.Get(tx, number)
	if err != nil || policy.MayPlan(tx, a, policy.SeePlan, p) != nil {
		return nil, fault.IgnoreNotFound(err)
	}
	return p, nil
}

// digestPlan returns the line of a plan in a daily mail, false when the reader may not see it any more, or when what it told
// of is over: done, decided, or in a plan that stands.
func (ns *Notices) digestPlan(tx *db.Tx, o *Outgoing, tell store.Telling) (OutgoingLine, bool, error) {
	line := OutgoingLine{Telling: tell, Desk: true}
	p, err := seenPlan(tx, policy.Actor{Person: o.Person}, tell.Plan)
	if err != nil || p == nil {
		return line, false, err
	}
	out := &OutgoingPlan{Plan: p}
	if out.Organisation, err = store.Organisations.Peek(tx, p.Organisation); err != nil {
		return line, false, err
	}
	line.Plan, line.Subject = out, p.Name
	if by, err := store.People.Peek(tx, tell.By); err == nil {
		line.Who = ShownName(by)
	} else if fault.IgnoreNotFound(err) != nil {
		return line, false, err
	}
	if len(tell.Codes) == 0 {
		return line, true, nil
	}
	if !p.Goes() {
		return line, false, nil
	}
	if out.Lines, err = ns.planLines(tx, p, o.Person, tell); err != nil {
		return line, false, err
	}
	return line, len(out.Lines) > 0, nil
}

// planLines returns what of the codes there still is to tell.
func (ns *Notices) planLines(tx *db.Tx, p *store.Plan, reader *store.Person, tell store.Telling) ([]PlanLine, error) {
	var out []PlanLine
	if tell.Event == event.PlanWaits {
		waits, err := ns.plans.Awaits(tx, p, reader)
		for _, w := range waits {
			if slices.Contains(tell.Codes, w.Code) {
				line := PlanLine{Name: w.Name, Late: w.Late}
				if w.Due != 0 {
					line.Due = w.Due.Time()
				}
				out = append(out, line)
			}
		}
		return out, err
	}
	v, err := ns.plans.ViewIn(tx, policy.Actor{Person: reader}, p)
	if err != nil {
		return nil, err
	}
	if tell.Event != event.PlanFreeze {
		if d := v.Decision(tell.Codes[0]); d != nil {
			out = append(out, PlanLine{Name: d.Question})
		}
		return out, nil
	}
	for _, phase := range v.Phases {
		for _, f := range phase.Freezes {
			if slices.Contains(tell.Codes, f.Code) {
				out = append(out, PlanLine{Name: f.Name, From: f.From.Time(), Until: f.Until.Time()})
			}
		}
	}
	return out, nil
}
