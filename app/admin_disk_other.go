//go:build !(linux || darwin || freebsd)

package app

// diskSpace does not know on this system.
func diskSpace(string) (free, total int64, ok bool) { return 0, 0, false }
