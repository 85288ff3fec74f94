package torn

import (
	"sync/atomic"
	"syscall"
	"time"
)

// Trouble is what a Process meets. The zero value is a machine that is well.
type Trouble struct {
	Refuse     syscall.Errno // what every call that would change the folder fails with: EROFS, ENOSPC, EIO
	RefuseSync syscall.Errno // what each sync of a file or folder fails with, after it was done
	Sync       time.Duration // how much longer each sync takes
	Clock      time.Duration // how far the clock of the day is off
}

// Process is a running program on a machine whose disk and clock can be troubled.
type Process struct {
	Pid     int
	trouble atomic.Pointer[Trouble]
	ended   chan struct{}
	status  syscall.WaitStatus
	err     error
}

// Meet has the process meet the trouble from its next call on.
func (p *Process) Meet(t Trouble) { p.trouble.Store(&t) }

// Ended is closed when the process has ended.
func (p *Process) Ended() <-chan struct{} { return p.ended }

// Wait waits for the end and returns how the process ended.
func (p *Process) Wait() (syscall.WaitStatus, error) {
	<-p.ended
	return p.status, p.err
}
