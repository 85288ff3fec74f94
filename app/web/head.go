package web

import (
	"bytes"
	"strings"

	"github.com/valyala/fasthttp"

	"sportello/app/listen"
)

// said returns the value of a header that is a list. Several lines of one name are one list (RFC 9110, 5.3), whoever
// wrote them: HAProxy adds a line below the client's where others lengthen the existing one.
func (r *Request) said(name string) string {
	lines := r.c.Request().Header.PeekAll(name)
	if len(lines) == 1 {
		return string(lines[0])
	}
	return string(bytes.Join(lines, []byte(", ")))
}

// hasLine reports whether the header is present, even if empty.
func (r *Request) hasLine(name string) bool { return len(r.c.Request().Header.PeekAll(name)) > 0 }

// once lists the headers that may occur only once, because the desk decides by their value. Of two lines, a proxy in
// front may have used the other one.
var once = map[string]bool{
	"host": true, "content-length": true, "transfer-encoding": true, "content-type": true, "content-encoding": true, "content-disposition": true,
	"authorization": true, "origin": true, "sec-fetch-site": true, "sec-fetch-mode": true, "x-csrf": true, "idempotency-key": true,
	"range": true, "if-range": true, "last-event-id": true, "expect": true,
}

// clearHead reports whether every reader of the head understands the same: where the request ends, which host it is
// for, and the headers listed in once. fasthttp refuses most ambiguous heads; what it repairs is refused here.
func clearHead(h *fasthttp.RequestHeader) bool {
	if p := string(h.Protocol()); p != "HTTP/1.1" && p != "HTTP/1.0" {
		return false
	}
	seen := map[string]bool{}
	for line := range bytes.Lines(h.RawHeaders()) {
		line = bytes.TrimRight(line, "\r\n")
		if len(line) == 0 {
			break
		}
		raw, value, ok := bytes.Cut(line, []byte(":"))
		name := strings.ToLower(string(raw))
		if !ok || !listen.IsToken(name) || seen[name] && once[name] { // a folded line begins with a space, which no name contains
			return false
		}
		seen[name] = true
		if name == "host" && !isHost(string(bytes.Trim(value, " \t"))) {
			return false
		}
	}
	if seen["content-length"] && seen["transfer-encoding"] {
		return false
	}
	if target := string(h.RequestURI()); !strings.HasPrefix(target, "/") && target != "*" {
		_, rest, ok := strings.Cut(target, "://")
		if i := strings.IndexAny(rest, "/?#"); i >= 0 {
			rest = rest[:i]
		}
		return ok && strings.EqualFold(rest, string(h.Host()))
	}
	return true
}

// isHost reports whether the text is a host name or an address, with or without a port. It may be empty, as in
// HTTP/1.0.
func isHost(s string) bool {
	return !strings.ContainsFunc(s, func(r rune) bool {
		return !('a' <= r && r <= 'z' || 'A' <= r && r <= 'Z' || '0' <= r && r <= '9' || strings.ContainsRune(".-_:[]", r))
	})
}
