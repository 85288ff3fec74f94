package watch

import (
	"fmt"
	"runtime"
	"runtime/debug"
)

// Version returns the release of the binary and what it was built with.
func Version() string {
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return "sportello (unknown)"
	}
	v := info.Main.Version
	for _, s := range info.Settings {
		if s.Key == "vcs.revision" && (v == "" || v == "(devel)") && len(s.Value) >= 12 {
			v = s.Value[:12]
		}
	}
	if v == "" {
		v = "(devel)"
	}
	return fmt.Sprintf("sportello %s %s %s/%s", v, runtime.Version(), runtime.GOOS, runtime.GOARCH)
}
