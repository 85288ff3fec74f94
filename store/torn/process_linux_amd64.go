package torn

import (
	"encoding/binary"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
	"time"
)

// Start begins a program whose files below dir, an absolute path, can be troubled, and meets it with the trouble at once.
// Its output goes where stdout and stderr say.
func Start(argv, environ []string, stdout, stderr *os.File, dir string, first Trouble) (*Process, error) {
	p := &Process{ended: make(chan struct{})}
	p.Meet(first)
	started := make(chan error, 1)
	go func() {
		defer close(p.ended)
		runtime.LockOSThread() // and never unlocked: the thread ends with the tracing
		null, err := os.OpenFile(os.DevNull, os.O_RDONLY, 0)
		if err != nil {
			started <- err
			return
		}
		defer null.Close()
		p.Pid, err = syscall.ForkExec(argv[0], argv, &syscall.ProcAttr{Env: environ, Files: []uintptr{null.Fd(), stdout.Fd(), stderr.Fd()}, Sys: &syscall.SysProcAttr{Ptrace: true}})
		if errors.Is(err, syscall.EPERM) {
			err = ErrCannot
		}
		if err != nil {
			started <- err
			return
		}
		m := &meddler{p: p, dir: filepath.Clean(dir), inside: map[int]*meddled{}}
		if m.mem, err = os.OpenFile(fmt.Sprintf("/proc/%d/mem", p.Pid), os.O_RDWR, 0); err != nil {
			started <- errors.Join(err, syscall.Kill(p.Pid, syscall.SIGKILL))
			return
		}
		defer m.mem.Close()
		started <- nil
		if p.status, p.err = follow(p.Pid, m.hideClock, m.call); p.err != nil {
			_ = syscall.Kill(p.Pid, syscall.SIGKILL) // it may be gone
		}
	}()
	if err := <-started; err != nil {
		return nil, fmt.Errorf("torn: start %s: %w", argv[0], err)
	}
	return p, nil
}

// meddler stands between a process and the kernel.
type meddler struct {
	p      *Process
	dir    string
	mem    *os.File
	inside map[int]*meddled
}

// meddled is a call that a thread is in.
type meddled struct {
	fail  syscall.Errno // it is not to be made, or its result not to be told
	clock uint64        // address at which it writes the time of day
}

func (m *meddler) call(tid int) (time.Duration, error) {
	var regs syscall.PtraceRegs
	if err := syscall.PtraceGetRegs(tid, &regs); err != nil {
		return 0, err
	}
	if c, is := m.inside[tid]; is {
		delete(m.inside, tid)
		return 0, m.leave(tid, c, &regs)
	}
	c := &meddled{}
	m.inside[tid] = c
	t := m.p.trouble.Load()
	fd := int(int32(regs.Rdi))
	switch regs.Orig_rax {
	case syscall.SYS_CLOCK_GETTIME:
		if regs.Rdi == 0 && t.Clock != 0 { // CLOCK_REALTIME
			c.clock = regs.Rsi
		}
		return 0, nil
	case syscall.SYS_FSYNC, syscall.SYS_FDATASYNC:
		if t.RefuseSync == 0 && t.Sync == 0 || !m.ours(fd) {
			return 0, nil
		}
		c.fail = t.RefuseSync
		return t.Sync, nil
	}
	if t.Refuse == 0 || !m.changes(&regs, fd) {
		return 0, nil
	}
	c.fail = t.Refuse
	regs.Orig_rax = ^uint64(0) // no such call
	return 0, syscall.PtraceSetRegs(tid, &regs)
}

// leave changes what the call returns.
func (m *meddler) leave(tid int, c *meddled, regs *syscall.PtraceRegs) error {
	if c.fail != 0 {
		regs.Rax = uint64(-int64(c.fail))
		return syscall.PtraceSetRegs(tid, regs)
	}
	if c.clock == 0 {
		return nil
	}
	var b [8]byte
	if _, err := m.mem.ReadAt(b[:], int64(c.clock)); err != nil {
		return fmt.Errorf("read the time: %w", err)
	}
	seconds := int64(binary.LittleEndian.Uint64(b[:])) + int64(m.p.trouble.Load().Clock/time.Second)
	binary.LittleEndian.PutUint64(b[:], uint64(seconds))
	if _, err := m.mem.WriteAt(b[:], int64(c.clock)); err != nil {
		return fmt.Errorf("change the time: %w", err)
	}
	return nil
}

// changes reports whether the call would change something below the folder.
func (m *meddler) changes(regs *syscall.PtraceRegs, fd int) bool {
	switch regs.Orig_rax {
	case syscall.SYS_WRITE, syscall.SYS_PWRITE64, syscall.SYS_FTRUNCATE, syscall.SYS_WRITEV, syscall.SYS_FALLOCATE:
		return m.ours(fd)
	case sysCopyRange:
		return m.ours(int(int32(regs.Rdx)))
	case syscall.SYS_OPENAT:
		return regs.Rdx&(syscall.O_WRONLY|syscall.O_RDWR|syscall.O_CREAT) != 0 && m.below(regs.Rsi)
	case syscall.SYS_MKDIRAT, syscall.SYS_UNLINKAT, syscall.SYS_RENAMEAT, sysRenameat2, syscall.SYS_FCHMODAT:
		return m.below(regs.Rsi)
	}
	return false
}

func (m *meddler) ours(fd int) bool {
	path, err := os.Readlink(fmt.Sprintf("/proc/%d/fd/%d", m.p.Pid, fd))
	return err == nil && (path == m.dir || strings.HasPrefix(path, m.dir+"/"))
}

func (m *meddler) below(address uint64) bool {
	t := tracer{mem: m.mem}
	path, err := t.text(address)
	return err == nil && strings.HasPrefix(path, m.dir+"/")
}

// hideClock takes away what the kernel gives a program to read the clock without a call, so that the clock can be moved:
// in the list behind the environment, at the bottom of the stack, its entry becomes one to be ignored.
func (m *meddler) hideClock() error {
	var regs syscall.PtraceRegs
	if err := syscall.PtraceGetRegs(m.p.Pid, &regs); err != nil {
		return err
	}
	stack := regs.Rsp
	const ignore, vdso = 1, 33 // AT_IGNORE, AT_SYSINFO_EHDR
	word := func(at uint64) (uint64, error) {
		var b [8]byte
		_, err := m.mem.ReadAt(b[:], int64(at))
		return binary.LittleEndian.Uint64(b[:]), err
	}
	argc, err := word(stack)
	if err != nil {
		return fmt.Errorf("read stack: %w", err)
	}
	at := stack + 8*(argc+2)
	for {
		w, err := word(at)
		if err != nil {
			return fmt.Errorf("read stack: %w", err)
		}
		at += 8
		if w == 0 {
			break
		}
	}
	for ; ; at += 16 {
		w, err := word(at)
		if err != nil || w == 0 {
			return err
		}
		if w == vdso {
			var b [8]byte
			binary.LittleEndian.PutUint64(b[:], ignore)
			if _, err := m.mem.WriteAt(b[:], int64(at)); err != nil {
				return fmt.Errorf("change stack: %w", err)
			}
			return nil
		}
	}
}
