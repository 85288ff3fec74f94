package app_test

import (
	"bytes"
	"fmt"
	"io"
	"mime/multipart"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"sportello/app/config"
	"sportello/app/web"
	"sportello/store"
	"sportello/store/db"
)

// TestWhoeverPushesGetsNothingBeforeTheyAreKnown serves the default configuration in a process of its own and does to it
// what strangers did: bodies that are announced, forms of millions of fields, uploads that stay open, connections that
// promise a body. Its memory stays below the bound through all of it, and pages are answered meanwhile.
func TestWhoeverPushesGetsNothingBeforeTheyAreKnown(t *testing.T) {
	if os.Getenv("SPORTELLO_CHILD") != "" {
		t.Skip("this is the child")
	}
	s := serveInProcess(t, filepath.Join(t.TempDir(), "data"))
	d := &testDesk{t: t, url: s.url}
	host := strings.TrimPrefix(d.url, "http://")
	b := d.browser()
	most := 0
	look := func(what string) {
		t.Helper()
		b.must(b.get("/sign-in"), http.StatusOK)
		now := resident(t, s.cmd.Process.Pid)
		if most = max(most, now); now > 400<<20 {
			t.Errorf("%s: %d MB", what, now>>20)
		}
	}
	say := func(n int, request string) []net.Conn {
		t.Helper()
		var all []net.Conn
		for range n {
			c := d.dial()
			_, _ = io.WriteString(c, request) // it may be refused before it was said
			all = append(all, c)
		}
		return all
	}
	end := func(all []net.Conn) {
		for _, c := range all {
			c.Close()
		}
	}
	look("at rest")
	q, err := http.NewRequest(http.MethodPost, d.url+"/api/v1/tickets", strings.NewReader(`{"subject":"Prova","body":"Con un allegato."}`))
	must(t, err)
	q.Header.Set("Authorization", "Bearer "+s.token)
	q.Header.Set("Content-Type", "application/json")
	opened, err := program.Do(q)
	must(t, err)
	opened.Body.Close()
	if opened.StatusCode != http.StatusCreated {
		t.Fatalf("no ticket to attach to: %d", opened.StatusCode)
	}

	half := strings.Repeat("x", 16<<10)
	for _, who := range []string{"", "Authorization: Bearer " + strings.Repeat("a", 43) + "\r\n", "Authorization: Bearer " + s.token + "\r\n"} {
		for _, path := range []string{"/sign-in", "/api/v1/tickets", "/api/v1/tickets/1/attachments?name=a.bin"} {
			all := say(200, fmt.Sprintf("POST %s HTTP/1.1\r\nHost: %s\r\n%sContent-Type: application/x-www-form-urlencoded\r\nContent-Length: %d\r\n\r\n%s", path, host, who, 27<<20, half))
			look("bodies that are announced, " + path)
			end(all)
		}
	}

	fields := strings.Repeat("a=b&", 2_000_000)
	var parts bytes.Buffer
	m := multipart.NewWriter(&parts)
	for range 50_000 {
		must(t, m.WriteField("a", "b"))
	}
	must(t, m.Close())
	var wg sync.WaitGroup
	for range 6 {
		for body, kind := range map[string]string{fields: "application/x-www-form-urlencoded", parts.String(): m.FormDataContentType()} {
			wg.Go(func() {
				c := d.dial()
				_, _ = fmt.Fprintf(c, "POST /sign-in HTTP/1.1\r\nHost: %s\r\nContent-Type: %s\r\nContent-Length: %d\r\n\r\n", host, kind, len(body))
				_, _ = io.WriteString(c, body)
				c.Close()
			})
		}
	}
	look("forms of millions of fields")
	wg.Wait()
	look("forms of millions of fields, later")

	var all []net.Conn
	piece := bytes.Repeat([]byte("x"), 1<<20)
	for range 40 {
		c := d.dial()
		_, err := fmt.Fprintf(c, "POST /api/v1/tickets/1/attachments HTTP/1.1\r\nHost: %s\r\nAuthorization: Bearer %s\r\nContent-Type: multipart/form-data; boundary=b\r\nContent-Length: %d\r\n\r\n"+
			"--b\r\nContent-Disposition: form-data; name=\"file\"; filename=\"a.bin\"\r\n\r\n", host, s.token, 25<<20)
		must(t, err)
		must(t, c.SetWriteDeadline(time.Now().Add(5*time.Second)))
		for range 4 {
			if _, err := c.Write(piece); err != nil {
				break
			}
		}
		all = append(all, c)
	}
	look("uploads that stay open")
	end(all)

	all = say(1100, "POST /sign-in HTTP/1.1\r\nHost: "+host+"\r\nContent-Type: text/plain\r\nContent-Length: 100\r\n\r\n")
	for range 10 {
		look("connections that promise")
	}
	end(all)
	t.Logf("at most %d MB", most>>20)
}

// TestWhoIsSilentLongestMakesRoom has a desk that may have few connections, all of them taken by peers that announce a
// body and send none: whoever comes is served, again and again.
func TestWhoIsSilentLongestMakesRoom(t *testing.T) {
	t.Parallel()
	d := newTestDesk(t, func(c *config.Config) { c.MaxConnections = 32 })
	host := strings.TrimPrefix(d.url, "http://")
	promise := "POST /sign-in HTTP/1.1\r\nHost: " + host + "\r\nContent-Length: 100\r\n\r\n"
	b := d.browser()
	for i := range 200 {
		_, err := io.WriteString(d.dial(), promise[:len(promise)-i%20])
		must(t, err)
		if i%20 == 0 {
			b.client.CloseIdleConnections()
			b.must(b.get("/sign-in"), http.StatusOK)
		}
	}
}

// TestAFileIsKeptForNobodyWhoseCheckHasNotPassed posts a form with a file as people who may not, from pages that are not
// ours, and without the token that an old browser shows: what is refused leaves nothing in the store.
func TestAFileIsKeptForNobodyWhoseCheckHasNotPassed(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	page := w.visitor("requester")
	got := page.get("/tickets/new")
	_, rest, ok := strings.Cut(got.body, `name="csrf" value="`)
	token, _, _ := strings.Cut(rest, `"`)
	if !ok || token == "" {
		t.Fatalf("the page has no token: %d", got.status)
	}
	const file = "file"
	form := func(order ...string) (*bytes.Buffer, string) {
		var b bytes.Buffer
		m := multipart.NewWriter(&b)
		for _, what := range order {
			if what == file {
				p, err := m.CreateFormFile("files", "a.txt")
				must(t, err)
				_, err = io.WriteString(p, "testo")
				must(t, err)
				continue
			}
			must(t, m.WriteField("csrf", what))
		}
		must(t, m.Close())
		return &b, m.FormDataContentType()
	}
	kept := func() (n int) {
		must(t, w.app.Store.View(func(tx *db.Tx) error {
			for _, err := range store.Files.All(tx, 0, false) {
				if err != nil {
					return err
				}
				n++
			}
			return nil
		}))
		return n
	}
	ours := []string{"http://" + strings.TrimPrefix(w.url, "http://")}
	for _, c := range []struct {
		rule, role, path string
		origin           []string
		order            []string
		status, files    int
	}{
		{"nobody", "nobody", "/tickets/new", ours, []string{file}, 401, 0},
		{"a requester, among agents", "requester", "/tickets/1/step", ours, []string{file}, 403, 0},
		{"another site", "requester", "/tickets/new", []string{"https://away.example"}, []string{token, file}, 403, 0},
		{"an old browser without a token", "requester", "/tickets/new", []string{}, []string{file}, 403, 0},
		{"the token of nobody", "requester", "/tickets/new", []string{}, []string{strings.Repeat("0", 64), file}, 403, 0},
		{"the token below the file", "requester", "/tickets/new", []string{}, []string{file, token}, 403, 0},
		{"a form that wants no files", "requester", "/me", ours, []string{file}, 0, 0},
		{"the token above the file", "requester", "/tickets/new", []string{}, []string{token, file}, 422, 1},
		{"our page", "requester", "/tickets/new", ours, []string{file}, 422, 1},
	} {
		b := w.browser()
		if c.role == "requester" {
			b.header.Set("Cookie", page.header.Get("Cookie"))
		}
		b.header["Origin"] = c.origin
		was := kept()
		body, kind := form(c.order...)
		got := b.do(http.MethodPost, c.path, body, kind)
		if c.status != 0 && got.status != c.status || kept()-was != c.files {
			t.Errorf("%s: %d and %d files, want %d and %d", c.rule, got.status, kept()-was, c.status, c.files)
		}
	}
}

// TestWhatIsTooLargeIsAnsweredWhereItCanBeRead sends more than a route takes, all of it, before it looks for the answer,
// as browsers do: a page in the reader's language, a problem document for a program.
func TestWhatIsTooLargeIsAnsweredWhereItCanBeRead(t *testing.T) {
	t.Parallel()
	w := newWorld(t, func(c *config.Config) { c.MaxFileMB = 1 })
	b := w.visitor("requester")
	b.header.Set("Accept-Language", "en")
	large := strings.Repeat("a", 20<<20)
	for _, c := range []struct {
		path, kind, body string
		status           int
	}{
		{"/tickets/new", "application/x-www-form-urlencoded", "body=" + large, http.StatusRequestEntityTooLarge},
		{"/me", "application/x-www-form-urlencoded", "body=" + large[:1<<20], http.StatusRequestEntityTooLarge},
		{"/me", "application/x-www-form-urlencoded", strings.Repeat("a=b&", web.MaxFields), http.StatusRequestEntityTooLarge},
	} {
		b.must(b.do(http.MethodPost, c.path, strings.NewReader(c.body), c.kind), c.status, "<html")
	}
	token := w.caller(w.people["requester"])
	got := token.do(http.MethodPost, "/api/v1/tickets", strings.NewReader(`{"subject":"a","body":"`+large+`"}`), "application/json")
	if got.status != http.StatusRequestEntityTooLarge || !strings.Contains(got.header.Get("Content-Type"), "problem+json") {
		t.Errorf("a program: %d %v", got.status, got.header)
	}
	got = w.browser().do(http.MethodPost, "/api/v1/tickets", strings.NewReader(`{"body":"`+large[:1<<20]+`"}`), "application/json")
	if got.status != http.StatusUnauthorized {
		t.Errorf("a program without a token: %d", got.status)
	}
}
