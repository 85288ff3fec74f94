package app

import "sportello/app/web"

func (a *App) ticketRoutes() []web.Route {
	work := func(path, name string, h ticketHandler) web.Route {
		return web.Post("/tickets/:n<int>/"+path, "ticket."+name, web.Agent, a.ticketPost(h), "/tickets/:n")
	}
	return []web.Route{
		web.Get("/tickets/:n<int>", "ticket.show", web.Person, a.getTicket),
		work("step", "step", a.postStep).WithFiles("files"),
		work("take", "take", a.postTake),
		work("assign", "assign", a.postAssign),
		work("move", "move", a.postMoveGroup),
		work("state", "state", a.postState),
		work("facts", "facts", a.postFacts),
		work("participants-desk", "participants", a.postParticipantsDesk),
		work("links", "links", a.postLinks),
		work("spam", "spam", a.postSpam),
		work("duplicate-undo", "duplicate-undo", a.postUndoDuplicate),
		work("message-move", "message-move", a.postMoveMessage),
		work("beside", "beside", a.postBeside),
		work("belongs", "belongs", a.postBelongs),
		work("mail-answer", "mail-answer", a.postMailAnswer),
		web.Post("/tickets/:n<int>/reachable", "ticket.reachable", web.Agent, a.postReachable, "/tickets/:n"),
		web.Post("/tickets/:n<int>/withdraw-links", "ticket.withdraw-links", web.Person, a.postWithdrawLinks, "/tickets/:n"),
		web.Get("/tickets/:n<int>/messages/:m<int>/original", "original.show", web.Person, a.getOriginal),
		web.Get("/tickets/:n<int>/messages/:m<int>/original.eml", "original.download", web.Person, a.getOriginalFile),
		web.Get("/tickets/:n<int>/messages/:m<int>/original/pictures/:i<int>", "original.picture", web.Person, a.getOriginalPicture),
		web.Post("/tickets/:n<int>/claim", "ticket.claim", web.Person, a.postClaim, "/tickets/:n"),
		web.Post("/tickets/:n<int>/reason", "ticket.reason", web.Administrator, a.postReason, "/tickets/:n"),
	}
}
