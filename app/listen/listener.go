// Package listen has what lies between the network and the program: a listener that survives a lack of file
// descriptors, certificates that reload, and the free space of a disk.
package listen

import (
	"errors"
	"io"
	"log/slog"
	"net"
	"net/netip"
	"os"
	"slices"
	"sync"
	"sync/atomic"
	"syscall"
	"time"
)

// Listener accepts connections up to the limits of the process and of each address. When there is no room, a new
// connection replaces the one that has been silent longest, so that idle connections never keep others out. When the
// process has no file descriptor left, fasthttp would stop accepting; the Listener keeps one descriptor in reserve, and
// uses it to accept a client, answer that the desk is busy, and close the connection.
type Listener struct {
	net.Listener
	log     *slog.Logger
	silent  bool                  // no plain-text answer is possible
	Most    int                   // maximum connections at once
	MostOf  int                   // maximum of one address; 0 for no limit
	Trusted func(netip.Addr) bool // addresses that many clients may share: proxies, and this machine

	mu     sync.Mutex
	spare  *os.File
	closed bool
	warned time.Time
	open   map[*conn]struct{}
	of     map[netip.Prefix]int
}

// New returns a Listener over ln. silent says that a client for whom there is no room cannot be answered in plain text.
func New(ln net.Listener, silent bool, log *slog.Logger) *Listener {
	l := &Listener{Listener: ln, log: log, silent: silent, Most: Most(0),
		Trusted: netip.Addr.IsLoopback, open: map[*conn]struct{}{}, of: map[netip.Prefix]int{}}
	l.keepSpare()
	return l
}

// Most returns how many connections there may be: the configured number, or fewer if the process has too few
// descriptors, of which the store, the index and files need some.
func Most(configured int) int {
	most := configured
	var limit syscall.Rlimit
	if syscall.Getrlimit(syscall.RLIMIT_NOFILE, &limit) == nil && limit.Cur < 1<<30 {
		has := int(limit.Cur)
		if fit := max(has-min(has/4, 400), 1); most == 0 || fit < most {
			most = fit
		}
	}
	return most
}

// Accept returns the next connection for which there is room.
func (l *Listener) Accept() (net.Conn, error) {
	const pause = 100 * time.Millisecond
	for {
		c, err := l.Listener.Accept()
		switch {
		case err == nil:
			if served, ok := l.admit(c); ok {
				return served, nil
			}
			l.turnAway(c)
		case errors.Is(err, syscall.EMFILE), errors.Is(err, syscall.ENFILE):
			if !l.useSpare() {
				time.Sleep(pause) // until a descriptor is released
			}
		case errors.Is(err, syscall.ECONNABORTED):
		case errors.Is(err, syscall.ENOBUFS), errors.Is(err, syscall.ENOMEM):
			time.Sleep(pause)
		default:
			return nil, err
		}
	}
}

// admit counts the connection and makes room for it if necessary. It reports whether the connection may stay.
func (l *Listener) admit(c net.Conn) (net.Conn, bool) {
	served := &conn{Conn: c, of: l}
	if ap, err := netip.ParseAddrPort(c.RemoteAddr().String()); err == nil && !l.Trusted(ap.Addr().Unmap()) {
		served.network = Network(ap.Addr().Unmap())
	}
	served.moved.Store(time.Now().UnixNano())
	bounded := l.MostOf > 0 && served.network.IsValid()
	l.mu.Lock()
	crowded, full := bounded && l.of[served.network] >= l.MostOf, len(l.open) >= l.Most
	l.mu.Unlock()
	if crowded && l.closeSilent(served.network, 1) == 0 || full && l.closeSilent(netip.Prefix{}, l.Most/64+1) == 0 {
		return nil, false
	}
	// If only descriptors are lacking, closing one connection is enough: a client just served keeps its own.
	if !l.keepSpare() && (l.closeSilent(netip.Prefix{}, 1) == 0 || !l.keepSpare()) {
		return nil, false
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.open[served] = struct{}{}
	if served.network.IsValid() {
		l.of[served.network]++
	}
	return served, true
}

// closeSilent closes up to n connections that are waiting for their client, those silent longest first; only
// connections of the network, if it is valid. It returns how many it closed.
func (l *Listener) closeSilent(of netip.Prefix, n int) int {
	l.mu.Lock()
	var silent []*conn
	for c := range l.open {
		if !c.busy.Load() && (!of.IsValid() || c.network == of) {
			silent = append(silent, c)
		}
	}
	l.mu.Unlock()
	moved := make(map[*conn]int64, len(silent))
	for _, c := range silent {
		moved[c] = c.moved.Load()
	}
	slices.SortFunc(silent, func(a, b *conn) int {
		switch {
		case moved[a] < moved[b]:
			return -1
		case moved[a] > moved[b]:
			return 1
		}
		return 0
	})
	silent = silent[:min(n, len(silent))]
	for _, c := range silent {
		c.lingers.Store(false)
		_ = c.cut()
	}
	return len(silent)
}

// conn is one connection of a client.
type conn struct {
	net.Conn
	of      *Listener
	network netip.Prefix // the network it counts for; none for a proxy
	moved   atomic.Int64 // when a byte last arrived or left
	busy    atomic.Bool  // the desk is working for it, rather than waiting for the client
	lingers atomic.Bool  // the client has sent more than was read
	gone    sync.Once
	err     error
	heard
}

func (c *conn) Read(p []byte) (int, error) {
	n, err := c.Conn.Read(p)
	if n > 0 {
		c.hear(p[:n])
		c.moved.Store(time.Now().UnixNano())
	}
	return n, err
}

func (c *conn) Write(p []byte) (int, error) {
	n, err := c.Conn.Write(p)
	if n > 0 {
		c.moved.Store(time.Now().UnixNano())
	}
	return n, err
}

// How long a client that was answered early may go on sending, and how many bytes are read and discarded. Closing the
// connection at once would destroy the answer.
const (
	lingerTime  = 20 * time.Second
	lingerPause = 2 * time.Second
	lingerBytes = 32 << 20
)

// Close closes the connection after the client has had time to read the answer.
func (c *conn) Close() error {
	half, ok := c.Conn.(interface{ CloseWrite() error })
	if !ok || !c.lingers.Load() || half.CloseWrite() != nil {
		return c.cut()
	}
	c.busy.Store(false)
	piece := make([]byte, 16<<10)
	end := time.Now().Add(lingerTime)
	for n := 0; n < lingerBytes && time.Now().Before(end); {
		if c.Conn.SetReadDeadline(time.Now().Add(lingerPause)) != nil {
			break
		}
		more, err := c.Conn.Read(piece)
		if n += more; err != nil {
			break
		}
	}
	return c.cut()
}

func (c *conn) cut() error {
	c.gone.Do(func() {
		c.err = c.Conn.Close()
		c.of.mu.Lock()
		defer c.of.mu.Unlock()
		delete(c.of.open, c)
		if c.network.IsValid() {
			if c.of.of[c.network]--; c.of.of[c.network] <= 0 {
				delete(c.of.of, c.network)
			}
		}
	})
	return c.err
}

// accepted returns our own connection below the one being served, nil where a test uses another.
func accepted(served net.Conn) *conn {
	if over, ok := served.(interface{ NetConn() net.Conn }); ok {
		served = over.NetConn()
	}
	c, _ := served.(*conn)
	return c
}

// Works marks the connection as busy until the returned function is called.
func Works(served net.Conn) (done func()) {
	c := accepted(served)
	if c == nil {
		return func() {}
	}
	c.lingers.Store(false)
	c.busy.Store(true)
	return func() {
		if h, ok := served.(interface{ self() *heard }); ok {
			h.self().forget()
		}
		c.busy.Store(false)
	}
}

// Waits marks a busy connection as waiting for the client until the returned function is called.
func Waits(served net.Conn) (done func()) {
	c := accepted(served)
	if c == nil {
		return func() {}
	}
	c.busy.Store(false)
	return func() { c.busy.Store(true) }
}

// Lingers records whether the client has sent more than was read.
func Lingers(served net.Conn, more bool) {
	if c := accepted(served); c != nil {
		c.lingers.Store(more)
	}
}

// keepSpare opens the reserve descriptor if necessary and reports whether it is there.
func (l *Listener) keepSpare() bool {
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

// useSpare releases the reserve descriptor and reports whether there was one.
func (l *Listener) useSpare() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	if time.Since(l.warned) > time.Minute {
		l.warned = time.Now()
		l.log.Error("no file descriptor is left: new connections are turned away", "do", "raise the limit (LimitNOFILE, ulimit -n)")
	}
	if l.spare == nil {
		return false
	}
	_ = l.spare.Close()
	l.spare = nil
	return true
}

const busy = "Lo sportello ha troppo da fare in questo momento. Riprova tra poco.\nThe desk is too busy just now. Try again shortly.\n"

const busyProblem = `{"type":"about:blank","title":"The desk is too busy just now","status":503,"detail":"Try again shortly."}`

// turnAway answers that there is no room. It first reads what the client sends, or the answer might be lost.
func (l *Listener) turnAway(c net.Conn) {
	defer c.Close()
	if l.silent || c.SetDeadline(time.Now().Add(300*time.Millisecond)) != nil {
		return
	}
	said := make([]byte, 4096)
	n, err := c.Read(said)
	if err != nil {
		return
	}
	var h heard
	if h.hear(said[:n]); h.api {
		_, _ = io.WriteString(c, "HTTP/1.1 503 Service Unavailable\r\nContent-Type: application/problem+json\r\nRetry-After: 30\r\nConnection: close\r\n\r\n"+busyProblem)
		return
	}
	_, _ = io.WriteString(c, "HTTP/1.1 503 Service Unavailable\r\nContent-Type: text/plain; charset=utf-8\r\nRetry-After: 30\r\nConnection: close\r\n\r\n"+busy)
}

// Close ends Accept.
func (l *Listener) Close() error {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.closed = true
	if l.spare != nil {
		_ = l.spare.Close()
		l.spare = nil
	}
	return l.Listener.Close()
}

// Network returns the network that counts as one client: an IPv4 address, or 64 bits of an IPv6 address.
func Network(addr netip.Addr) netip.Prefix {
	bits := 32
	if addr.Is6() {
		bits = 64
	}
	p, err := addr.Prefix(bits)
	if err != nil {
		return netip.Prefix{}
	}
	return p
}
