package web

// Public returns the routes of the files that pages load. Anyone may request them.
func Public(s *Site) []Route {
	return []Route{
		Get("/assets/:hash/*", "asset.show", Guest, s.GetAsset),
		Get("/brand/:hash/colour.css", "brand.colour", Guest, s.GetBrandColour),
		Get("/brand/:hash/logo", "brand.logo", Guest, s.GetBrandLogo),
	}
}
