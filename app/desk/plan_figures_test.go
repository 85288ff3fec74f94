package desk

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"sportello/app/desk/plan"
	"sportello/store"
	"sportello/store/fault"
)

// TestFiguresAreOfManyPlansAndForThoseWhoSupervise tells first who may not read them, then that few plans say nothing, and
// what nine teach.
func TestFiguresAreOfManyPlansAndForThoseWhoSupervise(t *testing.T) {
	o, p := planning(t)
	for _, who := range []string{"ada", "collega", "estraneo", "referente", "unita", "agente", "altrove", "redattore"} {
		if _, err := o.Plans.Figures(o.as(who)); fault.KindOf(err) != fault.Denied {
			t.Errorf("%s reads them: %v", who, err)
		}
	}
	of := func(who string) *plan.Figures {
		t.Helper()
		f, err := o.Plans.Figures(o.as(who))
		if err != nil {
			t.Fatal(err)
		}
		return f
	}
	o.decided("referente", p.Plan.ID, "when", plan.Saying{Option: "january", Reason: "parolasegreta"})
	if f := of("responsabile"); len(f.Spans) != 1 || f.Spans[0].Plans != 1 || f.Spans[0].Decisions != nil || f.Spans[0].Steps != nil || len(f.Choices) != 0 {
		t.Errorf("one plan says %+v", f)
	}
	for i := range 9 {
		v, err := o.Plans.Begin(o.as("agente"), plan.Beginning{Template: "prova", Organisation: "ateneo", Start: day("2026-03-02"), GoLive: day("2026-03-30"), Facts: map[string][]string{"staff": {fmt.Sprint(200 + i%2*1000)}}})
		if err != nil {
			t.Fatal(err)
		}
		n := v.Plan.ID
		o.arranged(n, plan.Change{State: store.PlanRunning})
		o.decided("referente", n, "when", plan.Saying{Option: []string{"january", "later"}[i%3%2]})
		if i < 4 {
			if _, err := o.Plans.Do(o.as("agente"), n, "load", plan.Doing{State: store.StepBlocked, Reason: "Manca il file"}); err != nil {
				t.Fatal(err)
			}
		}
	}
	f := of("responsabile")
	sizes := map[plan.Size]int{}
	for _, s := range f.Spans {
		sizes[s.Size] = s.Plans
		if s.Size == plan.Small && s.Decisions == nil || s.Size == plan.Unknown && s.Decisions != nil {
			t.Errorf("%+v", s)
		}
	}
	if fmt.Sprint(sizes) != "map[large:4 small:5 unknown:1]" {
		t.Errorf("%v", sizes)
	}
	chosen := map[string]plan.Band{}
	for _, c := range f.Choices {
		chosen[c.Decision+"/"+c.Option] = c.Band
	}
	if chosen["when/january"] != plan.Most || chosen["when/later"] != plan.Few {
		t.Errorf("%v", chosen)
	}
	stuck := map[string]int{}
	for _, s := range f.Stuck {
		stuck[s.Code] = s.Plans
	}
	if stuck["load"] == 0 || f.Stuck[0].Name.IT == "" {
		t.Errorf("%+v", f.Stuck)
	}
	o.later(14 * 24 * time.Hour)
	if said := fmt.Sprintf("%+v", of("amministratore")); strings.Contains(said, "parolasegreta") || strings.Contains(said, "Referente") {
		t.Error("they name somebody")
	}
}
