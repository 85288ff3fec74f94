//go:build linux || darwin || freebsd

package listen

import "syscall"

// DiskSpace returns the bytes available to us and the total bytes of the disk that holds the path. ok is false when
// they are unknown.
func DiskSpace(path string) (free, total int64, ok bool) {
	var s syscall.Statfs_t
	if err := syscall.Statfs(path, &s); err != nil {
		return 0, 0, false
	}
	size := int64(s.Bsize)
	return int64(s.Bavail) * size, int64(s.Blocks) * size, true // #nosec G115 -- no disk has 2^63 bytes
}
