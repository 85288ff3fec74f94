package admin

import (
	"net/url"
	"slices"
	"strconv"
	"strings"

	"sportello/app/address"
	"sportello/app/desk/people"
	"sportello/app/web"
	"sportello/app/web/show"
	"sportello/store"
	"sportello/store/fault"
)

// adminOrganisationsPage lists organisations with their units.
type adminOrganisationsPage struct {
	show.AdminPage
	Organisations []adminOrganisationLine
	Running       string // what is on its way from one to another
}

type adminOrganisationLine struct {
	Name, Address, Domains, People string
	Retired                        bool
	Units                          []web.Link
}

// adminOrganisationPage is one organisation: its form and its units.
type adminOrganisationPage struct {
	show.AdminPage
	New    bool
	ID     uint64
	Units  []adminUnit
	People string // address of the list of its people

	Versions string // address of what it has installed
}

type adminUnit struct {
	ID    uint64
	Field string
	Name  string // as stored
	Value string // as typed
	Rev   uint64
}

func (a pages) getOrganisations(r *web.Request) error {
	v := &adminOrganisationsPage{AdminPage: show.Admin(a.Site, r, "organisations", "admin-organisations.title")}
	v.Top()
	all, err := a.Desk.People.Organisations(r.Actor())
	if err != nil {
		return err
	}
	for _, o := range all {
		line := adminOrganisationLine{Name: o.Name, Address: address.Admin("organisations", o.ID), Domains: strings.Join(o.Domains, ", "), Retired: o.Retired,
			People: "/admin/people?organisation=" + strconv.FormatUint(o.ID, 10)}
		for _, u := range o.Units {
			line.Units = append(line.Units, web.Link{Label: u.Name, Address: line.Address + "#" + unitField(u.ID)})
		}
		v.Organisations = append(v.Organisations, line)
	}
	if v.Running, err = a.underWay(r, &v.Page); err != nil {
		return err
	}
	return r.Render("page/admin-organisations", v)
}

func unitField(id uint64) string { return "unit-" + strconv.FormatUint(id, 10) }

func (a pages) getNewOrganisation(r *web.Request) error { return a.newOrganisationPage(r, nil, nil) }

func (a pages) newOrganisationPage(r *web.Request, f *web.Form, err error) error {
	v := &adminOrganisationPage{AdminPage: show.Admin(a.Site, r, "organisations", "admin-organisations.new"), New: true}
	v.End(v.Title)
	if f == nil {
		v.Resume(r)
	} else if err := v.Refill(f, err); err != nil {
		return err
	}
	return r.Render("page/admin-organisation", v)
}

func (a pages) getOrganisation(r *web.Request) error {
	n, err := r.Number()
	if err != nil {
		return err
	}
	return a.organisationPage(r, n, nil, nil)
}

func (a pages) organisation(r *web.Request, is func(people.OrganisationView) bool) (*people.OrganisationView, error) {
	all, err := a.Desk.People.Organisations(r.Actor())
	if err != nil {
		return nil, err
	}
	i := slices.IndexFunc(all, is)
	if i < 0 {
		return nil, fault.New(fault.NotFound, "error.not-found")
	}
	return &all[i], nil
}

// organisationPage shows the organisation; f is the posted form, which may be any form of the page.
func (a pages) organisationPage(r *web.Request, id uint64, f *web.Form, err error) error {
	o, bad := a.organisation(r, func(o people.OrganisationView) bool { return o.ID == id })
	if bad != nil {
		return bad
	}
	v := &adminOrganisationPage{AdminPage: show.Admin(a.Site, r, "organisations", "admin-organisations.organisation", "name", o.Name), ID: o.ID,
		People: "/admin/people?organisation=" + strconv.FormatUint(o.ID, 10), Versions: address.Installations(o.Code)}
	v.End(o.Name)
	v.Path = address.Admin("organisations", o.ID)
	now := url.Values{"name": {o.Name}, "code": {o.Code}, "domains": {strings.Join(o.Domains, "\n")}, "retired": show.Boxed(o.Retired), "rev": {strconv.FormatUint(o.Rev, 10)}}
	if f == nil {
		v.Begin(r, now, "name")
	}
	if f != nil {
		if !f.Has("name") {
			show.FieldUnder(f, now)
		}
		fields := []show.AdminField{{Name: "name", Key: "admin-organisations.name"}, {Name: "code", Key: "admin-organisations.code"}, {Name: "domains", Key: "admin-organisations.domains"}, {Name: "retired", Key: "admin-organisations.retired"}}
		if err := v.Again(f, err, now, fields); err != nil {
			return err
		}
	}
	for _, u := range o.Units {
		row := adminUnit{ID: u.ID, Field: unitField(u.ID), Name: u.Name, Value: u.Name, Rev: u.Rev}
		if v.Form.Has(row.Field) {
			row.Value = v.Value(row.Field)
		}
		v.Units = append(v.Units, row)
	}
	return r.Render("page/admin-organisation", v)
}

func readOrganisation(f *web.Form) people.OrganisationForm {
	return people.OrganisationForm{Name: f.Text("name", store.Most("organisations.name")), Code: f.Text("code", store.Most("organisations.code")), Domains: f.Lines("domains"), Retired: f.Bool("retired")}
}

func (a pages) postNewOrganisation(r *web.Request) error {
	f := r.Form()
	form := readOrganisation(f)
	err := f.Err()
	var o *store.Organisation
	if err == nil {
		o, err = a.Desk.People.AddOrganisation(r.Actor(), form)
	}
	if err != nil {
		return a.newOrganisationPage(r, f, err)
	}
	return r.Done("flash.organisation-added", address.Admin("organisations", o.ID), "name", o.Name)
}

func (a pages) postOrganisation(r *web.Request) error {
	n, err := r.Number()
	if err != nil {
		return err
	}
	f := r.Form()
	form := readOrganisation(f)
	if err = f.Err(); err == nil {
		_, err = a.Desk.People.ChangeOrganisation(r.Actor(), n, f.ID("rev"), form)
	}
	if err != nil {
		return a.organisationPage(r, n, f, err)
	}
	return r.Done("flash.organisation-saved", address.Admin("organisations", n), "name", form.Name)
}

func (a pages) postRemoveOrganisation(r *web.Request) error {
	n, err := r.Number()
	if err != nil {
		return err
	}
	if err := a.Desk.People.RemoveOrganisation(r.Actor(), n); err != nil {
		return a.organisationPage(r, n, r.Form(), err)
	}
	return r.Done("flash.organisation-removed", "/admin/organisations")
}

func (a pages) postNewUnit(r *web.Request) error {
	n, err := r.Number()
	if err != nil {
		return err
	}
	f := r.Form()
	name := f.Text("unit", store.Most("units.name"))
	if err = f.Err(); err == nil {
		_, err = a.Desk.People.AddUnit(r.Actor(), n, name)
	}
	if err != nil {
		return a.organisationPage(r, n, f, moveProblems(err, fieldTo("name", "unit")))
	}
	return r.Done("flash.unit-added", address.Admin("organisations", n)+"#units", "name", name)
}

// fieldTo returns a function for moveProblems that renames one field.
func fieldTo(from, to string) func(string) string {
	return func(field string) string {
		if field == from {
			return to
		}
		return field
	}
}

// unitInHand returns the organisation of the address and the unit of the form. A unit of another organisation is a
// problem of the form.
func (a pages) unitInHand(r *web.Request, f *web.Form) (unit, organisation uint64, err error) {
	n, err := r.Number()
	if err != nil {
		return 0, 0, err
	}
	o, err := a.organisation(r, func(o people.OrganisationView) bool { return o.ID == n })
	if err != nil {
		return 0, 0, err
	}
	unit = f.ID("unit-id")
	if !slices.ContainsFunc(o.Units, func(u *store.Unit) bool { return u.ID == unit }) {
		f.Refuse("units", "error.unit-unknown")
	}
	return unit, n, nil
}

func (a pages) postUnit(r *web.Request) error {
	f := r.Form()
	n, organisation, err := a.unitInHand(r, f)
	if err != nil {
		return err
	}
	name := f.Text(unitField(n), 200)
	if err = f.Err(); err == nil {
		_, err = a.Desk.People.ChangeUnit(r.Actor(), n, f.ID("rev"), name)
	}
	if err != nil {
		f.Values.Del("rev") // it is the revision of the unit, not of the page's main form
		return a.organisationPage(r, organisation, f, moveProblems(err, fieldTo("name", unitField(n))))
	}
	return r.Done("flash.unit-saved", address.Admin("organisations", organisation)+"#units", "name", name)
}

func (a pages) postRemoveUnit(r *web.Request) error {
	f := r.Form()
	n, organisation, err := a.unitInHand(r, f)
	if err != nil {
		return err
	}
	if err = f.Err(); err == nil {
		err = a.Desk.People.RemoveUnit(r.Actor(), n)
	}
	if err != nil {
		return a.organisationPage(r, organisation, f, err)
	}
	return r.Done("flash.unit-removed", address.Admin("organisations", organisation)+"#units")
}
