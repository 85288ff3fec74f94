package desk

import (
	"fmt"
	"testing"

	"sportello/app/desk/plan"
	"sportello/store"
)

// glanced returns what the person reads first of plans: of one's own "you" or "house" with how much waits, "late" where a day
// is over, "desk" for one to look after.
func (o *office) glanced(who string) (out []string) {
	o.t.Helper()
	g, err := o.Plans.Glance(o.as(who))
	if err != nil {
		o.t.Fatalf("%s: %v", who, err)
	}
	for _, one := range g.Own {
		text := fmt.Sprint("house ", one.Count)
		if one.Yours {
			text = fmt.Sprint("you ", one.Count)
		}
		if one.Late {
			text += " late"
		}
		out = append(out, text)
	}
	for _, one := range g.Desk {
		out = append(out, fmt.Sprint("desk ", one.Organisation.Code))
	}
	return out
}

// TestTheGlanceOfPlansIsForThoseOfThem: whoever has no part in a plan reads of none, and nobody of one that does not go on.
func TestTheGlanceOfPlansIsForThoseOfThem(t *testing.T) {
	o, p := planning(t)
	n := p.Plan.ID
	for _, who := range []string{"estraneo", "ada", "redattore", "amministratore", "altrove"} {
		wantTexts(t, who, o.glanced(who))
	}
	wantTexts(t, "who has the role", o.glanced("collega"), "you 1")
	wantTexts(t, "who coordinates", o.glanced("referente"), "house 1")
	wantTexts(t, "the group", o.glanced("agente2"), "desk ateneo")
	o.now.Store(day("2027-03-01").UnixNano())
	wantTexts(t, "after the day", o.glanced("collega"), "you 1 late")
	none := []plan.Named{}
	o.arranged(n, plan.Change{People: &none})
	wantTexts(t, "nobody named any more", o.glanced("collega"))
	wantTexts(t, "so it waits for the coordinator", o.glanced("referente"), "you 1 late")
	for _, state := range []store.PlanState{store.PlanRunning, store.PlanPaused} {
		o.arranged(n, plan.Change{State: state, Reason: "Si aspetta."})
	}
	wantTexts(t, "paused", append(o.glanced("referente"), o.glanced("agente")...))
}

func TestTheGlanceOfPlansIsShort(t *testing.T) {
	o, _ := planning(t)
	for range 7 {
		if _, err := o.Plans.Begin(o.as("agente"), plan.Beginning{Template: "prova", Organisation: "ateneo", Start: day("2026-03-02"), GoLive: day("2027-01-01")}); err != nil {
			t.Fatal(err)
		}
	}
	g, err := o.Plans.Glance(o.as("agente"))
	if err != nil || len(g.Desk) != 5 || g.More != 3 {
		t.Errorf("%d plans and %d more, %v", len(g.Desk), g.More, err)
	}
}
