package problem

import (
	"time"

	"sportello/app/desk/entry"
	"sportello/app/desk/policy"
	"sportello/app/desk/ticket"
	"sportello/store"
	"sportello/store/act"
	"sportello/store/db"
	"sportello/store/fault"
	"sportello/store/key"
)

// Reach is whom a message to all cases of a problem reaches. What is confidential to the reader is reached and counts in none of the numbers.
type Reach struct {
	Tickets   int
	Persons   int            // each once, also of several tickets
	Languages map[string]int // persons who read it in each language
	Settled   int            // tickets that are closed, which it leaves alone
}

// reaches reports whether a message may still reach the case.
func reaches(tx *db.Tx, c *store.Case) (t *store.Ticket, p *store.Person, err error) {
	id := c.Person
	if c.Ticket != 0 {
		if t, err = store.Tickets.Get(tx, c.Ticket); err != nil || t.IsSpam() {
			return nil, nil, fault.IgnoreNotFound(err)
		}
		id = t.Requester
	}
	if p, err = store.People.Peek(tx, id); err != nil || p.Disabled {
		return t, nil, fault.IgnoreNotFound(err)
	}
	return t, p, nil
}

// Reach returns whom a message would reach now. Only those who may write the problem may call it.
func (ps *Problems) Reach(a policy.Actor, number uint64) (Reach, error) {
	var out Reach
	err := ps.st.View(func(tx *db.Tx) error {
		p, err := store.Problems.Glance(tx, number)
		if err != nil {
			return err
		}
		if err := policy.MayProblem(tx, a, policy.WriteProblem, p); err != nil {
			return err
		}
		out = Reach{Languages: map[string]int{}}
		seen := map[uint64]bool{}
		for c, err := range store.CasesByProblem.PeekRows(tx, db.Span{Prefix: key.Of(number)}) {
			if err != nil {
				return err
			}
			t, who, err := reaches(tx, c)
			if err != nil {
				return err
			}
			if t == nil && who == nil || t != nil && !counted(tx, a, t) {
				continue
			}
			if t != nil && t.State == store.StateClosed {
				out.Settled++
				continue
			}
			language := ""
			if t != nil {
				out.Tickets++
				language = t.Language
			}
			if who == nil || seen[who.ID] {
				continue
			}
			seen[who.ID] = true
			if language == "" {
				language = who.Language
			}
			if language != "en" {
				language = "it"
			}
			out.Persons++
			out.Languages[language]++
		}
		return nil
	})
	return out, err
}

// Message writes to all cases of the problem, a few at a time: into the thread of each ticket in its language, to the others by
// themselves. The same words again within the hour are the same message. Where a text lacks one language, its readers get the other.
func (ps *Problems) Message(a policy.Actor, number uint64, text store.Words) (*View, error) {
	return ps.change(a, act.TellProblem, policy.WriteProblem, number, func(tx *db.Tx, p *store.Problem) error {
		if p.Gone() {
			return entry.Conflict("error.problem-gone")
		}
		var wrong fault.Problems
		if text = entry.CleanTexts(&wrong, "text", text, store.Errands.Most("text.it")); text == (store.Words{}) {
			wrong.Add("it", "error.required")
		}
		for i := range wrong {
			if len(wrong[i].Field) > 5 {
				wrong[i].Field = wrong[i].Field[5:]
			}
		}
		if err := wrong.Err(); err != nil {
			return err
		}
		for e, err := range store.ErrandsByProblem.Rows(tx, db.Span{Prefix: key.Of(p.ID)}) {
			if err != nil {
				return err
			}
			if e.Of == store.ErrandMessage && e.Text == text && e.Back.IsZero() && tx.Now().Sub(e.Created) < time.Hour {
				return nil
			}
		}
		p.Told = tx.Now()
		if err := store.Problems.Put(tx, p); err != nil {
			return err
		}
		return store.Errands.Put(tx, &store.Errand{Problem: p.ID, Of: store.ErrandMessage, Text: text, By: a.ID()})
	})
}

// messageTo brings the message to the case, once.
func (ps *Problems) messageTo(tx *db.Tx, e *store.Errand, c *store.Case) (told bool, err error) {
	if due, err := messageDue(tx, e, c); err != nil || !due {
		return false, err
	}
	if c.Ticket != 0 {
		t, err := store.Tickets.Get(tx, c.Ticket)
		if err != nil {
			return false, err
		}
		if err := ps.tickets.Follow(tx, t, ticket.Known{Text: e.Text.In(t.Language), Author: e.By, Errand: e.ID}); err != nil {
			return false, err
		}
	}
	c.Message = e.ID
	tx.Act(act.FollowCase)
	if c.Ticket == 0 {
		tx.Act(act.TellCase)
	}
	return true, store.Cases.Put(tx, c)
}

func messageDue(tx *db.Tx, e *store.Errand, c *store.Case) (bool, error) {
	if c.Message >= e.ID {
		return false, nil
	}
	t, who, err := reaches(tx, c)
	return err == nil && (t != nil && t.State != store.StateClosed || t == nil && who != nil), err
}
