package plan

import (
	"cmp"
	"slices"
	"strconv"

	"sportello/app/condition"
	"sportello/app/desk/policy"
	"sportello/app/desk/template"
	"sportello/app/timeline"
	"sportello/store"
	"sportello/store/db"
	"sportello/store/fault"
	"sportello/store/key"
)

// Line is a plan with how it stands and what its line in a list names.
type Line struct {
	*store.Plan
	Template     *store.Template
	Number       int // of the template's version
	Organisation *store.Organisation
	Unit         *store.Unit // nil: the whole organisation
	Modules      []*store.Module
	Group        *store.Group
	Lead         *store.Person // nil: nobody
	Health       Health
}

// View is a plan with what the actor may do in it.
type View struct {
	Line
	*Walk
	People       []Person
	Files        map[string][]*store.File // of its steps, each in the order in which they were sent
	OfDesk       bool
	Confidential bool
	MayDecide    bool
	MayPropose   bool
	MayDoOwn     bool
	MayDoDesk    bool
	MayArrange   bool
	MaySay       bool
}

// Person is somebody of a plan.
type Person struct {
	*store.Person
	Role string
}

// Health is how a plan stands.
type Health struct {
	Late      int // open steps that are expected after their day
	Blocked   int
	Undecided int // decisions that something waits for and whose day is over
	Ours      int // open steps that wait for nothing, on the desk's side
	Theirs    int // and on the organisation's
	Done, All int // steps that are there
	GoLive    timeline.Day
	Forecast  timeline.Day // the last day of a step that is counted before going live; not before the day itself
	Ends      timeline.Day // the last day of all
	Next      timeline.Day // the first day on which something is due that nothing else stands before; none: nothing is
}

// Read returns the plan of the number. NotFound for whoever may not see it.
func (ps *Plans) Read(a policy.Actor, number uint64) (*View, error) {
	var out *View
	err := ps.st.View(func(tx *db.Tx) (err error) {
		out, err = ps.read(tx, a, number, policy.SeePlan)
		return err
	})
	if err == nil {
		ps.witness(a, out)
	}
	return out, err
}

// read returns the plan of the number if the actor may do the act.
func (ps *Plans) read(tx *db.Tx, a policy.Actor, number uint64, act policy.PlanAct) (*View, error) {
	p, err := store.Plans.Get(tx, number)
	if err != nil {
		return nil, err
	}
	if err := policy.MayPlan(tx, a, act, p); err != nil {
		return nil, err
	}
	return ps.view(tx, a, p)
}

// ViewIn returns the plan as the actor sees it at one moment; NotFound when they may not see it.
func (ps *Plans) ViewIn(tx *db.Tx, a policy.Actor, p *store.Plan) (*View, error) {
	if err := policy.MayPlan(tx, a, policy.SeePlan, p); err != nil {
		return nil, err
	}
	return ps.view(tx, a, p)
}

func (ps *Plans) view(tx *db.Tx, a policy.Actor, p *store.Plan) (*View, error) {
	m, err := ps.material(tx, p)
	if err != nil {
		return nil, err
	}
	w, err := walk(m)
	if err != nil {
		return nil, err
	}
	facts := policy.FactsOfPlan(tx, p)
	may := func(act policy.PlanAct) bool { return facts.May(tx, a, act) == nil }
	v := &View{Walk: w, OfDesk: facts.OfDesk(a), Confidential: facts.Confidential(), MayDecide: may(policy.Decide), MayPropose: may(policy.Propose), MayDoOwn: may(policy.DoOwnStep),
		MayDoDesk: may(policy.DoDeskStep), MayArrange: may(policy.ArrangePlan), MaySay: may(policy.SayFact)}
	if v.Line, err = line(tx, p); err != nil {
		return nil, err
	}
	if v.Files, err = filesOf(tx, p.ID); err != nil {
		return nil, err
	}
	for _, x := range p.People {
		who, err := store.People.Peek(tx, x.Person)
		if fault.KindOf(err) == fault.NotFound {
			continue
		}
		if err != nil {
			return nil, err
		}
		v.People = append(v.People, Person{who, x.Role})
	}
	v.Health = healthOf(m, w)
	return v, nil
}

// line names what a plan belongs to, without its health.
func line(tx *db.Tx, p *store.Plan) (l Line, err error) {
	l.Plan = p
	if l.Template, err = store.Templates.Peek(tx, p.Template); err != nil {
		return l, err
	}
	version, err := store.TemplateVersions.Glance(tx, p.Version)
	if err != nil {
		return l, err
	}
	l.Number = version.Number
	if l.Organisation, err = store.Organisations.Peek(tx, p.Organisation); err != nil {
		return l, err
	}
	if p.Unit != 0 {
		if l.Unit, err = store.Units.Peek(tx, p.Unit); err != nil {
			return l, err
		}
	}
	for _, id := range p.Modules {
		m, err := store.Modules.Peek(tx, id)
		if err != nil {
			return l, err
		}
		l.Modules = append(l.Modules, m)
	}
	if l.Group, err = store.Groups.Peek(tx, p.Group); err != nil {
		return l, err
	}
	if p.Lead != 0 {
		l.Lead, err = store.People.Peek(tx, p.Lead)
	}
	return l, fault.IgnoreNotFound(err)
}

// stamp is what the picture of a plan rests on, in short.
type stamp struct {
	rev, version, decisions, progress uint64
	today                             timeline.Day
	units, installations, modules     db.Mark
}

// picture is what is kept of a plan: how it stands, what it adds to the figures, what waits in it and what will stand still.
type picture struct {
	Health
	tally
	waits   []Wait
	freezes []freezeDays
}

// freezeDays are the days of a freeze.
type freezeDays struct {
	code        string
	from, until timeline.Day
}

// pictures are what is kept of plans.
var pictures = &db.Each[stamp, picture]{}

// picture returns what is kept of a plan, which is worked out anew when something of it changed, or the day.
func (ps *Plans) picture(tx *db.Tx, p *store.Plan) (picture, error) {
	version, err := store.TemplateVersions.Glance(tx, p.Version)
	if err != nil {
		return picture{}, err
	}
	own := db.Span{Prefix: key.Of(p.ID)}
	at := stamp{rev: p.Rev, version: version.Rev, decisions: store.DecisionsByPlan.Stamp(tx, own), progress: store.ProgressByPlan.Stamp(tx, own), today: ps.today(tx)}
	at.units, _ = store.Units.Mark(tx)
	at.installations, _ = store.Installations.Mark(tx)
	at.modules, _ = store.Modules.Mark(tx)
	return pictures.Get(tx, p.ID, at, func() (picture, error) {
		m, err := ps.material(tx, p)
		if err != nil {
			return picture{}, err
		}
		w, err := walk(m)
		if err != nil {
			return picture{}, err
		}
		out := picture{healthOf(m, w), tallyOf(m, w), waitsOf(m, w), nil}
		for _, p := range w.Phases {
			for _, f := range p.Freezes {
				out.freezes = append(out.freezes, freezeDays{f.Code, f.From, f.Until})
			}
		}
		return out, nil
	})
}

// health returns how a plan stands.
func (ps *Plans) health(tx *db.Tx, p *store.Plan) (Health, error) {
	kept, err := ps.picture(tx, p)
	return kept.Health, err
}

// material gathers what a walk is made from.
func (ps *Plans) material(tx *db.Tx, p *store.Plan) (material, error) {
	m := material{plan: p, answers: map[string]*store.Decision{}, progress: map[string]*store.Progress{}, calendar: calendar(p.Facts), today: ps.today(tx)}
	var err error
	if m.Published, err = ps.templates.VersionAs(tx, p.Template, p.Version); err != nil {
		return m, err
	}
	m.course = &m.Course
	for d, err := range store.DecisionsByPlan.Rows(tx, db.Span{Prefix: key.Of(p.ID)}) {
		if err != nil {
			return m, err
		}
		if last := m.answers[d.Code]; last == nil || last.Number < d.Number {
			m.answers[d.Code] = d
		}
	}
	for s, err := range store.ProgressByPlan.Rows(tx, db.Span{Prefix: key.Of(p.ID)}) {
		if err != nil {
			return m, err
		}
		m.progress[s.Code] = s
	}
	m.given, err = given(tx, p, m.course)
	return m, err
}

// given returns the facts that the desk itself knows of the organisation: how many units it has, which modules it has
// installed.
func given(tx *db.Tx, p *store.Plan, course *template.Course) (map[string]condition.Fact, error) {
	out := map[string]condition.Fact{}
	for _, f := range course.Facts {
		switch {
		case f.Code == "units" && f.Kind == "number":
			n := 0
			for range store.UnitsByOrganisation.Entries(tx, db.Span{Prefix: key.Of(p.Organisation)}) {
				n++
			}
			if n > 0 {
				out[f.Code] = condition.Known(strconv.Itoa(n))
			}
		case f.Code == "modules" && f.Kind == "list":
			var codes []string
			for i, err := range store.InstallationsByPlace.PeekRows(tx, db.Span{Prefix: key.Of(p.Organisation)}) {
				if err != nil {
					return nil, err
				}
				m, err := store.Modules.Peek(tx, i.Module)
				if err != nil {
					return nil, err
				}
				codes = append(codes, m.Code)
			}
			if len(codes) > 0 {
				out[f.Code] = condition.Known(codes...)
			}
		}
	}
	return out, nil
}

func healthOf(m material, w *Walk) Health {
	h := Health{GoLive: dayOf(m.plan.GoLive), Ends: w.Ends}
	h.Forecast = h.GoLive
	next := func(d timeline.Day) {
		if d != 0 && (h.Next == 0 || d < h.Next) {
			h.Next = d
		}
	}
	for _, p := range w.Phases {
		for _, d := range p.Decisions {
			if d.Shown && d.By != 0 && d.By < m.today {
				h.Undecided++
			}
			if d.Shown {
				next(d.By)
			}
		}
		for _, s := range p.Steps {
			if !s.there() {
				continue
			}
			h.All++
			if s.Due <= h.GoLive {
				h.Forecast = max(h.Forecast, s.Expected)
			}
			switch {
			case s.State == store.StepDone:
				h.Done++
				continue
			case s.State == store.StepBlocked:
				h.Blocked++
			case len(s.Opens) > 0:
			case s.Side == store.OfOrganisation:
				h.Theirs++
				next(s.Due)
			default:
				h.Ours++
				next(s.Due)
			}
			if s.Late > 0 {
				h.Late++
			}
		}
	}
	return h
}

// Filter chooses plans of a list. Its texts are codes.
type Filter struct {
	Organisation, Group, Template string
	State                         store.PlanState // 0: each
	After                         uint64          // number of the last one of the page before
	Limit                         int
}

// List returns the plans that the actor may see: those nearest to going live first. There may be more when it returns true.
func (ps *Plans) List(a policy.Actor, f Filter) (out []*Line, more bool, err error) {
	if a.Person == nil {
		return nil, false, policy.Denied(a)
	}
	err = ps.st.View(func(tx *db.Tx) error {
		out, more = nil, false
		all, err := ps.within(tx, a)
		if err != nil {
			return err
		}
		passed := f.After == 0
		for _, p := range all {
			if !passed {
				passed = p.ID == f.After
				continue
			}
			if ok, err := f.takes(tx, p); err != nil || !ok {
				if err != nil {
					return err
				}
				continue
			}
			if len(out) == f.Limit {
				more = true
				return nil
			}
			l, err := line(tx, p)
			if err == nil {
				l.Health, err = ps.health(tx, p)
			}
			if err != nil {
				return err
			}
			out = append(out, &l)
		}
		return nil
	})
	return out, more, err
}

// within returns the plans that the actor may see, running ones first, then by their day of going live.
func (ps *Plans) within(tx *db.Tx, a policy.Actor) ([]*store.Plan, error) {
	seen := map[uint64]*store.Plan{}
	take := func(p *store.Plan, err error) error {
		if err == nil && seen[p.ID] == nil && policy.MayPlan(tx, a, policy.SeePlan, p) == nil {
			seen[p.ID] = p
		}
		return err
	}
	var prefixes [][]byte
	index := store.PlansByGroup
	switch {
	case a.System || a.IsAdministrator():
		prefixes = [][]byte{nil}
	default:
		for _, g := range a.Person.Groups {
			prefixes = append(prefixes, key.Of(g.Group))
		}
	}
	for _, prefix := range prefixes {
		for p, err := range index.PeekRows(tx, db.Span{Prefix: prefix}) {
			if err := take(p, err); err != nil {
				return nil, err
			}
		}
	}
	for _, h := range a.Person.Hats(tx.Now()) {
		for p, err := range store.PlansByOrganisation.PeekRows(tx, db.Span{Prefix: key.Of(h.Organisation)}) {
			if err := take(p, err); err != nil {
				return nil, err
			}
		}
	}
	out := make([]*store.Plan, 0, len(seen))
	for _, p := range seen {
		out = append(out, p)
	}
	rank := func(p *store.Plan) int {
		return slices.Index([]store.PlanState{store.PlanRunning, store.PlanPrepared, store.PlanPaused, store.PlanClosed, store.PlanCancelled}, p.State)
	}
	slices.SortFunc(out, func(x, y *store.Plan) int {
		return cmp.Or(cmp.Compare(rank(x), rank(y)), x.GoLive.Compare(y.GoLive), cmp.Compare(x.ID, y.ID))
	})
	return out, nil
}

func (f *Filter) takes(tx *db.Tx, p *store.Plan) (bool, error) {
	if f.State != 0 && p.State != f.State {
		return false, nil
	}
	if f.Organisation != "" {
		if o, err := store.Organisations.Peek(tx, p.Organisation); err != nil || o.Code != f.Organisation {
			return false, err
		}
	}
	if f.Group != "" {
		if g, err := store.Groups.Peek(tx, p.Group); err != nil || g.Code != f.Group {
			return false, err
		}
	}
	if f.Template != "" {
		if t, err := store.Templates.Peek(tx, p.Template); err != nil || t.Code != f.Template {
			return false, err
		}
	}
	return true, nil
}

// Said is something that was said of a decision, and by whom; nobody for who is gone.
type Said struct {
	*store.Decision
	By string
}

// History returns what was said of a decision of the plan, the oldest first.
func (ps *Plans) History(a policy.Actor, number uint64, code string) ([]Said, error) {
	var out []Said
	err := ps.st.View(func(tx *db.Tx) (err error) {
		p, err := store.Plans.Get(tx, number)
		if err != nil {
			return err
		}
		if err := policy.MayPlan(tx, a, policy.SeePlan, p); err != nil {
			return err
		}
		list, err := store.DecisionsByPlan.Find(tx, p.ID, code)
		if err != nil {
			return err
		}
		out = nil
		for _, d := range list {
			said := Said{Decision: d}
			who, err := store.People.Peek(tx, d.By)
			if fault.IgnoreNotFound(err) != nil {
				return err
			}
			if err == nil {
				said.By = who.Name
			}
			out = append(out, said)
		}
		return nil
	})
	return out, err
}

// HasDecision reports whether the plan has the decision.
func (v *View) HasDecision(code string) bool {
	d := v.decisions[code]
	return d != nil && d.Shown
}

// MayDo reports whether the actor may do the step of the code, and whether there is one.
func (v *View) MayDo(code string) (may, there bool) {
	s := v.steps[code]
	if s == nil || !s.Shown && s.Progress == nil {
		return false, false
	}
	if s.Side == store.OfOrganisation {
		return v.MayDoOwn, true
	}
	return v.MayDoDesk, true
}
