// Package release serves the pages of updates: the list, the page of each with the answers of those who install it, and
// what the desk does with one.
package release

import (
	"sportello/app/address"
	"sportello/app/web"
)

// pages has what the handlers need.
type pages struct{ *web.Site }

// Routes returns the routes of the pages of updates.
func Routes(s *web.Site) []web.Route {
	a := pages{s}
	secret := func(r web.Route) web.Route { r.Secret = true; return r }
	return []web.Route{
		web.Get(address.Releases, "releases.list", web.Person, a.getList),
		web.Get("/releases/:n<int>", "releases.show", web.Person, a.getRelease),
		web.Get("/releases/:n<int>/receipts/:code", "releases.receipts", web.Person, a.getReceipts),
		web.Post("/releases/:n<int>/receipts/:code", "releases.answer", web.Person, a.postReceipt, "/releases/:n/receipts/:code").WithText(),
		web.Get("/releases/:n<int>/files/:name", "releases.file", web.Person, a.getFile),
		web.Get("/releases/:n<int>/SHA256SUMS", "releases.sums", web.Person, a.getSums),
		web.Get("/releases/:n<int>/notes.txt", "releases.notes", web.Person, a.getNotes),
		secret(web.Get("/releases/link/:token", "releases.link", web.Guest, a.getLink)),
		secret(web.Post("/releases/link/:token", "releases.answer-link", web.Guest, a.postLink, "")),
		secret(web.Get("/contacts/:token", "contacts.asked", web.Guest, a.getAsked)),
		secret(web.Post("/contacts/:token", "contacts.confirm", web.Guest, a.postAsked, "")),
		web.Get("/organisations/:code/contacts", "contacts.list", web.Person, a.getContacts),
		web.Post("/organisations/:code/contacts", "contacts.add", web.Person, a.postContact, "/organisations/:code/contacts"),
		web.Post("/organisations/:code/contacts/:n<int>/remove", "contacts.remove", web.Person, a.postRemoveContact, "/organisations/:code/contacts"),
	}
}
