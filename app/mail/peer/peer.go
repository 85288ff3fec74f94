// Package peer starts real mail servers for tests: Dovecot and Postfix on loopback and unprivileged ports, with their
// own certificate authority, and servers that misbehave on purpose. Everything stops and is deleted with the test; if
// the test failed, the servers' logs are shown.
package peer

import (
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"sync"
	"syscall"
	"testing"
	"time"
)

// start is the time limit for the start of a server.
const start = 20 * time.Second

// missing ends a test that lacks something make deps installs.
func missing(t testing.TB, what string) {
	t.Helper()
	if os.Getenv("CI") == "true" {
		t.Fatalf("%s is missing: run make deps", what)
	}
	t.Skipf("%s is missing: run make deps", what)
}

// folder creates a temporary folder with a name short enough for sockets; that of t.TempDir is too long.
func folder(t testing.TB) string {
	t.Helper()
	dir, err := os.MkdirTemp("", "peer")
	if err != nil {
		t.Fatal(err)
	}
	// Servers drop root's rights before they open it.
	if err := os.Chmod(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := os.RemoveAll(dir); err != nil {
			t.Error(err)
		}
	})
	return dir
}

var given struct {
	sync.Mutex
	ports map[int]bool
}

// ports returns n loopback ports that are free and that no other call got. They are below the kernel's ephemeral range,
// so that no connection takes one before the server does.
func ports(t testing.TB, n int) []int {
	t.Helper()
	given.Lock()
	defer given.Unlock()
	if given.ports == nil {
		given.ports = make(map[int]bool)
	}
	var free []int
	for tries := 0; len(free) < n; tries++ {
		p := 20000 + rand.IntN(12000)
		ln, err := net.Listen("tcp", fmt.Sprintf("%s:%d", Host, p))
		if err == nil {
			ln.Close()
		}
		if err != nil || given.ports[p] {
			if tries > 1000 {
				t.Fatalf("no free port: %v", err)
			}
			continue
		}
		given.ports[p] = true
		free = append(free, p)
	}
	return free
}

// Listen listens on a free loopback port until the test ends.
func Listen(t testing.TB) net.Listener {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { ln.Close() })
	return ln
}

// Port returns the port of a listener from Listen.
func Port(ln net.Listener) int { return ln.Addr().(*net.TCPAddr).Port }

func write(t testing.TB, path, content string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(content), 0o644); err != nil {
		t.Fatal(err)
	}
}

// guard stops a server and deletes its folder if this process dies without doing so: a test that exceeds its time limit
// runs no cleanup. It notices the death by the end of its input. pidFile, if it exists, names another process to stop.
// The returned function removes the guard.
func guard(t testing.TB, group int, pidFile, dir string) func() {
	t.Helper()
	const script = `cat >/dev/null; kill -TERM -"$1"; [ -f "$2" ] && kill -TERM $(cat "$2"); sleep 1; rm -rf "$3"`
	cmd := exec.Command("sh", "-c", script, "guard", strconv.Itoa(group), pidFile, dir)
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true} // so that a signal that kills the test spares it
	in, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	return func() {
		_ = syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) // it has nothing to clean up
		_ = cmd.Wait()
		in.Close()
	}
}

// run starts a server in its own process group and waits until every port greets. log is its log file in the server's
// folder; pidFile, if not empty, is where the server records a process that leaves the group.
func run(t testing.TB, log, pidFile string, ports []int, name string, arg ...string) {
	t.Helper()
	cmd := exec.Command(name, arg...)
	out, err := os.Create(log + ".out")
	if err != nil {
		t.Fatal(err)
	}
	cmd.Stdout, cmd.Stderr = out, out
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	ended := make(chan error, 1)
	go func() { ended <- cmd.Wait() }()
	release := guard(t, cmd.Process.Pid, pidFile, filepath.Dir(log))
	t.Cleanup(func() {
		defer release()
		// The group exists as long as one of its processes does; an error means that it has ended already.
		_ = syscall.Kill(-cmd.Process.Pid, syscall.SIGTERM)
		select {
		case <-ended:
		case <-time.After(5 * time.Second):
			_ = syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL)
			<-ended
		}
		out.Close()
		if t.Failed() {
			for _, path := range []string{log + ".out", log} {
				if b, err := os.ReadFile(path); err == nil && len(b) > 0 {
					t.Logf("%s said:\n%s", filepath.Base(name), b[max(0, len(b)-8000):])
				}
			}
		}
	})
	for end := time.Now().Add(start); ; time.Sleep(10 * time.Millisecond) {
		select {
		case err := <-ended:
			ended <- err
			t.Fatalf("%s ended at once: %v", name, err)
		default:
		}
		err := greets(ports)
		if err == nil {
			return
		}
		if time.Now().After(end) {
			t.Fatalf("%s does not answer: %v", name, err)
		}
	}
}

func greets(ports []int) error {
	for _, p := range ports {
		c, err := net.DialTimeout("tcp", fmt.Sprintf("127.0.0.1:%d", p), time.Second)
		if err != nil {
			return err
		}
		err = c.SetReadDeadline(time.Now().Add(start))
		if err == nil {
			_, err = io.ReadFull(c, make([]byte, 4))
		}
		c.Close()
		if err != nil && !errors.Is(err, io.EOF) {
			return err
		}
	}
	return nil
}
