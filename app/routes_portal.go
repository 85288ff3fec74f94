package app

import "sportello/app/web"

func (a *App) portalRoutes() []web.Route {
	secret := func(r web.Route) web.Route { r.Secret = true; return r }
	return []web.Route{
		web.Get("/", "home.show", web.Guest, a.getHome),
		web.Get("/modules/*", "module.show", web.Guest, a.getModule),
		web.Get("/privacy", "text.privacy", web.Guest, a.getPrivacy),
		web.Get("/accessibility", "text.accessibility", web.Guest, a.getAccessibility),
		web.Get("/contacts", "text.contacts", web.Guest, a.getContacts),

		secret(web.Get("/r/:token", "linked.show", web.Guest, a.getLinkedTicket)),
		secret(web.Get("/r/:token/files/:n<int>", "linked.file", web.Guest, a.getLinkedFile)),

		web.Get("/tickets", "tickets.list", web.Person, a.getOwnTickets),
		web.Get("/tickets/new", "ticket.new", web.Person, a.getNewTicket),
		web.Post("/tickets/new", "ticket.open", web.Person, a.postNewTicket, "/tickets/new").WithFiles("files"),
		web.Get("/look-alike", "ticket.look-alike", web.Person, a.getLookAlike),

		web.Post("/tickets/:n<int>/message", "side.message", web.Person, a.postSideMessage, "/tickets/:n").WithFiles("files"),
		web.Post("/tickets/:n<int>/confirm", "side.confirm", web.Person, a.postSideConfirm, "/tickets/:n").WithFiles("files"),
		web.Post("/tickets/:n<int>/reopen", "side.reopen", web.Person, a.postSideReopen, "/tickets/:n").WithFiles("files"),
		web.Post("/tickets/:n<int>/settle", "side.settle", web.Person, a.postSideSettle, "/tickets/:n").WithFiles("files"),
		web.Post("/tickets/:n<int>/correct", "side.correct", web.Person, a.postSideCorrect, "/tickets/:n"),
		web.Post("/tickets/:n<int>/participants", "side.participants", web.Person, a.postSideParticipants, "/tickets/:n"),

		web.Get("/notices", "notices.list", web.Person, a.getNotices),
		web.Post("/notices/read", "notices.read", web.Person, a.postReadNotices, "/notices"),
	}
}
