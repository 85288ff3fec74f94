package app

func (a *App) adminRoutes() []route { return nil }
