package ticket

import (
	"cmp"
	"iter"
	"slices"
	"time"

	"sportello/app/desk/policy"
	"sportello/store"
	"sportello/store/db"
	"sportello/store/door"
	"sportello/store/fault"
	"sportello/store/key"
)

// Piece says which messages of a long thread are read beside the first and the newest, which always are. Without any of
// them those from where the actor left off are, as their unread notices tell. A short thread is read whole.
type Piece struct {
	Message uint64 // those around this one
	After   uint64 // those that follow this one
	Before  uint64 // those that come before this one
}

// Fold is where messages of a thread are left out.
type Fold struct {
	At     int    // it stands before View.Messages[At]
	After  uint64 // the message before it
	Before uint64 // the message that follows it
	Count  int    // how many there are, 0 when it is not known to the actor's side
}

// What a long thread is cut into.
const (
	headMessages  = 1
	pieceMessages = 20
	fewMessages   = 10       // so few are not folded
	aboveMessages = 5        // those before the one that was asked for
	pieceBytes    = 64 << 10 // of text: with more of it a piece has fewer messages
	maxUnread     = 50       // notices that are looked at for where somebody left off
	maxEvents     = 200      // lines of history between two messages and around them, and
	maxChanges    = 3000     // changes that are looked at for them
)

// spot is a place in a thread: that of a message. The zero spot is the beginning, or the end for whoever goes back.
type spot struct {
	at time.Time
	id uint64
}

func spotOf(m *store.Message) spot { return spot{m.At, m.ID} }

func (s spot) compare(o spot) int {
	if c := s.at.Compare(o.at); c != 0 {
		return c
	}
	return cmp.Compare(s.id, o.id)
}

// thread reads the messages of a ticket that one actor may read.
type thread struct {
	tx   *db.Tx
	t    *store.Ticket
	s    policy.Standing
	away []*store.Message // what merging took away and the actor's side still reads, by time
}

func openThread(tx *db.Tx, t *store.Ticket, s policy.Standing) (*thread, error) {
	h := &thread{tx: tx, t: t, s: s}
	if !s.Side() && s.Allows(policy.SeeNotes) {
		return h, nil
	}
	away, err := store.MessagesByBrought.Peek(tx, t.ID)
	if err != nil {
		return nil, err
	}
	for _, m := range away {
		if m.Ticket != t.ID && h.reads(m) {
			h.away = append(h.away, m)
		}
	}
	slices.SortStableFunc(h.away, func(x, y *store.Message) int { return spotOf(x).compare(spotOf(y)) })
	return h, nil
}

// reads reports whether the message is one of the thread that the actor may read; what lies beside the ticket is none.
func (h *thread) reads(m *store.Message) bool {
	if m.Beside == store.BesideWaiting {
		return false
	}
	if m.Ticket == h.t.ID && h.s.Allows(policy.SeeNotes) {
		return true
	}
	return !m.Internal && m.Side() == h.t.ID
}

// find returns the message of the thread, NotFound when there is none that the actor may read.
func (h *thread) find(id uint64) (*store.Message, error) {
	m, err := store.Messages.Peek(h.tx, id)
	if err != nil {
		return nil, err
	}
	if !h.reads(m) {
		return nil, fault.New(fault.NotFound, "error.not-found")
	}
	return m, nil
}

// walk goes through the messages after the spot or, going back, before it.
func (h *thread) walk(from spot, back bool) iter.Seq2[*store.Message, error] {
	span := db.Span{Prefix: key.Of(h.t.ID), Desc: back}
	switch {
	case from.id == 0:
	case back:
		span.High = key.Of(from.at, from.id)
	default:
		span.Low = key.Of(from.at, from.id+1)
	}
	away := slices.Clone(h.away)
	if back {
		slices.Reverse(away)
	}
	passed := func(m, than *store.Message) bool { return (spotOf(m).compare(spotOf(than)) < 0) != back }
	return func(yield func(*store.Message, error) bool) {
		other := func(until *store.Message) bool {
			for len(away) > 0 && (until == nil || passed(away[0], until)) {
				m := away[0]
				away = away[1:]
				behind := from.id != 0 && (m.ID == from.id || (spotOf(m).compare(from) > 0) == back)
				if !behind && !yield(m, nil) {
					return false
				}
			}
			return true
		}
		for m, err := range store.MessagesByTicket.PeekRows(h.tx, span) {
			if err != nil {
				yield(nil, err)
				return
			}
			if h.reads(m) && (!other(m) || !yield(m, nil)) {
				return
			}
		}
		other(nil)
	}
}

// take reads up to n messages after the spot or, going back, before it, as far as the other spot and never more text
// than a piece has. more is the next one that is there.
func (h *thread) take(from spot, back bool, until spot, n int) (list []*store.Message, more *store.Message, err error) {
	size := 0
	for m, err := range h.walk(from, back) {
		if err != nil {
			return nil, nil, err
		}
		if until.id != 0 && (m.ID == until.id || (spotOf(m).compare(until) > 0) != back) {
			break
		}
		if len(list) == n || len(list) > 0 && size > pieceBytes {
			more = m
			break
		}
		size += len(m.Body) + len(m.HTML) + len(m.Rest) + len(m.RestHTML)
		list = append(list, m)
	}
	if back {
		slices.Reverse(list)
	}
	return list, more, nil
}

// newest is take going back, and leaves nothing out when only a few would be.
func (h *thread) newest(from, until spot) (list []*store.Message, more *store.Message, err error) {
	if list, more, err = h.take(from, true, until, pieceMessages+fewMessages); err == nil && more != nil && len(list) > pieceMessages {
		cut := len(list) - pieceMessages
		more, list = list[cut-1], list[cut:]
	}
	return list, more, err
}

// oldest is newest going forward.
func (h *thread) oldest(from, until spot) (list []*store.Message, more *store.Message, err error) {
	if list, more, err = h.take(from, false, until, pieceMessages+fewMessages); err == nil && more != nil && len(list) > pieceMessages {
		more, list = list[pieceMessages], list[:pieceMessages]
	}
	return list, more, err
}

// run are messages that follow each other, and the next one where others follow that were left out. To it belongs what
// happened from its first message on, with the first run also what was before, until that next one.
type run struct {
	list []*store.Message
	next *store.Message

	from, until time.Time // zero: no bound
}

// runs reads what the piece asks for: the first message, the newest, and what was asked for between them.
func (h *thread) runs(p Piece) ([]run, error) {
	out, err := h.cut(p)
	for i := range out {
		if i > 0 {
			out[i].from = out[i].list[0].At
		}
		if out[i].next != nil {
			out[i].until = out[i].next.At
		}
	}
	return out, err
}

func (h *thread) cut(p Piece) ([]run, error) {
	head, next, err := h.take(spot{}, false, spot{}, headMessages)
	if err != nil || next == nil {
		return []run{{list: head}}, err
	}
	first := spotOf(head[len(head)-1])
	tail, above, err := h.newest(spot{}, first)
	if err != nil || above == nil {
		return []run{{list: append(head, tail...)}}, err
	}
	last := spotOf(tail[0])
	middle, before, after, err := h.middle(p, first, last)
	switch {
	case err != nil:
		return nil, err
	case len(middle) == 0:
		return []run{{list: head, next: next}, {list: tail}}, nil
	case before == nil && after == nil:
		return []run{{list: slices.Concat(head, middle, tail)}}, nil
	case before == nil:
		return []run{{list: append(head, middle...), next: after}, {list: tail}}, nil
	case after == nil:
		return []run{{list: head, next: next}, {list: append(middle, tail...)}}, nil
	}
	return []run{{list: head, next: next}, {list: middle, next: after}, {list: tail}}, nil
}

// middle reads what was asked for between two spots; before and after are the nearest ones left out on both sides.
func (h *thread) middle(p Piece, first, last spot) (list []*store.Message, before, after *store.Message, err error) {
	m, err := h.find(cmp.Or(p.Message, p.After, p.Before))
	if err != nil {
		return nil, nil, nil, fault.IgnoreNotFound(err)
	}
	at := spotOf(m)
	if at.compare(first) < 0 || at.compare(last) > 0 || at.id == last.id && p.Before == 0 || at.id == first.id && p.Before != 0 {
		return nil, nil, nil, nil
	}
	if p.Before != 0 {
		if list, before, err = h.newest(at, first); err != nil || at.id == last.id {
			return list, before, nil, err
		}
		list = append(list, m)
		_, after, err = h.take(at, false, last, 0)
		return list, before, after, err
	}
	if list, after, err = h.oldest(at, last); err != nil || at.id == first.id {
		return list, nil, after, err
	}
	above, before, err := h.take(at, true, first, aboveMessages)
	return slices.Concat(above, []*store.Message{m}, list), before, after, err
}

// between reads a piece of what lies between two messages: what follows the first one or, going back, what comes before
// the second; with it the fold of what is left.
func (h *thread) between(p Piece, back bool) (r run, left *Fold, err error) {
	low, err := h.find(p.After)
	if err != nil {
		return r, nil, err
	}
	high, err := h.find(p.Before)
	if err != nil {
		return r, nil, err
	}
	if back {
		r.list, r.next, err = h.newest(spotOf(high), spotOf(low))
	} else {
		r.list, r.next, err = h.oldest(spotOf(low), spotOf(high))
	}
	if err != nil || len(r.list) == 0 {
		return r, nil, err
	}
	first, last := r.list[0], r.list[len(r.list)-1]
	r.from, r.until = first.At, high.At
	switch {
	case r.next == nil:
	case back:
		left = &Fold{At: 0, After: low.ID, Before: first.ID}
	default:
		left, r.until = &Fold{At: len(r.list), After: last.ID, Before: high.ID}, r.next.At
	}
	return r, left, nil
}

// leftOff returns the oldest message of the thread that a notice tells the actor of and that they have not read, 0 when
// they have read all. A notice about what they may not read counts for nothing.
func (h *thread) leftOff(a policy.Actor) (uint64, error) {
	if !a.SignedIn() || a.Via == door.Link {
		return 0, nil
	}
	var first *store.Message
	seen := 0
	for n, err := range store.NoticesUnread.Rows(h.tx, db.Span{Prefix: key.Of(a.ID(), h.t.ID)}) {
		if err != nil {
			return 0, err
		}
		if seen++; seen > maxUnread {
			break
		}
		if n.Reply == 0 {
			continue
		}
		m, err := h.find(n.Reply)
		if fault.IgnoreNotFound(err) != nil {
			return 0, err
		}
		if err == nil && (first == nil || spotOf(m).compare(spotOf(first)) < 0) {
			first = m
		}
	}
	if first == nil {
		return 0, nil
	}
	return first.ID, nil
}

// LeftOff returns the message at which the actor, who may see the ticket, left off reading, 0 when that is at its end.
func (ts *Tickets) LeftOff(a policy.Actor, number uint64) (uint64, error) {
	var out uint64
	err := ts.st.View(func(tx *db.Tx) error {
		t, err := store.Tickets.Get(tx, number)
		if err != nil {
			return err
		}
		if err := ts.rights.May(tx, a, policy.See, t); err != nil {
			return err
		}
		h, err := openThread(tx, t, ts.rights.Stand(tx, a, t))
		if err != nil {
			return err
		}
		out, err = h.leftOff(a)
		return err
	})
	return out, err
}

// beside reads what lies beside the ticket and waits, by time.
func (h *thread) beside() ([]*store.Message, error) {
	var out []*store.Message
	if !h.s.Allows(policy.SeeNotes) || h.t.Beside == 0 {
		return nil, nil
	}
	for m, err := range store.MessagesByTicket.PeekRows(h.tx, db.Span{Prefix: key.Of(h.t.ID), Desc: true}) {
		if len(out) == h.t.Beside || err != nil {
			slices.Reverse(out)
			return out, err
		}
		if m.Beside == store.BesideWaiting {
			out = append(out, m)
		}
	}
	slices.Reverse(out)
	return out, nil
}

// left returns how many messages a side that reads notes finds left out where so many are shown; 0 for the requester's
// side, whose messages merging may have brought together from elsewhere.
func (h *thread) left(shown int) int {
	if !h.s.Allows(policy.SeeNotes) || h.s.Side() {
		return 0
	}
	return max(0, h.t.Messages+h.t.Notes-h.t.Beside-shown)
}
