// Package release serves the pages of updates: the list, the page of each with the answers of those who install it, and
// what the desk does with one.
package release

import (
	"sportello/app/address"
	"sportello/app/desk/release"
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
		web.Get(address.Picture, "releases.picture", web.Person, a.getPicture),
		web.Get(address.Picture+".csv", "releases.picture-csv", web.Person, a.getPictureCSV),
		web.Get(address.Picture+".xlsx", "releases.picture-xlsx", web.Person, a.getPictureXLSX),
		web.Get("/releases/new", "releases.new", web.Agent, a.getNew),
		web.Post("/releases/new", "releases.add", web.Agent, a.postNew, "/releases/new").WithText(),
		web.Get("/releases/:n<int>/edit", "releases.edit", web.Agent, a.getEdit),
		web.Post("/releases/:n<int>/edit", "releases.change", web.Agent, a.postEdit, "/releases/:n/edit").WithText(),
		web.Get("/releases/:n<int>/publish", "releases.publish-form", web.Agent, a.getPublish),
		web.Post("/releases/:n<int>/publish", "releases.publish", web.Agent, a.postPublish, "/releases/:n/publish"),
		web.Get("/releases/:n<int>/widen", "releases.widen-form", web.Agent, a.getWiden),
		web.Post("/releases/:n<int>/widen", "releases.widen", web.Agent, a.postWiden, "/releases/:n/widen"),
		web.Post("/releases/:n<int>/check", "releases.check", web.Agent, a.postCheck, "/releases/:n"),
		web.Post("/releases/:n<int>/take-back", "releases.take-back", web.Agent, a.postTakeBack, "/releases/:n"),
		web.Post("/releases/:n<int>/delete", "releases.delete", web.Agent, a.postDelete, "/releases/:n"),
		web.Get("/releases/:n<int>/withdraw", "releases.withdraw-form", web.Agent, a.getWithdraw),
		web.Post("/releases/:n<int>/withdraw", "releases.withdraw", web.Agent, a.postWithdraw, "/releases/:n/withdraw").WithText(),
		web.Get("/releases/:n<int>/tell-again", "releases.tell-again-form", web.Agent, a.getTellAgain),
		web.Post("/releases/:n<int>/tell-again", "releases.tell-again", web.Agent, a.postTellAgain, "/releases/:n/tell-again").WithText(),
		web.Post("/releases/:n<int>/files", "releases.send-file", web.Agent, a.postFiles, "/releases/:n").WithFiles("files").KeptBy(release.MaxFile, a.keepFile),
		web.Post("/releases/:n<int>/files/:file<int>/remove", "releases.detach", web.Agent, a.postDetach, "/releases/:n"),
		web.Get("/releases/:n<int>/receipts/:code", "releases.receipts", web.Person, a.getReceipts),
		web.Post("/releases/:n<int>/receipts/:code", "releases.answer", web.Person, a.postReceipt, "/releases/:n/receipts/:code").WithText(),
		web.Get("/releases/:n<int>/files/:name", "releases.file", web.Person, a.getFile),
		web.Get("/releases/:n<int>/SHA256SUMS", "releases.sums", web.Person, a.getSums),
		web.Get("/releases/:n<int>/wordings", "releases.wordings", web.Person, a.getWordings),
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
