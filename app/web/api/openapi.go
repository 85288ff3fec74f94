package api

import (
	"reflect"

	"sportello/app/desk/article"
	"sportello/app/desk/ticket"
	"sportello/app/web/program"
	"sportello/app/web/schema"
)

// operations describes each route by its name.
var operations = map[string]schema.Operation{
	"api.openapi": {Summary: "This description"},
	"api.tickets.open": {Summary: "Open a ticket in the caller's own name, or as an import would. A repeated external_id updates the ticket and answers 200.",
		In: ticket.Record{}, Out: apiTicket{}, Created: true},
	"api.tickets.list": {Summary: "Tickets the token's person may see, newest number first, without messages and answers", Out: apiTicketList{}, Query: append([]schema.Parameter{
		{Name: "state", Kind: "string", Text: "codes, several joined by commas"}, {Name: "group", Kind: "string", Text: "code"}, {Name: "module", Kind: "string", Text: "code; includes the levels below it"},
		{Name: "requester", Kind: "string", Text: "address"}, {Name: "updated_since", Kind: "string", Text: "RFC 3339 time or date"}}, program.PageParameters...)},
	"api.tickets.read": {Summary: "One ticket with its messages", Out: apiTicket{}},
	"api.tickets.change": {Summary: "Change the members given and leave the rest. With rev, a ticket that has a different revision answers 409 with the current one.",
		In: apiChange{}, Out: apiTicket{}},
	"api.tickets.write":  {Summary: "Write a message, or with internal a note", In: apiText{}, Out: apiWritten{}, Created: true},
	"api.tickets.attach": {Summary: "Attach files as a message of their own: parts named file and, optionally, body and internal; or the bytes with ?name=", Out: apiWritten{}, Created: true, Files: true},
	"api.tickets.beside": {Summary: "Decide about a message kept beside a ticket: join, join-and-add-person, own-ticket, or dismiss with a reason",
		In: apiDecision{}, Out: apiTicket{}},
	"api.articles.list": {Summary: "Articles the token's person may read, by title", Out: apiArticleList{}, Query: append([]schema.Parameter{
		{Name: "module", Kind: "string", Text: "code; includes the levels below it"}, {Name: "state", Kind: "string", Text: "draft or published"}, {Name: "audience", Kind: "string", Text: "public, signed-in or agents"},
		{Name: "lang", Kind: "string", Text: "the reader's language; hides nothing"}, {Name: "language", Kind: "string", Text: "only versions in it"}}, program.PageParameters...)},
	"api.articles.write": {Summary: "Write one language version of an article. A repeated external_id and language updates it and answers 200.",
		In: article.Record{}, Out: apiArticle{}, Created: true},
	"api.articles.read":      {Summary: "An article in one language", Out: apiArticle{}, Query: []schema.Parameter{{Name: "lang", Kind: "string", Text: "it or en; the other one if that version does not exist"}}},
	"api.articles.put":       {Summary: "Write one language version of the article with this slug", In: article.Record{}, Out: apiArticle{}, Created: true},
	"api.organisations.list": {Summary: "Organisations with their units: all for agents and administrators, for others their own", Out: apiOrganisationList{}},
	"api.organisations.add":  {Summary: "Add an organisation with its units. Without a code it gets one made from its name.", In: apiOrganisation{}, Out: apiOrganisation{}, Created: true},
	"api.installations.list": {Summary: "Which version of each module an organisation has in use", Out: []apiInstallation{}},
	"api.installations.put": {Summary: "Replace the list, as far as the token's person may keep it: of what they may not keep, nothing changes, and an entry that would change it answers 403",
		In: []apiInstallation{}, Out: []apiInstallation{}},
	"api.organisations.people": {Summary: "People of an organisation by name, with their affiliations there: for administrators, agents, and coordinators, who get those they cover",
		Out: apiMemberList{}, Query: append([]schema.Parameter{{Name: "q", Kind: "string", Text: "beginnings of words in the name or address"}}, program.PageParameters...)},
	"api.organisations.invite": {Summary: "Invite the owner of an address to belong to an organisation or unit: for its coordinators, and administrators. They accept or decline. The answer is the same whether the desk knows the address or not.",
		In: apiInvitation{}, Out: apiInvitation{}, Later: true},
	"api.invitations.list":      {Summary: "Invitations into an organisation that wait for an answer, were declined, or ended without one, the newest first: for those who may invite there", Out: apiInvitationList{}},
	"api.invitations.take-back": {Summary: "Take back an invitation that waits for an answer; 409 when none does any more"},
	"api.affiliations.read":     {Summary: "A person's affiliations that are not over: all for the person, agents and administrators; for a coordinator those they cover", Out: []apiAffiliation{}},
	"api.affiliations.put": {Summary: "Give a person exactly these affiliations, of those that GET answers. Those left out end at once. Who is named answers for updates there, of its modules alone if it has any. With rev, a person of a different revision answers 409.",
		In: []apiAffiliation{}, Out: []apiAffiliation{}, Query: []schema.Parameter{{Name: "rev", Kind: "integer", Text: "the revision of the person that the change is for"}}},
	"api.handover.read": {Summary: "How many active tickets, drafts, personal views and saved replies somebody has: for administrators; for supervisors tickets and drafts of their groups", Out: apiHolding{}},
	"api.handover.do": {Summary: "Hand on what somebody has, each kind to a person (an address), tickets and drafts back to the group (group), views and replies to a group (its code). What is left out stays. Supervisors hand on tickets and drafts of their groups.",
		In: apiHandover{}, Out: apiHandedOn{}},
	"api.tokens.list":           {Summary: "The tokens of the token's person, with what each is limited to, without their secrets", Out: apiTokenList{}},
	"api.tokens.end":            {Summary: "End a token of the token's person, of a service account that belongs to them, or for administrators any, at once and for good. Tokens are made on pages alone."},
	"api.service-accounts.list": {Summary: "Service accounts with the people they belong to and their tokens: all for administrators, for others those that belong to them", Out: apiServiceList{}},
	"api.releases.list": {Summary: "Releases the token's person may see, drafts first, then the newest, without their long texts and files", Out: apiReleaseList{}, Query: append([]schema.Parameter{
		{Name: "module", Kind: "string", Text: "code; includes the levels below it"}, {Name: "state", Kind: "string", Text: "draft, checked, scheduled, published, replaced or withdrawn"},
		{Name: "kind", Kind: "string", Text: "ordinary, urgent or law"}}, program.PageParameters...)},
	"api.releases.write": {Summary: "Write a release: a draft, or with state published one that goes out at once. With from_ticket it begins with the mail that the ticket came by: title, version, notes without names, quotations and signature, and files. A repeated external_id, which administrators may give, changes the release and answers 200.",
		In: apiReleaseForm{}, Out: apiRelease{}, Created: true, Query: program.PlainText},
	"api.releases.read": {Summary: "One release; whom it is for, who wrote it and what its system calls it are told to the desk alone", Out: apiRelease{}},
	"api.releases.change": {Summary: "Change the members given and leave the rest; of what was published texts, dates and links alone. With rev, a release that has a different revision answers 409 with the current one.",
		In: apiReleaseForm{}, Out: apiRelease{}, Query: program.PlainText},
	"api.releases.audience": {Summary: "Whom the release tells if it is published now", Out: apiPreview{}},
	"api.releases.publish": {Summary: "Publish now, or at a moment. With the audience of a preview, one that differs by now answers 409 with the new preview.",
		In: apiPublication{}, Out: apiRelease{}},
	"api.releases.check":      {Summary: "Say that a second person has looked at the draft", In: apiDecided{}, Out: apiRelease{}},
	"api.releases.take-back":  {Summary: "Make a draft of what was checked or waits for its hour", In: apiDecided{}, Out: apiRelease{}},
	"api.releases.widen":      {Summary: "Give a published release a wider audience, and tell those alone whom it did not go to", In: apiWiden{}, Out: apiRelease{}},
	"api.releases.tell-again": {Summary: "Tell everybody once more whom the release went to", In: program.Reason{}, Out: apiRelease{}},
	"api.releases.withdraw":   {Summary: "Withdraw a published release, with what to do: its files are no longer given, and everybody who was told or had one is told", In: program.Reason{}, Out: apiRelease{}},
	"api.releases.attach": {Summary: "Keep files of up to 2 GiB each: parts named file, or the bytes with ?name=. In a draft a file takes the place of one called the same; in what was published that one stays and is listed as superseded.",
		Out: apiReleaseFiles{}, Created: true, Files: true, Query: []schema.Parameter{{Name: "name", Kind: "string", Text: "what the file is called"}, {Name: "instead", Kind: "string", Text: "the file that it takes the place of"}}},
	"api.releases.sums":     {Summary: "The SHA-256 sums of the files, as sha256sum checks them"},
	"api.releases.file":     {Summary: "A file, or the part of it that Range asks for. It is written down who fetched it."},
	"api.releases.detach":   {Summary: "Take a file away from a draft"},
	"api.releases.wordings": {Summary: "What a release said before it was corrected, the oldest first", Out: apiWordingList{}},
	"api.releases.picture": {Summary: "A module with its places down and its releases across: all of it to the desk, to coordinators their places", Out: apiPicture{}, Query: []schema.Parameter{
		{Name: "module", Kind: "string", Text: "code"}, {Name: "only", Kind: "string", Text: "late, failed or unread"}, {Name: "environment", Kind: "string", Text: "test or production"}}},
	"api.receipts.list":   {Summary: "What organisations say of a release: all of it to the desk, to coordinators what concerns their places", Out: apiReceiptList{}},
	"api.receipts.put":    {Summary: "Say how a release goes at a place. All answers are kept, the last one counts; installed moves the installation's version, failed opens a malfunction.", In: apiReply{}, Out: apiReplied{}},
	"api.contacts.list":   {Summary: "Addresses without credentials that are told of the releases of an organisation: for its coordinators, and agents of the modules", Out: apiContactList{}},
	"api.contacts.add":    {Summary: "Add an address, which is asked first whether it is right", In: apiContactForm{}, Out: apiContact{}, Created: true},
	"api.contacts.remove": {Summary: "Take a contact away"},
	"api.follow.list":     {Summary: "The modules that the token's person follows", Out: apiFollowed{}},
	"api.follow":          {Summary: "Follow the releases of a module, or no longer", In: apiFollow{}, Out: apiFollow{}},
	"api.work":            {Summary: "What waits for the token's person: what is late first, then by day", Out: apiItemList{}},
	"api.problems.list": {Summary: "Known problems the token's person may see, without their texts", Out: apiProblemList{}, Query: append([]schema.Parameter{
		{Name: "module", Kind: "string", Text: "code; includes the levels below it"}, {Name: "state", Kind: "string", Text: "suspected, confirmed, being-fixed, fixed or will-not-be-fixed"},
		{Name: "version", Kind: "string", Text: "a version of the module that they are in"}}, program.PageParameters...)},
	"api.problems.write": {Summary: "Write a known problem of a module of one's own group", In: apiProblemForm{}, Out: apiProblem{}, Created: true, Query: program.PlainText},
	"api.problems.read":  {Summary: "One known problem, with how many it concerns; owner and supplier are told to the desk alone", Out: apiProblem{}},
	"api.problems.change": {Summary: "Change the members given and leave the rest. With rev, a problem that has a different revision answers 409 with the current one.",
		In: apiProblemForm{}, Out: apiProblem{}, Query: program.PlainText},
	"api.problems.tickets":      {Summary: "The tickets and people of a known problem, those the token's person may see", Out: apiCaseList{}},
	"api.problems.attach":       {Summary: "Attach a ticket. Twice is once.", In: apiAttached{}, Out: apiProblem{}},
	"api.problems.detach":       {Summary: "Take a ticket away from a known problem", Out: apiProblem{}},
	"api.problems.join":         {Summary: "Say \"this is my problem\", with a line of one's own or none; agents also for somebody else. Twice is once.", In: apiJoin{}, Out: apiProblem{}},
	"api.problems.withdraw":     {Summary: "Say that it was no problem, and why", In: program.Reason{}, Out: apiProblem{}},
	"api.problems.outage":       {Summary: "Say that a service stands still because of it, what is new, or that it works again", In: apiHalt{}, Out: apiProblem{}},
	"api.problems.message":      {Summary: "Write to everybody of a known problem, each in their language and thread; with preview only say whom it reaches", In: apiToAll{}, Out: apiReach{}},
	"api.problems.messages":     {Summary: "What was written to everybody of a known problem, the newest first, for those who may write it", Out: apiProblemMessages{}},
	"api.problems.message-back": {Summary: "Take such a message back from whoever has not read it and has been sent no letter of it", Out: apiProblem{}},
	"api.problems.merge":        {Summary: "Say that it is another problem, to which its tickets and people go; answers that one", In: apiMerge{}, Out: apiProblem{}},
	"api.problems.unmerge":      {Summary: "Take that back, as long as nobody was told anything by the other one", Out: apiProblem{}},
	"api.search": {Summary: "Search tickets, articles, releases, known problems, plans and mail to be judged; returns what the token's person may read", Out: apiFound{}, Query: []schema.Parameter{
		{Name: "q", Kind: "string", Text: "words, \"phrases\", -without, filters such as state:open module:csa, for releases kind:urgent version:24.01"}, {Name: "type", Kind: "string", Text: "ticket, article, release, problem, plan, mail (mail that the person judges), joined by commas"},
		{Name: "lang", Kind: "string", Text: "the reader's language; hides nothing"}, {Name: "limit", Kind: "integer", Text: "1 to 100, default 20"}, {Name: "offset", Kind: "integer", Text: "0 to 1000"},
		{Name: "facets", Kind: "integer", Text: "1 for counts"}, {Name: "sort", Kind: "string", Text: "date: newest first"}}},
	"api.files.read": {Summary: "The bytes of an attachment of a message, an article or a step of a plan"},
}

// newSchemas returns the set of the API's schemas, with what its own types are in JSON.
func newSchemas() *schema.Set {
	text := reflect.TypeFor[apiText]()
	return schema.New("api", map[reflect.Type]func(*schema.Set) schema.Object{
		reflect.TypeFor[ticket.Scalar](): func(*schema.Set) schema.Object { return schema.Object{"type": []any{"string", "number", "boolean"}} },
		reflect.PointerTo(text): func(s *schema.Set) schema.Object {
			return schema.Object{"oneOf": []any{schema.Object{"type": "string"}, s.Of(text)}}
		},
	})
}
