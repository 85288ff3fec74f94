package app_test

import (
	"bytes"
	"fmt"
	"net/http"
	"strings"
	"testing"

	"sportello/app/desk/article"
	"sportello/app/web"
	"sportello/store"
)

// attached gives an article that everybody may read a file, and returns the file's address.
func (w *world) attached(name string, content []byte) string {
	w.t.Helper()
	f, err := w.app.Desk.Files.Keep(w.as("administrator"), name, bytes.NewReader(content))
	if err != nil {
		w.t.Fatal(err)
	}
	w.article(article.Form{Title: "Con " + name, Audience: store.Public, Files: []uint64{f.ID}})
	return fmt.Sprintf("/files/%d", f.ID)
}

func TestOnlySafePicturesAndPDFAreShownInPlace(t *testing.T) {
	w := newWorld(t)
	gif := []byte("GIF89a\x01\x00\x01\x00\x80\x00\x00\x00\x00\x00\xff\xff\xff!\xf9\x04\x01\x00\x00\x00\x00,\x00\x00\x00\x00\x01\x00\x01\x00\x00\x02\x02D\x01\x00;")
	for _, c := range []struct {
		name    string
		content []byte
		kind    string
		inline  bool
	}{
		{"figura.png", picture(), "image/png", true},
		{"figura.exe", picture(), "image/png", true},
		{"mossa.gif", gif, "image/gif", true},
		{"modulo.pdf", []byte("%PDF-1.7\n%âãÏÓ\n"), "application/pdf", true},
		{"pagina.html", []byte("<!doctype html><script>alert(1)</script>"), "application/octet-stream", false},
		{"pagina.png", []byte("<!doctype html><script>alert(1)</script>"), "application/octet-stream", false},
		{"disegno.svg", []byte(`<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>`), "application/octet-stream", false},
		{"disegno.png", []byte(`<?xml version="1.0"?><svg xmlns="http://www.w3.org/2000/svg" onload="alert(1)"/>`), "application/octet-stream", false},
		{"dati.xml", []byte(`<?xml version="1.0"?><a/>`), "application/octet-stream", false},
		{"note.txt", []byte("solo testo\n"), "text/plain; charset=utf-8", false},
		{"vuoto.png", nil, "text/plain", false},
	} {
		b := w.visitor("nobody")
		got := b.get(w.attached(c.name, c.content))
		b.must(got, 200)
		h := got.header
		disposition := "attachment"
		if c.inline {
			disposition = "inline"
		}
		if h.Get("Content-Type") != c.kind || !strings.HasPrefix(h.Get("Content-Disposition"), disposition+"; ") {
			t.Errorf("%s comes as %s, %s", c.name, h.Get("Content-Type"), h.Get("Content-Disposition"))
		}
		if h.Get("X-Content-Type-Options") != "nosniff" || !strings.HasPrefix(h.Get("Cache-Control"), "private") {
			t.Errorf("%s: %v", c.name, h)
		}
		csp := h.Get("Content-Security-Policy")
		if !strings.Contains(csp, "default-src 'none'") || strings.Contains(csp, "sandbox") != (c.kind != "application/pdf") {
			t.Errorf("%s: policy %q", c.name, csp)
		}
		if got.body != string(c.content) {
			t.Errorf("%s: %d bytes of %d came back", c.name, len(got.body), len(c.content))
		}
	}
}

func TestNoNameOfAFileEndsTheHeaderThatCarriesIt(t *testing.T) {
	for name, want := range map[string]string{
		"nota.txt":               `attachment; filename="nota.txt"; filename*=UTF-8''nota.txt`,
		"città è.pdf":            `attachment; filename="citta e.pdf"; filename*=UTF-8''citt%C3%A0%20%C3%A8.pdf`,
		`a"; x="b.html`:          `attachment; filename="a__ x=_b.html"; filename*=UTF-8''a%22%3B%20x%3D%22b.html`,
		"a\r\nX-Y: 1.txt":        `attachment; filename="a__X-Y: 1.txt"; filename*=UTF-8''a%0D%0AX-Y%3A%201.txt`,
		"100%.txt":               `attachment; filename="100_.txt"; filename*=UTF-8''100%25.txt`,
		`..\..\passwd`:           `attachment; filename=".._.._passwd"; filename*=UTF-8''..%5C..%5Cpasswd`,
		"\u202egpj.exe 👍 +a'.gz": `attachment; filename="_gpj.exe _ +a'.gz"; filename*=UTF-8''%E2%80%AEgpj.exe%20%F0%9F%91%8D%20%2Ba%27.gz`,
	} {
		if got := web.DispositionOf("attachment", name); got != want {
			t.Errorf("%q\n got %s\nwant %s", name, got, want)
		}
	}
}

func TestPartsOfAFileCanBeAskedFor(t *testing.T) {
	w := newWorld(t)
	content := []byte("0123456789")
	at := w.attached("cifre.txt", content)
	b := w.visitor("nobody")
	tag := b.get(at).header.Get("ETag")
	for _, c := range []struct {
		asked  string
		ifs    string
		status int
		body   string
		part   string
	}{
		{"bytes=0-3", "", 206, "0123", "bytes 0-3/10"},
		{"bytes=4-", "", 206, "456789", "bytes 4-9/10"},
		{"bytes=-3", "", 206, "789", "bytes 7-9/10"},
		{"bytes=-30", "", 206, "0123456789", "bytes 0-9/10"},
		{"bytes=8-99", "", 206, "89", "bytes 8-9/10"},
		{"bytes=9-9", "", 206, "9", "bytes 9-9/10"},
		{"bytes=10-", "", 416, "", "bytes */10"},
		{"bytes=-0", "", 416, "", "bytes */10"},
		{"bytes=5-2", "", 200, "0123456789", ""},
		{"bytes=0-1,4-5", "", 200, "0123456789", ""},
		{"pages=1-2", "", 200, "0123456789", ""},
		{"bytes=x", "", 200, "0123456789", ""},
		{"bytes=-", "", 200, "0123456789", ""},
		{"bytes=0-3", tag, 206, "0123", "bytes 0-3/10"},
		{"bytes=0-3", `"other"`, 200, "0123456789", ""},
		{"bytes=18446744073709551615-", "", 200, "0123456789", ""},
	} {
		b := w.visitor("nobody")
		b.header.Set("Range", c.asked)
		if c.ifs != "" {
			b.header.Set("If-Range", c.ifs)
		}
		got := b.get(at)
		if got.status != c.status || got.body != c.body || got.header.Get("Content-Range") != c.part {
			t.Errorf("%s (%s): %d %q %q, want %d %q %q", c.asked, c.ifs, got.status, got.body, got.header.Get("Content-Range"), c.status, c.body, c.part)
		}
	}
	b.header.Set("If-None-Match", `"x", W/`+tag)
	if got := b.get(at); got.status != 304 || got.body != "" {
		t.Errorf("what the browser has is sent again: %d", got.status)
	}
	head := w.visitor("nobody").do(http.MethodHead, at, nil, "")
	if head.status != 200 || head.body != "" || head.header.Get("Content-Length") != "10" {
		t.Errorf("HEAD: %d, length %s", head.status, head.header.Get("Content-Length"))
	}
}

func TestTheTagOfAFileTellsNothingOfItsContent(t *testing.T) {
	w := newWorld(t)
	b := w.visitor("nobody")
	one := b.get(w.attached("uno.txt", []byte("uguale"))).header.Get("ETag")
	two := b.get(w.attached("due.txt", []byte("uguale"))).header.Get("ETag")
	if one == "" || one == two {
		t.Errorf("two files of the same content have the tags %s and %s", one, two)
	}
}

func TestFilesAreReadByWhoReadsWhatTheyBelongTo(t *testing.T) {
	w := newWorld(t)
	at := "/files/" + w.things["file"]
	for role, want := range map[string]int{"nobody": 404, "requester": 200, "participant": 200, "coordinator": 200, "stranger": 404, "agent": 200, "elsewhere": 200, "editor": 404} {
		b := w.visitor(role)
		b.must(b.get(at), want)
		b.header.Set("If-None-Match", "*")
		if got := b.get(at); want == 404 && got.status != 404 {
			t.Errorf("the %s learns of a file: %d", role, got.status)
		}
	}
	b := w.visitor("agent")
	b.must(b.get("/files/0"), 404)
	b.must(b.get("/files/99999999999999999999999"), 404)
}
