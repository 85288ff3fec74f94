package app

func (a *App) queueRoutes() []route {
	return []route{
		get("/desk", "queue.open", agent, a.getDesk),
		get("/desk/help", "queue.help", agent, a.getHelp),
		post("/desk/bulk", "queue.bulk", agent, a.postBulk, "/desk").withText(),
		get("/desk/mail", "mails.group", agent, a.getGroupMails),
		post("/desk/mail", "mails.judge", agent, a.postJudgeMail, "/desk/mail"),
		get("/desk/mail/:n<int>/original", "mails.show", agent, a.getMailOriginal),
		get("/desk/mail/:n<int>/original.eml", "mails.download", agent, a.getMailFile),
		get("/desk/mail/:n<int>/original/pictures/:i<int>", "mails.picture", agent, a.getMailPicture),
		get("/desk/replies", "reply.list", agent, a.getReplies),
		post("/desk/replies", "reply.add", agent, a.postReply, "/desk/replies/new").withText(),
		get("/desk/replies/new", "reply.new", agent, a.getReply),
		get("/desk/replies/:n<int>", "reply.edit", agent, a.getReply),
		post("/desk/replies/:n<int>", "reply.change", agent, a.postReply, "/desk/replies/:n").withText(),
		post("/desk/replies/:n<int>/remove", "reply.remove", agent, a.postRemoveReply, "/desk/replies/:n"),
		get("/desk/views", "view.list", agent, a.getViews),
		post("/desk/views", "view.add", agent, a.postView, "/desk/views/new"),
		get("/desk/views/new", "view.new", agent, a.getNewView),
		get("/desk/views/:n<int>", "view.show", agent, a.getView),
		post("/desk/views/:n<int>", "view.change", agent, a.postEditView, "/desk/views/:n/edit"),
		get("/desk/views/:n<int>/edit", "view.edit", agent, a.getEditView),
		post("/desk/views/:n<int>/remove", "view.remove", agent, a.postRemoveView, "/desk/views/:n/edit"),
		get("/desk/:view", "queue.list", agent, a.getQueue),
		get("/people/pick", "person.pick", agent, a.getPeoplePick),
		get("/replies/pick", "reply.pick", agent, a.getRepliesPick),
	}
}
