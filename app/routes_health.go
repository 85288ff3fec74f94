package app

import "sportello/app/web"

// Routes are how the desk is, for those who watch it.
func (a *App) healthRoutes() []web.Route {
	return []web.Route{
		web.Get("/healthz", "health.alive", web.Guest, a.getHealthz),
		web.Get("/readyz", "health.ready", web.Guest, a.getReadyz),
		web.Get("/metrics", "health.metrics", web.Guest, a.getMetrics),
	}
}
