// Package ticket serves the pages of a ticket, for agents and for the requester's side.
package ticket

import (
	"sportello/app/web"
	"sportello/app/web/live"
)

// pages has what the handlers need.
type pages struct {
	*web.Site
	presence *live.Presence
}

// Routes returns the routes of tickets, for agents and for the requester's side.
func Routes(s *web.Site, presence *live.Presence) []web.Route {
	a := pages{s, presence}
	secret := func(r web.Route) web.Route { r.Secret = true; return r }
	work := func(path, name string, h ticketHandler) web.Route {
		return web.Post("/tickets/:n<int>/"+path, "ticket."+name, web.Agent, a.ticketPost(h), "/tickets/:n")
	}
	return []web.Route{
		secret(web.Get("/r/:token", "linked.show", web.Guest, a.getLinkedTicket)),
		secret(web.Get("/r/:token/files/:n<int>", "linked.file", web.Guest, a.getLinkedFile)),

		web.Get("/tickets", "tickets.list", web.Person, a.getOwnTickets),
		web.Get("/tickets/new", "ticket.new", web.Person, a.getNewTicket),
		web.Post("/tickets/new", "ticket.open", web.Person, a.postNewTicket, "/tickets/new").WithFiles("files"),
		web.Get("/tickets/call", "ticket.call", web.Agent, a.getCall),
		web.Post("/tickets/call", "ticket.open-call", web.Agent, a.postCall, "/tickets/call"),
		web.Get("/callers", "ticket.callers", web.Agent, a.getCallers),
		web.Get("/similar", "ticket.similar", web.Agent, a.getSimilar),
		web.Get("/look-alike", "ticket.look-alike", web.Person, a.getLookAlike),

		web.Post("/tickets/:n<int>/message", "side.message", web.Person, a.postSideMessage, "/tickets/:n").WithFiles("files"),
		web.Post("/tickets/:n<int>/confirm", "side.confirm", web.Person, a.postSideConfirm, "/tickets/:n").WithFiles("files"),
		web.Post("/tickets/:n<int>/reopen", "side.reopen", web.Person, a.postSideReopen, "/tickets/:n").WithFiles("files"),
		web.Post("/tickets/:n<int>/settle", "side.settle", web.Person, a.postSideSettle, "/tickets/:n").WithFiles("files"),
		web.Post("/tickets/:n<int>/correct", "side.correct", web.Person, a.postSideCorrect, "/tickets/:n"),
		web.Post("/tickets/:n<int>/participants", "side.participants", web.Person, a.postSideParticipants, "/tickets/:n"),

		web.Post("/tickets/:n<int>/narrow", "side.narrow", web.Person, a.postSideNarrow, "/tickets/:n"),

		web.Get("/tickets/:n<int>", "ticket.show", web.Person, a.getTicket),
		web.Get("/tickets/:n<int>/thread", "ticket.thread", web.Person, a.getThread),
		work("step", "step", a.postStep).WithFiles("files"),
		work("take", "take", a.postTake),
		work("assign", "assign", a.postAssign),
		work("move", "move", a.postMoveGroup),
		work("state", "state", a.postState),
		work("facts", "facts", a.postFacts),
		work("participants-desk", "participants", a.postParticipantsDesk),
		work("links", "links", a.postLinks),
		web.Post("/tickets/:n<int>/problems", "ticket.problems", web.Agent, a.postKnown, "/tickets/:n"),
		work("spam", "spam", a.postSpam),
		work("duplicate-undo", "duplicate-undo", a.postUndoDuplicate),
		work("message-move", "message-move", a.postMoveMessage),
		work("beside", "beside", a.postBeside),
		work("belongs", "belongs", a.postBelongs),
		work("mail-answer", "mail-answer", a.postMailAnswer),
		web.Get("/tickets/:n<int>/merge", "ticket.merge", web.Agent, a.getMerge),
		web.Post("/tickets/:n<int>/merge", "ticket.merge-into", web.Agent, a.ticketPost(a.postMerge), "/tickets/:n/merge").WithFiles("files"),
		web.Post("/tickets/:n<int>/reachable", "ticket.reachable", web.Agent, a.postReachable, "/tickets/:n"),
		web.Post("/tickets/:n<int>/withdraw-links", "ticket.withdraw-links", web.Person, a.postWithdrawLinks, "/tickets/:n"),
		web.Post("/tickets/:n<int>/claim", "ticket.claim", web.Person, a.postClaim, "/tickets/:n"),
		web.Post("/tickets/:n<int>/reason", "ticket.reason", web.Administrator, a.postReason, "/tickets/:n"),

		web.Get("/files/:n<int>", "file.show", web.Guest, a.getFile),
	}
}
