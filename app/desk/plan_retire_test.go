package desk

import (
	"testing"

	"sportello/app/desk/catalogue"
	"sportello/app/desk/plan"
	"sportello/store"
	"sportello/store/db"
	"sportello/store/fault"
)

func TestNoPlanBeginsWithARetiredTemplateAndThoseThatDidGoOn(t *testing.T) {
	o, p := planning(t)
	read := func() uint64 {
		v, err := o.Templates.Read(o.as("responsabile"), "prova")
		if err != nil {
			t.Fatal(err)
		}
		return v.Rev
	}
	for who, kind := range map[string]fault.Kind{"agente": fault.Denied, "referente": fault.NotFound} {
		if _, err := o.Templates.Retire(o.as(who), "prova", read(), true); fault.KindOf(err) != kind {
			t.Errorf("%s retires it: %v", who, err)
		}
	}
	if _, err := o.Templates.Retire(o.as("responsabile"), "prova", read()+1, true); fault.KindOf(err) != fault.Conflict {
		t.Errorf("it is retired as somebody else left it: %v", err)
	}
	if _, err := o.Templates.Retire(o.as("responsabile"), "prova", read(), true); err != nil {
		t.Fatal(err)
	}
	begin := plan.Beginning{Template: "prova", Organisation: "ateneo", Start: day("2026-03-02"), GoLive: day("2027-01-04")}
	if _, err := o.Plans.Begin(o.as("agente"), begin); fault.KindOf(err) != fault.Invalid {
		t.Errorf("a plan begins with it: %v", err)
	}
	o.decided("referente", p.Plan.ID, "when", plan.Saying{Option: "january"})
	if _, err := o.Templates.Retire(o.as("responsabile"), "prova", read(), false); err != nil {
		t.Fatal(err)
	}
	if _, err := o.Plans.Begin(o.as("agente"), begin); err != nil {
		t.Errorf("no plan begins with it after it was taken into use again: %v", err)
	}
}

// TestAPlanIsHandedToAnotherGroup: by who arranges it, to one that is there; whoever led it and is not of the new group leads
// it no more, and the old group no longer sees it.
func TestAPlanIsHandedToAnotherGroup(t *testing.T) {
	o, p := planning(t)
	n := p.Plan.ID
	other := &store.Group{Code: "altri", Name: store.Words{IT: "Altri"}}
	if err := o.st.Update(db.By{}, func(tx *db.Tx) error { return store.Groups.Put(tx, other) }); err != nil {
		t.Fatal(err)
	}
	to, none := "altri", "nessuno"
	if _, err := o.Plans.Arrange(o.as("referente"), n, plan.Change{Rev: p.Plan.Rev, Group: &to}); fault.KindOf(err) != fault.Denied {
		t.Errorf("the organisation hands it over: %v", err)
	}
	if _, err := o.Plans.Arrange(o.as("agente"), n, plan.Change{Rev: p.Plan.Rev, Group: &none}); fault.KindOf(err) != fault.Invalid {
		t.Errorf("it goes to no group: %v", err)
	}
	if p.Plan.Lead == 0 {
		t.Fatal("nobody leads it")
	}
	v := o.arranged(n, plan.Change{Group: &to})
	if v.Plan.Group != other.ID || v.Plan.Lead != 0 {
		t.Errorf("it is of group %d, led by %d", v.Plan.Group, v.Plan.Lead)
	}
	if _, err := o.Plans.Read(o.as("agente"), n); fault.KindOf(err) != fault.NotFound {
		t.Errorf("the old group reads it: %v", err)
	}
	if _, err := o.Plans.Read(o.as("referente"), n); err != nil {
		t.Errorf("the organisation: %v", err)
	}
}

// TestWhoAdministersSwitchesOffHowOthersChose, and nobody else; what is said comes back as it was.
func TestWhoAdministersSwitchesOffHowOthersChose(t *testing.T) {
	o, p := planning(t)
	closed, err := o.Plans.Begin(o.as("agente"), plan.Beginning{Template: "prova", Organisation: "ateneo", Start: day("2025-03-03"), GoLive: day("2025-10-01")})
	if err != nil {
		t.Fatal(err)
	}
	err = o.st.Update(db.By{}, func(tx *db.Tx) error {
		for i := range 8 {
			d := &store.Decision{Plan: closed.Plan.ID, Code: "when", Number: i + 1, State: store.DecisionDecided, Option: []string{"january", "later"}[min(i/6, 1)], Closed: day("2025-12-01"), Of: p.Plan.Template, At: day("2025-11-01")}
			if err := store.Decisions.Put(tx, d); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	chosen := func() int {
		t.Helper()
		others, err := o.Plans.Chosen(o.as("referente"), p.Plan.ID, "when")
		if err != nil {
			t.Fatal(err)
		}
		return len(others)
	}
	if chosen() != 2 {
		t.Fatal("nothing is said of eight closed plans")
	}
	change := func(who string, shown bool) error {
		set, err := o.Catalogue.Settings()
		if err == nil {
			_, err = o.Catalogue.ChangeSettings(o.as(who), set.Rev, catalogue.SettingsForm{Bands: &shown})
		}
		return err
	}
	for _, who := range []string{"referente", "agente", "responsabile"} {
		if err := change(who, false); fault.KindOf(err) != fault.Denied {
			t.Errorf("%s switches it off: %v", who, err)
		}
	}
	if err := change("amministratore", false); err != nil || chosen() != 0 {
		t.Errorf("switched off it is still said: %v", err)
	}
	if err := change("amministratore", true); err != nil || chosen() != 2 {
		t.Errorf("switched on again it is not said: %v", err)
	}
}
