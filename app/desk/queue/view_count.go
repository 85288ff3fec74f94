package queue

import (
	"context"
	"slices"
	"sync"
	"time"

	"sportello/app/desk/policy"
	"sportello/search"
	"sportello/store"
	"sportello/store/act"
	"sportello/store/db"
	"sportello/store/door"
	"sportello/store/event"
	"sportello/store/fault"
)

// The numbers beside the saved views are counted in the background, never while a page is made; a page shows the last
// count. Only views that somebody looks at, or wants notices from, are counted.

const (
	viewEvery  = time.Minute      // shortest time between two counts of a view
	viewShown  = 15 * time.Minute // how long a view is counted after a page showed it
	viewRounds = 10 * time.Second // how often the job checks for views that are due
	maxNewRows = 1000             // new tickets examined for one view without words
	maxTold    = 5                // notices of one view at once, for the newest tickets
)

// maxKnown limits how many tickets of a view are remembered to recognise new ones.
var maxKnown = store.Views.Most("known")

// viewWork remembers which views are looked at and when each was counted. It lives only in memory.
type viewWork struct {
	mu      sync.Mutex
	shown   map[uint64]time.Time
	counted map[uint64]viewCounted
}

type viewCounted struct {
	at    time.Time
	seq   uint64 // last change at the time of the count
	edits uint64
}

func (w *viewWork) show(list []SavedView, now time.Time) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.shown == nil {
		w.shown, w.counted = map[uint64]time.Time{}, map[uint64]viewCounted{}
	}
	for _, v := range list {
		w.shown[v.ID] = now
	}
}

// looked returns the views shown recently and forgets the others.
func (w *viewWork) looked(now time.Time) []uint64 {
	w.mu.Lock()
	defer w.mu.Unlock()
	var out []uint64
	for id, at := range w.shown {
		if now.Sub(at) > viewShown {
			delete(w.shown, id)
			continue
		}
		out = append(out, id)
	}
	for id, c := range w.counted {
		if now.Sub(c.at) > viewShown {
			delete(w.counted, id)
		}
	}
	return out
}

// due reports whether the view should be counted now: a minute after the last count, and only if something changed
// since. What is overdue also changes with time.
func (w *viewWork) due(v *store.View, now time.Time, seq uint64) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	c, ok := w.counted[v.ID]
	if ok && c.edits == v.Edits && (now.Sub(c.at) < viewEvery || c.seq == seq && !v.Overdue) {
		return false
	}
	if w.counted == nil {
		w.shown, w.counted = map[uint64]time.Time{}, map[uint64]viewCounted{}
	}
	w.counted[v.ID] = viewCounted{now, seq, v.Edits}
	return true
}

// RunViews counts the saved views that are looked at, and notifies their owners of new tickets if they want it, until
// the context ends.
func (qs *Queues) RunViews(ctx context.Context) error {
	tick := time.NewTicker(viewRounds)
	defer tick.Stop()
	for {
		if err := qs.CountViews(ctx); err != nil {
			return err
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-tick.C:
		}
	}
}

// CountViews counts the views that are due by the desk's clock. If the index is missing, a view keeps its number until
// the next time.
func (qs *Queues) CountViews(ctx context.Context) error {
	now, seq := qs.clock(), qs.st.Last()
	ids := qs.views.looked(now)
	var rows []*store.View
	err := qs.st.View(func(tx *db.Tx) error {
		rows = nil
		for e := range store.ViewsNotifying.Entries(tx, db.Span{}) {
			ids = append(ids, e.ID)
		}
		slices.Sort(ids)
		ids = slices.Compact(ids)
		for _, id := range ids {
			if v, err := store.Views.Get(tx, id); err == nil {
				rows = append(rows, v) // otherwise it was removed meanwhile
			}
		}
		return nil
	})
	if err != nil {
		return err
	}
	for _, v := range rows {
		if ctx.Err() != nil {
			return ctx.Err()
		}
		if !qs.views.due(v, now, seq) {
			continue
		}
		c, err := qs.countView(ctx, v)
		if fault.KindOf(err) == fault.Unavailable {
			continue
		}
		if err == nil {
			err = qs.noteCount(v, c)
		}
		if err != nil {
			qs.log.Warn("count a saved view", "view", v.ID, "err", err)
		}
	}
	return nil
}

// viewCount is the result of counting a view.
type viewCount struct {
	n     int
	more  bool
	seen  uint64
	all   []uint64 // tickets in the view, by number, if notices are wanted and there are not too many
	whole bool     // all is complete
	fresh []uint64 // new tickets, the newest first
}

// compare sets what is new: tickets that are in the view and were not in it last time. If there are too many to
// remember, the new ones are those opened since then.
func (c *viewCount) compare(v *store.View, opened []uint64) {
	slices.Sort(c.all)
	c.fresh = opened
	if c.whole && v.Whole {
		c.fresh = slices.DeleteFunc(slices.Clone(c.all), func(id uint64) bool {
			_, known := slices.BinarySearch(v.Known, id)
			return known
		})
	}
	if !c.whole {
		c.all = nil
	}
	slices.Sort(c.fresh)
	slices.Reverse(c.fresh)
}

// viewer returns the person whose rights a view is counted with. A shared view has one number for the whole group. It
// is counted for a fictitious member without other rights, whose number no row has, so that it reveals nothing that a
// member may not see. viewer returns nil when the owner is no longer an agent.
func viewer(tx *db.Tx, v *store.View) *store.Person {
	if v.Group != 0 {
		return &store.Person{Row: db.Row{ID: policy.Nowhere}, Groups: []store.Membership{{Group: v.Group}}}
	}
	p, err := store.People.Peek(tx, v.Person)
	if err != nil || p.Disabled || !p.IsAgent() && !p.Administrator {
		return nil
	}
	return p
}

func (qs *Queues) countView(ctx context.Context, v *store.View) (viewCount, error) {
	if v.Text != "" {
		return qs.countWords(ctx, v)
	}
	c := viewCount{seen: v.SeenNumber}
	err := qs.st.View(func(tx *db.Tx) error {
		c = viewCount{seen: v.SeenNumber}
		a := policy.Actor{Person: viewer(tx, v), Via: door.Desk}
		if a.Person == nil {
			return nil
		}
		q := viewQuery(v)
		see := qs.sight(tx, a)
		looked, in := 0, 0
		most := store.MaxCounted
		if c.whole = v.Notify; v.Notify {
			most = maxKnown
		}
		for _, l := range qs.legs(tx, a, q) {
			for e := range l.walk(tx, nil, false) {
				if in == most || looked == maxLooked {
					c.more, c.whole = true, false
					break
				}
				looked++
				t, err := store.Tickets.Glance(tx, e.ID)
				if err != nil {
					return err
				}
				if !see(t) || !q.fits(tx, t) {
					continue
				}
				if in++; v.Notify {
					c.all = append(c.all, t.ID)
				}
			}
		}
		c.n, c.more = min(in, store.MaxCounted), c.more || in > store.MaxCounted
		if !v.Notify {
			return nil
		}
		last := store.Tickets.Last(tx)
		var opened []uint64
		if !c.whole || !v.Whole {
			from := v.SeenNumber + 1
			if last > maxNewRows {
				from = max(from, last-maxNewRows)
			}
			groups := qs.rights.OwnGroups(tx, a)
			for t, err := range store.Tickets.GlanceAll(tx, from, false) {
				if err != nil {
					return err
				}
				if q.holds(a, groups, t) && see(t) && q.fits(tx, t) {
					opened = append(opened, t.ID)
				}
			}
		}
		c.compare(v, opened)
		c.seen = last
		return nil
	})
	return c, err
}

// holds reports whether the view contains the ticket, ignoring its filters.
func (q Query) holds(a policy.Actor, groups []uint64, t *store.Ticket) bool {
	if t.IsSpam() != (q.View == ViewSpam) {
		return false
	}
	switch here := slices.Contains(groups, t.Group); q.View {
	case ViewMine:
		return t.Assignee == a.ID() && t.State.Active()
	case ViewAll:
		return q.State != store.StateNone || t.State.Active()
	case ViewUnassigned:
		return here && t.Assignee == 0 && t.State.Active()
	case ViewWaiting:
		return here && t.State == store.StateWaiting
	case ViewResolved:
		return here && t.State == store.StateResolved
	case ViewClosed:
		return here && t.State == store.StateClosed
	case ViewBeside:
		return here && t.Beside > 0
	case ViewSpam:
		return here
	default:
		return here && t.State.Active()
	}
}

// countWords queries the index. Tickets that are not indexed yet are new the next time: what counts as seen is the
// highest number the index returned, not the highest there is.
func (qs *Queues) countWords(ctx context.Context, v *store.View) (viewCount, error) {
	c := viewCount{seen: v.SeenNumber}
	var a policy.Actor
	err := qs.st.View(func(tx *db.Tx) error {
		a = policy.Actor{Person: viewer(tx, v), Via: door.Desk}
		return nil
	})
	if err != nil || a.Person == nil {
		return c, err
	}
	a.Language = a.Person.Language
	if qs.ix == nil {
		return c, fault.New(fault.Unavailable, "error.search")
	}
	limit := 1
	if v.Notify {
		limit = maxKnown
	}
	// Numbers only: the policy decides on each row whether the person may be notified of it.
	w := wordsOf(v, limit, 0)
	access, err := qs.find.Access(a)
	if err != nil {
		return c, err
	}
	found, err := qs.ix.Search(ctx, search.Query{Text: w.Text, Access: access, Types: w.Types, Language: a.Lang(), Limit: w.Limit, Sort: w.Sort})
	if err != nil {
		return c, err
	}
	c.n = min(found.Total, store.MaxCounted)
	c.more = found.AtLeast || found.Total > store.MaxCounted
	if !v.Notify {
		return c, nil
	}
	c.whole = !found.AtLeast && found.Total <= len(found.Hits)
	var opened []uint64
	for _, h := range found.Hits {
		c.all = append(c.all, h.ID)
		if h.ID > v.SeenNumber {
			opened = append(opened, h.ID)
			c.seen = max(c.seen, h.ID)
		}
	}
	c.compare(v, opened)
	return c, nil
}

// noteCount stores a changed count together with the notices of new tickets.
func (qs *Queues) noteCount(v *store.View, c viewCount) error {
	if v.Counted == c.n && v.More == c.more && v.SeenNumber == c.seen && !v.CountedAt.IsZero() &&
		v.Whole == c.whole && slices.Equal(v.Known, c.all) {
		return nil
	}
	return qs.st.Update(db.By{Via: door.Desk, Act: act.CountView}, func(tx *db.Tx) error {
		row, err := store.Views.Get(tx, v.ID)
		if fault.KindOf(err) == fault.NotFound || err == nil && row.Edits != v.Edits {
			return nil // removed or changed meanwhile: it will be counted again soon
		}
		if err != nil {
			return err
		}
		seen := row.SeenNumber
		row.Counted, row.More, row.CountedAt, row.SeenNumber, row.Known, row.Whole = c.n, c.more, tx.Now(), c.seen, c.all, c.whole
		if err := store.Views.Put(tx, row); err != nil {
			return err
		}
		if !row.Notify {
			return nil
		}
		return qs.tellNew(tx, row, c.fresh, seen)
	})
}

// tellNew writes a notice for each of the newest tickets that the view's owner may see and did not bring there
// themselves: by opening it or, when its number is not above seen, by the last change to it.
func (qs *Queues) tellNew(tx *db.Tx, v *store.View, fresh []uint64, seen uint64) error {
	p, err := store.People.Peek(tx, v.Person)
	if err != nil || p.Disabled || v.Group != 0 && !p.InGroup(v.Group) && !p.Administrator {
		return nil
	}
	a := policy.Actor{Person: p}
	told := 0
	for _, id := range fresh {
		if told == maxTold {
			break
		}
		t, err := store.Tickets.Glance(tx, id)
		if err != nil || t.Via == door.Import && id > seen || t.OnSide(p.ID) || qs.rights.May(tx, a, policy.SeeNotes, t) != nil {
			continue // removed, old, known, or not visible to the owner
		}
		if id <= seen {
			changes, err := tx.TicketChanges(id)
			if err != nil {
				return err
			}
			if len(changes) > 0 && changes[len(changes)-1].By == p.ID {
				continue
			}
		}
		told++
		n := &store.Notice{Person: p.ID, Ticket: id, Event: event.View, By: t.Requester, Seq: qs.st.Last(), At: tx.Now(), Why: v.Name}
		if err := store.Notices.Put(tx, n); err != nil {
			return err
		}
	}
	return nil
}

// ForgetCounts makes every view that is looked at due for counting, whenever it was last counted.
func (qs *Queues) ForgetCounts() {
	qs.views.mu.Lock()
	defer qs.views.mu.Unlock()
	clear(qs.views.counted)
}
