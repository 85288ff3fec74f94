package problem

import (
	"slices"
	"time"

	"sportello/app/desk/entry"
	"sportello/app/desk/policy"
	"sportello/store"
	"sportello/store/act"
	"sportello/store/db"
	"sportello/store/fault"
	"sportello/store/key"
)

// Halt is what somebody says of a service that stands still because of a problem. Nil members stay as they are.
type Halt struct {
	From  *time.Time // since when; of the first one now
	Until *time.Time // when it is expected to end; zero: nobody knows
	News  *store.Words
	Ended bool
}

// Halt says that the service of the problem stands still, what is new, or that it works again.
func (ps *Problems) Halt(a policy.Actor, number uint64, h Halt) (*View, error) {
	return ps.change(a, act.HaltProblem, policy.WriteProblem, number, func(tx *db.Tx, p *store.Problem) error {
		if p.Gone() {
			return entry.Conflict("error.problem-gone")
		}
		o := p.Outage
		if h.Ended {
			if o.From.IsZero() || !o.Ended.IsZero() {
				return entry.Conflict("error.outage-none")
			}
			o.Ended = tx.Now()
		} else if o.From.IsZero() || !o.Ended.IsZero() {
			o = store.Outage{From: tx.Now()}
		}
		var wrong fault.Problems
		if h.From != nil && !h.From.IsZero() {
			o.From = h.From.UTC()
		}
		if h.Until != nil {
			o.Expected = h.Until.UTC()
		}
		if !o.Expected.IsZero() && !o.Expected.After(o.From) {
			wrong.Add("until", "error.outage-until")
		}
		if h.News != nil {
			if o.News = entry.CleanTexts(&wrong, "news", *h.News, store.Problems.Most("outage.news.it")); o.News != p.Outage.News || o.NewsAt.IsZero() {
				o.NewsAt = tx.Now()
			}
		}
		if err := wrong.Err(); err != nil {
			return err
		}
		p.Outage = o
		return store.Problems.Put(tx, p)
	})
}

// Stop is a service that stands still: because of a known problem, or for an update, planned.
type Stop struct {
	Problem *View          // nil: it is planned
	Release *store.Release // nil: it is because of a problem
	Module  *store.Module
	From    time.Time
	Until   time.Time // expected; zero: nobody knows
}

// ahead is how long before it begins a planned stop is shown.
const ahead = 24 * time.Hour

// Stops returns what stands still now or, of what is planned, within a day: of the module, the levels above and below it, or of all
// with 0. It names what the actor may see alone: what happened before what is planned, and the first first.
func (ps *Problems) Stops(a policy.Actor, module uint64) ([]Stop, error) {
	var out []Stop
	err := ps.st.View(func(tx *db.Tx) error {
		out = nil
		about := func(m uint64) bool { return module == 0 || policy.Under(tx, m, module) || policy.Under(tx, module, m) }
		for p, err := range store.ProblemsOut.PeekRows(tx, db.Span{High: key.Of(tx.Now().Add(time.Nanosecond))}) {
			if err != nil {
				return err
			}
			if !about(p.Module) {
				continue
			}
			v, err := ps.line(tx, a, p)
			switch fault.KindOf(err) {
			case fault.NotFound, fault.Denied, fault.SignIn:
				continue
			}
			if err != nil {
				return err
			}
			v.Joined = a.Person != nil && store.CasesByProblem.Has(tx, p.ID, uint64(0), a.ID())
			out = append(out, Stop{Problem: v, Module: v.Module, From: p.Outage.From, Until: p.Outage.Expected})
		}
		planned, err := plannedStops(tx, a, about)
		out = append(out, planned...)
		return err
	})
	return out, err
}

func plannedStops(tx *db.Tx, a policy.Actor, about func(uint64) bool) ([]Stop, error) {
	var out []Stop
	now := tx.Now()
	for r, err := range store.ReleasesByState.GlanceRows(tx, db.Span{Prefix: key.Of(store.ReleasePublished)}) {
		if err != nil {
			return nil, err
		}
		end := r.Stop.Until
		if r.Stop.Latest.After(end) {
			end = r.Stop.Latest
		}
		if r.Stop.From.IsZero() || r.Stop.From.After(now.Add(ahead)) || !end.After(now) || !slices.ContainsFunc(r.Modules, about) {
			continue
		}
		switch err := policy.MayRelease(tx, a, policy.SeeRelease, r); fault.KindOf(err) {
		case fault.NotFound, fault.Denied, fault.SignIn:
			continue
		}
		m, err := store.Modules.Peek(tx, r.Modules[0])
		if err != nil {
			return nil, err
		}
		out = append(out, Stop{Release: r, Module: m, From: r.Stop.From, Until: r.Stop.Until})
	}
	slices.SortStableFunc(out, func(x, y Stop) int { return x.From.Compare(y.From) })
	return out, nil
}
