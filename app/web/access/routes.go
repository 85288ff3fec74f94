// Package access serves the pages on which strangers ask for credentials, follow what becomes of it, and others decide.
package access

import (
	"sportello/app/address"
	"sportello/app/web"
)

// pages has what the handlers need.
type pages struct{ *web.Site }

// Routes returns the routes of the requests for credentials.
func Routes(s *web.Site) []web.Route {
	a := pages{s}
	secret := func(r web.Route) web.Route { r.Secret = true; return r }
	const own = "/access-requests/own/:token"
	return []web.Route{
		web.Get(address.NewAccess, "access.new", web.Guest, a.getNew),
		web.Post(address.AccessRequests, "access.ask", web.Guest, a.postNew, address.NewAccess).WithText(),
		secret(web.Get(own, "access.own", web.Guest, a.getOwn)),
		secret(web.Post(own+"/confirm", "access.confirm", web.Guest, a.postConfirm, "")),
		secret(web.Post(own+"/answer", "access.answer", web.Guest, a.postAnswer, "")),
		secret(web.Post(own+"/withdraw", "access.withdraw", web.Guest, a.postWithdraw, "")),
		secret(web.Post(own+"/renew", "access.renew", web.Guest, a.postRenew, "")),
		web.Get(address.AccessRequests, "access.list", web.Person, a.getList),
		web.Get("/access-requests/:n<int>", "access.show", web.Person, a.getRequest),
		web.Post("/access-requests/:n<int>/decision", "access.decide", web.Person, a.postDecision, "/access-requests/:n").WithText(),
		web.Post("/access-requests/:n<int>/confirm", "access.confirm-for", web.Administrator, a.postConfirmFor, address.AccessRequests),
		web.Post("/access-requests/:n<int>/organisation", "access.assign", web.Person, a.postAssign, "/access-requests/:n"),
	}
}
