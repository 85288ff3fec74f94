package watch

import "testing"

func TestOnlyASmallHeapGrowsFreely(t *testing.T) {
	for live, want := range map[uint64]int{0: 100, 1 << 20: 400, 20 << 20: 375, 32 << 20: 200, 48 << 20: 100, 90 << 20: 100, 500 << 20: 100, 1 << 40: 100} {
		if got := growth(live); got != want {
			t.Errorf("a live heap of %d MiB grows by %d %%, want %d", live>>20, got, want)
		}
		if goal := live + live*uint64(growth(live))/100; live > 0 && live < heapGoal/2 && goal > heapGoal {
			t.Errorf("a live heap of %d MiB grows to %d MiB", live>>20, goal>>20)
		}
	}
}
