package listen

import (
	"bytes"
	"errors"
	"io"
	"log/slog"
	"net"
	"os"
	"syscall"
	"testing"
)

// crowded is the listener of a process that has no descriptor left while the reserve is held.
type crowded struct {
	net.Listener
	of *Listener
}

func (c crowded) Accept() (net.Conn, error) {
	c.of.mu.Lock()
	kept := c.of.spare != nil
	c.of.mu.Unlock()
	if kept {
		return nil, &net.OpError{Op: "accept", Err: os.NewSyscallError("accept4", syscall.EMFILE)}
	}
	conn, err := c.Listener.Accept()
	c.of.mu.Lock()
	c.of.closed = true // whatever happens next is enough
	c.of.mu.Unlock()
	return conn, err
}

func TestAListenerOutlivesTheLastDescriptor(t *testing.T) {
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	need(t, err)
	l := New(ln, false, quiet())
	l.Listener = crowded{ln, l}
	accepted := make(chan error, 1)
	go func() {
		c, err := l.Accept()
		if err == nil {
			err = c.Close()
		}
		accepted <- err
	}()
	conn, err := net.Dial("tcp", ln.Addr().String())
	need(t, err)
	defer conn.Close()
	need(t, <-accepted)
	need(t, l.Close())
	if _, err := l.Accept(); !errors.Is(err, net.ErrClosed) {
		t.Errorf("after its end it accepts with %v", err)
	}
}

func TestWhoIsTurnedAwayIsToldSo(t *testing.T) {
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	need(t, err)
	l := New(ln, false, quiet())
	defer l.Close()
	go func() {
		if c, err := ln.Accept(); err == nil {
			l.turnAway(c)
		}
	}()
	conn, err := net.Dial("tcp", ln.Addr().String())
	need(t, err)
	defer conn.Close()
	_, err = io.WriteString(conn, "GET / HTTP/1.1\r\nHost: x\r\n\r\n")
	need(t, err)
	raw, err := io.ReadAll(conn)
	if err != nil || !bytes.HasPrefix(raw, []byte("HTTP/1.1 503 ")) || !bytes.Contains(raw, []byte("Riprova tra poco")) {
		t.Errorf("%q, %v", raw, err)
	}
}

// quiet returns a logger without output.
func quiet() *slog.Logger { return slog.New(slog.DiscardHandler) }

func need(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
