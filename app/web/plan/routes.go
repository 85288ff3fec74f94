// Package plan serves the pages of plans: the list, the page of each, the walk through its decisions, its steps, what is
// known of the organisation, and the record.
package plan

import (
	"errors"
	"net/url"

	"sportello/app/address"
	"sportello/app/desk/plan"
	"sportello/app/desk/policy"
	"sportello/app/web"
	"sportello/app/web/show"
	"sportello/store"
	"sportello/store/fault"
)

// pages has what the handlers need.
type pages struct{ *web.Site }

// Routes returns the routes of the pages of plans.
func Routes(s *web.Site) []web.Route {
	a := pages{s}
	return []web.Route{
		web.Get(address.Plans, "plans.list", web.Person, a.getList),
		web.Get("/plans/overview", "plans.overview", web.Person, a.getOverview),
		web.Get("/plans/figures", "plans.figures", web.Supervisor, a.getFigures),
		web.Post("/plans/bands", "plans.bands", web.Administrator, a.postBands, "/plans/figures"),
		web.Get("/plans/new", "plans.new", web.Agent, a.getNew),
		web.Post("/plans/new", "plans.begin", web.Agent, a.postNew, "/plans/new").WithText(),
		web.Get("/plans/:n<int>", "plans.show", web.Person, a.getPlan),
		web.Post("/plans/:n<int>/state", "plans.state", web.Agent, a.postState, "/plans/:n").WithText(),
		web.Post("/plans/:n<int>/reason", "plans.reason", web.Administrator, a.postReason, "/plans/:n"),
		web.Get("/plans/:n<int>/arrange", "plans.before-arranging", web.Agent, a.getArrange),
		web.Post("/plans/:n<int>/arrange", "plans.arrange", web.Agent, a.postArrange, "/plans/:n/arrange").WithText(),
		web.Get("/plans/:n<int>/facts", "plans.facts", web.Person, a.getFacts),
		web.Post("/plans/:n<int>/facts", "plans.say", web.Person, a.postFacts, "/plans/:n/facts").WithText(),
		web.Get("/plans/:n<int>/decisions/:code", "plans.decision", web.Person, a.getDecision),
		web.Post("/plans/:n<int>/decisions/:code", "plans.decide", web.Person, a.postDecision, "/plans/:n/decisions/:code").WithText(),
		web.Post("/plans/:n<int>/decisions/:code/article", "plans.article", web.Agent, a.postArticle, "/plans/:n/decisions/:code"),
		web.Get("/plans/:n<int>/steps/:code", "plans.step", web.Person, a.getStep),
		web.Post("/plans/:n<int>/steps/:code", "plans.do", web.Person, a.postStep, "/plans/:n/steps/:code").WithText(),
		web.Post("/plans/:n<int>/steps/:code/files", "plans.attach", web.Person, a.postFiles, "/plans/:n/steps/:code").WithFiles("files"),
		web.Post("/plans/:n<int>/files/:file<int>/remove", "plans.detach", web.Person, a.postRemoveFile, "/plans/:n"),
		web.Post("/plans/:n<int>/decisions/:code/question", "plans.ask", web.Person, a.postQuestion, "/plans/:n/decisions/:code").WithText(),
		web.Post("/plans/:n<int>/steps/:code/question", "plans.ask-step", web.Person, a.postQuestion, "/plans/:n/steps/:code").WithText(),
		web.Post("/plans/:n<int>/freezes/:code", "plans.read-freeze", web.Person, a.postFreeze, "/plans/:n"),
		web.Get("/tickets/:n<int>/plan-step", "plans.before-ticket-step", web.Agent, a.getTicketStep),
		web.Post("/tickets/:n<int>/plan-step", "plans.ticket-step", web.Agent, a.postTicketStep, "/tickets/:n/plan-step").WithText(),
		web.Get("/plans/:n<int>/record", "plans.record", web.Person, a.getRecord),
	}
}

// plan reads the plan of the address, for whoever may do what may says; nil is reading it.
func (a pages) plan(r *web.Request, may func(*plan.View) bool) (*plan.View, error) {
	n, err := r.Number()
	if err != nil {
		return nil, err
	}
	v, err := a.Desk.Plans.Read(r.Actor(), n)
	if err == nil && may != nil && !may(v) {
		err = policy.Denied(r.Actor())
	}
	return v, err
}

// code returns the code of a decision or step from the address.
func code(r *web.Request) string {
	code, err := url.PathUnescape(r.Param("code"))
	if err != nil {
		return "" // there is none of this code
	}
	return code
}

// begin makes the page of a part of the plan, with the way back to it.
func (a pages) begin(r *web.Request, v *plan.View, titleKey string, args ...any) web.Page {
	p := r.Page(titleKey, args...)
	p.Nav = "plans"
	p.Crumb(p.T("plan.title"), address.Plans)
	if p.Path == address.Plan(v.Plan.ID) {
		p.Crumb(v.Plan.Name, "")
		return p
	}
	p.Crumb(v.Plan.Name, address.Plan(v.Plan.ID))
	p.Crumb(p.Title, "")
	return p
}

var stateMarks = map[store.PlanState]show.Mark{
	store.PlanPrepared:  {Icon: "edit"},
	store.PlanRunning:   {Icon: "right", Class: "badge-brand"},
	store.PlanPaused:    {Icon: "clock", Class: "badge-wait"},
	store.PlanClosed:    {Icon: "check", Class: "badge-calm"},
	store.PlanCancelled: {Icon: "close"},
}

func stateMark(p *web.Page, s store.PlanState) show.Mark {
	m := stateMarks[s]
	m.Words = p.T("plan.state-" + s.String())
	return m
}

var decisionMarks = map[store.DecisionState]show.Mark{
	store.DecisionOpen:      {Icon: "info"},
	store.DecisionProposed:  {Icon: "edit", Class: "badge-inner"},
	store.DecisionPostponed: {Icon: "clock", Class: "badge-wait"},
	store.DecisionDecided:   {Icon: "check", Class: "badge-calm"},
	store.DecisionNotNeeded: {Icon: "close"},
}

func decisionMark(p *web.Page, s store.DecisionState) show.Mark {
	m := decisionMarks[s]
	m.Words = p.T("plan.decision-" + s.String())
	return m
}

var stepMarks = map[store.StepState]show.Mark{
	store.StepOpen:      {Icon: "info"},
	store.StepWaiting:   {Icon: "clock", Class: "badge-wait"},
	store.StepBlocked:   {Icon: "warn", Class: "badge-alarm"},
	store.StepDone:      {Icon: "check", Class: "badge-calm"},
	store.StepNotNeeded: {Icon: "close"},
}

func stepMark(p *web.Page, s store.StepState) show.Mark {
	m := stepMarks[s]
	m.Words = p.T("plan.step-" + s.String())
	return m
}

// again shows a form as it was sent, on the plan as it is by now: whoever was overtaken reads what the other one said, and
// their own words are still there. field is where a conflict is explained.
func (a pages) again(r *web.Request, f *web.Form, wrong error, field string, page func(*web.Request, *plan.View, *web.Form, error) error) error {
	now, err := a.plan(r, nil)
	if err != nil {
		return err
	}
	var one *fault.Error
	if fault.KindOf(wrong) == fault.Conflict && errors.As(wrong, &one) && one.Field == "" {
		wrong = one.At(field)
	}
	return page(r, now, f, wrong)
}
