// Package api serves the HTTP API for programs, version 1. It has small answer types of its own; apiDescriptions
// describes each route.
package api

import (
	"net/http"

	"sportello/app/web"
	"sportello/store/scope"
)

// base is the prefix of the API's addresses, version 1.
const base = "/api/v1"

// pages has what the handlers need.
type pages struct{ *web.Site }

// Routes returns the routes of the HTTP API, version 1. Each is described in apiDescriptions, which a test checks.
func Routes(s *web.Site) []web.Route {
	a := pages{s}
	s.TicketAgain = func(r *web.Request, n uint64) (any, error) { return a.ticketDocument(r, n) }
	do := func(method, path, name string, needs scope.Need, h func(*web.Request) error) web.Route {
		return web.Route{Method: method, Path: base + path, Name: "api." + name, Who: web.Program, Needs: needs, Handle: h}
	}
	reads := func(nouns ...scope.Noun) scope.Need { return scope.Need{Access: scope.Read, Nouns: nouns} }
	writes := func(nouns ...scope.Noun) scope.Need { return scope.Need{Access: scope.Write, Nouns: nouns} }
	return []web.Route{
		{Method: http.MethodGet, Path: base + "/openapi.json", Name: "api.openapi", Who: web.Guest, Handle: a.apiOpenAPI},
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
		do(http.MethodGet, "/organisations/:code/installations", "installations.list", reads(scope.Organisations), a.apiInstallations),
		do(http.MethodPut, "/organisations/:code/installations", "installations.put", writes(scope.Organisations), a.apiPutInstallations).WithText(),
		do(http.MethodGet, "/people/:id<int>/affiliations", "affiliations.read", reads(scope.People), a.apiAffiliations),
		do(http.MethodPut, "/people/:id<int>/affiliations", "affiliations.put", writes(scope.People), a.apiPutAffiliations).WithText(),
		do(http.MethodGet, "/people/:id<int>/handover", "handover.read", reads(scope.People), a.apiHolding),
		do(http.MethodPost, "/people/:id<int>/handover", "handover.do", writes(scope.People), a.apiHandOn),
		do(http.MethodGet, "/search", "search", reads(scope.Tickets, scope.Articles), a.apiSearch),
		do(http.MethodGet, "/tokens", "tokens.list", reads(scope.Tokens), a.apiTokens),
		do(http.MethodPost, "/tokens/:id<int>/end", "tokens.end", writes(scope.Tokens), a.apiEndToken),
		do(http.MethodGet, "/service-accounts", "service-accounts.list", reads(scope.Tokens), a.apiServices),
		do(http.MethodGet, "/files/:id<int>", "files.read", reads(scope.Tickets, scope.Articles), a.apiFile),
	}
}
