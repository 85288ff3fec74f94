package app

func (a *App) articleRoutes() []route { return nil }
