package program_test

import (
	"testing"

	"sportello/app/web"
	"sportello/app/web/program"
	"sportello/app/web/schema"
)

// TestNoRouteOfTheAPIIsLeftUndescribedAndNothingElseDescribed: both are faults of the program, found at its start.
func TestNoRouteOfTheAPIIsLeftUndescribedAndNothingElseDescribed(t *testing.T) {
	routes := []web.Route{{Name: "api.a"}, {Name: "api.b"}}
	a, b, c := schema.Operation{Summary: "A"}, schema.Operation{Summary: "B"}, schema.Operation{Summary: "C"}
	for what, says := range map[string]map[string]schema.Operation{
		"one is left out": {"api.a": a}, "one is empty": {"api.a": a, "api.b": {}}, "one is no route": {"api.a": a, "api.b": b, "api.c": c}} {
		func() {
			defer func() {
				if recover() == nil {
					t.Errorf("%s, and nothing is said", what)
				}
			}()
			program.Describe(routes, says)
		}()
	}
	if got := program.Describe(routes, map[string]schema.Operation{"api.a": a, "api.b": b}); got[1].Says.Summary != "B" {
		t.Errorf("the description of api.b is %q", got[1].Says.Summary)
	}
}
