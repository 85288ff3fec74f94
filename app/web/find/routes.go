// Package find serves the one search box.
package find

import (
	"sportello/app/web"
)

// pages has what the handlers need.
type pages struct{ *web.Site }

// Routes returns the routes of the search and of the list of what people did not find.
func Routes(s *web.Site) []web.Route {
	a := pages{s}
	return []web.Route{
		web.Get("/search", "search.show", web.Guest, a.getSearch),
		web.Get("/suggest", "search.suggest", web.Guest, a.getSuggest),

		web.Get("/articles/missing", "article.missing", web.Writer, a.getMissing),
	}
}
