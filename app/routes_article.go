package app

func (a *App) articleRoutes() []route {
	return []route{
		get("/articles", "article.home", guest, a.getArticles),
		get("/articles/in", "article.all", guest, a.getArticlesIn),
		get("/articles/in/*", "article.in", guest, a.getArticlesIn),
		get("/articles/drafts", "article.drafts", writer, a.getDrafts),
		get("/articles/missing", "article.missing", writer, a.getMissing),
		get("/articles/pick", "article.pick", agent, a.getArticlePick),
		get("/articles/new", "article.new", writer, a.getNewArticle),
		post("/articles/new", "article.add", writer, a.postNewArticle, "/articles/new").withFiles("files"),
		get("/articles/:slug/edit", "article.edit", writer, a.getEditArticle),
		post("/articles/:slug/edit", "article.save", writer, a.postEditArticle, "/articles/:slug/edit").withFiles("files"),
		post("/articles/:slug/delete", "article.delete", writer, a.postDeleteArticle, "/articles/:slug/edit"),
		get("/articles/:slug", "article.show", guest, a.getArticle),

		post("/preview", "preview.show", person, a.postPreview, "/").withText(),
	}
}
