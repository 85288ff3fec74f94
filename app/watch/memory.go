package watch

import (
	"os"
	"runtime"
	"runtime/debug"
	runtimefigures "runtime/metrics"
	"sync"
)

// The garbage collector runs each time the heap has doubled. Of a desk whose live heap is some tens of megabytes that
// is several times a second under load, and each run takes a share of two cores from the pages. While the heap is small
// it may grow to heapGoal before it is collected; a large one, as while an index is built, is collected as ever.
const (
	heapGoal   = 96 << 20 // bytes
	mostGrowth = 400      // per cent
)

var collectOnce sync.Once

// CollectSeldom has the collector run as said above, unless GOGC says how it is to run.
func CollectSeldom() {
	if os.Getenv("GOGC") != "" {
		return
	}
	collectOnce.Do(func() {
		have := 100
		adjust := func() {
			if p := growth(liveHeap()); p != have {
				have = p
				debug.SetGCPercent(p)
			}
		}
		adjust()
		afterEachCollection(adjust)
	})
}

// growth is by how many per cent a heap of so many live bytes may grow before it is collected.
func growth(live uint64) int {
	if live == 0 {
		return 100
	}
	p := (int64(heapGoal) - int64(live)) * 100 / int64(live) // #nosec G115 -- no heap has 2^63 bytes
	return int(min(max(p/25*25, 100), mostGrowth))
}

func liveHeap() uint64 {
	s := []runtimefigures.Sample{{Name: "/gc/heap/live:bytes"}}
	runtimefigures.Read(s)
	if s[0].Value.Kind() != runtimefigures.KindUint64 {
		return 0
	}
	return s[0].Value.Uint64()
}

// afterEachCollection calls f once after each run of the collector: what nothing refers to is cleaned up then.
func afterEachCollection(f func()) {
	type mark struct{ _ [64]byte }
	runtime.AddCleanup(&mark{}, func(struct{}) {
		f()
		afterEachCollection(f)
	}, struct{}{})
}

// LimitMemory has the collector work harder before the program has more than so many megabytes, unless GOMEMLIMIT says
// how many. It is not a hard limit: the program still gets the memory it needs.
func LimitMemory(megabytes int) {
	if megabytes > 0 && os.Getenv("GOMEMLIMIT") == "" {
		debug.SetMemoryLimit(int64(megabytes) << 20)
	}
}
