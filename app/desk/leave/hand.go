package leave

import (
	"cmp"
	"context"
	"slices"
	"time"

	"sportello/app/desk/policy"
	"sportello/store"
	"sportello/store/act"
	"sportello/store/db"
	"sportello/store/door"
	"sportello/store/event"
	"sportello/store/fault"
	"sportello/store/key"
	"sportello/store/spelling"
)

// Form says who gets what somebody has, kind by kind.
type Form struct{ Tickets, Drafts, Views, Replies store.Receiver }

// Holding is what somebody has: how many of each kind, and the active tickets that come first.
type Holding struct {
	Person  *store.Person // without password
	Tickets int
	First   []*store.Ticket
	Drafts  int
	Views   int
	Replies int
	Whole   bool            // the actor hands on everything; else only tickets and drafts of the groups they supervise are counted
	Moving  *store.Handover // what is being handed on now; nil for nothing
}

// mostShown limits how many tickets of a Holding are listed.
const mostShown = 50

// Holding returns what the person has. Only those who may hand it on may call it; for others the person is not there.
func (l *Leaving) Holding(a policy.Actor, person uint64) (*Holding, error) {
	var out *Holding
	err := l.st.View(func(tx *db.Tx) error {
		p, groups, err := handed(tx, a, person)
		if err != nil {
			return err
		}
		bare := *p
		bare.Password = ""
		out = &Holding{Person: &bare, Whole: groups == nil}
		tickets, err := held(tx, person, groups, 0)
		if err != nil {
			return err
		}
		for _, id := range tickets {
			if out.Tickets++; len(out.First) == mostShown {
				continue
			}
			t, err := store.Tickets.Glance(tx, id)
			if err != nil {
				return err
			}
			out.First = append(out.First, t)
		}
		drafts, err := draftsOf(tx, person, groups, 0)
		if err != nil {
			return err
		}
		if out.Drafts = len(drafts); out.Whole {
			out.Views = len(ids(tx, store.ViewsByPerson, person, 0))
			out.Replies = len(ids(tx, store.SavedRepliesByPerson, person, 0))
		}
		for h, err := range store.HandoversOpen.Rows(tx, db.Span{}) {
			if err != nil {
				return err
			}
			if h.Person == person {
				out.Moving = h
			}
		}
		return nil
	})
	return out, err
}

// Receivers returns who may get what the person has, by name, without passwords: for supervisors, people of their groups.
func (l *Leaving) Receivers(a policy.Actor, person uint64) ([]*store.Person, error) {
	var out []*store.Person
	err := l.st.View(func(tx *db.Tx) error {
		out = nil
		_, groups, err := handed(tx, a, person)
		if err != nil {
			return err
		}
		seen := map[uint64]bool{person: true}
		for _, role := range []string{"agent", "editor", "administrator"} {
			for e := range store.PeopleByRole.Entries(tx, db.Span{Prefix: key.Of(role)}) {
				if seen[e.ID] {
					continue
				}
				seen[e.ID] = true
				p, err := store.People.Get(tx, e.ID)
				if err != nil {
					return err
				}
				if p.Password = ""; p.MayEnter(tx.Now()) && among(p, groups) {
					out = append(out, p)
				}
			}
		}
		slices.SortFunc(out, func(x, y *store.Person) int { return cmp.Compare(spelling.Fold(x.Name), spelling.Fold(y.Name)) })
		return nil
	})
	return out, err
}

// handed returns the person when the actor may hand on what they have, else a NotFound error. A supervisor may for people
// of their groups, and for whoever left these and still has something of theirs: the groups say of what, nil of all.
func handed(tx *db.Tx, a policy.Actor, person uint64) (p *store.Person, groups []uint64, err error) {
	if p, err = store.People.Get(tx, person); err != nil {
		return nil, nil, err
	}
	if policy.MayAccount(a, policy.HandOnWork, policy.Account{Person: p}) {
		return p, nil, nil
	}
	groups = policy.HandsOnOf(a, p)
	has := len(groups) > 0 && among(p, groups)
	if len(groups) > 0 && !has {
		tickets, err := held(tx, person, groups, 1)
		if err != nil {
			return nil, nil, err
		}
		drafts, err := draftsOf(tx, person, groups, 1)
		if err != nil {
			return nil, nil, err
		}
		has = len(tickets)+len(drafts) > 0
	}
	if !has {
		return nil, nil, fault.New(fault.NotFound, "error.not-found")
	}
	return p, groups, nil
}

// among reports whether the person is of one of the groups; nil are all, and nobody has to be of them.
func among(p *store.Person, groups []uint64) bool {
	return groups == nil || slices.ContainsFunc(groups, p.InGroup)
}

// HandOn hands on what the person has, and returns what is to be done as it stands in the end. A large amount takes many
// steps, each a transaction of its own; what a stop of the desk interrupts, RunHandovers goes on with. Receivers must be
// agents who may sign in, of drafts people who may write articles; with a supervisor they must be of their groups, and
// views and saved replies are Denied: they belong to no group.
func (l *Leaving) HandOn(ctx context.Context, a policy.Actor, person uint64, f Form) (*store.Handover, error) {
	h := &store.Handover{}
	err := l.st.Update(a.By(act.HandOver), func(tx *db.Tx) error {
		p, groups, err := handed(tx, a, person)
		if err != nil {
			return err
		}
		for field, r := range map[string]store.Receiver{"views": f.Views, "replies": f.Replies} {
			if groups != nil && r != (store.Receiver{}) {
				return fault.New(fault.Denied, "error.denied").At(field)
			}
		}
		var wrong fault.Problems
		some := false
		told := map[uint64]bool{}
		for _, r := range []struct {
			field string
			store.Receiver
			drafts bool
		}{{"tickets", f.Tickets, false}, {"drafts", f.Drafts, true}, {"views", f.Views, false}, {"replies", f.Replies, false}} {
			some = some || r.Receiver != store.Receiver{}
			if r.Group != 0 {
				if g, err := store.Groups.Get(tx, r.Group); err != nil || g.Retired {
					wrong.Add(r.field, "error.group-unknown")
				}
			}
			if r.Person == 0 {
				continue
			}
			q, err := store.People.Get(tx, r.Person)
			may := err == nil && q.ID != person && q.MayEnter(tx.Now()) && among(q, groups) && (q.IsAgent() || q.Administrator || r.drafts && q.Editor)
			if !may {
				wrong.Add(r.field, "error.receiver")
				continue
			}
			if told[q.ID] {
				continue
			}
			told[q.ID] = true
			if err := l.post.TellAccount(tx, q, store.Telling{Event: event.HandedOn, By: a.ID(), Of: p.ID}, p.Name); err != nil {
				return err
			}
		}
		if !some {
			wrong.Add("tickets", "error.receiver-none")
		}
		if err := wrong.Err(); err != nil {
			return err
		}
		h = &store.Handover{Person: person, By: a.ID(), Groups: groups, Tickets: f.Tickets, Drafts: f.Drafts, Views: f.Views, Replies: f.Replies}
		return store.Handovers.Put(tx, h)
	})
	if err != nil {
		return nil, err
	}
	l.post.Wake()
	return l.work(ctx, h.ID)
}

// RunHandovers goes on with what was not done when the desk stopped, and looks every minute until the context ends.
func (l *Leaving) RunHandovers(ctx context.Context) error {
	tick := time.NewTicker(time.Minute)
	defer tick.Stop()
	for {
		var open []uint64
		err := l.st.View(func(tx *db.Tx) error {
			open = nil
			for e := range store.HandoversOpen.Entries(tx, db.Span{}) {
				open = append(open, e.ID)
			}
			return nil
		})
		if err != nil {
			return err
		}
		for _, id := range open {
			if _, err := l.work(ctx, id); err != nil {
				return err
			}
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-tick.C:
		}
	}
}

// work does the steps of the handover until it is done.
func (l *Leaving) work(ctx context.Context, id uint64) (*store.Handover, error) {
	for {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		h, err := l.step(id, false)
		if err != nil && fault.KindOf(err) == fault.Invalid { // whoever was to get it can no longer: the rest stays
			h, err = l.step(id, true)
		}
		if err != nil || !h.Done.IsZero() {
			return h, err
		}
	}
}

// step hands on some things, at most atOnce, or finds that none is left. With enough it only says that it is done.
func (l *Leaving) step(id uint64, enough bool) (*store.Handover, error) {
	var out *store.Handover
	err := l.st.Update(db.By{Via: door.Desk, Act: act.HandOver}, func(tx *db.Tx) error {
		h, err := store.Handovers.Get(tx, id)
		if err != nil {
			return err
		}
		out = h
		if !h.Done.IsZero() {
			return nil
		}
		n := 0
		if !enough {
			if n, err = l.some(tx, h); err != nil {
				return err
			}
		}
		h.Moved += n
		if n == 0 {
			h.Done = tx.Now()
		}
		tx.Act(act.HandOver)
		return store.Handovers.Put(tx, h)
	})
	return out, err
}

// some hands on things of the first kind that has some left, and returns how many.
func (l *Leaving) some(tx *db.Tx, h *store.Handover) (n int, err error) {
	nobody := store.Receiver{}
	if h.Tickets != nobody {
		tickets, err := held(tx, h.Person, h.Groups, atOnce)
		if err != nil {
			return n, err
		}
		for _, id := range tickets {
			if err := l.tickets.HandOn(tx, h.By, id, h.Tickets.Person); err != nil {
				return n, err
			}
			n++
		}
	}
	if h.Drafts != nobody && n == 0 {
		drafts, err := draftsOf(tx, h.Person, h.Groups, atOnce)
		if err != nil {
			return n, err
		}
		for _, id := range drafts {
			if err := change(tx, store.Versions, id, func(v *store.Version) { v.Author = h.Drafts.Person }); err != nil {
				return n, err
			}
			n++
		}
	}
	if h.Views != nobody && n == 0 {
		for _, id := range room(tx, store.ViewsByPerson, store.ViewsByGroup, h.Person, h.Views, 500) {
			err := change(tx, store.Views, id, func(v *store.View) {
				if v.Group = h.Views.Group; h.Views.Person != 0 {
					v.Person = h.Views.Person
				}
				v.Notify, v.Edits, v.Known, v.Whole = false, v.Edits+1, nil, false // other people see other tickets
			})
			if err != nil {
				return n, err
			}
			n++
		}
	}
	if h.Replies != nobody && n == 0 {
		for _, id := range room(tx, store.SavedRepliesByPerson, store.SavedRepliesByGroup, h.Person, h.Replies, 1000) {
			err := change(tx, store.SavedReplies, id, func(r *store.SavedReply) { r.Person, r.Group = h.Replies.Person, h.Replies.Group })
			if err != nil {
				return n, err
			}
			n++
		}
	}
	return n, nil
}

// change rewrites one row.
func change[T any](tx *db.Tx, table *db.Table[T], id uint64, how func(*T)) error {
	row, err := table.Get(tx, id)
	if err != nil {
		return err
	}
	how(row)
	return table.Put(tx, row)
}

// held returns the active tickets of the person in the groups, nil for all, at most so many unless that is 0.
func held(tx *db.Tx, person uint64, groups []uint64, most int) (out []uint64, err error) {
	for _, s := range active {
		for e := range store.TicketsByAssignee.Entries(tx, db.Span{Prefix: key.Of(person, s)}) {
			if most != 0 && len(out) == most {
				return out, nil
			}
			if groups != nil {
				t, err := store.Tickets.Glance(tx, e.ID)
				if err != nil {
					return nil, err
				}
				if !slices.Contains(groups, t.Group) {
					continue
				}
			}
			out = append(out, e.ID)
		}
	}
	return out, nil
}

// ids returns the rows of the person in an index that begins with people, at most so many unless that is 0.
func ids[T any](tx *db.Tx, index *db.Index[T], person uint64, most int) (out []uint64) {
	for e := range index.Entries(tx, db.Span{Prefix: key.Of(person)}) {
		if most != 0 && len(out) == most {
			break
		}
		out = append(out, e.ID)
	}
	return out
}

// room returns rows of the person, at most atOnce and no more than whoever receives them has room for: the rest stays.
func room[T any](tx *db.Tx, byPerson, byGroup *db.Index[T], person uint64, to store.Receiver, most int) []uint64 {
	has := len(ids(tx, byPerson, to.Person, 0))
	if to.Group != 0 {
		has = len(ids(tx, byGroup, to.Group, 0))
	}
	if has >= most {
		return nil
	}
	return ids(tx, byPerson, person, min(atOnce, most-has))
}

// draftsOf returns the drafts that the person wrote, of modules that the groups look after, nil for all; at most so many
// unless that is 0.
func draftsOf(tx *db.Tx, person uint64, groups []uint64, most int) (out []uint64, err error) {
	for e := range store.VersionsByUpdate.Entries(tx, db.Span{Prefix: key.Of(store.Draft)}) {
		if most != 0 && len(out) == most {
			break
		}
		v, err := store.Versions.Glance(tx, e.ID)
		if err != nil {
			return nil, err
		}
		if v.Author != person {
			continue
		}
		if groups != nil {
			group, err := policy.GroupOf(tx, v.Module)
			if err != nil {
				return nil, err
			}
			if !slices.Contains(groups, group) {
				continue
			}
		}
		out = append(out, e.ID)
	}
	return out, nil
}
