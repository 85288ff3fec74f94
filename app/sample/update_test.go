package sample

import (
	"testing"

	"sportello/store"
	"sportello/store/db"
)

func TestTheDemoHasAYearOfUpdates(t *testing.T) {
	d, _ := fill(t, 1, demoNow)
	states, kinds, answers, modules := map[store.ReleaseState]int{}, map[store.ReleaseKind]int{}, map[store.ReceiptState]int{}, map[uint64]bool{}
	contacts, followers, tickets := 0, 0, 0
	err := d.Store().View(func(tx *db.Tx) error {
		for r, err := range store.Releases.All(tx, 0, false) {
			if err != nil {
				return err
			}
			states[r.State]++
			kinds[r.Kind]++
			modules[r.Modules[0]] = true
			if r.Published.After(demoNow) || r.State != store.ReleaseDraft && (r.Title.EN == "" || r.Notes.EN == "") {
				t.Errorf("%s %+v", r.Version, r.Title)
			}
		}
		for r, err := range store.Receipts.All(tx, 0, false) {
			if err != nil {
				return err
			}
			answers[r.Last.State]++
			for _, said := range r.Earlier {
				answers[said.State]++
			}
			if r.Ticket != 0 {
				tickets++
			}
		}
		for c, err := range store.Contacts.All(tx, 0, false) {
			if err != nil {
				return err
			}
			if !c.Confirmed.IsZero() {
				contacts++
			}
		}
		for _, err := range store.Followings.All(tx, 0, false) {
			if err != nil {
				return err
			}
			followers++
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range []store.ReleaseState{store.ReleaseDraft, store.ReleaseScheduled, store.ReleasePublished, store.ReleaseReplaced, store.ReleaseWithdrawn} {
		if states[s] == 0 {
			t.Errorf("no release is %s: %v", s, states)
		}
	}
	for _, k := range []store.ReleaseKind{store.Ordinary, store.Urgent, store.Law} {
		if kinds[k] == 0 {
			t.Errorf("no release is %s: %v", k, kinds)
		}
	}
	for _, s := range []store.ReceiptState{store.ReceiptTold, store.ReceiptRead, store.ReceiptPlanned, store.ReceiptInstalled, store.ReceiptNotApplicable, store.ReceiptFailed} {
		if answers[s] == 0 {
			t.Errorf("nobody said %s: %v", s, answers)
		}
	}
	if len(modules) < 5 || contacts != 1 || followers != 2 || tickets != 1 {
		t.Errorf("%d modules, %d contacts, %d followers, %d tickets of failures", len(modules), contacts, followers, tickets)
	}
}
