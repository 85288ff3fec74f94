package app_test

import (
	"bufio"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"testing"

	"sportello/app/config"
)

// answers says the bytes, ends its own side, and returns the status of each answer until the desk ends the connection.
func (d *testDesk) answers(request string) []int {
	d.t.Helper()
	c := d.dial()
	defer c.Close()
	if _, err := io.WriteString(c, request); err != nil {
		return nil
	}
	if half, ok := c.(interface{ CloseWrite() error }); ok {
		must(d.t, half.CloseWrite())
	}
	var all []int
	for in := bufio.NewReader(c); ; {
		resp, err := http.ReadResponse(in, nil)
		if err != nil {
			return all
		}
		if _, err := io.Copy(io.Discard, resp.Body); err != nil {
			return append(all, resp.StatusCode)
		}
		all = append(all, resp.StatusCode)
	}
}

// TestWhereARequestEndsIsNeverInDoubt says requests of which a proxy in front and the desk could think that they end at
// different places, each followed by bytes that would be a request of somebody else. None but those that are plain is
// served, and what follows one that is refused is never taken for a request.
func TestWhereARequestEndsIsNeverInDoubt(t *testing.T) {
	t.Parallel()
	d := newTestDesk(t)
	host := strings.TrimPrefix(d.url, "http://")
	const after = "GET /healthz HTTP/1.1\r\nHost: %s\r\n\r\n" // 200 when it is taken for a request
	form := "Content-Type: application/x-www-form-urlencoded\r\n"
	refused := []int{400}
	for _, c := range []struct {
		rule, head, body string // {host} is the desk's; the line that ends the head is added
		want             []int
	}{
		{"two lengths that differ", "POST /language HTTP/1.1\r\nHost: {host}\r\n" + form + "Content-Length: 0\r\nContent-Length: 3\r\n", "a=b", refused},
		{"two lengths that agree", "POST /language HTTP/1.1\r\nHost: {host}\r\n" + form + "Content-Length: 3\r\nContent-Length: 3\r\n", "a=b", refused},
		{"two lengths in a line", "POST /language HTTP/1.1\r\nHost: {host}\r\n" + form + "Content-Length: 3, 3\r\n", "a=b", refused},
		{"a length and pieces", "POST /language HTTP/1.1\r\nHost: {host}\r\n" + form + "Content-Length: 3\r\nTransfer-Encoding: chunked\r\n", "0\r\n\r\n", refused},
		{"pieces and a length", "POST /language HTTP/1.1\r\nHost: {host}\r\n" + form + "Transfer-Encoding: chunked\r\nContent-Length: 3\r\n", "0\r\n\r\n", refused},
		{"a length with a sign", "POST /language HTTP/1.1\r\nHost: {host}\r\n" + form + "Content-Length: +3\r\n", "a=b", refused},
		{"a negative length", "POST /language HTTP/1.1\r\nHost: {host}\r\n" + form + "Content-Length: -3\r\n", "a=b", refused},
		{"a length in hexadecimal", "POST /language HTTP/1.1\r\nHost: {host}\r\n" + form + "Content-Length: 0x3\r\n", "a=b", refused},
		{"a length that is none", "POST /language HTTP/1.1\r\nHost: {host}\r\n" + form + "Content-Length: three\r\n", "a=b", refused},
		{"a length without digits", "POST /language HTTP/1.1\r\nHost: {host}\r\n" + form + "Content-Length: \r\n", "a=b", refused},
		{"a length beyond numbers", "POST /language HTTP/1.1\r\nHost: {host}\r\n" + form + "Content-Length: 99999999999999999999999\r\n", "a=b", refused},
		{"a length with a space before its colon", "POST /language HTTP/1.1\r\nHost: {host}\r\n" + form + "Content-Length : 3\r\n", "a=b", refused},
		{"pieces with a space before their colon", "POST /language HTTP/1.1\r\nHost: {host}\r\n" + form + "Transfer-Encoding : chunked\r\n", "0\r\n\r\n", refused},
		{"pieces of another kind", "POST /language HTTP/1.1\r\nHost: {host}\r\n" + form + "Transfer-Encoding: xchunked\r\n", "0\r\n\r\n", refused},
		{"pieces, compressed", "POST /language HTTP/1.1\r\nHost: {host}\r\n" + form + "Transfer-Encoding: gzip, chunked\r\n", "0\r\n\r\n", refused},
		{"pieces, then something", "POST /language HTTP/1.1\r\nHost: {host}\r\n" + form + "Transfer-Encoding: chunked, identity\r\n", "0\r\n\r\n", refused},
		{"pieces said twice", "POST /language HTTP/1.1\r\nHost: {host}\r\n" + form + "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n", "0\r\n\r\n", refused},
		{"pieces hidden in a folded line", "POST /language HTTP/1.1\r\nHost: {host}\r\n" + form + "Transfer-Encoding:\r\n chunked\r\n", "0\r\n\r\n", refused},
		{"pieces behind a vertical tab", "POST /language HTTP/1.1\r\nHost: {host}\r\n" + form + "Transfer-Encoding: \x0bchunked\r\n", "0\r\n\r\n", refused},
		{"pieces to HTTP/1.0", "POST /language HTTP/1.0\r\nHost: {host}\r\n" + form + "Transfer-Encoding: chunked\r\n", "0\r\n\r\n", refused},
		{"a folded line", "GET /healthz HTTP/1.1\r\nHost: {host}\r\nX-A: b\r\n c\r\n", "", refused},
		{"a line that begins with a space", "GET /healthz HTTP/1.1\r\n Host: {host}\r\nHost: {host}\r\n", "", refused},
		{"a line without a colon", "GET /healthz HTTP/1.1\r\nHost: {host}\r\nNothing\r\n", "", refused},
		{"a name with a space", "GET /healthz HTTP/1.1\r\nHost: {host}\r\nX A: b\r\n", "", refused},
		{"a name without letters", "GET /healthz HTTP/1.1\r\nHost: {host}\r\n: b\r\n", "", refused},
		{"a NUL in a value", "GET /healthz HTTP/1.1\r\nHost: {host}\r\nX-A: b\x00c\r\n", "", refused},
		{"a bare CR in a value", "GET /healthz HTTP/1.1\r\nHost: {host}\r\nX-A: b\rContent-Length: 3\r\n", "", refused},
		{"no host", "GET /healthz HTTP/1.1\r\nX-A: b\r\n", "", refused},
		{"two hosts", "GET /healthz HTTP/1.1\r\nHost: {host}\r\nHost: away.example\r\n", "", refused},
		{"one host twice", "GET /healthz HTTP/1.1\r\nHost: {host}\r\nHost: {host}\r\n", "", refused},
		{"a host with a path", "GET /healthz HTTP/1.1\r\nHost: {host}/a\r\n", "", refused},
		{"a host with a user", "GET /healthz HTTP/1.1\r\nHost: a@{host}\r\n", "", refused},
		{"an address with another host", "GET http://away.example/healthz HTTP/1.1\r\nHost: {host}\r\n", "", refused},
		{"no version", "GET /healthz\r\n", "", refused},
		{"another version", "GET /healthz HTTP/3.7\r\nHost: {host}\r\n", "", refused},
		{"a space too much", "GET  /healthz HTTP/1.1\r\nHost: {host}\r\n", "", refused},
		{"a method in small letters", "get /healthz HTTP/1.1\r\nHost: {host}\r\n", "", []int{400, 200}},
		{"a piece of a size that is none", "POST /language HTTP/1.1\r\nHost: {host}\r\n" + form + "Transfer-Encoding: chunked\r\n", "3x\r\na=b\r\n0\r\n\r\n", refused},
		{"a piece of a negative size", "POST /language HTTP/1.1\r\nHost: {host}\r\n" + form + "Transfer-Encoding: chunked\r\n", "-3\r\na=b\r\n0\r\n\r\n", refused},
		{"a piece of a size in another writing", "POST /language HTTP/1.1\r\nHost: {host}\r\n" + form + "Transfer-Encoding: chunked\r\n", "0x3\r\na=b\r\n0\r\n\r\n", refused},
		{"a piece beyond numbers", "POST /language HTTP/1.1\r\nHost: {host}\r\n" + form + "Transfer-Encoding: chunked\r\n", "fffffffffffffffff\r\na=b\r\n0\r\n\r\n", refused},
		{"a piece that says it is huge", "POST /language HTTP/1.1\r\nHost: {host}\r\n" + form + "Transfer-Encoding: chunked\r\n", "7fffffff\r\na=b\r\n0\r\n\r\n", refused},
		{"a piece longer than it says", "POST /language HTTP/1.1\r\nHost: {host}\r\n" + form + "Transfer-Encoding: chunked\r\n", "3\r\na=bcd\r\n0\r\n\r\n", refused},
		{"a piece that ends in a bare LF", "POST /language HTTP/1.1\r\nHost: {host}\r\n" + form + "Transfer-Encoding: chunked\r\n", "3\na=b\n0\n\n", refused},
		{"a piece with a line end in what is beside its size", "POST /language HTTP/1.1\r\nHost: {host}\r\n" + form + "Transfer-Encoding: chunked\r\n", "3;a=\nb\r\na=b\r\n0\r\n\r\n", refused},
		{"pieces without their last", "POST /language HTTP/1.1\r\nHost: {host}\r\n" + form + "Transfer-Encoding: chunked\r\n", "3\r\na=b\r\n", refused},
		{"another protocol", "PRI * HTTP/2.0\r\n", "SM\r\n\r\n", []int{400}},
		{"an upgrade that nobody speaks", "GET /healthz HTTP/1.1\r\nHost: {host}\r\nConnection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABkAARAAAAAAAIAAAAA\r\n", "", []int{200, 200}},
		{"plain", "GET /healthz HTTP/1.1\r\nHost: {host}\r\n", "", []int{200, 200}},
		{"a form", "POST /language HTTP/1.1\r\nHost: {host}\r\n" + form + "Content-Length: 3\r\n", "a=b", []int{422, 200}},
		{"a form in pieces", "POST /language HTTP/1.1\r\nHost: {host}\r\n" + form + "Transfer-Encoding: chunked\r\n", "3\r\na=b\r\n0\r\n\r\n", []int{422, 200}},
		{"a form in pieces with something beside", "POST /language HTTP/1.1\r\nHost: {host}\r\n" + form + "Transfer-Encoding: chunked\r\n", "3;a=b\r\na=b\r\n0\r\n\r\n", []int{422, 200}},
		{"a page with a body", "GET /healthz HTTP/1.1\r\nHost: {host}\r\nContent-Length: 3\r\n", "a=b", []int{200, 200}},
		{"a body that is longer than it says", "POST /language HTTP/1.1\r\nHost: {host}\r\n" + form + "Content-Length: 0\r\n", "", []int{422, 200}},
		{"an address with its own host", "GET http://{host}/healthz HTTP/1.1\r\nHost: {host}\r\n", "", []int{200, 200}},
		{"HTTP/1.0, which ends with its answer", "GET /healthz HTTP/1.0\r\nHost: {host}\r\n", "", []int{200}},
	} {
		request := strings.ReplaceAll(c.head, "{host}", host) + "\r\n" + c.body + fmt.Sprintf(after, host)
		got := d.answers(request)
		if !slices.Equal(got, c.want) {
			t.Errorf("%s: %v, want %v", c.rule, got, c.want)
		}
	}
}

// TestTheLinesOfAListAreOneList says headers in two lines over a bare socket, as HAProxy and proxies of HTTP/2 do. The
// client's own line is never believed for the proxy's, and what may be said once is not believed twice.
func TestTheLinesOfAListAreOneList(t *testing.T) {
	t.Parallel()
	w := newWorld(t, func(c *config.Config) { c.TrustedProxies = []string{"127.0.0.1"} })
	host := strings.TrimPrefix(w.url, "http://")
	session := w.visitor("requester").header.Get("Cookie")
	file := w.keep("requester", "a.txt", "testo")
	tag := w.visitor("requester").get("/files/" + itoa(file)).header.Get("ETag")
	for _, c := range []struct {
		rule, target string
		lines        []string
		status       int
		has          string // in the head or the body of the answer
	}{
		{"the client's line above, the proxy's below", "/metrics", []string{"X-Forwarded-For: 127.0.0.1", "X-Forwarded-For: 192.0.2.7"}, 404, ""},
		{"in small letters", "/metrics", []string{"x-forwarded-for: 127.0.0.1", "X-FORWARDED-FOR: 192.0.2.7"}, 404, ""},
		{"a proxy before the proxy", "/metrics", []string{"X-Forwarded-For: 127.0.0.1", "X-Forwarded-For: 192.0.2.7", "X-Forwarded-For: 127.0.0.1"}, 404, ""},
		{"a list in each line", "/metrics", []string{"X-Forwarded-For: 127.0.0.1, 127.0.0.1", "X-Forwarded-For: 192.0.2.7, 127.0.0.1"}, 404, ""},
		{"an empty line above", "/metrics", []string{"X-Forwarded-For:", "X-Forwarded-For: 192.0.2.7"}, 404, ""},
		{"an empty line below", "/metrics", []string{"X-Forwarded-For: 192.0.2.7", "X-Forwarded-For: "}, 404, ""},
		{"a proxy that says it in another way", "/metrics", []string{"Forwarded: for=192.0.2.7"}, 404, ""},
		{"in another way, twice", "/metrics", []string{"Forwarded: for=127.0.0.1", "Forwarded: for=192.0.2.7"}, 404, ""},
		{"the proxy itself", "/metrics", nil, 200, ""},
		{"languages in two lines", "/sign-in", []string{"Accept-Language: xx", "Accept-Language: en"}, 200, `lang="en"`},
		{"encodings in two lines", "/sign-in", []string{"Accept-Encoding: identity", "Accept-Encoding: gzip"}, 200, "Content-Encoding:[gzip]"},
		{"cookies in two lines", "/tickets", []string{"Cookie: a=b", "Cookie: " + session}, 200, ""},
		{"cookies in two lines, the other way round", "/tickets", []string{"Cookie: " + session, "Cookie: a=b"}, 200, ""},
		{"tags in two lines", "/files/" + itoa(file), []string{"Cookie: " + session, `If-None-Match: "x"`, "If-None-Match: " + tag}, 304, ""},
		{"types in two lines", "/nothing", []string{"Accept: text/html", "Accept: */*"}, 404, "<html"},
		{"two authorisations", "/api/v1/tickets", []string{"Authorization: Bearer a", "Authorization: Bearer b"}, 400, ""},
		{"two kinds of content", "/sign-in", []string{"Content-Type: text/plain", "Content-Type: text/html"}, 400, ""},
		{"two origins", "/sign-in", []string{"Origin: http://" + host, "Origin: https://away.example"}, 400, ""},
		{"two ranges", "/files/" + itoa(file), []string{"Cookie: " + session, "Range: bytes=0-0", "Range: bytes=1-1"}, 400, ""},
	} {
		lines := strings.Join(append(c.lines, ""), "\r\n")
		status, header, body := w.raw("GET " + c.target + " HTTP/1.1\r\nHost: " + host + "\r\n" + lines + "Connection: close\r\n\r\n")
		if status != c.status || !strings.Contains(fmt.Sprint(header)+body, c.has) {
			t.Errorf("%s: %d, want %d and %q\n%v", c.rule, status, c.status, c.has, header)
		}
	}
}
