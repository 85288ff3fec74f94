package torn

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
	"time"
)

// ErrCannot is what Record returns where this process may not trace another.
var ErrCannot = errors.New("torn: this machine lets nobody trace a process")

// What package syscall has no name for.
const (
	sysRenameat2    = 316
	sysCopyRange    = 326
	sysPwritev2     = 328
	sysIouringSetup = 425
	sysOpenat2      = 437

	atFdcwd = -100

	fcntlDup     = 0
	fcntlDupExec = 1030
)

// Record runs the program to its end and records what it does to the files of dir, an absolute path that is there, and
// what it says on standard output, which goes nowhere else. What is in the folders skip names, right below dir, is left
// out. Its standard error is ours. An error when the program does something to a file that the record cannot hold.
func Record(argv, environ []string, stdin *os.File, dir string, skip ...string) (*Recording, error) {
	runtime.LockOSThread() // all of ptrace is between this thread and the other process
	defer runtime.UnlockOSThread()
	r := &Recording{}
	t := &tracer{r: r, dir: filepath.Clean(dir), skip: map[string]bool{}, open: map[int]*handle{}, threads: map[int]*thread{}}
	for _, s := range skip {
		t.skip[s] = true
	}
	var err error
	if r.root, err = r.snapshot(t.dir, t.skip); err != nil {
		return nil, fmt.Errorf("torn: read %s: %w", dir, err)
	}
	null, err := os.OpenFile(os.DevNull, os.O_RDWR, 0)
	if err != nil {
		return nil, err
	}
	defer null.Close()
	if stdin == nil {
		stdin = null
	}
	pid, err := syscall.ForkExec(argv[0], argv, &syscall.ProcAttr{Env: environ, Files: []uintptr{stdin.Fd(), null.Fd(), 2}, Sys: &syscall.SysProcAttr{Ptrace: true}})
	if err != nil {
		if errors.Is(err, syscall.EPERM) {
			return nil, ErrCannot
		}
		return nil, fmt.Errorf("torn: start %s: %w", argv[0], err)
	}
	t.pid = pid
	if t.mem, err = os.Open(fmt.Sprintf("/proc/%d/mem", pid)); err == nil {
		defer t.mem.Close()
		err = t.follow(pid)
	}
	if err != nil {
		_ = syscall.Kill(pid, syscall.SIGKILL) // it may be gone
		return nil, fmt.Errorf("torn: record: %w", err)
	}
	return r, nil
}

// tracer is what is known of the process while it runs.
type tracer struct {
	r       *Recording
	pid     int
	failed  error // by what the end of a call did
	dir     string
	skip    map[string]bool
	mem     *os.File
	open    map[int]*handle // files of the folder, by descriptor
	threads map[int]*thread
}

type handle struct {
	node *node
	pos  int64
	adds bool // O_APPEND
}

// thread is one that runs. Between the stops at the entry and the exit of a call, after is what the exit does.
type thread struct {
	inside bool
	after  func(result int64)
}

// follow goes from stop to stop until the process has ended, and returns with what.
func (t *tracer) follow(pid int) error {
	ws, err := follow(pid, nil, func(tid int) (time.Duration, error) {
		th := t.threads[tid]
		if th == nil {
			th = &thread{}
			t.threads[tid] = th
		}
		return 0, t.call(tid, th)
	})
	switch {
	case err != nil:
		return err
	case ws.Signaled():
		return fmt.Errorf("it was ended by signal %v", ws.Signal())
	}
	t.r.begin(Event{Kind: Said, Data: fmt.Appendf(nil, "exit %d\n", ws.ExitStatus()), with: -1})
	return nil
}

// call handles one stop at a call.
func (t *tracer) call(tid int, th *thread) error {
	var regs syscall.PtraceRegs
	if err := syscall.PtraceGetRegs(tid, &regs); err != nil {
		return err
	}
	if th.inside {
		th.inside = false
		if th.after != nil {
			th.after(int64(regs.Rax))
			th.after = nil
		}
		return t.failed
	}
	th.inside = true
	var err error
	th.after, err = t.enter(&regs)
	return err
}

// enter looks at a call that begins and returns what its end does, nil for nothing.
func (t *tracer) enter(regs *syscall.PtraceRegs) (after func(int64), err error) {
	fd, h := int(int32(regs.Rdi)), t.open[int(int32(regs.Rdi))]
	switch regs.Orig_rax {
	case syscall.SYS_WRITE:
		if fd == 1 {
			data, err := t.bytes(regs.Rsi, regs.Rdx)
			t.r.begin(Event{Kind: Said, Data: data, with: -1})
			return nil, err
		}
		if h == nil {
			return nil, nil
		}
		at := h.pos
		if h.adds {
			at = h.node.liveSize
		}
		end, err := t.write(h, regs.Rsi, regs.Rdx, at)
		return func(n int64) { end(n); h.pos = at + max(n, 0) }, err
	case syscall.SYS_PWRITE64:
		if h == nil {
			return nil, nil
		}
		return t.write(h, regs.Rsi, regs.Rdx, int64(regs.R10))
	case syscall.SYS_READ:
		if h == nil {
			return nil, nil
		}
		return func(n int64) { h.pos += max(n, 0) }, nil
	case syscall.SYS_LSEEK:
		if h == nil {
			return nil, nil
		}
		return func(n int64) {
			if n >= 0 {
				h.pos = n
			}
		}, nil
	case syscall.SYS_FTRUNCATE:
		if h == nil {
			return nil, nil
		}
		size := int64(regs.Rsi)
		i := t.r.begin(Event{Kind: Truncate, Path: t.r.pathOf(h.node), Size: size, node: h.node, with: -1})
		h.node.liveSize = size
		return t.ends(i), nil
	case syscall.SYS_FSYNC, syscall.SYS_FDATASYNC:
		if h == nil {
			return nil, nil
		}
		return t.ends(t.r.begin(Event{Kind: Sync, Path: t.r.pathOf(h.node), node: h.node, with: -1})), nil
	case syscall.SYS_CLOSE:
		delete(t.open, fd)
	case syscall.SYS_DUP, syscall.SYS_DUP2, syscall.SYS_DUP3:
		return func(n int64) { t.dup(h, n) }, nil
	case syscall.SYS_FCNTL:
		if cmd := regs.Rsi; cmd == fcntlDup || cmd == fcntlDupExec {
			return func(n int64) { t.dup(h, n) }, nil
		}
	case syscall.SYS_OPENAT:
		return t.openat(fd, regs.Rsi, int(regs.Rdx))
	case syscall.SYS_OPEN:
		return t.openat(atFdcwd, regs.Rdi, int(regs.Rsi))
	case syscall.SYS_MKDIRAT:
		return t.mkdir(fd, regs.Rsi)
	case syscall.SYS_MKDIR:
		return t.mkdir(atFdcwd, regs.Rdi)
	case syscall.SYS_UNLINKAT:
		return t.unlink(fd, regs.Rsi)
	case syscall.SYS_UNLINK, syscall.SYS_RMDIR:
		return t.unlink(atFdcwd, regs.Rdi)
	case syscall.SYS_RENAMEAT, sysRenameat2:
		return t.rename(fd, regs.Rsi, int(int32(regs.Rdx)), regs.R10)
	case syscall.SYS_RENAME:
		return t.rename(atFdcwd, regs.Rdi, atFdcwd, regs.Rsi)
	case syscall.SYS_MMAP:
		const shared, writable = 1, 2
		if h := t.open[int(int32(regs.R8))]; h != nil && regs.R10&shared != 0 && regs.Rdx&writable != 0 {
			return nil, fmt.Errorf("a file is written through memory: %s", t.r.pathOf(h.node))
		}
	case syscall.SYS_WRITEV, syscall.SYS_PWRITEV, sysPwritev2, syscall.SYS_FALLOCATE, syscall.SYS_SENDFILE:
		if h != nil {
			return nil, fmt.Errorf("call %d on %s", regs.Orig_rax, t.r.pathOf(h.node))
		}
	case sysCopyRange:
		return t.copied(int(int32(regs.Rdx)), regs.R10)
	case syscall.SYS_SPLICE:
		if h := t.open[int(int32(regs.Rdx))]; h != nil {
			return nil, fmt.Errorf("call %d on %s", regs.Orig_rax, t.r.pathOf(h.node))
		}
	case syscall.SYS_LINK, syscall.SYS_LINKAT, syscall.SYS_SYMLINKAT, syscall.SYS_TRUNCATE, sysOpenat2, sysIouringSetup, syscall.SYS_EXECVE:
		return nil, fmt.Errorf("call %d", regs.Orig_rax)
	}
	return nil, nil
}

func (t *tracer) ends(i int) func(int64) {
	return func(n int64) {
		if n >= 0 {
			t.r.end(i)
		}
	}
}

func (t *tracer) dup(h *handle, n int64) {
	if h != nil && n >= 0 {
		t.open[int(n)] = h
	}
}

func (t *tracer) write(h *handle, address, size uint64, at int64) (func(int64), error) {
	data, err := t.bytes(address, size)
	if err != nil {
		return nil, err
	}
	i := t.r.begin(Event{Kind: Write, Path: t.r.pathOf(h.node), Off: at, Size: int64(len(data)), Data: data, node: h.node, with: -1})
	h.node.liveSize = max(h.node.liveSize, at+int64(len(data)))
	return func(n int64) {
		e := &t.r.Events[i]
		e.Size = min(e.Size, max(n, 0))
		e.Data = e.Data[:e.Size]
		t.r.end(i)
	}, nil
}

// copied is what the kernel copies from one file to another by itself, to where the second one stands: what that was is
// read afterwards.
func (t *tracer) copied(fd int, offset uint64) (func(int64), error) {
	h := t.open[fd]
	if h == nil {
		return nil, nil
	}
	if offset != 0 {
		return nil, fmt.Errorf("copied to a place of %s", t.r.pathOf(h.node))
	}
	i := t.r.begin(Event{Kind: Write, Path: t.r.pathOf(h.node), Off: h.pos, node: h.node, with: -1})
	return func(n int64) {
		if n <= 0 {
			return
		}
		e := &t.r.Events[i]
		e.Data = make([]byte, n)
		f, err := os.Open(fmt.Sprintf("/proc/%d/fd/%d", t.pid, fd))
		if err == nil {
			_, err = f.ReadAt(e.Data, e.Off)
			f.Close()
		}
		if err != nil {
			t.failed = fmt.Errorf("read what was copied: %w", err)
		}
		e.Size = n
		h.pos += n
		h.node.liveSize = max(h.node.liveSize, h.pos)
		t.r.end(i)
	}, nil
}

func (t *tracer) openat(dirfd int, address uint64, flags int) (func(int64), error) {
	dir, name, err := t.resolve(dirfd, address)
	if err != nil || dir == nil {
		return nil, err
	}
	n := dir
	if name != "" {
		n = dir.live[name]
	}
	i := -1
	switch {
	case n == nil && flags&syscall.O_CREAT == 0:
		return nil, nil
	case n == nil:
		n = t.r.file()
		i = t.link(dir, name, n)
	case flags&syscall.O_TRUNC != 0 && !n.folder:
		i = t.r.begin(Event{Kind: Truncate, Path: t.r.pathOf(n), node: n, with: -1})
		n.liveSize = 0
	}
	return func(fd int64) {
		if fd < 0 {
			return
		}
		if i >= 0 {
			t.r.end(i)
		}
		t.open[int(fd)] = &handle{node: n, adds: flags&syscall.O_APPEND != 0}
	}, nil
}

// link gives the node a name, at the entry of the call: only calls that succeed are expected to.
func (t *tracer) link(dir *node, name string, n *node) int {
	dir.live[name] = n
	return t.r.begin(Event{Kind: Link, Path: t.r.pathOf(n), dir: dir, name: name, node: n, with: -1})
}

func (t *tracer) mkdir(dirfd int, address uint64) (func(int64), error) {
	dir, name, err := t.resolve(dirfd, address)
	if err != nil || dir == nil || dir.live[name] != nil {
		return nil, err
	}
	return t.ends(t.link(dir, name, t.r.folder())), nil
}

func (t *tracer) unlink(dirfd int, address uint64) (func(int64), error) {
	dir, name, err := t.resolve(dirfd, address)
	if err != nil || dir == nil || dir.live[name] == nil {
		return nil, err
	}
	n := dir.live[name]
	if n.folder && len(n.live) > 0 {
		return nil, nil // will be refused
	}
	i := t.r.begin(Event{Kind: Unlink, Path: t.r.pathOf(n), dir: dir, name: name, node: n, with: -1})
	delete(dir.live, name)
	return t.ends(i), nil
}

func (t *tracer) rename(fromFd int, from uint64, toFd int, to uint64) (func(int64), error) {
	dir, name, err := t.resolve(fromFd, from)
	if err != nil {
		return nil, err
	}
	dir2, name2, err := t.resolve(toFd, to)
	if err != nil || dir == nil && dir2 == nil {
		return nil, err
	}
	if dir == nil || dir2 == nil {
		return nil, errors.New("a file is moved into or out of the folder")
	}
	n := dir.live[name]
	if n == nil {
		return nil, nil
	}
	i := t.link(dir2, name2, n)
	j := t.r.begin(Event{Kind: Unlink, Path: filepath.Join(t.r.pathOf(dir), name), dir: dir, name: name, node: n, with: i})
	delete(dir.live, name)
	return func(result int64) {
		if result >= 0 {
			t.r.end(i)
			t.r.end(j)
		}
	}, nil
}

// resolve reads a path and returns the folder it stands in and its name there; nil for what is not below ours, or left
// out. For our folder itself the name is empty.
func (t *tracer) resolve(dirfd int, address uint64) (*node, string, error) {
	path, err := t.text(address)
	if err != nil {
		return nil, "", err
	}
	at := t.r.root
	switch h := t.open[dirfd]; {
	case filepath.IsAbs(path):
		rel, err := filepath.Rel(t.dir, filepath.Clean(path))
		if err != nil || rel == ".." || strings.HasPrefix(rel, "../") {
			return nil, "", nil
		}
		path = rel
	case dirfd != atFdcwd && h != nil:
		at = h.node
	default:
		return nil, "", nil // somewhere else: tests give absolute paths
	}
	if path == "." {
		return at, "", nil
	}
	steps := strings.Split(path, "/")
	if at == t.r.root && t.skip[steps[0]] {
		return nil, "", nil
	}
	for _, s := range steps[:len(steps)-1] {
		if at = at.live[s]; at == nil {
			return nil, "", nil
		}
	}
	return at, steps[len(steps)-1], nil
}

func (t *tracer) bytes(address, size uint64) ([]byte, error) {
	b := make([]byte, size)
	if _, err := t.mem.ReadAt(b, int64(address)); err != nil {
		return nil, fmt.Errorf("read memory: %w", err)
	}
	return b, nil
}

// text reads a string that ends with a zero.
func (t *tracer) text(address uint64) (string, error) {
	var b []byte
	for len(b) < 4096 {
		one := make([]byte, 256)
		n, err := t.mem.ReadAt(one, int64(address)+int64(len(b)))
		if n == 0 {
			if errors.Is(err, io.EOF) {
				err = io.ErrUnexpectedEOF
			}
			return "", fmt.Errorf("read memory: %w", err)
		}
		if end := bytes.IndexByte(one[:n], 0); end >= 0 {
			return string(append(b, one[:end]...)), nil
		}
		b = append(b, one[:n]...)
	}
	return "", errors.New("a path without an end")
}
