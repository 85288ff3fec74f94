package plan

import (
	"cmp"
	"fmt"
	"hash/fnv"
	"maps"
	"slices"
	"strconv"

	"sportello/app/desk/policy"
	"sportello/app/desk/work"
	"sportello/app/timeline"
	"sportello/store"
	"sportello/store/db"
	"sportello/store/fault"
	"sportello/store/key"
)

// Wait is something of a plan that somebody has to decide or to do, now that nothing else stands before it.
type Wait struct {
	Code   string
	Decide bool // else it is a step
	Name   store.Words
	Due    timeline.Day // none: nothing waits for it
	Late   bool
	side   store.Side
	roles  []string
}

// waitsOf returns what waits for anybody, in the order of its days on each side.
func waitsOf(m material, w *Walk) []Wait {
	var out []Wait
	for _, side := range []store.Side{store.OfOrganisation, store.OfDesk, store.OfSupplier} {
		c := w.Waiting(side)
		for _, d := range c.Decisions {
			due := d.By
			if d.State == store.DecisionPostponed {
				if due = dayOf(d.Last.Until); due > m.today {
					continue
				}
			}
			out = append(out, Wait{d.Code, true, d.Question, due, due != 0 && due < m.today, side, d.Who})
		}
		for _, s := range c.Steps {
			out = append(out, Wait{s.Code, false, s.Name, s.Due, s.Due < m.today, side, s.Who})
		}
	}
	return out
}

// crowd is who has to do with a plan, as far as they may see it.
type crowd struct {
	plan *store.Plan
	all  []*store.Person   // named ones, coordinators, and who looks after it at the desk; each once
	lead uint64            // 0: the whole group looks after it
	held map[string]uint64 // roles that somebody has, with one of them
	tx   *db.Tx
}

// crowdOf gathers who has to do with the plan at this moment.
func crowdOf(tx *db.Tx, p *store.Plan) (*crowd, error) {
	c := &crowd{plan: p, held: map[string]uint64{}, tx: tx}
	add := func(id uint64) (*store.Person, error) {
		who, err := store.People.Peek(tx, id)
		if err != nil || who.Disabled || policy.MayPlan(tx, policy.Actor{Person: who}, policy.SeePlan, p) != nil {
			return nil, fault.IgnoreNotFound(err)
		}
		if !slices.ContainsFunc(c.all, func(x *store.Person) bool { return x.ID == id }) {
			c.all = append(c.all, who)
		}
		return who, nil
	}
	for _, x := range p.People {
		who, err := add(x.Person)
		if err != nil {
			return nil, err
		}
		if who != nil && x.Role != "" {
			c.held[x.Role] = who.ID
		}
	}
	for _, at := range []store.Hat{{Organisation: p.Organisation, Unit: p.Unit}, {Organisation: p.Organisation}} {
		for e := range store.PeopleByCoordination.Entries(tx, db.Span{Prefix: key.Of(at.Organisation, at.Unit)}) {
			if _, err := add(e.ID); err != nil {
				return nil, err
			}
		}
	}
	lead, err := add(p.Lead)
	if err != nil {
		return nil, err
	}
	if lead != nil && lead.InGroup(p.Group) {
		c.lead = lead.ID
		return c, nil
	}
	for e := range store.PeopleByGroup.Entries(tx, db.Span{Prefix: key.Of(p.Group)}) {
		if _, err := add(e.ID); err != nil {
			return nil, err
		}
	}
	return c, nil
}

// keeps reports whether the person looks after the plan at the desk: who leads it, where nobody does its group.
func (c *crowd) keeps(x *store.Person) bool {
	return x.ID == c.lead || c.lead == 0 && x.InGroup(c.plan.Group)
}

// answers reports whether something waits for the person. At the organisation that is who has one of its roles in the plan;
// where nobody has, who coordinates it or is named without a role.
func (c *crowd) answers(x *store.Person, w Wait) bool {
	if w.side != store.OfOrganisation {
		return c.keeps(x)
	}
	named := func(role string) bool {
		return slices.Contains(c.plan.People, store.PlanPerson{Person: x.ID, Role: role})
	}
	held := false
	for _, role := range w.roles {
		if named(role) {
			return true
		}
		held = held || c.held[role] != 0
	}
	return !held && (named("") || x.Covers(c.plan.Organisation, c.plan.Unit, c.tx.Now()))
}

// of returns what of the waits waits for the person.
func (c *crowd) of(x *store.Person, waits []Wait) []Wait {
	if !slices.ContainsFunc(c.all, func(o *store.Person) bool { return o.ID == x.ID }) {
		return nil
	}
	var out []Wait
	for _, w := range waits {
		if c.answers(x, w) {
			out = append(out, w)
		}
	}
	return out
}

// Awaits returns what waits for the person in a plan that goes on; nothing where they may not see it.
func (ps *Plans) Awaits(tx *db.Tx, p *store.Plan, x *store.Person) ([]Wait, error) {
	takesPart := x.InGroup(p.Group) || x.Covers(p.Organisation, p.Unit, tx.Now()) || slices.ContainsFunc(p.People, func(o store.PlanPerson) bool { return o.Person == x.ID })
	if !takesPart || !p.Goes() {
		return nil, nil
	}
	c, err := crowdOf(tx, p)
	if err != nil {
		return nil, err
	}
	kept, err := ps.picture(tx, p)
	return c.of(x, kept.waits), err
}

// Work returns the plans in which decisions or steps wait for the actor, each with how many and the nearest day.
func (ps *Plans) Work(tx *db.Tx, a policy.Actor) ([]work.Item, error) {
	if a.Person == nil {
		return nil, nil
	}
	all, err := ps.within(tx, a)
	if err != nil {
		return nil, err
	}
	var out []work.Item
	for _, p := range all {
		waits, err := ps.Awaits(tx, p, a.Person)
		if err != nil {
			return nil, err
		}
		items := map[bool]*work.Item{}
		for _, w := range waits {
			i := items[w.Decide]
			if i == nil {
				i = &work.Item{Why: work.Do, Noun: "plans", Number: p.ID, Name: p.Name}
				if w.Decide {
					i.Why = work.Decide
				}
				if policy.FactsOfPlan(tx, p).OfDesk(a) {
					o, err := store.Organisations.Peek(tx, p.Organisation)
					if err != nil {
						return nil, err
					}
					i.Place = o.Name
				}
				items[w.Decide] = i
			}
			i.Count++
			i.Late = i.Late || w.Late
			if w.Due != 0 && (i.Due.IsZero() || w.Due.Time().Before(i.Due)) {
				i.Due = w.Due.Time()
			}
		}
		for _, decide := range []bool{true, false} {
			if items[decide] != nil {
				out = append(out, *items[decide])
			}
		}
	}
	return out, nil
}

// Told is somebody of a plan with what they are told of it, by code.
type Told struct {
	*store.Person
	Waits   []string // decisions and steps that wait for them
	Freezes []string // that are near and that they have not read of
	Named   bool     // they were added to it since somebody last looked
}

// freezeNear is how many working days before something stands still people are told of it.
const freezeNear = 10

// Due returns the running plans of which nobody was reminded today, where today is a working day.
func (ps *Plans) Due(tx *db.Tx) ([]uint64, error) {
	var out []uint64
	today := ps.today(tx)
	for p, err := range store.Plans.PeekAll(tx, 0, false) {
		if err != nil {
			return nil, err
		}
		if p.State != store.PlanRunning || !calendar(p.Facts).Works(today) {
			continue
		}
		switch row, err := store.RemindingsByPlan.PeekFirst(tx, p.ID); {
		case fault.IgnoreNotFound(err) != nil:
			return nil, err
		case err != nil || dayOf(row.Day) < today:
			out = append(out, p.ID)
		}
	}
	return out, nil
}

// Works reports whether the desk works on the day.
func (ps *Plans) Works(tx *db.Tx) bool { return national().Fork().Works(ps.today(tx)) }

// Remind returns whom to tell today of what in a plan that is due, and remembers that they were told: of what waits for them
// since somebody last looked, MaxCodes at a time, all that waits for whoever became one of those since, of what is near its last day or past it by the days of the settings, of what will stand still.
func (ps *Plans) Remind(tx *db.Tx, number uint64) ([]Told, error) {
	p, err := store.Plans.Get(tx, number)
	if err != nil || p.State != store.PlanRunning {
		return nil, fault.IgnoreNotFound(err)
	}
	row, err := store.RemindingsByPlan.First(tx, p.ID)
	if fault.IgnoreNotFound(err) != nil {
		return nil, err
	}
	if err != nil {
		row = &store.Reminding{Plan: p.ID}
	}
	today, last := ps.today(tx), dayOf(row.Day)
	if last >= today {
		return nil, nil
	}
	kept, err := ps.picture(tx, p)
	if err != nil {
		return nil, err
	}
	c, err := crowdOf(tx, p)
	if err != nil {
		return nil, err
	}
	every, days := calendar(p.Facts), store.PlanReminderDays(store.CurrentSettings(tx))
	told := map[string]bool{}
	for _, code := range row.Told {
		told[code] = true
	}
	var now []string
	tell := map[string]bool{}
	for _, w := range kept.waits {
		passed := slices.ContainsFunc(days, func(n int) bool {
			at := every.Add(w.Due, n)
			return w.Due != 0 && last < at && at <= today
		})
		known := told[w.Code]
		if (passed || !known) && len(tell) < store.MaxCodes { // the rest is told tomorrow
			tell[w.Code], known = true, true
		}
		if known {
			now = append(now, w.Code)
		}
	}
	near := map[string]func(x *store.Person) bool{} // who has read of it
	for _, f := range kept.freezes {
		if f.until < today || f.from > every.Add(today, freezeNear) {
			continue
		}
		mark := "freeze " + f.code + " " + f.from.String()
		if now = append(now, mark); told[mark] {
			continue
		}
		said, err := progressOf(tx, p.ID, f.code)
		if err != nil {
			return nil, err
		}
		near[f.code] = func(x *store.Person) bool { return readOf(said, x.ID, f.from) }
	}
	row.Day, row.Told = today.Time(), now[:min(len(now), store.MaxTold)]
	heard := hearing(row)
	var out []Told
	for _, x := range c.all {
		t := Told{Person: x, Named: heard.adds("", c, x) && c.named(x)}
		for _, code := range slices.Sorted(maps.Keys(near)) {
			if !near[code](x) {
				t.Freezes = append(t.Freezes, code)
			}
		}
		for _, w := range c.of(x, kept.waits) {
			if heard.adds(w.audience(), c, x) && told[w.Code] || tell[w.Code] {
				t.Waits = append(t.Waits, w.Code)
			}
		}
		if len(t.Waits) > 0 || len(t.Freezes) > 0 || t.Named {
			out = append(out, t)
		}
	}
	row.Heard = nil
	for _, of := range slices.Sorted(maps.Keys(heard.now)) {
		row.Heard = append(row.Heard, store.Hearers{Of: of, People: heard.now[of]})
	}
	if err := store.Remindings.Put(tx, row); err != nil {
		return nil, err
	}
	slices.SortFunc(out, func(x, y Told) int { return cmp.Compare(x.ID, y.ID) })
	return out, nil
}

// named reports whether the person stands in the plan itself, and not by what they are elsewhere.
func (c *crowd) named(x *store.Person) bool {
	return x.ID == c.lead || slices.ContainsFunc(c.plan.People, func(o store.PlanPerson) bool { return o.Person == x.ID })
}

// audience is a sum of whom a wait is for: two that are for the same roles have the same.
func (w Wait) audience() string {
	sum := fnv.New64a()
	fmt.Fprintf(sum, "%s %q", w.side, slices.Sorted(slices.Values(w.roles)))
	return strconv.FormatUint(sum.Sum64(), 36)
}

// hearers are who had heard of a plan when somebody last looked, and who has now, by what: see store.Hearers.
type hearers struct {
	first    bool // nobody looked before, or nothing was remembered
	was, now map[string][]uint64
}

func hearing(row *store.Reminding) *hearers {
	h := &hearers{len(row.Heard) == 0, map[string][]uint64{}, map[string][]uint64{"": {}}}
	for _, one := range row.Heard {
		h.was[one.Of] = one.People
	}
	return h
}

// adds remembers that the person hears of it now, and reports whether they are new to it. Whoever is here only because they
// are of the group never is: whoever joins a group does not hear at once of all that its plans have told before.
func (h *hearers) adds(of string, c *crowd, x *store.Person) bool {
	if !c.named(x) && !x.Covers(c.plan.Organisation, c.plan.Unit, c.tx.Now()) {
		return false
	}
	if !slices.Contains(h.now[of], x.ID) {
		h.now[of] = append(h.now[of], x.ID)
	}
	return !h.first && !slices.Contains(h.was[of], x.ID)
}

// Everybody returns who has to do with the plan, as far as they may see it.
func (ps *Plans) Everybody(tx *db.Tx, p *store.Plan) ([]*store.Person, error) {
	c, err := crowdOf(tx, p)
	if err != nil {
		return nil, err
	}
	return c.all, nil
}

// Keepers returns who looks after the plan at the desk.
func (ps *Plans) Keepers(tx *db.Tx, p *store.Plan) ([]*store.Person, error) {
	c, err := crowdOf(tx, p)
	if err != nil {
		return nil, err
	}
	return slices.DeleteFunc(c.all, func(x *store.Person) bool { return !c.keeps(x) }), nil
}

// Deciders returns for whom the decision of the code waits; nobody where the plan does not ask it.
func (ps *Plans) Deciders(tx *db.Tx, p *store.Plan, code string) ([]*store.Person, error) {
	c, err := crowdOf(tx, p)
	if err != nil {
		return nil, err
	}
	m, err := ps.material(tx, p)
	if err != nil {
		return nil, err
	}
	w, err := walk(m)
	if err != nil || w.decisions[code] == nil {
		return nil, err
	}
	of := Wait{Code: code, Decide: true, roles: w.decisions[code].Who}
	return slices.DeleteFunc(c.all, func(x *store.Person) bool { return !c.answers(x, of) }), nil
}
