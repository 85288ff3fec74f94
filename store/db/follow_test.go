package db

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"reflect"
	"slices"
	"sync/atomic"
	"testing"
	"time"
)

// planned is a row that a follower of the tests writes for each change it plans.
type planned struct {
	Row
	Seq uint64 `json:"seq"`
}

var plans = Declare("test.plans", Table[planned]{Silent: true})

// planner writes one row for each change of an item whose number is even.
func planner() Follower {
	return Follower{
		Name:   "planner",
		Most:   7,
		Gather: time.Millisecond,
		Tells:  func(_ *Tx, c *Change) bool { return c.Table == items.Name() && c.ID%2 == 0 },
		Plan: func(tx *Tx, changes []*Change) error {
			for _, c := range changes {
				if err := plans.Put(tx, &planned{Seq: c.Seq}); err != nil {
					return err
				}
			}
			return nil
		},
	}
}

// told is the plain model: every change of the log, one after the other, asked for itself.
func told(t *testing.T, st *Store, f Follower) (out []uint64) {
	t.Helper()
	must(t, st.View(func(tx *Tx) error {
		out = nil
		for c, err := range tx.Changes(0) {
			if err != nil {
				return err
			}
			if f.Tells == nil || f.Tells(tx, c) {
				out = append(out, c.Seq)
			}
		}
		return nil
	}))
	return out
}

func plansOf(t *testing.T, st *Store) (out []uint64) {
	t.Helper()
	must(t, st.View(func(tx *Tx) error {
		out = nil
		for p, err := range plans.All(tx, 0, false) {
			if err != nil {
				return err
			}
			out = append(out, p.Seq)
		}
		return nil
	}))
	return out
}

func same(t *testing.T, what string, got, want []uint64) {
	t.Helper()
	if !slices.Equal(got, want) {
		t.Errorf("%s: planned %v, the log tells %v", what, got, want)
	}
}

func TestAFollowerPlansEachChangeOnceAndInOrder(t *testing.T) {
	for seed := range uint64(30) {
		st := fresh(t, quick)
		r := rand.New(rand.NewPCG(seed, 1)) // #nosec G404 -- a plan of tests
		f := planner()
		f.Most = 1 + r.IntN(9)
		failures, calls := 0, 0
		plan := f.Plan
		f.Plan = func(tx *Tx, changes []*Change) error {
			if len(changes) > f.Most {
				t.Errorf("%d changes in a round of %d", len(changes), f.Most)
			}
			if err := plan(tx, changes); err != nil {
				return err
			}
			if calls++; r.IntN(4) == 0 { // after its writes: the transaction is rolled back, as by a crash
				failures++
				return errors.New("no plan today")
			}
			return nil
		}
		for range 25 {
			for range r.IntN(6) {
				add(t, st, &item{Group: r.Uint64N(3)})
			}
			if _, err := st.CatchUp(t.Context(), f); err != nil && err.Error() != "no plan today" {
				t.Fatal(err)
			}
			got, want := plansOf(t, st), told(t, st, f)
			if len(got) > len(want) || !slices.Equal(got, want[:len(got)]) {
				t.Fatalf("seed %d: planned %v of %v", seed, got, want)
			}
		}
		f.Plan = plan
		_, err := st.CatchUp(t.Context(), f)
		must(t, err)
		same(t, fmt.Sprintf("seed %d, %d of %d plans failed", seed, failures, calls), plansOf(t, st), told(t, st, f))
	}
}

func TestAFollowerStartsAfterManyChangesAndFollowsOn(t *testing.T) {
	st := fresh(t, quick)
	for range 100 {
		add(t, st, &item{}, &item{}, &item{})
	}
	ctx, stop := context.WithCancel(t.Context())
	ended := make(chan error)
	f := planner()
	woken := make(chan struct{}, 1000)
	f.Planned = func() { woken <- struct{}{} }
	go func() { ended <- st.Follow(ctx, f) }()
	for range 50 {
		add(t, st, &item{}, &item{})
	}
	for want := told(t, st, f); len(plansOf(t, st)) < len(want); {
		select {
		case <-woken:
		case <-time.After(10 * time.Second):
			t.Fatalf("planned %v of %v", plansOf(t, st), want)
		}
	}
	stop()
	if err := <-ended; !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
	same(t, "followed", plansOf(t, st), told(t, st, f))
}

func TestTwoLoopsOfOneFollowerPlanNothingTwice(t *testing.T) {
	st := fresh(t, quick)
	ctx, stop := context.WithCancel(t.Context())
	ended := make(chan error)
	f := planner()
	f.Gather = 0
	for range 3 {
		go func() { ended <- st.Follow(ctx, f) }()
	}
	for range 300 {
		add(t, st, &item{})
	}
	stop()
	for range 3 {
		if err := <-ended; !errors.Is(err, context.Canceled) {
			t.Errorf("got %v", err)
		}
	}
	_, err := st.CatchUp(t.Context(), f)
	must(t, err)
	same(t, "three at once", plansOf(t, st), told(t, st, f))
}

func TestWhatAFollowerPreparesIsRepeatedUntilItsPlanIsKept(t *testing.T) {
	st := fresh(t, quick)
	add(t, st, &item{}, &item{})
	f := planner()
	plan := f.Plan
	var prepared []uint64
	f.Prepare = func(_ context.Context, changes []*Change) error {
		for _, c := range changes {
			prepared = append(prepared, c.Seq)
		}
		return nil
	}
	f.Plan = func(*Tx, []*Change) error { return errors.New("no plan today") }
	for range 2 {
		if _, err := st.CatchUp(t.Context(), f); err == nil {
			t.Error("the failure of the plan is lost")
		}
	}
	f.Plan = plan
	_, err := st.CatchUp(t.Context(), f)
	must(t, err)
	if !reflect.DeepEqual(prepared, []uint64{2, 2, 2}) {
		t.Errorf("prepared %v", prepared)
	}
	same(t, "in the end", plansOf(t, st), []uint64{2})
	f.Prepare = func(context.Context, []*Change) error { return errors.New("not ready") }
	add(t, st, &item{}, &item{})
	if _, err := st.CatchUp(t.Context(), f); err == nil || err.Error() != "not ready" {
		t.Errorf("got %v", err)
	}
	same(t, "unprepared", plansOf(t, st), []uint64{2})
}

func TestAFollowerBeginsFromTheRowsInsteadOfThePast(t *testing.T) {
	st := fresh(t, quick)
	add(t, st, &item{}, &item{}, &item{}, &item{})
	f := planner()
	begun := 0
	f.Begin = func(context.Context) error {
		if begun++; begun == 1 {
			return errors.New("interrupted")
		}
		add(t, st, &item{}, &item{}) // what comes meanwhile is behind the cursor
		return nil
	}
	if _, err := st.CatchUp(t.Context(), f); err == nil {
		t.Error("the failure is lost")
	}
	for range 2 {
		_, err := st.CatchUp(t.Context(), f)
		must(t, err)
	}
	if begun != 2 {
		t.Errorf("begun %d times", begun)
	}
	same(t, "after the beginning", plansOf(t, st), []uint64{6})
}

// TestWhatTellsNothingCostsNoWrite holds the price of a follower that is seldom concerned: one write in a round.
func TestWhatTellsNothingCostsNoWrite(t *testing.T) {
	var commits atomic.Int64
	o := quick
	o.Committed = func(time.Duration) { commits.Add(1) }
	st := fresh(t, o)
	f := planner()
	f.Tells = func(*Tx, *Change) bool { return false }
	f.Most = 10
	looked := uint64(0)
	before := int64(0)
	for i := range 25 {
		add(t, st, &item{})
		before++
		at, err := st.catchUp(t.Context(), f, looked)
		must(t, err)
		if looked = at; at != uint64(i)+1 {
			t.Errorf("looked at %d of %d", at, i+1)
		}
	}
	if got := commits.Load() - before; got != 2 {
		t.Errorf("%d commits for 25 changes that tell nothing", got)
	}
}

func TestAFollowerGathersUntilARoundIsFull(t *testing.T) {
	st := fresh(t, quick)
	f := planner()
	f.Tells, f.Gather, f.Most = nil, time.Hour, 5
	sizes := make(chan int, 10)
	plan := f.Plan
	f.Plan = func(tx *Tx, changes []*Change) error { sizes <- len(changes); return plan(tx, changes) }
	ctx, stop := context.WithCancel(t.Context())
	ended := make(chan error)
	go func() { ended <- st.Follow(ctx, f) }()
	for range 5 {
		add(t, st, &item{})
	}
	select {
	case n := <-sizes:
		// The first round may begin with a change that was there when it first looked.
		if n < 1 || n > 5 {
			t.Errorf("a round of %d", n)
		}
	case <-time.After(10 * time.Second):
		t.Error("waits for the hour although the round is full")
	}
	stop()
	<-ended
}

func BenchmarkFollowerThatIsNotConcerned(b *testing.B) {
	st, err := tested.Open(b.TempDir(), quick)
	must(b, err)
	defer st.Close()
	must(b, st.Update(By{}, func(tx *Tx) error {
		for range 1000 {
			if err := items.Put(tx, &item{}); err != nil {
				return err
			}
		}
		return nil
	}))
	f := planner()
	f.Tells = func(*Tx, *Change) bool { return false }
	f.Most = 2000
	for b.Loop() {
		if _, err := st.CatchUp(b.Context(), f); err != nil {
			b.Fatal(err)
		}
	}
}
