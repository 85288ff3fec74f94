package queue

import (
	"encoding/hex"
	"slices"

	"sportello/app/desk/policy"
	"sportello/store"
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

// Query selects a part of a view, sorted by due date.
type Query struct {
	View     string
	Group    uint64
	Module   uint64 // this level or one below it
	State    store.State
	Kind     store.TicketKind
	Priority int
	Assignee uint64
	Overdue  bool
	After    string // Page.Next of the previous page
	Limit    int    // 50 when 0, at most 200
}

// Page is one page of a list of tickets.
type Page struct {
	Tickets []*store.Ticket
	People  map[uint64]*store.Person
	Modules map[uint64]*store.Module
	Groups  map[uint64]*store.Group
	Next    string // for After; empty on the last page
	Count   int    // number of tickets in the view without the filters
	Cut     bool   // the filters examined many rows without filling the page; Next continues there
}

// maxLooked limits how many rows one page examines when filters exclude most of them.
const maxLooked = 5000

// Queue returns a page of the agent's view. It returns a Denied error to everybody but agents and administrators.
func (qs *Queues) Queue(a policy.Actor, q Query) (Page, error) {
	page := Page{People: map[uint64]*store.Person{}, Modules: map[uint64]*store.Module{}, Groups: map[uint64]*store.Group{}}
	if !a.IsAgent() && !a.IsAdministrator() {
		return page, policy.Denied(a)
	}
	err := qs.st.View(func(tx *store.Tx) error {
		index, prefixes := qs.queueSpans(tx, a, q)
		page.Count = qs.queueCount(tx, a, q.View)
		return qs.collect(tx, a, &page, index, prefixes, q.Limit, q.After, q.finished(), func(t *store.Ticket) bool { return q.fits(tx, t) })
	})
	return page, err
}

// finished reports whether the view shows finished tickets, which are sorted by date, the latest first.
func (q Query) finished() bool {
	return q.View == ViewResolved || q.View == ViewClosed || q.View == ViewSpam
}

// queueSpans returns the index and its prefixes for the view, or only those of the chosen state.
func (qs *Queues) queueSpans(tx *store.Tx, a policy.Actor, q Query) (*store.Index[store.Ticket], [][]byte) {
	states := store.ActiveStates
	switch q.View {
	case ViewWaiting:
		states = []store.State{store.StateWaiting}
	case ViewResolved:
		states = []store.State{store.StateResolved}
	case ViewClosed:
		states = []store.State{store.StateClosed}
	}
	if q.State != store.StateNone && q.View != ViewSpam && (q.View == ViewAll || slices.Contains(states, q.State)) {
		states = []store.State{q.State}
	}
	groups := qs.rights.OwnGroups(tx, a)
	if q.Group != 0 {
		if q.View == ViewAll || slices.Contains(groups, q.Group) {
			groups = []uint64{q.Group}
		} else {
			groups = nil
		}
	}
	var prefixes [][]byte
	switch q.View {
	case ViewMine:
		for _, s := range states {
			prefixes = append(prefixes, store.Key(a.ID(), s))
		}
		return store.TicketsByAssignee, prefixes
	case ViewAll:
		if q.Group == 0 {
			for _, s := range states {
				prefixes = append(prefixes, store.Key(s))
			}
			return store.TicketsByState, prefixes
		}
	case ViewSpam, ViewBeside:
		for _, g := range groups {
			prefixes = append(prefixes, store.Key(g))
		}
		if q.View == ViewBeside {
			return store.TicketsBeside, prefixes
		}
		return store.TicketsBySpam, prefixes
	}
	for _, g := range groups {
		for _, s := range states {
			prefixes = append(prefixes, store.Key(g, s))
		}
	}
	if q.View == ViewUnassigned {
		return store.TicketsUnassigned, prefixes
	}
	return store.TicketsByGroup, prefixes
}

func (q Query) fits(tx *store.Tx, t *store.Ticket) bool {
	return (q.Module == 0 || policy.Under(tx, t.Module, q.Module)) && (q.Kind == store.KindNone || t.Kind == q.Kind) &&
		(q.Priority == 0 || t.Priority == q.Priority) && (q.Assignee == 0 || t.Assignee == q.Assignee) &&
		(q.Group == 0 || t.Group == q.Group) && (q.State == store.StateNone || t.State == q.State) && (!q.Overdue || t.Overdue(tx.Now()))
}

// collect fills the page from the merged spans with tickets that match and that the actor may see.
func (qs *Queues) collect(tx *store.Tx, a policy.Actor, page *Page, index *store.Index[store.Ticket], prefixes [][]byte, limit int, after string, desc bool, fits func(*store.Ticket) bool) error {
	if limit <= 0 {
		limit = 50
	}
	limit = min(limit, 200)
	resume, _ := hex.DecodeString(after)
	spans := make([]store.Span, len(prefixes))
	for i, p := range prefixes {
		spans[i] = store.Span{Prefix: p, Desc: desc}
		if len(resume) > 0 && desc {
			spans[i].High = resume
		} else if len(resume) > 0 {
			spans[i].Low = append(slices.Clone(resume), 0)
		}
	}
	see := qs.sight(tx, a)
	var last []byte
	looked := 0
	for e := range index.MergeEntries(tx, spans) {
		if len(page.Tickets) == limit || looked == maxLooked {
			page.Next, page.Cut = hex.EncodeToString(last), len(page.Tickets) < limit
			return nil
		}
		looked++
		last = e.Rest
		t, err := store.Tickets.Glance(tx, e.ID)
		if err != nil {
			return err
		}
		if see(t) && fits(t) {
			page.Tickets = append(page.Tickets, t)
			page.name(tx, t)
		}
	}
	return nil
}

// sight returns a function that reports whether the actor may see a ticket. For lists, it remembers which groups and
// modules are confidential.
func (qs *Queues) sight(tx *store.Tx, a policy.Actor) func(*store.Ticket) bool {
	secret := map[[2]uint64]bool{}
	return func(t *store.Ticket) bool {
		key := [2]uint64{t.Group, t.Module}
		c, ok := secret[key]
		if !ok {
			c = policy.Confidential(tx, t.Group, t.Module)
			secret[key] = c
		}
		s := qs.rights.Standing(a, t, c)
		return s.Allows(policy.See) && (!t.IsSpam() || s.Allows(policy.Arrange))
	}
}

// name looks up the names in a line of the list.
func (p *Page) name(tx *store.Tx, t *store.Ticket) {
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

// Counts returns the number of tickets in each view of the agent, read from counters. The view of everything leaves out
// confidential groups other than the agent's own; it includes a confidential module in an open group.
func (qs *Queues) Counts(a policy.Actor) (Counts, error) {
	out := Counts{}
	if !a.IsAgent() && !a.IsAdministrator() {
		return out, nil
	}
	err := qs.st.View(func(tx *store.Tx) error {
		for _, v := range Views {
			out[v] = qs.queueCount(tx, a, v)
		}
		return nil
	})
	return out, err
}

func (qs *Queues) queueCount(tx *store.Tx, a policy.Actor, view string) int {
	n := 0
	states := store.ActiveStates
	switch view {
	case ViewMine:
		for _, s := range states {
			n += store.Tickets.Count(tx, store.CountAssignee, a.ID(), s)
		}
		return n
	case ViewAll:
		for _, s := range states {
			n += store.Tickets.Count(tx, store.CountState, s)
		}
		for g, err := range store.Groups.All(tx, 0, false) {
			if err != nil || !g.Confidential || a.Person != nil && a.Person.InGroup(g.ID) {
				continue
			}
			for _, s := range states {
				n -= store.Tickets.Count(tx, store.CountGroup, g.ID, s)
			}
		}
		return n
	case ViewWaiting:
		states = []store.State{store.StateWaiting}
	case ViewResolved:
		states = []store.State{store.StateResolved}
	case ViewClosed:
		states = []store.State{store.StateClosed}
	case ViewBeside:
		for _, g := range qs.rights.OwnGroups(tx, a) {
			n += store.Tickets.Count(tx, store.CountBeside, g)
		}
		return n
	case ViewSpam:
		for _, g := range qs.rights.OwnGroups(tx, a) {
			for range store.TicketsBySpam.Entries(tx, store.Span{Prefix: store.Key(g)}) {
				if n++; n > 99 {
					return n
				}
			}
		}
		return n
	}
	count := store.CountGroup
	if view == ViewUnassigned {
		count = store.CountUnassigned
	}
	for _, g := range qs.rights.OwnGroups(tx, a) {
		for _, s := range states {
			n += store.Tickets.Count(tx, count, g, s)
		}
	}
	return n
}

// nearby limits how far Neighbours searches: for the ticket, and around it for others that match.
const (
	farFromStart = 5000
	nearby       = 50
)

// Neighbours returns the numbers of the tickets before and after the given one in the actor's view; 0 at the ends, and
// for a ticket that is not among the first five thousand. It reads only rows around the ticket.
func (qs *Queues) Neighbours(a policy.Actor, q Query, number uint64) (before, next uint64, err error) {
	if !a.IsAgent() && !a.IsAdministrator() {
		return 0, 0, policy.Denied(a)
	}
	err = qs.st.View(func(tx *store.Tx) error {
		index, prefixes := qs.queueSpans(tx, a, q)
		spans := make([]store.Span, len(prefixes))
		for i, p := range prefixes {
			spans[i].Prefix, spans[i].Desc = p, q.finished()
		}
		see := qs.sight(tx, a)
		fits := func(id uint64) (bool, error) {
			t, err := store.Tickets.Glance(tx, id)
			return err == nil && see(t) && q.fits(tx, t), err
		}
		var behind []uint64 // the last tickets passed
		found, looked := false, 0
		for e := range index.MergeEntries(tx, spans) {
			if looked++; looked > farFromStart {
				return nil
			}
			switch {
			case e.ID == number:
				found, looked = true, farFromStart-nearby
				for _, id := range slices.Backward(behind) {
					ok, err := fits(id)
					if err != nil {
						return err
					}
					if ok {
						before = id
						break
					}
				}
			case found:
				ok, err := fits(e.ID)
				if ok {
					next = e.ID
				}
				if ok || err != nil {
					return err
				}
			default:
				if behind = append(behind, e.ID); len(behind) > 2*nearby {
					behind = append(behind[:0], behind[nearby:]...)
				}
			}
		}
		return nil
	})
	return before, next, err
}

// SideQuery selects tickets of the requester's side, last changed first.
type SideQuery struct {
	Of     string // "" for the actor's own and those they participate in, "organisation" for those they coordinate
	State  string // "" for all, "open" for all not closed, or the code of a state
	Kind   store.TicketKind
	Module uint64
	After  string
	Limit  int
}

// SideTickets returns the tickets for which the actor is on the requester's side.
func (qs *Queues) SideTickets(a policy.Actor, q SideQuery) (Page, error) {
	page := Page{People: map[uint64]*store.Person{}, Modules: map[uint64]*store.Module{}, Groups: map[uint64]*store.Group{}}
	if !a.SignedIn() {
		return page, policy.Denied(a)
	}
	err := qs.st.View(func(tx *store.Tx) error {
		index := store.TicketsBySide
		prefixes := [][]byte{store.Key(a.ID())}
		if q.Of == "organisation" {
			prefixes = nil
			index = store.TicketsByOrganisation
			for _, c := range a.Person.Coordinates {
				if c.Unit == 0 {
					prefixes = append(prefixes, store.Key(c.Organisation))
				}
			}
			if len(prefixes) == 0 {
				index = store.TicketsByUnit
				for _, c := range a.Person.Coordinates {
					prefixes = append(prefixes, store.Key(c.Unit))
				}
			}
		} else {
			for s := store.StateNew; s <= store.StateClosed; s++ {
				page.Count += store.Tickets.Count(tx, store.CountSide, a.ID(), s)
			}
		}
		return qs.collect(tx, a, &page, index, prefixes, q.Limit, q.After, true, func(t *store.Ticket) bool {
			switch {
			case q.State == "open" && t.State == store.StateClosed, q.Kind != store.KindNone && t.Kind != q.Kind,
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

// OpenCount returns how many tickets of the actor's own side are not closed.
func (qs *Queues) OpenCount(a policy.Actor) (int, error) {
	n := 0
	err := qs.st.View(func(tx *store.Tx) error {
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
	err := qs.st.View(func(tx *store.Tx) error {
		p, err := store.People.Get(tx, person)
		if store.KindOf(err) == store.NotFound || err == nil && !policy.MayOpenFor(a, p) {
			return nil
		}
		if err != nil {
			return err
		}
		see := qs.sight(tx, a)
		looked := 0
		for o, err := range store.TicketsBySide.GlanceRows(tx, store.Span{Prefix: store.Key(person), Desc: true}) {
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
	err := qs.st.View(func(tx *store.Tx) error {
		t, err := store.Tickets.Glance(tx, number)
		if err != nil {
			return err
		}
		if err := qs.rights.May(tx, a, policy.SeeHistory, t); err != nil {
			return nil
		}
		see := qs.sight(tx, a)
		looked := 0
		for o, err := range store.TicketsBySide.GlanceRows(tx, store.Span{Prefix: store.Key(t.Requester), Desc: true}) {
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
