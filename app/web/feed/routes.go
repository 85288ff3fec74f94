// Package feed serves the feeds of updates and known problems at people's secret addresses: whoever has one reads what its owner may read.
package feed

import "sportello/app/web"

// pages has what the handlers need.
type pages struct{ *web.Site }

// Routes returns the routes of the feeds.
func Routes(s *web.Site) []web.Route {
	a := pages{s}
	secret := func(r web.Route) web.Route { r.Secret = true; return r }
	return []web.Route{
		secret(web.Get("/feeds/:token/releases.atom", "feed.news", web.Guest, a.getNews)),
		secret(web.Get("/feeds/:token/problems.atom", "feed.problems", web.Guest, a.getProblems)),
		secret(web.Get("/feeds/:token/releases.ics", "feed.calendar", web.Guest, a.getCalendar)),
	}
}
