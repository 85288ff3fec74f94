package queue

import (
	"slices"

	"sportello/app/desk/policy"
	"sportello/store"
	"sportello/store/db"
	"sportello/store/key"
)

// mostSpam is how far spam is counted.
const mostSpam = 99

// queueCount returns how many tickets of the view the actor may see: by counters, less what a confidential module hides in
// a group that is open.
func (qs *Queues) queueCount(tx *db.Tx, a policy.Actor, view string) (int, error) {
	secret, err := secretModules(tx)
	if err != nil {
		return 0, err
	}
	return qs.countOf(tx, a, view, secret)
}

// countOf is queueCount for somebody who knows which modules are confidential.
func (qs *Queues) countOf(tx *db.Tx, a policy.Actor, view string, secret []uint64) (int, error) {
	states, count := store.ActiveStates, store.CountGroup
	switch view {
	case ViewMine:
		return qs.mineCount(tx, a)
	case ViewAll:
		return qs.allCount(tx, a, secret)
	case ViewBeside:
		return qs.lying(tx, a, store.TicketsBeside, func(g uint64) int { return store.Tickets.Count(tx, store.CountBeside, g) })
	case ViewSpam:
		return qs.lying(tx, a, store.TicketsBySpam, nil)
	case ViewUnassigned:
		count = store.CountUnassigned
	case ViewWaiting:
		states = []store.State{store.StateWaiting}
	case ViewResolved:
		states = []store.State{store.StateResolved}
	case ViewClosed:
		states = []store.State{store.StateClosed}
	}
	n, own := 0, qs.rights.OwnGroups(tx, a)
	for _, g := range own {
		for _, s := range states {
			n += store.Tickets.Count(tx, count, g, s)
		}
	}
	hidden, err := hidden(tx, a, secret, states, func(t *store.Ticket) bool {
		return slices.Contains(own, t.Group) && (view != ViewUnassigned || t.Assignee == 0)
	})
	return n - hidden, err
}

// lying counts the tickets of the actor's groups in the index: by the counter of each group if they are its member, else
// looking at each. Without a counter it counts as far as mostSpam.
func (qs *Queues) lying(tx *db.Tx, a policy.Actor, index *db.Index[store.Ticket], counter func(group uint64) int) (int, error) {
	n, see := 0, qs.sight(tx, a)
	for _, g := range qs.rights.OwnGroups(tx, a) {
		if counter != nil && (counter(g) == 0 || a.Person != nil && a.Person.InGroup(g)) {
			n += counter(g)
			continue
		}
		for t, err := range index.GlanceRows(tx, db.Span{Prefix: key.Of(g)}) {
			if err != nil {
				return 0, err
			}
			if see(t) {
				n++
			}
			if counter == nil && n > mostSpam {
				return n, nil
			}
		}
	}
	return n, nil
}

// mineCount counts what is assigned to the actor: by counters where nothing is confidential, else looking at each, for
// nobody is assigned more than they can work.
func (qs *Queues) mineCount(tx *db.Tx, a policy.Actor) (int, error) {
	n, told := 0, countersTell(tx, a, Query{View: ViewMine})
	see := qs.sight(tx, a)
	for _, s := range store.ActiveStates {
		if told {
			n += store.Tickets.Count(tx, store.CountAssignee, a.ID(), s)
			continue
		}
		for t, err := range store.TicketsByAssignee.GlanceRows(tx, db.Span{Prefix: key.Of(a.ID(), s)}) {
			if err != nil {
				return 0, err
			}
			if see(t) {
				n++
			}
		}
	}
	return n, nil
}

// allCount counts the active tickets of every group.
func (qs *Queues) allCount(tx *db.Tx, a policy.Actor, secret []uint64) (int, error) {
	n := 0
	for _, s := range store.ActiveStates {
		n += store.Tickets.Count(tx, store.CountState, s)
	}
	closed := map[uint64]bool{}
	for g, err := range store.Groups.PeekAll(tx, 0, false) {
		if err != nil {
			return 0, err
		}
		if !g.Confidential || a.Person != nil && a.Person.InGroup(g.ID) {
			continue
		}
		closed[g.ID] = true
		for _, s := range store.ActiveStates {
			n -= store.Tickets.Count(tx, store.CountGroup, g.ID, s)
		}
	}
	hidden, err := hidden(tx, a, secret, store.ActiveStates, func(t *store.Ticket) bool { return !closed[t.Group] })
	return n - hidden, err
}

// secretModules returns the modules that are confidential, themselves or by a level above. Usually there are none.
func secretModules(tx *db.Tx) ([]uint64, error) {
	var all, out []uint64
	some := false
	for m, err := range store.Modules.PeekAll(tx, 0, false) {
		if err != nil {
			return nil, err
		}
		all, some = append(all, m.ID), some || m.Confidential
	}
	for _, m := range all {
		if some && policy.Confidential(tx, 0, m) {
			out = append(out, m)
		}
	}
	return out, nil
}

// hidden returns how many tickets in the states that fit are hidden from the actor by one of the modules, because they are
// not of the ticket's group. Where those have no tickets it looks at none.
func hidden(tx *db.Tx, a policy.Actor, modules []uint64, states []store.State, fits func(*store.Ticket) bool) (int, error) {
	secret := map[uint64]bool{}
	for _, m := range modules {
		if slices.ContainsFunc(states, func(s store.State) bool { return store.Tickets.Count(tx, store.CountModule, m, s) > 0 }) {
			secret[m] = true
		}
	}
	n := 0
	tally := func(t *store.Ticket) {
		if secret[t.Module] && slices.Contains(states, t.State) && (a.Person == nil || !a.Person.InGroup(t.Group)) && fits(t) {
			n++
		}
	}
	index, spans := store.TicketsByState, []db.Span(nil)
	if slices.ContainsFunc(states, func(s store.State) bool { return !s.Active() }) {
		index = store.TicketsByModule
		for m := range secret {
			spans = append(spans, db.Span{Prefix: key.Of(m)})
		}
	} else if len(secret) > 0 {
		for _, s := range states {
			spans = append(spans, db.Span{Prefix: key.Of(s)})
		}
	}
	for _, span := range spans {
		for t, err := range index.GlanceRows(tx, span) {
			if err != nil {
				return 0, err
			}
			tally(t)
		}
	}
	return n, nil
}
