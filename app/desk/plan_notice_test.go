package desk

import (
	"context"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"sportello/app/desk/notice"
	"sportello/app/desk/plan"
	"sportello/app/desk/post"
	"sportello/app/desk/ticket"
	"sportello/app/desk/work"
	"sportello/store"
	"sportello/store/db"
	"sportello/store/door"
	"sportello/store/event"
	"sportello/store/fault"
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

// frozen is the trial template with a freeze before going live.
const frozen = trial + `
[[phase.freeze]]
code = "still"
name = { it = "Fermo degli stipendi", en = "Payroll stands still" }
stops = { it = "Nessuna modifica.", en = "No changes." }
from = "golive-5"
until = "golive"
`

func TestWhoReadOfAFreeze(t *testing.T) {
	o := installed(t)
	p := o.began(frozen, "2026-03-02", "2027-01-01")
	n := p.Plan.ID
	people := []plan.Named{{Email: "collega@ateneo.example", Role: "cda"}}
	o.arranged(n, plan.Change{State: store.PlanRunning, People: &people})
	readers := func(who string) plan.Readers {
		all, err := o.Plans.Readers(o.as(who), n)
		if err != nil {
			t.Fatalf("%s: %v", who, err)
		}
		return all["still"]
	}
	for _, who := range []string{"estraneo", "ada", "altrove", "redattore"} {
		o.wantKind(who+" reads", o.Plans.ReadFreeze(o.as(who), n, "still"), fault.NotFound)
	}
	o.wantKind("of none", o.Plans.ReadFreeze(o.as("collega"), n, "pay"), fault.NotFound)
	wantTexts(t, "missing", readers("agente").Missing, "Carlo Collega", "Rita Referente")
	for range 2 {
		if err := o.Plans.ReadFreeze(o.as("collega"), n, "still"); err != nil {
			t.Fatal(err)
		}
	}
	wantTexts(t, "read", readers("agente").Read, "Carlo Collega")
	wantTexts(t, "missing", readers("agente").Missing, "Rita Referente")
	if own := readers("collega"); !own.Mine || own.Read != nil || own.Missing != nil {
		t.Errorf("of the organisation: %+v", own)
	}
	if readers("referente").Mine {
		t.Error("the coordinator read of it")
	}
	// Whoever has read of it is not told that it is near.
	o.Post.SetMail(post.Options{From: "sportello@ateneo.example", Key: []byte(strings.Repeat("k", 32))})
	o.morning("2026-12-09")
	near := o.morning("2026-12-10")
	if strings.Contains(says(near["collega"]), "plan-freeze") || !strings.Contains(says(near["referente"]), "plan-freeze: Fermo degli stipendi") {
		t.Errorf("near: %q, %q", says(near["collega"]), says(near["referente"]))
	}
	if again := o.morning("2026-12-11"); strings.Contains(says(again["referente"]), "plan-freeze") {
		t.Errorf("told twice: %q", says(again["referente"]))
	}
	later := day("2027-02-01") // another freeze, as it were
	o.arranged(n, plan.Change{GoLive: &later})
	if readers("collega").Mine {
		t.Error("of the freeze as it is now nobody has read")
	}
	o.arranged(n, plan.Change{State: store.PlanClosed})
	o.wantKind("closed", o.Plans.ReadFreeze(o.as("referente"), n, "still"), fault.Conflict)
}

func TestATicketBecomesAStep(t *testing.T) {
	o, p := planning(t)
	plain, secret := o.open("csa"), o.open("legale")
	add := func(who string, ticket uint64) (string, error) {
		_, code, err := o.Plans.Add(o.as(who), p.Plan.ID, plan.Addition{Phase: "work", Name: "Sistemare il cedolino", On: day("2026-05-04"), Ticket: ticket})
		return code, err
	}
	for _, who := range []string{"collega", "referente"} {
		_, err := add(who, plain.ID)
		o.wantKind(who, err, fault.Denied)
	}
	_, err := add("altrove", plain.ID)
	o.wantKind("elsewhere", err, fault.NotFound)
	_, err = add("agente", secret.ID) // of another group, confidential: there is no such ticket
	o.wantKind("a ticket that the agent does not see", err, fault.Invalid)
	code, err := add("agente", plain.ID)
	if err != nil {
		t.Fatal(err)
	}
	v, err := o.Plans.Read(o.as("agente"), p.Plan.ID)
	if err != nil || stepOf(v, code).Due.String() != "2026-05-04" {
		t.Fatalf("%v, due %v", err, stepOf(v, code).Due)
	}
	if asked, err := o.Plans.Beside(o.as("agente"), p.Plan.ID, code); err != nil || asked == nil || asked.Subject != plain.Subject {
		t.Errorf("beside: %+v, %v", asked, err)
	}
	if asked, err := o.Plans.Beside(o.as("collega"), p.Plan.ID, code); err != nil || asked != nil {
		t.Errorf("for who may not see the ticket: %+v, %v", asked, err)
	}
	err = o.st.Update(db.By{Via: door.Command}, func(tx *db.Tx) error { // both groups are the agent's
		who, err := store.People.Get(tx, o.people["agente"].ID)
		if err != nil {
			return err
		}
		who.Groups = append(who.Groups, store.Membership{Group: o.group["legale"]})
		o.people["agente"] = who
		return store.People.Put(tx, who)
	})
	if err != nil {
		t.Fatal(err)
	}
	o.do("agente", secret.ID, ticket.Step{Message: &ticket.Text{Body: "Segreto."}})
	if code, err = add("agente", secret.ID); err != nil {
		t.Fatal(err)
	}
	asked, err := o.Plans.Beside(o.as("agente"), p.Plan.ID, code)
	if err != nil || asked == nil || asked.ID != secret.ID || asked.Subject != "" || asked.Answer != "" {
		t.Errorf("of a confidential ticket there is more than its number: %+v, %v", asked, err)
	}
	if _, _, err := o.Plans.Decide(o.as("agente"), p.Plan.ID, "when", plan.Saying{Option: "january", Ticket: secret.ID}); err != nil {
		t.Fatal(err)
	}
	if v, err = o.Plans.Read(o.as("collega"), p.Plan.ID); err != nil || decisionOf(v, "when").Last.Reason != "" {
		t.Errorf("its answer became a reason: %q, %v", decisionOf(v, "when").Last.Reason, err)
	}
}

// TestMoreThanFitsInALetterIsToldOnTheNextMornings: each once, however many wait at once.
func TestMoreThanFitsInALetterIsToldOnTheNextMornings(t *testing.T) {
	o := installed(t)
	var source strings.Builder
	source.WriteString(papers[:strings.Index(papers, "[[phase.step]]")])
	const steps = store.MaxCodes + 120
	for i := range steps {
		fmt.Fprintf(&source, "[[phase.step]]\ncode = \"s%d\"\nname = { it = \"P\", en = \"S\" }\nwho = [\"cda\"]\nday = \"golive\"\ndone_when = { it = \"F\", en = \"D\" }\n", i)
	}
	p := o.began(source.String(), "2026-03-02", "2027-01-04")
	o.arranged(p.Plan.ID, plan.Change{State: store.PlanRunning})
	told := map[string]int{}
	for range 3 {
		err := o.st.Update(db.By{}, func(tx *db.Tx) error {
			list, err := o.Plans.Remind(tx, p.Plan.ID)
			for _, one := range list {
				if one.ID == o.people["referente"].ID {
					if len(one.Waits) > store.MaxCodes {
						t.Errorf("told of %d at once", len(one.Waits))
					}
					for _, code := range one.Waits {
						told[code]++
					}
				}
			}
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
		o.later(24 * time.Hour)
	}
	for code, n := range told {
		if n != 1 {
			t.Errorf("told of %s %d times", code, n)
		}
	}
	if len(told) != steps {
		t.Errorf("told of %d of %d", len(told), steps)
	}
}

// TestWhoeverIsNamedLaterHearsIt: the next working morning, in the letter of the day, with what has waited for them since
// before; once, and nobody else again.
func TestWhoeverIsNamedLaterHearsIt(t *testing.T) {
	o, p := running(t)
	n := p.Plan.ID
	o.morning("2026-03-11")
	both := []plan.Named{{Email: "collega@ateneo.example", Role: "cda"}, {Email: "ada@ateneo.example", Role: "cda"}}
	o.arranged(n, plan.Change{People: &both})
	if again := o.posted(); len(again) != 0 {
		t.Errorf("a second letter of the day: %v", again)
	}
	got := o.morning("2026-03-12")
	if len(got) != 1 || says(got["ada"]) != "plan-named:; plan-waits: Quando si parte?" {
		t.Errorf("named later: %d letters, %q", len(got), says(got["ada"]))
	}
	if again := o.morning("2026-03-13"); len(again) != 0 {
		t.Errorf("told twice: %v", again)
	}
	// With nobody of the role any more it waits for the coordinator, who is no newcomer; an agent who leads from now on is.
	none, lead := []plan.Named{}, "agente2@ateneo.example"
	o.arranged(n, plan.Change{People: &none, Lead: &lead})
	got = o.morning("2026-03-16")
	if len(got) != 2 || says(got["referente"]) != "plan-waits: Quando si parte?" || says(got["agente2"]) != "plan-named:; plan-waits: Portare i progressivi" {
		t.Errorf("others now: %d letters, %q, %q", len(got), says(got["referente"]), says(got["agente2"]))
	}
	// A row from before people were remembered tells nobody again.
	err := o.st.Update(db.By{}, func(tx *db.Tx) error {
		row, err := store.RemindingsByPlan.First(tx, n)
		if err != nil {
			return err
		}
		row.Heard = nil
		return store.Remindings.Put(tx, row)
	})
	if err != nil {
		t.Fatal(err)
	}
	if again := o.morning("2026-03-17"); len(again) != 0 {
		t.Errorf("told again after an upgrade: %v", again)
	}
}
