package app

import "sportello/app/web"

// Routes are search, and what was searched for in vain.
func (a *App) findRoutes() []web.Route {
	return []web.Route{
		web.Get("/search", "search.show", web.Guest, a.getSearch),
		web.Get("/suggest", "search.suggest", web.Guest, a.getSuggest),

		web.Get("/articles/missing", "article.missing", web.Writer, a.getMissing),
	}
}
