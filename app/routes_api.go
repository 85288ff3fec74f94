package app

import "net/http"

// apiRoutes are the addresses of the HTTP API, version 1. Each has its description in apiDescriptions; a test compares.
func (a *App) apiRoutes() []route {
	const v1 = "/api/v1"
	do := func(method, path, name string, w who, h func(*Request) error) route {
		return route{Method: method, Path: v1 + path, Name: "api." + name, Who: w, Handle: h}
	}
	return []route{
		do(http.MethodGet, "/openapi.json", "openapi", guest, a.apiOpenAPI),
		do(http.MethodPost, "/tickets", "tickets.open", program, a.apiOpenTicket).withText(),
		do(http.MethodGet, "/tickets", "tickets.list", program, a.apiTickets),
		do(http.MethodGet, "/tickets/:number<int>", "tickets.read", program, a.apiTicket),
		do(http.MethodPatch, "/tickets/:number<int>", "tickets.change", program, a.apiChangeTicket).withText(),
		do(http.MethodPost, "/tickets/:number<int>/messages", "tickets.write", program, a.apiWriteMessage).withText(),
		do(http.MethodPost, "/tickets/:number<int>/attachments", "tickets.attach", program, a.apiAttach).withFiles("file", "files"),
		do(http.MethodPost, "/tickets/:number<int>/beside/:id<int>", "tickets.beside", program, a.apiBesideTicket),
		do(http.MethodGet, "/articles", "articles.list", program, a.apiArticles),
		do(http.MethodPost, "/articles", "articles.write", program, a.apiPostArticle).withText(),
		do(http.MethodGet, "/articles/:slug", "articles.read", program, a.apiArticle),
		do(http.MethodPut, "/articles/:slug", "articles.put", program, a.apiPutArticle).withText(),
		do(http.MethodGet, "/search", "search", program, a.apiSearch),
		do(http.MethodGet, "/files/:id<int>", "files.read", program, a.apiFile),
	}
}
