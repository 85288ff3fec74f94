package app_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"

	"sportello/app/desk/plan"
)

// TestTheHomePageSaysWhatWaitsInPlans: to those of the plan, and to nobody else anything of plans.
func TestTheHomePageSaysWhatWaitsInPlans(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.plan()
	v, err := w.app.Desk.Plans.Begin(w.as("agent"), plan.Beginning{Template: "prova", Organisation: w.code(w.things["organisation"]), Name: "Avvio tardivo", Start: day("2020-03-02"), GoLive: day("2020-07-01")})
	must(t, err)
	number := fmt.Sprint(v.Plan.ID)
	for _, role := range []string{"nobody", "stranger", "requester", "editor", "elsewhere"} {
		if got := w.visitor(role).get("/"); strings.Contains(got.body, `id="plans"`) || strings.Contains(got.body, "/plans/"+number) {
			t.Errorf("%s reads of the plan at home", role)
		}
	}
	for role, says := range map[string]string{"coordinator": "cose aspettano te", "agent": "in ritardo"} {
		b := w.visitor(role)
		b.must(b.get("/"), http.StatusOK, `href="/plans/`+number+`"`, says)
	}
}
