package api

import (
	"net/http"
	"reflect"
	"sportello/app/desk/plan"
	"strings"

	"sportello/app/desk/article"
	"sportello/app/desk/ticket"
	"sportello/app/web"
	"sportello/app/web/schema"
)

// apiDescription describes one route in the API's description.
type apiDescription struct {
	summary string
	query   []apiParameter
	in, out any // values of the types of body and answer
	created bool
	later   bool // 202: what was asked is yet to be answered
	files   bool // the body is multipart/form-data with files
}

type apiParameter struct{ name, kind, text string }

var pageParameters = []apiParameter{{"limit", "integer", "1 to 200, default 50"}, {"after", "string", "next from the previous page"}}

// apiDescriptions describes each route of the API by its name. A test fails when a route has none, or one has no route.
var apiDescriptions = map[string]apiDescription{
	"api.openapi": {summary: "This description"},
	"api.tickets.open": {summary: "Open a ticket in the caller's own name, or as an import would. A repeated external_id updates the ticket and answers 200.",
		in: ticket.Record{}, out: apiTicket{}, created: true},
	"api.tickets.list": {summary: "Tickets the token's person may see, newest number first, without messages and answers", out: apiTicketList{}, query: append([]apiParameter{
		{"state", "string", "codes, several joined by commas"}, {"group", "string", "code"}, {"module", "string", "code; includes the levels below it"},
		{"requester", "string", "address"}, {"updated_since", "string", "RFC 3339 time or date"}}, pageParameters...)},
	"api.tickets.read": {summary: "One ticket with its messages", out: apiTicket{}},
	"api.tickets.change": {summary: "Change the members given and leave the rest. With rev, a ticket that has a different revision answers 409 with the current one.",
		in: apiChange{}, out: apiTicket{}},
	"api.tickets.write":  {summary: "Write a message, or with internal a note", in: apiText{}, out: apiWritten{}, created: true},
	"api.tickets.attach": {summary: "Attach files as a message of their own: parts named file and, optionally, body and internal; or the bytes with ?name=", out: apiWritten{}, created: true, files: true},
	"api.tickets.beside": {summary: "Decide about a message kept beside a ticket: join, join-and-add-person, own-ticket, or dismiss with a reason",
		in: apiDecision{}, out: apiTicket{}},
	"api.articles.list": {summary: "Articles the token's person may read, by title", out: apiArticleList{}, query: append([]apiParameter{
		{"module", "string", "code; includes the levels below it"}, {"state", "string", "draft or published"}, {"audience", "string", "public, signed-in or agents"},
		{"lang", "string", "the reader's language; hides nothing"}, {"language", "string", "only versions in it"}}, pageParameters...)},
	"api.articles.write": {summary: "Write one language version of an article. A repeated external_id and language updates it and answers 200.",
		in: article.Record{}, out: apiArticle{}, created: true},
	"api.articles.read":      {summary: "An article in one language", out: apiArticle{}, query: []apiParameter{{"lang", "string", "it or en; the other one if that version does not exist"}}},
	"api.articles.put":       {summary: "Write one language version of the article with this slug", in: article.Record{}, out: apiArticle{}, created: true},
	"api.organisations.list": {summary: "Organisations with their units: all for agents and administrators, for others their own", out: apiOrganisationList{}},
	"api.organisations.add":  {summary: "Add an organisation with its units. Without a code it gets one made from its name.", in: apiOrganisation{}, out: apiOrganisation{}, created: true},
	"api.installations.list": {summary: "Which version of each module an organisation has in use", out: []apiInstallation{}},
	"api.installations.put": {summary: "Replace the list, as far as the token's person may keep it: of what they may not keep, nothing changes, and an entry that would change it answers 403",
		in: []apiInstallation{}, out: []apiInstallation{}},
	"api.organisations.people": {summary: "People of an organisation by name, with their affiliations there: for administrators, agents, and coordinators, who get those they cover",
		out: apiMemberList{}, query: append([]apiParameter{{"q", "string", "beginnings of words in the name or address"}}, pageParameters...)},
	"api.organisations.invite": {summary: "Invite the owner of an address to belong to an organisation or unit: for its coordinators, and administrators. They accept or decline. The answer is the same whether the desk knows the address or not.",
		in: apiInvitation{}, out: apiInvitation{}, later: true},
	"api.invitations.list":      {summary: "Invitations into an organisation that wait for an answer, were declined, or ended without one, the newest first: for those who may invite there", out: apiInvitationList{}},
	"api.invitations.take-back": {summary: "Take back an invitation that waits for an answer; 409 when none does any more"},
	"api.affiliations.read":     {summary: "A person's affiliations that are not over: all for the person, agents and administrators; for a coordinator those they cover", out: []apiAffiliation{}},
	"api.affiliations.put": {summary: "Give a person exactly these affiliations, of those that GET answers. Those left out end at once. Who is named answers for updates there, of its modules alone if it has any. With rev, a person of a different revision answers 409.",
		in: []apiAffiliation{}, out: []apiAffiliation{}, query: []apiParameter{{"rev", "integer", "the revision of the person that the change is for"}}},
	"api.handover.read": {summary: "How many active tickets, drafts, personal views and saved replies somebody has: for administrators; for supervisors tickets and drafts of their groups", out: apiHolding{}},
	"api.handover.do": {summary: "Hand on what somebody has, each kind to a person (an address), tickets and drafts back to the group (group), views and replies to a group (its code). What is left out stays. Supervisors hand on tickets and drafts of their groups.",
		in: apiHandover{}, out: apiHandedOn{}},
	"api.tokens.list":           {summary: "The tokens of the token's person, with what each is limited to, without their secrets", out: apiTokenList{}},
	"api.tokens.end":            {summary: "End a token of the token's person, of a service account that belongs to them, or for administrators any, at once and for good. Tokens are made on pages alone."},
	"api.service-accounts.list": {summary: "Service accounts with the people they belong to and their tokens: all for administrators, for others those that belong to them", out: apiServiceList{}},
	"api.releases.list": {summary: "Releases the token's person may see, drafts first, then the newest, without their long texts and files", out: apiReleaseList{}, query: append([]apiParameter{
		{"module", "string", "code; includes the levels below it"}, {"state", "string", "draft, checked, scheduled, published, replaced or withdrawn"},
		{"kind", "string", "ordinary, urgent or law"}}, pageParameters...)},
	"api.releases.write": {summary: "Write a release: a draft, or with state published one that goes out at once. A repeated external_id, which administrators may give, changes the release and answers 200.",
		in: apiReleaseForm{}, out: apiRelease{}, created: true, query: plainText},
	"api.releases.read": {summary: "One release; whom it is for, who wrote it and what its system calls it are told to the desk alone", out: apiRelease{}},
	"api.releases.change": {summary: "Change the members given and leave the rest; of what was published texts, dates and links alone. With rev, a release that has a different revision answers 409 with the current one.",
		in: apiReleaseForm{}, out: apiRelease{}, query: plainText},
	"api.releases.audience": {summary: "Whom the release tells if it is published now", out: apiPreview{}},
	"api.releases.publish": {summary: "Publish now, or at a moment. With the audience of a preview, one that differs by now answers 409 with the new preview.",
		in: apiPublication{}, out: apiRelease{}},
	"api.releases.check":      {summary: "Say that a second person has looked at the draft", in: apiDecided{}, out: apiRelease{}},
	"api.releases.take-back":  {summary: "Make a draft of what was checked or waits for its hour", in: apiDecided{}, out: apiRelease{}},
	"api.releases.widen":      {summary: "Give a published release a wider audience, and tell those alone whom it did not go to", in: apiWiden{}, out: apiRelease{}},
	"api.releases.tell-again": {summary: "Tell everybody once more whom the release went to", in: apiReason{}, out: apiRelease{}},
	"api.releases.withdraw":   {summary: "Withdraw a published release, with what to do: its files are no longer given, and everybody who was told or had one is told", in: apiReason{}, out: apiRelease{}},
	"api.releases.attach": {summary: "Keep files of up to 2 GiB each: parts named file, or the bytes with ?name=. In a draft a file takes the place of one called the same; in what was published that one stays and is listed as superseded.",
		out: apiReleaseFiles{}, created: true, files: true, query: []apiParameter{{"name", "string", "what the file is called"}, {"instead", "string", "the file that it takes the place of"}}},
	"api.releases.sums":     {summary: "The SHA-256 sums of the files, as sha256sum checks them"},
	"api.releases.file":     {summary: "A file, or the part of it that Range asks for. It is written down who fetched it."},
	"api.releases.detach":   {summary: "Take a file away from a draft"},
	"api.releases.wordings": {summary: "What a release said before it was corrected, the oldest first", out: apiWordingList{}},
	"api.releases.picture": {summary: "A module with its places down and its releases across: all of it to the desk, to coordinators their places", out: apiPicture{}, query: []apiParameter{
		{"module", "string", "code"}, {"only", "string", "late, failed or unread"}, {"environment", "string", "test or production"}}},
	"api.receipts.list":   {summary: "What organisations say of a release: all of it to the desk, to coordinators what concerns their places", out: apiReceiptList{}},
	"api.receipts.put":    {summary: "Say how a release goes at a place. All answers are kept, the last one counts; installed moves the installation's version, failed opens a malfunction.", in: apiReply{}, out: apiReplied{}},
	"api.contacts.list":   {summary: "Addresses without credentials that are told of the releases of an organisation: for its coordinators, and agents of the modules", out: apiContactList{}},
	"api.contacts.add":    {summary: "Add an address, which is asked first whether it is right", in: apiContactForm{}, out: apiContact{}, created: true},
	"api.contacts.remove": {summary: "Take a contact away"},
	"api.follow.list":     {summary: "The modules that the token's person follows", out: apiFollowed{}},
	"api.follow":          {summary: "Follow the releases of a module, or no longer", in: apiFollow{}, out: apiFollow{}},
	"api.work":            {summary: "What waits for the token's person: what is late first, then by day", out: apiItemList{}},

	"api.problems.list": {summary: "Known problems the token's person may see, without their texts", out: apiProblemList{}, query: append([]apiParameter{
		{"module", "string", "code; includes the levels below it"}, {"state", "string", "suspected, confirmed, being-fixed, fixed or will-not-be-fixed"},
		{"version", "string", "a version of the module that they are in"}}, pageParameters...)},
	"api.problems.write": {summary: "Write a known problem of a module of one's own group", in: apiProblemForm{}, out: apiProblem{}, created: true, query: plainText},
	"api.problems.read":  {summary: "One known problem, with how many it concerns; owner and supplier are told to the desk alone", out: apiProblem{}},
	"api.problems.change": {summary: "Change the members given and leave the rest. With rev, a problem that has a different revision answers 409 with the current one.",
		in: apiProblemForm{}, out: apiProblem{}, query: plainText},
	"api.problems.tickets":  {summary: "The tickets and people of a known problem, those the token's person may see", out: apiCaseList{}},
	"api.problems.attach":   {summary: "Attach a ticket. Twice is once.", in: apiAttached{}, out: apiProblem{}},
	"api.problems.detach":   {summary: "Take a ticket away from a known problem", out: apiProblem{}},
	"api.problems.join":     {summary: "Say \"this is my problem\", with a line of one's own or none; agents also for somebody else. Twice is once.", in: apiJoin{}, out: apiProblem{}},
	"api.problems.withdraw": {summary: "Say that it was no problem, and why", in: apiReason{}, out: apiProblem{}},
	"api.problems.outage":   {summary: "Say that a service stands still because of it, what is new, or that it works again", in: apiHalt{}, out: apiProblem{}},
	"api.problems.message":  {summary: "Write to everybody of a known problem, each in their language and thread; with preview only say whom it reaches", in: apiToAll{}, out: apiReach{}},
	"api.problems.merge":    {summary: "Say that it is another problem, to which its tickets and people go; answers that one", in: apiMerge{}, out: apiProblem{}},
	"api.problems.unmerge":  {summary: "Take that back, as long as nobody was told anything by the other one", out: apiProblem{}},

	"api.templates.list":    {summary: "The templates of plans that the token's person may read, without their content", out: apiTemplateList{}},
	"api.templates.write":   {summary: "Write the draft of a new template, with publish a version of it at once", in: apiTemplateForm{}, out: apiTemplate{}, created: true},
	"api.templates.read":    {summary: "One template: its draft for whoever may write it, else what is published", out: apiTemplate{}},
	"api.templates.put":     {summary: "Write the draft of a template whole", in: apiTemplateForm{}, out: apiTemplate{}},
	"api.templates.publish": {summary: "Make a version of the draft, with which plans begin. What is wrong with it answers 422, each finding with its place.", in: apiReason{}, out: apiTemplate{}},
	"api.plans.list": {summary: "Plans the token's person may see: running ones first, then by the day of going live, without their content", out: apiPlanList{}, query: append([]apiParameter{
		{"organisation", "string", "code"}, {"group", "string", "code"}, {"template", "string", "code"}, {"state", "string", "prepared, running, paused, closed or cancelled"}}, pageParameters...)},
	"api.plans.overview": {summary: "How the plans stand that go on: what each group of the desk has to do, and the plans, those in trouble first", out: apiPlanOverview{}},
	"api.plans.figures":  {summary: "What plans teach supervisors: working days by size of the organisation, what is chosen, where plans get stuck", out: plan.Figures{}},
	"api.plans.begin":    {summary: "Begin a plan of an organisation with the published version of a template", in: apiPlanForm{}, out: apiPlan{}, created: true},
	"api.plans.read":     {summary: "One plan, as its facts and decisions make it: what is there, what is recommended and why, what is due when", out: apiPlan{}},
	"api.plans.change":   {summary: "Change the members given: facts by whoever takes part, everything else by the desk. With rev, a plan of another revision answers 409.", in: apiPlanForm{}, out: apiPlan{}},
	"api.plans.decision": {summary: "What was said of a decision, the oldest first, and how others chose, in bands that name nobody", out: apiDecisionHistory{}},
	"api.plans.decide":   {summary: "Decide, propose, postpone or reopen a decision. With preview it only says what would appear, disappear and move. With rev, a decision of which something was said meanwhile answers 409.", in: apiSaying{}, out: apiChanges{}},
	"api.plans.add-step": {summary: "Add a step by hand", in: apiAddition{}, out: apiPlan{}, created: true},
	"api.plans.do-step":  {summary: "Say where a step is: done, blocked, waiting, not needed, open", in: apiDoing{}, out: apiPlan{}},
	"api.plans.record":   {summary: "The record: every decision with what was weighed, the choice, the reason, by whom and when, and what stayed open", query: []apiParameter{{"format", "string", "html, md, json or xlsx"}}},
	"api.search": {summary: "Search tickets, articles, releases, known problems, plans and mail to be judged; returns what the token's person may read", out: apiFound{}, query: []apiParameter{
		{"q", "string", "words, \"phrases\", -without, filters such as state:open module:csa, for releases kind:urgent version:24.01"}, {"type", "string", "ticket, article, release, problem, plan, mail (mail that the person judges), joined by commas"},
		{"lang", "string", "the reader's language; hides nothing"}, {"limit", "integer", "1 to 100, default 20"}, {"offset", "integer", "0 to 1000"},
		{"facets", "integer", "1 for counts"}, {"sort", "string", "date: newest first"}}},
	"api.files.read": {summary: "The bytes of an attachment"},
}

// plainText says in which language texts are that come as plain strings.
var plainText = []apiParameter{{"lang", "string", "it or en: of texts that are given as plain strings; Italian when left out"}}

type object = schema.Object

// openAPI describes the routes in OpenAPI 3.1.
func openAPI(routes []web.Route) object {
	paths := object{}
	schemas := newSchemas()
	problem := object{"description": "What was wrong (RFC 9457)", "content": object{"application/problem+json": object{"schema": schemas.Of(reflect.TypeOf(web.ProblemDocument{}))}}}
	for _, r := range routes {
		if !strings.HasPrefix(r.Path, base) {
			continue
		}
		d := apiDescriptions[r.Name]
		path, parameters := openPath(r.Path)
		for _, p := range d.query {
			parameters = append(parameters, object{"name": p.name, "in": "query", "description": p.text, "schema": object{"type": p.kind}})
		}
		answers := object{"default": problem}
		answer := object{"description": "Done"}
		if d.out != nil {
			answer["content"] = object{"application/json": object{"schema": schemas.Of(reflect.TypeOf(d.out))}}
		}
		if d.created {
			answers["201"] = answer
		}
		if d.later {
			answers["202"] = answer
		} else if !d.created || d.in != nil {
			answers["200"] = answer
		}
		op := object{"operationId": r.Name, "summary": d.summary, "responses": answers}
		if r.Needs.Said() {
			op["x-scope"] = object{"access": r.Needs.Access, "nouns": r.Needs.Nouns}
		}
		if d.in != nil {
			op["requestBody"] = object{"required": true, "content": object{"application/json": object{"schema": schemas.Of(reflect.TypeOf(d.in))}}}
		}
		if d.files {
			op["requestBody"] = object{"required": true, "content": object{"multipart/form-data": object{"schema": object{"type": "object", "properties": object{
				"file": object{"type": "array", "items": object{"type": "string", "format": "binary"}}, "body": object{"type": "string"}, "internal": object{"type": "boolean"}}}}}}
		}
		if r.Method == http.MethodPost && r.Who == web.Program {
			parameters = append(parameters, object{"name": "Idempotency-Key", "in": "header", "schema": object{"type": "string", "maxLength": web.MaxOnceKey},
				"description": "A word of the caller's own. Within 24 hours the same key with the same token and the same request answers the first result again and changes nothing; with another request it answers 422, while the first is still under way at last 409. What was refused may be tried again under its key."})
		}
		if len(parameters) > 0 {
			op["parameters"] = parameters
		}
		if r.Who == web.Guest {
			op["security"] = []any{}
		}
		item, ok := paths[path].(object)
		if !ok {
			item = object{}
			paths[path] = item
		}
		item[strings.ToLower(r.Method)] = op
	}
	return object{
		"openapi": "3.1.0",
		"info":    object{"title": "Sportello", "version": "1", "description": "A token has the rights that its person has at that moment, less by its scope, until it ends. What each operation needs is its x-scope; a token without it is answered 403, one used from an address it is not taken from 401. A token that ended, or that sleeps since the desk was restored, is answered 401 with that reason. What may not be seen is not there."},
		"paths":   paths,
		"components": object{"schemas": schemas.Named, "securitySchemes": object{
			"token": object{"type": "http", "scheme": "bearer"}}},
		"security": []any{object{"token": []any{}}},
	}
}

// openPath turns /tickets/:number<int> into /tickets/{number} and returns the description of its parameters.
func openPath(path string) (string, []any) {
	var parameters []any
	parts := strings.Split(path, "/")
	for i, p := range parts {
		name, ok := strings.CutPrefix(p, ":")
		if !ok {
			continue
		}
		kind := "string"
		if base, isInt := strings.CutSuffix(name, "<int>"); isInt {
			name, kind = base, "integer"
		}
		parts[i] = "{" + name + "}"
		parameters = append(parameters, object{"name": name, "in": "path", "required": true, "schema": object{"type": kind}})
	}
	return strings.Join(parts, "/"), parameters
}

// newSchemas returns the set of the API's schemas, with what its own types are in JSON.
func newSchemas() *schema.Set {
	text := reflect.TypeFor[apiText]()
	return schema.New("api", map[reflect.Type]func(*schema.Set) object{
		reflect.TypeFor[ticket.Scalar](): func(*schema.Set) object { return object{"type": []any{"string", "number", "boolean"}} },
		reflect.PointerTo(text):          func(s *schema.Set) object { return object{"oneOf": []any{object{"type": "string"}, s.Of(text)}} },
	})
}
