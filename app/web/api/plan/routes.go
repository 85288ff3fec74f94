// Package plan serves templates of plans, and plans, to programs.
package plan

import (
	"net/http"

	"sportello/app/desk/plan"
	"sportello/app/web"
	"sportello/app/web/program"
	"sportello/app/web/schema"
	"sportello/store/scope"
)

// pages has what the handlers need.
type pages struct{ *web.Site }

// Routes returns the routes of templates and plans.
func Routes(s *web.Site) []web.Route {
	a := pages{s}
	do, reads, writes := program.Do, program.Reads(scope.Plans), program.Writes(scope.Plans)
	return program.Describe([]web.Route{
		do(http.MethodGet, "/templates", "templates.list", reads, a.apiTemplates),
		do(http.MethodPost, "/templates", "templates.write", writes, a.apiPostTemplate).WithText(),
		do(http.MethodGet, "/templates/:code", "templates.read", reads, a.apiTemplate),
		do(http.MethodPut, "/templates/:code", "templates.put", writes, a.apiPutTemplate).WithText(),
		do(http.MethodPost, "/templates/:code/publish", "templates.publish", writes, a.apiPublishTemplate),
		do(http.MethodPut, "/templates/:code/retired", "templates.retire", writes, a.apiRetireTemplate),
		do(http.MethodGet, "/plans/bands", "plans.bands", reads, a.apiBands),
		do(http.MethodPut, "/plans/bands", "plans.put-bands", writes, a.apiPutBands),
		do(http.MethodGet, "/plans", "plans.list", reads, a.apiPlans),
		do(http.MethodGet, "/plans/overview", "plans.overview", reads, a.apiPlanOverview),
		do(http.MethodGet, "/plans/figures", "plans.figures", reads, a.apiPlanFigures),
		do(http.MethodPost, "/plans", "plans.begin", writes, a.apiBeginPlan).WithText(),
		do(http.MethodGet, "/plans/:number<int>", "plans.read", reads, a.apiPlan),
		do(http.MethodPost, "/plans/:number<int>/reason", "plans.reason", writes, a.apiReason),
		do(http.MethodPatch, "/plans/:number<int>", "plans.change", writes, a.apiChangePlan).WithText(),
		do(http.MethodGet, "/plans/:number<int>/decisions/:code", "plans.decision", reads, a.apiDecisionHistory),
		do(http.MethodPost, "/plans/:number<int>/decisions/:code", "plans.decide", writes, a.apiDecide).WithText(),
		do(http.MethodPost, "/plans/:number<int>/steps", "plans.add-step", writes, a.apiAddStep).WithText(),
		do(http.MethodPost, "/plans/:number<int>/steps/:code", "plans.do-step", writes, a.apiDoStep).WithText(),
		do(http.MethodPost, "/plans/:number<int>/steps/:code/files", "plans.attach", writes, a.apiAttachStep).WithFiles("file"),
		do(http.MethodDelete, "/plans/:number<int>/files/:file<int>", "plans.detach", writes, a.apiDetachStep),
		do(http.MethodPost, "/plans/:number<int>/decisions/:code/question", "plans.ask", writes, a.apiAsk).WithText(),
		do(http.MethodPost, "/plans/:number<int>/steps/:code/question", "plans.ask-step", writes, a.apiAsk).WithText(),
		do(http.MethodPost, "/plans/:number<int>/freezes/:code", "plans.read-freeze", writes, a.apiReadFreeze),
		do(http.MethodPut, "/templates/:code/norms/:norm", "templates.verify-norm", writes, a.apiVerifyNorm),
		do(http.MethodGet, "/templates/:code/walk", "templates.walk", reads, a.apiWalk),
		do(http.MethodGet, "/plans/:number<int>/record", "plans.record", reads, a.apiPlanRecord),
	}, operations)
}

// operations describes each route by its name.
var operations = map[string]schema.Operation{
	"api.templates.list":    {Summary: "The templates of plans that the token's person may read, without their content", Out: apiTemplateList{}},
	"api.templates.write":   {Summary: "Write the draft of a new template, with publish a version of it at once", In: apiTemplateForm{}, Out: apiTemplate{}, Created: true},
	"api.templates.read":    {Summary: "One template: its draft for whoever may write it, else what is published", Out: apiTemplate{}},
	"api.templates.put":     {Summary: "Write the draft of a template whole", In: apiTemplateForm{}, Out: apiTemplate{}},
	"api.templates.publish": {Summary: "Make a version of the draft, with which plans begin. What is wrong with it answers 422, each finding with its place.", In: program.Reason{}, Out: apiTemplate{}},
	"api.templates.retire":  {Summary: "Say that no plan begins with the template any more, or that they do again. Plans that began with it go on. Supervisors and administrators alone.", In: apiRetired{}, Out: apiTemplate{}},
	"api.plans.bands":       {Summary: "Whether plans of this desk say how others chose", Out: apiBands{}},
	"api.plans.put-bands":   {Summary: "Switch off, or on again, that plans say how others chose. Administrators alone.", In: apiBands{}, Out: apiBands{}},
	"api.plans.list": {Summary: "Plans the token's person may see: running ones first, then by the day of going live, without their content", Out: apiPlanList{}, Query: append([]schema.Parameter{
		{Name: "organisation", Kind: "string", Text: "code"}, {Name: "group", Kind: "string", Text: "code"}, {Name: "template", Kind: "string", Text: "code"}, {Name: "state", Kind: "string", Text: "prepared, running, paused, closed or cancelled"}}, program.PageParameters...)},
	"api.plans.overview": {Summary: "How the plans stand that go on: what each group of the desk has to do, and the plans, those in trouble first", Out: apiPlanOverview{}},
	"api.plans.figures":  {Summary: "What plans teach supervisors: working days by size of the organisation, what is chosen, where plans get stuck", Out: plan.Figures{}},
	"api.plans.begin":    {Summary: "Begin a plan of an organisation with the published version of a template", In: apiPlanForm{}, Out: apiPlan{}, Created: true},
	"api.plans.read":     {Summary: "One plan, as its facts and decisions make it: what is there, what is recommended and why, what is due when", Out: apiPlan{}},
	"api.plans.reason":   {Summary: "Say why an administrator needs to see a confidential plan; it is shown for an hour, and the audit log has the reason", In: program.Reason{}, Out: apiPlan{}},
	"api.plans.change":   {Summary: "Change the members given: facts by whoever takes part, everything else by the desk. With rev, a plan of another revision answers 409.", In: apiPlanForm{}, Out: apiPlan{}},
	"api.plans.decision": {Summary: "What was said of a decision, the oldest first, and how others chose, in bands that name nobody", Out: apiDecisionHistory{}},
	"api.plans.decide":   {Summary: "Decide, propose, postpone or reopen a decision. With preview it only says what would appear, disappear and move. With rev, a decision of which something was said meanwhile answers 409.", In: apiSaying{}, Out: apiChanges{}},
	"api.plans.add-step": {Summary: "Add a step by hand", In: apiAddition{}, Out: apiPlan{}, Created: true},
	"api.plans.do-step":  {Summary: "Say where a step is: done, blocked, waiting, not needed, open", In: apiDoing{}, Out: apiPlan{}},
	"api.plans.attach": {Summary: "Put files to a step: parts named file, or the bytes with ?name=. With asked they are what the step asks for under the code, of which the last one counts. Who gives it sends it.",
		Out: apiPlan{}, Created: true, Files: true, Query: []schema.Parameter{{Name: "name", Kind: "string", Text: "what the file is called"}, {Name: "asked", Kind: "string", Text: "code of a file that the step asks for"}}},
	"api.plans.detach":          {Summary: "Take a file away from its step, as long as the plan goes on"},
	"api.plans.ask":             {Summary: "Ask beside a decision: opens a ticket of kind guidance in the name of the token's person, which stands beside it", In: apiQuestion{}, Out: apiAsked{}, Created: true},
	"api.plans.ask-step":        {Summary: "Ask about a step: opens a ticket of kind request, which stands beside it", In: apiQuestion{}, Out: apiAsked{}, Created: true},
	"api.plans.read-freeze":     {Summary: "Say that the token's person read of a freeze as it is now; answers who did, to the desk also who did not", Out: apiReaders{}},
	"api.templates.verify-norm": {Summary: "Say on which day a norm of a template was verified, an empty day that it is not. Editors and supervisors alone.", In: apiVerified{}, Out: apiTemplate{}},
	"api.templates.walk": {Summary: "The plan that a template would be for an organisation that is made up; nothing is kept", Out: apiPlan{}, Query: []schema.Parameter{{Name: "size", Kind: "string", Text: "small, middle or large: the usual numbers of such an organisation"},
		{Name: "start", Kind: "string", Text: "left out: today"}, {Name: "go_live", Kind: "string", Text: "left out: a year on"}, {Name: "fact", Kind: "string", Text: "code:value, as often as needed"}, {Name: "answer", Kind: "string", Text: "decision:option, as often as needed"},
		{Name: "recommended", Kind: "string", Text: "1 takes what is recommended in every decision without an answer"}}},
	"api.plans.record": {Summary: "The record: every decision with what was weighed, the choice, the reason, by whom and when, and what stayed open", Query: []schema.Parameter{{Name: "format", Kind: "string", Text: "html, md, json or xlsx"}}},
}
