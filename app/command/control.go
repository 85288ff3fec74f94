package command

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"path/filepath"
	"sync"
	"time"

	"sportello/app"
	"sportello/app/config"
	"sportello/app/listen"
	"sportello/app/web"
	"sportello/store/fault"
)

// A command that finds the data folder in use hands itself to the server that holds it, through a socket in the data
// folder. The request is one line of JSON, followed by standard input in lines of JSON. The answer is what the command
// prints, as it prints it, in lines of JSON, and finally its exit status.

// Ask is the request: the command line and the caller's working directory.
type Ask struct {
	Args []string `json:"args"`
	Cwd  string   `json:"cwd"`
}

// Input is a piece of standard input, or its end.
type Input struct {
	Data []byte `json:"data,omitempty"`
	End  bool   `json:"end,omitempty"`
}

// Told is a piece of the command's output, or its exit status.
type Told struct {
	Out  []byte `json:"out,omitempty"`
	Err  []byte `json:"err,omitempty"`
	Exit *int   `json:"exit,omitempty"`
}

// errNoServer is returned when no server answers at the socket.
var errNoServer = errors.New("app: no server answers")

// maxSocketPath is the longest path a socket can be bound to; longer ones are reached through the open folder.
const maxSocketPath = 100

// shortSocket returns a path for the socket in the folder that is short enough to bind. The caller closes the closer
// afterwards.
func shortSocket(folder string) (string, io.Closer, error) {
	path := filepath.Join(folder, "control.sock")
	if len(path) <= maxSocketPath {
		return path, io.NopCloser(nil), nil
	}
	d, err := os.Open(folder) // #nosec G304 -- the data folder of the desk
	if err != nil {
		return "", nil, fmt.Errorf("app: open folder of socket: %w", err)
	}
	return fmt.Sprintf("/proc/self/fd/%d/control.sock", d.Fd()), d, nil
}

// closeTime is how long the server waits at shutdown for running commands to end.
const closeTime = 5 * time.Second

type control struct {
	ln     net.Listener
	folder io.Closer
	path   string
	wg     sync.WaitGroup
	cancel context.CancelFunc
}

// Beside starts to accept commands from other processes of the same user. The caller closes the result.
func Beside(a *app.App) (io.Closer, error) {
	folder := filepath.Join(a.Config.DataFolder(), "run")
	if err := os.MkdirAll(folder, 0o700); err != nil {
		return nil, fmt.Errorf("app: make run folder: %w", err)
	}
	path, closer, err := shortSocket(folder)
	if err != nil {
		return nil, err
	}
	// We hold the folder's lock, so an existing socket is left over from a process that ended.
	if err := os.Remove(path); err != nil && !errors.Is(err, os.ErrNotExist) {
		return nil, errors.Join(fmt.Errorf("app: remove old socket: %w", err), closer.Close())
	}
	ln, err := net.Listen("unix", path)
	if err != nil {
		return nil, errors.Join(fmt.Errorf("app: open control socket: %w", err), closer.Close())
	}
	if err := os.Chmod(path, 0o600); err != nil {
		return nil, errors.Join(fmt.Errorf("app: protect control socket: %w", err), ln.Close(), closer.Close())
	}
	ctx, cancel := context.WithCancel(context.Background())
	ln = listen.New(ln, true, a.Log)
	c := &control{ln: ln, folder: closer, path: path, cancel: cancel}
	c.wg.Add(1)
	go func() {
		defer c.wg.Done()
		for {
			conn, err := ln.Accept()
			if err != nil {
				if !errors.Is(err, net.ErrClosed) {
					a.Log.Error("control socket", "err", err)
				}
				return
			}
			c.wg.Add(1)
			go func() {
				defer c.wg.Done()
				defer conn.Close()
				if err := Answer(ctx, a, conn); err != nil {
					a.Log.Warn("command from another process", "err", err)
				}
			}()
		}
	}()
	return c, nil
}

// Close accepts no more commands and waits for the running ones to end.
func (c *control) Close() error {
	_ = os.Remove(c.path)
	_ = c.ln.Close()
	c.cancel()
	ended := make(chan struct{})
	go func() { c.wg.Wait(); close(ended) }()
	select {
	case <-ended:
	case <-time.After(closeTime): // a command that ignores its context: the store refuses its next write
	}
	return c.folder.Close()
}

// Answer runs one handed-over command on this server's desk.
func Answer(ctx context.Context, a *app.App, conn net.Conn) (err error) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	stop := context.AfterFunc(ctx, func() { _ = conn.Close() })
	defer stop()
	lines := bufio.NewReader(conn)
	var q Ask
	if err := readLine(lines, &q); err != nil {
		return fmt.Errorf("app: read command: %w", err)
	}
	var mu sync.Mutex
	send := func(x Told) error {
		mu.Lock()
		defer mu.Unlock()
		raw, err := json.Marshal(x)
		if err == nil {
			_, err = conn.Write(append(raw, '\n'))
		}
		if err != nil {
			cancel() // the caller has gone
		}
		return err
	}
	out := writerFunc(func(s []byte) error { return send(Told{Out: s}) })
	errOut := writerFunc(func(s []byte) error { return send(Told{Err: s}) })
	status := Failed
	func() {
		defer func() {
			if p := recover(); p != nil {
				a.Log.Error("command panicked", "args", q.Args[:min(2, len(q.Args))], "err", web.Panicked(p))
				_ = send(Told{Err: []byte("sportello: internal error, see the server's log\n")})
			}
		}()
		status = Within(ctx, a, q.Cwd, q.Args, &controlReader{lines: lines}, out, errOut)
	}()
	return send(Told{Exit: &status})
}

func readLine(r *bufio.Reader, v any) error {
	raw, err := r.ReadBytes('\n')
	if err != nil {
		return err
	}
	return json.Unmarshal(raw, v)
}

type writerFunc func([]byte) error

func (f writerFunc) Write(b []byte) (int, error) {
	if err := f(b); err != nil {
		return 0, err
	}
	return len(b), nil
}

// controlReader reads the other process's standard input.
type controlReader struct {
	lines *bufio.Reader
	rest  []byte
	done  bool
}

func (r *controlReader) Read(b []byte) (int, error) {
	for len(r.rest) == 0 {
		if r.done {
			return 0, io.EOF
		}
		var in Input
		if err := readLine(r.lines, &in); err != nil {
			r.done = true
			return 0, io.ErrUnexpectedEOF
		}
		r.rest, r.done = in.Data, in.End
	}
	n := copy(b, r.rest)
	r.rest = r.rest[n:]
	return n, nil
}

// handOver hands the whole command line to the server that holds the data folder, and prints its output. It returns the
// command's exit status, or errNoServer.
func (r *runner) handOver(ctx context.Context, cfg config.Config) (int, error) {
	path, closer, err := shortSocket(filepath.Join(cfg.DataFolder(), "run"))
	if err != nil {
		return 0, errNoServer
	}
	defer closer.Close()
	conn, err := (&net.Dialer{}).DialContext(ctx, "unix", path)
	if err != nil {
		return 0, errNoServer
	}
	defer conn.Close()
	stop := context.AfterFunc(ctx, func() { _ = conn.Close() })
	defer stop()
	if err := json.NewEncoder(conn).Encode(Ask{Args: r.args, Cwd: r.cwd}); err != nil {
		return 0, fmt.Errorf("app: hand command over: %w", err)
	}
	go r.sendInput(conn)
	lines := bufio.NewReader(conn)
	for {
		var x Told
		if err := readLine(lines, &x); err != nil {
			return 0, fault.New(fault.Unavailable, "error.stopping")
		}
		_, _ = r.out.Write(x.Out)
		_, _ = r.errOut.Write(x.Err)
		if x.Exit != nil {
			return *x.Exit, nil
		}
	}
}

// sendInput passes on standard input until it ends or the server closes the connection.
func (r *runner) sendInput(conn net.Conn) {
	to := json.NewEncoder(conn)
	buf := make([]byte, 32<<10)
	for {
		n, err := r.in.Read(buf)
		if n > 0 && to.Encode(Input{Data: buf[:n]}) != nil {
			return
		}
		if err != nil {
			_ = to.Encode(Input{End: true})
			return
		}
	}
}
