// Package installation serves the page on which an organisation keeps which versions it has in use.
package installation

import "sportello/app/web"

// pages has what the handlers need.
type pages struct{ *web.Site }

// Routes returns the routes of an organisation's installations.
func Routes(s *web.Site) []web.Route {
	a := pages{s}
	return []web.Route{
		web.Get("/organisations/:code/installations", "installations.show", web.Person, a.getInstallations),
		web.Post("/organisations/:code/installations", "installations.put", web.Person, a.postInstallation, "/organisations/:code/installations").WithText(),
		web.Post("/organisations/:code/installations/:n<int>/remove", "installations.remove", web.Person, a.postRemove, "/organisations/:code/installations"),
	}
}
