package sample

import (
	"container/heap"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"time"

	"sportello/app/desk"
	"sportello/app/desk/catalogue"
	"sportello/app/worktime"
	"sportello/store"
	"sportello/store/act"
	"sportello/store/db"
	"sportello/store/door"
)

// The tickets of the demo, and how many of them are unfinished.
const (
	demoTickets = 400
	demoDays    = 365
)

// Start returns the time at which the clock of a demo's store must stand while the desk is seeded: shortly before
// anybody in the demo does anything.
func Start(now time.Time) time.Time { return now.UTC().AddDate(0, 0, -demoDays-30) }

// Demo fills an empty, seeded desk with the people of an invented university, their articles, and 400 tickets of the
// last twelve months. It plays them through the desk's own methods, in order of time, so that history, notices and due
// times are what they would have been. The desk's store must run on the clock, which stands at Start(now) or earlier;
// Demo moves it on to now. The same seed and now give the same data; only the passwords, which it sets for one person
// of each role and returns, are new each time. Notices older than a week are marked as read.
//
// Demo works for any now. The invented stories say what people would like to do, and when; the desk decides whether
// they still can (see step).
func Demo(ctx context.Context, d *desk.Desk, clock *Clock, seed uint64, now time.Time) (Accounts, error) {
	if err := newStage(ctx, d, clock, seed, now, demoTickets).fill(); err != nil {
		return nil, err
	}
	return NewPasswords(d)
}

// newStage returns the empty desk of a demo with the given number of tickets.
func newStage(ctx context.Context, d *desk.Desk, clock *Clock, seed uint64, now time.Time, tickets int) *stage {
	now = now.Truncate(time.Second).In(d.Location()) // whatever the time zone of now

	s := &stage{ctx: ctx, d: d, clock: clock, r: rand.New(rand.NewPCG(seed, 0x5907e110)), now: now, loc: d.Location(), // #nosec G404 -- the same data each time; passwords are made elsewhere
		cal:    worktime.Calendar{Begin: 8, End: 18, Location: d.Location()},
		groups: map[string]*store.Group{}, modules: map[string]*catalogue.Level{}, ids: map[uint64]*catalogue.Level{},
		tickets: tickets, drawn: map[Picture][]byte{}, stored: map[string]bool{}}
	s.storing.SetLimit(8)
	return s
}

// fill is Demo without passwords.
func (s *stage) fill() error {
	s.clock.Set(Start(s.now).Add(time.Minute))
	if err := s.scene(); err != nil {
		return err
	}
	matters, err := s.matters()
	if err != nil {
		return err
	}
	for _, m := range matters {
		s.at(m.opened, m.open)
	}
	if err := s.library(matters[0].opened); err != nil {
		return err
	}
	s.installations()
	if err := s.updates(); err != nil {
		return err
	}
	if err := s.problems(); err != nil {
		return err
	}
	s.plans()
	s.requests()
	if err := s.play(); err != nil {
		return errors.Join(err, s.storing.Wait())
	}
	if err := s.elapse(s.now); err != nil {
		return err
	}
	s.clock.Set(s.now)
	if err := s.notices(); err != nil {
		return err
	}
	if err := s.storing.Wait(); err != nil {
		return fmt.Errorf("sample: store files: %w", err)
	}
	return nil
}

// event is an act at a time of the demo's year.
type event struct {
	at    time.Time
	order int
	do    func() error
}

type events []event

func (e events) Len() int { return len(e) }
func (e events) Less(i, j int) bool {
	if c := e[i].at.Compare(e[j].at); c != 0 {
		return c < 0
	}
	return e[i].order < e[j].order
}
func (e events) Swap(i, j int) { e[i], e[j] = e[j], e[i] }
func (e *events) Push(x any)   { *e = append(*e, x.(event)) }
func (e *events) Pop() any {
	last := (*e)[len(*e)-1]
	*e = (*e)[:len(*e)-1]
	return last
}

// at plans an act. Acts after now are dropped.
func (s *stage) at(t time.Time, do func() error) {
	if t.After(s.now) {
		return
	}
	s.order++
	heap.Push(&s.events, event{t, s.order, do})
}

// play does the planned acts in order of time, and what happens automatically in between.
func (s *stage) play() error {
	for len(s.events) > 0 {
		if err := s.ctx.Err(); err != nil {
			return err
		}
		e := heap.Pop(&s.events).(event)
		if err := s.elapse(e.at); err != nil {
			return err
		}
		s.clock.Set(e.at)
		if err := e.do(); err != nil {
			return err
		}
	}
	return nil
}

// elapse does what happens automatically until the time.
func (s *stage) elapse(until time.Time) error {
	for {
		var wake time.Time
		err := s.d.Store().View(func(tx *db.Tx) error {
			for t, err := range store.TicketsByWake.Rows(tx, db.Span{}) {
				if err != nil {
					return err
				}
				wake = t.Wake
				break
			}
			return nil
		})
		if err != nil {
			return err
		}
		at := wake.Add(30 * time.Second)
		if wake.IsZero() || at.After(until) {
			return nil
		}
		if at.After(s.clock.Now()) {
			s.clock.Set(at)
		}
		if err := s.d.Tickets.Elapse(); err != nil {
			return fmt.Errorf("sample: let time pass: %w", err)
		}
	}
}

// notices plans notices and marks those older than a week as read.
func (s *stage) notices() error {
	if _, err := s.d.Notices.Plan(); err != nil {
		return fmt.Errorf("sample: plan notices: %w", err)
	}
	old := s.now.AddDate(0, 0, -7)
	var ids []uint64
	err := s.d.Store().View(func(tx *db.Tx) error {
		for n, err := range store.Notices.All(tx, 0, false) {
			if err != nil {
				return err
			}
			if !n.Read && n.At.Before(old) {
				ids = append(ids, n.ID)
			}
		}
		return nil
	})
	if err != nil {
		return err
	}
	for some := range slices.Chunk(ids, 1000) {
		err := s.d.Store().Update(db.By{Via: door.Desk, Act: act.ReadNotices}, func(tx *db.Tx) error {
			for _, id := range some {
				n, err := store.Notices.Get(tx, id)
				if err != nil {
					return err
				}
				n.Read = true
				if err := store.Notices.Put(tx, n); err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil {
			return fmt.Errorf("sample: mark notices as read: %w", err)
		}
	}
	return nil
}

// agent returns an agent of the group who answers in the language, sometimes a supervisor.
func (s *stage) agent(group uint64, language string) *player {
	var fit []*player
	for _, p := range s.known {
		if !p.row.InGroup(group) {
			continue
		}
		n := 4
		if p.row.Supervises(group) {
			n = 1
		}
		if language == "en" && p.Email == "kaspar.winterholm@montevelino.example" {
			n = 20
		}
		for range n {
			fit = append(fit, p)
		}
	}
	return fit[s.r.IntN(len(fit))]
}

// supervisor returns the group's supervisor.
func (s *stage) supervisor(group uint64) *player {
	i := slices.IndexFunc(s.known, func(p *player) bool { return p.row.Supervises(group) })
	if i < 0 {
		return s.agent(group, "it")
	}
	return s.known[i]
}

// requester returns a person who could have written the ticket, other than those in not.
func (s *stage) requester(t *Ticket, not ...*player) *player {
	var fit []*player
	for _, p := range s.known {
		if slices.Contains(p.Roles, "requester") && p.Language == t.Language && (len(t.From) == 0 || slices.Contains(t.From, p.Unit)) &&
			(t.Who == "anyone" || p.Academic == (t.Who == "academic")) && !slices.Contains(not, p) {
			fit = append(fit, p)
		}
	}
	if len(fit) == 0 {
		return nil
	}
	return fit[s.r.IntN(len(fit))]
}
