package app

func (a *App) fileRoutes() []route {
	return []route{
		get("/files/:n<int>", "file.show", guest, a.getFile),
	}
}
