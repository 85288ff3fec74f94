package admin

import (
	"sportello/app/address"
	"sportello/app/desk/people"
	"sportello/app/web"
	"sportello/app/web/show"
	"sportello/store"
)

// servicesPage lists the service accounts and adds one.
type servicesPage struct {
	show.AdminPage
	Services []show.ServiceLine
}

func (a pages) getServices(r *web.Request) error { return a.servicesPage(r, nil, nil) }

func (a pages) servicesPage(r *web.Request, f *web.Form, err error) error {
	v := &servicesPage{AdminPage: show.Admin(a.Site, r, "service-accounts", "services.title")}
	v.Top()
	list, bad := a.Desk.People.Services(r.Actor())
	if bad != nil {
		return bad
	}
	for _, s := range list {
		v.Services = append(v.Services, show.ServiceLineOf(&v.Page, s))
	}
	if f == nil && !v.Resume(r) {
		v.Fill(nil)
	}
	if f != nil {
		if err := v.Refill(f, err); err != nil {
			return err
		}
	}
	return r.Render("page/admin-service-accounts", v)
}

func (a pages) postNewService(r *web.Request) error {
	f := r.Form()
	form := people.ServiceForm{Name: f.Text("name", store.Most("people.name")), Email: f.Text("email", store.Most("people.email")),
		Owners: [2]string{f.Text("owner_1", store.Most("people.email")), f.Text("owner_2", store.Most("people.email"))}}
	err := f.Err()
	var p *store.Person
	if err == nil {
		p, err = a.Desk.People.AddService(r.Actor(), form)
	}
	if err != nil {
		return a.servicesPage(r, f, err)
	}
	return r.Done("flash.service-added", address.Service(p.ID), "name", p.Name)
}
