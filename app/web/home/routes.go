// Package home serves the home page and the pages about an application or the desk itself.
package home

import (
	"sportello/app/web"
)

// pages has what the handlers need.
type pages struct{ *web.Site }

// Routes returns the routes of the home page and of the pages about an application or the desk itself.
func Routes(s *web.Site) []web.Route {
	a := pages{s}
	return []web.Route{
		web.Get("/", "home.show", web.Guest, a.getHome),
		web.Get("/modules/*", "module.show", web.Guest, a.getModule),
		web.Post("/modules/*", "module.follow", web.Person, a.postFollow, "/modules/*"),
		web.Get("/privacy", "text.privacy", web.Guest, a.getPrivacy),
		web.Get("/accessibility", "text.accessibility", web.Guest, a.getAccessibility),
		web.Get("/contacts", "text.contacts", web.Guest, a.getContacts),
	}
}
