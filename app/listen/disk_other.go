//go:build !(linux || darwin || freebsd)

package listen

// DiskSpace returns false: disk space is unknown on this system.
func DiskSpace(string) (free, total int64, ok bool) { return 0, 0, false }
