// Package find is the room of the one search box.
package find

import (
	"sportello/app/web"
)

// pages are what the room needs to answer.
type pages struct{ *web.Site }

// Routes are search, and what was searched for in vain.
func Routes(s *web.Site) []web.Route {
	a := pages{s}
	return []web.Route{
		web.Get("/search", "search.show", web.Guest, a.getSearch),
		web.Get("/suggest", "search.suggest", web.Guest, a.getSuggest),

		web.Get("/articles/missing", "article.missing", web.Writer, a.getMissing),
	}
}
