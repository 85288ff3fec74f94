package app

import (
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/gofiber/fiber/v2"

	"sportello/app/desk"
	"sportello/store"
)

// adminOrganisationsPage lists organisations with their units.
type adminOrganisationsPage struct {
	adminPage
	Organisations []adminOrganisationLine
}

type adminOrganisationLine struct {
	Name, Address, Domains, People string
	Units                          []Link
}

// adminOrganisationPage is one organisation: the form, and its units.
type adminOrganisationPage struct {
	adminPage
	New    bool
	ID     uint64
	Units  []adminUnit
	People string // address of the list of its people
}

type adminUnit struct {
	ID    uint64
	Field string
	Name  string // as stored
	Value string // as typed
	Rev   uint64
}

func (a *App) getOrganisations(c *fiber.Ctx) error {
	v := &adminOrganisationsPage{adminPage: a.admin(c, "organisations", "admin-organisations.title")}
	v.top()
	all, err := a.desk.Organisations(a.actor(c))
	if err != nil {
		return err
	}
	for _, o := range all {
		line := adminOrganisationLine{Name: o.Name, Address: idAddress("organisations", o.ID), Domains: strings.Join(o.Domains, ", "),
			People: "/admin/people?organisation=" + strconv.FormatUint(o.ID, 10)}
		for _, u := range o.Units {
			line.Units = append(line.Units, Link{Label: u.Name, Address: line.Address + "#" + unitField(u.ID)})
		}
		v.Organisations = append(v.Organisations, line)
	}
	return a.render(c, "page/admin-organisations", v)
}

func unitField(id uint64) string { return "unit-" + strconv.FormatUint(id, 10) }

func (a *App) getNewOrganisation(c *fiber.Ctx) error { return a.newOrganisationPage(c, nil, nil) }

func (a *App) newOrganisationPage(c *fiber.Ctx, f *Form, err error) error {
	v := &adminOrganisationPage{adminPage: a.admin(c, "organisations", "admin-organisations.new"), New: true}
	v.end(v.Title)
	if f == nil {
		v.resume(c)
	} else if err := v.refill(f, err); err != nil {
		return err
	}
	return a.render(c, "page/admin-organisation", v)
}

func (a *App) getOrganisation(c *fiber.Ctx) error {
	n, err := a.number(c)
	if err != nil {
		return err
	}
	return a.organisationPage(c, n, nil, nil)
}

func (a *App) organisation(c *fiber.Ctx, is func(desk.OrganisationView) bool) (*desk.OrganisationView, error) {
	all, err := a.desk.Organisations(a.actor(c))
	if err != nil {
		return nil, err
	}
	i := slices.IndexFunc(all, is)
	if i < 0 {
		return nil, store.Fail(store.NotFound, "error.not-found")
	}
	return &all[i], nil
}

// organisationPage shows the organisation; f is the form that was posted, whichever of the page's forms that is.
func (a *App) organisationPage(c *fiber.Ctx, id uint64, f *Form, err error) error {
	o, bad := a.organisation(c, func(o desk.OrganisationView) bool { return o.ID == id })
	if bad != nil {
		return bad
	}
	v := &adminOrganisationPage{adminPage: a.admin(c, "organisations", "admin-organisations.organisation", "name", o.Name), ID: o.ID,
		People: "/admin/people?organisation=" + strconv.FormatUint(o.ID, 10)}
	v.end(o.Name)
	v.Path = idAddress("organisations", o.ID)
	now := url.Values{"name": {o.Name}, "domains": {strings.Join(o.Domains, "\n")}, "rev": {strconv.FormatUint(o.Rev, 10)}}
	if f == nil {
		v.begin(c, now, "name")
	}
	if f != nil {
		if !f.Has("name") {
			f.under(now)
		}
		fields := []adminField{{"name", "admin-organisations.name"}, {"domains", "admin-organisations.domains"}}
		if err := v.again(f, err, now, fields); err != nil {
			return err
		}
	}
	for _, u := range o.Units {
		row := adminUnit{ID: u.ID, Field: unitField(u.ID), Name: u.Name, Value: u.Name, Rev: u.Rev}
		if v.form.Has(row.Field) {
			row.Value = v.Value(row.Field)
		}
		v.Units = append(v.Units, row)
	}
	return a.render(c, "page/admin-organisation", v)
}

func readOrganisation(f *Form) desk.OrganisationForm {
	return desk.OrganisationForm{Name: f.Text("name", store.Most("organisations.name")), Domains: f.Lines("domains")}
}

func (a *App) postNewOrganisation(c *fiber.Ctx) error {
	f := a.form(c)
	form := readOrganisation(f)
	err := f.Err()
	var o *store.Organisation
	if err == nil {
		o, err = a.desk.AddOrganisation(a.actor(c), form)
	}
	if err != nil {
		return a.newOrganisationPage(c, f, err)
	}
	return a.done(c, "flash.organisation-added", idAddress("organisations", o.ID), "name", o.Name)
}

func (a *App) postOrganisation(c *fiber.Ctx) error {
	n, err := a.number(c)
	if err != nil {
		return err
	}
	f := a.form(c)
	form := readOrganisation(f)
	if err = f.Err(); err == nil {
		_, err = a.desk.ChangeOrganisation(a.actor(c), n, f.ID("rev"), form)
	}
	if err != nil {
		return a.organisationPage(c, n, f, err)
	}
	return a.done(c, "flash.organisation-saved", idAddress("organisations", n), "name", form.Name)
}

func (a *App) postRemoveOrganisation(c *fiber.Ctx) error {
	n, err := a.number(c)
	if err != nil {
		return err
	}
	if err := a.desk.RemoveOrganisation(a.actor(c), n); err != nil {
		return a.organisationPage(c, n, a.form(c), err)
	}
	return a.done(c, "flash.organisation-removed", "/admin/organisations")
}

func (a *App) postNewUnit(c *fiber.Ctx) error {
	n, err := a.number(c)
	if err != nil {
		return err
	}
	f := a.form(c)
	name := f.Text("unit", store.Most("units.name"))
	if err = f.Err(); err == nil {
		_, err = a.desk.AddUnit(a.actor(c), n, name)
	}
	if err != nil {
		return a.organisationPage(c, n, f, moveProblems(err, fieldTo("name", "unit")))
	}
	return a.done(c, "flash.unit-added", idAddress("organisations", n)+"#units", "name", name)
}

// fieldTo gives problems of one field to another.
func fieldTo(from, to string) func(string) string {
	return func(field string) string {
		if field == from {
			return to
		}
		return field
	}
}

// unitInHand reads the organisation of the address and which of its units is meant; another one is a problem of the form.
func (a *App) unitInHand(c *fiber.Ctx, f *Form) (unit, organisation uint64, err error) {
	n, err := a.number(c)
	if err != nil {
		return 0, 0, err
	}
	o, err := a.organisation(c, func(o desk.OrganisationView) bool { return o.ID == n })
	if err != nil {
		return 0, 0, err
	}
	unit = f.ID("unit-id")
	if !slices.ContainsFunc(o.Units, func(u *store.Unit) bool { return u.ID == unit }) {
		f.Refuse("units", "error.unit-unknown")
	}
	return unit, n, nil
}

func (a *App) postUnit(c *fiber.Ctx) error {
	f := a.form(c)
	n, organisation, err := a.unitInHand(c, f)
	if err != nil {
		return err
	}
	name := f.Text(unitField(n), 200)
	if err = f.Err(); err == nil {
		_, err = a.desk.ChangeUnit(a.actor(c), n, f.ID("rev"), name)
	}
	if err != nil {
		f.values.Del("rev") // of the unit, not of the page's own form
		return a.organisationPage(c, organisation, f, moveProblems(err, fieldTo("name", unitField(n))))
	}
	return a.done(c, "flash.unit-saved", idAddress("organisations", organisation)+"#units", "name", name)
}

func (a *App) postRemoveUnit(c *fiber.Ctx) error {
	f := a.form(c)
	n, organisation, err := a.unitInHand(c, f)
	if err != nil {
		return err
	}
	if err = f.Err(); err == nil {
		err = a.desk.RemoveUnit(a.actor(c), n)
	}
	if err != nil {
		return a.organisationPage(c, organisation, f, err)
	}
	return a.done(c, "flash.unit-removed", idAddress("organisations", organisation)+"#units")
}
