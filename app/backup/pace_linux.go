package backup

import (
	"os"

	"golang.org/x/sys/unix"
)

// writeBehind begins to write the bytes from sent to size, and waits until those from done to sent, which it began
// before, are written; those are dropped from the page cache unless they are to be read soon. Errors are told by the
// sync at the end.
func writeBehind(f *os.File, done, sent, size int64, keep bool) {
	fd := int(f.Fd())
	_ = unix.SyncFileRange(fd, sent, size-sent, unix.SYNC_FILE_RANGE_WRITE)
	if sent > done {
		_ = unix.SyncFileRange(fd, done, sent-done, unix.SYNC_FILE_RANGE_WAIT_BEFORE|unix.SYNC_FILE_RANGE_WRITE|unix.SYNC_FILE_RANGE_WAIT_AFTER)
		if keep {
			return
		}
		_ = unix.Fadvise(fd, done, sent-done, unix.FADV_DONTNEED)
	}
}

// forget drops the file from the page cache: nobody reads a backup soon.
func forget(f *os.File) {
	_ = unix.Fadvise(int(f.Fd()), 0, 0, unix.FADV_DONTNEED)
}
