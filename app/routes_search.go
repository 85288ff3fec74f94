package app

func (a *App) searchRoutes() []route {
	return []route{
		get("/search", "search.show", guest, a.getSearch),
		get("/suggest", "search.suggest", guest, a.getSuggest),
	}
}
