package problem

import (
	"slices"
	"time"

	"sportello/app/desk/entry"
	"sportello/app/desk/policy"
	"sportello/store"
	"sportello/store/act"
	"sportello/store/db"
	"sportello/store/door"
	"sportello/store/fault"
	"sportello/store/key"
)

// Message is a message to all cases of a problem, for those who may write them.
type Message struct {
	Number uint64
	At     time.Time
	By     *store.Person // nil once nobody knows
	Text   store.Words
	Told   int       // cases that it reached
	Going  bool      // it is still on its way to some, or back
	Back   time.Time // when it was taken back
	Kept   int       // cases that had it by then and keep it
	Fresh  bool      // it may be taken back
}

// mostFresh is for how long a message may be taken back: whoever has not got it by then is somebody whose mail does not arrive.
const mostFresh = 24 * time.Hour

// Messages returns the messages to all cases of the problem, the newest first. Only those who may write the problem may call it.
func (ps *Problems) Messages(a policy.Actor, number uint64) ([]Message, error) {
	var out []Message
	err := ps.st.View(func(tx *db.Tx) error {
		out = nil
		p, err := store.Problems.Glance(tx, number)
		if err != nil {
			return err
		}
		if err := policy.MayProblem(tx, a, policy.WriteProblem, p); err != nil {
			return err
		}
		errands, err := store.ErrandsByProblem.Find(tx, number)
		if err != nil {
			return err
		}
		at := map[uint64]int{}
		for _, e := range errands {
			switch e.Of {
			case store.ErrandMessage:
				m := Message{Number: e.ID, At: e.Created, Text: e.Text, Told: e.Told - e.Hidden, Going: e.Done.IsZero(), Back: e.Back, Fresh: recent(e, tx.Now())}
				if m.By, err = store.People.Peek(tx, e.By); fault.IgnoreNotFound(err) != nil {
					return err
				}
				at[e.ID] = len(out)
				out = append(out, m)
			case store.ErrandTakeBack:
				m := &out[at[e.Takes]]
				m.Going, m.Kept = e.Done.IsZero(), e.Told
			}
		}
		slices.Reverse(out)
		return nil
	})
	return out, err
}

func recent(e *store.Errand, now time.Time) bool {
	return e.Of == store.ErrandMessage && e.Back.IsZero() && now.Sub(e.Created) < mostFresh
}

// TakeBack takes a message to all cases back: whoever has not got it gets it no more, and it leaves their tickets, a few at a time. Who
// has read it, or was sent a letter that says it, keeps it. It returns Conflict "error.message-over" for one that was taken back or is
// too old, and NotFound for what is no message of the problem.
func (ps *Problems) TakeBack(a policy.Actor, number, message uint64) (*View, error) {
	return ps.change(a, act.TakeBackMessage, policy.WriteProblem, number, func(tx *db.Tx, p *store.Problem) error {
		e, err := store.Errands.Get(tx, message)
		switch {
		case fault.IgnoreNotFound(err) != nil:
			return err
		case err != nil || e.Problem != p.ID || e.Of != store.ErrandMessage:
			return fault.New(fault.NotFound, "error.not-found")
		case !recent(e, tx.Now()):
			return entry.Conflict("error.message-over")
		}
		if e.Back = tx.Now(); e.Done.IsZero() {
			e.Done = tx.Now()
		}
		if err := store.Errands.Put(tx, e); err != nil {
			return err
		}
		if p.Told.Equal(e.Created) {
			p.Told = time.Time{}
			if err := store.Problems.Put(tx, p); err != nil {
				return err
			}
		}
		return store.Errands.Put(tx, &store.Errand{Problem: p.ID, Of: store.ErrandTakeBack, Takes: e.ID, By: a.ID()})
	})
}

// stepBack does a part of taking a message back. What it looked at names the message no more, so that each is looked at once.
func (ps *Problems) stepBack(e *store.Errand) error {
	leaving := ps.post.Leaving()
	return ps.st.Update(db.By{Person: e.By, Via: door.Desk, Act: act.TakeBack}, func(tx *db.Tx) error {
		now, err := store.Errands.Get(tx, e.ID)
		if err != nil || !now.Done.IsZero() {
			return fault.IgnoreNotFound(err)
		}
		message, err := store.Errands.Get(tx, now.Takes)
		if err != nil {
			return err
		}
		p, err := store.Problems.Peek(tx, message.Problem)
		if err != nil {
			return err
		}
		b := back{ps, tx, message, p.Group, leaving}
		kept, n, err := b.threads()
		if err == nil && n == 0 {
			kept, n, err = b.alone()
		}
		if err != nil {
			return err
		}
		if now.Told += kept; n == 0 {
			now.Done = tx.Now()
		}
		return store.Errands.Put(tx, now)
	})
}

// back is a message that is being taken back.
type back struct {
	ps      *Problems
	tx      *db.Tx
	message *store.Errand
	group   uint64 // of the problem
	leaving uint64 // the letter that is under way
}

// threads takes the message out of the next tickets, and returns how many keep it, as far as the group may know of them, and how
// many it looked at.
func (b back) threads() (kept, n int, err error) {
	list, err := few(b.tx, store.MessagesByErrand, b.message.ID, atOnce)
	if err != nil {
		return 0, 0, err
	}
	for _, m := range list {
		t, err := store.Tickets.Glance(b.tx, m.Ticket)
		if err != nil {
			return 0, 0, err
		}
		notices, err := store.NoticesByTicket.Find(b.tx, t.ID)
		if err != nil {
			return 0, 0, err
		}
		notices = slices.DeleteFunc(notices, func(n *store.Notice) bool { return n.Reply != m.ID })
		stays, err := b.had(notices, []uint64{t.Requester}, func(tell store.Telling) bool { return tell.Message == m.ID })
		if err != nil {
			return 0, 0, err
		}
		secret, err := hidden(b.tx, b.group, m.Ticket)
		if err != nil {
			return 0, 0, err
		}
		if stays && !secret {
			kept++
		}
		if !stays {
			err = b.ps.tickets.TakeBack(b.tx, m)
		} else {
			m.Errand = 0
			err = store.Messages.Put(b.tx, m)
		}
		if err != nil {
			return 0, 0, err
		}
	}
	return kept, len(list), nil
}

// alone is threads for people without a ticket.
func (b back) alone() (kept, n int, err error) {
	list, err := few(b.tx, store.NoticesByErrand, b.message.ID, atOnce)
	if err != nil {
		return 0, 0, err
	}
	for _, n := range list {
		stays, err := b.had([]*store.Notice{n}, nil, func(tell store.Telling) bool { return tell.Errand == b.message.ID })
		if err != nil {
			return 0, 0, err
		}
		if stays {
			kept++
			n.Errand = 0
			if err := store.Notices.Put(b.tx, n); err != nil {
				return 0, 0, err
			}
		}
	}
	return kept, len(list), nil
}

// had reports whether somebody who was told has got the message: read the notice, or was sent a letter that tells it. Where nobody has,
// it takes back notices and letters.
func (b back) had(notices []*store.Notice, others []uint64, of func(store.Telling) bool) (bool, error) {
	people := others
	for _, n := range notices {
		if n.Read {
			return true, nil
		}
		people = append(people, n.Person)
	}
	slices.Sort(people)
	var unsent []*store.Letter
	for _, id := range slices.Compact(people) {
		letters, free, err := b.ps.post.Unsent(b.tx, id, b.leaving, b.message.Created, of)
		if err != nil || !free {
			return true, err
		}
		unsent = append(unsent, letters...)
	}
	for _, l := range unsent {
		if err := b.ps.post.Unsay(b.tx, l, of); err != nil {
			return false, err
		}
	}
	for _, n := range notices {
		if err := store.Notices.Delete(b.tx, n.ID); err != nil {
			return false, err
		}
	}
	return false, nil
}

// few returns the first rows of the index that are of the errand.
func few[T any](tx *db.Tx, of *db.Index[T], errand uint64, most int) ([]*T, error) {
	var out []*T
	for row, err := range of.Rows(tx, db.Span{Prefix: key.Of(errand)}) {
		if err != nil {
			return nil, err
		}
		if out = append(out, row); len(out) == most {
			break
		}
	}
	return out, nil
}
