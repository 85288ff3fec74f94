package app

import "sportello/app/web"

func (a *App) searchRoutes() []web.Route {
	return []web.Route{
		web.Get("/search", "search.show", web.Guest, a.getSearch),
		web.Get("/suggest", "search.suggest", web.Guest, a.getSuggest),
	}
}
