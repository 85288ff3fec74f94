package desk

import (
	"bytes"
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"sportello/app/desk/installation"
	"sportello/app/desk/release"
	"sportello/app/desk/work"
	"sportello/store"
	"sportello/store/act"
	"sportello/store/db"
	"sportello/store/door"
	"sportello/store/fault"
	"sportello/store/key"
)

// releasing is an office where both organisations have installed csa: Ateneo 1.0 in production and 1.1 in test, Altro ente
// 2.0 in production, by the supplier.
func releasing(t testing.TB) *office {
	o := installed(t)
	bySupplier := store.InstalledBySupplier
	for _, i := range []struct {
		code  string
		entry installation.Entry
	}{
		{"ateneo", installation.Entry{Module: "csa", Environment: store.Production, Version: "1.0"}},
		{"ateneo", installation.Entry{Module: "csa", Environment: store.Test, Version: "1.1"}},
		{"altro", installation.Entry{Module: "csa", Environment: store.Production, Version: "2.0", Installs: &bySupplier}},
	} {
		if err := o.Installations.Put(o.as("agente"), i.code, i.entry); err != nil {
			t.Fatal(err)
		}
	}
	return o
}

func draftOf(version string, change ...func(*release.Form)) release.Form {
	f := release.Form{Modules: []string{"csa"}, Version: version, Title: store.Words{IT: "Aggiornamento di marzo"}, Audience: release.Audience{All: true}}
	for _, c := range change {
		c(&f)
	}
	return f
}

// drafted saves a draft in the name of an agent of the module.
func (o *office) drafted(f release.Form) *release.View {
	o.t.Helper()
	v, err := o.Releases.Save(o.as("agente"), 0, f)
	if err != nil {
		o.t.Fatal(err)
	}
	return v
}

// published publishes a draft, and tells everybody.
func (o *office) published(f release.Form) *release.View {
	o.t.Helper()
	v := o.drafted(f)
	v, _, err := o.Releases.Publish(o.as("agente"), v.Release.ID, release.Publication{Nobody: true})
	if err != nil {
		o.t.Fatal(err)
	}
	o.rounds()
	return v
}

// rounds goes all rounds to their end.
func (o *office) rounds() {
	o.t.Helper()
	for more := true; more; {
		var err error
		if more, err = o.Releases.Step(); err != nil {
			o.t.Fatal(err)
		}
	}
}

// toldOf returns who has a notice of the release, as "name event".
func (o *office) toldOf(number uint64) []string {
	o.t.Helper()
	var out []string
	err := o.st.View(func(tx *db.Tx) error {
		for n, err := range store.NoticesByRelease.Rows(tx, db.Span{Prefix: key.Of(number)}) {
			if err != nil {
				return err
			}
			p, err := store.People.Get(tx, n.Person)
			if err != nil {
				return err
			}
			name, _, _ := strings.Cut(p.Email, "@")
			out = append(out, name+" "+n.Event.String())
		}
		return nil
	})
	if err != nil {
		o.t.Fatal(err)
	}
	slices.Sort(out)
	return out
}

func wantTexts(t testing.TB, what string, got []string, want ...string) {
	t.Helper()
	if !slices.Equal(got, want) {
		t.Errorf("%s: %q, want %q", what, got, want)
	}
}

// heard waits for nothing: it reads what the receipts of the release say, as "organisation environment state asked".
func (o *office) heard(number uint64) []string {
	o.t.Helper()
	list, err := o.Releases.Receipts(o.as("agente"), number)
	if err != nil {
		o.t.Fatal(err)
	}
	var out []string
	for _, r := range list {
		out = append(out, fmt.Sprintf("%s %s %s %v", r.Organisation.Code, r.Environment, r.Last.State, r.Asked))
	}
	return out
}

func TestWhoMayNotWriteAReleaseIsRefusedBeforeItsValues(t *testing.T) {
	o := releasing(t)
	there := o.drafted(draftOf("3.0"))
	for _, who := range []string{"collega", "referente", "unita", "redattore", "estraneo"} {
		_, err := o.Releases.Save(o.as(who), 0, release.Form{})
		o.wantKind(who+" writes", err, fault.Denied)
		_, err = o.Releases.Save(o.as(who), there.Release.ID, release.Form{Rev: 77})
		o.wantKind(who+" changes", err, fault.NotFound)
		_, _, err = o.Releases.Publish(o.as(who), there.Release.ID, release.Publication{Rev: 77})
		o.wantKind(who+" publishes", err, fault.NotFound)
		_, err = o.Releases.Read(o.as(who), there.Release.ID)
		o.wantKind(who+" reads a draft", err, fault.NotFound)
	}
	_, err := o.Releases.Save(o.as("altrove"), 0, draftOf("4.0"))
	o.wantKind("an agent of another group", err, fault.Denied)
	_, err = o.Releases.Save(o.as("agente"), 0, draftOf("4.0", func(f *release.Form) { f.Modules = []string{"csa", "legale"} }))
	o.wantKind("a module of another group", err, fault.Denied)
	for name, f := range map[string]release.Form{
		"version": draftOf(""), "title-it": draftOf("5", func(f *release.Form) { f.Title = store.Words{} }), "modules": draftOf("5", func(f *release.Form) { f.Modules = []string{"niente"} }),
		"norm": draftOf("5", func(f *release.Form) { f.Kind = store.Law }), "audience": draftOf("5", func(f *release.Form) { f.Audience.Organisations = []string{"niente"} }),
		"stop-until": draftOf("5", func(f *release.Form) { f.Stop.From = o.Now() }), "way-back-until": draftOf("5", func(f *release.Form) { f.WayBack.Kind = store.BackUntil }),
		"notes-it": draftOf("5", func(f *release.Form) { f.Notes.IT = strings.Repeat("è", 40001) }), "replaces": draftOf("5", func(f *release.Form) { f.Replaces = []uint64{99} }),
	} {
		_, err := o.Releases.Save(o.as("agente"), 0, f)
		wrong, _ := err.(fault.Problems)
		if len(wrong) != 1 || wrong[0].Field != name {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := o.Releases.Save(o.as("agente"), 0, draftOf("6", func(f *release.Form) { f.Notes.IT = strings.Repeat("è", 40000) })); err != nil {
		t.Errorf("notes of 40,000 characters: %v", err)
	}
	_, err = o.Releases.Save(o.as("agente"), 0, draftOf("Versione 3.0.0"))
	o.wantKind("the same version otherwise written", err, fault.Invalid)
}

// TestTheAudienceOfARelease tries the rules of who is in an audience, as a table.
func TestTheAudienceOfARelease(t *testing.T) {
	o := releasing(t)
	one := func(module string, e store.Environment, from, until string) release.Audience {
		return release.Audience{Installed: []release.Installed{{Module: module, Environment: e, From: from, Until: until}}}
	}
	for name, c := range map[string]struct {
		of   release.Audience
		want []string
	}{
		"all":                         {release.Audience{All: true}, []string{"altro", "ateneo"}},
		"chosen":                      {release.Audience{Organisations: []string{"altro"}}, []string{"altro"}},
		"the module":                  {one("csa", 0, "", ""), []string{"altro", "ateneo"}},
		"in test":                     {one("csa", store.Test, "", ""), []string{"ateneo"}},
		"from, included":              {one("csa", store.Production, "2.0", ""), []string{"altro"}},
		"until, not included":         {one("csa", store.Production, "", "2.0"), []string{"ateneo"}},
		"between, of any environment": {one("", 0, "1.1", "1.2"), []string{"ateneo"}},
		"nobody has it":               {one("csa", 0, "9", ""), nil},
		"two ranges":                  {release.Audience{Installed: []release.Installed{{From: "2"}, {Until: "1.1"}}}, []string{"altro", "ateneo"}},
		"chosen and a range":          {release.Audience{Organisations: []string{"altro"}, Installed: []release.Installed{{Until: "1.1"}}}, []string{"altro", "ateneo"}},
	} {
		v := o.drafted(draftOf("4.0", func(f *release.Form) { f.Audience = c.of }))
		seen, err := o.Releases.Preview(o.as("agente"), v.Release.ID)
		if err != nil {
			t.Fatal(err)
		}
		var got []string
		for _, a := range seen.Organisations {
			got = append(got, a.Code)
		}
		wantTexts(t, name, got, c.want...)
		if err := o.Releases.Delete(o.as("agente"), v.Release.ID, v.Rev); err != nil {
			t.Fatal(err)
		}
	}
	v := o.drafted(draftOf("4.0"))
	seen, err := o.Releases.Preview(o.as("agente"), v.Release.ID)
	if err != nil || seen.People != 1 || seen.Nobody != 1 || len(seen.Organisations) != 2 || !seen.Organisations[0].Nobody() || seen.Organisations[1].People[0].Email != "referente@ateneo.example" {
		t.Errorf("preview %+v, %v", seen, err)
	}
}

func TestPublishingAsksAboutWhoeverCannotBeToldAndAboutAChangedAudience(t *testing.T) {
	o := releasing(t)
	v := o.drafted(draftOf("3.0"))
	_, shown, err := o.Releases.Publish(o.as("agente"), v.Release.ID, release.Publication{})
	if o.wantKind("nobody to tell", err, fault.Conflict); shown == nil || shown.Nobody != 1 {
		t.Errorf("shown %+v", shown)
	}
	seen, err := o.Releases.Preview(o.as("agente"), v.Release.ID)
	if err != nil {
		t.Fatal(err)
	}
	if err := o.Releases.Follow(o.as("collega"), "csa", true); err != nil {
		t.Fatal(err)
	}
	_, shown, err = o.Releases.Publish(o.as("agente"), v.Release.ID, release.Publication{Audience: seen.Sum, Nobody: true})
	if o.wantKind("a changed audience", err, fault.Conflict); shown == nil || shown.Sum == seen.Sum || shown.People != 2 {
		t.Errorf("shown %+v", shown)
	}
	if _, _, err = o.Releases.Publish(o.as("agente"), v.Release.ID, release.Publication{Audience: shown.Sum, Nobody: true}); err != nil {
		t.Fatal(err)
	}
	_, _, err = o.Releases.Publish(o.as("agente2"), v.Release.ID, release.Publication{Nobody: true})
	o.wantKind("published twice", err, fault.Conflict)
	empty := o.drafted(draftOf("3.1", func(f *release.Form) { f.Audience = release.Audience{} }))
	_, _, err = o.Releases.Publish(o.as("agente"), empty.Release.ID, release.Publication{Nobody: true})
	o.wantKind("without audience", err, fault.Invalid)
	o.rounds()
	wantTexts(t, "told", o.toldOf(v.Release.ID), "collega release", "referente release")
	wantTexts(t, "receipts", o.heard(v.Release.ID), "altro production told false", "ateneo test told true", "ateneo production told true")
}

func TestWhoeverComesIntoTheRangeLaterIsAddedAndTold(t *testing.T) {
	o := releasing(t)
	v := o.published(draftOf("3.0", func(f *release.Form) {
		f.Audience = release.Audience{Installed: []release.Installed{{Environment: store.Production, Until: "1.5"}}}
	}))
	_, err := o.Releases.Read(o.as("estraneo"), v.Release.ID)
	o.wantKind("outside of the audience", err, fault.NotFound)
	if _, err := o.Releases.Read(o.as("collega"), v.Release.ID); err != nil {
		t.Error(err)
	}
	if err := o.Installations.Put(o.as("agente"), "altro", installation.Entry{Module: "csa", Environment: store.Production, Version: "1.2"}); err != nil {
		t.Fatal(err)
	}
	if _, err := o.st.CatchUp(context.Background(), o.Releases.Gathering()); err != nil {
		t.Fatal(err)
	}
	o.rounds()
	if _, err := o.Releases.Read(o.as("estraneo"), v.Release.ID); err != nil {
		t.Errorf("came into the range: %v", err)
	}
	wantTexts(t, "the old part is told once", o.toldOf(v.Release.ID), "referente release")
	_, err = o.Releases.Answer(o.as("referente"), v.Release.ID, release.Reply{Organisation: "ateneo", Environment: store.Production, State: store.ReceiptInstalled})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := o.Releases.Read(o.as("collega"), v.Release.ID); err != nil {
		t.Errorf("installing takes nobody out: %v", err)
	}
	wantTexts(t, "runs", o.runs("referente", "ateneo"), "csa - test 1.1", "csa - production 3.0")
}

func TestWhatOrganisationsAnswer(t *testing.T) {
	o := releasing(t)
	day := func(n int) time.Time { return time.Date(2026, 3, 10+n, 0, 0, 0, 0, time.UTC) }
	v := o.published(draftOf("3.0", func(f *release.Form) { f.InstallBy.Production = day(5) }))
	at := release.Reply{Organisation: "ateneo", Environment: store.Production}
	say := func(who string, state store.ReceiptState, date time.Time, reason string) error {
		r := at
		r.State, r.Date, r.Reason = state, date, reason
		_, err := o.Releases.Answer(o.as(who), v.Release.ID, r)
		return err
	}
	o.wantKind("a colleague", say("collega", store.ReceiptInstalled, day(0), ""), fault.Denied)
	o.wantKind("a coordinator of a unit", say("unita", store.ReceiptInstalled, day(0), ""), fault.Denied)
	o.wantKind("an agent elsewhere, who does not know where it went", say("altrove", store.ReceiptInstalled, day(0), ""), fault.NotFound)
	o.wantKind("no date", say("referente", store.ReceiptPlanned, time.Time{}, ""), fault.Invalid)
	o.wantKind("a day that is over", say("referente", store.ReceiptPlanned, day(-1), ""), fault.Invalid)
	o.wantKind("a day that is yet to come", say("referente", store.ReceiptInstalled, day(1), ""), fault.Invalid)
	o.wantKind("no reason", say("referente", store.ReceiptNotApplicable, time.Time{}, " "), fault.Invalid)
	o.wantKind("told", say("referente", store.ReceiptTold, time.Time{}, ""), fault.Invalid)
	if err := o.Releases.Opened(o.as("referente"), v.Release.ID); err != nil {
		t.Fatal(err)
	}
	wantTexts(t, "opened", o.heard(v.Release.ID), "altro production told false", "ateneo test read true", "ateneo production read true")
	if err := say("referente", store.ReceiptPlanned, day(3), ""); err != nil {
		t.Fatal(err)
	}
	if err := say("referente", store.ReceiptRead, time.Time{}, ""); err != nil {
		t.Fatal(err)
	}
	wantTexts(t, "read says less than planned", o.heard(v.Release.ID), "altro production told false", "ateneo test read true", "ateneo production planned true")
	if err := say("agente", store.ReceiptNotApplicable, time.Time{}, "lo ha detto al telefono"); err != nil {
		t.Fatal(err)
	}
	if err := say("referente", store.ReceiptFailed, time.Time{}, "errore ORA-01555"); err != nil {
		t.Fatal(err)
	}
	list, err := o.Releases.Receipts(o.as("referente"), v.Release.ID)
	if err != nil || len(list) != 2 {
		t.Fatalf("a coordinator sees %d receipts, %v", len(list), err)
	}
	r := list[1]
	if r.Environment != store.Production || r.Last.State != store.ReceiptFailed || r.Last.ByDesk || len(r.Earlier) != 3 || !r.Earlier[2].ByDesk || r.Earlier[2].Reason != "lo ha detto al telefono" {
		t.Errorf("receipt %+v", r.Receipt)
	}
	err = o.st.View(func(tx *db.Tx) error {
		ticket, err := store.Tickets.Get(tx, r.Ticket)
		if err == nil && (ticket.Kind != store.Malfunction || ticket.Affected != "3.0" || ticket.Module != o.module["csa"] || ticket.Requester != o.people["referente"].ID) {
			t.Errorf("ticket %+v", ticket)
		}
		return err
	})
	if err != nil {
		t.Error(err)
	}
	if err := o.Installations.Put(o.as("referente"), "ateneo", installation.Entry{Module: "csa", Environment: store.Production, Version: "3.5"}); err != nil {
		t.Fatal(err)
	}
	at.State = store.ReceiptInstalled
	done, err := o.Releases.Answer(o.as("referente"), v.Release.ID, at)
	if err != nil || done.Ran != "3.5" {
		t.Errorf("older than what runs: %+v, %v", done, err)
	}
	wantTexts(t, "never backwards", o.runs("referente", "ateneo"), "csa - test 1.1", "csa - production 3.5")
	at.Organisation = "altro"
	_, err = o.Releases.Answer(o.as("referente"), v.Release.ID, at)
	o.wantKind("another organisation, to which it also went", err, fault.NotFound)
	at.Organisation = "niente"
	_, err = o.Releases.Answer(o.as("referente"), v.Release.ID, at)
	o.wantKind("no organisation", err, fault.NotFound)
}

func TestWithdrawingTellsEverybodyAndKeepsTheFiles(t *testing.T) {
	o := releasing(t)
	v := o.drafted(draftOf("3.0"))
	if _, err := o.Releases.Attach(o.as("agente"), v.Release.ID, "csa.zip", 0, strings.NewReader("uno")); err != nil {
		t.Fatal(err)
	}
	f, err := o.Releases.Attach(o.as("agente"), v.Release.ID, "csa.zip", 0, strings.NewReader("due"))
	if err != nil {
		t.Fatal(err)
	}
	if f.Instead != 0 {
		t.Error("a draft keeps what another file took the place of")
	}
	_, _, err = o.Releases.Open(o.as("collega"), v.Release.ID, "csa.zip")
	o.wantKind("a file of a draft", err, fault.NotFound)
	if _, _, err := o.Releases.Publish(o.as("agente"), v.Release.ID, release.Publication{Nobody: true}); err != nil {
		t.Fatal(err)
	}
	o.rounds()
	_, err = o.Releases.Attach(o.as("referente"), v.Release.ID, "csa.zip", 0, strings.NewReader("male"))
	o.wantKind("a coordinator sends a file", err, fault.Denied)
	if f, err = o.Releases.Attach(o.as("agente"), v.Release.ID, "csa.zip", 0, strings.NewReader("tre")); err != nil {
		t.Fatal(err)
	}
	if v, err = o.Releases.Read(o.as("collega"), v.Release.ID); err != nil || len(v.Files) != 1 || len(v.Superseded) != 1 || v.Files[0].Instead != v.Superseded[0].ID {
		t.Fatalf("files %+v, %v", v, err)
	}
	got, body, err := o.Releases.Open(o.as("collega"), v.Release.ID, "csa.zip")
	if err != nil || got.ID != f.ID {
		t.Fatal(got, err)
	}
	var bytes bytes.Buffer
	if _, err := bytes.ReadFrom(body); err != nil || bytes.String() != "tre" {
		t.Errorf("%q %v", bytes.String(), err)
	}
	body.Close()
	if err := o.Releases.Fetched(o.as("collega"), got); err != nil {
		t.Fatal(err)
	}
	_, err = o.Releases.Downloads(o.as("agente"), v.Release.ID)
	o.wantKind("an agent reads who fetched what", err, fault.Denied)
	if log, err := o.Releases.Downloads(o.as("responsabile"), v.Release.ID); err != nil || len(log) != 1 || log[0].Person.ID != o.people["collega"].ID {
		t.Errorf("log %+v, %v", log, err)
	}
	_, err = o.Releases.Withdraw(o.as("agente"), v.Release.ID, 0, " ")
	o.wantKind("no reason", err, fault.Invalid)
	if _, err := o.Releases.Withdraw(o.as("agente"), v.Release.ID, 0, "perde le ritenute"); err != nil {
		t.Fatal(err)
	}
	o.rounds()
	wantTexts(t, "told", o.toldOf(v.Release.ID), "collega release-withdrawn", "referente release", "referente release-withdrawn")
	_, _, err = o.Releases.Open(o.as("collega"), v.Release.ID, "csa.zip")
	o.wantKind("a file of what was withdrawn", err, fault.Conflict)
	if v, err := o.Releases.Read(o.as("collega"), v.Release.ID); err != nil || v.Release.Reason != "perde le ritenute" {
		t.Errorf("the page stays: %v", err)
	}
	_, _, err = o.Releases.Publish(o.as("agente"), v.Release.ID, release.Publication{Nobody: true})
	o.wantKind("nothing returns from withdrawn", err, fault.Conflict)
	if _, err := o.Releases.Save(o.as("agente"), 0, draftOf("3.0")); err != nil {
		t.Errorf("the supplier may call the next one the same: %v", err)
	}
}

func TestWhatAProductAsksASecondPersonToCheck(t *testing.T) {
	o := releasing(t)
	err := o.st.Update(db.By{Via: door.Command}, func(tx *db.Tx) error {
		s := *store.CurrentSettings(tx)
		s.CheckModules = map[uint64]bool{o.module["csa"]: true}
		return store.SettingsTable.Put(tx, &s)
	})
	if err != nil {
		t.Fatal(err)
	}
	v := o.drafted(draftOf("3.0"))
	_, _, err = o.Releases.Publish(o.as("agente2"), v.Release.ID, release.Publication{Nobody: true})
	o.wantKind("an agent publishes", err, fault.Denied)
	_, _, err = o.Releases.Publish(o.as("responsabile"), v.Release.ID, release.Publication{Nobody: true})
	o.wantKind("nobody checked it", err, fault.Conflict)
	_, err = o.Releases.Check(o.as("agente"), v.Release.ID, 0)
	o.wantKind("who wrote it checks it", err, fault.Denied)
	items, err := o.Work.List(o.as("agente2"))
	if err != nil || len(items) != 1 || items[0].Why != work.Check {
		t.Errorf("work %+v, %v", items, err)
	}
	if v, err = o.Releases.Check(o.as("agente2"), v.Release.ID, 0); err != nil {
		t.Fatal(err)
	}
	if _, err := o.Releases.Save(o.as("agente"), v.Release.ID, draftOf("3.0", func(f *release.Form) { f.Rev, f.Notes = v.Rev, store.Words{IT: "altro"} })); err != nil {
		t.Fatal(err)
	}
	_, _, err = o.Releases.Publish(o.as("responsabile"), v.Release.ID, release.Publication{Nobody: true})
	o.wantKind("changed since it was checked", err, fault.Conflict)
}

func TestAScheduledReleaseGoesOutAtItsHourAndOnce(t *testing.T) {
	o := releasing(t)
	v := o.drafted(draftOf("3.0"))
	at := o.Now().Add(time.Hour)
	if _, _, err := o.Releases.Publish(o.as("agente"), v.Release.ID, release.Publication{At: at, Nobody: true}); err != nil {
		t.Fatal(err)
	}
	_, err := o.Releases.Save(o.as("agente"), v.Release.ID, draftOf("3.0", func(f *release.Form) { f.Rev = v.Rev + 1 }))
	o.wantKind("changed while it waits", err, fault.Conflict)
	ctx, stop := context.WithCancel(context.Background())
	done := make(chan error)
	go func() { done <- o.Releases.Run(ctx) }()
	o.now.Add(int64(2 * time.Hour))
	for range 500 {
		now, err := o.Releases.Read(o.as("agente"), v.Release.ID)
		if err != nil {
			t.Fatal(err)
		}
		if now.State == store.ReleasePublished && len(o.toldOf(v.Release.ID)) == 1 {
			break
		}
		if _, err := o.Releases.TakeBack(o.as("collega"), v.Release.ID, 0); err == nil {
			t.Fatal("a colleague took it back")
		}
	}
	stop()
	<-done
	o.rounds()
	wantTexts(t, "told", o.toldOf(v.Release.ID), "referente release")
}

func TestRemindersComeByTheRulesAndNeverToWhoHasAnswered(t *testing.T) {
	o := releasing(t)
	due := time.Date(2026, 3, 20, 0, 0, 0, 0, time.UTC)
	v := o.published(draftOf("3.0", func(f *release.Form) { f.InstallBy.Production = due }))
	remind := func(day int, want int) {
		t.Helper()
		o.now.Store(time.Date(2026, 3, day, 9, 0, 0, 0, time.UTC).UnixNano())
		if n, err := o.Releases.Remind(); err != nil || n != want {
			t.Errorf("on the %d %d were reminded, %v; want %d", day, n, err, want)
		}
	}
	remind(12, 0)
	remind(13, 1) // seven days before
	remind(14, 0)
	remind(21, 1) // a day after
	remind(22, 0)
	if items, err := o.Work.List(o.as("referente")); err != nil || len(items) != 1 || !items[0].Late || items[0].Count != 2 {
		t.Errorf("work %+v, %v", items, err)
	}
	if items, err := o.Work.List(o.as("agente")); err != nil || len(items) != 1 || items[0].Why != work.NobodyToTell {
		t.Errorf("work of the group before the last reminder %+v, %v", items, err)
	}
	remind(28, 1)
	if items, err := o.Work.List(o.as("agente")); err != nil || len(items) != 2 || items[0].Why != work.LateReceipt || items[0].Count != 1 {
		t.Errorf("work of the group after the last reminder %+v, %v", items, err)
	}
	pic, err := o.Releases.Picture(o.as("agente"), "csa")
	if err != nil || pic.Late != 1 || len(pic.Rows) != 3 {
		t.Errorf("picture %+v, %v", pic, err)
	}
	next := o.published(draftOf("3.1", func(f *release.Form) { f.Replaces = []uint64{v.Release.ID} }))
	if pic, err = o.Releases.Picture(o.as("referente"), "csa"); err != nil || pic.Late != 0 || len(pic.Rows) != 2 || pic.Releases[0].ID != next.Release.ID {
		t.Errorf("what took its place answers for it: %+v, %v", pic, err)
	}
	_, err = o.Releases.Picture(o.as("collega"), "csa")
	o.wantKind("a colleague sees the picture", err, fault.NotFound)
	wantTexts(t, "told", o.toldOf(v.Release.ID), "referente release", "referente release-due", "referente release-due", "referente release-due")
}

func TestWhatWasPublishedKeepsWhatItSaid(t *testing.T) {
	o := releasing(t)
	v := o.published(draftOf("3.0", func(f *release.Form) { f.Notes = store.Words{IT: "prima"} }))
	v, err := o.Releases.Read(o.as("agente"), v.Release.ID)
	if err != nil {
		t.Fatal(err)
	}
	f, err := o.Releases.FormOf(v)
	if err != nil {
		t.Fatal(err)
	}
	same, err := o.Releases.Save(o.as("agente"), v.Release.ID, f)
	if err != nil || same.Rev != v.Rev {
		t.Errorf("nothing changed, and the revision went from %d to %d, %v", v.Rev, same.Rev, err)
	}
	f.Notes.IT = "dopo"
	if v, err = o.Releases.Save(o.as("agente"), v.Release.ID, f); err != nil {
		t.Fatal(err)
	}
	old, err := o.Releases.Wordings(o.as("collega"), v.Release.ID)
	if err != nil || len(old) != 1 || old[0].Notes.IT != "prima" {
		t.Errorf("wordings %+v, %v", old, err)
	}
	f.Rev, f.Version, f.Audience = v.Rev, "3.2", release.Audience{Organisations: []string{"altro"}}
	_, err = o.Releases.Save(o.as("agente"), v.Release.ID, f)
	if wrong, _ := err.(fault.Problems); len(wrong) != 2 || wrong[0].Field != "audience" || wrong[1].Field != "version" {
		t.Errorf("locked: %v", err)
	}
	wantTexts(t, "told", o.toldOf(v.Release.ID), "referente release")
	if _, err := o.Releases.TellAgain(o.as("agente"), v.Release.ID, 0, "corretta la data"); err != nil {
		t.Fatal(err)
	}
	o.rounds()
	wantTexts(t, "told again", o.toldOf(v.Release.ID), "referente release", "referente release-again")
}

// TestARoundSurvivesAnyEnd stops in the middle of a round and goes on: nobody is told twice, nobody is left out.
func TestARoundSurvivesAnyEnd(t *testing.T) {
	o := releasing(t)
	err := o.st.Update(db.By{Via: door.Command, Act: act.Import}, func(tx *db.Tx) error {
		for i := range 150 {
			p := &store.Person{Email: fmt.Sprintf("r%d@ateneo.example", i), Name: "R", Affiliations: []store.Affiliation{{Organisation: o.organis["Ateneo"], Coordinator: true},
				{Organisation: o.organis["Altro ente"], Coordinator: i%2 == 0}}}
			if err := store.People.Put(tx, p); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	v := o.drafted(draftOf("3.0"))
	if _, _, err := o.Releases.Publish(o.as("agente"), v.Release.ID, release.Publication{}); err != nil {
		t.Fatal(err)
	}
	for steps := 0; ; steps++ {
		before := len(o.toldOf(v.Release.ID))
		more, err := o.Releases.Step()
		if err != nil {
			t.Fatal(err)
		}
		if now := len(o.toldOf(v.Release.ID)); now-before > 20 {
			t.Errorf("one step told %d", now-before)
		}
		if !more {
			break
		}
		o.Releases = release.New(o.st, o.loc, o.Rights, o.Post, o.Files, o.Tickets, nil) // as after a start
		if steps > 100 {
			t.Fatal("it comes to no end")
		}
	}
	told := o.toldOf(v.Release.ID)
	if len(told) != 151 || len(slices.Compact(slices.Clone(told))) != 151 {
		t.Errorf("%d were told, %d different", len(told), len(slices.Compact(told)))
	}
}

func (o *office) wantKind(what string, err error, want fault.Kind) {
	o.t.Helper()
	if fault.KindOf(err) != want {
		o.t.Errorf("%s: %v, want %v", what, err, want)
	}
}

// TestALetterIsAnsweredWithOneWord answers letters by mail, as a table: what counts, and what changes nothing.
func TestALetterIsAnsweredWithOneWord(t *testing.T) {
	for name, c := range map[string]struct {
		body     string
		from     string
		unproven bool
		machine  bool
		want     string // the receipt of production
		unclear  bool   // a letter leads to the page
	}{
		"a word with its environment":       {body: "Installato produzione", want: "installed"},
		"in the other language":             {body: "INSTALLED production.\n\n> installato prova", want: "installed"},
		"a word alone, of two environments": {body: "installato", want: "told", unclear: true},
		"two different words":               {body: "installato non riuscito", want: "told", unclear: true},
		"a word inside a sentence":          {body: "non è ancora installato produzione", want: "told", unclear: true},
		"a plan with its day":               {body: "pianificato 20/3/2026 produzione", want: "planned"},
		"a plan without a day":              {body: "pianificato produzione", want: "told", unclear: true},
		"a failure with what happened":      {body: "non riuscito produzione\n\nORA-01555", want: "failed"},
		"a failure without":                 {body: "failed production", want: "told", unclear: true},
		"not proven":                        {body: "installato produzione", unproven: true, want: "told"},
		"somebody else":                     {body: "installato produzione", from: "collega@ateneo.example", want: "told"},
		"a program":                         {body: "installato produzione", machine: true, want: "told"},
	} {
		t.Run(name, func(t *testing.T) {
			o := newMailOffice(t)
			o.coded()
			for _, i := range []store.Environment{store.Test, store.Production} {
				if err := o.Installations.Put(o.as("agente"), "ateneo", installation.Entry{Module: "csa", Environment: i, Version: "1.0"}); err != nil {
					t.Fatal(err)
				}
			}
			v := o.published(draftOf("3.0"))
			sent := o.post()["referente@ateneo.example"]
			if sent == nil || sent.Release == nil || len(sent.Release.Places) != 2 || !sent.Release.Answer || sent.ReplyTo == sent.From {
				t.Fatalf("the letter: %+v", sent)
			}
			l := letter{from: "referente@ateneo.example", to: sent.ReplyTo, subject: "Re: CSA 3.0", body: c.body, proven: !c.unproven, reply: sent.Letter.MessageID}
			if c.from != "" {
				l.from = c.from
			}
			if c.machine {
				l.header = "Auto-Submitted: auto-replied\r\n"
			}
			m := o.mail(l)
			wantTexts(t, "receipts", o.heard(v.Release.ID), "altro production told true", "ateneo test told true", "ateneo production "+c.want+" true")
			if (m.State == store.MailReceipt) != (c.want != "told") {
				t.Errorf("the mail is %s", m.State)
			}
			unclear := false
			for _, l := range o.letters() {
				unclear = unclear || l.Tells[0].Event.String() == "receipt-unclear" && l.To == "referente@ateneo.example"
			}
			if unclear != c.unclear {
				t.Errorf("a letter that leads to the page: %v, want %v", unclear, c.unclear)
			}
		})
	}
}

// letters are all letters there are.
func (o *office) letters() []*store.Letter {
	o.t.Helper()
	var out []*store.Letter
	err := o.st.View(func(tx *db.Tx) error {
		out = nil
		for l, err := range store.Letters.All(tx, 0, false) {
			if err != nil {
				return err
			}
			out = append(out, l)
		}
		return nil
	})
	if err != nil {
		o.t.Fatal(err)
	}
	return out
}

// TestAContactIsAskedBeforeAnythingGoesThere adds an address, and follows its letters.
func TestAContactIsAskedBeforeAnythingGoesThere(t *testing.T) {
	o := newMailOffice(t)
	o.coded()
	add := release.NewContact{Email: "tecnico@fornitore.example", Name: "Ufficio tecnico", Module: "csa"}
	for _, who := range []string{"collega", "unita", "estraneo", "altrove", "redattore", "amministratore"} {
		_, err := o.Releases.AddContact(o.as(who), "ateneo", add)
		o.wantKind(who+" adds a contact", err, fault.NotFound)
	}
	c, err := o.Releases.AddContact(o.as("referente"), "ateneo", add)
	if err != nil {
		t.Fatal(err)
	}
	_, err = o.Releases.AddContact(o.as("referente"), "ateneo", add)
	o.wantKind("twice", err, fault.Invalid)
	o.published(draftOf("3.0"))
	sent := o.post()
	asked := sent["tecnico@fornitore.example"]
	if asked == nil || asked.Release != nil || asked.Link == "" {
		t.Fatalf("asked: %+v", asked)
	}
	for _, wrong := range []string{"", "x", asked.Link[1:], o.Releases.LinkToken(c.ID, 1, o.Now())} {
		o.wantKind("a link of no contact", o.Releases.Confirm(o.as("referente"), wrong, false), fault.NotFound)
	}
	if err := o.Releases.Confirm(o.as("referente"), asked.Link, false); err != nil {
		t.Fatal(err)
	}
	second := o.published(draftOf("3.1"))
	told := o.post()["tecnico@fornitore.example"]
	if told == nil || told.Release == nil || told.Release.ID != second.Release.ID || told.Link == "" {
		t.Fatalf("told: %+v", told)
	}
	linked, err := o.Releases.OpenLink(told.Link)
	if err != nil || len(linked.Receipts) != 1 || linked.Receipts[0].Organisation.Code != "ateneo" {
		t.Fatalf("the link opens %+v, %v", linked, err)
	}
	reply := release.Reply{Organisation: "altro", Environment: store.Production, State: store.ReceiptInstalled}
	_, err = o.Releases.AnswerByLink(told.Link, o.as("estraneo"), reply)
	o.wantKind("another organisation by the link", err, fault.NotFound)
	reply.Organisation = "ateneo"
	done, err := o.Releases.AnswerByLink(told.Link, o.as("estraneo"), reply)
	if err != nil || done.Receipt.Last.ByLink != c.ID || done.Receipt.Last.By != 0 {
		t.Errorf("by the link: %+v, %v", done.Receipt.Receipt, err)
	}
	o.now.Add(int64(31 * 24 * time.Hour))
	_, err = o.Releases.OpenLink(told.Link)
	o.wantKind("after 30 days", err, fault.NotFound)
}

// TestAnOrganisationThatIsTakenInBringsItsReceiptsAndItsPlaceInAudiences merges one organisation into another while a release
// is on its way to both.
func TestAnOrganisationThatIsTakenInBringsItsReceiptsAndItsPlaceInAudiences(t *testing.T) {
	o := newMailOffice(t)
	o.coded()
	first := o.published(draftOf("3.0", func(f *release.Form) { f.Audience = release.Audience{Organisations: []string{"altro"}} }))
	draft := o.drafted(draftOf("3.1", func(f *release.Form) { f.Audience = release.Audience{Organisations: []string{"altro"}} }))
	if _, err := o.Releases.AddContact(o.as("agente"), "altro", release.NewContact{Email: "tecnico@altro.example"}); fault.KindOf(err) != fault.NotFound {
		t.Fatalf("an agent of one module adds a contact of all: %v", err)
	}
	if _, err := o.Releases.AddContact(o.as("agente"), "altro", release.NewContact{Email: "tecnico@altro.example", Module: "csa"}); err != nil {
		t.Fatal(err)
	}
	running := o.drafted(draftOf("3.2"))
	if _, _, err := o.Releases.Publish(o.as("agente"), running.Release.ID, release.Publication{Nobody: true}); err != nil {
		t.Fatal(err)
	}
	from := store.Hat{Organisation: o.organis["Altro ente"]}
	said, err := o.Relocations.Preview(o.as("amministratore"), from, o.organis["Ateneo"])
	if err != nil {
		t.Fatal(err)
	}
	if _, _, err := o.Relocations.Begin(o.as("amministratore"), from, o.organis["Ateneo"], said.Sum); err != nil {
		t.Fatal(err)
	}
	for more := true; more; {
		if more, err = o.Relocations.Step(); err != nil {
			t.Fatal(err)
		}
	}
	o.rounds()
	wantTexts(t, "receipts", o.heard(first.Release.ID), "ateneo production told true")
	err = o.st.View(func(tx *db.Tx) (err error) {
		o.people["estraneo"], err = store.People.Get(tx, o.people["estraneo"].ID)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := o.Releases.Read(o.as("estraneo"), first.Release.ID); err != nil {
		t.Errorf("who came along reads what they read before: %v", err)
	}
	wantTexts(t, "the round goes on", o.toldOf(running.Release.ID), "referente release")
	if v, err := o.Releases.Read(o.as("agente"), draft.Release.ID); err != nil || !slices.Equal(v.Release.Audience.Organisations, []uint64{o.organis["Ateneo"]}) {
		t.Errorf("the audience of a draft: %+v, %v", v, err)
	}
	if _, list, err := o.Releases.Contacts(o.as("referente"), "ateneo"); err != nil || len(list) != 1 {
		t.Errorf("contacts %+v, %v", list, err)
	}
}

// TestReceiptsFollowTheDaysOfTheirRelease moves the day of a published release: who was late no longer is, and is reminded anew.
func TestReceiptsFollowTheDaysOfTheirRelease(t *testing.T) {
	o := releasing(t)
	day := func(n int) time.Time { return time.Date(2026, 3, n, 0, 0, 0, 0, time.UTC) }
	v := o.published(draftOf("3.0", func(f *release.Form) { f.InstallBy.Production = day(12) }))
	o.now.Store(day(13).Add(9 * time.Hour).UnixNano())
	if n, err := o.Releases.Remind(); err != nil || n != 1 {
		t.Fatal(n, err)
	}
	v, err := o.Releases.Read(o.as("agente"), v.Release.ID)
	if err != nil {
		t.Fatal(err)
	}
	f, err := o.Releases.FormOf(v)
	if err != nil {
		t.Fatal(err)
	}
	f.InstallBy.Production, f.InstallBy.Test = day(30), day(25)
	if _, err := o.Releases.Save(o.as("agente"), v.Release.ID, f); err != nil {
		t.Fatal(err)
	}
	o.rounds()
	list, err := o.Releases.Receipts(o.as("referente"), v.Release.ID)
	if err != nil || len(list) != 2 || !list[0].Due.Equal(day(25)) || !list[1].Due.Equal(day(30)) || list[1].Late || list[1].Remind != 0 {
		t.Fatalf("receipts %+v, %v", list, err)
	}
	wantTexts(t, "a new day tells nobody", o.toldOf(v.Release.ID), "referente release", "referente release-due")
	o.now.Store(day(23).Add(9 * time.Hour).UnixNano())
	if n, err := o.Releases.Remind(); err != nil || n != 2 {
		t.Errorf("%d are reminded seven days before the new day, %v", n, err)
	}
}

// TestNobodyIsToldOfWhatTheyMayNotSee has agents of other groups follow a module, one that is confidential among them.
func TestNobodyIsToldOfWhatTheyMayNotSee(t *testing.T) {
	o := releasing(t)
	err := o.st.Update(db.By{Via: door.Command}, func(tx *db.Tx) error {
		for _, who := range []string{"agente", "altrove"} {
			for _, module := range []string{"csa", "legale"} {
				if err := store.Followings.Put(tx, &store.Following{Person: o.people[who].ID, Module: o.module[module]}); err != nil {
					return err
				}
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	open := o.published(draftOf("3.0"))
	wantTexts(t, "an open one", o.toldOf(open.Release.ID), "altrove release", "referente release") // who published it is not told
	secret, err := o.Releases.Save(o.as("altrove"), 0, draftOf("1.0", func(f *release.Form) { f.Modules = []string{"legale"} }))
	if err != nil {
		t.Fatal(err)
	}
	seen, err := o.Releases.Preview(o.as("altrove"), secret.Release.ID)
	if err != nil || seen.Followers != 1 {
		t.Errorf("the preview counts %d followers of the desk, %v", seen.Followers, err)
	}
	if _, _, err := o.Releases.Publish(o.as("altrove"), secret.Release.ID, release.Publication{Nobody: true}); err != nil {
		t.Fatal(err)
	}
	o.rounds()
	wantTexts(t, "a confidential one", o.toldOf(secret.Release.ID), "referente release")
	if _, unread, err := o.Notices.List(o.as("agente"), 10); err != nil || unread != 0 {
		t.Errorf("the bell of who may not see it counts %d, %v", unread, err)
	}
}

// TestOpeningAnUpdateReadsItsNotices opens the page of one of two updates.
func TestOpeningAnUpdateReadsItsNotices(t *testing.T) {
	o := releasing(t)
	first, second := o.published(draftOf("3.0")), o.published(draftOf("3.1"))
	for _, want := range []struct {
		open uint64
		left int
	}{{0, 2}, {first.Release.ID, 1}, {first.Release.ID, 1}, {second.Release.ID, 0}} {
		if want.open != 0 {
			if err := o.Releases.Opened(o.as("referente"), want.open); err != nil {
				t.Fatal(err)
			}
		}
		if lines, unread, err := o.Notices.List(o.as("referente"), 10); err != nil || unread != want.left || len(lines) != 2 {
			t.Errorf("after opening %d: %d lines, %d unread, %v", want.open, len(lines), unread, err)
		}
	}
}

// TestAFailureIsKeptWhereNoTicketCanBeOpened answers for a module that another desk serves.
func TestAFailureIsKeptWhereNoTicketCanBeOpened(t *testing.T) {
	o := releasing(t)
	v, err := o.Releases.Save(o.as("amministratore"), 0, draftOf("3.0", func(f *release.Form) { f.Modules = []string{"esse3"} }))
	if err != nil {
		t.Fatal(err)
	}
	if _, _, err := o.Releases.Publish(o.as("amministratore"), v.Release.ID, release.Publication{Nobody: true}); err != nil {
		t.Fatal(err)
	}
	o.rounds()
	done, err := o.Releases.Answer(o.as("referente"), v.Release.ID, release.Reply{Organisation: "ateneo", Environment: store.Production, State: store.ReceiptFailed, Reason: "si ferma al passo 3"})
	if err != nil || done.Ticket != nil || done.Receipt.Last.State != store.ReceiptFailed {
		t.Errorf("%+v, %v", done, err)
	}
}

// TestWideningTellsTheNewPartAlone: after a pilot nobody is told twice, the preview is exactly who is told, and what each
// reader sees as the day of being told is their own.
func TestWideningTellsTheNewPartAlone(t *testing.T) {
	o := releasing(t)
	follow := func(name string) {
		if err := o.Releases.Follow(o.as(name), "csa", true); err != nil {
			t.Fatal(err)
		}
	}
	follow("collega")
	v := o.published(draftOf("3.0", func(f *release.Form) { f.Audience = release.Audience{Organisations: []string{"ateneo"}} }))
	n := v.Release.ID
	before := o.toldOf(n)
	o.later(48 * time.Hour)
	for _, who := range []string{"collega", "referente", "estraneo"} {
		if _, err := o.Releases.Try(o.as(who), n, release.Audience{All: true}); fault.KindOf(err) != fault.Denied && fault.KindOf(err) != fault.NotFound {
			t.Errorf("%s tries a wider audience: %v", who, err)
		}
		if _, _, err := o.Releases.Widen(o.as(who), n, release.Widening{Audience: release.Audience{All: true}, Nobody: true}); fault.KindOf(err) != fault.Denied && fault.KindOf(err) != fault.NotFound {
			t.Errorf("%s widens: %v", who, err)
		}
	}
	shown, err := o.Releases.Try(o.as("agente"), n, release.Audience{All: true})
	if err != nil || len(shown.Organisations) != 1 || shown.Organisations[0].Code != "altro" {
		t.Fatalf("the preview has %v, %v", shown.Organisations, err)
	}
	if _, again, err := o.Releases.Widen(o.as("agente"), n, release.Widening{Audience: release.Audience{All: true}, Seen: "other", Nobody: true}); fault.KindOf(err) != fault.Conflict || again == nil || again.Sum != shown.Sum {
		t.Errorf("another preview than was seen: %v, %v", again, err)
	}
	if shown.Nobody != 1 {
		t.Fatalf("%d organisations with nobody to tell", shown.Nobody)
	}
	if _, again, err := o.Releases.Widen(o.as("agente"), n, release.Widening{Audience: release.Audience{All: true}, Seen: shown.Sum}); fault.KindOf(err) != fault.Conflict || again == nil {
		t.Errorf("nobody decided about whoever cannot be told: %v, %v", again, err)
	}
	// Meanwhile somebody came to be told there: what was seen is not what is.
	follow("estraneo")
	_, again, err := o.Releases.Widen(o.as("agente"), n, release.Widening{Audience: release.Audience{All: true}, Seen: shown.Sum, Nobody: true})
	if fault.KindOf(err) != fault.Conflict || again == nil || again.People != 1 || again.Nobody != 0 {
		t.Fatalf("somebody came meanwhile: %v, %v", again, err)
	}
	if _, _, err := o.Releases.Widen(o.as("agente"), n, release.Widening{Audience: release.Audience{All: true}, Seen: again.Sum}); err != nil {
		t.Fatal(err)
	}
	o.rounds()
	wantTexts(t, "told after widening", o.toldOf(n), slices.Sorted(slices.Values(append(before, "estraneo release")))...)
	if last, err := o.Releases.Try(o.as("agente"), n, release.Audience{All: true}); err != nil || len(last.Organisations) != 0 {
		t.Errorf("nobody is new any more: %v, %v", last.Organisations, err)
	}
	for who, moved := range map[string]bool{"estraneo": true, "collega": false, "agente": true} {
		read, err := o.Releases.Read(o.as(who), n)
		if err != nil {
			t.Fatal(err)
		}
		if read.Told.After(v.Told) != moved {
			t.Errorf("%s was told at %v, the pilot at %v", who, read.Told, v.Told)
		}
	}
}
