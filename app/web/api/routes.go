// Package api serves the HTTP API for programs, version 1, and its description. It has small answer types of its own. The
// rooms below it serve further nouns.
package api

import (
	"net/http"

	"sportello/app/desk/release"
	"sportello/app/web"
	"sportello/app/web/program"
	"sportello/store/scope"
)

// pages has what the handlers need.
type pages struct{ *web.Site }

// Routes returns the routes of the HTTP API, version 1.
func Routes(s *web.Site) []web.Route {
	a := pages{s}
	s.TicketAgain = func(r *web.Request, n uint64) (any, error) { return a.ticketDocument(r, n) }
	do, reads, writes := program.Do, program.Reads, program.Writes
	return program.Describe([]web.Route{
		{Method: http.MethodGet, Path: program.Base + "/openapi.json", Name: "api.openapi", Who: web.Guest, Handle: a.apiOpenAPI},
		do(http.MethodPost, "/tickets", "tickets.open", writes(scope.Tickets), a.apiOpenTicket).WithText(),
		do(http.MethodGet, "/tickets", "tickets.list", reads(scope.Tickets), a.apiTickets),
		do(http.MethodGet, "/tickets/:number<int>", "tickets.read", reads(scope.Tickets), a.apiTicket),
		do(http.MethodPatch, "/tickets/:number<int>", "tickets.change", writes(scope.Tickets), a.apiChangeTicket).WithText(),
		do(http.MethodPost, "/tickets/:number<int>/messages", "tickets.write", writes(scope.Tickets), a.apiWriteMessage).WithText(),
		do(http.MethodPost, "/tickets/:number<int>/attachments", "tickets.attach", writes(scope.Tickets), a.apiAttach).WithFiles("file", "files"),
		do(http.MethodPost, "/tickets/:number<int>/beside/:id<int>", "tickets.beside", writes(scope.Tickets), a.apiBesideTicket),
		do(http.MethodGet, "/articles", "articles.list", reads(scope.Articles), a.apiArticles),
		do(http.MethodPost, "/articles", "articles.write", writes(scope.Articles), a.apiPostArticle).WithText(),
		do(http.MethodGet, "/articles/:slug", "articles.read", reads(scope.Articles), a.apiArticle),
		do(http.MethodPut, "/articles/:slug", "articles.put", writes(scope.Articles), a.apiPutArticle).WithText(),
		do(http.MethodGet, "/organisations", "organisations.list", reads(scope.Organisations), a.apiOrganisations),
		do(http.MethodPost, "/organisations", "organisations.add", writes(scope.Organisations), a.apiAddOrganisation).WithText(),
		do(http.MethodGet, "/organisations/:code/people", "organisations.people", reads(scope.People), a.apiOrganisationPeople),
		do(http.MethodPost, "/organisations/:code/people", "organisations.invite", writes(scope.People), a.apiInvite).WithText(),
		do(http.MethodGet, "/organisations/:code/people/invitations", "invitations.list", reads(scope.People), a.apiInvitations),
		do(http.MethodPost, "/organisations/:code/people/invitations/:id<int>/take-back", "invitations.take-back", writes(scope.People), a.apiTakeBackInvitation),
		do(http.MethodGet, "/organisations/:code/installations", "installations.list", reads(scope.Organisations), a.apiInstallations),
		do(http.MethodPut, "/organisations/:code/installations", "installations.put", writes(scope.Organisations), a.apiPutInstallations).WithText(),
		do(http.MethodGet, "/people/:id<int>/affiliations", "affiliations.read", reads(scope.People), a.apiAffiliations),
		do(http.MethodPut, "/people/:id<int>/affiliations", "affiliations.put", writes(scope.People), a.apiPutAffiliations).WithText(),
		do(http.MethodGet, "/people/:id<int>/handover", "handover.read", reads(scope.People), a.apiHolding),
		do(http.MethodPost, "/people/:id<int>/handover", "handover.do", writes(scope.People), a.apiHandOn),
		do(http.MethodGet, "/releases", "releases.list", reads(scope.Releases), a.apiReleases),
		do(http.MethodPost, "/releases", "releases.write", writes(scope.Releases), a.apiPostRelease).WithText(),
		do(http.MethodGet, "/releases/picture", "releases.picture", reads(scope.Releases), a.apiPicture),
		do(http.MethodGet, "/releases/:number<int>", "releases.read", reads(scope.Releases), a.apiRelease),
		do(http.MethodPatch, "/releases/:number<int>", "releases.change", writes(scope.Releases), a.apiChangeRelease).WithText(),
		do(http.MethodGet, "/releases/:number<int>/audience", "releases.audience", reads(scope.Releases), a.apiReleaseAudience),
		do(http.MethodPost, "/releases/:number<int>/publish", "releases.publish", writes(scope.Releases), a.apiPublish),
		do(http.MethodPost, "/releases/:number<int>/check", "releases.check", writes(scope.Releases), a.apiCheckRelease),
		do(http.MethodPost, "/releases/:number<int>/take-back", "releases.take-back", writes(scope.Releases), a.apiTakeBackRelease),
		do(http.MethodPost, "/releases/:number<int>/widen", "releases.widen", writes(scope.Releases), a.apiWiden),
		do(http.MethodPost, "/releases/:number<int>/tell-again", "releases.tell-again", writes(scope.Releases), a.apiTellAgain).WithText(),
		do(http.MethodPost, "/releases/:number<int>/withdraw", "releases.withdraw", writes(scope.Releases), a.apiWithdraw).WithText(),
		do(http.MethodPost, "/releases/:number<int>/files", "releases.attach", writes(scope.Releases), a.apiAttachRelease).WithFiles("file").KeptBy(release.MaxFile, a.keepReleaseFile),
		do(http.MethodGet, "/releases/:number<int>/files/"+release.Sums, "releases.sums", reads(scope.Releases), a.apiReleaseSums),
		do(http.MethodGet, "/releases/:number<int>/files/:name", "releases.file", reads(scope.Releases), a.apiReleaseFile),
		do(http.MethodDelete, "/releases/:number<int>/files/:name", "releases.detach", writes(scope.Releases), a.apiDetachRelease),
		do(http.MethodGet, "/releases/:number<int>/receipts", "receipts.list", reads(scope.Releases), a.apiReceipts),
		do(http.MethodPut, "/releases/:number<int>/receipts/:organisation", "receipts.put", writes(scope.Releases), a.apiPutReceipt).WithText(),
		do(http.MethodGet, "/releases/:number<int>/wordings", "releases.wordings", reads(scope.Releases), a.apiWordings),
		do(http.MethodGet, "/problems", "problems.list", reads(scope.Problems), a.apiProblems),
		do(http.MethodPost, "/problems", "problems.write", writes(scope.Problems), a.apiPostProblem).WithText(),
		do(http.MethodGet, "/problems/:number<int>", "problems.read", reads(scope.Problems), a.apiProblem),
		do(http.MethodPatch, "/problems/:number<int>", "problems.change", writes(scope.Problems), a.apiChangeProblem).WithText(),
		do(http.MethodGet, "/problems/:number<int>/tickets", "problems.tickets", reads(scope.Problems), a.apiProblemTickets),
		do(http.MethodPost, "/problems/:number<int>/tickets", "problems.attach", writes(scope.Problems), a.apiAttachToProblem),
		do(http.MethodDelete, "/problems/:number<int>/tickets/:ticket<int>", "problems.detach", writes(scope.Problems), a.apiDetachFromProblem),
		do(http.MethodPost, "/problems/:number<int>/affected", "problems.join", writes(scope.Problems), a.apiJoinProblem).WithText(),
		do(http.MethodPost, "/problems/:number<int>/withdraw", "problems.withdraw", writes(scope.Problems), a.apiWithdrawProblem).WithText(),
		do(http.MethodPost, "/problems/:number<int>/outage", "problems.outage", writes(scope.Problems), a.apiHaltProblem).WithText(),
		do(http.MethodPost, "/problems/:number<int>/message", "problems.message", writes(scope.Problems), a.apiMessageToAll).WithText(),
		do(http.MethodGet, "/problems/:number<int>/messages", "problems.messages", reads(scope.Problems), a.apiProblemMessages),
		do(http.MethodDelete, "/problems/:number<int>/messages/:message<int>", "problems.message-back", writes(scope.Problems), a.apiTakeBackMessage),
		do(http.MethodPost, "/problems/:number<int>/merge", "problems.merge", writes(scope.Problems), a.apiMergeProblem),
		do(http.MethodDelete, "/problems/:number<int>/merge", "problems.unmerge", writes(scope.Problems), a.apiUnmergeProblem),
		do(http.MethodGet, "/organisations/:code/contacts", "contacts.list", reads(scope.Releases), a.apiContacts),
		do(http.MethodPost, "/organisations/:code/contacts", "contacts.add", writes(scope.Releases), a.apiAddContact),
		do(http.MethodDelete, "/organisations/:code/contacts/:id<int>", "contacts.remove", writes(scope.Releases), a.apiRemoveContact),
		do(http.MethodGet, "/follow", "follow.list", reads(scope.Releases), a.apiFollowed),
		do(http.MethodPost, "/follow", "follow", writes(scope.Releases), a.apiPostFollow),
		do(http.MethodGet, "/work", "work", reads(scope.Releases), a.apiWork),
		do(http.MethodGet, "/search", "search", reads(scope.Tickets, scope.Articles, scope.Releases, scope.Problems, scope.Plans), a.apiSearch),
		do(http.MethodGet, "/tokens", "tokens.list", reads(scope.Tokens), a.apiTokens),
		do(http.MethodPost, "/tokens/:id<int>/end", "tokens.end", writes(scope.Tokens), a.apiEndToken),
		do(http.MethodGet, "/service-accounts", "service-accounts.list", reads(scope.Tokens), a.apiServices),
		do(http.MethodGet, "/files/:id<int>", "files.read", reads(scope.Tickets, scope.Articles, scope.Plans), a.apiFile),
	}, operations)
}
