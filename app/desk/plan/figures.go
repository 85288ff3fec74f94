package plan

import (
	"cmp"
	"maps"
	"slices"
	"strconv"

	"sportello/app/desk/policy"
	"sportello/app/timeline"
	"sportello/store"
	"sportello/store/db"
)

// Figures is what the plans of the actor's groups teach: how long things took by the size of the organisation, what is
// chosen, where plans get stuck. Nothing in it is of a person, nor of one organisation by itself.
type Figures struct {
	Spans   []Span   `json:"spans"`
	Choices []Choice `json:"choices"`
	Stuck   []Stuck  `json:"stuck"` // the most often stuck first; at most mostStuck
}

// Span is how many working days decisions and steps of a template took at organisations of a size, in the middle: from when
// all that they waited for was there.
type Span struct {
	Template  string      `json:"template"`
	Name      store.Words `json:"-"`
	Size      Size        `json:"size"`
	Plans     int         `json:"plans"`
	Decisions *int        `json:"decision_days"` // nil: fewer plans than atLeastPlans say anything of it
	Steps     *int        `json:"step_days"`
}

// Choice is how often an option of a decision is chosen, as Chosen says it.
type Choice struct {
	Template string      `json:"template"`
	Decision string      `json:"decision"`
	Question store.Words `json:"-"`
	Option   string      `json:"option"`
	Name     store.Words `json:"-"`
	Band     Band        `json:"band"`
}

// Stuck is a decision or step at which plans are now late or blocked.
type Stuck struct {
	Template string      `json:"template"`
	Code     string      `json:"code"`
	Name     store.Words `json:"-"`
	Plans    int         `json:"plans"`
	Days     int         `json:"days"` // working days in all by which they are late
}

// Size is how many people an organisation has, in bands.
type Size string

// The sizes, by the fact "staff" of a plan.
const (
	Small   Size = "small"   // fewer than 300
	Middle  Size = "middle"  // to 1,000
	Large   Size = "large"   // more
	Unknown Size = "unknown" // nobody said
)

const (
	atLeastPlans = 3 // plans of a size before their days are said: of fewer, they would be those of somebody
	mostStuck    = 20
)

func sizeOf(p *store.Plan) Size {
	known := p.Facts["staff"]
	if len(known.Values) != 1 {
		return Unknown
	}
	switch n, err := strconv.Atoi(known.Values[0]); {
	case err != nil:
		return Unknown
	case n < 300:
		return Small
	case n <= 1000:
		return Middle
	}
	return Large
}

// tally is what one plan adds to the figures.
type tally struct {
	decisions, steps []int             // working days
	chosen           map[string]string // option by decision
	stuck            map[string]int    // working days late by code; 0: blocked
}

func tallyOf(m material, w *Walk) tally {
	t := tally{chosen: map[string]string{}, stuck: map[string]int{}}
	began := dayOf(m.plan.Start)
	ended := func(code string) timeline.Day {
		if d := w.decisions[code]; d != nil && d.Shown && d.State == store.DecisionDecided {
			return dayOf(d.Last.At)
		}
		if s := w.steps[code]; s != nil && s.there() && s.State == store.StepDone {
			return dayOf(s.Progress.Done)
		}
		return 0
	}
	took := func(after []string, end timeline.Day) int {
		from := began
		for _, code := range after {
			from = max(from, ended(code))
		}
		return max(0, m.calendar.Between(from, end))
	}
	for _, p := range w.Phases {
		for _, d := range p.Decisions {
			if !d.Shown {
				continue
			}
			if d.State == store.DecisionDecided {
				t.decisions = append(t.decisions, took(d.After, dayOf(d.Last.At)))
				t.chosen[d.Code] = d.Last.Option
			} else if d.By != 0 && d.By < m.today && d.State != store.DecisionNotNeeded {
				t.stuck[d.Code] = m.calendar.Between(d.By, m.today)
			}
		}
		for _, s := range p.Steps {
			switch {
			case !s.there() || s.Own: // what was added by hand is of one plan alone
			case s.State == store.StepDone:
				t.steps = append(t.steps, took(s.Waits, dayOf(s.Progress.Done)))
			case len(s.Opens) > 0: // it stands still because of another one
			case s.State == store.StepBlocked || s.Late > 0:
				t.stuck[s.Code] = s.Late
			}
		}
	}
	return t
}

// Figures returns what the plans of the groups teach that the actor supervises; of all groups to an administrator. Denied to
// everybody else.
func (ps *Plans) Figures(a policy.Actor) (*Figures, error) {
	if a.Person == nil || !a.Person.IsSupervisor() && !a.IsAdministrator() {
		return nil, policy.Denied(a)
	}
	var out *Figures
	err := ps.st.View(func(tx *db.Tx) error {
		all, err := ps.within(tx, a)
		if err != nil {
			return err
		}
		g := &gathering{ps: ps, spans: map[spanKey]*spanOf{}, options: map[codeKey]map[string]int{}, stuck: map[codeKey]*Stuck{}, names: map[codeKey]store.Words{}}
		for _, p := range all {
			if !a.IsAdministrator() && !a.Person.Supervises(p.Group) || p.State == store.PlanCancelled {
				continue
			}
			if err := g.add(tx, p); err != nil {
				return err
			}
		}
		out = g.figures()
		return nil
	})
	return out, err
}

type spanKey struct {
	template string
	size     Size
}

type codeKey struct{ template, code string }

type spanOf struct {
	name             store.Words
	plans            int
	decisions, steps []int
	decided, done    int // plans that say anything of them
}

// gathering adds plans up.
type gathering struct {
	ps      *Plans
	spans   map[spanKey]*spanOf
	options map[codeKey]map[string]int
	stuck   map[codeKey]*Stuck
	names   map[codeKey]store.Words // of decisions and steps; of options under DECISION/OPTION
}

func (g *gathering) add(tx *db.Tx, p *store.Plan) error {
	t, err := store.Templates.Peek(tx, p.Template)
	if err != nil {
		return err
	}
	said, err := g.ps.picture(tx, p)
	if err != nil {
		return err
	}
	k := spanKey{t.Code, sizeOf(p)}
	s := g.spans[k]
	if s == nil {
		s = &spanOf{name: t.Name}
		g.spans[k] = s
	}
	s.plans++
	s.decisions, s.steps = append(s.decisions, said.decisions...), append(s.steps, said.steps...)
	if len(said.decisions) > 0 {
		s.decided++
	}
	if len(said.steps) > 0 {
		s.done++
	}
	version, err := g.ps.templates.VersionOf(tx, p.Version)
	if err != nil {
		return err
	}
	for _, ph := range version.Phases {
		for _, d := range ph.Decisions {
			g.names[codeKey{t.Code, d.Code}] = d.Question
			for _, o := range d.Options {
				g.names[codeKey{t.Code, d.Code + "/" + o.Code}] = o.Name
			}
		}
		for _, x := range ph.Steps {
			g.names[codeKey{t.Code, x.Code}] = x.Name
		}
	}
	for code, option := range said.chosen {
		k := codeKey{t.Code, code}
		if g.options[k] == nil {
			g.options[k] = map[string]int{}
		}
		g.options[k][option]++
	}
	if p.State != store.PlanRunning {
		return nil
	}
	for code, days := range said.stuck {
		k := codeKey{t.Code, code}
		if g.stuck[k] == nil {
			g.stuck[k] = &Stuck{Template: t.Code, Code: code, Name: g.names[k]}
		}
		g.stuck[k].Plans++
		g.stuck[k].Days += days
	}
	return nil
}

func (g *gathering) figures() *Figures {
	out := &Figures{Spans: []Span{}, Choices: []Choice{}, Stuck: []Stuck{}}
	for k, s := range g.spans {
		one := Span{Template: k.template, Name: s.name, Size: k.size, Plans: s.plans}
		if s.decided >= atLeastPlans {
			one.Decisions = middle(s.decisions)
		}
		if s.done >= atLeastPlans {
			one.Steps = middle(s.steps)
		}
		out.Spans = append(out.Spans, one)
	}
	sizes := []Size{Small, Middle, Large, Unknown}
	slices.SortFunc(out.Spans, func(x, y Span) int {
		return cmp.Or(cmp.Compare(x.Template, y.Template), cmp.Compare(slices.Index(sizes, x.Size), slices.Index(sizes, y.Size)))
	})
	for k, counts := range g.options {
		bands := bandsOf(counts)
		for _, option := range slices.Sorted(maps.Keys(bands)) {
			out.Choices = append(out.Choices, Choice{k.template, k.code, g.names[k], option, g.names[codeKey{k.template, k.code + "/" + option}], bands[option]})
		}
	}
	slices.SortStableFunc(out.Choices, func(x, y Choice) int {
		return cmp.Or(cmp.Compare(x.Template, y.Template), cmp.Compare(x.Decision, y.Decision), cmp.Compare(x.Option, y.Option))
	})
	for _, s := range g.stuck {
		out.Stuck = append(out.Stuck, *s)
	}
	slices.SortFunc(out.Stuck, func(x, y Stuck) int {
		return cmp.Or(cmp.Compare(y.Plans, x.Plans), cmp.Compare(y.Days, x.Days), cmp.Compare(x.Template, y.Template), cmp.Compare(x.Code, y.Code))
	})
	out.Stuck = out.Stuck[:min(len(out.Stuck), mostStuck)]
	return out
}

// middle returns the one in the middle, nil for none.
func middle(days []int) *int {
	if len(days) == 0 {
		return nil
	}
	slices.Sort(days)
	return &days[len(days)/2]
}
