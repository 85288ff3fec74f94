package queue

import (
	"bytes"
	"encoding/hex"
	"slices"

	"sportello/app/desk/policy"
	"sportello/store"
	"sportello/store/db"
	"sportello/store/fault"
	"sportello/store/key"
)

// The views of an agent's queue.
const (
	ViewMine       = "mine"
	ViewGroup      = "group"
	ViewUnassigned = "unassigned"
	ViewWaiting    = "waiting"
	ViewBeside     = "beside" // tickets with mail kept beside them for an agent to judge
	ViewAll        = "all"
	ViewResolved   = "resolved"
	ViewClosed     = "closed"
	ViewSpam       = "spam"
)

// Views lists the views in the order of the side bar.
var Views = []string{ViewMine, ViewGroup, ViewUnassigned, ViewWaiting, ViewBeside, ViewAll, ViewResolved, ViewClosed, ViewSpam}

// Query selects a part of a view, and the order of its tickets.
type Query struct {
	View     string
	Group    uint64
	Module   uint64 // this level or one below it
	State    store.State
	Kind     store.TicketKind
	Priority int
	Assignee uint64
	Overdue  bool
	Sort     string // one of Sorts; empty for the order of urgency
	Desc     bool   // the other way round; of Sort alone
	After    string // Page.Next of the previous page
	Limit    int    // 50 when 0, at most 200
}

// filtered reports whether the query leaves out some of its view.
func (q Query) filtered() bool {
	return q.Group != 0 || q.Module != 0 || q.State != store.StateNone || q.Kind != store.KindNone || q.Priority != 0 || q.Assignee != 0 || q.Overdue
}

// Page is one page of a list of tickets.
type Page struct {
	Tickets []*store.Ticket
	People  map[uint64]*store.Person
	Modules map[uint64]*store.Module
	Groups  map[uint64]*store.Group
	Next    string // for After; empty on the last page
	Count   int    // number of tickets on all pages
	More    bool   // there are more than Count
	Cut     bool   // the filters examined many rows without filling the page; Next continues there
	Sorted  bool   // the order is that of the most urgent maxLooked alone: there are others
}

func newPage() Page {
	return Page{People: map[uint64]*store.Person{}, Modules: map[uint64]*store.Module{}, Groups: map[uint64]*store.Group{}}
}

// Bounds of one page: how many rows it looks at when filters drop most of them, how many it counts where the index
// tells all.
const (
	maxLooked  = 5000
	maxCounted = 20000
)

// MaxSorted is how many tickets, the most urgent of a queue, an order sorts that no index has.
const MaxSorted = maxLooked

// Queue returns a page of the agent's view. It returns a Denied error to everybody but agents and administrators.
func (qs *Queues) Queue(a policy.Actor, q Query) (Page, error) {
	page := newPage()
	if !a.IsAgent() && !a.IsAdministrator() {
		return page, policy.Denied(a)
	}
	err := qs.st.View(func(tx *db.Tx) error {
		legs := qs.legs(tx, a, q)
		see := qs.sight(tx, a)
		fits := func(t *store.Ticket) bool { return see(t) && q.fits(tx, t) }
		if !q.indexed() {
			return qs.sorted(tx, a, &page, q, legs, fits)
		}
		var err error
		if page.Count, page.More, err = qs.count(tx, a, q, legs, fits); err != nil {
			return err
		}
		return page.collect(tx, legs, q.Limit, q.After, fits)
	})
	return page, err
}

// count returns how many tickets the query has, or at least has: by counters where they tell, else by looking.
func (qs *Queues) count(tx *db.Tx, a policy.Actor, q Query, legs []leg, fits func(*store.Ticket) bool) (n int, more bool, err error) {
	if countersTell(tx, a, q) {
		n, err = qs.queueCount(tx, a, q.View)
		return n, q.View == ViewSpam && n > mostSpam, err
	}
	told, looked := qs.toldByIndex(tx, a, q), 0
	for _, l := range legs {
		for e := range l.walk(tx, nil, false) {
			if looked++; told && looked > maxCounted || !told && looked > maxLooked {
				return n, true, nil
			}
			if told {
				n++
				continue
			}
			t, err := store.Tickets.Glance(tx, e.ID)
			if err != nil {
				return 0, false, err
			}
			if fits(t) {
				n++
			}
		}
	}
	return n, false, nil
}

// countersTell reports whether the counters of the view are what the actor may see of it, for every ticket that they may
// not see is in a group of its own.
func countersTell(tx *db.Tx, a policy.Actor, q Query) bool {
	if q.filtered() {
		return false
	}
	own := func(group uint64) bool { return a.Person != nil && a.Person.InGroup(group) }
	if q.View == ViewMine {
		for g, err := range store.Groups.PeekAll(tx, 0, false) {
			if err != nil || g.Confidential && !own(g.ID) {
				return false
			}
		}
	}
	if q.View != ViewMine && q.View != ViewAll && a.Person != nil && len(a.Person.Groups) > 0 {
		return true
	}
	for m, err := range store.Modules.PeekAll(tx, 0, false) {
		if err != nil || m.Confidential {
			return false
		}
	}
	return true
}

// toldByIndex reports whether the legs of the query have what fits and nothing else, all of it the actor's to see.
func (qs *Queues) toldByIndex(tx *db.Tx, a policy.Actor, q Query) bool {
	switch q.View {
	case ViewMine, ViewAll, ViewBeside, ViewSpam:
		return false
	}
	own := a.Person != nil && len(a.Person.Groups) > 0
	return own && q.Module == 0 && q.Kind == store.KindNone && q.Assignee == 0 && !(q.Overdue && (q.Sort != "" || q.finished())) &&
		(q.State == store.StateNone || slices.Contains(qs.scope(tx, a, q).states, q.State))
}

// sorted fills the page in an order that no index has.
func (qs *Queues) sorted(tx *db.Tx, a policy.Actor, page *Page, q Query, legs []leg, fits func(*store.Ticket) bool) error {
	all, more, err := q.gather(tx, legs, a.Lang(), fits)
	if err != nil {
		return err
	}
	page.Count, page.More, page.Sorted = len(all), more, more
	if more && countersTell(tx, a, q) {
		page.More = false
		if page.Count, err = qs.queueCount(tx, a, q.View); err != nil {
			return err
		}
	}
	limit := pageLimit(q.Limit)
	after, _ := hex.DecodeString(q.After)
	for i, g := range all {
		if c := bytes.Compare(g.key, after); len(after) > 0 && (c == 0 || c < 0 != q.Desc) {
			continue
		}
		if len(page.Tickets) == limit {
			page.Next = hex.EncodeToString(all[i-1].key)
			return nil
		}
		page.Tickets = append(page.Tickets, g.row)
		page.name(tx, g.row)
	}
	return nil
}

func pageLimit(n int) int {
	if n <= 0 {
		n = 50
	}
	return min(n, 200)
}

// finished reports whether the view shows finished tickets, which are sorted by date, the latest first.
func (q Query) finished() bool {
	return q.View == ViewResolved || q.View == ViewClosed || q.View == ViewSpam
}

func (q Query) fits(tx *db.Tx, t *store.Ticket) bool {
	return (q.Module == 0 || policy.Under(tx, t.Module, q.Module)) && (q.Kind == store.KindNone || t.Kind == q.Kind) &&
		(q.Priority == 0 || t.Priority == q.Priority) && (q.Assignee == 0 || t.Assignee == q.Assignee) &&
		(q.Group == 0 || t.Group == q.Group) && (q.State == store.StateNone || t.State == q.State) && (!q.Overdue || t.Overdue(tx.Now()))
}

// collect fills the page with what fits of the legs.
func (p *Page) collect(tx *db.Tx, legs []leg, limit int, after string, fits func(*store.Ticket) bool) error {
	limit = pageLimit(limit)
	from, _ := standingOf(after)
	last, looked := from, 0
	rest := from.rest
	for i := from.leg; i < len(legs); i++ {
		for e := range legs[i].walk(tx, rest, false) {
			if len(p.Tickets) == limit || looked == maxLooked {
				p.Next, p.Cut = last.String(), len(p.Tickets) < limit
				return nil
			}
			looked++
			last = standing{i, e.Rest}
			t, err := store.Tickets.Glance(tx, e.ID)
			if err != nil {
				return err
			}
			if fits(t) {
				p.Tickets = append(p.Tickets, t)
				p.name(tx, t)
			}
		}
		rest = nil
	}
	return nil
}

// sight returns a function that reports whether the actor may see a ticket. For lists, it remembers which groups and
// modules are confidential.
func (qs *Queues) sight(tx *db.Tx, a policy.Actor) func(*store.Ticket) bool {
	secret := map[[2]uint64]bool{}
	return func(t *store.Ticket) bool {
		key := [2]uint64{t.Group, t.Module}
		c, ok := secret[key]
		if !ok {
			c = policy.Confidential(tx, t.Group, t.Module)
			secret[key] = c
		}
		return qs.rights.Shows(tx, a, t, c) && (!t.IsSpam() || qs.rights.Standing(tx, a, t, c).Allows(policy.Arrange))
	}
}

// name looks up the names in a line of the list.
func (p *Page) name(tx *db.Tx, t *store.Ticket) {
	for _, id := range []uint64{t.Requester, t.Assignee} {
		if id != 0 && p.People[id] == nil {
			if person, err := store.People.Peek(tx, id); err == nil {
				p.People[id] = person
			}
		}
	}
	if t.Module != 0 && p.Modules[t.Module] == nil {
		if m, err := store.Modules.Peek(tx, t.Module); err == nil {
			p.Modules[t.Module] = m
		}
	}
	if p.Groups[t.Group] == nil {
		if g, err := store.Groups.Peek(tx, t.Group); err == nil {
			p.Groups[t.Group] = g
		}
	}
}

// Counts are the numbers beside the views.
type Counts map[string]int

// Counts returns the number of tickets in each view of the agent that they may see.
func (qs *Queues) Counts(a policy.Actor) (Counts, error) {
	out := Counts{}
	if !a.IsAgent() && !a.IsAdministrator() {
		return out, nil
	}
	err := qs.st.View(func(tx *db.Tx) error {
		secret, err := secretModules(tx)
		if err != nil {
			return err
		}
		for _, v := range Views {
			if out[v], err = qs.countOf(tx, a, v, secret); err != nil {
				return err
			}
		}
		return nil
	})
	return out, err
}

// farthest bounds how many tickets that do not fit Neighbours walks past, each way.
const farthest = 2000

// Neighbours returns the numbers of the tickets before and after the given one in the actor's view, 0 at the ends. One
// that is no more in the view, for it was taken or answered, has those that it would stand between.
func (qs *Queues) Neighbours(a policy.Actor, q Query, number uint64) (before, next uint64, err error) {
	if !a.IsAgent() && !a.IsAdministrator() {
		return 0, 0, policy.Denied(a)
	}
	err = qs.st.View(func(tx *db.Tx) error {
		before, next = 0, 0
		t, err := store.Tickets.Glance(tx, number)
		if fault.KindOf(err) == fault.NotFound && err != nil {
			return nil
		}
		if err != nil {
			return err
		}
		see := qs.sight(tx, a)
		fits := func(t *store.Ticket) bool { return t.ID != number && see(t) && q.fits(tx, t) }
		legs := qs.legs(tx, a, q)
		if !see(t) {
			return nil
		}
		if !q.indexed() {
			all, _, err := q.gather(tx, legs, a.Lang(), fits)
			if err != nil {
				return err
			}
			key := q.keys(tx, a.Lang())(t)
			for _, g := range all {
				if bytes.Compare(g.key, key) < 0 != q.Desc {
					before = g.row.ID
					continue
				}
				next = g.row.ID
				return nil
			}
			return nil
		}
		at, ok := q.stands(legs, qs.scope(tx, a, q), t)
		if !ok {
			return nil
		}
		for back, to := range map[bool]*uint64{true: &before, false: &next} {
			for id := range walk(tx, legs, at, back, farthest) {
				t, err := store.Tickets.Glance(tx, id)
				if err != nil {
					return err
				}
				if fits(t) {
					*to = id
					break
				}
			}
		}
		return nil
	})
	return before, next, err
}

// SideQuery selects tickets of the requester's side, last changed first.
type SideQuery struct {
	Of     string // "" for the actor's own and those they participate in, "organisation" for those of others that are shared with them
	State  string // "" for all, "open" for all not closed, or the code of a state
	Kind   store.TicketKind
	Module uint64
	After  string
	Limit  int
}

// SideTickets returns the tickets for which the actor is on the requester's side.
func (qs *Queues) SideTickets(a policy.Actor, q SideQuery) (Page, error) {
	page := newPage()
	if !a.SignedIn() {
		return page, policy.Denied(a)
	}
	err := qs.st.View(func(tx *db.Tx) error {
		l := leg{index: store.TicketsBySide, spans: []db.Span{{Prefix: key.Of(a.ID()), Desc: true}}}
		if q.Of == "organisation" {
			reach, err := policy.ReachOf(tx, a)
			if err != nil {
				return err
			}
			l = leg{index: store.TicketsByHat, spans: reach.Spans()}
		} else {
			for s := store.StateNew; s <= store.StateClosed; s++ {
				page.Count += store.Tickets.Count(tx, store.CountSide, a.ID(), s)
			}
		}
		see := qs.sight(tx, a)
		return page.collect(tx, []leg{l}, q.Limit, q.After, func(t *store.Ticket) bool {
			switch {
			case !see(t), q.State == "open" && t.State == store.StateClosed, q.Kind != store.KindNone && t.Kind != q.Kind,
				q.Module != 0 && !policy.Under(tx, t.Module, q.Module):
				return false
			case q.State == "" || q.State == "open":
				return true
			}
			return t.State.String() == q.State
		})
	})
	return page, err
}

// Shared reports whether tickets of others are shared with the actor, or would be if there were any.
func (qs *Queues) Shared(a policy.Actor) (bool, error) {
	var none bool
	err := qs.st.View(func(tx *db.Tx) error {
		reach, err := policy.ReachOf(tx, a)
		none = reach.None()
		return err
	})
	return !none, err
}

// OpenCount returns how many tickets of the actor's own side are not closed.
func (qs *Queues) OpenCount(a policy.Actor) (int, error) {
	n := 0
	err := qs.st.View(func(tx *db.Tx) error {
		for s := store.StateNew; s < store.StateClosed; s++ {
			n += store.Tickets.Count(tx, store.CountSide, a.ID(), s)
		}
		return nil
	})
	return n, err
}

// OpenTickets returns up to limit tickets of the person's side that are not closed and that the actor may see, newest
// first. It returns none to actors who may not open a ticket in the person's name.
func (qs *Queues) OpenTickets(a policy.Actor, person uint64, limit int) ([]*store.Ticket, error) {
	var out []*store.Ticket
	err := qs.st.View(func(tx *db.Tx) error {
		p, err := store.People.Get(tx, person)
		if fault.KindOf(err) == fault.NotFound || err == nil && !policy.MayOpenFor(a, p, tx.Now()) {
			return nil
		}
		if err != nil {
			return err
		}
		see := qs.sight(tx, a)
		looked := 0
		for o, err := range store.TicketsBySide.GlanceRows(tx, db.Span{Prefix: key.Of(person), Desc: true}) {
			if err != nil {
				return err
			}
			if looked++; looked > 200 || len(out) == limit {
				break
			}
			if o.State != store.StateClosed && see(o) {
				out = append(out, o)
			}
		}
		return nil
	})
	return out, err
}

// RequesterTickets returns up to limit other tickets of a ticket's requester that the actor may see, newest first. It
// returns none to people who may not see the history.
func (qs *Queues) RequesterTickets(a policy.Actor, number uint64, limit int) ([]*store.Ticket, error) {
	var out []*store.Ticket
	err := qs.st.View(func(tx *db.Tx) error {
		t, err := store.Tickets.Glance(tx, number)
		if err != nil {
			return err
		}
		if err := qs.rights.May(tx, a, policy.SeeHistory, t); err != nil {
			return nil
		}
		see := qs.sight(tx, a)
		looked := 0
		for o, err := range store.TicketsBySide.GlanceRows(tx, db.Span{Prefix: key.Of(t.Requester), Desc: true}) {
			if err != nil {
				return err
			}
			if looked++; looked > 200 || len(out) == limit {
				break
			}
			if o.ID != t.ID && see(o) {
				out = append(out, o)
			}
		}
		return nil
	})
	return out, err
}
