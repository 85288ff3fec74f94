package store

import (
	"time"

	"sportello/store/db"
	"sportello/store/enum"
	"sportello/store/key"
)

// Plan leads one organisation, or one of its units, through setting an application up: a template with its own days,
// people, facts and answers. Days are at their beginning in UTC.
type Plan struct {
	db.Row
	Name         string               `json:"name"`
	Template     uint64               `json:"template"`
	Version      uint64               `json:"version"` // template version that it was made from
	Organisation uint64               `json:"organisation"`
	Unit         uint64               `json:"unit,omitzero"`
	Modules      []uint64             `json:"modules,omitempty"`
	Group        uint64               `json:"group"`
	Lead         uint64               `json:"lead,omitzero"` // who answers for it at the desk
	State        PlanState            `json:"state"`
	Start        time.Time            `json:"start"`
	GoLive       time.Time            `json:"go_live"`
	People       []PlanPerson         `json:"people,omitempty"` // named ones; coordinators need no name
	Facts        map[string]KnownFact `json:"facts,omitempty"`
	Reason       string               `json:"reason,omitzero"` // of the last change of state
	Ended        time.Time            `json:"ended,omitzero"`  // closed or cancelled
	Record       string               `json:"record,omitzero"` // blob of the record as it was when the plan was closed
}

// Goes reports whether the plan goes on: it is prepared or runs.
func (p *Plan) Goes() bool { return p.State == PlanPrepared || p.State == PlanRunning }

// PlanPerson is somebody of a plan, with the role in which they are.
type PlanPerson struct {
	Person uint64 `json:"person"`
	Role   string `json:"role,omitzero"` // code of the template's roles; empty: none in particular
}

// KnownFact is what somebody said of an organisation. None of its values: there is none.
type KnownFact struct {
	Values []string  `json:"values"`
	AsOf   time.Time `json:"as_of"`
	By     uint64    `json:"by,omitzero"`
}

// Decision is one thing that was said of a decision of a plan. All are kept; the last one of a code counts.
type Decision struct {
	db.Row
	Plan   uint64            `json:"plan"`
	Code   string            `json:"code"`
	State  DecisionState     `json:"state"`
	Option string            `json:"option,omitzero"`
	Reason string            `json:"reason,omitzero"`
	Until  time.Time         `json:"until,omitzero"` // of a postponed one
	For    string            `json:"for,omitzero"`   // role of who decided, where somebody entered it for them
	By     uint64            `json:"by,omitzero"`
	At     time.Time         `json:"at"`
	Known  map[string]string `json:"known,omitempty"` // facts and decisions as they were, of those that this one asks
	Ticket uint64            `json:"ticket,omitzero"` // whose answer is the reason
	Number int               `json:"number"`          // 1 for the first one of the code: its revision
	Closed time.Time         `json:"closed,omitzero"` // when its plan was closed, of the last answer of a decided one
	Of     uint64            `json:"of,omitzero"`     // and the template of that plan
}

// Progress is where a step of a plan is, the question beside a decision, or who read of a freeze.
type Progress struct {
	db.Row
	Plan    uint64            `json:"plan"`
	Code    string            `json:"code"`
	State   StepState         `json:"state"`
	Reason  string            `json:"reason,omitzero"` // why it is not needed, what blocks it
	On      Side              `json:"on,omitzero"`     // whom it waits for
	Figure  string            `json:"figure,omitzero"`
	Units   map[string]string `json:"units,omitempty"`   // code of a unit to what it answered
	Checked []int             `json:"checked,omitempty"` // of the checklist
	Done    time.Time         `json:"done,omitzero"`
	By      uint64            `json:"by,omitzero"`
	Ticket  uint64            `json:"ticket,omitzero"`
	Own     OwnStep           `json:"own,omitzero"`   // of a step that the template does not have
	Read    []PlanRead        `json:"read,omitempty"` // of a freeze: who said that they read of it
}

// PlanRead says that somebody read of a freeze, and of which: when it moves, they are asked again.
type PlanRead struct {
	Person uint64    `json:"person"`
	At     time.Time `json:"at"`
	From   time.Time `json:"from"` // its first day, as it was
}

// OwnStep is a step that somebody added to a plan by hand. Its phase, and what it waits for, are codes of the plan.
type OwnStep struct {
	Phase string   `json:"phase"`
	Name  string   `json:"name"`
	Text  string   `json:"text,omitzero"`
	Side  Side     `json:"side,omitzero"`
	Day   string   `json:"day"` // an expression, see the template's
	Takes int      `json:"takes,omitzero"`
	Waits []string `json:"waits,omitempty"`
}

// Reminding is how far those of a plan are reminded: what they were told of, and up to which day.
type Reminding struct {
	db.Row
	Plan uint64    `json:"plan"`
	Day  time.Time `json:"day"`            // the last one on which somebody looked
	Told []string  `json:"told,omitempty"` // codes of what waited on that day; of a freeze with its first day

	// Who had heard of it by then, whole groups of the desk aside. A row from before that was remembered has none.
	Heard []Hearers `json:"heard,omitempty"`
}

// Hearers are the people who had heard of the plan, or of what waited in it for some of its roles.
type Hearers struct {
	Of     string   `json:"of,omitzero"` // a sum of the roles; empty: of the plan
	People []uint64 `json:"people"`
}

// RemindingsByPlan leads to the row of a plan.
var RemindingsByPlan = Remindings.UniqueIndex("plan", func(r *Reminding) [][]byte { return key.One(r.Plan) })

// The ways into templates and plans.
var (
	TemplatesByCode         = Templates.UniqueIndex("code", func(t *Template) [][]byte { return key.One(t.Code) })
	TemplateVersionsByOrder = TemplateVersions.UniqueIndex("order", func(v *TemplateVersion) [][]byte { return key.One(v.Template, uint64(v.Number)) }) // #nosec G115 -- counted from 1
	// group, state, then go-live.
	PlansByGroup        = Plans.Index("group", func(p *Plan) [][]byte { return key.One(p.Group, p.State, p.GoLive) })
	PlansByOrganisation = Plans.Index("organisation", func(p *Plan) [][]byte { return key.One(p.Organisation, p.State, p.GoLive) })
	PlansByPerson       = Plans.Index("person", func(p *Plan) [][]byte {
		var out [][]byte
		for _, x := range p.People {
			out = append(out, key.Of(x.Person))
		}
		return out
	})
	PlansByModule = Plans.Index("module", func(p *Plan) [][]byte { return keys(p.Modules) })
	PlansByUnit   = Plans.Index("unit", func(p *Plan) [][]byte {
		if p.Unit == 0 {
			return nil
		}
		return key.One(p.Unit)
	})
	TemplatesByModule = Templates.Index("module", func(t *Template) [][]byte { return keys(t.Modules) })
	TemplatesByGroup  = Templates.Index("group", func(t *Template) [][]byte { return key.One(t.Group) })
	PlansByVersion    = Plans.Index("version", func(p *Plan) [][]byte { return key.One(p.Version) })
	// plan, code, number: the last one of a code counts.
	DecisionsByPlan = Decisions.UniqueIndex("plan", func(d *Decision) [][]byte { return key.One(d.Plan, d.Code, uint64(d.Number)) }) // #nosec G115
	// template, code, option, of the decisions of closed plans.
	DecisionsByTemplate = Decisions.Index("template", func(d *Decision) [][]byte {
		if d.Of == 0 {
			return nil
		}
		return key.One(d.Of, d.Code, d.Closed)
	})
	ProgressByPlan   = Progresses.UniqueIndex("plan", func(p *Progress) [][]byte { return key.One(p.Plan, p.Code) })
	ProgressByTicket = Progresses.Index("ticket", func(p *Progress) [][]byte {
		if p.Ticket == 0 {
			return nil
		}
		return key.One(p.Ticket)
	})
)

// PlanState is how far a plan has got.
type PlanState uint8

// The states of a plan.
const (
	PlanPrepared PlanState = iota + 1
	PlanRunning
	PlanPaused
	PlanClosed
	PlanCancelled
)

var planStates = []string{"", "prepared", "running", "paused", "closed", "cancelled"}

// DecisionState is how far a decision has got.
type DecisionState uint8

// The states of a decision.
const (
	DecisionOpen DecisionState = iota + 1
	DecisionProposed
	DecisionDecided
	DecisionPostponed
	DecisionNotNeeded
)

var decisionStates = []string{"", "open", "proposed", "decided", "postponed", "not-needed"}

// StepState is how far a step has got.
type StepState uint8

// The states of a step.
const (
	StepOpen StepState = iota + 1
	StepWaiting
	StepBlocked
	StepDone
	StepNotNeeded
)

var stepStates = []string{"", "open", "waiting", "blocked", "done", "not-needed"}

func (v PlanState) Byte() byte     { return byte(v) }
func (v DecisionState) Byte() byte { return byte(v) }
func (v StepState) Byte() byte     { return byte(v) }

func (v PlanState) String() string     { return enum.Word(planStates, byte(v)) }
func (v DecisionState) String() string { return enum.Word(decisionStates, byte(v)) }
func (v StepState) String() string     { return enum.Word(stepStates, byte(v)) }

// MarshalText writes the code.
func (v PlanState) MarshalText() ([]byte, error)     { return []byte(v.String()), nil }
func (v DecisionState) MarshalText() ([]byte, error) { return []byte(v.String()), nil }
func (v StepState) MarshalText() ([]byte, error)     { return []byte(v.String()), nil }

// UnmarshalText reads a code and refuses any other word with an Invalid error "error.code".
func (v *PlanState) UnmarshalText(b []byte) error     { return enum.Read(planStates, b, v) }
func (v *DecisionState) UnmarshalText(b []byte) error { return enum.Read(decisionStates, b, v) }
func (v *StepState) UnmarshalText(b []byte) error     { return enum.Read(stepStates, b, v) }
