package notice

import (
	"context"
	"errors"
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
)

// Notices are planned from the change log: Run reads the changes behind its cursor, and writes the notices and
// the cursor in one transaction, so that each change is planned exactly once. They are shown under the bell, and are
// what mail will carry.

// cursorNotices is the planner's name in the store's cursors.
const cursorNotices = "notices"

// notices follows the change log and plans notices from it.
func (ns *Notices) notices() db.Follower {
	return db.Follower{
		Name:    cursorNotices,
		By:      db.By{Via: door.Desk, Act: act.Notify},
		Gather:  200 * time.Millisecond,
		Tells:   func(_ *db.Tx, c *db.Change) bool { return tells(c) },
		Plan:    ns.plan,
		Planned: ns.post.Wake,
	}
}

// Run plans notices as changes come, until the context ends.
func (ns *Notices) Run(ctx context.Context) error { return ns.st.Follow(ctx, ns.notices()) }

// Plan plans what is behind the cursor now and returns the sequence number it came to.
func (ns *Notices) Plan() (uint64, error) {
	return ns.st.CatchUp(context.Background(), ns.notices())
}

// tells reports whether somebody may have to be told of the change.
func tells(c *db.Change) bool {
	if _, ok := accountEvent(c); ok {
		return true // an import as well gives and takes rights
	}
	if c.Via.Silent() || c.Act == act.Import {
		return false
	}
	if ofProblem(c) {
		return true
	}
	if _, ok := ofPlan(c); ok {
		return true
	}
	return c.Table == store.Tickets.Name() && c.Op != db.Remove && len(c.Act.Tells()) > 0 || c.Table == store.Messages.Name() && c.Op == db.Insert
}

// telling is what one person is to be told because of one step.
type telling struct {
	event    event.Event
	reply    uint64
	optional bool // the person may turn such notices down
}

type stepKey struct {
	ticket uint64
	by     uint64
	at     time.Time
}

// plan writes the notices of the changes, which all tell something.
func (ns *Notices) plan(tx *db.Tx, changes []*db.Change) error {
	type step struct {
		key     stepKey
		changes []*db.Change
	}
	var steps []*step
	type account struct {
		event  event.Event
		change *db.Change
	}
	var accounts []account
	index := map[stepKey]*step{}
	for _, c := range changes {
		if e, ok := accountEvent(c); ok {
			accounts = append(accounts, account{e, c})
			continue
		}
		if ofProblem(c) {
			if err := ns.planProblem(tx, c); err != nil {
				return err
			}
			continue
		}
		if tells, ok := ofPlan(c); ok {
			if err := ns.planPlan(tx, c, tells); err != nil {
				return err
			}
			continue
		}
		k := stepKey{c.Ticket, c.By, c.At}
		s := index[k]
		if s == nil {
			s = &step{key: k}
			index[k] = s
			steps = append(steps, s)
		}
		s.changes = append(s.changes, c)
	}
	for _, s := range steps {
		if err := ns.planStep(tx, s.changes); err != nil {
			return err
		}
	}
	for _, a := range accounts {
		if err := ns.planAccount(tx, a.change, a.event); err != nil {
			return err
		}
	}
	return nil
}

// planStep tells each person the weightiest event of the step.
func (ns *Notices) planStep(tx *db.Tx, changes []*db.Change) error {
	t, err := store.Tickets.Get(tx, changes[0].Ticket)
	if errors.Is(err, fault.ErrNotFound) {
		return nil // removed meanwhile
	}
	if err != nil {
		return err
	}
	if t.IsSpam() {
		return nil
	}
	tell := map[uint64]telling{}
	say := func(what event.Told, reply uint64, people []uint64) {
		for _, p := range people {
			if p == 0 {
				continue
			}
			if what.Optional && !ns.wants(tx, p, what.Event) {
				continue
			}
			if now, ok := tell[p]; !ok || what.Event.Weight() >= now.event.Weight() {
				if reply == 0 {
					reply = now.reply
				}
				tell[p] = telling{what.Event, reply, what.Optional}
			}
		}
	}
	var last *db.Change
	why := ""
	for _, c := range changes {
		last = c
		if c.Why != "" && !c.Internal {
			why = c.Why
		}
		if err := ns.say(tx, t, c, say); err != nil {
			return err
		}
	}
	for person, what := range tell {
		if person == last.By && !what.event.ToOneself() {
			continue
		}
		p, err := store.People.Peek(tx, person)
		if err != nil || p.Disabled {
			continue
		}
		if t.Access != 0 && person == t.Requester {
			if told, err := toldOfAccess(tx, what); err != nil || !told {
				if err != nil {
					return err
				}
				continue
			}
		}
		see := policy.See
		if what.event.OfNotes() {
			see = policy.SeeNotes
		}
		if t.Unclaimed && person == t.Requester {
			if err := ns.planUnclaimed(tx, t, p, last, what); err != nil {
				return err
			}
			continue
		}
		if ns.rights.May(tx, policy.Actor{Person: p}, see, t) != nil {
			continue
		}
		n := &store.Notice{Person: person, Ticket: t.ID, Event: what.event, By: last.By, Seq: last.Seq, At: last.At, Reply: what.reply}
		if t.OnSide(person) || see == policy.SeeNotes || p.IsAgent() {
			n.Why = why
		}
		if err := store.Notices.Put(tx, n); err != nil {
			return err
		}
		if err := ns.planLetter(tx, t, p, n, what.optional); err != nil {
			return err
		}
	}
	return nil
}

// planUnclaimed has what an agent answers go to the address that a form named. Of anything else in the ticket its
// requester is told once they have claimed it.
func (ns *Notices) planUnclaimed(tx *db.Tx, t *store.Ticket, p *store.Person, c *db.Change, what telling) error {
	if what.reply == 0 {
		return nil
	}
	m, err := store.Messages.Get(tx, what.reply)
	if err != nil || !m.Agent || m.Internal {
		return fault.IgnoreNotFound(err)
	}
	return ns.planLetter(tx, t, p, &store.Notice{Person: p.ID, Ticket: t.ID, Event: what.event, By: c.By, Seq: c.Seq, At: c.At, Reply: what.reply}, false)
}

// strange reports whether the person is a stranger: of no organisation of the desk, and never given a way to sign in.
func (ns *Notices) strange(tx *db.Tx, person uint64) bool {
	p, err := store.People.Peek(tx, person)
	return err != nil || len(p.Affiliations) == 0 && p.Password == "" && len(p.Groups) == 0 && !p.Administrator && !p.Editor
}

func members(tx *db.Tx, group uint64) []uint64 {
	var out []uint64
	for e := range store.PeopleByGroup.Entries(tx, db.Span{Prefix: key.Of(group)}) {
		out = append(out, e.ID)
	}
	return out
}

// wants tells whether the person's choice keeps an optional notice. The daily digest keeps it too: it gathers by mail
// what the bell shows at once.
func (ns *Notices) wants(tx *db.Tx, person uint64, event event.Event) bool {
	p, err := store.People.Peek(tx, person)
	if err != nil {
		return false
	}
	switch p.Notices {
	case store.NoticeOwn:
		return !event.OfGroup()
	case store.NoticeAnswers:
		return false
	}
	return true
}

// Line is a notice with what its line names.
type Line struct {
	*store.Notice
	Subject string
	Who     string // name of who caused it; empty when the desk did

	Unproven bool // it tells of somebody else's mail of which nothing proves who sent it
	Asks     bool // what it asks still waits for the reader: to answer, or to confirm
}

// List returns the person's notices, newest first, and how many are unread.
func (ns *Notices) List(a policy.Actor, limit int) ([]Line, int, error) {
	if !a.SignedIn() {
		return nil, 0, policy.Denied(a)
	}
	var out []Line
	unread := 0
	err := ns.st.View(func(tx *db.Tx) error {
		unread = store.Notices.Count(tx, store.CountUnread, a.ID())
		for n, err := range store.NoticesByPerson.Rows(tx, db.Span{Prefix: key.Of(a.ID()), Desc: true}) {
			if err != nil {
				return err
			}
			if len(out) == limit {
				break
			}
			line := Line{Notice: n}
			if t, err := store.Tickets.Glance(tx, n.Ticket); err == nil {
				if ns.rights.May(tx, a, policy.See, t) != nil {
					continue
				}
				line.Subject = t.Subject
				line.Asks = t.Requester == a.ID() && (n.Event == event.Waiting && t.State == store.StateWaiting || n.Event == event.Resolved && t.State == store.StateResolved)
				m, err := toldMessage(tx, t, n.Event, n.Reply)
				if err != nil {
					return err
				}
				line.Unproven = m != nil && m.NotVerified() && m.Author != a.ID()
			}
			if n.Release != 0 {
				tell, ok, err := ns.digestRelease(tx, &Outgoing{Person: a.Person}, store.Telling{Release: n.Release})
				if err != nil {
					return err
				}
				if !ok {
					continue
				}
				line.Subject = tell.Release.Module.Name.In(a.Lang()) + " " + tell.Release.Version
			}
			if n.Problem != 0 {
				p, err := seenProblem(tx, a, n.Problem)
				if err != nil {
					return err
				}
				if p == nil {
					continue
				}
				line.Subject = p.Title.In(a.Lang())
			}
			if n.Plan != 0 {
				p, err := seenPlan(tx, a, n.Plan)
				if err != nil {
					return err
				}
				if p == nil {
					continue
				}
				line.Subject = p.Name
			}
			if p, err := store.People.Get(tx, n.By); err == nil {
				line.Who = p.Name
			}
			out = append(out, line)
		}
		return nil
	})
	return out, unread, err
}

// Unread returns how many notices the person has not read.
func (ns *Notices) Unread(a policy.Actor) (int, error) {
	n := 0
	err := ns.st.View(func(tx *db.Tx) error { n = store.Notices.Count(tx, store.CountUnread, a.ID()); return nil })
	return n, err
}

// Read marks one of the person's notices as read and returns it; NotFound when it is not theirs.
func (ns *Notices) Read(a policy.Actor, id uint64) (n *store.Notice, err error) {
	if !a.SignedIn() {
		return nil, policy.Denied(a)
	}
	err = ns.st.Update(a.By(act.ReadNotices), func(tx *db.Tx) error {
		if n, err = store.Notices.Get(tx, id); err != nil {
			return err
		}
		if n.Person != a.ID() {
			return fault.New(fault.NotFound, "error.not-found")
		}
		if n.Read {
			return nil
		}
		n.Read = true
		return store.Notices.Put(tx, n)
	})
	return n, err
}

// ReadAll marks the person's unread notices as read: those of one ticket, or all with 0.
func (ns *Notices) ReadAll(a policy.Actor, ticket uint64) error {
	if !a.SignedIn() {
		return policy.Denied(a)
	}
	prefix := key.Of(a.ID())
	if ticket != 0 {
		prefix = key.Of(a.ID(), ticket)
	}
	some := false
	err := ns.st.View(func(tx *db.Tx) error {
		some = false
		for range store.NoticesUnread.Entries(tx, db.Span{Prefix: prefix}) {
			some = true
			break
		}
		return nil
	})
	if err != nil || !some {
		return err
	}
	return ns.st.Update(a.By(act.ReadNotices), func(tx *db.Tx) error {
		var ids []uint64
		for e := range store.NoticesUnread.Entries(tx, db.Span{Prefix: prefix}) {
			if ids = append(ids, e.ID); len(ids) == 1000 {
				break
			}
		}
		for _, id := range ids {
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
}

// sideOf are those on the requester's side who are told. In the place of an address of the desk's own, by which another
// office asked, stand the members of the group at that address: they are whom an answer reaches.
func (ns *Notices) sideOf(tx *db.Tx, t *store.Ticket) ([]uint64, error) {
	var out []uint64
	for _, id := range append([]uint64{t.Requester}, t.Participants...) {
		p, err := store.People.Peek(tx, id)
		if fault.IgnoreNotFound(err) != nil {
			return nil, err
		}
		if err != nil || !ns.post.Ours(tx, p.Email) {
			out = append(out, id)
			continue
		}
		_, group, err := ns.post.PlaceOfBox(tx, ns.post.Mailbox(tx, p.Email))
		if err != nil {
			return nil, err
		}
		if group != t.Group { // they have it in their queue
			out = append(out, members(tx, group)...)
		}
	}
	slices.Sort(out)
	return slices.Compact(out), nil
}
