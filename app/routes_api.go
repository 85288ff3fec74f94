package app

import "github.com/gofiber/fiber/v2"

// apiRoutes are the addresses of the HTTP API, version 1. Each has its description in apiDescriptions; a test compares.
func (a *App) apiRoutes() []route {
	const v1 = "/api/v1"
	do := func(method, path, name string, w who, h fiber.Handler) route {
		return route{Method: method, Path: v1 + path, Name: "api." + name, Who: w, Handle: h}
	}
	return []route{
		do(fiber.MethodGet, "/openapi.json", "openapi", guest, a.apiOpenAPI),
		do(fiber.MethodPost, "/tickets", "tickets.open", program, a.apiOpenTicket).long(),
		do(fiber.MethodGet, "/tickets", "tickets.list", program, a.apiTickets),
		do(fiber.MethodGet, "/tickets/:number<int>", "tickets.read", program, a.apiTicket),
		do(fiber.MethodPatch, "/tickets/:number<int>", "tickets.change", program, a.apiChangeTicket).long(),
		do(fiber.MethodPost, "/tickets/:number<int>/messages", "tickets.write", program, a.apiWriteMessage).long(),
		do(fiber.MethodPost, "/tickets/:number<int>/attachments", "tickets.attach", program, a.apiAttach).files("file", "files"),
		do(fiber.MethodPost, "/tickets/:number<int>/beside/:id<int>", "tickets.beside", program, a.apiBesideTicket),
		do(fiber.MethodGet, "/articles", "articles.list", program, a.apiArticles),
		do(fiber.MethodPost, "/articles", "articles.write", program, a.apiPostArticle).long(),
		do(fiber.MethodGet, "/articles/:slug", "articles.read", program, a.apiArticle),
		do(fiber.MethodPut, "/articles/:slug", "articles.put", program, a.apiPutArticle).long(),
		do(fiber.MethodGet, "/search", "search", program, a.apiSearch),
		do(fiber.MethodGet, "/files/:id<int>", "files.read", program, a.apiFile),
	}
}
