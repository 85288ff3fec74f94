package web

// Public are the files that pages are made of. They need nobody.
func Public(s *Site) []Route {
	return []Route{
		Get("/assets/:hash/*", "asset.show", Guest, s.GetAsset),
		Get("/brand/:hash/colour.css", "brand.colour", Guest, s.GetBrandColour),
		Get("/brand/:hash/logo", "brand.logo", Guest, s.GetBrandLogo),
	}
}
