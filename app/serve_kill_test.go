package app_test

import (
	"bufio"
	"bytes"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"sportello/app"
	"sportello/app/config"
)

// killedDesk is a desk on the disk that a process of its own serves until it is killed.
type killedDesk struct {
	t    *testing.T
	cfg  config.Config
	path string // of its configuration
	r    *rand.Rand
}

// newKilledDesk returns a desk with what the configuration says besides. In the process that serves one it ends the test.
func newKilledDesk(t *testing.T, configuration string) *killedDesk {
	t.Helper()
	if os.Getenv("SPORTELLO_CHILD") != "" {
		t.Skip("this is the child")
	}
	dir := t.TempDir()
	d := &killedDesk{t: t, path: filepath.Join(dir, "config.toml"), r: rand.New(rand.NewPCG(3, uint64(time.Now().UnixNano())))}
	must(t, os.WriteFile(d.path, fmt.Appendf(nil, "data = %q\nlisten = \"127.0.0.1:0\"\n%s", filepath.Join(dir, "data"), configuration), 0o600))
	var err error
	d.cfg, err = config.Load(d.path, nil)
	must(t, err)
	return d
}

// open opens the desk in this process, whose data must be whole.
func (d *killedDesk) open(do func(*app.App)) {
	d.t.Helper()
	a, err := app.OpenDesk(d.cfg, discard())
	must(d.t, err)
	for _, finding := range a.Store.Check() {
		d.t.Errorf("check: %s", finding)
	}
	do(a)
	must(d.t, a.Close())
}

// serveAndKill serves the desk, and kills it between the two times after it answers.
func (d *killedDesk) serveAndKill(least, most time.Duration) {
	d.t.Helper()
	cmd := childCommand(d.t, "serve", "--config", d.path)
	out, err := cmd.StdoutPipe()
	must(d.t, err)
	var said bytes.Buffer
	cmd.Stderr = &said
	must(d.t, cmd.Start())
	for line := bufio.NewScanner(out); line.Scan() && !strings.HasPrefix(line.Text(), "http://127"); {
	}
	time.Sleep(least + time.Duration(d.r.Int64N(int64(most-least)))) // the moment of the kill is what is tried
	must(d.t, cmd.Process.Signal(syscall.SIGKILL))
	_ = cmd.Wait() // killed: the status says so
	if strings.Contains(said.String(), "panic") {
		d.t.Errorf("the server said %s", said.String())
	}
}
