package plan

import (
	"errors"
	"strings"

	"sportello/app/desk/entry"
	"sportello/app/desk/policy"
	"sportello/app/desk/ticket"
	"sportello/app/markup"
	"sportello/store"
	"sportello/store/act"
	"sportello/store/db"
	"sportello/store/fault"
	"sportello/store/key"
)

// Question is what somebody asks beside a decision, or about a step.
type Question struct {
	Text    string
	Subject string // empty: the question of the decision, the name of the step
}

// Asked is the ticket that stands beside a decision or step, for whoever may see it.
type Asked struct {
	*store.Ticket
	Secret bool   // it is confidential: of it a plan says the number alone
	Answer string // what the desk said last; empty: nothing so far
}

// Ask opens a ticket in the actor's name that stands beside the decision or step of the code: of kind guidance for a
// decision, a request for a step. Whoever sees the plan may ask, as long as it is not over. The newest question of a code
// stands beside it; older ones are reached from their links.
func (ps *Plans) Ask(a policy.Actor, number uint64, code string, q Question) (uint64, error) {
	if a.Person == nil {
		return 0, policy.Denied(a)
	}
	var out uint64
	err := ps.st.Update(a.By(act.DoPlanStep), func(tx *db.Tx) error {
		v, err := ps.read(tx, a, number, policy.SeePlan)
		if err != nil {
			return err
		}
		n := ticket.Opening{Kind: store.Guidance, Subject: strings.TrimSpace(q.Subject), Body: q.Text, Language: a.Lang()}
		if v.Decision(code) == nil {
			if v.Step(code) == nil {
				return fault.New(fault.NotFound, "error.not-found")
			}
			n.Kind = store.Request
		}
		if v.Plan.State == store.PlanClosed || v.Plan.State == store.PlanCancelled {
			return entry.Conflict("error.plan-ended")
		}
		if n.Subject == "" {
			n.Subject = entry.Cut(v.NameOf(code, a.Lang()), entry.MaxSubject)
		}
		if len(v.Plan.Modules) > 0 {
			n.Module = v.Plan.Modules[0]
		}
		n.Hat = a.Person.HatNear(store.Hat{Organisation: v.Plan.Organisation, Unit: v.Plan.Unit}, tx.Now())
		t, err := ps.tickets.OpenIn(tx, a, n)
		if elsewhere(err) { // the desk leads the plan, and answers for it, though tickets of the module go elsewhere
			n.Module = 0
			t, err = ps.tickets.OpenIn(tx, a, n)
		}
		if err != nil {
			return err
		}
		row, err := progressOf(tx, v.Plan.ID, code)
		if err != nil {
			return err
		}
		tx.Act(act.DoPlanStep)
		row.Ticket = t.ID
		out = t.ID
		return store.Progresses.Put(tx, row)
	})
	return out, err
}

func elsewhere(err error) bool {
	var many fault.Problems
	if !errors.As(err, &many) {
		return false
	}
	for _, e := range many {
		if e.Key == "error.module-elsewhere" {
			return true
		}
	}
	return false
}

// progressOf returns the row of a step, or of a decision with a question beside it; a new one when there is none.
func progressOf(tx *db.Tx, plan uint64, code string) (*store.Progress, error) {
	row, err := store.ProgressByPlan.First(tx, plan, code)
	if fault.KindOf(err) == fault.NotFound {
		return &store.Progress{Plan: plan, Code: code, State: store.StepOpen}, nil
	}
	return row, err
}

// Beside returns the ticket that stands beside the decision or step of the code, with what the desk answered last; nil when
// there is none, or none that the actor may see.
func (ps *Plans) Beside(a policy.Actor, number uint64, code string) (*Asked, error) {
	var out *Asked
	err := ps.st.View(func(tx *db.Tx) error {
		out = nil
		p, err := store.Plans.Get(tx, number)
		if err != nil {
			return err
		}
		if err := policy.MayPlan(tx, a, policy.SeePlan, p); err != nil {
			return err
		}
		row, err := store.ProgressByPlan.First(tx, number, code)
		if err != nil || row.Ticket == 0 || !ps.rights.Sees(tx, a, row.Ticket) {
			return fault.IgnoreNotFound(err)
		}
		t, err := store.Tickets.Get(tx, row.Ticket)
		if err != nil {
			return err
		}
		if secret(tx, p, t) {
			out = &Asked{Ticket: &store.Ticket{Row: t.Row}, Secret: true}
			return nil
		}
		out = &Asked{Ticket: t}
		out.Answer, err = answerOf(tx, t.ID)
		return err
	})
	return out, err
}

// secret reports whether the ticket is confidential beside a plan that is not: of it the plan says the number alone.
func secret(tx *db.Tx, p *store.Plan, t *store.Ticket) bool {
	return policy.Confidential(tx, t.Group, t.Module) && !policy.FactsOfPlan(tx, p).Confidential()
}

// Arrangeable returns the plans that go on and that the actor arranges, those nearest to going live first.
func (ps *Plans) Arrangeable(a policy.Actor) ([]*Line, error) {
	var out []*Line
	if a.Person == nil {
		return nil, policy.Denied(a)
	}
	err := ps.st.View(func(tx *db.Tx) error {
		out = nil
		all, err := ps.within(tx, a)
		if err != nil {
			return err
		}
		for _, p := range all {
			if !p.Goes() || policy.MayPlan(tx, a, policy.ArrangePlan, p) != nil {
				continue
			}
			l, err := line(tx, p)
			if err != nil {
				return err
			}
			out = append(out, &l)
		}
		return nil
	})
	return out, err
}

// Arranges reports whether a group of the actor has plans that go on.
func (ps *Plans) Arranges(a policy.Actor) (yes bool, err error) {
	if a.Person == nil {
		return false, nil
	}
	err = ps.st.View(func(tx *db.Tx) error {
		yes = false
		for _, g := range a.Person.Groups {
			for _, state := range []store.PlanState{store.PlanPrepared, store.PlanRunning} {
				for range store.PlansByGroup.Entries(tx, db.Span{Prefix: key.Of(g.Group, state)}) {
					yes = true
					break
				}
			}
		}
		return nil
	})
	return yes, err
}

// answerOf returns what the desk last said in public in a ticket, as text that fits a reason.
func answerOf(tx *db.Tx, number uint64) (string, error) {
	answer := ""
	for m, err := range store.MessagesByTicket.Rows(tx, db.Span{Prefix: key.Of(number)}) {
		if err != nil {
			return "", err
		}
		if m.Agent && !m.Internal && !m.Merged() && !m.Opening {
			answer = m.Body
		}
	}
	return entry.Cut(strings.TrimSpace(markup.Clean(answer)), store.Decisions.Most("reason")), nil
}
