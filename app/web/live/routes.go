// Package live serves what changes while a page is open: the stream of changes, and who else views a ticket.
package live

import (
	"sportello/app/web"
)

// pages has what the handlers need.
type pages struct {
	*web.Site
	presence *Presence
	streams  streams
}

// Routes returns the routes of the stream of changes and of who views tickets.
func Routes(s *web.Site, presence *Presence) []web.Route {
	a := &pages{Site: s, presence: presence}
	return []web.Route{
		web.Get("/live", "live.follow", web.Person, a.getLive),
		web.Get("/desk/presence", "live.present", web.Agent, a.getPresence),
		web.Post("/tickets/:n<int>/presence", "live.presence", web.Person, a.postPresence, ""),
	}
}
