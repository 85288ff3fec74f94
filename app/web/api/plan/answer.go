package plan

import (
	"time"

	"sportello/app/address"
	"sportello/app/condition"
	"sportello/app/desk/plan"
	"sportello/app/web/program"
	"sportello/store"
)

// apiPlan is a plan. What is not shown of its template is not in it.
type apiPlan struct {
	Number       uint64                  `json:"number"`
	Rev          uint64                  `json:"rev"`
	Name         string                  `json:"name"`
	Template     string                  `json:"template"`
	Version      int                     `json:"version"` // of the template
	Organisation string                  `json:"organisation"`
	Unit         string                  `json:"unit,omitempty"`
	Modules      []string                `json:"modules"`
	Group        string                  `json:"group"`
	Lead         string                  `json:"lead,omitempty"`
	State        store.PlanState         `json:"state"`
	Start        string                  `json:"start"`
	GoLive       string                  `json:"go_live"`
	Health       apiHealth               `json:"health"`
	People       []apiPlanPerson         `json:"people,omitempty"`
	Facts        map[string]apiKnownFact `json:"facts,omitempty"`
	Asks         []string                `json:"asks,omitempty"` // facts that nobody knows and something rests on
	Phases       []apiPhase              `json:"phases,omitempty"`
	Updated      *time.Time              `json:"updated_at"`
}

// apiHealth is how a plan stands.
type apiHealth struct {
	Late      int    `json:"late"` // open steps that are expected after their day
	Blocked   int    `json:"blocked"`
	Undecided int    `json:"undecided"` // decisions whose last day is over
	Ours      int    `json:"ours"`      // open steps that could be done, on the desk's side
	Theirs    int    `json:"theirs"`    // and on the organisation's
	Done      int    `json:"done"`
	Steps     int    `json:"steps"`
	Forecast  string `json:"forecast"` // of going live, as things stand
	Next      string `json:"next"`     // date
	Ends      string `json:"ends"`
}

type apiPlanPerson struct {
	Email string `json:"email"`
	Name  string `json:"name,omitempty"`
	Role  string `json:"role,omitempty"`
}

type apiKnownFact struct {
	Values []string   `json:"values"`
	AsOf   *time.Time `json:"as_of"`
}

type apiPhase struct {
	Code      string            `json:"code"`
	Title     program.Words     `json:"title"`
	Decisions []apiPlanDecision `json:"decisions"`
	Steps     []apiPlanStep     `json:"steps"`
	Freezes   []apiFreeze       `json:"freezes,omitempty"`
}

type apiFreeze struct {
	Code  string        `json:"code"`
	Title program.Words `json:"title"`
	Stops program.Words `json:"stops"`
	From  string        `json:"from"`
	Until string        `json:"until"`
}

type apiPlanDecision struct {
	Code     string              `json:"code"`
	Rev      int                 `json:"rev"` // how often something was said of it; of a change, what it is for
	Question program.Words       `json:"question"`
	Why      program.Words       `json:"why,omitzero"`
	State    store.DecisionState `json:"state"`
	Option   string              `json:"option,omitempty"`
	Reason   string              `json:"reason,omitempty"`
	For      string              `json:"for,omitempty"`
	At       *time.Time          `json:"at,omitempty"`
	Until    string              `json:"until,omitempty"`
	Back     string              `json:"back,omitempty"` // how it can be changed later: free, office, boundary or never
	Passed   bool                `json:"passed"`         // its point of no return
	DecideBy string              `json:"decide_by,omitempty"`
	Halts    []string            `json:"halts,omitempty"`   // steps that stand still as long as it is open
	Before   []string            `json:"before,omitempty"`  // decisions that it needs first
	Touched  []string            `json:"touched,omitempty"` // what changed since it was decided
	Asks     []string            `json:"asks,omitempty"`
	Options  []apiOption         `json:"options"`
}

type apiOption struct {
	Code        string         `json:"code"`
	Title       program.Words  `json:"title"`
	Allows      program.Words  `json:"allows,omitzero"`
	RulesOut    program.Words  `json:"rules_out,omitzero"`
	Costs       program.Words  `json:"costs,omitzero"`
	Suits       program.Words  `json:"suits,omitzero"`
	Offered     bool           `json:"offered"`
	Recommended bool           `json:"recommended"`
	Because     *program.Words `json:"because,omitempty"` // of a recommended one
	Asks        []string       `json:"asks,omitempty"`
}

type apiPlanStep struct {
	Code      string          `json:"code"`
	Title     program.Words   `json:"title"`
	Text      program.Words   `json:"text,omitzero"`
	Side      store.Side      `json:"side"`
	Who       []string        `json:"who,omitempty"`
	State     store.StepState `json:"state"`
	Reason    string          `json:"reason,omitempty"`
	Figure    string          `json:"figure,omitempty"`
	Done      string          `json:"done,omitempty"`
	DoneBy    string          `json:"done_by,omitempty"` // tick, figure, file or units
	DoneWhen  program.Words   `json:"done_when,omitzero"`
	Milestone program.Words   `json:"milestone,omitzero"`
	Due       string          `json:"due"`
	Expected  string          `json:"expected"`
	Late      int             `json:"late"` // working days
	Room      int             `json:"room"` // working days by which it may slip
	Critical  bool            `json:"critical"`
	Waits     []string        `json:"waits,omitempty"` // what it still waits for
	Asks      []string        `json:"asks,omitempty"`
	Ticket    uint64          `json:"ticket,omitempty"`
	Own       bool            `json:"own,omitempty"` // added by hand
	Papers    []apiPaper      `json:"files_asked,omitempty"`
	Files     []apiPlanFile   `json:"files,omitempty"` // in the order in which they were sent
}

// apiPaper is a file that a step asks for.
type apiPaper struct {
	Code     string        `json:"code"`
	Title    program.Words `json:"title"`
	From     store.Side    `json:"from"`               // who gives it
	Received uint64        `json:"received,omitempty"` // id of the file that counts
}

// apiPlanFile is a file of a step.
type apiPlanFile struct {
	ID     uint64     `json:"id"`
	Asked  string     `json:"asked,omitempty"` // code of what the step asks for
	Name   string     `json:"name"`
	Size   int64      `json:"size"`
	SHA256 string     `json:"sha256"`
	Type   string     `json:"type"`
	URL    string     `json:"url"`
	At     *time.Time `json:"at"`
}

type apiPlanList struct {
	Next  *uint64   `json:"next"`
	Plans []apiPlan `json:"plans"`
}

// apiPlanOverview is how the plans stand that go on.
type apiPlanOverview struct {
	Groups []plan.Load `json:"groups"` // of the desk
	Plans  []apiPlan   `json:"plans"`
}

// apiPlanForm is a plan as a program begins or changes it.
type apiPlanForm struct {
	Rev          uint64           `json:"rev,omitempty"`
	Template     string           `json:"template,omitempty"`
	Organisation string           `json:"organisation,omitempty"`
	Unit         string           `json:"unit,omitempty"` // name
	Name         *string          `json:"name,omitempty"`
	Start        *string          `json:"start,omitempty"`
	GoLive       *string          `json:"go_live,omitempty"`
	Group        *string          `json:"group,omitempty"` // of the desk, by code; a new plan has that of its template
	Lead         *string          `json:"lead,omitempty"`  // address
	People       *[]apiPlanPerson `json:"people,omitempty"`
	Facts        map[string]any   `json:"facts,omitempty"` // null: nobody knows
	State        string           `json:"state,omitempty"`
	Reason       string           `json:"reason,omitempty"`
}

// apiSaying is what a program says of a decision.
type apiSaying struct {
	Option  string `json:"option,omitempty"`
	State   string `json:"state,omitempty"` // left out: decided
	Reason  string `json:"reason,omitempty"`
	Until   string `json:"until,omitempty"`
	For     string `json:"for,omitempty"` // role of who decided
	Ticket  uint64 `json:"ticket,omitempty"`
	Rev     *int   `json:"rev,omitempty"`
	Preview bool   `json:"preview,omitempty"` // only say what would become of the plan
}

type apiChanges struct {
	Appear    []string       `json:"appear"`
	Disappear []string       `json:"disappear"`
	Move      []apiMovedStep `json:"move"`
	Plan      *apiPlan       `json:"plan,omitempty"` // as it is now; not of a preview
}

type apiMovedStep struct {
	Code string `json:"code"`
	From string `json:"from"`
	To   string `json:"to"`
}

// apiDecisionHistory is what was said of a decision, the oldest first, and how others chose.
type apiDecisionHistory struct {
	Answers []apiDecisionAnswer  `json:"answers"`
	Others  map[string]plan.Band `json:"others"` // few, half or most by option; empty where there is nothing to learn
}

type apiDecisionAnswer struct {
	Rev    int                 `json:"rev"`
	State  store.DecisionState `json:"state"`
	Option string              `json:"option,omitempty"`
	Reason string              `json:"reason,omitempty"`
	For    string              `json:"for,omitempty"`
	By     string              `json:"by,omitempty"`
	At     *time.Time          `json:"at"`
	Known  map[string]string   `json:"known,omitempty"` // facts and decisions as they were
}

// apiDoing is what a program says of a step.
type apiDoing struct {
	State   string            `json:"state,omitempty"`
	Reason  string            `json:"reason,omitempty"`
	On      string            `json:"on,omitempty"` // of a waiting one: organisation, desk or supplier
	Figure  string            `json:"figure,omitempty"`
	Units   map[string]string `json:"units,omitempty"`
	Checked *[]int            `json:"checked,omitempty"`
	Done    string            `json:"done,omitempty"`
	Ticket  uint64            `json:"ticket,omitempty"`
}

// apiAddition is a step that a program adds.
type apiAddition struct {
	Phase  string   `json:"phase"`
	Name   string   `json:"name"`
	Text   string   `json:"text,omitempty"`
	Day    string   `json:"day"` // start+5, golive-20, CODE+3 or 12-31@-1
	Side   string   `json:"side,omitempty"`
	Takes  int      `json:"takes,omitempty"`
	Waits  []string `json:"waits,omitempty"`
	Ticket uint64   `json:"ticket,omitempty"` // that it stands for
}

// apiQuestion is what somebody asks beside a decision or a step.
type apiQuestion struct {
	Text    string `json:"text"`
	Subject string `json:"subject,omitempty"`
}

// apiAsked names the ticket of a question.
type apiAsked struct {
	Ticket uint64 `json:"ticket"`
}

// apiVerified says on which day a norm was verified; empty: it is not.
type apiVerified struct {
	Day string `json:"day"`
	Rev uint64 `json:"rev,omitempty"`
}

func planAnswer(v *plan.Line) apiPlan {
	p := v.Plan
	out := apiPlan{Number: p.ID, Rev: p.Rev, Name: p.Name, Template: v.Template.Code, Version: v.Number, Organisation: v.Organisation.Code, Modules: []string{}, Group: v.Group.Code,
		State: p.State, Start: program.Date(p.Start), GoLive: program.Date(p.GoLive), Updated: program.Moment(p.Updated), Health: apiHealth{v.Health.Late, v.Health.Blocked, v.Health.Undecided,
			v.Health.Ours, v.Health.Theirs, v.Health.Done, v.Health.All, v.Health.Forecast.String(), v.Health.Next.String(), v.Health.Ends.String()}}
	if v.Unit != nil {
		out.Unit = v.Unit.Name
	}
	if v.Lead != nil {
		out.Lead = v.Lead.Email
	}
	for _, m := range v.Modules {
		out.Modules = append(out.Modules, m.Code)
	}
	return out
}

func planDocument(v *plan.View) apiPlan {
	out := planAnswer(&v.Line)
	for _, x := range v.People {
		out.People = append(out.People, apiPlanPerson{x.Email, x.Person.Name, x.Role})
	}
	out.Facts, out.Asks, out.Phases = map[string]apiKnownFact{}, v.Asks, []apiPhase{}
	for name, f := range v.Plan.Facts {
		out.Facts[name] = apiKnownFact{f.Values, program.Moment(f.AsOf)}
	}
	for _, p := range v.Phases {
		if p.Shown {
			out.Phases = append(out.Phases, phaseAnswer(v, p))
		}
	}
	return out
}

func phaseAnswer(v *plan.View, p plan.Phase) apiPhase {
	one := apiPhase{Code: p.Code, Title: program.WordsOf(p.Name), Decisions: []apiPlanDecision{}, Steps: []apiPlanStep{}}
	for _, d := range p.Decisions {
		if d.Shown {
			one.Decisions = append(one.Decisions, decisionAnswer(d))
		}
	}
	for _, s := range p.Steps {
		if s.Shown {
			one.Steps = append(one.Steps, planStepAnswer(s, v.Files[s.Code]))
		}
	}
	for _, f := range p.Freezes {
		one.Freezes = append(one.Freezes, apiFreeze{f.Code, program.WordsOf(f.Name), program.WordsOf(f.Stops), f.From.String(), f.Until.String()})
	}
	return one
}

func decisionAnswer(d *plan.Decision) apiPlanDecision {
	out := apiPlanDecision{Code: d.Code, Question: program.WordsOf(d.Question), Why: program.WordsOf(d.Why), State: d.State, Back: d.Back, Passed: d.Passed, DecideBy: d.By.String(), Halts: d.Halts,
		Before: d.Before, Touched: d.Touched, Asks: d.Asks, Options: []apiOption{}}
	if l := d.Last; l != nil {
		out.Rev, out.Option, out.Reason, out.For, out.At, out.Until = l.Number, l.Option, l.Reason, l.For, program.Moment(l.At), program.Date(l.Until)
	}
	for _, o := range d.Options {
		x := apiOption{Code: o.Code, Title: program.WordsOf(o.Name), Allows: program.WordsOf(o.Allows), RulesOut: program.WordsOf(o.RulesOut), Costs: program.WordsOf(o.Costs), Suits: program.WordsOf(o.Suits),
			Offered: o.Offered, Recommended: o.Recommended == condition.True, Asks: o.Asks}
		if x.Recommended {
			because := program.WordsOf(o.Because)
			x.Because = &because
		}
		out.Options = append(out.Options, x)
	}
	return out
}

func planStepAnswer(s *plan.Step, files []*store.File) apiPlanStep {
	out := apiPlanStep{Code: s.Code, Title: program.WordsOf(s.Name), Text: program.WordsOf(s.Text), Side: s.Side, Who: s.Who, State: s.State, DoneBy: s.StepForm.Done, DoneWhen: program.WordsOf(s.DoneWhen),
		Milestone: program.WordsOf(s.Milestone), Due: s.Due.String(), Expected: s.Expected.String(), Late: s.Late, Room: s.Room, Critical: s.Critical, Waits: s.Opens, Asks: s.Asks, Own: s.Own}
	if p := s.Progress; p != nil {
		out.Reason, out.Figure, out.Ticket, out.Done = p.Reason, p.Figure, p.Ticket, program.Date(p.Done)
	}
	for _, p := range s.Papers(files) {
		one := apiPaper{Code: p.Code, Title: program.WordsOf(p.Name), From: p.From}
		if p.File != nil {
			one.Received = p.File.ID
		}
		out.Papers = append(out.Papers, one)
	}
	for _, f := range files {
		out.Files = append(out.Files, apiPlanFile{f.ID, f.Asked, f.Name, f.Size, f.Sum, f.Type, program.Base + address.File(f.ID), program.Moment(f.Created)})
	}
	return out
}
