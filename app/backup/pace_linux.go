package backup

import (
	"os"

	"golang.org/x/sys/unix"
)

// writeBehind starts to write the bytes from sent to size, and waits until the bytes from done to sent, started
// earlier, are written. It drops those from the page cache unless keep says that they will be read soon. The final sync
// reports errors.
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
