package installation

import (
	"net/url"
	"strconv"
	"time"

	"sportello/app/address"
	"sportello/app/desk/catalogue"
	"sportello/app/desk/installation"
	"sportello/app/desk/policy"
	"sportello/app/web"
	"sportello/app/web/show"
	"sportello/app/words"
	"sportello/store"
	"sportello/store/fault"
)

// page lists what an organisation has installed, and has the form for one more or another version.
type page struct {
	web.Page
	Path      string
	Contacts  string // address of the technical contacts, empty for whoever may not see them
	Installed []line
	MayKeep   bool
	New       bool   // the form is for one that is not in the list
	Of        string // what the form changes, in words
	Modules   []show.ChoiceGroup
	Units     []show.Choice
	Places    []show.Choice // environments
	Installs  []show.Choice
	Versions  []string // that the catalogue knows, to choose from
	Table     string   // address of the list as a file
	Taken     *taken   // what became of a file that was sent
}

type line struct {
	ID       uint64
	Rev      uint64
	Module   string
	Unit     string
	Place    string // environment
	Version  string
	Since    string
	Installs string
	By       string
	ByDesk   bool
	Said     words.Moment
	Change   string // address of the form for it, empty for whoever may not
}

func (a pages) getInstallations(r *web.Request) error { return a.page(r, nil, nil) }

// code returns the organisation's code from the address.
func code(r *web.Request) string {
	code, err := url.PathUnescape(r.Param("code"))
	if err != nil {
		return "" // there is none of this code
	}
	return code
}

// page shows the list, with the form empty, filled with the installation that the address names, or as it was posted.
func (a pages) page(r *web.Request, f *web.Form, wrong error) error {
	return a.show(r, f, wrong, nil)
}

// pageWith shows the list with what became of a file.
func (a pages) pageWith(r *web.Request, t *taken) error { return a.show(r, nil, nil, t) }

func (a pages) show(r *web.Request, f *web.Form, wrong error, t *taken) error {
	list, err := a.Desk.Installations.List(r.Actor(), code(r))
	if err != nil {
		return err
	}
	levels, err := a.Desk.Catalogue.Levels()
	if err != nil {
		return err
	}
	o := list.Organisation
	v := &page{Page: r.Page("installations.title", "organisation", o.Name), Path: address.Installations(o.Code), MayKeep: list.MayKeep, New: true, Table: address.Installations(o.Code) + ".csv", Taken: t}
	v.Nav = "tickets"
	if r.Actor().Person.Covers(o.ID, 0, v.Now) {
		v.Crumb(v.T("people.title", "organisation", o.Name), address.Members(o.Code))
	}
	if v.IsAgent || v.IsAdministrator {
		v.Crumb(v.T("installations.overview"), address.AllInstallations)
	}
	v.Crumb(v.T("installations.crumb"), "")
	if v.IsAgent || r.Actor().Person.Covers(o.ID, 0, v.Now) {
		v.Contacts = address.Contacts(o.Code)
	}
	for _, i := range list.Installed {
		v.Installed = append(v.Installed, v.line(i, levels))
	}
	chosen := r.QueryForm().ID("of")
	switch {
	case f != nil:
		if err := v.Refill(f, wrong); err != nil {
			return err
		}
	case v.Resume(r):
	default:
		values := url.Values{"environment": {store.Production.String()}, "installs": {store.InstalledByOrganisation.String()}}
		for _, i := range list.Installed {
			if i.ID == chosen && i.MayKeep {
				values = v.values(i)
				v.New, v.Of = false, show.Joined(", ", moduleName(levels, i.Module, v.Lang), v.T("installations.in-"+i.Environment.String()))
			}
		}
		v.Fill(values)
		if err := v.Refill(v.Form, wrong); err != nil {
			return err
		}
	}
	v.choices(r, list, levels)
	if err := show.House(a.Site, r, &v.Page, v.Path); err != nil {
		return err
	}
	return r.Render("page/installations", v)
}

// moduleName is the name of a module with those of the levels above it.
func moduleName(levels []catalogue.Level, m *store.Module, lang string) string {
	if l := show.LevelByCode(levels, m.Code); l != nil {
		return show.LevelOption(*l, lang, false).Label
	}
	return m.Name.In(lang)
}

func (v *page) line(i installation.View, levels []catalogue.Level) line {
	out := line{ID: i.ID, Rev: i.Rev, Module: moduleName(levels, i.Module, v.Lang), Place: v.T("installations.in-" + i.Environment.String()), Version: i.Version,
		Installs: v.T("installations.by-" + i.Installs.String()), ByDesk: i.ByDesk, Said: v.Moment(i.Updated)}
	if i.Unit != nil {
		out.Unit = i.Unit.Name
	}
	if !i.Since.IsZero() {
		out.Since = v.Date(i.Since)
	}
	if i.By != nil {
		out.By = i.By.Name
	}
	if i.MayKeep {
		out.Change = v.Path + "?of=" + strconv.FormatUint(i.ID, 10) + "#installation"
	}
	return out
}

// values fill the form with an installation.
func (v *page) values(i installation.View) url.Values {
	out := url.Values{"module": {i.Module.Code}, "environment": {i.Environment.String()}, "version": {i.Version}, "installs": {i.Installs.String()}}
	if i.Unit != nil {
		out.Set("unit", i.Unit.Name)
	}
	if !i.Since.IsZero() {
		out.Set("since", i.Since.Format(time.DateOnly))
	}
	return out
}

// choices are what the form offers: the units that the reader may speak for, the modules that they may.
func (v *page) choices(r *web.Request, list installation.List, levels []catalogue.Level) {
	v.Modules = show.ModuleChoices(&v.Page, levels, v.Value("module"), true)
	whole := v.Value("unit") == ""
	v.Units = append(v.Units, show.Choice{Label: v.T("installations.whole"), Chosen: whole})
	for _, u := range list.Units {
		v.Units = append(v.Units, show.Choice{Value: u.Name, Label: u.Name, Chosen: v.Chosen("unit", u.Name)})
	}
	for _, e := range []store.Environment{store.Production, store.Test} {
		v.Places = append(v.Places, show.Choice{Value: e.String(), Label: v.T("installations.in-" + e.String()), Chosen: v.Chosen("environment", e.String())})
	}
	for _, i := range []store.Installer{store.InstalledByOrganisation, store.InstalledByDesk, store.InstalledBySupplier} {
		v.Installs = append(v.Installs, show.Choice{Value: i.String(), Label: v.T("installations.by-" + i.String()), Chosen: v.Chosen("installs", i.String())})
	}
	if l := show.LevelByCode(levels, v.Value("module")); l != nil {
		v.Versions = l.Versions
	}
}

func (a pages) postInstallation(r *web.Request) error {
	list, err := a.Desk.Installations.List(r.Actor(), code(r))
	if err != nil {
		return err
	}
	if !list.MayKeep {
		return policy.Denied(r.Actor())
	}
	f := r.Form()
	f.Need("module", "version")
	installs := web.FormCode[store.Installer](f, "installs")
	e := installation.Entry{Module: f.Raw("module"), Unit: f.Raw("unit"), Version: f.Text("version", store.Most("installations.version")),
		Environment: web.FormCode[store.Environment](f, "environment"), Installs: &installs}
	if day := f.Time("since"); !day.IsZero() {
		y, m, d := day.Date()
		e.Since = time.Date(y, m, d, 0, 0, 0, 0, time.UTC)
	}
	err = f.Err()
	if err == nil {
		err = a.Desk.Installations.Put(r.Actor(), list.Organisation.Code, e)
	}
	if denied := fault.KindOf(err) == fault.Denied; denied { // of this module, or for this unit
		f.Refuse("module", "error.installation-denied")
		err = f.Err()
	}
	if err != nil {
		return a.page(r, f, err)
	}
	return r.Done("flash.installation-saved", address.Installations(list.Organisation.Code), "version", e.Version)
}

func (a pages) postRemove(r *web.Request) error {
	n, err := r.Number()
	if err != nil {
		return err
	}
	organisation := code(r)
	if err := a.Desk.Installations.Remove(r.Actor(), organisation, n, r.Form().ID("rev")); err != nil {
		return err
	}
	return r.Done("flash.installation-removed", address.Installations(organisation))
}
