package desk

import (
	"context"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"sportello/app/desk/notice"
	"sportello/app/desk/plan"
	"sportello/app/desk/post"
	"sportello/app/desk/work"
	"sportello/store"
	"sportello/store/db"
	"sportello/store/event"
)

// running is planning with a plan that runs, at a desk that sends mail.
func running(t testing.TB) (*office, *plan.View) {
	o, p := planning(t)
	o.Post.SetMail(post.Options{From: "sportello@ateneo.example", Key: []byte(strings.Repeat("k", 32))})
	o.told()
	return o, o.arranged(p.Plan.ID, plan.Change{Rev: p.Plan.Rev, State: store.PlanRunning})
}

// told plans what is behind, and returns the notices of plans that came since it was last asked, as "name event".
func (o *office) told() []string {
	o.t.Helper()
	if _, err := o.Notices.Plan(); err != nil {
		o.t.Fatal(err)
	}
	var out []string
	for name := range o.people {
		lines, _, err := o.Notices.List(o.as(name), 100)
		if err != nil {
			o.t.Fatal(err)
		}
		for _, n := range lines {
			if n.Plan != 0 && !n.Read {
				out = append(out, name+" "+n.Event.String())
				if _, err := o.Notices.Read(o.as(name), n.ID); err != nil {
					o.t.Fatal(err)
				}
			}
		}
	}
	slices.Sort(out)
	return out
}

// morning goes to seven o'clock and five minutes of the day, reminds, and returns the letters that go out, by name.
func (o *office) morning(date string) map[string]*notice.Outgoing {
	o.t.Helper()
	at := day(date).Add(7*time.Hour + 5*time.Minute)
	o.now.Store(at.UnixNano())
	return o.posted()
}

func (o *office) posted() map[string]*notice.Outgoing {
	o.t.Helper()
	if _, err := o.Notices.Plan(); err != nil {
		o.t.Fatal(err)
	}
	if _, err := o.Notices.RemindPlans(); err != nil {
		o.t.Fatal(err)
	}
	if _, err := o.Notices.PlanDigest(); err != nil {
		o.t.Fatal(err)
	}
	out := map[string]*notice.Outgoing{}
	_, err := o.Notices.SendLetters(context.Background(), func(_ context.Context, l *notice.Outgoing) notice.Sent {
		name, _, _ := strings.Cut(l.Letter.To, "@")
		if out[name] != nil {
			o.t.Errorf("two letters to %s", name)
		}
		out[name] = l
		return notice.Sent{OK: true}
	})
	if err != nil {
		o.t.Fatal(err)
	}
	return out
}

// says returns what a letter names, as "event: names".
func says(l *notice.Outgoing) string {
	if l == nil {
		return ""
	}
	var out []string
	for _, line := range l.Lines {
		names := ""
		for _, x := range line.Plan.Lines {
			names += " " + x.Name.IT
			if x.Late {
				names += "!"
			}
		}
		out = append(out, line.Event.String()+":"+names)
	}
	return strings.Join(out, "; ")
}

func TestOfAPlanNobodyElseIsTold(t *testing.T) {
	o, p := running(t)
	n := p.Plan.ID
	wantTexts(t, "begun", o.told(), "collega plan-begun", "referente plan-begun")
	o.decided("agente", n, "when", plan.Saying{Option: "january", Reason: "Conviene."})
	wantTexts(t, "proposed", o.told(), "collega plan-proposed")
	o.decided("collega", n, "when", plan.Saying{Option: "later"})
	wantTexts(t, "decided", o.told(), "agente plan-decided")
	later := day("2027-02-01")
	v := o.arranged(n, plan.Change{GoLive: &later})
	wantTexts(t, "moved", o.told(), "collega plan-moved", "referente plan-moved")
	name := "Altro nome"
	v = o.arranged(n, plan.Change{Rev: v.Plan.Rev, Name: &name})
	wantTexts(t, "named", o.told())
	v = o.arranged(n, plan.Change{Rev: v.Plan.Rev, State: store.PlanPaused, Reason: "Si aspetta."})
	wantTexts(t, "paused", o.told(), "collega plan-stopped", "referente plan-stopped")
	v = o.arranged(n, plan.Change{Rev: v.Plan.Rev, State: store.PlanRunning})
	wantTexts(t, "again", o.told(), "collega plan-begun", "referente plan-begun")
	o.arranged(n, plan.Change{Rev: v.Plan.Rev, State: store.PlanClosed})
	wantTexts(t, "closed", o.told(), "collega plan-closed", "referente plan-closed")
}

func TestWhatWaitsIsRemindedByRuleAndInOneLetterADay(t *testing.T) {
	o, p := running(t)
	n := p.Plan.ID
	got := o.morning("2026-03-11")
	if len(got) != 3 || says(got["agente"]) != "plan-waits: Portare i progressivi" || says(got["collega"]) != "plan-begun:; plan-waits: Quando si parte?" || says(got["referente"]) != "plan-begun:" {
		t.Fatalf("the first morning: %d letters, %q, %q", len(got), says(got["collega"]), says(got["referente"]))
	}
	for _, date := range []string{"2026-03-12", "2026-03-13"} {
		if got := o.morning(date); len(got) != 0 {
			t.Errorf("told twice on %s: %v", date, got)
		}
	}
	o.decided("collega", n, "when", plan.Saying{Option: "january"})
	for _, weekend := range []string{"2026-03-14", "2026-03-15"} {
		if got := o.morning(weekend); len(got) != 0 {
			t.Errorf("told on %s: %v", weekend, got)
		}
	}
	if got = o.morning("2026-03-16"); len(got) != 2 || says(got["agente"]) != "plan-decided: Quando si parte?; plan-waits: Caricare" || says(got["collega"]) != "plan-waits: Quanti mesi di parallelo?" {
		t.Fatalf("what waits now: %q, %q", says(got["agente"]), says(got["collega"]))
	}
	v, err := o.Plans.Read(o.as("agente"), n)
	if err != nil {
		t.Fatal(err)
	}
	due := stepOf(v, "load").Due
	heard := []string{}
	for at := due - 14; at < due+45; at++ {
		if l := o.morning(at.String())["agente"]; l != nil {
			heard = append(heard, at.Time().Weekday().String()[:3]+" "+says(l))
		}
	}
	// Five working days before, on the day, and five, ten and twenty after it.
	wantTexts(t, "reminders", heard, "Wed plan-waits: Caricare", "Wed plan-waits: Caricare", "Wed plan-waits: Caricare!", "Wed plan-waits: Caricare!", "Wed plan-waits: Caricare!")
}

func TestALetterTellsOnlyWhatIsSoWhenItGoes(t *testing.T) {
	o, p := running(t)
	n := p.Plan.ID
	o.morning("2026-03-11")
	o.decided("collega", n, "when", plan.Saying{Option: "january"})
	at := day("2026-03-12").Add(7*time.Hour + 5*time.Minute)
	wait := func() {
		o.now.Store(at.UnixNano())
		at = at.AddDate(0, 0, 1)
		if _, err := o.Notices.Plan(); err != nil {
			t.Fatal(err)
		}
		if _, err := o.Notices.RemindPlans(); err != nil {
			t.Fatal(err)
		}
		if _, err := o.Notices.PlanDigest(); err != nil {
			t.Fatal(err)
		}
	}
	wait()
	o.decided("collega", n, "months", plan.Saying{Option: "one"})
	if l := o.posted()["collega"]; l != nil {
		t.Errorf("told of what is decided: %q", says(l))
	}
	o.decided("collega", n, "months", plan.Saying{State: store.DecisionOpen, Reason: "Ci ripensiamo."})
	wait()
	o.arranged(n, plan.Change{State: store.PlanPaused, Reason: "Si aspetta."})
	if l := o.posted()["collega"]; l != nil {
		t.Errorf("reminded of a plan that stands still: %q", says(l))
	}
	if got := o.morning("2026-03-17"); says(got["collega"]) != "plan-stopped:" {
		t.Errorf("paused: %q", says(got["collega"]))
	}
	for _, date := range []string{"2026-09-01", "2026-10-01"} {
		if got := o.morning(date); len(got) != 0 {
			t.Errorf("a paused plan writes on %s: %v", date, got)
		}
	}
	o.arranged(n, plan.Change{State: store.PlanRunning})
	at = day("2026-10-05").Add(7*time.Hour + 5*time.Minute)
	wait()
	none := []plan.Named{}
	o.arranged(n, plan.Change{People: &none})
	if l := o.posted()["collega"]; l != nil {
		t.Errorf("told of a plan that they may not see: %q", says(l))
	}
}

// TestARemindingThatIsCutOffGoesOn stops a desk after the first of three plans, as a kill would, and begins another on its
// files: everybody is told once of each, in one letter.
func TestARemindingThatIsCutOffGoesOn(t *testing.T) {
	o, _ := running(t)
	for range 2 {
		p, err := o.Plans.Begin(o.as("agente"), plan.Beginning{Template: "prova", Organisation: "ateneo", Start: day("2026-03-02"), GoLive: day("2027-01-01"),
			People: []plan.Named{{Email: "collega@ateneo.example", Role: "cda"}}})
		if err != nil {
			t.Fatal(err)
		}
		o.arranged(p.Plan.ID, plan.Change{State: store.PlanRunning})
	}
	o.now.Store(day("2026-03-11").Add(7 * time.Hour).UnixNano())
	if told, err := o.Notices.RemindPlan(1); err != nil || told != 2 {
		t.Fatalf("told %d, %v", told, err)
	}
	dir := t.TempDir()
	if err := os.CopyFS(dir, os.DirFS(o.dir)); err != nil {
		t.Fatal(err)
	}
	st, err := store.Open(dir, db.Options{NoSync: true, Clock: func() time.Time { return time.Unix(0, o.now.Add(int64(time.Millisecond))) }})
	if err != nil {
		t.Fatal(err)
	}
	defer st.Close()
	o.st, o.Desk = st, New(Options{Store: st})
	o.Post.SetMail(post.Options{From: "sportello@ateneo.example", Key: []byte(strings.Repeat("k", 32))})
	got := o.posted()
	waits := 0
	for _, line := range got["collega"].Lines {
		if line.Event == event.PlanWaits {
			waits++
		}
	}
	if waits != 3 {
		t.Errorf("%d plans in the letter: %q", waits, says(got["collega"]))
	}
	if again := o.posted(); len(again) != 0 {
		t.Errorf("told again: %v", again)
	}
	// A plan that begins after the letter of the day waits for the next one.
	p, err := o.Plans.Begin(o.as("agente"), plan.Beginning{Template: "prova", Organisation: "ateneo", Start: day("2026-03-02"), GoLive: day("2027-01-01"),
		People: []plan.Named{{Email: "collega@ateneo.example", Role: "cda"}}})
	if err != nil {
		t.Fatal(err)
	}
	o.arranged(p.Plan.ID, plan.Change{State: store.PlanRunning})
	if again := o.posted(); len(again) != 0 {
		t.Errorf("a second letter of the day: %v", again)
	}
	if next := o.morning("2026-03-12"); says(next["collega"]) != "plan-begun:; plan-waits: Quando si parte?" {
		t.Errorf("the next day: %q", says(next["collega"]))
	}
}

func TestWhatWaitsInPlansIsWork(t *testing.T) {
	o, p := planning(t)
	waits := func(who string) (out []string) {
		items, err := o.Work.List(o.as(who))
		if err != nil {
			t.Fatal(err)
		}
		for _, i := range items {
			if i.Noun == "plans" && i.Number == p.Plan.ID && i.Count == 1 {
				out = append(out, i.Why.String())
			}
		}
		return out
	}
	for _, who := range []string{"estraneo", "ada", "redattore", "amministratore", "altrove", "agente2", "referente"} {
		wantTexts(t, who, waits(who))
	}
	wantTexts(t, "who has the role", waits("collega"), work.Decide.String())
	o.decided("collega", p.Plan.ID, "when", plan.Saying{Option: "january"})
	wantTexts(t, "the next one", waits("collega"), work.Decide.String())
	wantTexts(t, "who leads it", waits("agente"), work.Do.String())
	none, nobody := []plan.Named{}, ""
	o.arranged(p.Plan.ID, plan.Change{People: &none, Lead: &nobody})
	wantTexts(t, "nobody named", waits("referente"), work.Decide.String())
	wantTexts(t, "nobody leads", waits("agente2"), work.Do.String())
	o.arranged(p.Plan.ID, plan.Change{State: store.PlanCancelled, Reason: "Rinviato."})
	wantTexts(t, "cancelled", waits("referente"))
}
