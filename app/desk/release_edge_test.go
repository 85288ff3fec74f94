package desk

import (
	"strings"
	"sync"
	"testing"
	"time"

	"sportello/app/desk/catalogue"
	"sportello/app/desk/installation"
	"sportello/app/desk/people"
	"sportello/app/desk/release"
	"sportello/store"
	"sportello/store/db"
	"sportello/store/fault"
	"sportello/store/key"
)

// TestTwoWhoPublishAtOnceTellEverybodyOnce: one of them is told that it went out already.
func TestTwoWhoPublishAtOnceTellEverybodyOnce(t *testing.T) {
	o := releasing(t)
	v := o.drafted(draftOf("3.0"))
	var both sync.WaitGroup
	errs := make([]error, 2)
	for i := range errs {
		both.Go(func() {
			_, _, errs[i] = o.Releases.Publish(o.as("agente"), v.Release.ID, release.Publication{Rev: v.Release.Rev, Nobody: true})
		})
	}
	both.Wait()
	if (errs[0] == nil) == (errs[1] == nil) || fault.KindOf(errs[0]) != fault.Conflict && fault.KindOf(errs[1]) != fault.Conflict {
		t.Errorf("both got %v", errs)
	}
	o.rounds()
	rounds, err := o.Releases.Rounds(o.as("agente"), v.Release.ID)
	if err != nil || len(rounds) != 1 {
		t.Errorf("%d rounds, %v", len(rounds), err)
	}
	wantTexts(t, "told", o.toldOf(v.Release.ID), "referente release")
}

// TestAReleaseForNobodyIsADraftThatStaysOne: whoever publishes one without an audience is asked for it.
func TestAReleaseForNobodyIsADraftThatStaysOne(t *testing.T) {
	o := releasing(t)
	v := o.drafted(draftOf("3.0", func(f *release.Form) { f.Audience = release.Audience{} }))
	_, _, err := o.Releases.Publish(o.as("agente"), v.Release.ID, release.Publication{Nobody: true})
	o.wantKind("published for nobody", err, fault.Invalid)
	if v, err = o.Releases.Read(o.as("agente"), v.Release.ID); err != nil || v.Release.State != store.ReleaseDraft {
		t.Errorf("it is %s, %v", v.Release.State, err)
	}
}

// TestWhoeverAnswersForTwoOrganisationsGetsOneLetterAndGivesTwoReceipts: one answer says nothing of the other organisation.
func TestWhoeverAnswersForTwoOrganisationsGetsOneLetterAndGivesTwoReceipts(t *testing.T) {
	o := releasing(t)
	own := store.InstalledByOrganisation
	if err := o.Installations.Put(o.as("agente"), "altro", installation.Entry{Module: "csa", Environment: store.Production, Version: "2.0", Installs: &own}); err != nil {
		t.Fatal(err)
	}
	who := o.as("referente")
	hats := append([]store.Affiliation{}, who.Person.Affiliations...)
	hats = append(hats, store.Affiliation{Organisation: o.organis["Altro ente"], Coordinator: true})
	if _, err := o.People.Change(o.as("amministratore"), who.Person.ID, 0, people.Form{Name: who.Person.Name, Email: who.Person.Email, Language: "it", Affiliations: hats}); err != nil {
		t.Fatal(err)
	}
	v := o.published(draftOf("3.0"))
	wantTexts(t, "told", o.toldOf(v.Release.ID), "referente release")
	letters := 0
	err := o.st.View(func(tx *db.Tx) error {
		letters = 0
		for l, err := range store.LettersByRelease.Rows(tx, db.Span{Prefix: key.Of(v.Release.ID)}) {
			if err != nil {
				return err
			}
			if l.Person == who.Person.ID {
				letters++
			}
		}
		var err error
		who.Person, err = store.People.Get(tx, who.Person.ID)
		return err
	})
	if err != nil || letters > 1 {
		t.Errorf("%d letters, %v", letters, err)
	}
	if _, err := o.Releases.Answer(who, v.Release.ID, release.Reply{Organisation: "altro", Environment: store.Production, State: store.ReceiptInstalled}); err != nil {
		t.Fatal(err)
	}
	wantTexts(t, "receipts", o.heard(v.Release.ID), "altro production installed true", "ateneo test told true", "ateneo production told true")
}

// TestAUnitOnAnotherVersionAnswersForItself: what the whole runs or says is not the unit's word.
func TestAUnitOnAnotherVersionAnswersForItself(t *testing.T) {
	o := releasing(t)
	unit := ""
	err := o.st.View(func(tx *db.Tx) error {
		for u, err := range store.Units.All(tx, 0, false) {
			if err != nil {
				return err
			}
			if u.Organisation == o.organis["Ateneo"] {
				unit = u.Name
			}
		}
		return nil
	})
	if err != nil || unit == "" {
		t.Fatal(unit, err)
	}
	if err := o.Installations.Put(o.as("agente"), "ateneo", installation.Entry{Module: "csa", Unit: unit, Environment: store.Production, Version: "3.1"}); err != nil {
		t.Fatal(err)
	}
	v := o.published(draftOf("3.0", func(f *release.Form) { f.InstallBy.Production = time.Date(2026, 3, 20, 0, 0, 0, 0, time.UTC) }))
	o.now.Store(time.Date(2026, 4, 30, 9, 0, 0, 0, time.UTC).UnixNano())
	list, err := o.Releases.Receipts(o.as("agente"), v.Release.ID)
	if err != nil {
		t.Fatal(err)
	}
	seen := 0
	for _, r := range list {
		if r.Organisation.Code != "ateneo" || r.Environment != store.Production {
			continue
		}
		seen++
		if ofUnit := r.Unit != nil; r.Late == ofUnit || (r.Beyond != "") != ofUnit {
			t.Errorf("the receipt of the unit (%v) is late %v, runs %q", ofUnit, r.Late, r.Beyond)
		}
	}
	if seen != 2 {
		t.Errorf("%d receipts of the organisation in production", seen)
	}
}

// TestWhoFetchedAFileIsForgottenAfterTheMonthsOfTheSettings: 24 at first; counted from the last time that they fetched it.
func TestWhoFetchedAFileIsForgottenAfterTheMonthsOfTheSettings(t *testing.T) {
	o := releasing(t)
	v := o.drafted(draftOf("3.0"))
	f, err := o.Releases.Attach(o.as("agente"), v.Release.ID, "csa.zip", 0, strings.NewReader("uno"))
	if err == nil {
		_, _, err = o.Releases.Publish(o.as("agente"), v.Release.ID, release.Publication{Nobody: true})
	}
	if err != nil {
		t.Fatal(err)
	}
	begun := o.Now()
	fetched := func(who string) {
		t.Helper()
		if err := o.Releases.Fetched(o.as(who), f); err != nil {
			t.Fatal(err)
		}
	}
	left := func(at time.Time) int {
		t.Helper()
		o.now.Store(at.UnixNano())
		if _, err := o.Releases.ForgetDownloads(); err != nil {
			t.Fatal(err)
		}
		log, err := o.Releases.Downloads(o.as("responsabile"), v.Release.ID)
		if err != nil {
			t.Fatal(err)
		}
		return len(log)
	}
	fetched("collega")
	o.later(10 * 24 * time.Hour)
	fetched("referente")
	later := o.Now()
	for _, c := range []struct {
		at   time.Time
		want int
	}{{begun.AddDate(0, 24, 0), 2}, {begun.AddDate(0, 24, 1), 1}, {later.AddDate(0, 24, -1), 1}, {later.AddDate(0, 24, 1), 0}} {
		if got := left(c.at); got != c.want {
			t.Errorf("at %v %d are left, want %d", c.at, got, c.want)
		}
	}

	set, err := o.Catalogue.Settings()
	if err != nil {
		t.Fatal(err)
	}
	s := catalogue.Service{Matrix: set.Matrix, HoursDue: set.WorkingHours, DayBegins: set.DayBegins, DayEnds: set.DayEnds, CloseAfter: set.CloseAfter, ReopenWithin: set.ReopenWithin, FetchedMonths: 6}
	if _, err = o.Catalogue.ChangeSettings(o.as("amministratore"), set.Rev, catalogue.SettingsForm{Service: &s}); err != nil {
		t.Fatal(err)
	}
	fetched("collega")
	now := o.Now()
	if got := left(now.AddDate(0, 5, 28)); got != 1 {
		t.Errorf("before six months %d are left", got)
	}
	if got := left(now.AddDate(0, 6, 1)); got != 0 {
		t.Errorf("after six months %d are left", got)
	}
}

// TestAnOrganisationThatIsNoMoreIsToldOfNothingAndOwesNoWord: neither reminded nor late, nor work for its group, and no later update
// goes there; what it said stays, and when it is there again its word is awaited again.
func TestAnOrganisationThatIsNoMoreIsToldOfNothingAndOwesNoWord(t *testing.T) {
	o := releasing(t)
	due := time.Date(2026, 3, 20, 0, 0, 0, 0, time.UTC)
	v := o.published(draftOf("3.0", func(f *release.Form) { f.InstallBy.Production = due }))
	for _, day := range []int{13, 21} { // seven days before, and a day after
		o.now.Store(time.Date(2026, 3, day, 9, 0, 0, 0, time.UTC).UnixNano())
		if n, err := o.Releases.Remind(); err != nil || n != 1 {
			t.Fatalf("on the %d %d were reminded, %v", day, n, err)
		}
	}
	o.now.Store(time.Date(2026, 3, 28, 9, 0, 0, 0, time.UTC).UnixNano())
	retire := func(is bool) {
		t.Helper()
		for _, name := range []string{"Ateneo", "Altro ente"} {
			if _, err := o.People.ChangeOrganisation(o.as("amministratore"), o.organis[name], 0, people.OrganisationForm{Name: name, Retired: is}); err != nil {
				t.Fatal(err)
			}
		}
	}
	_, err := o.People.ChangeOrganisation(o.as("referente"), o.organis["Ateneo"], 0, people.OrganisationForm{Name: "Ateneo", Retired: true})
	o.wantKind("its coordinator retires it", err, fault.Denied)

	retire(true)
	if n, err := o.Releases.Remind(); err != nil || n != 0 {
		t.Errorf("%d were reminded, %v", n, err)
	}
	for _, who := range []string{"referente", "agente"} {
		if items, err := o.Work.List(o.as(who)); err != nil || len(items) != 0 {
			t.Errorf("work of %s: %+v, %v", who, items, err)
		}
	}
	if pic, err := o.Releases.Picture(o.as("agente"), "csa"); err != nil || pic.Late != 0 || len(pic.Rows) != 3 {
		t.Errorf("picture %+v, %v", pic, err)
	}
	for name, f := range map[string]func(*release.Form){
		"for all":                   func(*release.Form) {},
		"for what is installed":     func(f *release.Form) { f.Audience = release.Audience{Installed: []release.Installed{{}}} },
		"for organisations by name": func(f *release.Form) { f.Audience = release.Audience{Organisations: []string{"ateneo"}} },
	} {
		next := o.drafted(draftOf("3.1", f))
		p, err := o.Releases.Preview(o.as("agente"), next.Release.ID)
		if err != nil || len(p.Organisations) != 0 {
			t.Errorf("an update %s: %+v, %v", name, p.Organisations, err)
		}
		if err := o.Releases.Delete(o.as("agente"), next.Release.ID, 0); err != nil {
			t.Fatal(err)
		}
	}

	retire(false)
	if n, err := o.Releases.Remind(); err != nil || n != 1 {
		t.Errorf("once it is there again %d were reminded, %v", n, err)
	}
	if list, err := o.Releases.Receipts(o.as("agente"), v.Release.ID); err != nil || len(list) != 3 {
		t.Errorf("receipts %+v, %v", list, err)
	}
}
