package api

import (
	"testing"

	"sportello/app/web"
)

func TestEveryRouteHasItsDescription(t *testing.T) {
	routes := Routes(&web.Site{})
	named := map[string]bool{}
	for _, r := range routes {
		named[r.Name] = true
		if apiDescriptions[r.Name].summary == "" {
			t.Errorf("%s %s (%s) has no description", r.Method, r.Path, r.Name)
		}
	}
	for name := range apiDescriptions {
		if !named[name] {
			t.Errorf("%s is described and has no route", name)
		}
	}
}
