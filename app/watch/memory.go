package watch

import (
	"os"
	"runtime/debug"
)

// LimitMemory makes the collector work harder as the program approaches the given number of megabytes, unless
// GOMEMLIMIT is set. It is not a hard limit: the program still gets the memory it needs.
func LimitMemory(megabytes int) {
	if megabytes > 0 && os.Getenv("GOMEMLIMIT") == "" {
		debug.SetMemoryLimit(int64(megabytes) << 20)
	}
}
