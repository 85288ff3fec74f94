package queue

import (
	"iter"
	"slices"
	"time"

	"sportello/app/desk/policy"
	"sportello/store"
	"sportello/store/db"
	"sportello/store/key"
)

// TicketFilter is the query of the API's list. Zero values do not filter.
type TicketFilter struct {
	States       []store.State
	Group        uint64
	Module       uint64
	Requester    uint64
	UpdatedSince time.Time
	Limit        int // 1 to 200, 50 when 0
	After        uint64
}

// TicketList is the answer to a TicketFilter, with the highest numbers first. Exact says whether Total is the true
// number or only a lower bound; Next goes into After and is 0 on the last page.
type TicketList struct {
	Total   int
	Exact   bool
	Next    uint64
	Tickets []*store.Ticket
}

// maxTotalled limits how many tickets are examined to count a list; beyond it Total is a lower bound.
const maxTotalled = 2000

// maxGathered limits how many candidates of an index the API's list sorts by number.
const maxGathered = 20000

// List returns the tickets the actor may see, highest number first, without the fields that the table keeps apart
// (db.Table.Glance).
func (qs *Queues) List(a policy.Actor, f TicketFilter) (TicketList, error) {
	out := TicketList{Exact: true}
	if !a.SignedIn() {
		return out, policy.Denied(a)
	}
	if f.Limit <= 0 {
		f.Limit = 50
	}
	f.Limit = min(f.Limit, 200)
	err := qs.st.View(func(tx *db.Tx) error {
		out = TicketList{Exact: true}
		see := qs.sight(tx, a)
		shown := func(t *store.Ticket) bool {
			if t.IsSpam() || !f.fits(tx, t) || !see(t) {
				return false
			}
			if f.UpdatedSince.IsZero() {
				return true
			}
			updated := t.PublicUpdated // the requester's side has its own time of change
			if qs.rights.OnAgentsSide(tx, a, t) {
				updated = t.Updated
			}
			return !updated.Before(f.UpdatedSince)
		}
		if err := qs.total(tx, a, f, shown, &out); err != nil || f.After == 0 {
			return err
		}
		out.Tickets, out.Next = nil, 0
		looked := 0
		for t, err := range qs.candidates(tx, a, f) {
			if err != nil {
				return err
			}
			if looked++; looked > maxLooked {
				out.Next = t.ID + 1 // the next page continues here
				return nil
			}
			if shown(t) && !out.take(t, f.Limit) {
				return nil
			}
		}
		return nil
	})
	return out, err
}

// total counts the list from its beginning, so that the total is the same on each page, and fills the first page.
func (qs *Queues) total(tx *db.Tx, a policy.Actor, f TicketFilter, shown func(*store.Ticket) bool, out *TicketList) error {
	f.After = 0
	looked, full := 0, false
	for t, err := range qs.candidates(tx, a, f) {
		if err != nil {
			return err
		}
		if looked++; looked > maxTotalled {
			out.Exact = false
		}
		if !out.Exact && full {
			return nil
		}
		if looked > maxLooked {
			out.Next = t.ID + 1 // the next page continues here
			return nil
		}
		if !shown(t) {
			continue
		}
		if out.Exact {
			out.Total++
		}
		full = full || !out.take(t, f.Limit)
	}
	return nil
}

// take adds the ticket to the page; when that is full, it notes where the next one continues and returns false.
func (l *TicketList) take(t *store.Ticket, limit int) bool {
	if len(l.Tickets) == limit {
		l.Next = l.Tickets[limit-1].ID
		return false
	}
	l.Tickets = append(l.Tickets, t)
	return true
}

func (f TicketFilter) fits(tx *db.Tx, t *store.Ticket) bool {
	return (len(f.States) == 0 || slices.Contains(f.States, t.State)) && (f.Group == 0 || t.Group == f.Group) &&
		(f.Module == 0 || policy.Under(tx, t.Module, f.Module)) && (f.Requester == 0 || t.Requester == f.Requester)
}

// candidates returns tickets by descending number, below After: from the narrowest index that the filter allows, else
// all.
func (qs *Queues) candidates(tx *db.Tx, a policy.Actor, f TicketFilter) iter.Seq2[*store.Ticket, error] {
	var ids []uint64
	gather := func(index *db.Index[store.Ticket], spans ...db.Span) bool {
		for _, s := range spans {
			for e := range index.Entries(tx, s) {
				if ids = append(ids, e.ID); len(ids) > maxGathered {
					ids = nil
					return false
				}
			}
		}
		return true
	}
	active := len(f.States) > 0 && !slices.ContainsFunc(f.States, func(s store.State) bool { return !s.Active() })
	var byState []db.Span
	for _, s := range f.States {
		byState = append(byState, db.Span{Prefix: key.Of(s)})
	}
	ok := false
	switch {
	case f.Requester != 0:
		ok = gather(store.TicketsBySide, db.Span{Prefix: key.Of(f.Requester)})
	case !a.IsAgent() && !a.IsAdministrator():
		spans := []db.Span{{Prefix: key.Of(a.ID())}}
		ok = gather(store.TicketsBySide, spans...)
		reach, err := policy.ReachOf(tx, a)
		if err != nil {
			return func(yield func(*store.Ticket, error) bool) { yield(nil, err) }
		}
		ok = ok && gather(store.TicketsByHat, reach.Spans()...)
	case active:
		ok = gather(store.TicketsByState, byState...)
	case !f.UpdatedSince.IsZero():
		ok = gather(store.TicketsByUpdate, db.Span{Low: key.Of(f.UpdatedSince)})
	}
	if !ok {
		from := uint64(0)
		if f.After > 0 {
			from = f.After - 1
			if from == 0 {
				return func(func(*store.Ticket, error) bool) {}
			}
		}
		return store.Tickets.GlanceAll(tx, from, true)
	}
	slices.SortFunc(ids, func(x, y uint64) int {
		switch {
		case x > y:
			return -1
		case x < y:
			return 1
		}
		return 0
	})
	ids = slices.Compact(ids)
	return func(yield func(*store.Ticket, error) bool) {
		for _, id := range ids {
			if f.After != 0 && id >= f.After {
				continue
			}
			t, err := store.Tickets.Glance(tx, id)
			if !yield(t, err) || err != nil {
				return
			}
		}
	}
}
