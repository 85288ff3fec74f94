// Package api serves the HTTP API for programs, version 1. It has small answer types of its own; apiDescriptions
// describes each route.
package api

import (
	"net/http"

	"sportello/app/web"
)

// base is the prefix of the API's addresses, version 1.
const base = "/api/v1"

// pages has what the handlers need.
type pages struct{ *web.Site }

// Routes returns the routes of the HTTP API, version 1. Each is described in apiDescriptions, which a test checks.
func Routes(s *web.Site) []web.Route {
	a := pages{s}
	s.TicketAgain = func(r *web.Request, n uint64) (any, error) { return a.ticketDocument(r, n) }
	do := func(method, path, name string, w web.Who, h func(*web.Request) error) web.Route {
		return web.Route{Method: method, Path: base + path, Name: "api." + name, Who: w, Handle: h}
	}
	return []web.Route{
		do(http.MethodGet, "/openapi.json", "openapi", web.Guest, a.apiOpenAPI),
		do(http.MethodPost, "/tickets", "tickets.open", web.Program, a.apiOpenTicket).WithText(),
		do(http.MethodGet, "/tickets", "tickets.list", web.Program, a.apiTickets),
		do(http.MethodGet, "/tickets/:number<int>", "tickets.read", web.Program, a.apiTicket),
		do(http.MethodPatch, "/tickets/:number<int>", "tickets.change", web.Program, a.apiChangeTicket).WithText(),
		do(http.MethodPost, "/tickets/:number<int>/messages", "tickets.write", web.Program, a.apiWriteMessage).WithText(),
		do(http.MethodPost, "/tickets/:number<int>/attachments", "tickets.attach", web.Program, a.apiAttach).WithFiles("file", "files"),
		do(http.MethodPost, "/tickets/:number<int>/beside/:id<int>", "tickets.beside", web.Program, a.apiBesideTicket),
		do(http.MethodGet, "/articles", "articles.list", web.Program, a.apiArticles),
		do(http.MethodPost, "/articles", "articles.write", web.Program, a.apiPostArticle).WithText(),
		do(http.MethodGet, "/articles/:slug", "articles.read", web.Program, a.apiArticle),
		do(http.MethodPut, "/articles/:slug", "articles.put", web.Program, a.apiPutArticle).WithText(),
		do(http.MethodGet, "/organisations", "organisations.list", web.Program, a.apiOrganisations),
		do(http.MethodPost, "/organisations", "organisations.add", web.Program, a.apiAddOrganisation).WithText(),
		do(http.MethodGet, "/organisations/:code/people", "organisations.people", web.Program, a.apiOrganisationPeople),
		do(http.MethodGet, "/people/:id<int>/affiliations", "affiliations.read", web.Program, a.apiAffiliations),
		do(http.MethodPut, "/people/:id<int>/affiliations", "affiliations.put", web.Program, a.apiPutAffiliations).WithText(),
		do(http.MethodGet, "/search", "search", web.Program, a.apiSearch),
		do(http.MethodGet, "/files/:id<int>", "files.read", web.Program, a.apiFile),
	}
}
