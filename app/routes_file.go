package app

func (a *App) fileRoutes() []route { return nil }
