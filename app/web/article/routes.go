// Package article serves the knowledge base.
package article

import (
	"sportello/app/web"
)

// pages has what the handlers need.
type pages struct{ *web.Site }

// Routes returns the routes of the knowledge base.
func Routes(s *web.Site) []web.Route {
	a := pages{s}
	return []web.Route{
		web.Get("/articles", "article.home", web.Guest, a.getArticles),
		web.Get("/articles/in", "article.all", web.Guest, a.getArticlesIn),
		web.Get("/articles/in/*", "article.in", web.Guest, a.getArticlesIn),
		web.Get("/articles/drafts", "article.drafts", web.Writer, a.getDrafts),
		web.Get("/articles/pick", "article.pick", web.Agent, a.getArticlePick),
		web.Get("/articles/new", "article.new", web.Writer, a.getNewArticle),
		web.Post("/articles/new", "article.add", web.Writer, a.postNewArticle, "/articles/new").WithFiles("files"),
		web.Get("/articles/:slug/edit", "article.edit", web.Writer, a.getEditArticle),
		web.Post("/articles/:slug/edit", "article.save", web.Writer, a.postEditArticle, "/articles/:slug/edit").WithFiles("files"),
		web.Post("/articles/:slug/delete", "article.delete", web.Writer, a.postDeleteArticle, "/articles/:slug/edit"),
		web.Get("/articles/:slug", "article.show", web.Guest, a.getArticle),

		web.Post("/preview", "preview.show", web.Person, a.postPreview, "/").WithText(),
	}
}
