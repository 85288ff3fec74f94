// Package live is what happens while a page is open: the stream of changes, and who else looks at a ticket.
package live

import (
	"sportello/app/web"
)

// pages are what the room needs to answer.
type pages struct {
	*web.Site
	presence *Presence
	streams  streams
}

// Routes are the stream of what changed, and who looks at a ticket.
func Routes(s *web.Site, presence *Presence) []web.Route {
	a := &pages{Site: s, presence: presence}
	return []web.Route{
		web.Get("/live", "live.follow", web.Person, a.getLive),
		web.Post("/tickets/:n<int>/presence", "live.presence", web.Person, a.postPresence, ""),
	}
}
