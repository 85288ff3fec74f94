package app_test

import (
	"archive/zip"
	"bufio"
	"bytes"
	"compress/gzip"
	"fmt"
	"io"
	"mime/multipart"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"sportello/app/config"
	"sportello/app/extract"
	"sportello/store"
	"sportello/store/db"
	"sportello/store/door"
)

// dial opens a connection to the desk over which anything can be said.
func (d *testDesk) dial() net.Conn {
	d.t.Helper()
	c, err := net.Dial("tcp", strings.TrimPrefix(d.url, "http://"))
	if err != nil {
		d.t.Fatal(err)
	}
	d.t.Cleanup(func() { c.Close() })
	if err := c.SetDeadline(time.Now().Add(time.Minute)); err != nil {
		d.t.Fatal(err)
	}
	return c
}

// raw says the bytes and returns the first answer; a status of 0 when the connection was closed without one.
func (d *testDesk) raw(request string) (status int, header http.Header, body string) {
	d.t.Helper()
	c := d.dial()
	defer c.Close()
	if _, err := io.WriteString(c, request); err != nil {
		return 0, nil, ""
	}
	resp, err := http.ReadResponse(bufio.NewReader(c), nil)
	if err != nil {
		return 0, nil, ""
	}
	defer resp.Body.Close()
	raw, err := io.ReadAll(resp.Body)
	if err != nil {
		d.t.Errorf("the answer breaks off: %v", err)
	}
	return resp.StatusCode, resp.Header, string(raw)
}

// allocated is how much memory was ever asked for.
func allocated() uint64 {
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.TotalAlloc
}

// gzipped returns so many zeros in a thousandth of the room.
func gzipped(t *testing.T, before string, zeros int, after string) []byte {
	t.Helper()
	var b bytes.Buffer
	z, err := gzip.NewWriterLevel(&b, gzip.BestSpeed)
	must(t, err)
	piece := make([]byte, 1<<20)
	_, err = io.WriteString(z, before)
	must(t, err)
	for range zeros >> 20 {
		_, err = z.Write(piece)
		must(t, err)
	}
	_, err = io.WriteString(z, after)
	must(t, err)
	must(t, z.Close())
	return b.Bytes()
}

// TestABodyThatUnfoldsIsNotUnfolded sends small bodies that would become large ones, to forms and to the API, with a
// session, with a token and with neither.
func TestABodyThatUnfoldsIsNotUnfolded(t *testing.T) {
	w := newWorld(t)
	agent, _, err := w.app.Desk.Keeper().NewToken(db.By{Via: door.Command}, w.people["agent"].ID, "prova")
	must(t, err)
	var form bytes.Buffer
	m := multipart.NewWriter(&form)
	must(t, m.WriteField("body", "X"))
	must(t, m.Close())
	before, after, _ := strings.Cut(form.String(), "X")
	const size = 200 << 20
	bomb := gzipped(t, before, size, after)
	for _, c := range []struct{ rule, role, path, kind string }{
		{"a form of somebody unknown", "nobody", "/tickets/new", m.FormDataContentType()},
		{"a form of somebody who is signed in", "requester", "/tickets/new", m.FormDataContentType()},
		{"the sign-in", "nobody", "/sign-in", m.FormDataContentType()},
		{"a form without files", "requester", "/tickets/new", "application/x-www-form-urlencoded"},
		{"the API", "token", "/api/v1/tickets", "application/json"},
		{"a file for the API", "token", "/api/v1/tickets/1/attachments?name=a.txt", "text/plain"},
		{"a form for the API", "token", "/api/v1/tickets/1/attachments", m.FormDataContentType()},
		{"the API without a token", "nobody", "/api/v1/tickets", "application/json"},
	} {
		for _, encoding := range []string{"gzip", "GZIP", "gzip, gzip", "br", "deflate", "zstd"} {
			b := w.browser()
			if c.role == "token" {
				b.header.Set("Authorization", "Bearer "+agent)
			} else {
				b = w.visitor(c.role)
			}
			b.header.Set("Content-Encoding", encoding)
			was := allocated()
			got := b.do(http.MethodPost, c.path, bytes.NewReader(bomb), c.kind)
			if got.status != http.StatusUnsupportedMediaType {
				t.Errorf("%s, %s: %d", c.rule, encoding, got.status)
			}
			if more := allocated() - was; more > size/4 {
				t.Errorf("%s, %s: %d MB for a body of %d bytes", c.rule, encoding, more>>20, len(bomb))
			}
		}
	}
	b := w.browser()
	b.header.Set("Content-Encoding", "identity")
	b.must(b.post("/language", map[string][]string{"lang": {"it"}}), http.StatusSeeOther)
}

// TestAnAttachmentThatUnfoldsCostsOneFailedReading sends documents that would become gigabytes, through the page.
func TestAnAttachmentThatUnfoldsCostsOneFailedReading(t *testing.T) {
	w := newWorld(t)
	bomb := func(name, before string, zeros int) []byte {
		var out bytes.Buffer
		z := zip.NewWriter(&out)
		for _, n := range []string{"[Content_Types].xml", name} {
			p, err := z.Create(n)
			must(t, err)
			_, err = io.WriteString(p, `<?xml version="1.0"?><Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types">`+before)
			must(t, err)
			for range zeros >> 20 {
				_, err = p.Write(bytes.Repeat([]byte(" "), 1<<20))
				must(t, err)
			}
		}
		must(t, z.Close())
		return out.Bytes()
	}
	for _, c := range []struct {
		name string
		data []byte
	}{
		{"lettera.docx", bomb("word/document.xml", "<p><t>", 100<<20)},
		{"conti.xlsx", bomb("xl/sharedStrings.xml", "<si><t>", 100<<20)},
	} {
		var form bytes.Buffer
		m := multipart.NewWriter(&form)
		for name, value := range map[string]string{"act": "open", "kind": "clarification", "module": "csa", "severity": "low", "urgency": "none", "subject": "Con " + c.name, "body": "Vedi allegato."} {
			must(t, m.WriteField(name, value))
		}
		p, err := m.CreateFormFile("files", c.name)
		must(t, err)
		_, err = p.Write(c.data)
		must(t, err)
		must(t, m.Close())
		b := w.visitor("requester")
		got := b.do(http.MethodPost, "/tickets/new", &form, m.FormDataContentType())
		if b.must(got, http.StatusSeeOther); t.Failed() {
			return
		}
		var file uint64
		must(t, w.app.Store.View(func(tx *db.Tx) error {
			for f, err := range store.Files.All(tx, 0, true) {
				file = f.ID
				return err
			}
			return nil
		}))
		if text := w.readable(file); text.Failed != string(extract.TooMuch) && text.Failed != string(extract.OutOfBounds) && text.Failed != string(extract.Unsupported) {
			t.Errorf("%s (%d bytes): %+v", c.name, len(c.data), text)
		}
		b.must(b.get("/tickets"), http.StatusOK, "Con "+c.name)
	}
}

// TestABodyLargerThanAFileMayBeIsCutOff sends a gigabyte in pieces, and says that one will come.
func TestABodyLargerThanAFileMayBeIsCutOff(t *testing.T) {
	d := newTestDesk(t, func(c *config.Config) { c.MaxFileMB = 2 })
	host := strings.TrimPrefix(d.url, "http://")
	most := d.app.Config.MaxFileMB<<20 + 1<<20
	for _, path := range []string{"/sign-in", "/tickets/new", "/api/v1/tickets", "/nothing"} {
		status, header, _ := d.raw(fmt.Sprintf("POST %s HTTP/1.1\r\nHost: %s\r\nContent-Type: text/plain\r\nContent-Length: %d\r\n\r\n", path, host, 1<<30))
		if status != http.StatusRequestEntityTooLarge || header.Get("Content-Security-Policy") == "" {
			t.Errorf("%s, announced: %d %v", path, status, header)
		}
		was := allocated()
		c := d.dial()
		_, err := fmt.Fprintf(c, "POST %s HTTP/1.1\r\nHost: %s\r\nContent-Type: text/plain\r\nTransfer-Encoding: chunked\r\n\r\n", path, host)
		must(t, err)
		piece := append([]byte("100000\r\n"), append(bytes.Repeat([]byte("x"), 1<<20), '\r', '\n')...)
		sent := 0
		for range 1 << 10 {
			n, err := c.Write(piece)
			if sent += n; err != nil {
				break
			}
		}
		c.Close()
		if sent > 64<<20 { // what is on the way counts too
			t.Errorf("%s, in pieces: %d MB were taken", path, sent>>20)
		}
		if more := allocated() - was; more > uint64(16*most) { // a buffer that doubles
			t.Errorf("%s, in pieces: %d MB of memory", path, more>>20)
		}
	}
	b := d.browser()
	b.must(b.get("/sign-in"), http.StatusOK)
}

// TestASlowClientLosesItsConnectionAndHoldsNobodyUp has many who say little: the beginning of a header, a line at a time,
// half a body, nothing at all.
func TestASlowClientLosesItsConnectionAndHoldsNobodyUp(t *testing.T) {
	t.Parallel()
	d := newTestDesk(t, func(c *config.Config) {
		c.Trial.HeadTime, c.Trial.BodyTime = 500*time.Millisecond, 700*time.Millisecond
	})
	host := strings.TrimPrefix(d.url, "http://")
	slow := map[string]func(c net.Conn, i int) string{
		"a header that begins":   func(net.Conn, int) string { return "GET / HTTP/1.1\r\nHost: " + host + "\r\nX-A" },
		"a request line, no end": func(net.Conn, int) string { return "GET /" + strings.Repeat("a", 1000) },
		"half a body": func(net.Conn, int) string {
			return "POST /sign-in HTTP/1.1\r\nHost: " + host + "\r\nContent-Type: text/plain\r\nContent-Length: 10\r\n\r\nx"
		},
		"a body that never begins": func(net.Conn, int) string {
			return "POST /sign-in HTTP/1.1\r\nHost: " + host + "\r\nContent-Length: 100000\r\n\r\n"
		},
		"a piece without the next": func(net.Conn, int) string {
			return "POST /sign-in HTTP/1.1\r\nHost: " + host + "\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nx\r\n"
		},
		"nothing": func(net.Conn, int) string { return "" },
		"a multipart form that ends nowhere": func(net.Conn, int) string {
			return "POST /tickets/new HTTP/1.1\r\nHost: " + host + "\r\nContent-Type: multipart/form-data; boundary=x\r\nContent-Length: 100000\r\n\r\n--x\r\nContent-Disposition: form-data; name=\"a\"\r\n\r\n"
		},
	}
	var wg sync.WaitGroup
	began := time.Now()
	for rule, say := range slow {
		for i := range 30 {
			c := d.dial()
			_, err := io.WriteString(c, say(c, i))
			must(t, err)
			wg.Go(func() {
				// It is closed by the desk, with or without a word; that it is, is what the deadline of a minute shows.
				if _, err := io.Copy(io.Discard, c); err != nil && os.IsTimeout(err) {
					t.Errorf("%s: still open after %v", rule, time.Since(began))
				}
			})
		}
	}
	// One that gives a byte now and then, which would put off an end that begins anew with each.
	c := d.dial()
	wg.Go(func() {
		for range 600 {
			if _, err := c.Write([]byte("G")); err != nil {
				return
			}
			time.Sleep(100 * time.Millisecond) // what a slow client is
		}
		t.Error("a byte now and then keeps a connection for a minute")
	})
	b := d.browser()
	for range 20 {
		b.must(b.get("/sign-in"), http.StatusOK)
	}
	wg.Wait()
	b.must(b.get("/sign-in"), http.StatusOK)
}

// TestTenThousandIdleConnectionsLeaveTheDeskAnswering opens them to a desk in a process of its own.
func TestTenThousandIdleConnectionsLeaveTheDeskAnswering(t *testing.T) {
	if os.Getenv("SPORTELLO_CHILD") != "" {
		t.Skip("this is the child")
	}
	var limit syscall.Rlimit
	must(t, syscall.Getrlimit(syscall.RLIMIT_NOFILE, &limit))
	own := limit
	own.Cur = own.Max
	must(t, syscall.Setrlimit(syscall.RLIMIT_NOFILE, &own))
	defer syscall.Setrlimit(syscall.RLIMIT_NOFILE, &limit)
	n := int(min(10_000, own.Max-500))
	dir := t.TempDir()
	cmd := childCommand(t, "serve", "--data", filepath.Join(dir, "data"), "--listen", "127.0.0.1:0")
	out, err := cmd.StdoutPipe()
	must(t, err)
	must(t, cmd.Start())
	t.Cleanup(func() { _ = cmd.Process.Kill(); _ = cmd.Wait() })
	d := &testDesk{t: t}
	for line := bufio.NewScanner(out); d.url == "" && line.Scan(); {
		d.url = regexp.MustCompile(`http://127[0-9.:]+`).FindString(line.Text())
	}
	if d.url == "" {
		t.Fatal("the child did not serve")
	}
	before := resident(t, cmd.Process.Pid)
	host := strings.TrimPrefix(d.url, "http://")
	b := d.browser()
	conns := make([]net.Conn, 0, n)
	defer func() {
		for _, c := range conns {
			c.Close()
		}
	}()
	for i := range n {
		c, err := net.Dial("tcp", host)
		if err != nil {
			t.Fatalf("connection %d: %v", i, err)
		}
		conns = append(conns, c)
		if i%2 == 0 { // one that has asked, and waits; the others never say a word
			_, err := fmt.Fprintf(c, "GET /healthz HTTP/1.1\r\nHost: %s\r\n\r\n", host)
			must(t, err)
		}
		if i%2000 == 1999 {
			b.must(b.get("/sign-in"), http.StatusOK)
		}
	}
	for i := 0; i < n; i += 2 {
		must(t, conns[i].SetReadDeadline(time.Now().Add(20*time.Second)))
		if _, err := conns[i].Read(make([]byte, 1)); err != nil {
			t.Fatalf("connection %d was not answered: %v", i, err)
		}
	}
	b.must(b.get("/sign-in"), http.StatusOK)
	after := resident(t, cmd.Process.Pid)
	t.Logf("%d connections: %d MB of memory before, %d MB with them", n, before>>20, after>>20)
	if after > 512<<20 {
		t.Errorf("%d idle connections take %d MB", n, (after-before)>>20)
	}
}

// resident is the memory of its own that a process has.
func resident(t *testing.T, pid int) int {
	t.Helper()
	raw, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		t.Skip("this system says nothing of the memory of processes")
	}
	m := regexp.MustCompile(`RssAnon:\s+(\d+) kB`).FindSubmatch(raw)
	if m == nil {
		t.Fatalf("no RssAnon in %s", raw)
	}
	n, err := strconv.Atoi(string(m[1]))
	must(t, err)
	return n << 10
}
