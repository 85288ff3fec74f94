// Package health is how the desk is, for programs that watch it.
package health

import (
	"sportello/app/web"
)

// pages are what the room needs to answer.
type pages struct{ *web.Site }

// Routes are how the desk is, for those who watch it.
func Routes(s *web.Site) []web.Route {
	a := pages{s}
	return []web.Route{
		web.Get("/healthz", "health.alive", web.Guest, a.getHealthz),
		web.Get("/readyz", "health.ready", web.Guest, a.getReadyz),
		web.Get("/metrics", "health.metrics", web.Guest, a.getMetrics),
	}
}
