// Package home is the room of the first page and of those about an application or the desk itself.
package home

import (
	"sportello/app/web"
)

// pages are what the room needs to answer.
type pages struct{ *web.Site }

// Routes are the first page, and those about an application or the desk itself.
func Routes(s *web.Site) []web.Route {
	a := pages{s}
	return []web.Route{
		web.Get("/", "home.show", web.Guest, a.getHome),
		web.Get("/modules/*", "module.show", web.Guest, a.getModule),
		web.Get("/privacy", "text.privacy", web.Guest, a.getPrivacy),
		web.Get("/accessibility", "text.accessibility", web.Guest, a.getAccessibility),
		web.Get("/contacts", "text.contacts", web.Guest, a.getContacts),
	}
}
