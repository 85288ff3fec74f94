package app

import (
	"slices"

	"sportello/app/web"
)

// routes is every address there is, by room. Literal paths stand before those with parameters: the first that fits wins.
func (a *App) routes() []web.Route {
	return slices.Concat(
		a.healthRoutes(),
		web.Public(a.Site),
		a.liveRoutes(),
		a.accountRoutes(),
		a.homeRoutes(),
		a.findRoutes(),
		a.articleRoutes(),
		a.mailroomRoutes(),
		a.queueRoutes(),
		a.ticketRoutes(),
		a.adminRoutes(),
		a.apiRoutes(),
	)
}
