package extract

import (
	"fmt"
	"os"
	"os/exec"
	"syscall"

	"golang.org/x/sys/unix"
)

// Able reports whether this system can limit the process of Apart.
const Able = true

// limitSelf takes from this process everything it does not need to read one open file. Without descriptors it can open
// neither another file nor a network connection.
func limitSelf() error {
	// The runtime opens its own descriptors with the first pipe or timer: do that now, because later it cannot.
	r, w, err := os.Pipe()
	if err != nil {
		return fmt.Errorf("extract: make ready: %w", err)
	}
	_, _ = r.Close(), w.Close()
	for _, l := range []struct {
		name      string
		which     int
		soft, max uint64
	}{
		{"memory", unix.RLIMIT_DATA, memoryLimit, memoryLimit},
		{"processor time", unix.RLIMIT_CPU, cpuLimit, cpuLimit + 1},
		{"core", unix.RLIMIT_CORE, 0, 0},
		{"file size", unix.RLIMIT_FSIZE, 0, 0},
		{"descriptors", unix.RLIMIT_NOFILE, 0, 0},
	} {
		if err := unix.Setrlimit(l.which, &unix.Rlimit{Cur: l.soft, Max: l.max}); err != nil {
			return fmt.Errorf("extract: limit %s: %w", l.name, err)
		}
	}
	if err := unix.Prctl(unix.PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0); err != nil {
		return fmt.Errorf("extract: give up privileges: %w", err)
	}
	return nil
}

// alone puts the process into its own group, which is killed as a whole.
func alone(cmd *exec.Cmd) {
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	cmd.Cancel = func() error { return syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) }
}
