package leave

import (
	"context"
	"iter"
	"time"

	"sportello/store"
	"sportello/store/act"
	"sportello/store/db"
	"sportello/store/door"
	"sportello/store/event"
	"sportello/store/fault"
	"sportello/store/key"
)

// Whatever changes groups, rights or confidentiality, no active ticket stays with somebody who may not hold it. That is
// judged after each change that may matter, from the change log: nobody has to think of it, and a stop of the desk loses
// nothing. Access and rights themselves end at once.

// atOnce limits how many tickets one transaction changes, so that no other write waits long.
const atOnce = 20

// back follows the change log and gives tickets back. At its very first start it looks at everything.
func (l *Leaving) back() db.Follower {
	return db.Follower{
		Name:    "leaving",
		By:      db.By{Via: door.Desk, Act: act.GiveBack},
		Gather:  200 * time.Millisecond,
		Tells:   func(_ *db.Tx, c *db.Change) bool { return matters(c) },
		Begin:   l.Sweep,
		Prepare: l.giveBack,
	}
}

// Run gives back what is held wrongly, as changes come, until the context ends.
func (l *Leaving) Run(ctx context.Context) error { return l.st.Follow(ctx, l.back()) }

// CatchUp gives back what is held wrongly after the changes that are there now.
func (l *Leaving) CatchUp() error {
	_, err := l.st.CatchUp(context.Background(), l.back())
	return err
}

// Sweep looks at all active tickets and gives back what is held wrongly.
func (l *Leaving) Sweep(ctx context.Context) error {
	wrong, err := l.wrongly(0, 0)
	if err != nil {
		return err
	}
	return l.take(ctx, wrong)
}

// matters reports whether somebody may hold a ticket no longer because of the change.
func matters(c *db.Change) bool {
	changed := func(names ...string) bool {
		for _, name := range names {
			if _, ok := c.Field(name); ok {
				return true
			}
		}
		return false
	}
	switch c.Table {
	case store.People.Name():
		return c.Op == db.Modify && changed("groups", "administrator", "disabled", "editor", "affiliations")
	case store.Tickets.Name():
		return c.Op != db.Remove && changed("assignee", "group", "module", "state")
	case store.Groups.Name():
		return c.Op == db.Modify && changed("confidential")
	case store.Modules.Name():
		return c.Op == db.Modify && changed("confidential", "parent")
	}
	return false
}

// giveBack gives back what the changes may have left with somebody who may not hold it.
func (l *Leaving) giveBack(ctx context.Context, changes []*db.Change) error {
	seen := map[[2]uint64]bool{} // whose, or which ticket; with neither all there are
	for _, c := range changes {
		of := [2]uint64{}
		switch c.Table {
		case store.People.Name():
			of[0] = c.ID
		case store.Tickets.Name():
			of[1] = c.ID
		}
		if seen[of] || seen[[2]uint64{}] {
			continue
		}
		seen[of] = true
		wrong, err := l.wrongly(of[0], of[1])
		if err != nil {
			return err
		}
		if err := l.take(ctx, wrong); err != nil {
			return err
		}
	}
	return nil
}

// wrongly returns the active tickets that are held wrongly: by the person, or the one ticket, or of all.
func (l *Leaving) wrongly(person, ticket uint64) ([]uint64, error) {
	var out []uint64
	err := l.st.View(func(tx *db.Tx) error {
		out = nil
		look := func(id uint64) error {
			wrong, err := l.tickets.HeldWrongly(tx, id)
			if wrong {
				out = append(out, id)
			}
			return fault.IgnoreNotFound(err)
		}
		if ticket != 0 {
			return look(ticket)
		}
		for _, s := range active {
			index, span := store.TicketsByAssignee, db.Span{Prefix: key.Of(person, s)}
			if person == 0 {
				index, span = store.TicketsByState, db.Span{Prefix: key.Of(s)}
			}
			for e := range index.Entries(tx, span) {
				if err := look(e.ID); err != nil {
					return err
				}
			}
		}
		return nil
	})
	return out, err
}

// active are the states of tickets that somebody works on.
var active = []store.State{store.StateNew, store.StateOpen, store.StateWaiting, store.StatePlanned}

// take gives the tickets back in steps, and tells the supervisors of their groups once for each group and person.
func (l *Leaving) take(ctx context.Context, tickets []uint64) error {
	told := map[[2]uint64]bool{}
	for len(tickets) > 0 {
		if err := ctx.Err(); err != nil {
			return err
		}
		step := tickets[:min(atOnce, len(tickets))]
		tickets = tickets[len(step):]
		var tell map[[2]uint64]bool
		err := l.st.Update(db.By{Via: door.Desk, Act: act.GiveBack}, func(tx *db.Tx) error {
			tell = map[[2]uint64]bool{}
			for _, id := range step {
				from, err := l.tickets.GiveBack(tx, id)
				if fault.IgnoreNotFound(err) != nil {
					return err
				}
				if from == 0 || err != nil {
					continue // gone, or somebody was quicker
				}
				t, err := store.Tickets.Glance(tx, id)
				if err != nil {
					return err
				}
				of := [2]uint64{from, t.Group}
				if told[of] || tell[of] {
					continue
				}
				tell[of] = true
				if err := l.tellSupervisors(tx, from, t.Group); err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil {
			return err
		}
		for of := range tell {
			told[of] = true
		}
		l.post.Wake()
	}
	return nil
}

// tellSupervisors tells the supervisors of the group, where there are none the administrators, that tickets of somebody
// are the group's again.
func (l *Leaving) tellSupervisors(tx *db.Tx, from, group uint64) error {
	was, err := store.People.Peek(tx, from)
	if err != nil {
		return err
	}
	tell := func(among iter.Seq[db.Entry], may func(*store.Person) bool) (bool, error) {
		some := false
		var ids []uint64
		for e := range among {
			ids = append(ids, e.ID)
		}
		for _, id := range ids {
			p, err := store.People.Get(tx, id)
			if err != nil {
				return some, err
			}
			if p.ID == from || !may(p) || !p.MayEnter(tx.Now()) {
				continue
			}
			some = true
			if err := l.post.TellAccount(tx, p, store.Telling{Event: event.Returned, Of: from}, was.Name); err != nil {
				return some, err
			}
		}
		return some, nil
	}
	some, err := tell(store.PeopleByGroup.Entries(tx, db.Span{Prefix: key.Of(group)}), func(p *store.Person) bool { return p.Supervises(group) })
	if err != nil || some {
		return err
	}
	_, err = tell(store.PeopleByRole.Entries(tx, db.Span{Prefix: key.Of("administrator")}), func(*store.Person) bool { return true })
	return err
}
