package problem

import (
	"cmp"
	"slices"
	"time"

	"sportello/app/desk/policy"
	"sportello/store"
	"sportello/store/db"
	"sportello/store/key"
)

// mostNews is how many known problems a feed has.
const mostNews = 50

// Item is a known problem of a feed, as somebody outside of the desk may read it, and when there was last something new of it.
type Item struct {
	*View
	Fresh time.Time
}

// Feed returns the known problems that concern the reader at this moment, those with the latest news first: of modules that they
// follow or look after, of those that run at an organisation of theirs, and those that they met. What is for agents alone or
// confidential is in no feed, whoever reads it: its address lies in programs of others.
func (ps *Problems) Feed(reader *store.Person) ([]Item, error) {
	var out []Item
	err := ps.st.View(func(tx *db.Tx) error {
		out = nil
		a := policy.Actor{Person: reader}
		modules, err := concerned(tx, reader)
		if err != nil {
			return err
		}
		list, err := ps.reachable(tx, a, Filter{})
		if err != nil {
			return err
		}
		for _, p := range list {
			if p.Audience == store.Agents || policy.FactsOfProblem(tx, p).Confidential() {
				continue
			}
			mine := reader.InGroup(p.Group) || slices.ContainsFunc(modules, func(m uint64) bool { return policy.Under(tx, p.Module, m) })
			if !mine {
				if mine, err = met(tx, reader, p.ID); err != nil {
					return err
				}
			}
			if mine {
				out = append(out, Item{&View{Problem: p}, fresh(p, tx.Now())})
			}
		}
		slices.SortStableFunc(out, func(x, y Item) int { return cmp.Or(y.Fresh.Compare(x.Fresh), cmp.Compare(y.ID, x.ID)) })
		out = out[:min(len(out), mostNews)]
		for i := range out {
			whole, err := store.Problems.Get(tx, out[i].ID)
			if err != nil {
				return err
			}
			if out[i].View, err = ps.view(tx, a, whole); err != nil {
				return err
			}
		}
		return nil
	})
	return out, err
}

// concerned returns the modules that the reader follows, and those that run where they work.
func concerned(tx *db.Tx, reader *store.Person) ([]uint64, error) {
	var out []uint64
	for f, err := range store.FollowingsByPerson.PeekRows(tx, db.Span{Prefix: key.Of(reader.ID)}) {
		if err != nil {
			return nil, err
		}
		out = append(out, f.Module)
	}
	for _, h := range reader.Hats(tx.Now()) {
		for i, err := range store.InstallationsByPlace.PeekRows(tx, db.Span{Prefix: key.Of(h.Organisation)}) {
			if err != nil {
				return nil, err
			}
			if i.Unit == 0 || h.Unit == 0 || i.Unit == h.Unit {
				out = append(out, i.Module)
			}
		}
	}
	return out, nil
}

// met reports whether the reader said that they met the problem, or has a ticket of it.
func met(tx *db.Tx, reader *store.Person, problem uint64) (bool, error) {
	if store.CasesByProblem.Has(tx, problem, uint64(0), reader.ID) {
		return true, nil
	}
	for c, err := range store.CasesByProblem.PeekRows(tx, db.Span{Prefix: key.Of(problem)}) {
		if err != nil {
			return false, err
		}
		if t, err := store.Tickets.Glance(tx, c.Ticket); err == nil && !t.IsSpam() && t.OnSide(reader.ID) {
			return true, nil
		}
	}
	return false, nil
}

// fresh returns when there was last something new of the problem for its readers: a better word is nothing new.
func fresh(p *store.Problem, now time.Time) time.Time {
	out := p.Created
	add := func(t time.Time) {
		if t.After(out) && !t.After(now) {
			out = t
		}
	}
	for _, m := range p.Moves {
		add(m.At)
	}
	for _, t := range []time.Time{p.WayAt, p.Outage.From, p.Outage.NewsAt, p.Outage.Ended} {
		add(t)
	}
	return out
}
