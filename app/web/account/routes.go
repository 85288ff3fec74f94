// Package account serves signing in, personal settings and notices.
package account

import (
	"sportello/app/web"
)

// pages has what the handlers need.
type pages struct{ *web.Site }

// Routes returns the routes for signing in, personal settings and notices.
func Routes(s *web.Site) []web.Route {
	a := pages{s}
	s.AskToSignIn = a.signInFirst
	secret := func(r web.Route) web.Route { r.Secret = true; return r }
	return []web.Route{
		web.Post("/language", "language.choose", web.Guest, a.postLanguage, ""),
		web.Get("/sign-in", "sign-in.show", web.Guest, a.getSignIn),
		web.Post("/sign-in", "sign-in.do", web.Guest, a.postSignIn, "/sign-in"),
		web.Post("/sign-out", "sign-out.do", web.Guest, a.postSignOut, ""),
		web.Get("/password", "password.forgotten", web.Guest, a.getForgotten),
		web.Post("/password", "password.ask", web.Guest, a.postForgotten, "/password"),
		secret(web.Get("/password/:secret", "password.show", web.Guest, a.getPassword)),
		secret(web.Post("/password/:secret", "password.choose", web.Guest, a.postPassword, "")),
		secret(web.Get("/set-up/:secret", "set-up.show", web.Guest, a.getSetUp)),
		secret(web.Post("/set-up/:secret", "set-up.do", web.Guest, a.postSetUp, "")),

		secret(web.Get("/invited/:secret", "invited.show", web.Guest, a.getInvited)),
		secret(web.Post("/invited/:secret", "invited.accept", web.Guest, a.postInvited, "")),
		secret(web.Post("/invited/:secret/decline", "invited.decline", web.Guest, a.postDeclineInvited, "")),
		web.Get("/invitations", "invitations.own", web.Person, a.getInvitations),
		web.Post("/invitations/:n<int>/accept", "invitations.accept", web.Person, a.postAcceptInvitation, "/invitations"),
		web.Post("/invitations/:n<int>/decline", "invitations.decline", web.Person, a.postDeclineInvitation, "/invitations"),

		web.Get("/me", "me.show", web.Person, a.getMe),
		web.Post("/me", "me.save", web.Person, a.postMe, "/me"),
		web.Get("/me/notices", "me.notices", web.Person, a.getMyNotices),
		web.Post("/me/reachable", "me.reachable", web.Person, a.postMyReachable, "/me"),
		web.Post("/me/password", "me.password", web.Person, a.postMyPassword, "/me").Confirmed(web.Always),
		web.Post("/me/sessions/others/end", "me.end-others", web.Person, a.postEndOthers, "/me"),
		web.Post("/me/sessions/:n<int>/end", "me.end-session", web.Person, a.postEndSession, "/me"),
		web.Get("/me/data", "me.data", web.Person, a.getMyData),
		web.Post("/me/data/export", "me.export", web.Person, a.postMyData, "/me/data").Confirmed(web.Lately),
		web.Post("/me/feed", "me.feed", web.Person, a.postFeed, "/me"),
		web.Post("/me/feed/end", "me.end-feed", web.Person, a.postEndFeed, "/me"),
		web.Post("/me/tokens", "me.token", web.Person, a.postToken, "/me").Confirmed(web.Anew),
		web.Post("/me/tokens/:n<int>/revoke", "me.revoke", web.Person, a.postRevokeToken, "/me"),

		web.Get("/service-accounts/:n<int>", "service-account.show", web.Person, a.getService),
		web.Post("/service-accounts/:n<int>/owners", "service-account.owners", web.Person, a.postServiceOwners, "/service-accounts/:n").Confirmed(web.Lately),
		web.Post("/service-accounts/:n<int>/tokens", "service-account.token", web.Person, a.postServiceToken, "/service-accounts/:n").Confirmed(web.Anew),
		web.Post("/service-accounts/:n<int>/tokens/:id<int>/revoke", "service-account.revoke", web.Person, a.postRevokeServiceToken, "/service-accounts/:n"),

		web.Get("/notices", "notices.list", web.Person, a.getNotices),
		web.Post("/notices/read", "notices.read", web.Person, a.postReadNotices, "/notices"),
	}
}
