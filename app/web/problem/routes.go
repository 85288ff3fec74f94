// Package problem serves the pages of known problems: the list, the page of each with what to do meanwhile, and what the
// desk does with one.
package problem

import (
	"sportello/app/address"
	"sportello/app/web"
)

// pages has what the handlers need.
type pages struct{ *web.Site }

// Routes returns the routes of the pages of known problems.
func Routes(s *web.Site) []web.Route {
	a := pages{s}
	return []web.Route{
		web.Get(address.Problems, "problems.list", web.Guest, a.getList),
		web.Get("/problems/:n<int>", "problems.show", web.Guest, a.getProblem),
		web.Get("/problems/new", "problems.new", web.Agent, a.getNew),
		web.Post("/problems/new", "problems.add", web.Agent, a.postNew, "/problems/new").WithText(),
		web.Get("/problems/:n<int>/edit", "problems.edit", web.Agent, a.getEdit),
		web.Post("/problems/:n<int>/edit", "problems.change", web.Agent, a.postEdit, "/problems/:n/edit").WithText(),
		web.Get("/problems/:n<int>/state", "problems.state-form", web.Agent, a.getState),
		web.Post("/problems/:n<int>/state", "problems.state", web.Agent, a.postState, "/problems/:n/state").WithText(),
		web.Get("/problems/:n<int>/withdraw", "problems.withdraw-form", web.Agent, a.getWithdraw),
		web.Post("/problems/:n<int>/withdraw", "problems.withdraw", web.Agent, a.postWithdraw, "/problems/:n/withdraw").WithText(),
		web.Get("/problems/:n<int>/message", "problems.message-form", web.Agent, a.getMessage),
		web.Post("/problems/:n<int>/message", "problems.message", web.Agent, a.postMessage, "/problems/:n/message").WithText(),
		web.Post("/problems/:n<int>/messages/:message<int>/back", "problems.message-back", web.Agent, a.postMessageBack, "/problems/:n"),
		web.Get("/problems/:n<int>/outage", "problems.outage-form", web.Agent, a.getOutage),
		web.Post("/problems/:n<int>/outage", "problems.outage", web.Agent, a.postOutage, "/problems/:n/outage").WithText(),
		web.Get("/problems/:n<int>/merge", "problems.merge-form", web.Agent, a.getMerge),
		web.Post("/problems/:n<int>/merge", "problems.merge", web.Agent, a.postMerge, "/problems/:n/merge"),
		web.Post("/problems/:n<int>/unmerge", "problems.unmerge", web.Agent, a.postUnmerge, "/problems/:n"),
		web.Post("/problems/:n<int>/affected", "problems.join", web.Person, a.postJoin, "/problems/:n"),
		web.Post("/problems/:n<int>/leave", "problems.leave", web.Person, a.postLeave, "/problems/:n"),
		web.Post("/problems/:n<int>/tickets", "problems.attach", web.Agent, a.postAttach, "/problems/:n"),
		web.Post("/problems/:n<int>/tickets/:ticket<int>/remove", "problems.detach", web.Agent, a.postDetach, "/problems/:n"),
	}
}
