// Package queue serves the lists that agents work from: queues, saved views, acts on many tickets, saved replies.
package queue

import (
	"sportello/app/web"
	"sportello/app/web/live"
)

// pages has what the handlers need.
type pages struct {
	*web.Site
	presence *live.Presence
}

// Routes returns the routes of the lists that agents work from.
func Routes(s *web.Site, presence *live.Presence) []web.Route {
	a := pages{s, presence}
	return []web.Route{
		web.Get("/desk", "queue.open", web.Agent, a.getDesk),
		web.Get("/desk/help", "queue.help", web.Agent, a.getHelp),
		web.Post("/desk/bulk", "queue.bulk", web.Agent, a.postBulk, "/desk").WithText(),
		web.Get("/desk/replies", "reply.list", web.Agent, a.getReplies),
		web.Post("/desk/replies", "reply.add", web.Agent, a.postReply, "/desk/replies/new").WithText(),
		web.Get("/desk/replies/new", "reply.new", web.Agent, a.getReply),
		web.Get("/desk/replies/:n<int>", "reply.edit", web.Agent, a.getReply),
		web.Post("/desk/replies/:n<int>", "reply.change", web.Agent, a.postReply, "/desk/replies/:n").WithText(),
		web.Post("/desk/replies/:n<int>/remove", "reply.remove", web.Agent, a.postRemoveReply, "/desk/replies/:n"),
		web.Get("/desk/views", "view.list", web.Agent, a.getViews),
		web.Post("/desk/views", "view.add", web.Agent, a.postView, "/desk/views/new"),
		web.Get("/desk/views/new", "view.new", web.Agent, a.getNewView),
		web.Get("/desk/views/:n<int>", "view.show", web.Agent, a.getView),
		web.Post("/desk/views/:n<int>", "view.change", web.Agent, a.postEditView, "/desk/views/:n/edit"),
		web.Get("/desk/views/:n<int>/edit", "view.edit", web.Agent, a.getEditView),
		web.Post("/desk/views/:n<int>/remove", "view.remove", web.Agent, a.postRemoveView, "/desk/views/:n/edit"),
		web.Get("/desk/:view", "queue.list", web.Agent, a.getQueue),
		web.Get("/people/pick", "person.pick", web.Agent, a.getPeoplePick),
		web.Get("/replies/pick", "reply.pick", web.Agent, a.getRepliesPick),
	}
}
