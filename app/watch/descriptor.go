package watch

import (
	"context"
	"errors"
	"fmt"
	"os"
	"syscall"
)

// fewDescriptors is the number of free descriptors below which the desk warns.
const fewDescriptors = 64

// wrongDescriptors returns a warning when the process can hardly open another file or connection, empty otherwise.
func wrongDescriptors() string {
	f, err := os.Open("/proc/self/fd")
	if errors.Is(err, syscall.EMFILE) || errors.Is(err, syscall.ENFILE) {
		return "no file descriptor is left: " + err.Error()
	}
	if err != nil {
		return "" // unknown on this system: whoever runs out of them reports it
	}
	defer f.Close()
	names, err := f.Readdirnames(-1)
	var limit syscall.Rlimit
	if err != nil || syscall.Getrlimit(syscall.RLIMIT_NOFILE, &limit) != nil {
		return ""
	}
	if used := uint64(len(names)); used+fewDescriptors > uint64(limit.Cur) {
		return fmt.Sprintf("%d of %d file descriptors are in use", used, limit.Cur)
	}
	return ""
}

func checkDescriptors(_ context.Context, beside bool) []Finding {
	const do = "raise the limit of the server (LimitNOFILE of its systemd unit, or ulimit -n)"
	if s := wrongDescriptors(); s != "" {
		return []Finding{{Wrong, s, do}}
	}
	var limit syscall.Rlimit
	if err := syscall.Getrlimit(syscall.RLIMIT_NOFILE, &limit); err != nil {
		return nil
	}
	if beside && limit.Cur < 4096 {
		return []Finding{{Note, fmt.Sprintf("no more than %d files and connections can be open at once", limit.Cur), do}}
	}
	return nil
}
