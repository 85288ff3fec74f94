package torn

import (
	"errors"
	"syscall"
	"time"
)

const (
	optGood     = 1       // PTRACE_O_TRACESYSGOOD
	optFork     = 2 | 4   // PTRACE_O_TRACEFORK and VFORK
	optClone    = 8       // PTRACE_O_TRACECLONE
	optExitKill = 1 << 20 // PTRACE_O_EXITKILL: nobody stays behind stopped
	onlyMine    = 1 << 29 // __WNOTHREAD: what other goroutines started is not ours to wait for
)

// follow goes from stop to stop of a process that was started to be traced by this thread, until it has ended. begin is
// called before its first instruction, unless it is nil; call is called for each entry into a system call and each
// exit, and says how long the thread is to wait there.
func follow(pid int, begin func() error, call func(tid int) (time.Duration, error)) (syscall.WaitStatus, error) {
	var ws syscall.WaitStatus
	if _, err := syscall.Wait4(pid, &ws, syscall.WALL, nil); err != nil {
		return ws, err
	}
	if err := syscall.PtraceSetOptions(pid, optGood|optFork|optClone|optExitKill); err != nil {
		return ws, err
	}
	if begin != nil {
		if err := begin(); err != nil {
			return ws, err
		}
	}
	if err := syscall.PtraceSyscall(pid, 0); err != nil {
		return ws, err
	}
	known := map[int]bool{pid: true}
	late := map[int]time.Time{} // threads that wait, until when
	for {
		now := time.Now()
		for tid, until := range late {
			if now.After(until) {
				delete(late, tid)
				if err := goOn(tid, 0); err != nil {
					return ws, err
				}
			}
		}
		flags := syscall.WALL | onlyMine
		if len(late) > 0 {
			flags |= syscall.WNOHANG
		}
		tid, err := syscall.Wait4(-1, &ws, flags, nil)
		switch {
		case errors.Is(err, syscall.EINTR):
			continue
		case errors.Is(err, syscall.ECHILD):
			return ws, errors.New("the process is gone without a word")
		case err != nil:
			return ws, err
		case tid == 0:
			time.Sleep(time.Millisecond) // there is no waiting for a stop and a time at once
			continue
		}
		if ws.Exited() || ws.Signaled() {
			delete(known, tid)
			delete(late, tid)
			if tid == pid {
				return ws, nil
			}
			continue
		}
		pass := 0
		switch sig := ws.StopSignal(); {
		case sig == syscall.SIGTRAP|0x80:
			wait, err := call(tid)
			if err != nil && !errors.Is(err, syscall.ESRCH) {
				return ws, err
			}
			if wait > 0 {
				late[tid] = time.Now().Add(wait)
				continue
			}
		case sig == syscall.SIGTRAP && ws.TrapCause() > 0, !known[tid] && sig == syscall.SIGSTOP: // a thread was made, or is new
		default:
			pass = int(sig)
		}
		known[tid] = true
		if err := goOn(tid, pass); err != nil {
			return ws, err
		}
	}
}

// goOn lets the thread run to its next stop. One that is gone has no more.
func goOn(tid, signal int) error {
	if err := syscall.PtraceSyscall(tid, signal); err != nil && !errors.Is(err, syscall.ESRCH) {
		return err
	}
	return nil
}
