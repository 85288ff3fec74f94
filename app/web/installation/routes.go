// Package installation serves the page on which an organisation keeps which versions it has in use, and the one on which
// those of the desk see what runs where.
package installation

import (
	"sportello/app/address"
	"sportello/app/web"
)

// pages has what the handlers need.
type pages struct{ *web.Site }

// Routes returns the routes of installations.
func Routes(s *web.Site) []web.Route {
	a := pages{s}
	return []web.Route{
		web.Get(address.AllInstallations, "installations.overview", web.Agent, a.getOverview),
		web.Get("/organisations/:code/installations", "installations.show", web.Person, a.getInstallations),
		web.Post("/organisations/:code/installations", "installations.put", web.Person, a.postInstallation, "/organisations/:code/installations").WithText(),
		web.Get("/organisations/:code/installations.csv", "installations.table", web.Person, a.getTable),
		web.Post("/organisations/:code/installations.csv", "installations.take", web.Person, a.postTable, "/organisations/:code/installations").WithFiles("file").ReadAtOnce(),
		web.Post("/organisations/:code/installations/:n<int>/remove", "installations.remove", web.Person, a.postRemove, "/organisations/:code/installations"),
	}
}
