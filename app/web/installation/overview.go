package installation

import (
	"sportello/app/address"
	"sportello/app/desk/catalogue"
	"sportello/app/desk/installation"
	"sportello/app/web"
	"sportello/app/web/show"
	"sportello/store"
	"sportello/store/fault"
)

// overviewPage says which versions run where, to those who look after the modules: of all modules in short, or of one
// with its places.
type overviewPage struct {
	web.Page
	Modules []overviewLine
	Chosen  bool // one module, with its places
	Newest  string
	Picture string
	Narrows []web.Link
	Places  []placeLine
}

// overviewLine is one module.
type overviewLine struct{ Name, Address, Newest, Places, Behind string }

// placeLine is one installation of the module.
type placeLine struct {
	Place, What, Version, Since, Missing string
	Address                              string // of what the organisation has installed
	Current                              bool
}

func (a pages) getOverview(r *web.Request) error {
	list, err := a.Desk.Installations.Overviews(r.Actor())
	if err != nil {
		return err
	}
	levels, err := a.Desk.Catalogue.Levels()
	if err != nil {
		return err
	}
	v := &overviewPage{Page: r.Page("installations.overview")}
	v.Nav = "releases"
	v.Crumb(v.T("releases.title"), address.Releases)
	if code := r.Query("module"); code != "" {
		if err := v.one(list, levels, code, r.Query("only") == "behind"); err != nil {
			return err
		}
	} else {
		v.Crumb(v.Title, "")
		v.all(list, levels)
	}
	if err := show.House(a.Site, r, &v.Page, address.Releases); err != nil {
		return err
	}
	return r.Render("page/installations-overview", v)
}

func (v *overviewPage) all(list []installation.Overview, levels []catalogue.Level) {
	for _, m := range list {
		l := overviewLine{Name: moduleName(levels, m.Module, v.Lang), Address: address.InstallationsOf(m.Module.Code), Places: v.Number(len(m.Places)), Behind: v.Number(m.Behind)}
		if m.Newest != nil {
			l.Newest = m.Newest.Version
		}
		v.Modules = append(v.Modules, l)
	}
}

// one fills in the module of the code; NotFound for one that the reader does not look after.
func (v *overviewPage) one(list []installation.Overview, levels []catalogue.Level, code string, behind bool) error {
	v.Chosen = true
	for _, m := range list {
		if m.Module.Code != code {
			continue
		}
		here := address.InstallationsOf(code)
		v.Crumb(v.Title, address.AllInstallations)
		name := moduleName(levels, m.Module, v.Lang)
		v.Crumb(show.ShortName(name), "")
		v.Title = v.T("installations.overview-of", "module", name)
		v.Picture = address.PictureOf(code)
		if m.Newest != nil {
			v.Newest = v.T("installations.newest", "version", m.Newest.Version, "date", v.Date(m.Newest.Published))
		}
		v.Narrows = []web.Link{{Label: v.T("installations.all-places"), Address: here, Count: v.Number(len(m.Places)), Current: !behind},
			{Label: v.T("installations.only-behind"), Address: here + "&only=behind", Count: v.Number(m.Behind), Current: behind}}
		for _, p := range m.Places {
			if !behind || len(p.Missing) > 0 {
				v.Places = append(v.Places, v.placeLine(p, m.Newest))
			}
		}
		return nil
	}
	return fault.New(fault.NotFound, "error.not-found")
}

func (v *overviewPage) placeLine(p installation.Place, newest *store.Release) placeLine {
	l := placeLine{Place: p.Organisation.Name, What: v.T("installations.in-" + p.Environment.String()), Version: p.Version, Address: address.Installations(p.Organisation.Code),
		Current: newest != nil && len(p.Missing) == 0}
	if p.Unit != nil {
		l.Place = show.Joined(", ", p.Organisation.Name, p.Unit.Name)
	}
	if !p.Since.IsZero() {
		l.Since = v.Date(p.Since)
	}
	if n := len(p.Missing); n > 0 {
		l.Missing = v.Plural("installations.missing", n, "version", p.Missing[0].Version)
	}
	return l
}
