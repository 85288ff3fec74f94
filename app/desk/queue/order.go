package queue

import (
	"bytes"
	"encoding/hex"
	"iter"
	"math"
	"slices"
	"time"

	"sportello/app/desk/policy"
	"sportello/store"
	"sportello/store/db"
	"sportello/store/key"
	"sportello/store/spelling"
)

// The orders of a queue. Without one it stands by urgency: first what is overdue, by priority and then by due time,
// then by due time what is not, last what stands. Closed and resolved tickets stand the latest first.
const (
	SortNumber    = "number"
	SortPriority  = "priority"
	SortSubject   = "subject"
	SortModule    = "module"
	SortRequester = "requester"
	SortAssignee  = "assignee"
	SortState     = "state"
	SortAge       = "age"
	SortDue       = "due"
)

// Sorts lists them as the columns of a queue stand.
var Sorts = []string{SortNumber, SortPriority, SortSubject, SortModule, SortRequester, SortAssignee, SortState, SortAge, SortDue}

// leg is a run of a queue: entries of an index, merged by what follows their prefixes. A queue is its legs one after
// the other, so that no order that an index knows has to sort anything.
type leg struct {
	index *db.Index[store.Ticket]
	spans []db.Span // all in one direction
	has   func(*store.Ticket) bool
}

// walk yields the entries of the leg behind the given one, up to it when back; all of them with nil.
func (l leg) walk(tx *db.Tx, from []byte, back bool) iter.Seq[db.Entry] {
	spans := slices.Clone(l.spans)
	for i := range spans {
		s := &spans[i]
		s.Desc = s.Desc != back
		switch {
		case from == nil:
		case s.Desc && (s.High == nil || bytes.Compare(from, s.High) < 0):
			s.High = from
		case !s.Desc && bytes.Compare(from, s.Low) >= 0:
			s.Low = append(slices.Clone(from), 0)
		}
	}
	if len(spans) == 0 {
		return func(func(db.Entry) bool) {}
	}
	return l.index.MergeEntries(tx, spans)
}

// scope is which part of an index a view is, before any order.
type scope struct {
	index  *db.Index[store.Ticket]
	heads  [][]byte // what stands before the state: a group, a person, nothing
	states []store.State
	ranks  []uint8
}

// spans are those of some of the states and ranks, from one due time on and below another, as key bytes; nil leaves that
// end open.
func (s scope) spans(states []store.State, ranks []uint8, from, below []byte, desc bool) []db.Span {
	var out []db.Span
	for _, h := range s.heads {
		for _, st := range states {
			for _, r := range ranks {
				out = append(out, db.Span{Prefix: append(slices.Clone(h), key.Of(st, r)...), Low: from, High: below, Desc: desc})
			}
		}
	}
	return out
}

// scope chooses the index and its prefixes for the view; with a state or priority chosen only theirs.
func (qs *Queues) scope(tx *db.Tx, a policy.Actor, q Query) scope {
	s := scope{index: store.TicketsByGroup, states: store.ActiveStates}
	switch q.View {
	case ViewWaiting:
		s.states = []store.State{store.StateWaiting}
	case ViewResolved:
		s.states = []store.State{store.StateResolved}
	case ViewClosed:
		s.states = []store.State{store.StateClosed}
	}
	if q.State != store.StateNone && q.View != ViewSpam && (q.View == ViewAll || slices.Contains(s.states, q.State)) {
		s.states = []store.State{q.State}
	}
	for r := uint8(1); r <= store.Ranks; r++ {
		if q.Priority < 1 || q.Priority > store.Ranks || q.Priority == int(r) {
			s.ranks = append(s.ranks, r)
		}
	}
	groups := qs.rights.OwnGroups(tx, a)
	if q.Group != 0 {
		if q.View == ViewAll || slices.Contains(groups, q.Group) {
			groups = []uint64{q.Group}
		} else {
			groups = nil
		}
	}
	for _, g := range groups {
		s.heads = append(s.heads, key.Of(g))
	}
	switch q.View {
	case ViewMine:
		s.index, s.heads = store.TicketsByAssignee, [][]byte{key.Of(a.ID())}
	case ViewAll:
		if q.Group == 0 {
			s.index, s.heads = store.TicketsByState, [][]byte{nil}
		}
	case ViewSpam:
		s.index = store.TicketsBySpam
	case ViewBeside:
		s.index = store.TicketsBeside
	case ViewUnassigned:
		s.index = store.TicketsUnassigned
	}
	return s
}

// indexed reports whether an index has the order; other orders sort what they gather.
func (q Query) indexed() bool {
	switch q.Sort {
	case "":
		return q.View != ViewBeside
	case SortDue, SortPriority, SortState:
		return q.View != ViewBeside && q.View != ViewSpam
	}
	return false
}

// legs are the queue in its order or, where no index has that, in the order in which the queue is gathered.
func (qs *Queues) legs(tx *db.Tx, a policy.Actor, q Query) []leg {
	s := qs.scope(tx, a, q)
	if q.View == ViewSpam || q.View == ViewBeside {
		l := leg{index: s.index, has: func(*store.Ticket) bool { return true }}
		for _, h := range s.heads {
			l.spans = append(l.spans, db.Span{Prefix: h, Desc: q.View == ViewSpam})
		}
		return []leg{l}
	}
	var legs []leg
	switch {
	case q.Sort == SortDue:
		legs = s.byDue(q.Desc)
	case q.Sort == SortPriority:
		for _, r := range s.ranks {
			legs = append(legs, s.leg(s.states, []uint8{r}))
		}
	case q.Sort == SortState:
		for _, st := range s.states {
			legs = append(legs, s.leg([]store.State{st}, s.ranks))
		}
	case q.finished():
		l := s.leg(s.states, s.ranks)
		for i := range l.spans {
			l.spans[i].Desc = true
		}
		return []leg{l}
	default:
		return s.byUrgency(tx.Now(), q.Overdue)
	}
	if q.Desc {
		slices.Reverse(legs)
	}
	return legs
}

func (s scope) leg(states []store.State, ranks []uint8) leg {
	return leg{s.index, s.spans(states, ranks, nil, nil, false), func(t *store.Ticket) bool {
		return slices.Contains(states, t.State) && slices.Contains(ranks, t.Rank())
	}}
}

// running divides the states into those whose clock runs and the others.
func (s scope) running() (run, stand []store.State) {
	for _, st := range s.states {
		if (&store.Ticket{State: st}).Standing() {
			stand = append(stand, st)
		} else {
			run = append(run, st)
		}
	}
	return run, stand
}

func (s scope) byDue(desc bool) []leg {
	run, stand := s.running()
	legs := []leg{s.leg(run, s.ranks), s.leg(stand, s.ranks)}
	for _, l := range legs {
		for i := range l.spans {
			l.spans[i].Desc = desc
		}
	}
	return legs
}

func (s scope) byUrgency(now time.Time, overdue bool) []leg {
	run, stand := s.running()
	var may, over []store.State // what may be overdue, and what is over
	for _, st := range run {
		if st.Active() {
			may = append(may, st)
		} else {
			over = append(over, st)
		}
	}
	some, due := append(key.Of(time.Time{})[:7:7], 1), key.Of(now) // the first due time that is one, and the first to come
	var legs []leg
	for _, r := range s.ranks {
		legs = append(legs, leg{s.index, s.spans(may, []uint8{r}, some, due, false), func(t *store.Ticket) bool { return t.Overdue(now) && t.Rank() == r }})
	}
	if overdue {
		return legs
	}
	isOne := func(of []store.State, t *store.Ticket) bool {
		return slices.Contains(of, t.State) && slices.Contains(s.ranks, t.Rank())
	}
	return append(legs,
		leg{s.index, s.spans(may, s.ranks, due, nil, false), func(t *store.Ticket) bool { return isOne(may, t) && !t.Due.IsZero() && !t.Overdue(now) }},
		leg{s.index, s.spans(may, s.ranks, nil, some, false), func(t *store.Ticket) bool { return isOne(may, t) && t.Due.IsZero() }},
		s.leg(stand, s.ranks), s.leg(over, s.ranks))
}

// standing is where a ticket stands in the queue: in which leg, behind which entry.
type standing struct {
	leg  int
	rest []byte
}

func (s standing) String() string { return hex.EncodeToString(append([]byte{byte(s.leg)}, s.rest...)) } // #nosec G115 -- a queue has ten legs at most

func standingOf(after string) (standing, bool) {
	raw, err := hex.DecodeString(after)
	if err != nil || len(raw) < 1 {
		return standing{}, false
	}
	return standing{int(raw[0]), raw[1:]}, true
}

// stands tells where the ticket stands or, when it is no more in the view, where it would: what somebody has just taken
// or answered keeps its neighbours.
func (q Query) stands(legs []leg, s scope, t *store.Ticket) (standing, bool) {
	row := *t
	for _, state := range append([]store.State{t.State}, s.states...) {
		for _, rank := range append([]uint8{t.Rank()}, s.ranks...) {
			row.State, row.Priority = state, int(rank)
			for i, l := range legs {
				if !l.has(&row) {
					continue
				}
				at := key.Of(t.Due, t.ID)
				if q.View == ViewSpam {
					at = key.Of(t.SpamSince, t.ID)
				}
				return standing{i, at}, true
			}
		}
	}
	return standing{}, false
}

// walk yields the numbers of the queue behind a standing, or before it, the nearest first. At most so many are looked at.
func walk(tx *db.Tx, legs []leg, from standing, back bool, most int) iter.Seq[uint64] {
	return func(yield func(uint64) bool) {
		rest, step := from.rest, 1
		if back {
			step = -1
		}
		for i := from.leg; i >= 0 && i < len(legs); i += step {
			for e := range legs[i].walk(tx, rest, back) {
				if most--; most < 0 || !yield(e.ID) {
					return
				}
			}
			rest = nil
		}
	}
}

// gathered is one ticket of an order that no index has, with the bytes that it is sorted by.
type gathered struct {
	key []byte
	row *store.Ticket
}

// gather sorts those tickets of the queue that fit, out of the most urgent maxLooked; more reports whether there are
// others. Equal ones stand by number.
func (q Query) gather(tx *db.Tx, legs []leg, lang string, fits func(*store.Ticket) bool) (out []gathered, more bool, err error) {
	looked := 0
	key := q.keys(tx, lang)
	for _, l := range legs {
		for e := range l.walk(tx, nil, false) {
			if looked++; looked > maxLooked {
				more = true
				break
			}
			t, err := store.Tickets.Glance(tx, e.ID)
			if err != nil {
				return nil, false, err
			}
			if fits(t) {
				out = append(out, gathered{key(t), t})
			}
		}
	}
	slices.SortFunc(out, func(x, y gathered) int {
		if q.Desc {
			return bytes.Compare(y.key, x.key)
		}
		return bytes.Compare(x.key, y.key)
	})
	return out, more, nil
}

// maxSortKey bounds the bytes of a name that order a queue, for they stand in addresses.
const maxSortKey = 48

// keys returns a function that makes the bytes by which the query's order sorts a ticket, its number last; modules by
// their names in the language.
func (q Query) keys(tx *db.Tx, lang string) func(*store.Ticket) []byte {
	named := map[uint64]string{}
	name := func(id uint64, look func() (string, error)) string {
		if s, ok := named[id]; ok || id == 0 {
			return s
		}
		s, err := look()
		if err != nil {
			s = ""
		}
		if s = spelling.Fold(s); len(s) > maxSortKey {
			s = s[:maxSortKey]
		}
		named[id] = s
		return s
	}
	person := func(id uint64) string {
		return name(id, func() (string, error) {
			p, err := store.People.Peek(tx, id)
			if err != nil {
				return "", err
			}
			return p.Name, nil
		})
	}
	place := func(t *store.Ticket) string { // as the column says it: the module or, without one, the group
		if t.Module != 0 {
			return name(t.Module, func() (string, error) {
				m, err := store.Modules.Peek(tx, t.Module)
				if err != nil {
					return "", err
				}
				return m.Name.In(lang), nil
			})
		}
		return name(^t.Group, func() (string, error) {
			g, err := store.Groups.Peek(tx, t.Group)
			if err != nil {
				return "", err
			}
			return g.Name.In(lang), nil
		})
	}
	return func(t *store.Ticket) []byte {
		switch q.Sort {
		case SortNumber:
			return key.Of(t.ID)
		case SortPriority:
			return key.Of(t.Rank(), t.Due, t.ID)
		case SortSubject:
			s := spelling.Fold(t.Subject)
			return key.Of(s[:min(len(s), maxSortKey)], t.ID)
		case SortModule:
			return key.Of(place(t), t.ID)
		case SortRequester:
			return key.Of(person(t.Requester), t.ID)
		case SortAssignee:
			return key.Of(t.Assignee == 0, person(t.Assignee), t.ID)
		case SortState:
			return key.Of(t.State, t.ID)
		case SortAge:
			return key.Of(uint64(math.MaxInt64-max(t.Opened.UnixNano(), 0)), t.ID) // #nosec G115 -- neither is below zero
		case SortDue:
			return key.Of(t.Standing(), t.Due, t.ID)
		}
		switch late := t.Overdue(tx.Now()); {
		case late:
			return key.Of(false, t.Rank(), t.Due, t.ID)
		default:
			return key.Of(true, t.Standing(), t.Due, t.ID)
		}
	}
}
