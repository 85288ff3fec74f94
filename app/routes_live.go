package app

import "sportello/app/web"

// Routes are the stream of what changed, and who looks at a ticket.
func (a *App) liveRoutes() []web.Route {
	return []web.Route{
		web.Get("/live", "live.follow", web.Person, a.getLive),
		web.Post("/tickets/:n<int>/presence", "live.presence", web.Person, a.postPresence, ""),
	}
}
