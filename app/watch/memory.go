package watch

import (
	"os"
	"runtime"
	"runtime/debug"
	runtimefigures "runtime/metrics"
	"sync"
)

// The garbage collector runs each time the heap has doubled. With a live heap of some tens of megabytes that means
// several runs a second under load, each of which takes a share of two cores from the pages. A small heap may therefore
// grow to heapGoal before it is collected; a large one, as during an index rebuild, is collected as usual.
const (
	heapGoal   = 96 << 20 // bytes
	mostGrowth = 400      // per cent
)

var collectOnce sync.Once

// CollectSeldom makes the collector run as described above, unless GOGC is set.
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

// growth returns by how many per cent a heap with live bytes may grow before it is collected.
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

// afterEachCollection calls f once after each run of the collector, by a cleanup on an unreferenced value.
func afterEachCollection(f func()) {
	type mark struct{ _ [64]byte }
	runtime.AddCleanup(&mark{}, func(struct{}) {
		f()
		afterEachCollection(f)
	}, struct{}{})
}

// LimitMemory makes the collector work harder as the program approaches the given number of megabytes, unless
// GOMEMLIMIT is set. It is not a hard limit: the program still gets the memory it needs.
func LimitMemory(megabytes int) {
	if megabytes > 0 && os.Getenv("GOMEMLIMIT") == "" {
		debug.SetMemoryLimit(int64(megabytes) << 20)
	}
}
