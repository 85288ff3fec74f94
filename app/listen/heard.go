package listen

import (
	"bytes"
	"crypto/tls"
	"net"
	"strings"
)

// IsAPIPath reports whether a path belongs to the API, of any version, whether or not it exists.
func IsAPIPath(path string) bool { return path == "/api" || strings.HasPrefix(path, "/api/") }

// heard holds the beginning of the current request on a connection. A client of the API gets an answer for programs
// even when its request cannot be read to the end, or fasthttp forgets it after an error: the first line has the path.
// Only the goroutine that serves the connection uses it.
type heard struct {
	line  []byte
	whole bool // enough bytes were read
	api   bool // the last request with a readable line was for the API
}

// heardLine is how many bytes of a request are enough to recognise the API.
const heardLine = 64

func (h *heard) hear(p []byte) {
	if h.whole || len(p) == 0 {
		return
	}
	h.line = append(h.line, p[:min(len(p), heardLine-len(h.line))]...)
	h.whole = len(h.line) == heardLine
	method, target, ok := bytes.Cut(bytes.TrimLeft(h.line, "\r\n"), []byte(" "))
	if !ok || !IsToken(string(method)) || !bytes.HasPrefix(target, []byte("/")) {
		return // bytes of a later request that was read together with the one before
	}
	if end := bytes.IndexAny(target, " ?\r\n"); end >= 0 {
		target, h.whole = target[:end], true
	}
	h.api = IsAPIPath(string(target))
}

// forget prepares for the next request.
func (h *heard) forget() { h.line, h.whole = h.line[:0], false }

func (h *heard) self() *heard { return h }

// AsksAPI reports whether the current request on the connection is for the API.
func AsksAPI(served net.Conn) bool {
	h, ok := served.(interface{ self() *heard })
	return ok && h.self().api
}

// TLS also listens to the first lines of requests that come over https.
type TLS struct{ net.Listener }

// Accept returns the next connection, with its first lines recorded as for plain ones.
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

// IsToken reports whether the text is a token of RFC 9110 (5.6.2), as names of headers and methods must be.
func IsToken(s string) bool {
	return s != "" && !strings.ContainsFunc(s, func(r rune) bool {
		return r <= ' ' || r >= 0x7f || strings.ContainsRune(`"(),/:;<=>?@[\]{}`, r)
	})
}
