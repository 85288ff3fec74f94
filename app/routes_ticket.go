package app

func (a *App) ticketRoutes() []route {
	work := func(path, name string, h ticketHandler) route {
		return post("/tickets/:n<int>/"+path, "ticket."+name, agent, a.ticketPost(h), "/tickets/:n")
	}
	return []route{
		get("/tickets/:n<int>", "ticket.show", person, a.getTicket),
		work("step", "step", a.postStep),
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
		post("/tickets/:n<int>/reason", "ticket.reason", administrator, a.postReason, "/tickets/:n"),
	}
}
