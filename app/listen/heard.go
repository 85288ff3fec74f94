package listen

import (
	"bytes"
	"crypto/tls"
	"net"
	"strings"
)

// IsAPIPath reports whether an address is one of the API, of whatever version, there or not.
func IsAPIPath(path string) bool { return path == "/api" || strings.HasPrefix(path, "/api/") }

// heard is the beginning of the request that is under way on a connection. Whoever asks the API is answered as a program
// also where the request cannot be read to its end, or is forgotten when that fails: its first line says whom it is for.
// Only the goroutine that serves the connection touches it.
type heard struct {
	line  []byte
	whole bool // no more is needed
	api   bool // of the last request that said
}

// heardLine is how much of a request tells for whom it is.
const heardLine = 64

func (h *heard) hear(p []byte) {
	if h.whole || len(p) == 0 {
		return
	}
	h.line = append(h.line, p[:min(len(p), heardLine-len(h.line))]...)
	h.whole = len(h.line) == heardLine
	method, target, ok := bytes.Cut(bytes.TrimLeft(h.line, "\r\n"), []byte(" "))
	if !ok || !IsToken(string(method)) || !bytes.HasPrefix(target, []byte("/")) {
		return // what comes behind a request that was read along with the one before it
	}
	if end := bytes.IndexAny(target, " ?\r\n"); end >= 0 {
		target, h.whole = target[:end], true
	}
	h.api = IsAPIPath(string(target))
}

// forget makes room for the next request.
func (h *heard) forget() { h.line, h.whole = h.line[:0], false }

func (h *heard) self() *heard { return h }

// AsksAPI reports whether the current request on the connection is for the API.
func AsksAPI(served net.Conn) bool {
	h, ok := served.(interface{ self() *heard })
	return ok && h.self().api
}

// TLS has what comes in over https heard as well.
type TLS struct{ net.Listener }

// Accept returns the next connection, heard as those in the clear are.
func (l TLS) Accept() (net.Conn, error) {
	c, err := l.Listener.Accept()
	if inner, ok := c.(*tls.Conn); ok {
		return &tlsConn{Conn: inner}, err
	}
	return c, err
}

type tlsConn struct {
	*tls.Conn
	heard
}

func (c *tlsConn) Read(p []byte) (int, error) {
	n, err := c.Conn.Read(p)
	c.hear(p[:n])
	return n, err
}

// IsToken reports whether the text is a token of RFC 9110 (5.6.2), as names of headers and methods are.
func IsToken(s string) bool {
	return s != "" && !strings.ContainsFunc(s, func(r rune) bool {
		return r <= ' ' || r >= 0x7f || strings.ContainsRune(`"(),/:;<=>?@[\]{}`, r)
	})
}
