package template

import "sportello/store"

// Course is the content of a template. Facts, decisions, options within their decision, steps, freezes and phases have
// codes; decisions, steps and freezes share one space of codes, because a step waits for either. When is a condition over
// facts and earlier decisions; empty: always. The TOML names are those of the file that people keep.
type Course struct {
	Name   store.Words `json:"name" toml:"name,inline"`
	Text   store.Words `json:"text,omitzero" toml:"text,inline,omitempty"` // what it is for, Markdown
	Roles  []Role      `json:"roles,omitempty" toml:"role,omitempty"`
	Facts  []FactKind  `json:"facts,omitempty" toml:"fact,omitempty"`
	Norms  []Citation  `json:"norms,omitempty" toml:"norm,omitempty"`
	Phases []Phase     `json:"phases,omitempty" toml:"phase,omitempty"`
}

// Role is who decides or does something: a body, an office.
type Role struct {
	Code string      `json:"code" toml:"code"`
	Name store.Words `json:"name" toml:"name,inline"`
	Side store.Side  `json:"side,omitempty" toml:"side,omitempty"` // whose court it is; organisation when left out
}

// FactKind is something to be known of an organisation.
type FactKind struct {
	Code    string      `json:"code" toml:"code"`
	Name    store.Words `json:"name" toml:"name,inline"`
	Text    store.Words `json:"text,omitzero" toml:"text,inline,omitempty"` // how one finds it
	Kind    string      `json:"kind" toml:"kind"`                           // number, choice, list, yes-no, day, text
	Choices []Choice    `json:"choices,omitempty" toml:"choice,omitempty"`
}

// Choice is one of the values of a fact.
type Choice struct {
	Code string      `json:"code" toml:"code"`
	Name store.Words `json:"name" toml:"name,inline"`
}

// Citation is a norm that a template states.
type Citation struct {
	Code     string      `json:"code" toml:"code"`
	Text     store.Words `json:"text" toml:"text,inline"`                    // as it is cited
	Says     store.Words `json:"says,omitzero" toml:"says,inline,omitempty"` // what of it matters here
	Address  string      `json:"address,omitempty" toml:"address,omitempty"`
	Verified string      `json:"verified,omitempty" toml:"verified,omitempty"` // when an editor last read it; before, organisations are not shown it
}

// Phase is a part of a plan.
type Phase struct {
	Code      string         `json:"code" toml:"code"`
	Name      store.Words    `json:"name" toml:"name,inline"`
	When      string         `json:"when,omitempty" toml:"when,omitempty"`
	Decisions []DecisionForm `json:"decisions,omitempty" toml:"decision,omitempty"`
	Steps     []StepForm     `json:"steps,omitempty" toml:"step,omitempty"`
	Freezes   []FreezeForm   `json:"freezes,omitempty" toml:"freeze,omitempty"`
}

// DecisionForm is a decision as a template has it.
type DecisionForm struct {
	Code     string      `json:"code" toml:"code"`
	Question store.Words `json:"question" toml:"question,inline"`
	Why      store.Words `json:"why,omitzero" toml:"why,inline,omitempty"`
	Who      []string    `json:"who,omitempty" toml:"who,omitempty"`     // roles that decide
	After    []string    `json:"after,omitempty" toml:"after,omitempty"` // decisions that it needs first
	When     string      `json:"when,omitempty" toml:"when,omitempty"`
	Back     string      `json:"back,omitempty" toml:"back,omitempty"`         // how it can be changed later: free, office, boundary, never
	Price    store.Words `json:"price,omitzero" toml:"price,inline,omitempty"` // of changing it later
	Until    string      `json:"until,omitempty" toml:"until,omitempty"`       // its point of no return: a step or a day expression
	Norms    []string    `json:"norms,omitempty" toml:"norms,omitempty"`
	Articles []string    `json:"articles,omitempty" toml:"articles,omitempty"` // slugs
	Options  []Option    `json:"options" toml:"option"`
}

// Option is one answer to a decision.
type Option struct {
	Code        string      `json:"code" toml:"code"`
	Name        store.Words `json:"name" toml:"name,inline"`
	Allows      store.Words `json:"allows,omitzero" toml:"allows,inline,omitempty"` // what it makes possible
	RulesOut    store.Words `json:"rules_out,omitzero" toml:"rules_out,inline,omitempty"`
	Costs       store.Words `json:"costs,omitzero" toml:"costs,inline,omitempty"`       // later
	Suits       store.Words `json:"suits,omitzero" toml:"suits,inline,omitempty"`       // which organisations
	When        string      `json:"when,omitempty" toml:"when,omitempty"`               // it is offered
	Recommended string      `json:"recommended,omitempty" toml:"recommended,omitempty"` // a condition; empty: never, "yes": always
	Because     store.Words `json:"because,omitzero" toml:"because,inline,omitempty"`   // why it is recommended then
	Norms       []string    `json:"norms,omitempty" toml:"norms,omitempty"`
}

// StepForm is a step as a template has it. Days are expressions: "start+5" (working days), "golive-40", "golive",
// "golive+3", "CODE+5" (after the step of the code is due), "12-31@-1" (a day of the law: month and day, of the year of going
// live and so many years).
type StepForm struct {
	Code      string        `json:"code" toml:"code"`
	Name      store.Words   `json:"name" toml:"name,inline"`
	Text      store.Words   `json:"text,omitzero" toml:"text,inline,omitempty"`
	Who       []string      `json:"who,omitempty" toml:"who,omitempty"` // roles; the first one's side is the step's
	Day       string        `json:"day" toml:"day"`
	Moved     []MovedDay    `json:"moved,omitempty" toml:"moved,omitempty"` // the first one that holds counts instead of Day
	Takes     int           `json:"takes,omitempty" toml:"takes,omitempty"` // working days
	Waits     []string      `json:"waits,omitempty" toml:"waits,omitempty"` // steps and decisions
	When      string        `json:"when,omitempty" toml:"when,omitempty"`
	Done      string        `json:"done,omitempty" toml:"done,omitempty"` // how one knows: tick (when left out), figure, file, units
	DoneWhen  store.Words   `json:"done_when,omitzero" toml:"done_when,inline,omitempty"`
	Milestone store.Words   `json:"milestone,omitzero" toml:"milestone,inline,omitempty"` // what is reached with it
	By        string        `json:"by,omitempty" toml:"by,omitempty"`                     // how support helps: ticket, project
	Checklist []store.Words `json:"checklist,omitempty" toml:"checklist,omitempty"`
	Files     []FileForm    `json:"files,omitempty" toml:"file,omitempty"` // to be given or received
	Norms     []string      `json:"norms,omitempty" toml:"norms,omitempty"`
	Articles  []string      `json:"articles,omitempty" toml:"articles,omitempty"`
}

// FileForm is a file that a step asks for.
type FileForm struct {
	Code string      `json:"code" toml:"code"` // within its step
	Name store.Words `json:"name" toml:"name,inline"`
	From store.Side  `json:"from,omitempty" toml:"from,omitempty"` // who gives it; organisation when left out
}

// MovedDay is another day of a step, under a condition.
type MovedDay struct {
	When string `json:"when" toml:"when"`
	Day  string `json:"day" toml:"day"`
}

// FreezeForm is a time in which something stands still.
type FreezeForm struct {
	Code  string      `json:"code" toml:"code"`
	Name  store.Words `json:"name" toml:"name,inline"`
	Stops store.Words `json:"stops,omitzero" toml:"stops,inline,omitempty"`
	From  string      `json:"from" toml:"from"` // day expressions
	Until string      `json:"until" toml:"until"`
	When  string      `json:"when,omitempty" toml:"when,omitempty"`
}
