package app

func (a *App) ticketRoutes() []route {
	work := func(path, name string, h ticketHandler) route {
		return post("/tickets/:n<int>/"+path, "ticket."+name, agent, a.ticketPost(h), "/tickets/:n")
	}
	return []route{
		get("/tickets/:n<int>", "ticket.show", person, a.getTicket),
		work("step", "step", a.postStep).withFiles("files"),
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
		post("/tickets/:n<int>/reachable", "ticket.reachable", agent, a.postReachable, "/tickets/:n"),
		post("/tickets/:n<int>/withdraw-links", "ticket.withdraw-links", person, a.postWithdrawLinks, "/tickets/:n"),
		get("/tickets/:n<int>/messages/:m<int>/original", "original.show", person, a.getOriginal),
		get("/tickets/:n<int>/messages/:m<int>/original.eml", "original.download", person, a.getOriginalFile),
		get("/tickets/:n<int>/messages/:m<int>/original/pictures/:i<int>", "original.picture", person, a.getOriginalPicture),
		post("/tickets/:n<int>/claim", "ticket.claim", person, a.postClaim, "/tickets/:n"),
		post("/tickets/:n<int>/reason", "ticket.reason", administrator, a.postReason, "/tickets/:n"),
	}
}
