package queue

import (
	"context"
	"iter"
	"strconv"
	"strings"

	"sportello/app/desk/find"
	"sportello/app/desk/policy"
	"sportello/store"
	"sportello/store/db"
	"sportello/store/fault"
	"sportello/store/key"
)

// Merge is a ticket that may be merged, with the tickets that could take it in. Each of them stands in one list, the
// first that has it.
type Merge struct {
	Ticket  *store.Ticket
	Asked   []*store.Ticket // the one with the number, and what has the words
	Similar []*store.Ticket // what a search for its subject finds
	Theirs  []*store.Ticket // of its requester
	Lately  []*store.Ticket // opened last in its group
	People  map[uint64]*store.Person
	Blind   bool // without an index nothing was searched for
}

// How many tickets the lists of a Merge have, and how many are looked at for one of them.
const (
	mostAsked   = 20
	mostOffered = 6
	mostRead    = 300
)

// Merge returns the tickets into which the actor may merge one: those that resemble it, and those for a number or words
// that they typed, if any. All of them are tickets that the actor may arrange. It returns a NotFound or Denied error to
// actors who may not merge the ticket, and an Invalid error for one that is finished.
func (qs *Queues) Merge(ctx context.Context, a policy.Actor, number uint64, text string) (Merge, error) {
	var out Merge
	var t *store.Ticket
	err := qs.st.View(func(tx *db.Tx) (err error) {
		if t, err = store.Tickets.Glance(tx, number); err != nil {
			return err
		}
		return qs.rights.MayMerge(tx, a, t)
	})
	if err != nil {
		return out, err
	}
	asked, blind, err := qs.askedFor(ctx, a, strings.TrimSpace(text))
	if err != nil {
		return out, err
	}
	similar, err := qs.find.TicketsOfGroups(ctx, a, find.Plain(t.Subject), 4*mostOffered)
	if err != nil && fault.KindOf(err) != fault.Unavailable {
		return out, err
	}
	blind = blind || err != nil
	err = qs.st.View(func(tx *db.Tx) error {
		out = Merge{Ticket: t, People: map[uint64]*store.Person{}, Blind: blind}
		taken := map[uint64]bool{t.ID: true}
		fits := func(o *store.Ticket) bool { return !taken[o.ID] && qs.rights.MayTakeIn(tx, a, o) == nil }
		open := func(o *store.Ticket) bool { return o.State != store.StateClosed && fits(o) }
		for _, list := range []struct {
			to   *[]*store.Ticket
			from iter.Seq2[*store.Ticket, error]
			most int
			has  func(*store.Ticket) bool
		}{
			{&out.Asked, glances(tx, asked), mostAsked, fits},
			{&out.Similar, glances(tx, similar), mostOffered, open},
			{&out.Theirs, store.TicketsBySide.GlanceRows(tx, db.Span{Prefix: key.Of(t.Requester), Desc: true}), mostOffered,
				func(o *store.Ticket) bool { return o.Requester == t.Requester && open(o) }},
			{&out.Lately, store.Tickets.GlanceAll(tx, 0, true), mostOffered, func(o *store.Ticket) bool { return o.Group == t.Group && open(o) }},
		} {
			read := 0
			for o, err := range list.from {
				if err != nil {
					return err
				}
				if read++; read > mostRead || len(*list.to) == list.most {
					break
				}
				if list.has(o) {
					taken[o.ID] = true
					*list.to = append(*list.to, o)
					out.know(tx, o.Requester)
				}
			}
		}
		out.know(tx, t.Requester)
		return nil
	})
	return out, err
}

// askedFor returns the numbers of the tickets that a typed number or words may mean; blind when words were not searched
// for.
func (qs *Queues) askedFor(ctx context.Context, a policy.Actor, text string) (asked []uint64, blind bool, err error) {
	if text == "" {
		return nil, false, nil
	}
	if n, err := strconv.ParseUint(strings.TrimPrefix(text, "#"), 10, 64); err == nil {
		asked = []uint64{n}
	}
	found, err := qs.find.TicketsOfGroups(ctx, a, text, mostAsked)
	if err != nil && fault.KindOf(err) == fault.Unavailable {
		return asked, true, nil
	}
	return append(asked, found...), false, err
}

// glances reads the tickets that are there, in the order of the numbers.
func glances(tx *db.Tx, numbers []uint64) iter.Seq2[*store.Ticket, error] {
	return func(yield func(*store.Ticket, error) bool) {
		for _, n := range numbers {
			o, err := store.Tickets.Glance(tx, n)
			if fault.KindOf(err) == fault.NotFound && err != nil {
				continue // the index may know one that is gone
			}
			if !yield(o, err) {
				return
			}
		}
	}
}

// know remembers who the person is; a line without its requester is still useful.
func (m *Merge) know(tx *db.Tx, person uint64) {
	if p, err := store.People.Peek(tx, person); err == nil {
		m.People[person] = p
	}
}
