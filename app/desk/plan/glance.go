package plan

import (
	"cmp"
	"slices"
	"time"

	"sportello/app/desk/policy"
	"sportello/app/timeline"
	"sportello/store"
	"sportello/store/db"
	"sportello/store/key"
)

// Glance is what somebody reads first of plans that go on.
type Glance struct {
	Own  []Glanced // of the actor's organisations, in which something waits: what is late first, then by day
	Desk []Glanced // of the actor's groups, that are in trouble or wait for the desk, the worst first; Health alone is set
	More int       // how many of the desk's there are beyond
}

// Glanced is one plan of a glance.
type Glanced struct {
	*store.Plan
	Organisation *store.Organisation
	Health       Health
	Yours        bool      // what is counted waits for the actor, else for their organisation
	Count        int       // decisions and steps
	Due          time.Time // the nearest day; zero: none
	Late         bool
}

// mostGlanced is how many plans of each kind a glance has.
const mostGlanced = 5

// Glance returns what waits for the actor and their organisations in plans, and the plans of their groups to look after.
// Whoever has no part in plans costs next to nothing.
func (ps *Plans) Glance(a policy.Actor) (*Glance, error) {
	out := &Glance{}
	if a.Person == nil {
		return out, nil
	}
	err := ps.st.View(func(tx *db.Tx) error {
		*out = Glance{}
		if err := ps.glanceOwn(tx, a, out); err != nil {
			return err
		}
		return ps.glanceDesk(tx, a, out)
	})
	return out, err
}

// going are the states in which plans go on.
var going = []store.PlanState{store.PlanRunning, store.PlanPrepared}

func (ps *Plans) glanceOwn(tx *db.Tx, a policy.Actor, out *Glance) error {
	seen := map[uint64]bool{}
	for _, h := range a.Person.Hats(tx.Now()) {
		for _, state := range going {
			for p, err := range store.PlansByOrganisation.PeekRows(tx, db.Span{Prefix: key.Of(h.Organisation, state)}) {
				if err != nil {
					return err
				}
				facts := policy.FactsOfPlan(tx, p)
				if seen[p.ID] || facts.May(tx, a, policy.SeePlan) != nil || facts.OfDesk(a) {
					continue
				}
				seen[p.ID] = true
				one, err := ps.glanced(tx, a, p)
				if err != nil {
					return err
				}
				if one.Count > 0 {
					out.Own = append(out.Own, one)
				}
			}
		}
	}
	slices.SortFunc(out.Own, func(x, y Glanced) int {
		return cmp.Or(cmp.Compare(b2i(y.Late), b2i(x.Late)), cmp.Compare(b2i(x.Due.IsZero()), b2i(y.Due.IsZero())), x.Due.Compare(y.Due), cmp.Compare(x.ID, y.ID))
	})
	out.Own = out.Own[:min(len(out.Own), mostGlanced)]
	return nil
}

// glanced counts what waits in the plan for the actor; where nothing does, for their organisation.
func (ps *Plans) glanced(tx *db.Tx, a policy.Actor, p *store.Plan) (Glanced, error) {
	one := Glanced{Plan: p}
	c, err := crowdOf(tx, p)
	if err != nil {
		return one, err
	}
	kept, err := ps.picture(tx, p)
	if err != nil {
		return one, err
	}
	waits := c.of(a.Person, kept.waits)
	if one.Yours = len(waits) > 0; !one.Yours {
		waits = slices.DeleteFunc(slices.Clone(kept.waits), func(w Wait) bool { return w.side != store.OfOrganisation })
	}
	one.Count = len(waits)
	for _, w := range waits {
		one.Late = one.Late || w.Late
		if w.Due != 0 && (one.Due.IsZero() || w.Due.Time().Before(one.Due)) {
			one.Due = w.Due.Time()
		}
	}
	one.Organisation, err = store.Organisations.Peek(tx, p.Organisation)
	return one, err
}

// sight is what the plans of a group to look after rest on.
type sight struct {
	plans, versions, decisions, progresses, units, installations, modules db.Mark
	today                                                                 timeline.Day
}

// troubled is a plan to look after.
type troubled struct {
	id     uint64
	health Health
}

// sights are the plans of groups to look after, the worst first.
var sights = &db.Each[sight, []troubled]{}

// ofGroup returns the plans of the group to look after. They are worked out anew when something of any plan changed, or the
// day.
func (ps *Plans) ofGroup(tx *db.Tx, group uint64) ([]troubled, error) {
	at := sight{today: ps.today(tx)}
	at.plans, _ = store.Plans.Mark(tx)
	at.versions, _ = store.TemplateVersions.Mark(tx)
	at.decisions, _ = store.Decisions.Mark(tx)
	at.progresses, _ = store.Progresses.Mark(tx)
	at.units, _ = store.Units.Mark(tx)
	at.installations, _ = store.Installations.Mark(tx)
	at.modules, _ = store.Modules.Mark(tx)
	return sights.Get(tx, group, at, func() ([]troubled, error) {
		var out []troubled
		for _, state := range going {
			for p, err := range store.PlansByGroup.PeekRows(tx, db.Span{Prefix: key.Of(group, state)}) {
				if err != nil {
					return nil, err
				}
				h, err := ps.health(tx, p)
				if err != nil {
					return nil, err
				}
				if h.Late+h.Blocked+h.Undecided+h.Ours > 0 || h.Forecast > h.GoLive {
					out = append(out, troubled{p.ID, h})
				}
			}
		}
		slices.SortStableFunc(out, func(x, y troubled) int { return x.health.worse(y.health) })
		return out, nil
	})
}

func (ps *Plans) glanceDesk(tx *db.Tx, a policy.Actor, out *Glance) error {
	var all []troubled
	for _, g := range a.Person.Groups {
		list, err := ps.ofGroup(tx, g.Group)
		if err != nil {
			return err
		}
		all = append(all, list...)
	}
	slices.SortStableFunc(all, func(x, y troubled) int { return x.health.worse(y.health) })
	for _, one := range all {
		p, err := store.Plans.Peek(tx, one.id)
		switch {
		case err != nil:
			return err
		case policy.MayPlan(tx, a, policy.SeePlan, p) != nil:
			continue
		case len(out.Desk) == mostGlanced:
			out.More++
			continue
		}
		o, err := store.Organisations.Peek(tx, p.Organisation)
		if err != nil {
			return err
		}
		out.Desk = append(out.Desk, Glanced{Plan: p, Organisation: o, Health: one.health})
	}
	return nil
}
