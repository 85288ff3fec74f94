package desk

import (
	"testing"
	"time"

	"sportello/app/desk/installation"
	"sportello/app/desk/release"
	"sportello/app/desk/work"
	"sportello/store"
	"sportello/store/db"
	"sportello/store/door"
)

// TestWhatRunsAnswersForAnOlderUpdate: a place that runs the update's version, or a later one in the order of the module, is not late,
// not reminded and asked for nothing. What its people say themselves goes before that.
func TestWhatRunsAnswersForAnOlderUpdate(t *testing.T) {
	due := time.Date(2026, 3, 20, 0, 0, 0, 0, time.UTC)
	for name, one := range map[string]struct {
		version, runs string
		test          string // what runs in the test environment
		listed        []string
		said          store.ReceiptState
		date          time.Time
		beyond, late  bool
	}{
		"an older one waits":                                        {version: "3.0", runs: "1.0", late: true},
		"a candidate of it waits":                                   {version: "3.0", runs: "3.0-rc1", late: true},
		"its own version, however it got there":                     {version: "3.0", runs: "3.0.0", beyond: true},
		"a newer one":                                               {version: "3.0", runs: "3.0.1", beyond: true},
		"a newer one of the test environment says nothing":          {version: "3.0", runs: "1.0", test: "3.1", late: true},
		"the module's own order puts it after":                      {version: "primavera", runs: "autunno", listed: []string{"autunno", "primavera"}, beyond: true},
		"the module's own order puts it before":                     {version: "primavera", runs: "autunno", listed: []string{"primavera", "autunno"}, late: true},
		"a changed scheme that nobody listed":                       {version: "2024.10", runs: "24.11", late: true},
		"a changed scheme that the module's order has":              {version: "2024.10", runs: "24.11", listed: []string{"24.11", "2024.10"}, beyond: true},
		"a failure that was said stays one":                         {version: "3.0", runs: "3.1", said: store.ReceiptFailed},
		"what was said not to apply stays so":                       {version: "3.0", runs: "3.1", said: store.ReceiptNotApplicable},
		"a plan whose day has passed is kept by a newer version":    {version: "3.0", runs: "3.1", said: store.ReceiptPlanned, date: due.AddDate(0, 0, -2), beyond: true},
		"a plan whose day has passed is not kept by an older one":   {version: "3.0", runs: "2.9", said: store.ReceiptPlanned, date: due.AddDate(0, 0, -2), late: true},
		"whoever read it alone has what runs answer":                {version: "3.0", runs: "3.1", said: store.ReceiptRead, beyond: true},
		"whoever read it alone and runs an older one is still late": {version: "3.0", runs: "2.9", said: store.ReceiptRead, late: true},
	} {
		t.Run(name, func(t *testing.T) {
			o := releasing(t)
			must := func(err error) {
				t.Helper()
				if err != nil {
					t.Fatal(err)
				}
			}
			must(o.st.Update(db.By{Via: door.Command}, func(tx *db.Tx) error {
				m, err := store.ModulesByCode.First(tx, "csa")
				if err != nil {
					return err
				}
				m.Versions = one.listed
				return store.Modules.Put(tx, m)
			}))
			v := o.published(draftOf(one.version, func(f *release.Form) { f.InstallBy.Production = due }))
			if one.said != 0 {
				_, err := o.Releases.Answer(o.as("referente"), v.Release.ID, release.Reply{Organisation: "ateneo", Environment: store.Production, State: one.said, Date: one.date, Reason: "Perché sì"})
				must(err)
			}
			must(o.Installations.Put(o.as("agente"), "ateneo", installation.Entry{Module: "csa", Environment: store.Production, Version: one.runs}))
			if one.test != "" {
				must(o.Installations.Put(o.as("agente"), "ateneo", installation.Entry{Module: "csa", Environment: store.Test, Version: one.test}))
			}
			o.now.Store(time.Date(2026, 4, 30, 9, 0, 0, 0, time.UTC).UnixNano()) // after the last reminder

			list, err := o.Releases.Receipts(o.as("agente"), v.Release.ID)
			must(err)
			for _, r := range list {
				if r.Organisation.Code != "ateneo" || r.Environment != store.Production {
					continue
				}
				if (r.Beyond != "") != one.beyond || r.Late != one.late || one.said != 0 && r.Last.State != one.said {
					t.Errorf("the receipt has %q, late %v, says %s", r.Beyond, r.Late, r.Last.State)
				}
			}
			pic, err := o.Releases.Picture(o.as("agente"), "csa")
			must(err)
			for _, row := range pic.Rows {
				if row.Organisation.Code == "ateneo" && row.Environment == store.Production && (row.Cells[0].Beyond != one.beyond || row.Cells[0].Late != one.late) {
					t.Errorf("the picture has %+v", row.Cells[0])
				}
			}
			progress, err := o.Releases.Progress(o.as("agente"), v.Release.ID)
			must(err)
			if (progress.Late == 1) != one.late || progress.Beyond+progress.Told+progress.Read+progress.Planned+progress.Installed+progress.NotApplicable+progress.Failed != len(list) {
				t.Errorf("the progress is %+v", progress)
			}
			items, err := o.Work.List(o.as("agente"))
			must(err)
			whys := map[work.Why]int{}
			for _, i := range items {
				whys[i.Why] += i.Count
			}
			if (whys[work.LateReceipt] > 0) != one.late || (whys[work.FailedReceipt] > 0) != (one.said == store.ReceiptFailed) {
				t.Errorf("the group has to do %v", whys)
			}
			n, err := o.Releases.Remind()
			must(err)
			if (n > 0) != one.late {
				t.Errorf("%d were reminded", n)
			}
		})
	}
}
