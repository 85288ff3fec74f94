package desk

import (
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"sportello/app/desk/plan"
	"sportello/app/desk/policy"
	"sportello/app/desk/template"
	"sportello/store"
	"sportello/store/fault"
)

// trial is a small template of csa in which one decision adds a step, one takes one away and moves another, and a fact that
// nobody knows asks.
const trial = `code = "prova"
modules = ["csa"]
name = { it = "Avvio di prova", en = "Trial" }

[[role]]
code = "cda"
name = { it = "CdA", en = "Board" }

[[role]]
code = "desk"
name = { it = "Sportello", en = "Desk" }
side = "desk"

[[fact]]
code = "staff"
name = { it = "Personale", en = "Staff" }
kind = "number"

[[norm]]
code = "law"
text = { it = "Una legge", en = "A law" }

[[phase]]
code = "choices"
name = { it = "Scelte", en = "Choices" }

[[phase.decision]]
code = "when"
question = { it = "Quando si parte?", en = "When does it begin?" }
why = { it = "Tutto dipende da qui.", en = "Everything hangs on it." }
who = ["cda"]
until = "pay"
norms = ["law"]
[[phase.decision.option]]
code = "january"
name = { it = "A gennaio", en = "In January" }
recommended = "yes"
because = { it = "I progressivi partono da zero.", en = "Totals begin at zero." }
[[phase.decision.option]]
code = "later"
name = { it = "A metà anno", en = "In the middle of the year" }

[[phase.decision]]
code = "months"
question = { it = "Quanti mesi di parallelo?", en = "How many parallel months?" }
why = { it = "Gli errori si vedono solo confrontando.", en = "Errors are seen by comparing only." }
who = ["cda"]
after = ["when"]
[[phase.decision.option]]
code = "one"
name = { it = "Uno", en = "One" }
recommended = "staff<300"
because = { it = "I casi sono pochi.", en = "There are few cases." }
[[phase.decision.option]]
code = "three"
name = { it = "Tre", en = "Three" }
when = "staff>=300"

[[phase]]
code = "work"
name = { it = "Lavori", en = "Work" }

[[phase.step]]
code = "load"
name = { it = "Caricare", en = "Load" }
who = ["desk"]
day = "golive-60"
takes = 5
waits = ["when"]
done_when = { it = "Tutto è caricato.", en = "Everything is loaded." }

[[phase.step]]
code = "again"
name = { it = "Ripetere", en = "Repeat" }
who = ["cda"]
day = "golive-30"
takes = 5
waits = ["load", "months"]
when = "months:three"
done = "figure"
done_when = { it = "Nessuna differenza.", en = "No difference." }

[[phase.step]]
code = "pay"
name = { it = "Pagare", en = "Pay" }
who = ["cda"]
day = "golive+10"
moved = [{ when = "when:later", day = "golive+20" }]
takes = 2
waits = ["again", "load"]
done_when = { it = "Nessuno scarto.", en = "No rejects." }
milestone = { it = "Primo stipendio", en = "First pay" }

[[phase.step]]
code = "totals"
name = { it = "Portare i progressivi", en = "Bring the totals" }
who = ["desk"]
day = "golive"
when = "-when:january"
done_when = { it = "Quadrano.", en = "They agree." }
`

func day(text string) time.Time {
	t, err := time.Parse(time.DateOnly, text)
	if err != nil {
		panic(err)
	}
	return t
}

// planning is an office with the trial template, published, and a plan of Ateneo made from it.
func planning(t testing.TB) (*office, *plan.View) {
	o := installed(t)
	if _, err := o.Templates.Save(o.as("agente"), "", template.Form{Source: []byte(trial)}); err != nil {
		t.Fatal(err)
	}
	v, err := o.Templates.Read(o.as("responsabile"), "prova")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := o.Templates.Publish(o.as("responsabile"), "prova", v.Rev, ""); err != nil {
		t.Fatal(err)
	}
	p, err := o.Plans.Begin(o.as("agente"), plan.Beginning{Template: "prova", Organisation: "ateneo", Start: day("2026-03-02"), GoLive: day("2027-01-01"),
		People: []plan.Named{{Email: "collega@ateneo.example", Role: "cda"}}})
	if err != nil {
		t.Fatal(err)
	}
	return o, p
}

func (o *office) decided(who string, number uint64, code string, s plan.Saying) (*plan.View, plan.Changes) {
	o.t.Helper()
	v, c, err := o.Plans.Decide(o.as(who), number, code, s)
	if err != nil {
		o.t.Fatalf("%s decides %s: %v", who, code, err)
	}
	return v, c
}

func stepOf(v *plan.View, code string) *plan.Step {
	for _, p := range v.Phases {
		for _, s := range p.Steps {
			if s.Code == code {
				return s
			}
		}
	}
	return nil
}

func decisionOf(v *plan.View, code string) *plan.Decision {
	for _, p := range v.Phases {
		for _, d := range p.Decisions {
			if d.Code == code {
				return d
			}
		}
	}
	return nil
}

func TestNobodyOutsideLearnsOfAPlan(t *testing.T) {
	o, p := planning(t)
	sees := map[string]bool{"agente": true, "responsabile": true, "amministratore": true, "referente": true, "collega": true,
		"ada": false, "estraneo": false, "altrove": false, "redattore": false, "unita": false}
	for who, want := range sees {
		a := o.as(who)
		list, _, err := o.Plans.List(a, plan.Filter{Limit: 10})
		if err != nil || (len(list) == 1) != want {
			t.Errorf("%s lists %d plans: %v", who, len(list), err)
		}
		for name, err := range map[string]error{
			"reads":    func() error { _, err := o.Plans.Read(a, p.Plan.ID); return err }(),
			"records":  func() error { _, err := o.Plans.Record(a, p.Plan.ID); return err }(),
			"looks":    func() error { _, err := o.Plans.History(a, p.Plan.ID, "when"); return err }(),
			"learns":   func() error { _, err := o.Plans.Chosen(a, p.Plan.ID, "when"); return err }(),
			"previews": func() error { _, err := o.Plans.Preview(a, p.Plan.ID, "when", "later"); return err }(),
			"says": func() error {
				_, err := o.Plans.Arrange(a, p.Plan.ID, plan.Change{Rev: 99, Facts: map[string][]string{"staff": {"1"}}})
				return err
			}(),
			"arranges":  func() error { _, err := o.Plans.Arrange(a, p.Plan.ID, plan.Change{Rev: 99}); return err }(),
			"adds":      func() error { _, _, err := o.Plans.Add(a, p.Plan.ID, plan.Addition{}); return err }(),
			"does":      func() error { _, err := o.Plans.Do(a, p.Plan.ID, "pay", plan.Doing{State: 99}); return err }(),
			"decides":   func() error { _, _, err := o.Plans.Decide(a, p.Plan.ID, "when", plan.Saying{}); return err }(),
			"a missing": func() error { _, err := o.Plans.Read(a, 999); return err }(),
		} {
			missing := fault.KindOf(err) == fault.NotFound && err != nil
			if missing == want && name != "a missing" || name == "a missing" && !missing {
				t.Errorf("%s %s: %v", who, name, err)
			}
		}
	}
}

func TestWhoDecidesAndWhoProposes(t *testing.T) {
	o, p := planning(t)
	n := p.Plan.ID
	for who, want := range map[string]store.DecisionState{"agente": store.DecisionProposed, "responsabile": store.DecisionProposed, "referente": store.DecisionDecided, "collega": store.DecisionDecided} {
		v, _ := o.decided(who, n, "when", plan.Saying{Option: "january", For: "cda"})
		if got := decisionOf(v, "when"); got.State != want || got.Last.For != "cda" {
			t.Errorf("%s: %v", who, got.State)
		}
	}
	for who, s := range map[string]plan.Saying{"agente": {State: store.DecisionOpen, Reason: "r"}, "amministratore": {Option: "january"}} {
		if _, _, err := o.Plans.Decide(o.as(who), n, "when", s); fault.KindOf(err) != fault.Denied {
			t.Errorf("%s: %v", who, err)
		}
	}
	for who, want := range map[string]fault.Kind{"agente": fault.Denied, "referente": 0, "collega": 0} { // of the organisation's side
		_, err := o.Plans.Do(o.as(who), n, "pay", plan.Doing{State: store.StepBlocked, Reason: "r"})
		if (err == nil) != (want == 0) || err != nil && fault.KindOf(err) != want {
			t.Errorf("%s does the organisation's: %v", who, err)
		}
	}
	for who, want := range map[string]fault.Kind{"agente": 0, "referente": fault.Denied, "collega": fault.Denied, "amministratore": 0} {
		_, err := o.Plans.Do(o.as(who), n, "load", plan.Doing{State: store.StepBlocked, Reason: "r"})
		if (err == nil) != (want == 0) || err != nil && fault.KindOf(err) != want {
			t.Errorf("%s does the desk's: %v", who, err)
		}
	}
}

func TestADecisionBringsStepsAndTakesThemAway(t *testing.T) {
	o, p := planning(t)
	n := p.Plan.ID
	if s := stepOf(p, "again"); s.Shown || len(p.Asks) != 1 || p.Asks[0] != "staff" {
		t.Fatalf("a step that a decision brings is there before it: %+v, and %v asks", s, p.Asks)
	}
	if !stepOf(p, "totals").Shown || stepOf(p, "pay").Due.String() != "2027-01-18" {
		t.Fatalf("what a decision takes away is there before it; first pay on %v", stepOf(p, "pay").Due)
	}
	if d := decisionOf(p, "when"); d.By == 0 || !slices.Equal(d.Halts, []string{"load"}) {
		t.Errorf("the first decision is needed by %v for %v", d.By, d.Halts)
	}
	before, err := o.Plans.Preview(o.as("referente"), n, "when", "later")
	if err != nil || len(before.Move) != 1 || before.Move[0].Code != "pay" || before.Move[0].To.String() != "2027-02-01" {
		t.Fatalf("%+v %v", before, err)
	}
	if again, _ := o.Plans.Read(o.as("agente"), n); decisionOf(again, "when").Last != nil {
		t.Fatal("a preview decides")
	}
	if _, _, err := o.Plans.Decide(o.as("referente"), n, "months", plan.Saying{Option: "one"}); fault.KindOf(err) != fault.Conflict {
		t.Errorf("a decision is taken before the one that it needs: %v", err)
	}
	v, c := o.decided("referente", n, "when", plan.Saying{Option: "january"})
	if !slices.Equal(c.Disappear, []string{"totals"}) || stepOf(v, "totals").Shown {
		t.Errorf("%+v", c)
	}
	if _, err := o.Plans.Arrange(o.as("referente"), n, plan.Change{Rev: v.Plan.Rev, Facts: map[string][]string{"staff": {"1200"}}}); err != nil {
		t.Fatal(err)
	}
	v, c = o.decided("referente", n, "months", plan.Saying{Option: "three", Reason: "Molti casi."})
	if !slices.Equal(c.Appear, []string{"again"}) || !stepOf(v, "again").Shown || len(v.Asks) != 0 {
		t.Errorf("%+v, %v asks", c, v.Asks)
	}
	// An earlier decision that changes touches what rested on it, and undoes nothing.
	v, _ = o.decided("referente", n, "when", plan.Saying{Option: "later"})
	if d := decisionOf(v, "months"); !slices.Equal(d.Touched, []string{"when"}) || d.State != store.DecisionDecided {
		t.Errorf("%v is touched, %v", d.Touched, d.State)
	}
	v, _ = o.decided("referente", n, "months", plan.Saying{Option: "three"})
	if d := decisionOf(v, "months"); len(d.Touched) != 0 {
		t.Errorf("%v is still touched", d.Touched)
	}
	// A fact that changes does, too, and an option that is no longer offered can no longer be chosen.
	v, err = o.Plans.Arrange(o.as("agente"), n, plan.Change{Rev: v.Plan.Rev, Facts: map[string][]string{"staff": {"200"}}})
	if err != nil {
		t.Fatal(err)
	}
	if d := decisionOf(v, "months"); !slices.Equal(d.Touched, []string{"staff"}) {
		t.Errorf("%v is touched", d.Touched)
	}
	if _, _, err := o.Plans.Decide(o.as("referente"), n, "months", plan.Saying{Option: "three"}); fault.KindOf(err) != fault.Invalid {
		t.Errorf("an option that is not offered is chosen: %v", err)
	}
	h, err := o.Plans.History(o.as("collega"), n, "months")
	if err != nil || len(h) != 2 || h[0].Reason != "Molti casi." {
		t.Errorf("%d answers are kept: %v", len(h), err)
	}
}

// TestWordAndDeedAgree takes each option of each decision of the built-in templates after a preview: what was said is what
// happens.
func TestWordAndDeedAgree(t *testing.T) {
	o := installed(t)
	if err := o.Templates.Seed(t.Context()); err != nil {
		t.Fatal(err)
	}
	all, err := o.Templates.List(o.as("amministratore"))
	if err != nil || len(all) == 0 {
		t.Fatal(len(all), err)
	}
	changed := 0
	for _, tpl := range all {
		p, err := o.Plans.Begin(policy.Actor{System: true}, plan.Beginning{Template: tpl.Code, Organisation: "ateneo", Start: day("2026-03-02"), GoLive: day("2027-01-01")})
		if err != nil {
			t.Fatal(err)
		}
		for _, phase := range p.Phases {
			for _, d := range phase.Decisions {
				for _, option := range d.Options {
					v, err := o.Plans.Read(o.as("referente"), p.Plan.ID)
					if err != nil {
						t.Fatal(err)
					}
					now := decisionOf(v, d.Code)
					if now == nil || !now.Shown || len(now.Before) > 0 {
						continue
					}
					word, err := o.Plans.Preview(o.as("referente"), p.Plan.ID, d.Code, option.Code)
					if fault.KindOf(err) == fault.Invalid && err != nil {
						continue // not offered
					}
					if err != nil {
						t.Fatal(err)
					}
					after, deed := o.decided("referente", p.Plan.ID, d.Code, plan.Saying{Option: option.Code, Reason: "Prova."})
					if !slices.Equal(word.Appear, deed.Appear) || !slices.Equal(word.Disappear, deed.Disappear) || !slices.Equal(word.Move, deed.Move) {
						t.Errorf("%s: %s of %s says %+v and does %+v", tpl.Code, option.Code, d.Code, word, deed)
					}
					if len(deed.Appear)+len(deed.Disappear)+len(deed.Move) > 0 {
						changed++
					}
					for _, code := range deed.Appear {
						if s := stepOf(after, code); s != nil && !s.Shown {
							t.Errorf("%s is said to appear and does not", code)
						}
					}
					for _, m := range deed.Move {
						if s := stepOf(after, m.Code); s.Due != m.To {
							t.Errorf("%s is said to move to %v and is due on %v", m.Code, m.To, s.Due)
						}
					}
				}
			}
		}
	}
	if changed == 0 {
		t.Error("no decision changes anything")
	}
}

func TestTwoWhoDecideAtOnceBothAreHeard(t *testing.T) {
	o, p := planning(t)
	none := 0
	o.decided("collega", p.Plan.ID, "when", plan.Saying{Option: "later", Rev: &none})
	_, _, err := o.Plans.Decide(o.as("referente"), p.Plan.ID, "when", plan.Saying{Option: "january", Rev: &none})
	if fault.KindOf(err) != fault.Conflict {
		t.Fatalf("the second is not told of the first: %v", err)
	}
	h, err := o.Plans.History(o.as("referente"), p.Plan.ID, "when")
	if err != nil || len(h) != 1 || h[0].Option != "later" {
		t.Errorf("%+v %v", h, err)
	}
}

func TestWhatIsSaidOfAStep(t *testing.T) {
	o, p := planning(t)
	n := p.Plan.ID
	o.decided("referente", n, "when", plan.Saying{Option: "january"})
	if _, err := o.Plans.Arrange(o.as("agente"), n, plan.Change{Rev: p.Plan.Rev, Facts: map[string][]string{"staff": {"900"}}}); err != nil {
		t.Fatal(err)
	}
	o.decided("referente", n, "months", plan.Saying{Option: "three"})
	for name, f := range map[string]plan.Doing{
		"blocked by nothing":    {State: store.StepBlocked},
		"not needed, no reason": {State: store.StepNotNeeded},
		"without the figure":    {State: store.StepDone},
		"of tomorrow":           {State: store.StepDone, Figure: "0", Done: day("2026-03-20")},
	} {
		if _, err := o.Plans.Do(o.as("referente"), n, "again", f); fault.KindOf(err) != fault.Invalid {
			t.Errorf("%s: %v", name, err)
		}
	}
	v, err := o.Plans.Do(o.as("referente"), n, "again", plan.Doing{State: store.StepDone, Figure: "0 differenze"})
	if err != nil || stepOf(v, "again").State != store.StepDone || stepOf(v, "again").Progress.Done.IsZero() || v.Health.Done != 1 {
		t.Errorf("%+v %v", v.Health, err)
	}
	if _, err := o.Plans.Do(o.as("referente"), n, "nothing", plan.Doing{State: store.StepDone}); fault.KindOf(err) != fault.NotFound {
		t.Error(err)
	}
	v, code, err := o.Plans.Add(o.as("agente"), n, plan.Addition{Phase: "work", Name: "Avvisare", Day: "pay-5", Waits: []string{"load"}, Side: store.OfDesk})
	if err != nil || code != "own-1" || stepOf(v, code) == nil || stepOf(v, code).Side != store.OfDesk {
		t.Fatal(code, err)
	}
	if _, _, err := o.Plans.Add(o.as("agente"), n, plan.Addition{Phase: "nowhere", Day: "soon", Waits: []string{"x"}}); fault.KindOf(err) != fault.Invalid {
		t.Error(err)
	}
}

// recordWords are headings of a record, with codes and days as they are.
func recordWords() plan.Words {
	same := func(s string) string { return s }
	return plan.Words{Norms: "Norme", Files: "Allegati", State: func(_, code string) string { return code }, Version: strconv.Itoa, Day: same, Until: same}
}

func TestAClosedPlanKeepsItsRecord(t *testing.T) {
	o, p := planning(t)
	n := p.Plan.ID
	o.decided("referente", n, "when", plan.Saying{Option: "later", Reason: "Il *contratto* scade."})
	change := func(who string, c plan.Change) (*plan.View, error) {
		v, err := o.Plans.Read(o.as("agente"), n)
		if err != nil {
			t.Fatal(err)
		}
		c.Rev = v.Plan.Rev
		return o.Plans.Arrange(o.as(who), n, c)
	}
	for _, wrong := range []plan.Change{{State: store.PlanClosed}, {State: store.PlanPaused}} {
		if _, err := change("agente", wrong); fault.KindOf(err) != fault.Conflict {
			t.Errorf("a prepared plan goes to %v: %v", wrong.State, err)
		}
	}
	if _, err := change("agente", plan.Change{State: store.PlanRunning}); err != nil {
		t.Fatal(err)
	}
	if _, err := change("agente", plan.Change{State: store.PlanCancelled}); fault.KindOf(err) != fault.Invalid {
		t.Errorf("a plan is cancelled without a reason: %v", err)
	}
	v, err := change("agente", plan.Change{State: store.PlanClosed, Reason: "Fatto."})
	if err != nil || v.Plan.Record == "" {
		t.Fatal(err)
	}
	if _, err := change("agente", plan.Change{State: store.PlanRunning}); fault.KindOf(err) != fault.Conflict {
		t.Errorf("a closed plan runs again: %v", err)
	}
	if _, _, err := o.Plans.Decide(o.as("referente"), n, "months", plan.Saying{Option: "one"}); fault.KindOf(err) != fault.Conflict {
		t.Errorf("a closed plan is decided: %v", err)
	}
	r, err := o.Plans.Record(o.as("referente"), n)
	if err != nil {
		t.Fatal(err)
	}
	if len(r.Decisions) != 2 || r.Decisions[0].Choice != "A metà anno" || !r.Decisions[0].Deviates || r.Decisions[0].By != "Rita Referente" || len(r.Open) != 1 || len(r.Norms) != 0 {
		t.Errorf("%+v", r)
	}
	text := r.Markdown(recordWords())
	if !strings.Contains(text, `Il \*contratto\* scade.`) || strings.Contains(text, "Una legge") {
		t.Error(text)
	}
	if r, _ := o.Plans.Record(o.as("agente"), n); len(r.Norms) != 1 || r.Norms[0].Verified != "" {
		t.Errorf("the desk is not told of what is to be verified: %+v", r.Norms)
	}
}

func TestHowOthersChoseNamesNobody(t *testing.T) {
	o, p := planning(t)
	closed := func(option string) {
		t.Helper()
		v, err := o.Plans.Begin(o.as("agente"), plan.Beginning{Template: "prova", Organisation: "altro", Start: day("2026-03-02"), GoLive: day("2027-01-01")})
		if err != nil {
			t.Fatal(err)
		}
		if _, _, err := o.Plans.Decide(policy.Actor{System: true}, v.Plan.ID, "when", plan.Saying{Option: option}); err != nil {
			t.Fatal(err)
		}
		for _, s := range []store.PlanState{store.PlanRunning, store.PlanClosed} {
			if v, err = o.Plans.Arrange(o.as("agente"), v.Plan.ID, plan.Change{Rev: v.Plan.Rev, State: s}); err != nil {
				t.Fatal(err)
			}
		}
	}
	chosen := func() map[string]plan.Band {
		t.Helper()
		out, err := o.Plans.Chosen(o.as("referente"), p.Plan.ID, "when")
		if err != nil {
			t.Fatal(err)
		}
		return out
	}
	for range 8 {
		closed("january")
	}
	o.later(120 * 24 * time.Hour)
	if got := chosen(); got != nil {
		t.Errorf("where all chose alike %v is said", got)
	}
	closed("later")
	if got := chosen(); got != nil {
		t.Errorf("in the quarter of the last one %v is said", got)
	}
	o.later(120 * 24 * time.Hour)
	if got := chosen(); got["january"] != plan.Most || got["later"] != plan.Few {
		t.Errorf("%v", got)
	}
}

func TestAnArticleFromADecisionNamesNobody(t *testing.T) {
	o, p := planning(t)
	n := p.Plan.ID
	words := plan.LessonWords{Options: "Alternative", Chosen: "Scelta", Reason: "Motivo"}
	_, err := o.Plans.Lesson(o.as("agente"), n, "when", words)
	o.wantKind("nobody decided", err, fault.NotFound)
	o.decided("collega", n, "when", plan.Saying{Option: "january", Reason: "Carlo Collega dell'Ateneo, ufficio Personale, lo chiede con Rita: scrivere a collega@ateneo.example. I *progressivi* partono da zero."})
	for _, who := range []string{"collega", "referente"} {
		_, err := o.Plans.Lesson(o.as(who), n, "when", words)
		o.wantKind(who, err, fault.Denied)
	}
	for _, who := range []string{"estraneo", "altrove", "redattore"} {
		_, err := o.Plans.Lesson(o.as(who), n, "when", words)
		o.wantKind(who, err, fault.NotFound)
	}
	l, err := o.Plans.Lesson(o.as("agente"), n, "when", words)
	if err != nil || l.Title != "Quando si parte?" || l.Module != o.module["csa"] {
		t.Fatalf("%v %+v", err, l)
	}
	for _, name := range []string{"Carlo", "Collega", "Ateneo", "Personale", "Rita", "@"} {
		if strings.Contains(l.Body, name) {
			t.Errorf("%s is named\n%s", name, l.Body)
		}
	}
	for _, text := range []string{"Tutto dipende da qui.", "A metà anno", "A gennaio", `I \*progressivi\* partono da zero`} {
		if !strings.Contains(l.Body, text) {
			t.Errorf("%q is not said\n%s", text, l.Body)
		}
	}
}

// TestNobodyIsToDecideOnASunday: the last day of a decision is a working one, whatever its steps are counted from.
func TestNobodyIsToDecideOnASunday(t *testing.T) {
	o, p := planning(t)
	seen := 0
	for n := range 14 {
		live := day("2027-01-18").AddDate(0, 0, n)
		v := o.arranged(p.Plan.ID, plan.Change{GoLive: &live})
		for _, ph := range v.Phases {
			for _, d := range ph.Decisions {
				if d.By == 0 {
					continue
				}
				seen++
				if at := d.By.Time(); at.Weekday() == time.Saturday || at.Weekday() == time.Sunday {
					t.Errorf("going live on %s, %s is to be decided on a %s", live.Format(time.DateOnly), d.Code, at.Weekday())
				}
			}
		}
	}
	if seen == 0 {
		t.Error("no decision has a day")
	}
}
