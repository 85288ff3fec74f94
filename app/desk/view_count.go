package desk

import (
	"context"
	"slices"
	"sync"
	"time"

	"sportello/store"
)

// The numbers beside the saved views are counted here and never on the way of a page, which shows the last one. Only
// views that somebody looks at, or wants to be told of, are counted.

const (
	viewEvery  = time.Minute      // at most so often one view is counted
	viewShown  = 15 * time.Minute // so long after a page showed it
	viewRounds = 10 * time.Second // so often the work looks for views that are due
	maxNewRows = 1000             // how many new tickets are looked at for one view without words
	maxTold    = 5                // notices of one view at once: the newest
)

// viewWork remembers which views are looked at and when each was counted. It is forgotten when the process ends.
type viewWork struct {
	mu      sync.Mutex
	shown   map[uint64]time.Time
	counted map[uint64]viewCounted
}

type viewCounted struct {
	at    time.Time
	seq   uint64 // the last change there was
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

// looked returns the views that were shown lately and forgets the others.
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

// due reports whether the view is to be counted now: a minute after the last time, and only when something changed
// meanwhile. What is overdue changes with time alone.
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

// RunViews counts the saved views that are looked at and tells what is new in those that ask for it, until the
// context ends.
func (d *Desk) RunViews(ctx context.Context) error {
	tick := time.NewTicker(viewRounds)
	defer tick.Stop()
	for {
		if err := d.CountViews(ctx); err != nil {
			return err
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-tick.C:
		}
	}
}

// CountViews counts the views that are due by the desk's clock. One that cannot be counted, for want of the index,
// keeps its number until the next time.
func (d *Desk) CountViews(ctx context.Context) error {
	now, seq := d.clock(), d.st.Last()
	ids := d.views.looked(now)
	var rows []*store.View
	err := d.st.View(func(tx *store.Tx) error {
		rows = nil
		for e := range store.ViewsNotifying.Entries(tx, store.Span{}) {
			ids = append(ids, e.ID)
		}
		slices.Sort(ids)
		ids = slices.Compact(ids)
		for _, id := range ids {
			if v, err := store.Views.Get(tx, id); err == nil {
				rows = append(rows, v) // else it was removed meanwhile
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
		if !d.views.due(v, now, seq) {
			continue
		}
		c, err := d.countView(ctx, v)
		if store.KindOf(err) == store.Unavailable {
			continue
		}
		if err == nil {
			err = d.noteCount(v, c)
		}
		if err != nil {
			d.log.Warn("count a saved view", "view", v.ID, "err", err)
		}
	}
	return nil
}

// viewCount is what was found of a view.
type viewCount struct {
	n     int
	more  bool
	seen  uint64
	fresh []uint64 // new tickets, the newest first
}

// asGroup stands for no person: somebody who is in the group and in no other.
const asGroup = 1 << 62

// viewer is with whose eyes a view is counted. A shared one has one number for all of the group: it is counted as
// somebody would who has no right but being in the group, so that it tells nobody more than they may see. nil when
// who saved it is no agent any more.
func viewer(tx *store.Tx, v *store.View) *store.Person {
	if v.Group != 0 {
		return &store.Person{Row: store.Row{ID: asGroup}, Groups: []store.Membership{{Group: v.Group}}}
	}
	p, err := store.People.Peek(tx, v.Person)
	if err != nil || p.Disabled || !p.IsAgent() && !p.Administrator {
		return nil
	}
	return p
}

func (d *Desk) countView(ctx context.Context, v *store.View) (viewCount, error) {
	if v.Text != "" {
		return d.countWords(ctx, v)
	}
	c := viewCount{seen: v.SeenNumber}
	err := d.st.View(func(tx *store.Tx) error {
		c = viewCount{seen: v.SeenNumber}
		a := Actor{Person: viewer(tx, v), Via: "desk"}
		if a.Person == nil {
			return nil
		}
		q := viewQuery(v)
		see := d.sight(tx, a)
		index, prefixes := d.queueSpans(tx, a, q)
		looked := 0
		for _, p := range prefixes {
			for e := range index.Entries(tx, store.Span{Prefix: p}) {
				if c.n == store.MaxCounted || looked == maxLooked {
					c.more = true
					break
				}
				looked++
				t, err := store.Tickets.Get(tx, e.ID)
				if err != nil {
					return err
				}
				if see(t) && q.fits(tx, t) {
					c.n++
				}
			}
		}
		if !v.Notify {
			return nil
		}
		last := store.Tickets.Last(tx)
		from := v.SeenNumber + 1
		if last > maxNewRows {
			from = max(from, last-maxNewRows)
		}
		groups := d.ownGroups(tx, a)
		for t, err := range store.Tickets.All(tx, from, false) {
			if err != nil {
				return err
			}
			if q.holds(a, groups, t) && see(t) && q.fits(tx, t) {
				c.fresh = append(c.fresh, t.ID)
			}
		}
		slices.Reverse(c.fresh)
		c.seen = last
		return nil
	})
	return c, err
}

// holds reports whether the ticket stands in the view, its filters apart.
func (q QueueQuery) holds(a Actor, groups []uint64, t *store.Ticket) bool {
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
	case ViewSpam:
		return here
	default:
		return here && t.State.Active()
	}
}

// countWords asks the index. What it does not know yet is new the next time: the highest number it named is what was
// seen, not the highest there is.
func (d *Desk) countWords(ctx context.Context, v *store.View) (viewCount, error) {
	c := viewCount{seen: v.SeenNumber}
	var a Actor
	err := d.st.View(func(tx *store.Tx) error {
		a = Actor{Person: viewer(tx, v), Via: "desk"}
		return nil
	})
	if err != nil || a.Person == nil {
		return c, err
	}
	a.Language = a.Person.Language
	limit := 1
	if v.Notify {
		limit = viewPage
	}
	found, err := d.Search(ctx, a, wordsOf(v, limit, 0))
	if err != nil {
		return c, err
	}
	c.n = min(found.Total, store.MaxCounted)
	c.more = found.AtLeast || found.Total > store.MaxCounted
	if !v.Notify {
		return c, nil
	}
	for _, f := range found.Hits {
		if f.Ticket != nil && f.Ticket.ID > v.SeenNumber {
			c.fresh = append(c.fresh, f.Ticket.ID)
			c.seen = max(c.seen, f.Ticket.ID)
		}
	}
	slices.SortFunc(c.fresh, func(x, y uint64) int {
		if x > y {
			return -1
		}
		return 1
	})
	return c, nil
}

// noteCount keeps what was counted, where it is another, together with the notices of what is new.
func (d *Desk) noteCount(v *store.View, c viewCount) error {
	if v.Counted == c.n && v.More == c.more && v.SeenNumber == c.seen && !v.CountedAt.IsZero() {
		return nil
	}
	return d.st.Update(store.By{Via: "desk", Act: "count-view"}, func(tx *store.Tx) error {
		row, err := store.Views.Get(tx, v.ID)
		if store.KindOf(err) == store.NotFound || err == nil && row.Edits != v.Edits {
			return nil // removed or changed meanwhile: counted again soon
		}
		if err != nil {
			return err
		}
		row.Counted, row.More, row.CountedAt, row.SeenNumber = c.n, c.more, tx.Now(), c.seen
		if err := store.Views.Put(tx, row); err != nil {
			return err
		}
		if !row.Notify {
			return nil
		}
		return d.tellNew(tx, row, c.fresh)
	})
}

// tellNew writes a notice for each of the newest tickets that the person of the view may see and did not open.
func (d *Desk) tellNew(tx *store.Tx, v *store.View, fresh []uint64) error {
	p, err := store.People.Peek(tx, v.Person)
	if err != nil || p.Disabled || v.Group != 0 && !p.InGroup(v.Group) && !p.Administrator {
		return nil
	}
	a := Actor{Person: p}
	told := 0
	for _, id := range fresh {
		if told == maxTold {
			break
		}
		t, err := store.Tickets.Get(tx, id)
		if err != nil || t.Via == "import" || t.OnSide(p.ID) || d.may(tx, a, SeeNotes, t) != nil {
			continue // gone, old, known, or not for these eyes
		}
		told++
		n := &store.Notice{Person: p.ID, Ticket: id, Event: "view", By: t.Requester, Seq: d.st.Last(), At: tx.Now(), Why: v.Name}
		if err := store.Notices.Put(tx, n); err != nil {
			return err
		}
	}
	return nil
}

// ForgetCounts has every view that is looked at counted the next time, whenever it was counted last.
func (d *Desk) ForgetCounts() {
	d.views.mu.Lock()
	defer d.views.mu.Unlock()
	clear(d.views.counted)
}
