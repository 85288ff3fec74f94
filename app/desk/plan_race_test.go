package desk

import (
	"encoding/json"
	"fmt"
	"slices"
	"sync"
	"testing"

	"sportello/app/desk/plan"
	"sportello/store"
	"sportello/store/fault"
)

// TestAPlanIsClosedWhileSomebodyWrites: whatever was answered before the end is in the record that is kept, and what comes
// later is refused.
func TestAPlanIsClosedWhileSomebodyWrites(t *testing.T) {
	o, p := planning(t)
	n := p.Plan.ID
	v, err := o.Plans.Arrange(o.as("agente"), n, plan.Change{Rev: p.Plan.Rev, State: store.PlanRunning})
	if err != nil {
		t.Fatal(err)
	}
	const writers = 4
	var all sync.WaitGroup
	var mu sync.Mutex
	written := map[string]bool{}
	first := make(chan struct{}, writers)
	for i := range writers {
		all.Add(1)
		go func() {
			defer all.Done()
			for k := 0; ; k++ {
				reason := fmt.Sprintf("Motivo %d-%d.", i, k)
				_, _, err := o.Plans.Decide(o.as("referente"), n, "when", plan.Saying{Option: []string{"january", "later"}[k%2], Reason: reason})
				switch {
				case err == nil:
					mu.Lock()
					written[reason] = true
					mu.Unlock()
				case fault.KindOf(err) == fault.Conflict:
					if k == 0 {
						first <- struct{}{}
					}
					return // it is closed
				default:
					t.Error(err)
					first <- struct{}{}
					return
				}
				if k == 0 {
					first <- struct{}{}
				}
			}
		}()
	}
	for range writers {
		<-first
	}
	for {
		v, err = o.Plans.Arrange(o.as("agente"), n, plan.Change{Rev: v.Plan.Rev, State: store.PlanClosed})
		if err == nil {
			break
		}
		if fault.KindOf(err) != fault.Conflict {
			t.Fatal(err)
		}
		if v, err = o.Plans.Read(o.as("agente"), n); err != nil {
			t.Fatal(err)
		}
	}
	all.Wait()
	f, err := o.st.OpenBlob(v.Plan.Record)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	var kept plan.Record
	if err := json.NewDecoder(f).Decode(&kept); err != nil {
		t.Fatal(err)
	}
	said, err := o.Plans.History(o.as("agente"), n, "when")
	if err != nil {
		t.Fatal(err)
	}
	last := said[len(said)-1]
	if len(said) != len(written) || !written[last.Reason] {
		t.Errorf("%d answers are there, %d were given", len(said), len(written))
	}
	if d := kept.Decisions[0]; d.Reason != last.Reason || d.Revisions != last.Number || kept.State != "closed" {
		t.Errorf("the record keeps %q of revision %d, the last answer is %q of %d", d.Reason, d.Revisions, last.Reason, last.Number)
	}
}

// TestARecordIsWholeWhileSomebodyWrites: each record that is read meanwhile shows one state of the plan, never half of a change.
func TestARecordIsWholeWhileSomebodyWrites(t *testing.T) {
	o, p := planning(t)
	n := p.Plan.ID
	done := make(chan struct{})
	go func() {
		defer close(done)
		for k := range 60 {
			option := []string{"january", "later"}[k%2]
			if _, _, err := o.Plans.Decide(o.as("referente"), n, "when", plan.Saying{Option: option, Reason: "Per " + option}); err != nil {
				t.Error(err)
				return
			}
		}
	}()
	for reads, over := 0, false; !over; reads++ {
		select {
		case <-done:
			over = true
		default:
		}
		r, err := o.Plans.Record(o.as("referente"), n)
		if err != nil {
			t.Fatal(err)
		}
		d := r.Decisions[0]
		if d.Choice == "" {
			continue // nobody has answered so far
		}
		chosen := r.Decisions[0].Options[slices.IndexFunc(d.Options, func(x plan.RecordOption) bool { return x.Chosen })]
		totals := slices.ContainsFunc(r.Steps, func(s plan.RecordStep) bool { return s.Code == "totals" })
		if d.Reason != "Per "+chosen.Code || totals != (chosen.Code == "later") {
			t.Fatalf("after %d records: %s because of %q, and the step of the other option is there: %v", reads, chosen.Code, d.Reason, totals)
		}
	}
}
