//go:build linux || darwin || freebsd

package listen

import "syscall"

// DiskSpace returns how many bytes are free for us and how many there are on the disk that holds the path.
func DiskSpace(path string) (free, total int64, ok bool) {
	var s syscall.Statfs_t
	if err := syscall.Statfs(path, &s); err != nil {
		return 0, 0, false
	}
	size := int64(s.Bsize)
	return int64(s.Bavail) * size, int64(s.Blocks) * size, true // #nosec G115 -- no disk has 2^63 bytes
}
