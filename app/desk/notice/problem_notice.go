package notice

import (
	"time"

	"sportello/app/desk/entry"
	"sportello/app/desk/policy"
	"sportello/app/desk/post"
	"sportello/app/desk/problem"
	"sportello/store"
	"sportello/store/act"
	"sportello/store/db"
	"sportello/store/event"
	"sportello/store/fault"
)

// What people are told of a known problem in the thread of a ticket of theirs is planned as all messages are. What follows tells those who
// met it and opened no ticket, and whoever looks after it.

// OutgoingProblem is a known problem with what a letter says of it to its reader.
type OutgoingProblem struct {
	*store.Problem
	Module *store.Module
	News   problem.News // what happened; empty in a message to all, and to the owner
	Fixed  string       // the version that the news name
	Text   store.Words  // of a message to all
}

// ofProblem reports whether the change tells people of a known problem.
func ofProblem(c *db.Change) bool {
	return c.Table == store.Cases.Name() && c.Act == act.TellCase && c.Op == db.Modify || c.Table == store.Problems.Name() && c.Act == act.DoubtProblem
}

// planProblem writes the notices and letters of the change.
func (ns *Notices) planProblem(tx *db.Tx, c *db.Change) error {
	if c.Table == store.Problems.Name() {
		p, err := store.Problems.Glance(tx, c.ID)
		if err != nil {
			return fault.IgnoreNotFound(err)
		}
		whom := []uint64{p.Owner}
		if owner, err := store.People.Peek(tx, p.Owner); err != nil || owner.Disabled || !owner.InGroup(p.Group) {
			whom = members(tx, p.Group)
		}
		for _, id := range whom {
			if err := ns.tellOf(tx, c, id, store.Telling{Event: event.ProblemDoubt, Problem: p.ID}); err != nil {
				return err
			}
		}
		return nil
	}
	row, err := store.Cases.Peek(tx, c.ID)
	if err != nil {
		return fault.IgnoreNotFound(err)
	}
	tell := store.Telling{Event: event.Problem, Problem: row.Problem}
	if _, is := c.Field("message"); is {
		if back, err := takenBack(tx, row.Message); err != nil || back {
			return err
		}
		tell.Event, tell.Errand = event.ProblemMessage, row.Message
	}
	return ns.tellOf(tx, c, row.Person, tell)
}

// tellOf tells the person of the problem, under the bell and by mail, unless they did it themselves or may not see it.
func (ns *Notices) tellOf(tx *db.Tx, c *db.Change, person uint64, tell store.Telling) error {
	p, err := store.People.Peek(tx, person)
	if err != nil || p.Disabled || p.ID == c.By {
		return fault.IgnoreNotFound(err)
	}
	if seen, err := toldProblem(tx, policy.Actor{Person: p}, tell.Problem); err != nil || seen == nil {
		return err
	}
	tell.By, tell.At = c.By, c.At
	if err := store.Notices.Put(tx, &store.Notice{Person: p.ID, Problem: tell.Problem, Errand: tell.Errand, Event: tell.Event, By: c.By, Seq: c.Seq, At: c.At}); err != nil {
		return err
	}
	if ns.post.Mail().From == "" || !entry.PlausibleAddress(p.Email) || ns.post.Ours(tx, p.Email) {
		return nil
	}
	l := &store.Letter{State: store.LetterQueued, Person: p.ID, To: p.Email, Problem: tell.Problem, Tells: []store.Telling{tell}, Next: tx.Now()}
	if tell.Errand != 0 {
		l.Next = tx.Now().Add(ns.post.Mail().Gather) // it may be taken back meanwhile, as in tickets
	}
	if !p.MailFailed.IsZero() {
		l.State, l.Why = store.LetterHeld, post.WhyUnreachable
		return ns.post.Enqueue(tx, l)
	}
	until, err := ns.post.Crowded(tx, l)
	if err != nil {
		return err
	}
	if until.After(l.Next) {
		l.Next = until
	}
	return ns.post.Enqueue(tx, l)
}

// takenBack reports whether the errand is a message that was taken back.
func takenBack(tx *db.Tx, errand uint64) (bool, error) {
	if errand == 0 {
		return false, nil
	}
	e, err := store.Errands.Get(tx, errand)
	return err == nil && !e.Back.IsZero(), fault.IgnoreNotFound(err)
}

// seenProblem returns the known problem, nil when the actor may not see it.
func seenProblem(tx *db.Tx, a policy.Actor, number uint64) (*store.Problem, error) {
	p, err := store.Problems.Get(tx, number)
	if err != nil || policy.MayProblem(tx, a, policy.SeeProblem, p) != nil {
		return nil, fault.IgnoreNotFound(err)
	}
	return p, nil
}

// toldProblem is seenProblem for a problem of which people are told that it was none: as if it were one still.
func toldProblem(tx *db.Tx, a policy.Actor, number uint64) (*store.Problem, error) {
	p, err := store.Problems.Get(tx, number)
	if err != nil {
		return nil, fault.IgnoreNotFound(err)
	}
	was := *p
	if was.Withdrawn = (time.Time{}); policy.MayProblem(tx, a, policy.SeeProblem, &was) != nil {
		return nil, nil
	}
	return p, nil
}

// outgoingProblem gathers a letter about a known problem: what its reader may read at this moment.
func (ns *Notices) outgoingProblem(tx *db.Tx, o *Outgoing) (*Outgoing, string, error) {
	p, err := toldProblem(tx, policy.Actor{Person: o.Person}, o.Letter.Problem)
	if err != nil || p == nil {
		return nil, post.WhyMayNotSee, err
	}
	out := &OutgoingProblem{Problem: p}
	if out.Module, err = store.Modules.Peek(tx, p.Module); err != nil {
		return nil, "", err
	}
	if o.Group, err = store.Groups.Peek(tx, p.Group); err != nil {
		return nil, "", err
	}
	if from := ns.post.AddressOf(tx, p.Group, p.Module); from != "" {
		o.From, o.ReplyTo = from, from
	}
	tell := o.Letter.Tells[0]
	if tell.Event == event.Problem {
		row, err := store.CasesByProblem.PeekFirst(tx, p.ID, uint64(0), o.Letter.Person)
		if err != nil {
			return nil, post.WhyGone, fault.IgnoreNotFound(err)
		}
		out.News, out.Fixed = problem.News(row.Told), row.Versions
	}
	if tell.Errand != 0 {
		e, err := store.Errands.Get(tx, tell.Errand)
		if err != nil {
			return nil, post.WhyGone, fault.IgnoreNotFound(err)
		}
		if !e.Back.IsZero() {
			return nil, post.WhyTakenBack, nil
		}
		out.Text = e.Text
	}
	line := OutgoingLine{Telling: tell, Desk: true, Subject: p.Title.In(o.Person.Language)}
	if by, err := store.People.Peek(tx, tell.By); err == nil {
		line.Who = ShownName(by)
	} else if fault.IgnoreNotFound(err) != nil {
		return nil, "", err
	}
	o.Problem, o.Lines = out, []OutgoingLine{line}
	return o, "", nil
}
