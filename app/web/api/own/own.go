// Package own gives programs what the desk holds about a person.
package own

import (
	"net/http"

	"sportello/app/web"
	"sportello/app/web/program"
	"sportello/app/web/schema"
	"sportello/store/scope"
)

// pages has what the handlers need.
type pages struct{ *web.Site }

// Routes returns the route of a person's own data.
func Routes(s *web.Site) []web.Route {
	a := pages{s}
	return program.Describe([]web.Route{
		program.Do(http.MethodGet, "/people/:id<int>/data", "people.data", program.Everything(scope.People), a.apiData),
	}, operations)
}

// operations describes each route by its name.
var operations = map[string]schema.Operation{
	"api.people.data": {Summary: "All that the desk holds about a person, as a zip of JSON, pages to read and files: for the person, and for administrators, with a token for everything. It is written into the audit log who took it. 429 while another one is being sent."},
}

func (a pages) apiData(r *web.Request) error {
	id, err := r.NumberOf("id")
	if err != nil {
		return err
	}
	return a.SendOwn(r, id)
}
