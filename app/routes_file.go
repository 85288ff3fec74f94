package app

import "sportello/app/web"

func (a *App) fileRoutes() []web.Route {
	return []web.Route{
		web.Get("/files/:n<int>", "file.show", web.Guest, a.getFile),
	}
}
