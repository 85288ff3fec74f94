package app

func (a *App) searchRoutes() []route { return nil }
