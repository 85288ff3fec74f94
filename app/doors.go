package app

import (
	"slices"

	"sportello/app/web"
	"sportello/app/web/access"
	"sportello/app/web/account"
	"sportello/app/web/admin"
	"sportello/app/web/api"
	accessapi "sportello/app/web/api/access"
	auditapi "sportello/app/web/api/audit"
	listapi "sportello/app/web/api/list"
	ownapi "sportello/app/web/api/own"
	planapi "sportello/app/web/api/plan"
	"sportello/app/web/article"
	"sportello/app/web/erasure"
	"sportello/app/web/feed"
	"sportello/app/web/find"
	"sportello/app/web/health"
	"sportello/app/web/help"
	"sportello/app/web/home"
	"sportello/app/web/installation"
	"sportello/app/web/live"
	"sportello/app/web/mailroom"
	"sportello/app/web/people"
	"sportello/app/web/plan"
	"sportello/app/web/problem"
	"sportello/app/web/queue"
	"sportello/app/web/release"
	"sportello/app/web/show"
	"sportello/app/web/template"
	"sportello/app/web/ticket"
)

// routes lists every address, by room. Literal paths come before paths with parameters, because the first match wins.
func (a *App) routes() []web.Route {
	a.Site.Frame = func(r *web.Request, p *web.Page) error { return show.House(a.Site, r, p, "") }
	return slices.Concat(
		health.Routes(a.Site),
		web.Public(a.Site),
		live.Routes(a.Site, a.presence),
		account.Routes(a.Site),
		access.Routes(a.Site),
		home.Routes(a.Site),
		find.Routes(a.Site),
		help.Routes(a.Site),
		article.Routes(a.Site),
		feed.Routes(a.Site),
		mailroom.Routes(a.Site),
		queue.Routes(a.Site, a.presence),
		ticket.Routes(a.Site, a.presence),
		people.Routes(a.Site),
		installation.Routes(a.Site),
		plan.Routes(a.Site),
		template.Routes(a.Site),
		release.Routes(a.Site),
		problem.Routes(a.Site),
		admin.Routes(a.Site, a.Mail),
		erasure.Routes(a.Site),
		api.Routes(a.Site),
		planapi.Routes(a.Site),
		auditapi.Routes(a.Site),
		accessapi.Routes(a.Site),
		listapi.Routes(a.Site),
		ownapi.Routes(a.Site),
	)
}
