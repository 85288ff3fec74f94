package app

func (a *App) portalRoutes() []route { return nil }
