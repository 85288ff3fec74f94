package problem

import (
	"cmp"
	"slices"
	"time"

	"sportello/app/desk/entry"
	"sportello/app/desk/installation"
	"sportello/app/desk/policy"
	"sportello/app/version"
	"sportello/store"
	"sportello/store/db"
	"sportello/store/fault"
	"sportello/store/key"
)

// View is a known problem with what the actor may know of it.
type View struct {
	*store.Problem
	Module     *store.Module
	order      version.Order // of the versions of the module
	Group      *store.Group
	Owner      *store.Person    // nil for none, and for whoever may not know
	Releases   []*store.Release // that correct it, those the actor may see
	Counts     Counts           // of one that was read; a list has none
	Joined     bool             // the actor said that they met it
	Desk       bool             // the actor knows what the desk alone knows of it
	MayWrite   bool
	MayAttach  bool
	MayJoin    bool
	MayJoinFor bool // join for somebody else
	MaySeeWho  bool // its tickets and people, as far as they may see each
}

// Counts is how many a problem concerns. What is confidential to the reader counts in none of them.
type Counts struct {
	Organisations int  // 0 if Few
	Few           bool // some, and fewer than the reader may know
	Persons       int  // 0 for whoever may not see who
	Tickets       int  // the same
	Back          int  // the same: those that came back, though the problem was to be mended
}

// fewest is from how many organisations on everybody may know how many they are.
const fewest = 3

// Read returns the known problem of the number. NotFound for whoever may not see it.
func (ps *Problems) Read(a policy.Actor, number uint64) (*View, error) {
	var out *View
	err := ps.st.View(func(tx *db.Tx) error {
		p, err := store.Problems.Get(tx, number)
		if err != nil {
			return err
		}
		out, err = ps.view(tx, a, p)
		return err
	})
	return out, err
}

func (ps *Problems) view(tx *db.Tx, a policy.Actor, p *store.Problem) (*View, error) {
	v, err := ps.line(tx, a, p)
	if err != nil {
		return nil, err
	}
	releases, err := correcting(tx, p.ID)
	if err != nil {
		return nil, err
	}
	for _, r := range releases {
		switch err := policy.MayRelease(tx, a, policy.SeeRelease, r); fault.KindOf(err) {
		case fault.NotFound, fault.Denied, fault.SignIn:
			continue
		}
		v.Releases = append(v.Releases, r)
	}
	if v.Counts, err = ps.count(tx, a, v); err != nil {
		return nil, err
	}
	v.Joined = a.Person != nil && store.CasesByProblem.Has(tx, p.ID, uint64(0), a.ID())
	return v, nil
}

// line is view as lists have it.
func (ps *Problems) line(tx *db.Tx, a policy.Actor, p *store.Problem) (*View, error) {
	facts := policy.FactsOfProblem(tx, p)
	if err := facts.May(tx, a, policy.SeeProblem); err != nil {
		return nil, err
	}
	may := func(act policy.ProblemAct) bool { return facts.May(tx, a, act) == nil }
	v := &View{Problem: p, Desk: may(policy.SeeSupplier), MayWrite: may(policy.WriteProblem), MayAttach: may(policy.AttachTicket) && !p.Gone(),
		MayJoin: may(policy.JoinProblem) && a.SignedIn() && !p.Gone(), MayJoinFor: may(policy.JoinFor) && !p.Gone(), MaySeeWho: may(policy.SeeCases)}
	var err error
	if v.Module, err = store.Modules.Peek(tx, p.Module); err != nil {
		return nil, err
	}
	if v.order, err = installation.Order(tx, p.Module); err != nil {
		return nil, err
	}
	if v.Group, err = store.Groups.Peek(tx, p.Group); err != nil {
		return nil, err
	}
	if v.Desk {
		if v.Owner, err = store.People.Peek(tx, p.Owner); fault.IgnoreNotFound(err) != nil {
			return nil, err
		}
		return v, nil
	}
	kept := *p
	kept.Owner, kept.Author, kept.Supplier, kept.Doubtful = 0, 0, store.Supplier{}, time.Time{}
	v.Problem = &kept
	return v, nil
}

// counted reports whether the ticket counts for the actor: a confidential one only for people of its group.
func counted(tx *db.Tx, a policy.Actor, t *store.Ticket) bool {
	return !t.IsSpam() && (!policy.Confidential(tx, t.Group, t.Module) || a.Person != nil && a.Person.InGroup(t.Group))
}

// hidden reports whether the ticket, if there is one, is confidential and of another group than the given one, which may not know
// of it: not by a number either.
func hidden(tx *db.Tx, group, ticket uint64) (bool, error) {
	if ticket == 0 {
		return false, nil
	}
	t, err := store.Tickets.Glance(tx, ticket)
	if err != nil {
		return false, fault.IgnoreNotFound(err)
	}
	return t.Group != group && policy.Confidential(tx, t.Group, t.Module), nil
}

func (ps *Problems) count(tx *db.Tx, a policy.Actor, v *View) (Counts, error) {
	var out Counts
	organisations, persons := map[uint64]bool{}, map[uint64]bool{}
	for c, err := range store.CasesByProblem.PeekRows(tx, db.Span{Prefix: key.Of(v.ID)}) {
		if err != nil {
			return out, err
		}
		organisation, person := uint64(0), c.Person
		if c.Ticket != 0 {
			t, err := store.Tickets.Glance(tx, c.Ticket)
			if err != nil {
				if fault.IgnoreNotFound(err) != nil {
					return out, err
				}
				continue // it was spam
			}
			if !counted(tx, a, t) {
				continue
			}
			organisation, person = t.Organisation, t.Requester
			out.Tickets++
			if c.Backs > 0 {
				out.Back++
			}
		} else if p, err := store.People.Peek(tx, c.Person); err == nil {
			if hats := p.Hats(tx.Now()); len(hats) > 0 {
				organisation = hats[0].Organisation
			}
		} else if fault.IgnoreNotFound(err) != nil {
			return out, err
		}
		persons[person] = true
		if organisation != 0 {
			organisations[organisation] = true
		}
	}
	out.Organisations, out.Persons = len(organisations), len(persons)
	if !v.MaySeeWho {
		out.Persons, out.Tickets, out.Back = 0, 0, 0
		if out.Organisations < fewest {
			out.Organisations, out.Few = 0, out.Organisations > 0
		}
	}
	return out, nil
}

// Filter says which known problems a list has. The zero value is all that the actor may see.
type Filter struct {
	Module  uint64 // and those below
	State   store.ProblemState
	Version string // a version of the module that they are in
	Out     bool   // those because of which a service stands still now
	Limit   int
	After   uint64 // the number of the last one of the page before
}

// Page is a page of known problems: where a service stands still first, then those that are not fixed, then the latest changed.
type Page struct {
	Problems []*View
	Next     uint64 // 0 at the end
	Total    int
}

// List returns the known problems that the actor may see, without their texts.
func (ps *Problems) List(a policy.Actor, f Filter) (Page, error) {
	var out Page
	limit := entry.PageSize(f.Limit)
	err := ps.st.View(func(tx *db.Tx) error {
		out = Page{}
		list, err := ps.reachable(tx, a, f)
		if err != nil {
			return err
		}
		passed := f.After == 0
		for _, p := range list {
			if out.Total++; !passed {
				passed = p.ID == f.After
				continue
			}
			if len(out.Problems) == limit {
				out.Next = out.Problems[limit-1].ID
				continue
			}
			v, err := ps.line(tx, a, p)
			if err != nil {
				return err
			}
			out.Problems = append(out.Problems, v)
		}
		return nil
	})
	return out, err
}

func (ps *Problems) reachable(tx *db.Tx, a policy.Actor, f Filter) ([]*store.Problem, error) {
	var out []*store.Problem
	now := tx.Now()
	for p, err := range store.Problems.GlanceAll(tx, 0, true) {
		if err != nil {
			return nil, err
		}
		if p.Gone() || f.State != store.ProblemNone && p.State != f.State || f.Out && !p.Outage.Runs(now) {
			continue
		}
		if f.Module != 0 && !policy.Under(tx, p.Module, f.Module) || policy.MayProblem(tx, a, policy.SeeProblem, p) != nil {
			continue
		}
		if f.Version != "" {
			order, err := installation.Order(tx, p.Module)
			if err != nil {
				return nil, err
			}
			if !affects(p, order, f.Version) {
				continue
			}
		}
		out = append(out, p)
	}
	slices.SortStableFunc(out, func(x, y *store.Problem) int {
		return cmp.Or(-compareBool(x.Outage.Runs(now), y.Outage.Runs(now)), compareBool(ended(x), ended(y)), y.Updated.Compare(x.Updated), cmp.Compare(y.ID, x.ID))
	})
	return out, nil
}

func compareBool(x, y bool) int {
	switch {
	case x == y:
		return 0
	case x:
		return 1
	}
	return -1
}

// ended reports whether nothing more is done about the problem.
func ended(p *store.Problem) bool {
	return p.State == store.ProblemFixed || p.State == store.ProblemWontFix
}

// affects reports whether the problem is in the version: in one of its ranges, or in all where nobody said which.
func affects(p *store.Problem, order version.Order, v string) bool {
	return len(p.Affected) == 0 || slices.ContainsFunc(p.Affected, func(r store.Range) bool { return order.Within(v, r.From, r.Until) })
}

// MayWrite returns nil when the actor may write known problems of the module of the code; one that nobody knows is left to
// Save. Without a code it tells whether they may write any.
func (ps *Problems) MayWrite(a policy.Actor, code string) error {
	if !a.System && !a.IsAgent() && !a.IsAdministrator() {
		return policy.Denied(a)
	}
	return ps.st.View(func(tx *db.Tx) error {
		var wrong fault.Problems
		p := &store.Problem{}
		return place(tx, a, p, code, &wrong)
	})
}
