package problem

import (
	"sportello/app/desk/entry"
	"sportello/app/desk/policy"
	"sportello/store"
	"sportello/store/act"
	"sportello/store/db"
	"sportello/store/fault"
	"sportello/store/key"
	"sportello/store/spelling"
)

// Case is a ticket of a known problem, or a person who met it and opened none.
type Case struct {
	*store.Case
	Ticket *store.Ticket // nil for a person alone
	Person *store.Person // the requester of the ticket, else who met it
}

// Attach attaches the ticket to the problem. Twice is once; a ticket may have several problems.
func (ps *Problems) Attach(a policy.Actor, number, ticket uint64) (*View, error) {
	return ps.change(a, act.AttachCase, policy.AttachTicket, number, func(tx *db.Tx, p *store.Problem) error {
		if p.Gone() {
			return entry.Conflict("error.problem-gone")
		}
		return ps.attach(tx, a, p, ticket, "number")
	})
}

// Detach takes the ticket away from the problem. What was told of it stays told.
func (ps *Problems) Detach(a policy.Actor, number, ticket uint64) (*View, error) {
	return ps.change(a, act.DetachCase, policy.AttachTicket, number, func(tx *db.Tx, p *store.Problem) error {
		if !ps.rights.Sees(tx, a, ticket) {
			return fault.New(fault.NotFound, "error.not-found")
		}
		c, err := store.CasesByProblem.First(tx, p.ID, ticket, uint64(0))
		if err != nil {
			return fault.IgnoreNotFound(err)
		}
		if err := ps.letGo(tx, c); err != nil {
			return err
		}
		return store.Cases.Delete(tx, c.ID)
	})
}

// change does something to a problem that the actor may do the act with.
func (ps *Problems) change(a policy.Actor, did act.Act, need policy.ProblemAct, number uint64, do func(*db.Tx, *store.Problem) error) (*View, error) {
	var out *View
	err := ps.st.Update(a.By(did), func(tx *db.Tx) error {
		p, err := store.Problems.Get(tx, number)
		if err != nil {
			return err
		}
		if err := policy.MayProblem(tx, a, need, p); err != nil {
			return err
		}
		if err := do(tx, p); err != nil {
			return err
		}
		out, err = ps.view(tx, a, p)
		return err
	})
	if err == nil {
		ps.wake()
	}
	return out, err
}

// attach attaches a ticket that the actor may see, named in the field; a confidential one only by people of its own group.
func (ps *Problems) attach(tx *db.Tx, a policy.Actor, p *store.Problem, number uint64, field string) error {
	unknown := fault.Problems{fault.New(fault.Invalid, "error.ticket-unknown", "number", number).At(field)}
	t, err := store.Tickets.Glance(tx, number)
	if fault.IgnoreNotFound(err) != nil {
		return err
	}
	if err != nil || ps.rights.May(tx, a, policy.See, t) != nil || t.IsSpam() {
		return unknown
	}
	stand := ps.rights.Stand(tx, a, t)
	if stand.Confidential() && !a.System && (a.Person == nil || !a.Person.InGroup(t.Group)) {
		return unknown
	}
	if store.CasesByProblem.Has(tx, p.ID, t.ID, uint64(0)) {
		return nil
	}
	c := &store.Case{Problem: p.ID, Ticket: t.ID, By: a.ID(), Knew: sumOf(p)}
	if err := store.Cases.Put(tx, c); err != nil {
		return err
	}
	return ps.followAtOnce(tx, p, c)
}

// Join says that the actor met the problem, or that the person at the address did, with a line of theirs. Twice is once; the
// last line stays. Only agents may say it for somebody else.
func (ps *Problems) Join(a policy.Actor, number uint64, address, text string) (*View, error) {
	need := policy.JoinProblem
	address = spelling.Address(address)
	if address != "" && (a.Person == nil || a.Person.Email != address) {
		need = policy.JoinFor
	}
	if need == policy.JoinProblem && !a.SignedIn() {
		return nil, policy.Denied(a)
	}
	return ps.change(a, act.JoinProblem, need, number, func(tx *db.Tx, p *store.Problem) error {
		if p.Gone() {
			return entry.Conflict("error.problem-gone")
		}
		who := a.ID()
		var wrong fault.Problems
		if need == policy.JoinFor {
			person, err := store.PeopleByEmail.PeekFirst(tx, address)
			if fault.IgnoreNotFound(err) != nil {
				return err
			}
			if err != nil || person.Disabled || person.IsService() || policy.MayProblem(tx, policy.Actor{Person: person}, policy.SeeProblem, p) != nil {
				wrong.Add("person", "error.person-unknown")
			} else {
				who = person.ID
			}
		}
		text := entry.CleanLine(&wrong, "text", text, store.Cases.Most("text"))
		if err := wrong.Err(); err != nil {
			return err
		}
		c, err := store.CasesByProblem.First(tx, p.ID, uint64(0), who)
		if fault.IgnoreNotFound(err) != nil {
			return err
		}
		if err != nil {
			c = &store.Case{Problem: p.ID, Person: who, By: a.ID(), Knew: sumOf(p)}
		} else if text == "" || text == c.Text {
			return nil
		}
		c.Text = text
		if err := store.Cases.Put(tx, c); err != nil {
			return err
		}
		return ps.followAtOnce(tx, p, c)
	})
}

// Leave takes back that the actor met the problem.
func (ps *Problems) Leave(a policy.Actor, number uint64) (*View, error) {
	if !a.SignedIn() {
		return nil, policy.Denied(a)
	}
	return ps.change(a, act.JoinProblem, policy.SeeProblem, number, func(tx *db.Tx, p *store.Problem) error {
		c, err := store.CasesByProblem.First(tx, p.ID, uint64(0), a.ID())
		if err != nil {
			return fault.IgnoreNotFound(err)
		}
		return store.Cases.Delete(tx, c.ID)
	})
}

// Cases returns the tickets and people of the problem that the actor may see, those that came first first.
func (ps *Problems) Cases(a policy.Actor, number uint64) ([]Case, error) {
	var out []Case
	err := ps.st.View(func(tx *db.Tx) error {
		out = nil
		p, err := store.Problems.Glance(tx, number)
		if err != nil {
			return err
		}
		if err := policy.MayProblem(tx, a, policy.SeeCases, p); err != nil {
			return err
		}
		for row, err := range store.CasesByProblem.PeekRows(tx, db.Span{Prefix: key.Of(number)}) {
			if err != nil {
				return err
			}
			c := Case{Case: row}
			person := row.Person
			if row.Ticket != 0 {
				t, err := store.Tickets.Glance(tx, row.Ticket)
				if fault.IgnoreNotFound(err) != nil {
					return err
				}
				if err != nil || ps.rights.May(tx, a, policy.See, t) != nil {
					continue
				}
				c.Ticket, person = t, t.Requester
			}
			if c.Person, err = store.People.Peek(tx, person); fault.IgnoreNotFound(err) != nil {
				return err
			}
			out = append(out, c)
		}
		return nil
	})
	return out, err
}

// OfTicket returns the known problems that the ticket is attached to and the actor may see. NotFound for whoever may not see
// the ticket.
func (ps *Problems) OfTicket(a policy.Actor, number uint64) ([]*View, error) {
	var out []*View
	err := ps.st.View(func(tx *db.Tx) error {
		out = nil
		if !ps.rights.Sees(tx, a, number) {
			return fault.New(fault.NotFound, "error.not-found")
		}
		for c, err := range store.CasesByTicket.PeekRows(tx, db.Span{Prefix: key.Of(number)}) {
			if err != nil {
				return err
			}
			p, err := store.Problems.Glance(tx, c.Problem)
			if err != nil {
				return err
			}
			v, err := ps.line(tx, a, p)
			switch {
			case err == nil:
				out = append(out, v)
			case fault.KindOf(err) != fault.NotFound:
				return err
			}
		}
		return nil
	})
	return out, err
}
