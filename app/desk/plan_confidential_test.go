package desk

import (
	"slices"
	"testing"
	"time"

	"sportello/app/desk/audit"
	"sportello/app/desk/plan"
	"sportello/store"
	"sportello/store/db"
	"sportello/store/fault"
)

// TestAConfidentialPlanIsShownToAdministratorsOnlyAfterAReason: till then it is in none of their lists and overviews, they
// read neither record nor files and change nothing; afterwards for an hour. The audit log has the reason, and who of the desk
// read it.
func TestAConfidentialPlanIsShownToAdministratorsOnlyAfterAReason(t *testing.T) {
	o, p := planning(t)
	n := p.Plan.ID
	if err := o.Audits.CatchUp(t.Context()); err != nil { // the log begins
		t.Fatal(err)
	}
	v, err := o.sent("referente", n, "load", "", "atto.txt", "segreto")
	if err != nil {
		t.Fatal(err)
	}
	file := v.Files["load"][0].ID
	if err := o.st.Update(db.By{}, func(tx *db.Tx) error {
		g, err := store.Groups.Get(tx, p.Plan.Group)
		if err != nil {
			return err
		}
		g.Confidential = true
		return store.Groups.Put(tx, g)
	}); err != nil {
		t.Fatal(err)
	}
	admin := o.as("amministratore")
	sees := func() (out []string) {
		t.Helper()
		say := func(what string, err error, there bool) {
			switch {
			case err == nil && there:
				out = append(out, what)
			case err != nil && fault.KindOf(err) != fault.Denied && fault.KindOf(err) != fault.NotFound:
				t.Errorf("%s: %v", what, err)
			}
		}
		_, err := o.Plans.Read(admin, n)
		say("page", err, true)
		_, err = o.Plans.Record(admin, n)
		say("record", err, true)
		_, r, err := o.Files.Open(admin, file)
		say("file", err, true)
		if err == nil {
			_ = r.Close()
		}
		_, err = o.Plans.Chosen(admin, n, "when")
		say("others", err, true)
		list, _, err := o.Plans.List(admin, plan.Filter{Limit: 50})
		say("list", err, len(list) > 0)
		all, err := o.Plans.Overview(admin)
		say("overview", err, err == nil && len(all.Lines()) > 0)
		return out
	}
	if got := sees(); len(got) > 0 {
		t.Errorf("without a reason an administrator sees %v", got)
	}
	if _, err := o.Plans.Arrange(admin, n, plan.Change{State: store.PlanRunning}); fault.KindOf(err) != fault.Denied {
		t.Errorf("without a reason it is changed: %v", err)
	}
	for who, kind := range map[string]fault.Kind{"estraneo": fault.NotFound, "ada": fault.NotFound} {
		if _, err := o.Plans.Read(o.as(who), n); fault.KindOf(err) != kind {
			t.Errorf("%s is told %v", who, err)
		}
	}
	for _, who := range []string{"estraneo", "referente", "agente", "responsabile"} {
		if err := o.Rights.GiveReasonForPlan(o.as(who), n, "Perché sì"); fault.KindOf(err) != fault.NotFound {
			t.Errorf("%s gives a reason: %v", who, err)
		}
	}
	if err := o.Rights.GiveReasonForPlan(admin, n, ""); fault.KindOf(err) != fault.Invalid {
		t.Errorf("no reason is given: %v", err)
	}
	if err := o.Rights.GiveReasonForPlan(admin, n+99, "Che c'è?"); fault.KindOf(err) != fault.NotFound {
		t.Errorf("a reason is given for nothing: %v", err)
	}
	if err := o.Rights.GiveReasonForPlan(admin, n, "Il gruppo chiede aiuto"); err != nil {
		t.Fatal(err)
	}
	if got := sees(); !slices.Equal(got, []string{"page", "record", "file", "others", "list", "overview"}) {
		t.Errorf("with a reason an administrator sees %v", got)
	}
	if _, err := o.Plans.Read(o.as("agente"), n); err != nil {
		t.Errorf("the group: %v", err)
	}
	if _, err := o.Plans.Read(o.as("referente"), n); err != nil {
		t.Errorf("the coordinator: %v", err)
	}

	if err := o.Audits.CatchUp(t.Context()); err != nil {
		t.Fatal(err)
	}
	lines, _, err := o.Audits.List(o.as("amministratore"), audit.Filter{Kind: store.AuditReading, Limit: 50})
	if err != nil {
		t.Fatal(err)
	}
	var who []uint64
	for _, l := range lines {
		if l.Entry.Table == store.Plans.Name() && l.Entry.Of == n {
			who = append(who, l.Entry.By)
		}
	}
	slices.Sort(who)
	want := []uint64{o.people["agente"].ID, o.people["amministratore"].ID, o.people["amministratore"].ID} // who gave a reason, and read
	slices.Sort(want)
	if !slices.Equal(who, want) {
		t.Errorf("the audit log has readings by %v, wanted %v", who, want)
	}

	o.later(time.Hour)
	if got := sees(); len(got) > 0 {
		t.Errorf("after an hour an administrator still sees %v", got)
	}
}
