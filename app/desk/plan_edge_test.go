package desk

import (
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"sportello/app/desk/plan"
	"sportello/app/desk/template"
	"sportello/app/timeline"
	"sportello/store"
	"sportello/store/db"
	"sportello/store/door"
	"sportello/store/fault"
)

// arranged changes the plan as it is now.
func (o *office) arranged(number uint64, c plan.Change) *plan.View {
	o.t.Helper()
	now, err := o.Plans.Read(o.as("agente"), number)
	if err != nil {
		o.t.Fatal(err)
	}
	c.Rev = now.Plan.Rev
	v, err := o.Plans.Arrange(o.as("agente"), number, c)
	if err != nil {
		o.t.Fatal(err)
	}
	return v
}

// began publishes a template and begins a plan with it for Ateneo.
func (o *office) began(source, start, live string) *plan.View {
	o.t.Helper()
	v, err := o.Templates.Save(o.as("agente"), "", template.Form{Source: []byte(source)})
	if err == nil {
		_, err = o.Templates.Publish(o.as("responsabile"), v.Template.Code, v.Rev, "")
	}
	if err != nil {
		o.t.Fatal(err)
	}
	p, err := o.Plans.Begin(o.as("agente"), plan.Beginning{Template: v.Template.Code, Organisation: "ateneo", Start: day(start), GoLive: day(live)})
	if err != nil {
		o.t.Fatal(err)
	}
	return p
}

func TestGoingLiveAYearLaterMovesWhatIsCountedFromItAndNothingElse(t *testing.T) {
	o, p := planning(t)
	o.decided("referente", p.Plan.ID, "when", plan.Saying{Option: "january", Reason: "Prima dell'estate"})
	live := day("2028-01-03")
	v := o.arranged(p.Plan.ID, plan.Change{GoLive: &live})
	if got := stepOf(v, "pay").Due.String(); got != "2028-01-18" {
		t.Errorf("first pay is due on %s", got)
	}
	if d := decisionOf(v, "when"); d.State != store.DecisionDecided || d.Last.Reason != "Prima dell'estate" || len(d.Touched) > 0 {
		t.Errorf("what was decided is %v, touched by %v", d.State, d.Touched)
	}
	if v.Health.Late != 0 || v.Health.GoLive.String() != "2028-01-03" || v.Health.Forecast != v.Health.GoLive {
		t.Errorf("%+v", v.Health)
	}
}

func TestAFactThatIsTakenBackAsksAgainAndUndoesNothing(t *testing.T) {
	o, p := planning(t)
	o.decided("referente", p.Plan.ID, "when", plan.Saying{Option: "january"})
	o.arranged(p.Plan.ID, plan.Change{Facts: map[string][]string{"staff": {"900"}}})
	o.decided("referente", p.Plan.ID, "months", plan.Saying{Option: "three", Reason: "Molti casi"})
	v := o.arranged(p.Plan.ID, plan.Change{Facts: map[string][]string{"staff": nil}})
	d := decisionOf(v, "months")
	if len(v.Asks) != 1 || v.Asks[0] != "staff" || d.State != store.DecisionDecided || len(d.Touched) != 1 || !stepOf(v, "again").Shown {
		t.Errorf("asks %v, the decision is %v and touched by %v", v.Asks, d.State, d.Touched)
	}
	// A version without the fact cannot be published as long as a condition asks for it, and a plan keeps its own.
	at := strings.Index(trial, "[[fact]]")
	end := strings.Index(trial, "[[norm]]")
	now, err := o.Templates.Read(o.as("agente"), "prova")
	if err != nil {
		t.Fatal(err)
	}
	if now, err = o.Templates.Save(o.as("agente"), "prova", template.Form{Source: []byte(trial[:at] + trial[end:]), Rev: now.Rev}); err != nil {
		t.Fatal(err)
	}
	if _, err := o.Templates.Publish(o.as("responsabile"), "prova", now.Rev, ""); fault.KindOf(err) != fault.Invalid {
		t.Errorf("a condition asks for what nobody says: %v", err)
	}
	if v, err = o.Plans.Read(o.as("collega"), p.Plan.ID); err != nil || len(v.Asks) != 1 {
		t.Errorf("the plan that goes on asks %v: %v", v.Asks, err)
	}
}

func TestWhoLeavesInMidPlanReadsNothingMoreAndWhatTheySaidStays(t *testing.T) {
	o, p := planning(t)
	o.decided("collega", p.Plan.ID, "when", plan.Saying{Option: "later", Reason: "Serve tempo"})
	err := o.st.Update(db.By{Via: door.Command}, func(tx *db.Tx) error {
		who, err := store.People.Get(tx, o.people["collega"].ID)
		if err != nil {
			return err
		}
		who.Affiliations[0].Ended = tx.Now()
		o.people["collega"] = who
		return store.People.Put(tx, who)
	})
	if err != nil {
		t.Fatal(err)
	}
	o.later(time.Hour)
	if _, err := o.Plans.Read(o.as("collega"), p.Plan.ID); fault.KindOf(err) != fault.NotFound {
		t.Errorf("who left reads the plan: %v", err)
	}
	if _, _, err := o.Plans.Decide(o.as("collega"), p.Plan.ID, "when", plan.Saying{Option: "january"}); fault.KindOf(err) != fault.NotFound {
		t.Errorf("who left decides: %v", err)
	}
	h, err := o.Plans.History(o.as("referente"), p.Plan.ID, "when")
	if err != nil || len(h) != 1 || h[0].By != "Carlo Collega" || h[0].Reason != "Serve tempo" {
		t.Errorf("%+v %v", h, err)
	}
	if v, _ := o.decided("referente", p.Plan.ID, "when", plan.Saying{Option: "january", Reason: "Si può"}); decisionOf(v, "when").Last.Number != 2 {
		t.Error("the plan does not go on")
	}
}

func TestAPlanOfAMergedOrganisationGoesOnWithWhatWasSaid(t *testing.T) {
	o, p := planning(t)
	o.decided("referente", p.Plan.ID, "when", plan.Saying{Option: "later", Reason: "Serve tempo"})
	from := store.Hat{Organisation: o.organis["Ateneo"]}
	preview, err := o.Relocations.Preview(o.as("amministratore"), from, o.organis["Altro ente"])
	if err != nil {
		t.Fatal(err)
	}
	if _, _, err := o.Relocations.Begin(o.as("amministratore"), from, o.organis["Altro ente"], preview.Sum); err != nil {
		t.Fatal(err)
	}
	for more := true; more; {
		if more, err = o.Relocations.Step(); err != nil {
			t.Fatal(err)
		}
	}
	v, err := o.Plans.Read(o.as("agente"), p.Plan.ID)
	if err != nil || v.Organisation.ID != o.organis["Altro ente"] || decisionOf(v, "when").Last.Reason != "Serve tempo" {
		t.Fatalf("%+v %v", v, err)
	}
	if list, err := o.Plans.Overview(o.as("agente")); err != nil || len(list.Desk) != 1 || list.Desk[0].Organisation.ID != o.organis["Altro ente"] {
		t.Errorf("%+v %v", list, err)
	}
}

func TestACancelledPlanIsTakenUpAsItWas(t *testing.T) {
	o, p := planning(t)
	o.decided("referente", p.Plan.ID, "when", plan.Saying{Option: "january", Reason: "r"})
	if _, err := o.Plans.Do(o.as("agente"), p.Plan.ID, "load", plan.Doing{State: store.StepDone}); err != nil {
		t.Fatal(err)
	}
	before := o.arranged(p.Plan.ID, plan.Change{State: store.PlanRunning})
	o.arranged(p.Plan.ID, plan.Change{State: store.PlanCancelled, Reason: "Manca il bilancio"})
	if list, err := o.Plans.Overview(o.as("agente")); err != nil || len(list.Desk) != 0 {
		t.Errorf("a cancelled plan is among those that go on: %v", err)
	}
	if _, _, err := o.Plans.Decide(o.as("referente"), p.Plan.ID, "when", plan.Saying{Option: "later"}); fault.KindOf(err) != fault.Conflict {
		t.Errorf("a cancelled plan is decided in: %v", err)
	}
	after := o.arranged(p.Plan.ID, plan.Change{State: store.PlanRunning})
	if !after.Plan.Ended.IsZero() || after.Health != before.Health || decisionOf(after, "when").State != store.DecisionDecided || stepOf(after, "load").State != store.StepDone {
		t.Errorf("%+v, was %+v", after.Health, before.Health)
	}
}

func TestNoStepByHandClosesACircle(t *testing.T) {
	o, p := planning(t)
	for name, f := range map[string]plan.Addition{
		"it waits for itself":         {Phase: "work", Name: "Da sé", Day: "golive", Waits: []string{"own-1"}},
		"it is counted from itself":   {Phase: "work", Name: "Da sé", Day: "own-1+3"},
		"it waits for a later number": {Phase: "work", Name: "Da sé", Day: "golive", Waits: []string{"own-2"}},
	} {
		if _, _, err := o.Plans.Add(o.as("agente"), p.Plan.ID, f); fault.KindOf(err) != fault.Invalid {
			t.Errorf("%s: %v", name, err)
		}
	}
	// A circle that got into the rows all the same, as by a file of another desk, is an answer and no endless loop.
	err := o.st.Update(db.By{Via: door.Command}, func(tx *db.Tx) error {
		for _, x := range [][2]string{{"own-1", "own-2"}, {"own-2", "own-1"}} {
			if err := store.Progresses.Put(tx, &store.Progress{Plan: p.Plan.ID, Code: x[0], State: store.StepOpen, Own: store.OwnStep{Phase: "work", Name: x[0], Day: "golive", Waits: []string{x[1]}}}); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := o.Plans.Read(o.as("agente"), p.Plan.ID); err == nil || !strings.Contains(err.Error(), "own-1") {
		t.Errorf("%v", err)
	}
}

const feasts = `code = "feste"
modules = ["csa"]
name = { it = "Feste", en = "Feasts" }

[[role]]
code = "cda"
name = { it = "CdA", en = "Board" }

[[fact]]
code = "patron"
name = { it = "Giorno del patrono", en = "Patron's day" }
kind = "day"

[[phase]]
code = "work"
name = { it = "Lavori", en = "Work" }

[[phase.step]]
code = "christmas"
name = { it = "Natale", en = "Christmas" }
who = ["cda"]
day = "start+3"
done_when = { it = "Sì.", en = "Yes." }

[[phase.step]]
code = "easter"
name = { it = "Pasqua", en = "Easter" }
who = ["cda"]
day = "golive-1"
done_when = { it = "Sì.", en = "Yes." }

[[phase.step]]
code = "patron-day"
name = { it = "Patrono", en = "Patron" }
who = ["cda"]
day = "golive+2"
done_when = { it = "Sì.", en = "Yes." }
`

func TestDaysAreCountedOverChristmasEasterAndThePatronsDay(t *testing.T) {
	o := installed(t)
	p := o.began(feasts, "2026-12-23", "2027-03-30") // the day after Easter Monday
	for code, want := range map[string]string{"christmas": "2026-12-29", "easter": "2027-03-26", "patron-day": "2027-04-01"} {
		if got := stepOf(p, code).Due.String(); got != want {
			t.Errorf("%s: %s, want %s", code, got, want)
		}
	}
	v := o.arranged(p.Plan.ID, plan.Change{Facts: map[string][]string{"patron": {"2020-03-31"}}}) // of every year
	if got := stepOf(v, "patron-day").Due; got != timeline.Date(2027, 4, 2) {
		t.Errorf("the patron's day is a working day: %v", got)
	}
	if list, _, err := o.Plans.List(o.as("agente"), plan.Filter{Limit: 9}); err != nil || list[0].Health != v.Health {
		t.Errorf("the list says %+v, the plan %+v: %v", list[0].Health, v.Health, err)
	}
}

// many is a template in which forty decisions need the first one, each also the two before it, and a thousand steps stand
// behind them in diamonds, half of which a decision takes away.
func many(steps int) string {
	var b strings.Builder
	b.WriteString("code = \"molti\"\nmodules = [\"csa\"]\nname = { it = \"Molti\", en = \"Many\" }\n\n[[role]]\ncode = \"cda\"\nname = { it = \"CdA\", en = \"Board\" }\n\n[[phase]]\ncode = \"work\"\nname = { it = \"Lavori\", en = \"Work\" }\n")
	for d := range 41 {
		after := ""
		for _, on := range []int{0, d - 2, d - 1} {
			if on >= 0 && on < d && !strings.Contains(after, fmt.Sprintf("\"d%d\"", on)) {
				after += fmt.Sprintf("\"d%d\", ", on)
			}
		}
		fmt.Fprintf(&b, "\n[[phase.decision]]\ncode = \"d%d\"\nquestion = { it = \"Domanda %d?\", en = \"Question %d?\" }\nwhy = { it = \"Sì.\", en = \"Yes.\" }\nwho = [\"cda\"]\nafter = [%s]\n", d, d, d, strings.TrimSuffix(after, ", "))
		for _, o := range []string{"yes-it-is", "no-it-is-not"} {
			fmt.Fprintf(&b, "[[phase.decision.option]]\ncode = \"%s\"\nname = { it = \"%s\", en = \"%s\" }\n", o, o, o)
		}
	}
	for s := range steps {
		waits, when := fmt.Sprintf("\"d%d\"", s%41), ""
		if s > 1 {
			waits += fmt.Sprintf(", \"s%d\", \"s%d\"", s-1, s-2)
		}
		if s > 0 && s < steps-1 {
			when = "when = \"-d0:no-it-is-not\"\n"
		}
		fmt.Fprintf(&b, "\n[[phase.step]]\ncode = \"s%d\"\nname = { it = \"Passo\", en = \"Step\" }\nwho = [\"cda\"]\nday = \"golive-%d\"\nwaits = [%s]\n%sdone_when = { it = \"Sì.\", en = \"Yes.\" }\n", s, (steps-s)/5, waits, when)
	}
	return b.String()
}

func TestAThousandStepsAndADecisionWithFortyDependentsThatIsReopened(t *testing.T) {
	o := installed(t)
	p := o.began(many(1000), "2026-03-02", "2027-01-04")
	n := p.Plan.ID
	if p.Health.All != 1000 || len(decisionOf(p, "d0").Halts) != 1000 {
		t.Fatalf("%+v, and %d halts", p.Health, len(decisionOf(p, "d0").Halts))
	}
	for d := range 41 {
		o.decided("referente", n, fmt.Sprintf("d%d", d), plan.Saying{Option: "yes-it-is", Reason: fmt.Sprint("motivo ", d)})
	}
	v, c := o.decided("referente", n, "d0", plan.Saying{Option: "no-it-is-not"})
	if len(c.Disappear) != 998 || v.Health.All != 2 {
		t.Errorf("%d steps go, %d are there", len(c.Disappear), v.Health.All)
	}
	v, _ = o.decided("referente", n, "d0", plan.Saying{State: store.DecisionOpen, Reason: "Nuovi dati"})
	touched := 0
	for d := range 41 {
		one := decisionOf(v, fmt.Sprintf("d%d", d))
		if len(one.Touched) > 0 {
			touched++
		}
		if d > 0 && (one.State != store.DecisionDecided || one.Last.Reason != fmt.Sprint("motivo ", d)) {
			t.Errorf("%s is %v for %q", one.Code, one.State, one.Last.Reason)
		}
	}
	if touched != 40 {
		t.Errorf("%d of forty are to be looked at again", touched)
	}
}

// TestARecordIsOfOneMomentWhileSomebodyWrites reads the record as decisions change, and finds option and reason of one answer
// together.
func TestARecordIsOfOneMomentWhileSomebodyWrites(t *testing.T) {
	o, p := planning(t)
	referente, collega := o.as("referente"), o.as("collega")
	var wg sync.WaitGroup
	wg.Go(func() {
		for i := range 40 {
			option := []string{"january", "later"}[i%2]
			if _, _, err := o.Plans.Decide(referente, p.Plan.ID, "when", plan.Saying{Option: option, Reason: option}); err != nil {
				t.Error(err)
			}
		}
	})
	for range 40 {
		r, err := o.Plans.Record(collega, p.Plan.ID)
		if err != nil {
			t.Fatal(err)
		}
		d := r.Decisions[0]
		if want := map[string]string{"A gennaio": "january", "A metà anno": "later", "": ""}[d.Choice]; d.Reason != want {
			t.Errorf("%q because %q", d.Choice, d.Reason)
		}
	}
	wg.Wait()
}
