package app

func (a *App) portalRoutes() []route {
	secret := func(r route) route { r.Secret = true; return r }
	return []route{
		get("/", "home.show", guest, a.getHome),
		get("/modules/*", "module.show", guest, a.getModule),
		get("/privacy", "text.privacy", guest, a.getPrivacy),
		get("/accessibility", "text.accessibility", guest, a.getAccessibility),
		get("/contacts", "text.contacts", guest, a.getContacts),

		secret(get("/r/:token", "linked.show", guest, a.getLinkedTicket)),
		secret(get("/r/:token/files/:n<int>", "linked.file", guest, a.getLinkedFile)),

		get("/tickets", "tickets.list", person, a.getOwnTickets),
		get("/tickets/new", "ticket.new", person, a.getNewTicket),
		post("/tickets/new", "ticket.open", person, a.postNewTicket, "/tickets/new").withFiles("files"),
		get("/look-alike", "ticket.look-alike", person, a.getLookAlike),

		post("/tickets/:n<int>/message", "side.message", person, a.postSideMessage, "/tickets/:n").withFiles("files"),
		post("/tickets/:n<int>/confirm", "side.confirm", person, a.postSideConfirm, "/tickets/:n").withFiles("files"),
		post("/tickets/:n<int>/reopen", "side.reopen", person, a.postSideReopen, "/tickets/:n").withFiles("files"),
		post("/tickets/:n<int>/settle", "side.settle", person, a.postSideSettle, "/tickets/:n").withFiles("files"),
		post("/tickets/:n<int>/correct", "side.correct", person, a.postSideCorrect, "/tickets/:n"),
		post("/tickets/:n<int>/participants", "side.participants", person, a.postSideParticipants, "/tickets/:n"),

		get("/notices", "notices.list", person, a.getNotices),
		post("/notices/read", "notices.read", person, a.postReadNotices, "/notices"),
	}
}
