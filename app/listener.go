package app

import (
	"errors"
	"io"
	"log/slog"
	"net"
	"os"
	"sync"
	"syscall"
	"time"
)

// sparingListener accepts connections and outlives a process that has no file descriptor left, which fasthttp takes for
// the end of the listener. It keeps one aside: with that it takes who comes, says that it is busy, and lets go.
type sparingListener struct {
	net.Listener
	log    *slog.Logger
	silent bool // nothing can be said in the clear

	mu     sync.Mutex
	spare  *os.File
	closed bool
	warned time.Time
}

func newSparingListener(ln net.Listener, silent bool, log *slog.Logger) *sparingListener {
	l := &sparingListener{Listener: ln, log: log, silent: silent}
	l.keepSpare()
	return l
}

// Accept waits for the next connection that can be served.
func (l *sparingListener) Accept() (net.Conn, error) {
	const pause = 100 * time.Millisecond
	for {
		c, err := l.Listener.Accept()
		switch {
		case err == nil && l.keepSpare():
			return c, nil
		case err == nil:
			l.turnAway(c)
		case errors.Is(err, syscall.EMFILE), errors.Is(err, syscall.ENFILE):
			if !l.useSpare() {
				time.Sleep(pause) // until somebody gives one back
			}
		case errors.Is(err, syscall.ECONNABORTED):
		case errors.Is(err, syscall.ENOBUFS), errors.Is(err, syscall.ENOMEM):
			time.Sleep(pause)
		default:
			return nil, err
		}
	}
}

// keepSpare puts one aside, and reports whether it is there.
func (l *sparingListener) keepSpare() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.spare == nil && !l.closed {
		var err error
		if l.spare, err = os.Open(os.DevNull); err != nil {
			l.spare = nil
		}
	}
	return l.spare != nil || l.closed
}

// useSpare gives it back to the system, and reports whether there was one.
func (l *sparingListener) useSpare() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	if time.Since(l.warned) > time.Minute {
		l.warned = time.Now()
		l.log.Error("no file descriptor is left: who comes is turned away", "do", "raise the limit (LimitNOFILE, ulimit -n)")
	}
	if l.spare == nil {
		return false
	}
	_ = l.spare.Close()
	l.spare = nil
	return true
}

const busy = "Lo sportello ha troppo da fare in questo momento. Riprova tra poco.\nThe desk is too busy just now. Try again shortly.\n"

// turnAway says that there is no room. What the peer sends is read first, or the answer might be lost to it.
func (l *sparingListener) turnAway(c net.Conn) {
	defer c.Close()
	if l.silent || c.SetDeadline(time.Now().Add(300*time.Millisecond)) != nil {
		return
	}
	if _, err := c.Read(make([]byte, 4096)); err != nil {
		return
	}
	_, _ = io.WriteString(c, "HTTP/1.1 503 Service Unavailable\r\nContent-Type: text/plain; charset=utf-8\r\nRetry-After: 30\r\nConnection: close\r\n\r\n"+busy)
}

// Close ends Accept.
func (l *sparingListener) Close() error {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.closed = true
	if l.spare != nil {
		_ = l.spare.Close()
		l.spare = nil
	}
	return l.Listener.Close()
}
