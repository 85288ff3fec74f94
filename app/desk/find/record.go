package find

import (
	"slices"

	"sportello/app/desk/policy"
	"sportello/search"
	"sportello/search/query"
	"sportello/store"
	"sportello/store/db"
	"sportello/store/fault"
)

// Row returns the number of what was found, and the code of its state.
func (f *Found) Row() (number uint64, state string) {
	switch {
	case f.Ticket != nil:
		return f.Ticket.ID, f.Ticket.State.String()
	case f.Mail != nil:
		return f.Mail.ID, string(f.Mail.State)
	case f.Release != nil:
		return f.Release.ID, f.Release.State.String()
	case f.Problem != nil:
		return f.Problem.ID, f.Problem.State.String()
	case f.Plan != nil:
		return f.Plan.ID, f.Plan.State.String()
	}
	return f.Article.ID, f.Version.Publication.String()
}

// foundRecord fills in the line of a release, known problem or plan, and reports whether the actor may see it now.
func (fi *Finder) foundRecord(tx *db.Tx, a policy.Actor, h search.Hit, parsed query.Parsed, f *Found) (bool, error) {
	inside, err := fi.mayFind(tx, a, h, f)
	switch fault.KindOf(err) {
	case fault.NotFound, fault.Denied, fault.SignIn:
		return false, nil
	}
	if err != nil {
		return false, err
	}
	r, err := fi.ix.Record(tx, h.Type, h.ID, h.Language)
	if err != nil || r == nil {
		return false, err
	}
	f.Title, f.Lang, f.read = r.Title, r.Language, parsed.Read(r.Language)
	for _, t := range r.Heading() {
		f.read.Beside(t)
	}
	texts := r.Texts
	if inside {
		texts = slices.Concat(texts, r.Inside)
	}
	for _, t := range texts {
		f.read.Add(t + "\n")
	}
	return true, nil
}

// mayFind reads the row of a hit into f. Its error says that the actor may not see it; inside reports whether they read what
// those of the desk read who look after it.
func (fi *Finder) mayFind(tx *db.Tx, a policy.Actor, h search.Hit, f *Found) (inside bool, err error) {
	module := uint64(0)
	switch h.Type {
	case query.TypeRelease:
		if f.Release, err = store.Releases.Get(tx, h.ID); err != nil {
			return false, err
		}
		facts, err := policy.FactsOfRelease(tx, f.Release)
		if err == nil {
			err = facts.May(tx, a, policy.SeeRelease, store.Hat{})
		}
		if err != nil {
			return false, err
		}
		inside = facts.Inside(a)
		if len(f.Release.Modules) > 0 {
			module = f.Release.Modules[0]
		}
	case query.TypeProblem:
		if f.Problem, err = store.Problems.Get(tx, h.ID); err != nil {
			return false, err
		}
		facts := policy.FactsOfProblem(tx, f.Problem)
		if err := facts.May(tx, a, policy.SeeProblem); err != nil {
			return false, err
		}
		inside, module = facts.May(tx, a, policy.SeeSupplier) == nil, f.Problem.Module
	case query.TypePlan:
		if f.Plan, err = store.Plans.Get(tx, h.ID); err != nil {
			return false, err
		}
		if err := policy.MayPlan(tx, a, policy.SeePlan, f.Plan); err != nil {
			return false, err
		}
		if len(f.Plan.Modules) > 0 {
			module = f.Plan.Modules[0]
		}
	default:
		return false, fault.New(fault.NotFound, "error.not-found")
	}
	if module != 0 {
		if f.Module, err = store.Modules.Peek(tx, module); fault.IgnoreNotFound(err) != nil { // a line without its module is still useful
			return false, err
		}
	}
	return inside, nil
}
