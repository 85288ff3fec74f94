package problem

import (
	"cmp"
	"context"
	"slices"
	"time"

	"sportello/app/desk/entry"
	"sportello/app/desk/installation"
	"sportello/app/desk/policy"
	"sportello/app/version"
	"sportello/store"
	"sportello/store/act"
	"sportello/store/db"
	"sportello/store/door"
	"sportello/store/fault"
	"sportello/store/key"
)

// How much one step of an errand does: cases that are written, which other writes wait for, and cases that are looked at.
const (
	atOnce  = 8
	atSight = 200
)

// Run goes the errands as they begin, until the context ends. It begins by getting ready to offer problems.
func (ps *Problems) Run(ctx context.Context) error {
	if err := ps.ready(); err != nil {
		return err
	}
	for {
		for more := true; more && ctx.Err() == nil; {
			var err error
			if more, err = ps.Step(); err != nil {
				return err
			}
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-ps.begun:
		case <-time.After(time.Minute):
		}
	}
}

// Step does a part of an errand that is open, and reports whether there may be more to do. What was done is done once: an errand that
// was cut off goes on where it was.
func (ps *Problems) Step() (more bool, err error) {
	ps.going.Lock()
	defer ps.going.Unlock()
	var e *store.Errand
	var todo []uint64
	at, last := uint64(0), false
	err = ps.st.View(func(tx *db.Tx) error {
		e, todo = nil, nil
		for row, err := range store.ErrandsOpen.Rows(tx, db.Span{}) {
			if err != nil {
				return err
			}
			e = row
			break
		}
		if e == nil || e.Of == store.ErrandTakeBack {
			return nil
		}
		var err error
		todo, at, last, err = ps.look(tx, e)
		return err
	})
	switch {
	case err != nil || e == nil:
		return false, err
	case e.Of == store.ErrandTakeBack:
		return true, ps.stepBack(e)
	}
	err = ps.st.Update(db.By{Person: e.By, Via: door.Desk, Act: act.FollowCase}, func(tx *db.Tx) error {
		now, err := store.Errands.Get(tx, e.ID)
		if err != nil || !now.Done.IsZero() || now.At != e.At {
			return fault.IgnoreNotFound(err)
		}
		p, err := store.Problems.Get(tx, now.Problem)
		if err != nil {
			return err
		}
		k, err := ps.knowledge(tx, p)
		if err != nil {
			return err
		}
		for _, id := range todo {
			told, err := ps.goTo(tx, k, now, id)
			if err != nil {
				return err
			}
			if !told {
				continue
			}
			now.Told++
			c, err := store.Cases.Peek(tx, id)
			if err != nil {
				return err
			}
			if secret, err := hidden(tx, p.Group, c.Ticket); err != nil {
				return err
			} else if secret {
				now.Hidden++
			}
		}
		if now.At = at; last {
			now.Done = tx.Now()
			if now.Of == store.ErrandMerge {
				if err := begin(tx, cmp.Or(p.MergedInto, p.ID), now.By); err != nil {
					return err
				}
			}
		}
		return store.Errands.Put(tx, now)
	})
	return err == nil, err
}

// look returns the next cases that the errand has something to do to, the last case that was looked at, and whether it was the
// last of all.
func (ps *Problems) look(tx *db.Tx, e *store.Errand) (todo []uint64, at uint64, last bool, err error) {
	p, err := store.Problems.Get(tx, e.Problem)
	if err != nil {
		return nil, e.At, true, fault.IgnoreNotFound(err)
	}
	k, err := ps.knowledge(tx, p)
	if err != nil {
		return nil, 0, false, err
	}
	span := db.Span{Prefix: key.Of(e.Problem)}
	if e.At != 0 {
		// A case that was taken away, or merged, meanwhile has the errand begin again: what was done is not done twice.
		if c, err := store.Cases.Peek(tx, e.At); err == nil && c.Problem == e.Problem {
			span.Low = key.Of(c.Ticket, c.Person+1)
		} else if fault.IgnoreNotFound(err) != nil {
			return nil, 0, false, err
		}
	}
	if e.Of == store.ErrandMerge && p.MergedInto == 0 {
		todo, err := unmerged(tx, p)
		return todo, 0, len(todo) < atOnce, err
	}
	at, seen := e.At, 0
	for c, err := range store.CasesByProblem.PeekRows(tx, span) {
		if err != nil {
			return nil, 0, false, err
		}
		if seen++; seen > atSight || len(todo) == atOnce {
			return todo, at, false, nil
		}
		does, err := ps.concerns(tx, k, e, c)
		if err != nil {
			return nil, 0, false, err
		}
		if at = c.ID; does {
			todo = append(todo, c.ID)
		}
	}
	return todo, at, true, nil
}

// concerns reports whether the errand has something to do to the case.
func (ps *Problems) concerns(tx *db.Tx, k *known, e *store.Errand, c *store.Case) (bool, error) {
	switch e.Of {
	case store.ErrandFollow:
		d, err := ps.deed(tx, k, c)
		return d != nil, err
	case store.ErrandMessage:
		return messageDue(tx, e, c)
	case store.ErrandMerge:
		return mergeDue(tx, k.Problem, c), nil
	}
	return false, nil
}

// goTo does the errand to the case, and reports whether people were told.
func (ps *Problems) goTo(tx *db.Tx, k *known, e *store.Errand, id uint64) (told bool, err error) {
	c, err := store.Cases.Get(tx, id)
	if err != nil || c.Problem != e.Problem && c.From != e.Problem {
		return false, fault.IgnoreNotFound(err)
	}
	switch e.Of {
	case store.ErrandFollow:
		d, err := ps.deed(tx, k, c)
		if err != nil || d == nil {
			return false, err
		}
		return d.told, ps.do(tx, d)
	case store.ErrandMessage:
		return ps.messageTo(tx, e, c)
	case store.ErrandMerge:
		if mergeDue(tx, k.Problem, c) {
			return false, mergeOf(tx, k.Problem, c)
		}
	}
	return false, nil
}

// begin has all cases of the problem follow it. One that is open begins again.
func begin(tx *db.Tx, problem, by uint64) error {
	e, err := store.ErrandsOpen.First(tx, problem, store.ErrandFollow)
	if fault.IgnoreNotFound(err) != nil {
		return err
	}
	if err != nil {
		e = &store.Errand{Problem: problem, Of: store.ErrandFollow, By: by}
	} else if e.At == 0 {
		return nil
	}
	e.At = 0
	return store.Errands.Put(tx, e)
}

// what follows of a problem, of a release: the fields that its cases hang on.
var (
	problemFields = []string{"fixed_in", "affected", "state", "workaround", "withdrawn", "merged_into", "module"}
	releaseFields = []string{"state", "corrects"}
)

func changes(c *db.Change, fields []string) bool {
	return slices.ContainsFunc(fields, func(name string) bool { _, is := c.Field(name); return is })
}

// Following begins errands as problems change, releases that correct them come and go, versions are installed, and tickets come back.
func (ps *Problems) Following() db.Follower {
	return db.Follower{
		Name:   "known problems",
		By:     db.By{Via: door.Desk, Act: act.FollowCase},
		Gather: 200 * time.Millisecond,
		Tells: func(_ *db.Tx, c *db.Change) bool {
			switch c.Table {
			case store.Problems.Name():
				return c.Op == db.Modify && c.Act != act.MendProblem && changes(c, problemFields)
			case store.Releases.Name():
				return c.Op != db.Remove && !c.Via.Silent() && changes(c, releaseFields)
			case store.Installations.Name():
				return c.Op != db.Remove
			case store.Tickets.Name():
				return c.Op == db.Modify && c.Act == act.Reopen && changes(c, []string{"state"})
			}
			return false
		},
		Plan:    ps.planFollowing,
		Planned: ps.wake,
	}
}

// RunFollowing is Following as changes come, until the context ends.
func (ps *Problems) RunFollowing(ctx context.Context) error {
	return ps.st.Follow(ctx, ps.Following())
}

func (ps *Problems) planFollowing(tx *db.Tx, changes []*db.Change) error {
	for _, c := range changes {
		var err error
		switch c.Table {
		case store.Problems.Name():
			err = begin(tx, c.ID, c.By)
		case store.Releases.Name():
			err = ps.mend(tx, c)
		case store.Installations.Name():
			err = installed(tx, c.ID)
		case store.Tickets.Name():
			err = ps.cameBack(tx, c)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// heir returns the problem that the problem is now, through all that it was merged into; nil when it was none.
func heir(tx *db.Tx, id uint64) (*store.Problem, error) {
	for range 100 {
		p, err := store.Problems.Get(tx, id)
		if err != nil || !p.Withdrawn.IsZero() {
			return nil, fault.IgnoreNotFound(err)
		}
		if p.MergedInto == 0 {
			return p, nil
		}
		id = p.MergedInto
	}
	return nil, nil
}

// mend has the problems that the release mends know that it was published, or withdrawn, and their cases follow.
func (ps *Problems) mend(tx *db.Tx, c *db.Change) error {
	r, err := store.Releases.Glance(tx, c.ID)
	if err != nil {
		return fault.IgnoreNotFound(err)
	}
	published := r.State == store.ReleasePublished || r.State == store.ReleaseReplaced
	if !published && r.State != store.ReleaseWithdrawn {
		return nil
	}
	mended, err := mendedBy(tx, r)
	if err != nil {
		return err
	}
	for _, p := range mended {
		order, err := installation.Order(tx, p.Module)
		if err != nil {
			return err
		}
		before, names := p.State, slices.ContainsFunc(p.FixedIn, func(v string) bool { return order.Compare(v, r.Version) == 0 })
		switch {
		case published && !names:
			p.FixedIn = append(slices.Clone(p.FixedIn), r.Version)
		case !published && names && (before == store.ProblemFixed || before == store.ProblemBeingFixed):
			p.MoveTo(store.ProblemConfirmed, tx.Now())
			p.Reason = entry.Cut(r.Reason, store.Problems.Most("reason"))
		}
		if published && before != store.ProblemFixed && before != store.ProblemWontFix {
			to, err := reached(tx, ps, p)
			if err != nil {
				return err
			}
			p.MoveTo(to, tx.Now())
		}
		if published {
			p.Doubtful = time.Time{}
		}
		tx.Act(act.MendProblem)
		p.Told = tx.Now()
		if err := store.Problems.Put(tx, p); err != nil {
			return err
		}
		tx.Act(act.FollowCase)
		if err := begin(tx, p.ID, c.By); err != nil {
			return err
		}
	}
	return nil
}

// reached returns how far the problem has got now that one of its versions is published: fixed once all of them are.
func reached(tx *db.Tx, ps *Problems, p *store.Problem) (store.ProblemState, error) {
	asked := *p
	asked.State = store.ProblemConfirmed // a version that no release carries is not out by that
	k, err := ps.knowledge(tx, &asked)
	if err != nil {
		return p.State, err
	}
	if slices.ContainsFunc(k.fixes, func(f fix) bool { return !f.out }) {
		return store.ProblemBeingFixed, nil
	}
	return store.ProblemFixed, nil
}

// mendedBy returns the problems that the release corrects: those that it names, and those of its modules that name its version.
func mendedBy(tx *db.Tx, r *store.Release) ([]*store.Problem, error) {
	var out []*store.Problem
	add := func(id uint64) error {
		p, err := heir(tx, id)
		if err == nil && p != nil && !slices.ContainsFunc(out, func(o *store.Problem) bool { return o.ID == p.ID }) {
			out = append(out, p)
		}
		return err
	}
	for _, id := range r.Corrects {
		if err := add(id); err != nil {
			return nil, err
		}
	}
	for p, err := range store.Problems.GlanceAll(tx, 0, false) {
		if err != nil {
			return nil, err
		}
		under := slices.ContainsFunc(r.Modules, func(m uint64) bool { return policy.Under(tx, p.Module, m) })
		if under && !p.Gone() && slices.ContainsFunc(p.FixedIn, func(v string) bool { return version.KeyOf(v) == version.KeyOf(r.Version) }) {
			if err := add(p.ID); err != nil {
				return nil, err
			}
		}
	}
	return out, nil
}

// installed has the cases follow of all problems of the installed module whose mending is known.
func installed(tx *db.Tx, id uint64) error {
	i, err := store.Installations.Peek(tx, id)
	if err != nil || i.Environment != store.Production {
		return fault.IgnoreNotFound(err)
	}
	for p, err := range store.Problems.GlanceAll(tx, 0, false) {
		if err != nil {
			return err
		}
		if p.Gone() || len(p.FixedIn) == 0 || !policy.Under(tx, p.Module, i.Module) || store.CasesByProblem.ID(tx, p.ID) == 0 {
			continue
		}
		if err := begin(tx, p.ID, 0); err != nil {
			return err
		}
	}
	return nil
}

// mostBack is how many cases come back before the problem is possibly not fixed.
const mostBack = 3

// cameBack writes down that somebody of the requester's side said of a ticket that it is not solved by what mends its problem.
func (ps *Problems) cameBack(tx *db.Tx, c *db.Change) error {
	t, err := store.Tickets.Glance(tx, c.Ticket)
	if err != nil {
		return fault.IgnoreNotFound(err)
	}
	if by, err := store.People.Peek(tx, c.By); fault.IgnoreNotFound(err) != nil {
		return err
	} else if err == nil && by.InGroup(t.Group) && !t.OnSide(by.ID) {
		return nil
	}
	cases, err := store.CasesByTicket.Find(tx, t.ID)
	if err != nil {
		return err
	}
	for _, row := range cases {
		if row.Solved.IsZero() {
			continue
		}
		row.Back, row.Backs, row.Solved = c.At, row.Backs+1, time.Time{}
		if err := store.Cases.Put(tx, row); err != nil {
			return err
		}
		if err := doubt(tx, row.Problem); err != nil {
			return err
		}
	}
	return nil
}

// doubt marks the problem as possibly not fixed once so many of its cases came back from the version that is to mend it.
func doubt(tx *db.Tx, problem uint64) error {
	p, err := store.Problems.Get(tx, problem)
	if err != nil {
		return fault.IgnoreNotFound(err)
	}
	n := 0
	for c, err := range store.CasesBack.PeekRows(tx, db.Span{Prefix: key.Of(problem)}) {
		if err != nil {
			return err
		}
		secret, err := hidden(tx, p.Group, c.Ticket)
		if err != nil {
			return err
		}
		if !c.Back.IsZero() && !secret {
			n++
		}
	}
	if n < mostBack || p.Gone() || !p.Doubtful.IsZero() {
		return nil
	}
	p.Doubtful = tx.Now()
	tx.Act(act.DoubtProblem)
	err = store.Problems.Put(tx, p)
	tx.Act(act.FollowCase)
	return err
}
