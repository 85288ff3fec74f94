package problem

import (
	"sportello/app/desk/entry"
	"sportello/app/desk/policy"
	"sportello/store"
	"sportello/store/act"
	"sportello/store/db"
	"sportello/store/fault"
	"sportello/store/key"
)

// Merge says that the problem is another one, into which its cases go, a few at a time, and whose news they are told from then on. The actor
// must be allowed to write both. It returns the other one.
func (ps *Problems) Merge(a policy.Actor, number, into uint64) (*View, error) {
	var out *View
	_, err := ps.change(a, act.MergeProblem, policy.WriteProblem, number, func(tx *db.Tx, p *store.Problem) error {
		q, err := store.Problems.Get(tx, into)
		unknown := fault.Problems{fault.New(fault.Invalid, "error.problem-unknown", "number", into).At("into")}
		if fault.IgnoreNotFound(err) != nil {
			return err
		}
		if err != nil || policy.MayProblem(tx, a, policy.SeeProblem, q) != nil {
			return unknown
		}
		if err := policy.MayProblem(tx, a, policy.WriteProblem, q); err != nil {
			return fault.New(fault.Denied, "error.denied").At("into")
		}
		switch {
		case p.ID == q.ID:
			return fault.Problems{fault.New(fault.Invalid, "error.problem-itself").At("into")}
		case p.Gone(), q.Gone():
			return entry.Conflict("error.problem-gone")
		}
		p.MergedInto = q.ID
		if err := store.Problems.Put(tx, p); err != nil {
			return err
		}
		if err := store.Errands.Put(tx, &store.Errand{Problem: p.ID, Of: store.ErrandMerge, By: a.ID()}); err != nil {
			return err
		}
		out, err = ps.view(tx, a, q)
		return err
	})
	return out, err
}

// Unmerge takes back that the problem is another one, as long as its cases have been told nothing by that one. It returns Conflict
// "error.problem-told" afterwards.
func (ps *Problems) Unmerge(a policy.Actor, number uint64) (*View, error) {
	return ps.change(a, act.UnmergeProblem, policy.WriteProblem, number, func(tx *db.Tx, p *store.Problem) error {
		if p.MergedInto == 0 {
			return entry.Conflict("error.problem-not-merged")
		}
		merged, err := store.ErrandsByProblem.Find(tx, p.ID)
		if err != nil {
			return err
		}
		since := p.Updated
		for _, e := range merged {
			if e.Of != store.ErrandMerge {
				continue
			}
			if since = e.Created; e.Done.IsZero() {
				e.Done = tx.Now()
				if err := store.Errands.Put(tx, e); err != nil {
					return err
				}
			}
		}
		told, err := store.ErrandsByProblem.Find(tx, p.MergedInto)
		if err != nil {
			return err
		}
		for _, e := range told {
			if e.Told > 0 && e.Updated.After(since) {
				return entry.Conflict("error.problem-told")
			}
		}
		p.MergedInto = 0
		if err := store.Problems.Put(tx, p); err != nil {
			return err
		}
		return store.Errands.Put(tx, &store.Errand{Problem: p.ID, Of: store.ErrandMerge, By: a.ID()})
	})
}

// mergeOf brings the case to the problem that its own was merged into, or back to its own. A case that is there already stays where it is.
func mergeOf(tx *db.Tx, p *store.Problem, c *store.Case) error {
	to := p.MergedInto
	if to == 0 {
		c.Problem, c.From = p.ID, 0
		return store.Cases.Put(tx, c)
	}
	c.Problem, c.From = to, p.ID
	return store.Cases.Put(tx, c)
}

// mergeDue reports whether the case is still to be brought.
func mergeDue(tx *db.Tx, p *store.Problem, c *store.Case) bool {
	to := p.MergedInto
	if to == 0 {
		to = p.ID
	}
	return c.Problem != to && !store.CasesByProblem.Has(tx, to, c.Ticket, c.Person)
}

// unmerged returns the cases that are still to go back.
func unmerged(tx *db.Tx, p *store.Problem) ([]uint64, error) {
	var out []uint64
	for c, err := range store.CasesByFrom.PeekRows(tx, db.Span{Prefix: key.Of(p.ID)}) {
		if err != nil {
			return nil, err
		}
		if mergeDue(tx, p, c) {
			if out = append(out, c.ID); len(out) == atOnce {
				break
			}
		}
	}
	return out, nil
}
