package app

import (
	"slices"

	"sportello/app/web"
)

// routes is every address there is, by noun. Literal paths stand before those with parameters: the first that fits wins.
func (a *App) routes() []web.Route {
	return slices.Concat(
		a.publicRoutes(),  // health.go, asset.go, brand.go: what needs nobody
		a.accountRoutes(), // sign_in.go, me.go: getting in, and one's own settings
		a.portalRoutes(),  // home.go, tickets_own.go: the requester's side
		a.articleRoutes(), // article.go: the knowledge base
		a.searchRoutes(),  // search.go: the one box
		a.queueRoutes(),   // queue.go: the workbench's lists
		a.ticketRoutes(),  // ticket.go: the acts on a ticket
		a.adminRoutes(),   // administration
		a.apiRoutes(),     // api.go: /api/v1
		a.fileRoutes(),    // file.go: attachments
	)
}
