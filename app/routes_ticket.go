package app

func (a *App) ticketRoutes() []route { return nil }
