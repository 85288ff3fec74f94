package app_test

import (
	"bytes"
	"fmt"
	"io/fs"
	"net/http"
	"regexp"
	"strings"
	"sync"
	"testing"
	"testing/fstest"

	"github.com/gofiber/fiber/v2"

	"sportello/app/web"
	"sportello/assets"
)

type failingView struct {
	web.Page
	Secret func() (string, error)
}

func templates(files map[string]string) fstest.MapFS {
	out := fstest.MapFS{}
	for name, body := range files {
		out[name] = &fstest.MapFile{Data: []byte(body)}
	}
	return out
}

func TestAnErrorInAPageLeavesNothingWritten(t *testing.T) {
	e, err := web.NewEngine(templates(map[string]string{
		"layout/portal.html": "<body>{{.Body}}</body>",
		"page/fails.html":    "<p>before</p>{{call .Secret}}",
		"page/frame.html":    "<p>fine</p>",
		"layout/broken.html": "<body>{{call .Secret}}{{.Body}}",
	}), nil, false)
	if err != nil {
		t.Fatal(err)
	}
	boom := func() (string, error) { return "", fmt.Errorf("open /data/secret.db: boom") }
	for name, v := range map[string]*failingView{
		"page/fails":   {Page: web.Page{Layout: "portal"}, Secret: boom},
		"page/frame":   {Page: web.Page{Layout: "broken"}, Secret: boom},
		"page/nowhere": {Page: web.Page{Layout: "portal"}},
	} {
		var out bytes.Buffer
		if err := e.Render(&out, name, v); err == nil || out.Len() > 0 {
			t.Errorf("%s: error %v, %d bytes written", name, err, out.Len())
		}
	}
}

func TestTemplatesThatDoNotParseOrCannotBeSafeStopTheStart(t *testing.T) {
	for name, body := range map[string]string{"syntax": "{{if}}", "no such part": `{{template "part/none" .}}`, "unsafe place": `<a href={{.A}}`, "open quote": `<p title="{{.A}}`} {
		if _, err := web.NewEngine(templates(map[string]string{"page/x.html": body}), nil, false); err == nil {
			t.Errorf("%s: accepted", name)
		}
	}
	if _, err := web.NewEngine(assets.FS, nil, false); err != nil {
		t.Error(err)
	}
}

func TestPagesAndLayoutsAtOnceDoNotMix(t *testing.T) {
	files := map[string]string{"layout/a.html": "A{{.Body}}A", "layout/b.html": "B{{.Body}}B"}
	for i := range 8 {
		files[fmt.Sprintf("page/p%d.html", i)] = fmt.Sprintf("<p>%d {{.Title}}</p>", i)
	}
	e, err := web.NewEngine(templates(files), nil, false)
	if err != nil {
		t.Fatal(err)
	}
	var wg sync.WaitGroup
	for i := range 8 {
		wg.Go(func() {
			for n := range 200 {
				layout := []string{"a", "b", ""}[n%3]
				title := fmt.Sprint(n)
				var out bytes.Buffer
				if err := e.Render(&out, fmt.Sprintf("page/p%d", i), &failingView{Page: web.Page{Layout: layout, Title: title}}); err != nil {
					t.Error(err)
					return
				}
				frame := strings.ToUpper(layout)
				if want := fmt.Sprintf("%s<p>%d %s</p>%s", frame, i, title, frame); out.String() != want {
					t.Errorf("%q, want %q", out.String(), want)
					return
				}
			}
		})
	}
	wg.Wait()
}

func TestNoTwoTemplatesDefineTheSameName(t *testing.T) {
	defined := regexp.MustCompile(`{{-?\s*(?:define|block)\s+"([^"]+)"`)
	where := map[string]string{}
	err := fs.WalkDir(assets.FS, ".", func(path string, d fs.DirEntry, err error) error {
		if err != nil || !strings.HasSuffix(path, ".html") {
			return err
		}
		raw, err := fs.ReadFile(assets.FS, path)
		for _, m := range defined.FindAllStringSubmatch(string(raw), -1) {
			if where[m[1]] != "" {
				t.Errorf("%s is defined in %s and %s", m[1], where[m[1]], path)
			}
			if !strings.HasPrefix(m[1], strings.TrimSuffix(path, ".html")) {
				t.Errorf("%s defines %s, which does not begin with its own path", path, m[1])
			}
			where[m[1]] = path
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}

func TestTemplatesHoldNoStyleAndNoScript(t *testing.T) {
	bad := regexp.MustCompile(`(?i)<style|\sstyle=|\son[a-z]+=|<script(?: [^>]*)?>[^<]|javascript:|src="data:|http-equiv`)
	err := fs.WalkDir(assets.FS, ".", func(path string, d fs.DirEntry, err error) error {
		if err != nil || !strings.HasSuffix(path, ".html") || strings.HasPrefix(path, "mail/") {
			return err // programs that show mail know no style sheets
		}
		raw, err := fs.ReadFile(assets.FS, path)
		if m := bad.FindString(string(raw)); m != "" {
			t.Errorf("%s: %q", path, m)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}

// failing is a server of the desk with one route more.
func failing(d *testDesk, path string, h func(*web.Request) error) *fiber.App {
	d.app.Site.Routes = append([]web.Route{web.Get(path, "test"+path, web.Guest, h)}, d.app.Site.Routes...)
	return d.app.Site.Server()
}

func (d *testDesk) ask(f *fiber.App, path string, header ...string) answer {
	d.t.Helper()
	q, err := http.NewRequest(http.MethodGet, "http://desk"+path, nil)
	if err != nil {
		d.t.Fatal(err)
	}
	for i := 0; i+1 < len(header); i += 2 {
		q.Header.Set(header[i], header[i+1])
	}
	resp, err := f.Test(q, -1)
	if err != nil {
		d.t.Fatal(err)
	}
	defer resp.Body.Close()
	var b bytes.Buffer
	if _, err := b.ReadFrom(resp.Body); err != nil {
		d.t.Fatal(err)
	}
	return answer{resp.StatusCode, resp.Header, b.String()}
}

func TestAFaultOfOursShowsAReferenceAndNothingElse(t *testing.T) {
	var d *testDesk
	for name, h := range map[string]func(*web.Request) error{
		"/error": func(*web.Request) error { return fmt.Errorf("store: open /data/secret.db: boom") },
		"/panic": func(*web.Request) error { panic("secret.db") },
		"/page": func(r *web.Request) error {
			return r.Render("page/secret.db", &failingView{Page: r.Page("me.title"), Secret: nil})
		},
	} {
		t.Run(name, func(t *testing.T) {
			d = newTestDesk(t)
			f := failing(d, name, h)
			a := d.ask(f, name)
			d.browser().must(a, 500, "Qualcosa non ha funzionato da noi", "Riferimento", "!secret", "!boom", "!goroutine")
			if !strings.HasPrefix(a.header.Get("Content-Type"), "text/html") {
				t.Error(a.header)
			}
			d.browser().must(d.ask(f, name, "Sec-Fetch-Mode", "cors"), 500, "!<html", "!secret")
		})
	}
}
