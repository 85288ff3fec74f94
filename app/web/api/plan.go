package api

import (
	"bytes"
	"encoding/json"
	"fmt"
	"html/template"
	"net/http"
	"strconv"
	"time"

	"sportello/app/condition"
	"sportello/app/desk/entry"
	"sportello/app/desk/plan"
	"sportello/app/desk/policy"
	"sportello/app/markup"
	"sportello/app/sheet"
	"sportello/app/web"
	"sportello/store"
	"sportello/store/fault"
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
	Title     apiWords          `json:"title"`
	Decisions []apiPlanDecision `json:"decisions"`
	Steps     []apiPlanStep     `json:"steps"`
	Freezes   []apiFreeze       `json:"freezes,omitempty"`
}

type apiFreeze struct {
	Code  string   `json:"code"`
	Title apiWords `json:"title"`
	Stops apiWords `json:"stops"`
	From  string   `json:"from"`
	Until string   `json:"until"`
}

type apiPlanDecision struct {
	Code     string              `json:"code"`
	Rev      int                 `json:"rev"` // how often something was said of it; of a change, what it is for
	Question apiWords            `json:"question"`
	Why      apiWords            `json:"why,omitzero"`
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
	Code        string    `json:"code"`
	Title       apiWords  `json:"title"`
	Allows      apiWords  `json:"allows,omitzero"`
	RulesOut    apiWords  `json:"rules_out,omitzero"`
	Costs       apiWords  `json:"costs,omitzero"`
	Suits       apiWords  `json:"suits,omitzero"`
	Offered     bool      `json:"offered"`
	Recommended bool      `json:"recommended"`
	Because     *apiWords `json:"because,omitempty"` // of a recommended one
	Asks        []string  `json:"asks,omitempty"`
}

type apiPlanStep struct {
	Code      string          `json:"code"`
	Title     apiWords        `json:"title"`
	Text      apiWords        `json:"text,omitzero"`
	Side      store.Side      `json:"side"`
	Who       []string        `json:"who,omitempty"`
	State     store.StepState `json:"state"`
	Reason    string          `json:"reason,omitempty"`
	Figure    string          `json:"figure,omitempty"`
	Done      string          `json:"done,omitempty"`
	DoneBy    string          `json:"done_by,omitempty"` // tick, figure, file or units
	DoneWhen  apiWords        `json:"done_when,omitzero"`
	Milestone apiWords        `json:"milestone,omitzero"`
	Due       string          `json:"due"`
	Expected  string          `json:"expected"`
	Late      int             `json:"late"` // working days
	Room      int             `json:"room"` // working days by which it may slip
	Critical  bool            `json:"critical"`
	Waits     []string        `json:"waits,omitempty"` // what it still waits for
	Asks      []string        `json:"asks,omitempty"`
	Ticket    uint64          `json:"ticket,omitempty"`
	Own       bool            `json:"own,omitempty"` // added by hand
}

type apiPlanList struct {
	Next  *uint64   `json:"next"`
	Plans []apiPlan `json:"plans"`
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
	Lead         *string          `json:"lead,omitempty"` // address
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
	Phase string   `json:"phase"`
	Name  string   `json:"name"`
	Text  string   `json:"text,omitempty"`
	Day   string   `json:"day"` // start+5, golive-20, CODE+3 or 12-31@-1
	Side  string   `json:"side,omitempty"`
	Takes int      `json:"takes,omitempty"`
	Waits []string `json:"waits,omitempty"`
}

func planAnswer(v *plan.View) apiPlan {
	p := v.Plan
	out := apiPlan{Number: p.ID, Rev: p.Rev, Name: p.Name, Template: v.Template.Code, Version: v.Number, Organisation: v.Organisation.Code, Modules: []string{}, Group: v.Group.Code,
		State: p.State, Start: dayAnswer(p.Start), GoLive: dayAnswer(p.GoLive), Updated: apiMoment(p.Updated), Health: apiHealth{v.Health.Late, v.Health.Blocked, v.Health.Undecided,
			v.Health.Ours, v.Health.Theirs, v.Health.Done, v.Health.All, v.Health.Forecast.String(), v.Ends.String()}}
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
	out := planAnswer(v)
	for _, x := range v.People {
		out.People = append(out.People, apiPlanPerson{x.Email, x.Person.Name, x.Role})
	}
	out.Facts, out.Asks, out.Phases = map[string]apiKnownFact{}, v.Asks, []apiPhase{}
	for name, f := range v.Plan.Facts {
		out.Facts[name] = apiKnownFact{f.Values, apiMoment(f.AsOf)}
	}
	for _, p := range v.Phases {
		if p.Shown {
			out.Phases = append(out.Phases, phaseAnswer(p))
		}
	}
	return out
}

func phaseAnswer(p plan.Phase) apiPhase {
	one := apiPhase{Code: p.Code, Title: wordsAnswer(p.Name), Decisions: []apiPlanDecision{}, Steps: []apiPlanStep{}}
	for _, d := range p.Decisions {
		if d.Shown {
			one.Decisions = append(one.Decisions, decisionAnswer(d))
		}
	}
	for _, s := range p.Steps {
		if s.Shown {
			one.Steps = append(one.Steps, planStepAnswer(s))
		}
	}
	for _, f := range p.Freezes {
		one.Freezes = append(one.Freezes, apiFreeze{f.Code, wordsAnswer(f.Name), wordsAnswer(f.Stops), f.From.String(), f.Until.String()})
	}
	return one
}

func decisionAnswer(d *plan.Decision) apiPlanDecision {
	out := apiPlanDecision{Code: d.Code, Question: wordsAnswer(d.Question), Why: wordsAnswer(d.Why), State: d.State, Back: d.Back, Passed: d.Passed, DecideBy: d.By.String(), Halts: d.Halts,
		Before: d.Before, Touched: d.Touched, Asks: d.Asks, Options: []apiOption{}}
	if l := d.Last; l != nil {
		out.Rev, out.Option, out.Reason, out.For, out.At, out.Until = l.Number, l.Option, l.Reason, l.For, apiMoment(l.At), dayAnswer(l.Until)
	}
	for _, o := range d.Options {
		x := apiOption{Code: o.Code, Title: wordsAnswer(o.Name), Allows: wordsAnswer(o.Allows), RulesOut: wordsAnswer(o.RulesOut), Costs: wordsAnswer(o.Costs), Suits: wordsAnswer(o.Suits),
			Offered: o.Offered, Recommended: o.Recommended == condition.True, Asks: o.Asks}
		if x.Recommended {
			because := wordsAnswer(o.Because)
			x.Because = &because
		}
		out.Options = append(out.Options, x)
	}
	return out
}

func planStepAnswer(s *plan.Step) apiPlanStep {
	out := apiPlanStep{Code: s.Code, Title: wordsAnswer(s.Name), Text: wordsAnswer(s.Text), Side: s.Side, Who: s.Who, State: s.State, DoneBy: s.StepForm.Done, DoneWhen: wordsAnswer(s.DoneWhen),
		Milestone: wordsAnswer(s.Milestone), Due: s.Due.String(), Expected: s.Expected.String(), Late: s.Late, Room: s.Room, Critical: s.Critical, Waits: s.Opens, Asks: s.Asks, Own: s.Own}
	if p := s.Progress; p != nil {
		out.Reason, out.Figure, out.Ticket, out.Done = p.Reason, p.Figure, p.Ticket, dayAnswer(p.Done)
	}
	return out
}

// plan reads the plan of the address, for whoever may do what may says; nil is reading it.
func (a pages) plan(r *web.Request, may func(*plan.View) bool) (*plan.View, error) {
	number, err := r.NumberOf("number")
	if err != nil {
		return nil, err
	}
	v, err := a.Desk.Plans.Read(r.Actor(), number)
	if err == nil && may != nil && !may(v) {
		err = policy.Denied(r.Actor())
	}
	return v, err
}

func (a pages) answerPlan(r *web.Request, v *plan.View, status int) error {
	r.Status(status)
	if status == http.StatusCreated {
		r.SetLocation(base + "/plans/" + strconv.FormatUint(v.Plan.ID, 10))
	}
	return r.JSON(planDocument(v))
}

func (a pages) apiPlans(r *web.Request) error {
	q := a.apiQuery(r)
	f := plan.Filter{Organisation: q.Raw("organisation"), Group: q.Raw("group"), Template: q.Raw("template"), State: web.FormCode[store.PlanState](q.Form, "state"), After: q.ID("after"), Limit: q.limit()}
	if err := q.Err(); err != nil {
		return err
	}
	list, more, err := a.Desk.Plans.List(r.Actor(), f)
	if err != nil {
		return err
	}
	out := apiPlanList{Plans: []apiPlan{}}
	for _, v := range list {
		out.Plans = append(out.Plans, planAnswer(v))
	}
	if more {
		out.Next = &list[len(list)-1].Plan.ID
	}
	return r.JSON(out)
}

func (a pages) apiPlan(r *web.Request) error {
	v, err := a.plan(r, nil)
	if err != nil {
		return err
	}
	return a.answerPlan(r, v, http.StatusOK)
}

// change puts the form into a change, whose members a new plan has as well.
func (in *apiPlanForm) change() (plan.Change, error) {
	var wrong fault.Problems
	c := plan.Change{Rev: in.Rev, Name: in.Name, Lead: in.Lead, State: entry.Coded[store.PlanState](&wrong, "state", in.State), Reason: in.Reason}
	for _, d := range []struct {
		field string
		in    *string
		out   **time.Time
	}{{"start", in.Start, &c.Start}, {"go_live", in.GoLive, &c.GoLive}} {
		if d.in != nil {
			t := dayOf(&wrong, d.field, *d.in)
			*d.out = &t
		}
	}
	if in.People != nil {
		c.People = &[]plan.Named{}
		for _, x := range *in.People {
			*c.People = append(*c.People, plan.Named{Email: x.Email, Role: x.Role})
		}
	}
	if in.Facts != nil {
		c.Facts = map[string][]string{}
		for name, v := range in.Facts {
			c.Facts[name] = textOf(&wrong, name, v)
		}
	}
	return c, wrong.Err()
}

// readPlan is readJSON with the digits of numbers as they were sent.
func (a pages) readPlan(r *web.Request, in *apiPlanForm) error {
	var raw json.RawMessage
	if err := a.readJSON(r, &raw); err != nil {
		return err
	}
	d := json.NewDecoder(bytes.NewReader(raw))
	d.DisallowUnknownFields()
	d.UseNumber()
	if err := d.Decode(in); err != nil {
		return JSONProblem(err)
	}
	return nil
}

func (a pages) apiBeginPlan(r *web.Request) error {
	if who := r.Actor(); !who.IsAgent() && !who.IsAdministrator() {
		return policy.Denied(who)
	}
	var in apiPlanForm
	if err := a.readPlan(r, &in); err != nil {
		return err
	}
	c, err := in.change()
	if err != nil {
		return err
	}
	f := plan.Beginning{Template: in.Template, Organisation: in.Organisation, Unit: in.Unit, Facts: c.Facts}
	if c.Name != nil {
		f.Name = *c.Name
	}
	if c.Start != nil {
		f.Start = *c.Start
	}
	if c.GoLive != nil {
		f.GoLive = *c.GoLive
	}
	if c.Lead != nil {
		f.Lead = *c.Lead
	}
	if c.People != nil {
		f.People = *c.People
	}
	v, err := a.Desk.Plans.Begin(r.Actor(), f)
	if err != nil {
		return err
	}
	return a.answerPlan(r, v, http.StatusCreated)
}

func (a pages) apiChangePlan(r *web.Request) error {
	v, err := a.plan(r, func(v *plan.View) bool { return v.MayArrange || v.MaySay })
	if err != nil {
		return err
	}
	var in apiPlanForm
	if err := a.readPlan(r, &in); err != nil {
		return err
	}
	c, err := in.change()
	if err != nil {
		return err
	}
	if c.Rev == 0 {
		c.Rev = v.Plan.Rev
	}
	if v, err = a.Desk.Plans.Arrange(r.Actor(), v.Plan.ID, c); err != nil {
		return err
	}
	return a.answerPlan(r, v, http.StatusOK)
}

func changesAnswer(c plan.Changes) apiChanges {
	out := apiChanges{Appear: append([]string{}, c.Appear...), Disappear: append([]string{}, c.Disappear...), Move: []apiMovedStep{}}
	for _, m := range c.Move {
		out.Move = append(out.Move, apiMovedStep{m.Code, m.From.String(), m.To.String()})
	}
	return out
}

func (a pages) apiDecide(r *web.Request) error {
	v, err := a.plan(r, func(v *plan.View) bool { return v.MayDecide || v.MayPropose })
	if err != nil {
		return err
	}
	var in apiSaying
	if err := a.readJSON(r, &in); err != nil {
		return err
	}
	if in.Preview {
		c, err := a.Desk.Plans.Preview(r.Actor(), v.Plan.ID, r.Param("code"), in.Option)
		if err != nil {
			return err
		}
		return r.JSON(changesAnswer(c))
	}
	var wrong fault.Problems
	s := plan.Saying{Option: in.Option, State: entry.Coded[store.DecisionState](&wrong, "state", in.State), Reason: in.Reason, Until: dayOf(&wrong, "until", in.Until), For: in.For, Ticket: in.Ticket, Rev: in.Rev}
	if err := wrong.Err(); err != nil {
		return err
	}
	v, c, err := a.Desk.Plans.Decide(r.Actor(), v.Plan.ID, r.Param("code"), s)
	if err != nil {
		return err
	}
	out, now := changesAnswer(c), planDocument(v)
	out.Plan = &now
	return r.JSON(out)
}

func (a pages) apiDecisionHistory(r *web.Request) error {
	v, err := a.plan(r, nil)
	if err != nil {
		return err
	}
	code := r.Param("code")
	if !v.HasDecision(code) {
		return fault.New(fault.NotFound, "error.not-found")
	}
	answers, err := a.Desk.Plans.History(r.Actor(), v.Plan.ID, code)
	if err != nil {
		return err
	}
	out := apiDecisionHistory{Answers: []apiDecisionAnswer{}}
	if out.Others, err = a.Desk.Plans.Chosen(r.Actor(), v.Plan.ID, code); err != nil {
		return err
	}
	if out.Others == nil {
		out.Others = map[string]plan.Band{}
	}
	for _, d := range answers {
		out.Answers = append(out.Answers, apiDecisionAnswer{Rev: d.Number, State: d.State, Option: d.Option, Reason: d.Reason, For: d.For, By: d.By, At: apiMoment(d.At), Known: d.Known})
	}
	return r.JSON(out)
}

func (a pages) apiDoStep(r *web.Request) error {
	v, err := a.plan(r, nil)
	if err != nil {
		return err
	}
	may, there := v.MayDo(r.Param("code"))
	switch {
	case !there:
		return fault.New(fault.NotFound, "error.not-found")
	case !may:
		return policy.Denied(r.Actor())
	}
	var in apiDoing
	if err := a.readJSON(r, &in); err != nil {
		return err
	}
	var wrong fault.Problems
	f := plan.Doing{State: entry.Coded[store.StepState](&wrong, "state", in.State), Reason: in.Reason, On: entry.Coded[store.Side](&wrong, "on", in.On), Figure: in.Figure, Units: in.Units,
		Checked: in.Checked, Done: dayOf(&wrong, "done", in.Done), Ticket: in.Ticket}
	if err := wrong.Err(); err != nil {
		return err
	}
	if v, err = a.Desk.Plans.Do(r.Actor(), v.Plan.ID, r.Param("code"), f); err != nil {
		return err
	}
	return a.answerPlan(r, v, http.StatusOK)
}

func (a pages) apiAddStep(r *web.Request) error {
	v, err := a.plan(r, func(v *plan.View) bool { return v.MayArrange })
	if err != nil {
		return err
	}
	var in apiAddition
	if err := a.readJSON(r, &in); err != nil {
		return err
	}
	var wrong fault.Problems
	f := plan.Addition{Phase: in.Phase, Name: in.Name, Text: in.Text, Day: in.Day, Side: entry.Coded[store.Side](&wrong, "side", in.Side), Takes: in.Takes, Waits: in.Waits}
	if err := wrong.Err(); err != nil {
		return err
	}
	if v, _, err = a.Desk.Plans.Add(r.Actor(), v.Plan.ID, f); err != nil {
		return err
	}
	r.Status(http.StatusCreated)
	r.SetLocation(base + "/plans/" + strconv.FormatUint(v.Plan.ID, 10))
	return r.JSON(planDocument(v))
}

// apiPlanRecord answers with the record of a plan: html (when nothing is said), md, json or xlsx.
func (a pages) apiPlanRecord(r *web.Request) error {
	number, err := r.NumberOf("number")
	if err != nil {
		return err
	}
	rec, err := a.Desk.Plans.Record(r.Actor(), number)
	if err != nil {
		return err
	}
	send := func(kind string, b []byte) error {
		r.SetHeader("Content-Type", kind)
		return r.Send(b)
	}
	switch format := r.Query("format"); format {
	case "json":
		return r.JSON(rec)
	case "md":
		return send("text/markdown; charset=utf-8", []byte(rec.Markdown(a.recordWords(rec.Language))))
	case "xlsx":
		b, err := sheet.XLSX(rec.Name, a.recordRows(rec))
		if err != nil {
			return err
		}
		return send(sheet.XLSXType, b)
	case "", "html":
		body := markup.HTML("markdown", rec.Markdown(a.recordWords(rec.Language)))
		return send("text/html; charset=utf-8", fmt.Appendf(nil, "<!doctype html>\n<html lang=\"%s\">\n<meta charset=\"utf-8\">\n<title>%s</title>\n<main>\n%s\n</main>\n</html>\n", rec.Language,
			template.HTMLEscapeString(rec.Name), body))
	}
	return fault.Problems{fault.New(fault.Invalid, "error.choice").At("format")}
}

// recordWords returns the headings of a record.
func (a pages) recordWords(lang string) plan.Words {
	say := func(key string) string { return a.Words.Text(lang, key) }
	return plan.Words{People: say("plan.people"), Facts: say("plan.facts"), Decisions: say("plan.decisions"), Open: say("plan.open-points"), Steps: say("plan.steps"), Norms: say("plan.norms"),
		Weighed: say("plan.weighed"), Choice: say("plan.choice"), Reason: say("plan.reason"), By: say("plan.decided-by"), Deviates: say("plan.deviates"), Recommended: say("plan.recommended"),
		GoLive: say("plan.go-live"), AsOf: say("plan.as-of"), Unverified: say("plan.unverified"),
		State: func(noun, code string) string {
			switch noun {
			case "plan":
				return say("plan.state-" + code)
			case "decision":
				return say("plan.decision-" + code)
			}
			return say("plan.step-" + code)
		}}
}

// recordRows are the decisions and steps of a record as a table.
func (a pages) recordRows(rec *plan.Record) [][]string {
	w := a.recordWords(rec.Language)
	rows := [][]string{{w.Decisions, w.Choice, w.Reason, w.By, w.GoLive}}
	for _, d := range rec.Decisions {
		rows = append(rows, []string{d.Question, d.Choice, d.Reason, d.By, d.At})
	}
	rows = append(rows, nil, []string{w.Steps})
	for _, s := range rec.Steps {
		rows = append(rows, []string{s.Name, w.State("step", s.State), s.Figure, s.Reason, s.Due, s.Done})
	}
	return rows
}
