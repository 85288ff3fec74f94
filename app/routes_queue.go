package app

func (a *App) queueRoutes() []route { return nil }
