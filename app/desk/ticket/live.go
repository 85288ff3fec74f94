package ticket

import (
	"errors"
	"sync"

	"sportello/app/desk/policy"
	"sportello/store"
	"sportello/store/db"
	"sportello/store/fault"
)

// Revision is the revision of a ticket as its reader sees it.
type Revision struct {
	Rev    uint64
	Group  uint64 // the group of the ticket; 0 unless Agents
	Agents bool   // it counts internal changes too: the reader may see notes
}

// Revisions returns the revisions of those tickets that the actor may see: the full one if they may see notes, the
// public one on the requester's side. It leaves out the others without revealing whether they exist.
func (ts *Tickets) Revisions(a policy.Actor, numbers []uint64) (map[uint64]Revision, error) {
	out := make(map[uint64]Revision, len(numbers))
	err := ts.st.View(func(tx *db.Tx) error {
		for _, n := range numbers {
			t, err := store.Tickets.Glance(tx, n)
			if errors.Is(err, fault.ErrNotFound) {
				continue
			}
			if err != nil {
				return err
			}
			if ts.rights.May(tx, a, policy.See, t) != nil {
				continue
			}
			out[n] = Revision{Rev: t.PublicRev}
			if ts.rights.OnAgentsSide(tx, a, t) {
				out[n] = Revision{Rev: t.Rev, Group: t.Group, Agents: true}
			}
		}
		return nil
	})
	return out, err
}

// AgentsSide returns the numbers of those of the tickets on whose agents' side the actor stands.
func (ts *Tickets) AgentsSide(a policy.Actor, list ...*store.Ticket) (map[uint64]bool, error) {
	out := make(map[uint64]bool, len(list))
	err := ts.st.View(func(tx *db.Tx) error {
		for _, t := range list {
			out[t.ID] = ts.rights.OnAgentsSide(tx, a, t)
		}
		return nil
	})
	return out, err
}

// How many changes News tells of somebody who was away, and how many it looks at for that.
const (
	mostNews = 500
	lookNews = 20 * mostNews
)

// Changed is a ticket that changed, and its revision as the actor knows it.
type Changed struct{ Ticket, Rev uint64 }

// News returns the tickets that changed after the change with the number and that the actor may see, and how far it
// looked. A change that somebody on the requester's side may not know of is none for them. After very many changes it
// leaves the rest out.
func (ts *Tickets) News(a policy.Actor, after uint64) (out []Changed, upTo uint64, err error) {
	upTo = after
	var tickets []uint64
	public := map[uint64]bool{} // of those, which changed for the requester's side too
	err = ts.st.View(func(tx *db.Tx) error {
		looked := 0
		for ch, err := range tx.Changes(after) {
			if err != nil {
				return err
			}
			upTo = ch.Seq
			if _, known := public[ch.Ticket]; ch.Ticket != 0 && !known {
				tickets = append(tickets, ch.Ticket)
				public[ch.Ticket] = false
			}
			if store.PublicChange(ch) {
				public[ch.Ticket] = true
			}
			if looked++; looked == lookNews || len(tickets) == mostNews {
				upTo = ts.st.Last()
				break
			}
		}
		return nil
	})
	if err != nil {
		return nil, after, err
	}
	seen, err := ts.Revisions(a, tickets)
	if err != nil {
		return nil, after, err
	}
	for _, n := range tickets {
		if r, ok := seen[n]; ok && (r.Agents || public[n]) {
			out = append(out, Changed{n, r.Rev})
		}
	}
	return out, upTo, nil
}

// lookPublic is how many changes are looked at for the newest public one; after more, the newest of all is as good.
const lookPublic = 10_000

// audible is how far the change log was read for the newest change that somebody on a requester's side may hear of.
type audible struct {
	mu     sync.Mutex
	begun  bool
	upTo   uint64
	public uint64
}

// LastPublic returns the newest change that moved the clock of a requester's side: what agents do among themselves does
// not show in it. Each change is looked at once; after very many the newest of all is as good.
func (ts *Tickets) LastPublic() (uint64, error) {
	l := &ts.audible
	l.mu.Lock()
	defer l.mu.Unlock()
	last := ts.st.Last()
	if !l.begun || last-l.upTo > lookPublic {
		l.begun, l.upTo, l.public = true, last, last
		return l.public, nil
	}
	if last == l.upTo {
		return l.public, nil
	}
	err := ts.st.View(func(tx *db.Tx) error {
		for ch, err := range tx.Changes(l.upTo) {
			if err != nil {
				return err
			}
			l.upTo = ch.Seq
			if store.PublicChange(ch) {
				l.public = ch.Seq
			}
		}
		return nil
	})
	return l.public, err
}
