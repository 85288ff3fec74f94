// Package health reports the state of the desk to programs that watch it.
package health

import (
	"sportello/app/web"
)

// pages has what the handlers need.
type pages struct{ *web.Site }

// Routes returns the routes for programs that watch the desk.
func Routes(s *web.Site) []web.Route {
	a := pages{s}
	return []web.Route{
		web.Get("/healthz", "health.alive", web.Guest, a.getHealthz),
		web.Get("/readyz", "health.ready", web.Guest, a.getReadyz),
		web.Get("/metrics", "health.metrics", web.Guest, a.getMetrics),
	}
}
